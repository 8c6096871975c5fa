//! The documents of the reference connector, field for field, through the whole engine over HTTP.
//!
//! `tests/golden/README.md` says what is compared and what is not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use actors::supervisor::Monitor;
use adapters::embedded::Embedded;
use domain::JobStatus;
use serde_json::{Map, Value, json};
use simulator::faults::{Fault, FaultPlan, FaultRule, Match, Turn};
use simulator::{Options, Running, load_dir, spawn};
use sluice::app::{self, Index};
use sluice::clock::SystemClock;
use sluice::plan::Plan;
use sluice::settings::{Environment, Settings};
use tokio::sync::watch;

/// Where the reference saw its org.
const REFERENCE_URL: &str = "http://localhost:10400";

/// Cases that need what the engine does not do yet, with what they need. Remove a line when it does.
const NOT_YET: [(&str, &str); 3] =
    [("advanced", "advanced sync rules"), ("basic_rules", "basic sync rules"), ("dls", "document level security")];

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Settings of one case: the reference's keys as they are, `compatibility: elastic`, and the reference's pipeline.
fn settings(org: &Running, data: &Path, case: &Map<String, Value>, page_size: usize) -> String {
    let mut configuration = json!({
        "domain": "example",
        "client_id": "sluice-demo",
        "client_secret": "sluice-demo-secret",
        "compatibility": "elastic",
    });
    configuration.as_object_mut().unwrap().extend(case.clone());
    let settings = json!({
        "index": { "kind": "embedded", "path": data },
        "connectors": [{
            "connector_id": "golden",
            "service_type": "salesforce",
            "index_name": "golden",
            "configuration": configuration,
            "pipeline": { "name": "p", "extract_binary_content": true, "reduce_whitespace": true, "run_ml_inference": false },
        }],
        "salesforce": {
            "base_url": org.base_url, "api_version": "59.0", "page_size": page_size,
            "retries": { "first_wait": "1ms" }, "idle_timeout": "1s",
        },
    });
    settings.to_string()
}

/// Syncs the golden org into a fresh index and exports it.
fn sync(case: &Map<String, Value>, rows_per_page: Option<usize>, faults: FaultPlan) -> BTreeMap<String, Value> {
    let options = Options { page_size: rows_per_page, faults, ..Options::new(Arc::new(load_dir(golden().join("org")).unwrap())) };
    let org = spawn(options).unwrap();
    let data = tempfile::tempdir().unwrap();
    let text = settings(&org, data.path(), case, 2000);
    let plan = Plan::try_from(Settings::parse(&text, &Environment::default()).unwrap()).unwrap();
    let mut documents = BTreeMap::new();
    actix_rt::System::new().block_on(async {
        let embedded = Embedded::open(data.path(), Arc::new(SystemClock)).unwrap();
        let reader = embedded.reader();
        let (_stop, stopped) = watch::channel(false);
        let connector = plan.connector(None).unwrap();
        let (_, ended) = app::run_job(&plan, connector, &Index::embedded(embedded), Arc::new(Monitor::default()), stopped).await.unwrap();
        assert_eq!((ended.status, ended.fault), (JobStatus::Completed, None));
        let read = |id: &str, body: &[u8]| {
            let text = String::from_utf8(body.to_vec()).unwrap().replace(&org.base_url, REFERENCE_URL);
            documents.insert(id.to_owned(), serde_json::from_str(&text).unwrap());
            Ok(())
        };
        reader.export("golden", read).unwrap();
    });
    documents
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
fn comparable(mut document: Value) -> Value {
    let object = document.as_object_mut().unwrap();
    if object.get("type") == Some(&json!("content_document")) || !object.contains_key("LastModifiedDate") {
        assert!(object.remove("_timestamp").is_some_and(|stamp| stamp.is_string()), "every document has a time stamp");
    }
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

fn assert_golden(case: &str, rows_per_page: Option<usize>) {
    assert_golden_through(case, rows_per_page, FaultPlan::default());
}

fn assert_golden_through(case: &str, rows_per_page: Option<usize>, faults: FaultPlan) {
    let config: Value = serde_json::from_str(&std::fs::read_to_string(golden().join(case).join("config.json")).unwrap()).unwrap();
    let (have, want) = (sync(config.as_object().unwrap(), rows_per_page, faults), expected(case));
    assert!(!want.is_empty());
    assert_eq!(have.keys().collect::<Vec<_>>(), want.keys().collect::<Vec<_>>(), "{case}: ids");
    for (id, want) in want {
        assert_equal(&format!("{case}: {id}"), &comparable(have[&id].clone()), &comparable(want));
    }
}

/// Fails with the path of the first value that differs, and the two values.
fn assert_equal(path: &str, have: &Value, want: &Value) {
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

#[test]
fn the_default_objects_give_the_references_documents() {
    assert_golden("full", None);
}

#[test]
fn chosen_standard_and_custom_objects_give_the_references_documents() {
    assert_golden("selected", None);
}

#[test]
fn all_custom_objects_give_the_references_documents() {
    assert_golden("custom_all", None);
}

#[test]
fn small_pages_and_many_cursors_change_nothing() {
    assert_golden("full", Some(3));
}

#[test]
fn bad_weather_changes_nothing() {
    // Primes, so that faults meet requests in ever new combinations; together they strike every fifth request.
    let every = |count, act| FaultRule {
        when: Match { path: Some("/services/data/".to_owned()), turn: Turn::Every(count), ..Match::default() },
        act,
    };
    let status = |status| Fault::Status { status, body: None, code: None, message: None };
    let faults = FaultPlan::new([
        every(29, status(503)),
        every(31, Fault::Truncate { after_bytes: 100 }),
        every(37, Fault::Reset { after_bytes: 40 }),
        every(41, Fault::HtmlError { status: 502 }),
        every(43, Fault::Unauthorized),
        every(47, Fault::ConcurrentLimit),
        every(53, Fault::ExpiredCursor),
        every(59, Fault::Reset { after_bytes: 0 }),
    ]);
    assert_golden_through("full", Some(20), faults);
}

#[test]
#[expect(clippy::print_stdout, reason = "the list is meant to be seen")]
fn cases_that_are_not_covered_yet_are_refused_and_never_silently_different() {
    for (case, needs) in NOT_YET {
        println!("golden case `{case}` is not covered yet: it needs {needs}");
        let config: Value = serde_json::from_str(&std::fs::read_to_string(golden().join(case).join("config.json")).unwrap()).unwrap();
        let mut connector =
            json!({ "connector_id": "c", "index_name": "i", "configuration": { "domain": "d", "client_id": "i", "client_secret": "s" } });
        for (key, value) in config.as_object().unwrap() {
            match key.as_str() {
                "rules" => connector["sync_rules"]["basic"] = value.clone(),
                "advanced_snippet" => connector["sync_rules"]["advanced"] = value.clone(),
                _ => connector["configuration"][key] = value.clone(),
            }
        }
        let settings = json!({ "index": { "kind": "embedded", "path": "x" }, "connectors": [connector] }).to_string();
        assert!(Plan::try_from(Settings::parse(&settings, &Environment::default()).unwrap()).is_err(), "{case}");
    }
}

#[test]
fn every_case_is_either_covered_or_listed() {
    let mut cases: Vec<_> = std::fs::read_dir(golden()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    cases.retain(|case| golden().join(case).join("config.json").exists());
    cases.sort();
    let mut known: Vec<_> = NOT_YET.iter().map(|(case, _)| *case).chain(["full", "selected", "custom_all"]).collect();
    known.sort_unstable();
    assert_eq!(cases, known);
}
