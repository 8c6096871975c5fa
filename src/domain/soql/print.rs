//! Writes a syntax tree as SOQL that parses to the same tree.

use std::fmt::{self, Display, Formatter, Write};

use super::ast::{
    Argument, Call, CategoryReach, CategoryTest, Check, Comparison, Condition, Count, Direction, FieldGroup, GroupBy, GroupKind,
    Membership, Name, Nulls, Operand, OrderBy, Path, Query, SelectItem, SelectKind, Source, Test, TypeOf, Usage, With,
};
use super::literal::{Literal, Value, quote, quote_like};

/// Writes items with `, ` between them.
pub(crate) fn list<T: Display>(formatter: &mut Formatter<'_>, items: &[T]) -> fmt::Result {
    for (at, item) in items.iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        write!(formatter, "{comma}{item}")?;
    }
    Ok(())
}

/// Writes which rows are wanted, in which order.
pub(crate) fn rows(formatter: &mut Formatter<'_>, order_by: &[OrderBy], limit: Option<Count>, offset: Option<Count>) -> fmt::Result {
    if !order_by.is_empty() {
        formatter.write_str(" ORDER BY ")?;
        list(formatter, order_by)?;
    }
    if let Some(limit) = limit {
        write!(formatter, " LIMIT {}", limit.value)?;
    }
    if let Some(offset) = offset {
        write!(formatter, " OFFSET {}", offset.value)?;
    }
    Ok(())
}

/// Writes `(name=value, ...)`.
fn settings(formatter: &mut Formatter<'_>, settings: &[(Name, Literal)]) -> fmt::Result {
    for (at, (name, value)) in settings.iter().enumerate() {
        write!(formatter, "{}{name}={value}", if at == 0 { "(" } else { ", " })?;
    }
    formatter.write_char(')')
}

impl Display for Query {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("SELECT ")?;
        list(formatter, &self.select)?;
        write!(formatter, " FROM {}", self.from)?;
        for relation in &self.relations {
            write!(formatter, ", {relation}")?;
        }
        if let Some(scope) = &self.scope {
            write!(formatter, " USING SCOPE {scope}")?;
        }
        if let Some(filter) = &self.filter {
            write!(formatter, " WHERE {filter}")?;
        }
        for with in &self.with {
            write!(formatter, " WITH {with}")?;
        }
        if let Some(group_by) = &self.group_by {
            write!(formatter, " GROUP BY {group_by}")?;
        }
        if let Some(having) = &self.having {
            write!(formatter, " HAVING {having}")?;
        }
        rows(formatter, &self.order_by, self.limit, self.offset)?;
        // FOR UPDATE stands behind the options.
        let (usages, last) = match self.usage.split_last() {
            Some((last @ Usage::Update, usages)) => (usages, Some(last)),
            _ => (self.usage.as_slice(), None),
        };
        for usage in usages {
            write!(formatter, " {usage}")?;
        }
        if !self.options.is_empty() {
            formatter.write_str(" SET OPTIONS ")?;
            settings(formatter, &self.options)?;
        }
        if let Some(last) = last {
            write!(formatter, " {last}")?;
        }
        if self.all_rows.is_some() {
            formatter.write_str(" ALL ROWS")?;
        }
        Ok(())
    }
}

impl Display for Name {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Display for Path {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        for (at, part) in self.parts.iter().enumerate() {
            let dot = if at == 0 { "" } else { "." };
            write!(formatter, "{dot}{part}")?;
        }
        Ok(())
    }
}

impl Display for SelectItem {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            SelectKind::Field(path) => write!(formatter, "{path}")?,
            SelectKind::Call(call) => write!(formatter, "{call}")?,
            SelectKind::Fields(group) => write!(formatter, "FIELDS({group})")?,
            SelectKind::Children(query) => write!(formatter, "({query})")?,
            SelectKind::TypeOf(type_of) => write!(formatter, "{type_of}")?,
        }
        match &self.alias {
            Some(alias) => write!(formatter, " {alias}"),
            None => Ok(()),
        }
    }
}

impl Display for FieldGroup {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::All => "ALL",
            Self::Standard => "STANDARD",
            Self::Custom => "CUSTOM",
        })
    }
}

impl Display for Call {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}(", self.name)?;
        list(formatter, &self.arguments)?;
        formatter.write_char(')')
    }
}

impl Display for Argument {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(path) => path.fmt(formatter),
            Self::Call(call) => call.fmt(formatter),
            Self::Literal(literal) => literal.fmt(formatter),
        }
    }
}

impl Display for TypeOf {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "TYPEOF {}", self.relationship)?;
        for when in &self.whens {
            write!(formatter, " WHEN {} THEN ", when.object)?;
            list(formatter, &when.fields)?;
        }
        if !self.otherwise.is_empty() {
            formatter.write_str(" ELSE ")?;
            list(formatter, &self.otherwise)?;
        }
        formatter.write_str(" END")
    }
}

impl Display for Source {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match &self.alias {
            Some(alias) => write!(formatter, "{} AS {alias}", self.path),
            None => self.path.fmt(formatter),
        }
    }
}

impl Display for Condition {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let (terms, word) = match self {
            Self::And(terms) => (terms, " AND "),
            Self::Or(terms) => (terms, " OR "),
            Self::Not(inner) => return write!(formatter, "NOT {}", Term(inner)),
            Self::Test(test) => return test.fmt(formatter),
        };
        for (at, term) in terms.iter().enumerate() {
            write!(formatter, "{}{}", if at == 0 { "" } else { word }, Term(term))?;
        }
        Ok(())
    }
}

/// A condition inside another one, in parentheses where it needs them.
struct Term<'a>(&'a Condition);

impl Display for Term<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Condition::And(_) | Condition::Or(_) => write!(formatter, "({})", self.0),
            Condition::Not(_) | Condition::Test(_) => self.0.fmt(formatter),
        }
    }
}

impl Display for Test {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ", self.operand)?;
        let (word, literals) = match &self.check {
            Check::Compare(comparison, literal) => return write!(formatter, "{comparison} {literal}"),
            Check::Like(parts) => return write!(formatter, "LIKE {}", quote_like(parts)),
            Check::InQuery(Membership::In, query) => return write!(formatter, "IN ({query})"),
            Check::InQuery(Membership::NotIn, query) => return write!(formatter, "NOT IN ({query})"),
            Check::In(Membership::In, literals) => ("IN", literals),
            Check::In(Membership::NotIn, literals) => ("NOT IN", literals),
            Check::Includes(Membership::In, literals) => ("INCLUDES", literals),
            Check::Includes(Membership::NotIn, literals) => ("EXCLUDES", literals),
        };
        write!(formatter, "{word} (")?;
        list(formatter, literals)?;
        formatter.write_char(')')
    }
}

impl Display for Operand {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(path) => path.fmt(formatter),
            Self::Call(call) => call.fmt(formatter),
        }
    }
}

impl Display for Comparison {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        })
    }
}

impl Display for Literal {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Null => formatter.write_str("NULL"),
            Value::Bool(value) => write!(formatter, "{value}"),
            Value::String(text) => formatter.write_str(&quote(text)),
            Value::Number(text) | Value::Money(text) | Value::Date(text) | Value::DateTime(text) | Value::Time(text) => {
                formatter.write_str(text)
            }
            Value::Relative(date) => date.fmt(formatter),
        }
    }
}

impl Display for With {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::SecurityEnforced => formatter.write_str("SECURITY_ENFORCED"),
            Self::UserMode => formatter.write_str("USER_MODE"),
            Self::SystemMode => formatter.write_str("SYSTEM_MODE"),
            Self::DataCategory(tests) => {
                for (at, test) in tests.iter().enumerate() {
                    write!(formatter, "{}{test}", if at == 0 { "DATA CATEGORY " } else { " AND " })?;
                }
                Ok(())
            }
            Self::RecordVisibility(settings) => {
                formatter.write_str("RecordVisibilityContext ")?;
                self::settings(formatter, settings)
            }
        }
    }
}

impl Display for CategoryTest {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let word = match self.reach {
            CategoryReach::At => "AT",
            CategoryReach::Above => "ABOVE",
            CategoryReach::Below => "BELOW",
            CategoryReach::AboveOrBelow => "ABOVE_OR_BELOW",
        };
        write!(formatter, "{} {word} (", self.group)?;
        list(formatter, &self.categories)?;
        formatter.write_char(')')
    }
}

impl Display for GroupBy {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let word = match self.kind {
            GroupKind::Plain => return list(formatter, &self.by),
            GroupKind::Rollup => "ROLLUP",
            GroupKind::Cube => "CUBE",
        };
        write!(formatter, "{word}(")?;
        list(formatter, &self.by)?;
        formatter.write_char(')')
    }
}

impl Display for OrderBy {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.by.fmt(formatter)?;
        formatter.write_str(match self.direction {
            None => "",
            Some(Direction::Ascending) => " ASC",
            Some(Direction::Descending) => " DESC",
        })?;
        formatter.write_str(match self.nulls {
            None => "",
            Some(Nulls::First) => " NULLS FIRST",
            Some(Nulls::Last) => " NULLS LAST",
        })
    }
}

impl Display for Usage {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::View => "FOR VIEW",
            Self::Reference => "FOR REFERENCE",
            Self::Update => "FOR UPDATE",
            Self::Tracking => "UPDATE TRACKING",
            Self::ViewStat => "UPDATE VIEWSTAT",
        })
    }
}
