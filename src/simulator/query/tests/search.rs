//! Full-text search on an org that is built here.

use super::*;
use crate::query::search as find;

fn searchable_schema() -> Vec<ObjectSchema> {
    use FieldKind::{Boolean, Email, Int, Phone, Picklist, String, TextArea, Url};
    let field = FieldSchema::new;
    let mut description = field("Description", TextArea);
    description.filterable = false;
    let account = vec![
        field("Name", String),
        field("Phone", Phone),
        field("Website", Url),
        field("Industry", Picklist),
        field("Employees", Int),
        description,
    ];
    let contact = vec![
        field("Name", String),
        field("FirstName", String),
        field("LastName", String),
        field("Email", Email),
        field("Phone", Phone),
        field("IsDeleted", Boolean),
        FieldSchema::reference("AccountId", "Account", &["Account"]),
    ];
    let mut hidden = object("Hidden", vec![field("Name", String)], &[]);
    hidden.queryable = false;
    vec![
        object("Account", account, &[]),
        object("Contact", contact, &[]),
        object("Case", vec![field("CaseNumber", String), field("Subject", String)], &[]),
        object("AccountShare", vec![field("Name", String)], &[]),
        object("GroupMember", vec![field("Label", String)], &[]),
        hidden,
    ]
}

fn searchable_org() -> Arc<Org> {
    let mut builder = OrgBuilder::new(searchable_schema());
    let mut push = |object: &str, record: Value| builder.push(object, record.as_object().cloned().unwrap()).unwrap();
    push(
        "Account",
        json!({"Id": id("001", 1), "Name": "United Oil & Gas, Corp.", "Phone": "(415) 555-1212", "Website": "www.uos.example", "Industry": "Energy",
            "Employees": 77, "Description": "Met Jane Doe at the fair"}),
    );
    push("Account", json!({"Id": id("001", 2), "Name": "Università Zürich", "Phone": "+41 44 555 12 12", "Industry": "Education"}));
    push("Account", json!({"Id": id("001", 3), "Name": "東京ガス", "Employees": 77}));
    push(
        "Contact",
        json!({"Id": id("003", 1), "Name": "Jane Doe", "FirstName": "Jane", "LastName": "Doe", "Email": "jane.doe@uos.example", "AccountId": id("001", 1)}),
    );
    push(
        "Contact",
        json!({"Id": id("003", 2), "Name": "Joan Smith", "FirstName": "Joan", "LastName": "Smith", "Email": "smith@doe.example", "Phone": "415-555-0000"}),
    );
    push("Contact", json!({"Id": id("003", 3), "Name": "Jane Gone", "IsDeleted": true}));
    push("Case", json!({"Id": id("500", 1), "CaseNumber": "00001026", "Subject": "Jane cannot sign in"}));
    push("AccountShare", json!({"Id": id("00r", 1), "Name": "Jane"}));
    push("GroupMember", json!({"Id": id("011", 1), "Label": "Jane"}));
    Arc::new(builder.build())
}

fn hits(sosl: &str) -> Vec<Value> {
    let rows = find(&searchable_org(), sosl, &context("60.0")).unwrap_or_else(|error| panic!("{sosl}: {error}"));
    serde_json::from_slice(&[b"[", rows.as_slice(), b"]"].concat()).unwrap()
}

/// Object and number of every row that a search finds.
fn found(sosl: &str) -> Vec<String> {
    let number =
        |row: &Value| row["attributes"]["url"].as_str().unwrap()[..].rsplit('/').next().unwrap()[12..15].trim_start_matches('0').to_owned();
    hits(sosl).iter().map(|row| format!("{} {}", row["attributes"]["type"].as_str().unwrap(), number(row))).collect()
}

fn refused(sosl: &str) -> ApiError {
    match find(&searchable_org(), sosl, &context("60.0")) {
        Err(error) => error,
        Ok(rows) => panic!("{sosl} found {}", String::from_utf8_lossy(&rows)),
    }
}

#[test]
fn without_returning_all_searchable_objects_give_their_ids() {
    assert_eq!(found("FIND {jane}"), ["Account 1", "Contact 1", "Case 1"]);
    let expected = json!({ "attributes": { "type": "Case", "url": format!("/services/data/v60.0/sobjects/Case/{}", id("500", 1)) }, "Id": id("500", 1) });
    assert_eq!(hits("FIND {jane}")[2], expected);
    assert_eq!(found("FIND {nobody}"), Vec::<String>::new());
}

#[test]
fn fields_come_as_they_are_asked_for() {
    let rows = hits("FIND {jane} RETURNING Contact(lastname, Account.Name, toLabel(Email) mail), Account, Case(Subject)");
    let keys = |row: &Value| row.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&rows[0]), ["Account", "LastName", "attributes", "mail"]);
    assert_eq!((&rows[0]["Account"]["Name"], &rows[0]["mail"]), (&json!("United Oil & Gas, Corp."), &json!("jane.doe@uos.example")));
    assert_eq!(rows[1]["Id"], id("001", 1));
    assert_eq!(keys(&rows[2]), ["Subject", "attributes"]);
}

#[test]
fn groups_of_fields_narrow_the_search() {
    for (sosl, expected) in [
        ("FIND {doe} IN ALL FIELDS", &["Account 1", "Contact 1", "Contact 2"][..]),
        ("FIND {doe} IN NAME FIELDS", &["Contact 1"]),
        ("FIND {doe} IN EMAIL FIELDS", &["Contact 1", "Contact 2"]),
        ("FIND {doe} IN SIDEBAR FIELDS", &["Contact 1", "Contact 2"]),
        ("FIND {doe} IN PHONE FIELDS", &[]),
        ("FIND {415} IN PHONE FIELDS", &["Account 1", "Contact 2"]),
        ("FIND {555\\-1212} IN PHONE FIELDS", &["Account 1"]),
        ("FIND {4155551212} IN PHONE FIELDS", &["Account 1"]),
        ("FIND {415555*} IN PHONE FIELDS", &["Account 1", "Contact 2"]),
        ("FIND {00001026} IN NAME FIELDS", &["Case 1"]),
        ("FIND {energy}", &["Account 1"]),
        // Numbers are no text.
        ("FIND {77}", &[]),
    ] {
        assert_eq!(found(sosl), expected, "{sosl}");
    }
}

#[test]
fn words_phrases_wildcards_and_operators_decide() {
    for (term, expected) in [
        ("UNITED", &["1"][..]),
        ("unit", &[]),
        ("un*", &["1", "2"]),
        ("UNIVERSITÀ", &["2"]),
        ("uni?ed", &["1"]),
        ("u*d", &["1"]),
        ("*nited", &[]),
        ("oil gas", &["1"]),
        ("\"gas oil\"", &[]),
        ("\"oil gas\"", &["1"]),
        ("\"oil \\& g*\"", &["1"]),
        ("oil AND zürich", &[]),
        ("oil OR zürich", &["1", "2"]),
        ("un* AND NOT oil", &["2"]),
        ("un* AND NOT (oil OR zürich)", &[]),
        ("(oil OR zürich) AND education", &["2"]),
        ("www.uos.example", &["1"]),
        // Phrases do not reach from one field into the next, words may be in any.
        ("\"corp 415\"", &[]),
        ("corp 415", &["1"]),
        ("東", &["3"]),
        ("京ガ", &["3"]),
        ("ガ京", &[]),
    ] {
        let sosl = format!("FIND {{{term}}} RETURNING Account");
        let numbers: Vec<String> = found(&sosl).iter().map(|row| row.trim_start_matches("Account ").to_owned()).collect();
        assert_eq!(numbers, expected, "{term}");
    }
}

#[test]
fn each_object_has_its_filter_order_limit_and_offset_and_all_share_one_limit() {
    for (sosl, expected) in [
        ("FIND {555} RETURNING Account(Id ORDER BY Name DESC), Contact", &["Account 2", "Account 1", "Contact 2"][..]),
        ("FIND {555} RETURNING Account(Id WHERE Industry = 'Energy')", &["Account 1"]),
        ("FIND {555} RETURNING Account(Id ORDER BY Name LIMIT 1), Contact LIMIT 2", &["Account 1", "Contact 2"]),
        ("FIND {555} RETURNING Account(Id ORDER BY Name LIMIT 1 OFFSET 1)", &["Account 2"]),
        ("FIND {555} RETURNING Contact, Account(Id ORDER BY Name) LIMIT 2", &["Contact 2", "Account 1"]),
        ("FIND {555} RETURNING Account(Id LIMIT 0), Contact", &["Contact 2"]),
        ("FIND {555} LIMIT 0", &[]),
        ("FIND {jane} RETURNING Contact(Id WHERE AccountId IN (SELECT Id FROM Account WHERE Industry = 'Energy'))", &["Contact 1"]),
        ("FIND {jane} RETURNING Contact WITH SNIPPET(target_length=120) WITH METADATA='LABELS' LIMIT 5 UPDATE TRACKING", &["Contact 1"]),
    ] {
        assert_eq!(found(sosl), expected, "{sosl}");
    }
}

#[test]
fn a_search_gives_2000_rows_at_most() {
    let mut builder = OrgBuilder::new(searchable_schema());
    for (object, prefix, rows) in [("Account", "001", 1_500), ("Contact", "003", 800)] {
        for number in 0..rows {
            let record = json!({"Id": id(prefix, number), "Name": "Same"});
            builder.push(object, record.as_object().cloned().unwrap()).unwrap();
        }
    }
    let org = Arc::new(builder.build());
    let count = |sosl: &str, object: &str| {
        let rows = find(&org, sosl, &context("60.0")).unwrap();
        let rows: Vec<Value> = serde_json::from_slice(&[b"[", rows.as_slice(), b"]"].concat()).unwrap();
        rows.iter().filter(|row| row["attributes"]["type"] == object).count()
    };
    for sosl in ["FIND {same}", "FIND {same} LIMIT 9999"] {
        assert_eq!((count(sosl, "Account"), count(sosl, "Contact")), (1_500, 500), "{sosl}");
    }
    assert_eq!(count("FIND {same} RETURNING Contact(Id OFFSET 790)", "Contact"), 10);
}

#[test]
fn refusals_have_the_code_and_words_of_the_platform() {
    for (code, sosl, reason) in [
        ("MALFORMED_SEARCH", "", "unexpected token: '<EOF>'"),
        ("MALFORMED_SEARCH", "FIND jane", "No search term found. The search term must be enclosed in braces."),
        ("MALFORMED_SEARCH", "FIND {a|b}", "mismatched character '|' expecting '}'"),
        ("MALFORMED_SEARCH", "FIND {jane} IN SOME FIELDS", "ERROR at Row:1:Column:16\nunexpected token: 'SOME'"),
        ("MALFORMED_SEARCH", "FIND {jane OR}", "ERROR at Row:1:Column:14\nunexpected token: '}'"),
        ("MALFORMED_SEARCH", "FIND {jane} WITH DIVISION = 'x'", "WITH DIVISION is not supported here"),
        ("MALFORMED_SEARCH", "FIND {jane} RETURNING Contact(Id USING Listview=Mine)", "list view 'Mine' does not exist"),
        ("MALFORMED_SEARCH", "FIND {jane} RETURNING Contact(FIELDS(ALL))", "unsupported function here: FIELDS"),
        ("INVALID_SEARCH", "FIND {}", "search term must be longer than one character: "),
        ("INVALID_SEARCH", "FIND {j}", "search term must be longer than one character: j"),
        ("INVALID_SEARCH", "FIND {j* OR d}", "search term must be longer than one character: j* OR d"),
        ("INVALID_SEARCH", "FIND {**}", "search term must be longer than one character: **"),
        (
            "INVALID_FIELD",
            "FIND {jane} RETURNING Contact(Id, Foo)",
            "\nFIND {jane} RETURNING Contact(Id, Foo)\n                                  ^\nERROR at Row:1:Column:35\nNo such column 'Foo' on entity 'Contact'.",
        ),
        ("INVALID_FIELD", "FIND {jane} RETURNING Contact(Id WHERE Foo = 1)", "No such column 'Foo' on entity 'Contact'."),
        ("INVALID_FIELD", "FIND {jane} RETURNING Contact(Id, id)", "duplicate field selected: Id"),
        (
            "INVALID_FIELD",
            "FIND {jane} RETURNING Account(Id WHERE Description = 'x')",
            "field 'Description' can not be filtered in a query call",
        ),
        ("INVALID_TYPE", "FIND {jane} RETURNING Contact, Nothing(Id)", "sObject type 'Nothing' is not supported."),
        ("INVALID_TYPE_FOR_OPERATION", "FIND {jane} RETURNING GroupMember", "entity type GroupMember does not support search"),
        ("INVALID_TYPE_FOR_OPERATION", "FIND {jane} RETURNING Hidden", "entity type Hidden does not support query"),
        ("NUMBER_OUTSIDE_VALID_RANGE", "FIND {jane} RETURNING Contact(Id OFFSET 2001)", "Maximum SOSL offset allowed is 2000"),
    ] {
        let refusal = refused(sosl);
        assert_eq!((refusal.status, refusal.code), (400, code), "{sosl}: {refusal}");
        assert!(refusal.message.contains(reason), "{sosl}: {refusal}");
    }
}

#[test]
fn a_term_beyond_all_measure_finds_nothing_and_a_long_one_has_no_operators() {
    assert_eq!(found(&format!("FIND {{jane {}}}", "jane ".repeat(2_000))), Vec::<String>::new());
    let long = |operator: &str| format!("FIND {{{}}} RETURNING Contact", vec!["jane"; 600].join(operator));
    assert_eq!(found(&long(" OR ")), ["Contact 1"]);
    assert_eq!(found(&format!("FIND {{smith OR {}}} RETURNING Contact", vec!["jane"; 1_000].join(" OR "))), Vec::<String>::new());
}
