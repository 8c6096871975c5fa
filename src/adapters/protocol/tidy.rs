//! Jobs whose worker is gone are ended, and connectors that wait for such a job are free again.

use std::collections::HashSet;

use domain::protocol::{Connector, JobDocument, SERVICE_TYPE};
use domain::{CP_VANISHED, ConnectorId, Fault, IndexName, Job, JobStatus, JobType, Timestamp};
use serde_json::{Value, json};

use super::Cluster;
use super::plan::{jobs_of, oldest_first};
use super::store::{Version, is_about_one};

/// A connector that says a job is in work when none seems to be: a worker may be about to claim one, or have died between the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unheld {
    connector: ConnectorId,
    /// Any kind of the family.
    kind: JobType,
    /// When its last job had ended; another time means another job.
    last_synced: Option<Timestamp>,
    /// When it was first seen so.
    since: Timestamp,
}

impl Cluster {
    pub(super) async fn tidy_up(&self, now: Timestamp) -> Result<(), Fault> {
        let served = self.served().await?;
        let ids: Vec<_> = served.iter().map(|connector| connector.id.as_str()).collect();
        for (job, version) in self.silent(json!({ "filter": [{ "terms": { "connector.id": ids } }] })).await? {
            match self.abandon(&job, version, now).await {
                Err(fault) if is_about_one(&fault) => tracing::warn!(job = %job.id, %fault, "a job without a worker cannot be ended"),
                outcome => outcome?,
            }
        }
        self.end_orphans(&ids, now).await?;
        self.free_unheld(&served, now).await
    }

    /// Jobs in work of which nothing was heard for long, by the clock of the server.
    async fn silent(&self, mut whose: Value) -> Result<Vec<(JobDocument, Version)>, Fault> {
        let in_work = [JobStatus::InProgress, JobStatus::Canceling].map(JobStatus::as_str);
        let silent = format!("now-{}s", self.options.silent_after.as_secs());
        let idle = [json!({ "terms": { "status": in_work } }), json!({ "range": { "last_seen": { "lte": silent } } })];
        match whose["filter"].as_array_mut() {
            Some(filters) => filters.extend(idle),
            None => whose["filter"] = json!(idle),
        }
        self.search_all(&json!({ "bool": whose }), &Value::Null).await
    }

    /// Ends a job that nobody works at any more, unless somebody has written it since it was found.
    async fn abandon(&self, job: &JobDocument, version: Version, now: Timestamp) -> Result<(), Fault> {
        let worker = job.claim().worker;
        let silent = self.options.silent_after.as_secs();
        let fault = Fault::new(&CP_VANISHED, format!("nothing was heard of the worker `{worker}` for {silent} s"));
        let patch = job.abandoned(&fault, now);
        if self.set::<JobDocument>(job.id.as_str(), &patch, version).await?.is_none() {
            return Ok(());
        }
        tracing::warn!(job = %job.id, worker, "a job has lost its worker and is ended");
        let Some(connector) = job.connector() else { return Ok(()) };
        let ended = Job { id: job.id.clone(), connector, index: IndexName::new(""), kind: job.kind() };
        let patch = Connector::after(&job.clone().with(patch), now);
        self.free(&ended, &patch).await
    }

    /// Ends silent jobs of connectors that are gone.
    async fn end_orphans(&self, ids: &[&str], now: Timestamp) -> Result<(), Fault> {
        let mut there = HashSet::new();
        for (job, version) in self.silent(json!({ "must_not": { "terms": { "connector.id": ids } } })).await? {
            // Other kinds of connectors have services of their own.
            let (Some(connector), None | Some(SERVICE_TYPE)) = (job.connector(), job.service_type()) else { continue };
            if there.contains(&connector) {
                continue;
            }
            if self.get::<Connector>(connector.as_str()).await?.is_some() {
                there.insert(connector);
                continue;
            }
            let fault = Fault::new(&CP_VANISHED, format!("the connector `{connector}` was deleted"));
            if self.set::<JobDocument>(job.id.as_str(), &job.abandoned(&fault, now), version).await?.is_some() {
                tracing::info!(job = %job.id, %connector, "a job of a deleted connector is ended");
            }
        }
        Ok(())
    }

    /// Frees connectors that say a job is in work when none has been for long.
    async fn free_unheld(&self, served: &[Connector], now: Timestamp) -> Result<(), Fault> {
        let mut unheld = Vec::new();
        for connector in served {
            for kind in [JobType::Full, JobType::AccessControl] {
                if connector.is_busy(kind)
                    && let Some(seen) = self.look_at_mark(connector, kind, now).await?
                {
                    unheld.push(seen);
                }
            }
        }
        *self.unheld.borrow_mut() = unheld;
        Ok(())
    }

    /// Frees one connector if it is time; gives what is to be remembered of it otherwise.
    async fn look_at_mark(&self, found: &Connector, kind: JobType, now: Timestamp) -> Result<Option<Unheld>, Fault> {
        // Read before its jobs are: whoever claims one meanwhile makes another version of the connector or has made it before.
        let Some((connector, version)) = self.get::<Connector>(found.id.as_str()).await? else { return Ok(None) };
        if !connector.is_busy(kind) || self.is_held(&connector.id, kind).await? {
            return Ok(None);
        }
        let last_synced = connector.last_synced();
        let is_same = |seen: &&Unheld| seen.connector == connector.id && seen.kind == kind && seen.last_synced == last_synced;
        let since = self.unheld.borrow().iter().find(is_same).map_or(now, |seen| seen.since);
        if since.checked_add(self.options.silent_after).is_ok_and(|end| end > now) {
            return Ok(Some(Unheld { connector: connector.id, kind, last_synced, since }));
        }
        let patch = match self.last_ended(&connector.id, kind).await? {
            Some(job) if job.last_seen() > last_synced => Connector::after(&job, now),
            _ => {
                let problem = "a worker was gone before its job began";
                Connector::without_its_job(kind, &Fault::new(&CP_VANISHED, problem).to_string(), now)
            }
        };
        if self.set::<Connector>(connector.id.as_str(), &patch, version).await?.is_some() {
            tracing::warn!(connector = %connector.id, "a connector was said to have a job in work and has none; the next one may begin");
        }
        Ok(None)
    }

    /// Whether a job that excludes this kind is in work. What a search says is read once more, and so are jobs that wait by it: it lags
    /// behind.
    pub(super) async fn is_held(&self, connector: &ConnectorId, kind: JobType) -> Result<bool, Fault> {
        for statuses in [[JobStatus::InProgress, JobStatus::Canceling], [JobStatus::Pending, JobStatus::Suspended]] {
            let page = self.search::<JobDocument>(&jobs_of(&[connector], kind.family(), &statuses), &oldest_first(), 0).await?;
            for (job, _) in page.documents {
                if self.get::<JobDocument>(job.id.as_str()).await?.is_some_and(|(job, _)| job.is_in_work()) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The job of a family that ended last.
    async fn last_ended(&self, connector: &ConnectorId, kind: JobType) -> Result<Option<JobDocument>, Fault> {
        let statuses = [JobStatus::Completed, JobStatus::Error, JobStatus::Canceled, JobStatus::Suspended];
        let newest_first = json!([{ "last_seen": "desc" }]);
        let page = self.search::<JobDocument>(&jobs_of(&[connector], kind.family(), &statuses), &newest_first, 0).await?;
        Ok(page.documents.into_iter().next().map(|(job, _)| job))
    }
}
