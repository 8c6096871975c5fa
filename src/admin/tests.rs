//! The endpoint over HTTP, with a clock that the test sets.

use std::sync::Mutex;

use domain::{ConnectorId, Counts, ES_SILENT, Ended, Fault, IndexName, Job, JobId, JobStatus, JobType};

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

impl Bench {
    fn at(&self, second: i64) {
        *self.clock.0.lock().unwrap() = Timestamp::from_second(second).unwrap();
    }

    /// Status and body.
    fn get(&self, path: &str) -> (u16, String) {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(self.running.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

#[test]
fn a_scheduler_that_looks_at_nothing_for_long_is_not_alive() {
    let bench = bench();
    bench.at(60);
    assert_eq!(bench.get("/livez"), (200, "ok\n".to_owned()), "it may need a while to start");
    bench.at(61);
    assert_eq!(bench.get("/livez"), (503, "the scheduler has not looked at its jobs for 61 s\n".to_owned()));
    bench.roster.looked(Timestamp::from_second(61).unwrap(), Ok(()));
    assert_eq!(bench.get("/livez").0, 200);
    bench.at(1000);
    bench.roster.stopping();
    assert_eq!(bench.get("/livez").0, 200, "whoever stops looks no more");
}

#[test]
fn a_service_is_ready_when_its_last_look_went_well() {
    let bench = bench();
    assert_eq!(bench.get("/readyz"), (503, "the index has not answered yet\n".to_owned()));
    bench.roster.looked(Timestamp::UNIX_EPOCH, Ok(()));
    assert_eq!(bench.get("/readyz").0, 200);
    bench.roster.looked(Timestamp::UNIX_EPOCH, Err(&Fault::new(&ES_SILENT, "no answer")));
    let (status, line) = bench.get("/readyz");
    assert!(status == 503 && line.starts_with("no answer [ES0002]"), "{line}");
    bench.roster.looked(Timestamp::UNIX_EPOCH, Ok(()));
    bench.roster.stopping();
    assert_eq!(bench.get("/readyz"), (503, "a stop was asked for\n".to_owned()));
}

#[test]
fn metrics_and_status_tell_of_jobs_and_nothing_else_is_there() {
    let bench = bench();
    let job = Job { id: JobId::new("j"), connector: ConnectorId::new("c"), index: IndexName::new("i"), kind: JobType::Full };
    bench.roster.began(&job, &Arc::default(), Timestamp::UNIX_EPOCH);
    let (status, page) = bench.get("/metrics");
    assert!(status == 200 && page.contains("sluice_jobs_running{connector=\"c\",kind=\"full\"} 1\n"), "{page}");
    bench.at(5);
    let running: serde_json::Value = serde_json::from_str(&bench.get("/status").1).unwrap();
    assert_eq!((&running["running"][0]["job"], &running["running"][0]["seconds"]), (&"j".into(), &5.0.into()));
    let ended = Ended { status: JobStatus::Completed, fault: None, counts: Counts { written: 3, ..Counts::default() } };
    bench.roster.ended(&job, &ended, Timestamp::from_second(5).unwrap());
    let after: serde_json::Value = serde_json::from_str(&bench.get("/status").1).unwrap();
    assert_eq!((&after["ended"][0]["status"], &after["counts"]["written"]), (&"completed".into(), &3.into()));
    assert_eq!(bench.get("/").0, 404);
}

#[test]
fn an_address_in_use_is_told_with_the_key_to_change() {
    let bench = bench();
    let admin = Admin { roster: Arc::clone(&bench.roster), clock: bench.clock.clone(), stale_after: Duration::ZERO };
    let error = serve(admin, bench.running.address).unwrap_err().to_string();
    assert!(error.contains("address already in use") && error.contains("`admin.listen`"), "{error}");
}
