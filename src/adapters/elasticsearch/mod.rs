//! Elasticsearch (8.12 and newer) and OpenSearch (2 and 3) as the index, and as the keeper of jobs and checkpoints.
//!
//! | module | what it rules |
//! |---|---|
//! | `config` | what an operator can say |
//! | `http` | requests: time limits, other nodes, tries |
//! | `wire` | what failures mean |
//! | `flow` | how many bulk requests are in flight |
//! | `bulk` | batches: their lines and outcomes |
//! | `mapping` | the index that is created |
//! | `mark` | what a run did not meet, and its sweep |
//! | `state` | documents of our own, compared and set |
//! | `documents` | one connector's documents by its own key |
//! | `export` | all documents of an index |
//! | `preflight` | what can be asked before a job |
//! | `progress`, `board` | checkpoints, set-asides, deletes that wait, jobs |
//!
//! Everything here belongs to one thread, as awc's client does: make it where it is used.

mod board;
mod bulk;
mod config;
mod documents;
mod export;
mod flow;
pub(crate) mod http;
mod mapping;
mod mark;
mod preflight;
mod progress;
mod state;
#[cfg(test)]
mod tests;
pub(crate) mod wire;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::catalog::Layout;
use domain::{
    ABANDONED_AFTER, Brake, BulkOp, Checkpoint, ConnectorId, Counts, ES_VERSION, Ended, Fault, Hold, ItemOutcome, Job, JobId, JobType,
    Swept, Timestamp,
};
use ports::{Checkpoints, Clock, JobBoard, JobRecord, SetAside, Sink, Target};
use serde::Deserialize;

pub use self::config::{ElasticAuth, ElasticConfig, Retries, Timeouts};
pub use self::documents::Documents;
use self::flow::{Gate, Window};
use self::http::{Call, Http};
pub use self::preflight::{Behind, IndexFacts, Lack, Licence, Needs, PipelineFound, Privileges, Unmapped};
pub(crate) use self::state::Version;

/// What answers at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Which of the two.
    pub kind: ServerKind,
    /// Its version, such as `9.4.3`.
    pub version: String,
}

/// The servers that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerKind {
    /// Elasticsearch.
    Elasticsearch,
    /// OpenSearch.
    OpenSearch,
}

#[derive(Deserialize)]
struct Greeting {
    version: GreetingVersion,
    #[serde(default)]
    tagline: String,
}
#[derive(Deserialize)]
struct GreetingVersion {
    number: String,
    #[serde(default)]
    distribution: String,
}

impl Server {
    fn of(Greeting { version: GreetingVersion { number, distribution }, tagline }: Greeting) -> Result<Self, Fault> {
        let mut parts = number.split(['.', '-']).map(|part| part.parse::<u32>().unwrap_or(0));
        let version = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        let (kind, usable, name) = if distribution == "opensearch" {
            (ServerKind::OpenSearch, version >= (2, 0), "opensearch")
        } else if tagline == "You Know, for Search" {
            (ServerKind::Elasticsearch, version >= (8, 12), "elasticsearch")
        } else {
            return Err(Fault::new(&ES_VERSION, "the server is neither elasticsearch nor opensearch"));
        };
        if !usable {
            return Err(Fault::new(&ES_VERSION, format!("{name} {number} is older than what can be used")));
        }
        Ok(Self { kind, version: number })
    }

    /// The type of a field that takes an object as a whole.
    fn flat_type(&self) -> &'static str {
        match self.kind {
            ServerKind::Elasticsearch => "flattened",
            ServerKind::OpenSearch => "flat_object",
        }
    }
}

/// A cluster that takes documents, and keeps jobs and checkpoints in an index of our own.
pub struct Elastic {
    config: ElasticConfig,
    http: Http,
    gate: Gate,
    server: Server,
    clock: Arc<dyn Clock>,
    /// Who writes, so that a write whose answer was lost is known again.
    owner: String,
    writes: Cell<u64>,
    /// Versions of the documents that this process has claimed.
    held: RefCell<HashMap<String, Version>>,
    state_made: Cell<bool>,
}

impl Elastic {
    /// Finds out what answers and whether it can be used.
    ///
    /// # Errors
    /// `CF_INVALID`: the configuration cannot work. `ES_VERSION`: a server that cannot be used. Whatever else keeps it from answering.
    pub async fn connect(config: ElasticConfig, clock: Arc<dyn Clock>) -> Result<Self, Fault> {
        let http = Http::new(&config)?;
        let greeting = http.json(Call::get("/")).await.map_err(|fault| fault.context("ask the index server for its version"))?;
        Ok(Self::with(config, http, Server::of(greeting)?, clock))
    }

    /// For a server that is known already.
    fn beside(config: ElasticConfig, server: Server, clock: Arc<dyn Clock>) -> Result<Self, Fault> {
        let http = Http::new(&config)?;
        Ok(Self::with(config, http, server, clock))
    }

    fn with(config: ElasticConfig, http: Http, server: Server, clock: Arc<dyn Clock>) -> Self {
        let gate = Gate::new(Window::new(config.max_in_flight, !config.adaptive));
        let owner = format!("{:016x}", fastrand::u64(..));
        let (writes, held, state_made) = (Cell::new(0), RefCell::default(), Cell::new(false));
        Self { config, http, gate, server, clock, owner, writes, held, state_made }
    }

    /// What answers.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Bulk requests that may be in flight now.
    pub fn in_flight_limit(&self) -> usize {
        self.gate.limit()
    }
}

impl fmt::Debug for Elastic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Elastic").field("server", &self.server).finish_non_exhaustive()
    }
}

#[async_trait(?Send)]
impl Sink for Elastic {
    async fn prepare(&self, target: &Target, layout: &Layout) -> Result<Option<String>, Fault> {
        self.ready(target, layout).await.map(Some)
    }

    async fn submit(&self, target: &Target, ops: Arc<Vec<BulkOp>>) -> Result<Vec<ItemOutcome>, Fault> {
        self.write(target.index.as_str(), &ops).await
    }

    async fn sweep(&self, target: &Target, spare: &[String], brake: Brake) -> Result<Swept, Fault> {
        self.swept(target, spare, brake).await.map_err(|fault| fault.context("delete what is gone"))
    }

    async fn confirm(&self, hold: &Hold) -> Result<u64, Fault> {
        self.swept_after_all(hold).await.map_err(|fault| fault.context("delete what was held back"))
    }

    async fn set_aside(&self, target: &Target, entries: Vec<SetAside>) -> Result<(), Fault> {
        self.keep_aside(target, &entries).await.map_err(|fault| fault.context("remember what was set aside"))
    }
}

#[async_trait(?Send)]
impl Checkpoints for Elastic {
    async fn load(&self, connector: &ConnectorId, kind: JobType) -> Result<Option<Checkpoint>, Fault> {
        self.take_checkpoint(connector, kind).await.map_err(|fault| fault.context("read the checkpoint"))
    }

    async fn store(&self, connector: &ConnectorId, kind: JobType, checkpoint: &Checkpoint) -> Result<(), Fault> {
        self.keep_checkpoint(connector, kind, Some(checkpoint)).await.map_err(|fault| fault.context("write the checkpoint"))
    }

    async fn clear(&self, connector: &ConnectorId, kind: JobType) -> Result<(), Fault> {
        self.drop_checkpoint(connector, kind).await.map_err(|fault| fault.context("clear the checkpoint"))
    }

    async fn keep_hold(&self, hold: &Hold) -> Result<(), Fault> {
        self.keep_held(hold).await.map_err(|fault| fault.context("remember the deletes that wait"))
    }

    async fn hold(&self, connector: &ConnectorId) -> Result<Option<Hold>, Fault> {
        self.held(connector).await.map_err(|fault| fault.context("read the deletes that wait"))
    }

    async fn drop_hold(&self, connector: &ConnectorId) -> Result<(), Fault> {
        self.drop_held(connector).await.map_err(|fault| fault.context("forget the deletes that wait"))
    }
}

#[async_trait(?Send)]
impl JobBoard for Elastic {
    async fn post(&self, job: &Job, now: Timestamp) -> Result<(), Fault> {
        self.post_job(job, now).await.map_err(|fault| fault.context("post a job"))
    }

    async fn claim(&self, connectors: &[ConnectorId], kinds: &[JobType], now: Timestamp) -> Result<Option<Job>, Fault> {
        self.claim_job(connectors, kinds, now).await.map_err(|fault| fault.context("claim a job"))
    }

    async fn progress(&self, job: &JobId, counts: Counts, now: Timestamp) -> Result<(), Fault> {
        self.note_progress(job, &counts, now).await.map_err(|fault| fault.context("write a job's progress"))
    }

    async fn finish(&self, job: &JobId, ended: &Ended, now: Timestamp) -> Result<(), Fault> {
        self.end_job(job, ended, now).await.map_err(|fault| fault.context("write how a job ended"))
    }

    async fn history(&self, connector: &ConnectorId, kinds: &[JobType], most: usize) -> Result<Vec<JobRecord>, Fault> {
        self.job_history(connector, kinds, most).await.map_err(|fault| fault.context("read the job board"))
    }

    fn silence(&self) -> Option<Duration> {
        Some(ABANDONED_AFTER)
    }
}
