//! Access tokens: what documents list, and what users hold. A user finds a document when they share one.

use std::fmt;
use std::sync::Arc;

use crate::RecordId;
use crate::json::{push_key, push_string};

/// The token of documents that nobody may find. No user ever holds it: a user's tokens all have a colon.
pub const NOBODY: &str = "nobody";

/// The key under which documents list their tokens.
pub const ALLOW: &str = "_allow_access_control";

/// Who may find a document: tokens, sorted, each once, at least one. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct AllowList(Arc<[Arc<str>]>);

impl AllowList {
    /// Of these tokens; of none, the list that closes a document to everybody.
    pub fn new(tokens: impl IntoIterator<Item = Arc<str>>) -> Self {
        let mut tokens: Vec<_> = tokens.into_iter().filter(|token| !token.is_empty()).collect();
        if tokens.is_empty() {
            return Self::nobody();
        }
        tokens.sort_unstable();
        tokens.dedup();
        Self(tokens.into())
    }

    /// The list that closes a document to everybody.
    pub fn nobody() -> Self {
        Self([Arc::from(NOBODY)].into())
    }

    /// Whether nobody may find the document.
    pub fn is_closed(&self) -> bool {
        matches!(&*self.0, [only] if &**only == NOBODY)
    }

    /// The tokens, sorted.
    pub fn tokens(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// The tokens that open something: none of a closed list.
    pub(super) fn opening(&self) -> impl Iterator<Item = Arc<str>> {
        self.0.iter().filter(|token| &***token != NOBODY).cloned()
    }
}

impl fmt::Debug for AllowList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.tokens()).finish()
    }
}

/// Appends the member `_allow_access_control` to a document that is still open at its end.
pub fn push_tokens(out: &mut Vec<u8>, list: &AllowList) {
    push_key(out, ALLOW);
    push_list(out, list.tokens());
}

/// Appends texts as a JSON array.
pub(super) fn push_list<'a>(out: &mut Vec<u8>, texts: impl Iterator<Item = &'a str>) {
    out.push(b'[');
    for (no, text) in texts.enumerate() {
        if no > 0 {
            out.push(b',');
        }
        push_string(out, text);
    }
    out.push(b']');
}

pub(super) fn of_user(id: RecordId) -> String {
    format!("user_id:{id}")
}

pub(super) fn of_email(email: &str) -> String {
    format!("email:{email}")
}

pub(super) fn of_name(name: &str) -> String {
    format!("user:{name}")
}

pub(super) fn of_readers(object: &str) -> String {
    format!("object:{object}:read")
}

pub(super) fn of_group(id: RecordId) -> String {
    format!("group:{id}")
}

pub(super) fn of_library(id: RecordId) -> String {
    format!("library:{id}")
}

pub(super) fn of_org(id: RecordId) -> String {
    format!("org:{id}")
}
