//! What benchmarks share: roles in processes of their own, and a way to print.

#[allow(dead_code, reason = "not every benchmark runs the program")]
pub(crate) mod program;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// Whatever goes wrong ends a benchmark.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// This program once more, in another role.
pub(crate) struct Process {
    pub(crate) child: Child,
    out: BufReader<std::process::ChildStdout>,
}
impl Process {
    /// Starts it.
    pub(crate) fn start(args: &[&str]) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?).args(args).stdout(Stdio::piped()).spawn()?;
        let out = BufReader::new(child.stdout.take().ok_or("no output")?);
        Ok(Self { child, out })
    }
    /// Its next line.
    pub(crate) fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        self.out.read_line(&mut line)?;
        if line.is_empty() { Err("a process ended before it said anything".into()) } else { Ok(line.trim().to_owned()) }
    }
}
impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its result")]
pub(crate) fn say(what: &dyn std::fmt::Display) {
    println!("{what}");
}
