//! Users and what they may do: profiles, permission sets, groups of sets, assignments; roles, groups, libraries. And changes to these.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::draft::{CUSTOM, DAY, Draft, id_of};

const USERS: usize = 20;
const ROLES: usize = 7;
const PROFILES: usize = 4;
const SETS: usize = 6;
const BUNDLES: usize = 4;
/// Objects that permissions are about.
const OBJECTS: [&str; 8] = ["Account", "Contact", "Lead", "Case", CUSTOM[0].0, CUSTOM[1].0, "Opportunity", "Campaign"];

pub(super) fn make(draft: &mut Draft) {
    draft.add("Organization", "00D", json!({ "Name": "Acme", "SystemModstamp": DAY }));
    for no in 0..ROLES {
        let roles = draft.ids("UserRole");
        let above = if no == 0 || draft.dice.percent(15) { Value::Null } else { json!(draft.dice.pick(&roles)) };
        draft.add("UserRole", "00E", json!({ "Name": format!("Role {no}"), "ParentRoleId": above }));
    }
    let profiles = profiles(draft);
    users(draft, &profiles);
    let mut assignable = sets(draft);
    for no in 0..BUNDLES {
        assignable.push(bundle(draft, no));
    }
    assignments(draft, &assignable);
    groups(draft);
    circles(draft);
    libraries(draft);
}

/// Ids of profiles, each with that of its set.
fn profiles(draft: &mut Draft) -> Vec<(String, String)> {
    let mut profiles = Vec::new();
    for no in 0..PROFILES {
        let profile = draft.add("Profile", "00e", json!({ "Name": format!("Profile {no}"), "UserType": "Standard" }));
        let set = json!({ "Name": format!("X00e{no}"), "Type": "Profile", "IsOwnedByProfile": true, "ProfileId": profile });
        let set = draft.add("PermissionSet", "0PS", set);
        // In every org somebody reads something.
        let opened = draft.dice.some(&OBJECTS, 3);
        permit(draft, &set, if no == 0 && opened.is_empty() { &OBJECTS[..1] } else { &opened });
        profiles.push((profile, set));
    }
    profiles
}

/// Read on some objects, and a row that says nothing of reading for one other.
fn permit(draft: &mut Draft, set: &str, objects: &[&str]) {
    for object in objects {
        let row = json!({ "ParentId": set, "SobjectType": object, "PermissionsRead": true, "PermissionsEdit": draft.dice.percent(50) });
        draft.add("ObjectPermissions", "110", row);
    }
    let closed: Vec<_> = OBJECTS.into_iter().filter(|object| !objects.contains(object)).collect();
    if draft.dice.percent(20) && !closed.is_empty() {
        let row = json!({ "ParentId": set, "SobjectType": draft.dice.pick(&closed), "PermissionsRead": false });
        draft.add("ObjectPermissions", "110", row);
    }
}

fn users(draft: &mut Draft, profiles: &[(String, String)]) {
    for no in 0..USERS {
        let email = match draft.dice.below(10) {
            0 => Value::Null,
            1 => json!("shared@acme.example"),
            2 => json!("Shared@Acme.Example"),
            3 => json!(format!("o'{no}\"\\u@acme.example")),
            _ => json!(format!("user.{no}@acme.example")),
        };
        let name = if draft.dice.percent(30) { draft.dice.pick(&["Alex Kim", "alex kim", "Sam"]).to_owned() } else { format!("Name {no}") };
        // The first one always counts, so that no table is empty.
        let kinds = ["PowerPartner", "CspLitePortal", "Guest", "AutomatedProcess", "CloudIntegrationUser"];
        let kind = if no > 0 && draft.dice.percent(15) { draft.dice.pick(&kinds) } else { "Standard" };
        let (roles, users) = (draft.ids("UserRole"), draft.ids("User"));
        let role = draft.dice.percent(80).then(|| draft.dice.pick(&roles));
        let manager = (!users.is_empty() && draft.dice.percent(70)).then(|| draft.dice.pick(&users));
        let (profile, set) = draft.dice.pick(profiles);
        let user = json!({
            "Name": name, "Username": format!("user{no}@acme.example"), "Email": email, "IsActive": no == 0 || draft.dice.percent(85),
            "UserType": kind, "UserRoleId": role, "ManagerId": manager, "ProfileId": profile, "CreatedDate": DAY, "LastModifiedDate": DAY,
        });
        let user = draft.add("User", "005", user);
        assign(draft, json!({ "AssigneeId": user, "PermissionSetId": set, "IsActive": true }));
    }
    // The first users are managed by later ones, which closes rings.
    let users = draft.ids("User");
    let ring = draft.dice.percent(30).then(|| draft.dice.pick(&users));
    draft.rows_mut("User")[0]["ManagerId"] = json!(ring);
}

fn assign(draft: &mut Draft, row: Value) {
    draft.add("PermissionSetAssignment", "0Pa", row);
}

/// What an assignment names: a set, and the group of sets that it is the aggregate of.
type Assignable = (String, Option<String>);

fn sets(draft: &mut Draft) -> Vec<Assignable> {
    let mut sets = Vec::new();
    for no in 0..SETS {
        let row = json!({ "Name": format!("Set_{no}"), "Type": "Regular", "HasActivationRequired": draft.dice.percent(15) });
        let set = draft.add("PermissionSet", "0PS", row);
        let opened = draft.dice.some(&OBJECTS, 3);
        permit(draft, &set, &opened);
        sets.push((set, None));
    }
    sets
}

/// Objects that a set opens.
fn opened(draft: &Draft, set: &str) -> Vec<&'static str> {
    let opens = |object: &&str| {
        draft
            .rows("ObjectPermissions")
            .any(|row| row["ParentId"] == set && row["SobjectType"] == **object && row["PermissionsRead"] == true)
    };
    OBJECTS.into_iter().filter(opens).collect()
}

/// A group of permission sets with its aggregate set, in which muting is done already.
fn bundle(draft: &mut Draft, no: usize) -> Assignable {
    let status = if draft.dice.percent(70) { "Updated" } else { draft.dice.pick(&["Outdated", "Updating", "Failed"]) };
    let session = draft.dice.percent(12);
    let row = json!({ "DeveloperName": format!("Bundle_{no}"), "Status": status, "HasActivationRequired": session });
    let group = draft.add("PermissionSetGroup", "0PG", row);
    let regular: Vec<_> = draft.rows("PermissionSet").filter(|row| row["Type"] == "Regular").cloned().collect();
    let parts = draft.dice.some(&regular, 4);
    let mut objects: Vec<&str> = Vec::new();
    for part in &parts {
        let part_id = part["Id"].as_str().unwrap();
        component(draft, &group, part_id);
        if part["HasActivationRequired"] != true {
            objects.extend(opened(draft, part_id));
        }
    }
    objects.sort_unstable();
    objects.dedup();
    if !parts.is_empty() && draft.dice.percent(50) {
        let muting = draft.add("MutingPermissionSet", "0QM", json!({ "DeveloperName": format!("Muting_{no}") }));
        let muted = draft.dice.some(&OBJECTS, 3);
        permit(draft, &muting, &muted);
        component(draft, &group, &muting);
        objects.retain(|object| !muted.contains(object));
    }
    if parts.is_empty() || (objects.len() > 1 && draft.dice.percent(20)) {
        // The parts are not shown, or the aggregate lags behind them.
        objects = if parts.is_empty() { draft.dice.some(&OBJECTS, 3) } else { objects.split_off(1) };
    }
    let row = json!({
        "Name": format!("X0PG{no}"), "Type": "Group", "PermissionSetGroupId": group, "HasActivationRequired": session,
    });
    let aggregate = draft.add("PermissionSet", "0PS", row);
    permit(draft, &aggregate, &objects);
    (aggregate, Some(group))
}

fn component(draft: &mut Draft, group: &str, set: &str) {
    draft.add("PermissionSetGroupComponent", "0PM", json!({ "PermissionSetGroupId": group, "PermissionSetId": set }));
}

/// Some for every user, in every state.
fn assignments(draft: &mut Draft, assignable: &[Assignable]) {
    for user in draft.ids("User") {
        for (set, group) in draft.dice.some(assignable, 4) {
            // The aggregate set is enough to know the group by.
            let group = group.filter(|_| draft.dice.percent(90));
            let mut row = json!({ "AssigneeId": user, "PermissionSetId": set, "PermissionSetGroupId": group, "IsActive": true });
            match draft.dice.below(12) {
                0 => row["IsActive"] = json!(false),
                1 => row["IsRevoked"] = json!(true),
                2 => row["ExpirationDate"] = json!("2020-06-30T00:00:00.000+0000"),
                3 => row["ExpirationDate"] = json!("2999-06-30T00:00:00.000+0000"),
                _ => (),
            }
            assign(draft, row);
        }
    }
}

/// Groups that are computed, then public groups and queues that list members, groups among them.
fn groups(draft: &mut Draft) {
    let (users, roles) = (draft.ids("User"), draft.ids("UserRole"));
    for kind in ["Role", "Role", "RoleAndSubordinates", "RoleAndSubordinatesInternal"] {
        let related = draft.dice.pick(&roles);
        let bosses = draft.dice.percent(50);
        group(draft, kind, Some(related), bosses);
    }
    for kind in ["Manager", "ManagerAndSubordinatesInternal"] {
        let related = draft.dice.pick(&users);
        group(draft, kind, Some(related), false);
    }
    group(draft, "Organization", None, false);
    group(draft, "AllCustomerPortal", None, false);
    for no in 0..8 {
        let bosses = draft.dice.percent(50);
        group(draft, if no < 6 { "Regular" } else { "Queue" }, None, bosses);
    }
    // Everybody would otherwise be in nearly every group. A group of a role that says nothing of bosses brings them into a public group by
    // the engine's reading and not by the judge's, and Salesforce does not say.
    let with_everybody = draft.dice.percent(20);
    let silent = |row: &Value| row["Type"].as_str().unwrap().starts_with("Role") && row["DoesIncludeBosses"] == false;
    let nested = draft.rows("Group").filter(|row| !silent(row) && (with_everybody || row["Type"] != "Organization"));
    let all: Vec<String> = nested.map(id_of).collect();
    for outer in draft.ids("Group") {
        let mut members = draft.dice.some(&users, 3);
        members.extend(draft.dice.some(&all, 2));
        for member in members {
            draft.add("GroupMember", "011", json!({ "GroupId": outer, "UserOrGroupId": member }));
        }
    }
}

fn group(draft: &mut Draft, kind: &str, related: Option<String>, bosses: bool) {
    let number = draft.rows("Group").count();
    let row = json!({ "Name": format!("Group {number}"), "Type": kind, "RelatedId": related, "DoesIncludeBosses": bosses });
    draft.add("Group", "00G", row);
}

/// Groups of Chatter.
fn circles(draft: &mut Draft) {
    let users = draft.ids("User");
    for kind in ["Public", "Private", "Private", "Unlisted"] {
        let row = json!({ "Name": format!("Circle {kind}"), "CollaborationType": kind, "OwnerId": users[0] });
        let circle = draft.add("CollaborationGroup", "0F9", row);
        for user in draft.dice.some(&users, 5) {
            draft.add("CollaborationGroupMember", "0FB", json!({ "CollaborationGroupId": circle, "MemberId": user }));
        }
    }
}

fn libraries(draft: &mut Draft) {
    let users = draft.ids("User");
    // Bosses of a group come along into a library by the judge's reading and not by the engine's, which is the stricter one.
    let without_bosses = draft.rows("Group").filter(|row| row["DoesIncludeBosses"] == false);
    let groups: Vec<String> = without_bosses.map(id_of).collect();
    for no in 0..3 {
        let library = draft.add("ContentWorkspace", "058", json!({ "Name": format!("Library {no}") }));
        let mut members = draft.dice.some(&users, 3);
        members.extend(draft.dice.some(&groups, 2));
        for member in members {
            draft.add("ContentWorkspaceMember", "05A", json!({ "ContentWorkspaceId": library, "MemberId": member }));
        }
    }
}

/// The rows for the judge: where a group includes bosses, only those of members who are served count. The engine takes this stricter reading,
/// the judge takes the other one.
pub(super) fn strictly(draft: &Draft) -> Vec<(&'static str, Value)> {
    let is_served = |user: &&Value| user["IsActive"] == true && user["UserType"] == "Standard";
    let served: BTreeSet<_> = draft.rows("User").filter(is_served).map(id_of).collect();
    let staffed: BTreeSet<_> = draft.rows("User").filter(is_served).filter_map(|user| user["UserRoleId"].as_str()).collect();
    let above: BTreeMap<_, _> = draft.rows("UserRole").map(|row| (row["Id"].as_str().unwrap(), row["ParentRoleId"].as_str())).collect();
    let upwards = |role| std::iter::successors(Some(role), |role| above[role]);
    let branches: BTreeSet<_> = staffed.iter().flat_map(|role| upwards(*role)).collect();
    let mut rows = draft.rows.clone();
    rows.retain(|(object, row)| {
        let member = row["UserOrGroupId"].as_str().unwrap_or_default();
        *object != "GroupMember" || !member.starts_with("005") || served.contains(member)
    });
    for (_, group) in rows.iter_mut().filter(|(object, _)| *object == "Group") {
        let related = group["RelatedId"].as_str().unwrap_or_default();
        let has_members = match group["Type"].as_str().unwrap() {
            "Role" => staffed.contains(related),
            "RoleAndSubordinates" | "RoleAndSubordinatesInternal" => branches.contains(related),
            _ => true,
        };
        if !has_members {
            group["DoesIncludeBosses"] = json!(false);
        }
    }
    rows
}

/// Whether the aggregate of a group opens anything. Of one that does not, the engine takes it that Salesforce does not show what it opens, and
/// goes by the parts; the judge goes by both.
fn speaks(draft: &Draft, group: &Value) -> bool {
    let aggregate = draft.rows("PermissionSet").find(|row| row["PermissionSetGroupId"] == *group).unwrap();
    !opened(draft, &id_of(aggregate)).is_empty()
}

/// Changes who may do what, and nothing else. The first user stays as it is, so that no table is empty.
pub(super) fn change(draft: &mut Draft) {
    let first = draft.ids("User")[0].clone();
    let mut dice = draft.dice.clone();
    let mut gone = Vec::new();
    let mut take = |rows: Vec<&Value>, times: usize| {
        for _ in 0..times.min(rows.len()) {
            gone.push(dice.pick(&rows)["Id"].clone());
        }
    };
    take(draft.rows("PermissionSetAssignment").filter(|row| row["AssigneeId"] != first.as_str()).collect(), 3);
    take(draft.rows("GroupMember").collect(), 2);
    take(draft.rows("CollaborationGroupMember").collect(), 1);
    take(draft.rows("ContentWorkspaceMember").collect(), 1);
    take(draft.rows("PermissionSetGroupComponent").filter(|row| speaks(draft, &row["PermissionSetGroupId"])).collect(), 1);
    draft.rows.retain(|(_, row)| !gone.contains(&row["Id"]));
    for user in draft.rows_mut("User").into_iter().skip(1) {
        if dice.percent(15) {
            let was = user["IsActive"] == true;
            user["IsActive"] = json!(!was);
        }
    }
    for group in draft.rows_mut("PermissionSetGroup") {
        if dice.percent(30) {
            group["Status"] = json!(if group["Status"] == "Updated" { "Outdated" } else { "Updated" });
        }
    }
    draft.dice = dice;
    let regular: Vec<_> = draft.rows("PermissionSet").filter(|row| row["Type"] == "Regular").map(|row| row["Id"].clone()).collect();
    let (user, set) = (first, draft.dice.pick(&regular));
    assign(draft, json!({ "AssigneeId": user, "PermissionSetId": set, "IsActive": true }));
}
