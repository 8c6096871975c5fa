//! A job of the protocol: what is read of it, and the patches that are written to it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Connector, Object, SERVICE_TYPE, connector, filtering, is_supported, object, time, values};
use crate::access::ACCESS_INDEX_PREFIX;
use crate::{CP_JOB, ConnectorId, Counts, Ended, Fault, IndexName, JobId, JobStatus, JobType};

/// Bytes of a MiB, the unit of volumes.
const MIB: u64 = 1 << 20;

/// A job as the cluster has it. Prints as its name: the configuration in it has secrets.
#[derive(Clone, PartialEq)]
pub struct JobDocument {
    /// Its identity.
    pub id: JobId,
    source: Object,
}

impl std::fmt::Debug for JobDocument {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("JobDocument").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Who claimed a job, and when: nobody else can have claimed it at that moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Host name of the worker.
    pub worker: String,
    /// `started_at` of the job.
    pub started: Option<Timestamp>,
}

impl JobDocument {
    /// Reads the source of a document.
    pub fn new(id: JobId, source: Object) -> Self {
        Self { id, source }
    }

    /// The same job with some fields changed.
    #[must_use]
    pub fn with(mut self, patch: Object) -> Self {
        self.source.extend(patch);
        self
    }

    /// A field of the document; null when it is not there.
    pub fn field(&self, name: &str) -> &Value {
        self.source.get(name).unwrap_or(&Value::Null)
    }

    fn of_connector(&self, name: &str) -> &Value {
        &self.field("connector")[name]
    }

    /// Whose it is.
    pub fn connector(&self) -> Option<ConnectorId> {
        self.of_connector("id").as_str().map(ConnectorId::new)
    }

    /// What is to be done. The protocol had no other kind at first.
    pub fn kind(&self) -> JobType {
        self.field("job_type").as_str().and_then(JobType::parse).unwrap_or(JobType::Full)
    }

    /// How it stands; `None`: in no way that is known.
    pub fn status(&self) -> Option<JobStatus> {
        self.field("status").as_str().and_then(JobStatus::parse)
    }

    /// Whether it waits for a worker.
    pub fn waits(&self) -> bool {
        matches!(self.status(), Some(JobStatus::Pending | JobStatus::Suspended))
    }

    /// Whether a worker has it.
    pub fn is_in_work(&self) -> bool {
        matches!(self.status(), Some(JobStatus::InProgress | JobStatus::Canceling))
    }

    /// Why it did not complete.
    pub fn error(&self) -> Option<&str> {
        self.field("error").as_str().filter(|text| !text.is_empty())
    }

    /// Its last sign of life.
    pub fn last_seen(&self) -> Option<Timestamp> {
        time::read(self.field("last_seen"))
    }

    /// Who has claimed it.
    pub fn claim(&self) -> Claim {
        let worker = self.field("worker_hostname").as_str().unwrap_or_default().to_owned();
        Claim { worker, started: time::read(self.field("started_at")) }
    }

    /// Where the connector's documents go; `None` when it had no index. Jobs for who may read what name the index of access documents, or,
    /// made by Connector APIs of before May 2024, that of the content.
    pub fn index(&self) -> Option<&str> {
        let name = self.of_connector("index_name").as_str()?;
        let name = name.strip_prefix(ACCESS_INDEX_PREFIX).filter(|_| self.kind() == JobType::AccessControl).unwrap_or(name);
        Some(name).filter(|name| !name.is_empty())
    }

    /// Kind of source that the connector was of.
    pub fn service_type(&self) -> Option<&str> {
        self.of_connector("service_type").as_str().filter(|name| !name.is_empty())
    }

    /// The bare values of the connector's configuration as it was when the job was made.
    pub fn configuration(&self) -> Object {
        self.of_connector("configuration").as_object().map(values).unwrap_or_default()
    }

    /// The connector's pipeline as it was then.
    pub fn pipeline(&self) -> Object {
        connector::pipeline(self.of_connector("pipeline"))
    }

    /// Basic rules that were active then, without the default one.
    pub fn basic_rules(&self) -> Vec<Value> {
        filtering::basic(&self.filter())
    }

    /// Advanced rules that were active then.
    pub fn advanced_rules(&self) -> Vec<Value> {
        filtering::advanced(&self.filter())
    }

    /// The reference writes one object, its documentation shows a list.
    fn filter(&self) -> Value {
        let filter = self.of_connector("filtering");
        if filter.is_array() { filtering::active(filter) } else { filter.clone() }
    }

    /// Whether this program can run it.
    ///
    /// # Errors
    /// `CP_JOB` says what about the job cannot be used.
    pub fn check(&self) -> Result<(), Fault> {
        let kind = self.kind();
        let problem = if !is_supported(kind) {
            format!("this version runs no {} jobs; disable their schedule", kind.as_str())
        } else if let Some(other) = self.service_type().filter(|other| *other != SERVICE_TYPE) {
            format!("the connector is of the type `{}`, and this service syncs `{SERVICE_TYPE}` only", other.escape_debug())
        } else if self.index().is_some_and(|name| name.starts_with(ACCESS_INDEX_PREFIX)) {
            "it would write content into an index of access documents; attach another index to the connector".to_owned()
        } else if self.index().is_none() {
            "no index was attached to the connector when the job was made; attach one".to_owned()
        } else if !self.of_connector("configuration").is_object() {
            "the connector had no configuration when the job was made; configure it".to_owned()
        } else {
            return Ok(());
        };
        Err(Fault::new(&CP_JOB, problem))
    }
}

/// A job to be made, for whoever writes it into the index: everything that it needs to know of its connector.
pub fn new_job(connector: &Connector, kind: JobType, now: Timestamp) -> Value {
    let index = connector.index().map(|index| kind.target(&IndexName::new(index)).to_string());
    json!({
        "connector": {
            "id": connector.id.as_str(), "index_name": index, "service_type": connector.field("service_type"),
            "language": connector.field("language"), "configuration": connector.field("configuration"),
            "pipeline": connector.pipeline(), "filtering": filtering::active(connector.field("filtering")),
        },
        "trigger_method": "scheduled", "job_type": kind.as_str(), "status": JobStatus::Pending.as_str(),
        "indexed_document_count": 0, "indexed_document_volume": 0, "deleted_document_count": 0,
        "created_at": time::written(now), "last_seen": time::written(now),
    })
}

/// The same for the Connector API, which knows the connector itself.
pub fn job_request(connector: &ConnectorId, kind: JobType) -> Value {
    json!({ "id": connector.as_str(), "job_type": kind.as_str(), "trigger_method": "scheduled" })
}

/// What is written of a job in work.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// What was done so far.
    pub counts: &'a Counts,
    /// When it was said.
    pub now: Timestamp,
}

impl Report<'_> {
    /// Counters by the names of the protocol, and ours that it has no names for.
    pub fn stats(&self) -> Object {
        let Counts { written, written_bytes, deleted, .. } = self.counts;
        let mebibytes = written_bytes / MIB + u64::from(written_bytes % MIB >= MIB / 2);
        // Every counter that the protocol has no name for.
        let mut others = object(json!(self.counts));
        others.retain(|name, _| !matches!(name.as_str(), "written" | "written_bytes" | "deleted"));
        object(json!({
            "indexed_document_count": written, "indexed_document_volume": mebibytes, "deleted_document_count": deleted, "metadata": others,
        }))
    }

    /// The same as a patch of the job.
    pub fn patch(&self) -> Object {
        let mut patch = self.stats();
        patch.insert("last_seen".to_owned(), json!(time::written(self.now)));
        patch
    }
}

impl Claim {
    /// What the claim writes to the job.
    pub fn patch(&self, cursor: &Value) -> Object {
        let started = self.started.map(time::written);
        object(json!({
            "status": JobStatus::InProgress.as_str(), "started_at": started, "last_seen": started,
            // The literal key, dot included, is what the reference writes.
            "worker_hostname": self.worker, "connector.sync_cursor": cursor,
        }))
    }
}

/// What the end of any job writes.
fn end(status: JobStatus, fault: Option<&Fault>, now: Timestamp) -> Object {
    let time = time::written(now);
    let mut patch = object(json!({ "last_seen": time, "status": status.as_str(), "error": fault.map(ToString::to_string) }));
    if status != JobStatus::Suspended {
        patch.insert("completed_at".to_owned(), json!(time));
    }
    if status == JobStatus::Canceled {
        patch.insert("canceled_at".to_owned(), json!(time));
    }
    patch
}

impl JobDocument {
    /// How a job of ours ended, as a patch of it. `total`: documents in the content index, if they could be counted.
    ///
    /// One that was to be canceled is not suspended: nobody wants it to go on.
    pub fn ended(&self, how: &Ended, total: Option<u64>, now: Timestamp) -> Object {
        let is_unwanted = self.status() == Some(JobStatus::Canceling) && how.status == JobStatus::Suspended;
        let status = if is_unwanted { JobStatus::Canceled } else { how.status };
        let mut patch = end(status, how.fault.as_ref(), now);
        patch.extend(Report { counts: &how.counts, now }.stats());
        if let Some(total) = total {
            patch.insert("total_document_count".to_owned(), json!(total));
        }
        patch
    }

    /// Whether [`Self::ended`] was written to it.
    pub fn has_ended(&self, how: &Ended) -> bool {
        self.status() == Some(how.status) || (self.status() == Some(JobStatus::Canceled) && how.status == JobStatus::Suspended)
    }

    /// The end of a job whose worker is gone: canceled if somebody had asked for that, an error otherwise.
    pub fn abandoned(&self, fault: &Fault, now: Timestamp) -> Object {
        match self.status() {
            Some(JobStatus::Canceling) => end(JobStatus::Canceled, None, now),
            _ => end(JobStatus::Error, Some(fault), now),
        }
    }
}
