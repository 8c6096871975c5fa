//! Which permission sets count, and what they open.

use super::*;

#[test]
fn a_set_opens_its_objects_to_those_it_is_assigned_to_and_no_others() {
    assert_eq!(Draft::new().with_a_reader_of_cases().readers(&case(1)), [1]);
    assert_eq!(Draft::new().with_a_reader_of_cases().readers(&account(1)), [0; 0]);
}

#[test]
fn the_set_of_a_profile_counts_through_its_assignment_only() {
    let mut draft = Draft::new();
    let profile = draft.add("Profile", "00e", json!({ "Name": "Support" }));
    draft.case_set(1, json!({ "Type": "Profile", "IsOwnedByProfile": true, "ProfileId": profile }));
    draft.assign(2, &set(1), json!({}));
    draft.put("User", json!({ "Id": user(6), "IsActive": true, "UserType": "Standard", "ProfileId": profile }));
    let org = draft.build();
    assert!(may_read(&org, &user(2), &case(1), now()));
    assert!(!may_read(&org, &user(6), &case(1), now()));
}

#[test]
fn inactive_deleted_and_unknown_users_read_nothing() {
    let mut draft = Draft::new().with_a_reader_of_cases();
    draft.put("User", json!({ "Id": user(6), "IsActive": false, "UserType": "Standard" }));
    draft.assign(6, &set(1), json!({}));
    draft.assign(7, &set(1), json!({}));
    let org = draft.build();
    for number in [6, 7] {
        assert!(!may_read(&org, &user(number), &case(1), now()));
    }
    assert!(!may_read(&org, "nobody", &case(1), now()));
}

#[test]
fn ids_of_15_characters_name_the_same_user_and_record() {
    let org = Draft::new().with_a_reader_of_cases().build();
    assert!(may_read(&org, &user(1)[..15], &case(1)[..15], now()));
}

#[test]
fn assignments_that_have_ended_were_revoked_or_are_inactive_do_not_count() {
    let mut draft = Draft::new();
    draft.case_set(1, json!({}));
    draft.assign(1, &set(1), json!({ "IsActive": false }));
    draft.assign(2, &set(1), json!({ "IsRevoked": true }));
    draft.assign(3, &set(1), json!({ "ExpirationDate": "2026-05-13T12:00:00.000+0000" }));
    draft.assign(4, &set(1), json!({ "ExpirationDate": "2026-05-13T12:00:00.001+0000" }));
    draft.assign(5, &set(1), json!({ "ExpirationDate": "some day" }));
    assert_eq!(draft.readers(&case(1)), [4]);
}

#[test]
fn an_assignment_ends_when_its_time_comes() {
    let mut draft = Draft::new();
    draft.case_set(1, json!({}));
    draft.assign(1, &set(1), json!({ "ExpirationDate": "2026-05-14T00:00:00.000+0200" }));
    let org = draft.build();
    let at = |text: &str| may_read(&org, &user(1), &case(1), text.parse().unwrap());
    assert!(at("2026-05-13T21:59:59Z"));
    assert!(!at("2026-05-13T22:00:00Z"));
}

#[test]
fn one_assignment_that_counts_is_enough() {
    let mut draft = Draft::new().with_a_reader_of_cases();
    draft.assign(1, &set(1), json!({ "IsRevoked": true }));
    assert_eq!(draft.readers(&case(1)), [1]);
}

#[test]
fn view_all_without_read_opens_nothing() {
    let mut draft = Draft::new();
    draft.put("PermissionSet", json!({ "Id": set(1), "Name": "All", "PermissionsViewAllData": true, "PermissionsModifyAllData": true }));
    let all = json!({ "ParentId": set(1), "SobjectType": "Case", "PermissionsViewAllRecords": true, "PermissionsModifyAllRecords": true });
    draft.add("ObjectPermissions", "110", all);
    draft.assign(1, &set(1), json!({}));
    assert_eq!(draft.readers(&case(1)), [0; 0]);
}

#[test]
fn sets_that_need_a_session_do_not_count() {
    let mut draft = Draft::new();
    draft.case_set(1, json!({ "HasActivationRequired": true }));
    draft.assign(1, &set(1), json!({}));
    assert_eq!(draft.readers(&case(1)), [0; 0]);
}

#[test]
fn an_org_without_the_newer_fields_is_judged_by_those_it_has() {
    let mut schemas = standard_objects();
    for schema in &mut schemas {
        let known = ["Id", "Name", "AssigneeId", "PermissionSetId", "ParentId", "SobjectType", "PermissionsRead"];
        schema.fields.retain(|field| schema.name == "Case" || known.contains(&field.name.as_str()));
    }
    let mut builder = OrgBuilder::new(schemas);
    let mut put = |object: &str, record: Value| builder.push_value(object, &record).unwrap();
    put("User", json!({ "Id": user(1), "Name": "Ada" }));
    put("Case", json!({ "Id": case(1) }));
    put("PermissionSet", json!({ "Id": set(1), "Name": "Cases" }));
    put("ObjectPermissions", json!({ "Id": record_id("110", 1), "ParentId": set(1), "SobjectType": "case", "PermissionsRead": true }));
    put("PermissionSetAssignment", json!({ "Id": record_id("0Pa", 1), "AssigneeId": user(1), "PermissionSetId": set(1) }));
    assert!(may_read(&builder.build(), &user(1), &case(1), now()));
}

/// A group of sets whose aggregate set is number 9, assigned to user 1.
fn grouped(about: Value) -> (Draft, String) {
    let mut draft = Draft::new();
    let group = draft.add("PermissionSetGroup", "0PG", about);
    draft.case_set(9, json!({ "Type": "Group", "PermissionSetGroupId": group }));
    draft.opens(&set(9), "Account");
    draft.assign(1, &set(9), json!({ "PermissionSetGroupId": group }));
    (draft, group)
}

fn component(draft: &mut Draft, group: &str, set: &str) {
    draft.add("PermissionSetGroupComponent", "0PM", json!({ "PermissionSetGroupId": group, "PermissionSetId": set }));
}

#[test]
fn a_group_counts_only_while_it_is_up_to_date_and_needs_no_session() {
    assert_eq!(grouped(json!({ "Status": "Updated" })).0.readers(&case(1)), [1]);
    assert_eq!(grouped(json!({ "Status": "Outdated" })).0.readers(&case(1)), [0; 0]);
    assert_eq!(grouped(json!({ "Status": "Updating" })).0.readers(&case(1)), [0; 0]);
    assert_eq!(grouped(json!({})).0.readers(&case(1)), [0; 0]);
    assert_eq!(grouped(json!({ "Status": "Updated", "HasActivationRequired": true })).0.readers(&case(1)), [0; 0]);
}

#[test]
fn an_aggregate_set_stands_for_its_group_even_when_the_assignment_does_not_name_it() {
    let assigned = |status: &str| {
        let (mut draft, _) = grouped(json!({ "Status": status }));
        draft.assign(2, &set(9), json!({}));
        draft.readers(&case(1))
    };
    assert_eq!(assigned("Updated"), [1, 2]);
    assert_eq!(assigned("Failed"), [0; 0]);
    let mut stray = Draft::new();
    stray.case_set(9, json!({ "Type": "Group" }));
    stray.assign(1, &set(9), json!({}));
    assert_eq!(stray.readers(&case(1)), [0; 0], "whether its group is up to date cannot be known");
}

#[test]
fn what_a_group_mutes_is_taken_from_its_sets() {
    let muted = |with_muting: bool| {
        let (mut draft, group) = grouped(json!({ "Status": "Updated" }));
        draft.case_set(1, json!({}));
        draft.opens(&set(1), "Account");
        component(&mut draft, &group, &set(1));
        if with_muting {
            let muting = draft.add("MutingPermissionSet", "0QM", json!({ "DeveloperName": "M" }));
            draft.opens(&muting, "Case");
            component(&mut draft, &group, &muting);
        }
        let org = draft.build();
        [case(1), account(1)].map(|record| may_read(&org, &user(1), &record, now()))
    };
    assert_eq!(muted(false), [true, true]);
    assert_eq!(muted(true), [false, true]);
}

#[test]
fn what_one_group_mutes_another_set_may_still_open() {
    let (mut draft, group) = grouped(json!({ "Status": "Updated" }));
    let muting = draft.add("MutingPermissionSet", "0QM", json!({ "DeveloperName": "M" }));
    draft.opens(&muting, "Case");
    component(&mut draft, &group, &muting);
    draft.case_set(1, json!({}));
    draft.assign(1, &set(1), json!({}));
    assert_eq!(draft.readers(&case(1)), [1]);
}

#[test]
fn of_aggregate_and_members_the_stricter_one_wins() {
    let (mut draft, group) = grouped(json!({ "Status": "Updated" }));
    draft.put("PermissionSet", json!({ "Id": set(1), "Name": "Leads", "Type": "Regular" }));
    draft.opens(&set(1), "Lead");
    component(&mut draft, &group, &set(1));
    let lead = draft.add("Lead", "00Q", json!({ "Name": "l" }));
    let org = draft.build();
    assert!(!may_read(&org, &user(1), &case(1), now()), "no member opens cases");
    assert!(!may_read(&org, &user(1), &lead, now()), "the aggregate does not open leads");
}

#[test]
fn without_an_aggregate_set_the_members_decide() {
    let mut draft = Draft::new();
    let group = draft.add("PermissionSetGroup", "0PG", json!({ "Status": "Updated" }));
    draft.case_set(1, json!({}));
    draft.put("PermissionSet", json!({ "Id": set(2), "Name": "Session", "Type": "Session", "HasActivationRequired": true }));
    draft.opens(&set(2), "Account");
    component(&mut draft, &group, &set(1));
    component(&mut draft, &group, &set(2));
    let assignment = json!({ "AssigneeId": user(1), "PermissionSetGroupId": group, "IsActive": true });
    draft.add("PermissionSetAssignment", "0Pa", assignment);
    let org = draft.build();
    assert!(may_read(&org, &user(1), &case(1), now()));
    assert!(!may_read(&org, &user(1), &account(1), now()), "a member that needs a session brings nothing");
}

#[test]
fn comments_and_emails_go_with_their_case_and_attachments_with_their_record() {
    let readers = |object: &str, prefix: &str, record: Value| {
        let mut draft = Draft::new().with_a_reader_of_cases();
        let id = draft.add(object, prefix, record);
        draft.readers(&id)
    };
    assert_eq!(readers("CaseComment", "00a", json!({ "ParentId": case(1) })), [1]);
    assert_eq!(readers("EmailMessage", "02s", json!({ "ParentId": case(1) })), [1]);
    assert_eq!(readers("EmailMessage", "02s", json!({})), [0; 0], "an e-mail of no case");
    assert_eq!(readers("CaseComment", "00a", json!({ "ParentId": case(2) })), [0; 0], "of a case that is gone");
    assert_eq!(readers("Attachment", "00P", json!({ "ParentId": case(1) })), [1]);
    assert_eq!(readers("Attachment", "00P", json!({ "ParentId": account(1) })), [0; 0]);
    assert_eq!(readers("Attachment", "00P", json!({ "ParentId": case(1), "IsPrivate": true, "OwnerId": user(5) })), [0; 0]);
    assert_eq!(readers("Attachment", "00P", json!({ "ParentId": case(1), "IsPrivate": true, "OwnerId": user(1) })), [1]);
}

#[test]
fn what_lies_in_the_recycle_bin_nobody_reads() {
    let mut draft = Draft::new().with_a_reader_of_cases();
    let gone = draft.add("Case", "500", json!({ "IsDeleted": true }));
    assert_eq!(draft.readers(&gone), [0; 0]);
}

#[test]
fn people_and_groups_are_seen_by_every_active_user_and_the_set_up_by_those_who_may() {
    let mut draft = Draft::new();
    draft.put("PermissionSet", json!({ "Id": set(1), "Name": "Auditor", "PermissionsViewSetup": true }));
    draft.assign(2, &set(1), json!({}));
    let org = draft.build();
    assert!(may_read(&org, &user(1), &user(3), now()));
    assert!(may_read(&org, &user(2), &set(1), now()));
    assert!(!may_read(&org, &user(1), &set(1), now()));
}
