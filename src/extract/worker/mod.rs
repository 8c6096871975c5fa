//! The child process that reads files, and how it is spoken to.
//!
//! A parent writes [requests](frame::Request) to the child's standard input and reads one [answer](frame::Answer) to each from its
//! standard output, in order. The child is to be started with an empty environment and to call [`limit_self`] and
//! [`silence_panics`] first: readers of strange files abort now and then, and what they would say of it quotes the file.

pub mod frame;
#[cfg(test)]
mod tests;

use std::io::{self, BufReader, BufWriter, Read, Write};

use rustix::process::{Resource, Rlimit, setrlimit};

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

/// Limits this process for good: bytes of address space, seconds on a processor over its whole life, and no core dumps (they would
/// hold the files). Going past the first aborts it, past the second kills it.
///
/// # Errors
/// If the system refuses, for one because a limit is already lower.
pub fn limit_self(memory_bytes: u64, cpu_seconds: u64) -> io::Result<()> {
    for (resource, limit) in [(Resource::As, memory_bytes), (Resource::Cpu, cpu_seconds), (Resource::Core, 0)] {
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    }
    Ok(())
}

/// Makes panics of this process silent: their messages may quote the file. They are answered as [`crate::Refusal::Damaged`].
pub fn silence_panics() {
    std::panic::set_hook(Box::new(|_| {}));
}
