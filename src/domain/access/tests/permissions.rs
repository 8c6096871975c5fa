//! Which assignments let a user read an object.

use super::*;

/// User 2 is assigned set 3, which reads `Case`.
fn assigned(more: Value) -> Org {
    Org::new().set(3, json!({})).reads(3, "Case").assign(2, 3, more)
}

#[test]
fn a_user_reads_what_an_assigned_set_reads_and_nothing_else() {
    let org = assigned(json!({}));
    assert!(org.may(1, "Account") && org.may(2, "Case"));
    assert!(!org.may(2, "Account") && !org.may(1, "Case") && !org.may(1, "Lead") && !org.may(7, "Account"));
}

#[test]
fn the_set_of_a_profile_counts_through_its_assignment() {
    let org = Org::new().set(3, json!({ "IsOwnedByProfile": true, "Type": "Profile" })).reads(3, "Case").assign(2, 3, json!({}));
    assert!(org.may(2, "Case"));
}

#[test]
fn an_assignment_counts_until_it_expires_is_revoked_or_is_no_longer_active() {
    let times = [
        ("2026-06-01T12:00:00.001+0000", true),
        ("2026-06-01T12:00:00.000+0000", false),
        ("2026-06-01T13:00:00.000+0200", false),
        ("2026-06-01T13:00:00Z", true),
        ("2020-01-01T00:00:00.000+0000", false),
    ];
    for (time, counts) in times {
        assert_eq!(assigned(json!({ "ExpirationDate": time })).may(2, "Case"), counts, "{time}");
    }
    for (more, counts) in [
        (json!({ "IsRevoked": true }), false),
        (json!({ "IsRevoked": false }), true),
        (json!({ "IsActive": false }), false),
        (json!({ "IsActive": true, "IsRevoked": null, "ExpirationDate": null }), true),
    ] {
        assert_eq!(assigned(more.clone()).may(2, "Case"), counts, "{more}");
    }
}

#[test]
fn an_assignment_that_counts_is_not_undone_by_one_that_does_not() {
    assert!(assigned(json!({ "IsRevoked": true })).assign(2, 3, json!({})).may(2, "Case"));
}

#[test]
fn users_who_are_inactive_or_not_internal_read_nothing_and_hold_nothing() {
    let kinds = [
        "PowerPartner",
        "CspLitePortal",
        "CustomerSuccess",
        "PowerCustomerSuccess",
        "Guest",
        "AutomatedProcess",
        "CloudIntegrationUser",
        "CsnOnly",
        "Unheard",
        "",
    ];
    let kinds = kinds.map(|kind| json!({ "UserType": kind })).into_iter();
    for more in kinds.chain([json!({ "IsActive": false }), json!({ "UserType": null })]) {
        let org = assigned(json!({})).user(2, more.clone()).group(1, "Organization", json!({})).member(2, &id("005", 2));
        assert!(!org.may(2, "Case"), "{more}");
        assert!(org.directory().tokens(user(2), Mode::Tokens).is_empty() && org.directory().tokens(user(2), Mode::UserLists).is_empty());
        assert!(org.directory().access_document(user(2), Mode::Tokens).is_none());
    }
}

#[test]
fn sets_that_need_an_activated_session_do_not_count() {
    for more in [json!({ "HasActivationRequired": true }), json!({ "Type": "Session" })] {
        assert!(!assigned(json!({})).set(3, more).may(2, "Case"));
    }
}

#[test]
fn a_set_that_is_in_no_table_grants_nothing() {
    assert!(!Org::new().reads(3, "Case").assign(2, 3, json!({})).may(2, "Case"));
}

#[test]
fn view_all_does_not_replace_read() {
    let row = json!({ "ParentId": id("0PS", 2), "SobjectType": "Case", "PermissionsRead": false, "PermissionsViewAllRecords": true });
    let org = Org::new().set(2, json!({ "PermissionsViewAllData": true, "PermissionsModifyAllData": true }));
    assert!(!org.add(AccessTable::ObjectPermissions, row).may(2, "Case"));
}

/// A group of sets whose aggregate reads `Case`, with set 3 for a part that reads `Case` and `Lead`.
fn grouped(status: &str, more: Value) -> Org {
    Org::new().set_group(status, more).reads(9, "Case").set(3, json!({})).reads(3, "Case").reads(3, "Lead").part(&id("0PS", 3))
}

#[test]
fn a_group_of_sets_counts_when_it_is_updated_and_needs_no_session() {
    assert!(grouped("Updated", json!({})).may(2, "Case"));
    for status in ["Outdated", "Updating", "Failed", ""] {
        assert!(!grouped(status, json!({})).may(2, "Case"), "{status}");
    }
    assert!(!grouped("Updated", json!({ "HasActivationRequired": true })).may(2, "Case"));
}

#[test]
fn of_an_aggregate_and_the_parts_the_stricter_reading_wins() {
    let org = grouped("Updated", json!({}));
    assert!(!org.may(2, "Lead"), "the aggregate does not read it, so it is muted");
    let org = Org::new().set_group("Updated", json!({})).reads(9, "Case").set(3, json!({})).reads(3, "Lead").part(&id("0PS", 3));
    assert!(!org.may(2, "Case") && !org.may(2, "Lead"), "no part reads it");
    let muted = grouped("Updated", json!({})).muting(1).reads_as(&id("0QM", 1), "Case").part(&id("0QM", 1));
    assert!(!muted.may(2, "Case"), "it is muted, whatever the aggregate says");
}

#[test]
fn without_object_permissions_of_the_aggregate_the_parts_less_muting_count() {
    let org = Org::new().set_group("Updated", json!({})).set(3, json!({})).reads(3, "Case").reads(3, "Lead").part(&id("0PS", 3));
    assert!(org.may(2, "Case") && org.may(2, "Lead"));
    let muted = org.clone().muting(1).reads_as(&id("0QM", 1), "Lead").part(&id("0QM", 1));
    assert!(muted.may(2, "Case") && !muted.may(2, "Lead"));
    let session = org.clone().set(3, json!({ "HasActivationRequired": true }));
    assert!(!session.may(2, "Case"), "a part that needs a session");
    let hidden = org.part(&id("0QM", 1));
    assert!(!hidden.may(2, "Case"), "a muting set whose rows are hidden");
}

#[test]
fn without_parts_the_aggregate_counts_alone() {
    assert!(Org::new().set_group("Updated", json!({})).reads(9, "Case").may(2, "Case"));
}

#[test]
fn an_aggregate_that_is_in_no_table_counts_only_together_with_the_parts() {
    let org = Org::new().add(AccessTable::PermissionSetGroup, json!({ "Id": id("0PG", 1), "Status": "Updated" })).reads(9, "Case");
    let org = org.assign(2, 9, json!({ "PermissionSetGroupId": id("0PG", 1) }));
    assert!(!org.may(2, "Case"));
    assert!(org.set(3, json!({})).reads(3, "Case").part(&id("0PS", 3)).may(2, "Case"));
}

#[test]
fn an_aggregate_is_no_part_of_another_group() {
    let org = Org::new().set_group("Updated", json!({})).reads(9, "Case").reads(3, "Case").part(&id("0PS", 3));
    for more in [json!({ "Type": "Group" }), json!({ "PermissionSetGroupId": id("0PG", 2) })] {
        assert!(!org.clone().set(3, more).may(2, "Case"));
    }
    assert!(org.set(3, json!({})).may(2, "Case"));
}

#[test]
fn where_the_parts_of_groups_cannot_be_read_groups_grant_nothing() {
    let mut org = Org::new().set_group("Updated", json!({})).reads(9, "Case");
    assert!(org.may(2, "Case"));
    org.absent = vec![AccessTable::PermissionSetGroupComponent];
    assert!(!org.may(2, "Case"));
}

#[test]
fn an_assignment_that_names_only_the_aggregate_is_one_of_the_group() {
    let org = Org::new().set(9, json!({ "Type": "Group", "PermissionSetGroupId": id("0PG", 1) })).reads(9, "Case").assign(2, 9, json!({}));
    let group = |status: &str| json!({ "Id": id("0PG", 1), "Status": status });
    assert!(org.clone().add(AccessTable::PermissionSetGroup, group("Updated")).may(2, "Case"));
    assert!(!org.clone().add(AccessTable::PermissionSetGroup, group("Outdated")).may(2, "Case"));
    assert!(!org.may(2, "Case"), "the group is not known");
    assert!(!org.set(9, json!({ "Type": "Group" })).may(2, "Case"), "it is not known which group");
}

#[test]
fn an_aggregate_of_another_group_grants_nothing() {
    let org = grouped("Updated", json!({})).set(9, json!({ "Type": "Group", "PermissionSetGroupId": id("0PG", 2) }));
    assert!(!org.may(2, "Case"));
}

#[test]
fn muting_sets_never_grant() {
    let org = assigned(json!({})).add(AccessTable::MutingPermissionSet, json!({ "Id": id("0PS", 3) }));
    assert!(!org.may(2, "Case"));
}

#[test]
fn it_can_be_explained_why_a_user_reads_an_object() {
    let org = grouped("Updated", json!({})).user(3, json!({ "IsActive": false })).user(4, json!({ "UserType": "Guest" })).directory();
    let set = |no| Via { set: Some(record("0PS", no)), group: None };
    assert_eq!(org.explain(user(1), "Account"), Verdict::Reads(vec![set(1)]));
    assert_eq!(org.explain(user(2), "Case"), Verdict::Reads(vec![Via { group: Some(record("0PG", 1)), ..set(9) }]));
    assert_eq!(org.explain(user(1), "Case"), Verdict::NoSet(vec![set(1)]));
    assert_eq!(org.explain(user(1), "Unheard"), Verdict::NoSet(vec![set(1)]));
    assert_eq!(org.explain(user(3), "Case"), Verdict::Inactive);
    assert_eq!(org.explain(user(4), "Case"), Verdict::NotServed("Guest".into()));
    assert_eq!(org.explain(user(5), "Case"), Verdict::UnknownUser);
}
