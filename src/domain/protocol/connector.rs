//! A connector of the protocol: what is read of it, and the patches that are written to it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{JobDocument, Object, allows, object, time};
use crate::{ConnectorId, JobStatus, JobType};

/// A connector as the cluster has it. Prints as its name: the configuration has secrets.
#[derive(Clone, PartialEq)]
pub struct Connector {
    /// Its identity.
    pub id: ConnectorId,
    source: Object,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Connector").field("id", &self.id).finish_non_exhaustive()
    }
}

/// How far a connector is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectorStatus {
    /// Nobody has looked at it yet, or somebody has to configure it.
    Waiting,
    /// Configured; whether it works is not known.
    Configured,
    /// It works.
    Connected,
    /// It does not.
    Error,
}

impl Connector {
    /// Reads the source of a document.
    pub fn new(id: ConnectorId, source: Object) -> Self {
        Self { id, source }
    }

    /// A field of the document; null when it is not there.
    pub fn field(&self, name: &str) -> &Value {
        self.source.get(name).unwrap_or(&Value::Null)
    }

    /// A field that is an object.
    pub fn object(&self, name: &str) -> Option<&Object> {
        self.field(name).as_object()
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.field(name).as_str().filter(|text| !text.is_empty())
    }

    /// Kind of source; `None` when nobody has said.
    pub fn service_type(&self) -> Option<&str> {
        self.text("service_type")
    }

    /// Where its documents go; `None` while no index is attached.
    pub fn index(&self) -> Option<&str> {
        self.text("index_name")
    }

    /// Whether somebody has deleted it; the document stays for a while.
    pub fn is_deleted(&self) -> bool {
        self.field("deleted") == &Value::Bool(true)
    }

    /// How far it is. A document without a status was made by hand and counts as configured.
    pub fn status(&self) -> ConnectorStatus {
        match self.text("status") {
            Some("created" | "needs_configuration") => ConnectorStatus::Waiting,
            Some("connected") => ConnectorStatus::Connected,
            Some("error") => ConnectorStatus::Error,
            _ => ConnectorStatus::Configured,
        }
    }

    /// What is wrong with it, as it says itself.
    pub fn error(&self) -> Option<&str> {
        self.text("error")
    }

    /// Its last sign of life.
    pub fn last_seen(&self) -> Option<Timestamp> {
        time::read(self.field("last_seen"))
    }

    /// When the last job of it ended.
    pub fn last_synced(&self) -> Option<Timestamp> {
        time::read(self.field("last_synced"))
    }

    /// Whether a job that excludes this kind is in work.
    pub fn is_busy(&self, kind: JobType) -> bool {
        self.text(status_field(kind)) == Some(JobStatus::InProgress.as_str())
    }

    /// For when the last job of this kind was made.
    pub fn scheduled_at(&self, kind: JobType) -> Option<Timestamp> {
        time::read(self.field(scheduled_field(kind)))
    }

    /// The expression of an enabled schedule.
    pub(super) fn interval(&self, kind: JobType) -> Option<&str> {
        let schedule = &self.field("scheduling")[kind.as_str()];
        if schedule["enabled"] == Value::Bool(true) { schedule["interval"].as_str() } else { None }
    }

    /// Whether its features offer jobs of this kind.
    pub(super) fn offers(&self, kind: JobType) -> bool {
        allows(self.field("features"), kind)
    }

    /// Its pipeline, completed by what the reference takes where it says nothing.
    pub fn pipeline(&self) -> Object {
        pipeline(self.field("pipeline"))
    }

    /// A job of this kind is about to begin.
    pub fn marked(kind: JobType) -> Object {
        object(json!({
            "status": "connected", "error": null,
            status_field(kind): JobStatus::InProgress.as_str(), error_field(kind): null,
        }))
    }

    /// It did not begin after all: everything that [`Self::marked`] writes as it was before.
    pub fn unmarked(&self, kind: JobType) -> Object {
        Self::marked(kind).into_iter().map(|(name, _)| (name.clone(), self.field(&name).clone())).collect()
    }

    /// Its org lets us in.
    pub fn reachable() -> Object {
        object(json!({ "status": "connected", "error": null }))
    }

    /// It cannot be synced.
    pub fn failed(text: &str) -> Object {
        object(json!({ "status": "error", "error": text }))
    }

    /// A job was made for this time.
    pub fn scheduled(kind: JobType, at: Timestamp) -> Object {
        object(json!({ scheduled_field(kind): time::written(at) }))
    }

    /// That job was not made after all.
    pub fn unscheduled(&self, kind: JobType) -> Object {
        object(json!({ scheduled_field(kind): self.field(scheduled_field(kind)) }))
    }

    /// A job ended as its document says.
    pub fn after(job: &JobDocument, now: Timestamp) -> Object {
        let (kind, status) = (job.kind(), job.status().unwrap_or(JobStatus::Error));
        let failed = status == JobStatus::Error;
        let error = if failed { json!(job.error().unwrap_or("unknown error")) } else { Value::Null };
        let mut patch = object(json!({
            "last_synced": time::written(now),
            "status": if failed { "error" } else { "connected" }, "error": error,
            status_field(kind): status.as_str(), error_field(kind): error,
        }));
        if status == JobStatus::Completed && kind != JobType::AccessControl {
            patch.insert("sync_cursor".to_owned(), Value::Null);
        }
        if matches!(status, JobStatus::Completed | JobStatus::Error | JobStatus::Canceled) {
            let counts = ["indexed_document_count", "deleted_document_count"];
            patch.extend(counts.map(|count| (format!("last_{count}"), job.field(count).clone())));
        }
        patch
    }

    /// The job that was in work cannot be found any more.
    pub fn without_its_job(kind: JobType, text: &str, now: Timestamp) -> Object {
        object(json!({
            "last_synced": time::written(now), "status": "error", "error": text,
            status_field(kind): JobStatus::Error.as_str(), error_field(kind): text,
        }))
    }
}

/// How the last job of a family ended; `in_progress` keeps other ones of it from beginning.
fn status_field(kind: JobType) -> &'static str {
    match kind {
        JobType::Full | JobType::Incremental => "last_sync_status",
        JobType::AccessControl => "last_access_control_sync_status",
    }
}

fn error_field(kind: JobType) -> &'static str {
    match kind {
        JobType::Full | JobType::Incremental => "last_sync_error",
        JobType::AccessControl => "last_access_control_sync_error",
    }
}

fn scheduled_field(kind: JobType) -> &'static str {
    match kind {
        JobType::Full => "last_sync_scheduled_at",
        JobType::Incremental => "last_incremental_sync_scheduled_at",
        JobType::AccessControl => "last_access_control_sync_scheduled_at",
    }
}

pub(super) fn pipeline(stored: &Value) -> Object {
    let mut pipeline = object(json!({
        "name": "search-default-ingestion", "extract_binary_content": true, "reduce_whitespace": true, "run_ml_inference": true,
    }));
    if let Value::Object(stored) = stored {
        pipeline.extend(stored.clone());
    }
    pipeline
}
