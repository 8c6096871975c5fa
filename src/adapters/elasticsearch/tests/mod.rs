//! The adapter against a scripted server on a real socket.

mod brake;
mod template;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use domain::catalog::Layout;
use domain::{
    BulkOp, Document, ES_DOC_TOO_LARGE, ES_NO_PIPELINE, ES_READ_ONLY, ES_SIGN_IN, ES_UNAVAILABLE, ES_VERSION, IndexName, ItemOutcome,
    RecordId, RunId, Timestamp,
};
use ports::fakes::FakeClock;
use ports::{Secret, Sink, Target};

use super::*;
use crate::stub::{Act, Seen, Stub};

const GREETING: &str = r#"{"version":{"number":"9.4.3"},"tagline":"You Know, for Search"}"#;

/// Waits so small that a test of them is over at once.
fn config(stub: &Stub) -> ElasticConfig {
    let short = Duration::from_millis(1);
    ElasticConfig {
        retries: Retries { attempts: 3, first_wait: short, longest_wait: short },
        gzip: false,
        ..ElasticConfig::new(&stub.base_url, ElasticAuth::ApiKey(Secret::new("key==")))
    }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(FakeClock(Timestamp::UNIX_EPOCH))
}

/// A server that greets, and answers everything else by `script`.
async fn serve(mut script: impl FnMut(&Seen) -> Act + 'static) -> Stub {
    Stub::serve(move |seen| if seen.target == "/" { Act::json(200, GREETING) } else { script(seen) }).await
}

async fn connect(stub: &Stub) -> Elastic {
    Elastic::connect(config(stub), clock()).await.unwrap()
}

/// Answers in turn; the last one again and again.
fn in_turn(acts: Vec<Act>) -> impl FnMut(&Seen) -> Act {
    let mut no = 0;
    move |_| {
        no += 1;
        acts[(no - 1).min(acts.len() - 1)].clone()
    }
}

fn target() -> Target {
    Target { connector: ConnectorId::new("c"), index: IndexName::new("my index"), run: RunId::new("r"), mark: None }
}

fn id(no: usize) -> RecordId {
    format!("001{no:012}").parse().unwrap()
}

fn ops() -> Arc<Vec<BulkOp>> {
    Arc::new(vec![BulkOp::Put(Document { id: id(1), body: br#"{"a":1.10}"#.to_vec() }), BulkOp::Keep(id(2))])
}

fn refused(status: u16, kind: &str, reason: &str) -> Act {
    Act::json(status, format!(r#"{{"error":{{"type":"{kind}","reason":"{reason}"}},"status":{status}}}"#))
}

#[actix_rt::test]
async fn a_batch_goes_as_lines_and_comes_back_as_outcomes_in_order() {
    let answer = r#"{"items":[{"index":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"full"}}},{"update":{"status":404,"error":{"type":"document_missing_exception","reason":"x"}}}]}"#;
    let stub = serve(in_turn(vec![Act::json(200, answer)])).await;
    let elastic = Elastic::connect(ElasticConfig { pipeline: Some("a/b".into()), ..config(&stub) }, clock()).await.unwrap();
    let outcomes = elastic.submit(&target(), ops()).await.unwrap();
    assert!(matches!(outcomes[..], [ItemOutcome::Retry(_), ItemOutcome::Written]), "{outcomes:?}");
    let seen = stub.seen().pop().unwrap();
    assert!(seen.target.starts_with("/_bulk?pipeline=a%2Fb&"), "{}", seen.target);
    assert_eq!((seen.header("content-type"), seen.header("authorization")), (Some("application/x-ndjson"), Some("ApiKey key==")));
    let (one, two) = (id(1), id(2));
    let expected = format!(
        "{{\"index\":{{\"_index\":\"my index\",\"_id\":\"{one}\"}}}}\n{{\"a\":1.10}}\n\
         {{\"update\":{{\"_index\":\"my index\",\"_id\":\"{two}\",\"retry_on_conflict\":3}}}}\n{{\"doc\":{{}},\"detect_noop\":false}}\n"
    );
    assert_eq!(seen.body, expected);
}

#[actix_rt::test]
async fn a_busy_cluster_is_asked_again_with_fewer_requests_at_once() {
    let good = Act::json(200, r#"{"items":[{"index":{"status":200}},{"update":{"status":200}}]}"#);
    let stub = serve(in_turn(vec![refused(429, "es_rejected_execution_exception", "full"), Act::json(503, ""), good])).await;
    let elastic = connect(&stub).await;
    assert_eq!(elastic.in_flight_limit(), 2);
    assert_eq!(elastic.submit(&target(), ops()).await.unwrap(), [ItemOutcome::Written, ItemOutcome::Written]);
    assert_eq!((stub.seen().len(), elastic.in_flight_limit()), (4, 2), "halved to one, and one more after it went well");
}

#[actix_rt::test]
async fn what_stays_busy_is_a_passing_fault_and_what_cannot_pass_is_not_tried_again() {
    let stub = serve(in_turn(vec![Act::json(503, "")])).await;
    assert_eq!(connect(&stub).await.submit(&target(), ops()).await.unwrap_err().code, &ES_UNAVAILABLE);
    assert_eq!(stub.seen().len(), 4);
    let stub = serve(in_turn(vec![refused(401, "security_exception", "who are you")])).await;
    assert_eq!(connect(&stub).await.submit(&target(), ops()).await.unwrap_err().code, &ES_SIGN_IN);
    assert_eq!(stub.seen().len(), 2);
    let gone = r#"{"items":[{"index":{"status":400,"error":{"type":"illegal_argument_exception","reason":"pipeline with id [p] does not exist"}}},{"update":{"status":200}}]}"#;
    let stub = serve(in_turn(vec![Act::json(200, gone)])).await;
    assert_eq!(connect(&stub).await.submit(&target(), ops()).await.unwrap_err().code, &ES_NO_PIPELINE);
}

#[actix_rt::test]
async fn a_batch_that_is_too_large_goes_in_halves() {
    let stub = serve(|seen| match seen.body.lines().count() {
        4.. => Act::json(413, ""),
        _ if seen.body.contains("update") => Act::json(200, r#"{"items":[{"update":{"status":200}}]}"#),
        _ => Act::json(413, ""),
    })
    .await;
    let outcomes = connect(&stub).await.submit(&target(), ops()).await.unwrap();
    let [ItemOutcome::SetAside(fault), ItemOutcome::Written] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert_eq!(fault.code, &ES_DOC_TOO_LARGE);
}

#[actix_rt::test]
async fn an_answer_that_speaks_of_other_items_is_no_answer() {
    let stub = serve(in_turn(vec![Act::json(200, r#"{"items":[{"index":{"status":200}}]}"#)])).await;
    assert_eq!(connect(&stub).await.submit(&target(), ops()).await.unwrap_err().code, &domain::ES_UNREADABLE);
}

#[actix_rt::test]
async fn when_a_node_is_down_the_next_one_is_asked_and_stays_the_first() {
    let good = r#"{"items":[{"index":{"status":200}},{"update":{"status":200}}]}"#;
    let down = Stub::serve(|_| Act::Close).await;
    let up = serve(in_turn(vec![Act::json(200, good)])).await;
    let hosts = vec![down.base_url.clone(), up.base_url.clone()];
    let elastic = Elastic::connect(ElasticConfig { hosts, ..config(&up) }, clock()).await.unwrap();
    elastic.submit(&target(), ops()).await.unwrap();
    elastic.submit(&target(), ops()).await.unwrap();
    assert_eq!((down.seen().len(), up.seen().len()), (1, 3));
}

#[actix_rt::test]
async fn servers_are_told_apart_and_old_ones_refused() {
    for (number, extra, expected) in [
        ("8.12.0", r#""tagline":"You Know, for Search""#, Ok(ServerKind::Elasticsearch)),
        ("10.0.0-SNAPSHOT", r#""tagline":"You Know, for Search""#, Ok(ServerKind::Elasticsearch)),
        ("8.11.4", r#""tagline":"You Know, for Search""#, Err(&ES_VERSION)),
        ("7.17.0", r#""tagline":"You Know, for Search""#, Err(&ES_VERSION)),
        ("9.0.0", r#""tagline":"something else""#, Err(&ES_VERSION)),
    ] {
        let greeting = format!(r#"{{"version":{{"number":"{number}"}},{extra}}}"#);
        let server = Server::of(serde_json::from_str(&greeting).unwrap());
        assert_eq!(server.map(|server| server.kind).map_err(|fault| fault.code), expected, "{number}");
    }
    for (number, usable) in [("1.3.0", false), ("2.19.0", true), ("3.4.0", true)] {
        let greeting = format!(r#"{{"version":{{"number":"{number}","distribution":"opensearch"}}}}"#);
        assert_eq!(Server::of(serde_json::from_str(&greeting).unwrap()).is_ok(), usable, "{number}");
    }
}

/// An index with one shard whose copies have everything up to `last`.
fn stats(uuid: &str, last: i64) -> Act {
    let copy = |primary, last| format!(r#"{{"routing":{{"primary":{primary}}},"seq_no":{{"max_seq_no":99,"global_checkpoint":{last}}}}}"#);
    Act::json(200, format!(r#"{{"indices":{{"i-1":{{"uuid":"{uuid}","shards":{{"0":[{},{}]}}}}}}}}"#, copy(false, 3), copy(true, last)))
}

#[actix_rt::test]
async fn a_missing_index_is_created_and_one_that_is_there_left_alone() {
    let made = Rc::new(Cell::new(false));
    let flag = Rc::clone(&made);
    let stub = serve(move |seen| {
        if seen.head.starts_with("PUT ") {
            flag.set(true);
            return Act::json(200, "{}");
        }
        match seen.target.contains("_stats") {
            true => stats("u1", 7),
            false if flag.get() => Act::json(200, r#"{"my index":{"settings":{"index.uuid":"u1"}}}"#),
            false => refused(404, "index_not_found_exception", "no such index"),
        }
    })
    .await;
    let elastic = connect(&stub).await;
    let mark = elastic.prepare(&target(), &Layout::default()).await.unwrap();
    assert_eq!(mark.as_deref(), Some(r#"{"uuid":"u1","shards":{"0":7}}"#));
    elastic.prepare(&target(), &Layout::default()).await.unwrap();
    let puts: Vec<_> = stub.seen().into_iter().filter(|seen| seen.head.starts_with("PUT ")).collect();
    assert_eq!((puts.len(), puts[0].target.as_str()), (1, "/my%20index"));
    assert!(puts[0].body.contains("_allow_access_control"), "{}", puts[0].body);
}

#[actix_rt::test]
async fn the_mark_of_a_run_that_goes_on_is_kept_unless_the_index_is_another() {
    let uuid = Rc::new(RefCell::new("u1"));
    let now = Rc::clone(&uuid);
    let settings = r#"{"my index":{"settings":{}}}"#;
    let stub = serve(move |seen| if seen.target.contains("_stats") { stats(*now.borrow(), 50) } else { Act::json(200, settings) }).await;
    let elastic = connect(&stub).await;
    let mark = r#"{"uuid":"u1","shards":{"0":7}}"#.to_owned();
    let run = Target { mark: Some(mark.clone()), ..target() };
    assert_eq!(elastic.prepare(&run, &Layout::default()).await.unwrap(), Some(mark));
    *uuid.borrow_mut() = "u2";
    let mark = elastic.prepare(&run, &Layout::default()).await.unwrap();
    assert_eq!(mark.as_deref(), Some(r#"{"uuid":"u2","shards":{"0":50},"replaced":true}"#));
    let requests = stub.seen().len();
    assert_eq!(elastic.sweep(&Target { mark, ..target() }, &[], Brake::OFF).await.unwrap(), Swept::Deleted(0));
    assert_eq!(stub.seen().len(), requests, "nothing is even looked for");
}

#[actix_rt::test]
async fn an_index_that_is_read_only_is_not_begun_with() {
    let settings = r#"{"my index":{"settings":{"index.blocks.read_only_allow_delete":"true"}}}"#;
    let stub = serve(in_turn(vec![Act::json(200, settings)])).await;
    let fault = connect(&stub).await.prepare(&target(), &Layout::default()).await.unwrap_err();
    assert!(fault.code == &ES_READ_ONLY && fault.to_string().contains("free disk space"), "{fault}");
}

/// A state index that loses the answer to its first write of a document; `theirs`: another process was the one who wrote.
async fn lossy(theirs: bool) -> Stub {
    let stamp = RefCell::new(None::<String>);
    serve(move |seen| {
        if seen.target == "/.sluice-state" {
            return Act::json(200, "{}");
        }
        if seen.head.starts_with("GET ") {
            let Some(stamp) = &*stamp.borrow() else { return Act::json(404, r#"{"found":false}"#) };
            let stamp = if theirs { "another" } else { stamp.as_str() };
            return Act::json(200, format!(r#"{{"_id":"x","_seq_no":4,"_primary_term":1,"_source":{{"stamp":"{stamp}","state":null}}}}"#));
        }
        if stamp.borrow().is_some() {
            return refused(409, "version_conflict_engine_exception", "document already exists");
        }
        let written: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
        *stamp.borrow_mut() = written["stamp"].as_str().map(str::to_owned);
        Act::Close
    })
    .await
}

#[actix_rt::test]
async fn a_write_whose_answer_was_lost_is_known_again_and_one_of_others_is_not_taken_for_it() {
    let stub = lossy(false).await;
    let elastic = connect(&stub).await;
    let version = elastic.put("x", serde_json::json!({}), None).await.unwrap();
    assert!(version.is_some() && elastic.held.borrow().contains_key("x"));
    let stub = lossy(true).await;
    let elastic = connect(&stub).await;
    assert_eq!(elastic.put("x", serde_json::json!({}), None).await.unwrap(), None);
}

#[actix_rt::test]
async fn a_write_of_ours_that_nobody_waited_for_is_no_other_process() {
    let owner = Rc::new(RefCell::new(String::new()));
    let writer = Rc::clone(&owner);
    let stub = serve(move |seen| {
        let kept = format!(r#"{{"_id":"x","_seq_no":8,"_primary_term":1,"_source":{{"owner":"{}"}}}}"#, writer.borrow());
        match seen.head.split(' ').next() {
            Some("GET") => Act::json(200, kept),
            _ if seen.target.contains("_create") => refused(409, "version_conflict_engine_exception", "document already exists"),
            _ => Act::json(200, r#"{"_seq_no":9,"_primary_term":1}"#),
        }
    })
    .await;
    let elastic = connect(&stub).await;
    assert_eq!(elastic.put_held("x", serde_json::json!({})).await.unwrap_err().code, &domain::ES_TAKEN_OVER);
    owner.borrow_mut().clone_from(&elastic.owner);
    elastic.put_held("x", serde_json::json!({})).await.unwrap();
    assert!(stub.seen().iter().any(|seen| seen.target.contains("if_seq_no=8&")));
}
