//! The desk against a strict cluster on a real socket, with the Connector API and without it.

mod claiming;
mod ending;
mod fake;
mod life;
mod query;
mod storm;
mod tending;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use domain::protocol::{features, simple};
use domain::rules::RuleError;
use domain::{Counts, Ended, Fault, JobStatus, JobType, SF_SIGN_IN, SF_SILENT, Timestamp};
use ports::{Assignment, Definition, Desk, Inspector, Secret};
use serde_json::{Value, json};

use self::fake::Fake;
use super::*;
use crate::elasticsearch::{ElasticAuth, ElasticConfig, Retries};

const CONTENT: &[JobType] = &[JobType::Full, JobType::Incremental];
const BOTH: [bool; 2] = [true, false];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Some seconds after ten o'clock, when the tests begin.
fn after(seconds: i64) -> Timestamp {
    Timestamp::from_second(at("2026-01-01T10:00:00Z").as_second() + seconds).unwrap()
}

/// An org that lets everybody in but whom it is told not to.
#[derive(Default)]
struct Org {
    looked_at: RefCell<Vec<Definition>>,
    closed: RefCell<bool>,
}

#[async_trait(?Send)]
impl Inspector for Org {
    async fn inspect(&self, definition: &Definition) -> Result<(), Fault> {
        self.looked_at.borrow_mut().push(definition.clone());
        if *self.closed.borrow() { Err(Fault::new(&SF_SIGN_IN, "wrong secret")) } else { Ok(()) }
    }

    async fn try_rules(&self, definition: &Definition) -> Result<Vec<RuleError>, Fault> {
        self.inspect(definition).await?;
        if definition.advanced_rules.iter().any(|rule| rule["query"].as_str().is_some_and(|query| query.contains("Slow"))) {
            return Err(Fault::new(&SF_SILENT, "no answer"));
        }
        let refused = |rule: &&Value| rule["query"].as_str().is_some_and(|query| query.contains("Nope"));
        Ok(definition.advanced_rules.iter().filter(refused).map(|_| RuleError::advanced("rule 1: no such column 'Nope'")).collect())
    }
}

/// A cluster and the services at it.
struct Bench {
    fake: Fake,
    org: Rc<Org>,
}

impl Bench {
    async fn new(api: bool) -> Self {
        Self { fake: Fake::start(api, after(0)).await, org: Rc::default() }
    }

    fn config(&self) -> ElasticConfig {
        let short = Duration::from_millis(1);
        ElasticConfig {
            retries: Retries { attempts: 3, first_wait: short, longest_wait: short },
            ..ElasticConfig::new(&self.fake.url, ElasticAuth::ApiKey(Secret::new("key")))
        }
    }

    async fn connect(&self, options: ProtocolOptions) -> Result<Cluster, Fault> {
        Cluster::connect(&self.config(), options, Rc::clone(&self.org) as Rc<dyn Inspector>).await
    }

    /// A service that serves these connectors.
    async fn service(&self, worker: &str, ids: &[&str]) -> Cluster {
        self.connect(ProtocolOptions { connectors: ids.iter().map(|id| ConnectorId::new(*id)).collect(), ..options(worker) }).await.unwrap()
    }

    fn connector(&self, id: &str) -> Value {
        self.fake.world().connector(id)
    }

    fn job(&self, id: &str) -> Value {
        self.fake.world().job(id)
    }

    fn put_connector(&self, id: &str, patch: &Value) {
        let mut source = ready();
        source.as_object_mut().unwrap().extend(patch.as_object().unwrap().clone());
        self.fake.world().put(false, id, &source);
    }

    fn put_job(&self, id: &str, connector: &str, patch: &Value) {
        let mut source = json!({
            "connector": snapshot(connector), "job_type": "full", "status": "pending", "trigger_method": "on_demand",
            "created_at": after(-60).to_string(), "last_seen": after(-60).to_string(),
        });
        source.as_object_mut().unwrap().extend(patch.as_object().unwrap().clone());
        self.fake.world().put(true, id, &source);
    }

    /// From now on searches see what is there now.
    fn searches_lag(&self) {
        let mut world = self.fake.world();
        world.seen_by_searches = Some((world.connectors.clone(), world.jobs.clone()));
    }

    /// Lets time go by at the server.
    fn later(&self, seconds: i64) -> Timestamp {
        self.fake.world().now = after(seconds);
        after(seconds)
    }
}

fn options(worker: &str) -> ProtocolOptions {
    ProtocolOptions {
        connectors: Vec::new(),
        service_types: Vec::new(),
        api: ApiChoice::Auto,
        heartbeat: Duration::from_secs(300),
        silent_after: Duration::from_secs(300),
        worker: worker.to_owned(),
    }
}

fn configuration() -> Value {
    let mut configuration = simple();
    for key in ["domain", "client_id", "client_secret"] {
        configuration[key]["value"] = json!("acme");
    }
    json!(configuration)
}

/// A connector that works, with a schedule of every quarter of an hour.
fn ready() -> Value {
    json!({
        "service_type": "salesforce", "index_name": "search-sf", "is_native": false, "deleted": false, "configuration": configuration(),
        "features": features(), "status": "configured", "error": null, "last_seen": null, "pipeline": null, "filtering": [],
        "scheduling": { "full": { "enabled": true, "interval": "0 0/15 * * * ?" } },
    })
}

fn snapshot(connector: &str) -> Value {
    json!({
        "id": connector, "index_name": "search-sf", "service_type": "salesforce", "configuration": configuration(), "pipeline": {},
        "filtering": { "rules": [], "advanced_snippet": { "value": {} } },
    })
}

fn ended(status: JobStatus) -> Ended {
    let counts = Counts { read: 9, written: 7, written_bytes: 5 << 20, deleted: 2, ..Counts::default() };
    let fault = (status == JobStatus::Error).then(|| Fault::new(&SF_SIGN_IN, "wrong secret"));
    Ended { status, fault, counts }
}

async fn claimed(service: &Cluster, now: Timestamp) -> Assignment {
    service.claim(CONTENT, now).await.unwrap().expect("a job waits")
}

/// The ids of all jobs that two services claim at the same time until there is none.
async fn claim_all(one: &Cluster, other: &Cluster, now: Timestamp) -> Vec<String> {
    let mut ids = Vec::new();
    loop {
        let (first, second) = futures::join!(one.claim(CONTENT, now), other.claim(CONTENT, now));
        let round: Vec<_> = [first, second].into_iter().filter_map(|claimed| claimed.unwrap()).collect();
        if round.is_empty() {
            return ids;
        }
        ids.extend(round.into_iter().map(|assignment| assignment.job.id.to_string()));
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
