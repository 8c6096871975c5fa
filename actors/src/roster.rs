//! What a service is doing, for whoever asks: written by the scheduler, read by the admin endpoint on another thread.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{ConnectorId, Counts, Ended, Fault, Job, JobStatus, JobType, Timestamp};

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
    /// Jobs in work, the oldest first.
    pub running: Vec<InWork>,
    /// The latest jobs that ended, the newest first.
    pub ended: VecDeque<Done>,
    /// How many ended since the start, by kind and status.
    pub totals: BTreeMap<(&'static str, &'static str), u64>,
    /// What they did together.
    pub counts: Counts,
    /// What all jobs did since the start, those in work included. Never lower than in an earlier snapshot.
    pub work: Counts,
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
            running: Vec::new(),
            ended: VecDeque::new(),
            totals: BTreeMap::new(),
            counts: Counts::default(),
            work: Counts::default(),
            completed: BTreeMap::new(),
        }))
    }

    /// All desks were looked at; the first fault, if one could not be.
    pub fn looked(&self, now: Timestamp, outcome: Result<(), &Fault>) {
        let mut inner = self.lock();
        (inner.looked, inner.fault) = (Some(now), outcome.err().map(ToString::to_string));
    }

    /// A job began; its monitor is of no other job.
    pub fn began(&self, job: &Job, monitor: &Arc<Monitor>, now: Timestamp) {
        self.lock().running.push(InWork { job: job.clone(), began: now, monitor: Arc::clone(monitor) });
    }

    /// A job ended, whether it ever began or not.
    pub fn ended(&self, job: &Job, ended: &Ended, now: Timestamp) {
        let mut inner = self.lock();
        // A job that was lost and claimed again is there twice; the older one ends first.
        let place = inner.running.iter().position(|running| running.job.id == job.id);
        let running = place.map(|place| inner.running.remove(place));
        let Ended { status, fault, mut counts } = ended.clone();
        // A supervisor that died tells nothing of what was done, and it has been shown already.
        if let Some(stats) = running.as_ref().and_then(|running| running.monitor.stats()) {
            raise(&mut counts, &stats.counts());
        }
        *inner.totals.entry((job.kind.as_str(), status.as_str())).or_default() += 1;
        inner.counts += &counts;
        if status == JobStatus::Completed {
            inner.completed.insert((job.connector.clone(), job.kind.as_str()), now);
        }
        let (error, began) = (fault.map(|fault| fault.to_string()), running.map(|running| running.began));
        inner.ended.push_front(Done { job: job.clone(), status, error, counts, began, ended: now });
        inner.ended.truncate(REMEMBERED);
    }

    /// A stop was asked for.
    pub fn stopping(&self) {
        self.lock().stopping = true;
    }

    /// All of it as of now.
    pub fn snapshot(&self) -> RosterSnapshot {
        let mut inner = self.lock();
        let mut work = inner.counts.clone();
        inner.running.iter().filter_map(|running| running.monitor.stats()).for_each(|stats| work += &stats.counts());
        // A document that is counted with its batch and then found to be refused is taken back. Whoever draws a rate from the counters
        // would take a step back for a restart of the process.
        raise(&mut inner.work, &work);
        inner.clone()
    }

    fn lock(&self) -> MutexGuard<'_, RosterSnapshot> {
        // Every change is a few assignments, so a panic leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RosterSnapshot {
    /// Jobs in work of a kind and connector.
    pub fn running_by_connector(&self) -> BTreeMap<(&ConnectorId, JobType), u64> {
        let mut all = BTreeMap::new();
        for running in &self.running {
            *all.entry((&running.job.connector, running.job.kind)).or_default() += 1;
        }
        all
    }
}

/// Lifts every counter that is lower than the other one.
fn raise(counts: &mut Counts, least: &Counts) {
    // No `..`: a counter that may go down does not compile.
    let Counts { read, written, written_bytes, deleted, set_aside, cut, files, kept, conflicts, duplicates, excluded } = counts;
    for (count, least) in [
        (read, least.read),
        (written, least.written),
        (written_bytes, least.written_bytes),
        (deleted, least.deleted),
        (set_aside, least.set_aside),
        (cut, least.cut),
        (files, least.files),
        (kept, least.kept),
        (conflicts, least.conflicts),
        (duplicates, least.duplicates),
        (excluded, least.excluded),
    ] {
        *count = least.max(*count);
    }
}

#[cfg(test)]
mod tests {
    use domain::{ES_SILENT, IndexName, JobId};
    use proptest::prelude::*;

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
        assert_eq!((seen.totals[&("full", "completed")], seen.totals[&("full", "error")], seen.work.read), (1, 1, 14));
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

    #[test]
    fn a_job_that_was_lost_and_claimed_again_ends_twice() {
        let roster = Roster::new(Timestamp::UNIX_EPOCH);
        let at = |second| Timestamp::from_second(second).unwrap();
        let ended = |status| Ended { status, fault: None, counts: Counts { read: 1, ..Counts::default() } };
        roster.began(&job("a"), &Arc::default(), at(1));
        roster.began(&job("a"), &Arc::default(), at(400));
        roster.ended(&job("a"), &ended(JobStatus::Suspended), at(401));
        assert_eq!(roster.snapshot().running.iter().map(|running| running.began).collect::<Vec<_>>(), [at(400)]);
        roster.ended(&job("a"), &ended(JobStatus::Completed), at(500));
        let seen = roster.snapshot();
        assert_eq!(seen.ended.iter().map(|done| done.began).collect::<Vec<_>>(), [Some(at(400)), Some(at(1))]);
        assert_eq!((seen.running.len(), seen.counts.read), (0, 2));
    }

    proptest! {
        #[test]
        fn the_work_of_all_jobs_is_their_sum_and_a_raised_counter_is_the_higher_one(counts in proptest::collection::vec(0..1000_u64, 0..20)) {
            let roster = Roster::new(Timestamp::UNIX_EPOCH);
            let (mut sum, mut highest) = (0, Counts::default());
            for (no, count) in counts.into_iter().enumerate() {
                let counts = Counts { read: count, duplicates: 1000 - count, ..Counts::default() };
                raise(&mut highest, &counts);
                prop_assert!(highest.read >= count && highest.duplicates >= 1000 - count);
                roster.ended(&job(&no.to_string()), &Ended { status: JobStatus::Completed, fault: None, counts }, Timestamp::UNIX_EPOCH);
                sum += count;
                prop_assert_eq!((roster.snapshot().work.read, roster.snapshot().counts.read), (sum, sum));
            }
        }
    }
}
