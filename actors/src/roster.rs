//! What a service is doing, for whoever asks: written by the scheduler, read by the admin endpoint on another thread.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{ConnectorId, Counts, Ended, Fault, Job, JobId, JobStatus, JobType, Timestamp};

use crate::supervisor::Monitor;

/// Jobs that ended and are remembered.
const REMEMBERED: usize = 100;

/// The jobs in work and those that ended, and how the last look at the desks went.
#[derive(Debug)]
pub struct Roster(Mutex<RosterSnapshot>);

/// The roster at one moment.
#[derive(Clone, Debug)]
pub struct RosterSnapshot {
    /// When the service started.
    pub started: Timestamp,
    /// When it last looked at its desks.
    pub looked: Option<Timestamp>,
    /// Why that look failed, one line.
    pub fault: Option<String>,
    /// A stop was asked for.
    pub stopping: bool,
    /// Jobs in work.
    pub running: BTreeMap<JobId, InWork>,
    /// The latest jobs that ended, newest first.
    pub ended: VecDeque<Done>,
    /// How many ended since the start, by kind and status.
    pub totals: BTreeMap<(&'static str, &'static str), u64>,
    /// What they did together.
    pub counts: Counts,
    /// When a connector's job of a kind last completed.
    pub completed: BTreeMap<(ConnectorId, &'static str), Timestamp>,
}

/// A job in work.
#[derive(Clone, Debug)]
pub struct InWork {
    /// The job.
    pub job: Job,
    /// Since when.
    pub began: Timestamp,
    /// Its counters.
    pub monitor: Arc<Monitor>,
}

/// A job that ended.
#[derive(Clone, Debug)]
pub struct Done {
    /// The job.
    pub job: Job,
    /// How.
    pub status: JobStatus,
    /// Why it did not complete, one line.
    pub error: Option<String>,
    /// What it did.
    pub counts: Counts,
    /// When it began; `None` if it never did.
    pub began: Option<Timestamp>,
    /// When it ended.
    pub ended: Timestamp,
}

impl Roster {
    /// Of a service that starts now.
    pub fn new(started: Timestamp) -> Self {
        Self(Mutex::new(RosterSnapshot {
            started,
            looked: None,
            fault: None,
            stopping: false,
            running: BTreeMap::new(),
            ended: VecDeque::new(),
            totals: BTreeMap::new(),
            counts: Counts::default(),
            completed: BTreeMap::new(),
        }))
    }

    /// The desks were looked at.
    pub fn looked(&self, now: Timestamp, outcome: Result<(), &Fault>) {
        let mut inner = self.lock();
        (inner.looked, inner.fault) = (Some(now), outcome.err().map(ToString::to_string));
    }

    /// A job began.
    pub fn began(&self, job: &Job, monitor: &Arc<Monitor>, now: Timestamp) {
        self.lock().running.insert(job.id.clone(), InWork { job: job.clone(), began: now, monitor: Arc::clone(monitor) });
    }

    /// A job ended.
    pub fn ended(&self, job: &Job, ended: &Ended, now: Timestamp) {
        let mut inner = self.lock();
        let began = inner.running.remove(&job.id).map(|running| running.began);
        *inner.totals.entry((job.kind.as_str(), ended.status.as_str())).or_default() += 1;
        inner.counts += &ended.counts;
        if ended.status == JobStatus::Completed {
            inner.completed.insert((job.connector.clone(), job.kind.as_str()), now);
        }
        let Ended { status, fault, counts } = ended.clone();
        let error = fault.as_ref().map(ToString::to_string);
        inner.ended.push_front(Done { job: job.clone(), status, error, counts, began, ended: now });
        inner.ended.truncate(REMEMBERED);
    }

    /// A stop was asked for.
    pub fn stopping(&self) {
        self.lock().stopping = true;
    }

    /// All of it as of now.
    pub fn snapshot(&self) -> RosterSnapshot {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, RosterSnapshot> {
        // Every change is a few assignments, so a panic leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RosterSnapshot {
    /// What all jobs did since the start, those in work included. Never goes down: a job's last counts are those that it ends with.
    pub fn work(&self) -> Counts {
        let mut all = self.counts.clone();
        self.running.values().filter_map(|running| running.monitor.stats()).for_each(|stats| all += &stats.counts());
        all
    }

    /// Jobs in work of a kind and connector.
    pub fn running_by_connector(&self) -> BTreeMap<(&ConnectorId, JobType), u64> {
        let mut all = BTreeMap::new();
        for running in self.running.values() {
            *all.entry((&running.job.connector, running.job.kind)).or_default() += 1;
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use domain::{ES_SILENT, IndexName};

    use super::*;

    fn job(id: &str) -> Job {
        Job { id: JobId::new(id), connector: ConnectorId::new("c"), index: IndexName::new("i"), kind: JobType::Full }
    }

    #[test]
    fn a_job_moves_from_those_in_work_to_those_that_ended() {
        let roster = Roster::new(Timestamp::UNIX_EPOCH);
        let at = |second| Timestamp::from_second(second).unwrap();
        roster.began(&job("a"), &Arc::default(), at(1));
        assert_eq!(roster.snapshot().running_by_connector()[&(&ConnectorId::new("c"), JobType::Full)], 1);
        let counts = Counts { read: 7, ..Counts::default() };
        roster.ended(&job("a"), &Ended { status: JobStatus::Completed, fault: None, counts: counts.clone() }, at(9));
        let fault = Some(Fault::new(&ES_SILENT, "no answer"));
        roster.ended(&job("b"), &Ended { status: JobStatus::Error, fault, counts: counts.clone() }, at(10));
        let seen = roster.snapshot();
        assert!(seen.running.is_empty());
        assert_eq!((seen.ended[1].began, seen.ended[1].ended), (Some(at(1)), at(9)));
        assert!(seen.ended[0].error.as_ref().unwrap().contains("ES0002"));
        assert_eq!((seen.totals[&("full", "completed")], seen.totals[&("full", "error")], seen.work().read), (1, 1, 14));
        assert_eq!(seen.completed[&(ConnectorId::new("c"), "full")], at(9));
    }

    #[test]
    fn only_the_latest_jobs_are_remembered_and_all_are_counted() {
        let roster = Roster::new(Timestamp::UNIX_EPOCH);
        for no in 0..150 {
            let ended = Ended { status: JobStatus::Suspended, fault: None, counts: Counts::default() };
            roster.ended(&job(&no.to_string()), &ended, Timestamp::UNIX_EPOCH);
        }
        let seen = roster.snapshot();
        assert_eq!((seen.ended.len(), seen.ended[0].job.id.as_str(), seen.totals[&("full", "suspended")]), (100, "149", 150));
    }
}
