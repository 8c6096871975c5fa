//! Who may read what: the judge that indexes of the org are compared with.
//!
//! Every question is answered by a plain walk over the tables, with nothing kept between questions: slow, and easy to be sure of. Access
//! is that of objects and of files; who owns a record, sharing rules and roles do not open or close single records (`docs/simulator.md`).

mod files;
mod groups;
mod objects;
mod records;
mod rows;
mod sets;
mod sight;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

use self::objects::Rule;
pub(crate) use self::records::{OBJECT, access_rows};
use self::rows::{flag, id_of, is_internal, live, reference};
use self::sets::Sets;
pub(crate) use self::sight::Sight;
use crate::org::{IdKey, Org, RowRef};

/// Whether a user may read a record at a moment. Both ids have 15 or 18 characters.
///
/// A record: the user is active, and a permission set that counts for the user has Read on the record's object. A file (`069`, or a
/// version of it, `068`): the user owns it, or one of its links leads to the user, to a group or library the user is in, to the
/// organisation, or to a record the user may read; or the user has both View All Data and Query All Files. What is in the recycle bin,
/// and what the org does not have, nobody reads.
///
/// Users of all types are judged alike, but what is shared with the organisation or with a public group is for internal users only.
pub fn may_read(org: &Org, user: &str, record: &str, now: Timestamp) -> bool {
    let Some(asker) = Asker::of(org, user, now) else { return false };
    org.row(record).filter(live).is_some_and(|row| asker.may(row, Right::Read))
}

/// The same for many records of one user, in their order: the user's permission sets are looked up only once.
pub fn may_read_each<'r>(org: &Org, user: &str, records: impl IntoIterator<Item = &'r str>, now: Timestamp) -> Vec<bool> {
    let asker = Asker::of(org, user, now);
    let may = |record: &str| {
        let row = org.row(record).filter(live);
        asker.as_ref().zip(row).is_some_and(|(asker, row)| asker.may(row, Right::Read))
    };
    records.into_iter().map(may).collect()
}

/// What someone may do with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    Read,
    Edit,
    Delete,
    /// Modify All of the object.
    All,
}

impl Right {
    /// The column of `ObjectPermissions`.
    fn column(self) -> &'static str {
        match self {
            Self::Read => "PermissionsRead",
            Self::Edit => "PermissionsEdit",
            Self::Delete => "PermissionsDelete",
            Self::All => "PermissionsModifyAllRecords",
        }
    }
}

/// An active user whose rights are asked for, and the permission sets that count for it.
pub(crate) struct Asker<'a> {
    org: &'a Org,
    user: IdKey,
    /// Whether this is no customer, partner, guest or process.
    internal: bool,
    sets: Sets<'a>,
}

impl<'a> Asker<'a> {
    /// The user, unless it is unknown, deleted or inactive.
    pub(crate) fn of(org: &'a Org, user: &str, now: Timestamp) -> Option<Self> {
        let row = org.row(user).filter(|row| row.schema().name == "User" && live(row))?;
        // An org whose users have no such field does not know inactive ones.
        if row.schema().field("IsActive").is_some() && !flag(&row, "IsActive") {
            return None;
        }
        let user = id_of(&row)?;
        Some(Self { org, user, internal: is_internal(&row), sets: Sets::of(org, user, now) })
    }

    /// Whether the user has a right on a record that is there.
    pub(crate) fn may(&self, row: RowRef<'_>, right: Right) -> bool {
        match Rule::of(&row.schema().name) {
            Rule::Granted => Rule::governing(&row.schema().name).is_some_and(|object| self.has(&object, right)),
            Rule::Everyone => right == Right::Read,
            Rule::Setup(columns) => right == Right::Read && self.has_any(columns),
            Rule::File => self.may_with_file(&row, right),
            Rule::Child(_) => self.parent(&row, "ParentId").is_some_and(|parent| self.may(parent, right)),
            Rule::Attached => self.may_with_attachment(&row, right),
        }
    }

    /// Whether sets that count give a right on an object; none goes without Read.
    pub(crate) fn has(&self, object: &str, right: Right) -> bool {
        let holds = |right: Right| self.sets.grant(|set| sets::has_object_right(self.org, set, object, right.column()));
        holds(Right::Read) && (right == Right::Read || holds(right))
    }

    /// Whether sets that count have one of these system permissions, which are columns of `PermissionSet`.
    pub(crate) fn has_any(&self, columns: &[&str]) -> bool {
        columns.iter().any(|column| self.sets.grant(|set| sets::has_system_right(self.org, set, column)))
    }

    /// A record that another one belongs to, unless it is gone.
    fn parent(&self, row: &RowRef<'_>, field: &str) -> Option<RowRef<'a>> {
        self.org.row(&reference(row, field)?.to_18()).filter(live)
    }

    /// Attachments follow the record they are on; private ones are for their owner and for those who may modify everything.
    fn may_with_attachment(&self, row: &RowRef<'_>, right: Right) -> bool {
        let owner = reference(row, "OwnerId") == Some(self.user);
        if flag(row, "IsPrivate") && !owner && !self.has_any(&["PermissionsModifyAllData"]) {
            return false;
        }
        self.parent(row, "ParentId").is_some_and(|parent| self.may(parent, right))
    }
}
