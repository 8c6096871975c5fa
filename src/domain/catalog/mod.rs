//! The objects that the engine knows: which fields it asks for, what is nested in a document, what is looked up.
//!
//! The lists are those of the reference connector, so that documents are equal field for field.

mod account;
mod blob;
mod campaign;
mod case;
mod checksum;
mod contact;
mod custom;
mod document;
mod file;
mod layout;
mod lead;
mod links;
mod opportunity;
mod plan;
mod query;

pub use blob::Blob;
pub use checksum::Checksum;
pub use document::{Cut, DocumentShape, Parts, PipelineFlags};
pub use file::{ContentAt, EXTENSIONS, FileLink, FileRef, Ineligible};
pub use layout::{FieldKind, Layout};
pub use links::FileFacts;
pub use plan::{DescribedObject, GlobalObject, Planned, needed_describes, plan};
pub use query::{children_query, in_list, link_query, lookup_query, page_query, rows_query};

use crate::rules::RulePlan;

/// What a child list looks like in the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `{"totalSize":n,"done":true,"records":[..]}`, as a sub-select gives it.
    Envelope,
    /// A plain array.
    Array,
}

/// How many children of a kind go into a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cap {
    /// The first one in the order asked for.
    One,
    /// `nested_entity_limit`.
    Limit,
    /// All: the reference connector has no limit here.
    All,
}

/// How children are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// Sub-select over this child relationship of the parent.
    SubSelect(&'static str),
    /// Query of the child object by the field that names the parent.
    Query {
        /// Child object.
        object: &'static str,
        /// Field with the parent's id.
        parent: &'static str,
    },
}

/// A kind of children, as written in the catalog.
#[derive(Debug)]
pub struct ChildSpec {
    /// Key in the document.
    pub key: &'static str,
    /// How they are found.
    pub via: Via,
    /// Object that must be there and queryable, else the kind is left out.
    pub object: &'static str,
    /// Always asked for.
    pub fixed: &'static [&'static str],
    /// Asked for when the describe of `object` offers them.
    pub wanted: &'static [&'static str],
    /// `ORDER BY`.
    pub order: Option<&'static str>,
    /// How many.
    pub cap: Cap,
    /// How they look in the document.
    pub shape: Shape,
    /// Their own children.
    pub children: &'static [ChildSpec],
}

/// A record of another object, found by an id in a field, shown under a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookupSpec {
    /// Key in the document.
    pub key: &'static str,
    /// Field with the id.
    pub field: &'static str,
    /// What is looked up.
    pub target: LookupTarget,
}

/// The objects that look-ups lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LookupTarget {
    /// `Id, Name`.
    Account,
    /// `Id, Name, Email`.
    Contact,
    /// `Id, Name`.
    Opportunity,
    /// `Id, Name, Email`.
    User,
}

impl LookupTarget {
    /// API name of the object.
    pub fn object(self) -> &'static str {
        match self {
            Self::Account => "Account",
            Self::Contact => "Contact",
            Self::Opportunity => "Opportunity",
            Self::User => "User",
        }
    }
    /// Fields that are shown.
    pub fn fields(self) -> &'static str {
        match self {
            Self::Account | Self::Opportunity => "Id,Name",
            Self::Contact | Self::User => "Id,Name,Email",
        }
    }
}

/// A standard object, as written in the catalog.
#[derive(Debug)]
pub struct ObjectSpec {
    /// API name.
    pub name: &'static str,
    /// Always asked for.
    pub fixed: &'static [&'static str],
    /// Asked for when the describe offers them.
    pub wanted: &'static [&'static str],
    /// Kinds of children besides file links, which every object has.
    pub children: &'static [ChildSpec],
    /// Look-ups.
    pub lookups: &'static [LookupSpec],
}

/// The standard objects, in the order in which they are synced.
pub static CATALOG: &[&ObjectSpec] = &[&account::SPEC, &opportunity::SPEC, &contact::SPEC, &lead::SPEC, &campaign::SPEC, &case::SPEC];

/// An object as this run reads it: the spec met with what the org offers to the run-as user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectPlan {
    /// API name; of an advanced rule `rule 3`.
    pub name: String,
    /// First three characters of its ids, when the org says.
    pub key_prefix: Option<String>,
    /// Columns of the page query, `Id` first.
    pub fields: Vec<String>,
    /// Kinds of children, file links last.
    pub children: Vec<ChildPlan>,
    /// Look-ups and whether their object may be queried (if not, they show `{}`).
    pub lookups: Vec<(LookupSpec, bool)>,
    /// The advanced rule that is read in place of all records of the object.
    pub rule: Option<RulePlan>,
    /// Its records are files, each a document with content.
    pub blob: Option<Blob>,
    /// `WHERE` of the page query, besides where it goes on.
    pub filter: Option<&'static str>,
}

impl ObjectPlan {
    /// Objects whose records become its documents; none when anything may be found.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        let (rule, name) = match &self.rule {
            Some(rule) => (rule.objects.as_slice(), None),
            None => (&[][..], Some(self.name.as_str())),
        };
        rule.iter().map(String::as_str).chain(name)
    }

    /// First characters of the ids of its records.
    pub fn prefixes(&self) -> impl Iterator<Item = &str> {
        let rule = self.rule.as_ref().map_or(&[][..], |rule| rule.prefixes.as_slice());
        rule.iter().map(String::as_str).chain(self.key_prefix.as_deref())
    }
}

/// A kind of children as this run reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildPlan {
    /// Key in the document.
    pub key: &'static str,
    /// How they are found.
    pub via: Via,
    /// Columns.
    pub fields: Vec<String>,
    /// `WHERE` of the sub-select.
    pub filter: Option<String>,
    /// `ORDER BY`.
    pub order: Option<&'static str>,
    /// How many.
    pub cap: Cap,
    /// How they look in the document.
    pub shape: Shape,
    /// Their own children.
    pub children: Vec<ChildPlan>,
}

/// Key under which file links stand in a document.
pub const LINKS: &str = "ContentDocumentLinks";
