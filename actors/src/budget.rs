//! One byte budget per run: a page takes its weight before it is read and gives it back when its last share is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that a run may hold, counted in KiB.
#[derive(Debug)]
pub struct Budget {
    room: Arc<Semaphore>,
    total: u32,
    overdraft: AtomicU64,
    peak: AtomicU64,
}

/// A part of the budget in use; dropping it gives it back.
#[derive(Debug)]
pub struct Booking {
    budget: Arc<Budget>,
    permit: Option<OwnedSemaphorePermit>,
    overdraft: u32,
}

impl Budget {
    /// A budget of so many bytes, at least one KiB.
    pub fn new(bytes: usize) -> Arc<Self> {
        let total = kib(bytes).clamp(1, u32::MAX >> 3);
        Arc::new(Self { room: Arc::new(Semaphore::new(total as usize)), total, overdraft: AtomicU64::new(0), peak: AtomicU64::new(0) })
    }

    /// Waits until `bytes` are free (the whole budget, when it is asked for more than that).
    pub async fn reserve(self: &Arc<Self>, bytes: usize) -> Booking {
        let permit = Arc::clone(&self.room).acquire_many_owned(kib(bytes).min(self.total)).await.ok();
        self.note_peak();
        Booking { budget: Arc::clone(self), permit, overdraft: 0 }
    }

    /// Books `bytes` without waiting: what is not free is booked over the budget. For growth of what is held already, where waiting
    /// could wait for itself.
    pub fn book(self: &Arc<Self>, bytes: usize) -> Booking {
        let mut booking = Booking { budget: Arc::clone(self), permit: None, overdraft: 0 };
        booking.resize(bytes);
        booking
    }

    /// Bytes in use, overdraft included.
    pub fn used(&self) -> u64 {
        (u64::from(self.total) - self.room.available_permits() as u64 + self.overdraft.load(Ordering::Relaxed)) << 10
    }

    /// The most bytes that were ever in use at once.
    pub fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }

    fn note_peak(&self) {
        self.peak.fetch_max(self.used(), Ordering::Relaxed);
    }
}

impl Booking {
    /// Changes the booking to `bytes`, never waiting.
    pub fn resize(&mut self, bytes: usize) {
        let want = kib(bytes);
        let have = self.kib();
        if want > have {
            self.grow(want - have);
        } else {
            self.shrink(have - want);
        }
        self.budget.note_peak();
    }

    /// What is booked, in bytes.
    pub fn bytes(&self) -> usize {
        (self.kib() as usize) << 10
    }

    fn kib(&self) -> u32 {
        self.overdraft + self.permit.as_ref().map_or(0, |permit| u32::try_from(permit.num_permits()).unwrap_or(u32::MAX))
    }

    fn grow(&mut self, more: u32) {
        match Arc::clone(&self.budget.room).try_acquire_many_owned(more) {
            Ok(extra) => match &mut self.permit {
                Some(permit) => permit.merge(extra),
                None => self.permit = Some(extra),
            },
            Err(_) => {
                self.overdraft += more;
                self.budget.overdraft.fetch_add(more.into(), Ordering::Relaxed);
            }
        }
    }

    fn shrink(&mut self, less: u32) {
        let from_overdraft = less.min(self.overdraft);
        self.overdraft -= from_overdraft;
        self.budget.overdraft.fetch_sub(from_overdraft.into(), Ordering::Relaxed);
        if let Some(permit) = &mut self.permit {
            drop(permit.split((less - from_overdraft) as usize));
        }
    }
}
impl Drop for Booking {
    fn drop(&mut self) {
        self.budget.overdraft.fetch_sub(self.overdraft.into(), Ordering::Relaxed);
    }
}

fn kib(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX >> 4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[actix_rt::test]
    async fn a_reservation_waits_until_enough_is_given_back() {
        let budget = Budget::new(8 << 10);
        let first = budget.reserve(6 << 10).await;
        let mut second = Box::pin(budget.reserve(4 << 10));
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        assert_eq!(second.await.bytes(), 4 << 10);
    }

    #[actix_rt::test]
    async fn more_than_the_whole_budget_takes_the_whole_budget() {
        let budget = Budget::new(8 << 10);
        assert_eq!(budget.reserve(1 << 30).await.bytes(), 8 << 10);
    }

    proptest! {
        #[test]
        fn whatever_is_booked_is_given_back(sizes in proptest::collection::vec((0..40usize, 0..40usize), 0..20)) {
            let budget = Budget::new(32 << 10);
            let mut bookings: Vec<_> = sizes.iter().map(|(size, _)| budget.book(size << 10)).collect();
            for (booking, (_, size)) in bookings.iter_mut().zip(&sizes) {
                booking.resize(size << 10);
            }
            prop_assert_eq!(budget.used(), sizes.iter().map(|(_, size)| (size << 10) as u64).sum::<u64>());
            drop(bookings);
            prop_assert_eq!((budget.used(), budget.room.available_permits()), (0, 32));
        }
    }
}
