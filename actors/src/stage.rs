//! What every pipeline actor shares: its knobs, its slots, its way to serve a parcel, its obituary.

use std::sync::Arc;

use actix::{Actor, Addr, Context};
use domain::{EN_PANIC, Fault};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::lane::{MAILBOX_SLACK, Parcel};

/// The two numbers that an operator may turn per actor; both at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knobs {
    /// Items that may wait.
    pub mailbox: usize,
    /// Items in work at once.
    pub concurrency: usize,
}

/// Places for items in work.
#[derive(Clone, Debug)]
pub struct Slots {
    room: Arc<Semaphore>,
    capacity: usize,
}
impl Slots {
    /// So many.
    pub fn new(capacity: usize) -> Self {
        Self { room: Arc::new(Semaphore::new(capacity)), capacity }
    }
    /// Waits for a place; it is free again when the permit is dropped.
    pub async fn take(&self) -> OwnedSemaphorePermit {
        #[expect(clippy::expect_used, reason = "nobody closes the semaphore")]
        Arc::clone(&self.room).acquire_owned().await.expect("slots are never closed")
    }
    /// Places taken right now.
    pub fn busy(&self) -> usize {
        self.capacity - self.room.available_permits()
    }
    /// All places.
    pub fn capacity(&self) -> usize {
        self.capacity
    }
}

/// Why a stage ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// All senders left and all work was finished.
    Drained,
    /// The actor gave up on purpose.
    Failed(Fault),
    /// A handler panicked.
    Panicked,
}
/// Sent exactly once per stage, however it dies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageDown {
    /// Which one.
    pub stage: &'static str,
    /// Why.
    pub cause: Cause,
}
impl StageDown {
    /// The fault behind the end, unless the stage drained.
    pub fn fault(self) -> Option<Fault> {
        match self.cause {
            Cause::Drained => None,
            Cause::Failed(fault) => Some(fault),
            Cause::Panicked => Some(Fault::new(&EN_PANIC, format!("the {} panicked", self.stage))),
        }
    }
}

/// Reports the end of a stage from `Drop`, so that no way out can forget to.
#[derive(Debug)]
pub struct Obituary {
    stage: &'static str,
    cause: Cause,
    to: mpsc::UnboundedSender<StageDown>,
}
impl Obituary {
    /// Begins the watch over `stage`.
    pub fn new(stage: &'static str, to: mpsc::UnboundedSender<StageDown>) -> Self {
        Self { stage, cause: Cause::Drained, to }
    }
    /// Marks a deliberate failure; the first one counts.
    pub fn failed(&mut self, fault: Fault) {
        if self.cause == Cause::Drained {
            self.cause = Cause::Failed(fault);
        }
    }
}
impl Drop for Obituary {
    fn drop(&mut self) {
        let cause = if std::thread::panicking() { Cause::Panicked } else { std::mem::replace(&mut self.cause, Cause::Drained) };
        // A generation that is gone does not need to know.
        let _ = self.to.send(StageDown { stage: self.stage, cause });
    }
}

/// Where a test may make `stage` panic; nothing otherwise.
pub(crate) fn fail_point(stage: &'static str) {
    #[cfg(any(test, feature = "kit"))]
    crate::kit::reach(stage);
    let _ = stage;
}

/// Starts an actor with its mailbox sized before the first message can arrive.
pub fn start<A: Actor<Context = Context<A>>>(mailbox: usize, make: impl FnOnce() -> A) -> Addr<A> {
    A::create(|ctx| {
        ctx.set_mailbox_capacity(mailbox + MAILBOX_SLACK);
        make()
    })
}

/// Waits for a slot, frees the parcel's places in the mailbox, then works on the item.
pub async fn serve<T, O, F: Future<Output = O>>(stage: &'static str, slots: Slots, parcel: Parcel<T>, work: impl FnOnce(T) -> F) -> O {
    let _slot = slots.take().await;
    let Parcel { item, ticket } = parcel;
    drop(ticket);
    fail_point(stage);
    work(item).await
}
