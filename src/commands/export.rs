//! `sluice export`: the index as NDJSON, sorted by id.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use adapters::embedded::Embedded;

use super::Failure;
use crate::app;
use crate::cli::ExportArgs;
use crate::plan::{ClusterPlan, IndexPlan};
use crate::settings::{Environment, Settings};

pub(super) fn run(args: &ExportArgs) -> Result<ExitCode, Failure> {
    match (&args.from.config, &args.from.data) {
        (Some(config), _) => match IndexPlan::of(&Settings::load(config, &Environment::of_process())?)? {
            IndexPlan::Embedded { path } => from_embedded(path, &args.index),
            IndexPlan::Cluster(cluster) => actix_rt::System::new().block_on(from_cluster(&cluster, &args.index)),
        },
        (None, Some(data)) => from_embedded(data.clone(), &args.index),
        (None, None) => Err(Failure::Usage("give `-c FILE` or `--data DIR`".to_owned())),
    }
}

fn from_embedded(path: PathBuf, index: &str) -> Result<ExitCode, Failure> {
    let reader = Embedded::read_only(path)?;
    let mut out = Lines::new();
    let written = reader.export(index, |id, body| out.add(id, body))?;
    if written == 0 {
        let known = reader.indices()?;
        let known = if known.is_empty() { "none yet".to_owned() } else { known.join(", ") };
        return Err(Failure::Failed(format!("the index `{index}` has no documents; there are: {known}")));
    }
    out.end()
}

async fn from_cluster(plan: &ClusterPlan, index: &str) -> Result<ExitCode, Failure> {
    let cluster = app::connect(plan).await?;
    let mut out = Lines::new();
    let written = cluster.export(index, |id, body| out.add(id, body)).await?;
    if written == 0 {
        return Err(Failure::Failed(format!("the index `{index}` has no documents")));
    }
    out.end()
}

/// Standard output, a line per document.
struct Lines(BufWriter<io::Stdout>);

impl Lines {
    fn new() -> Self {
        Self(BufWriter::with_capacity(1 << 20, io::stdout()))
    }

    fn add(&mut self, id: &str, body: &[u8]) -> io::Result<()> {
        // Salesforce's ids need no escapes; in an index of others anything may be an id.
        let id = serde_json::Value::from(id);
        write!(self.0, "{{\"_id\":{id},\"_source\":")?;
        self.0.write_all(body)?;
        self.0.write_all(b"}\n")
    }

    fn end(mut self) -> Result<ExitCode, Failure> {
        self.0.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}
