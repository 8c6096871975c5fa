//! `sluice check`: every check is made, what fails says what to do, and nothing is written anywhere.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use adapters::embedded::Embedded;
use serde_json::{Value, json};
use simulator::Running;
use simulator::faults::FaultPlan;
use sluice::clock::SystemClock;

use crate::bad_org::hiding;
use crate::canned::{Answer, Canned};
use crate::program::{Done, Place, SECRET, contains_all, fails, run, simulated};

const GREETING: &str = r#"{"version":{"number":"9.4.3"},"tagline":"You Know, for Search"}"#;
const GONE: &str = r#"{"error":{"type":"index_not_found_exception","reason":"no such index"},"status":404}"#;
const UNKNOWN: &str = r#"{"error":"no handler found for uri [/_security/user/_has_privileges] and method [POST]"}"#;
/// Nowhere is anything of the kind written down.
const NOWHERE: &str = "http://127.0.0.1:9";

fn org() -> Running {
    simulated(FaultPlan::default())
}

/// Findings in order: outcome, whose, what, and the line with what to do.
struct Findings {
    code: Option<i32>,
    all: Vec<Value>,
}

impl Findings {
    fn of(config: &str, more: &[&str]) -> Self {
        let done = run(&[&["check", "-c", config, "--output", "json", "--log-level", "error"], more].concat());
        assert_eq!(done.err, "", "{done:?}");
        Self { code: done.code, all: done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect() }
    }

    /// What was found, in short: `ok cluster server`.
    fn short(&self) -> Vec<String> {
        let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
        self.all.iter().map(|finding| ["outcome", "subject", "what"].map(|key| text(finding, key)).join(" ")).collect()
    }

    /// The finding that is so in short; its details and what to do as text.
    #[track_caller]
    fn one(&self, short: &str) -> String {
        let at = self.short().iter().position(|found| found == short).unwrap_or_else(|| panic!("{short} is not in {:#?}", self.all));
        self.all[at].to_string()
    }

    /// How all checks but those of the settings came out.
    fn outcomes(&self) -> BTreeMap<String, usize> {
        let outcomes = self.all.iter().skip(1).map(|finding| finding["outcome"].as_str().unwrap().to_owned());
        outcomes.fold(BTreeMap::new(), |mut counts, outcome| {
            *counts.entry(outcome).or_insert(0) += 1;
            counts
        })
    }
}

/// A cluster that knows what a check may ask and nothing else, and remembers who asked for privileges.
struct Cluster {
    server: Canned,
    strangers: Arc<Mutex<Vec<String>>>,
    privileges: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Cluster {
    /// One that has everything, but for what `answers` say otherwise. Privileges in `denied` nobody has.
    fn new(answers: &[(&str, Answer)], denied: &'static [&'static str]) -> Self {
        let index = r#"{"search-sf":{"mappings":{"dynamic":"false","properties":{"a":{"type":"keyword"}}},"settings":{}}}"#;
        let mut known: BTreeMap<String, Answer> = [
            ("GET /", GREETING),
            ("GET /_license", r#"{"license":{"status":"active","type":"basic"}}"#),
            ("GET /search-sf", index),
            ("GET /_ingest/pipeline/search-default-ingestion", r#"{"search-default-ingestion":{"processors":[]}}"#),
        ]
        .map(|(request, body)| (request.to_owned(), Answer::json(body)))
        .into();
        known.insert("GET /.sluice-state".to_owned(), Answer::refused(404, GONE));
        known.extend(answers.iter().map(|(request, answer)| ((*request).to_owned(), answer.clone())));
        let (strangers, privileges) = (Arc::<Mutex<Vec<_>>>::default(), Arc::<Mutex<Vec<_>>>::default());
        let (met, asked) = (Arc::clone(&strangers), Arc::clone(&privileges));
        let server = Canned::serve(move |request| {
            let line = format!("{} {}", request.method, request.path);
            if let Some(answer) = known.get(&line) {
                return answer.clone();
            }
            if line == "POST /_security/user/_has_privileges" {
                let question: Value = serde_json::from_slice(&request.body).unwrap();
                asked.lock().unwrap().push((request.authorization.clone(), question.clone()));
                return held(&question, denied);
            }
            met.lock().unwrap().push(line);
            Answer::refused(400, r#"{"error":"nobody may ask this","status":400}"#)
        });
        Self { server, strangers, privileges }
    }

    /// A configuration with this cluster; `whole` changes it.
    fn config(&self, place: &Place, org: &str, whole: Value) -> String {
        let cluster = json!({
            "index": { "kind": null, "path": null },
            "elasticsearch": { "host": self.server.base_url, "api_key": "service-key", "max_retries": 1 },
        });
        let mut whole = whole;
        whole["index"] = cluster["index"].clone();
        whole["elasticsearch"] = cluster["elasticsearch"].clone();
        place.config(org, json!({}), whole)
    }

    /// Nothing was asked that is not known to be harmless.
    fn assert_no_strangers(&self) {
        assert_eq!(*self.strangers.lock().unwrap(), Vec::<String>::new());
    }
}

/// All privileges that are asked for, but those.
fn held(question: &Value, denied: &[&str]) -> Answer {
    let grant = |names: &Value| -> Value {
        let names = names.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
        names.map(|name| (name.to_owned(), json!(!denied.contains(&name)))).collect::<serde_json::Map<_, _>>().into()
    };
    let mut indices = serde_json::Map::new();
    for entry in question["index"].as_array().unwrap() {
        for name in entry["names"].as_array().unwrap() {
            indices.insert(name.as_str().unwrap().to_owned(), grant(&entry["privileges"]));
        }
    }
    let all = denied.is_empty();
    Answer::json(
        &json!({ "username": "u", "has_all_requested": all, "cluster": grant(&question["cluster"]), "index": indices }).to_string(),
    )
}

fn table(done: &Done) -> Vec<&str> {
    done.out.lines().collect()
}

#[test]
fn where_everything_is_in_order_a_table_says_so_and_nothing_is_made() {
    let (place, org) = (Place::empty(), org());
    let config = place.config(&org.base_url, json!({}), json!({}));
    let done = run(&["check", "-c", &config]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let lines = table(&done);
    contains_all(lines[0], &["ok ", "  configuration   settings   ", "config.yml defines 1 connector"]);
    contains_all(lines[1], &["ok ", "  embedded index  directory  ", "has no index yet; the first job makes it"]);
    contains_all(lines[2], &["ok ", "  sf              sign-in    ", "by client credentials, at http://127.0.0.1:"]);
    contains_all(lines[3], &["version 64.0; ", " calls of the last 24 hours are used"]);
    contains_all(lines[4], &["2 synced: Lead (", " fields), Campaign ("]);
    contains_all(lines[5], &["ok ", "  sf              text of files  this program makes it"]);
    assert_eq!(lines[6..], ["6 ok"]);
    assert!(!done.out.contains('\x1b') && !place.data().exists());
}

#[test]
fn an_index_that_another_process_holds_fails_and_the_org_is_looked_at_all_the_same() {
    let (place, org) = (Place::filled(), org());
    let config = place.config(&org.base_url, json!({}), json!({}));
    let before = place.export();
    assert_eq!(Findings::of(&config, &[]).code, Some(0));
    let held = Embedded::open(place.data(), Arc::new(SystemClock)).unwrap();
    let findings = Findings::of(&config, &[]);
    contains_all(&findings.one("fail embedded index directory"), &["\"code\":\"DB0002\"", "stop the other process"]);
    findings.one("ok sf objects");
    assert_eq!(findings.code, Some(1));
    drop(held);
    assert_eq!(place.export(), before);
}

#[test]
fn a_sign_in_that_is_refused_leaves_nothing_to_ask() {
    let (place, org) = (Place::empty(), org());
    let findings = Findings::of(&place.config(&org.base_url, json!({ "client_secret": "0ther" }), json!({})), &[]);
    contains_all(&findings.one("fail sf sign-in"), &["invalid client credentials", "\"code\":\"SF0101\"", "check `client_id`"]);
    contains_all(&findings.one("skipped sf api"), &["not checked: there is no sign-in"]);
    contains_all(&findings.one("skipped sf objects"), &["not checked: there is no sign-in"]);
    assert_eq!(findings.code, Some(1));
}

#[test]
fn a_version_that_the_org_does_not_serve_is_named_with_its_key() {
    let (place, org) = (Place::empty(), org());
    let config = place.config(&org.base_url, json!({}), json!({ "salesforce": { "api_version": "99.0" } }));
    let findings = Findings::of(&config, &[]);
    contains_all(&findings.one("fail sf api"), &["answered 404", "set `salesforce.api_version`"]);
    findings.one("skipped sf objects");
}

#[test]
fn objects_that_may_not_be_read_are_warnings_and_one_that_is_named_and_missing_fails() {
    let (place, org) = (Place::empty(), hiding(&["Campaign", "User"]));
    let findings = Findings::of(&place.config(&org.base_url, json!({}), json!({})), &[]);
    contains_all(&findings.one("ok sf objects"), &["1 synced: Lead ("]);
    let warnings: Vec<_> = findings.all.iter().filter(|finding| finding["outcome"] == "warn").map(Value::to_string).collect();
    contains_all(&warnings[0], &["left out: Campaign: the run-as user may not query it", "read access"]);
    contains_all(&warnings[1], &["documents lack Owner: the run-as user may not query User"]);
    assert_eq!(findings.code, Some(0));
    let missing = json!({ "sync_custom_objects": true, "custom_objects_to_sync": "Nothing" });
    let findings = Findings::of(&place.config(&org.base_url, missing, json!({})), &[]);
    contains_all(&findings.one("fail sf objects"), &["no custom object Nothing__c", "\"code\":\"SF0304\""]);
}

#[test]
fn names_that_are_ignored_are_warnings() {
    let (place, org) = (Place::empty(), org());
    let findings = Findings::of(&place.config(&org.base_url, json!({}), json!({ "telemetry": 3 })), &[]);
    contains_all(&findings.one("warn configuration settings"), &["`telemetry` is not known and is ignored"]);
    assert_eq!(findings.code, Some(0));
}

#[test]
fn a_wrong_configuration_and_an_unknown_connector_end_with_two() {
    let place = Place::empty();
    let wrong = place.config(NOWHERE, json!({ "client_id": null }), json!({}));
    contains_all(&fails(&["check", "-c", &wrong], 2), &["client_id` is missing"]);
    let config = place.config(NOWHERE, json!({}), json!({}));
    let line = fails(&["check", "-c", &config, "--connector", "x"], 2);
    assert_eq!(line, "there is no connector `x` in the configuration; there are: `sf`");
}

#[test]
fn a_cluster_in_order_is_asked_for_what_jobs_need_and_for_nothing_else() {
    let (place, org, cluster) = (Place::empty(), org(), Cluster::new(&[], &[]));
    let findings = Findings::of(&cluster.config(&place, &org.base_url, json!({})), &[]);
    assert_eq!(
        findings.short()[1..8],
        [
            "ok cluster server",
            "ok cluster licence",
            "ok cluster privileges",
            "ok cluster state index",
            "ok sf privileges",
            "ok sf index",
            "ok sf pipeline",
        ]
    );
    assert_eq!((findings.code, findings.outcomes()), (Some(0), [("ok".to_owned(), 10)].into()), "{:?}", findings.all);
    contains_all(&findings.one("ok cluster server"), &["elasticsearch 9.4.3 at http://127.0.0.1:"]);
    contains_all(&findings.one("ok sf index"), &["1 of 1000 fields"]);
    let asked = cluster.privileges.lock().unwrap();
    let state = json!({ "names": [".sluice-state"], "privileges": ["read", "write", "maintenance", "create_index"] });
    assert_eq!(asked[0], ("ApiKey service-key".to_owned(), json!({ "cluster": ["monitor"], "index": [state] })));
    let documents = json!({ "names": ["search-sf"], "privileges": ["read", "write", "monitor", "view_index_metadata", "maintenance"] });
    assert_eq!(asked[1].1, json!({ "cluster": [], "index": [documents] }));
    cluster.assert_no_strangers();
}

/// A connector of the file with a key of its own, and one that the cluster defines.
fn two() -> Value {
    json!({ "connectors": [
        { "connector_id": "own", "index_name": "search-own", "api_key": "own-key", "pipeline": { "name": "_none" },
          "configuration": { "domain": "acme", "client_id": "sluice-demo", "client_secret": SECRET, "standard_objects_to_sync": "Lead" } },
        { "connector_id": "managed" },
    ] })
}

fn document(status: &str, changes: Value) -> Answer {
    let mut configuration = json!({
        "domain": { "value": "acme" }, "client_id": { "value": "sluice-demo" }, "client_secret": { "value": SECRET },
        "standard_objects_to_sync": { "value": "Lead" }, "use_document_level_security": { "value": false },
    });
    configuration.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    let source = json!({ "service_type": "salesforce", "status": status, "index_name": "search-sf", "configuration": configuration });
    Answer::json(&json!({ "_id": "managed", "found": true, "_source": source }).to_string())
}

#[test]
fn a_connector_is_looked_at_with_its_own_key_and_one_of_the_cluster_by_its_definition() {
    let (place, org) = (Place::empty(), org());
    let answers =
        [("GET /search-own", Answer::refused(404, GONE)), ("GET /.elastic-connectors/_doc/managed", document("connected", json!({})))];
    let cluster = Cluster::new(&answers, &[]);
    let config = cluster.config(&place, &org.base_url, two());
    let findings = Findings::of(&config, &[]);
    contains_all(&findings.one("ok own index"), &["`search-own` is not there yet"]);
    contains_all(&findings.one("warn own pipeline"), &["without their text"]);
    contains_all(&findings.one("ok managed definition"), &["`connected`", "`search-sf`"]);
    contains_all(&findings.one("ok managed objects"), &["1 synced: Lead"]);
    assert_eq!(findings.code, Some(0));
    {
        let asked = cluster.privileges.lock().unwrap();
        assert_eq!(asked[0].1["cluster"], json!(["monitor", "manage_connector"]));
        let places: Vec<_> = asked[0].1["index"].as_array().unwrap().iter().map(|entry| entry["names"][0].clone()).collect();
        assert_eq!(places, [".sluice-state", ".elastic-connectors", ".elastic-connectors-sync-jobs"]);
        assert_eq!(asked[1].0, "ApiKey own-key");
        assert_eq!(asked[1].1["index"][0]["privileges"][5], "create_index", "an index that is not there has to be made");
        assert_eq!(asked[2].0, "ApiKey service-key");
    }
    let one = Findings::of(&config, &["--connector", "own"]);
    assert!(one.short().iter().all(|short| !short.contains("managed")), "{:?}", one.short());
    cluster.assert_no_strangers();
}

#[test]
fn a_connector_of_the_cluster_that_is_missing_or_not_filled_in_or_wrong_fails() {
    let (place, org) = (Place::empty(), org());
    let wrong = document("configured", json!({ "nested_entity_limit": { "value": 0 } }));
    for (answer, finding, words) in [
        (Answer::refused(404, GONE), "fail managed definition", "the cluster has no connector `managed`"),
        (document("needs_configuration", json!({})), "fail managed definition", "not filled in"),
        (wrong, "fail managed configuration", "nested_entity_limit` is `0`"),
    ] {
        let answers = [("GET /.elastic-connectors/_doc/managed", answer), ("GET /search-own", Answer::refused(404, GONE))];
        let cluster = Cluster::new(&answers, &[]);
        let findings = Findings::of(&cluster.config(&place, &org.base_url, two()), &["--connector", "managed"]);
        contains_all(&findings.one(finding), &[words]);
        contains_all(&findings.one("skipped managed sign-in"), &["not checked: "]);
        assert_eq!(findings.code, Some(1));
    }
}

#[test]
fn all_that_is_wrong_in_a_cluster_is_told_in_one_go() {
    let (place, org) = (Place::empty(), org());
    let closed = r#"{"search-sf":{"mappings":{},"settings":{"index.verified_before_close":"true"}}}"#;
    let answers = [
        ("GET /_license", Answer::json(r#"{"license":{"status":"expired","type":"platinum"}}"#)),
        ("GET /search-sf", Answer::json(closed)),
        ("GET /.sluice-state", Answer::json(r#"{"a":{"settings":{}},"b":{"settings":{}}}"#)),
        ("GET /_ingest/pipeline/search-default-ingestion", Answer::refused(404, "{}")),
    ];
    let cluster = Cluster::new(&answers, &["write", "create_index"]);
    let findings = Findings::of(&cluster.config(&place, &org.base_url, json!({})), &[]);
    findings.one("warn cluster licence");
    contains_all(&findings.one("fail cluster privileges"), &["missing: `write`, `create_index` on `.sluice-state`", "API key"]);
    contains_all(&findings.one("fail cluster state index"), &["several indices: a, b", "`index.state`"]);
    contains_all(&findings.one("fail sf privileges"), &["missing: `write`, `create_index` on `search-sf`"]);
    contains_all(&findings.one("fail sf index"), &["is closed", "\"code\":\"ES0202\"", "_open"]);
    contains_all(&findings.one("fail sf pipeline"), &["no ingest pipeline `search-default-ingestion`", "\"code\":\"ES0204\""]);
    findings.one("ok sf objects");
    assert_eq!(findings.code, Some(1));
    cluster.assert_no_strangers();
}

#[test]
fn without_a_cluster_the_org_is_looked_at_all_the_same() {
    let (place, org) = (Place::empty(), org());
    let old = Answer::json(r#"{"version":{"number":"7.17.0"},"tagline":"You Know, for Search"}"#);
    let cluster = Cluster::new(&[("GET /", old)], &[]);
    let findings = Findings::of(&cluster.config(&place, &org.base_url, json!({})), &[]);
    contains_all(&findings.one("fail cluster server"), &["7.17.0 is older", "use Elasticsearch 8.12 or newer"]);
    for skipped in ["cluster licence", "cluster privileges", "cluster state index", "sf privileges", "sf index", "sf pipeline"] {
        contains_all(&findings.one(&format!("skipped {skipped}")), &["not checked: the cluster cannot be used"]);
    }
    findings.one("ok sf objects");
    assert_eq!(findings.code, Some(1));
}

#[test]
fn a_server_that_cannot_be_asked_for_privileges_is_no_failure() {
    let (place, org) = (Place::empty(), org());
    let opensearch = Answer::json(r#"{"version":{"distribution":"opensearch","number":"3.4.0"}}"#);
    let findings = Findings::of(&Cluster::new(&[("GET /", opensearch)], &[]).config(&place, &org.base_url, json!({})), &[]);
    contains_all(&findings.one("skipped sf privileges"), &["opensearch cannot be asked; the first job will tell"]);
    contains_all(&findings.one("ok cluster licence"), &["opensearch has none"]);
    assert_eq!(findings.code, Some(0));
    let off = [("POST /_security/user/_has_privileges", Answer::refused(400, UNKNOWN))];
    let findings = Findings::of(&Cluster::new(&off, &[]).config(&place, &org.base_url, json!({})), &[]);
    contains_all(&findings.one("ok sf privileges"), &["security is off"]);
    assert_eq!(findings.code, Some(0));
}
