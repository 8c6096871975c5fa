//! Writes a syntax tree as SOSL that parses to the same tree.

use std::fmt::{self, Display, Formatter};

use super::ast::{Field, Returning, Search, SearchGroup, Tracking};
use crate::soql::{list, rows};

impl Display for Search {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "FIND {{{}}}", self.term.text)?;
        if let Some(scope) = self.scope {
            write!(formatter, " IN {scope} FIELDS")?;
        }
        if !self.returning.is_empty() {
            formatter.write_str(" RETURNING ")?;
            list(formatter, &self.returning)?;
        }
        for with in &self.with {
            write!(formatter, " WITH {}", with.text)?;
        }
        if let Some(limit) = &self.limit {
            write!(formatter, " LIMIT {}", limit.value)?;
        }
        if !self.update.is_empty() {
            formatter.write_str(" UPDATE ")?;
            list(formatter, &self.update)?;
        }
        Ok(())
    }
}

impl Display for SearchGroup {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

impl Display for Returning {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.object)?;
        let Some(fields) = &self.fields else { return Ok(()) };
        formatter.write_str("(")?;
        list(formatter, &fields.items)?;
        if let Some(view) = &self.list_view {
            write!(formatter, " USING Listview={view}")?;
        }
        if let Some(filter) = &self.filter {
            write!(formatter, " WHERE {filter}")?;
        }
        rows(formatter, &self.order_by, self.limit, self.offset)?;
        formatter.write_str(")")
    }
}

impl Display for Field {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match &self.alias {
            Some(alias) => write!(formatter, "{} {alias}", self.what),
            None => write!(formatter, "{}", self.what),
        }
    }
}

impl Display for Tracking {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Tracking => "TRACKING",
            Self::ViewStat => "VIEWSTAT",
        })
    }
}
