//! Tests of the loader, on directories made for them.

use std::fs;
use std::path::Path;

use super::*;

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn load(files: &[(&str, &str)]) -> Result<Org, LoadError> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), files);
    load_dir(folder.path())
}

fn json(org: &Org, object: &str, at: usize, field: &str) -> Option<String> {
    let row = org.rows(object).nth(at)?;
    row.json(field).map(|json| String::from_utf8_lossy(json).into_owned())
}

const SCHEMA: &str = r#"{"Account": {"keyPrefix": "001", "fields": [{"name": "Id", "type": "id"}, {"name": "Name", "type": "string", "length": 80},
    {"name": "Amount", "type": "currency"}, {"name": "ParentId", "type": "reference", "relationshipName": "Parent", "referenceTo": ["Account"]}],
    "childRelationships": [{"relationshipName": "Kids", "childSObject": "Account", "field": "ParentId"}]},
    "Hidden": {"queryable": false, "fields": [{"name": "Id", "type": "id"}]}}"#;

#[test]
fn schema_records_and_files_make_an_org() {
    let org = load(&[
        ("schema.json", SCHEMA),
        ("records/Account.json", r#"[{"Id": "001000000000001AAA", "Name": "Zoë", "Amount": 1.10}, {"Id": "001000000000002"}]"#),
        ("files/068000000000001AAA", "bytes"),
    ])
    .unwrap();
    assert_eq!(org.count("Account"), 2);
    assert_eq!(json(&org, "Account", 0, "Amount").as_deref(), Some("1.10"));
    assert_eq!(org.file("068000000000001AAA").as_deref(), Some(b"bytes".as_slice()));
    let account = org.object("Account").unwrap();
    assert_eq!((account.field("Name").unwrap().length, account.child("Kids").is_some(), account.queryable), (80, true, true));
    assert!(!org.object("Hidden").unwrap().queryable);
}

#[test]
fn mistakes_name_the_file_and_the_record() {
    let problem = |records: &str| load(&[("schema.json", SCHEMA), ("records/Account.json", records)]).unwrap_err();
    let error = problem(r#"[{"Id": "001000000000001AAA"}, {"Id": "001000000000002AAA", "Nmae": "x"}]"#);
    assert!(error.file.ends_with("records/Account.json"));
    assert_eq!((error.place.as_str(), error.problem.as_str()), ("record 2: ", "no field Nmae on Account"));
    assert!(problem("[{]").problem.contains("line 1 column"));
    let error = load(&[("schema.json", r#"{"A": {"fields": [{"name": "Id", "type": "ident"}]}}"#), ("records/A.json", "[]")]).unwrap_err();
    assert_eq!(error.problem, "A.Id: unknown type ident");
    let error = load(&[("schema.json", SCHEMA), ("records/Account.json", "[]"), ("files/readme.txt", "x")]).unwrap_err();
    assert!(error.to_string().ends_with("files/readme.txt: the name is no id of a ContentVersion"), "{error}");
    assert!(load(&[("notes.txt", "x")]).is_err());
}

#[test]
fn trees_are_loaded_in_the_order_of_the_plan_and_references_become_ids() {
    let org = load(&[
        ("data-plan.json", r#"[{"sobject": "Market__c", "saveRefs": true, "files": ["b.json"]}, {"sobject": "Space__c", "files": ["a.json"]}]"#),
        ("a.json", r#"{"records": [{"attributes": {"type": "Space__c", "referenceId": "s1"}, "Market__c": "@m1", "Rate__c": 12.5, "On__c": "2026-01-31"}]}"#),
        ("b.json", r#"{"records": [{"attributes": {"type": "Market__c", "referenceId": "m1"}, "Name": "Paris", "Open__c": true}]}"#),
        ("unplanned.json", r#"{"records": [{"attributes": {"type": "Lost__c", "referenceId": "l1"}}]}"#),
    ])
    .unwrap();
    assert_eq!(json(&org, "Space__c", 0, "Market__c"), json(&org, "Market__c", 0, "Id"));
    let space = org.object("Space__c").unwrap();
    let field = |name: &str| space.field(name).unwrap();
    assert_eq!((field("Rate__c").kind, field("On__c").kind), (FieldKind::Double, FieldKind::Date));
    assert_eq!(
        (field("Market__c").relationship_name.as_deref(), &field("Market__c").reference_to[..]),
        (Some("Market__r"), &["Market__c".into()][..])
    );
    assert_eq!(org.object("Market__c").unwrap().child("Spaces__r").map(|child| child.field.as_str()), Some("Market__c"));
    assert!(org.object("Lost__c").is_none());
    assert!(json(&org, "Space__c", 0, "CreatedById").is_some_and(|id| Some(id) == json(&org, "User", 0, "Id")));
}

#[test]
fn standard_objects_keep_their_schema_whatever_the_tree_calls_the_fields() {
    let org = load(&[(
        "accounts.json",
        r#"{"records": [{"attributes": {"type": "Account", "referenceId": "a1"}, "name": "Acme", "annualrevenue": "5117586", "billingcity": "Newark",
            "Contacts": {"records": [{"attributes": {"type": "Contact"}, "lastName": "Roe", "firstName": "Jane"}]}}]}"#,
    )])
    .unwrap();
    assert_eq!(json(&org, "Account", 0, "AnnualRevenue").as_deref(), Some("5117586"));
    assert!(json(&org, "Account", 0, "BillingAddress").is_some_and(|address| address.contains(r#""city":"Newark""#)));
    assert_eq!(json(&org, "Contact", 0, "Name").as_deref(), Some("\"Jane Roe\""));
    assert_eq!(json(&org, "Contact", 0, "AccountId"), json(&org, "Account", 0, "Id"));
}

#[test]
fn a_reference_to_nothing_is_an_error() {
    let tree = r#"{"records": [{"attributes": {"type": "A__c", "referenceId": "a"}, "B__c": "@b"}]}"#;
    let error = load(&[("a.json", tree)]).unwrap_err();
    assert!(error.to_string().ends_with("a.json: record 1: reference @b is not in any file"), "{error}");
    let twice =
        r#"{"records": [{"attributes": {"type": "A__c", "referenceId": "a"}}, {"attributes": {"type": "A__c", "referenceId": "a"}}]}"#;
    assert_eq!(load(&[("a.json", twice)]).unwrap_err().problem, "referenceId a is used twice");
}

#[test]
fn a_version_without_a_checksum_gets_that_of_its_bytes_if_the_schema_has_the_field() {
    let versions = r#"[{"Id": "068000000000001AAA", "Title": "a"}, {"Id": "068000000000002AAA", "Title": "b", "Checksum": "given"},
        {"Id": "068000000000003AAA", "Title": "no bytes"}]"#;
    let load_with = |field: &str| {
        let schema = format!(
            r#"{{"ContentVersion": {{"fields": [{{"name": "Id", "type": "id"}}, {{"name": "{field}", "type": "string"}}, {{"name": "Title", "type": "string"}}]}}}}"#
        );
        let versions = versions.replace("Checksum", field);
        load(&[
            ("schema.json", &schema),
            ("records/ContentVersion.json", &versions),
            ("files/068000000000001AAA", "message digest"),
            ("files/068000000000002AAA", "x"),
        ])
        .unwrap()
    };
    let org = load_with("Checksum");
    assert_eq!(json(&org, "ContentVersion", 0, "Checksum").as_deref(), Some("\"f96b697d7cb7938d525a2f31aaf161d0\""));
    assert_eq!(json(&org, "ContentVersion", 0, "Title").as_deref(), Some("\"a\""));
    assert_eq!(json(&org, "ContentVersion", 1, "Checksum").as_deref(), Some("\"given\""));
    assert_eq!(json(&org, "ContentVersion", 2, "Checksum"), None);
    assert_eq!(json(&load_with("Digest"), "ContentVersion", 0, "Digest"), None);
}
