//! Tests of the builder, the store and its indexes.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::*;

const FIRST: &str = "001000000000001AAA";
const SECOND: &str = "001000000000002AAA";

fn builder() -> OrgBuilder {
    let mut account = ObjectSchema { name: "Account".into(), queryable: true, ..ObjectSchema::default() };
    account.fields = vec![
        FieldSchema::new("Id", FieldKind::Id),
        FieldSchema::new("IsDeleted", FieldKind::Boolean),
        FieldSchema::new("Name", FieldKind::String),
        FieldSchema::new("Amount", FieldKind::Double),
        FieldSchema::new("BillingAddress", FieldKind::Address),
        FieldSchema::reference("ParentId", "Parent", &["Account"]),
    ];
    OrgBuilder::new(vec![account])
}

fn record(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

#[test]
fn rows_are_found_by_id_and_sorted_by_it() {
    let mut builder = builder();
    builder.push("Account", record(json!({"Id": SECOND, "Name": "b", "ParentId": FIRST}))).unwrap();
    builder.push("account", record(json!({"Id": FIRST, "name": "a"}))).unwrap();
    let org = builder.build();
    assert_eq!(org.rows("Account").map(|row| row.id()).collect::<Vec<_>>(), [FIRST, SECOND]);
    let row = org.row(&SECOND[..15]).unwrap();
    assert_eq!(row.json("NAME"), Some(b"\"b\"".as_slice()));
    assert_eq!(row.json("IsDeleted"), Some(b"false".as_slice()));
    assert_eq!(org.table(0).pointing_to(5, IdKey::parse(FIRST).unwrap()), [1]);
}

#[test]
fn a_raw_record_keeps_the_digits_of_its_numbers() {
    let mut builder = builder();
    let text = format!(
        r#"{{"attributes":{{}}, "Id":"{}", "Amount": 1.10, "BillingAddress": {{ "latitude": 12345678901234567890.0 }}}}"#,
        &FIRST[..15]
    );
    builder.push_raw("Account", &RawValue::from_string(text).unwrap()).unwrap();
    let org = builder.build();
    let row = org.row(FIRST).unwrap();
    assert_eq!(row.json("Id"), Some(format!("\"{FIRST}\"").as_bytes()));
    assert_eq!(row.json("Amount"), Some(b"1.10".as_slice()));
    assert_eq!(row.json("BillingAddress"), Some(br#"{"latitude":12345678901234567890.0}"#.as_slice()));
}

#[test]
fn records_that_do_not_fit_the_schema_are_refused() {
    let mut builder = builder();
    let mut refused = |value: Value| builder.push("Account", record(value)).unwrap_err();
    assert!(matches!(refused(json!({"Name": "a"})), OrgError::MissingId { .. }));
    assert!(matches!(refused(json!({"Id": "x"})), OrgError::BadId { .. }));
    assert!(matches!(refused(json!({"Id": FIRST, "Nmae": "a"})), OrgError::UnknownField { .. }));
    assert!(matches!(refused(json!({"Id": FIRST, "Amount": "1"})), OrgError::WrongType { .. }));
    assert!(matches!(builder.push("Nope", Map::new()), Err(OrgError::UnknownObject { .. })));
    assert!(matches!(builder.push_value("Account", &json!([])), Err(OrgError::NotARecord { .. })));
    builder.push_value("Account", &json!({"Id": FIRST})).unwrap();
    assert!(matches!(builder.push("Account", record(json!({"Id": FIRST}))), Err(OrgError::DuplicateId { .. })));
}

#[test]
fn deleted_rows_are_not_counted_but_stay_readable() {
    let mut builder = builder();
    builder.push("Account", record(json!({"Id": FIRST, "IsDeleted": true}))).unwrap();
    builder.push("Account", record(json!({"Id": SECOND, "Name": ""}))).unwrap();
    builder.file("068000000000001AAA", Bytes::from_static(b"x"));
    let org = builder.build();
    assert_eq!(org.count("Account"), 1);
    assert!(org.row(FIRST).is_some_and(|row| row.is_deleted()));
    assert_eq!(org.row(SECOND).and_then(|row| row.json("Name")), None);
    assert_eq!(org.file("068000000000001"), Some(Bytes::from_static(b"x")));
}
