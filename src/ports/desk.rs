//! Where connectors are defined, their schedules kept, and their jobs waited for, claimed and ended.
//!
//! A service works at one desk or several: one for the connectors of its own configuration file, one for those that are defined in the
//! cluster by the connector protocol.

use std::time::Duration;

use async_trait::async_trait;
use domain::rules::RuleError;
use domain::{ConnectorId, Counts, Ended, Fault, IndexName, Job, JobType, Timestamp};
use serde_json::{Map, Value};

/// A place where jobs of connectors are handed out.
#[async_trait(?Send)]
pub trait Desk: 'static {
    /// Looks after the connectors: their definitions, their signs of life, and the jobs that became due after `since` and not after `now`.
    ///
    /// What is wrong with one connector is written where its owner looks, and keeps no other from being looked after; a fault is one of the
    /// desk itself.
    async fn tend(&self, since: Timestamp, now: Timestamp) -> Result<(), Fault>;
    /// Ends jobs whose worker has not been heard of for long.
    async fn tidy(&self, now: Timestamp) -> Result<(), Fault>;
    /// Claims the oldest job of one of these kinds that may run now; nobody else gets it.
    async fn claim(&self, kinds: &[JobType], now: Timestamp) -> Result<Option<Assignment>, Fault>;
    /// Says how far a claimed job is, and hears whether it is still wanted.
    ///
    /// Fault `ES_TAKEN_OVER`: the job is no longer ours; nothing more may be written for it.
    async fn progress(&self, job: &Job, counts: &Counts, now: Timestamp) -> Result<Wish, Fault>;
    /// Writes how a claimed job ended.
    async fn finish(&self, job: &Job, ended: &Ended, now: Timestamp) -> Result<(), Fault>;
    /// A claimed job is out of this process's hands, whether its end could be written or not.
    fn leave(&self, job: &Job) {
        let _ = job;
    }
    /// For how long nothing has to be heard of a job until another process may take it over; `None`: no other process can.
    fn silence(&self) -> Option<Duration> {
        None
    }
}

/// A job that was claimed, with what it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The job.
    pub job: Job,
    /// The connector as it was when the job was made; `None` when the service's own configuration file has it.
    pub definition: Option<Definition>,
}

/// Whether a job in work is still wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// It is.
    GoOn,
    /// Somebody asked to cancel it.
    Cancel,
}

/// A connector as it is defined outside the configuration file. Values are unchecked and may be secret, so it prints as its name.
#[derive(Clone, PartialEq)]
pub struct Definition {
    /// Whose.
    pub connector: ConnectorId,
    /// Where its documents go.
    pub index: IndexName,
    /// Keys of `configuration`, each with its bare value.
    pub configuration: Map<String, Value>,
    /// Keys of `pipeline`: `name`, `extract_binary_content`, `reduce_whitespace`, `run_ml_inference`.
    pub pipeline: Map<String, Value>,
    /// Basic sync rules, in the form of the protocol; empty without any.
    pub basic_rules: Vec<Value>,
    /// Advanced sync rules, in the form of the protocol; empty without any.
    pub advanced_rules: Vec<Value>,
}
impl std::fmt::Debug for Definition {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Definition").field("connector", &self.connector).finish_non_exhaustive()
    }
}

/// Looks at the definition of a connector: whether it can be read, and whether its org lets us in.
#[async_trait(?Send)]
pub trait Inspector: 'static {
    /// A fault says in one line what is wrong with it.
    async fn inspect(&self, definition: &Definition) -> Result<(), Fault>;
    /// What the org says of the advanced rules of a definition, which are well-formed; nothing if it takes them. A fault says why it
    /// could not be asked.
    async fn try_rules(&self, definition: &Definition) -> Result<Vec<RuleError>, Fault>;
}
