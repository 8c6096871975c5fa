//! Decides which job is due and who runs it: claims jobs from the board and hands each to the supervisor of its connector.
//!
//! `LookForJobs` -> `StartRun`; a `Finished` for every job that ended. A service; keeps how many jobs are in work.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use actix::fut::ActorFutureExt as _;
use actix::{Actor, Addr, AsyncContext as _, Context, Handler, ResponseActFuture, WrapFuture as _};
use domain::{ConnectorId, Counts, EN_PANIC, Ended, Fault, Job, JobStatus};
use ports::{Clock, JobBoard};
use tokio::sync::{mpsc, oneshot};

use crate::messages::{LookForJobs, StartRun};
use crate::supervisor::{ConnectorWork, RunSupervisor};

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
    supervisors: HashMap<ConnectorId, Addr<RunSupervisor>>,
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
    /// Starts the scheduler and one supervisor per connector on the current arbiter.
    pub fn start(
        board: Rc<dyn JobBoard>,
        clock: Arc<dyn Clock>,
        work: impl IntoIterator<Item = (ConnectorId, ConnectorWork)>,
    ) -> SchedulerHandle {
        let supervisors = work.into_iter().map(|(connector, work)| (connector, RunSupervisor::new(work).start())).collect();
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
        let (board, clock, finished) = (Rc::clone(&self.board), Arc::clone(&self.clock), self.finished.clone());
        let (ended_tx, ended) = oneshot::channel();
        if let Some(supervisor) = self.supervisors.get(&job.connector) {
            // The claim made sure that this connector has no other job in work.
            #[expect(clippy::disallowed_methods, reason = "an order outside the data path")]
            let _ = supervisor.try_send(StartRun { job: job.clone(), ended: ended_tx });
        }
        let see_through = async move {
            let ended = ended.await.unwrap_or_else(|_| Ended {
                status: JobStatus::Error,
                fault: Some(Fault::new(&EN_PANIC, "the run's supervisor did not answer")),
                counts: Counts::default(),
            });
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
