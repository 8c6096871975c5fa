//! Refusals in Salesforce's words.

use super::*;

#[test]
fn unknown_names_are_pointed_at() {
    let refusal = refusal("SELECT Id,Foo FROM Account");
    assert_eq!((refusal.status, refusal.code), (400, "INVALID_FIELD"));
    assert!(refusal.message.starts_with(
        "\nSELECT Id,Foo FROM Account\n          ^\nERROR at Row:1:Column:11\nNo such column 'Foo' on entity 'Account'. \
         If you are attempting to use a custom field, be sure to append the '__c' after the custom field name."
    ));
    let refusal = super::refusal("select count() from XYZZY");
    assert_eq!(refusal.code, "INVALID_TYPE");
    assert!(refusal.message.starts_with(
        "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\nsObject type 'XYZZY' is not supported."
    ));
}

#[test]
fn every_refusal_has_its_code_and_reason() {
    for (code, soql, reason) in [
        ("MALFORMED_QUERY", "SELECT Id FRM Account", "unexpected token: 'FRM'"),
        ("INVALID_FIELD", "SELECT Nope.Name FROM Account", "Didn't understand relationship 'Nope' in field path."),
        ("INVALID_FIELD", "SELECT Owner.Nope FROM Account", "No such column 'Nope' on entity 'Name'"),
        ("INVALID_FIELD", "SELECT Parent.Nope FROM Account", "No such column 'Nope' on entity 'Account'"),
        (
            "INVALID_TYPE",
            "SELECT (SELECT Id FROM Nopes) FROM Account",
            "Didn't understand relationship 'Nopes' in FROM part of query call.",
        ),
        ("INVALID_TYPE_FOR_OPERATION", "SELECT Id FROM Hidden", "entity type Hidden does not support query"),
        ("NUMBER_OUTSIDE_VALID_RANGE", "SELECT Id FROM Account OFFSET 2001", "Maximum SOQL offset allowed is 2000"),
        ("INVALID_FIELD", "SELECT Id, id FROM Account", "duplicate field selected: Id"),
        ("INVALID_FIELD", "SELECT Id, FIELDS(ALL) FROM Account LIMIT 1", "duplicate field selected: Id"),
        ("MALFORMED_QUERY", "SELECT FIELDS(ALL) FROM Account", "The SOQL FIELDS function must have a LIMIT of at most 200"),
        ("MALFORMED_QUERY", "SELECT FIELDS(CUSTOM) FROM Account LIMIT 201", "The SOQL FIELDS function must have a LIMIT of at most 200"),
        ("INVALID_FIELD", "SELECT FIELDS(STANDARD), FIELDS(ALL) FROM Account LIMIT 1", "duplicate field selected: Id"),
        (
            "MALFORMED_QUERY",
            "SELECT Id, (SELECT FIELDS(ALL) FROM Contacts) FROM Account LIMIT 1",
            "The SOQL FIELDS function must have a LIMIT of at most 200",
        ),
        (
            "MALFORMED_QUERY",
            "SELECT FIELDS(STANDARD) FROM Account GROUP BY Name",
            "only fields and functions can be selected with GROUP BY",
        ),
        (
            "MALFORMED_QUERY",
            "SELECT COUNT(Id), FIELDS(ALL) FROM Account LIMIT 1",
            "only fields and functions can be selected with GROUP BY",
        ),
        ("MALFORMED_QUERY", "SELECT FIELDS(SOME) FROM Account LIMIT 1", "unexpected token: 'SOME'"),
        ("MALFORMED_QUERY", "SELECT Id FROM Account WITH DATA CATEGORY Geo__c AT usa__c", "WITH DATA CATEGORY is not supported here"),
        ("INVALID_FIELD", "SELECT Id FROM Account WHERE Notes__c = 'x'", "field 'Notes__c' can not be filtered in a query call"),
        ("INVALID_FIELD", "SELECT Id FROM Account ORDER BY Notes__c", "field 'Notes__c' can not be sorted in a query call"),
        ("INVALID_FIELD", "SELECT Id FROM Account WHERE Name = 5", "field 'Name' must be of type string and should be enclosed in quotes"),
        (
            "INVALID_FIELD",
            "SELECT Id FROM Account WHERE Amount = '5'",
            "field 'Amount' must be of type double and should not be enclosed in quotes",
        ),
        (
            "INVALID_FIELD",
            "SELECT Id FROM Account WHERE CreatedDate > 2026-01-01",
            "must be of type dateTime and should not be enclosed in quotes",
        ),
        ("INVALID_FIELD", "SELECT Id FROM Account WHERE Founded > 2026-13-01", "must be of type date and should not be enclosed in quotes"),
        ("INVALID_QUERY_FILTER_OPERATOR", "SELECT Id FROM Account WHERE OwnerId = 'abc'", "invalid ID field: abc"),
        ("INVALID_QUERY_FILTER_OPERATOR", "SELECT Id FROM Account WHERE OwnerId LIKE '005%'", "invalid operator on id field"),
        ("INVALID_QUERY_FILTER_OPERATOR", "SELECT Id FROM Account WHERE Name INCLUDES ('x')", "only valid on multipicklist fields"),
        ("MALFORMED_QUERY", "SELECT Id FROM Account ALL ROWS", "ALL ROWS not allowed in this context"),
        ("MALFORMED_QUERY", "SELECT Name n FROM Account", "only aggregate expressions use field aliasing"),
        ("MALFORMED_QUERY", "SELECT Id FROM Account USING SCOPE mine", "scope 'mine' is not supported here"),
        (
            "MALFORMED_QUERY",
            "SELECT Id FROM Account WHERE Name = 'x' OR Id IN (SELECT AccountId FROM Contact)",
            "Semi join sub-selects are only allowed at the top level WHERE expressions",
        ),
        (
            "MALFORMED_QUERY",
            "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE Id IN (SELECT ContactId FROM Case))",
            "Nesting of semi join sub-selects is not supported",
        ),
        (
            "INVALID_FIELD",
            "SELECT Id FROM Account WHERE Name IN (SELECT AccountId FROM Contact)",
            "only id and reference fields are allowed",
        ),
    ] {
        let refusal = refusal(soql);
        assert_eq!(refusal.code, code, "{soql}: {refusal}");
        assert!(refusal.message.contains(reason), "{soql}: {refusal}");
    }
}

#[test]
fn links_of_files_need_a_filter_before_version_59() {
    let soql = "SELECT Id FROM ContentDocumentLink";
    let refusal = refusal_in("58.0", soql);
    assert_eq!(refusal.code, "MALFORMED_QUERY");
    assert!(refusal.message.starts_with("Implementation restriction: ContentDocumentLink requires a filter by a single Id"));
    assert_eq!(run(&org(), soql, &context("59.0")).unwrap().total(), 2);
    let filtered = format!("{soql} WHERE LinkedEntityId = '{}'", id("001", 1));
    assert_eq!(run(&org(), &filtered, &context("58.0")).unwrap().total(), 2);
}

#[test]
fn fields_is_there_from_version_51_on() {
    let soql = "SELECT FIELDS(STANDARD) FROM Account";
    assert_eq!(refusal_in("50.0", soql).code, "MALFORMED_QUERY");
    assert_eq!(run(&org(), soql, &context("51.0")).unwrap().total(), 3);
}

#[test]
fn sub_selects_nest_from_version_58_on() {
    let soql = "SELECT Id, (SELECT Id, (SELECT Id FROM Cases) FROM Contacts) FROM Account";
    assert_eq!(refusal_in("57.0", soql).code, "MALFORMED_QUERY");
    assert_eq!(run(&org(), soql, &context("58.0")).unwrap().total(), 3);
}

#[test]
fn the_limits_of_salesforce_hold() {
    let deep = format!("SELECT {}Name FROM Account", "Parent.".repeat(6));
    assert_eq!(refusal(&deep).code, "MALFORMED_QUERY");
    assert!(run(&org(), &format!("SELECT {}Name FROM Account", "Parent.".repeat(5)), &context("59.0")).is_ok());
    let three = "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact) AND Id IN (SELECT AccountId FROM Contact) \
                 AND Id NOT IN (SELECT AccountId FROM Contact)";
    assert!(refusal(three).message.contains("maximum 2 semi join"));
}
