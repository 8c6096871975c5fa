//! Who is in a group, seen through a file that is shared with it.

use super::*;

/// Roles: 1 above 2 above 3, and 4 beside 2. Users 1 to 4 have the role of their number, user 5 has none.
fn staffed() -> Draft {
    let mut draft = Draft { builder: OrgBuilder::new(standard_objects()), next: 100 };
    for (number, above) in [(1, None), (2, Some(1)), (3, Some(2)), (4, Some(1))] {
        draft.put("UserRole", json!({ "Id": role(number), "Name": format!("Role {number}"), "ParentRoleId": above.map(role) }));
    }
    for number in 1..=5 {
        let manager = [None, Some(1), Some(2), None, Some(2)][number as usize - 1].map(user);
        let of_role = (number < 5).then(|| role(number));
        let record = json!({ "Id": user(number), "IsActive": true, "UserType": "Standard", "UserRoleId": of_role, "ManagerId": manager });
        draft.put("User", record);
    }
    draft
}

fn role(number: u64) -> String {
    record_id("00E", number)
}

/// Readers of a file that is shared with the group, its owner (user 9, not of this org) left out.
fn members(mut draft: Draft, group: &str) -> Vec<u64> {
    let file = draft.add("ContentDocument", "069", json!({ "Title": "f", "OwnerId": user(9) }));
    draft.add("ContentDocumentLink", "06A", json!({ "ContentDocumentId": file, "LinkedEntityId": group }));
    draft.readers(&file)
}

fn group(draft: &mut Draft, kind: &str, bosses: bool, related: Option<String>, of: &[&str]) -> String {
    let record = json!({ "Name": kind, "Type": kind, "DoesIncludeBosses": bosses, "RelatedId": related });
    let group = draft.add("Group", "00G", record);
    for member in of {
        draft.add("GroupMember", "011", json!({ "GroupId": group, "UserOrGroupId": member }));
    }
    group
}

/// Members of one group of this kind.
fn of_kind(kind: &str, bosses: bool, related: Option<String>) -> Vec<u64> {
    let mut draft = staffed();
    let id = group(&mut draft, kind, bosses, related, &[]);
    members(draft, &id)
}

#[test]
fn a_public_group_has_those_it_lists_and_their_superiors_only_if_it_says_so() {
    let listed = |bosses: bool, member: u64| {
        let mut draft = staffed();
        let id = group(&mut draft, "Regular", bosses, None, &[&user(member)]);
        members(draft, &id)
    };
    assert_eq!(listed(false, 3), [3]);
    assert_eq!(listed(true, 3), [1, 2, 3]);
    assert_eq!(listed(true, 5), [5], "who has no role has no superiors");
}

#[test]
fn a_queue_is_a_list_as_well() {
    let mut draft = staffed();
    let id = group(&mut draft, "Queue", false, None, &[&user(4), &user(5)]);
    assert_eq!(members(draft, &id), [4, 5]);
}

#[test]
fn superiors_follow_through_nested_groups_only_if_every_one_includes_them() {
    let nested = |outer: bool, inner: bool| {
        let mut draft = staffed();
        let inside = group(&mut draft, "Regular", inner, None, &[&user(3)]);
        let outside = group(&mut draft, "Regular", outer, None, &[&inside]);
        members(draft, &outside)
    };
    assert_eq!(nested(true, true), [1, 2, 3]);
    assert_eq!(nested(true, false), [3]);
    assert_eq!(nested(false, true), [3]);
}

#[test]
fn a_group_that_is_reached_without_superiors_first_is_looked_at_again_with_them() {
    let mut draft = staffed();
    let inside = group(&mut draft, "Regular", true, None, &[&user(3)]);
    let closed = group(&mut draft, "Regular", false, None, &[&inside]);
    let outside = group(&mut draft, "Regular", true, None, &[&closed, &inside]);
    assert_eq!(members(draft, &outside), [1, 2, 3]);
}

#[test]
fn groups_in_a_ring_end() {
    let mut draft = staffed();
    let (first, second) = (record_id("00G", 1), record_id("00G", 2));
    for (id, other) in [(&first, &second), (&second, &first)] {
        draft.put("Group", json!({ "Id": id, "Type": "Regular" }));
        draft.add("GroupMember", "011", json!({ "GroupId": id, "UserOrGroupId": other }));
    }
    draft.add("GroupMember", "011", json!({ "GroupId": second, "UserOrGroupId": user(2) }));
    assert_eq!(members(draft, &first), [2]);
}

#[test]
fn role_groups_follow_the_tree_of_roles() {
    assert_eq!(of_kind("Role", false, Some(role(2))), [2]);
    assert_eq!(of_kind("Role", true, Some(role(3))), [1, 2, 3], "those above, not those beside");
    assert_eq!(of_kind("RoleAndSubordinates", false, Some(role(2))), [2, 3]);
    assert_eq!(of_kind("RoleAndSubordinates", true, Some(role(2))), [1, 2, 3]);
    assert_eq!(of_kind("RoleAndSubordinatesInternal", false, Some(role(1))), [1, 2, 3, 4]);
    assert_eq!(of_kind("Role", true, None), [0; 0]);
}

#[test]
fn internal_groups_leave_out_users_of_portals() {
    let mut draft = staffed();
    draft.put("User", json!({ "Id": user(6), "IsActive": true, "UserType": "PowerPartner", "UserRoleId": role(3) }));
    let kinds = [
        ("RoleAndSubordinates", Some(role(2))),
        ("RoleAndSubordinatesInternal", Some(role(2))),
        ("ManagerAndSubordinatesInternal", Some(user(6))),
        ("Organization", None),
    ];
    let ids = kinds.map(|(kind, related)| {
        let id = group(&mut draft, kind, false, related, &[]);
        let file = draft.add("ContentDocument", "069", json!({ "Title": "f" }));
        draft.add("ContentDocumentLink", "06A", json!({ "ContentDocumentId": file, "LinkedEntityId": id }));
        file
    });
    let org = draft.build();
    assert_eq!(ids.map(|file| may_read(&org, &user(6), &file, now())), [true, false, false, false]);
}

#[test]
fn managers_follow_the_line_of_reports_and_bring_no_superiors_by_role() {
    assert_eq!(of_kind("Manager", true, Some(user(3))), [1, 2]);
    assert_eq!(of_kind("ManagerAndSubordinatesInternal", true, Some(user(2))), [2, 3, 5]);
    assert_eq!(of_kind("Organization", true, None), [1, 2, 3, 4, 5]);
}

#[test]
fn kinds_that_are_not_modelled_open_nothing() {
    for kind in ["AllCustomerPortal", "PRMOrganization", "Territory", "Something"] {
        assert_eq!(of_kind(kind, true, Some(role(1))), [0; 0], "{kind}");
    }
}

#[test]
fn rings_of_roles_and_managers_end() {
    let mut draft = Draft { builder: OrgBuilder::new(standard_objects()), next: 100 };
    for (number, other) in [(1, 2), (2, 1)] {
        draft.put("UserRole", json!({ "Id": role(number), "Name": "r", "ParentRoleId": role(other) }));
        let record =
            json!({ "Id": user(number), "IsActive": true, "UserType": "Standard", "UserRoleId": role(number), "ManagerId": user(other) });
        draft.put("User", record);
    }
    let id = group(&mut draft, "Manager", false, Some(user(1)), &[]);
    assert_eq!(members(draft, &id), [2]);
}

#[test]
fn in_a_ring_of_roles_nobody_is_above_their_own_role() {
    let mut draft = Draft { builder: OrgBuilder::new(standard_objects()), next: 100 };
    for (number, other) in [(1, 2), (2, 1)] {
        draft.put("UserRole", json!({ "Id": role(number), "Name": "r", "ParentRoleId": role(other) }));
    }
    for (number, of_role) in [(1, 1), (2, 1), (3, 2)] {
        draft.put("User", json!({ "Id": user(number), "IsActive": true, "UserType": "Standard", "UserRoleId": role(of_role) }));
    }
    let id = group(&mut draft, "Regular", true, None, &[&user(1)]);
    assert_eq!(members(draft, &id), [1, 3]);
}
