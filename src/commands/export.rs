//! `sluice export`: the index as NDJSON, sorted by id.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use adapters::embedded::{Embedded, ExportError};

use super::Failure;
use crate::cli::ExportArgs;
use crate::plan::IndexPlan;
use crate::settings::{Environment, Settings};

pub(super) fn run(args: &ExportArgs) -> Result<ExitCode, Failure> {
    let path = match (&args.from.config, &args.from.data) {
        (Some(config), _) => {
            let IndexPlan::Embedded { path } = IndexPlan::of(&Settings::load(config, &Environment::of_process())?)?;
            path
        }
        (None, Some(data)) => data.clone(),
        (None, None) => return Err(Failure::Usage("give `-c FILE` or `--data DIR`".to_owned())),
    };
    let reader = Embedded::read_only(path)?;
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    let written = reader.export(&args.index, |id, body| {
        write!(out, "{{\"_id\":\"{id}\",\"_source\":")?;
        out.write_all(body)?;
        out.write_all(b"}\n")
    });
    match written {
        Ok(0) => {
            let known = reader.indices()?;
            let known = if known.is_empty() { "none yet".to_owned() } else { known.join(", ") };
            Err(Failure::Failed(format!("the index `{}` has no documents; there are: {known}", args.index)))
        }
        Ok(_) => {
            out.flush()?;
            Ok(ExitCode::SUCCESS)
        }
        Err(ExportError::Index(fault)) => Err(fault.into()),
        Err(ExportError::Output(error)) => Err(error.into()),
    }
}
