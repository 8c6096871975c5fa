//! Jobs and runs: what is to be done for a connector, how far it got, how it ended.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::access::access_index;
use crate::{ConnectorId, Fault, IndexName, JobId, RecordId, RunId};

/// A job in work of which nothing was heard for that long is nobody's; the reference's time. Whoever works at one says so every ten seconds.
pub const ABANDONED_AFTER: Duration = Duration::from_secs(300);

/// For how long a job that ended is remembered.
pub const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 3600);

/// Kinds of jobs, by the names of the connector protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobType {
    /// Reads everything; what it did not meet is deleted at its end.
    Full,
    /// Reads what changed.
    Incremental,
    /// Writes who may read what.
    AccessControl,
}

impl JobType {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Full, Self::Incremental, Self::AccessControl];

    /// The name in the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Incremental => "incremental",
            Self::AccessControl => "access_control",
        }
    }

    /// Kinds of jobs that exclude each other within a connector, this one included: content, or who may read it.
    pub fn family(self) -> &'static [Self] {
        match self {
            Self::Full | Self::Incremental => &[Self::Full, Self::Incremental],
            Self::AccessControl => &[Self::AccessControl],
        }
    }

    /// The index that a job of this kind writes to, of a connector whose documents go to `index`.
    pub fn target(self, index: &IndexName) -> IndexName {
        match self {
            Self::Full | Self::Incremental => index.clone(),
            Self::AccessControl => IndexName::new(access_index(index.as_str())),
        }
    }

    /// Reads the name in the protocol.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
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
    /// In work, and somebody asked to end it.
    Canceling,
    /// Ended because somebody asked for it; its checkpoint is kept.
    Canceled,
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
            Self::Canceling => "canceling",
            Self::Canceled => "canceled",
        }
    }

    /// Reads the name in the protocol.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Pending, Self::InProgress, Self::Suspended, Self::Completed, Self::Error, Self::Canceling, Self::Canceled];
        all.into_iter().find(|status| status.as_str() == text)
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
///
/// As JSON, a counter that is not there is 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
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
    /// Lists of nested entities, and searches of advanced rules, that were cut at a limit.
    pub cut: u64,
    /// Files indexed with their content.
    pub files: u64,
    /// Those of them whose content was kept from before, and other files that are known to have none: nothing was downloaded.
    pub kept: u64,
    /// Answers of the index that a document had been changed by somebody else in that moment; it was written again.
    pub conflicts: u64,
    /// Documents whose id had stood before in the same batch; the index keeps the last one of each.
    pub duplicates: u64,
    /// Documents that basic sync rules leave out.
    pub excluded: u64,
}

impl AddAssign<&Counts> for Counts {
    fn add_assign(&mut self, other: &Counts) {
        // No `..`: a counter that nobody adds does not compile.
        let Counts { read, written, written_bytes, deleted, set_aside, cut, files, kept, conflicts, duplicates, excluded } = other;
        self.read += read;
        self.written += written;
        self.written_bytes += written_bytes;
        self.deleted += deleted;
        self.set_aside += set_aside;
        self.cut += cut;
        self.files += files;
        self.kept += kept;
        self.conflicts += conflicts;
        self.duplicates += duplicates;
        self.excluded += excluded;
    }
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Completed, suspended, canceled or error.
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
    /// What the index said of itself when the run began, in its own words.
    pub mark: Option<String>,
}

impl Checkpoint {
    /// A run from the start.
    pub fn fresh(run: RunId, fingerprint: String) -> Self {
        Self { run, fingerprint, objects: BTreeMap::new(), mark: None }
    }

    /// As JSON, for whoever keeps it.
    pub fn encode(&self) -> String {
        let safe = |progress: &Progress| Safe { after: progress.after.map(|id| id.to_string()), done: progress.done };
        let state = State {
            run: self.run.as_str().to_owned(),
            fingerprint: self.fingerprint.clone(),
            objects: self.objects.iter().map(|(object, progress)| (object.clone(), safe(progress))).collect(),
            mark: self.mark.clone(),
        };
        // Strings and flags always are JSON.
        serde_json::to_string(&state).unwrap_or_default()
    }

    /// Reads [`Self::encode`]; `None` when it is something else.
    pub fn decode(text: &str) -> Option<Self> {
        let State { run, fingerprint, objects, mark } = serde_json::from_str(text).ok()?;
        let progress = |(object, Safe { after, done })| {
            let after = after.map(|id: String| id.parse()).transpose().ok()?;
            Some((object, Progress { after, done }))
        };
        Some(Self { run: RunId::new(run), fingerprint, objects: objects.into_iter().map(progress).collect::<Option<_>>()?, mark })
    }

    /// How far `object` is safe.
    pub fn progress(&self, object: &str) -> Progress {
        self.objects.get(object).copied().unwrap_or_default()
    }
}

#[derive(Serialize, Deserialize)]
struct State {
    run: String,
    fingerprint: String,
    objects: BTreeMap<String, Safe>,
    #[serde(default)]
    mark: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Safe {
    after: Option<String>,
    done: bool,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_checkpoint_survives_the_way_into_text_and_back(
            objects in proptest::collection::btree_map(".{0,12}", (proptest::option::of("[0-9A-Za-z]{15}"), any::<bool>()), 0..8),
            fingerprint in ".{0,20}",
            mark in proptest::option::of(".{0,20}"),
        ) {
            let mut checkpoint = Checkpoint { mark, ..Checkpoint::fresh(RunId::new("run \"7\""), fingerprint) };
            for (object, (after, done)) in objects {
                checkpoint.objects.insert(object, Progress { after: after.map(|id| id.parse().unwrap()), done });
            }
            prop_assert_eq!(Checkpoint::decode(&checkpoint.encode()), Some(checkpoint));
        }
    }

    #[test]
    fn counts_survive_the_way_into_json_and_back() {
        let counts = Counts {
            read: 1,
            written: 2,
            written_bytes: u64::MAX,
            deleted: 4,
            set_aside: 5,
            cut: 6,
            files: 7,
            kept: 11,
            conflicts: 8,
            duplicates: 9,
            excluded: 10,
        };
        assert_eq!(serde_json::from_str::<Counts>(&serde_json::to_string(&counts).unwrap()).unwrap(), counts);
        assert_eq!(serde_json::from_str::<Counts>("{}").unwrap(), Counts::default());
        assert!(serde_json::from_str::<Counts>("nonsense").is_err());
    }

    #[test]
    fn what_is_no_checkpoint_is_none() {
        for text in ["", "{}", r#"{"run":"r","fingerprint":"f","objects":{"Account":{"after":"no id","done":false}}}"#] {
            assert_eq!(Checkpoint::decode(text), None, "{text}");
        }
    }
}
