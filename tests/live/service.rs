//! Two services on one cluster: what becomes due is run once, whoever defines it.

use std::fmt::Write as _;
use std::sync::Arc;
use std::thread::JoinHandle;

use actors::roster::Roster;
use domain::{Fault, Timestamp};
use ports::Clock as _;
use serde_json::json;
use simulator::{Options, load_dir, spawn};
use sluice::app::{self, Duties};
use sluice::clock::SystemClock;
use sluice::plan::Plan;
use sluice::settings::{Environment, Settings};
use tokio::sync::watch;

use crate::golden;
use crate::server::{Live, on_each, until};

const JOBS: usize = 50;

/// A service of its own thread, as another process would be.
struct Service {
    roster: Arc<Roster>,
    stop: watch::Sender<bool>,
    thread: JoinHandle<Result<(), Fault>>,
}

impl Service {
    fn start(settings: &str) -> Self {
        let plan = Plan::try_from(Settings::parse(settings, &Environment::default()).unwrap()).unwrap();
        let roster = Arc::new(Roster::new(SystemClock.now()));
        let (stop, stopped) = watch::channel(false);
        let served = Arc::clone(&roster);
        let thread = std::thread::spawn(move || actix_rt::System::new().block_on(app::serve(plan, Duties::ALL, served, stopped)));
        Self { roster, stop, thread }
    }

    fn ended(&self) -> usize {
        usize::try_from(self.roster.snapshot().totals.values().sum::<u64>()).unwrap()
    }

    fn completed(&self) -> usize {
        usize::try_from(self.roster.snapshot().totals.get(&("full", "completed")).copied().unwrap_or_default()).unwrap()
    }

    fn end(self) {
        self.stop.send_replace(true);
        assert_eq!(self.thread.join().unwrap(), Ok(()));
    }
}

/// A schedule that fires once, when whoever is to see it has had time to: what was due before a service looked first is nobody's.
fn once() -> String {
    let due = SystemClock.now().checked_add(std::time::Duration::from_secs(20)).unwrap();
    let text = due.to_string();
    let part = |at: std::ops::Range<usize>| text[at].trim_start_matches('0').to_owned();
    let number = |part: String| if part.is_empty() { "0".to_owned() } else { part };
    let [year, month, day, hour, minute, second] = [0..4, 5..7, 8..10, 11..13, 14..16, 17..19].map(part).map(number);
    format!("{second} {minute} {hour} {day} {month} ? {year}")
}

fn settings(live: &Live, org: &str, connectors: &serde_json::Value) -> String {
    let whole = json!({
        "elasticsearch": { "host": live.url, "username": "elastic", "password": "unused" },
        "index": { "state": live.state },
        "salesforce": { "base_url": org },
        "service": { "idling": "200ms", "max_concurrent_content_syncs": 4 },
        "actors": { "bulk_writer": { "linger": "5ms" } },
        "connectors": connectors,
    });
    whole.to_string()
}

/// Both services until all jobs have ended; every job ended well, and in one of the two.
fn assert_each_once(live: &Live, org: &str, connectors: &serde_json::Value) {
    let settings = settings(live, org, connectors);
    let services = [Service::start(&settings), Service::start(&settings)];
    until("all jobs", || services.iter().map(Service::ended).sum::<usize>() >= JOBS);
    let failed: Vec<_> = services.iter().flat_map(|service| service.roster.snapshot().ended).filter_map(|done| done.error).collect();
    assert_eq!(failed, Vec::<String>::new());
    let shares = [services[0].completed(), services[1].completed()];
    assert_eq!(shares[0] + shares[1], JOBS, "{shares:?}");
    assert!(shares.iter().all(|share| *share > 0), "one of the two had nothing to do: {shares:?}");
    // Whatever would be posted a second time is posted by now: both have looked again since.
    let looked = services.each_ref().map(|service| service.roster.snapshot().looked);
    until("another look", || services.iter().zip(&looked).all(|(service, before)| service.roster.snapshot().looked > *before));
    services.into_iter().for_each(Service::end);
}

fn org() -> simulator::Running {
    spawn(Options::new(Arc::new(load_dir(golden::golden().join("org")).unwrap()))).unwrap()
}

#[test]
fn two_services_run_each_job_of_a_schedule_in_the_file_once() {
    on_each("service", |live| {
        // Each has an index of its own: two connectors with one would delete each other's documents, and are refused.
        let index = |no| format!("{}-{no}", live.index);
        let all: Vec<_> = (0..JOBS).map(index).collect();
        let forget = || live.raw("DELETE", &format!("/{}?ignore_unavailable=true", all.join(",")), "");
        forget();
        let (org, interval) = (org(), once());
        let connector = |no| {
            json!({
                "connector_id": format!("live-file-{no}"), "index_name": index(no), "pipeline": { "name": "_none" },
                "configuration": { "domain": "acme", "client_id": "sluice-demo", "client_secret": "sluice-demo-secret",
                                   "standard_objects_to_sync": "Campaign",
                                   // The program of this process is a test, which reads no files.
                                   "text_extraction": "pipeline" },
                "scheduling": { "full": { "enabled": true, "interval": interval } },
            })
        };
        assert_each_once(live, &org.base_url, &(0..JOBS).map(connector).collect());
        let query = r#"{"query":{"term":{"what":"job"}},"size":0,"track_total_hits":true}"#;
        let jobs = live.json("POST", &format!("/{}/_search", live.state), query);
        assert_eq!(jobs["hits"]["total"]["value"], JOBS);
        forget();
    });
}

#[test]
fn two_services_run_each_job_of_a_schedule_in_the_cluster_once() {
    on_each("protocol", |live| {
        let org = org();
        let tag = SystemClock.now().duration_since(Timestamp::UNIX_EPOCH).as_millis();
        let ids: Vec<_> = (0..JOBS).map(|no| format!("live-{tag}-{no}")).collect();
        // A service that starts makes the indices of the protocol.
        Service::start(&settings(live, &org.base_url, &json!([{ "connector_id": ids[0] }]))).end();
        let value = |text: &str| json!({ "value": text });
        let mut connector = json!({
            "service_type": "salesforce", "is_native": false, "index_name": live.index, "status": "configured",
            "pipeline": { "name": "_none" },
            "configuration": {
                "domain": value("acme"), "client_id": value("sluice-demo"), "client_secret": value("sluice-demo-secret"),
                "standard_objects_to_sync": value("Campaign"), "text_extraction": value("pipeline"),
            },
            "scheduling": { "full": { "enabled": true, "interval": once() } },
        });
        let mut all = String::new();
        for id in &ids {
            connector["name"] = json!(id);
            let action = json!({ "index": { "_index": ".elastic-connectors", "_id": id } });
            let _ = write!(all, "{action}\n{connector}\n");
        }
        let made = live.json("POST", "/_bulk?refresh=true", &all);
        assert_eq!(made["errors"], false, "{made}");
        assert_each_once(live, &org.base_url, &ids.iter().map(|id| json!({ "connector_id": id })).collect());
        live.raw("POST", "/.elastic-connectors-sync-jobs/_refresh", "");
        let query = json!({ "query": { "terms": { "connector.id": ids } }, "size": JOBS + 1 });
        let found = live.json("POST", "/.elastic-connectors-sync-jobs/_search", &query.to_string());
        let jobs: Vec<_> = found["hits"]["hits"].as_array().unwrap().iter().map(|hit| &hit["_source"]).collect();
        assert_eq!(jobs.len(), JOBS);
        assert!(jobs.iter().all(|job| job["status"] == "completed" && job["error"].is_null()), "{jobs:?}");
        for index in [".elastic-connectors", ".elastic-connectors-sync-jobs"] {
            let query = r#"{"query":{"prefix":{"_id":"live-"}}}"#;
            let of_jobs = json!({ "query": { "terms": { "connector.id": ids } } }).to_string();
            let query = if index.ends_with("jobs") { of_jobs.as_str() } else { query };
            let _ = live.ask("POST", &format!("/{index}/_delete_by_query?refresh=true&conflicts=proceed"), query);
        }
    });
}
