//! The desk for connectors of the service's own configuration: their schedules, over a job board that processes may share.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use domain::schedule::Schedule;
use domain::{ConnectorId, Counts, Ended, Fault, IndexName, Job, JobId, JobStatus, JobType, Timestamp};
use ports::{Assignment, Desk, JobBoard, Wish};

/// Jobs of a connector that are looked at to see whether one waits.
const LATEST: usize = 10;

/// A connector and when its jobs are due.
#[derive(Clone, Debug)]
pub struct Served {
    /// The connector.
    pub connector: ConnectorId,
    /// Where its documents go.
    pub index: IndexName,
    /// Kinds of jobs, each with its schedule.
    pub schedules: Vec<(JobType, Schedule)>,
}

/// A desk over a job board.
pub struct OwnDesk {
    board: Rc<dyn JobBoard>,
    served: Vec<Served>,
    /// Connectors with a job in work in this process: one of a family at a time each.
    busy: RefCell<HashSet<(ConnectorId, &'static [JobType])>>,
}

impl OwnDesk {
    /// Serves these connectors.
    pub fn new(board: Rc<dyn JobBoard>, served: Vec<Served>) -> Self {
        Self { board, served, busy: RefCell::default() }
    }

    /// Posts a job that became due, unless one of its kind waits already.
    async fn post(&self, served: &Served, kind: JobType, due: Timestamp, now: Timestamp) -> Result<(), Fault> {
        // Every process that serves the connector makes the same id, and the board keeps the first.
        let id = JobId::new(format!("{}-{}-{}", served.connector, kind.as_str(), due.as_second()));
        let latest = self.board.history(&served.connector, &[kind], LATEST).await?;
        let waits = |status| matches!(status, JobStatus::Pending | JobStatus::Suspended);
        if latest.iter().any(|record| record.job.id == id || (record.job.kind == kind && waits(record.status))) {
            return Ok(());
        }
        let job = Job { id, connector: served.connector.clone(), index: kind.target(&served.index), kind };
        tracing::info!(job = %job.id, "a job is due");
        self.board.post(&job, now).await
    }
}

#[async_trait(?Send)]
impl Desk for OwnDesk {
    async fn tend(&self, since: Timestamp, now: Timestamp) -> Result<(), Fault> {
        for served in &self.served {
            for (kind, schedule) in &served.schedules {
                if let Some(due) = schedule.due(since, now) {
                    self.post(served, *kind, due, now).await?;
                }
            }
        }
        Ok(())
    }

    async fn tidy(&self, _now: Timestamp) -> Result<(), Fault> {
        // Whoever claims next takes over what was abandoned.
        Ok(())
    }

    async fn claim(&self, kinds: &[JobType], now: Timestamp) -> Result<Option<Assignment>, Fault> {
        // The scheduler asks for a family at a time, or a part of one.
        let Some(family) = kinds.first().map(|kind| kind.family()) else { return Ok(None) };
        let free = |served: &&Served| !self.busy.borrow().contains(&(served.connector.clone(), family));
        let ours: Vec<_> = self.served.iter().filter(free).map(|served| served.connector.clone()).collect();
        if ours.is_empty() {
            return Ok(None);
        }
        let Some(job) = self.board.claim(&ours, kinds, now).await? else { return Ok(None) };
        self.busy.borrow_mut().insert((job.connector.clone(), job.kind.family()));
        Ok(Some(Assignment { job, definition: None }))
    }

    async fn progress(&self, job: &Job, counts: &Counts, now: Timestamp) -> Result<Wish, Fault> {
        self.board.progress(&job.id, counts.clone(), now).await.map(|()| Wish::GoOn)
    }

    async fn finish(&self, job: &Job, ended: &Ended, now: Timestamp) -> Result<(), Fault> {
        self.board.finish(&job.id, ended, now).await
    }

    fn leave(&self, job: &Job) {
        self.busy.borrow_mut().remove(&(job.connector.clone(), job.kind.family()));
    }

    fn silence(&self) -> Option<Duration> {
        self.board.silence()
    }
}

#[cfg(test)]
mod tests {
    use ports::fakes::FakeBoard;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn desk(board: &Rc<FakeBoard>) -> OwnDesk {
        let schedules = vec![(JobType::Full, "0 0 * * * ?".parse().unwrap()), (JobType::Incremental, "0 0/15 * * * ?".parse().unwrap())];
        OwnDesk::new(board.clone(), vec![Served { connector: ConnectorId::new("a"), index: IndexName::new("i"), schedules }])
    }

    #[actix_rt::test]
    async fn what_became_due_is_posted_once_however_many_look() {
        let board = Rc::<FakeBoard>::default();
        let (one, other) = (desk(&board), desk(&board));
        let (since, now) = (at("2026-01-01T09:59:40Z"), at("2026-01-01T10:00:10Z"));
        for desk in [&one, &other, &one] {
            desk.tend(since, now).await.unwrap();
        }
        let ids: Vec<_> = board.0.borrow().iter().map(|record| record.job.id.to_string()).collect();
        assert_eq!(ids, ["a-full-1767261600", "a-incremental-1767261600"]);
        // A second one that looks later counts from its own last look, and finds the job done.
        board.0.borrow_mut()[0].status = JobStatus::Completed;
        other.tend(at("2026-01-01T09:59:55Z"), at("2026-01-01T10:00:25Z")).await.unwrap();
        assert_eq!(board.0.borrow().len(), 2);
    }

    #[actix_rt::test]
    async fn a_job_that_waits_is_not_posted_again_and_nothing_is_made_up_for() {
        let board = Rc::<FakeBoard>::default();
        let desk = desk(&board);
        desk.tend(at("2026-01-01T09:59:40Z"), at("2026-01-01T10:00:10Z")).await.unwrap();
        desk.tend(at("2026-01-01T10:00:10Z"), at("2026-01-01T13:20:00Z")).await.unwrap();
        assert_eq!(board.0.borrow().len(), 2);
        board.0.borrow_mut().iter_mut().for_each(|record| record.status = JobStatus::Completed);
        desk.tend(at("2026-01-01T13:20:00Z"), at("2026-01-01T18:20:00Z")).await.unwrap();
        assert_eq!(board.0.borrow().len(), 4, "one of each kind, however many fire times went by");
    }

    #[actix_rt::test]
    async fn a_connector_has_one_job_of_a_family_in_work_at_a_time() {
        let board = Rc::<FakeBoard>::default();
        let desk = desk(&board);
        let now = at("2026-01-01T10:00:10Z");
        desk.tend(at("2026-01-01T09:59:40Z"), now).await.unwrap();
        let (content, access) = (JobType::Full.family(), JobType::AccessControl.family());
        assert_eq!(desk.claim(access, now).await.unwrap(), None);
        let first = desk.claim(content, now).await.unwrap().unwrap();
        assert_eq!(desk.claim(content, now).await.unwrap(), None);
        let who = Job { id: JobId::new("who"), kind: JobType::AccessControl, ..first.job.clone() };
        board.post(&who, now).await.unwrap();
        assert_eq!(desk.claim(access, now).await.unwrap().unwrap().job, who, "content and access are apart");
        desk.leave(&first.job);
        let second = desk.claim(content, now).await.unwrap().unwrap();
        assert_eq!((first.job.kind, second.job.kind), (JobType::Full, JobType::Incremental));
    }
}
