//! What an operator wants synced: the reference connector's keys, understood.

use crate::catalog::Blob;

/// How many nested entities of a kind one document may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NestedLimit {
    /// The first so many, with a warning when there are more.
    At(usize),
    /// All of them.
    Unlimited,
}

impl Default for NestedLimit {
    /// 500, as in the reference connector.
    fn default() -> Self {
        Self::At(500)
    }
}

impl NestedLimit {
    /// Rows to ask for so that a cut is noticed: one more than are kept.
    pub fn ask(self) -> Option<usize> {
        match self {
            Self::At(limit) => Some(limit + 1),
            Self::Unlimited => None,
        }
    }
}

/// Names, or all there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names {
    /// `*`.
    All,
    /// These; may be empty.
    Only(Vec<String>),
}

impl Names {
    /// Reads a comma-separated list; `*` anywhere means all.
    pub fn parse(text: &str) -> Self {
        let names: Vec<_> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        if names.iter().any(|name| name == "*") { Self::All } else { Self::Only(names) }
    }
}

/// Which objects a connector syncs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// `standard_objects_to_sync`.
    pub standard: Names,
    /// `custom_objects_to_sync`; empty when `sync_custom_objects` is off. Names with or without `__c`.
    pub custom: Names,
    /// `file_objects_to_sync`: objects whose records are files.
    pub files: Vec<Blob>,
}

impl Default for Selection {
    fn default() -> Self {
        Self { standard: Names::All, custom: Names::Only(Vec::new()), files: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_trimmed_and_a_star_anywhere_means_all() {
        assert_eq!(Names::parse(" Account, ,Case "), Names::Only(vec!["Account".into(), "Case".into()]));
        assert_eq!(Names::parse("Foo,*"), Names::All);
        assert_eq!(Names::parse(""), Names::Only(Vec::new()));
    }
}
