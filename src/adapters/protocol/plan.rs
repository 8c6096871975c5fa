//! Jobs that became due are made, each once, however many services look.

use domain::protocol::{Connector, JobDocument, due};
use domain::{ConnectorId, Fault, JobStatus, JobType, Timestamp};
use serde_json::{Value, json};

use super::Cluster;
use super::store::Changed;

/// Jobs of some connectors and kinds in some states, in the form of the reference.
pub(super) fn jobs_of(connectors: &[&ConnectorId], kinds: &[JobType], statuses: &[JobStatus]) -> Value {
    let ids: Vec<_> = connectors.iter().map(|id| id.as_str()).collect();
    let kinds: Vec<_> = kinds.iter().map(|kind| kind.as_str()).collect();
    let statuses: Vec<_> = statuses.iter().map(|status| status.as_str()).collect();
    let must = json!([{ "terms": { "status": statuses } }, { "terms": { "connector.id": ids } }, { "terms": { "job_type": kinds } }]);
    json!({ "bool": { "must": must } })
}

/// Those that wait for a worker.
pub(super) fn waiting(connectors: &[&ConnectorId], kinds: &[JobType]) -> Value {
    jobs_of(connectors, kinds, &[JobStatus::Pending, JobStatus::Suspended])
}

/// The oldest first.
pub(super) fn oldest_first() -> Value {
    json!([{ "created_at": "asc" }])
}

impl Cluster {
    /// Makes the job of this kind that became due, unless one waits already or another service has made it.
    ///
    /// Whoever writes the fire time to the connector makes the job: the time only ever moves on, so each is written once.
    pub(super) async fn post_due(&self, connector: &Connector, kind: JobType, since: Timestamp, now: Timestamp) -> Result<(), Fault> {
        let query = waiting(&[&connector.id], &[kind]);
        if !self.search::<JobDocument>(&query, &oldest_first(), 0).await?.documents.is_empty() {
            tracing::debug!(connector = %connector.id, kind = kind.as_str(), "a job is due and one of its kind waits already");
            return Ok(());
        }
        let id = connector.id.as_str();
        let decide = |connector: &Connector| Ok(due(connector, kind, since, now)?.map(|at| Connector::scheduled(kind, at)));
        let Changed::Written(before, version) = self.change(id, decide).await? else { return Ok(()) };
        let Err(fault) = self.post_job(&before, kind, now).await else {
            tracing::info!(connector = %connector.id, kind = kind.as_str(), "a job is due");
            return Ok(());
        };
        // The fire time counts again. If the job was made after all, the next look finds it.
        if let Err(fault) = self.set::<Connector>(id, &before.unscheduled(kind), version).await {
            tracing::warn!(connector = %connector.id, %fault, "a fire time is lost: its job could not be made, nor that be written");
        }
        Err(fault.context("make a job that is due"))
    }
}
