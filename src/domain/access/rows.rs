//! Rows of the access tables, read out of raw records.

use std::borrow::Cow;

use jiff::Timestamp;

use super::{AccessError, AccessTable};
use crate::RecordId;
use crate::json::Members;

/// One raw row, asked field by field. Fields that are missing and fields that are null are the same.
pub(super) struct Row<'a> {
    table: AccessTable,
    members: Members<'a>,
}

impl<'a> Row<'a> {
    pub(super) fn of(table: AccessTable, text: &'a [u8]) -> Result<Self, AccessError> {
        let members = Members::of(text).map_err(|_| AccessError::Row { object: table.object() })?;
        Ok(Self { table, members })
    }

    fn unusable(&self, field: &'static str) -> AccessError {
        AccessError::Value { object: self.table.object(), field }
    }

    fn text(&self, field: &'static str) -> Result<Option<Cow<'a, str>>, AccessError> {
        match self.members.get(field) {
            None | Some("null") => Ok(None),
            Some(_) => self.members.text(field).map(Some).ok_or_else(|| self.unusable(field)),
        }
    }

    fn maybe_id(&self, field: &'static str) -> Result<Option<RecordId>, AccessError> {
        let Some(text) = self.text(field)?.filter(|text| !text.is_empty()) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| self.unusable(field))
    }

    fn id(&self, field: &'static str) -> Result<RecordId, AccessError> {
        self.maybe_id(field)?.ok_or_else(|| self.unusable(field))
    }

    fn maybe_flag(&self, field: &'static str) -> Result<Option<bool>, AccessError> {
        match self.members.get(field) {
            None | Some("null") => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(self.unusable(field)),
        }
    }

    fn flag(&self, field: &'static str) -> Result<bool, AccessError> {
        self.maybe_flag(field)?.ok_or_else(|| self.unusable(field))
    }

    fn time(&self, field: &'static str) -> Result<Option<Timestamp>, AccessError> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        // Salesforce writes offsets without a colon, which is not RFC 3339.
        let parsed = text.parse().or_else(|_| Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text.as_ref()));
        parsed.map(Some).map_err(|_| self.unusable(field))
    }
}

/// A row of `User`.
pub(super) struct UserRow<'a> {
    pub(super) id: RecordId,
    pub(super) active: bool,
    pub(super) kind: Cow<'a, str>,
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) email: Option<Cow<'a, str>>,
    pub(super) created: Option<Cow<'a, str>>,
    pub(super) modified: Option<Cow<'a, str>>,
    pub(super) role: Option<RecordId>,
    pub(super) manager: Option<RecordId>,
}

impl<'a> UserRow<'a> {
    pub(super) fn read(row: &Row<'a>) -> Result<Self, AccessError> {
        let filled = |text: Option<Cow<'a, str>>| text.filter(|text| !text.is_empty());
        Ok(Self {
            id: row.id("Id")?,
            active: row.flag("IsActive")?,
            kind: row.text("UserType")?.unwrap_or_default(),
            name: filled(row.text("Name")?),
            email: filled(row.text("Email")?),
            created: row.text("CreatedDate")?,
            modified: row.text("LastModifiedDate")?,
            role: row.maybe_id("UserRoleId")?,
            manager: row.maybe_id("ManagerId")?,
        })
    }
}

/// A row of `PermissionSet`.
pub(super) struct SetRow {
    pub(super) id: RecordId,
    /// Counts only in sessions that activated it.
    pub(super) session: bool,
    /// Stands for a group of permission sets.
    pub(super) aggregate: bool,
    pub(super) group: Option<RecordId>,
}

impl SetRow {
    pub(super) fn read(row: &Row<'_>) -> Result<Self, AccessError> {
        let (kind, group) = (row.text("Type")?, row.maybe_id("PermissionSetGroupId")?);
        let session = row.maybe_flag("HasActivationRequired")?.unwrap_or(false) || kind.as_deref() == Some("Session");
        Ok(Self { id: row.id("Id")?, session, aggregate: group.is_some() || kind.as_deref() == Some("Group"), group })
    }
}

/// A row of `ObjectPermissions`; `None` for one that is not about reading.
pub(super) fn read_permission<'a>(row: &Row<'a>) -> Result<Option<(RecordId, Cow<'a, str>)>, AccessError> {
    let (set, object) = (row.id("ParentId")?, row.text("SobjectType")?.ok_or_else(|| row.unusable("SobjectType"))?);
    Ok(row.flag("PermissionsRead")?.then_some((set, object)))
}

/// A row of `PermissionSetAssignment` that counts.
pub(super) struct AssignmentRow {
    pub(super) user: RecordId,
    pub(super) set: Option<RecordId>,
    pub(super) group: Option<RecordId>,
    /// It counts before this moment only.
    pub(super) until: Option<Timestamp>,
}

impl AssignmentRow {
    /// `None` when it was revoked or is not active.
    pub(super) fn read(row: &Row<'_>) -> Result<Option<Self>, AccessError> {
        let read = Self {
            user: row.id("AssigneeId")?,
            set: row.maybe_id("PermissionSetId")?,
            group: row.maybe_id("PermissionSetGroupId")?,
            until: row.time("ExpirationDate")?,
        };
        let counts = row.maybe_flag("IsActive")?.unwrap_or(true) && !row.maybe_flag("IsRevoked")?.unwrap_or(false);
        Ok(counts.then_some(read))
    }
}

/// A row of `PermissionSetGroup`: its id, and whether it gives rights outside of activated sessions and is not being recalculated.
pub(super) fn set_group(row: &Row<'_>) -> Result<(RecordId, bool), AccessError> {
    let session = row.maybe_flag("HasActivationRequired")?.unwrap_or(false);
    Ok((row.id("Id")?, row.text("Status")?.as_deref() == Some("Updated") && !session))
}

/// What the members of a group have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GroupKind {
    /// `Regular`, `Queue`: they are listed.
    Listed,
    /// `Role`: the role.
    Role(RecordId),
    /// `RoleAndSubordinates`, `RoleAndSubordinatesInternal`: a role at or below this one. They differ in portal users only.
    Branch(RecordId),
    /// `Manager`: managers of this user, up to the top.
    Managers(RecordId),
    /// `ManagerAndSubordinatesInternal`: this user and all below.
    Team(RecordId),
    /// `Organization`: all internal users.
    Everyone,
    /// Groups of portal users, territories and others that are not known: nobody.
    Nobody,
}

/// A row of `Group`.
pub(super) struct GroupRow {
    pub(super) id: RecordId,
    pub(super) kind: GroupKind,
    pub(super) bosses: bool,
}

impl GroupRow {
    pub(super) fn read(row: &Row<'_>) -> Result<Self, AccessError> {
        let kind = row.text("Type")?.unwrap_or_default();
        let related = |kind: fn(RecordId) -> GroupKind| Ok(row.maybe_id("RelatedId")?.map_or(GroupKind::Nobody, kind));
        let kind = match kind.as_ref() {
            "Regular" | "Queue" => GroupKind::Listed,
            "Role" => related(GroupKind::Role)?,
            "RoleAndSubordinates" | "RoleAndSubordinatesInternal" => related(GroupKind::Branch)?,
            "Manager" => related(GroupKind::Managers)?,
            "ManagerAndSubordinatesInternal" => related(GroupKind::Team)?,
            "Organization" => GroupKind::Everyone,
            _ => GroupKind::Nobody,
        };
        Ok(Self { id: row.id("Id")?, kind, bosses: row.maybe_flag("DoesIncludeBosses")?.unwrap_or(false) })
    }
}

/// A row of `CollaborationGroup`: its id, and whether every internal user sees it.
pub(super) fn chatter_group(row: &Row<'_>) -> Result<(RecordId, bool), AccessError> {
    // A public group of a site is public to the members of that site. The empty key stands for the org itself.
    let site = row.text("NetworkId")?.is_some_and(|id| id.bytes().take(15).any(|byte| byte != b'0'));
    Ok((row.id("Id")?, row.text("CollaborationType")?.as_deref() == Some("Public") && !site))
}

/// A row of `UserRole`: its id and the role above.
pub(super) fn role(row: &Row<'_>) -> Result<(RecordId, Option<RecordId>), AccessError> {
    Ok((row.id("Id")?, row.maybe_id("ParentRoleId")?))
}

/// The `Id` of a row.
pub(super) fn only_id(row: &Row<'_>) -> Result<RecordId, AccessError> {
    row.id("Id")
}

/// Two ids that a row brings together.
pub(super) fn pair(row: &Row<'_>, fields: [&'static str; 2]) -> Result<(RecordId, RecordId), AccessError> {
    Ok((row.id(fields[0])?, row.id(fields[1])?))
}
