//! `UserRecordAccess` in SOQL.

use super::*;
use crate::fault::ApiError;
use crate::query::{Context, Cursors, run};

fn org() -> Arc<Org> {
    let mut draft = Draft::new().with_a_reader_of_cases();
    let edit = json!({ "ParentId": set(1), "SobjectType": "Lead", "PermissionsRead": true, "PermissionsEdit": true });
    draft.add("ObjectPermissions", "110", edit);
    draft.put("Lead", json!({ "Id": record_id("00Q", 1), "Name": "l" }));
    draft.build()
}

fn answer(org: &Arc<Org>, soql: &str) -> Result<Vec<Value>, ApiError> {
    let result = run(org, soql, &Context { api_version: "64.0", now: now(), all_rows: false })?;
    let mut out = Vec::new();
    result.page(0, 2_000, &Cursors::new(), &mut out);
    let page: Value = serde_json::from_slice(&out).unwrap();
    Ok(page["records"].as_array().cloned().unwrap())
}

fn rows(soql: &str) -> Vec<Value> {
    answer(&org(), soql).unwrap_or_else(|error| panic!("{soql}: {error}"))
}

fn refusal(soql: &str) -> ApiError {
    answer(&org(), soql).unwrap_err()
}

/// Records 1 of the three objects.
fn three() -> String {
    format!("'{}', '{}', '{}'", case(1), account(1), record_id("00Q", 1))
}

#[test]
fn each_record_is_answered_with_the_access_of_the_user() {
    let soql = format!(
        "SELECT RecordId, HasReadAccess, HasEditAccess, MaxAccessLevel FROM UserRecordAccess WHERE UserId = '{}' AND RecordId IN ({})",
        user(1),
        three()
    );
    let mut found: Vec<_> = rows(&soql)
        .into_iter()
        .map(|row| (row["RecordId"].as_str().unwrap()[..3].to_owned(), row["HasReadAccess"] == true, row["MaxAccessLevel"].clone()))
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(found, [("001".into(), false, json!("None")), ("00Q".into(), true, json!("Edit")), ("500".into(), true, json!("Read"))]);
    let one = rows(&format!("SELECT RecordId FROM UserRecordAccess WHERE RecordId = '{}' AND UserId = '{}'", case(1), user(1)));
    assert_eq!(one[0]["attributes"]["type"], "UserRecordAccess");
}

#[test]
fn the_readable_ones_can_be_asked_for_alone() {
    let soql = format!(
        "SELECT RecordId FROM UserRecordAccess WHERE UserId = '{}' AND RecordId IN ({}) AND HasReadAccess = true ORDER BY RecordId",
        user(1),
        three()
    );
    let found: Vec<_> = rows(&soql).iter().map(|row| row["RecordId"].as_str().unwrap()[..3].to_owned()).collect();
    assert_eq!(found, ["00Q", "500"]);
}

#[test]
fn records_that_are_not_there_are_left_out_and_repeated_ones_come_once() {
    let soql = format!(
        "SELECT RecordId, HasReadAccess FROM UserRecordAccess WHERE UserId = '{}' AND RecordId IN ('{}', '{}', '{}')",
        user(1),
        case(1),
        &case(1)[..15],
        case(2)
    );
    assert_eq!(rows(&soql).len(), 1);
}

#[test]
fn the_answer_is_that_of_the_function() {
    let org = org();
    for number in 1..=5 {
        for record in [case(1), account(1), record_id("00Q", 1), user(2)] {
            let soql =
                format!("SELECT RecordId, HasReadAccess FROM UserRecordAccess WHERE UserId = '{}' AND RecordId = '{record}'", user(number));
            assert_eq!(answer(&org, &soql).unwrap()[0]["HasReadAccess"], may_read(&org, &user(number), &record, now()), "{soql}");
        }
    }
}

#[test]
fn both_filters_are_needed_and_only_access_can_be_selected() {
    let (user, case) = (user(1), case(1));
    for filter in [
        String::new(),
        format!("WHERE UserId = '{user}'"),
        format!("WHERE RecordId = '{case}'"),
        format!("WHERE UserId = '{user}' OR RecordId = '{case}'"),
        format!("WHERE UserId != '{user}' AND RecordId = '{case}'"),
        format!("WHERE UserId IN ('{user}', '{case}') AND RecordId = '{case}'"),
    ] {
        let refused = refusal(&format!("SELECT RecordId FROM UserRecordAccess {filter}"));
        assert_eq!((refused.status, refused.code), (400, "MALFORMED_QUERY"), "{filter}");
    }
    for field in ["Id", "UserId", "COUNT(RecordId)", "Nothing"] {
        let refused = refusal(&format!("SELECT {field} FROM UserRecordAccess WHERE UserId = '{user}' AND RecordId = '{case}'"));
        let text = "Can select only RecordId, a Has*Access field, and MaxAccessLevel";
        assert_eq!((refused.code, refused.message.as_str()), ("INVALID_FIELD", text), "{field}");
    }
    let by_access = format!("FROM UserRecordAccess WHERE UserId = '{user}' AND RecordId = '{case}' AND HasReadAccess = true");
    assert_eq!(refusal(&format!("SELECT RecordId, MaxAccessLevel {by_access}")).code, "INVALID_FIELD");
    let refused = refusal(&format!("SELECT RecordId FROM UserRecordAccess WHERE UserId = 'me' AND RecordId = '{case}'"));
    assert_eq!(refused.code, "INVALID_QUERY_FILTER_OPERATOR");
}

#[test]
fn two_hundred_records_may_be_asked_about_and_no_more() {
    let ask = |count: u64| {
        let ids: Vec<_> = (1..=count).map(|number| format!("'{}'", case(number))).collect();
        format!("SELECT RecordId FROM UserRecordAccess WHERE UserId = '{}' AND RecordId IN ({})", user(1), ids.join(","))
    };
    assert_eq!(rows(&ask(200)).len(), 1);
    assert!(refusal(&ask(201)).message.starts_with("Number of records exceeds limit"));
}
