//! Proof of delivery: a page is settled when the last share of its receipt says so.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use domain::{PageNo, RecordId, Verdict};
use tokio::sync::mpsc;

use crate::budget::Booking;
use crate::messages::Fact;

/// What a receipt is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageId {
    /// Position of the object in the plan of the run.
    pub object: usize,
    /// Page of that object in this generation.
    pub no: PageNo,
    /// Its last record.
    pub last: Option<RecordId>,
}

#[derive(Debug)]
struct Slip {
    page: PageId,
    lost: AtomicBool,
    to: mpsc::UnboundedSender<Fact>,
    /// Memory that the page takes; given back with the slip.
    bookings: Mutex<Vec<Booking>>,
}

/// A part in a page's receipt. Dropping it unsigned marks the page lost.
#[derive(Debug)]
pub struct Share {
    slip: Arc<Slip>,
    signed: bool,
}

impl Share {
    /// Opens a receipt for `page` and gives its first share; the verdict goes to `to` when all shares are gone.
    pub fn open(page: PageId, booking: Option<Booking>, to: mpsc::UnboundedSender<Fact>) -> Self {
        let slip = Slip { page, lost: AtomicBool::new(false), to, bookings: Mutex::new(booking.into_iter().collect()) };
        Self { slip: Arc::new(slip), signed: false }
    }

    /// Another share of the same receipt.
    pub fn fork(&self) -> Self {
        Self { slip: Arc::clone(&self.slip), signed: false }
    }

    /// Everything that this share vouches for reached a verdict: written, or set aside with a reason.
    pub fn sign(mut self) {
        self.signed = true;
    }

    /// Books memory until the page is through.
    pub fn book(&self, booking: Booking) {
        if let Ok(mut bookings) = self.slip.bookings.lock() {
            bookings.push(booking);
        }
    }
}
impl Drop for Share {
    fn drop(&mut self) {
        if !self.signed {
            self.slip.lost.store(true, Ordering::Release);
        }
    }
}
impl Drop for Slip {
    fn drop(&mut self) {
        let verdict = if *self.lost.get_mut() { Verdict::Lost } else { Verdict::Settled };
        // A generation that is gone keeps no books.
        let _ = self.to.send(Fact::PageDone(self.page, verdict));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PAGE: PageId = PageId { object: 1, no: 7, last: None };

    proptest! {
        #[test]
        fn a_page_gets_one_verdict_and_is_settled_only_if_every_share_was_signed(signed in proptest::collection::vec(any::<bool>(), 1..20), order in any::<u64>()) {
            let (to, mut facts) = mpsc::unbounded_channel();
            let first = Share::open(PAGE, None, to);
            let mut shares: Vec<_> = (1..signed.len()).map(|_| first.fork()).collect();
            shares.push(first);
            let turn = usize::try_from(order % shares.len() as u64).unwrap();
            shares.rotate_left(turn);
            for (share, sign) in shares.into_iter().zip(&signed) {
                prop_assert!(facts.try_recv().is_err(), "no verdict while a share is out");
                if *sign { share.sign() } else { drop(share) }
            }
            let verdict = if signed.iter().all(|sign| *sign) { Verdict::Settled } else { Verdict::Lost };
            prop_assert_eq!(facts.try_recv().ok(), Some(Fact::PageDone(PAGE, verdict)));
            prop_assert!(facts.try_recv().is_err());
        }
    }
}
