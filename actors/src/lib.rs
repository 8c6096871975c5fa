//! The running engine: every actor, every message, every edge.
//!
//! ```text
//! JobScheduler --StartRun--> RunSupervisor --generation--+
//!                                                        v
//! ObjectFetcher x N --RecordPage--> EntityJoiner --JoinedPage--> AclBuilder --SecuredPage-----------------> BulkWriter --> Sink
//!      ^                                                            \--SecuredFile--> ContentExtractor --SecuredPage--/
//!      | Source, Tokens (TokenManager)                                                                      |
//!      +------------- receipts: (page, settled | lost) --> Watermark --> Checkpoints <----------------------+
//! ```

pub mod access;
mod acl;
mod batch;
pub mod budget;
pub mod content;
pub mod deletes;
pub mod desk;
pub mod events;
mod extractor;
mod fetcher;
mod joiner;
#[cfg(any(test, feature = "kit"))]
pub mod kit;
pub mod lane;
pub mod lease;
pub mod lookup;
pub mod messages;
pub mod pipeline;
pub mod receipt;
pub mod roster;
pub mod scheduler;
pub mod stage;
pub mod supervisor;
pub mod survey;
pub mod tokens;
mod writer;

pub use joiner::Strikes;
