//! `sluice run`: jobs by schedule, health and metrics while it runs, an end that tells the truth.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use adapters::embedded::Embedded;
use domain::JobStatus;
use serde_json::{Value, json};
use simulator::Running;
use simulator::faults::FaultPlan;

use crate::program::{Place, SECRET, contains_all, fails, run, simulated, start, terminate, until, wait};

const NOWHERE: &str = "http://127.0.0.1:9";

/// A service whose connector is due every second.
fn config(place: &Place, org: &str, admin: &str) -> String {
    let connector = json!({
        "connector_id": "sf", "index_name": "search-sf",
        "configuration": { "domain": "acme", "client_id": "sluice-demo", "client_secret": SECRET, "standard_objects_to_sync": "Lead" },
        "scheduling": { "full": { "enabled": true, "interval": "* * * * * ?" } },
    });
    let whole = json!({ "connectors": [connector], "service": { "idling": "100ms" }, "admin": { "listen": admin } });
    place.config(org, json!({}), whole)
}

/// Statuses of all jobs, newest first.
fn jobs(place: &Place) -> Vec<JobStatus> {
    let Ok(reader) = Embedded::read_only(place.data()) else { return Vec::new() };
    reader.jobs(Some("sf"), 99).map(|jobs| jobs.iter().map(|job| job.status).collect()).unwrap_or_default()
}

fn get(address: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// A port that nobody listens on now.
fn free_address() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn org() -> Running {
    simulated(FaultPlan::default())
}

#[test]
fn a_service_runs_jobs_when_they_are_due_and_ends_well_at_a_signal() {
    let (place, org, admin) = (Place::empty(), org(), free_address());
    let child = start(&["run", "-c", &config(&place, &org.base_url, &admin)]);
    until("two jobs that completed", || jobs(&place).iter().filter(|status| **status == JobStatus::Completed).count() >= 2);
    assert!(get(&admin, "/livez").unwrap().starts_with("HTTP/1.1 200"));
    assert!(get(&admin, "/readyz").unwrap().ends_with("ok\n"));
    let metrics = get(&admin, "/metrics").unwrap();
    assert!(metrics.contains("\nsluice_jobs_ended_total{kind=\"full\",status=\"completed\"} "), "{metrics}");
    let status = get(&admin, "/status").unwrap();
    let status: Value = serde_json::from_str(status.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(status["ended"].as_array().unwrap().last().unwrap()["connector"], "sf");
    terminate(&child);
    let done = wait(child);
    assert_eq!((done.code, done.out.as_str()), (Some(0), ""), "{done:?}");
    contains_all(&done.err, &["a job is due", "a job ended", "the service has stopped"]);
    assert!(jobs(&place).iter().all(|status| matches!(status, JobStatus::Completed | JobStatus::Suspended | JobStatus::Pending)));
    assert!(!place.documents().is_empty());
}

#[test]
fn a_job_that_fails_does_not_end_the_service_and_the_next_one_runs() {
    let (place, admin) = (Place::empty(), free_address());
    let child = start(&["run", "-c", &config(&place, NOWHERE, &admin)]);
    until("two jobs that failed", || jobs(&place).iter().filter(|status| **status == JobStatus::Error).count() >= 2);
    terminate(&child);
    let done = wait(child);
    assert_eq!(done.code, Some(0), "{done:?}");
    contains_all(&done.err, &["a job failed", "connection refused [SF0001]; check `domain`"]);
}

#[test]
fn actions_choose_what_a_service_does() {
    let (place, org, admin) = (Place::empty(), org(), free_address());
    let config = config(&place, &org.base_url, &admin);
    let child = start(&["run", "-c", &config, "--action", "schedule"]);
    until("a job that is due", || !jobs(&place).is_empty());
    terminate(&child);
    assert_eq!(wait(child).code, Some(0));
    assert_eq!(jobs(&place), [JobStatus::Pending], "it is posted once, and nobody runs it");
    let child = start(&["run", "-c", &config, "--action", "sync_content"]);
    until("the end of the job", || jobs(&place) == [JobStatus::Completed]);
    terminate(&child);
    assert_eq!((wait(child).code, jobs(&place).len()), (Some(0), 1), "nobody posts another one");
}

#[test]
fn the_name_of_the_references_command_is_enough() {
    let place = Place::empty();
    let link = place.path("elastic-ingest");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_sluice"), &link).unwrap();
    let called = |args: &[&str]| {
        let output = Command::new(&link).args(args).env_clear().stdin(Stdio::null()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(called(&["--action", "list"]), (Some(0), "Registered connectors:\n- Salesforce\nBye\n".to_owned(), String::new()));
    assert_eq!(called(&["--version"]).1, format!("sluice {}\n", env!("CARGO_PKG_VERSION")));
    let (code, _, line) = called(&["--config-file", &place.path("nothing.yml"), "--filebeat"]);
    assert_eq!(code, Some(2));
    contains_all(&line, &["nothing.yml cannot be read: no such file or directory"]);
}

#[test]
fn what_keeps_a_service_from_starting_is_one_line() {
    let (place, org) = (Place::empty(), org());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let line = fails(&["run", "-c", &config(&place, &org.base_url, &address)], 1);
    contains_all(&line, &[&address, "address already in use", "`admin.listen`"]);
    assert!(fails(&["run", "-c", &place.path("none.yml")], 2).contains("cannot be read"));
    let cluster =
        json!({ "index": { "kind": "elasticsearch" }, "elasticsearch": { "host": NOWHERE, "max_retries": 1, "max_wait_duration": 0 } });
    let line = fails(&["run", "-c", &place.config(&org.base_url, json!({}), cluster)], 1);
    contains_all(&line, &["connection refused [ES0001]", "check `elasticsearch.host`"]);
    assert_eq!(run(&["run", "--action", "list", "--action", "cleanup"]).code, Some(2));
}

#[test]
fn deletes_that_are_too_many_wait_until_somebody_confirms_them() {
    let (place, org) = (Place::filled(), org());
    let config = place.config(&org.base_url, json!({ "standard_objects_to_sync": "Campaign" }), json!({}));
    let before = place.documents().len();
    let held = run(&["sync", "-c", &config]);
    assert_eq!(held.code, Some(1), "{held:?}");
    contains_all(&held.err, &["[EN0005]", "run `sluice confirm-deletes -c FILE --connector ID`"]);
    assert_eq!(place.documents().len(), before);
    let done = run(&["confirm-deletes", "-c", &config]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.out.contains(&format!("of {before} documents deleted from `search-sf`")), "{done:?}");
    let left = place.documents().len();
    assert!(0 < left && left < before, "{left}");
    assert_eq!(run(&["confirm-deletes", "-c", &config]).out, "no deletes of `sf` wait\n");
    assert_eq!(run(&["sync", "-c", &config]).code, Some(0), "nothing is left to delete");
}
