//! `sluice simulate`: the simulated org alone, until a signal.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use simulator::faults::FaultPlan;
use simulator::org::Org;
use simulator::{Options, generate, load_dir, spawn};

use super::{Failure, say};
use crate::app;
use crate::cli::SimulateArgs;

pub(super) fn run(args: &SimulateArgs) -> Result<ExitCode, Failure> {
    let org = org(args.org.as_deref(), args.seed, args.scale)?;
    let faults = args.faults.as_ref().map(FaultPlan::load).transpose().map_err(|error| Failure::Usage(error.to_string()))?;
    let options = Options { port: args.port, page_size: args.page_size, faults: faults.unwrap_or_default(), ..Options::new(Arc::new(org)) };
    let (client_id, client_secret) = (options.credentials.client_id.clone(), options.credentials.client_secret.clone());
    actix_rt::System::new().block_on(async {
        let running = spawn(options)?;
        say(format_args!("simulated org at {}, client id {client_id}, client secret {client_secret}; ctrl-c ends it", running.base_url))?;
        app::signal().await;
        running.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}

pub(super) fn org(dir: Option<&Path>, seed: u64, scale: u32) -> Result<Org, Failure> {
    match dir {
        Some(dir) => load_dir(dir).map_err(|error| Failure::Usage(error.to_string())),
        None => Ok(generate(seed, scale)),
    }
}
