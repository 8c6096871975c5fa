//! An org whose index knows who may read what: its jobs, what the index holds then, and what the judge says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use actors::supervisor::Monitor;
use domain::access::access_index;
use domain::{Ended, JobStatus, JobType};
use ports::Clock as _;
use serde_json::{Map, Value, json};
use simulator::org::{Org, OrgBuilder, RowRef};
use simulator::permissions::may_read_each;
use simulator::{Options, Running, generate, spawn};
use sluice::app::{self, Index};
use sluice::clock::SystemClock;
use sluice::plan::Plan;
use sluice::settings::{Environment, Settings};
use tokio::sync::watch;

use crate::secured::{base64, secured};
use crate::server::{Kind, Live, needed};

/// An org, and an index of it on a server with security.
pub(super) struct World {
    /// As the owner of the server.
    pub(super) live: Live,
    /// The index of access documents.
    pub(super) access: String,
    /// What the settings say of the server.
    server: Value,
    pub(super) org: Arc<Org>,
    running: Running,
}

/// Runs a test on a world of its own on each kind of server with security.
pub(super) fn on_each_secured(test: &str, work: impl Fn(World)) {
    on_secured_elasticsearch(test, &work);
    let variables = ["SLUICE_LIVE_TLS", "SLUICE_LIVE_TLS_CA", "SLUICE_LIVE_TLS_PASSWORD"].map(|name| needed(test, name));
    if let [Some(url), Some(ca), Some(password)] = variables {
        let head = basic("admin", &password);
        let live = Live { head, ca: ca.clone(), ..Live::new(Kind::OpenSearch, url, test) };
        work(World::new(live, &json!({ "username": "admin", "password": password, "ca_certs": ca })));
    }
}

/// The same on Elasticsearch alone.
pub(super) fn on_secured_elasticsearch(test: &str, work: impl Fn(World)) {
    if let Some((live, password)) = secured(test) {
        work(World::new(live, &json!({ "username": "elastic", "password": password })));
    }
}

/// The line of a request's head that signs a user in.
pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Authorization: Basic {}\r\n", base64(format!("{user}:{password}").as_bytes()))
}

impl World {
    fn new(live: Live, server: &Value) -> Self {
        let mut server = server.clone();
        server["host"] = json!(live.url);
        let org = Arc::new(generate(1, 1));
        let running = spawn(Options::new(Arc::clone(&org))).unwrap();
        let world = Self { access: access_index(&live.index), live, server, org, running };
        world.clean();
        world
    }

    /// The org changes: rows for which `change` says no are gone.
    pub(super) fn change(&mut self, change: impl Fn(&str, &mut Map<String, Value>) -> bool) {
        self.org = changed(&self.org, change);
        self.running = spawn(Options::new(Arc::clone(&self.org))).unwrap();
    }

    /// What the engine goes by, with keys of the configuration.
    pub(super) fn plan(&self, keys: &Value) -> Plan {
        let mut configuration = json!({
            "domain": "example", "client_id": "sluice-demo", "client_secret": "sluice-demo-secret",
            "sync_custom_objects": true, "custom_objects_to_sync": "*",
        });
        configuration.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        let settings = json!({
            "index": { "kind": "elasticsearch", "state": self.live.state, "compress": false },
            "elasticsearch": self.server,
            "connectors": [{
                "connector_id": "live", "index_name": self.live.index, "configuration": configuration,
                "pipeline": { "name": "_none" },
            }],
            "salesforce": { "base_url": self.running.base_url, "retries": { "first_wait": "1ms" } },
        });
        let mut plan = Plan::try_from(Settings::parse(&settings.to_string(), &Environment::default()).unwrap()).unwrap();
        // Not this program, which is a test.
        plan.files.reader.program = Some(env!("CARGO_BIN_EXE_sluice").into());
        plan
    }

    /// Runs a job of the whole engine; it must complete.
    pub(super) fn run(&self, kind: JobType, keys: &Value) -> Ended {
        let plan = self.plan(keys);
        let ended = actix_rt::System::new().block_on(async {
            let index = Index::open(&plan.index).await.unwrap();
            let (_stop, stopped) = watch::channel(false);
            app::run_job(&plan, &plan.connectors[0], kind, &index, Arc::new(Monitor::default()), stopped).await.unwrap().1
        });
        assert_eq!((ended.status, &ended.fault), (JobStatus::Completed, &None));
        self.refresh();
        ended
    }

    /// Makes what was written visible to searches.
    pub(super) fn refresh(&self) {
        self.live.raw("POST", &format!("/{},{}/_refresh?ignore_unavailable=true", self.live.index, self.access), "");
    }

    /// The documents of one of the two indices, as its owner sees them: everything that the server says of each.
    pub(super) fn documents(&self, index: &str) -> BTreeMap<String, Value> {
        let path = format!("/{index}/_search?size=5000&seq_no_primary_term=true&version=true");
        let hits = self.live.json("POST", &path, "{}")["hits"]["hits"].take();
        let hits = hits.as_array().unwrap().iter().cloned();
        hits.map(|hit| (hit["_id"].as_str().unwrap().to_owned(), hit)).collect()
    }

    /// Users of the org: id, and whether the index serves them.
    pub(super) fn users(&self) -> impl Iterator<Item = (String, bool)> {
        let served = |row: RowRef<'_>| row.json("IsActive") == Some(b"true") && row.json("UserType") == Some(br#""Standard""#);
        self.org.rows("User").map(move |row| (row.id(), served(row)))
    }

    /// The judge of this org: for a user, which of these documents they may read.
    pub(super) fn judge(&self) -> impl for<'d> Fn(&str, &'d BTreeMap<String, Value>) -> BTreeSet<&'d str> + use<> {
        // Who may query all files for purposes of administration finds those that are shared with them all the same.
        let org = changed(&self.org, |_, record| {
            record.remove("PermissionsQueryAllFiles");
            true
        });
        move |user, documents| {
            let answers = may_read_each(&org, user, documents.keys().map(String::as_str), SystemClock.now());
            documents.keys().zip(answers).filter(|(_, may)| *may).map(|(id, _)| id.as_str()).collect()
        }
    }

    pub(super) fn clean(&self) {
        super::doors::close(&self.live);
        self.live.clean();
        self.live.raw("DELETE", &format!("/{}?ignore_unavailable=true", self.access), "");
    }
}

/// The org with its records as `change` makes them; without those for which it says no.
fn changed(org: &Org, change: impl Fn(&str, &mut Map<String, Value>) -> bool) -> Arc<Org> {
    let mut builder = OrgBuilder::new(org.objects().cloned().collect());
    for object in org.objects() {
        for row in org.rows(&object.name) {
            let value = |name: &String| Some((name.clone(), serde_json::from_slice(row.json(name)?).unwrap()));
            let mut record: Map<_, _> = object.fields.iter().filter_map(|field| value(&field.name)).collect();
            if change(&object.name, &mut record) {
                builder.push(&object.name, record).unwrap();
            }
        }
    }
    Arc::new(builder.build())
}
