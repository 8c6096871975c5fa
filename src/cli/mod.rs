//! The command line: commands, flags, and what `--help` says about them.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use domain::JobType;

use crate::commands::RulesArgs;
use crate::ingest::{self, RunArgs};

/// Exit code of a job that failed.
pub const EXIT_FAILED: u8 = 1;
/// Exit code of a wrong command line or configuration. The command-line parser uses the same.
pub const EXIT_USAGE: u8 = 2;

const EXAMPLES: &str = "\
Examples:
  sluice demo                                  see it work, with nothing to set up
  sluice check -c config.yml                   ask the index and the org whether it would work
  sluice rules test -c config.yml              see what sync rules do to a few records
  sluice sync -c config.yml                    bring the index up to date, once
  sluice run -c config.yml                     keep it up to date
  sluice export -c config.yml --index NAME     print the index
  sluice help sync                             what a command can do";

/// Reads a Salesforce org and keeps a search index of it
#[derive(Clone, Debug, Parser)]
#[command(name = "sluice", version, propagate_version = true, after_help = EXAMPLES, disable_help_subcommand = false)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How logs are written.
    #[command(flatten)]
    pub log: LogArgs,
}

/// How logs are written; they go to standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
#[command(next_help_heading = "Logging")]
pub struct LogArgs {
    /// Least level of what is logged: off, error, warn, info, debug or trace
    ///
    /// By default info; `sluice run` goes by `service.log_level` of its configuration.
    #[arg(long, global = true, value_enum, ignore_case = true, hide_possible_values = true, value_name = "LEVEL")]
    pub log_level: Option<LogLevel>,
    /// Form of log lines: text, json, or ecs for JSON in the Elastic Common Schema
    #[arg(long, global = true, value_enum, ignore_case = true, hide_possible_values = true, default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,
}

/// Forms of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object per line.
    Json,
    /// The same with the field names of the Elastic Common Schema.
    Ecs,
}

/// Levels of log lines, with the reference connector's names for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// A person must act.
    #[value(alias = "critical")]
    Error,
    /// Something is worth a look.
    #[value(alias = "warning")]
    Warn,
    /// What happens.
    Info,
    /// How it happens.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// Reads the name, the reference connector's included.
    pub fn parse(name: &str) -> Option<Self> {
        Self::from_str(name, true).ok()
    }

    /// The name as log filters spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// For people or for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Lines for people.
    Text,
    /// One JSON object per line.
    Json,
}

/// The commands.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Sync a simulated org into an embedded index and search it in the browser
    Demo(DemoArgs),
    /// Serve all connectors: run their jobs when they are due
    Run(RunArgs),
    /// Run one job now
    Sync(SyncArgs),
    /// Ask the index and the orgs whether jobs would work
    Check(CheckArgs),
    /// Try sync rules before a job does
    Rules(RulesArgs),
    /// Carry out the deletes that a full job held back because they were too many
    ConfirmDeletes(ConfirmArgs),
    /// Forget the content of files that was kept, so that the next job downloads all of them
    ClearCache(ClearCacheArgs),
    /// Print the documents of an index as NDJSON, sorted by id
    Export(ExportArgs),
    /// Serve a simulated Salesforce org on loopback
    Simulate(SimulateArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Read files for another command, which starts this one
    #[command(hide = true)]
    ExtractWorker(ExtractWorkerArgs),
}

/// `sluice demo`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(after_help = "\
Examples:
  sluice demo                        sync, then search at http://127.0.0.1:8265
  sluice demo --once --data ./demo   sync into ./demo and leave
  sluice demo --seed 7 --scale 10    another org, ten times as large")]
pub struct DemoArgs {
    /// Leave when the sync is done, instead of serving the search page
    #[arg(long)]
    pub once: bool,
    /// Directory of the embedded index; by default a temporary one
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Port of the search page; 0 takes any free one
    #[arg(long, value_name = "N", default_value_t = 8265)]
    pub port: u16,
    /// Which org is made up
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Size of the org: 1 is about 3,000 records
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub scale: u32,
}

/// `sluice sync`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(after_help = "\
Examples:
  sluice sync -c config.yml                          the only connector of the file
  sluice sync -c config.yml --connector sf-prod      one of several
  sluice sync -c config.yml --dry-run --output json  read all, write nothing, print JSON
  sluice sync -c config.yml --print-plan             what would run, with every default

Exit codes: 0 the job completed, 1 it failed, 2 the command line or the configuration is wrong.")]
pub struct SyncArgs {
    /// Configuration file
    #[arg(short, long, value_name = "FILE")]
    pub config: PathBuf,
    /// Connector to sync; may be left out if there is only one
    #[arg(long, value_name = "ID")]
    pub connector: Option<String>,
    /// Kind of job: `full`, or `access_control` for who may read what
    #[arg(long, value_name = "KIND", default_value = "full", value_parser = job)]
    pub job: JobType,
    /// Form of the summary on standard output: text or json
    #[arg(long, value_enum, hide_possible_values = true, default_value = "text", value_name = "FORMAT")]
    pub output: Format,
    /// Read and build all documents, but write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print the plan with secrets hidden, and leave
    #[arg(long)]
    pub print_plan: bool,
}

/// `sluice check`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(after_help = "\
Examples:
  sluice check -c config.yml                      all that jobs need, connector by connector
  sluice check -c config.yml --connector sf-prod  one connector, and what all share
  sluice check -c config.yml --output json        a line of JSON for each check

Nothing is written anywhere. Exit codes: 0 nothing fails, 1 something does, 2 the command line or the configuration is wrong.")]
pub struct CheckArgs {
    /// Configuration file
    #[arg(short, long, value_name = "FILE")]
    pub config: PathBuf,
    /// Connector to look at; all of them if it is left out
    #[arg(long, value_name = "ID")]
    pub connector: Option<String>,
    /// Form of the findings on standard output: text or json
    #[arg(long, value_enum, hide_possible_values = true, default_value = "text", value_name = "FORMAT")]
    pub output: Format,
}

/// `sluice confirm-deletes`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(after_help = "\
Examples:
  sluice confirm-deletes -c config.yml                         of the only connector of the file
  sluice confirm-deletes -c config.yml --connector sf-prod     of one of several

A full job deletes nothing and fails when it would delete more of the index than `run.delete_limit`. This command deletes what
that job had found gone, except what was written since.")]
pub struct ConfirmArgs {
    /// Configuration file
    #[arg(short, long, value_name = "FILE")]
    pub config: PathBuf,
    /// Connector; may be left out if there is only one
    #[arg(long, value_name = "ID")]
    pub connector: Option<String>,
}

/// `sluice clear-cache`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(after_help = "\
Examples:
  sluice clear-cache -c config.yml   empty the file under `content_cache.path`")]
pub struct ClearCacheArgs {
    /// Configuration file that names the cache
    #[arg(short, long, value_name = "FILE")]
    pub config: PathBuf,
}

/// `sluice export`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(after_help = "\
Examples:
  sluice export -c config.yml --index search-salesforce > documents.ndjson
  sluice export --data ./demo --index demo | head -1")]
pub struct ExportArgs {
    /// Where the index is.
    #[command(flatten)]
    pub from: ExportFrom,
    /// Index to print
    #[arg(long, value_name = "NAME")]
    pub index: String,
}

/// Where the index is: exactly one of the two is given.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[group(required = true, multiple = false)]
pub struct ExportFrom {
    /// Configuration file that names the index's place
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Directory of an embedded index
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// `sluice simulate`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(after_help = "\
Examples:
  sluice simulate                              a made-up org at http://127.0.0.1:8266
  sluice simulate --seed 7 --scale 10          another one, ten times as large
  sluice simulate --org ./my-org --port 0      records from files, on any free port
  sluice simulate --faults faults.json         with scripted misbehaviour

Sign in with client id `sluice-demo` and client secret `sluice-demo-secret`.")]
pub struct SimulateArgs {
    /// Directory with the org's schema, records and files, instead of a made-up org
    #[arg(long, value_name = "DIR", conflicts_with_all = ["seed", "scale"])]
    pub org: Option<PathBuf>,
    /// Which org is made up
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Size of the made-up org: 1 is about 3,000 records
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub scale: u32,
    /// Port to listen on; 0 takes any free one
    #[arg(long, value_name = "N", default_value_t = 8266)]
    pub port: u16,
    /// Most rows on a page, below what a client asks for
    #[arg(long, value_name = "N", value_parser = page_size)]
    pub page_size: Option<usize>,
    /// File with scripted misbehaviour
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
}

/// `sluice completions`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(after_help = "\
Examples:
  sluice completions bash > /etc/bash_completion.d/sluice
  sluice completions zsh > ~/.zfunc/_sluice")]
pub struct CompletionsArgs {
    /// Shell to write for
    #[arg(value_enum)]
    pub shell: Shell,
}

/// `sluice extract-worker`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct ExtractWorkerArgs {
    /// Bytes of memory that it may take
    #[arg(value_name = "BYTES")]
    pub memory: u64,
    /// Seconds that it may spend on a processor
    #[arg(value_name = "SECONDS")]
    pub cpu_seconds: u64,
}

impl Cli {
    /// The command line of this process. Leaves the process with help, version, or a usage error and exit code 2.
    pub fn of_process() -> Self {
        Self::parse_from(ingest::arguments(std::env::args_os()))
    }
}

/// Writes the completion script of a shell.
///
/// # Errors
/// Those of `out`.
pub fn completions(shell: Shell, out: &mut dyn Write) -> io::Result<()> {
    // The generator panics on a closed pipe, so it writes to memory first.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sluice", &mut script);
    out.write_all(&script)
}

fn job(kind: &str) -> Result<JobType, String> {
    match kind {
        "full" => Ok(JobType::Full),
        "access_control" => Ok(JobType::AccessControl),
        "incremental" => Err("in this version an incremental job would read everything; use `--job full`".to_owned()),
        _ => Err("the kinds are `full`, `incremental` and `access_control`".to_owned()),
    }
}

fn page_size(rows: &str) -> Result<usize, String> {
    let fits = |rows: &usize| (1..=2000).contains(rows);
    rows.parse().ok().filter(fits).ok_or_else(|| "must be a whole number from 1 to 2000".to_owned())
}

#[cfg(test)]
mod tests;
