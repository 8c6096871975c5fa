//! The index adapter on its own: sweeps, mappings, refusals, checkpoints, jobs.

use std::sync::Arc;

use adapters::elasticsearch::{Elastic, ElasticAuth, ElasticConfig, ServerKind};
use domain::catalog::{FieldKind, Layout};
use domain::{
    Brake, BulkOp, Checkpoint, ConnectorId, Counts, Document, ES_INDEX_CLOSED, ES_INDEX_GONE, ES_MAPPING, ES_NO_PIPELINE, ES_READ_ONLY,
    ES_TAKEN_OVER, Ended, FILE_GONE, Fault, IndexName, ItemOutcome, Job, JobId, JobStatus, JobType, RecordId, RunId, Swept, Timestamp,
};
use ports::fakes::FakeClock;
use ports::{Checkpoints, JobBoard, SetAside, Sink, Target};

use crate::server::{Kind, Live, await_on_each};

impl Live {
    pub(crate) fn config(&self) -> ElasticConfig {
        ElasticConfig { state_index: self.state.clone(), ..ElasticConfig::new(&self.url, ElasticAuth::None) }
    }

    pub(crate) async fn connect(&self) -> Elastic {
        self.connect_as(self.config()).await
    }

    pub(crate) async fn connect_as(&self, config: ElasticConfig) -> Elastic {
        Elastic::connect(config, Arc::new(FakeClock(Timestamp::UNIX_EPOCH))).await.unwrap()
    }

    pub(crate) fn target(&self, run: &str, mark: Option<String>) -> Target {
        Target { connector: ConnectorId::new("c"), index: IndexName::new(&self.index), run: RunId::new(run), mark }
    }

    /// A run that begins: its target with the mark.
    pub(crate) async fn begin(&self, elastic: &Elastic, run: &str) -> Target {
        let target = self.target(run, None);
        let mark = elastic.prepare(&target, &layout()).await.unwrap();
        Target { mark, ..target }
    }
}

pub(crate) fn layout() -> Layout {
    let kinds =
        [("Name", FieldKind::Text), ("LastModifiedDate", FieldKind::Date), ("Amount", FieldKind::Number), ("IsWon", FieldKind::Boolean)];
    let more = [("BillingAddress", FieldKind::Object), ("Id", FieldKind::Keyword), ("EmailMessages", FieldKind::Nested)];
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

pub(crate) fn account(no: usize) -> BulkOp {
    let body = format!(
        r#"{{"attributes":{{"type":"Account"}},"Id":"{}","Name":"name {no}","Amount":1.5,"IsWon":true,"BillingAddress":{{"city":"Ulm"}},"LastModifiedDate":"2023-12-12T01:02:03.000+0000","Contacts":{{"records":[{{"x":1}}]}},"_allow_access_control":["u:{no}"]}}"#,
        id(no)
    );
    put(no, &body)
}

pub(crate) async fn submit(elastic: &Elastic, target: &Target, ops: Vec<BulkOp>) {
    let count = ops.len();
    let outcomes = elastic.submit(target, Arc::new(ops)).await.unwrap();
    assert_eq!(outcomes, vec![ItemOutcome::Written; count]);
}

#[test]
fn what_a_run_did_not_meet_is_gone_after_its_sweep_and_nothing_else() {
    await_on_each("sweep", async |live| {
        let elastic = live.connect().await;
        let first = live.begin(&elastic, "r1").await;
        submit(&elastic, &first, (0..2500).map(account).collect()).await;
        submit(&elastic, &first, vec![put(9001, r#"{"type":"content_document"}"#), put(9002, r#"{"attributes":{"type":"Lead"}}"#)]).await;
        assert_eq!(
            elastic.sweep(&first, &[], Brake::OFF).await.unwrap(),
            Swept::Deleted(0),
            "an index that was empty has nothing to sweep"
        );

        let second = live.begin(&elastic, "r2").await;
        submit(&elastic, &second, vec![account(1), BulkOp::Keep(id(2)), BulkOp::Keep(id(7777))]).await;
        // Interrupted, and gone on with by another process: the mark stays.
        let other = live.connect().await;
        let mark = other.prepare(&second, &layout()).await.unwrap();
        assert_eq!(mark, second.mark);
        submit(&other, &second, vec![account(3)]).await;
        live.raw("POST", &format!("/{}/_doc/{}", live.index, id(4)), r#"{"touched":"by somebody else"}"#);
        let spare = ["Lead".to_owned(), "content_document".to_owned()];
        assert_eq!(other.sweep(&second, &spare, Brake::OFF).await.unwrap(), Swept::Deleted(2496));
        assert_eq!(live.all(), ids([1, 2, 3, 4, 9001, 9002]));
        assert_eq!(other.sweep(&second, &[], Brake::OFF).await.unwrap(), Swept::Deleted(2));
        assert_eq!(live.all(), ids([1, 2, 3, 4]));
    });
}

#[test]
fn an_index_of_several_shards_that_others_made_is_swept_in_each_of_them() {
    await_on_each("shards", async |live| {
        let settings = r#"{"settings":{"number_of_shards":3,"number_of_replicas":0}}"#;
        live.raw("PUT", &format!("/{}", live.index), settings);
        let elastic = live.connect().await;
        let first = live.begin(&elastic, "r1").await;
        submit(&elastic, &first, (0..300).map(account).collect()).await;
        let second = live.begin(&elastic, "r2").await;
        submit(&elastic, &second, (0..300).step_by(2).map(|no| BulkOp::Keep(id(no))).collect()).await;
        assert_eq!(elastic.sweep(&second, &[], Brake::OFF).await.unwrap(), Swept::Deleted(150));
        assert_eq!(live.all(), ids((0..300).step_by(2)));
        assert_eq!(elastic.sweep(&second, &[], Brake::OFF).await.unwrap(), Swept::Deleted(0));
    });
}

#[test]
fn an_index_made_anew_in_the_middle_of_a_run_is_not_swept() {
    await_on_each("replaced", async |live| {
        let elastic = live.connect().await;
        let run = live.begin(&elastic, "r1").await;
        live.raw("DELETE", &format!("/{}", live.index), "");
        let again = elastic.prepare(&run, &layout()).await.unwrap();
        assert_ne!(again, run.mark);
        submit(&elastic, &run, vec![account(1)]).await;
        assert_eq!(elastic.sweep(&run, &[], Brake::OFF).await.unwrap_err().code, &ES_INDEX_GONE);
        assert_eq!(elastic.sweep(&live.target("r1", again), &[], Brake::OFF).await.unwrap(), Swept::Deleted(0));
        assert_eq!(live.all(), ids([1]));
    });
}

#[test]
fn the_mapping_of_a_new_index_answers_the_searches_that_people_make() {
    await_on_each("mapping", async |live| {
        let elastic = live.connect().await;
        let run = live.begin(&elastic, "r1").await;
        submit(&elastic, &run, vec![account(1), account(2)]).await;
        for query in [
            r#"{"match":{"Name":"2"}}"#,
            r#"{"term":{"_allow_access_control.keyword":"u:2"}}"#,
            r#"{"bool":{"filter":[{"term":{"Name.keyword":"name 2"}},{"range":{"LastModifiedDate":{"gte":"2023-12-12","lt":"2023-12-13"}}}]}}"#,
            r#"{"bool":{"filter":[{"term":{"BillingAddress.city":"Ulm"}},{"range":{"Amount":{"gt":1}}},{"term":{"IsWon":true}},{"term":{"Name.keyword":"name 2"}}]}}"#,
        ] {
            assert_eq!(live.found(query), ids([2]), "{query}");
        }
        let odd = r#"{"Name":"x","Amount":"12x","LastModifiedDate":"soon","Big":12345678901234567890123}"#;
        submit(&elastic, &run, vec![put(3, odd)]).await;
        // No term may be that long.
        let long = "ä".repeat(40_000);
        let nested = format!(r#"{{"EmailMessages":{{"records":[{{"Subject":"Rain in Ulm","TextBody":"{long}"}},{{"Subject":null}}]}}}}"#);
        submit(&elastic, &run, vec![put(4, &nested), put(5, r#"{"EmailMessages":null}"#)]).await;
        if live.kind == Kind::Elasticsearch {
            assert_eq!(live.found(r#"{"term":{"EmailMessages.records.Subject":"Rain in Ulm"}}"#), ids([4]));
        }
    });
}

#[test]
fn a_document_that_does_not_fit_is_set_aside_alone() {
    await_on_each("misfit", async |live| {
        let elastic = live.connect().await;
        let run = live.begin(&elastic, "r1").await;
        let ops = vec![account(1), put(2, r#"{"IsWon":"perhaps"}"#), account(3)];
        let outcomes = elastic.submit(&run, Arc::new(ops)).await.unwrap();
        let ItemOutcome::SetAside(fault) = &outcomes[1] else { panic!("{outcomes:?}") };
        assert!(fault.code == &ES_MAPPING && fault.message.contains("IsWon"), "{fault}");
        assert_eq!((&outcomes[0], &outcomes[2]), (&ItemOutcome::Written, &ItemOutcome::Written));
        elastic.set_aside(&run, vec![SetAside { id: Some(id(2)), what: "document".into(), fault: fault.clone() }]).await.unwrap();
        live.raw("POST", &format!("/{}/_refresh", live.state), "");
        let kept = live.raw("GET", &format!("/{}/_search", live.state), "");
        assert!(kept.contains("ES0401") && kept.contains(id(2).as_str()), "{kept}");
    });
}

#[test]
fn an_index_that_takes_nothing_ends_the_run_with_what_to_do() {
    await_on_each("refused", async |live| {
        let elastic = live.connect().await;
        let run = live.begin(&elastic, "r1").await;
        let write = async || elastic.submit(&run, Arc::new(vec![account(1)])).await.unwrap_err();
        let block = async |value: &str| {
            let path = format!("/{}/_settings", live.index);
            live.raw("PUT", &path, &format!(r#"{{"index.blocks.write":{value}}}"#));
        };
        block("true").await;
        assert_eq!(write().await.code, &ES_READ_ONLY);
        assert_eq!(elastic.prepare(&run, &layout()).await.unwrap_err().code, &ES_READ_ONLY);
        block("null").await;
        live.raw("POST", &format!("/{}/_close", live.index), "");
        assert_eq!(write().await.code, &ES_INDEX_CLOSED);
        assert_eq!(elastic.prepare(&run, &layout()).await.unwrap_err().code, &ES_INDEX_CLOSED);
        live.raw("POST", &format!("/{}/_open", live.index), "");
        let piped = live.connect_as(ElasticConfig { pipeline: Some("no such one".into()), ..live.config() }).await;
        let fault = piped.submit(&run, Arc::new(vec![account(1)])).await.unwrap_err();
        assert!(fault.code == &ES_NO_PIPELINE && fault.to_string().contains("no such one"), "{fault}");
        assert_eq!(piped.prepare(&run, &layout()).await.unwrap_err().code, &ES_NO_PIPELINE);
    });
}

#[test]
fn a_checkpoint_is_written_by_whoever_took_it_last() {
    await_on_each("checkpoint", async |live| {
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
    await_on_each("board", async |live| {
        let (one, two) = (live.connect().await, live.connect().await);
        let connectors: Vec<_> = (0..6).map(|no| ConnectorId::new(format!("c{no}"))).collect();
        let first = &connectors[..1];
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let post = async |no: usize, connector: &ConnectorId| {
            let (id, connector) = (JobId::new(format!("j{no}")), connector.clone());
            let job = Job { id, connector, index: IndexName::new("i"), kind: JobType::Full };
            one.post(&job, at(no as i64)).await.unwrap();
            two.post(&job, at(no as i64)).await.unwrap();
        };
        for (no, connector) in connectors.iter().enumerate() {
            post(no, connector).await;
        }
        let mut claimed = Vec::new();
        for _ in 0..3 {
            let (a, b) = tokio::join!(
                one.claim(&connectors, JobType::Full.family(), at(10)),
                two.claim(&connectors, JobType::Full.family(), at(10))
            );
            claimed.extend([a.unwrap(), b.unwrap()].into_iter().flatten().map(|job| job.id.to_string()));
        }
        claimed.sort_unstable();
        assert_eq!(claimed, ["j0", "j1", "j2", "j3", "j4", "j5"]);
        assert_eq!(one.claim(&[ConnectorId::new("other")], JobType::Full.family(), at(10)).await.unwrap(), None);
        post(6, &first[0]).await;
        assert_eq!(
            one.claim(&connectors, JobType::Full.family(), at(11)).await.unwrap(),
            None,
            "a connector has one job in work at a time"
        );

        // One that nobody spoke of for long is claimed by another, and the first can write it no more.
        let job = two.claim(first, JobType::Full.family(), at(1000)).await.unwrap().unwrap();
        two.progress(&job.id, Counts { read: 5, ..Counts::default() }, at(1001)).await.unwrap();
        let ended =
            Ended { status: JobStatus::Error, fault: Some(Fault::new(&FILE_GONE, "x")), counts: Counts { read: 7, ..Counts::default() } };
        let third = live.connect().await;
        let again = third.claim(first, JobType::Full.family(), at(3000)).await.unwrap().unwrap();
        assert_eq!((job.id.as_str(), &again), ("j0", &job));
        assert_eq!(two.finish(&job.id, &ended, at(3001)).await.unwrap_err().code, &ES_TAKEN_OVER);
        third.finish(&job.id, &ended, at(3002)).await.unwrap();
        let history = one.history(&first[0], JobType::Full.family(), 10).await.unwrap();
        assert_eq!(history.iter().map(|record| record.job.id.as_str()).collect::<Vec<_>>(), ["j6", "j0"], "newest first");
        let record = &history[1];
        assert_eq!((record.status, record.ended, record.counts.read), (JobStatus::Error, Some(at(3002)), 7));
        assert_eq!(one.claim(first, JobType::Full.family(), at(3003)).await.unwrap().unwrap().id.as_str(), "j6");

        // What ended long ago is forgotten when the next one ends; what others do is theirs.
        let late = at(3003 + i64::try_from(domain::REMEMBERED.as_secs()).unwrap());
        one.finish(&JobId::new("j6"), &ended, late).await.unwrap();
        let history = one.history(&first[0], JobType::Full.family(), 10).await.unwrap();
        assert_eq!(history.iter().map(|record| record.job.id.as_str()).collect::<Vec<_>>(), ["j6"]);
        assert_eq!(one.history(&connectors[1], JobType::Full.family(), 10).await.unwrap().len(), 1);
    });
}

#[test]
fn the_server_is_told_by_its_greeting() {
    await_on_each("greeting", async |live| {
        let told = match live.connect().await.server().kind {
            ServerKind::Elasticsearch => Kind::Elasticsearch,
            ServerKind::OpenSearch => Kind::OpenSearch,
        };
        assert_eq!(told, live.kind);
    });
}
