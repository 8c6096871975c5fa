//! Tests of queries on a small org that is built here.

mod aggregates;
mod filters;
mod pages;
mod refusals;
mod search;
mod shapes;

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Context, Cursors, run};
use crate::fault::ApiError;
use crate::org::{ChildRelationship, FieldKind, FieldSchema, ObjectSchema, Org, OrgBuilder};

/// An id of 18 characters from a prefix and a number.
fn id(prefix: &str, number: usize) -> String {
    crate::org::IdKey::parse(&format!("{prefix}{number:012}")).unwrap().to_18()
}

fn object(name: &str, fields: Vec<FieldSchema>, children: &[(&str, &str, &str)]) -> ObjectSchema {
    let mut all = vec![FieldSchema::new("Id", FieldKind::Id)];
    all.extend(fields);
    let children = children.iter().map(|(relationship, object, field)| ChildRelationship {
        relationship_name: Some((*relationship).into()),
        child_object: (*object).into(),
        field: (*field).into(),
    });
    ObjectSchema { name: name.into(), queryable: true, fields: all, children: children.collect(), ..ObjectSchema::default() }
}

fn schema() -> Vec<ObjectSchema> {
    use FieldKind::{Base64, Boolean, Currency, Date, DateTime, Int, MultiPicklist, Picklist, String, TextArea, Time};
    let field = FieldSchema::new;
    let mut notes = field("Notes__c", TextArea);
    notes.filterable = false;
    let account = vec![
        field("Name", String),
        field("Amount", Currency),
        field("Employees", Int),
        field("Active", Boolean),
        field("Founded", Date),
        field("CreatedDate", DateTime),
        field("Opens", Time),
        field("Type", Picklist),
        field("Colors__c", MultiPicklist),
        notes,
        FieldSchema::reference("OwnerId", "Owner", &["User", "Group"]),
        FieldSchema::reference("ParentId", "Parent", &["Account"]),
    ];
    let mut hidden = object("Hidden", Vec::new(), &[]);
    hidden.queryable = false;
    vec![
        object(
            "Account",
            account,
            &[("Contacts", "Contact", "AccountId"), ("ContentDocumentLinks", "ContentDocumentLink", "LinkedEntityId")],
        ),
        object(
            "Contact",
            vec![field("Name", String), field("IsDeleted", Boolean), FieldSchema::reference("AccountId", "Account", &["Account"])],
            &[("Cases", "Case", "ContactId")],
        ),
        object("Case", vec![field("Subject", String), FieldSchema::reference("ContactId", "Contact", &["Contact"])], &[]),
        object("User", vec![field("Name", String), field("Email", String)], &[]),
        object("Group", vec![field("Name", String), field("Type", Picklist)], &[]),
        object("ContentDocument", vec![field("Title", String), field("FileExtension", String)], &[]),
        object("ContentVersion", vec![field("VersionData", Base64)], &[]),
        object(
            "ContentDocumentLink",
            vec![
                FieldSchema::reference("ContentDocumentId", "ContentDocument", &["ContentDocument"]),
                FieldSchema::reference("LinkedEntityId", "LinkedEntity", &["Account", "User"]),
            ],
            &[],
        ),
        hidden,
    ]
}

/// Three accounts (the third one empty), five contacts of the first and one of the second (deleted), two files.
fn org() -> Arc<Org> {
    let mut builder = OrgBuilder::new(schema());
    let mut push = |object: &str, record: Value| builder.push(object, record.as_object().cloned().unwrap()).unwrap();
    push(
        "Account",
        json!({"Id": id("001", 1), "Name": "Zoë Çelik", "Amount": 300.0, "Employees": 12, "Active": true, "Founded": "2026-05-13",
            "CreatedDate": "2026-05-13T10:00:00.000+0000", "Opens": "08:30:00.000Z", "Type": "Customer", "Colors__c": "red;Blue",
            "Notes__c": "a \"note\"", "OwnerId": id("005", 1), "ParentId": null}),
    );
    push(
        "Account",
        json!({"Id": id("001", 2), "Name": "acme 100%", "Amount": 9_007_199_254_740_993_i64, "Active": false, "Founded": "2026-05-12",
            "CreatedDate": "2026-05-12T23:59:59.000+0000", "Type": "customer", "Colors__c": "green", "OwnerId": id("00G", 1), "ParentId": id("001", 1)}),
    );
    push("Account", json!({"Id": id("001", 3), "Name": "Beta"}));
    for number in 1..=5 {
        push("Contact", json!({"Id": id("003", number), "Name": format!("C{number}"), "AccountId": id("001", 1)}));
    }
    push("Contact", json!({"Id": id("003", 6), "Name": "Gone", "IsDeleted": true, "AccountId": id("001", 2)}));
    push("Case", json!({"Id": id("500", 1), "Subject": "s", "ContactId": id("003", 2)}));
    push("User", json!({"Id": id("005", 1), "Name": "Jane", "Email": "jane@example.com"}));
    push("Group", json!({"Id": id("00G", 1), "Name": "Support", "Type": "Queue"}));
    push("ContentDocument", json!({"Id": id("069", 1), "Title": "t", "FileExtension": "txt"}));
    push("ContentDocument", json!({"Id": id("069", 2), "Title": "p", "FileExtension": "png"}));
    push("ContentVersion", json!({"Id": id("068", 1)}));
    for (number, file) in [(1, 1), (2, 2)] {
        push("ContentDocumentLink", json!({"Id": id("06A", number), "ContentDocumentId": id("069", file), "LinkedEntityId": id("001", 1)}));
    }
    Arc::new(builder.build())
}

fn context(version: &str) -> Context<'_> {
    // A Wednesday.
    Context { api_version: version, now: "2026-05-13T12:00:00Z".parse().unwrap(), all_rows: false }
}

/// The first page, as text.
fn text(soql: &str) -> String {
    let result = run(&org(), soql, &context("59.0")).unwrap_or_else(|error| panic!("{soql}: {error}"));
    let mut out = Vec::new();
    result.page(0, 2_000, &Cursors::new(), &mut out);
    String::from_utf8(out).unwrap()
}

/// The records of the first page.
fn records(soql: &str) -> Vec<Value> {
    let page: Value = serde_json::from_str(&text(soql)).unwrap();
    page["records"].as_array().cloned().unwrap()
}

/// The last digits of the ids that a condition on accounts finds.
fn accounts(condition: &str) -> Vec<usize> {
    let found = records(&format!("SELECT Id FROM Account WHERE {condition}"));
    found.iter().map(|record| record["Id"].as_str().unwrap()[12..15].parse().unwrap()).collect()
}

fn refusal(soql: &str) -> ApiError {
    refusal_in("59.0", soql)
}

fn refusal_in(version: &str, soql: &str) -> ApiError {
    match run(&org(), soql, &context(version)) {
        Err(error) => error,
        Ok(result) => panic!("{soql} found {} rows", result.total()),
    }
}
