//! Orgs and documents out of a tape of numbers, so that proptest can shrink them.

use proptest::collection::vec;
use proptest::prelude::*;

use super::brute::Target;
use super::*;

pub(super) const USERS: usize = 30;
const OBJECTS: usize = 6;
const SETS: usize = 12;
const MUTING: usize = 3;
const SET_GROUPS: usize = 4;
const ROLES: usize = 8;
const GROUPS: usize = 14;
const FILES: usize = 40;

/// Numbers to choose by; zeros when it is at its end.
struct Tape<'a>(std::slice::Iter<'a, u16>);

impl Tape<'_> {
    fn below(&mut self, end: usize) -> usize {
        usize::from(*self.0.next().unwrap_or(&0)) % end
    }

    /// True `times` out of a hundred.
    fn odds(&mut self, times: usize) -> bool {
        self.below(100) + times >= 100
    }

    fn maybe(&mut self, times: usize, value: impl FnOnce(&mut Self) -> Value) -> Value {
        if self.odds(times) { value(self) } else { Value::Null }
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn id(&mut self, prefix: &str, end: usize) -> String {
        let no = self.below(end);
        id(prefix, no)
    }

    /// A permission set, now and then a muting one.
    fn set(&mut self) -> String {
        if self.odds(20) { self.id("0QM", MUTING) } else { self.id("0PS", SETS) }
    }

    fn member(&mut self) -> String {
        match self.below(10) {
            0..6 => self.id("005", USERS),
            6..9 => self.id("00G", GROUPS),
            _ => self.id("0F9", 4),
        }
    }
}

/// Objects `O0__c` to `O5__c` with their prefixes.
pub(super) fn objects() -> Vec<(String, String)> {
    (0..OBJECTS).map(|no| (format!("a0{no}"), format!("O{no}__c"))).collect()
}

/// An org, and documents of it.
pub(super) fn any_org() -> impl Strategy<Value = (Org, Vec<Target>)> {
    vec(any::<u16>(), 2400).prop_map(|tape| {
        let tape = &mut Tape(tape.iter());
        let mut org = Org::default();
        people(tape, &mut org);
        permissions(tape, &mut org);
        membership(tape, &mut org);
        let records = objects().into_iter().map(|(_, object)| Target::Record(object));
        let files = (0..FILES).map(|_| file(tape)).collect::<Vec<_>>();
        (org, records.chain(files).collect())
    })
}

fn people(tape: &mut Tape<'_>, org: &mut Org) {
    for no in 0..ROLES {
        if !tape.odds(5) {
            let parent = tape.maybe(75, |tape| json!(tape.id("00E", ROLES)));
            org.rows.push((AccessTable::UserRole, json!({ "Id": id("00E", no), "ParentRoleId": parent })));
        }
    }
    for no in 0..USERS {
        let row = json!({
            "Id": id("005", no),
            "IsActive": !tape.odds(15),
            "UserType": if tape.odds(15) { tape.one(&["Guest", "PowerPartner", "AutomatedProcess"]) } else { "Standard" },
            "Name": tape.maybe(90, |tape| json!(format!("{}{}", tape.one(&["Jane ", "JANE "]), tape.below(15)))),
            "Email": tape.maybe(90, |tape| json!(format!("{}{}@x.org", tape.one(&["a", "A"]), tape.below(20)))),
            "UserRoleId": tape.maybe(80, |tape| json!(tape.id("00E", ROLES))),
            "ManagerId": tape.maybe(60, |tape| json!(tape.id("005", USERS))),
        });
        org.rows.push((AccessTable::User, row));
    }
}

fn permissions(tape: &mut Tape<'_>, org: &mut Org) {
    let mut push = |table, row| org.rows.push((table, row));
    for no in 0..SETS {
        let kind = tape.one(&["Regular", "Profile", "Regular", "Group", "Session"]);
        let group = if kind == "Group" { tape.maybe(85, |tape| json!(tape.id("0PG", SET_GROUPS))) } else { Value::Null };
        let kind = tape.maybe(80, |_| json!(kind));
        // A set without a row is not known. The first has one, because a table without rows is refused.
        if no == 0 || !tape.odds(8) {
            let row = json!({ "Id": id("0PS", no), "Type": kind, "PermissionSetGroupId": group, "HasActivationRequired": tape.odds(6) });
            push(AccessTable::PermissionSet, row);
        }
    }
    for no in 0..MUTING {
        if tape.odds(80) {
            push(AccessTable::MutingPermissionSet, json!({ "Id": id("0QM", no) }));
        }
    }
    if tape.odds(10) {
        push(AccessTable::MutingPermissionSet, json!({ "Id": tape.id("0PS", SETS) }));
    }
    for _ in 0..45 {
        let row =
            json!({ "ParentId": tape.set(), "SobjectType": format!("O{}__c", tape.below(OBJECTS)), "PermissionsRead": !tape.odds(10) });
        push(AccessTable::ObjectPermissions, row);
    }
    for no in 0..SET_GROUPS {
        if !tape.odds(8) {
            let row = json!({ "Id": id("0PG", no), "Status": if tape.odds(20) { "Outdated" } else { "Updated" }, "HasActivationRequired": tape.odds(8) });
            push(AccessTable::PermissionSetGroup, row);
        }
    }
    for _ in 0..tape.below(14) {
        push(
            AccessTable::PermissionSetGroupComponent,
            json!({ "PermissionSetGroupId": tape.id("0PG", SET_GROUPS), "PermissionSetId": tape.set() }),
        );
    }
    for no in 0..50 {
        let row = json!({
            "AssigneeId": tape.id("005", USERS + 2),
            "PermissionSetId": if no > 0 && tape.odds(5) { Value::Null } else { json!(tape.id("0PS", SETS)) },
            "PermissionSetGroupId": tape.maybe(30, |tape| json!(tape.id("0PG", SET_GROUPS))),
            "IsActive": tape.maybe(50, |tape| json!(!tape.odds(15))),
            "IsRevoked": tape.maybe(50, |tape| json!(tape.odds(15))),
            "ExpirationDate": tape.maybe(40, |tape| {
                json!(tape.one(&["2026-06-02T00:00:00.000+0000", "2026-06-01T12:00:00.000+0000", "2026-05-01T00:00:00.000+0000", "2027-01-01T00:00:00.000+0000"]))
            }),
        });
        push(AccessTable::PermissionSetAssignment, row);
    }
}

fn membership(tape: &mut Tape<'_>, org: &mut Org) {
    let mut push = |table, row| org.rows.push((table, row));
    for no in 0..GROUPS {
        let kind = tape.one(&[
            "Regular",
            "Queue",
            "Regular",
            "Queue",
            "Role",
            "RoleAndSubordinates",
            "RoleAndSubordinatesInternal",
            "Manager",
            "ManagerAndSubordinatesInternal",
            "Organization",
            "AllCustomerPortal",
        ]);
        let related = if kind.starts_with("Role") { tape.id("00E", ROLES) } else { tape.id("005", USERS) };
        let related = tape.maybe(92, |_| json!(related));
        let bosses = tape.maybe(80, |tape| json!(tape.odds(65)));
        if !tape.odds(5) {
            push(AccessTable::Group, json!({ "Id": id("00G", no), "Type": kind, "RelatedId": related, "DoesIncludeBosses": bosses }));
        }
    }
    for _ in 0..40 {
        push(AccessTable::GroupMember, json!({ "GroupId": tape.id("00G", GROUPS), "UserOrGroupId": tape.member() }));
    }
    for _ in 0..10 {
        push(AccessTable::ContentWorkspaceMember, json!({ "ContentWorkspaceId": tape.id("058", 4), "MemberId": tape.member() }));
    }
    for no in 0..3 {
        let site = tape.maybe(50, |tape| json!(tape.one(&["000000000000000AAA", "0DB000000000001AAA"])));
        let row = json!({ "Id": id("0F9", no), "CollaborationType": tape.one(&["Private", "Public", "Unlisted"]), "NetworkId": site });
        push(AccessTable::CollaborationGroup, row);
    }
    for _ in 0..10 {
        push(AccessTable::CollaborationGroupMember, json!({ "CollaborationGroupId": tape.id("0F9", 4), "MemberId": tape.member() }));
    }
    if tape.odds(80) {
        push(AccessTable::Organization, json!({ "Id": id("00D", 0) }));
    }
}

fn file(tape: &mut Tape<'_>) -> Target {
    let owner = if tape.odds(70) { tape.id("005", USERS + 2) } else { tape.id("00G", GROUPS) };
    let links = (0..tape.below(4)).map(|_| match tape.below(16) {
        0..6 => {
            let prefix = format!("a0{}", tape.below(OBJECTS + 1));
            tape.id(&prefix, 9)
        }
        6..8 => tape.id("005", USERS + 2),
        8..12 => tape.id("00G", GROUPS),
        12 => tape.id("0F9", 4),
        13..15 => tape.id("058", 4),
        _ => tape.id("00D", 2),
    });
    Target::File { owner, links: links.collect(), private: tape.odds(15) }
}
