//! The world outside: Salesforce and the indices.

pub mod counting;
pub mod elasticsearch;
pub mod embedded;
pub mod protocol;
mod retry;
pub mod salesforce;
#[cfg(test)]
mod stub;
mod tls;
mod words;
