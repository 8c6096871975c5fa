//! Who is in which group and library.

use super::*;

/// Roles 1 above 2 above 3, and 4 beside them. Users 1 to 4 have the roles of their number, 5 has none.
fn roles() -> Org {
    let org = Org::new().role(1, None).role(2, Some(1)).role(3, Some(2)).role(4, Some(1));
    (1..=4).fold(org, |org, no| org.user(no, json!({ "UserRoleId": id("00E", no) }))).user(5, json!({}))
}

/// Users 1 to 5, each managed by the one before.
fn managers() -> Org {
    let manager = |no: usize| (no > 1).then(|| id("005", no - 1));
    (1..=5).fold(Org::new(), |org, no| org.user(no, json!({ "ManagerId": manager(no) })))
}

#[test]
fn members_of_public_groups_and_queues_are_listed() {
    for kind in ["Regular", "Queue"] {
        let org = Org::new().group(1, kind, json!({})).member(1, &id("005", 1)).member(2, &id("005", 2));
        assert_eq!((org.inside(1), org.inside(2)), (vec![1], vec![]), "a group without a row has no members");
    }
}

#[test]
fn explicit_members_of_computed_groups_do_not_count() {
    for kind in ["Role", "Manager", "AllCustomerPortal", "PRMOrganization", "Territory", "Participant", "CollaborationGroup", "Unheard", ""]
    {
        assert_eq!(Org::new().group(1, kind, json!({})).member(1, &id("005", 1)).inside(1), [0; 0], "{kind}");
    }
}

#[test]
fn nested_groups_may_bite_their_tail() {
    let org = (1..=3).fold(Org::new(), |org, no| org.group(no, "Regular", json!({})));
    let org =
        org.member(1, &id("00G", 2)).member(2, &id("00G", 3)).member(3, &id("00G", 1)).member(3, &id("005", 1)).member(1, &id("005", 2));
    for no in 1..=3 {
        assert_eq!(org.inside(no), [1, 2], "{no}");
    }
}

#[test]
fn a_role_group_has_the_users_of_the_role() {
    let group = |kind: &str| roles().group(1, kind, json!({ "RelatedId": id("00E", 2) })).inside(1);
    assert_eq!(group("Role"), [2]);
    assert_eq!(group("RoleAndSubordinates"), [2, 3]);
    assert_eq!(group("RoleAndSubordinatesInternal"), [2, 3]);
}

#[test]
fn roles_may_go_in_a_circle() {
    let org = roles().role(1, Some(3)).group(1, "RoleAndSubordinates", json!({ "RelatedId": id("00E", 2) }));
    assert_eq!(org.inside(1), [1, 2, 3, 4]);
    let org = org.group(2, "Regular", json!({ "DoesIncludeBosses": true })).member(2, &id("005", 2));
    assert_eq!(org.inside(2), [1, 2, 3]);
}

#[test]
fn manager_groups_follow_the_chain_of_managers() {
    let group = |kind: &str| managers().group(1, kind, json!({ "RelatedId": id("005", 3) })).inside(1);
    assert_eq!(group("Manager"), [1, 2]);
    assert_eq!(group("ManagerAndSubordinatesInternal"), [3, 4, 5]);
    let circle = managers().user(1, json!({ "ManagerId": id("005", 5) })).group(1, "Manager", json!({ "RelatedId": id("005", 3) }));
    assert_eq!(circle.inside(1), [1, 2, 4, 5]);
}

#[test]
fn the_organization_group_has_every_internal_user() {
    let org =
        roles().user(3, json!({ "UserType": "PowerPartner" })).user(4, json!({ "IsActive": false })).group(1, "Organization", json!({}));
    assert_eq!(org.inside(1), [1, 2, 5]);
}

#[test]
fn superiors_come_along_only_if_the_group_includes_bosses() {
    let group = |more| roles().group(1, "Regular", more).member(1, &id("005", 3)).inside(1);
    assert_eq!(group(json!({ "DoesIncludeBosses": true })), [1, 2, 3]);
    assert_eq!(group(json!({ "DoesIncludeBosses": false })), [3]);
    assert_eq!(group(json!({ "DoesIncludeBosses": null })), [3]);
    assert_eq!(group(json!({})), [3]);
}

#[test]
fn superiors_come_along_only_if_every_group_on_the_way_includes_bosses() {
    let nested = |outer: bool, inner: bool| {
        let org =
            roles().group(1, "Regular", json!({ "DoesIncludeBosses": outer })).group(2, "Queue", json!({ "DoesIncludeBosses": inner }));
        let org = org.member(1, &id("00G", 2)).member(2, &id("005", 3));
        (org.inside(1), org.inside(2))
    };
    assert_eq!(nested(true, true), (vec![1, 2, 3], vec![1, 2, 3]));
    assert_eq!(nested(true, false), (vec![3], vec![3]));
    assert_eq!(nested(false, true), (vec![3], vec![1, 2, 3]));
}

#[test]
fn a_role_group_has_superiors_only_within_a_group_that_includes_bosses_or_if_it_says_so() {
    let org = |own: bool, outer: bool| {
        let org = roles().group(1, "Regular", json!({ "DoesIncludeBosses": outer })).member(1, &id("00G", 2));
        let org = org.group(2, "RoleAndSubordinatesInternal", json!({ "RelatedId": id("00E", 2), "DoesIncludeBosses": own }));
        (org.inside(1), org.inside(2))
    };
    assert_eq!(org(false, true), (vec![1, 2, 3], vec![2, 3]));
    assert_eq!(org(true, false), (vec![2, 3], vec![1, 2, 3]));
}

#[test]
fn groups_of_managers_and_of_everybody_bring_no_superiors_by_role() {
    let org = roles().user(2, json!({ "UserRoleId": id("00E", 2), "ManagerId": id("005", 3) })).group(
        1,
        "Regular",
        json!({ "DoesIncludeBosses": true }),
    );
    let org = org.group(2, "Manager", json!({ "RelatedId": id("005", 2), "DoesIncludeBosses": true })).member(1, &id("00G", 2));
    assert_eq!((org.inside(1), org.inside(2)), (vec![3], vec![3]));
}

#[test]
fn a_member_who_is_inactive_brings_no_superiors() {
    let org = roles().user(3, json!({ "IsActive": false, "UserRoleId": id("00E", 3) }));
    assert_eq!(org.group(1, "Regular", json!({ "DoesIncludeBosses": true })).member(1, &id("005", 3)).inside(1), [0; 0]);
}

fn library(org: Org, no: usize, member: &str) -> Org {
    org.add(AccessTable::ContentWorkspaceMember, json!({ "ContentWorkspaceId": id("058", no), "MemberId": member }))
}

#[test]
fn members_of_a_library_are_users_and_groups() {
    let org = roles().group(1, "Regular", json!({ "DoesIncludeBosses": true })).member(1, &id("005", 3));
    let org = library(library(org, 1, &id("005", 5)), 1, &id("00G", 1));
    let held = |no| org.held(no, "library:");
    assert_eq!((held(5), held(3)), (vec![id("058", 1)], vec![id("058", 1)]));
    assert!(held(1).is_empty() && held(2).is_empty(), "bosses of a group do not come along into a library");
}

#[test]
fn chatter_groups_are_for_members_and_public_ones_for_all() {
    let circle = |no, kind, site: Value| {
        let org = Org::new().user(3, json!({ "UserType": "Guest" }));
        let org = org.add(AccessTable::CollaborationGroup, json!({ "Id": id("0F9", no), "CollaborationType": kind, "NetworkId": site }));
        let org =
            org.add(AccessTable::CollaborationGroupMember, json!({ "CollaborationGroupId": id("0F9", no), "MemberId": id("005", 1) }));
        [1, 2, 3].map(|user| org.held(user, "group:").contains(&id("0F9", no)))
    };
    assert_eq!(circle(1, "Public", json!(null)), [true, true, false]);
    assert_eq!(circle(1, "Public", json!("000000000000000AAA")), [true, true, false]);
    assert_eq!(circle(1, "Public", json!("0DB000000000001AAA")), [true, false, false], "public within a site");
    for kind in ["Private", "Unlisted", ""] {
        assert_eq!(circle(1, kind, json!(null)), [true, false, false], "{kind}");
    }
}

#[test]
fn every_internal_user_belongs_to_the_org() {
    let org = Org::new().add(AccessTable::Organization, json!({ "Id": id("00D", 1) }));
    assert_eq!(org.held(1, "org:"), [id("00D", 1)]);
    assert_eq!(Org::new().held(1, "org:"), [""; 0]);
}
