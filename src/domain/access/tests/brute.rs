//! The same decisions by walking raw rows for every question. Shares no code with the module: ids are texts, nothing is kept.

use std::collections::HashSet;

use serde_json::Value;

use super::{AccessTable, Org};

/// A document to be found.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Record(String),
    File { owner: String, links: Vec<String>, private: bool },
}

pub(super) struct Brute<'a> {
    pub(super) org: &'a Org,
    /// A moment as the rows write it, so that texts compare.
    pub(super) now: &'a str,
    /// Pairs of a prefix and an object.
    pub(super) prefixes: &'a [(String, String)],
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or("")
}

impl Brute<'_> {
    fn rows(&self, table: AccessTable) -> impl Iterator<Item = &Value> {
        self.org.rows.iter().filter(move |(of, _)| *of == table).map(|(_, row)| row)
    }

    fn find(&self, table: AccessTable, id: &str) -> Option<&Value> {
        self.rows(table).filter(|row| text(row, "Id") == id).last()
    }

    fn served(&self, user: &str) -> bool {
        self.find(AccessTable::User, user).is_some_and(|row| row["IsActive"] == true && row["UserType"] == "Standard")
    }

    pub(super) fn may(&self, user: &str, target: &Target) -> bool {
        self.served(user)
            && match target {
                Target::Record(object) => self.reads(user, object),
                Target::File { owner, links, private } => owner == user || links.iter().any(|link| self.through(user, link, *private)),
            }
    }

    fn through(&self, user: &str, link: &str, private: bool) -> bool {
        match &link[..3] {
            "005" => link == user,
            "00G" => self.within(link, user) || self.boss_within(link, user),
            "0F9" => self.in_circle(link, user),
            "058" => self.in_library(link, user),
            "00D" => self.find(AccessTable::Organization, link).is_some(),
            prefix => !private && self.prefixes.iter().any(|(of, object)| of == prefix && self.reads(user, object)),
        }
    }

    fn reads(&self, user: &str, object: &str) -> bool {
        self.rows(AccessTable::PermissionSetAssignment).any(|row| {
            let live = row["IsActive"] != false && row["IsRevoked"] != true;
            let expires = text(row, "ExpirationDate");
            text(row, "AssigneeId") == user && live && (expires.is_empty() || expires > self.now) && self.gives(row, object)
        })
    }

    fn gives(&self, assignment: &Value, object: &str) -> bool {
        let set = text(assignment, "PermissionSetId");
        let row = self.find(AccessTable::PermissionSet, set);
        if self.find(AccessTable::MutingPermissionSet, set).is_some() || row.is_some_and(|row| self.session(row)) {
            return false;
        }
        let own = row.map_or("", |row| text(row, "PermissionSetGroupId"));
        let group = match text(assignment, "PermissionSetGroupId") {
            "" => own,
            named if own.is_empty() || own == named => named,
            _ => return false,
        };
        if group.is_empty() {
            return row.is_some_and(|row| text(row, "Type") != "Group") && self.permits(set, object);
        }
        let in_force = |row: &Value| row["Status"] == "Updated" && row["HasActivationRequired"] != true;
        if !self.find(AccessTable::PermissionSetGroup, group).is_some_and(in_force) {
            return false;
        }
        let parts: Vec<_> = self
            .rows(AccessTable::PermissionSetGroupComponent)
            .filter(|part| text(part, "PermissionSetGroupId") == group)
            .map(|part| text(part, "PermissionSetId"))
            .collect();
        let aggregate_speaks =
            self.rows(AccessTable::ObjectPermissions).any(|row| text(row, "ParentId") == set && row["PermissionsRead"] == true);
        if parts.is_empty() {
            return row.is_some() && self.permits(set, object);
        }
        let muting = |part: &str| self.find(AccessTable::MutingPermissionSet, part).is_some();
        let ordinary = |part: &str| self.find(AccessTable::PermissionSet, part).is_some() && !muting(part);
        let offered = parts.iter().any(|part| {
            let plain = |row: &Value| !self.session(row) && text(row, "Type") != "Group" && text(row, "PermissionSetGroupId").is_empty();
            ordinary(part) && self.find(AccessTable::PermissionSet, part).is_some_and(plain) && self.permits(part, object)
        });
        let muted = parts.iter().any(|part| !ordinary(part) && self.permits(part, object));
        let all_known = parts.iter().all(|part| ordinary(part) || muting(part));
        offered && !muted && if aggregate_speaks { self.permits(set, object) } else { all_known }
    }

    fn session(&self, set: &Value) -> bool {
        set["HasActivationRequired"] == true || set["Type"] == "Session"
    }

    fn permits(&self, set: &str, object: &str) -> bool {
        let mut rows = self.rows(AccessTable::ObjectPermissions);
        rows.any(|row| text(row, "ParentId") == set && text(row, "SobjectType") == object && row["PermissionsRead"] == true)
    }

    /// Roles above a role, not the role itself.
    fn roles_above(&self, role: &str) -> Vec<String> {
        let (mut above, mut at) = (Vec::<String>::new(), role.to_owned());
        loop {
            at = self.find(AccessTable::UserRole, &at).map_or("", |row| text(row, "ParentRoleId")).to_owned();
            if at.is_empty() || at == role || above.contains(&at) {
                return above;
            }
            above.push(at.clone());
        }
    }

    fn managers(&self, user: &str) -> Vec<String> {
        let (mut above, mut at) = (Vec::<String>::new(), user.to_owned());
        loop {
            at = self.find(AccessTable::User, &at).map_or("", |row| text(row, "ManagerId")).to_owned();
            if at.is_empty() || at == user || above.contains(&at) {
                return above;
            }
            above.push(at.clone());
        }
    }

    fn role_of(&self, user: &str) -> &str {
        self.find(AccessTable::User, user).map_or("", |row| text(row, "UserRoleId"))
    }

    fn members(&self, group: &str) -> impl Iterator<Item = &str> {
        let rows = self.rows(AccessTable::GroupMember).filter(move |row| text(row, "GroupId") == group);
        rows.map(|row| text(row, "UserOrGroupId"))
    }

    /// Groups that are in a group, itself included, as far as `enter` lets one go.
    fn reach(&self, group: &str, enter: &dyn Fn(&Value) -> bool) -> Vec<&Value> {
        let (mut met, mut open, mut reached) = (HashSet::from([group.to_owned()]), vec![group.to_owned()], Vec::new());
        while let Some(at) = open.pop() {
            let Some(row) = self.find(AccessTable::Group, &at) else { continue };
            reached.push(row);
            if matches!(text(row, "Type"), "Regular" | "Queue") && enter(row) {
                open.extend(
                    self.members(&at).filter(|member| member.starts_with("00G") && met.insert((*member).to_owned())).map(str::to_owned),
                );
            }
        }
        reached
    }

    /// Whether a user is in a group, bosses aside.
    fn within(&self, group: &str, user: &str) -> bool {
        self.reach(group, &|_| true).into_iter().any(|row| match text(row, "Type") {
            "Regular" | "Queue" => self.members(text(row, "Id")).any(|member| member == user),
            "Organization" => true,
            "Manager" => self.managers(text(row, "RelatedId")).iter().any(|manager| manager == user),
            "ManagerAndSubordinatesInternal" => {
                let top = text(row, "RelatedId");
                !top.is_empty() && (top == user || self.managers(user).iter().any(|manager| manager == top))
            }
            _ => self.stands_for(row, self.role_of(user)),
        })
    }

    /// Whether a group is made of the users of a role.
    fn stands_for(&self, group: &Value, role: &str) -> bool {
        let top = text(group, "RelatedId");
        !role.is_empty()
            && match text(group, "Type") {
                "Role" => top == role,
                "RoleAndSubordinates" | "RoleAndSubordinatesInternal" => {
                    top == role || self.roles_above(role).iter().any(|above| above == top)
                }
                _ => false,
            }
    }

    /// Whether a user is in a group as a superior of a member.
    fn boss_within(&self, group: &str, user: &str) -> bool {
        let (Some(row), role) = (self.find(AccessTable::Group, group), self.role_of(user)) else { return false };
        if row["DoesIncludeBosses"] != true || role.is_empty() {
            return false;
        }
        let reached = self.reach(group, &|row| row["DoesIncludeBosses"] == true);
        self.rows(AccessTable::User).map(|row| text(row, "Id")).any(|member| {
            let below = self.served(member) && self.roles_above(self.role_of(member)).iter().any(|above| above == role);
            below
                && reached.iter().any(|row| match text(row, "Type") {
                    "Regular" | "Queue" => row["DoesIncludeBosses"] == true && self.members(text(row, "Id")).any(|listed| listed == member),
                    _ => self.stands_for(row, self.role_of(member)),
                })
        })
    }

    fn in_circle(&self, circle: &str, user: &str) -> bool {
        let public = |row: &Value| row["CollaborationType"] == "Public" && matches!(text(row, "NetworkId"), "" | "000000000000000AAA");
        self.find(AccessTable::CollaborationGroup, circle).is_some_and(public)
            || self
                .rows(AccessTable::CollaborationGroupMember)
                .any(|row| text(row, "CollaborationGroupId") == circle && text(row, "MemberId") == user)
    }

    fn in_library(&self, library: &str, user: &str) -> bool {
        self.rows(AccessTable::ContentWorkspaceMember).any(|row| {
            let member = text(row, "MemberId");
            text(row, "ContentWorkspaceId") == library && (member == user || member.starts_with("00G") && self.within(member, user))
        })
    }
}
