//! Random orgs: rows of all tables that say who may read what, in every state that rows can be in, and what is to be read.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use simulator::org::{ChildRelationship, FieldKind, FieldSchema, ObjectSchema, Org, OrgBuilder};
use simulator::{record_id, standard_objects};

use super::content;
use super::dice::Dice;
use super::people;

/// Custom objects with their key prefixes.
pub(super) const CUSTOM: [(&str, &str); 2] = [("Project__c", "a00"), ("Invoice__c", "a01")];
/// When everything was made.
pub(super) const DAY: &str = "2024-03-01T09:00:00.000+0000";

/// An org as rows that can still be changed.
pub(super) struct Draft {
    pub(super) dice: Dice,
    pub(super) rows: Vec<(&'static str, Value)>,
    /// How many ids there are of each prefix.
    numbers: BTreeMap<&'static str, u64>,
}

impl Draft {
    /// The org of a seed: 20 users, 300 records, files and attachments.
    pub(super) fn of(seed: u64) -> Self {
        let mut draft = Self { dice: Dice::new(seed), rows: Vec::new(), numbers: BTreeMap::new() };
        people::make(&mut draft);
        content::make(&mut draft);
        draft
    }

    /// Adds a row under the next id of a prefix, which it gives.
    pub(super) fn add(&mut self, object: &'static str, prefix: &'static str, mut row: Value) -> String {
        let number = self.numbers.entry(prefix).or_default();
        *number += 1;
        let id = record_id(prefix, *number);
        row["Id"] = json!(id);
        self.rows.push((object, row));
        id
    }

    pub(super) fn rows(&self, object: &str) -> impl Iterator<Item = &Value> {
        self.rows.iter().filter(move |(of, _)| *of == object).map(|(_, row)| row)
    }

    pub(super) fn rows_mut(&mut self, object: &str) -> Vec<&mut Value> {
        self.rows.iter_mut().filter(|(of, _)| *of == object).map(|(_, row)| row).collect()
    }

    pub(super) fn ids(&self, object: &str) -> Vec<String> {
        self.rows(object).map(id_of).collect()
    }

    /// The org as it is now.
    pub(super) fn org(&self) -> Arc<Org> {
        self.org_of(&self.rows)
    }

    /// The org as the judge is to see it.
    pub(super) fn org_of_the_judge(&self) -> Arc<Org> {
        self.org_of(&people::strictly(self))
    }

    fn org_of(&self, rows: &[(&'static str, Value)]) -> Arc<Org> {
        let mut builder = OrgBuilder::new(objects());
        for (object, row) in rows {
            builder.push_value(object, row).unwrap();
        }
        for blob in self.ids("ContentVersion").iter().chain(&self.ids("Attachment")) {
            builder.file(blob, Bytes::from_static(content::TEXT));
        }
        Arc::new(builder.build())
    }
}

pub(super) fn id_of(row: &Value) -> String {
    row["Id"].as_str().unwrap().to_owned()
}

/// The standard objects and two custom ones.
fn objects() -> Vec<ObjectSchema> {
    let mut objects = standard_objects();
    for (name, prefix) in CUSTOM {
        let files = ChildRelationship {
            relationship_name: Some("ContentDocumentLinks".to_owned()),
            child_object: "ContentDocumentLink".to_owned(),
            field: "LinkedEntityId".to_owned(),
        };
        let fields = [
            ("Id", FieldKind::Id),
            ("IsDeleted", FieldKind::Boolean),
            ("Name", FieldKind::String),
            ("CreatedDate", FieldKind::DateTime),
            ("LastModifiedDate", FieldKind::DateTime),
            ("SystemModstamp", FieldKind::DateTime),
        ];
        let owner = FieldSchema::reference("OwnerId", "Owner", &["User", "Group"]);
        objects.push(ObjectSchema {
            name: name.to_owned(),
            custom: true,
            queryable: true,
            key_prefix: Some(prefix.to_owned()),
            fields: fields.into_iter().map(|(name, kind)| FieldSchema::new(name, kind)).chain([owner]).collect(),
            children: vec![files],
            ..ObjectSchema::default()
        });
        let links = objects.iter_mut().find(|object| object.name == "ContentDocumentLink").unwrap();
        links.fields.iter_mut().find(|field| field.name == "LinkedEntityId").unwrap().reference_to.push(name.to_owned());
    }
    objects
}
