//! Basic sync rules: conditions on single fields of a document, in order; the first that matches includes or excludes it.
//!
//! | module | what it rules |
//! |---|---|
//! | `read` | rules as they are written, and all that can be wrong with them |
//! | `operator` | what the operators do to each kind of value |
//! | `scan` | finding the values of the fields that rules name, and no others |
//! | `value` | what a value is |
//! | `number` | numbers compared without loss |

mod number;
mod operator;
mod read;
mod scan;
mod value;

use std::borrow::Cow;
use std::fmt;

use self::operator::Test;
use self::scan::{Fields, Found};

pub use self::operator::{Operator, Reason};
pub use self::read::read_basic;
pub use self::value::Kind;

/// The id of the rule that every connector has: it includes what no other rule decides.
pub const DEFAULT_RULE: &str = "DEFAULT";
/// Characters of a text that messages show; Kibana's ids have 36.
const SHOWN: usize = 80;

/// What becomes of a document that a rule matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// It is indexed.
    Include,
    /// It is not.
    Exclude,
}

impl Policy {
    const NAMES: [(Self, &'static str); 2] = [(Self::Include, "include"), (Self::Exclude, "exclude")];

    fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, own)| own.eq_ignore_ascii_case(name)).map(|(policy, _)| *policy)
    }

    fn names() -> impl Iterator<Item = &'static str> {
        Self::NAMES.iter().map(|(_, name)| *name)
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Include => "include",
            Self::Exclude => "exclude",
        })
    }
}

/// One rule, compiled. It is shown as `rule 3 (id): exclude when Industry equals "Energy"`.
#[derive(Clone, Debug)]
pub struct BasicRule {
    id: Box<str>,
    order: f64,
    policy: Policy,
    field: Box<str>,
    /// Position of the field among those that the rules name.
    slot: usize,
    operator: Operator,
    value: Box<str>,
    test: Test,
}

impl BasicRule {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where it stands: lower ones come first.
    pub fn order(&self) -> f64 {
        self.order
    }

    /// What becomes of what it matches.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// The top-level field that it looks at.
    pub fn field(&self) -> &str {
        &self.field
    }

    fn apply(&self, found: &mut Found<'_>) -> Reason {
        found.value(self.slot).map_or(Reason::NoField, |seen| self.test.apply(seen))
    }
}

impl fmt::Display for BasicRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { policy, operator, value, .. } = self;
        let field = shortened(&self.field);
        write!(formatter, "{}: {policy} when {} {operator} {}", label(self.order, &self.id), field.escape_debug(), quoted(value))
    }
}

/// How messages call a rule.
fn label(order: f64, id: &str) -> String {
    format!("rule {order} ({})", shortened(id).escape_debug())
}

/// A text of a rule as messages show it.
fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text))
}

/// What is shown of a text that may be of any length.
fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => Cow::Owned(format!("{}...", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// What the rules say of a document.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    /// Whether it is indexed.
    pub included: bool,
    /// The rule that says so; nothing if none matched.
    pub by: Option<&'a BasicRule>,
}

/// Basic rules in their order, ready to be applied to many documents.
#[derive(Clone, Debug, Default)]
pub struct BasicRules {
    rules: Vec<BasicRule>,
    fields: Fields,
}

impl BasicRules {
    fn new(mut rules: Vec<BasicRule>) -> Self {
        // Stable: where two have the same order, the one that is written first comes first.
        rules.sort_by(|left, right| left.order.total_cmp(&right.order));
        let fields = Fields::new(rules.iter().map(|rule| &*rule.field));
        for rule in &mut rules {
            rule.slot = fields.position(rule.field.as_bytes()).unwrap_or_default();
        }
        Self { rules, fields }
    }

    /// Whether they decide nothing.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules, first to last.
    pub fn rules(&self) -> &[BasicRule] {
        &self.rules
    }

    /// What becomes of a document, the text of one JSON object: the first rule that matches decides, and without one it is included.
    ///
    /// Only top-level members count, by their exact names. A value of a kind that a rule does not know does not match; nothing here fails.
    pub fn decide(&self, document: &[u8]) -> Decision<'_> {
        self.decide_parts([document])
    }

    /// The same for a document whose members come in several parts, such as one that is not closed yet; each part may have braces or not.
    pub fn decide_parts<'d>(&self, parts: impl IntoIterator<Item = &'d [u8]>) -> Decision<'_> {
        let mut by = None;
        if !self.is_empty() {
            let mut found = self.fields.find(parts);
            by = self.rules.iter().find(|rule| rule.apply(&mut found) == Reason::Matched);
        }
        Decision { included: by.is_none_or(|rule| rule.policy == Policy::Include), by }
    }

    /// Why each rule does or does not match a document, each for itself, first to last. The first that matched decides.
    pub fn explain(&self, document: &[u8]) -> Vec<(&BasicRule, Reason)> {
        let mut found = self.fields.find([document]);
        self.rules.iter().map(|rule| (rule, rule.apply(&mut found))).collect()
    }
}

#[cfg(test)]
mod tests;
