//! A world for the engine: a fake org, a fake index, small knobs, and runs from one process to the next.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actors::pipeline::{Ports, RunLimits, Tuning, WriterKnobs};
use actors::stage::Knobs;
use actors::supervisor::{ConnectorWork, Monitor, conduct};
use domain::bulk::BatchLimits;
use domain::catalog::{DocumentShape, PipelineFlags};
use domain::monitor::ErrorLimits;
use domain::restart::RestartBudget;
use domain::rules::SyncRules;
use domain::{Brake, ConnectorId, Ended, IndexName, Job, JobId, JobType, NestedLimit, RecordId, Selection};
use ports::fakes::{FakeCheckpoints, FakeClock, FakeSink, FakeSource};
use tokio::sync::watch;

pub(crate) struct World {
    pub(crate) source: Rc<FakeSource>,
    pub(crate) sink: Rc<FakeSink>,
    pub(crate) checkpoints: Rc<FakeCheckpoints>,
    pub(crate) selection: Selection,
    pub(crate) rules: Rc<SyncRules>,
    pub(crate) tuning: Tuning,
    pub(crate) limits: RunLimits,
    pub(crate) restarts: RestartBudget,
    pub(crate) monitor: Arc<Monitor>,
    stop: watch::Sender<bool>,
    jobs: std::cell::Cell<u32>,
}

impl World {
    pub(crate) fn new(source: FakeSource) -> Self {
        let knobs = |mailbox, concurrency| Knobs { mailbox, concurrency };
        Self {
            source: Rc::new(source),
            sink: Rc::default(),
            checkpoints: Rc::default(),
            selection: Selection::default(),
            rules: Rc::default(),
            tuning: Tuning {
                object_fetcher: knobs(2, 2),
                entity_joiner: knobs(2, 2),
                acl_builder: knobs(1, 1),
                content_extractor: knobs(2, 2),
                bulk_writer: WriterKnobs {
                    knobs: knobs(6, 2),
                    limits: BatchLimits { ops: 6, bytes: 1 << 20 },
                    linger: Duration::from_secs(1),
                },
            },
            limits: RunLimits {
                budget: 64 << 20,
                file_budget: 8 << 20,
                max_document: 0,
                max_file: 1 << 20,
                lookup_cache: 100,
                stall_after: Duration::from_secs(300),
                brake: Brake::default(),
                error_monitor: ErrorLimits::default(),
            },
            restarts: RestartBudget::default(),
            monitor: Arc::default(),
            stop: watch::channel(false).0,
            jobs: std::cell::Cell::new(0),
        }
    }

    /// Runs one full job as a process of its own would.
    pub(crate) async fn sync(&self) -> Ended {
        self.jobs.set(self.jobs.get() + 1);
        let job = Job {
            id: JobId::new(format!("job-{}", self.jobs.get())),
            connector: ConnectorId::new("sf"),
            index: IndexName::new("search-sf"),
            kind: JobType::Full,
        };
        let flags = PipelineFlags { extract_binary_content: true, reduce_whitespace: true, run_ml_inference: false };
        let shape = DocumentShape { base_url: "https://x".into(), flags, limit: NestedLimit::At(2), as_reference: false };
        let work = ConnectorWork {
            ports: Ports {
                source: self.source.clone(),
                sink: self.sink.clone(),
                checkpoints: self.checkpoints.clone(),
                cache: None,
                clock: Arc::new(FakeClock::default()),
            },
            selection: self.selection.clone(),
            rules: Rc::clone(&self.rules),
            shape: Rc::new(shape),
            text: actors::content::FileText::default(),
            access: None,
            fingerprint: String::new(),
            tuning: self.tuning,
            limits: self.limits,
            restarts: self.restarts,
            monitor: Arc::clone(&self.monitor),
            stop: self.stop.subscribe(),
        };
        // A hang shows as a stall of the engine or as this time-out; on a paused clock neither takes real time.
        tokio::time::timeout(Duration::from_secs(24 * 3600), conduct(&work, &job)).await.expect("the run hangs")
    }

    /// Asks the run to stop, or takes that back.
    pub(crate) fn stop(&self, stop: bool) {
        self.stop.send_replace(stop);
    }

    /// Records in the index (files left aside).
    pub(crate) fn records(&self) -> BTreeSet<RecordId> {
        self.sink.docs.borrow().keys().filter(|id| !id.as_str().starts_with("069")).copied().collect()
    }

    /// Bodies of everything in the index, by id.
    pub(crate) fn index(&self) -> BTreeMap<RecordId, String> {
        self.sink.docs.borrow().iter().map(|(id, (body, _))| (*id, String::from_utf8_lossy(body).into_owned())).collect()
    }

    /// Fails with the first difference when the index is not what it should be.
    pub(crate) fn assert_index(&self, expected: &BTreeMap<RecordId, String>, when: &str) {
        let have = self.index();
        for id in expected.keys().chain(have.keys()) {
            assert_eq!(have.get(id), expected.get(id), "{id}, {when}");
        }
    }
}

/// Runs `test` in an actor system of its own, on a paused clock, as one process would.
pub(crate) fn process<T>(test: impl Future<Output = T>) -> T {
    actix_rt::System::new().block_on(async {
        tokio::time::pause();
        test.await
    })
}
