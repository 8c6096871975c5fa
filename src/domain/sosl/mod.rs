//! SOSL: parser of searches, syntax tree with places in the text, printer, and the words of a search term.
//!
//! The grammar is the one of the REST resource `search` (Salesforce SOQL and SOSL reference); names, conditions, orders and
//! literals are those of [`crate::soql`]. The form `FIND 'term'` belongs to Apex and is refused, as the resource does.

mod ast;
mod parser;
mod print;
mod term;
mod words;

pub use self::ast::{Field, FieldList, Returning, Search, SearchGroup, Term, Tracking, WithClause};
pub use self::parser::parse;
pub use self::term::{Expression, Word, WordPart};
pub use self::words::words;

/// The `errorCode` that Salesforce answers with when a search cannot be parsed.
pub const ERROR_CODE: &str = "MALFORMED_SEARCH";

#[cfg(test)]
mod tests;
