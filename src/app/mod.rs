//! Puts the engine together: the one place where adapters meet actors.

mod files;
mod index;
mod service;
mod workshop;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actors::desk::{OwnDesk, Served};
use actors::roster::Roster;
use actors::scheduler::{Finished, JobScheduler, Room, Scheduling};
use actors::supervisor::Monitor;
use domain::{Counts, EN_IN_WORK, Ended, Fault, Job, JobId, JobStatus, JobType};
use ports::Clock;
use tokio::sync::watch;

use crate::clock::SystemClock;
use crate::plan::{ConnectorPlan, Plan};

pub(crate) use files::{extraction, readers};
pub use index::{Index, connect};
pub use service::{Duties, serve};
pub(crate) use workshop::{org, rules};

use files::FileTools;
use index::elastic_config;
use workshop::PlannedWork;

/// Runs one job of a kind of one connector now: the one that waits for it if there is one, a new one otherwise.
///
/// # Errors
/// The job could not even be started or its end not be written. A job that failed is an [`Ended`].
pub async fn run_job(
    plan: &Plan,
    connector: &ConnectorPlan,
    kind: JobType,
    index: &Index,
    monitor: Arc<Monitor>,
    stop: watch::Receiver<bool>,
) -> Result<(Job, Ended), Fault> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let files = FileTools::open(plan)?;
    let work = PlannedWork { plan: Rc::new(plan.clone()), index: index.clone(), monitor: Some(monitor), files };
    // First, so that a configuration that cannot work leaves no job behind.
    work.of(connector, kind, stop.clone())?;
    let board = &index.board;
    let waits = |status| matches!(status, JobStatus::Pending | JobStatus::Suspended);
    if !board.history(&connector.id, kind.family(), 1).await?.iter().any(|record| waits(record.status)) {
        board.post(&new_job(connector, kind, &*clock), clock.now()).await?;
    }
    let served = Served { connector: connector.id.clone(), index: connector.index.clone(), schedules: Vec::new() };
    let mut scheduler = JobScheduler::start(Scheduling {
        desks: vec![Rc::new(OwnDesk::new(Rc::clone(board), vec![served]))],
        workshop: Rc::new(work),
        roster: Arc::new(Roster::new(clock.now())),
        room: if kind == JobType::AccessControl { Room { content: 0, access: 1 } } else { Room { content: 1, access: 0 } },
        clock: Arc::clone(&clock),
        stop: stop.clone(),
    });
    match scheduler.run_next().await {
        Finished::Job(job, ended) => Ok((job, ended)),
        Finished::Desk(fault) | Finished::Over(fault) => Err(fault),
        Finished::Nothing if *stop.borrow() => {
            let ended = Ended { status: JobStatus::Suspended, fault: None, counts: Counts::default() };
            Ok((new_job(connector, kind, &*clock), ended))
        }
        Finished::Nothing => Err(Fault::new(&EN_IN_WORK, format!("another process has a job of `{}` in work", connector.id))),
    }
}

fn new_job(connector: &ConnectorPlan, kind: JobType, clock: &dyn Clock) -> Job {
    Job {
        id: JobId::new(format!("{}-{}", connector.id, clock.now().as_microsecond())),
        connector: connector.id.clone(),
        index: kind.target(&connector.index),
        kind,
    }
}

/// Asks for a stop at the first SIGINT or SIGTERM. Ends at the second, or when the drain takes longer than `drain_limit`.
pub async fn watch_signals(stop: &watch::Sender<bool>, drain_limit: Duration) {
    signal().await;
    tracing::info!("stopping: what is in hand is finished, a second signal ends at once");
    stop.send_replace(true);
    tokio::select! {
        () = signal() => {}
        () = tokio::time::sleep(drain_limit) => {}
    }
    tracing::warn!("stopped before everything in hand was written; it will be read again");
}

/// Ends at the next SIGINT or SIGTERM.
pub async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = (interrupt, terminate) else {
        tracing::warn!("signals cannot be watched; a stop will be abrupt");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
