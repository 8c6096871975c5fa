//! What a query may not have if its rows are to become documents.

use crate::soql::{Argument, Call, Operand, Query, SelectItem, SelectKind, Span, Usage, point_at};

/// Why a query cannot become documents, and where.
#[derive(Debug)]
pub(super) struct Refusal {
    place: Span,
    reason: &'static str,
}

impl Refusal {
    /// In the form of Salesforce's messages: the line, a caret under the mistake, row and column, the reason.
    pub(super) fn render(&self, text: &str) -> String {
        point_at(text, self.place, self.reason)
    }
}

/// Functions that make one value of many rows (SOQL and SOSL reference, "Aggregate Functions").
const AGGREGATES: [&str; 7] = ["AVG", "COUNT", "COUNT_DISTINCT", "GROUPING", "MAX", "MIN", "SUM"];

const NO_AGGREGATES: &str =
    "documents are made of records, not of groups of them: select fields, without aggregate functions, GROUP BY and HAVING";

/// Refuses a query whose rows are no records, or that would do more than read them.
pub(super) fn check(query: &Query) -> Result<(), Refusal> {
    let refuse = |place, reason| Err(Refusal { place, reason });
    for item in &query.select {
        if let SelectKind::Call(call) = &item.kind
            && let Some(place) = aggregate(call)
        {
            return refuse(place, NO_AGGREGATES);
        }
    }
    if query.from.path.parts.len() > 1 {
        return refuse(query.from.path.span, "FROM must name an object; relationships belong into the select list");
    }
    if query.from.path.parts.iter().any(|name| ends_with(&name.text, "__b")) {
        return refuse(query.from.path.span, "records of a big object have no id of their own, so they cannot become documents");
    }
    if let Some(group_by) = &query.group_by {
        return refuse(group_by.span, NO_AGGREGATES);
    }
    if query.having.is_some() {
        return refuse(query.places.having, NO_AGGREGATES);
    }
    let ordered_by = query.order_by.iter().find_map(|order| match &order.by {
        Operand::Call(call) => aggregate(call),
        Operand::Field(_) => None,
    });
    if let Some(place) = ordered_by {
        return refuse(place, NO_AGGREGATES);
    }
    if query.usage.contains(&Usage::Update) {
        return refuse(query.places.usage, "FOR UPDATE locks the records that it reads: leave it out");
    }
    Ok(())
}

/// Refuses a query of an unbounded number of fields that cannot be gone on with after the first rows.
pub(super) fn few_at_a_time(item: &SelectItem) -> Refusal {
    let reason = "Salesforce gives these fields for 200 rows at a time, and more rows can only be read in the order of their ids: \
        leave out ORDER BY and OFFSET, or set LIMIT to 200 or less, or name the fields";
    Refusal { place: item.span, reason }
}

/// Place of the first aggregate function in a call, itself included.
fn aggregate(call: &Call) -> Option<Span> {
    if AGGREGATES.iter().any(|name| call.name.is(name)) {
        return Some(call.span);
    }
    call.arguments.iter().find_map(|argument| match argument {
        Argument::Call(inner) => aggregate(inner),
        Argument::Field(_) | Argument::Literal(_) => None,
    })
}

fn ends_with(name: &str, suffix: &str) -> bool {
    name.len().checked_sub(suffix.len()).and_then(|at| name.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(suffix))
}
