//! `sluice run` with the flags of the reference connector's command, and that command's name.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::app::Duties;

/// The command of the reference connector. Invoked under this name, `sluice` behaves as `sluice run`.
const NAME: &str = "elastic-ingest";

/// `sluice run`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(after_help = "\
Examples:
  sluice run -c config.yml                                 all connectors, until a signal
  sluice run -c config.yml --action schedule               only post the jobs that are due
  sluice run -c config.yml --action sync_content           only run full and incremental jobs
  sluice run --action config --service-type salesforce     print what a connector can be told

Under the name `elastic-ingest` the program does the same, with the same flags.

Exit codes: 0 a signal ended it and everything in hand was finished, 1 it failed or was cut off, 2 the command line or the
configuration is wrong.")]
pub struct RunArgs {
    /// Configuration file
    #[arg(short, long, visible_alias = "config-file", value_name = "FILE", default_value = "config.yml")]
    pub config: PathBuf,
    /// What to do, may be repeated: schedule, sync_content, sync_access_control or cleanup, by default all four; or list or config, which print and leave
    #[arg(long, value_enum, ignore_case = true, hide_possible_values = true, value_name = "ACTION")]
    pub action: Vec<Action>,
    /// Kind of connector, for `--action config`
    #[arg(long, value_name = "TYPE")]
    pub service_type: Option<String>,
    /// The same as `--log-level debug`
    #[arg(long)]
    pub debug: bool,
    /// Log as JSON in the Elastic Common Schema
    #[arg(long)]
    pub filebeat: bool,
    /// Accepted and without a meaning
    #[arg(long, hide = true)]
    pub uvloop: bool,
}

/// Parts of the service, by the reference connector's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Action {
    /// Looks after connectors and posts jobs that are due.
    Schedule,
    /// Runs full and incremental jobs.
    SyncContent,
    /// Runs access control jobs.
    SyncAccessControl,
    /// Ends jobs whose worker is gone.
    Cleanup,
    /// Prints the kinds of connectors and leaves.
    List,
    /// Prints what a connector of a kind can be told, and leaves.
    Config,
}

/// What a command line of the service asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Serve.
    Serve(Duties),
    /// Print the kinds of connectors.
    List,
    /// Print what a connector can be told.
    Config,
}

impl RunArgs {
    /// What is asked for.
    ///
    /// # Errors
    /// `list` or `config` stands beside something else.
    pub fn order(&self) -> Result<Order, String> {
        match self.action.as_slice() {
            [] => Ok(Order::Serve(Duties::ALL)),
            [Action::List] => Ok(Order::List),
            [Action::Config] => Ok(Order::Config),
            actions if actions.contains(&Action::List) || actions.contains(&Action::Config) => {
                Err("`--action list` and `--action config` stand alone; leave the other actions out".to_owned())
            }
            actions => {
                let has = |action| actions.contains(&action);
                Ok(Order::Serve(Duties {
                    schedule: has(Action::Schedule),
                    content: has(Action::SyncContent),
                    access: has(Action::SyncAccessControl),
                    cleanup: has(Action::Cleanup),
                }))
            }
        }
    }
}

/// The arguments of this process; those of the reference's command as those of `sluice run`.
pub fn arguments(given: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut given = given.peekable();
    let is_ingest = |name: &OsString| Path::new(name).file_stem() == Some(OsStr::new(NAME));
    if !given.peek().is_some_and(is_ingest) {
        return given.collect();
    }
    let rest: Vec<_> = given.skip(1).collect();
    let name = OsString::from("sluice");
    // The reference's short flag for its version is another one.
    if rest.iter().any(|word| word == "-v" || word == "--version") {
        return vec![name, "--version".into()];
    }
    [name, "run".into()].into_iter().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command, LogLevel};

    fn typed(line: &str) -> Vec<OsString> {
        arguments(line.split_whitespace().map(OsString::from))
    }

    fn run(line: &str) -> (RunArgs, Cli) {
        let cli = Cli::try_parse_from(typed(line)).unwrap();
        let Command::Run(args) = cli.command.clone() else { panic!("{line}: another command") };
        (args, cli)
    }

    #[test]
    fn the_references_command_is_the_service() {
        let (args, cli) = run("/usr/bin/elastic-ingest -c /config/config.yml --log-level DEBUG --filebeat --uvloop");
        assert_eq!((args.config, args.filebeat, cli.log.log_level), ("/config/config.yml".into(), true, Some(LogLevel::Debug)));
        assert_eq!(run("elastic-ingest --config-file a.yml").0.config, PathBuf::from("a.yml"));
        assert_eq!(run("elastic-ingest").0.config, PathBuf::from("config.yml"));
        assert!(run("elastic-ingest --debug").0.debug);
        for line in ["elastic-ingest -v", "elastic-ingest --version", "elastic-ingest -c x --version"] {
            assert_eq!(typed(line), ["sluice", "--version"], "{line}");
        }
    }

    #[test]
    fn every_other_name_is_left_alone() {
        assert_eq!(typed("sluice demo --once"), ["sluice", "demo", "--once"]);
        assert_eq!(typed("/opt/elastic-ingest-old/sluice -v"), ["/opt/elastic-ingest-old/sluice", "-v"]);
    }

    #[test]
    fn actions_choose_what_is_done() {
        assert_eq!(run("sluice run").0.order(), Ok(Order::Serve(Duties::ALL)));
        let some = run("sluice run --action SCHEDULE --action cleanup").0.order();
        assert_eq!(some, Ok(Order::Serve(Duties { schedule: true, content: false, access: false, cleanup: true })));
        let all = "sluice run --action schedule --action sync_content --action sync_access_control --action cleanup";
        assert_eq!(run(all).0.order(), Ok(Order::Serve(Duties::ALL)));
        assert_eq!(run("sluice run --action list").0.order(), Ok(Order::List));
        assert_eq!(run("elastic-ingest --action config --service-type salesforce").0.order(), Ok(Order::Config));
        assert!(run("sluice run --action list --action schedule").0.order().unwrap_err().contains("stand alone"));
        assert_eq!(Cli::try_parse_from(typed("sluice run --action poll")).unwrap_err().exit_code(), 2);
    }
}
