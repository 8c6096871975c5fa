//! `sluice confirm-deletes`: carries out the deletes that a full job held back because they were too many.

use std::process::ExitCode;

use actors::deletes;

use super::{Failure, say};
use crate::app::Index;
use crate::cli::ConfirmArgs;
use crate::plan::Plan;
use crate::settings::{Environment, Settings};

pub(super) fn run(args: &ConfirmArgs) -> Result<ExitCode, Failure> {
    let plan = Plan::try_from(Settings::load(&args.config, &Environment::of_process())?)?;
    let connector = plan.connector(args.connector.as_deref())?;
    actix_rt::System::new().block_on(async {
        let index = Index::open(&plan.index).await?;
        let sink = index.documents_of(connector, domain::JobType::Full)?;
        let Some((hold, deleted)) = deletes::confirm(&*sink, &*index.checkpoints, &connector.id).await? else {
            say(format_args!("no deletes of `{}` wait", connector.id))?;
            return Ok(ExitCode::SUCCESS);
        };
        let touched = hold.doomed.saturating_sub(deleted);
        let rest = if touched > 0 { format!("; {touched} were written or deleted since and left alone") } else { String::new() };
        say(format_args!("{deleted} of {} documents deleted from `{}`, held back since {}{rest}", hold.total, hold.index, hold.at))?;
        Ok(ExitCode::SUCCESS)
    })
}
