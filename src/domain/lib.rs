//! Pure types and rules: no I/O, no async, no clock, no actors.
//!
//! | module | what it rules |
//! |---|---|
//! | [`access`] | who may find which document |
//! | [`brake`] | how much a run may delete, and deletes that wait |
//! | [`bulk`] | where batches are cut, what an item's answer means |
//! | [`catalog`] | objects, fields, nested entities, and the shape of documents |
//! | `fault` | the one table of failures |
//! | `id_set` | many record ids in little room |
//! | `ids` | identities that parse |
//! | [`job`] | jobs, runs, checkpoints |
//! | [`json`] | splicing raw JSON |
//! | [`monitor`] | when too many documents were refused |
//! | [`protocol`] | connectors and jobs of the connector protocol |
//! | `record` | what travels |
//! | [`restart`] | another generation, or giving up |
//! | [`rules`] | sync rules: what an owner lets into the index |
//! | [`schedule`] | when jobs fire: the dialect of Quartz |
//! | `selection` | what an operator wants synced |
//! | [`soql`] | parsing and printing queries |
//! | [`sosl`] | parsing and printing full-text searches |
//! | [`stamp`] | date-times as documents show them |
//! | `watermark` | how far a run is safe |

pub mod access;
pub mod brake;
pub mod bulk;
pub mod catalog;
mod fault;
mod id_set;
mod ids;
pub mod job;
pub mod json;
pub mod monitor;
pub mod protocol;
mod record;
pub mod restart;
pub mod rules;
pub mod schedule;
mod selection;
pub mod soql;
pub mod sosl;
pub mod stamp;
mod watermark;

pub use brake::{Brake, Hold, Swept};
pub use bulk::ItemOutcome;
pub use catalog::{ChildPlan, ObjectPlan};
pub use fault::*;
pub use id_set::IdSet;
pub use ids::{ConnectorId, IndexName, JobId, NotAnId, RecordId, RunId};
pub use jiff::Timestamp;
pub use job::{ABANDONED_AFTER, Checkpoint, Counts, Ended, Job, JobStatus, JobType, Progress, REMEMBERED};
pub use record::{BulkOp, ChildList, ChildRow, Children, Document, Page, PageCursor, Record};
pub use selection::{Names, NestedLimit, Selection};
pub use watermark::{PageNo, Verdict, Watermark};
