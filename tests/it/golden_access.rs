//! The case of the reference with document level security, through the whole engine over HTTP.
//!
//! Documents are those of the reference but for who may read them. That is what the rules of `domain::access` make of the records of the org,
//! and the tests of those list each difference from the reference with the number of its defect.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::access::{AccessTable, AllowList, AllowLists, Directory, DirectoryBuilder, FileLinks, Mode, Prefixes};
use domain::{JobType, RecordId, Timestamp};
use serde_json::{Value, json};
use simulator::faults::FaultPlan;

use crate::golden::{cases, synced};

const JOBS: [JobType; 2] = [JobType::AccessControl, JobType::Full];

fn records(object: &str) -> Vec<Value> {
    let path = cases::golden().join(format!("org/records/{object}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn directory() -> Arc<Directory> {
    let mut builder = DirectoryBuilder::new();
    for table in AccessTable::ALL {
        if !cases::golden().join(format!("org/records/{}.json", table.object())).exists() {
            builder.absent(table).unwrap();
            continue;
        }
        for row in records(table.object()) {
            builder.take(table, row.to_string().as_bytes()).unwrap();
        }
    }
    Arc::new(builder.finish("2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap()).unwrap())
}

fn parsed(documents: BTreeMap<String, String>) -> BTreeMap<String, Value> {
    documents.into_iter().map(|(id, text)| (id, serde_json::from_str(&text).unwrap())).collect()
}

fn id(value: &Value) -> RecordId {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn documents_are_those_of_the_reference_and_say_who_may_read_them() {
    let org = cases::org(Some(50), FaultPlan::default());
    let documents = synced(&org, "dls", &JOBS, "golden");
    cases::assert_golden("dls", &org, documents.clone());

    let schema: Value = serde_json::from_str(&std::fs::read_to_string(cases::golden().join("org/schema.json")).unwrap()).unwrap();
    let prefix = |(name, object): (&String, &Value)| Some((object["keyPrefix"].as_str()?.to_owned(), name.clone()));
    let prefixes: Vec<_> = schema.as_object().unwrap().iter().filter_map(prefix).collect();
    let allow = AllowLists::of_users(Prefixes::new(prefixes), directory());
    let files: BTreeMap<_, _> = records("ContentDocument").iter().map(|file| (id(&file["Id"]), file.clone())).collect();
    let links = records("ContentDocumentLink");
    let list_of_file = |file: RecordId| {
        let linked: Vec<_> =
            links.iter().filter(|link| id(&link["ContentDocumentId"]) == file).map(|link| id(&link["LinkedEntityId"])).collect();
        let owner = files[&file]["OwnerId"].as_str().map(|owner| owner.parse().unwrap());
        allow.file(&FileLinks { owner, linked: &linked, private_on_records: false })
    };
    let (mut of_records, mut of_files) = (0, 0);
    for (name, document) in parsed(documents) {
        let list: AllowList = if document["type"] == "content_document" {
            of_files += 1;
            list_of_file(name.parse().unwrap())
        } else {
            of_records += 1;
            allow.record(document["attributes"]["type"].as_str().unwrap())
        };
        assert_eq!(document["_allow_access_control"], json!(list.tokens().collect::<Vec<_>>()), "{name}");
    }
    assert!(of_records > 200 && of_files > 10, "{of_records} {of_files}");
}

#[test]
fn access_documents_are_those_that_the_rules_make_of_the_org() {
    let org = cases::org(None, FaultPlan::default());
    let written = parsed(synced(&org, "dls", &JOBS, ".search-acl-filter-golden"));
    let document = |document: domain::Document| (document.id.to_string(), serde_json::from_slice::<Value>(&document.body).unwrap());
    let expected: BTreeMap<_, _> = directory().access_documents(Mode::UserLists).map(document).collect();
    assert!(expected.len() > 5);
    assert_eq!(written, expected);
}
