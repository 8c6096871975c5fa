//! Guesses the schema of record trees: standard objects as the platform has them, the rest from the values.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};

use super::tree::Draft;
use crate::catalog;
use crate::ids::custom_prefix;
use crate::org::{ChildRelationship, FieldKind, FieldSchema, ObjectSchema, Shape};

/// Longer texts, and texts of several lines, are long text areas.
const SHORT_TEXT: usize = 255;

/// The schemas of all standard objects and of those that occur in the records. `types` tells the object of each reference.
pub(super) fn schemas(drafts: &[Draft], types: &HashMap<String, String>) -> Vec<ObjectSchema> {
    let mut schemas = catalog::standard();
    let names: BTreeSet<&str> = drafts.iter().map(|draft| draft.object.as_str()).collect();
    let mut made_up = 0;
    for name in names {
        if schemas.iter().all(|schema| schema.name != name) {
            schemas.push(unknown_object(name, made_up));
            catalog::link_files(&mut schemas, name);
            made_up += 1;
        }
    }
    for (object, name, values) in columns(drafts) {
        let Some(schema) = schemas.iter_mut().find(|schema| schema.name == object && schema.position(&name).is_none()) else { continue };
        let field = field(&name, &values, types);
        let parents = field.reference_to.clone();
        schema.fields.push(field);
        for parent in parents {
            add_child(&mut schemas, &parent, &object, &name);
        }
    }
    schemas
}

/// The field that holds the parent of a nested record.
pub(super) fn parent_field(parent: &str, relationship: &str) -> String {
    let known = catalog::standard().into_iter().find(|schema| schema.name == parent);
    match known.as_ref().and_then(|schema| schema.child(relationship)) {
        Some(child) => child.field.clone(),
        None if parent.ends_with("__c") || relationship.ends_with("__r") => format!("{}__c", parent.trim_end_matches("__c")),
        None => format!("{parent}Id"),
    }
}

/// The fields of a record under the names and in the form of the schema. Values that do not fit stay, for the builder to refuse.
pub(super) fn values(schema: &ObjectSchema, fields: &Map<String, Value>) -> Map<String, Value> {
    let mut values = Map::new();
    for (name, value) in fields {
        let Some(field) = schema.field(name) else { continue };
        values.insert(field.name.clone(), coerce(field.kind, value));
    }
    for field in schema.fields.iter().filter(|field| field.kind == FieldKind::Address) {
        let prefix = field.name.trim_end_matches("Address");
        let part = |name: &str| values.get(&format!("{prefix}{name}")).cloned().unwrap_or_default();
        let mut address: Map<String, Value> =
            catalog::ADDRESS_PARTS.iter().map(|(name, _, member)| ((*member).to_owned(), part(name))).collect();
        if address.values().any(|value| !value.is_null()) {
            address.extend(["geocodeAccuracy", "latitude", "longitude"].map(|member| (member.to_owned(), Value::Null)));
            values.insert(field.name.clone(), Value::Object(address));
        }
    }
    values
}

/// Trees hold numbers and dates as people typed them.
fn coerce(kind: FieldKind, value: &Value) -> Value {
    let Some(text) = value.as_str().filter(|text| !text.starts_with('@')) else {
        let is_number_as_text = value.is_number() && kind.shape() == Shape::Text && kind != FieldKind::AnyType;
        return if is_number_as_text { Value::from(value.to_string()) } else { value.clone() };
    };
    match kind.shape() {
        Shape::Number => serde_json::from_str(text).unwrap_or_else(|_| value.clone()),
        Shape::Bool => text.parse::<bool>().map_or_else(|_| value.clone(), Value::from),
        Shape::Date if text.len() > 10 && is_date(&text[..10]) => Value::from(&text[..10]),
        Shape::DateTime => date_time(text).map_or_else(|| value.clone(), Value::from),
        _ => value.clone(),
    }
}

/// A date-time as REST shows it.
fn date_time(text: &str) -> Option<String> {
    let at = text.parse::<jiff::Timestamp>().or_else(|_| jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text)).ok()?;
    Some(at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string())
}

fn unknown_object(name: &str, number: u64) -> ObjectSchema {
    let custom = name.ends_with("__c");
    // Prefixes of standard objects are not to be guessed; any that no other object has will do.
    let prefix = if custom { custom_prefix(number) } else { custom_prefix(number).replacen('a', "z", 1) };
    let mut fields = catalog::record_fields();
    fields.push(FieldSchema::new("Name", FieldKind::String));
    fields.push(FieldSchema::reference("OwnerId", "Owner", &["User", "Group"]));
    let children = vec![catalog::file_links()];
    ObjectSchema { name: name.to_owned(), label: String::new(), custom, queryable: true, key_prefix: Some(prefix), fields, children }
}

/// All values of each field, by object and name. The first spelling of a name counts.
fn columns(drafts: &[Draft]) -> Vec<(String, String, Vec<&Value>)> {
    let mut columns: BTreeMap<(&str, String), (String, Vec<&Value>)> = BTreeMap::new();
    for draft in drafts {
        for (name, value) in &draft.fields {
            let column = columns.entry((&draft.object, name.to_ascii_lowercase())).or_insert_with(|| (name.clone(), Vec::new()));
            column.1.push(value);
        }
    }
    columns.into_iter().map(|((object, _), (name, values))| (object.to_owned(), name, values)).collect()
}

fn field(name: &str, values: &[&Value], types: &HashMap<String, String>) -> FieldSchema {
    let targets: BTreeSet<&str> = values
        .iter()
        .filter_map(|value| value.as_str()?.strip_prefix('@'))
        .filter_map(|name| types.get(name))
        .map(String::as_str)
        .collect();
    if targets.is_empty() {
        return FieldSchema::new(name, kind(values));
    }
    let relationship = name.strip_suffix("__c").map(|stem| format!("{stem}__r")).or_else(|| name.strip_suffix("Id").map(str::to_owned));
    FieldSchema::reference(name, &relationship.unwrap_or_else(|| name.to_owned()), &targets.into_iter().collect::<Vec<_>>())
}

fn kind(values: &[&Value]) -> FieldKind {
    let all = |fits: fn(&Value) -> bool| {
        let mut given = values.iter().filter(|value| !value.is_null()).peekable();
        given.peek().is_some() && given.all(|value| fits(value))
    };
    let text = |fits: fn(&str) -> bool| values.iter().filter(|value| !value.is_null()).all(|value| value.as_str().is_some_and(fits));
    if all(Value::is_boolean) {
        FieldKind::Boolean
    } else if all(Value::is_number) {
        FieldKind::Double
    } else if !all(Value::is_string) {
        // Numbers and texts mixed become texts; anything odder is kept as it is.
        if all(|value| value.is_string() || value.is_number() || value.is_boolean()) { FieldKind::String } else { FieldKind::AnyType }
    } else if text(is_date) {
        FieldKind::Date
    } else if text(|text| text.len() > 10 && is_date(text.get(..10).unwrap_or_default()) && date_time(text).is_some()) {
        FieldKind::DateTime
    } else if text(|text| text.len() <= SHORT_TEXT && !text.contains('\n')) {
        FieldKind::String
    } else {
        FieldKind::TextArea
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

/// The relationship from a parent back to the records that name it.
fn add_child(schemas: &mut [ObjectSchema], parent: &str, child_object: &str, field: &str) {
    let Some(schema) = schemas.iter_mut().find(|schema| schema.name == parent) else { return };
    let stem = child_object.trim_end_matches("__c");
    let mut name = if child_object.ends_with("__c") { format!("{stem}s__r") } else { format!("{stem}s") };
    if schema.child(&name).is_some() {
        name = format!("{stem}s_{field}").replace("__c", "__r");
    }
    schema.children.push(ChildRelationship {
        relationship_name: Some(name),
        child_object: child_object.to_owned(),
        field: field.to_owned(),
    });
}
