//! Users, roles, groups and permissions.

use serde_json::Value;

use super::{Named, World, record, text};

/// Role and the position of the role above it.
pub(super) const ROLES: [(&str, Option<usize>); 8] = [
    ("Chief Executive", None),
    ("Head of Sales", Some(0)),
    ("Head of Service", Some(0)),
    ("Sales East", Some(1)),
    ("Sales West", Some(1)),
    ("Support Lead", Some(2)),
    ("Support Agent", Some(5)),
    ("Finance", Some(0)),
];

const PROFILES: [&str; 3] = ["System Administrator", "Standard User", "Support User"];

/// Objects that a profile's users may read; `*` means all.
const PROFILE_READS: [&[&str]; 3] =
    [&["*"], &["Account", "Contact", "Opportunity", "Lead", "Campaign", "Project__c"], &["Account", "Contact", "Case", "Project__c"]];

/// Permission sets that are assigned to single users, with what they open.
const EXTRA_SETS: [(&str, &str, &[&str]); 3] = [
    ("Case_Reader", "Case Reader", &["Case"]),
    ("Finance_Reader", "Finance Reader", &["Invoice_Line__c", "Opportunity"]),
    ("Unassigned", "Unassigned", &["Lead"]),
];

pub(super) const SECURED: [&str; 8] = ["Account", "Contact", "Opportunity", "Lead", "Campaign", "Case", "Project__c", "Invoice_Line__c"];

/// Standard users at scale 1, besides the odd ones.
const USERS: usize = 20;

pub(super) fn make(world: &mut World) {
    let organization = record! {
        "Name": "Brightwater Devices", "OrganizationType": "Enterprise Edition", "InstanceName": "SIM1", "IsSandbox": false, "LanguageLocaleKey": "en_US",
    };
    world.add("Organization", "00D", organization);
    let roles = roles(world);
    let profiles: Vec<String> =
        PROFILES.iter().map(|name| world.add("Profile", "00e", record! { "Name": name, "UserType": "Standard" })).collect();
    let sets = permission_sets(world, &profiles);
    users(world, &roles, &profiles, &sets);
    groups(world, &roles);
}

fn roles(world: &mut World) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for (name, above) in ROLES {
        let parent = above.and_then(|at| ids.get(at)).cloned();
        let role = record! { "Name": name, "DeveloperName": name.replace(' ', "_"), "ParentRoleId": parent };
        ids.push(world.add("UserRole", "00E", role));
    }
    ids
}

/// One set per profile, then the extra ones, each with its object permissions.
fn permission_sets(world: &mut World, profiles: &[String]) -> Vec<String> {
    let mut ids = Vec::new();
    for (profile, (id, reads)) in PROFILES.iter().zip(profiles.iter().zip(PROFILE_READS)) {
        let all = *reads == ["*"];
        let set = record! {
            "Name": format!("X00e_{}", profile.replace(' ', "_")), "Label": profile, "Type": "Profile", "IsOwnedByProfile": true, "ProfileId": id,
            "PermissionsViewAllData": all, "PermissionsModifyAllData": all, "PermissionsQueryAllFiles": all, "PermissionsViewAllUsers": all,
            "PermissionsViewSetup": all, "PermissionsManageUsers": all, "PermissionsAssignPermissionSets": all,
        };
        ids.push(world.add("PermissionSet", "0PS", set));
        object_permissions(world, &ids[ids.len() - 1].clone(), if all { &SECURED } else { reads }, all);
    }
    for (name, label, reads) in EXTRA_SETS {
        let set = record! { "Name": name, "Label": label, "Type": "Regular", "IsOwnedByProfile": false };
        ids.push(world.add("PermissionSet", "0PS", set));
        object_permissions(world, &ids[ids.len() - 1].clone(), reads, false);
    }
    ids
}

pub(super) fn object_permissions(world: &mut World, set: &str, objects: &[&str], all: bool) {
    for object in objects {
        let permissions = record! {
            "ParentId": set, "SobjectType": object, "PermissionsRead": true, "PermissionsCreate": all, "PermissionsEdit": all,
            "PermissionsDelete": all, "PermissionsViewAllRecords": all, "PermissionsModifyAllRecords": all,
        };
        world.add("ObjectPermissions", "110", permissions);
    }
}

fn users(world: &mut World, roles: &[String], profiles: &[String], sets: &[String]) {
    let mut manager: Option<String> = None;
    for at in 0..world.scaled(USERS) {
        // Number 4 and 5 have the same name, which tells apart who matches people by name.
        let (first, last) = if matches!(at, 4 | 5) {
            ("Alex", "Kim")
        } else {
            (text::pick(&mut world.rng, &text::FIRST_NAMES), text::pick(&mut world.rng, &text::LAST_NAMES))
        };
        let name = format!("{first} {last}");
        let email = format!("{}.{at}@brightwater.example", text::slug(&name));
        let profile = if at == 0 { 0 } else { 1 + at % 2 };
        let is_active = at % 9 != 8;
        let title = world.maybe(4, text::TITLES[at % text::TITLES.len()]);
        let user = record! {
            "Name": name, "FirstName": first, "LastName": last, "Username": email, "Email": email, "Title": title,
            "Department": if profile == 2 { "Support" } else { "Sales" }, "IsActive": is_active, "UserType": "Standard",
            "UserRoleId": if at % 10 == 7 { Value::Null } else { Value::from(roles[at % roles.len()].as_str()) },
            "ProfileId": profiles[profile], "ManagerId": manager,
        };
        let id = world.add("User", "005", user);
        assign(world, &id, &sets[profile]);
        if at % 5 == 1 {
            assign(world, &id, &sets[PROFILES.len()]);
        }
        if at % 6 == 2 {
            assign(world, &id, &sets[PROFILES.len() + 1]);
        }
        if is_active {
            manager.get_or_insert_with(|| id.clone());
            world.users.push(Named { id, name, email });
        }
    }
    for (name, kind, profile) in
        [("Automated Process", "AutomatedProcess", &profiles[0]), ("Platform Integration User", "CloudIntegrationUser", &profiles[0])]
    {
        let email = format!("{}@brightwater.example", text::slug(name));
        let user = record! {
            "Name": name, "LastName": name, "Username": email, "Email": email, "IsActive": true, "UserType": kind, "ProfileId": profile,
        };
        world.add("User", "005", user);
    }
}

fn assign(world: &mut World, user: &str, set: &str) {
    let assignment = record! { "AssigneeId": user, "PermissionSetId": set, "IsActive": true };
    world.add("PermissionSetAssignment", "0Pa", assignment);
}

/// Two queues, a group within a group, and the groups that the platform makes for everybody and for roles.
fn groups(world: &mut World, roles: &[String]) {
    for name in ["Support Queue", "Escalation Queue"] {
        let email = format!("{}@brightwater.example", text::slug(name));
        let id = group(world, name, "Queue", None);
        for _ in 0..4 {
            let user = world.user().id;
            member(world, &id, &user);
        }
        world.queues.push(Named { id, name: name.to_owned(), email });
    }
    let inner = group(world, "Key Account Team", "Regular", None);
    let outer = group(world, "Everyone in Sales", "Regular", None);
    for _ in 0..3 {
        let user = world.user().id;
        member(world, &inner, &user);
    }
    member(world, &outer, &inner);
    group(world, "All Internal Users", "Organization", None);
    for (name, role) in [("Head of Sales", &roles[1]), ("Support Lead", &roles[5])] {
        group(world, name, "Role", Some(role));
        group(world, name, "RoleAndSubordinatesInternal", Some(role));
    }
}

pub(super) fn group(world: &mut World, name: &str, kind: &str, related: Option<&String>) -> String {
    let developer_name = name.replace(' ', "_");
    let group = record! {
        "Name": name, "DeveloperName": developer_name, "Type": kind, "DoesIncludeBosses": kind == "Queue", "RelatedId": related,
    };
    world.add("Group", "00G", group)
}

pub(super) fn member(world: &mut World, group: &str, member: &str) {
    world.add("GroupMember", "011", record! { "GroupId": group, "UserOrGroupId": member });
}
