//! The connector protocol of Elastic as rules over JSON: what a connector and a job look like, who may do what, what is written when.
//!
//! | module | what it rules |
//! |---|---|
//! | `configuration` | the fields that a connector is configured by, and the patch that prepares one |
//! | `values` | what was typed into those fields |
//! | `connector` | reading a connector, patches of it |
//! | `job` | reading a job, patches of it |
//! | `filtering` | drafts of sync rules |
//! | `schedule` | what is due |
//! | `time` | date-times as the protocol writes them |
//!
//! Documents may hold secrets, so nothing here prints one.

mod configuration;
mod connector;
mod filtering;
mod job;
mod schedule;
mod time;
mod values;

use serde_json::{Map, Value, json};

use crate::JobType;

pub use configuration::{prepared, simple};
pub use connector::{Connector, ConnectorStatus};
pub use filtering::{Verdict, active, draft, drafted_queries, judge, judged};
pub use job::{Claim, JobDocument, Report, job_request, new_job};
pub use schedule::due;
pub use time::{read as read_time, written as written_time};
pub use values::{mistakes, values};

/// An object of JSON.
pub type Object = Map<String, Value>;

/// Where connectors are, by the alias of the index.
pub const CONNECTORS: &str = ".elastic-connectors";
/// Where their jobs are, by the alias of the index.
pub const JOBS: &str = ".elastic-connectors-sync-jobs";
/// What an alias of the protocol is followed by in the name of its index.
pub const INDEX_VERSION: &str = "-v1";
/// The kind of connector that this program is.
pub const SERVICE_TYPE: &str = "salesforce";

/// What this version does. Kibana offers what is enabled here and nothing else, so a line becomes `true` with the code that does it.
///
/// An incremental job reads everything, as the reference's
/// does. Kibana makes no API keys for it.
pub fn features() -> Value {
    json!({
        "sync_rules": { "basic": { "enabled": true }, "advanced": { "enabled": true } },
        "document_level_security": { "enabled": true },
        "incremental_sync": { "enabled": true },
        "native_connector_api_keys": { "enabled": false },
    })
}

/// Whether a feature that jobs of this kind need is enabled in `features`.
fn allows(features: &Value, kind: JobType) -> bool {
    let enabled = |feature: &str| features[feature]["enabled"] == Value::Bool(true);
    match kind {
        JobType::Full => true,
        JobType::Incremental => enabled("incremental_sync"),
        JobType::AccessControl => enabled("document_level_security"),
    }
}

/// Whether this version runs jobs of this kind.
pub fn is_supported(kind: JobType) -> bool {
    allows(&features(), kind)
}

/// Whether `value` is nothing to go by: null, or empty in its own way.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.iter().all(is_blank),
        Value::Object(object) => object.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// An object of JSON from the macro.
fn object(value: Value) -> Object {
    if let Value::Object(object) = value { object } else { Object::new() }
}

#[cfg(test)]
mod tests;
