//! A job that waits is claimed: first its connector, then the job itself, each over the version that was read.

use std::collections::HashMap;

use domain::protocol::{Connector, JobDocument};
use domain::{ConnectorId, Counts, Ended, Fault, IndexName, Job, JobStatus, JobType, Timestamp};
use ports::Assignment;

use super::Cluster;
use super::plan::{oldest_first, waiting};
use super::store::{Changed, TRIES, Version, is_about_one};
use super::tend::definition;

impl Cluster {
    /// Claims the oldest job that may run. One that may not keeps no other from being claimed.
    pub(super) async fn claim_oldest(&self, kinds: &[JobType], now: Timestamp) -> Result<Option<Assignment>, Fault> {
        let served: HashMap<_, _> = self.served().await?.into_iter().map(|connector| (connector.id.clone(), connector)).collect();
        let free: Vec<_> =
            served.values().filter(|connector| kinds.iter().any(|kind| !connector.is_busy(*kind))).map(|connector| &connector.id).collect();
        if free.is_empty() {
            return Ok(None);
        }
        let query = waiting(&free, kinds);
        let mut next = Some(0);
        while let Some(from) = next {
            let page = self.search::<JobDocument>(&query, &oldest_first(), from).await?;
            for (job, _) in page.documents {
                let connector = job.connector().and_then(|id| served.get(&id));
                let Some(connector) = connector.filter(|connector| !connector.is_busy(job.kind())) else { continue };
                match self.claim_one(&connector.id, &job, now).await {
                    Ok(None) => {}
                    Err(fault) if is_about_one(&fault) => tracing::warn!(job = %job.id, %fault, "a job cannot be claimed"),
                    outcome => return outcome,
                }
            }
            next = page.next;
        }
        Ok(None)
    }

    /// Claims a job if nothing speaks against it any more. One that cannot be run is ended, so that it does not wait for ever.
    async fn claim_one(&self, id: &ConnectorId, found: &JobDocument, now: Timestamp) -> Result<Option<Assignment>, Fault> {
        let kind = found.kind();
        let Some((before, marked)) = self.mark(id, kind).await? else { return Ok(None) };
        // When it is not known whose the job is, the mark stays: `tidy` finds it if nobody has the job.
        let Some(document) = self.take(&found.id, before.field("sync_cursor"), now).await? else {
            self.unmark(&before, kind, marked).await?;
            return Ok(None);
        };
        let index = kind.target(&IndexName::new(document.index().unwrap_or_default()));
        let job = Job { id: document.id.clone(), connector: id.clone(), index, kind };
        if let Err(fault) = document.check() {
            tracing::warn!(job = %job.id, connector = %id, %fault, "a job cannot be run");
            let ended = Ended { status: JobStatus::Error, fault: Some(fault), counts: Counts::default() };
            let told = self.end(&job, &ended, now).await;
            self.claims.borrow_mut().remove(&job.id);
            return told.map(|()| None);
        }
        Ok(definition(&document).map(|definition| Assignment { job, definition: Some(definition) }))
    }

    /// Marks a connector as having a job of this kind in work; `None` if it has one already.
    async fn mark(&self, id: &ConnectorId, kind: JobType) -> Result<Option<(Connector, Version)>, Fault> {
        let decide = |connector: &Connector| Ok((!connector.is_busy(kind)).then(|| Connector::marked(kind)));
        match self.change(id.as_str(), decide).await? {
            Changed::Written(before, version) => Ok(Some((before, version))),
            Changed::Unwanted(_) | Changed::Gone | Changed::Contested => Ok(None),
        }
    }

    /// Takes a mark back: the job went to somebody else.
    ///
    /// Nothing is tried again unless it was surely not done: once the mark is off, the next one is somebody else's. One that stays is found by
    /// `tidy`.
    async fn unmark(&self, before: &Connector, kind: JobType, mut marked: Version) -> Result<(), Fault> {
        let (id, patch) = (before.id.as_str(), before.unmarked(kind));
        for _ in 0..TRIES {
            if self.set_once::<Connector>(id, &patch, marked).await?.is_some() {
                return Ok(());
            }
            // Something else of the connector was written meanwhile. The mark is still ours: nobody takes one that is there.
            match self.get::<Connector>(id).await? {
                Some((connector, version)) if connector.is_busy(kind) => marked = version,
                _ => return Ok(()),
            }
        }
        tracing::warn!(connector = id, "a connector stays marked for a job that somebody else has");
        Ok(())
    }
}
