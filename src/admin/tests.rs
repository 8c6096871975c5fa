//! The endpoint over HTTP, with a clock that the test sets and jobs that run on fakes.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::rc::Rc;
use std::sync::Mutex;

use actors::kit::small_tuning;
use actors::pipeline::{Ports, RunLimits};
use actors::supervisor::{ConnectorWork, conduct};
use domain::catalog::{DocumentShape, PipelineFlags};
use domain::monitor::ErrorLimits;
use domain::restart::RestartBudget;
use domain::{
    Brake, ConnectorId, Counts, EN_PANIC, ES_SILENT, Ended, Fault, IndexName, Job, JobId, JobStatus, JobType, NestedLimit, Selection,
};
use ports::fakes::{FakeCheckpoints, FakeClock, FakeSink, FakeSource};
use serde_json::Value;
use tokio::sync::watch;

use super::metrics::tests::{Series, parsed};
use super::*;

struct Hand(Mutex<Timestamp>);
impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

struct Bench {
    roster: Arc<Roster>,
    clock: Arc<Hand>,
    running: Running,
}

fn bench() -> Bench {
    let roster = Arc::new(Roster::new(Timestamp::UNIX_EPOCH));
    let clock = Arc::new(Hand(Mutex::new(Timestamp::UNIX_EPOCH)));
    let admin = Admin { roster: Arc::clone(&roster), clock: clock.clone(), stale_after: Duration::from_secs(60) };
    let running = serve(admin, "127.0.0.1:0".parse().unwrap()).unwrap();
    Bench { roster, clock, running }
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

impl Bench {
    fn at(&self, seconds: i64) {
        *self.clock.0.lock().unwrap() = second(seconds);
    }

    /// Status, head in lower case, and body.
    fn ask(&self, method: &str, path: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(self.running.address).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_lowercase(), body.to_owned())
    }

    fn get(&self, path: &str) -> (u16, String) {
        let (status, _, body) = self.ask("GET", path);
        (status, body)
    }

    fn status(&self) -> Value {
        serde_json::from_str(&self.get("/status").1).unwrap()
    }

    /// Reads the metrics; no counter of documents may be lower than before.
    fn metrics(&self, before: &mut BTreeMap<Series, f64>) {
        let (now, counters) = parsed(&self.get("/metrics").1);
        for (series, value) in before.iter().filter(|((name, labels), _)| labels.is_empty() && counters.contains(name)) {
            assert!(now[series] >= *value, "{series:?} went from {value} to {}", now[series]);
        }
        *before = now;
    }
}

fn job(id: &str, kind: JobType) -> Job {
    Job { id: JobId::new(id), connector: ConnectorId::new("c"), index: IndexName::new("i"), kind }
}

fn ended(status: JobStatus, written: u64) -> Ended {
    Ended { status, fault: None, counts: Counts { written, ..Counts::default() } }
}

/// What a job runs on that reads 30 records in 10 pages, a second each, of which the index refuses one.
fn work() -> ConnectorWork {
    let flags = PipelineFlags { extract_binary_content: true, reduce_whitespace: true, run_ml_inference: false };
    let sink = FakeSink::default();
    sink.poison.borrow_mut().insert(FakeSource::id("Account", 7));
    ConnectorWork {
        ports: Ports {
            source: Rc::new(FakeSource { slow: Duration::from_secs(1), ..FakeSource::default() }),
            sink: Rc::new(sink),
            checkpoints: Rc::<FakeCheckpoints>::default(),
            cache: None,
            clock: Arc::new(FakeClock::default()),
        },
        selection: Selection::default(),
        rules: Rc::default(),
        shape: Rc::new(DocumentShape { base_url: "https://x".into(), flags, limit: NestedLimit::At(2), as_reference: false }),
        text: actors::content::FileText::default(),
        access: None,
        fingerprint: String::new(),
        tuning: small_tuning(6),
        limits: RunLimits {
            budget: 1 << 20,
            file_budget: 1 << 20,
            max_document: 0,
            max_file: 1 << 20,
            lookup_cache: 9,
            stall_after: Duration::from_secs(300),
            brake: Brake::OFF,
            error_monitor: ErrorLimits::default(),
        },
        restarts: RestartBudget::default(),
        monitor: Arc::default(),
        stop: watch::channel(false).1,
    }
}

#[test]
fn a_scheduler_that_looks_at_nothing_for_long_is_not_alive() {
    let bench = bench();
    bench.at(60);
    assert_eq!(bench.get("/livez"), (200, "ok\n".to_owned()), "it may need a while to start");
    bench.at(61);
    assert_eq!(bench.get("/livez"), (503, "the scheduler has not looked at its jobs for 61 s\n".to_owned()));
    bench.roster.looked(second(61), Ok(()));
    assert_eq!(bench.get("/livez").0, 200);
    bench.roster.looked(second(61), Err(&Fault::new(&ES_SILENT, "no answer")));
    assert_eq!(bench.get("/livez").0, 200, "an index that is away is no reason to end the process");
    bench.at(1000);
    assert_eq!(bench.get("/livez").0, 503);
    bench.roster.stopping();
    assert_eq!(bench.get("/livez").0, 200, "whoever stops looks no more");
}

#[test]
fn a_service_is_ready_when_its_last_look_went_well() {
    let bench = bench();
    assert_eq!(bench.get("/readyz"), (503, "the index has not answered yet\n".to_owned()));
    bench.roster.looked(Timestamp::UNIX_EPOCH, Ok(()));
    assert_eq!(bench.get("/readyz").0, 200);
    bench.roster.looked(Timestamp::UNIX_EPOCH, Err(&Fault::new(&ES_SILENT, "no answer:\r\n<html>\n")));
    let (status, line) = bench.get("/readyz");
    assert!(status == 503 && line.starts_with("no answer:  <html>  [ES0002]") && line.lines().count() == 1, "{line}");
    bench.roster.looked(Timestamp::UNIX_EPOCH, Ok(()));
    bench.roster.stopping();
    assert_eq!(bench.get("/readyz"), (503, "a stop was asked for\n".to_owned()));
}

#[test]
fn it_can_only_be_read_and_nothing_keeps_what_it_says() {
    let bench = bench();
    for path in ["/livez", "/readyz", "/metrics", "/status"] {
        let (status, head, body) = bench.ask("GET", path);
        assert!(head.contains("cache-control: no-store") && head.contains("x-content-type-options: nosniff"), "{head}");
        assert!(!body.is_empty());
        let (status_alone, _, nothing) = bench.ask("HEAD", path);
        assert_eq!((status_alone, nothing), (status, String::new()), "{path}");
        let (refused, head, _) = bench.ask("POST", path);
        assert!(refused == 405 && head.contains("allow: get, head"), "{head}");
    }
    assert!(bench.ask("GET", "/metrics").1.contains("content-type: text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(bench.get("/"), (404, "{\"error\":\"there is nothing at this address\"}".to_owned()));
}

#[test]
fn the_status_moves_a_job_from_those_in_work_to_those_that_ended() {
    let bench = bench();
    bench.roster.began(&job("j", JobType::Full), &Arc::default(), Timestamp::UNIX_EPOCH);
    bench.at(5);
    bench.roster.looked(second(3), Ok(()));
    let before = bench.status();
    assert_eq!((&before["running"][0]["job"], &before["running"][0]["seconds"]), (&"j".into(), &5.0.into()));
    assert_eq!((&before["running"][0]["objects"], &before["last_look"]["seconds_ago"]), (&Value::Null, &2.0.into()));
    bench.roster.ended(&job("j", JobType::Full), &ended(JobStatus::Completed, 3), second(5));
    let after = bench.status();
    assert_eq!((&after["ended"][0]["status"], &after["counts"]["written"]), (&"completed".into(), &3.into()));
    assert_eq!(
        (&after["ended"][0]["began"], &after["ended"][0]["ended"]),
        (&"1970-01-01T00:00:00Z".into(), &"1970-01-01T00:00:05Z".into())
    );
    assert_eq!(after["running"], Value::Array(Vec::new()));
}

#[actix_web::test]
async fn no_counter_goes_down_while_jobs_run_and_when_they_end() {
    tokio::time::pause();
    let (bench, mut metrics, mut looks) = (bench(), BTreeMap::new(), 0);
    for id in ["a", "b"] {
        let (job, work) = (job(id, JobType::Full), work());
        bench.roster.began(&job, &work.monitor, Timestamp::UNIX_EPOCH);
        let mut run = std::pin::pin!(conduct(&work, &job));
        let mut ended = loop {
            tokio::select! {
                ended = &mut run => break ended,
                () = tokio::time::sleep(Duration::from_millis(250)) => bench.metrics(&mut metrics),
            }
            looks += 1;
        };
        bench.metrics(&mut metrics);
        if id == "b" {
            // As when the supervisor dies.
            ended = Ended { status: JobStatus::Error, fault: Some(Fault::new(&EN_PANIC, "gone")), counts: Counts::default() };
        }
        bench.roster.ended(&job, &ended, second(20));
        bench.metrics(&mut metrics);
    }
    assert!(looks > 20, "{looks}");
    let total = |name: &str| metrics[&(name.to_owned(), Vec::new())];
    assert_eq!((total("sluice_records_read_total"), total("sluice_documents_written_total")), (60.0, 58.0));
    assert_eq!(total("sluice_documents_set_aside_total"), 2.0);
    assert_eq!(bench.status()["ended"][0]["counts"]["written"], 29, "what it did is not forgotten with it");
}

#[actix_web::test]
async fn what_is_taken_back_from_a_counter_is_not_shown() {
    tokio::time::pause();
    let (bench, work, job, mut metrics) = (bench(), work(), job("a", JobType::Full), BTreeMap::new());
    bench.roster.began(&job, &work.monitor, Timestamp::UNIX_EPOCH);
    let first = conduct(&work, &job).await;
    bench.metrics(&mut metrics);
    // The monitor shows counters that begin at nothing.
    tokio::select! {
        ended = conduct(&work, &job) => panic!("it runs for longer: {ended:?}"),
        () = tokio::time::sleep(Duration::from_millis(1500)) => {}
    }
    assert!(work.monitor.stats().is_some_and(|stats| stats.counts().read < first.counts.read));
    bench.metrics(&mut metrics);
    assert_eq!(metrics[&("sluice_records_read_total".to_owned(), Vec::new())], 30.0);
}

#[actix_web::test]
async fn a_job_in_work_shows_its_actors_and_two_of_a_connector_do_not_collide() {
    tokio::time::pause();
    let (bench, work) = (bench(), work());
    let run = job("a", JobType::Full);
    for job in [run.clone(), job("b", JobType::Full), job("c", JobType::AccessControl)] {
        bench.roster.began(&job, &work.monitor, Timestamp::UNIX_EPOCH);
    }
    tokio::select! {
        ended = conduct(&work, &run) => panic!("it runs for longer: {ended:?}"),
        () = tokio::time::sleep(Duration::from_millis(5500)) => {}
    }
    bench.at(10);
    let mut metrics = BTreeMap::new();
    bench.metrics(&mut metrics);
    let value = |family: &str, kind: &str, label: &str, text: &str| {
        let labels = [("connector", "c"), ("kind", kind), (label, text)].map(|(label, text)| (label.to_owned(), text.to_owned()));
        metrics[&(family.to_owned(), labels.to_vec())]
    };
    assert_eq!(value("sluice_mailbox_capacity", "full", "edge", "fetcher->joiner"), 4.0);
    assert_eq!(value("sluice_mailbox_capacity", "access_control", "edge", "fetcher->joiner"), 2.0);
    assert_eq!(value("sluice_slots", "access_control", "actor", "bulk_writer"), 2.0);
    assert_eq!(value("sluice_slots_busy", "access_control", "actor", "object_fetcher"), 1.0);
    let status = bench.status();
    let shown = &status["running"][0];
    assert_eq!((&shown["objects"][0]["name"], &shown["objects"][0]["total"]), (&"Account".into(), &30.into()));
    assert_eq!((shown["lanes"].as_array().unwrap().len(), shown["actors"].as_array().unwrap().len()), (5, 5));
    let written = shown["counts"]["written"].as_f64().unwrap();
    assert!(written > 0.0);
    assert_eq!(shown["documents_per_second"], written / 10.0);
}

#[test]
fn an_address_in_use_is_told_with_the_key_to_change() {
    let bench = bench();
    let admin = Admin { roster: Arc::clone(&bench.roster), clock: bench.clock.clone(), stale_after: Duration::ZERO };
    let error = serve(admin, bench.running.address).unwrap_err().to_string();
    assert!(error.contains("address already in use") && error.contains("`admin.listen`"), "{error}");
}

#[actix_web::test]
async fn an_endpoint_that_was_stopped_gives_its_port_back() {
    let Bench { running, .. } = bench();
    let address = running.address;
    running.stop().await;
    assert_eq!(TcpStream::connect(address).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
}
