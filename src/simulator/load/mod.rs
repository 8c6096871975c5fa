//! Reads an org from a directory: schema and flat records, or the record trees of the Salesforce CLI.

mod infer;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::org::{ChildRelationship, FieldKind, FieldSchema, ObjectSchema, Org, OrgBuilder};

/// The directory holds no org.
#[derive(Debug, thiserror::Error)]
#[error("cannot load org from {}: {place}{problem}", file.display())]
pub struct LoadError {
    /// The file or directory at fault.
    pub file: PathBuf,
    /// Where in it, for example `record 3: `; may be empty.
    pub place: String,
    /// What is wrong.
    pub problem: String,
}

impl LoadError {
    fn new(file: &Path, problem: impl ToString) -> Self {
        Self { file: file.to_owned(), place: String::new(), problem: problem.to_string() }
    }

    /// Counts records from 1, as people do.
    fn at_record(file: &Path, at: usize, problem: impl ToString) -> Self {
        Self { place: format!("record {}: ", at + 1), ..Self::new(file, problem) }
    }
}

/// Loads the org in a directory. With a `schema.json` it has `records/` and `files/`; without, it holds trees (`docs/simulator.md`).
///
/// # Errors
/// Names the file, and where it can the record, that does not fit.
pub fn load_dir(path: impl AsRef<Path>) -> Result<Org, LoadError> {
    let path = path.as_ref();
    let schema = path.join("schema.json");
    if schema.is_file() {
        let mut builder = OrgBuilder::new(read_schema(&schema)?);
        load_records(&path.join("records"), &mut builder)?;
        load_files(&path.join("files"), &mut builder)?;
        Ok(builder.build())
    } else {
        tree::load(path)
    }
}

/// An object as `schema.json` has it: a part of describe's body, so that real describes may be put there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ObjectText {
    name: Option<String>,
    label: Option<String>,
    #[serde(default)]
    custom: bool,
    queryable: Option<bool>,
    key_prefix: Option<String>,
    fields: Vec<FieldText>,
    #[serde(default)]
    child_relationships: Vec<ChildText>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FieldText {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    label: Option<String>,
    length: Option<u32>,
    nillable: Option<bool>,
    custom: Option<bool>,
    filterable: Option<bool>,
    relationship_name: Option<String>,
    #[serde(default)]
    reference_to: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChildText {
    relationship_name: Option<String>,
    #[serde(rename = "childSObject")]
    child_object: String,
    field: String,
}

fn read_schema(file: &Path) -> Result<Vec<ObjectSchema>, LoadError> {
    let text = read(file)?;
    let objects: std::collections::BTreeMap<String, ObjectText> = serde_json::from_slice(&text).map_err(|err| LoadError::new(file, err))?;
    let schemas = objects.into_iter().map(|(key, object)| object.schema(key));
    schemas.collect::<Result<_, _>>().map_err(|problem| LoadError::new(file, problem))
}

impl ObjectText {
    fn schema(self, key: String) -> Result<ObjectSchema, String> {
        let name = self.name.unwrap_or(key);
        let fields: Result<Vec<_>, _> = self.fields.into_iter().map(|field| field.schema(&name)).collect();
        Ok(ObjectSchema {
            fields: fields?,
            label: self.label.unwrap_or_default(),
            custom: self.custom,
            queryable: self.queryable.unwrap_or(true),
            key_prefix: self.key_prefix,
            children: self.child_relationships.into_iter().map(ChildText::schema).collect(),
            name,
        })
    }
}

impl FieldText {
    fn schema(self, object: &str) -> Result<FieldSchema, String> {
        let kind = FieldKind::from_name(&self.kind).ok_or_else(|| format!("{object}.{}: unknown type {}", self.name, self.kind))?;
        let default = FieldSchema::new(&self.name, kind);
        Ok(FieldSchema {
            label: self.label.unwrap_or_default(),
            length: self.length.unwrap_or(default.length),
            nillable: self.nillable.unwrap_or(default.nillable),
            custom: self.custom.unwrap_or(default.custom),
            filterable: self.filterable.unwrap_or(default.filterable),
            relationship_name: self.relationship_name,
            reference_to: self.reference_to,
            ..default
        })
    }
}

impl ChildText {
    fn schema(self) -> ChildRelationship {
        ChildRelationship { relationship_name: self.relationship_name, child_object: self.child_object, field: self.field }
    }
}

fn load_records(folder: &Path, builder: &mut OrgBuilder) -> Result<(), LoadError> {
    for file in entries(folder)?.into_iter().filter(|file| has_extension(file, "json")) {
        let object = stem(&file);
        let text = read(&file)?;
        let records: Vec<&RawValue> = serde_json::from_slice(&text).map_err(|err| LoadError::new(&file, err))?;
        for (at, record) in records.into_iter().enumerate() {
            builder.push_raw(&object, record).map_err(|err| LoadError::at_record(&file, at, err))?;
        }
    }
    Ok(())
}

fn load_files(folder: &Path, builder: &mut OrgBuilder) -> Result<(), LoadError> {
    if !folder.is_dir() {
        return Ok(());
    }
    for file in entries(folder)? {
        let version = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if crate::org::IdKey::parse(&version).is_none() {
            return Err(LoadError::new(&file, "the name is no id of a ContentVersion"));
        }
        builder.file(&version, Bytes::from(read(&file)?));
    }
    Ok(())
}

/// Files of a directory, sorted by name so that the same directory always makes the same org.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let fail = |err| LoadError::new(folder, err);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(file: &Path) -> Result<Vec<u8>, LoadError> {
    fs::read(file).map_err(|err| LoadError::new(file, err))
}

fn has_extension(file: &Path, extension: &str) -> bool {
    file.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

fn stem(file: &Path) -> String {
    file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
