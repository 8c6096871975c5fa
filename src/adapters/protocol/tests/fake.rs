//! A cluster in memory that answers the requests of the protocol and no other: what is not in its table is a violation, and fails the test.

use std::cell::{RefCell, RefMut};
use std::collections::BTreeMap;
use std::rc::Rc;

use domain::Timestamp;
use serde_json::{Map, Value, json};

use super::query;
use crate::stub::{Act, Seen, Stub};

pub(super) type Object = Map<String, Value>;

/// A document and its version.
#[derive(Clone, Debug)]
pub(super) struct Doc {
    pub(super) source: Object,
    pub(super) seq_no: i64,
}

type Docs = BTreeMap<String, Doc>;

/// What happens before a request is answered.
type Hook = Box<dyn FnOnce(&mut World)>;

/// What is done about the answer to a request.
#[derive(Clone, Debug)]
pub(super) enum Weather {
    /// The request is carried out and the connection closed.
    Lost,
    /// It is not carried out and answered so.
    Refused(u16),
}

#[derive(Default)]
pub(super) struct World {
    pub(super) api: bool,
    pub(super) now: Timestamp,
    pub(super) connectors: Docs,
    pub(super) jobs: Docs,
    /// What was made of each index, null for a body that was not there.
    pub(super) indices: BTreeMap<String, Value>,
    /// Documents of content indices.
    pub(super) documents: u64,
    pub(super) requests: Vec<(String, Value)>,
    violations: Vec<String>,
    hooks: Vec<(&'static str, Hook)>,
    weather: Vec<(&'static str, Weather)>,
    /// What searches see while they lag behind.
    pub(super) seen_by_searches: Option<(Docs, Docs)>,
    /// What befalls one request in so many.
    pub(super) storm: Option<(fastrand::Rng, u32)>,
    seq_no: i64,
}

impl World {
    /// Puts a document, as Kibana or the API would.
    pub(super) fn put(&mut self, is_job: bool, id: &str, source: &Value) {
        self.seq_no += 1;
        let doc = Doc { source: source.as_object().unwrap().clone(), seq_no: self.seq_no };
        self.docs(is_job).insert(id.to_owned(), doc);
    }

    /// Changes a document, as Kibana or the API would.
    pub(super) fn edit(&mut self, is_job: bool, id: &str, patch: &Value) {
        self.seq_no += 1;
        let seq_no = self.seq_no;
        let doc = self.docs(is_job).get_mut(id).unwrap();
        merge(&mut doc.source, patch.as_object().unwrap());
        doc.seq_no = seq_no;
    }

    fn docs(&mut self, is_job: bool) -> &mut Docs {
        if is_job { &mut self.jobs } else { &mut self.connectors }
    }

    pub(super) fn connector(&self, id: &str) -> Value {
        Value::Object(self.connectors[id].source.clone())
    }

    pub(super) fn job(&self, id: &str) -> Value {
        Value::Object(self.jobs[id].source.clone())
    }

    /// Bodies of requests whose method and target begin so.
    pub(super) fn bodies(&self, begin: &str) -> Vec<Value> {
        self.requests.iter().filter(|(target, _)| target.starts_with(begin)).map(|(_, body)| body.clone()).collect()
    }

    /// Does something before the next request that contains `part`.
    pub(super) fn before(&mut self, part: &'static str, hook: impl FnOnce(&mut World) + 'static) {
        self.hooks.push((part, Box::new(hook)));
    }

    /// What becomes of the next request that contains `part`.
    pub(super) fn weather(&mut self, part: &'static str, weather: Weather) {
        self.weather.push((part, weather));
    }

    fn violation(&mut self, what: String) -> Act {
        self.violations.push(what.clone());
        refused(418, "violation", &what)
    }

    fn answer(&mut self, seen: &Seen) -> Act {
        let method = seen.head.split(' ').next().unwrap_or_default().to_owned();
        let body: Value = if seen.body.is_empty() { Value::Null } else { serde_json::from_str(&seen.body).unwrap() };
        let line = format!("{method} {}", seen.target);
        self.requests.push((line.clone(), body.clone()));
        if let Some(position) = self.hooks.iter().position(|(part, _)| line.contains(part)) {
            (self.hooks.remove(position).1)(self);
        }
        let weather = self.weather.iter().position(|(part, _)| line.contains(part)).map(|position| self.weather.remove(position).1);
        let weather = weather.or_else(|| self.gust());
        if let Some(Weather::Refused(status)) = weather {
            return refused(status, "weather", "bad");
        }
        let act = self.route(&method, &seen.target, &body);
        if weather.is_some() { Act::Close } else { act }
    }

    fn gust(&mut self) -> Option<Weather> {
        let (random, one_in) = self.storm.as_mut()?;
        let all = [Weather::Lost, Weather::Refused(503), Weather::Refused(429), Weather::Refused(400)];
        (random.u32(..*one_in) == 0).then(|| all[random.usize(..all.len())].clone())
    }

    fn route(&mut self, method: &str, target: &str, body: &Value) -> Act {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let parts: Vec<_> = path.trim_start_matches('/').split('/').map(decoded).collect();
        let parts: Vec<_> = parts.iter().map(String::as_str).collect();
        let asked = format!("{method} {target} {body}");
        match (method, parts.as_slice(), query) {
            ("HEAD", [index], "") => {
                let there = self.indices.contains_key(*index) || self.indices.contains_key(&format!("{index}-v1"));
                Act::json(if there { 200 } else { 404 }, "")
            }
            ("PUT", [index], "") if index.starts_with(".elastic-connectors") => self.create(index, body),
            ("POST", [".elastic-connectors", "_search"], "expand_wildcards=hidden") => self.search(false, body),
            ("POST", [".elastic-connectors-sync-jobs", "_search"], "expand_wildcards=hidden") => self.search(true, body),
            ("GET", [".elastic-connectors", "_doc", id], "") => self.get(false, id),
            ("GET", [".elastic-connectors-sync-jobs", "_doc", id], "") => self.get(true, id),
            ("POST", [".elastic-connectors", "_update", id], query) => self.update(false, id, query, body),
            ("POST", [".elastic-connectors-sync-jobs", "_update", id], query) => self.update(true, id, query, body),
            ("POST", [".elastic-connectors-sync-jobs", "_doc"], "") if !self.api => self.create_job(body),
            ("POST", [_, "_refresh"], "ignore_unavailable=true") if body.is_null() => Act::json(200, "{}"),
            ("POST", [_, "_count"], "ignore_unavailable=true") if body.is_null() => {
                Act::json(200, json!({ "count": self.documents }).to_string())
            }
            (_, ["_connector", ..], _) if !self.api => refused(400, "error", &format!("no handler found for uri [{target}]")),
            ("GET", ["_connector", "_sync_job"], "size=1") => Act::json(200, r#"{"count":0,"results":[]}"#),
            ("POST", ["_connector", "_sync_job"], "") => self.api_create_job(body),
            ("PUT", ["_connector", "_sync_job", id, "_claim"], "") => self.api_claim(id, body),
            ("PUT", ["_connector", "_sync_job", id, "_stats"], "") => self.api_stats(id, body),
            ("PUT", ["_connector", id, "_check_in"], "") if body.is_null() => self.api_check_in(id),
            ("PUT", ["_connector", id, "_filtering", "_validation"], "") => self.api_validation(id, body),
            ("PUT", ["_connector", id, "_filtering", "_activate"], "") if body.is_null() => self.api_activate(id),
            _ => self.violation(asked),
        }
    }

    fn create(&mut self, index: &str, body: &Value) -> Act {
        if self.indices.contains_key(index) {
            return refused(400, "resource_already_exists_exception", index);
        }
        let expected: &[&str] = if self.api { &[] } else { &["aliases", "mappings", "settings"] };
        if keys(body) != expected {
            return self.violation(format!("create {index} {body}"));
        }
        self.indices.insert(index.to_owned(), body.clone());
        Act::json(200, "{}")
    }

    fn search(&mut self, is_job: bool, body: &Value) -> Act {
        let mut found = keys(body);
        found.retain(|key| *key != "sort");
        let is_page = body["size"] == 100 && body["from"].is_u64() && body["seq_no_primary_term"] == true;
        if found != ["from", "query", "seq_no_primary_term", "size"] || !is_page || !query::is_known(&body["query"], is_job) {
            return self.violation(format!("search {body}"));
        }
        let now = self.now;
        let docs = match (&self.seen_by_searches, is_job) {
            (Some((connectors, _)), false) => connectors,
            (Some((_, jobs)), true) => jobs,
            (None, false) => &self.connectors,
            (None, true) => &self.jobs,
        };
        let mut hits: Vec<_> = docs.iter().filter(|(id, doc)| query::matches(&body["query"], id, &doc.source, now)).collect();
        if let Some((field, order)) = body["sort"][0].as_object().and_then(|sort| sort.iter().next()) {
            hits.sort_by_key(|(_, doc)| doc.source.get(field).and_then(Value::as_str).map(str::to_owned));
            if order == "desc" {
                hits.reverse();
            }
        }
        let total = hits.len();
        let from = usize::try_from(body["from"].as_u64().unwrap()).unwrap();
        let hits: Vec<_> = hits.into_iter().skip(from).take(100).map(|(id, doc)| shown(id, doc)).collect();
        Act::json(200, json!({ "hits": { "total": { "value": total, "relation": "eq" }, "hits": hits } }).to_string())
    }

    fn get(&mut self, is_job: bool, id: &str) -> Act {
        match self.docs(is_job).get(id) {
            Some(doc) => Act::json(200, shown(id, doc).to_string()),
            None => Act::json(404, json!({ "_id": id, "found": false }).to_string()),
        }
    }

    fn update(&mut self, is_job: bool, id: &str, condition: &str, body: &Value) -> Act {
        let patch = body["doc"].as_object().cloned().unwrap_or_default();
        let allowed = query::allowed(is_job, &patch, condition.is_empty(), self.api);
        if keys(body) != ["doc"] || !allowed {
            return self.violation(format!("update {id} {condition} {body}"));
        }
        let seq_no = self.seq_no + 1;
        let Some(doc) = self.docs(is_job).get_mut(id) else { return refused(404, "document_missing_exception", id) };
        if !condition.is_empty() && condition != format!("if_seq_no={}&if_primary_term=1", doc.seq_no) {
            return refused(409, "version_conflict_engine_exception", "another version");
        }
        let mut after = doc.source.clone();
        merge(&mut after, &patch);
        let steps = (doc.source["status"].clone(), after["status"].clone());
        if after != doc.source {
            *doc = Doc { source: after, seq_no };
            self.seq_no = seq_no;
        }
        if is_job && !query::may_become(&steps.0, &steps.1) {
            return self.violation(format!("job {id} went from {} to {}", steps.0, steps.1));
        }
        let seq_no = self.docs(is_job)[id].seq_no;
        Act::json(200, json!({ "_id": id, "_seq_no": seq_no, "_primary_term": 1, "result": "updated" }).to_string())
    }

    fn create_job(&mut self, body: &Value) -> Act {
        let all = [
            "connector",
            "created_at",
            "deleted_document_count",
            "indexed_document_count",
            "indexed_document_volume",
            "job_type",
            "last_seen",
            "status",
            "trigger_method",
        ];
        let of_connector = ["configuration", "filtering", "id", "index_name", "language", "pipeline", "service_type"];
        if keys(body) != all || keys(&body["connector"]) != of_connector {
            return self.violation(format!("create a job {body}"));
        }
        let id = format!("made-{}", self.seq_no + 1);
        self.put(true, &id, body);
        Act::json(201, json!({ "_id": id, "result": "created" }).to_string())
    }

    fn api_create_job(&mut self, body: &Value) -> Act {
        let connector = body["id"].as_str().and_then(|id| self.connectors.get(id)).map(|doc| Value::Object(doc.source.clone()));
        let (Some(connector), ["id", "job_type", "trigger_method"]) = (connector, keys(body).as_slice()) else {
            return self.violation(format!("create a job {body}"));
        };
        let now = self.stamp();
        let of_connector = json!({
            "id": body["id"], "filtering": connector["filtering"][0]["active"], "index_name": connector["index_name"], "language": null,
            "pipeline": connector["pipeline"], "service_type": connector["service_type"], "configuration": connector["configuration"],
        });
        let job = json!({
            "connector": of_connector, "trigger_method": body["trigger_method"], "job_type": body["job_type"], "status": "pending",
            "created_at": now, "last_seen": now,
        });
        let id = format!("made-{}", self.seq_no + 1);
        self.put(true, &id, &job);
        Act::json(201, json!({ "id": id }).to_string())
    }

    fn api_claim(&mut self, id: &str, body: &Value) -> Act {
        if keys(body) != ["worker_hostname"] {
            return self.violation(format!("claim {id} {body}"));
        }
        let Some(doc) = self.jobs.get(id) else { return refused(404, "resource_not_found_exception", id) };
        if !matches!(doc.source["status"].as_str(), Some("pending" | "suspended")) {
            return refused(400, "connector_sync_job_invalid_status_transition_exception", id);
        }
        let now = self.stamp();
        let patch = json!({ "status": "in_progress", "started_at": now, "last_seen": now, "worker_hostname": body["worker_hostname"] });
        self.edit(true, id, &patch);
        Act::json(200, r#"{"result":"updated"}"#)
    }

    fn api_stats(&mut self, id: &str, body: &Value) -> Act {
        if keys(body) != ["deleted_document_count", "indexed_document_count", "indexed_document_volume", "metadata"] {
            return self.violation(format!("stats of {id} {body}"));
        }
        if !self.jobs.contains_key(id) {
            return refused(404, "resource_not_found_exception", id);
        }
        let mut patch = body.clone();
        patch["last_seen"] = self.stamp();
        self.edit(true, id, &patch);
        Act::json(200, r#"{"result":"updated"}"#)
    }

    fn api_check_in(&mut self, id: &str) -> Act {
        let patch = json!({ "last_seen": self.stamp() });
        self.edit(false, id, &patch);
        Act::json(200, r#"{"result":"updated"}"#)
    }

    fn api_validation(&mut self, id: &str, body: &Value) -> Act {
        if keys(body) != ["validation"] || keys(&body["validation"]) != ["errors", "state"] {
            return self.violation(format!("validation of {id} {body}"));
        }
        let mut filtering = self.connector(id)["filtering"].clone();
        filtering[0]["draft"]["validation"] = body["validation"].clone();
        self.edit(false, id, &json!({ "filtering": filtering }));
        Act::json(200, r#"{"result":"updated"}"#)
    }

    fn api_activate(&mut self, id: &str) -> Act {
        let mut filtering = self.connector(id)["filtering"].clone();
        if filtering[0]["draft"]["validation"]["state"] != "valid" {
            return self.violation(format!("activate the draft of {id}"));
        }
        filtering[0]["active"] = filtering[0]["draft"].clone();
        self.edit(false, id, &json!({ "filtering": filtering }));
        Act::json(200, r#"{"result":"updated"}"#)
    }

    /// The time as the server writes it.
    fn stamp(&self) -> Value {
        json!(self.now.to_string())
    }
}

/// The cluster on a socket. When it is dropped, it fails the test if anything was asked that is not of the protocol.
pub(super) struct Fake {
    pub(super) url: String,
    world: Rc<RefCell<World>>,
    _stub: Stub,
}

impl Fake {
    pub(super) async fn start(api: bool, now: Timestamp) -> Self {
        let world = Rc::new(RefCell::new(World { api, now, ..World::default() }));
        let inner = Rc::clone(&world);
        let stub = Stub::serve(move |seen| inner.borrow_mut().answer(seen)).await;
        Self { url: stub.base_url.clone(), world, _stub: stub }
    }

    pub(super) fn world(&self) -> RefMut<'_, World> {
        self.world.borrow_mut()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.world.borrow().violations, Vec::<String>::new());
        }
    }
}

fn shown(id: &str, doc: &Doc) -> Value {
    json!({ "_index": "i", "_id": id, "_seq_no": doc.seq_no, "_primary_term": 1, "found": true, "_source": doc.source })
}

fn refused(status: u16, kind: &str, reason: &str) -> Act {
    Act::json(status, json!({ "error": { "type": kind, "reason": reason }, "status": status }).to_string())
}

fn decoded(part: &str) -> String {
    url::form_urlencoded::parse(format!("x={part}").as_bytes()).next().unwrap().1.into_owned()
}

/// In the order of the alphabet.
fn keys(value: &Value) -> Vec<&str> {
    value.as_object().map(|object| object.keys().map(String::as_str).collect()).unwrap_or_default()
}

fn merge(below: &mut Object, patch: &Object) {
    for (name, value) in patch {
        match (below.get_mut(name), value) {
            (Some(Value::Object(inner)), Value::Object(value)) => merge(inner, value),
            _ => {
                below.insert(name.clone(), value.clone());
            }
        }
    }
}
