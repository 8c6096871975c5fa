//! Which queries cannot become documents, and how that is told.

use super::{OFFERS, parse, soql};
use crate::rules::{Language, MAX_QUERY};

#[test]
fn a_refusal_names_the_rule_and_shows_the_place() {
    assert_eq!(
        parse(Language::Soql, "SELECT Foo FRM Account").unwrap_err(),
        "advanced rule 1:\nSELECT Foo FRM Account\n           ^\nERROR at Row:1:Column:12\nunexpected token: 'FRM'"
    );
    let message = parse(Language::Soql, "SELECT Name,\n  MAX(Amount)\nFROM X GROUP BY Name").unwrap_err();
    assert!(message.contains("\n  MAX(Amount)\n  ^\nERROR at Row:2:Column:3\ndocuments are made of records"), "{message}");
}

#[test]
fn a_query_in_the_other_language_is_recognized() {
    let message = parse(Language::Soql, "Find {x} RETURNING Account").unwrap_err();
    assert!(message.ends_with("unexpected token: 'Find'; this is a search, whose `language` is `SOSL`"), "{message}");
    let message = parse(Language::Sosl, "\nselect Id FROM Account").unwrap_err();
    assert!(message.ends_with("; this is a query, whose `language` is `SOQL`"), "{message}");
}

#[test]
fn what_cannot_become_documents_is_refused_with_its_reason() {
    for (query, column, reason) in [
        ("", 1, "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Account WHERE Name = 'x", 37, "string literal is not closed"),
        ("SELECT Id FROM Account WHERE Name = x'", 37, "unexpected token: 'x'"),
        ("SELECT Id FROM Account WHERE Name = :name", 37, "Bind variables only allowed in Apex code"),
        ("FIND {x} RETURNING Account", 1, "unexpected token: 'FIND'"),
        ("SELECT COUNT() FROM X", 8, "documents are made of records"),
        ("SELECT COUNT(Id) FROM X", 8, "documents are made of records"),
        ("SELECT Id, sum(A) s FROM X", 12, "documents are made of records"),
        ("SELECT FORMAT(MIN(A)) FROM X", 15, "documents are made of records"),
        ("SELECT GROUPING(A) FROM X", 8, "documents are made of records"),
        ("SELECT Name FROM X GROUP BY Name", 20, "documents are made of records"),
        ("SELECT Name FROM X HAVING COUNT(Id) > 1", 27, "documents are made of records"),
        ("SELECT Name FROM X ORDER BY COUNT(Id)", 29, "documents are made of records"),
        ("SELECT Id FROM X LIMIT 1 FOR UPDATE", 26, "FOR UPDATE locks"),
        ("SELECT Id FROM Account.Contacts", 16, "FROM must name an object"),
        ("SELECT A__c FROM Big__B", 18, "records of a big object have no id"),
        ("SELECT FIELDS(ALL) FROM X ORDER BY Name", 8, "Salesforce gives these fields for 200 rows at a time"),
        ("SELECT FIELDS(CUSTOM) FROM X OFFSET 10", 8, "Salesforce gives these fields for 200 rows at a time"),
        ("SELECT FIELDS(ALL) FROM X ORDER BY Name LIMIT 201", 8, "Salesforce gives these fields for 200 rows at a time"),
    ] {
        let message = parse(Language::Soql, query).unwrap_err();
        let tail = format!("ERROR at Row:1:Column:{column}\n{reason}");
        assert!(message.contains(&tail), "{query}: {message}");
    }
}

#[test]
fn what_only_looks_like_an_aggregate_is_taken() {
    for query in [
        "SELECT Count, Sum__c FROM X",
        "SELECT Id, (SELECT Max FROM Mins) FROM X WHERE Name = 'COUNT()'",
        "SELECT toLabel(Min), FORMAT(convertCurrency(Amount)) sum FROM X",
        "SELECT Id FROM Group ORDER BY Name",
        "SELECT Id FROM X WHERE CALENDAR_YEAR(CreatedDate) = 2026 FOR VIEW UPDATE VIEWSTAT",
    ] {
        assert_eq!(soql(query).typed(), query);
    }
}

#[test]
fn a_query_of_full_length_is_taken_while_what_paging_adds_finds_room() {
    let query = |length: usize| {
        let (head, tail) = ("SELECT Id FROM X WHERE Name IN ('é'", ") FOR VIEW");
        let filler = ",'abcdefgh'";
        let used = head.chars().count() + tail.len();
        let fillers = (length - used) / filler.len();
        let spaces = (length - used) % filler.len();
        format!("{head}{}{}{tail}", filler.repeat(fillers), " ".repeat(spaces))
    };
    let added = soql("SELECT Id FROM X WHERE A = 1").page(OFFERS, crate::RecordId::parse(b"001000000000001AAA"), None).len() - 28;
    let longest = query(MAX_QUERY - added);
    let asked = soql(&longest).page(OFFERS, crate::RecordId::parse(b"001000000000001AAA"), None);
    assert_eq!(asked.chars().count(), MAX_QUERY);
    let message = parse(Language::Soql, &query(MAX_QUERY - added + 1)).unwrap_err();
    assert_eq!(
        message,
        format!(
            "advanced rule 1: the query is too long: with what paging adds it must not have more than {} characters",
            MAX_QUERY - added
        )
    );
    assert!(parse(Language::Soql, &query(MAX_QUERY + 1)).unwrap_err().contains("cannot be longer than 100,000 characters"));
}

#[test]
fn a_mistake_in_a_long_query_is_told_in_few_words() {
    let query = format!("SELECT Id FROM X WHERE Name IN ({}'x", "'abcdefgh',".repeat(9_000));
    let message = parse(Language::Soql, &query).unwrap_err();
    assert!(message.len() < 500 && message.ends_with("string literal is not closed"), "{message}");
}
