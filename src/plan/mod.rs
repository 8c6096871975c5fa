//! What the engine runs on: typed, checked, nothing missing. All mistakes of a configuration are found before any is reported.

mod address;
mod cluster;
mod connector;
mod files;
mod fingerprint;
mod key_file;
mod service;
mod show;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_connector;
#[cfg(test)]
mod tests_secret;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use domain::access::Mode;
use domain::bulk::BatchLimits;
use domain::catalog::DocumentShape;
use domain::monitor::ErrorLimits;
use domain::restart::RestartBudget;
use domain::schedule::Schedule;
use domain::{Brake, ConnectorId, IndexName, JobType, Selection};
use ports::{Definition, Secret};

use crate::cli::LogLevel;
use crate::settings::{self, Count, Environment, Key, Mistakes, Settings, Taker, show_size};

pub use cluster::{ClusterAuth, ClusterPlan};
pub use files::{CachePlan, ExtractionPlan, FilesPlan, ReaderPlan, TextPlan};
pub use fingerprint::fingerprint;
pub use service::{ManagedPlan, ServicePlan};

/// A configuration that can be run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where documents go.
    pub index: IndexPlan,
    /// What is synced, each with its own id.
    pub connectors: Vec<ConnectorPlan>,
    /// The service.
    pub service: ServicePlan,
    /// Knobs of the actors.
    pub tuning: TuningPlan,
    /// Limits of a run.
    pub run: RunPlan,
    /// Address of the admin endpoint.
    pub admin: SocketAddr,
    /// Least level of what the service logs.
    pub log_level: LogLevel,
    /// Who makes text of files, and where it is kept.
    pub files: FilesPlan,
    /// What connectors share that are defined in the cluster.
    shared: connector::Shared,
}

/// Where documents go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexPlan {
    /// Into the embedded index of this process.
    Embedded {
        /// Its directory.
        path: PathBuf,
    },
    /// Into Elasticsearch or OpenSearch.
    Cluster(Box<ClusterPlan>),
}

/// One connector.
#[derive(Clone, Debug)]
pub struct ConnectorPlan {
    /// Its identity.
    pub id: ConnectorId,
    /// The index of its documents.
    pub index: IndexName,
    /// The objects that it syncs.
    pub selection: Selection,
    /// Which of their documents, or what in place of them.
    pub rules: RulesPlan,
    /// What its documents look like.
    pub shape: DocumentShape,
    /// How its org is reached.
    pub salesforce: SalesforcePlan,
    /// Who makes text of its files.
    pub text: TextPlan,
    /// How its documents say who may read them; `None`: they do not.
    pub access: Option<Mode>,
    /// `compatibility: elastic`.
    pub compat: bool,
    /// API key for its documents, in place of the one of the service.
    pub api_key: Option<Secret>,
    /// Ingest pipeline of a cluster.
    pub pipeline: Option<String>,
    /// When the service runs which jobs.
    pub schedules: Vec<(JobType, Schedule)>,
}

/// Sync rules as they were typed; they have been read once, so that they are known to be right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RulesPlan {
    /// Basic rules.
    pub basic: Vec<serde_json::Value>,
    /// Advanced rules.
    pub advanced: Vec<serde_json::Value>,
}

/// How an org is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SalesforcePlan {
    /// Start of every URL until a sign-in names another host; no trailing slash.
    pub base_url: String,
    /// For example `64.0`.
    pub api_version: String,
    /// Records per page, 200 to 2000.
    pub page_size: usize,
    /// How to sign in.
    pub auth: Auth,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// How often to try.
    pub retries: Retries,
    /// PEM file of the certificate authorities to trust in place of the public ones.
    pub ca_file: Option<PathBuf>,
    /// Requests in flight at a time.
    pub concurrency: usize,
}

/// How to sign in.
#[derive(Clone, PartialEq, Eq)]
pub enum Auth {
    /// OAuth 2.0 client credentials flow.
    ClientCredentials {
        /// Consumer key.
        client_id: String,
        /// Consumer secret.
        client_secret: Secret,
    },
    /// OAuth 2.0 JWT bearer flow.
    JwtBearer {
        /// Consumer key.
        client_id: String,
        /// User to sign in as.
        username: String,
        /// RSA key as PEM, PKCS#1 or PKCS#8, not encrypted.
        private_key: Secret,
        /// `aud`; derived from the address if it is not given.
        audience: Option<String>,
    },
}

/// How long to wait for an org.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// Until an answer begins.
    pub head: Duration,
    /// For the next part of an answer.
    pub idle: Duration,
}

/// How often to try one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// Tries in all, the first one included.
    pub attempts: u32,
    /// Longest wait before the second; doubles with each.
    pub first_wait: Duration,
}

/// The two knobs of every actor; both at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knobs {
    /// Items in work.
    pub concurrency: usize,
    /// Items waiting.
    pub mailbox: usize,
}

/// Knobs of all actors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TuningPlan {
    /// Objects and pages.
    pub object_fetcher: Knobs,
    /// Pages.
    pub entity_joiner: Knobs,
    /// Pages.
    pub acl_builder: Knobs,
    /// Files.
    pub content_extractor: Knobs,
    /// Batches in work, documents waiting.
    pub bulk_writer: WriterKnobs,
}

/// Knobs of the bulk writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterKnobs {
    /// Batches in flight, documents waiting; the mailbox holds at least one batch.
    pub knobs: Knobs,
    /// Documents per batch.
    pub batch_docs: usize,
    /// Bytes per batch.
    pub batch_bytes: usize,
    /// Longest wait of a document for its batch to fill.
    pub linger: Duration,
}

impl WriterKnobs {
    /// The limits of a batch as the domain wants them.
    pub fn limits(&self) -> BatchLimits {
        BatchLimits { ops: self.batch_docs, bytes: self.batch_bytes }
    }
}

/// Limits of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunPlan {
    /// Bytes of records and documents held at a time.
    pub budget: usize,
    /// Bytes of file content held at a time.
    pub file_budget: usize,
    /// Time to finish work in hand after a signal to stop.
    pub drain_limit: Duration,
    /// How long nothing may move.
    pub stall_after: Duration,
    /// How often a run may start again.
    pub restart: RestartBudget,
    /// How much of the index a full run deletes without being asked.
    pub brake: Brake,
    /// How many documents the index may refuse.
    pub error_monitor: ErrorLimits,
    /// Entries of the look-up cache.
    pub lookup_cache: usize,
    /// Largest document in bytes; 0 for no limit.
    pub max_document: usize,
    /// Largest file in bytes whose content is indexed.
    pub max_file: u64,
}

/// What `sluice demo` runs on, besides defaults.
#[derive(Clone, Debug)]
pub struct Demo {
    /// Address of the simulated org.
    pub base_url: String,
    /// Directory of the embedded index.
    pub data: PathBuf,
    /// Consumer key that the simulated org takes.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
}

impl TryFrom<Settings> for Plan {
    type Error = Mistakes;

    fn try_from(settings: Settings) -> Result<Self, Mistakes> {
        let mut mistakes = settings.mistakes();
        let mut root = settings.root(&mut mistakes);
        let in_flight = in_flight(&mut root);
        let index = index(&mut root, in_flight);
        let tuning = tuning(&mut root, in_flight);
        let run = run(&mut root);
        let admin = admin(&mut root);
        let service = service::plan(&mut root);
        let log_level = log_level(&mut root);
        let files = files::plan(&mut root, index.as_ref());
        if let (Some(files), Some(run)) = (&files, &run) {
            files::check_times(&mut root, files, run.stall_after);
        }
        let shared = connector::Shared::take(&mut root);
        let (connectors, managed) = connectors(&settings, &shared, index.as_ref(), &mut mistakes);
        let asks = service.as_ref().is_some_and(|service| !service.service_types.is_empty());
        if settings.connectors() == 0 && !asks && !mistakes.0.iter().any(|mistake| mistake.path.starts_with("connectors")) {
            mistakes.note("connectors", "names no connector; give at least one, with `connector_id`, `index_name` and `configuration`");
        }
        match (index, tuning, run, admin, service, log_level, files) {
            (Some(index), Some(tuning), Some(run), Some(admin), Some(service), Some(log_level), Some(files)) if mistakes.0.is_empty() => {
                let service = ServicePlan { managed, ..service };
                Ok(Self { index, connectors, service, tuning, run, admin, log_level, files, shared })
            }
            _ => Err(mistakes),
        }
    }
}

impl Plan {
    /// The plan of the demo: every standard and custom object of a simulated org into an embedded index, everything else by default.
    ///
    /// # Errors
    /// The address is not one.
    pub fn for_demo(demo: Demo) -> Result<Self, Mistakes> {
        let settings = Settings::parse("connectors: []", &Environment::default())?;
        let mut mistakes = Mistakes::default();
        let mut root = settings.root(&mut mistakes);
        let in_flight = in_flight(&mut root);
        let (tuning, run) = (tuning(&mut root, in_flight), run(&mut root));
        let (admin, service) = (admin(&mut root), service::plan(&mut root));
        let shared = connector::Shared::take(&mut root);
        let index = IndexPlan::Embedded { path: demo.data.clone() };
        let files = files::plan(&mut root, Some(&index));
        let connector = connector::demo(&shared, &demo, &mut mistakes);
        match (tuning, run, admin, service, connector, files) {
            (Some(tuning), Some(run), Some(admin), Some(service), Some(connector), Some(files)) if mistakes.0.is_empty() => {
                Ok(Self { index, connectors: vec![connector], service, tuning, run, admin, log_level: LogLevel::Info, files, shared })
            }
            _ => Err(mistakes),
        }
    }

    /// The plan of a connector that is defined in the cluster.
    ///
    /// # Errors
    /// What is wrong with its definition, by the names of its keys.
    pub fn define(&self, definition: &Definition) -> Result<ConnectorPlan, Mistakes> {
        let mut mistakes = Mistakes::default();
        let plan = connector::defined(definition, &self.shared, &self.connectors, &mut mistakes);
        let api_key = self.service.managed.iter().find(|managed| managed.id == definition.connector).and_then(|it| it.api_key.clone());
        match plan {
            Some(plan) if mistakes.0.is_empty() => Ok(ConnectorPlan { api_key, ..plan }),
            _ => Err(mistakes),
        }
    }

    /// The connector with this id; without an id, the only one.
    ///
    /// # Errors
    /// There is no such connector, or a choice has to be made; the ids are named.
    pub fn connector(&self, id: Option<&str>) -> Result<&ConnectorPlan, Mistakes> {
        let ids = || self.connectors.iter().map(|connector| format!("`{}`", connector.id)).collect::<Vec<_>>().join(", ");
        let is_managed = |managed: &&ManagedPlan| id.is_none_or(|id| managed.id.as_str() == id);
        if let Some(managed) = self.service.managed.iter().find(is_managed).filter(|_| id.is_some() || self.connectors.is_empty()) {
            let problem = format!("the connector `{}` is defined in the cluster; `sluice run` serves it", managed.id);
            return Err(Mistakes::one("", problem));
        }
        match (id, self.connectors.as_slice()) {
            (None, [only]) => Ok(only),
            (None, _) => Err(Mistakes::one("", format!("there are several connectors; choose one with `--connector`: {}", ids()))),
            (Some(id), all) => all
                .iter()
                .find(|connector| connector.id.as_str() == id)
                .ok_or_else(|| Mistakes::one("", format!("there is no connector `{id}` in the configuration; there are: {}", ids()))),
        }
    }
}

impl IndexPlan {
    /// Only where documents go, for commands that read the index and nothing else.
    ///
    /// # Errors
    /// The sections of the index are wrong; mistakes elsewhere are not looked for.
    pub fn of(settings: &Settings) -> Result<Self, Mistakes> {
        let mut mistakes = Mistakes::default();
        let mut root = settings.root(&mut mistakes);
        let in_flight = in_flight(&mut root);
        match index(&mut root, in_flight) {
            Some(index) if mistakes.0.is_empty() => Ok(index),
            _ => Err(mistakes),
        }
    }
}

fn index(root: &mut Taker<'_>, in_flight: Option<usize>) -> Option<IndexPlan> {
    let (kind, path) = (root.get(&settings::INDEX_KIND), root.get(&settings::INDEX_PATH));
    match kind? {
        "embedded" => Some(IndexPlan::Embedded { path: path? }),
        _ => cluster::plan(root, in_flight).map(|plan| IndexPlan::Cluster(Box::new(plan))),
    }
}

fn tuning(root: &mut Taker<'_>, in_flight: Option<usize>) -> Option<TuningPlan> {
    let object_fetcher = knobs(root, &settings::FETCHER_CONCURRENCY, &settings::FETCHER_MAILBOX);
    let entity_joiner = knobs(root, &settings::JOINER_CONCURRENCY, &settings::JOINER_MAILBOX);
    let acl_builder = knobs(root, &settings::ACL_CONCURRENCY, &settings::ACL_MAILBOX);
    let content_extractor = knobs(root, &settings::EXTRACTOR_CONCURRENCY, &settings::EXTRACTOR_MAILBOX);
    let bulk_writer = writer(root, in_flight);
    Some(TuningPlan {
        object_fetcher: object_fetcher?,
        entity_joiner: entity_joiner?,
        acl_builder: acl_builder?,
        content_extractor: content_extractor?,
        bulk_writer: bulk_writer?,
    })
}

fn knobs(root: &mut Taker<'_>, concurrency: &Key<Count>, mailbox: &Key<Count>) -> Option<Knobs> {
    let (concurrency, mailbox) = (root.count(concurrency), root.count(mailbox));
    Some(Knobs { concurrency: concurrency?, mailbox: mailbox? })
}

/// Batches in flight: by our name, by the reference connector's, or by default.
fn in_flight(root: &mut Taker<'_>) -> Option<usize> {
    let theirs = root.count(&settings::BULK_CONCURRENCY).filter(|_| !root.given(&settings::WRITER_CONCURRENCY));
    theirs.or_else(|| root.count(&settings::WRITER_CONCURRENCY))
}

fn writer(root: &mut Taker<'_>, in_flight: Option<usize>) -> Option<WriterKnobs> {
    let mailbox = root.count(&settings::WRITER_MAILBOX);
    let knobs = in_flight.zip(mailbox).map(|(concurrency, mailbox)| Knobs { concurrency, mailbox });
    let (batch_docs, batch_bytes) = (root.count(&settings::BATCH_DOCS), root.count(&settings::BATCH_BYTES));
    let linger = root.get(&settings::LINGER);
    let writer = WriterKnobs { knobs: knobs?, batch_docs: batch_docs?, batch_bytes: batch_bytes?, linger: linger? };
    if writer.knobs.mailbox < writer.batch_docs {
        let problem = format!("is `{}`, must be at least `batch_docs`, which is `{}`", writer.knobs.mailbox, writer.batch_docs);
        root.refuse(&settings::WRITER_MAILBOX, problem);
    }
    Some(writer)
}

fn run(root: &mut Taker<'_>) -> Option<RunPlan> {
    let (budget, file_budget) = (root.count(&settings::BUDGET), root.count(&settings::FILE_BUDGET));
    let (drain_limit, stall_after) = (root.get(&settings::DRAIN_LIMIT), root.get(&settings::STALL_AFTER));
    let restarts = root.get(&settings::RESTARTS).and_then(|restarts| u32::try_from(restarts).ok());
    let lookup_cache = root.count(&settings::LOOKUP_CACHE);
    let (max_document, max_file) = (root.count(&settings::MAX_DOCUMENT), root.get(&settings::MAX_FILE));
    if let (Some(budget), Some(max_file)) = (file_budget, max_file) {
        // A file and its base64 text, which is a third longer, are in memory together.
        let needed = max_file.saturating_mul(7).div_ceil(3);
        if u64::try_from(budget).is_ok_and(|budget| budget < needed) {
            let is = show_size(u64::try_from(budget).unwrap_or(u64::MAX));
            let rounded = show_size(needed.next_multiple_of(1 << 20));
            let problem =
                format!("is `{is}`, must be at least `{rounded}` for one file of `service.max_file_download_size` with its base64 text");
            root.refuse(&settings::FILE_BUDGET, problem);
        }
    }
    Some(RunPlan {
        budget: budget?,
        file_budget: file_budget?,
        drain_limit: drain_limit?,
        stall_after: stall_after?,
        restart: RestartBudget { restarts: restarts?, ..RestartBudget::default() },
        brake: Brake::at(root.get(&settings::DELETE_LIMIT)?),
        error_monitor: error_monitor(root)?,
        lookup_cache: lookup_cache?,
        max_document: max_document?,
        max_file: max_file?,
    })
}

fn log_level(root: &mut Taker<'_>) -> Option<LogLevel> {
    root.get(&settings::LOG_LEVEL).and_then(LogLevel::parse)
}

fn error_monitor(root: &mut Taker<'_>) -> Option<ErrorLimits> {
    Some(ErrorLimits {
        enabled: root.get(&settings::MONITOR)?,
        total: root.count(&settings::MONITOR_TOTAL)?,
        consecutive: root.count(&settings::MONITOR_RUN)?,
        rate: root.get(&settings::MONITOR_RATE)?,
        window: root.count(&settings::MONITOR_WINDOW)?,
        kept: root.count(&settings::MONITOR_KEPT)?,
    })
}

fn admin(root: &mut Taker<'_>) -> Option<SocketAddr> {
    let typed = root.get(&settings::ADMIN_LISTEN)?;
    let address = typed.parse().ok();
    if address.is_none() {
        root.refuse(&settings::ADMIN_LISTEN, format!("is `{typed}`, must be an address with a port, such as `127.0.0.1:9464`"));
    }
    address
}

/// The connectors that are defined here, and those that are defined in the cluster.
fn connectors(
    settings: &Settings,
    shared: &connector::Shared,
    index: Option<&IndexPlan>,
    mistakes: &mut Mistakes,
) -> (Vec<ConnectorPlan>, Vec<ManagedPlan>) {
    let mut taken = connector::Taken::default();
    let (mut plans, mut managed) = (Vec::new(), Vec::new());
    for position in 0..settings.connectors() {
        let Some(mut taker) = settings.connector(position, mistakes) else { continue };
        // The embedded index has no place for definitions, so that one without a configuration has mistakes, which are then told.
        if taker.has_group("configuration.") || !matches!(index, Some(IndexPlan::Cluster(_))) {
            plans.extend(connector::plan(&mut taker, shared, &mut taken));
        } else {
            managed.extend(connector::managed(&mut taker, &mut taken));
        }
    }
    (plans, managed)
}
