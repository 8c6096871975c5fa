//! What of an org a running user sees: which objects, and whether all files.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Asker, Right, Rule};
use crate::org::Org;

/// The part of an org that a user may query. Compared to find out whether it has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sight {
    /// Names of the objects that the user does not see.
    pub(crate) hidden: BTreeSet<String>,
    /// Whether links of files may be queried without a filter.
    pub(crate) all_files: bool,
}

impl Sight {
    /// What a user sees at a moment; someone who is no active user sees nothing.
    pub(crate) fn of(org: &Org, user: &str, now: Timestamp) -> Self {
        let asker = Asker::of(org, user, now);
        let sees = |object: &str| asker.as_ref().is_some_and(|asker| asker.sees(object));
        let hidden = org.objects().filter(|object| !sees(&object.name)).map(|object| object.name.clone()).collect();
        Self { hidden, all_files: asker.as_ref().is_some_and(Asker::opens_all_files) }
    }
}

impl Asker<'_> {
    /// Whether the user may query an object at all.
    fn sees(&self, object: &str) -> bool {
        match (Rule::of(object), Rule::governing(object)) {
            (_, Some(governing)) => self.has(&governing, Right::Read),
            (Rule::Setup(columns), None) => self.has_any(columns),
            _ => true,
        }
    }
}
