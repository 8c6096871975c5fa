//! The syntax tree of a search. Equality ignores places in the text.

use crate::soql::{Condition, Count, Name, Operand, OrderBy, Span};

/// A `FIND` statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// What is searched for.
    pub term: Term,
    /// `IN group FIELDS`; all fields when not given.
    pub scope: Option<SearchGroup>,
    /// `RETURNING`; empty when not given: rows of all objects, with their ids alone.
    pub returning: Vec<Returning>,
    /// `WITH` clauses, in their order.
    pub with: Vec<WithClause>,
    /// `LIMIT` of all rows together.
    pub limit: Option<Count>,
    /// `UPDATE TRACKING`, `UPDATE VIEWSTAT`.
    pub update: Vec<Tracking>,
    /// The statement, without white space around it.
    pub span: Span,
}

/// A search term as it was typed; [`Term::expression`] says what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// What stands between the braces, escapes and white space included.
    pub text: String,
    /// Place, without the braces.
    pub span: Span,
}

/// Which fields are searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchGroup {
    /// `IN ALL FIELDS`
    All,
    /// `IN NAME FIELDS`
    Name,
    /// `IN EMAIL FIELDS`
    Email,
    /// `IN PHONE FIELDS`
    Phone,
    /// `IN SIDEBAR FIELDS`
    Sidebar,
}

impl SearchGroup {
    /// The group that a word names, in any case.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::All, Self::Name, Self::Email, Self::Phone, Self::Sidebar].into_iter().find(|group| group.word().eq_ignore_ascii_case(word))
    }

    /// The word of the grammar.
    pub const fn word(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::Name => "NAME",
            Self::Email => "EMAIL",
            Self::Phone => "PHONE",
            Self::Sidebar => "SIDEBAR",
        }
    }
}

/// One object of `RETURNING`, with what is wanted of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returning {
    /// Object.
    pub object: Name,
    /// Fields; none without parentheses: the id alone. Parentheses hold one field at least.
    pub fields: Option<FieldList>,
    /// `USING Listview = name`.
    pub list_view: Option<Name>,
    /// `WHERE`.
    pub filter: Option<Condition>,
    /// `ORDER BY`.
    pub order_by: Vec<OrderBy>,
    /// `LIMIT` of this object's rows.
    pub limit: Option<Count>,
    /// `OFFSET`.
    pub offset: Option<Count>,
    /// Place, parentheses included.
    pub span: Span,
}

/// The fields of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldList {
    /// Never empty.
    pub items: Vec<Field>,
    /// From the first field to the last one.
    pub span: Span,
}

impl FieldList {
    /// Byte after the last field, where a further `, Field` can be put into the original text.
    pub fn end(&self) -> usize {
        self.span.end
    }

    /// Whether a field of the object itself is asked for as it is: not through a relationship, not inside a function.
    pub fn has(&self, field: &str) -> bool {
        self.items.iter().any(|item| match &item.what {
            Operand::Field(path) => matches!(path.parts.as_slice(), [only] if only.is(field)),
            Operand::Call(_) => false,
        })
    }
}

/// One field that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// A field, or a function of one: `toLabel(Status)`, `FORMAT(Amount)`, `convertCurrency(Amount)`.
    pub what: Operand,
    /// Name of the value in the answer.
    pub alias: Option<Name>,
    /// Place, alias included.
    pub span: Span,
}

/// A `WITH` clause: its meaning is the platform's matter, so it stays as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithClause {
    /// First word after `WITH`: `SNIPPET`, `NETWORK`, `METADATA`, `DATA` and so on.
    pub keyword: Name,
    /// All that follows `WITH`, as typed.
    pub text: String,
    /// Place, `WITH` included.
    pub span: Span,
}

/// What `UPDATE` asks the platform to keep statistics of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tracking {
    /// `UPDATE TRACKING`: words searched for.
    Tracking,
    /// `UPDATE VIEWSTAT`: articles seen.
    ViewStat,
}
