//! `sluice extract-worker`: the process that reads files of strangers. Other commands start it and speak to it through a socket.

use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use adapters::extraction::builtin::{this_program, worker};

use super::Failure;
use crate::cli::ExtractWorkerArgs;

pub(super) fn run(args: &ExtractWorkerArgs) -> Result<ExitCode, Failure> {
    if !is_spoken_to() {
        return Err(Failure::Usage("`extract-worker` is for other commands, which start it by themselves".to_owned()));
    }
    if worker::memory_limit().is_none_or(|limit| limit > args.memory) {
        return Err(begin_anew(args).into());
    }
    worker::live(args.memory, args.cpu_seconds)?;
    Ok(ExitCode::SUCCESS)
}

/// Whether standard input is a socket to another process.
fn is_spoken_to() -> bool {
    let input = io::stdin().as_fd().try_clone_to_owned();
    input.is_ok_and(|input| UnixStream::from(input).local_addr().is_ok())
}

/// Becomes the same program once more, this time within the limits; comes back only if that fails.
///
/// The allocator sets a gigabyte of address space aside when a program begins. A limit below that which comes later would not hold for
/// what it gives out of it; one that is there from the beginning makes it take less.
fn begin_anew(args: &ExtractWorkerArgs) -> io::Error {
    let program = this_program();
    let limited = worker::limit_self(args.memory, args.cpu_seconds);
    match (program, limited) {
        (Ok(program), Ok(())) => Command::new(program).args(std::env::args_os().skip(1)).env_clear().exec(),
        (Err(error), _) | (_, Err(error)) => error,
    }
}
