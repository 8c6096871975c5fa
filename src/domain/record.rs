//! What travels through the engine: records as Salesforce sent them, and documents as the index gets them.

use std::collections::HashMap;

use bytes::Bytes;

use crate::{Fault, RecordId};

/// One record: its identity, what the engine needs of it, and its raw JSON.
#[derive(Clone, Debug)]
pub struct Record {
    /// `Id`.
    pub id: RecordId,
    /// `LastModifiedDate` as Salesforce sent it.
    pub modified: Option<Box<str>>,
    /// The ids under the fields of the object's look-ups, in the order of [`crate::ObjectPlan::lookups`].
    pub refs: Vec<Option<RecordId>>,
    /// The raw object, on one line; a slice of the page it came with.
    pub text: Bytes,
}

/// Where the next page of an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageCursor {
    /// A fresh query for everything after this record (`None`: from the start).
    After(Option<RecordId>),
    /// A query cursor of the source, opaque; `after` is where to start anew should it expire.
    Token {
        /// Opaque to the engine.
        token: String,
        /// Last record of the page before.
        after: Option<RecordId>,
    },
}

/// One page of an object, in the order of record ids.
#[derive(Debug, Default)]
pub struct Page {
    /// The records.
    pub records: Vec<Record>,
    /// Rows that are no records, with the reason.
    pub unusable: Vec<Fault>,
    /// Where to go on; `None` at the end.
    pub next: Option<PageCursor>,
    /// Rows that the query behind this page matched when it began, when the source says. All pages of one cursor repeat it; a fresh
    /// query ([`PageCursor::After`], or an expired cursor) counts only what comes after its start. Rows may vanish meanwhile: an
    /// estimate for progress, never a promise.
    pub total: Option<u64>,
    /// Bytes of the page in memory.
    pub bytes: usize,
    /// The source gives no more rows than these, and there may be others.
    pub cut: bool,
}

/// Children of one kind of one parent, in the source's order.
#[derive(Clone, Debug, Default)]
pub struct ChildList {
    /// The rows; at most one more than the limit asked for, which proves that there are more.
    pub rows: Vec<ChildRow>,
}

/// One child.
#[derive(Clone, Debug)]
pub struct ChildRow {
    /// The raw object without its own children.
    pub text: Bytes,
    /// Its own children, by position in [`crate::ChildPlan::children`]; `None` where there are none.
    pub nested: Vec<Option<ChildList>>,
}

/// Children of a page's records: for each parent that has any, one entry per position in [`crate::ObjectPlan::children`].
pub type Children = HashMap<RecordId, Vec<Option<ChildList>>>;

/// A document ready for the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Identity in the index.
    pub id: RecordId,
    /// The source text, one JSON object on one line.
    pub body: Vec<u8>,
}

/// What is to be done to one document of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BulkOp {
    /// Write it, whatever was there.
    Put(Document),
    /// Leave what is there, but count it as met by this run: its record exists and could not be made into a document.
    Keep(RecordId),
}

impl BulkOp {
    /// The document it is about.
    pub fn id(&self) -> RecordId {
        match self {
            Self::Put(document) => document.id,
            Self::Keep(id) => *id,
        }
    }

    /// Bytes on the wire, near enough to cut batches by.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Put(document) => document.body.len() + 64,
            Self::Keep(_) => 64,
        }
    }
}
