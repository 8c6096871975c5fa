//! Decides which job is due and who runs it: claims jobs from the board and hands each to the supervisor of its connector.
//!
//! `LookForJobs` -> `StartRun`; a `Finished` for every job that ended. A service; keeps the supervisors, one per connector.

use std::collections::HashMap;
use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::fut::ActorFutureExt as _;
use actix::{Actor, Addr, AsyncContext as _, Context, Handler, ResponseActFuture, WrapFuture as _};
use domain::{ConnectorId, Counts, EN_PANIC, Ended, Fault, Job, JobStatus};
use ports::{Clock, JobBoard};
use tokio::sync::{mpsc, oneshot};

use crate::messages::{LookForJobs, StartRun};
use crate::stage::fail_point;
use crate::supervisor::{ConnectorWork, Monitor, RunSupervisor};

/// How often the board is told how far a job is; the reference's interval.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// What the scheduler tells whoever started it.
#[derive(Debug)]
pub enum Finished {
    /// A job ended and the board knows.
    Job(Job, Ended),
    /// The board itself could not be asked.
    Board(Fault),
    /// There was nothing to do.
    Nothing,
}

/// Claims jobs and sees them through.
pub struct JobScheduler {
    board: Rc<dyn JobBoard>,
    clock: Arc<dyn Clock>,
    supervisors: HashMap<ConnectorId, (Addr<RunSupervisor>, Arc<Monitor>)>,
    finished: mpsc::UnboundedSender<Finished>,
}

/// What callers hold: a way to make the scheduler look, and what it has to say.
#[derive(Debug)]
pub struct SchedulerHandle {
    scheduler: Addr<JobScheduler>,
    finished: mpsc::UnboundedReceiver<Finished>,
}
impl SchedulerHandle {
    /// Makes the scheduler look at the board once, and waits for what comes of it.
    pub async fn run_next(&mut self) -> Finished {
        // One order at a time, so the mailbox has room; a dead scheduler shows in the channel.
        #[expect(clippy::disallowed_methods, reason = "an order outside the data path")]
        let _ = self.scheduler.try_send(LookForJobs);
        self.finished.recv().await.unwrap_or_else(|| Finished::Board(Fault::new(&EN_PANIC, "the job scheduler is gone")))
    }
}

impl JobScheduler {
    const NAME: &str = "job_scheduler";

    /// Starts the scheduler and one supervisor per connector on the current arbiter.
    pub fn start(
        board: Rc<dyn JobBoard>,
        clock: Arc<dyn Clock>,
        work: impl IntoIterator<Item = (ConnectorId, ConnectorWork)>,
    ) -> SchedulerHandle {
        let supervise = |(connector, work): (_, ConnectorWork)| {
            let monitor = Arc::clone(&work.monitor);
            (connector, (RunSupervisor::new(work).start(), monitor))
        };
        let supervisors = work.into_iter().map(supervise).collect();
        let (finished_tx, finished) = mpsc::unbounded_channel();
        let scheduler = Self { board, clock, supervisors, finished: finished_tx };
        SchedulerHandle { scheduler: Actor::start(scheduler), finished }
    }
}
impl Actor for JobScheduler {
    type Context = Context<Self>;
}
impl Handler<LookForJobs> for JobScheduler {
    type Result = ResponseActFuture<Self, ()>;

    fn handle(&mut self, _: LookForJobs, _ctx: &mut Context<Self>) -> Self::Result {
        let (board, now) = (Rc::clone(&self.board), self.clock.now());
        let connectors: Vec<_> = self.supervisors.keys().cloned().collect();
        let claim = async move { board.claim(&connectors, now).await };
        Box::pin(claim.into_actor(self).map(|claimed, actor, ctx| match claimed {
            Ok(Some(job)) => actor.give(job, ctx),
            Ok(None) => actor.say(Finished::Nothing),
            Err(fault) => actor.say(Finished::Board(fault.context("claim a job"))),
        }))
    }
}
impl JobScheduler {
    fn give(&mut self, job: Job, ctx: &mut Context<Self>) {
        fail_point(Self::NAME);
        let (board, clock, finished) = (Rc::clone(&self.board), Arc::clone(&self.clock), self.finished.clone());
        let (ended_tx, ended) = oneshot::channel();
        // Only jobs of connectors that are served are claimed.
        let Some((supervisor, monitor)) = self.supervisors.get(&job.connector) else { return };
        #[expect(clippy::disallowed_methods, reason = "an order outside the data path")]
        let _ = supervisor.try_send(StartRun { job: job.clone(), ended: ended_tx });
        let monitor = Arc::clone(monitor);
        let see_through = async move {
            let ended = tokio::select! {
                ended = ended => ended.unwrap_or_else(|_| Ended {
                    status: JobStatus::Error,
                    fault: Some(Fault::new(&EN_PANIC, "the run's supervisor did not answer")),
                    counts: Counts::default(),
                }),
                never = report(&*board, &job, &monitor, &*clock) => match never {},
            };
            let told = match board.finish(&job.id, &ended, clock.now()).await {
                Ok(()) => Finished::Job(job, ended),
                Err(fault) => Finished::Board(fault.context("write how the job ended")),
            };
            let _ = finished.send(told);
        };
        ctx.spawn(see_through.into_actor(self));
    }

    fn say(&self, finished: Finished) {
        let _ = self.finished.send(finished);
    }
}

/// Tells the board how far a job is, until it is dropped.
async fn report(board: &dyn JobBoard, job: &Job, monitor: &Monitor, clock: &dyn Clock) -> Infallible {
    loop {
        tokio::time::sleep(REPORT_EVERY).await;
        let Some(stats) = monitor.stats() else { continue };
        if let Err(fault) = board.progress(&job.id, stats.counts(), clock.now()).await {
            tracing::warn!(job = %job.id, %fault, "the job board could not be told how far the job is");
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::catalog::DocumentShape;
    use domain::restart::RestartBudget;
    use domain::{IndexName, JobId, JobType, Selection};
    use ports::fakes::{FakeBoard, FakeCheckpoints, FakeClock, FakeSink, FakeSource};
    use tokio::sync::watch;

    use super::*;
    use crate::kit::panic_in;
    use crate::pipeline::{Ports, RunLimits, Tuning, WriterKnobs};
    use crate::stage::Knobs;

    fn work(source: FakeSource, stop: watch::Receiver<bool>) -> ConnectorWork {
        let knobs = Knobs { mailbox: 2, concurrency: 2 };
        let limits = domain::bulk::BatchLimits { ops: 2, bytes: 1 << 20 };
        let ports = Ports {
            source: Rc::new(source),
            sink: Rc::<FakeSink>::default(),
            checkpoints: Rc::<FakeCheckpoints>::default(),
            clock: Arc::new(FakeClock::default()),
        };
        ConnectorWork {
            ports,
            selection: Selection::default(),
            shape: Rc::<DocumentShape>::new(crate::joiner::tests::shape(5)),
            fingerprint: String::new(),
            tuning: Tuning {
                object_fetcher: knobs,
                entity_joiner: knobs,
                acl_builder: knobs,
                content_extractor: knobs,
                bulk_writer: WriterKnobs { knobs, limits, linger: Duration::from_secs(1) },
            },
            limits: RunLimits {
                budget: 1 << 20,
                file_budget: 1 << 20,
                max_document: 0,
                max_file: 1,
                lookup_cache: 9,
                stall_after: Duration::MAX / 4,
            },
            restarts: RestartBudget::default(),
            monitor: Arc::default(),
            stop,
        }
    }

    fn posted() -> (Rc<FakeBoard>, Job) {
        let job = Job { id: JobId::new("j"), connector: ConnectorId::new("c"), index: IndexName::new("i"), kind: JobType::Full };
        let board = FakeBoard::default();
        futures::executor::block_on(board.post(&job, domain::Timestamp::UNIX_EPOCH)).unwrap();
        (Rc::new(board), job)
    }

    /// A scheduler that serves the job's connector from `source`.
    fn serving(board: &Rc<FakeBoard>, job: &Job, source: FakeSource) -> (SchedulerHandle, watch::Sender<bool>) {
        let (stop, stopped) = watch::channel(false);
        let served = [(job.connector.clone(), work(source, stopped))];
        (JobScheduler::start(board.clone(), Arc::new(FakeClock::default()), served), stop)
    }

    #[actix_rt::test]
    async fn a_panic_of_the_supervisor_ends_the_job_with_an_error_and_the_next_one_runs() {
        tokio::time::pause();
        let (board, job) = posted();
        let (mut scheduler, _stop) = serving(&board, &job, FakeSource::default());
        panic_in(RunSupervisor::NAME, 1);
        let Finished::Job(_, ended) = scheduler.run_next().await else { panic!("the job ended") };
        assert_eq!((ended.status, ended.fault.map(|fault| fault.code)), (JobStatus::Error, Some(&EN_PANIC)));
        assert_eq!(board.0.borrow()[0].status, JobStatus::Error);
        board.post(&Job { id: JobId::new("k"), ..job }, domain::Timestamp::UNIX_EPOCH).await.unwrap();
        assert!(matches!(scheduler.run_next().await, Finished::Job(_, ended) if ended.status == JobStatus::Completed));
    }

    #[actix_rt::test]
    async fn a_panic_of_the_scheduler_is_told_and_never_a_hang() {
        tokio::time::pause();
        let (board, job) = posted();
        let (mut scheduler, _stop) = serving(&board, &job, FakeSource::default());
        panic_in(JobScheduler::NAME, 1);
        assert!(matches!(scheduler.run_next().await, Finished::Board(fault) if fault.code == &EN_PANIC));
        assert!(matches!(scheduler.run_next().await, Finished::Board(_)));
    }

    #[actix_rt::test]
    async fn a_job_that_waits_is_claimed_reported_on_and_seen_through() {
        tokio::time::pause();
        let (board, job) = posted();
        let theirs = Job { id: JobId::new("t"), connector: ConnectorId::new("theirs"), ..job.clone() };
        board.post(&theirs, domain::Timestamp::UNIX_EPOCH).await.unwrap();
        let source = FakeSource { slow: Duration::from_secs(4), ..FakeSource::default() };
        let (mut scheduler, _stop) = serving(&board, &job, source);
        let watched = async {
            tokio::time::sleep(Duration::from_secs(25)).await;
            board.0.borrow()[0].counts.read
        };
        let (finished, read_midway) = tokio::join!(scheduler.run_next(), watched);
        assert!(matches!(finished, Finished::Job(done, ended) if done == job && ended.status == JobStatus::Completed));
        assert!((3..30).contains(&read_midway), "the board knew of {read_midway} records midway");
        assert_eq!(board.0.borrow()[0].status, JobStatus::Completed);
        assert!(matches!(scheduler.run_next().await, Finished::Nothing), "a job of a connector that is not served is left alone");
    }
}
