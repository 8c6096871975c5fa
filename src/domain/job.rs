//! Jobs and runs: what is to be done for a connector, how far it got, how it ended.

use std::collections::BTreeMap;

use crate::{ConnectorId, Fault, IndexName, JobId, RecordId, RunId};

/// Kinds of jobs, by the names of the connector protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobType {
    /// Reads everything; what it did not meet is deleted at its end.
    Full,
    /// Reads what changed.
    Incremental,
    /// Writes who may read what.
    AccessControl,
}

impl JobType {
    /// The name in the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Incremental => "incremental",
            Self::AccessControl => "access_control",
        }
    }
}

/// How a job stands, by the names of the connector protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobStatus {
    /// Waits for a worker.
    Pending,
    /// In work.
    InProgress,
    /// Stopped on purpose; goes on from its checkpoint.
    Suspended,
    /// Everything is in the index.
    Completed,
    /// Ended with a fault; its checkpoint is kept.
    Error,
}

impl JobStatus {
    /// The name in the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InProgress => "in_progress",
            Self::Suspended => "suspended",
            Self::Completed => "completed",
            Self::Error => "error",
        }
    }

    /// Reads the name in the protocol.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::InProgress, Self::Suspended, Self::Completed, Self::Error].into_iter().find(|status| status.as_str() == text)
    }
}

/// A job on the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Identity.
    pub id: JobId,
    /// Whose.
    pub connector: ConnectorId,
    /// Where the documents go.
    pub index: IndexName,
    /// What is to be done.
    pub kind: JobType,
}

/// What a job did, for the board and for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records read from the source.
    pub read: u64,
    /// Documents written, files included.
    pub written: u64,
    /// Bytes of those documents.
    pub written_bytes: u64,
    /// Documents deleted because their record was not met.
    pub deleted: u64,
    /// Records and documents set aside with a reason.
    pub set_aside: u64,
    /// Lists of nested entities that were cut at the limit.
    pub cut: u64,
    /// Files indexed with their content.
    pub files: u64,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Completed, suspended or error.
    pub status: JobStatus,
    /// Why it did not complete.
    pub fault: Option<Fault>,
    /// What was done.
    pub counts: Counts,
}

/// How far one object of a run is safe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Everything up to this record is settled.
    pub after: Option<RecordId>,
    /// The object was read to its end and every page of it is settled.
    pub done: bool,
}

/// How far a run is safe; what the next generation, or the next process, starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The run; documents carry it as a stamp.
    pub run: RunId,
    /// Of everything that decides what documents look like; another fingerprint means a new run from the start.
    pub fingerprint: String,
    /// By API name of the object.
    pub objects: BTreeMap<String, Progress>,
}

impl Checkpoint {
    /// A run from the start.
    pub fn fresh(run: RunId, fingerprint: String) -> Self {
        Self { run, fingerprint, objects: BTreeMap::new() }
    }

    /// How far `object` is safe.
    pub fn progress(&self, object: &str) -> Progress {
        self.objects.get(object).copied().unwrap_or_default()
    }
}
