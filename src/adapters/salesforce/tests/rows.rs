//! Taking pages apart.

use domain::catalog::{LookupSpec, LookupTarget};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn plan() -> ObjectPlan {
    let lookups = [("Account", "AccountId", LookupTarget::Account), ("Owner", "OwnerId", LookupTarget::User)];
    let lookups = lookups.map(|(key, field, target)| (LookupSpec { key, field, target }, true)).to_vec();
    ObjectPlan {
        name: "Contact".into(),
        key_prefix: None,
        fields: vec!["Id".into()],
        children: vec![],
        lookups,
        rule: None,
        blob: None,
        filter: None,
    }
}

fn rows(text: &str) -> Rows {
    Rows::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()
}

#[test]
fn records_are_slices_of_the_page_that_keep_every_byte() {
    let first = r#"{"attributes":{"type":"Contact","Id":"no"},"Id":"003D000000IRFmaIAH","A__c":1.10,"OwnerId":"005R0000000UyrWIAS","LastModifiedDate":"2025-06-22T19:20:48.000+0000"}"#;
    let second = r#"{"AccountId":null,"Id":"003D000000IRFmb"}"#;
    let body = Bytes::from(format!(
        r#"{{"totalSize":3222,"done":false,"nextRecordsUrl":"/services/data/v64.0/query/0r8-2","records":[{first},{second}]}}"#
    ));
    let rows = Rows::parse(body.clone()).unwrap();
    assert_eq!((rows.total, rows.next.as_deref(), rows.bytes), (Some(3222), Some("/services/data/v64.0/query/0r8-2"), body.len()));
    let page = records(&plan(), rows.rows);
    assert!(page.unusable.is_empty());
    assert_eq!(page.records[0].text, first);
    assert!(body.as_ptr_range().contains(&page.records[0].text.as_ptr()), "not copied");
    assert_eq!(page.records[0].modified.as_deref(), Some("2025-06-22T19:20:48.000+0000"));
    assert_eq!(page.records[0].refs, [None, Some("005R0000000UyrWIAS".parse().unwrap())]);
    assert_eq!((page.records[1].id.as_str(), page.records[1].modified.as_deref()), ("003D000000IRFmbIAH", None));
    assert_eq!(page.records[1].refs, [None, None]);
}

#[test]
fn a_row_without_an_id_is_named_by_its_fields_and_shows_no_value() {
    let many: String = (0..40).map(|no| format!(r#","Field{no}__c":"hunter2""#)).collect();
    let text = format!(r#"{{"records":[{{"Id":"003D000000IRFmaIAH"}},{{"Id":null{many}}},{{"Id":"short"}},{{}},7]}}"#);
    let page = records(&plan(), rows(&text).rows);
    assert_eq!((page.records.len(), page.unusable.len()), (1, 4));
    let fault = &page.unusable[0];
    assert_eq!(fault.code, &SF_NO_ID);
    assert!(fault.message.starts_with("row 2 of a page of Contact has no usable Id; its fields are Id, Field0__c, "), "{fault}");
    assert!(!fault.message.contains("hunter2") && fault.message.ends_with(&fault.message[fault.message.len() - LONGEST_NAMES..]));
    assert_eq!(fault.message.split("fields are ").nth(1).unwrap().chars().count(), LONGEST_NAMES);
}

#[test]
fn a_pretty_page_becomes_rows_of_one_line() {
    let rows = rows("{\n  \"totalSize\" : 1,\n  \"records\" : [ {\n    \"Id\" : \"003D000000IRFmaIAH\"\n  } ]\n}");
    assert_eq!(rows.rows, [r#"{"Id":"003D000000IRFmaIAH"}"#]);
}

#[test]
fn a_next_page_on_another_host_is_not_followed() {
    for next in ["@evil.example/", "https://evil.example/", ".evil.example"] {
        let text = format!(r#"{{"nextRecordsUrl":"{next}","records":[]}}"#);
        assert!(Rows::parse(text.into()).is_err(), "{next}");
    }
}

#[test]
fn members_are_taken_out_and_the_rest_stays_as_it_was() {
    let row = Bytes::from_static(br#"{"a": 1.10, "Feed":{"records":[{"x":"}"}]},"b":"\"" ,"c":[1,{"d":2}]}"#);
    assert_eq!(without(&row, |name| is(name, "feed")), &br#"{"a":1.10,"b":"\"","c":[1,{"d":2}]}"#[..]);
    assert_eq!(without(&row, |name| is(name, "a") || is(name, "c")), &br#"{"Feed":{"records":[{"x":"}"}]},"b":"\""}"#[..]);
    assert_eq!(without(&row, |_| false).as_ptr(), row.as_ptr());
    assert_eq!(without(&row, |_| true), &b"{}"[..]);
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z\"\\\\{}\\[\\],: \u{e9}\n]{0,9}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-z]{1,4}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    #[test]
    fn a_walk_meets_what_a_parser_meets(map in proptest::collection::btree_map("[A-Za-z_]{1,6}", values(), 0..6), pretty in any::<bool>()) {
        let value = json!(map);
        let text = if pretty { serde_json::to_vec_pretty(&value) } else { serde_json::to_vec(&value) }.unwrap();
        let walked: Vec<_> = Walk::over(&text).map(|(name, raw)| (String::from_utf8(name.to_vec()).unwrap(), std::str::from_utf8(raw).unwrap())).collect();
        let members = json::Members::of(&text).unwrap();
        let parsed: Vec<_> = members.0.iter().map(|(name, raw)| (name.to_string(), raw.get())).collect();
        prop_assert_eq!(walked, parsed);
    }

    #[test]
    fn a_walk_over_anything_ends(text in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Walk::over(&text).count() <= text.len());
        let object = [b"{", text.as_slice(), b"}"].concat();
        prop_assert!(Walk::over(&object).count() <= object.len());
    }
}
