"""Lets simple-salesforce 1.12.10 work against a simulated org. Prints one line per check, exits with 1 when one fails.

Usage: simple_salesforce_check.py BASE_URL [CLIENT_ID CLIENT_SECRET]   (or BASE_URL, CLIENT_ID, CLIENT_SECRET in the environment)
"""

import os
import sys

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, SalesforceMalformedRequest

LOGIN = "https://sim.my.salesforce.com"


def argument(position, name, default=None):
    """A value from the command line, the environment, or the default."""
    value = sys.argv[position] if len(sys.argv) > position else os.environ.get(name, default)
    if value is None:
        sys.exit(f"{name} is missing: give it as an argument or in the environment")
    return value


class ToSimulator(HTTPAdapter):
    """Sends what is meant for a My Domain, or for the simulator by https, to the simulator by http.

    The client knows no other scheme than https.
    """

    def __init__(self, base_url):
        super().__init__()
        self.base_url = base_url

    def send(self, request, **options):
        rest = request.url.split("/", 3)[3]
        request.url = f"{self.base_url}/{rest}"
        return super().send(request, **options)


class Checks:
    """Runs checks one after another and remembers whether all went well."""

    def __init__(self):
        self.failed = False

    def run(self, name, check):
        try:
            print(f"ok    simple-salesforce: {name}: {check()}")
        except Exception as problem:  # a check may fail in any way, the others go on
            self.failed = True
            print(f"FAIL  simple-salesforce: {name}: {type(problem).__name__}: {problem}")


def expect(truth, otherwise):
    """Fails a check."""
    if not truth:
        raise AssertionError(otherwise)


def main():
    base_url = argument(1, "BASE_URL").rstrip("/")
    client_id = argument(2, "CLIENT_ID", "sluice-demo")
    secret = argument(3, "CLIENT_SECRET", "sluice-demo-secret")
    session = requests.Session()
    session.mount(LOGIN + "/", ToSimulator(base_url))
    session.mount(base_url.replace("http://", "https://") + "/", ToSimulator(base_url))
    checks = Checks()
    try:
        org = Salesforce(consumer_key=client_id, consumer_secret=secret, domain="sim.my", session=session, version="60.0")
    except Exception as problem:
        print(f"FAIL  simple-salesforce: sign in: {type(problem).__name__}: {problem}")
        sys.exit(1)
    print(f"ok    simple-salesforce: sign in: as an instance of {org.sf_instance}")

    def pages():
        result = org.query_all("SELECT Id, Name, Account.Name FROM Contact ORDER BY Id")
        ids = [record["Id"] for record in result["records"]]
        expect(len(ids) == result["totalSize"], f"{len(ids)} rows of {result['totalSize']}")
        expect(ids == sorted(set(ids)), "rows are double or out of order")
        return f"{len(ids)} rows"

    def rows_by_iterator():
        count = sum(1 for _ in org.query_all_iter("SELECT Id FROM EmailMessage", include_deleted=True))
        expect(count == org.query("SELECT COUNT() FROM EmailMessage")["totalSize"], f"{count} rows")
        return f"{count} rows"

    def children():
        soql = "SELECT Id, (SELECT Id, Subject FROM EmailMessages) FROM Case WHERE IsDeleted = false"
        emails = sum(len((case["EmailMessages"] or {}).get("records", [])) for case in org.query_all(soql)["records"])
        expect(emails > 0, "no case has an e-mail")
        return f"{emails} e-mails on the first pages"

    def describe():
        described = org.Account.describe()
        names = {field["name"] for field in described["fields"]}
        expect({"Id", "Name", "OwnerId"} <= names, f"fields are {sorted(names)}")
        return f"{len(names)} fields, {len(described['childRelationships'])} child relationships"

    def describe_global():
        names = [entry["name"] for entry in org.describe()["sobjects"]]
        expect("Account" in names and len(names) == len(set(names)), f"objects are {names}")
        return f"{len(names)} objects"

    def record():
        first = org.query("SELECT Id, Name FROM Account WHERE Name != null LIMIT 1")["records"][0]
        expect(org.Account.get(first["Id"])["Name"] == first["Name"], "the record differs from the row")
        return first["Name"]

    def file():
        version = org.query("SELECT Id, ContentSize FROM ContentVersion WHERE ContentSize > 0 LIMIT 1")["records"][0]
        url = f"{org.base_url}sobjects/ContentVersion/{version['Id']}/VersionData"
        reply = session.get(url, headers={"Authorization": f"Bearer {org.session_id}"})
        expect(reply.status_code == 200 and len(reply.content) == version["ContentSize"], f"{reply.status_code}, {len(reply.content)} bytes")
        return f"{len(reply.content)} bytes"

    def search():
        account = org.query("SELECT Id, Name FROM Account WHERE Name != null LIMIT 1")["records"][0]
        phrase = "".join(letter if letter.isalnum() else " " for letter in account["Name"])
        found = org.search(f'FIND {{"{phrase}"}} IN NAME FIELDS RETURNING Account(Id, Name ORDER BY Name), Contact')["searchRecords"]
        expect(account["Id"] in [row.get("Id") for row in found], f"{account['Name']} is not among {len(found)} rows")
        expect(found[0]["attributes"]["type"] == "Account", found[0])
        return f"{len(found)} rows have {account['Name']}"

    def quick_search():
        contact = org.query("SELECT Id, Email FROM Contact WHERE Email != null LIMIT 1")["records"][0]
        found = org.quick_search(contact["Email"])["searchRecords"]
        expect(contact["Id"] in [row["Id"] for row in found], f"{contact['Email']} is not among {len(found)} rows")
        expect(org.quick_search("nobodyhasthisword")["searchRecords"] == [], "a word that nobody has was found")
        return f"{len(found)} rows have {contact['Email']}"

    def bad_search():
        try:
            org.search("FIND nothing")
        except SalesforceMalformedRequest as refused:
            expect(refused.content[0]["errorCode"] == "MALFORMED_SEARCH", refused.content)
            return refused.content[0]["errorCode"]
        raise AssertionError("the search was accepted")

    def bad_query():
        try:
            org.query("SELECT Nothing FROM Account")
        except SalesforceMalformedRequest as refused:
            expect(refused.content[0]["errorCode"] == "INVALID_FIELD", refused.content)
            return refused.content[0]["errorCode"]
        raise AssertionError("the query was accepted")

    def allowance():
        expect(org.api_usage["api-usage"].total == 100000, org.api_usage)
        return f"{org.api_usage['api-usage'].used} calls used"

    def limits():
        return f"{org.limits()['DailyApiRequests']['Remaining']} calls left"

    queries = (pages, rows_by_iterator, children, bad_query)
    searches = (search, quick_search, bad_search)
    others = (describe, describe_global, record, file, allowance, limits)
    for check in queries + searches + others:
        checks.run(check.__name__.replace("_", " "), check)
    sys.exit(1 if checks.failed else 0)


main()
