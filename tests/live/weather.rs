//! A cluster in bad weather, with the program: nothing lost, nothing doubled, and an error that names its cause.

use std::time::Duration;

use serde_json::json;
use simulator::faults::{Fault, FaultPlan, Match};

use crate::program::{Setup, assert_documents, expected, org};
use crate::proxy::{Act, Proxy};
use crate::server::{Live, on_each, until, with_crashes};

/// The bulk request before which something happens: the run is in the middle, and its checkpoint has moved.
const MIDDLE: usize = 12;

/// Documents that searches find; none while there is no index.
fn count(live: &Live) -> u64 {
    live.json("POST", &format!("/{}/_refresh?ignore_unavailable=true", live.index), "");
    live.json("GET", &format!("/{}/_count?ignore_unavailable=true", live.index), "")["count"].as_u64().unwrap()
}

/// Documents written to the index since its server came up.
fn indexed(live: &Live) -> u64 {
    let stats = live.json("GET", &format!("/{}/_stats/indexing?ignore_unavailable=true", live.index), "");
    stats["_all"]["primaries"]["indexing"]["index_total"].as_u64().unwrap_or(0)
}

#[test]
fn a_crash_of_the_server_in_the_middle_of_a_sync_changes_nothing() {
    with_crashes("crash", |live, crash| {
        let slow = Match { path: Some("/query".into()), ..Match::default() };
        let org = org(FaultPlan::one(slow, Fault::SlowHead { wait: Duration::from_millis(100) }));
        // A run that has something to update, to add and to delete: what it met before the crash and after it stays.
        let setup = Setup::new(live, &org).standard_only();
        setup.completes();
        let strangers = ["1", "2", "3"].map(|no| format!("/{}/_doc/{no}", live.index));
        strangers.iter().for_each(|path| drop(live.raw("PUT", path, "{}")));
        let setup = Setup::new(live, &org);
        let before = indexed(live);
        let mut job = setup.start();
        until("the first documents of the run", || indexed(live) > before);
        crash();
        assert!(job.runs(), "the crash came too late");
        let done = job.end();
        assert_eq!((done.code, &done.summary["status"]), (Some(0), &json!("completed")), "{done:?}");
        assert!(done.log.contains("ES0001"), "nobody noticed the crash: {}", done.log);
        assert_documents(&setup.documents(), expected(true));
        assert_eq!((done.count("deleted"), done.count("set_aside")), (strangers.len() as u64, 0));
    });
}

#[test]
fn a_node_that_has_no_room_for_a_while_gets_everything_in_the_end() {
    on_each("busy", |live| {
        let org = org(FaultPlan::default());
        let proxy = Proxy::before(live, |bulk| if (4..=20).contains(&bulk) { Act::Busy } else { Act::Pass });
        let setup = Setup::new(live, &org).through(&proxy.url);
        let summary = setup.completes();
        assert!(proxy.bulks() > 20);
        assert_eq!((&summary["counts"]["set_aside"], &summary["counts"]["deleted"]), (&json!(0), &json!(0)));
        assert_documents(&setup.documents(), expected(true));
    });
}

#[test]
fn items_that_a_node_rejects_are_written_in_the_end() {
    on_each("rejected", |live| {
        let org = org(FaultPlan::default());
        let proxy = Proxy::before(live, |bulk| if bulk.is_multiple_of(2) { Act::Pass } else { Act::BusyItems });
        let setup = Setup::new(live, &org).through(&proxy.url);
        assert_eq!(setup.completes()["counts"]["set_aside"], json!(0));
        assert_documents(&setup.documents(), expected(true));
    });
}

#[test]
fn answers_that_get_lost_and_gateways_without_a_node_change_nothing() {
    on_each("gateway", |live| {
        let org = org(FaultPlan::default());
        let acts = [Act::Pass, Act::Unheard, Act::Gateway, Act::Pass, Act::BusyItems, Act::Unheard, Act::Busy];
        let proxy = Proxy::before(live, move |bulk| acts[bulk % acts.len()]);
        let setup = Setup::new(live, &org).through(&proxy.url);
        setup.completes();
        assert_documents(&setup.documents(), expected(true));
        // And in a run that deletes.
        let setup = setup.standard_only();
        setup.completes();
        assert_documents(&setup.documents(), expected(false));
    });
}

/// Holds a sync in the middle, breaks something, lets it go on until it fails; mends it, and lets the next sync finish the run.
fn broken_in_the_middle(live: &Live, pipeline: &str, mischief: impl Fn(), says: &[&str], mend: impl Fn()) {
    live.clean();
    let org = org(FaultPlan::default());
    let proxy = Proxy::before(live, |bulk| if bulk >= MIDDLE { Act::Hold } else { Act::Pass });
    let setup = Setup::new(live, &org).with("connector.pipeline.name", json!(pipeline)).through(&proxy.url);
    let mut job = setup.start();
    until("the bulk request in the middle", || proxy.holds() || !job.runs());
    mischief();
    proxy.release();
    let broken = job.end();
    broken.assert_failed(says);
    assert_eq!(broken.summary["status"], json!("error"));
    // Nothing is tried that cannot work: the job ends with the first batch that is refused.
    assert!(proxy.bulks() <= MIDDLE + 5, "{} bulk requests", proxy.bulks());
    mend();
    let mended = setup.sync();
    assert_eq!((mended.code, mended.count("deleted")), (Some(0), 0), "{mended:?}");
    let records = expected(true).values().filter(|document| document["type"] != "content_document").count() as u64;
    assert!(mended.count("read") < records, "the run began anew: {mended:?}");
    assert!(broken.count("read") + mended.count("read") >= records, "{broken:?} {mended:?}");
    assert_documents(&setup.documents(), expected(true));
}

#[test]
fn an_index_that_becomes_read_only_ends_the_job_and_the_next_one_goes_on_from_there() {
    on_each("read-only", |live| {
        let block = |value| live.set("index.blocks.write", value);
        broken_in_the_middle(live, "_none", || block("true"), &["[ES0203]", "live-read-only"], || block("null"));
    });
}

#[test]
fn an_index_that_is_closed_ends_the_job_and_the_next_one_goes_on_from_there() {
    on_each("closed", |live| {
        let order = |what| drop(live.raw("POST", &format!("/{}/{what}", live.index), ""));
        broken_in_the_middle(live, "_none", || order("_close"), &["[ES0202]", "live-closed"], || order("_open"));
    });
}

#[test]
fn a_pipeline_that_goes_away_ends_the_job_and_the_next_one_goes_on_from_there() {
    on_each("pipeline", |live| {
        let path = "/_ingest/pipeline/live-pipeline";
        let make = || drop(live.raw("PUT", path, r#"{"processors":[]}"#));
        let drop_it = || drop(live.raw("DELETE", path, ""));
        make();
        broken_in_the_middle(live, "live-pipeline", drop_it, &["[ES0204]", "live-pipeline"], make);
        drop_it();
    });
}

#[test]
fn what_keeps_documents_out_is_said_before_anything_is_read() {
    on_each("unready", |live| {
        let org = org(FaultPlan::default());
        let setup = Setup::new(live, &org).standard_only();
        let setup = setup.with("connector.pipeline.name", json!("live no such pipeline"));
        let done = setup.fails(&["[ES0204]", "`live no such pipeline`"]);
        assert_eq!((done.count("read"), count(live)), (0, 0));

        let setup = setup.with("connector.pipeline.name", json!("_none"));
        live.set("index.blocks.read_only_allow_delete", "true");
        setup.fails(&["[ES0203]", "live-unready", "index.blocks.read_only_allow_delete"]);
        live.set("index.blocks.read_only_allow_delete", "null");
        live.raw("POST", "/live-unready/_close", "");
        setup.fails(&["[ES0202]", "live-unready"]);
        live.raw("POST", "/live-unready/_open", "");
        assert_eq!(count(live), 0);
        setup.completes();
        assert_documents(&setup.documents(), expected(false));
    });
}

#[test]
fn documents_that_do_not_fit_are_set_aside_with_their_reason_and_the_rest_is_there() {
    on_each("misfits", |live| {
        let org = org(FaultPlan::default());
        let setup = Setup::new(live, &org);
        // Every tenth case has a parent, whose id is no number.
        let mapping = r#"{"mappings":{"dynamic":false,"properties":{"ParentId":{"type":"integer"}}}}"#;
        live.raw("PUT", &format!("/{}", live.index), mapping);
        let (misfits, fits): (Vec<_>, Vec<_>) = expected(true).iter().partition(|(_, document)| document["ParentId"].is_string());
        assert!((2..20).contains(&misfits.len()), "{} misfits", misfits.len());
        let summary = setup.completes();
        assert_eq!(summary["counts"]["set_aside"], json!(misfits.len()));
        assert_documents(&setup.documents(), &fits.into_iter().map(|(id, document)| (id.clone(), document.clone())).collect());

        live.raw("POST", &format!("/{}/_refresh", live.state), "");
        let query = r#"{"size":1000,"query":{"bool":{"filter":[{"term":{"what":"aside"}},{"term":{"connector":"live"}}]}}}"#;
        let aside = live.json("POST", &format!("/{}/_search", live.state), query);
        let mut ids = Vec::new();
        for hit in aside["hits"]["hits"].as_array().unwrap() {
            let source = &hit["_source"];
            assert_eq!((&source["code"], &source["index"]), (&json!("ES0401"), &json!(live.index)), "{source}");
            assert!(source["reason"].as_str().unwrap().contains("ParentId"), "{source}");
            ids.push(source["id"].as_str().unwrap().to_owned());
        }
        ids.sort_unstable();
        assert_eq!(ids, misfits.iter().map(|(id, _)| (*id).clone()).collect::<Vec<_>>());
    });
}

#[test]
fn a_node_that_is_gone_leaves_its_work_to_the_next_one() {
    on_each("nodes", |live| {
        let org = org(FaultPlan::default());
        // A port that was free a moment ago: nobody listens there.
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let setup = Setup::new(live, &org).with("elasticsearch.host", json!([format!("http://{gone}"), live.url]));
        setup.completes();
        assert_documents(&setup.documents(), expected(true));
        let setup = setup.through(&format!("http://{gone}"));
        setup.fails(&["[ES0001]", "check `elasticsearch.host`"]);
    });
}
