//! The command line of `sluice rules`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::Format;

const EXAMPLES: &str = "\
Examples:
  sluice rules test -c config.yml                          ten records of each object, or of each advanced rule
  sluice rules test -c config.yml --connector sf-prod      one of several connectors
  sluice rules test -c config.yml --sample 200             look at more of them
  sluice rules test -c config.yml --output json            a line of JSON for each document

Records and the files that hang on them are read, nothing is written anywhere. Shown are ids and names of objects, no other values
of records. Exit codes: 0 the rules work, 1 the org refuses them or cannot be read, 2 the command line, the configuration or the
rules are wrong.";

/// `sluice rules`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct RulesArgs {
    /// What to do with the rules.
    #[command(subcommand)]
    pub command: RulesCommand,
}

/// What can be done with sync rules.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum RulesCommand {
    /// Print for a sample of records which rule decides and why
    Test(RulesTestArgs),
}

/// `sluice rules test`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct RulesTestArgs {
    /// Configuration file
    #[arg(short, long, value_name = "FILE")]
    pub config: PathBuf,
    /// Connector whose rules are tried; may be left out if there is only one
    #[arg(long, value_name = "ID")]
    pub connector: Option<String>,
    /// Most records of each object, or of each advanced rule; they come from its first page
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=2000))]
    pub sample: u16,
    /// Form of what is said on standard output: text or json
    #[arg(long, value_enum, hide_possible_values = true, default_value = "text", value_name = "FORMAT")]
    pub output: Format,
}
