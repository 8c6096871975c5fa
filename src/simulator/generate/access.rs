//! Further profiles, users, permission sets, groups of sets with what they mute, and assignments in every state.

use super::people::{ROLES, SECURED, group, member, object_permissions};
use super::{Record, World, record, text};

/// A profile or a plain set: name, and the objects that it opens.
type Opens = (&'static str, &'static [&'static str]);

/// Profile with the type of its users.
const PROFILES: [(Opens, &str); 3] = [
    (("Sales Manager", &["Account", "Contact", "Opportunity", "Lead", "Campaign", "Project__c", "Document"]), "Standard"),
    (("Minimum Access - API Only Integrations", &[]), "Standard"),
    (("Customer Portal User", &["Account", "Case"]), "CspLitePortal"),
];

/// Plain sets; the marked one works in certain sessions only.
const SETS: [Opens; 7] = [
    ("Search Integration", &["*"]),
    ("Permission Auditor", &[]),
    ("Account Reader", &["Account", "Contact"]),
    ("Campaign Planner", &["Campaign", "Lead"]),
    ("Document Librarian", &["Document"]),
    ("Invoice Clerk", &["Invoice_Line__c", "Project__c"]),
    (SESSION_SET, &["Lead", "Invoice_Line__c"]),
];

const SESSION_SET: &str = "Data Export (session)";

/// A group of sets: the sets in it by name, and what it mutes.
struct Bundle {
    name: &'static str,
    status: &'static str,
    session: bool,
    sets: &'static [&'static str],
    muted: &'static [&'static str],
}

const BUNDLES: [Bundle; 4] = [
    Bundle { name: "Sales Essentials", status: "Updated", session: false, sets: &["Account Reader", "Campaign Planner"], muted: &["Lead"] },
    Bundle {
        name: "Back Office",
        status: "Updated",
        session: false,
        sets: &["Invoice Clerk", "Document Librarian", SESSION_SET],
        muted: &[],
    },
    Bundle { name: "Onboarding", status: "Outdated", session: false, sets: &["Campaign Planner"], muted: &["Campaign"] },
    Bundle { name: "Quarter Close", status: "Updated", session: true, sets: &["Invoice Clerk"], muted: &[] },
];

/// A set as others refer to it.
struct Set {
    name: String,
    id: String,
    opens: Vec<&'static str>,
}

pub(super) fn make(world: &mut World) {
    let standard = world.ids("PermissionSet").to_vec();
    object_permissions(world, &standard[0], &["Document"], true);
    object_permissions(world, &standard[1], &["Document"], false);
    let profiles = profiles(world);
    let mut sets: Vec<Set> = SETS.iter().map(|opens| plain_set(world, opens.0.to_owned(), opens.1)).collect();
    for at in 0..world.scaled(2) {
        let region = text::CITIES[at % text::CITIES.len()].0;
        let opens = [&["Account", "Opportunity"][..], &["Case"], &["Project__c", "Contact"]][at % 3];
        sets.push(plain_set(world, format!("Region {region} {at}"), opens));
    }
    let bundles: Vec<Assignable> = BUNDLES.iter().map(|bundle| make_bundle(world, bundle, &sets)).collect();
    users(world, &profiles, &sets);
    let plain = sets.iter().skip(2).map(|set| Assignable { set: set.id.clone(), group: None });
    assignments(world, &plain.chain(bundles).collect::<Vec<_>>());
    groups(world);
}

/// A profile and its set.
struct Profile {
    id: String,
    set: String,
    user_type: &'static str,
}

fn profiles(world: &mut World) -> Vec<Profile> {
    let mut made = Vec::new();
    for ((name, opens), user_type) in PROFILES {
        let id = world.add("Profile", "00e", record! { "Name": name, "UserType": user_type });
        let set = record! {
            "Name": format!("X00e_{}", developer_name(name)), "Label": name, "Type": "Profile", "IsOwnedByProfile": true, "ProfileId": id,
        };
        let set = world.add("PermissionSet", "0PS", set);
        object_permissions(world, &set, opens, false);
        made.push(Profile { id, set, user_type });
    }
    made
}

fn plain_set(world: &mut World, name: String, opens: &'static [&'static str]) -> Set {
    let all = *opens == ["*"];
    let opens = if all { SECURED.into_iter().chain(["Document"]).collect() } else { opens.to_vec() };
    let set = record! {
        "Name": developer_name(&name), "Label": name, "Type": "Regular", "IsCustom": true, "IsOwnedByProfile": false,
        "HasActivationRequired": name == SESSION_SET, "PermissionsViewAllData": all, "PermissionsQueryAllFiles": all,
        "PermissionsViewSetup": all || name == "Permission Auditor",
    };
    let id = world.add("PermissionSet", "0PS", set);
    object_permissions(world, &id, &opens, false);
    Set { name, id, opens }
}

fn developer_name(label: &str) -> String {
    let letters: String = label.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { ' ' }).collect();
    letters.split_whitespace().collect::<Vec<_>>().join("_")
}

/// What can be assigned: a set, or a group by its aggregate set.
#[derive(Clone)]
struct Assignable {
    set: String,
    group: Option<String>,
}

/// A group with its members, its muting set, and the aggregate of both as the platform computes it.
fn make_bundle(world: &mut World, bundle: &Bundle, sets: &[Set]) -> Assignable {
    let name = developer_name(bundle.name);
    let group =
        record! { "DeveloperName": name, "MasterLabel": bundle.name, "Status": bundle.status, "HasActivationRequired": bundle.session };
    let group = world.add("PermissionSetGroup", "0PG", group);
    let members: Vec<&Set> = sets.iter().filter(|set| bundle.sets.contains(&set.name.as_str())).collect();
    let mut components: Vec<String> = members.iter().map(|set| set.id.clone()).collect();
    if !bundle.muted.is_empty() {
        let label = format!("{} Muting", bundle.name);
        let muting = record! { "DeveloperName": format!("{name}_Muting"), "MasterLabel": label, "Label": label };
        let muting = world.add("MutingPermissionSet", "0QM", muting);
        object_permissions(world, &muting, bundle.muted, false);
        components.push(muting);
    }
    for component in components {
        world.add("PermissionSetGroupComponent", "0PM", record! { "PermissionSetGroupId": group, "PermissionSetId": component });
    }
    let aggregate = record! {
        "Name": format!("X0PG_{name}"), "Label": bundle.name, "Type": "Group", "IsOwnedByProfile": false, "PermissionSetGroupId": group,
        "HasActivationRequired": bundle.session,
    };
    let aggregate = world.add("PermissionSet", "0PS", aggregate);
    let mut opens: Vec<&str> = Vec::new();
    for object in members.iter().filter(|set| set.name != SESSION_SET).flat_map(|set| set.opens.iter().copied()) {
        if !bundle.muted.contains(&object) && !opens.contains(&object) {
            opens.push(object);
        }
    }
    object_permissions(world, &aggregate, &opens, false);
    Assignable { set: aggregate, group: Some(group) }
}

/// Someone for each of the further profiles: people in sales, the user of an integration, customers.
fn users(world: &mut World, profiles: &[Profile], sets: &[Set]) {
    let add = |world: &mut World, name: &str, profile: &Profile, role: Option<String>| {
        let (first, last) = name.split_once(' ').unwrap_or(("", name));
        let email = format!("{}.{}@brightwater.example", text::slug(name), world.numbers.get("005").copied().unwrap_or(0));
        let user = record! {
            "Name": name, "FirstName": first, "LastName": last, "Username": email, "Email": email, "IsActive": true,
            "UserType": profile.user_type, "ProfileId": profile.id, "UserRoleId": role,
        };
        let user = world.add("User", "005", user);
        assign(world, &user, &Assignable { set: profile.set.clone(), group: None }, "active");
        user
    };
    let head_of_sales = world.ids("UserRole").get(1).cloned();
    let name =
        |world: &mut World| format!("{} {}", text::pick(&mut world.rng, &text::FIRST_NAMES), text::pick(&mut world.rng, &text::LAST_NAMES));
    let manager = name(world);
    add(world, &manager, &profiles[0], head_of_sales);
    let integration = add(world, "Search Integration", &profiles[1], None);
    assign(world, &integration, &Assignable { set: sets[0].id.clone(), group: None }, "active");
    for _ in 0..world.scaled(2) {
        let customer = name(world);
        add(world, &customer, &profiles[2], None);
    }
}

/// Gives out sets and groups to the people of the company; a few assignments have ended or been taken back.
fn assignments(world: &mut World, assignables: &[Assignable]) {
    let people: Vec<String> = world.users.iter().map(|user| user.id.clone()).collect();
    for (at, user) in people.iter().enumerate() {
        let first = world.rng.usize(..assignables.len());
        for turn in 0..=at % 2 {
            let state = ["active", "active", "temporary", "active", "expired", "active", "inactive", "revoked"][(at * 2 + turn) % 8];
            assign(world, user, &assignables[(first + turn) % assignables.len()], state);
        }
    }
}

fn assign(world: &mut World, user: &str, what: &Assignable, state: &str) {
    let end = match state {
        "temporary" => Some("2099-12-31T00:00:00.000+0000"),
        "expired" => Some("2025-06-30T00:00:00.000+0000"),
        _ => None,
    };
    let assignment: Record = record! {
        "AssigneeId": user, "PermissionSetId": what.set, "PermissionSetGroupId": what.group, "IsActive": state != "inactive",
        "IsRevoked": state == "revoked", "ExpirationDate": end,
    };
    world.add("PermissionSetAssignment", "0Pa", assignment);
}

/// The groups that the platform keeps for the other roles, for managers and for customers, and more groups in groups.
fn groups(world: &mut World) {
    let roles: Vec<String> = world.ids("UserRole").to_vec();
    // Two roles have theirs from the start.
    for (at, role) in roles.iter().enumerate().filter(|(at, _)| !matches!(at, 1 | 5)) {
        for kind in ["Role", "RoleAndSubordinatesInternal"] {
            group(world, ROLES[at].0, kind, Some(role));
        }
    }
    let manager = world.users[0].id.clone();
    let name = world.users[0].name.clone();
    group(world, &format!("Managers of {name}"), "Manager", Some(&manager));
    group(world, &format!("Team of {name}"), "ManagerAndSubordinatesInternal", Some(&manager));
    group(world, "All Customer Portal Users", "AllCustomerPortal", None);
    for at in 0..world.scaled(2) {
        let inner = group(world, &format!("Task Force {at}"), "Regular", None);
        let outer = group(world, &format!("Program {at}"), "Regular", None);
        for _ in 0..3 {
            let user = world.user().id;
            member(world, &inner, &user);
        }
        member(world, &outer, &inner);
        let role_groups: Vec<String> = world.ids("Group").get(9..).unwrap_or_default().to_vec();
        member(world, &outer, &role_groups[at % role_groups.len().min(12)]);
    }
}
