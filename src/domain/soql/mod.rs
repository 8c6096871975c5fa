//! SOQL: parser, syntax tree with places in the text, printer, string literals.
//!
//! The grammar is the one of the REST resource `query` (Salesforce SOQL and SOSL reference), with the parts that only Apex
//! takes parsed where they can be told apart (`ALL ROWS`) and refused where they cannot (`:bind`).

mod ast;
mod condition;
mod lexer;
mod literal;
mod parser;
mod print;
mod select;
mod span;
mod with;

pub use self::ast::{
    Argument, Call, CategoryReach, CategoryTest, Check, Comparison, Condition, Count, Direction, FieldGroup, GroupBy, GroupKind,
    Membership, Name, Nulls, Operand, OrderBy, Path, Places, Query, SelectItem, SelectKind, Source, Test, TypeOf, Usage, When, With,
};
pub(crate) use self::lexer::Kind;
pub use self::literal::{DateUnit, LikePart, Literal, Reach, RelativeDate, Value, quote, quote_like};
pub use self::parser::parse;
pub(crate) use self::parser::{MAX_CHARACTERS, Parser};
pub(crate) use self::print::{list, rows};
pub use self::span::{Position, SoqlError, SoqlErrorKind, Span, point_at};

#[cfg(test)]
mod tests;
