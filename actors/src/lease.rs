//! The right to write for a job, as long as its desk has confirmed it lately: a process that was stopped or cut off for so long that another
//! one may have taken its job over writes nothing more.
//!
//! The other process waits for [`ports::Desk::silence`] before it takes a job over. A lease is shorter than that, and is counted from the
//! moment in which the question was sent, so the two never overlap by more than a request that is on its way.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::catalog::Layout;
use domain::{Brake, BulkOp, Checkpoint, ConnectorId, ES_TAKEN_OVER, Fault, Hold, ItemOutcome, JobType, Swept};
use ports::{Checkpoints, SetAside, Sink, Target};
use tokio::time::Instant;

use crate::pipeline::Ports;

/// How long others leave a job alone of which nothing is heard, and since when they may count.
#[derive(Debug)]
pub struct Lease {
    valid_for: Option<Duration>,
    confirmed: Cell<Instant>,
    lost: Cell<bool>,
}

impl Lease {
    /// Of a job that was claimed just now. `silence`: after how much of it another process may claim the job; `None`: never.
    pub fn new(silence: Option<Duration>) -> Self {
        // A third is left for the request in flight, and for clocks that do not run alike.
        Self { valid_for: silence.map(|silence| silence * 2 / 3), confirmed: Cell::new(Instant::now()), lost: Cell::new(false) }
    }

    /// The desk said that the job is ours, to a question sent at `asked`.
    pub fn confirm(&self, asked: Instant) {
        self.confirmed.set(asked.max(self.confirmed.get()));
    }

    /// The desk said that the job is not ours.
    pub fn lose(&self) {
        self.lost.set(true);
    }

    /// Whether the job may still be written for.
    ///
    /// # Errors
    /// `ES_TAKEN_OVER`.
    pub fn check(&self) -> Result<(), Fault> {
        if self.lost.get() {
            return Err(Fault::new(&ES_TAKEN_OVER, "the job is no longer ours"));
        }
        let silent = self.confirmed.get().elapsed();
        match self.valid_for {
            Some(valid) if silent >= valid => Err(Fault::new(
                &ES_TAKEN_OVER,
                format!("nothing was heard from the job board for {} s, so another process may have the job", silent.as_secs()),
            )),
            _ => Ok(()),
        }
    }
}

impl Ports {
    /// The same ports, which write only under the lease.
    #[must_use]
    pub fn under(self, lease: &Rc<Lease>) -> Self {
        let sink = Rc::new(Fenced { port: self.sink, lease: Rc::clone(lease) });
        let checkpoints = Rc::new(Fenced { port: self.checkpoints, lease: Rc::clone(lease) });
        Self { sink, checkpoints, ..self }
    }
}

/// A port that writes only under a lease.
struct Fenced<P: ?Sized> {
    port: Rc<P>,
    lease: Rc<Lease>,
}

#[async_trait(?Send)]
impl Sink for Fenced<dyn Sink> {
    async fn prepare(&self, target: &Target, layout: &Layout) -> Result<Option<String>, Fault> {
        self.lease.check()?;
        self.port.prepare(target, layout).await
    }

    async fn submit(&self, target: &Target, ops: Arc<Vec<BulkOp>>) -> Result<Vec<ItemOutcome>, Fault> {
        self.lease.check()?;
        self.port.submit(target, ops).await
    }

    async fn sweep(&self, target: &Target, spare: &[String], brake: Brake) -> Result<Swept, Fault> {
        self.lease.check()?;
        self.port.sweep(target, spare, brake).await
    }

    async fn confirm(&self, hold: &Hold) -> Result<u64, Fault> {
        self.lease.check()?;
        self.port.confirm(hold).await
    }

    async fn set_aside(&self, target: &Target, entries: Vec<SetAside>) -> Result<(), Fault> {
        self.lease.check()?;
        self.port.set_aside(target, entries).await
    }
}

#[async_trait(?Send)]
impl Checkpoints for Fenced<dyn Checkpoints> {
    async fn load(&self, connector: &ConnectorId, kind: JobType) -> Result<Option<Checkpoint>, Fault> {
        self.lease.check()?;
        self.port.load(connector, kind).await
    }

    async fn store(&self, connector: &ConnectorId, kind: JobType, checkpoint: &Checkpoint) -> Result<(), Fault> {
        self.lease.check()?;
        self.port.store(connector, kind, checkpoint).await
    }

    async fn clear(&self, connector: &ConnectorId, kind: JobType) -> Result<(), Fault> {
        self.lease.check()?;
        self.port.clear(connector, kind).await
    }

    async fn keep_hold(&self, hold: &Hold) -> Result<(), Fault> {
        self.lease.check()?;
        self.port.keep_hold(hold).await
    }

    async fn hold(&self, connector: &ConnectorId) -> Result<Option<Hold>, Fault> {
        self.lease.check()?;
        self.port.hold(connector).await
    }

    async fn drop_hold(&self, connector: &ConnectorId) -> Result<(), Fault> {
        self.lease.check()?;
        self.port.drop_hold(connector).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_rt::test]
    async fn a_lease_ends_when_nothing_is_heard_and_begins_anew_when_something_is() {
        tokio::time::pause();
        let lease = Lease::new(Some(Duration::from_secs(300)));
        tokio::time::advance(Duration::from_secs(199)).await;
        assert_eq!(lease.check(), Ok(()));
        let asked = Instant::now();
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(lease.check().unwrap_err().code, &ES_TAKEN_OVER);
        lease.confirm(asked);
        assert_eq!(lease.check(), Ok(()));
        lease.lose();
        lease.confirm(Instant::now());
        assert_eq!(lease.check().unwrap_err().code, &ES_TAKEN_OVER, "what is lost stays lost");
    }

    #[actix_rt::test]
    async fn a_lease_that_nobody_contests_has_no_end() {
        tokio::time::pause();
        let lease = Lease::new(None);
        tokio::time::advance(Duration::from_secs(1_000_000)).await;
        assert_eq!(lease.check(), Ok(()));
    }
}
