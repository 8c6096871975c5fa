//! The documents of the reference connector, field for field, through the whole engine over HTTP.
//!
//! `tests/golden/README.md` says what is compared and what is not.

#[path = "../common/golden.rs"]
pub(crate) mod cases;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use actors::supervisor::Monitor;
use adapters::embedded::Embedded;
use domain::{JobStatus, JobType};
use simulator::Running;
use simulator::faults::{Fault, FaultPlan, FaultRule, Match, Turn};
use sluice::app::{self, Index};
use sluice::clock::SystemClock;
use tokio::sync::watch;

/// Runs jobs of a case over the golden org into a fresh index, and gives the documents of one of its indices.
pub(crate) fn synced(org: &Running, case: &str, kinds: &[JobType], index: &str) -> BTreeMap<String, String> {
    let data = tempfile::tempdir().unwrap();
    let plan = cases::plan(org, data.path(), case);
    let mut documents = BTreeMap::new();
    actix_rt::System::new().block_on(async {
        let embedded = Embedded::open(data.path(), Arc::new(SystemClock)).unwrap();
        let reader = embedded.reader();
        let connector = plan.connector(None).unwrap();
        let open = Index::new(Rc::new(embedded));
        for kind in kinds {
            let (_stop, stopped) = watch::channel(false);
            let (_, ended) = app::run_job(&plan, connector, *kind, &open, Arc::new(Monitor::default()), stopped).await.unwrap();
            assert_eq!((ended.status, ended.fault), (JobStatus::Completed, None));
        }
        let read = |id: &str, body: &[u8]| {
            documents.insert(id.to_owned(), String::from_utf8(body.to_vec()).unwrap());
            Ok(())
        };
        reader.export(index, read).unwrap();
    });
    documents
}

/// Syncs the golden org into a fresh index and compares what is in it then.
fn assert_golden(case: &str, rows_per_page: Option<usize>) {
    assert_golden_through(case, rows_per_page, FaultPlan::default());
}

fn assert_golden_through(case: &str, rows_per_page: Option<usize>, faults: FaultPlan) {
    let org = cases::org(rows_per_page, faults);
    let documents = synced(&org, case, &[JobType::Full], "golden");
    cases::assert_golden(case, &org, documents);
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
fn advanced_rules_give_the_references_documents() {
    assert_golden("advanced", None);
}

#[test]
fn basic_rules_leave_out_what_the_reference_leaves_out() {
    assert_golden("basic_rules", None);
}

#[test]
fn small_pages_change_nothing_of_what_advanced_rules_find() {
    assert_golden("advanced", Some(3));
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
fn every_case_is_covered() {
    let mut cases: Vec<_> =
        std::fs::read_dir(cases::golden()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    cases.retain(|case| cases::golden().join(case).join("config.json").exists());
    cases.sort();
    // The last but two in `golden_access`.
    assert_eq!(cases, ["advanced", "basic_rules", "custom_all", "dls", "full", "selected"]);
}
