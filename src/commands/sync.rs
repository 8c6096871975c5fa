//! `sluice sync`: one job now, with a progress display on a terminal and a summary at the end.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use actors::supervisor::Monitor;
use domain::{Ended, JobStatus, JobType};
use tokio::sync::watch;

use super::{Failure, say};
use crate::app::{self, Index};
use crate::cli::{Format, SyncArgs};
use crate::plan::{ConnectorPlan, Plan};
use crate::settings::{Environment, Settings};
use crate::{progress, status};

/// What is said of a job that a signal ended.
const INTERRUPTED: &str = "interrupted; the next sync goes on from the last checkpoint";

pub(super) fn run(args: &SyncArgs) -> Result<ExitCode, Failure> {
    let settings = Settings::load(&args.config, &Environment::of_process())?;
    for name in settings.ignored() {
        tracing::warn!(name, "a name at the first level of the configuration is not known and is ignored");
    }
    let mut plan = Plan::try_from(settings)?;
    if args.dry_run {
        // Nothing is written, there neither.
        plan.files.cache = None;
    }
    if args.print_plan {
        say(&plan)?;
        return Ok(ExitCode::SUCCESS);
    }
    let connector = plan.connector(args.connector.as_deref())?;
    actix_rt::System::new().block_on(async {
        let index = if args.dry_run { Index::counting() } else { Index::open(&plan.index).await? };
        let (stop, monitor, since) = (watch::channel(false).0, Arc::new(Monitor::default()), Instant::now());
        let (job, ended) = attend(&plan, connector, args.job, &index, &monitor, &stop).await?;
        let stats = monitor.stats();
        match args.output {
            Format::Json => say(status::summary(&job, connector.id.as_str(), &ended, stats.as_deref(), since.elapsed()))?,
            Format::Text => say(status::summary_text(&ended, stats.as_deref(), since.elapsed()))?,
        }
        exit_code(ended)
    })
}

/// Runs one job while a terminal shows how far it is and signals are heeded. Gives the job's id and how it ended.
pub(super) async fn attend(
    plan: &Plan,
    connector: &ConnectorPlan,
    kind: JobType,
    index: &Index,
    monitor: &Arc<Monitor>,
    stop: &watch::Sender<bool>,
) -> Result<(String, Ended), Failure> {
    tokio::select! {
        done = app::run_job(plan, connector, kind, index, Arc::clone(monitor), stop.subscribe()) => {
            let (job, ended) = done?;
            Ok((job.id.to_string(), ended))
        }
        () = progress::show(Arc::clone(monitor)) => unreachable!("the display has no end of its own"),
        () = app::watch_signals(stop, plan.run.drain_limit) => Err(Failure::Failed(INTERRUPTED.to_owned())),
    }
}

/// 0 for a completed job; one line about the cause for any other.
pub(super) fn exit_code(ended: Ended) -> Result<ExitCode, Failure> {
    match (ended.status, ended.fault) {
        (JobStatus::Completed, _) => Ok(ExitCode::SUCCESS),
        (_, Some(fault)) => Err(Failure::Failed(fault.to_string())),
        (_, None) => Err(Failure::Failed(INTERRUPTED.to_owned())),
    }
}
