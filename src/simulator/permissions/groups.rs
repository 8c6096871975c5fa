//! Who is in a group: listed members, groups in groups, roles, managers, everybody.

use std::collections::HashSet;

use super::rows::{find, flag, id_of, is, is_internal, pointing, reference};
use crate::org::{IdKey, Org, RowRef};

/// A walk through a group and those in it, in search of one user.
pub(super) struct Search<'a> {
    org: &'a Org,
    user: IdKey,
    role: Option<IdKey>,
    internal: bool,
    /// Groups seen already, each with whether superiors counted on the way there.
    seen: HashSet<(IdKey, bool)>,
}

/// Whether a user is in a group. Superiors of members are when every group on the way to them includes bosses.
pub(super) fn is_in(org: &Org, user: IdKey, group: IdKey) -> bool {
    let Some(row) = find(org, "User", user) else { return false };
    let mut search = Search { org, user, role: reference(&row, "UserRoleId"), internal: is_internal(&row), seen: HashSet::new() };
    search.reaches(group, true)
}

impl Search<'_> {
    /// Whether the user is in this group; `bosses` tells whether all groups before it include them.
    fn reaches(&mut self, group: IdKey, bosses: bool) -> bool {
        let Some(row) = find(self.org, "Group", group) else { return false };
        let bosses = bosses && flag(&row, "DoesIncludeBosses");
        if !self.seen.insert((group, bosses)) {
            return false;
        }
        let related = reference(&row, "RelatedId");
        let one_of = |kinds: &[&str]| kinds.iter().any(|kind| is(&row, "Type", kind));
        if one_of(&["Regular", "Queue"]) {
            self.is_listed(group, bosses)
        } else if one_of(&["Role"]) {
            related.is_some_and(|role| self.role == Some(role) || (bosses && self.leads(role)))
        } else if one_of(&["RoleAndSubordinates"]) {
            related.is_some_and(|role| self.is_under(role) || (bosses && self.leads(role)))
        } else if one_of(&["RoleAndSubordinatesInternal"]) {
            related.is_some_and(|role| self.internal && (self.is_under(role) || (bosses && self.leads(role))))
        } else if one_of(&["Manager"]) {
            related.is_some_and(|of| self.manages(of))
        } else if one_of(&["ManagerAndSubordinatesInternal"]) {
            related.is_some_and(|manager| self.internal && (self.user == manager || reports_to(self.org, self.user, manager)))
        } else {
            // What else there is (customers, partners, territories) is not modelled, and opens nothing.
            one_of(&["Organization"]) && self.internal
        }
    }

    fn is_listed(&mut self, group: IdKey, bosses: bool) -> bool {
        let members: Vec<IdKey> =
            pointing(self.org, "GroupMember", "GroupId", group).filter_map(|row| reference(&row, "UserOrGroupId")).collect();
        members.into_iter().any(|member| {
            let role_of_member = || find(self.org, "User", member).and_then(|row| reference(&row, "UserRoleId"));
            member == self.user || (bosses && role_of_member().is_some_and(|role| self.leads(role))) || self.reaches(member, bosses)
        })
    }

    /// Whether the user's role is above another one.
    fn leads(&self, role: IdKey) -> bool {
        self.role.is_some_and(|own| own != role && up(self.org, "UserRole", "ParentRoleId", role).contains(&own))
    }

    /// Whether the user's role is this one or below it.
    fn is_under(&self, role: IdKey) -> bool {
        self.role.is_some_and(|own| own == role || up(self.org, "UserRole", "ParentRoleId", own).contains(&role))
    }

    /// Whether the user is a manager of someone, or a manager of their managers.
    fn manages(&self, of: IdKey) -> bool {
        reports_to(self.org, of, self.user)
    }
}

fn reports_to(org: &Org, user: IdKey, manager: IdKey) -> bool {
    user != manager && up(org, "User", "ManagerId", user).contains(&manager)
}

/// The rows above one by a field that names the next: nearest first, without the row itself unless it is above itself. Ends in a ring.
fn up(org: &Org, object: &str, field: &str, from: IdKey) -> Vec<IdKey> {
    let mut above = Vec::new();
    let mut at = find(org, object, from);
    while let Some(next) = at.and_then(|row: RowRef<'_>| reference(&row, field)).and_then(|id| find(org, object, id)) {
        let Some(id) = id_of(&next).filter(|id| !above.contains(id)) else { break };
        above.push(id);
        at = Some(next);
    }
    above
}
