//! One job from its claim to its end: given to a supervisor, reported on, stopped when nobody wants it any more.

use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::Actor as _;
use domain::{EN_PANIC, ES_TAKEN_OVER, Ended, Fault, Job, JobStatus};
use ports::{Assignment, Clock, Desk, Wish};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::{Finished, Workshop, unstarted};
use crate::lease::Lease;
use crate::messages::StartRun;
use crate::roster::Roster;
use crate::supervisor::{ConnectorWork, Monitor, RunSupervisor};

/// How often the desk is told how far a job is; the reference's interval.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// What seeing a job through takes.
pub(super) struct Attendance {
    pub(super) desk: Rc<dyn Desk>,
    pub(super) workshop: Rc<dyn Workshop>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) roster: Arc<Roster>,
    /// The stop of the whole process.
    pub(super) stop: watch::Receiver<bool>,
}

/// Why a job was told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// The process stops.
    Process,
    /// Somebody asked to cancel it.
    Canceled,
    /// It belongs to somebody else.
    TakenOver,
}

impl Attendance {
    /// Runs the job and tells the desk how it ended.
    pub(super) async fn see_through(self, assignment: Assignment) -> Finished {
        let job = assignment.job.clone();
        let (stop, stopped) = watch::channel(false);
        let lease = Rc::new(Lease::new(self.desk.silence()));
        let (ended, why) = match self.workshop.work(&assignment, stopped) {
            Err(fault) => (unstarted(fault), None),
            Ok(work) => {
                self.roster.began(&job, &work.monitor, self.clock.now());
                self.run(work, &job, &stop, &lease).await
            }
        };
        let ended = match why {
            Some(Why::Canceled) if ended.status == JobStatus::Suspended => Ended { status: JobStatus::Canceled, ..ended },
            _ => ended,
        };
        self.roster.ended(&job, &ended, self.clock.now());
        // What belongs to somebody else is theirs to end.
        let told = if why == Some(Why::TakenOver) { Ok(()) } else { self.desk.finish(&job, &ended, self.clock.now()).await };
        self.desk.leave(&job);
        match told {
            Ok(()) => Finished::Job(job, ended),
            Err(fault) => Finished::Desk(fault.context("write how the job ended")),
        }
    }

    async fn run(&self, work: ConnectorWork, job: &Job, stop: &watch::Sender<bool>, lease: &Rc<Lease>) -> (Ended, Option<Why>) {
        let monitor = Arc::clone(&work.monitor);
        let work = ConnectorWork { ports: work.ports.under(lease), ..work };
        let supervisor = RunSupervisor::new(work).start();
        let (ended_tx, mut ended) = oneshot::channel();
        #[expect(clippy::disallowed_methods, reason = "an order outside the data path")]
        let _ = supervisor.try_send(StartRun { job: job.clone(), ended: ended_tx });
        let unanswered = |_| unstarted(Fault::new(&EN_PANIC, "the run's supervisor did not answer"));
        let mut why = None;
        loop {
            let reason = tokio::select! {
                ended = &mut ended => return (ended.unwrap_or_else(unanswered), why),
                reason = self.reason_to_stop(job, &monitor, lease), if why != Some(Why::TakenOver) => reason,
                () = asked(&self.stop), if why.is_none() => Why::Process,
            };
            tracing::info!(job = %job.id, ?reason, "a job is stopped");
            why = Some(reason);
            stop.send_replace(true);
            if reason != Why::Process {
                // The end of it needs no more reports.
                return (ended.await.unwrap_or_else(unanswered), why);
            }
        }
    }

    /// Tells the desk how far the job is until it is not wanted any more.
    async fn reason_to_stop(&self, job: &Job, monitor: &Monitor, lease: &Lease) -> Why {
        loop {
            tokio::time::sleep(REPORT_EVERY).await;
            let counts = monitor.stats().map(|stats| stats.counts()).unwrap_or_default();
            let asked = Instant::now();
            match self.desk.progress(job, &counts, self.clock.now()).await {
                Ok(Wish::GoOn) => lease.confirm(asked),
                Ok(Wish::Cancel) => return Why::Canceled,
                Err(fault) if fault.code == &ES_TAKEN_OVER => {
                    tracing::warn!(job = %job.id, %fault, "another process has the job; this one writes nothing more");
                    lease.lose();
                    return Why::TakenOver;
                }
                Err(fault) => tracing::warn!(job = %job.id, %fault, "the desk could not be told how far the job is"),
            }
        }
    }
}

/// Ends when a stop is asked for; never when nobody is left who could ask.
async fn asked(stop: &watch::Receiver<bool>) {
    if stop.clone().wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<Infallible>().await;
    }
}
