//! Aggregate functions, GROUP BY and HAVING. Groups are computed and rendered at once.

use std::collections::{HashMap, HashSet};

use domain::soql::{Argument, Call, Condition, GroupKind, Operand, Query, SelectKind};

use super::compiler::Compiler;
use super::filter::{Predicate, Subject};
use super::matcher::{Number, fold};
use super::order::{Rule, SortKey};
use super::path::Getter;
use super::plan::Rows;
use super::refusal::{malformed, plain};
use crate::fault::ApiError;
use crate::org::{FieldKind, Org, Shape, text_of};

/// Groups that a query may have (there is no cursor for them).
const MAX_GROUPS: usize = 2_000;

/// How rows are grouped and what is told of each group.
#[derive(Debug)]
pub(super) struct Aggregation {
    keys: Vec<Getter>,
    /// Which keys count, one set per kind of subtotal; bit n stands for key n.
    masks: Vec<u64>,
    columns: Vec<Column>,
    /// Name and column of every member of the answer.
    members: Vec<(String, usize)>,
    having: Option<Predicate<usize>>,
    order: Vec<(usize, Rule)>,
    limit: usize,
    offset: usize,
}

/// A value of a group.
#[derive(Debug)]
enum Column {
    Key(usize),
    /// `GROUPING(key)`: 1 in a subtotal over that key.
    Grouping(usize),
    Fold(Function, Getter),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Count,
    CountDistinct,
    Sum,
    Average,
    Minimum,
    Maximum,
}

impl Function {
    fn named(call: &Call) -> Option<Self> {
        Some(match call.name.text.to_ascii_uppercase().as_str() {
            "COUNT" => Self::Count,
            "COUNT_DISTINCT" => Self::CountDistinct,
            "SUM" => Self::Sum,
            "AVG" => Self::Average,
            "MIN" => Self::Minimum,
            "MAX" => Self::Maximum,
            _ => return None,
        })
    }
}

impl Column {
    fn kind(&self, keys: &[Getter]) -> FieldKind {
        match self {
            Self::Key(at) => keys[*at].kind(),
            Self::Grouping(_) | Self::Fold(Function::Count | Function::CountDistinct, _) => FieldKind::Int,
            Self::Fold(Function::Average, _) => FieldKind::Double,
            Self::Fold(_, getter) => getter.kind(),
        }
    }
}

impl Compiler<'_> {
    /// The aggregation of a query; none when it asks for rows.
    pub(super) fn aggregation(&self, query: &Query) -> Result<Option<Aggregation>, ApiError> {
        let folds = |kind: &SelectKind| matches!(kind, SelectKind::Call(call) if Function::named(call).is_some());
        if query.group_by.is_none() && !query.select.iter().any(|item| folds(&item.kind)) {
            return match &query.having {
                Some(_) => Err(malformed("HAVING needs GROUP BY")),
                None => Ok(None),
            };
        }
        let by = query.group_by.as_ref().map_or(&[][..], |group| &group.by);
        let names: Vec<String> = by.iter().map(|operand| self.canonical(operand)).collect();
        let keys = by.iter().map(|operand| self.sorted(operand)).collect::<Result<Vec<_>, _>>()?;
        let kind = query.group_by.as_ref().map_or(GroupKind::Plain, |group| group.kind);
        let mut build = Build { compiler: self, names, keys, columns: Vec::new() };
        let members = build.members(query)?;
        let having = query.having.as_ref().map(|condition| build.having(condition)).transpose()?;
        let mut order = Vec::new();
        for entry in &query.order_by {
            let column = build.column(&entry.by)?;
            order.push((column, Rule::new(build.columns[column].kind(&build.keys).shape(), entry)));
        }
        let clamp = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        Ok(Some(Aggregation {
            masks: masks(kind, build.keys.len())?,
            keys: build.keys,
            columns: build.columns,
            members,
            having,
            order,
            limit: query.limit.map_or(usize::MAX, |limit| clamp(limit.value)),
            offset: query.offset.map_or(0, |offset| clamp(offset.value)),
        }))
    }

    /// A text that is the same for the same operand, however it is written.
    fn canonical(&self, operand: &Operand) -> String {
        let path = |path| self.unaliased(path).iter().map(|name| name.text.to_ascii_lowercase()).collect::<Vec<_>>().join(".");
        match operand {
            Operand::Field(field) => path(field),
            Operand::Call(call) => {
                let field = self.only_field(call).map(path).unwrap_or_default();
                format!("{}({field})", call.name.text.to_ascii_lowercase())
            }
        }
    }
}

/// Which keys count in which kind of group.
fn masks(kind: GroupKind, keys: usize) -> Result<Vec<u64>, ApiError> {
    // Salesforce takes three fields for subtotals; the bound keeps the number of cubes small.
    if kind != GroupKind::Plain && keys > 3 || keys > 63 {
        return Err(malformed("too many fields in GROUP BY"));
    }
    let all = (1_u64 << keys) - 1;
    Ok(match kind {
        GroupKind::Plain => vec![all],
        GroupKind::Rollup => (0..=keys).rev().map(|count| (1_u64 << count) - 1).collect(),
        GroupKind::Cube => (0..=all).rev().collect(),
    })
}

/// An aggregation while it is compiled.
struct Build<'c, 'a> {
    compiler: &'c Compiler<'a>,
    names: Vec<String>,
    keys: Vec<Getter>,
    columns: Vec<Column>,
}

impl Build<'_, '_> {
    fn members(&mut self, query: &Query) -> Result<Vec<(String, usize)>, ApiError> {
        let mut members: Vec<(String, usize)> = Vec::new();
        let mut unnamed = 0;
        for item in &query.select {
            let operand = match &item.kind {
                SelectKind::Field(path) => Operand::Field(path.clone()),
                SelectKind::Call(call) => Operand::Call(call.clone()),
                _ => {
                    return Err(self.compiler.refuse.at(
                        item.span,
                        "MALFORMED_QUERY",
                        "only fields and functions can be selected with GROUP BY",
                    ));
                }
            };
            let column = self.column(&operand)?;
            let name = match (&item.alias, &operand, &self.columns[column]) {
                (Some(alias), ..) => alias.text.clone(),
                (None, Operand::Field(_), Column::Key(key)) => self.keys[*key].route.name.clone(),
                _ => {
                    unnamed += 1;
                    format!("expr{}", unnamed - 1)
                }
            };
            if members.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                return Err(self.compiler.refuse.at(item.span, "MALFORMED_QUERY", format!("duplicate alias: {name}")));
            }
            members.push((name, column));
        }
        Ok(members)
    }

    /// The column of an operand, made where it is missing.
    fn column(&mut self, operand: &Operand) -> Result<usize, ApiError> {
        let column = match operand {
            Operand::Call(call) if call.name.is("GROUPING") => {
                let field = Operand::Field(self.compiler.only_field(call)?.clone());
                Column::Grouping(self.key(&field)?)
            }
            Operand::Call(call) => match Function::named(call) {
                Some(function) => self.fold(call, function)?,
                None => Column::Key(self.key(operand)?),
            },
            Operand::Field(_) => Column::Key(self.key(operand)?),
        };
        self.columns.push(column);
        Ok(self.columns.len() - 1)
    }

    fn key(&self, operand: &Operand) -> Result<usize, ApiError> {
        self.compiler.getter(operand)?;
        let name = self.compiler.canonical(operand);
        self.names.iter().position(|known| *known == name).ok_or_else(|| {
            self.compiler.refuse.at(operand.span(), "MALFORMED_QUERY", format!("Field must be grouped or aggregated: {operand}"))
        })
    }

    fn fold(&self, call: &Call, function: Function) -> Result<Column, ApiError> {
        let refuse = self.compiler.refuse;
        let getter = match call.arguments.as_slice() {
            [Argument::Field(path)] => self.compiler.getter(&Operand::Field(path.clone()))?,
            [Argument::Call(inner)] => self.compiler.getter(&Operand::Call(inner.clone()))?,
            _ => return Err(refuse.at(call.span, "MALFORMED_QUERY", format!("{} takes one field", call.name))),
        };
        let shape = getter.kind().shape();
        let fits = match function {
            Function::Sum | Function::Average => shape == Shape::Number,
            Function::Minimum | Function::Maximum => !matches!(shape, Shape::Opaque | Shape::Bool),
            Function::Count | Function::CountDistinct => shape != Shape::Opaque,
        };
        if !fits {
            let message =
                format!("field {} does not support aggregate operator {}", getter.route.name, call.name.text.to_ascii_uppercase());
            return Err(refuse.at(call.span, "INVALID_FIELD", message));
        }
        Ok(Column::Fold(function, getter))
    }

    fn having(&mut self, condition: &Condition) -> Result<Predicate<usize>, ApiError> {
        Ok(match condition {
            Condition::And(terms) => Predicate::All(terms.iter().map(|term| self.having(term)).collect::<Result<_, _>>()?),
            Condition::Or(terms) => Predicate::Any(terms.iter().map(|term| self.having(term)).collect::<Result<_, _>>()?),
            Condition::Not(term) => Predicate::Not(Box::new(self.having(term)?)),
            Condition::Test(test) => {
                let column = self.column(&test.operand)?;
                let name = test.operand.to_string();
                let subject = Subject { name: &name, kind: self.columns[column].kind(&self.keys), span: test.operand.span() };
                Predicate::Value(column, self.compiler.matcher(subject, &test.check)?)
            }
        })
    }
}

/// A group while its rows are counted.
struct Group {
    mask: u64,
    keys: Vec<Option<Vec<u8>>>,
    totals: Vec<Total>,
}

/// What has been seen of one column.
#[derive(Default)]
struct Total {
    count: u64,
    sum: f64,
    distinct: HashSet<String>,
    best: Option<(SortKey, Vec<u8>)>,
}

type Values = Vec<Option<Vec<u8>>>;

impl Aggregation {
    /// Groups the rows and renders the groups.
    pub(super) fn run(&self, org: &Org, table: usize, rows: &Rows) -> Result<Vec<Vec<u8>>, ApiError> {
        let mut groups: Vec<Values> = self.groups(org, table, rows).iter().map(|group| self.values(group)).collect();
        if let Some(having) = &self.having {
            groups.retain(|values| having.holds_by(&|column: &usize, matcher| matcher.matches(values[*column].as_deref())));
        }
        self.sort(&mut groups);
        let shown: Vec<Vec<u8>> = groups.iter().skip(self.offset).take(self.limit).map(|values| self.render(values)).collect();
        if shown.len() > MAX_GROUPS {
            let message = "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch";
            return Err(plain("EXCEEDED_ID_LIMIT", message));
        }
        Ok(shown)
    }

    fn groups(&self, org: &Org, table: usize, rows: &Rows) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        let mut known: HashMap<(u64, Vec<Option<String>>), usize> = HashMap::new();
        if self.keys.is_empty() {
            // Without GROUP BY there is one group, even of no rows.
            groups.push(self.empty(self.masks[0], Vec::new()));
            known.insert((self.masks[0], Vec::new()), 0);
        }
        for row in rows.iter() {
            let keys: Values = self.keys.iter().map(|getter| getter.value(org, table, row).map(std::borrow::Cow::into_owned)).collect();
            for mask in &self.masks {
                let masked: Values = keys.iter().enumerate().map(|(at, key)| key.clone().filter(|_| mask >> at & 1 == 1)).collect();
                let identity = masked.iter().map(|key| key.as_ref().map(|json| fold(&text_of(json)).into_owned())).collect();
                let at = *known.entry((*mask, identity)).or_insert_with(|| {
                    groups.push(self.empty(*mask, masked));
                    groups.len() - 1
                });
                self.count(&mut groups[at], org, table, row);
            }
        }
        groups
    }

    fn empty(&self, mask: u64, keys: Values) -> Group {
        Group { mask, keys, totals: self.columns.iter().map(|_| Total::default()).collect() }
    }

    fn count(&self, group: &mut Group, org: &Org, table: usize, row: u32) {
        for (column, total) in self.columns.iter().zip(&mut group.totals) {
            let Column::Fold(function, getter) = column else { continue };
            let Some(json) = getter.value(org, table, row) else { continue };
            total.count += 1;
            match function {
                Function::Count => {}
                Function::CountDistinct => {
                    total.distinct.insert(fold(&text_of(&json)).into_owned());
                }
                Function::Sum | Function::Average => total.sum += Number::from_json(&json).map_or(0.0, Number::approximate),
                Function::Minimum | Function::Maximum => {
                    let key = SortKey::new(getter.kind().shape(), Some(&json));
                    let wanted = if *function == Function::Minimum { std::cmp::Ordering::Less } else { std::cmp::Ordering::Greater };
                    if total.best.as_ref().is_none_or(|(best, _)| key.compare(best) == wanted) {
                        total.best = Some((key, json.into_owned()));
                    }
                }
            }
        }
    }

    fn values(&self, group: &Group) -> Values {
        let value = |column: &Column, total: &Total| match column {
            Column::Key(at) => group.keys[*at].clone(),
            Column::Grouping(at) => Some(if group.mask >> at & 1 == 1 { b"0".to_vec() } else { b"1".to_vec() }),
            Column::Fold(Function::Count, _) => Some(total.count.to_string().into_bytes()),
            Column::Fold(Function::CountDistinct, _) => Some(total.distinct.len().to_string().into_bytes()),
            Column::Fold(Function::Minimum | Function::Maximum, _) => total.best.as_ref().map(|(_, json)| json.clone()),
            Column::Fold(..) if total.count == 0 => None,
            #[expect(clippy::cast_precision_loss, reason = "an average of more than 2^52 rows does not happen")]
            Column::Fold(Function::Average, _) => Some(double(total.sum / total.count as f64)),
            Column::Fold(Function::Sum, getter) if matches!(getter.kind(), FieldKind::Int | FieldKind::Long) => {
                Some(format!("{:.0}", total.sum).into_bytes())
            }
            Column::Fold(Function::Sum, _) => Some(double(total.sum)),
        };
        self.columns.iter().zip(&group.totals).map(|(column, total)| value(column, total)).collect()
    }

    fn sort(&self, groups: &mut [Values]) {
        groups.sort_by(|left, right| {
            let mut orders = self.order.iter().map(|(column, rule)| {
                let key = |values: &Values| SortKey::new(rule.shape, values[*column].as_deref());
                rule.compare(&key(left), &key(right))
            });
            orders.find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        });
    }

    fn render(&self, values: &Values) -> Vec<u8> {
        let mut out = br#"{"attributes":{"type":"AggregateResult"}"#.to_vec();
        for (name, column) in &self.members {
            out.extend_from_slice(format!(",\"{name}\":").as_bytes());
            out.extend_from_slice(values[*column].as_deref().unwrap_or(b"null"));
        }
        out.push(b'}');
        out
    }
}

/// A double as Salesforce writes it: always with a decimal point.
fn double(value: f64) -> Vec<u8> {
    format!("{value:?}").into_bytes()
}
