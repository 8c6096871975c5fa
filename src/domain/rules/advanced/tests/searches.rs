//! What is added to a search, and which searches are refused.

use super::{OFFERS, parse, sosl};
use crate::rules::{Language, Offers};

fn text(search: &str) -> String {
    sosl(search).text(|_| OFFERS)
}

#[test]
fn each_list_of_fields_gets_what_it_lacks() {
    for (search, wanted) in [
        ("FIND {x}", "FIND {x}"),
        ("FIND {x} RETURNING Account, Contact", "FIND {x} RETURNING Account, Contact"),
        (
            "FIND {x} IN ALL FIELDS RETURNING Contact(Id, Name, LastModifiedDate)",
            "FIND {x} IN ALL FIELDS RETURNING Contact(Id, Name, LastModifiedDate)",
        ),
        (
            "find {Id FROM (} returning Account (Name), Lead(\n  lastmodifieddate WHERE Id != null\n), User, Case(Owner.Id, a.Id ORDER BY Id LIMIT 3)",
            "find {Id FROM (} returning Account (Name, Id, LastModifiedDate), Lead(\n  lastmodifieddate, Id WHERE Id != null\n), User, \
             Case(Owner.Id, a.Id, Id, LastModifiedDate ORDER BY Id LIMIT 3)",
        ),
        (
            "FIND {x} RETURNING Account(account.id, Name LastModifiedDate)",
            "FIND {x} RETURNING Account(account.id, Name LastModifiedDate, LastModifiedDate)",
        ),
        ("FIND {x} RETURNING Account(Id i)", "FIND {x} RETURNING Account(Id i, Id, LastModifiedDate)"),
        ("FIND {x} RETURNING Account(FIELDS(STANDARD))", "FIND {x} RETURNING Account(FIELDS(STANDARD))"),
    ] {
        assert_eq!(text(search), wanted);
        assert_eq!(text(wanted), wanted);
    }
}

#[test]
fn objects_differ_in_what_they_offer() {
    let rule = sosl("FIND {x} RETURNING Account(Name), Note__c(Name)");
    assert_eq!(rule.objects().collect::<Vec<_>>(), ["Account", "Note__c"]);
    let text = rule.text(|object| Offers { last_modified: object == "Note__c" });
    assert_eq!(text, "FIND {x} RETURNING Account(Name, Id), Note__c(Name, Id, LastModifiedDate)");
}

#[test]
fn a_probe_asks_for_one_row_of_all_objects_together() {
    for (search, wanted) in [
        ("FIND {x}", "FIND {x} LIMIT 1"),
        ("FIND {x} \n", "FIND {x} LIMIT 1 \n"),
        ("FIND {x}IN NAME FIELDS UPDATE TRACKING", "FIND {x}IN NAME FIELDS LIMIT 1 UPDATE TRACKING"),
        ("FIND {x}UPDATE TRACKING", "FIND {x} LIMIT 1 UPDATE TRACKING"),
        ("FIND {LIMIT 5} RETURNING Account(Name LIMIT 9)", "FIND {LIMIT 5} RETURNING Account(Name, Id, LastModifiedDate LIMIT 9) LIMIT 1"),
        (
            "FIND {x} RETURNING Account WITH NETWORK = '1' LIMIT 50 UPDATE VIEWSTAT",
            "FIND {x} RETURNING Account WITH NETWORK = '1' LIMIT 1 UPDATE VIEWSTAT",
        ),
        ("FIND {x} WITH NETWORK = '1' UPDATE VIEWSTAT", "FIND {x} WITH NETWORK = '1' LIMIT 1 UPDATE VIEWSTAT"),
        ("FIND {x} LIMIT 0", "FIND {x} LIMIT 0"),
    ] {
        assert_eq!(sosl(search).probe(|_| OFFERS), wanted);
    }
}

#[test]
fn a_search_gives_no_more_rows_than_its_limit_or_the_platforms() {
    assert_eq!(sosl("FIND {x} RETURNING Account(Name LIMIT 5)").most_rows(), 2_000);
    assert_eq!(sosl("FIND {x} LIMIT 150").most_rows(), 150);
    assert_eq!(sosl("FIND {x} LIMIT 5000").most_rows(), 2_000);
}

#[test]
fn what_is_no_search_is_refused_with_the_place() {
    for search in
        ["", "FIND", "FIND 'x'", "FIND :x", "FIND {x", "FIND {x} RETURNING", "FIND {x} RETURNING Account(Name", "SELECT Id FROM Account"]
    {
        let message = parse(Language::Sosl, search).unwrap_err();
        assert!(message.starts_with("advanced rule 1:\n") && message.contains("ERROR at Row:1:Column:"), "{search}: {message}");
    }
    let long = format!("FIND {{x}} RETURNING Account(Name{})", ",Name".repeat(19_991));
    assert!(parse(Language::Sosl, &long).unwrap_err().contains("must not have more than 99978 characters"));
}
