//! The commands: each takes its arguments and ends in an exit code or in one line that says what to do.

mod check;
mod clear_cache;
mod confirm;
mod demo;
mod export;
mod extract_worker;
mod rules;
mod run;
mod simulate;
mod sync;

use std::io::{self, Write};
use std::process::ExitCode;

use adapters::ExportError;
use domain::{Fault, FaultClass};

use crate::cli::{Cli, Command, EXIT_FAILED, EXIT_USAGE, completions};
use crate::settings::Mistakes;
use crate::telemetry;

pub use rules::{RulesArgs, RulesCommand, RulesTestArgs};

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line or the configuration is wrong.
    #[error("{0}")]
    Usage(String),
    /// Something failed.
    #[error("{0}")]
    Failed(String),
    /// Whoever read the output went away.
    #[error("the output was closed")]
    Closed,
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        if fault.class() == FaultClass::Fatal { Self::Usage(fault.to_string()) } else { Self::Failed(fault.to_string()) }
    }
}
impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Index(fault) => fault.into(),
            ExportError::Output(error) => error.into(),
        }
    }
}
impl From<Mistakes> for Failure {
    fn from(mistakes: Mistakes) -> Self {
        Self::Usage(mistakes.to_string())
    }
}
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::Closed } else { Self::Failed(error.to_string()) }
    }
}

/// Runs a command line to its end.
pub fn run(cli: Cli) -> ExitCode {
    // The service's configuration has a say in how it logs. Who reads files of strangers says nothing.
    if !matches!(cli.command, Command::Run(_) | Command::ExtractWorker(_)) {
        telemetry::start(cli.log);
    }
    let done = match cli.command {
        Command::Run(args) => run::run(&args, cli.log),
        Command::Demo(args) => demo::run(&args),
        Command::ConfirmDeletes(args) => confirm::run(&args),
        Command::Sync(args) => sync::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Rules(RulesArgs { command: RulesCommand::Test(args) }) => rules::test(&args),
        Command::ClearCache(args) => clear_cache::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Completions(args) => completions(args.shell, &mut io::stdout().lock()).map(|()| ExitCode::SUCCESS).map_err(Failure::from),
        Command::ExtractWorker(args) => extract_worker::run(&args),
    };
    done.unwrap_or_else(|failure| {
        let code = match failure {
            Failure::Closed => return ExitCode::SUCCESS,
            Failure::Usage(_) => EXIT_USAGE,
            Failure::Failed(_) => EXIT_FAILED,
        };
        for line in failure.to_string().lines() {
            // A standard error that is closed leaves nobody to tell.
            let _ = writeln!(io::stderr(), "sluice: {}", plain(line));
        }
        ExitCode::from(code)
    })
}

/// A line as a terminal may have it: what a file or a server says in it cannot steer the terminal.
fn plain(line: &str) -> String {
    without_numbers(line).replace(char::is_control, " ")
}

/// A line without the numbers that the system gives its errors; its words are there as well.
fn without_numbers(line: &str) -> String {
    let mut parts = line.split(" (os error ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    parts.for_each(|part| out.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches(')')));
    out
}

/// Prints one line on standard output.
fn say(line: impl std::fmt::Display) -> Result<(), Failure> {
    writeln!(io::stdout(), "{line}")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_are_told_in_words() {
        let line = "cannot load a: Not a directory (os error 20); b: Broken pipe (os error 32)";
        assert_eq!(without_numbers(line), "cannot load a: Not a directory; b: Broken pipe");
        assert_eq!(without_numbers("nothing to see"), "nothing to see");
    }

    #[test]
    fn no_line_steers_a_terminal() {
        assert_eq!(plain("the query \u{1b}[31mSELECT\t\0 is wrong"), "the query  [31mSELECT   is wrong");
    }
}
