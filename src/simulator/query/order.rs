//! ORDER BY.

use std::cmp::Ordering;

use domain::soql::{Comparison, Direction, Nulls, OrderBy};

use super::compiler::Compiler;
use super::matcher::{Number, fold, moment_of};
use super::path::Getter;
use crate::fault::ApiError;
use crate::org::{IdKey, Org, Shape, key_of, text_of};

/// The order of a plan's rows.
#[derive(Debug)]
pub(super) enum Order {
    /// As the table is: by `Id`, upwards.
    Id,
    /// By `Id`, downwards.
    IdDown,
    /// As the rows came into the org: what a query without ORDER BY gives.
    Arrival,
    /// By these values; rows with equal values stay in order of `Id`.
    By(Vec<(Getter, Rule)>),
}

/// How one value orders rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub(super) shape: Shape,
    descending: bool,
    nulls_last: bool,
}

impl Rule {
    /// Ascending with nulls first unless the query says otherwise; nulls go first in both directions.
    pub(super) fn new(shape: Shape, order: &OrderBy) -> Self {
        Self { shape, descending: order.direction == Some(Direction::Descending), nulls_last: order.nulls == Some(Nulls::Last) }
    }

    /// Order of two values.
    pub(super) fn compare(self, left: &SortKey, right: &SortKey) -> Ordering {
        match (left, right) {
            (SortKey::Null, SortKey::Null) => Ordering::Equal,
            (SortKey::Null, _) if self.nulls_last => Ordering::Greater,
            (SortKey::Null, _) => Ordering::Less,
            (_, SortKey::Null) if self.nulls_last => Ordering::Less,
            (_, SortKey::Null) => Ordering::Greater,
            _ if self.descending => right.compare(left),
            _ => left.compare(right),
        }
    }
}

/// A value made ready for comparison.
#[derive(Debug)]
pub(super) enum SortKey {
    Null,
    Id(IdKey),
    Text(String),
    Number(Number),
    Moment(i64),
}

impl SortKey {
    pub(super) fn new(shape: Shape, json: Option<&[u8]>) -> Self {
        let Some(json) = json else { return Self::Null };
        let key = match shape {
            Shape::Id => key_of(json).map(Self::Id),
            Shape::Number => Number::from_json(json).map(Self::Number),
            Shape::Date | Shape::DateTime | Shape::Time => moment_of(shape, json).map(Self::Moment),
            Shape::Bool => Some(Self::Moment(i64::from(json == b"true"))),
            Shape::Text | Shape::Opaque => Some(Self::Text(fold(&text_of(json)).into_owned())),
        };
        key.unwrap_or(Self::Null)
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Id(left), Self::Id(right)) => left.cmp(right),
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            (Self::Number(left), Self::Number(right)) => left.compare(right),
            (Self::Moment(left), Self::Moment(right)) => left.cmp(right),
            // Keys of one column have one shape.
            _ => Ordering::Equal,
        }
    }
}

impl Order {
    /// Recognises the orders that the table already has.
    pub(super) fn new(org: &Org, table: usize, keys: Vec<(Getter, Rule)>) -> Self {
        let Some((first, rule)) = keys.first() else {
            return if org.table(table).arrived_in_order() { Self::Id } else { Self::Arrival };
        };
        let by_id = first.route.own_column().is_some_and(|column| org.table(table).is_id(column));
        match (by_id, rule.descending) {
            (true, false) => Self::Id,
            (true, true) => Self::IdDown,
            _ => Self::By(keys),
        }
    }

    /// Puts rows, given in order of `Id`, into this order.
    pub(super) fn sort(&self, org: &Org, table: usize, rows: &mut Vec<u32>) {
        let keys = match self {
            Self::Id => return,
            Self::IdDown => return rows.reverse(),
            Self::Arrival => return rows.sort_unstable_by_key(|row| org.table(table).arrival(*row)),
            Self::By(keys) => keys,
        };
        let key_of_row = |row: u32| -> Vec<SortKey> {
            keys.iter().map(|(getter, rule)| SortKey::new(rule.shape, getter.value(org, table, row).as_deref())).collect()
        };
        let mut keyed: Vec<(Vec<SortKey>, u32)> = rows.iter().map(|row| (key_of_row(*row), *row)).collect();
        keyed.sort_by(|(left, _), (right, _)| {
            let mut orders = keys.iter().zip(left.iter().zip(right)).map(|((_, rule), (left, right))| rule.compare(left, right));
            orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        });
        rows.clear();
        rows.extend(keyed.into_iter().map(|(_, row)| row));
    }
}

impl Compiler<'_> {
    pub(super) fn order(&self, order_by: &[OrderBy]) -> Result<Vec<(Getter, Rule)>, ApiError> {
        let keys = order_by.iter().map(|order| {
            let getter = self.sorted(&order.by)?;
            let rule = Rule::new(getter.kind().shape(), order);
            Ok((getter, rule))
        });
        keys.collect()
    }
}

/// Whether a comparison bounds a value from one side, as keyset paging does.
pub(super) fn is_bound(comparison: Comparison) -> bool {
    !matches!(comparison, Comparison::Equal | Comparison::NotEqual)
}
