//! The engine alone: CPU per record and peak memory, against a simulator in another process and an index that only counts.
//!
//! `cargo bench --bench engine [-- RECORDS...]`; without numbers 10,000, 100,000 and 500,000 records of about 1.6 kB.
//! CPU time and memory are the engine process's own, from the kernel; wall time is shown for orientation only.

mod common;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use actors::supervisor::Monitor;
use domain::JobStatus;
use serde_json::{Value, json};
use simulator::{Options, generate_plain, spawn};
use sluice::app::{self, Index};
use sluice::plan::Plan;
use sluice::settings::{Environment, Settings};
use tokio::sync::watch;

use common::{Failure, Process, say};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bytes of one record on the wire, about.
const RECORD: usize = 1600;
const SIZES: [usize; 3] = [10_000, 100_000, 500_000];
/// Ticks per second in `/proc/self/stat` (`getconf CLK_TCK`, 100 on every Linux in use).
const TICKS: f64 = 100.0;

fn main() -> Result<ExitCode, Failure> {
    let args: Vec<_> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["simulate", records] => simulate(records.parse()?)?,
        ["engine", url] => say(&engine(url)?),
        ref sizes => compare(sizes)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs every size in fresh processes and prints a table row for each.
fn compare(sizes: &[&str]) -> Result<(), Failure> {
    let given: Vec<usize> = sizes.iter().map(|size| size.parse()).collect::<Result<_, _>>()?;
    let sizes = if given.is_empty() { SIZES.to_vec() } else { given };
    say(&"| records | bytes per document | CPU s | CPU s per million | peak memory | wall s |\n|---|---|---|---|---|---|");
    for records in sizes {
        let mut org = Process::start(&["simulate", &records.to_string()])?;
        let url = org.line()?;
        let measured: Value = serde_json::from_str(&Process::start(&["engine", &url])?.line()?)?;
        let number = |key: &str| measured[key].as_f64().ok_or_else(|| format!("the engine did not measure `{key}`"));
        let (cpu, read) = (number("cpu_seconds")?, number("read")?);
        say(&format!(
            "| {read} | {:.0} | {cpu:.2} | {:.1} | {:.0} MB | {:.2} |",
            number("written_bytes")? / number("written")?,
            cpu / read * 1e6,
            number("peak_bytes")? / 1e6,
            number("wall_seconds")?
        ));
    }
    Ok(())
}

fn simulate(records: usize) -> Result<(), Failure> {
    let org = spawn(Options::new(Arc::new(generate_plain(1, records, RECORD))))?;
    say(&org.base_url);
    loop {
        std::thread::park();
    }
}

/// One dry run of everything that is there; what it took.
fn engine(url: &str) -> Result<Value, Failure> {
    let settings = json!({
        "index": { "kind": "embedded", "path": "unused" },
        "connectors": [{
            "connector_id": "bench",
            "index_name": "bench",
            "configuration": { "domain": "bench", "client_id": "sluice-demo", "client_secret": "sluice-demo-secret", "standard_objects_to_sync": "Account" },
        }],
        "salesforce": { "base_url": url },
        "content_cache": { "size": 0 },
    });
    let plan = Plan::try_from(Settings::parse(&settings.to_string(), &Environment::default())?)?;
    let (since, before) = (Instant::now(), cpu_seconds()?);
    let ended = actix_rt::System::new().block_on(async {
        let (_stop, stopped) = watch::channel(false);
        let connector = plan.connector(None)?;
        let (_, ended) =
            app::run_job(&plan, connector, domain::JobType::Full, &Index::counting(), Arc::new(Monitor::default()), stopped).await?;
        Ok::<_, Failure>(ended)
    })?;
    if ended.status != JobStatus::Completed {
        return Err(format!("the job did not complete: {:?}", ended.fault).into());
    }
    Ok(json!({
        "read": ended.counts.read,
        "written": ended.counts.written,
        "written_bytes": ended.counts.written_bytes,
        "cpu_seconds": cpu_seconds()? - before,
        "wall_seconds": since.elapsed().as_secs_f64(),
        "peak_bytes": peak_bytes()?,
    }))
}

/// User and system time of this process.
fn cpu_seconds() -> Result<f64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // Fields are counted from behind the command's closing parenthesis: 12 and 13 are utime and stime.
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).ok_or("unknown form of /proc/self/stat");
    Ok((ticks(11)? + ticks(12)?) / TICKS)
}

/// Peak of the resident set of this process.
fn peak_bytes() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("unknown form of /proc/self/status")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<u64>()? << 10)
}
