//! A sync as a process among others: it is killed, asked to stop, read by programs, and signs in with a key; a later one completes its work.

use std::collections::BTreeMap;
use std::process::Child;
use std::sync::Arc;
use std::time::Duration;

use adapters::embedded::Embedded;
use domain::{Checkpoint, ConnectorId, JobStatus, JobType};
use ports::Checkpoints as _;
use serde_json::{Value, json};
use simulator::faults::{Fault, FaultPlan, FaultRule, Match};
use simulator::{Endpoint, Options, Request, Running, spawn};
use sluice::clock::SystemClock;

use crate::program::{Done, Place, SECRET, contains_all, fails, golden_org, run, start, terminate, until, wait};

/// The small org in pages of a few rows, each of which takes its time.
fn slow_org(wait_ms: u64) -> Running {
    let rule = |path: &str| FaultRule {
        when: Match { path: Some(path.into()), ..Match::default() },
        act: Fault::SlowHead { wait: Duration::from_millis(wait_ms) },
    };
    let options = Options::new(golden_org());
    spawn(Options { page_size: Some(4), faults: FaultPlan::new([rule("/query")]), ..options }).unwrap()
}

fn config(place: &Place, org: &Running) -> String {
    let objects = json!({ "standard_objects_to_sync": "Account, Contact, Lead, Case" });
    let writer = json!({ "batch_docs": 4, "mailbox": 8, "linger": "1ms" });
    place.config(&org.base_url, objects, json!({ "actors": { "bulk_writer": writer }, "run": { "drain_limit": "20s" } }))
}

fn sync(config: &str) -> Done {
    run(&["sync", "-c", config, "--output", "json"])
}

/// How far the latest run of the connector is safe, as its data directory says.
fn checkpoint(place: &Place) -> Option<Checkpoint> {
    let index = Embedded::open(place.data(), Arc::new(SystemClock)).unwrap();
    actix_rt::System::new().block_on(async { Embedded::load(&index, &ConnectorId::new("sf"), JobType::Full).await.unwrap() })
}

/// The query that a page request of this object makes: from its start, or after a record.
fn asks_for_page(request: &Request, object: &str, after: Option<&str>) -> bool {
    let from = after.map(|after| format!(" WHERE Id > '{after}'")).unwrap_or_default();
    request.endpoint == Endpoint::Query && request.query.ends_with(&format!(" FROM {object}{from} ORDER BY Id"))
}

/// A sync that goes on from `safe` asks for nothing that was safe, and reads every other record once.
fn assert_goes_on(safe: &Checkpoint, requests: &[Request], summary: &Value, when: &str) {
    let read: BTreeMap<_, _> = summary["objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|object| (object["name"].as_str().unwrap(), object["read"].as_u64().unwrap()))
        .collect();
    for object in ["Account", "Contact", "Lead", "Case"] {
        let progress = safe.progress(object);
        let after = progress.after.map(|id| id.to_string());
        let starts = requests.iter().filter(|request| asks_for_page(request, object, None)).count();
        let goes_on = requests.iter().filter(|request| after.is_some() && asks_for_page(request, object, after.as_deref())).count();
        let expected = match (progress.done, &after) {
            (true, _) => (0, 0),
            (false, Some(_)) => (0, 1),
            (false, None) => (1, 0),
        };
        assert_eq!((starts, goes_on), expected, "{object}, {when}: {progress:?}");
        let left = golden_org().rows(object).filter(|row| after.as_deref().is_none_or(|after| row.id().as_str() > after)).count() as u64;
        assert_eq!(read[object], if progress.done { 0 } else { left }, "{object}, {when}");
    }
}

fn requests_of(org: &Running) -> usize {
    org.stats().log.len()
}

/// Starts a sync and comes back when it has made so many requests.
fn started(org: &Running, config: &str, requests: usize) -> Child {
    let (before, mut child) = (requests_of(org), start(&["sync", "-c", config, "--output", "json"]));
    until("requests", || requests_of(org) >= before + requests || child.try_wait().unwrap().is_some());
    child
}

#[test]
fn a_sync_killed_at_any_moment_is_completed_by_the_next_one_and_reads_nothing_twice_that_was_safe() {
    let org = slow_org(5);
    let undisturbed = Place::empty();
    assert_eq!(sync(&config(&undisturbed, &org)).code, Some(0));
    let (whole, requests) = (undisturbed.documents(), requests_of(&org));
    assert!(whole.len() > 100 && requests > 50, "{} documents, {requests} requests", whole.len());
    let mut resumed = 0;
    for tenth in [0, 2, 4, 6, 8, 9] {
        let when = format!("killed after {tenth} tenths of the requests");
        let place = Place::empty();
        let config = config(&place, &org);
        let mut child = started(&org, &config, (requests * tenth / 10).max(1));
        child.kill().unwrap();
        assert_eq!(wait(child).code, None, "{when}");
        let (safe, before) = (checkpoint(&place), requests_of(&org));
        let done = sync(&config);
        assert_eq!(done.code, Some(0), "{when}: {done:?}");
        let safe = safe.unwrap_or_else(|| Checkpoint::fresh(domain::RunId::new("none"), String::new()));
        assert_goes_on(&safe, &org.stats().log[before..], &done.summary(), &when);
        assert!(place.documents() == whole, "{when}");
        resumed += usize::from(!safe.objects.is_empty());
    }
    assert!(resumed >= 3, "only {resumed} of the kills left a checkpoint");
}

#[test]
fn a_sync_killed_again_and_again_completes_in_the_end() {
    let org = slow_org(5);
    let undisturbed = Place::empty();
    assert_eq!(sync(&config(&undisturbed, &org)).code, Some(0));
    let place = Place::empty();
    let config = config(&place, &org);
    for _ in 0..6 {
        let mut child = started(&org, &config, 15);
        child.kill().unwrap();
        wait(child);
    }
    assert_eq!(sync(&config).code, Some(0));
    assert!(place.documents() == undisturbed.documents());
}

#[test]
fn a_sync_that_is_asked_to_stop_finishes_what_is_in_hand_and_the_next_one_goes_on() {
    let org = slow_org(10);
    let undisturbed = Place::empty();
    assert_eq!(sync(&config(&undisturbed, &org)).code, Some(0));
    let place = Place::empty();
    let config = config(&place, &org);
    let child = started(&org, &config, requests_of(&org) / 2);
    terminate(&child);
    let done = wait(child);
    let summary = done.summary();
    assert_eq!((done.code, &summary["status"], &summary["error"]), (Some(1), &json!("suspended"), &Value::Null), "{done:?}");
    let said = done.err.lines().last().unwrap_or_default();
    assert_eq!(said, "sluice: interrupted; the next sync goes on from the last checkpoint");
    let (safe, before) = (checkpoint(&place).unwrap(), requests_of(&org));
    assert!(!safe.objects.is_empty());
    let jobs = Embedded::read_only(place.data()).unwrap().jobs(Some("sf"), 9).unwrap();
    assert_eq!(jobs.iter().map(|job| job.status).collect::<Vec<_>>(), [JobStatus::Suspended]);
    let rest = sync(&config);
    let second = rest.summary();
    assert_eq!((rest.code, &second["job"]), (Some(0), &summary["job"]), "{rest:?}");
    assert_goes_on(&safe, &org.stats().log[before..], &second, "stopped");
    let read = |summary: &Value| summary["counts"]["read"].as_u64().unwrap();
    assert_eq!(read(&summary) + read(&second), sync(&config).summary()["counts"]["read"].as_u64().unwrap(), "no page was read twice");
    assert!(place.documents() == undisturbed.documents());
}

#[test]
fn a_sync_that_cannot_finish_what_is_in_hand_leaves_by_itself_when_the_drain_limit_is_over() {
    let org = crate::program::broken("/query", "FROM Lead", Fault::StallBody { after_bytes: 10 });
    let place = Place::filled();
    let before = place.documents();
    let config = place.config(&org.base_url, json!({}), json!({ "run": { "drain_limit": "1s" } }));
    let mut child = start(&["sync", "-c", &config, "--log-level", "error"]);
    until("the silent page", || org.stats().faults > 0 || child.try_wait().unwrap().is_some());
    terminate(&child);
    let done = wait(child);
    assert_eq!(
        (done.code, done.err.as_str()),
        (Some(1), "sluice: interrupted; the next sync goes on from the last checkpoint\n"),
        "{done:?}"
    );
    assert!(place.documents() == before);
    let good = slow_org(0);
    let done = sync(&place.config(&good.base_url, json!({}), json!({})));
    assert_eq!((done.code, &done.summary()["status"]), (Some(0), &json!("completed")), "{done:?}");
}

#[test]
fn a_sync_that_is_still_signing_in_stops_at_once_when_it_is_asked_to() {
    let org = crate::program::broken("/token", "", Fault::SlowHead { wait: Duration::from_secs(600) });
    let place = Place::empty();
    let mut child = start(&["sync", "-c", &config(&place, &org), "--output", "json"]);
    until("the sign-in", || org.stats().faults > 0 || child.try_wait().unwrap().is_some());
    terminate(&child);
    let done = wait(child);
    assert_eq!((done.code, &done.summary()["status"]), (Some(1), &json!("suspended")), "{done:?}");
}

/// Names of the members of a JSON object.
fn members(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_summary_for_programs_is_one_line_with_the_same_fields_however_a_job_ends() {
    let org = slow_org(0);
    let place = Place::empty();
    let good = sync(&config(&place, &org));
    let completed = good.summary();
    assert_eq!(
        (good.code, &completed["status"], &completed["connector"], &completed["error"]),
        (Some(0), &json!("completed"), &json!("sf"), &Value::Null)
    );
    assert_eq!(members(&completed), ["connector", "counts", "error", "job", "objects", "seconds", "status"]);
    assert_eq!(
        members(&completed["counts"]),
        ["conflicts", "cut", "deleted", "duplicates", "excluded", "files", "kept", "read", "set_aside", "written", "written_bytes"]
    );
    assert_eq!(members(&completed["objects"][0]), ["done", "name", "read", "total", "written"]);
    let objects: u64 = completed["objects"].as_array().unwrap().iter().map(|object| object["read"].as_u64().unwrap()).sum();
    assert_eq!(completed["counts"]["read"], objects);
    let bad = run(&[
        "sync",
        "-c",
        &place.config(&org.base_url, json!({ "client_secret": "wrong" }), json!({})),
        "--output",
        "json",
        "--log-level",
        "off",
    ]);
    let failed = bad.summary();
    assert_eq!((bad.code, &failed["status"], members(&failed)), (Some(1), &json!("error"), members(&completed)));
    assert_eq!(bad.err, format!("sluice: {}\n", failed["error"].as_str().unwrap()), "programs and people read the same sentence");
}

const KEY: &str = include_str!("../../src/simulator/server/tests/jwt-test-key.pem");
const PUBLIC_KEY: &str = include_str!("../../src/simulator/server/tests/jwt-test-key.pub.pem");

#[test]
fn a_key_signs_in_as_text_and_as_a_file_and_what_is_wrong_with_it_is_told() {
    let mut options = Options::new(golden_org());
    options.credentials.jwt_public_key = Some(PUBLIC_KEY.to_owned());
    let org = spawn(options).unwrap();
    let place = Place::empty();
    let with = |key: &str, user: &str| {
        let configuration =
            json!({ "client_secret": null, "username": user, "private_key": key, "audience": "https://login.salesforce.com" });
        place.config(&org.base_url, configuration, json!({}))
    };
    let user = "demo@sluice.example";
    let file = place.write("key.pem", KEY);
    for key in [KEY, &KEY.replace('\n', "\\n"), &file] {
        let done = sync(&with(key, user));
        assert_eq!(done.code, Some(0), "{done:?}");
        assert!(done.err.contains(r#"flow="jwt bearer""#), "{done:?}");
    }
    assert_eq!(org.stats().tokens_issued, 3);
    let before = place.export();
    let stranger = fails(&["sync", "-c", &with(KEY, "stranger@x.example")], 1);
    contains_all(&stranger, &["user hasn't approved this consumer [SF0101]", "`private_key` and `username`"]);
    let missing = fails(&["sync", "-c", &with(&place.path("nothing.pem"), user)], 2);
    contains_all(&missing, &["`connectors[0].configuration.private_key`", "leads to no file that can be read: no such file or directory"]);
    for line in [&stranger, &missing] {
        assert!(KEY.lines().filter(|text| !text.starts_with('-')).all(|text| !line.contains(text)), "{line}");
    }
    assert_eq!(place.export(), before);
}

#[test]
fn the_plan_that_is_printed_hides_what_is_secret() {
    let place = Place::empty();
    let config = place.config("http://127.0.0.1:9", json!({}), json!({}));
    let done = run(&["sync", "-c", &config, "--print-plan"]);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    contains_all(&done.out, &[r#"client_secret: "***""#, "retries: { attempts: 2, first_wait: 1ms }"]);
    assert!(!done.out.contains(SECRET));
}
