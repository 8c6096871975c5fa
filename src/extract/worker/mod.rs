//! The child process that reads files, and how it is spoken to.
//!
//! A parent gives the child one end of a socket as its standard input, writes [requests](frame::Request) to the other end and reads one
//! [answer](frame::Answer) to each from it, in order. Nothing else is said there: what a library prints goes to the other two streams.
//! The child is to be started with an empty environment and spends its [life](live) within limits: readers of strange files abort now
//! and then, and what they would say of it quotes the file.
//!
//! What is enforced, by the kernel: bytes of address space, seconds on a processor, no core dumps, nothing is written to a file, no
//! descriptor is opened (hence no file and no socket, so no network), the child ends with the thread that started it. What is not: the
//! child runs as the same user and could still look at what needs no descriptor, such as whether a path is there.

pub mod frame;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::fd::AsFd as _;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{Limits, extract};
use frame::{Answer, Request};

/// Answers requests until the input ends between two of them, and tells how many there were.
///
/// # Errors
/// If the input ends within a request or is no request, or if either side fails; there is no going on then.
pub fn serve(input: impl Read, output: impl Write, limits: Limits) -> io::Result<u64> {
    let (mut input, mut output) = (BufReader::new(input), BufWriter::new(output));
    let mut served = 0;
    while let Some(Request { extension, bytes }) = Request::read(&mut input)? {
        Answer::of(extract(&extension, &bytes, &limits)).write(&mut output)?;
        output.flush()?;
        served += 1;
    }
    Ok(served)
}

/// Spends the life of a child: within the limits (see [`limit_self`]), answers what comes through the socket that standard input is,
/// and tells how many files there were. This process is good for nothing else afterwards.
///
/// # Errors
/// If the system refuses a limit, or those of [`serve`].
pub fn live(memory_bytes: u64, cpu_seconds: u64) -> io::Result<u64> {
    let line = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    limit_self(memory_bytes, cpu_seconds)?;
    silence_panics();
    seal_self()?;
    serve(&line, &line, Limits::within(memory_bytes))
}

/// Bytes of address space that this process may have, if there is a limit.
pub fn memory_limit() -> Option<u64> {
    getrlimit(Resource::As).current
}

/// Limits this process for good: bytes of address space, seconds on a processor over its whole life, nothing in files, no core dumps
/// (they would hold what was read), no life without the thread that started it. Going past the first aborts it, past the second kills
/// it. A limit that is lower already stays.
///
/// # Errors
/// If the system refuses.
pub fn limit_self(memory_bytes: u64, cpu_seconds: u64) -> io::Result<()> {
    for (resource, most) in [(Resource::As, memory_bytes), (Resource::Fsize, 0), (Resource::Core, 0)] {
        limit(resource, most, most)?;
    }
    // The first of the two ends the process by a signal that says why, the second by one that anybody may send.
    limit(Resource::Cpu, cpu_seconds, cpu_seconds.saturating_add(1))?;
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, Signal, set_dumpable_behavior, set_parent_process_death_signal};
        // The limit of core dumps does not hold where the system hands them to a program. This does, and keeps debuggers out.
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
        // A child that waits learns of the end of its parent by the end of its input; one that is at work would go on.
        set_parent_process_death_signal(Some(Signal::KILL))?;
    }
    Ok(())
}

/// From now on this process opens no file, socket or other descriptor. Those that are open stay.
///
/// # Errors
/// If the system refuses.
pub fn seal_self() -> io::Result<()> {
    // Numbers are given from the lowest that is free, and a process has its three standard streams.
    Ok(limit(Resource::Nofile, 3, 3)?)
}

fn limit(resource: Resource, most: u64, maximum: u64) -> rustix::io::Result<()> {
    let maximum = getrlimit(resource).maximum.map_or(maximum, |already| already.min(maximum));
    setrlimit(resource, Rlimit { current: Some(most.min(maximum)), maximum: Some(maximum) })
}

/// Makes panics of this process silent: their messages may quote the file. They are answered as [`crate::Refusal::Damaged`].
pub fn silence_panics() {
    std::panic::set_hook(Box::new(|_| {}));
}
