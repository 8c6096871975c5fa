//! What is added to a query, where, and when.

use super::{OFFERS, soql};
use crate::RecordId;
use crate::catalog::DescribedObject;
use crate::rules::{Offers, Paging};

const AFTER: &str = "001000000000007AAA";

fn page(query: &str) -> String {
    soql(query).page(OFFERS, None, None)
}

fn after(query: &str) -> String {
    soql(query).page(OFFERS, RecordId::parse(AFTER.as_bytes()), None)
}

#[test]
fn documents_get_their_id_and_date_behind_the_last_column() {
    for (query, wanted) in [
        ("SELECT Id, Name, Owner.Name FROM Account", "SELECT Id, Name, Owner.Name, LastModifiedDate FROM Account ORDER BY Id"),
        ("SELECT Name FROM Account", "SELECT Name, Id, LastModifiedDate FROM Account ORDER BY Id"),
        ("SELECT Id FROM Account", "SELECT Id, LastModifiedDate FROM Account ORDER BY Id"),
        ("SELECT iD,lastmodifieddate FROM Account", "SELECT iD,lastmodifieddate FROM Account ORDER BY Id"),
        ("SELECT LastModifiedDate FROM Account", "SELECT LastModifiedDate, Id FROM Account ORDER BY Id"),
        ("select\n  Name\nfrom Account\n", "select\n  Name, Id, LastModifiedDate\nfrom Account ORDER BY Id\n"),
        ("SELECT (SELECT Id FROM Contacts)FROM Account", "SELECT (SELECT Id FROM Contacts), Id, LastModifiedDate FROM Account ORDER BY Id"),
    ] {
        assert_eq!(page(query), wanted);
    }
}

#[test]
fn what_only_looks_like_the_id_is_not_the_id() {
    for (query, columns) in [
        ("SELECT Name, (SELECT Id, LastModifiedDate FROM Contacts) FROM Account", ", Id, LastModifiedDate"),
        ("SELECT Owner.Id, Account.LastModifiedDate FROM Contact", ", Id, LastModifiedDate"),
        ("SELECT Name FROM Account WHERE Name = 'Id, LastModifiedDate FROM x'", ", Id, LastModifiedDate"),
        ("SELECT Name FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE Name = ' FROM ')", ", Id, LastModifiedDate"),
        ("SELECT Name Id, LastModifiedDate FROM Account", ", Id"),
        ("SELECT Id i, LastModifiedDate FROM Account", ", Id"),
        ("SELECT toLabel(Status) Id, LastModifiedDate FROM Case", ", Id"),
        ("SELECT FORMAT(LastModifiedDate), Id FROM Case", ", LastModifiedDate"),
        ("SELECT TYPEOF What WHEN Account THEN Id, LastModifiedDate END FROM Event", ", Id, LastModifiedDate"),
        ("SELECT a.Owner.Id, LastModifiedDate FROM Account a", ", Id"),
        ("SELECT o.Id, LastModifiedDate FROM Account a, a.Owner o", ", Id"),
        ("SELECT Contact.Id, LastModifiedDate FROM Account a, a.Primary__r Contact", ", Id"),
        ("SELECT Contact.Id, LastModifiedDate FROM Contact a, a.Reports__r Contact", ", Id"),
        ("SELECT a.Contact.Id, LastModifiedDate FROM Contact a", ", Id"),
        ("SELECT Id__c, ExternalId, LastModifiedDate FROM Account", ", Id"),
        ("SELECT FIELDS(CUSTOM) FROM Account", ", Id, LastModifiedDate"),
    ] {
        let (head, _) = query.split_at(soql_select_end(query));
        assert!(page(query).starts_with(&format!("{head}{columns} FROM")), "{}", page(query));
    }
}

#[test]
fn the_id_is_known_by_all_its_names() {
    for query in [
        "SELECT Id, LastModifiedDate FROM Account",
        "SELECT Account.Id, Account.LastModifiedDate FROM Account",
        "SELECT a.Id, A.LASTMODIFIEDDATE FROM Account a",
        "SELECT Account.Id, a.LastModifiedDate FROM Account AS a",
        "SELECT Account.Id, Account.LastModifiedDate FROM Contact Account",
        "SELECT FIELDS(STANDARD) FROM Account",
        "SELECT FIELDS(STANDARD), Name__c FROM Account",
        "SELECT Id, FIELDS(STANDARD) FROM Account",
    ] {
        assert_eq!(page(query), format!("{query} ORDER BY Id"));
    }
    assert_eq!(page("SELECT Fields(all) FROM Account"), "SELECT Fields(all) FROM Account ORDER BY Id LIMIT 200");
    assert_eq!(page("SELECT Id, FIELDS(CUSTOM) FROM X__c"), "SELECT Id, FIELDS(CUSTOM), LastModifiedDate FROM X__c ORDER BY Id LIMIT 200");
}

#[test]
fn an_object_without_a_date_is_not_asked_for_it() {
    let rule = soql("SELECT UserId FROM LoginHistory");
    assert_eq!(rule.page(Offers { last_modified: false }, None, None), "SELECT UserId, Id FROM LoginHistory ORDER BY Id");
}

#[test]
fn reading_goes_on_after_a_record_and_the_own_condition_keeps_its_meaning() {
    for (query, wanted) in [
        ("SELECT Id FROM X", "SELECT Id, LastModifiedDate FROM X WHERE Id > '001000000000007AAA' ORDER BY Id"),
        (
            "SELECT Id FROM X WHERE A = 1 OR B = 2",
            "SELECT Id, LastModifiedDate FROM X WHERE (A = 1 OR B = 2) AND Id > '001000000000007AAA' ORDER BY Id",
        ),
        (
            "SELECT Id FROM X WHERE((A = 1)or(B = 2))FOR VIEW",
            "SELECT Id, LastModifiedDate FROM X WHERE(((A = 1)or(B = 2))) AND Id > '001000000000007AAA' ORDER BY Id FOR VIEW",
        ),
        (
            "SELECT Id FROM X x USING SCOPE mine  WITH USER_MODE FOR VIEW ALL ROWS ",
            "SELECT Id, LastModifiedDate FROM X x USING SCOPE mine WHERE Id > '001000000000007AAA'  WITH USER_MODE ORDER BY Id FOR VIEW ALL ROWS ",
        ),
        (
            "SELECT Title FROM A__kav WHERE not B='WHERE ' WITH DATA CATEGORY C__c AT D__c AND E__c BELOW F__c UPDATE TRACKING",
            "SELECT Title, Id, LastModifiedDate FROM A__kav WHERE (not B='WHERE ') AND Id > '001000000000007AAA' \
             WITH DATA CATEGORY C__c AT D__c AND E__c BELOW F__c ORDER BY Id UPDATE TRACKING",
        ),
    ] {
        assert_eq!(after(query), wanted);
        assert_eq!(soql(query).paging(), Paging::ById);
    }
}

#[test]
fn an_own_order_of_ids_is_the_order_of_paging() {
    for query in ["SELECT Id, LastModifiedDate FROM X ORDER BY id", "SELECT Id, LastModifiedDate FROM X ORDER BY Id ASC NULLS LAST"] {
        assert_eq!(soql(query).paging(), Paging::ById);
        assert_eq!(page(query), query);
        assert_eq!(after(query), query.replace(" ORDER", " WHERE Id > '001000000000007AAA' ORDER"));
    }
}

#[test]
fn a_query_with_an_order_or_a_limit_of_its_own_is_read_as_it_is() {
    for rest in [" ORDER BY Name", " ORDER BY Id DESC", " ORDER BY Id, Name", " LIMIT 500", " OFFSET 3", " ORDER BY Id LIMIT 5 OFFSET 1"] {
        let query = format!("SELECT Id, LastModifiedDate FROM X{rest}");
        assert_eq!(soql(&query).paging(), Paging::AsIs);
        assert_eq!(page(&query), query);
        assert_eq!(after(&query), query);
        assert_eq!(page(&format!("SELECT Name FROM X{rest}")), format!("SELECT Name, Id, LastModifiedDate FROM X{rest}"));
    }
}

#[test]
fn all_fields_come_in_steps_up_to_the_own_limit() {
    let rule = soql("SELECT FIELDS(ALL) FROM X");
    assert_eq!(rule.paging(), Paging::ByIdInSteps { step: 200, limit: None });
    assert_eq!(rule.page(OFFERS, None, None), "SELECT FIELDS(ALL) FROM X ORDER BY Id LIMIT 200");
    let id = RecordId::parse(AFTER.as_bytes());
    assert_eq!(rule.page(OFFERS, id, Some(5_000)), "SELECT FIELDS(ALL) FROM X WHERE Id > '001000000000007AAA' ORDER BY Id LIMIT 200");

    let rule = soql("SELECT FIELDS(ALL) FROM X WHERE A = 1 limit 450 FOR VIEW");
    assert_eq!(rule.paging(), Paging::ByIdInSteps { step: 200, limit: Some(450) });
    assert_eq!(rule.page(OFFERS, None, None), "SELECT FIELDS(ALL) FROM X WHERE A = 1 ORDER BY Id limit 200 FOR VIEW");
    assert_eq!(
        rule.page(OFFERS, id, Some(50)),
        "SELECT FIELDS(ALL) FROM X WHERE (A = 1) AND Id > '001000000000007AAA' ORDER BY Id limit 50 FOR VIEW"
    );
    assert_eq!(page("SELECT FIELDS(ALL) FROM X LIMIT 7"), "SELECT FIELDS(ALL) FROM X ORDER BY Id LIMIT 7");
    assert_eq!(page("SELECT FIELDS(ALL) FROM X ORDER BY Id LIMIT 7"), "SELECT FIELDS(ALL) FROM X ORDER BY Id LIMIT 7");
}

#[test]
fn all_fields_in_an_own_order_come_at_once_if_they_are_few() {
    for rest in ["ORDER BY Name LIMIT 200", "LIMIT 10 OFFSET 5", "ORDER BY Id DESC LIMIT 1"] {
        let query = format!("SELECT FIELDS(ALL) FROM X {rest}");
        assert_eq!(soql(&query).paging(), Paging::AsIs);
        assert_eq!(page(&query), query);
    }
}

#[test]
fn only_the_own_columns_decide_about_steps() {
    let paging = |query| soql(query).paging();
    assert_eq!(paging("SELECT FIELDS(STANDARD) FROM X"), Paging::ById);
    assert_eq!(paging("SELECT Id, (SELECT FIELDS(ALL) FROM Contacts LIMIT 200) FROM Account"), Paging::ById);
    assert_eq!(paging("SELECT Fields, FieldsAll__c FROM Fields__c WHERE Name = 'FIELDS(ALL)'"), Paging::ById);
    assert_eq!(paging("SELECT Id FROM X WHERE Id IN (SELECT Id FROM Y ORDER BY Name LIMIT 5)"), Paging::ById);
}

#[test]
fn a_probe_asks_for_one_row_of_the_same_page() {
    for (query, wanted) in [
        ("SELECT Name FROM X", "SELECT Name, Id, LastModifiedDate FROM X ORDER BY Id LIMIT 1"),
        ("SELECT FIELDS(ALL) FROM X LIMIT 900", "SELECT FIELDS(ALL) FROM X ORDER BY Id LIMIT 1"),
        ("SELECT FIELDS(ALL) FROM X FOR VIEW", "SELECT FIELDS(ALL) FROM X ORDER BY Id LIMIT 1 FOR VIEW"),
        ("SELECT Name FROM X ORDER BY Name OFFSET 3", "SELECT Name, Id, LastModifiedDate FROM X ORDER BY Name LIMIT 1 OFFSET 3"),
        ("SELECT Name FROM X LIMIT 30 OFFSET 3", "SELECT Name, Id, LastModifiedDate FROM X LIMIT 1 OFFSET 3"),
        ("SELECT Name FROM X LIMIT 0", "SELECT Name, Id, LastModifiedDate FROM X LIMIT 0"),
    ] {
        assert_eq!(soql(query).probe(OFFERS), wanted);
    }
}

#[test]
fn the_columns_are_the_own_fields_as_the_describe_spells_them() {
    let names = ["Id", "Name", "LastModifiedDate", "Budget__c", "pkg__Size__c", "Place__Latitude__s"];
    let described = DescribedObject { fields: names.map(|name| (name.to_owned(), "string".to_owned())).to_vec(), relationships: vec![] };
    let columns = |query: &str| soql(query).columns(&described).join(" ");
    assert_eq!(columns("SELECT name, x.BUDGET__C, Name FROM X x"), "Name Budget__c Id LastModifiedDate");
    assert_eq!(columns("SELECT Owner.Name, (SELECT Budget__c FROM Ys), FORMAT(Name), Nothing FROM X"), "Id LastModifiedDate");
    assert_eq!(columns("SELECT FIELDS(ALL) FROM X"), names.join(" "));
    assert_eq!(columns("SELECT FIELDS(STANDARD), Budget__c FROM X"), "Id Name LastModifiedDate Budget__c");
    assert_eq!(columns("SELECT FIELDS(CUSTOM) FROM X"), "Budget__c pkg__Size__c Place__Latitude__s Id LastModifiedDate");
    assert_eq!(soql("SELECT Name FROM myObject__c m").object(), "myObject__c");
}

fn soql_select_end(query: &str) -> usize {
    crate::soql::parse(query).unwrap().select_end()
}
