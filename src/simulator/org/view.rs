//! An org as one user sees it: tables are left out, what is left is shared with the whole org.

use std::collections::HashMap;
use std::sync::Arc;

use super::Org;
use crate::permissions::Sight;

/// What makes an org a view of another one.
#[derive(Debug)]
pub(super) struct View {
    whole: Arc<Org>,
    /// Id of the user.
    user: String,
    /// Per table: whether the user does not see it.
    hidden: Vec<bool>,
    all_files: bool,
}

impl Org {
    /// The org without what a user does not see. Rows in hidden tables are not found by id either.
    pub(crate) fn seen_by(self: &Arc<Self>, user: &str, sight: &Sight) -> Self {
        let hidden: Vec<bool> = self.tables.iter().map(|table| sight.hidden.contains(&table.schema().name)).collect();
        let by_name: HashMap<String, usize> =
            self.by_name.iter().filter(|(_, number)| !hidden[**number]).map(|(name, number)| (name.clone(), *number)).collect();
        let view = View { whole: Arc::clone(self), user: user.to_owned(), hidden, all_files: sight.all_files };
        Self { tables: self.tables.clone(), by_name, ids: Arc::clone(&self.ids), files: Arc::clone(&self.files), view: Some(view) }
    }

    /// The org behind a view; itself when it is none.
    pub(crate) fn whole(self: &Arc<Self>) -> &Arc<Self> {
        self.view.as_ref().map_or(self, |view| &view.whole)
    }

    /// The user whose view this is.
    pub(crate) fn viewer(&self) -> Option<&str> {
        self.view.as_ref().map(|view| view.user.as_str())
    }

    /// Whether links of files may be queried without a filter.
    pub(crate) fn shows_all_files(&self) -> bool {
        self.view.as_ref().is_none_or(|view| view.all_files)
    }

    /// Whether the org has an object that the viewer does not see.
    pub(crate) fn hides(&self, object: &str) -> bool {
        self.view.as_ref().is_some_and(|view| self.table_number(object).is_none() && view.whole.table_number(object).is_some())
    }

    pub(super) fn is_hidden(&self, table: usize) -> bool {
        self.view.as_ref().is_some_and(|view| view.hidden.get(table).copied().unwrap_or(false))
    }
}
