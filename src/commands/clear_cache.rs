//! `sluice clear-cache`: forgets the content of files that was kept.

use std::process::ExitCode;

use adapters::content_cache::ContentStore;

use super::{Failure, say};
use crate::cli::ClearCacheArgs;
use crate::plan::{CachePlan, FilesPlan};
use crate::settings::{Environment, Settings};

pub(super) fn run(args: &ClearCacheArgs) -> Result<ExitCode, Failure> {
    let Some(CachePlan { path, .. }) = FilesPlan::of(&Settings::load(&args.config, &Environment::of_process())?)?.cache else {
        return Err(Failure::Failed("the configuration names no cache; give its `content_cache.path`".to_owned()));
    };
    let forgotten = ContentStore::clear(&path)?;
    say(format_args!("{forgotten} contents forgotten, in {}", path.display()))?;
    Ok(ExitCode::SUCCESS)
}
