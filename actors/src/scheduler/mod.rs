//! Decides which job is due and who runs it: looks after the desks, claims jobs there, and gives each to a supervisor of its own.
//!
//! `Tend`, `LookForJobs` -> `StartRun`; a `Finished` for every job that ended. A service; keeps the jobs in work.

mod attendance;
mod errors;
mod service;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use actix::fut::ActorFutureExt as _;
use actix::{Actor, Addr, AsyncContext as _, Context, Handler, WrapFuture as _};
use domain::{Counts, EN_PANIC, Ended, Fault, Job, JobId, JobStatus, JobType, Timestamp};
use ports::{Assignment, Clock, Desk};
use tokio::sync::{mpsc, watch};

use crate::messages::{LookForJobs, Tend};
use crate::roster::Roster;
use crate::stage::fail_point;
use crate::supervisor::ConnectorWork;

pub use service::Rhythm;

use attendance::Attendance;
use errors::ErrorBudget;

/// What the scheduler tells whoever started it.
#[derive(Debug)]
pub enum Finished {
    /// A job ended and the desk knows.
    Job(Job, Ended),
    /// A desk could not be asked, or not be told.
    Desk(Fault),
    /// There was nothing to do.
    Nothing,
    /// Nothing more will be done: too many rounds failed, or the scheduler is gone.
    Over(Fault),
}

/// Makes what a claimed job runs on.
pub trait Workshop: 'static {
    /// Everything that the job needs; `stop` ends it early.
    ///
    /// # Errors
    /// What is wrong with the connector's configuration.
    fn work(&self, assignment: &Assignment, stop: watch::Receiver<bool>) -> Result<ConnectorWork, Fault>;
}

/// How many jobs are in work at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Full and incremental jobs.
    pub content: usize,
    /// Access control jobs.
    pub access: usize,
}

/// What a scheduler works with.
pub struct Scheduling {
    /// Where jobs are handed out.
    pub desks: Vec<Rc<dyn Desk>>,
    /// What makes their work.
    pub workshop: Rc<dyn Workshop>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// What the service is doing, for whoever asks.
    pub roster: Arc<Roster>,
    /// How many jobs at a time.
    pub room: Room,
    /// True means: finish what is in hand and claim nothing more.
    pub stop: watch::Receiver<bool>,
}

/// Claims jobs and sees them through.
pub struct JobScheduler {
    scheduling: Scheduling,
    running: HashMap<JobId, JobType>,
    /// A look for jobs is on its way; whether another one is wanted after it.
    looking: Option<bool>,
    tending: bool,
    /// Rounds are made; otherwise jobs are run one by one as somebody asks.
    serves: bool,
    rounds: Rounds,
    errors: ErrorBudget,
    finished: mpsc::UnboundedSender<Finished>,
    in_hand: watch::Sender<usize>,
}

/// Since when jobs are due, and when desks were tidied last.
#[derive(Debug)]
struct Rounds {
    since: Timestamp,
    tidied: Option<Timestamp>,
}

/// What callers hold: a way to make the scheduler look, and what it has to say.
#[derive(Debug)]
pub struct SchedulerHandle {
    scheduler: Addr<JobScheduler>,
    finished: mpsc::UnboundedReceiver<Finished>,
    /// Jobs in work, and one more while some are being claimed.
    in_hand: watch::Receiver<usize>,
}
impl SchedulerHandle {
    /// Makes the scheduler look for one job, and waits for what comes of it.
    pub async fn run_next(&mut self) -> Finished {
        // One order at a time, so the mailbox has room; a dead scheduler shows in the channel.
        #[expect(clippy::disallowed_methods, reason = "an order outside the data path")]
        let _ = self.scheduler.try_send(LookForJobs);
        self.heard().await
    }

    async fn heard(&mut self) -> Finished {
        self.finished.recv().await.unwrap_or_else(|| Finished::Over(Fault::new(&EN_PANIC, "the job scheduler is gone")))
    }
}

impl JobScheduler {
    const NAME: &str = "job_scheduler";

    /// Starts the scheduler on the current arbiter. It looks when it is told to.
    pub fn start(scheduling: Scheduling) -> SchedulerHandle {
        let (finished_tx, finished) = mpsc::unbounded_channel();
        let rounds = Rounds { since: scheduling.clock.now(), tidied: None };
        let errors = ErrorBudget::default();
        let (in_hand_tx, in_hand) = watch::channel(0);
        let scheduler = Self {
            scheduling,
            running: HashMap::new(),
            looking: None,
            tending: false,
            serves: false,
            rounds,
            errors,
            finished: finished_tx,
            in_hand: in_hand_tx,
        };
        SchedulerHandle { scheduler: Actor::start(scheduler), finished, in_hand }
    }

    fn asked_to_stop(&self) -> bool {
        *self.scheduling.stop.borrow()
    }

    /// Kinds of jobs that there is room for, each with how many.
    fn free(&self) -> [(&'static [JobType], usize); 2] {
        let access = self.running.values().filter(|kind| **kind == JobType::AccessControl).count();
        let content = self.running.len() - access;
        let Room { content: most, access: most_access } = self.scheduling.room;
        let kinds: [&'static [JobType]; 2] = [&[JobType::Full, JobType::Incremental], &[JobType::AccessControl]];
        [(kinds[0], most.saturating_sub(content)), (kinds[1], most_access.saturating_sub(access))]
    }

    fn count(&self) {
        self.in_hand.send_replace(self.running.len() + usize::from(self.looking.is_some()));
    }

    fn say(&self, finished: Finished) {
        // Whoever started the scheduler may be gone.
        let _ = self.finished.send(finished);
    }
}
impl Actor for JobScheduler {
    type Context = Context<Self>;
}

impl Handler<LookForJobs> for JobScheduler {
    type Result = ();

    fn handle(&mut self, _: LookForJobs, ctx: &mut Context<Self>) {
        if self.asked_to_stop() {
            return self.say(Finished::Nothing);
        }
        if let Some(again) = &mut self.looking {
            *again = true;
            return;
        }
        self.looking = Some(false);
        self.count();
        let (desks, free, now) = (self.scheduling.desks.clone(), self.free(), self.scheduling.clock.now());
        let claims = async move { claim(&desks, free, now).await };
        ctx.spawn(claims.into_actor(self).map(|(claimed, fault), actor, ctx| {
            let again = actor.looking.take() == Some(true);
            let nothing = claimed.is_empty() && fault.is_none();
            claimed.into_iter().for_each(|(desk, assignment)| actor.give(desk, assignment, ctx));
            actor.count();
            match fault {
                Some(fault) => actor.say(Finished::Desk(fault.context("claim a job"))),
                None if nothing => actor.say(Finished::Nothing),
                None => {}
            }
            if again {
                ctx.notify(LookForJobs);
            }
        }));
    }
}

/// Claims while there is room and something waits. What was claimed before a fault is given as well.
async fn claim(
    desks: &[Rc<dyn Desk>],
    free: [(&'static [JobType], usize); 2],
    now: Timestamp,
) -> (Vec<(Rc<dyn Desk>, Assignment)>, Option<Fault>) {
    let mut claimed = Vec::new();
    for (kinds, mut room) in free {
        for desk in desks {
            while room > 0 {
                match desk.claim(kinds, now).await {
                    Ok(Some(assignment)) => claimed.push((Rc::clone(desk), assignment)),
                    Ok(None) => break,
                    Err(fault) => return (claimed, Some(fault)),
                }
                room -= 1;
            }
        }
    }
    (claimed, None)
}

impl JobScheduler {
    fn give(&mut self, desk: Rc<dyn Desk>, assignment: Assignment, ctx: &mut Context<Self>) {
        fail_point(Self::NAME);
        let job = assignment.job.clone();
        self.running.insert(job.id.clone(), job.kind);
        let Scheduling { workshop, clock, roster, stop, .. } = &self.scheduling;
        let attendance =
            Attendance { desk, workshop: Rc::clone(workshop), clock: Arc::clone(clock), roster: Arc::clone(roster), stop: stop.clone() };
        let see_through = async move { (attendance.see_through(assignment).await, job) };
        ctx.spawn(see_through.into_actor(self).map(|(told, job), actor, ctx| {
            actor.running.remove(&job.id);
            actor.count();
            // There is room for the next one. A command that wants one job asks for one.
            if actor.serves {
                ctx.notify(LookForJobs);
            }
            actor.say(told);
        }));
    }
}

impl Handler<Tend> for JobScheduler {
    type Result = ();

    /// One round of a service: the desks are looked after, then jobs are looked for.
    fn handle(&mut self, Tend { rhythm }: Tend, ctx: &mut Context<Self>) {
        if self.tending || self.asked_to_stop() {
            return;
        }
        (self.tending, self.serves) = (true, true);
        let now = self.scheduling.clock.now();
        let due = |every| self.rounds.tidied.is_none_or(|last| last.checked_add(every).is_ok_and(|next: Timestamp| next <= now));
        let tidy = rhythm.tidy_every.is_some_and(due);
        let (desks, since) = (self.scheduling.desks.clone(), rhythm.schedule.then_some(self.rounds.since));
        let round = async move { tend(&desks, since, now, tidy).await };
        ctx.spawn(round.into_actor(self).map(move |outcome, actor, ctx| {
            actor.tending = false;
            let Rounds { since, tidied } = &mut actor.rounds;
            // What became due while a desk could not be asked is due still.
            if outcome.is_ok() {
                *since = now;
            }
            if tidy {
                *tidied = Some(now);
            }
            actor.scheduling.roster.looked(actor.scheduling.clock.now(), outcome.as_ref().copied());
            if let Err(fault) = outcome {
                tracing::warn!(%fault, "a round failed; the next one tries again");
                if actor.errors.exceeded(&rhythm, now) {
                    return actor.say(Finished::Over(fault));
                }
            }
            ctx.notify(LookForJobs);
        }));
    }
}

/// Looks after every desk, whatever happens at the others; gives the first fault.
async fn tend(desks: &[Rc<dyn Desk>], since: Option<Timestamp>, now: Timestamp, tidy: bool) -> Result<(), Fault> {
    let mut first = Ok(());
    for desk in desks {
        let mut outcome = match since {
            Some(since) => desk.tend(since, now).await,
            None => Ok(()),
        };
        if tidy && outcome.is_ok() {
            outcome = desk.tidy(now).await;
        }
        if first.is_ok() {
            first = outcome;
        }
    }
    first
}

/// How a job ended that nobody could run.
fn unstarted(fault: Fault) -> Ended {
    Ended { status: JobStatus::Error, fault: Some(fault), counts: Counts::default() }
}
