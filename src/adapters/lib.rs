//! The world outside: Salesforce and the indices.

pub mod counting;
pub mod embedded;
pub mod salesforce;
