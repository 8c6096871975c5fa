//! The golden org and cases: how an engine is set up for them, and when documents count as equal.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value, json};
use simulator::faults::FaultPlan;
use simulator::{Options, Running, load_dir, spawn};
use sluice::plan::Plan;
use sluice::settings::{Environment, Settings};

/// Where the reference saw its org.
const REFERENCE_URL: &str = "http://localhost:10400";

pub(crate) fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// The golden org, served.
pub(crate) fn org(rows_per_page: Option<usize>, faults: FaultPlan) -> Running {
    let org = Arc::new(load_dir(golden().join("org")).unwrap());
    spawn(Options { page_size: rows_per_page, faults, ..Options::new(org) }).unwrap()
}

/// The reference's keys of a case.
pub(crate) fn config(case: &str) -> Map<String, Value> {
    serde_json::from_str(&std::fs::read_to_string(golden().join(case).join("config.json")).unwrap()).unwrap()
}

/// The plan that a case runs on.
pub(crate) fn plan(org: &Running, data: &Path, case: &str) -> Plan {
    let text = settings(org, data, &config(case));
    Plan::try_from(Settings::parse(&text, &Environment::default()).unwrap()).unwrap()
}

/// Settings of one case: the reference's keys as they are, `compatibility: elastic`, and the reference's pipeline.
fn settings(org: &Running, data: &Path, case: &Map<String, Value>) -> String {
    let mut configuration = json!({
        "domain": "example",
        "client_id": "sluice-demo",
        "client_secret": "sluice-demo-secret",
        "compatibility": "elastic",
    });
    let (mut basic, mut advanced) = (json!([]), json!([]));
    for (key, value) in case {
        match key.as_str() {
            "rules" => basic = value.clone(),
            "advanced_snippet" => advanced = value.clone(),
            _ => configuration[key] = value.clone(),
        }
    }
    let settings = json!({
        "index": { "kind": "embedded", "path": data },
        "connectors": [{
            "connector_id": "golden",
            "service_type": "salesforce",
            "index_name": "golden",
            "configuration": configuration,
            "sync_rules": { "basic": basic, "advanced": advanced },
            "pipeline": { "name": "p", "extract_binary_content": true, "reduce_whitespace": true, "run_ml_inference": false },
        }],
        "salesforce": {
            "base_url": org.base_url, "api_version": "59.0",
            "retries": { "first_wait": "1ms" }, "idle_timeout": "1s",
        },
    });
    settings.to_string()
}

/// Fails with the first difference from what the reference indexed.
pub(crate) fn assert_golden(case: &str, org: &Running, documents: BTreeMap<String, String>) {
    let parse = |(id, text): (String, String)| (id, serde_json::from_str(&text.replace(&org.base_url, REFERENCE_URL)).unwrap());
    let (have, want): (BTreeMap<String, Value>, _) = (documents.into_iter().map(parse).collect(), expected(case));
    assert!(!want.is_empty());
    assert_eq!(have.keys().collect::<Vec<_>>(), want.keys().collect::<Vec<_>>(), "{case}: ids");
    for (id, want) in want {
        assert_equal(&format!("{case}: {id}"), &comparable(have[&id].clone()), &comparable(want));
    }
}

/// What the reference indexed.
fn expected(case: &str) -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(golden().join(case).join("documents.ndjson")).unwrap();
    let line = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        (line["_id"].as_str().unwrap().to_owned(), line["_source"].take())
    };
    text.lines().map(line).collect()
}

/// Takes out what the rules leave open.
pub(crate) fn comparable(mut document: Value) -> Value {
    let object = document.as_object_mut().unwrap();
    if object.get("type") == Some(&json!("content_document")) || !object.contains_key("LastModifiedDate") {
        assert!(object.remove("_timestamp").is_some_and(|stamp| stamp.is_string()), "every document has a time stamp");
    }
    // What differs there on purpose is listed and tested on its own.
    object.remove("_allow_access_control");
    sort(object.get_mut("linked_ids"));
    sort(object.get_mut("Feeds"));
    if let Some(links) = object.get_mut("ContentDocumentLinks").and_then(|links| links.get_mut("records")) {
        for link in links.as_array_mut().unwrap() {
            let file = link["ContentDocument"].as_object_mut().unwrap();
            file.remove("linked_sobject_id");
            file.remove("linked_ids");
        }
        sort(Some(links));
    }
    document
}

fn sort(list: Option<&mut Value>) {
    if let Some(Value::Array(list)) = list {
        list.sort_by_key(Value::to_string);
    }
}

/// Fails with the path of the first value that differs, and the two values.
pub(crate) fn assert_equal(path: &str, have: &Value, want: &Value) {
    match (have, want) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys()) {
                assert_equal(&format!("{path}.{key}"), a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
                assert_eq!(a.contains_key(key), b.contains_key(key), "{path}.{key} is there");
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().for_each(|(no, (a, b))| assert_equal(&format!("{path}[{no}]"), a, b));
        }
        _ => assert_eq!(have, want, "{path}"),
    }
}
