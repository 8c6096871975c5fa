//! `sluice run`: the service, until a signal or until too much goes wrong.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use actors::roster::Roster;
use ports::Clock as _;
use tokio::sync::watch;

use super::{Failure, say};
use crate::admin::{self, Admin};
use crate::app::{self, Duties};
use crate::cli::{LogArgs, LogFormat, LogLevel};
use crate::clock::SystemClock;
use crate::ingest::{Order, RunArgs};
use crate::plan::Plan;
use crate::settings::{Environment, Settings};
use crate::telemetry;

/// What is said when a stop was not waited for.
const CUT_OFF: &str = "stopped before everything in hand was written; the next run goes on from the last checkpoints";

/// A service that looked at nothing for this many times its rhythm, and for this long at least, is stuck.
const MISSED_ROUNDS: u32 = 4;
const STUCK: Duration = Duration::from_secs(300);

pub(super) fn run(args: &RunArgs, log: LogArgs) -> Result<ExitCode, Failure> {
    match args.order().map_err(Failure::Usage)? {
        Order::Serve(duties) => serve(args, log, duties),
        Order::List => list(),
        Order::Config => configuration(args.service_type.as_deref()),
    }
}

fn serve(args: &RunArgs, log: LogArgs, duties: Duties) -> Result<ExitCode, Failure> {
    let settings = Settings::load(&args.config, &Environment::of_process())?;
    let ignored = settings.ignored().to_vec();
    let plan = Plan::try_from(settings)?;
    telemetry::start(LogArgs {
        log_level: if args.debug { Some(LogLevel::Debug) } else { log.log_level.or(Some(plan.log_level)) },
        log_format: if args.filebeat { LogFormat::Ecs } else { log.log_format },
    });
    for name in ignored {
        tracing::warn!(name, "a name at the first level of the configuration is not known and is ignored");
    }
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "the service starts");
    actix_rt::System::new().block_on(attend(plan, duties))
}

async fn attend(plan: Plan, duties: Duties) -> Result<ExitCode, Failure> {
    let (stop, clock) = (watch::channel(false).0, Arc::new(SystemClock));
    let roster = Arc::new(Roster::new(clock.now()));
    let drain_limit = plan.run.drain_limit;
    let stale_after = STUCK.max(plan.service.idling * MISSED_ROUNDS).max(plan.service.max_wait + STUCK);
    let admin = admin::serve(Admin { roster: Arc::clone(&roster), clock, stale_after }, plan.admin)?;
    tracing::info!(address = %admin.address, "health and metrics are served");
    let stopping = async {
        app::signal().await;
        tracing::info!("stopping: what is in hand is finished, a second signal ends at once");
        roster.stopping();
        stop.send_replace(true);
        tokio::select! {
            () = app::signal() => {}
            () = tokio::time::sleep(drain_limit) => {}
        }
    };
    let served = tokio::select! {
        served = app::serve(plan, duties, Arc::clone(&roster), stop.subscribe()) => served.map_err(Failure::from),
        () = stopping => Err(Failure::Failed(CUT_OFF.to_owned())),
    };
    admin.stop().await;
    served?;
    tracing::info!("the service has stopped");
    Ok(ExitCode::SUCCESS)
}

/// The kinds of connectors, in the form of the reference's command.
fn list() -> Result<ExitCode, Failure> {
    say("Registered connectors:\n- Salesforce\nBye")?;
    Ok(ExitCode::SUCCESS)
}

/// What a connector can be told, as the protocol has it, in the form of the reference's command.
fn configuration(service_type: Option<&str>) -> Result<ExitCode, Failure> {
    let Some("salesforce") = service_type else {
        let given = service_type.map_or_else(|| "is missing".to_owned(), |other| format!("is `{}`", other.escape_debug()));
        return Err(Failure::Usage(format!("`--service-type` {given}, must be `salesforce`")));
    };
    let fields = serde_json::Value::Object(domain::protocol::simple());
    say(format_args!("Getting default configuration for service type salesforce\n{fields:#}\nBye"))?;
    Ok(ExitCode::SUCCESS)
}
