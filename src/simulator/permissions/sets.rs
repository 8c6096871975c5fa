//! Permission sets that count for a user: assigned, not expired, not revoked, not bound to a session; groups with what they mute.

use jiff::Timestamp;

use super::rows::{find, flag, id_of, is, pointing, reference};
use crate::org::{IdKey, Org, RowRef, text_of};

/// What is assigned to one user and counts.
pub(super) struct Sets<'a> {
    org: &'a Org,
    assigned: Vec<Assigned>,
}

/// One assignment.
enum Assigned {
    /// A set, or that of a profile.
    Set(IdKey),
    /// A group of sets.
    Group(IdKey),
}

impl<'a> Sets<'a> {
    /// All that is assigned to a user at a moment.
    pub(super) fn of(org: &'a Org, user: IdKey, now: Timestamp) -> Self {
        let current = pointing(org, "PermissionSetAssignment", "AssigneeId", user).filter(|row| is_current(row, now));
        let assigned = current.filter_map(|row| assigned(org, &row)).collect();
        Self { org, assigned }
    }

    /// Whether any of it grants what `names` finds in a single set: a permission set or a muting one.
    pub(super) fn grant(&self, names: impl Fn(IdKey) -> bool) -> bool {
        self.assigned.iter().any(|assigned| match assigned {
            Assigned::Set(set) => names(*set),
            Assigned::Group(group) => group_grants(self.org, *group, &names),
        })
    }
}

/// Whether an assignment is active, has not ended, and was not taken back. Fields that an org lacks say nothing against it.
fn is_current(assignment: &RowRef<'_>, now: Timestamp) -> bool {
    let inactive = assignment.schema().field("IsActive").is_some() && !flag(assignment, "IsActive");
    let expired = assignment.json("ExpirationDate").is_some_and(|json| {
        // What cannot be read as a moment has ended.
        text_of(json).parse::<Timestamp>().map_or(true, |end| end <= now)
    });
    !inactive && !expired && !flag(assignment, "IsRevoked")
}

/// What an assignment brings, unless it is unknown or works in certain sessions only.
fn assigned(org: &Org, assignment: &RowRef<'_>) -> Option<Assigned> {
    let set = reference(assignment, "PermissionSetId").and_then(|set| find(org, "PermissionSet", set));
    let group = reference(assignment, "PermissionSetGroupId").or_else(|| set.and_then(|set| reference(&set, "PermissionSetGroupId")));
    if let Some(group) = group {
        return Some(Assigned::Group(group));
    }
    // The set of a group that is not named cannot be known to be up to date.
    let set = set.filter(|set| !is(set, "Type", "Group") && !flag(set, "HasActivationRequired"))?;
    id_of(&set).map(Assigned::Set)
}

/// Whether a group grants: both its aggregate set and its members do, the muted taken off. If the org has none of one of them, the other
/// decides; a group whose status is not `Updated`, or that works in certain sessions only, grants nothing.
fn group_grants(org: &Org, group: IdKey, names: &impl Fn(IdKey) -> bool) -> bool {
    let counts = find(org, "PermissionSetGroup", group)
        .is_some_and(|group| is(&group, "Status", "Updated") && !flag(&group, "HasActivationRequired"));
    if !counts {
        return false;
    }
    let aggregate = pointing(org, "PermissionSet", "PermissionSetGroupId", group).find_map(|set| id_of(&set));
    let members: Vec<IdKey> = pointing(org, "PermissionSetGroupComponent", "PermissionSetGroupId", group)
        .filter_map(|component| reference(&component, "PermissionSetId"))
        .collect();
    let by_aggregate = aggregate.is_none_or(names);
    let by_members = members.is_empty() || members_grant(org, &members, names);
    (aggregate.is_some() || !members.is_empty()) && by_aggregate && by_members
}

fn members_grant(org: &Org, members: &[IdKey], names: &impl Fn(IdKey) -> bool) -> bool {
    let muted = members.iter().any(|member| find(org, "MutingPermissionSet", *member).is_some() && names(*member));
    let granted = members.iter().any(|member| {
        let counts = find(org, "PermissionSet", *member).is_some_and(|set| !flag(&set, "HasActivationRequired"));
        counts && names(*member)
    });
    granted && !muted
}

/// Whether `ObjectPermissions` gives a set (or takes from those around a muting one) a right on an object.
pub(super) fn has_object_right(org: &Org, set: IdKey, object: &str, column: &str) -> bool {
    pointing(org, "ObjectPermissions", "ParentId", set).any(|row| is(&row, "SobjectType", object) && flag(&row, column))
}

/// Whether a set (or a muting one) has a system permission.
pub(super) fn has_system_right(org: &Org, set: IdKey, column: &str) -> bool {
    org.row(&set.to_18()).is_some_and(|row| flag(&row, column))
}
