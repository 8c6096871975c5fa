//! The engine against real servers, which `deploy/testbed` starts; deploy/testbed/README.md says how the tests are told of them.
#![expect(clippy::unwrap_used, reason = "every function here is part of a test")]

mod adapter;
mod brake;
mod content;
#[path = "../common/golden.rs"]
mod golden;
mod program;
mod proxy;
mod secured;
mod security;
mod server;
mod service;
mod weather;
mod whole;
