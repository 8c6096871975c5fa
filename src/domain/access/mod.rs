//! Access at the level of objects: who may find which document.
//!
//! A document lists tokens, a user holds tokens, and a user finds a document when they share one. By default a document names the
//! permission that opens it (`object:Case:read`) and the user holds the permissions, so that a change of permissions rewrites what
//! users hold and never a document. In [`Mode::UserLists`] documents list users, which is what the reference connector does.
//!
//! Whatever is not known grants nothing, and a document that nobody may find carries [`NOBODY`]. Facts of the platform: the Object
//! Reference on `PermissionSetAssignment`, `ObjectPermissions`, `Group`, `ContentDocumentLink`.
//!
//! | module | what it holds |
//! |---|---|
//! | `builder` | rows in, [`Directory`] out |
//! | `compact` | numbers, sets, lists |
//! | `content` | [`AllowLists`] of records and files |
//! | `directory` | questions about users |
//! | `document` | access documents |
//! | `membership` | groups, roles, managers, libraries |
//! | `permissions` | permission sets, their groups, assignments |
//! | `rows` | raw records, field by field |
//! | `table` | what to query |
//! | `token` | tokens, and how documents carry them |

mod builder;
mod compact;
mod content;
mod directory;
mod document;
mod error;
mod membership;
mod permissions;
mod rows;
mod table;
mod token;

pub use builder::DirectoryBuilder;
pub use content::{AllowLists, FileLinks, Prefixes};
pub use directory::Directory;
pub use document::{ACCESS_INDEX_PREFIX, TERMS, access_index};
pub use error::AccessError;
pub use table::AccessTable;
pub use token::{ALLOW, AllowList, NOBODY, push_tokens};

use crate::RecordId;

/// What documents list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Permissions.
    Tokens,
    /// The users who have them, as the reference connector lists them (`compatibility: elastic`). A change of permissions shows when
    /// the documents are written again.
    UserLists,
}

/// Why a user may or may not read the records of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No such user.
    UnknownUser,
    /// The user is not active.
    Inactive,
    /// Only users of type `Standard` are served; the user is of this type.
    NotServed(String),
    /// None of these assignments, which are all that count, gives Read on the object.
    NoSet(Vec<Via>),
    /// These assignments do.
    Reads(Vec<Via>),
}

/// What an assignment names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Via {
    /// The permission set: of a profile, of its own, or the aggregate of a group.
    pub set: Option<RecordId>,
    /// The group of permission sets.
    pub group: Option<RecordId>,
}

#[cfg(test)]
mod tests;
