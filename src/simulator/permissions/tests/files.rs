//! What opens a file.

use super::*;

#[test]
fn a_file_is_its_owners_and_nobody_elses() {
    let mut draft = Draft::new();
    let file = draft.file("N", &[]);
    assert_eq!(draft.readers(&file), [5]);
}

#[test]
fn a_version_and_a_link_are_read_by_those_who_read_the_file() {
    let mut draft = Draft::new();
    let file = draft.file("N", &[&user(2)]);
    let version = draft.add("ContentVersion", "068", json!({ "ContentDocumentId": file }));
    assert_eq!(draft.readers(&version), [2, 5]);
}

#[test]
fn a_link_to_a_user_opens_the_file_to_that_user_and_not_to_superiors() {
    let mut draft = Draft { builder: OrgBuilder::new(standard_objects()), next: 100 };
    let [top, below] = [1, 2].map(|number| record_id("00E", number));
    draft.put("UserRole", json!({ "Id": top, "Name": "top" }));
    draft.put("UserRole", json!({ "Id": below, "Name": "below", "ParentRoleId": top }));
    for (number, role) in [(1, &top), (2, &below)] {
        let record = json!({ "Id": user(number), "IsActive": true, "UserType": "Standard", "UserRoleId": role, "ManagerId": user(1) });
        draft.put("User", record);
    }
    let file = draft.file("N", &[&user(2)]);
    assert_eq!(draft.readers(&file), [2]);
}

#[test]
fn readers_of_a_linked_record_read_the_file_unless_it_is_private_on_records() {
    let readers = |privacy: &str| {
        let mut draft = Draft::new().with_a_reader_of_cases();
        let file = draft.file(privacy, &[&case(1), &user(3)]);
        draft.readers(&file)
    };
    assert_eq!(readers("N"), [1, 3, 5]);
    assert_eq!(readers("P"), [3, 5]);
}

#[test]
fn one_readable_record_among_the_linked_ones_is_enough() {
    let mut draft = Draft::new().with_a_reader_of_cases();
    let file = draft.file("N", &[&account(1), &case(1)]);
    assert_eq!(draft.readers(&file), [1, 5]);
}

#[test]
fn a_link_to_a_record_that_is_gone_or_to_nothing_known_opens_nothing() {
    let mut draft = Draft::new().with_a_reader_of_cases();
    let gone = draft.add("Case", "500", json!({ "IsDeleted": true }));
    let file = draft.file("N", &[&gone, &case(7), &record_id("0ZZ", 1)]);
    assert_eq!(draft.readers(&file), [5]);
}

#[test]
fn a_deleted_link_and_a_deleted_file_open_nothing() {
    let mut draft = Draft::new();
    let file = draft.file("N", &[]);
    let link = json!({ "ContentDocumentId": file, "LinkedEntityId": user(1), "IsDeleted": true });
    draft.add("ContentDocumentLink", "06A", link);
    let gone = draft.add("ContentDocument", "069", json!({ "OwnerId": user(1), "IsDeleted": true }));
    let org = draft.build();
    assert!(!may_read(&org, &user(1), &file, now()));
    assert!(!may_read(&org, &user(1), &gone, now()));
}

#[test]
fn files_on_comments_and_emails_are_read_with_the_case() {
    let mut draft = Draft::new().with_a_reader_of_cases();
    let email = draft.add("EmailMessage", "02s", json!({ "ParentId": case(1) }));
    let file = draft.file("N", &[&email]);
    assert_eq!(draft.readers(&file), [1, 5]);
}

#[test]
fn a_link_to_the_organisation_opens_the_file_to_everybody_inside() {
    let mut draft = Draft::new();
    let organization = draft.add("Organization", "00D", json!({ "Name": "o" }));
    draft.put("User", json!({ "Id": user(6), "IsActive": true, "UserType": "CspLitePortal" }));
    let file = draft.file("P", &[&organization]);
    let org = draft.build();
    assert!((1..=5).all(|number| may_read(&org, &user(number), &file, now())));
    assert!(!may_read(&org, &user(6), &file, now()));
}

#[test]
fn a_chatter_group_opens_files_to_its_members_and_a_public_one_to_all_inside() {
    let readers = |kind: &str| {
        let mut draft = Draft::new();
        let group = draft.add("CollaborationGroup", "0F9", json!({ "Name": "g", "CollaborationType": kind }));
        draft.add("CollaborationGroupMember", "0FB", json!({ "CollaborationGroupId": group, "MemberId": user(2) }));
        let file = draft.file("N", &[&group]);
        draft.readers(&file)
    };
    assert_eq!(readers("Public"), [1, 2, 3, 4, 5]);
    assert_eq!(readers("Private"), [2, 5]);
    assert_eq!(readers("Unlisted"), [2, 5]);
}

#[test]
fn people_from_outside_are_in_a_public_chatter_group_only_as_members() {
    let mut draft = Draft::new();
    let group = draft.add("CollaborationGroup", "0F9", json!({ "Name": "g", "CollaborationType": "Public" }));
    draft.add("CollaborationGroupMember", "0FB", json!({ "CollaborationGroupId": group, "MemberId": user(7) }));
    for number in [6, 7] {
        draft.put("User", json!({ "Id": user(number), "IsActive": true, "UserType": "PowerPartner" }));
    }
    let file = draft.file("N", &[&group]);
    let org = draft.build();
    assert_eq!([6, 7].map(|number| may_read(&org, &user(number), &file, now())), [false, true]);
}

#[test]
fn a_link_to_something_that_everybody_sees_opens_nothing() {
    let mut draft = Draft::new();
    let role = draft.add("UserRole", "00E", json!({ "Name": "r" }));
    let profile = draft.add("Profile", "00e", json!({ "Name": "p" }));
    let file = draft.file("N", &[&role, &profile]);
    assert_eq!(draft.readers(&file), [5]);
}

#[test]
fn a_library_opens_files_to_its_members_and_to_the_members_of_groups_in_it() {
    let mut draft = Draft::new();
    let library = draft.add("ContentWorkspace", "058", json!({ "Name": "l" }));
    let inner = draft.add("Group", "00G", json!({ "Type": "Regular" }));
    let outer = draft.add("Group", "00G", json!({ "Type": "Regular" }));
    for (group, member) in [(&outer, &inner), (&inner, &user(4))] {
        draft.add("GroupMember", "011", json!({ "GroupId": group, "UserOrGroupId": member }));
    }
    for member in [user(1), outer] {
        draft.add("ContentWorkspaceMember", "05A", json!({ "ContentWorkspaceId": library, "MemberId": member }));
    }
    let file = draft.file("N", &[&library]);
    assert_eq!(draft.readers(&file), [1, 4, 5]);
}

#[test]
fn view_all_data_opens_all_files_only_together_with_query_all_files() {
    let mut draft = Draft::new();
    for (number, columns) in [
        (1, json!({ "PermissionsViewAllData": true })),
        (2, json!({ "PermissionsQueryAllFiles": true })),
        (3, json!({ "PermissionsViewAllData": true, "PermissionsQueryAllFiles": true })),
    ] {
        let mut record = columns;
        record["Id"] = json!(set(number));
        draft.put("PermissionSet", record);
        draft.assign(number, &set(number), json!({}));
    }
    let file = draft.file("P", &[]);
    assert_eq!(draft.readers(&file), [3, 5]);
}

#[test]
fn people_from_outside_read_files_of_records_only_if_the_link_is_for_all_users() {
    let readable = |visibility: &str| {
        let mut draft = Draft::new().with_a_reader_of_cases();
        draft.put("User", json!({ "Id": user(6), "IsActive": true, "UserType": "PowerPartner" }));
        draft.assign(6, &set(1), json!({}));
        let file = draft.file("N", &[]);
        let link = json!({ "ContentDocumentId": file, "LinkedEntityId": case(1), "Visibility": visibility });
        draft.add("ContentDocumentLink", "06A", link);
        let org = draft.build();
        [1, 6].map(|number| may_read(&org, &user(number), &file, now()))
    };
    assert_eq!(readable("AllUsers"), [true, true]);
    assert_eq!(readable("InternalUsers"), [true, false]);
}
