//! The connector protocol of Elastic as a desk: connectors that Kibana or the Connector API defines in `.elastic-connectors`, their jobs in
//! `.elastic-connectors-sync-jobs`.
//!
//! | module | what it rules |
//! |---|---|
//! | `ready` | whether the Connector API is there; the two indices |
//! | `store` | documents of the two: read, searched, compared and set |
//! | `ways` | the requests that the Connector API has for itself, and their twins over the indices |
//! | `tend` | connectors: prepared, inspected, their signs of life |
//! | `plan` | jobs that became due |
//! | `claim` | jobs that wait |
//! | `report` | jobs in work, and how they end |
//! | `tidy` | jobs whose worker is gone |
//!
//! Bodies and paths are those of the reference, with these exceptions, each for the sake of several services on one cluster: a job is claimed,
//! reported on and ended over the version that was read, and so is what its end writes to the connector; only jobs that are silent are taken
//! for orphans; what would change nothing is not written.
//!
//! Everything here belongs to one thread, as awc's client does: make it where it is used.

mod claim;
mod plan;
mod ready;
mod report;
mod store;
mod tend;
#[cfg(test)]
mod tests;
mod tidy;
mod ways;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use domain::protocol::Claim;
use domain::{ConnectorId, Counts, Ended, Fault, Job, JobId, JobType, Timestamp};
use ports::{Assignment, Desk, Inspector, Wish};

pub use self::tend::told;
use self::tidy::Unheld;
use self::ways::Way;
use crate::elasticsearch::ElasticConfig;
use crate::elasticsearch::http::Http;

/// Whether the Connector API is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiChoice {
    /// Where the cluster has it.
    Auto,
    /// Always.
    Api,
    /// Never: the indices are read and written.
    Indices,
}

/// What a service wants of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtocolOptions {
    /// Connectors of the configuration file that are defined in the cluster.
    pub connectors: Vec<ConnectorId>,
    /// Kinds of connectors that are served wherever the cluster has them, native ones excepted.
    pub service_types: Vec<String>,
    /// Whether the Connector API is used.
    pub api: ApiChoice,
    /// Between two signs of life of a connector.
    pub heartbeat: Duration,
    /// A job in work of which nothing was heard for that long has lost its worker.
    pub silent_after: Duration,
    /// Name of this worker in the jobs that it claims.
    pub worker: String,
}

/// The desk of a cluster.
pub struct Cluster {
    http: Http,
    way: Way,
    options: ProtocolOptions,
    inspector: Rc<dyn Inspector>,
    /// What was looked after in this process, and until when each schedule has been looked at.
    looked: RefCell<HashMap<ConnectorId, Looked>>,
    /// How the jobs in work here were claimed.
    claims: RefCell<HashMap<JobId, Claim>>,
    /// Connectors that say a job is in work when none seems to be.
    unheld: RefCell<Vec<Unheld>>,
}

#[derive(Clone, Copy, Debug)]
struct Looked {
    until: Timestamp,
    /// Whether it had a sign of life from this process.
    greeted: bool,
}

impl Cluster {
    /// Finds out whether the Connector API can be used, and makes the two indices if they are not there.
    ///
    /// # Errors
    /// `CF_INVALID`: the configuration cannot work. `CP_NO_API`: the API is asked for and not there. Whatever else keeps the cluster from
    /// answering.
    pub async fn connect(config: &ElasticConfig, options: ProtocolOptions, inspector: Rc<dyn Inspector>) -> Result<Self, Fault> {
        let http = Http::new(config)?;
        let way = ready::choose(&http, options.api).await?;
        ready::make_indices(&http, way).await?;
        let (looked, claims, unheld) = (RefCell::default(), RefCell::default(), RefCell::default());
        Ok(Self { http, way, options, inspector, looked, claims, unheld })
    }

    /// Whether the Connector API is used.
    pub fn uses_api(&self) -> bool {
        self.way == Way::Api
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cluster").field("way", &self.way).field("options", &self.options).finish_non_exhaustive()
    }
}

#[async_trait(?Send)]
impl Desk for Cluster {
    async fn tend(&self, since: Timestamp, now: Timestamp) -> Result<(), Fault> {
        self.look_after_all(since, now).await.map_err(|fault| fault.context("look after the connectors of the cluster"))
    }

    async fn tidy(&self, now: Timestamp) -> Result<(), Fault> {
        self.tidy_up(now).await.map_err(|fault| fault.context("end jobs whose worker is gone"))
    }

    async fn claim(&self, kinds: &[JobType], now: Timestamp) -> Result<Option<Assignment>, Fault> {
        self.claim_oldest(kinds, now).await.map_err(|fault| fault.context("claim a job of the cluster"))
    }

    async fn progress(&self, job: &Job, counts: &Counts, now: Timestamp) -> Result<Wish, Fault> {
        self.report(job, counts, now).await.map_err(|fault| fault.context("write a job's progress"))
    }

    async fn finish(&self, job: &Job, ended: &Ended, now: Timestamp) -> Result<(), Fault> {
        self.end(job, ended, now).await.map_err(|fault| fault.context("write how a job ended"))
    }

    fn leave(&self, job: &Job) {
        self.claims.borrow_mut().remove(&job.id);
    }

    fn silence(&self) -> Option<Duration> {
        Some(self.options.silent_after)
    }
}
