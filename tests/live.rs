//! The index adapter against real servers, named by `SLUICE_LIVE_ELASTICSEARCH` and `SLUICE_LIVE_OPENSEARCH` (deploy/testbed starts them).
#![expect(clippy::unwrap_used, reason = "every function here is part of a test")]

#[path = "common/golden.rs"]
mod golden;

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use actors::supervisor::Monitor;
use adapters::elasticsearch::{Elastic, ElasticAuth, ElasticConfig, ServerKind};
use domain::catalog::{FieldKind, Layout};
use domain::{
    BulkOp, Checkpoint, ConnectorId, Counts, Document, ES_FORBIDDEN, ES_INDEX_CLOSED, ES_INDEX_GONE, ES_MAPPING, ES_NO_PIPELINE,
    ES_READ_ONLY, ES_SIGN_IN, ES_TAKEN_OVER, Ended, FILE_GONE, Fault, IndexName, ItemOutcome, Job, JobId, JobStatus, JobType, RecordId,
    RunId, Timestamp,
};
use ports::fakes::FakeClock;
use ports::{Checkpoints, JobBoard, Secret, SetAside, Sink, Target};
use simulator::faults::FaultPlan;
use sluice::app::{self, Index};
use tokio::sync::watch;

/// A server that is there, with an index and a state index of this test alone.
struct Live {
    url: String,
    index: String,
    state: String,
}

impl Live {
    fn config(&self) -> ElasticConfig {
        ElasticConfig { state_index: self.state.clone(), ..ElasticConfig::new(&self.url, ElasticAuth::None) }
    }

    async fn connect(&self) -> Elastic {
        self.connect_as(self.config()).await
    }

    async fn connect_as(&self, config: ElasticConfig) -> Elastic {
        Elastic::connect(config, Arc::new(FakeClock(Timestamp::UNIX_EPOCH))).await.unwrap()
    }

    fn target(&self, run: &str, mark: Option<String>) -> Target {
        Target { connector: ConnectorId::new("c"), index: IndexName::new(&self.index), run: RunId::new(run), mark }
    }

    /// A run that begins: its target with the mark.
    async fn begin(&self, elastic: &Elastic, run: &str) -> Target {
        let target = self.target(run, None);
        let mark = elastic.prepare(&target, &layout()).await.unwrap();
        Target { mark, ..target }
    }

    /// A request of the test's own, over a plain socket.
    async fn raw(&self, method: &str, path: &str, body: &str) -> String {
        self.raw_as("", method, path, body).await
    }

    /// The same with more lines in its head.
    async fn raw_as(&self, more: &str, method: &str, path: &str, body: &str) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let host = self.url.trim_start_matches("http://").trim_end_matches('/');
        let mut socket = tokio::net::TcpStream::connect(host).await.unwrap();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}Content-Type: application/json\r\n");
        socket.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// Ids of what a query finds, in order.
    async fn found(&self, query: &str) -> Vec<String> {
        self.raw("POST", &format!("/{}/_refresh", self.index), "").await;
        let path = format!("/{}/_search?size=5000&filter_path=hits.hits._id", self.index);
        let answer = self.raw("POST", &path, &format!(r#"{{"query":{query}}}"#)).await;
        let mut ids: Vec<_> = answer.split("\"_id\":\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
        ids.sort_unstable();
        ids
    }

    async fn all(&self) -> Vec<String> {
        self.found(r#"{"match_all":{}}"#).await
    }

    async fn clean(&self) {
        for index in [&self.index, &self.state] {
            self.raw("DELETE", &format!("/{index}?ignore_unavailable=true"), "").await;
        }
    }
}

/// Runs a test against each server that is named.
fn on_each(test: &str, work: impl AsyncFn(&Live)) {
    let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let required = environment("CI").as_deref() == Some("true") && environment("SLUICE_LIVE_REQUIRED").as_deref() == Some("1");
    for name in ["SLUICE_LIVE_ELASTICSEARCH", "SLUICE_LIVE_OPENSEARCH"] {
        let Some(url) = environment(name) else {
            assert!(!required, "{name} must name a server");
            say(&format!("{test}: skipped, {name} names no server"));
            continue;
        };
        let live = Live { url, index: format!("live-{test}"), state: format!(".sluice-live-{test}") };
        actix_rt::System::new().block_on(async {
            live.clean().await;
            work(&live).await;
            live.clean().await;
        });
    }
}

#[expect(clippy::print_stdout, reason = "says to people why nothing was tested")]
fn say(text: &str) {
    println!("{text}");
}

fn layout() -> Layout {
    let kinds =
        [("Name", FieldKind::Text), ("LastModifiedDate", FieldKind::Date), ("Amount", FieldKind::Number), ("IsWon", FieldKind::Boolean)];
    let more = [("BillingAddress", FieldKind::Object), ("Id", FieldKind::Keyword)];
    Layout { fields: kinds.into_iter().chain(more).map(|(name, kind)| (name.to_owned(), kind)).collect() }
}

fn id(no: usize) -> RecordId {
    format!("001{no:012}").parse().unwrap()
}

fn ids(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(|no| id(no).to_string()).collect()
}

fn put(no: usize, body: &str) -> BulkOp {
    BulkOp::Put(Document { id: id(no), body: body.as_bytes().to_vec() })
}

fn account(no: usize) -> BulkOp {
    let body = format!(
        r#"{{"attributes":{{"type":"Account"}},"Id":"{}","Name":"name {no}","Amount":1.5,"IsWon":true,"BillingAddress":{{"city":"Ulm"}},"LastModifiedDate":"2023-12-12T01:02:03.000+0000","Contacts":{{"records":[{{"x":1}}]}},"_allow_access_control":["u:{no}"]}}"#,
        id(no)
    );
    put(no, &body)
}

async fn submit(elastic: &Elastic, target: &Target, ops: Vec<BulkOp>) {
    let count = ops.len();
    let outcomes = elastic.submit(target, Arc::new(ops)).await.unwrap();
    assert_eq!(outcomes, vec![ItemOutcome::Written; count]);
}

/// Syncs the golden org into the server through the whole engine; gives what the server holds then.
async fn sync_golden(live: &Live, org: &simulator::Running, case: &str) -> BTreeMap<String, String> {
    let mut plan = golden::plan(org, Path::new("unused"), case);
    plan.connectors[0].index = IndexName::new(&live.index);
    let index = Index::new(Rc::new(live.connect().await));
    let (_stop, stopped) = watch::channel(false);
    let job = app::run_job(&plan, &plan.connectors[0], &index, Arc::new(Monitor::default()), stopped);
    let (_, ended) = job.await.unwrap();
    assert_eq!((ended.status, ended.fault), (JobStatus::Completed, None));
    live.raw("POST", &format!("/{}/_refresh", live.index), "").await;
    let answer = live.raw("GET", &format!("/{}/_search?size=5000", live.index), "").await;
    let body = dechunked(answer.split_once("\r\n\r\n").unwrap(), answer.to_lowercase().contains("transfer-encoding: chunked"));
    let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
    let hits = answer["hits"]["hits"].as_array().unwrap().iter();
    hits.map(|hit| (hit["_id"].as_str().unwrap().to_owned(), hit["_source"].to_string())).collect()
}

/// The body of an answer, put together when it came in chunks.
fn dechunked((_, mut body): (&str, &str), chunked: bool) -> String {
    if !chunked {
        return body.to_owned();
    }
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        whole.push_str(&rest[..size]);
        body = rest[size..].trim_start_matches("\r\n");
        if size == 0 {
            break;
        }
    }
    whole
}

#[test]
fn the_whole_engine_gives_the_references_documents_and_a_second_run_deletes_what_is_gone() {
    on_each("golden", async |live| {
        let org = golden::org(None, FaultPlan::default());
        golden::assert_golden("full", &org, sync_golden(live, &org, "full").await);
        let custom = sync_golden(live, &org, "custom_all").await;
        golden::assert_golden("custom_all", &org, custom);
        // The second run saw what the third does not choose, and everything of it goes.
        golden::assert_golden("full", &org, sync_golden(live, &org, "full").await);
    });
}

#[test]
fn what_a_run_did_not_meet_is_gone_after_its_sweep_and_nothing_else() {
    on_each("sweep", async |live| {
        let elastic = live.connect().await;
        let first = live.begin(&elastic, "r1").await;
        submit(&elastic, &first, (0..2500).map(account).collect()).await;
        submit(&elastic, &first, vec![put(9001, r#"{"type":"content_document"}"#), put(9002, r#"{"attributes":{"type":"Lead"}}"#)]).await;
        assert_eq!(elastic.sweep(&first, &[]).await.unwrap(), 0, "an index that was empty has nothing to sweep");

        let second = live.begin(&elastic, "r2").await;
        submit(&elastic, &second, vec![account(1), BulkOp::Keep(id(2)), BulkOp::Keep(id(7777))]).await;
        // Interrupted, and gone on with by another process: the mark stays.
        let other = live.connect().await;
        let mark = other.prepare(&second, &layout()).await.unwrap();
        assert_eq!(mark, second.mark);
        submit(&other, &second, vec![account(3)]).await;
        live.raw("POST", &format!("/{}/_doc/{}", live.index, id(4)), r#"{"touched":"by somebody else"}"#).await;
        let spare = ["Lead".to_owned(), "content_document".to_owned()];
        assert_eq!(other.sweep(&second, &spare).await.unwrap(), 2496);
        assert_eq!(live.all().await, ids([1, 2, 3, 4, 9001, 9002]));
        assert_eq!(other.sweep(&second, &[]).await.unwrap(), 2);
        assert_eq!(live.all().await, ids([1, 2, 3, 4]));
    });
}

#[test]
fn an_index_of_several_shards_that_others_made_is_swept_in_each_of_them() {
    on_each("shards", async |live| {
        let settings = r#"{"settings":{"number_of_shards":3,"number_of_replicas":0}}"#;
        live.raw("PUT", &format!("/{}", live.index), settings).await;
        let elastic = live.connect().await;
        let first = live.begin(&elastic, "r1").await;
        submit(&elastic, &first, (0..300).map(account).collect()).await;
        let second = live.begin(&elastic, "r2").await;
        submit(&elastic, &second, (0..300).step_by(2).map(|no| BulkOp::Keep(id(no))).collect()).await;
        assert_eq!(elastic.sweep(&second, &[]).await.unwrap(), 150);
        assert_eq!(live.all().await, ids((0..300).step_by(2)));
        assert_eq!(elastic.sweep(&second, &[]).await.unwrap(), 0);
    });
}

#[test]
fn an_index_made_anew_in_the_middle_of_a_run_is_not_swept() {
    on_each("replaced", async |live| {
        let elastic = live.connect().await;
        let run = live.begin(&elastic, "r1").await;
        live.raw("DELETE", &format!("/{}", live.index), "").await;
        let again = elastic.prepare(&run, &layout()).await.unwrap();
        assert_ne!(again, run.mark);
        submit(&elastic, &run, vec![account(1)]).await;
        assert_eq!(elastic.sweep(&run, &[]).await.unwrap_err().code, &ES_INDEX_GONE);
        assert_eq!(elastic.sweep(&live.target("r1", again), &[]).await.unwrap(), 0);
        assert_eq!(live.all().await, ids([1]));
    });
}

#[test]
fn the_mapping_of_a_new_index_answers_the_searches_that_people_make() {
    on_each("mapping", async |live| {
        let elastic = live.connect().await;
        let run = live.begin(&elastic, "r1").await;
        submit(&elastic, &run, vec![account(1), account(2)]).await;
        for query in [
            r#"{"match":{"Name":"2"}}"#,
            r#"{"term":{"_allow_access_control.keyword":"u:2"}}"#,
            r#"{"bool":{"filter":[{"term":{"Name.keyword":"name 2"}},{"range":{"LastModifiedDate":{"gte":"2023-12-12","lt":"2023-12-13"}}}]}}"#,
            r#"{"bool":{"filter":[{"term":{"BillingAddress.city":"Ulm"}},{"range":{"Amount":{"gt":1}}},{"term":{"IsWon":true}},{"term":{"Name.keyword":"name 2"}}]}}"#,
        ] {
            assert_eq!(live.found(query).await, ids([2]), "{query}");
        }
        let odd = r#"{"Name":"x","Amount":"12x","LastModifiedDate":"soon","Big":12345678901234567890123}"#;
        submit(&elastic, &run, vec![put(3, odd)]).await;
    });
}

#[test]
fn a_document_that_does_not_fit_is_set_aside_alone() {
    on_each("misfit", async |live| {
        let elastic = live.connect().await;
        let run = live.begin(&elastic, "r1").await;
        let ops = vec![account(1), put(2, r#"{"IsWon":"perhaps"}"#), account(3)];
        let outcomes = elastic.submit(&run, Arc::new(ops)).await.unwrap();
        let ItemOutcome::SetAside(fault) = &outcomes[1] else { panic!("{outcomes:?}") };
        assert!(fault.code == &ES_MAPPING && fault.message.contains("IsWon"), "{fault}");
        assert_eq!((&outcomes[0], &outcomes[2]), (&ItemOutcome::Written, &ItemOutcome::Written));
        elastic.set_aside(&run, vec![SetAside { id: Some(id(2)), what: "document".into(), fault: fault.clone() }]).await.unwrap();
        live.raw("POST", &format!("/{}/_refresh", live.state), "").await;
        let kept = live.raw("GET", &format!("/{}/_search", live.state), "").await;
        assert!(kept.contains("ES0401") && kept.contains(id(2).as_str()), "{kept}");
    });
}

#[test]
fn an_index_that_takes_nothing_ends_the_run_with_what_to_do() {
    on_each("refused", async |live| {
        let elastic = live.connect().await;
        let run = live.begin(&elastic, "r1").await;
        let write = async || elastic.submit(&run, Arc::new(vec![account(1)])).await.unwrap_err();
        let block = async |value: &str| {
            let path = format!("/{}/_settings", live.index);
            live.raw("PUT", &path, &format!(r#"{{"index.blocks.write":{value}}}"#)).await;
        };
        block("true").await;
        assert_eq!(write().await.code, &ES_READ_ONLY);
        assert_eq!(elastic.prepare(&run, &layout()).await.unwrap_err().code, &ES_READ_ONLY);
        block("null").await;
        live.raw("POST", &format!("/{}/_close", live.index), "").await;
        assert_eq!(write().await.code, &ES_INDEX_CLOSED);
        assert_eq!(elastic.prepare(&run, &layout()).await.unwrap_err().code, &ES_INDEX_CLOSED);
        live.raw("POST", &format!("/{}/_open", live.index), "").await;
        let piped = live.connect_as(ElasticConfig { pipeline: Some("no such one".into()), ..live.config() }).await;
        let fault = piped.submit(&run, Arc::new(vec![account(1)])).await.unwrap_err();
        assert!(fault.code == &ES_NO_PIPELINE && fault.to_string().contains("no such one"), "{fault}");
        assert_eq!(piped.prepare(&run, &layout()).await.unwrap_err().code, &ES_NO_PIPELINE);
    });
}

#[test]
fn a_checkpoint_is_written_by_whoever_took_it_last() {
    on_each("checkpoint", async |live| {
        let (old, new) = (live.connect().await, live.connect().await);
        let connector = ConnectorId::new("a b/ü");
        assert_eq!(old.load(&connector, JobType::Full).await.unwrap(), None);
        let checkpoint = Checkpoint::fresh(RunId::new("r"), "f".into());
        old.store(&connector, JobType::Full, &checkpoint).await.unwrap();
        old.store(&connector, JobType::Full, &checkpoint).await.unwrap();
        assert_eq!(new.load(&connector, JobType::Full).await.unwrap(), Some(checkpoint.clone()));
        assert_eq!(old.store(&connector, JobType::Full, &checkpoint).await.unwrap_err().code, &ES_TAKEN_OVER);
        assert_eq!(old.clear(&connector, JobType::Full).await.unwrap_err().code, &ES_TAKEN_OVER);
        new.clear(&connector, JobType::Full).await.unwrap();
        assert_eq!(new.load(&connector, JobType::Full).await.unwrap(), None);
        assert_eq!(new.load(&connector, JobType::Incremental).await.unwrap(), None);
    });
}

#[test]
fn a_job_is_claimed_once_and_taken_over_when_it_is_abandoned() {
    on_each("board", async |live| {
        let (one, two) = (live.connect().await, live.connect().await);
        let connector = ConnectorId::new("c");
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        for no in 0..6 {
            let job =
                Job { id: JobId::new(format!("j{no}")), connector: connector.clone(), index: IndexName::new("i"), kind: JobType::Full };
            one.post(&job, at(no)).await.unwrap();
            two.post(&job, at(no)).await.unwrap();
        }
        let connectors = [connector.clone()];
        let mut claimed = Vec::new();
        for _ in 0..3 {
            let (a, b) = tokio::join!(one.claim(&connectors, at(10)), two.claim(&connectors, at(10)));
            claimed.extend([a.unwrap(), b.unwrap()].into_iter().flatten().map(|job| job.id.to_string()));
        }
        claimed.sort_unstable();
        assert_eq!(claimed, ["j0", "j1", "j2", "j3", "j4", "j5"]);
        assert_eq!(one.claim(&[ConnectorId::new("other")], at(10)).await.unwrap(), None);

        // One that nobody spoke of for long is claimed by another, and the first can write it no more.
        let job = two.claim(&connectors, at(1000)).await.unwrap().unwrap();
        two.progress(&job.id, Counts { read: 5, ..Counts::default() }, at(1001)).await.unwrap();
        let ended =
            Ended { status: JobStatus::Error, fault: Some(Fault::new(&FILE_GONE, "x")), counts: Counts { read: 7, ..Counts::default() } };
        let mut third = live.connect().await.claim(&connectors, at(3000)).await.unwrap().unwrap();
        while third.id != job.id {
            third = live.connect().await.claim(&connectors, at(3000)).await.unwrap().unwrap();
        }
        assert_eq!(two.finish(&job.id, &ended, at(3001)).await.unwrap_err().code, &ES_TAKEN_OVER);
        live.connect().await.finish(&job.id, &ended, at(3002)).await.unwrap();
        let history = one.history(&connector, 10).await.unwrap();
        let record = history.iter().find(|record| record.job.id == job.id).unwrap();
        assert_eq!((history.len(), record.status, record.ended, record.counts.read), (6, JobStatus::Error, Some(at(3002)), 7));
        assert_eq!(history[0].job.id.as_str(), "j5", "newest first");
    });
}

#[test]
fn the_server_is_told_by_its_greeting() {
    on_each("greeting", async |live| {
        let kind = if std::env::var("SLUICE_LIVE_OPENSEARCH").is_ok_and(|url| url == live.url) {
            ServerKind::OpenSearch
        } else {
            ServerKind::Elasticsearch
        };
        assert_eq!(live.connect().await.server().kind, kind);
    });
}

/// `SLUICE_LIVE_SECURED` names an Elasticsearch that wants to be signed in to, `SLUICE_LIVE_SECURED_BASIC` is `user:password` in base 64 of
/// one who may do everything, and the password stands in `SLUICE_LIVE_SECURED_PASSWORD`.
#[test]
fn who_may_not_write_is_told_so() {
    let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (Some(url), Some(basic), Some(password)) =
        (environment("SLUICE_LIVE_SECURED"), environment("SLUICE_LIVE_SECURED_BASIC"), environment("SLUICE_LIVE_SECURED_PASSWORD"))
    else {
        let required = environment("SLUICE_LIVE_REQUIRED").is_some() && environment("CI").is_some();
        assert!(!required || environment("SLUICE_LIVE_SECURED").is_none(), "SLUICE_LIVE_SECURED needs its user and password");
        return say("secured: skipped, SLUICE_LIVE_SECURED names no server");
    };
    let live = Live { url, index: "live-secured".into(), state: ".sluice-live-secured".into() };
    actix_rt::System::new().block_on(async {
        let with = |auth| ElasticConfig { auth, ..live.config() };
        let clock = || Arc::new(FakeClock(Timestamp::UNIX_EPOCH));
        for auth in [ElasticAuth::None, ElasticAuth::ApiKey(Secret::new("wrong"))] {
            assert_eq!(Elastic::connect(with(auth), clock()).await.unwrap_err().code, &ES_SIGN_IN);
        }
        let head = format!("Authorization: Basic {basic}\r\n");
        live.raw_as(&head, "DELETE", "/live-secured?ignore_unavailable=true", "").await;
        let master = with(ElasticAuth::Basic { user: "elastic".into(), password: Secret::new(password) });
        let master = live.connect_as(master).await;
        let run = live.begin(&master, "r1").await;
        submit(&master, &run, vec![account(1)]).await;

        let key = async |privileges: &str| {
            let role = format!(
                r#"{{"name":"k","role_descriptors":{{"r":{{"cluster":["monitor"],"indices":[{{"names":["live-*"],"privileges":{privileges}}}]}}}}}}"#
            );
            let answer = live.raw_as(&head, "POST", "/_security/api_key", &role).await;
            let encoded = answer.split("\"encoded\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
            live.connect_as(with(ElasticAuth::ApiKey(Secret::new(encoded)))).await
        };
        let reader = key(r#"["read","monitor","view_index_metadata"]"#).await;
        assert!(reader.prepare(&run, &layout()).await.is_ok());
        assert_eq!(reader.submit(&run, Arc::new(vec![account(2)])).await.unwrap_err().code, &ES_FORBIDDEN);
        assert_eq!(reader.load(&ConnectorId::new("c"), JobType::Full).await.unwrap_err().code, &ES_FORBIDDEN);
        let writer = key(r#"["read","write","monitor","view_index_metadata","maintenance"]"#).await;
        let next = live.begin(&writer, "r2").await;
        submit(&writer, &next, vec![account(3)]).await;
        assert_eq!(writer.sweep(&next, &[]).await.unwrap(), 1);
        live.raw_as(&head, "DELETE", "/live-secured", "").await;
    });
}
