//! The world outside: Salesforce and the indices.

pub mod content_cache;
pub mod counting;
pub mod elasticsearch;
pub mod embedded;
mod export;
pub mod extraction;
pub mod protocol;
mod retry;
pub mod salesforce;
#[cfg(test)]
mod stub;
mod tls;
mod words;

pub use export::ExportError;
