//! The engine on fakes and a paused clock, and the program itself on a simulated org. One module per promise: what belongs where is said on its first line.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod access;
mod backpressure;
mod bad_input;
mod bad_org;
mod builtin;
mod canned;
mod check;
mod crash;
mod deletes;
mod deploy;
mod files;
mod full_sync;
mod golden;
mod golden_access;
mod process;
mod program;
mod reference;
mod rules;
mod rules_engine;
mod service;
mod shutdown;
mod text;
mod world;
