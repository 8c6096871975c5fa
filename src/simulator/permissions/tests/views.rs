//! What a running user sees of an org.

use super::*;
use crate::query::{Context, Cursors, run};

/// The org as a user sees it, and the answer to a query: the number of rows, or the code and the last line of the refusal.
fn asked(org: &Arc<Org>, number: u64, version: &str, soql: &str) -> Result<usize, (String, String)> {
    let view = Arc::new(org.seen_by(&user(number), &Sight::of(org, &user(number), now())));
    match run(&view, soql, &Context { api_version: version, now: now(), all_rows: false }) {
        Ok(result) => {
            result.page(0, 2_000, &Cursors::new(), &mut Vec::new());
            Ok(result.total())
        }
        Err(error) => Err((error.code.to_owned(), error.message.lines().last().unwrap_or_default().to_owned())),
    }
}

/// User 1 reads cases, user 2 sees the set-up, user 3 gives out sets.
fn org() -> Arc<Org> {
    let mut draft = Draft::new().with_a_reader_of_cases();
    for (number, column) in [(2, "PermissionsViewSetup"), (3, "PermissionsAssignPermissionSets")] {
        draft.put("PermissionSet", json!({ "Id": set(number), "Name": "s", column: true }));
        draft.assign(number, &set(number), json!({}));
    }
    draft.put("Contact", json!({ "Id": record_id("003", 1), "Name": "c", "AccountId": account(1) }));
    draft.file("N", &[&case(1)]);
    draft.build()
}

#[test]
fn objects_without_read_are_not_there() {
    let org = org();
    let refused = asked(&org, 1, "64.0", "SELECT Id FROM Account").unwrap_err();
    assert_eq!(refused.0, "INVALID_TYPE");
    assert!(refused.1.starts_with("sObject type 'Account' is not supported."), "{}", refused.1);
    assert_eq!(asked(&org, 1, "64.0", "SELECT Id FROM Case"), Ok(1));
    assert_eq!(asked(&org, 2, "64.0", "SELECT Id FROM Case").unwrap_err().0, "INVALID_TYPE");
    assert_eq!(asked(&org, 1, "64.0", "SELECT Id FROM EmailMessage"), Ok(0), "goes with cases");
    assert_eq!(asked(&org, 2, "64.0", "SELECT Id FROM EmailMessage").unwrap_err().0, "INVALID_TYPE");
    assert_eq!(asked(&org, 2, "64.0", "SELECT Id FROM User"), Ok(5));
}

#[test]
fn relationships_to_hidden_objects_are_not_there_either() {
    let org = org();
    let parent = asked(&org, 1, "64.0", "SELECT Id, Account.Name FROM Case").unwrap_err();
    assert!(parent.0 == "INVALID_FIELD" && parent.1.starts_with("Didn't understand relationship 'Account'"), "{parent:?}");
    let children = asked(&org, 2, "64.0", "SELECT Id, (SELECT Id FROM Assignments) FROM PermissionSet");
    assert_eq!(children, Ok(3));
    let hidden = asked(&org, 3, "64.0", "SELECT Id, (SELECT Id FROM ObjectPerms) FROM PermissionSet").unwrap_err();
    assert_eq!(hidden.0, "INVALID_TYPE");
}

#[test]
fn rows_of_hidden_objects_are_not_found_by_id() {
    let org = org();
    let view = org.clone().seen_by(&user(1), &Sight::of(&org, &user(1), now()));
    assert!(view.row(&account(1)).is_none() && view.row(&case(1)).is_some());
    assert!(view.object("Account").is_none() && view.hides("account") && !view.hides("Case"));
    assert_eq!(view.count("Account"), 0);
    assert!(view.objects().all(|object| object.name != "Account"));
}

#[test]
fn tables_of_the_set_up_need_the_rights_that_the_platform_asks_for() {
    let org = org();
    let seen = |number: u64| {
        ["PermissionSet", "ObjectPermissions", "PermissionSetAssignment", "PermissionSetGroup", "MutingPermissionSet"]
            .map(|object| asked(&org, number, "64.0", &format!("SELECT Id FROM {object}")).is_ok())
    };
    assert_eq!(seen(1), [false; 5]);
    assert_eq!(seen(2), [true; 5]);
    assert_eq!(seen(3), [true, false, true, false, false]);
}

#[test]
fn links_of_files_need_a_filter_unless_all_files_may_be_queried() {
    let mut draft = Draft::new();
    let all = json!({ "Id": set(2), "Name": "all", "PermissionsViewAllData": true, "PermissionsQueryAllFiles": true });
    draft.put("PermissionSet", all);
    draft.assign(2, &set(2), json!({}));
    let file = draft.file("N", &[&user(1)]);
    let org = draft.build();
    let links = "SELECT Id FROM ContentDocumentLink";
    assert_eq!(asked(&org, 1, "64.0", links).unwrap_err().0, "MALFORMED_QUERY");
    assert_eq!(asked(&org, 1, "64.0", &format!("{links} WHERE ContentDocumentId = '{file}'")), Ok(1));
    assert_eq!(asked(&org, 2, "64.0", links), Ok(1));
    assert_eq!(asked(&org, 2, "58.0", links).unwrap_err().0, "MALFORMED_QUERY");
}

#[test]
fn access_to_records_that_the_running_user_does_not_read_is_left_out() {
    let org = org();
    let ask = |runner: u64| {
        let soql = format!(
            "SELECT RecordId, HasReadAccess FROM UserRecordAccess WHERE UserId = '{}' AND RecordId IN ('{}', '{}')",
            user(4),
            case(1),
            account(1)
        );
        asked(&org, runner, "64.0", &soql)
    };
    assert_eq!((ask(1), ask(2)), (Ok(1), Ok(0)));
}

#[test]
fn a_user_who_is_not_active_sees_nothing() {
    let org = org();
    assert_eq!(asked(&org, 9, "64.0", "SELECT Id FROM User").unwrap_err().0, "INVALID_TYPE");
}
