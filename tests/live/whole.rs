//! The whole engine in this process: documents of the reference connector, field for field, through the servers.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use actors::supervisor::Monitor;
use domain::{IndexName, JobStatus};
use simulator::Running;
use simulator::faults::FaultPlan;
use sluice::app::{self, Index};
use tokio::sync::watch;

use crate::golden;
use crate::server::{Live, await_on_each};

/// Syncs the golden org into the server; gives what the server holds then.
async fn sync_golden(live: &Live, org: &Running, case: &str) -> BTreeMap<String, String> {
    let mut plan = golden::plan(org, Path::new("unused"), case);
    plan.connectors[0].index = IndexName::new(&live.index);
    let index = Index::new(Rc::new(live.connect().await));
    let (_stop, stopped) = watch::channel(false);
    let job = app::run_job(&plan, &plan.connectors[0], domain::JobType::Full, &index, Arc::new(Monitor::default()), stopped);
    let (_, ended) = job.await.unwrap();
    assert_eq!((ended.status, ended.fault), (JobStatus::Completed, None));
    live.raw("POST", &format!("/{}/_refresh", live.index), "");
    let answer = live.json("GET", &format!("/{}/_search?size=5000", live.index), "");
    let hits = answer["hits"]["hits"].as_array().unwrap().iter();
    hits.map(|hit| (hit["_id"].as_str().unwrap().to_owned(), hit["_source"].to_string())).collect()
}

#[test]
fn the_whole_engine_gives_the_references_documents_and_a_second_run_deletes_what_is_gone() {
    await_on_each("golden", async |live| {
        let org = golden::org(None, FaultPlan::default());
        golden::assert_golden("full", &org, sync_golden(live, &org, "full").await);
        let custom = sync_golden(live, &org, "custom_all").await;
        golden::assert_golden("custom_all", &org, custom);
        // The second run saw what the third does not choose, and everything of it goes.
        golden::assert_golden("full", &org, sync_golden(live, &org, "full").await);
    });
}

#[test]
fn advanced_rules_give_the_references_documents() {
    await_on_each("golden-advanced", async |live| {
        let org = golden::org(None, FaultPlan::default());
        golden::assert_golden("advanced", &org, sync_golden(live, &org, "advanced").await);
    });
}

#[test]
fn basic_rules_leave_out_what_the_reference_leaves_out() {
    await_on_each("golden-basic", async |live| {
        let org = golden::org(None, FaultPlan::default());
        golden::assert_golden("basic_rules", &org, sync_golden(live, &org, "basic_rules").await);
    });
}
