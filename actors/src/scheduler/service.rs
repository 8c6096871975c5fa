//! A scheduler as a service: rounds at a steady rhythm until a stop is asked for, then the end of what is in hand.

use std::time::Duration;

use domain::{Ended, Fault, Job};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::{Finished, SchedulerHandle};
use crate::messages::Tend;

/// How often a service looks, and how much may go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// Whether connectors are looked after and jobs posted when they are due.
    pub schedule: bool,
    /// Between two rounds.
    pub idling: Duration,
    /// Between two looks for jobs whose worker is gone, if any.
    pub tidy_every: Option<Duration>,
    /// Rounds that may fail within the span.
    pub max_errors: usize,
    /// For how long a failed round counts.
    pub max_errors_span: Duration,
}

impl SchedulerHandle {
    /// Serves until a stop is asked for and what was in hand then has ended.
    ///
    /// # Errors
    /// Too many rounds failed, or the scheduler is gone.
    pub async fn serve(&mut self, rhythm: Rhythm, mut stop: watch::Receiver<bool>) -> Result<(), Fault> {
        let mut rounds = tokio::time::interval(rhythm.idling);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = rounds.tick() => {
                    // A mailbox that is full has a round in it already; a dead scheduler shows in the channel.
                    #[expect(clippy::disallowed_methods, reason = "an order outside the data path")]
                    let _ = self.scheduler.try_send(Tend { rhythm });
                }
                finished = self.heard() => match finished {
                    Finished::Job(job, ended) => tell(&job, &ended),
                    Finished::Nothing => {}
                    Finished::Desk(fault) => tracing::warn!(%fault, "a desk did not answer; the next round tries again"),
                    Finished::Over(fault) => return Err(fault),
                },
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        // A scheduler that is gone has nothing in hand.
        let _ = self.in_hand.wait_for(|jobs| *jobs == 0).await;
        while let Ok(finished) = self.finished.try_recv() {
            if let Finished::Job(job, ended) = finished {
                tell(&job, &ended);
            }
        }
        Ok(())
    }
}

/// A service has nobody but its log to tell.
fn tell(job: &Job, ended: &Ended) {
    let (status, written, deleted) = (ended.status.as_str(), ended.counts.written, ended.counts.deleted);
    match &ended.fault {
        None => tracing::info!(job = %job.id, status, written, deleted, "a job ended"),
        Some(fault) => tracing::error!(job = %job.id, status, written, deleted, %fault, "a job failed"),
    }
}
