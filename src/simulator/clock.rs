//! The simulator's time: the machine's clock plus an offset that tests may push forward.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// A clock shared by all workers of one simulated org. Never goes back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    ahead_ms: Arc<AtomicI64>,
}

impl Clock {
    /// The org's present moment.
    pub(crate) fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        now.checked_add(SignedDuration::from_millis(self.ahead_ms.load(Ordering::Relaxed))).unwrap_or(now)
    }

    /// Moves the org into the future.
    pub(crate) fn advance(&self, by: Duration) {
        self.ahead_ms.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// Whether the org's time differs from the machine's.
    pub(crate) fn is_shifted(&self) -> bool {
        self.ahead_ms.load(Ordering::Relaxed) != 0
    }
}
