//! Advanced rules: queries of an owner that say which records become documents, instead of the walk over all objects.
//!
//! A query is never searched as text: what is added to it (`Id`, `LastModifiedDate`, the clauses that paging needs) goes to places
//! that the parser found, and every other byte stays as it was typed.

mod read;
mod refusal;
mod soql;
mod sosl;
mod splice;
#[cfg(test)]
mod tests;

pub use self::read::read_advanced;
pub use self::soql::{Paging, SoqlRule};
pub use self::sosl::SoslRule;

use super::RuleError;

/// Characters that a query may have (Salesforce's limit).
pub const MAX_QUERY: usize = crate::soql::MAX_CHARACTERS;

/// The language of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `SELECT ...`, for the REST resource `query`.
    Soql,
    /// `FIND ...`, for the REST resource `search`.
    Sosl,
}

/// One rule as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdvancedRule {
    /// Its place among the rules, counted from 1.
    pub no: usize,
    /// Language of the query.
    pub language: Language,
    /// The query; not blank.
    pub query: String,
}

/// A rule whose query is understood and makes documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParsedRule {
    /// A query of one object.
    Soql(SoqlRule),
    /// A search of any number of objects.
    Sosl(SoslRule),
}

/// What an object offers to a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offers {
    /// It has the field `LastModifiedDate`.
    pub last_modified: bool,
}

impl AdvancedRule {
    /// Understands the query.
    ///
    /// # Errors
    /// What is wrong with it, with row and column: no syntax of its language, or nothing that could become documents (aggregates,
    /// locks, bind variables, rows that cannot be paged).
    pub fn parse(&self) -> Result<ParsedRule, RuleError> {
        match self.language {
            Language::Soql => SoqlRule::parse(&self.query).map(ParsedRule::Soql),
            Language::Sosl => SoslRule::parse(&self.query).map(ParsedRule::Sosl),
        }
        .map_err(|mistake| {
            // A mistake with a place starts with a line of its own, so that its caret stands under it.
            let gap = if mistake.starts_with('\n') { "" } else { " " };
            RuleError::advanced(format!("advanced rule {}:{gap}{mistake}{}", self.no, self.hint()))
        })
    }

    /// What to say about a query in the other language.
    fn hint(&self) -> &'static str {
        let starts = |word: &str| self.query.split_ascii_whitespace().next().is_some_and(|first| first.eq_ignore_ascii_case(word));
        match self.language {
            Language::Soql if starts("FIND") => "; this is a search, whose `language` is `SOSL`",
            Language::Sosl if starts("SELECT") => "; this is a query, whose `language` is `SOQL`",
            _ => "",
        }
    }
}
