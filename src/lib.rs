//! The `sluice` program as a library, so that tests and benches can use its parts.

pub mod admin;
pub mod app;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod demo;
pub mod ingest;
pub mod plan;
mod progress;
mod serving;
pub mod settings;
mod status;
mod telemetry;
