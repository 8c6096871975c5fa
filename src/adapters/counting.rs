//! An index that only counts: for dry runs and for measuring the engine alone. Nothing outlives the process.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    Brake, BulkOp, Checkpoint, ConnectorId, Counts, Ended, Fault, Hold, ItemOutcome, Job, JobId, JobStatus, JobType, Swept, Timestamp,
};
use ports::{Checkpoints, JobBoard, JobRecord, SetAside, Sink, Target};

/// Takes everything and keeps nothing but jobs and checkpoints, in memory.
#[derive(Debug, Default)]
pub struct Counting {
    checkpoints: RefCell<HashMap<(ConnectorId, JobType), Checkpoint>>,
    jobs: RefCell<Vec<JobRecord>>,
}

#[async_trait(?Send)]
impl Sink for Counting {
    async fn submit(&self, _target: &Target, ops: Arc<Vec<BulkOp>>) -> Result<Vec<ItemOutcome>, Fault> {
        Ok(vec![ItemOutcome::Written; ops.len()])
    }
    async fn sweep(&self, _target: &Target, _spare: &[String], _brake: Brake) -> Result<Swept, Fault> {
        Ok(Swept::Deleted(0))
    }
    async fn confirm(&self, _hold: &Hold) -> Result<u64, Fault> {
        Ok(0)
    }
    async fn set_aside(&self, _target: &Target, _entries: Vec<SetAside>) -> Result<(), Fault> {
        Ok(())
    }
}

#[async_trait(?Send)]
impl Checkpoints for Counting {
    async fn load(&self, connector: &ConnectorId, kind: JobType) -> Result<Option<Checkpoint>, Fault> {
        Ok(self.checkpoints.borrow().get(&(connector.clone(), kind)).cloned())
    }
    async fn store(&self, connector: &ConnectorId, kind: JobType, checkpoint: &Checkpoint) -> Result<(), Fault> {
        self.checkpoints.borrow_mut().insert((connector.clone(), kind), checkpoint.clone());
        Ok(())
    }
    async fn clear(&self, connector: &ConnectorId, kind: JobType) -> Result<(), Fault> {
        self.checkpoints.borrow_mut().remove(&(connector.clone(), kind));
        Ok(())
    }
    // Nothing is ever deleted here, so nothing is held.
    async fn keep_hold(&self, _hold: &Hold) -> Result<(), Fault> {
        Ok(())
    }
    async fn hold(&self, _connector: &ConnectorId) -> Result<Option<Hold>, Fault> {
        Ok(None)
    }
    async fn drop_hold(&self, _connector: &ConnectorId) -> Result<(), Fault> {
        Ok(())
    }
}

impl Counting {
    fn update(&self, job: &JobId, change: impl FnOnce(&mut JobRecord)) {
        if let Some(record) = self.jobs.borrow_mut().iter_mut().find(|record| record.job.id == *job) {
            change(record);
        }
    }
}

#[async_trait(?Send)]
impl JobBoard for Counting {
    async fn post(&self, job: &Job, now: Timestamp) -> Result<(), Fault> {
        let record =
            JobRecord { job: job.clone(), status: JobStatus::Pending, created: now, ended: None, error: None, counts: Counts::default() };
        self.jobs.borrow_mut().push(record);
        Ok(())
    }
    async fn claim(&self, connectors: &[ConnectorId], kinds: &[JobType], _now: Timestamp) -> Result<Option<Job>, Fault> {
        let mut jobs = self.jobs.borrow_mut();
        let waits = |record: &&mut JobRecord| {
            let Job { connector, kind, .. } = &record.job;
            matches!(record.status, JobStatus::Pending | JobStatus::Suspended) && connectors.contains(connector) && kinds.contains(kind)
        };
        Ok(jobs.iter_mut().find(waits).map(|record| {
            record.status = JobStatus::InProgress;
            record.job.clone()
        }))
    }
    async fn progress(&self, job: &JobId, counts: Counts, _now: Timestamp) -> Result<(), Fault> {
        self.update(job, |record| record.counts = counts);
        Ok(())
    }
    async fn finish(&self, job: &JobId, ended: &Ended, now: Timestamp) -> Result<(), Fault> {
        self.update(job, |record| {
            record.status = ended.status;
            record.ended = Some(now);
            record.error = ended.fault.as_ref().map(ToString::to_string);
            record.counts = ended.counts.clone();
        });
        Ok(())
    }
    async fn history(&self, connector: &ConnectorId, kinds: &[JobType], most: usize) -> Result<Vec<JobRecord>, Fault> {
        let asked = |record: &&JobRecord| record.job.connector == *connector && kinds.contains(&record.job.kind);
        Ok(self.jobs.borrow().iter().rev().filter(asked).take(most).cloned().collect())
    }
}
