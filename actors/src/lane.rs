//! Bounded, typed edges between actors. The only file that touches a mailbox.
//!
//! actix bounds neither `Addr::send` nor `do_send`, and every clone of an address owns a free place. A lane makes the bound real: a
//! ticket is taken before the message exists and travels inside it. The room belongs to the receiver, so all lanes into one actor share it.

use std::fmt;
use std::sync::Arc;

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Context, Handler, Message, Recipient};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::events::EdgeStats;

/// Room in a mailbox beyond its lanes, so that an honest `try_send` never sees it full.
pub(crate) const MAILBOX_SLACK: usize = 64;

/// An item in transit, holding the places that it takes in the receiver's mailbox.
#[derive(Debug)]
pub struct Parcel<T> {
    /// The payload.
    pub item: T,
    /// Given back when work on the item begins.
    pub ticket: Ticket,
}
impl<T: Send + 'static> Message for Parcel<T> {
    type Result = ();
}

/// Places in a mailbox; dropping it frees them.
#[derive(Debug)]
pub struct Ticket(OwnedSemaphorePermit);
impl Ticket {
    /// Splits off the places of `count` items, or all that are left.
    pub(crate) fn split(&mut self, count: usize) -> Self {
        let count = count.min(self.0.num_permits());
        #[expect(clippy::unwrap_used, reason = "count is no more than there are")]
        Self(self.0.split(count).unwrap())
    }
}

/// The receiver is gone; the item is handed back.
#[derive(Debug, thiserror::Error)]
#[error("downstream of `{edge}` is closed")]
pub struct Closed<T> {
    /// Name of the edge.
    pub edge: &'static str,
    /// What could not be delivered.
    pub item: T,
}

/// The receiving end: one actor's mailbox for one kind of goods, and the room in it.
#[derive(Debug)]
pub struct Inlet<T: Send + 'static> {
    to: Recipient<Parcel<T>>,
    room: Arc<Semaphore>,
    capacity: usize,
}
impl<T: Send + 'static> Inlet<T> {
    /// Gives `addr` room for `capacity` waiting items, however many lanes lead to it.
    pub fn new<A>(addr: &Addr<A>, capacity: usize) -> Self
    where
        A: Actor<Context = Context<A>> + Handler<Parcel<T>>,
        Context<A>: ToEnvelope<A, Parcel<T>>,
    {
        Self { to: addr.clone().recipient(), room: Arc::new(Semaphore::new(capacity)), capacity }
    }

    /// Opens a lane; `edge` names it in logs and metrics.
    pub fn lane(&self, edge: &'static str) -> Lane<T> {
        let stats = Arc::new(EdgeStats::new(edge, Arc::clone(&self.room), self.capacity));
        Lane { to: self.to.clone(), room: Arc::clone(&self.room), capacity: self.capacity, stats }
    }
}

/// The sending end of an edge. Cloning it does not widen the edge.
pub struct Lane<T: Send + 'static> {
    to: Recipient<Parcel<T>>,
    room: Arc<Semaphore>,
    capacity: usize,
    stats: Arc<EdgeStats>,
}
impl<T: Send + 'static> Clone for Lane<T> {
    fn clone(&self) -> Self {
        Self { to: self.to.clone(), room: Arc::clone(&self.room), capacity: self.capacity, stats: Arc::clone(&self.stats) }
    }
}
impl<T: Send + 'static> fmt::Debug for Lane<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Lane({} {}/{})", self.stats.edge, self.depth(), self.capacity)
    }
}
impl<T: Send + 'static> Lane<T> {
    /// Waits for one place, then delivers. Safe to cancel: a cancelled push delivers nothing.
    pub async fn push(&self, item: T) -> Result<(), Closed<T>> {
        self.push_weighing(item, 1).await
    }

    /// Waits for `places` places (all there are, when it would need more), then delivers.
    pub async fn push_weighing(&self, item: T, places: usize) -> Result<(), Closed<T>> {
        let places = u32::try_from(places.min(self.capacity)).unwrap_or(u32::MAX);
        let permit = match Arc::clone(&self.room).try_acquire_many_owned(places) {
            Ok(permit) => permit,
            Err(_) => {
                let since = Instant::now();
                let Ok(permit) = Arc::clone(&self.room).acquire_many_owned(places).await else {
                    return Err(Closed { edge: self.stats.edge, item });
                };
                self.stats.waited(since.elapsed());
                permit
            }
        };
        self.stats.pushed();
        #[expect(clippy::disallowed_methods, reason = "the one sanctioned use: the permit proves that there is room")]
        self.to
            .try_send(Parcel { item, ticket: Ticket(permit) })
            .map_err(|refused| Closed { edge: self.stats.edge, item: refused.into_inner().item })
    }

    /// Places taken right now.
    pub fn depth(&self) -> usize {
        self.capacity - self.room.available_permits()
    }

    /// What the lane counts.
    pub fn stats(&self) -> Arc<EdgeStats> {
        Arc::clone(&self.stats)
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use proptest::prelude::*;

    use crate::kit::{Catch, settle};

    #[actix_rt::test]
    async fn a_lane_takes_exactly_as_many_items_as_its_capacity() {
        let (lane, caught) = Catch::lane(3);
        let pushes: Vec<_> = (0..10)
            .map(|no| {
                let lane = lane.clone();
                actix_rt::spawn(async move { lane.push(no).await.is_ok() })
            })
            .collect();
        settle().await;
        assert_eq!((lane.depth(), caught.waiting()), (3, 3));
        let mut seen = Vec::new();
        while seen.len() < 10 {
            seen.extend(caught.take());
            settle().await;
            assert!(lane.depth() <= 3);
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..10).collect::<Vec<_>>());
        for push in pushes {
            assert!(push.await.unwrap());
        }
    }

    #[actix_rt::test]
    async fn a_cancelled_push_delivers_nothing() {
        let (lane, caught) = Catch::lane(1);
        lane.push(1).await.unwrap();
        let mut waiting = Box::pin(lane.push(2));
        assert!(futures::poll!(&mut waiting).is_pending());
        drop(waiting);
        settle().await;
        assert_eq!(caught.take(), [1]);
        settle().await;
        assert_eq!((caught.waiting(), lane.depth()), (0, 0));
    }

    #[actix_rt::test]
    async fn an_item_heavier_than_the_lane_goes_alone() {
        let (lane, caught) = Catch::lane(4);
        lane.push_weighing("heavy", 9).await.unwrap();
        let mut next = Box::pin(lane.push_weighing("light", 1));
        assert!(futures::poll!(&mut next).is_pending());
        settle().await;
        assert_eq!(caught.take(), ["heavy"]);
        next.await.unwrap();
    }

    #[actix_rt::test]
    async fn a_lane_to_a_dead_actor_hands_the_item_back() {
        let (lane, caught) = Catch::<u8>::lane(2);
        caught.kill();
        settle().await;
        assert_eq!(lane.push(7).await.unwrap_err().item, 7);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn nothing_is_lost_or_doubled_and_the_bound_always_holds(
            capacity in 1..6usize, weights in proptest::collection::vec(1..9usize, 1..40), takes in proptest::collection::vec(any::<bool>(), 0..40),
        ) {
            actix_rt::System::new().block_on(async {
                let (lane, caught) = Catch::lane(capacity);
                let sent = Rc::new(weights.clone());
                let pusher = { let (lane, sent) = (lane.clone(), Rc::clone(&sent)); actix_rt::spawn(async move {
                    for (no, weight) in sent.iter().enumerate() {
                        lane.push_weighing(no, *weight).await.unwrap();
                    }
                }) };
                let mut seen = Vec::new();
                for take in takes {
                    settle().await;
                    assert!(lane.depth() <= capacity);
                    if take { seen.extend(caught.take()); }
                }
                while seen.len() < weights.len() {
                    settle().await;
                    seen.extend(caught.take());
                }
                pusher.await.unwrap();
                assert_eq!(seen, (0..weights.len()).collect::<Vec<_>>());
                assert_eq!(lane.depth(), 0);
            });
        }
    }
}
