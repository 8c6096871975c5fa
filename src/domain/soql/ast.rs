//! The syntax tree of a query. Equality ignores places in the text.

use super::literal::{LikePart, Literal};
use super::span::Span;

/// A `SELECT` statement, or a sub-select.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The select list; never empty.
    pub select: Vec<SelectItem>,
    /// Object, or child relationship in a sub-select.
    pub from: Source,
    /// Further `FROM` entries in the old form, as in `FROM Account a, a.Contacts c`.
    pub relations: Vec<Source>,
    /// `USING SCOPE name`.
    pub scope: Option<Name>,
    /// `WHERE`.
    pub filter: Option<Condition>,
    /// `WITH`.
    pub with: Vec<With>,
    /// `GROUP BY`.
    pub group_by: Option<GroupBy>,
    /// `HAVING`.
    pub having: Option<Condition>,
    /// `ORDER BY`.
    pub order_by: Vec<OrderBy>,
    /// `LIMIT`.
    pub limit: Option<Count>,
    /// `OFFSET`.
    pub offset: Option<Count>,
    /// `FOR VIEW`, `FOR REFERENCE`, `FOR UPDATE`, `UPDATE TRACKING`, `UPDATE VIEWSTAT`.
    pub usage: Vec<Usage>,
    /// `SET OPTIONS (name = value, ...)`.
    pub options: Vec<(Name, Literal)>,
    /// `ALL ROWS`, which Salesforce takes in Apex only.
    pub all_rows: Option<Span>,
    /// Where clauses are or could be.
    pub places: Places,
    /// The statement, without the parentheses of a sub-select.
    pub span: Span,
}

impl Query {
    /// Byte after the last item of the select list, where a further `, item` can be put into the original text.
    pub fn select_end(&self) -> usize {
        self.select.last().map_or(self.span.start, |item| item.span.end)
    }
}

/// Where clauses are in the text: what follows the keyword, parentheses included. Of a clause that is not there, the empty place behind
/// the token before it, where it can be put into the original text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The condition of `WHERE`.
    pub filter: Span,
    /// The condition of `HAVING`.
    pub having: Span,
    /// The list of `ORDER BY`.
    pub order_by: Span,
    /// The number of `LIMIT`.
    pub limit: Span,
    /// `FOR`, `UPDATE` and `SET OPTIONS` with their arguments, keywords included.
    pub usage: Span,
}

/// An identifier as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The identifier; Salesforce compares it without regard to case.
    pub text: String,
    /// Place.
    pub span: Span,
}

impl Name {
    /// Whether this is `other` but for case.
    pub fn is(&self, other: &str) -> bool {
        self.text.eq_ignore_ascii_case(other)
    }
}

/// A field with the relationships that lead to it: `Account.Owner.Name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Relationships, then the field; never empty.
    pub parts: Vec<Name>,
    /// Place of all of it.
    pub span: Span,
}

/// One item of a select list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectItem {
    /// What is asked for.
    pub kind: SelectKind,
    /// Name of the value in the answer.
    pub alias: Option<Name>,
    /// Place, alias included.
    pub span: Span,
}

/// What an item asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectKind {
    /// A field.
    Field(Path),
    /// A function, for example `COUNT(Id)` or `toLabel(Status)`.
    Call(Call),
    /// `FIELDS(ALL)` and its kin.
    Fields(FieldGroup),
    /// A sub-select of children.
    Children(Box<Query>),
    /// `TYPEOF`.
    TypeOf(TypeOf),
}

/// Argument of `FIELDS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldGroup {
    /// `FIELDS(ALL)`
    All,
    /// `FIELDS(STANDARD)`
    Standard,
    /// `FIELDS(CUSTOM)`
    Custom,
}

/// A function with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Name as typed.
    pub name: Name,
    /// Arguments; none for `COUNT()`.
    pub arguments: Vec<Argument>,
    /// Place of all of it.
    pub span: Span,
}

/// One argument of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A field.
    Field(Path),
    /// Another function.
    Call(Call),
    /// A value.
    Literal(Literal),
}

/// `TYPEOF relationship WHEN Object THEN fields ... [ELSE fields] END`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeOf {
    /// The polymorphic relationship.
    pub relationship: Path,
    /// Fields per object; never empty.
    pub whens: Vec<When>,
    /// Fields of all other objects.
    pub otherwise: Vec<Path>,
}

/// One branch of `TYPEOF`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// Object.
    pub object: Name,
    /// Fields; never empty.
    pub fields: Vec<Path>,
}

/// What `FROM` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Object or relationship.
    pub path: Path,
    /// Alias.
    pub alias: Option<Name>,
}

/// A condition of `WHERE` or `HAVING`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// All of at least two.
    And(Vec<Condition>),
    /// Any of at least two.
    Or(Vec<Condition>),
    /// The contrary.
    Not(Box<Condition>),
    /// A test of one value.
    Test(Test),
}

/// A test of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// What is tested.
    pub operand: Operand,
    /// How.
    pub check: Check,
    /// Place of all of it.
    pub span: Span,
}

/// A value that a row yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A field.
    Field(Path),
    /// A function of fields.
    Call(Call),
}

impl Operand {
    /// Place.
    pub fn span(&self) -> Span {
        match self {
            Self::Field(path) => path.span,
            Self::Call(call) => call.span,
        }
    }
}

/// How a value is tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// `= x` and its kin.
    Compare(Comparison, Literal),
    /// `LIKE 'pattern'`.
    Like(Vec<LikePart>),
    /// `[NOT] IN (list)`.
    In(Membership, Vec<Literal>),
    /// `[NOT] IN (SELECT ...)`: semi-join and anti-join.
    InQuery(Membership, Box<Query>),
    /// `INCLUDES (list)` when in, `EXCLUDES (list)` when not in.
    Includes(Membership, Vec<Literal>),
}

/// Whether membership is asked for or its absence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// `IN`, `INCLUDES`
    In,
    /// `NOT IN`, `EXCLUDES`
    NotIn,
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`, `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// `WITH` and its argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum With {
    /// `WITH SECURITY_ENFORCED`
    SecurityEnforced,
    /// `WITH USER_MODE`
    UserMode,
    /// `WITH SYSTEM_MODE`
    SystemMode,
    /// `WITH DATA CATEGORY group AT category AND ...`; never empty.
    DataCategory(Vec<CategoryTest>),
    /// `WITH RecordVisibilityContext (maxDescriptorPerRecord=100, ...)`; never empty.
    RecordVisibility(Vec<(Name, Literal)>),
}

/// A test of the data category of an article.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryTest {
    /// Category group.
    pub group: Name,
    /// Which categories count besides the named ones.
    pub reach: CategoryReach,
    /// Categories; never empty.
    pub categories: Vec<Name>,
}

/// Which categories count, seen from a named one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CategoryReach {
    /// `AT`: only itself.
    At,
    /// `ABOVE`: itself and those above it.
    Above,
    /// `BELOW`: itself and those below it.
    Below,
    /// `ABOVE_OR_BELOW`
    AboveOrBelow,
}

/// `GROUP BY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupBy {
    /// Plain, `ROLLUP` or `CUBE`.
    pub kind: GroupKind,
    /// What rows are grouped by; never empty.
    pub by: Vec<Operand>,
    /// Place, keywords included.
    pub span: Span,
}

/// Which groups are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupKind {
    /// One group per combination of values.
    Plain,
    /// Subtotals from right to left.
    Rollup,
    /// Subtotals of every combination.
    Cube,
}

/// One entry of `ORDER BY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderBy {
    /// What is ordered by.
    pub by: Operand,
    /// Direction, when given.
    pub direction: Option<Direction>,
    /// Where nulls go, when given.
    pub nulls: Option<Nulls>,
}

/// Direction of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// `ASC`
    Ascending,
    /// `DESC`
    Descending,
}

/// Place of nulls in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nulls {
    /// `NULLS FIRST`
    First,
    /// `NULLS LAST`
    Last,
}

/// Number of `LIMIT` or `OFFSET`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Number of rows.
    pub value: u64,
    /// Place of the number.
    pub span: Span,
}

/// `FOR` or `UPDATE` and its argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// `FOR VIEW`
    View,
    /// `FOR REFERENCE`
    Reference,
    /// `FOR UPDATE`
    Update,
    /// `UPDATE TRACKING`
    Tracking,
    /// `UPDATE VIEWSTAT`
    ViewStat,
}
