//! Field paths: resolved once against the schema, then followed from row to row.

use std::borrow::Cow;

use domain::soql::{Argument, Call, Name, Operand, Path};

use super::compiler::Compiler;
use super::moment::DatePart;
use crate::fault::ApiError;
use crate::org::{FieldKind, Org, key_of, text_of};

/// Relationships that a path may follow (Salesforce's limit).
const MAX_HOPS: usize = 5;

/// Where a value is, seen from a row.
#[derive(Clone, Debug)]
pub(super) struct Route {
    /// Per relationship: the reference column in each table that the row may be in.
    hops: Vec<Vec<(usize, usize)>>,
    /// The value in each table that the last row may be in.
    leaves: Vec<(usize, Leaf)>,
    /// Type of the field; the first one's where tables differ.
    pub(super) kind: FieldKind,
    /// Name of the field as the schema writes it.
    pub(super) name: String,
    /// Whether WHERE and ORDER BY may use it.
    pub(super) filterable: bool,
}

#[derive(Clone, Copy, Debug)]
enum Leaf {
    Column(usize),
    /// `Type` of a polymorphic parent: the name of its object.
    TypeName,
}

/// A value that a row yields: a field, or a part of a date field.
#[derive(Clone, Debug)]
pub(super) struct Getter {
    pub(super) route: Route,
    pub(super) part: Option<DatePart>,
}

impl Route {
    /// The column, when the value is in the row itself.
    pub(super) fn own_column(&self) -> Option<usize> {
        match self.leaves.as_slice() {
            [(_, Leaf::Column(column))] if self.hops.is_empty() => Some(*column),
            _ => None,
        }
    }

    /// JSON text of the value; none when it, or a row on the way, is null or missing.
    pub(super) fn value<'a>(&self, org: &'a Org, table: usize, row: u32) -> Option<Cow<'a, [u8]>> {
        let (mut table, mut row) = (table, row);
        for hop in &self.hops {
            let (_, column) = hop.iter().find(|(known, _)| *known == table)?;
            let target = org.locate(key_of(org.table(table).json(row, *column)?)?)?;
            (table, row) = (target.table(), target.row());
        }
        let (_, leaf) = self.leaves.iter().find(|(known, _)| *known == table)?;
        match leaf {
            Leaf::Column(column) => org.table(table).json(row, *column).map(Cow::Borrowed),
            Leaf::TypeName => Some(Cow::Owned(format!("\"{}\"", type_name(org, table, row)).into_bytes())),
        }
    }
}

impl Getter {
    /// Type of the value.
    pub(super) fn kind(&self) -> FieldKind {
        match self.part {
            None => self.route.kind,
            Some(DatePart::DayOnly) => FieldKind::Date,
            Some(_) => FieldKind::Int,
        }
    }

    /// JSON text of the value; none when null.
    pub(super) fn value<'a>(&self, org: &'a Org, table: usize, row: u32) -> Option<Cow<'a, [u8]>> {
        let value = self.route.value(org, table, row)?;
        match self.part {
            None => Some(value),
            Some(part) => part.of(text_of(&value).as_bytes()).map(|text| Cow::Owned(text.into_bytes())),
        }
    }
}

/// What `Type` of a polymorphic parent shows: the object, but `Queue` for a group that is one.
pub(super) fn type_name(org: &Org, table: usize, row: u32) -> &str {
    let table = org.table(table);
    let schema = table.schema();
    let is_queue = schema.name == "Group" && schema.position("Type").is_some_and(|at| table.json(row, at) == Some(b"\"Queue\""));
    if is_queue { "Queue" } else { &schema.name }
}

impl Compiler<'_> {
    /// Parts of a path without a leading alias or object name, aliases of relationships replaced by what they stand for.
    pub(super) fn unaliased<'p>(&'p self, path: &'p Path) -> Vec<&'p Name> {
        let mut parts: Vec<&Name> = path.parts.iter().collect();
        // Aliases may be built on aliases, but a ring of them must end.
        for _ in 0..=self.relation_aliases.len() + 1 {
            let [first, _, ..] = parts.as_slice() else { break };
            if let Some((_, relationship)) = self.relation_aliases.iter().find(|(alias, _)| first.is(alias)) {
                parts.splice(0..1, relationship.parts.iter());
            } else if self.root_names.iter().any(|name| first.is(name)) && self.org.table(self.table).schema().parent(&first.text).is_none()
            {
                parts.remove(0);
            } else {
                break;
            }
        }
        parts
    }

    pub(super) fn route(&self, path: &Path) -> Result<Route, ApiError> {
        let parts = self.unaliased(path);
        let Some((field, relationships)) = parts.split_last() else { return Err(self.refuse.unknown_field(path.span, "", "")) };
        if relationships.len() > MAX_HOPS {
            let message = format!("Relationship path follows {} relationships; at most {MAX_HOPS} are allowed", relationships.len());
            return Err(self.refuse.at(path.span, "MALFORMED_QUERY", message));
        }
        let mut tables = vec![self.table];
        let mut hops = Vec::with_capacity(relationships.len());
        let mut polymorphic = false;
        for (at, name) in relationships.iter().enumerate() {
            self.note_relationship(&relationships[..=at])?;
            let hop = self.hop(&tables, name)?;
            polymorphic = self.is_polymorphic(&hop);
            tables = self.targets(&hop);
            // Parents that the running user does not see cannot be followed.
            if tables.is_empty() && self.org.viewer().is_some() {
                return Err(self.refuse.unknown_parent(name.span, &name.text));
            }
            hops.push(hop);
        }
        self.finish(field, hops, &tables, polymorphic)
    }

    fn hop(&self, tables: &[usize], name: &Name) -> Result<Vec<(usize, usize)>, ApiError> {
        let hop: Vec<(usize, usize)> =
            tables.iter().filter_map(|table| Some((*table, self.org.table(*table).schema().parent(&name.text)?))).collect();
        if hop.is_empty() { Err(self.refuse.unknown_parent(name.span, &name.text)) } else { Ok(hop) }
    }

    fn is_polymorphic(&self, hop: &[(usize, usize)]) -> bool {
        hop.iter().any(|(table, column)| self.org.table(*table).schema().fields[*column].reference_to.len() > 1)
    }

    /// Tables that a row of the next step may be in.
    fn targets(&self, hop: &[(usize, usize)]) -> Vec<usize> {
        let mut targets = Vec::new();
        for (table, column) in hop {
            for name in &self.org.table(*table).schema().fields[*column].reference_to {
                if let Some(target) = self.org.table_number(name)
                    && !targets.contains(&target)
                {
                    targets.push(target);
                }
            }
        }
        targets
    }

    fn finish(&self, field: &Name, hops: Vec<Vec<(usize, usize)>>, tables: &[usize], polymorphic: bool) -> Result<Route, ApiError> {
        let is_type = polymorphic && field.is("Type");
        let mut leaves = Vec::new();
        let mut found = None;
        for table in tables {
            let schema = self.org.table(*table).schema();
            if is_type {
                leaves.push((*table, Leaf::TypeName));
            } else if let Some(column) = schema.position(&field.text) {
                leaves.push((*table, Leaf::Column(column)));
                found = found.or(Some(&schema.fields[column]));
            }
        }
        let (kind, name, filterable) = match found {
            Some(found) => (found.kind, found.name.clone(), found.filterable),
            None if is_type => (FieldKind::String, String::from("Type"), true),
            None => {
                let entity = match tables {
                    [table] => self.org.table(*table).schema().name.as_str(),
                    _ => "Name",
                };
                return Err(self.refuse.unknown_field(field.span, &field.text, entity));
            }
        };
        Ok(Route { hops, leaves, kind, name, filterable })
    }

    /// A field or a date function of one.
    pub(super) fn getter(&self, operand: &Operand) -> Result<Getter, ApiError> {
        match operand {
            Operand::Field(path) => Ok(Getter { route: self.route(path)?, part: None }),
            Operand::Call(call) => self.function(call),
        }
    }

    fn function(&self, call: &Call) -> Result<Getter, ApiError> {
        let part = DatePart::of_function(&call.name.text);
        if part.is_none() && !call.name.is("toLabel") {
            return Err(self.refuse.at(call.span, "MALFORMED_QUERY", format!("unsupported function here: {}", call.name.text)));
        }
        let route = self.route(self.only_field(call)?)?;
        if part.is_some() && !matches!(route.kind, FieldKind::Date | FieldKind::DateTime) {
            return Err(self.refuse.at(
                call.span,
                "INVALID_FIELD",
                format!("field {} does not support function {}", route.name, call.name.text),
            ));
        }
        Ok(Getter { route, part })
    }

    /// The field of a function with one; a conversion of the time zone around it changes nothing, as all is UTC.
    pub(super) fn only_field<'c>(&self, call: &'c Call) -> Result<&'c Path, ApiError> {
        match call.arguments.as_slice() {
            [Argument::Field(path)] => Ok(path),
            [Argument::Call(inner)] if inner.name.is("convertTimezone") => self.only_field(inner),
            _ => Err(self.refuse.at(call.span, "MALFORMED_QUERY", format!("{} takes one field", call.name.text))),
        }
    }

    /// A getter that WHERE may use.
    pub(super) fn filtered(&self, operand: &Operand) -> Result<Getter, ApiError> {
        let getter = self.getter(operand)?;
        if getter.route.filterable { Ok(getter) } else { Err(self.refuse.not_filterable(operand.span(), &getter.route.name)) }
    }

    /// A getter that ORDER BY may use.
    pub(super) fn sorted(&self, operand: &Operand) -> Result<Getter, ApiError> {
        let getter = self.getter(operand)?;
        if getter.route.filterable { Ok(getter) } else { Err(self.refuse.not_sortable(operand.span(), &getter.route.name)) }
    }
}
