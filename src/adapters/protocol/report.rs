//! Jobs in work are reported on and ended, as long as they are ours.

use domain::protocol::{Connector, JobDocument, Object, Report, read_time};
use domain::{CP_VANISHED, Counts, ES_CONFLICT, ES_TAKEN_OVER, Ended, Fault, Job, JobStatus, JobType, Timestamp};
use ports::Wish;
use serde::Deserialize;

use super::Cluster;
use super::store::{Changed, TRIES};
use crate::elasticsearch::http::{Call, segment};

impl Cluster {
    /// Says how far a job is, and hears whether it is still wanted.
    pub(super) async fn report(&self, job: &Job, counts: &Counts, now: Timestamp) -> Result<Wish, Fault> {
        let gone = |what: String| Fault::new(&ES_TAKEN_OVER, what);
        if self.get::<Connector>(job.connector.as_str()).await?.is_none() {
            return Err(gone(format!("the connector `{}` was deleted", job.connector)));
        }
        let allowed = |document: &JobDocument| {
            if !self.is_ours(document) {
                return Err(gone(format!("the worker `{}` has the job `{}` now", document.claim().worker, job.id)));
            }
            let status = document.field("status").as_str().unwrap_or("in no known state");
            if document.is_in_work() { Ok(()) } else { Err(gone(format!("the job `{}` is {status}", job.id))) }
        };
        match self.tell(&job.id, Report { counts, now }, allowed).await? {
            None => Err(gone(format!("the job `{}` was deleted", job.id))),
            Some(document) if document.status() == Some(JobStatus::Canceling) => Ok(Wish::Cancel),
            Some(_) => Ok(Wish::GoOn),
        }
    }

    /// Whether the claim that a job shows is the one that was made here.
    fn is_ours(&self, job: &JobDocument) -> bool {
        let shown = job.claim();
        match self.claims.borrow().get(&job.id) {
            Some(claim) => *claim == shown,
            None => shown.worker == self.options.worker,
        }
    }

    /// Writes how a job ended, to the job and to its connector. Doing so again changes nothing.
    pub(super) async fn end(&self, job: &Job, ended: &Ended, now: Timestamp) -> Result<(), Fault> {
        let total = self.total(job).await?;
        let decide =
            |document: &JobDocument| Ok((document.is_in_work() && self.is_ours(document)).then(|| document.ended(ended, total, now)));
        match self.change(job.id.as_str(), decide).await?.uncontested()? {
            Changed::Written(document, _) => {
                let patch = document.ended(ended, total, now);
                self.release(job, &document.with(patch), now).await
            }
            // Ended here before, when it was not heard whether the connector was told.
            Changed::Unwanted(document) if self.is_ours(&document) && document.has_ended(ended) => {
                self.free(job, &Connector::after(&document, document.last_seen().unwrap_or(now))).await
            }
            Changed::Unwanted(_) | Changed::Contested => {
                tracing::warn!(job = %job.id, "the job belongs to somebody else; how it ended here is not written");
                Ok(())
            }
            Changed::Gone => self.lost(job, now).await,
        }
    }

    /// Documents in the content index; `None` when the connector is gone or they cannot be counted.
    async fn total(&self, job: &Job) -> Result<Option<u64>, Fault> {
        #[derive(Deserialize)]
        struct Counted {
            count: u64,
        }
        let connector = self.get::<Connector>(job.connector.as_str()).await?;
        let Some(index) = connector.as_ref().and_then(|(connector, _)| connector.index()).map(segment) else { return Ok(None) };
        // A count is no reason not to say how a job ended.
        let refreshed = self.http.ask(Call::order(format!("/{index}/_refresh?ignore_unavailable=true"))).await;
        let counted = self.http.json::<Counted>(Call::order(format!("/{index}/_count?ignore_unavailable=true"))).await;
        if let Some(fault) = refreshed.err().as_ref().or(counted.as_ref().err()) {
            tracing::warn!(job = %job.id, %fault, "the documents of the index are not counted for sure");
        }
        Ok(counted.ok().map(|counted| counted.count))
    }

    /// Writes to a connector how its job ended, and so lets the next one begin. The job was in work until now, so the mark is its own.
    async fn release(&self, job: &Job, document: &JobDocument, now: Timestamp) -> Result<(), Fault> {
        let (patch, mut is_first) = (Connector::after(document, now), true);
        let decide = |connector: &Connector| {
            // At the second look, a write of ours whose answer was lost may have been carried out, and the mark be the next job's.
            let is_told = !std::mem::take(&mut is_first) && is_free(connector, job.kind, &patch);
            Ok((!is_told).then(|| patch.clone()))
        };
        self.change(job.connector.as_str(), decide).await?.uncontested().map(|_| ())
    }

    /// Writes a patch that frees a connector of a job unless it is free already or another job of it is in work.
    pub(super) async fn free(&self, job: &Job, patch: &Object) -> Result<(), Fault> {
        let id = job.connector.as_str();
        for _ in 0..TRIES {
            // The connector first: whoever claims a job after this makes another version of it.
            let Some((connector, version)) = self.get::<Connector>(id).await? else { return Ok(()) };
            if is_free(&connector, job.kind, patch) || self.is_held(&job.connector, job.kind).await? {
                return Ok(());
            }
            if self.set::<Connector>(id, patch, version).await?.is_some() {
                return Ok(());
            }
        }
        Err(Fault::new(&ES_CONFLICT, format!("the connector `{id}` was written by others {TRIES} times in between")))
    }

    /// A job's document is gone; its connector says so and is free.
    async fn lost(&self, job: &Job, now: Timestamp) -> Result<(), Fault> {
        let fault = Fault::new(&CP_VANISHED, format!("the job `{}` was deleted while it was in work", job.id));
        let patch = Connector::without_its_job(job.kind, &fault.to_string(), now);
        self.free(job, &patch).await
    }
}

/// Whether a connector is free, or was freed by this patch: a mark of it is another job's then.
fn is_free(connector: &Connector, kind: JobType, patch: &Object) -> bool {
    !connector.is_busy(kind) || connector.last_synced() == read_time(&patch["last_synced"])
}
