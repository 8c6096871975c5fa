//! A Salesforce org over HTTP: for demonstrations, for tests, and for the continuous integration of others.
//!
//! [`spawn`] serves an [`org::Org`], which comes from a directory ([`load_dir`]) or from a seed ([`generate()`]).

mod catalog;
mod clock;
mod describe;
pub mod fault;
pub mod faults;
mod generate;
mod ids;
mod load;
mod options;
pub mod org;
pub mod permissions;
pub mod query;
mod server;

pub use catalog::standard as standard_objects;
pub use generate::{generate, generate_plain};
pub use ids::record_id;
pub use load::{LoadError, load_dir};
pub use options::{Credentials, Options, Refusal};
pub use server::{Endpoint, Request, Running, Stats, spawn, start};
