//! A compiled query over one table, and the search for its rows: by index where there is one, else by scan.

use std::ops::Range;
use std::sync::Arc;

use domain::soql::Comparison;

use super::columns::Record;
use super::filter::Predicate;
use super::matcher::Matcher;
use super::order::{Order, is_bound};
use crate::org::{IdKey, Org, Table};

/// What to find, and how to show it.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) table: usize,
    /// How a row is written; none until the select list is compiled, and for groups.
    pub(super) record: Option<Arc<Record>>,
    pub(super) filter: Predicate,
    pub(super) order: Order,
    pub(super) limit: Option<u64>,
    pub(super) offset: u64,
    /// Whether deleted rows are seen.
    pub(super) all_rows: bool,
}

/// Rows of one table, in the order of the answer.
#[derive(Clone, Debug)]
pub(super) enum Rows {
    /// A stretch of the table: costs nothing however long.
    Stretch(Range<u32>),
    /// These.
    List(Vec<u32>),
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Stretch(range) => range.len(),
            Self::List(rows) => rows.len(),
        }
    }

    pub(super) fn get(&self, at: usize) -> Option<u32> {
        match self {
            Self::Stretch(range) => range.clone().nth(at),
            Self::List(rows) => rows.get(at).copied(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        (0..self.len()).filter_map(|at| self.get(at))
    }
}

/// Rows that may satisfy a filter, in order of `Id`.
struct Candidates {
    range: Range<u32>,
    list: Option<Vec<u32>>,
    /// Whether all of them satisfy it.
    exact: bool,
}

impl Plan {
    /// Finds the rows: of the whole table, or of the children that point to a parent by a column.
    pub(super) fn rows(&self, org: &Org, parent: Option<(usize, IdKey)>) -> Rows {
        let table = org.table(self.table);
        let mut candidates = match parent {
            Some((column, key)) => {
                let list = table.pointing_to(column, key).to_vec();
                Candidates {
                    range: 0..table.len(),
                    list: Some(list),
                    exact: matches!(&self.filter, Predicate::All(terms) if terms.is_empty()),
                }
            }
            None => candidates(table, &self.filter),
        };
        candidates.exact &= self.all_rows || !table.has_deleted();
        if let (None, true, Order::Id) = (&candidates.list, candidates.exact, &self.order) {
            return Rows::Stretch(self.cut(candidates.range));
        }
        let mut rows = self.filtered(org, table, candidates);
        self.order.sort(org, self.table, &mut rows);
        let wanted = self.cut(0..u32::try_from(rows.len()).unwrap_or(u32::MAX));
        rows.truncate(wanted.end as usize);
        rows.drain(..wanted.start as usize);
        Rows::List(rows)
    }

    fn filtered(&self, org: &Org, table: &Table, candidates: Candidates) -> Vec<u32> {
        let Candidates { range, list, exact } = candidates;
        let keep = |row: &u32| exact || ((self.all_rows || !table.is_deleted(*row)) && self.filter.holds(org, self.table, *row));
        // Rows come in the order of the answer already, so the scan ends with the last row that is wanted.
        let enough = match (&self.order, self.limit) {
            (Order::Id, Some(limit)) => usize::try_from(limit.saturating_add(self.offset)).unwrap_or(usize::MAX),
            _ => usize::MAX,
        };
        match list {
            Some(list) => list.into_iter().filter(|row| range.contains(row)).filter(keep).take(enough).collect(),
            None => range.filter(keep).take(enough).collect(),
        }
    }

    /// The part of a sequence that OFFSET and LIMIT leave.
    fn cut(&self, rows: Range<u32>) -> Range<u32> {
        let length = u64::from(rows.end.saturating_sub(rows.start));
        let skipped = self.offset.min(length);
        let taken = self.limit.unwrap_or(u64::MAX).min(length - skipped);
        let at = |count: u64| rows.start + u32::try_from(count).unwrap_or(u32::MAX);
        at(skipped)..at(skipped + taken)
    }
}

fn candidates(table: &Table, filter: &Predicate) -> Candidates {
    let single = std::slice::from_ref(filter);
    let terms = if let Predicate::All(terms) = filter { terms.as_slice() } else { single };
    let mut found = Candidates { range: 0..table.len(), list: None, exact: true };
    for term in terms {
        if let Predicate::Value(getter, matcher) = term
            && let Some(column) = getter.route.own_column()
        {
            if table.is_id(column)
                && let Matcher::Id { comparison, key } = matcher
                && is_bound(*comparison)
            {
                let bound = bound(table, *comparison, *key);
                found.range = found.range.start.max(bound.start)..found.range.end.min(bound.end);
                continue;
            }
            if let Some(list) = listed(table, column, matcher)
                && found.list.as_ref().is_none_or(|known| list.len() < known.len())
            {
                found.list = Some(list);
            }
        }
        found.exact = false;
    }
    found.range.end = found.range.end.max(found.range.start);
    found
}

fn bound(table: &Table, comparison: Comparison, key: IdKey) -> Range<u32> {
    match comparison {
        Comparison::Less => 0..table.rank(key, false),
        Comparison::LessOrEqual => 0..table.rank(key, true),
        Comparison::Greater => table.rank(key, true)..table.len(),
        _ => table.rank(key, false)..table.len(),
    }
}

/// Rows that an index gives for a test of a column, in order of `Id`; none when no index helps.
fn listed(table: &Table, column: usize, matcher: &Matcher) -> Option<Vec<u32>> {
    let keys: Vec<IdKey> = match matcher {
        Matcher::Id { comparison: Comparison::Equal, key } => vec![*key],
        Matcher::IdIn { keys, null: false, negated: false } => keys.iter().copied().collect(),
        _ => return None,
    };
    let mut rows: Vec<u32> = if table.is_id(column) {
        keys.iter().filter_map(|key| table.find(*key)).collect()
    } else if table.is_indexed(column) {
        keys.iter().flat_map(|key| table.pointing_to(column, *key)).copied().collect()
    } else {
        return None;
    };
    rows.sort_unstable();
    Some(rows)
}
