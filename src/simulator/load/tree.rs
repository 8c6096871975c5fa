//! Record trees as the Salesforce CLI exports them (`sf data export tree`): plans, `@references`, nested children.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{LoadError, entries, has_extension, infer, read};
use crate::ids::record_id;
use crate::org::{FieldKind, ObjectSchema, Org, OrgBuilder};

/// When everything in a tree happened: trees do not say, and the same tree has to make the same org.
const MOMENT: &str = "2026-01-15T09:00:00.000+0000";

/// One record of a tree, before its fields are understood.
pub(super) struct Draft {
    pub(super) object: String,
    pub(super) reference: Option<String>,
    pub(super) fields: Map<String, Value>,
    file: PathBuf,
    at: usize,
}

impl Draft {
    fn fail(&self, problem: impl ToString) -> LoadError {
        LoadError::at_record(&self.file, self.at, problem)
    }
}

#[derive(Deserialize)]
struct Step {
    files: Vec<String>,
}

/// Loads all trees of a directory.
pub(super) fn load(folder: &Path) -> Result<Org, LoadError> {
    let mut drafts = Vec::new();
    for file in tree_files(folder)? {
        let mut value: Value = serde_json::from_slice(&read(&file)?).map_err(|err| LoadError::new(&file, err))?;
        let records = value.get_mut("records").and_then(Value::as_array_mut).map(std::mem::take);
        let records = records.ok_or_else(|| LoadError::new(&file, "expected {\"records\": [..]}"))?;
        for (at, record) in records.into_iter().enumerate() {
            collect(&file, at, record, None, &mut drafts)?;
        }
    }
    if drafts.is_empty() {
        return Err(LoadError::new(folder, "expected schema.json with records, or record trees"));
    }
    assemble(drafts)
}

/// The files that plans name, in their order, each once; without a plan all JSON files that hold records.
fn tree_files(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let (mut planned, mut unplanned) = (Vec::new(), Vec::new());
    for file in entries(folder)?.into_iter().filter(|file| has_extension(file, "json")) {
        let text = read(&file)?;
        match serde_json::from_slice::<Value>(&text).map_err(|err| LoadError::new(&file, err))? {
            plan @ Value::Array(_) => {
                let steps: Vec<Step> = serde_json::from_value(plan).map_err(|err| LoadError::new(&file, err))?;
                for name in steps.into_iter().flat_map(|step| step.files) {
                    let path = folder.join(name);
                    if !planned.contains(&path) {
                        planned.push(path);
                    }
                }
            }
            tree if tree.get("records").is_some() => unplanned.push(file),
            _ => {}
        }
    }
    Ok(if planned.is_empty() { unplanned } else { planned })
}

/// Takes a record and its nested children apart. `parent` is the reference of the record it was nested in, with the field for it.
fn collect(file: &Path, at: usize, record: Value, parent: Option<(&str, String)>, drafts: &mut Vec<Draft>) -> Result<(), LoadError> {
    let fail = |problem: &str| LoadError::at_record(file, at, problem);
    let Value::Object(mut fields) = record else { return Err(fail("expected an object")) };
    let attributes = fields.remove("attributes").unwrap_or_default();
    let text = |name: &str| attributes.get(name).and_then(Value::as_str).map(str::to_owned);
    let object = text("type").ok_or_else(|| fail("attributes.type is missing"))?;
    // Children need a name for their parent, even when the tree gives it none.
    let reference = text("referenceId").unwrap_or_else(|| format!("unnamed record {}", drafts.len()));
    if let Some((field, parent)) = parent {
        fields.insert(field.to_owned(), Value::from(format!("@{parent}")));
    }
    let nested: Vec<String> = fields.iter().filter(|(_, value)| value.get("records").is_some()).map(|(name, _)| name.clone()).collect();
    let children: Vec<(String, Value)> = nested.into_iter().filter_map(|name| fields.remove_entry(&name)).collect();
    drafts.push(Draft { object: object.clone(), reference: Some(reference.clone()), fields, file: file.to_owned(), at });
    for (relationship, mut tree) in children {
        let records = tree.get_mut("records").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
        let field = infer::parent_field(&object, &relationship);
        for child in records {
            collect(file, at, child, Some((&field, reference.clone())), drafts)?;
        }
    }
    Ok(())
}

fn assemble(drafts: Vec<Draft>) -> Result<Org, LoadError> {
    let types = references(&drafts)?;
    let schemas = infer::schemas(&drafts, &types);
    let ids = ids(&drafts, &schemas);
    let by_reference: HashMap<&str, &str> =
        drafts.iter().zip(&ids).filter_map(|(draft, id)| Some((draft.reference.as_deref()?, id.as_str()))).collect();
    let mut builder = OrgBuilder::new(schemas.clone());
    let user = record_id("005", 1);
    push_user(&mut builder, &user).map_err(|problem| LoadError { file: PathBuf::new(), place: String::new(), problem })?;
    for (draft, id) in drafts.iter().zip(&ids) {
        let Some(schema) = schemas.iter().find(|schema| schema.name == draft.object) else { continue };
        let mut fields = infer::values(schema, &draft.fields);
        resolve(&mut fields, &by_reference).map_err(|name| draft.fail(format!("reference @{name} is not in any file")))?;
        complete(schema, &mut fields, id, &user);
        builder.push(&draft.object, fields).map_err(|err| draft.fail(err))?;
    }
    Ok(builder.build())
}

/// Which object each reference names.
fn references(drafts: &[Draft]) -> Result<HashMap<String, String>, LoadError> {
    let mut types = HashMap::new();
    for draft in drafts {
        if let Some(reference) = &draft.reference
            && types.insert(reference.clone(), draft.object.clone()).is_some()
        {
            return Err(draft.fail(format!("referenceId {reference} is used twice")));
        }
    }
    Ok(types)
}

/// Ids by the order of the records; objects without a key prefix of their own got one with the schema.
fn ids(drafts: &[Draft], schemas: &[ObjectSchema]) -> Vec<String> {
    let prefixes: HashMap<&str, String> =
        schemas.iter().map(|schema| (schema.name.as_str(), schema.key_prefix.clone().unwrap_or_default())).collect();
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let mut ids = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let count = counts.entry(draft.object.as_str()).or_default();
        *count += 1;
        // Number 1 of the users is the one that owns everything.
        let number = if draft.object == "User" { *count + 1 } else { *count };
        ids.push(record_id(prefixes.get(draft.object.as_str()).map_or("a00", String::as_str), number));
    }
    ids
}

fn resolve(fields: &mut Map<String, Value>, ids: &HashMap<&str, &str>) -> Result<(), String> {
    for value in fields.values_mut() {
        if let Some(name) = value.as_str().and_then(|text| text.strip_prefix('@')) {
            let id = ids.get(name).ok_or_else(|| name.to_owned())?;
            *value = Value::from(*id);
        }
    }
    Ok(())
}

/// Adds what the platform adds: id, owner, dates, the name of a person.
fn complete(schema: &ObjectSchema, fields: &mut Map<String, Value>, id: &str, user: &str) {
    fields.insert("Id".to_owned(), Value::from(id));
    for field in &schema.fields {
        let value = match field.name.as_str() {
            "CreatedDate" | "LastModifiedDate" | "SystemModstamp" => MOMENT,
            "CreatedById" | "LastModifiedById" | "OwnerId" => user,
            _ => continue,
        };
        fields.entry(&field.name).or_insert_with(|| Value::from(value));
    }
    if schema.field("Name").is_some_and(|field| field.kind == FieldKind::String) && !fields.contains_key("Name") {
        let parts = ["FirstName", "LastName"].iter().filter_map(|part| fields.get(*part).and_then(Value::as_str));
        let name = parts.collect::<Vec<_>>().join(" ");
        let name =
            if name.is_empty() { format!("{}-{}", schema.name.trim_end_matches("__c"), &id[6..15].trim_start_matches('0')) } else { name };
        fields.insert("Name".to_owned(), Value::from(name));
    }
}

fn push_user(builder: &mut OrgBuilder, id: &str) -> Result<(), String> {
    let user = serde_json::json!({
        "Id": id, "Name": "Integration User", "Username": "integration@sluice.example", "Email": "integration@sluice.example",
        "IsActive": true, "UserType": "Standard", "CreatedDate": MOMENT, "LastModifiedDate": MOMENT, "SystemModstamp": MOMENT,
    });
    let Value::Object(user) = user else { return Ok(()) };
    builder.push("User", user).map_err(|err| err.to_string())
}
