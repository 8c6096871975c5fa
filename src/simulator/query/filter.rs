//! Conditions of WHERE, compiled against the types of their fields.

use std::collections::HashSet;

use domain::soql::{Check, Comparison, Condition, Literal, Membership, Operand, Query, SelectKind, Span, Test, Value};
use jiff::tz::Offset;

use super::compiler::{Compiled, Compiler};
use super::matcher::{Like, Matcher, Number, fold};
use super::moment;
use super::path::Getter;
use crate::fault::ApiError;
use crate::org::{FieldKind, IdKey, Org, Shape, key_of};

/// A condition on a row, or on a group when `G` is the position of a value in it.
#[derive(Debug)]
pub(super) enum Predicate<G = Getter> {
    /// All hold (also when there are none).
    All(Vec<Predicate<G>>),
    /// Any holds.
    Any(Vec<Predicate<G>>),
    /// Does not hold.
    Not(Box<Predicate<G>>),
    /// One value matches.
    Value(G, Matcher),
}

impl<G> Predicate<G> {
    /// Whether the condition holds when `matches` tests its values. Logic has two values: a comparison with null is
    /// false, its negation true.
    pub(super) fn holds_by(&self, matches: &impl Fn(&G, &Matcher) -> bool) -> bool {
        match self {
            Self::All(terms) => terms.iter().all(|term| term.holds_by(matches)),
            Self::Any(terms) => terms.iter().any(|term| term.holds_by(matches)),
            Self::Not(term) => !term.holds_by(matches),
            Self::Value(value, matcher) => matches(value, matcher),
        }
    }
}

impl Predicate {
    /// Whether a row satisfies the condition.
    pub(super) fn holds(&self, org: &Org, table: usize, row: u32) -> bool {
        self.holds_by(&|getter: &Getter, matcher| matcher.matches(getter.value(org, table, row).as_deref()))
    }
}

/// A field's name and kind for refusals.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) name: &'a str,
    pub(super) kind: FieldKind,
    pub(super) span: Span,
}

impl Compiler<'_> {
    pub(super) fn predicate(&self, condition: &Condition) -> Result<Predicate, ApiError> {
        match condition {
            Condition::And(terms) => terms.iter().map(|term| self.predicate(term)).collect::<Result<_, _>>().map(Predicate::All),
            Condition::Or(terms) => terms.iter().map(|term| self.no_semi_join(term)).collect::<Result<_, _>>().map(Predicate::Any),
            Condition::Not(term) => Ok(Predicate::Not(Box::new(self.no_semi_join(term)?))),
            Condition::Test(test) => self.test(test),
        }
    }

    fn no_semi_join(&self, condition: &Condition) -> Result<Predicate, ApiError> {
        if let Some(span) = semi_join_in(condition) {
            let message = "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE expressions.";
            return Err(self.refuse.at(span, "MALFORMED_QUERY", message));
        }
        self.predicate(condition)
    }

    fn test(&self, test: &Test) -> Result<Predicate, ApiError> {
        let getter = self.filtered(&test.operand)?;
        let name = getter.route.name.clone();
        let subject = Subject { name: &name, kind: getter.kind(), span: test.operand.span() };
        let matcher = match &test.check {
            Check::InQuery(membership, query) => self.semi_join(subject, *membership, query)?,
            check => self.matcher(subject, check)?,
        };
        Ok(Predicate::Value(getter, matcher))
    }

    fn semi_join(&self, subject: Subject<'_>, membership: Membership, query: &Query) -> Result<Matcher, ApiError> {
        self.note_semi_join()?;
        let refused = |span, message: &str| Err(self.refuse.at(span, "MALFORMED_QUERY", message));
        if query.filter.as_ref().is_some_and(|filter| semi_join_in(filter).is_some()) {
            return refused(query.span, "Nesting of semi join sub-selects is not supported");
        }
        let [item] = query.select.as_slice() else {
            return refused(query.span, "semi join sub-selects can only query one field");
        };
        let SelectKind::Field(path) = &item.kind else {
            return refused(item.span, "semi join sub-selects can only query id fields");
        };
        if !query.order_by.is_empty() || query.limit.is_some() || query.offset.is_some() {
            return refused(query.span, "ORDER BY, LIMIT and OFFSET are not allowed in semi join sub-selects");
        }
        let inner = Compiler::new(self.org, self.refuse.text, self.context, self.shared, query)?;
        let getter = inner.getter(&Operand::Field(path.clone()))?;
        if subject.kind.shape() != Shape::Id || getter.kind().shape() != Shape::Id {
            let message = format!("Cannot use field '{}' in a semi join: only id and reference fields are allowed", subject.name);
            return Err(self.refuse.at(subject.span, "INVALID_FIELD", message));
        }
        let Compiled::Records(plan) = inner.statement(query)? else {
            return refused(query.span, "semi join sub-selects cannot aggregate");
        };
        let rows = plan.rows(self.org, None);
        let keys = rows.iter().filter_map(|row| key_of(&getter.value(self.org, plan.table, row)?)).collect();
        Ok(Matcher::IdIn { keys, null: false, negated: membership == Membership::NotIn })
    }

    /// What a check asks of a value of the subject's kind.
    pub(super) fn matcher(&self, subject: Subject<'_>, check: &Check) -> Result<Matcher, ApiError> {
        match check {
            Check::Compare(comparison, literal) => self.comparison(subject, *comparison, literal),
            Check::Like(parts) if subject.kind.shape() == Shape::Text => Ok(Matcher::Like(Like::new(parts))),
            Check::Like(_) => Err(self.refuse.wrong_operator(subject.span, "invalid operator on id field or on a field that is not text")),
            Check::In(membership, literals) => self.membership(subject, *membership, literals),
            Check::Includes(membership, literals) => self.includes(subject, *membership, literals),
            Check::InQuery(..) => Err(self.refuse.wrong_operator(subject.span, "semi joins are not allowed here")),
        }
    }

    fn comparison(&self, subject: Subject<'_>, comparison: Comparison, literal: &Literal) -> Result<Matcher, ApiError> {
        let is_null = matches!(&literal.value, Value::Null) || matches!(&literal.value, Value::String(text) if text.is_empty());
        if is_null && (literal.value == Value::Null || matches!(subject.kind.shape(), Shape::Text | Shape::Id)) {
            return Ok(match comparison {
                Comparison::Equal => Matcher::Null { wanted: true },
                Comparison::NotEqual => Matcher::Null { wanted: false },
                _ => Matcher::Never,
            });
        }
        let wrong = || self.refuse.wrong_value(subject.span, subject.name, subject.kind);
        Ok(match (subject.kind.shape(), &literal.value) {
            (Shape::Id, Value::String(text)) => Matcher::Id { comparison, key: self.id(subject, text)? },
            (Shape::Text, Value::String(text)) => Matcher::Text { comparison, folded: fold(text).into_owned() },
            (Shape::Number, Value::Number(text)) => Matcher::Number { comparison, number: Number::parse(text).ok_or_else(wrong)? },
            (Shape::Bool, Value::Bool(wanted)) if matches!(comparison, Comparison::Equal | Comparison::NotEqual) => {
                Matcher::Bool { wanted: *wanted == (comparison == Comparison::Equal) }
            }
            (Shape::Bool, Value::Bool(_)) => return Err(self.refuse.wrong_operator(subject.span, "invalid operator on boolean field")),
            (shape @ (Shape::Date | Shape::DateTime | Shape::Time), value) => {
                Matcher::Moment { shape, comparison, span: self.span(shape, value).ok_or_else(wrong)? }
            }
            _ => return Err(wrong()),
        })
    }

    fn membership(&self, subject: Subject<'_>, membership: Membership, literals: &[Literal]) -> Result<Matcher, ApiError> {
        let negated = membership == Membership::NotIn;
        let shape = subject.kind.shape();
        let is_null = |value: &Value| match value {
            Value::Null => true,
            Value::String(text) => text.is_empty() && matches!(shape, Shape::Text | Shape::Id),
            _ => false,
        };
        let null = literals.iter().any(|literal| is_null(&literal.value));
        let wrong = || self.refuse.wrong_value(subject.span, subject.name, subject.kind);
        let values = literals.iter().map(|literal| &literal.value).filter(|value| !is_null(value));
        Ok(match shape {
            Shape::Id => {
                let keys = values.map(|value| match value {
                    Value::String(text) => self.id(subject, text),
                    _ => Err(wrong()),
                });
                Matcher::IdIn { keys: keys.collect::<Result<HashSet<IdKey>, _>>()?, null, negated }
            }
            Shape::Text => {
                let texts = values.map(|value| match value {
                    Value::String(text) => Ok(fold(text).into_owned()),
                    _ => Err(wrong()),
                });
                Matcher::TextIn { folded: texts.collect::<Result<HashSet<String>, _>>()?, null, negated }
            }
            Shape::Number => {
                let numbers = values.map(|value| match value {
                    Value::Number(text) => Number::parse(text).ok_or_else(wrong),
                    _ => Err(wrong()),
                });
                Matcher::NumberIn { numbers: numbers.collect::<Result<Vec<Number>, _>>()?, null, negated }
            }
            Shape::Date | Shape::DateTime | Shape::Time => {
                let spans = values.map(|value| self.span(shape, value).ok_or_else(wrong)).collect::<Result<Vec<_>, _>>()?;
                Matcher::MomentIn { shape, spans, null, negated }
            }
            Shape::Bool | Shape::Opaque => return Err(self.refuse.wrong_operator(subject.span, "invalid operator for this type of field")),
        })
    }

    fn includes(&self, subject: Subject<'_>, membership: Membership, literals: &[Literal]) -> Result<Matcher, ApiError> {
        if subject.kind != FieldKind::MultiPicklist {
            return Err(self.refuse.wrong_operator(subject.span, "includes and excludes are only valid on multipicklist fields"));
        }
        let groups = literals.iter().map(|literal| match &literal.value {
            Value::String(text) => Ok(text.split(';').map(|value| fold(value.trim()).into_owned()).collect()),
            _ => Err(self.refuse.wrong_value(subject.span, subject.name, subject.kind)),
        });
        Ok(Matcher::Includes { groups: groups.collect::<Result<_, _>>()?, negated: membership == Membership::NotIn })
    }

    fn id(&self, subject: Subject<'_>, text: &str) -> Result<IdKey, ApiError> {
        IdKey::parse(text).ok_or_else(|| self.refuse.wrong_operator(subject.span, &format!("invalid ID field: {text}")))
    }

    /// The range that a literal means for a date, a date-time or a time, in the unit of that shape.
    fn span(&self, shape: Shape, value: &Value) -> Option<(i64, i64)> {
        let unit = if shape == Shape::DateTime { moment::DAY } else { 1 };
        let point = match (shape, value) {
            (Shape::Date, Value::Date(text)) => moment::day(text.as_bytes())?,
            (Shape::DateTime, Value::DateTime(text)) => moment::instant(text.as_bytes())?,
            (Shape::Time, Value::Time(text)) => moment::time(text.as_bytes())?,
            (Shape::Date | Shape::DateTime, Value::Relative(relative)) => {
                let today = Offset::UTC.to_datetime(self.context.now).date();
                let (start, end) = moment::range(*relative, today)?;
                return Some((start * unit, end * unit));
            }
            _ => return None,
        };
        Some((point, point + 1))
    }
}

/// Place of a semi-join inside a condition, if there is one.
fn semi_join_in(condition: &Condition) -> Option<Span> {
    match condition {
        Condition::And(terms) | Condition::Or(terms) => terms.iter().find_map(semi_join_in),
        Condition::Not(term) => semi_join_in(term),
        Condition::Test(test) => matches!(test.check, Check::InQuery(..)).then_some(test.span),
    }
}
