//! Puts the engine together: the one file where adapters meet actors.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actors::pipeline::{Ports, RunLimits, Tuning, WriterKnobs};
use actors::scheduler::{Finished, JobScheduler};
use actors::stage::Knobs;
use actors::supervisor::{ConnectorWork, Monitor};
use actors::tokens::TokenManager;
use adapters::counting::Counting;
use adapters::elasticsearch::{Documents, Elastic, ElasticAuth, ElasticConfig};
use adapters::embedded::Embedded;
use adapters::salesforce::{Auth, Retries, Salesforce, SalesforceConfig, SignIn, Timeouts};
use domain::{Ended, Fault, Job, JobId, JobStatus, JobType};
use ports::{Checkpoints, Clock, JobBoard, Sink};
use tokio::sync::watch;

use crate::clock::SystemClock;
use crate::plan::{self, ClusterAuth, ClusterPlan, ConnectorPlan, IndexPlan, Plan, SalesforcePlan};

/// The index of a plan, opened for writing.
#[derive(Clone)]
pub struct Index {
    documents: DocumentsIn,
    checkpoints: Rc<dyn Checkpoints>,
    board: Rc<dyn JobBoard>,
}

/// Where documents go.
#[derive(Clone)]
enum DocumentsIn {
    /// Those of all connectors the same way.
    One(Rc<dyn Sink>),
    /// Into a cluster, each connector with its own key and pipeline.
    Cluster(Rc<Elastic>),
}

impl Index {
    /// Opens what the plan names.
    ///
    /// # Errors
    /// The data directory cannot be used, or another process uses it. The cluster does not answer, or is none that can be used.
    pub async fn open(plan: &IndexPlan) -> Result<Self, Fault> {
        match plan {
            IndexPlan::Embedded { path } => Ok(Self::new(Rc::new(Embedded::open(path, Arc::new(SystemClock))?))),
            IndexPlan::Cluster(cluster) => Ok(Self::of_cluster(Rc::new(connect(cluster).await?))),
        }
    }

    /// Around one that is open already.
    pub fn new<I: Sink + Checkpoints + JobBoard>(open: Rc<I>) -> Self {
        Self { documents: DocumentsIn::One(open.clone()), checkpoints: open.clone(), board: open }
    }

    /// One that only counts: nothing is written anywhere.
    pub fn counting() -> Self {
        Self::new(Rc::new(Counting::default()))
    }

    pub(crate) fn of_cluster(elastic: Rc<Elastic>) -> Self {
        Self { documents: DocumentsIn::Cluster(elastic.clone()), checkpoints: elastic.clone(), board: elastic }
    }

    fn documents_of(&self, connector: &ConnectorPlan) -> Result<Rc<dyn Sink>, Fault> {
        match &self.documents {
            DocumentsIn::One(sink) => Ok(Rc::clone(sink)),
            DocumentsIn::Cluster(elastic) => Ok(Rc::new(Documents::new(elastic, connector.api_key.clone(), connector.pipeline.clone())?)),
        }
    }
}

/// A cluster that answers and can be used.
///
/// # Errors
/// It does not answer, or cannot be used.
pub async fn connect(plan: &ClusterPlan) -> Result<Elastic, Fault> {
    Elastic::connect(elastic_config(plan), Arc::new(SystemClock)).await
}

pub(crate) fn elastic_config(plan: &ClusterPlan) -> ElasticConfig {
    let ClusterPlan { hosts, auth, verify, ca_file, headers, timeout, attempts, first_wait, in_flight, adaptive, compress, .. } =
        plan.clone();
    let auth = match auth {
        ClusterAuth::ApiKey(key) => ElasticAuth::ApiKey(key),
        ClusterAuth::Basic { user, password } => ElasticAuth::Basic { user, password },
    };
    let base = ElasticConfig::new("", auth);
    // The whole of an answer may take a little longer than its beginning.
    let timeouts = Timeouts { head: timeout, total: Some(timeout + Duration::from_secs(60)), ..base.timeouts };
    let retries = Retries { attempts, first_wait, ..base.retries };
    ElasticConfig {
        hosts,
        ca_file,
        verify,
        headers,
        timeouts,
        retries,
        max_in_flight: in_flight,
        adaptive,
        gzip: compress,
        field_budget: plan.field_budget,
        state_index: plan.state_index.clone(),
        ..base
    }
}

/// Runs one job of one connector now: the one that waits for it if there is one, a new one otherwise.
///
/// # Errors
/// The job could not even be started or its end not be written. A job that failed is an [`Ended`].
pub async fn run_job(
    plan: &Plan,
    connector: &ConnectorPlan,
    index: &Index,
    monitor: Arc<Monitor>,
    stop: watch::Receiver<bool>,
) -> Result<(Job, Ended), Fault> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let board = &index.board;
    // First, so that a configuration that cannot work leaves no job behind.
    let work = connector_work(plan, connector, index, Arc::clone(&clock), monitor, stop)?;
    let waits = |status| matches!(status, JobStatus::Pending | JobStatus::Suspended);
    if !board.history(&connector.id, 1).await?.iter().any(|record| waits(record.status)) {
        board.post(&new_job(connector, &*clock), clock.now()).await?;
    }
    let mut scheduler = JobScheduler::start(Rc::clone(board), clock, [(connector.id.clone(), work)]);
    match scheduler.run_next().await {
        Finished::Job(job, ended) => Ok((job, ended)),
        Finished::Board(fault) => Err(fault),
        Finished::Nothing => Err(Fault::new(&domain::DB_BUSY, "another process claimed the job in the same moment")),
    }
}

fn new_job(connector: &ConnectorPlan, clock: &dyn Clock) -> Job {
    Job {
        id: JobId::new(format!("{}-{}", connector.id, clock.now().as_microsecond())),
        connector: connector.id.clone(),
        index: connector.index.clone(),
        kind: JobType::Full,
    }
}

fn connector_work(
    plan: &Plan,
    connector: &ConnectorPlan,
    index: &Index,
    clock: Arc<dyn Clock>,
    monitor: Arc<Monitor>,
    stop: watch::Receiver<bool>,
) -> Result<ConnectorWork, Fault> {
    let config = salesforce_config(&connector.salesforce);
    let tokens = TokenManager::start(Rc::new(SignIn::new(config.clone())?));
    let source = Salesforce::new(config, Rc::new(tokens))?;
    Ok(ConnectorWork {
        ports: Ports { source: Rc::new(source), sink: index.documents_of(connector)?, checkpoints: Rc::clone(&index.checkpoints), clock },
        selection: connector.selection.clone(),
        shape: Rc::new(connector.shape.clone()),
        fingerprint: plan::fingerprint(connector),
        tuning: tuning(plan),
        limits: limits(plan),
        restarts: plan.run.restart,
        monitor,
        stop,
    })
}

fn salesforce_config(plan: &SalesforcePlan) -> SalesforceConfig {
    let SalesforcePlan { base_url, api_version, page_size, auth, timeouts, retries, ca_file, concurrency } = plan.clone();
    let auth = match auth {
        plan::Auth::ClientCredentials { client_id, client_secret } => Auth::ClientCredentials { client_id, client_secret },
        plan::Auth::JwtBearer { client_id, username, private_key, audience } => {
            Auth::JwtBearer { client_id, username, private_key_pem: private_key, audience }
        }
    };
    let plan::Timeouts { connect, head, idle } = timeouts;
    let timeouts = Timeouts { connect, head, body_idle: idle, ..Timeouts::default() };
    let plan::Retries { attempts, first_wait } = retries;
    let retries = Retries { attempts, first_wait, ..Retries::default() };
    SalesforceConfig { base_url, api_version, page_size, auth, timeouts, retries, concurrency, ca_file }
}

fn tuning(plan: &Plan) -> Tuning {
    // No `..`: a knob that nobody passes on does not compile.
    let plan::TuningPlan { object_fetcher, entity_joiner, acl_builder, content_extractor, bulk_writer } = plan.tuning;
    let knobs = |plan::Knobs { concurrency, mailbox }| Knobs { mailbox, concurrency };
    Tuning {
        object_fetcher: knobs(object_fetcher),
        entity_joiner: knobs(entity_joiner),
        acl_builder: knobs(acl_builder),
        content_extractor: knobs(content_extractor),
        bulk_writer: WriterKnobs { knobs: knobs(bulk_writer.knobs), limits: bulk_writer.limits(), linger: bulk_writer.linger },
    }
}

fn limits(plan: &Plan) -> RunLimits {
    let plan::RunPlan { budget, file_budget, drain_limit: _, stall_after, restart: _, lookup_cache, max_document, max_file, .. } = plan.run;
    RunLimits { budget, file_budget, max_document, max_file, lookup_cache, stall_after }
}

/// Asks for a stop at the first SIGINT or SIGTERM. Ends at the second, or when the drain takes longer than `drain_limit`.
pub async fn watch_signals(stop: &watch::Sender<bool>, drain_limit: Duration) {
    signal().await;
    tracing::info!("stopping: what is in hand is finished, a second signal ends at once");
    stop.send_replace(true);
    tokio::select! {
        () = signal() => {}
        () = tokio::time::sleep(drain_limit) => {}
    }
    tracing::warn!("stopped before everything in hand was written; it will be read again");
}

/// Ends at the next SIGINT or SIGTERM.
pub async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = (interrupt, terminate) else {
        tracing::warn!("signals cannot be watched; a stop will be abrupt");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
