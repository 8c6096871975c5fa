//! How many bulk requests are in flight: one more with each round that went well, half of it when the cluster says that it is too much.

use std::cell::{Cell, RefCell};

use tokio::sync::Notify;

/// The rule, without waiting.
#[derive(Debug)]
pub(super) struct Window {
    limit: f64,
    most: usize,
    pinned: bool,
    /// Counts halvings: requests that were sent before one say nothing about the limit after it.
    epoch: u64,
}

impl Window {
    pub(super) fn new(most: usize, pinned: bool) -> Self {
        let start = if pinned { most } else { most.min(2) };
        Self { limit: as_float(start), most, pinned, epoch: 0 }
    }

    /// Requests that may be in flight, 1 or more.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and `most`")]
    pub(super) fn limit(&self) -> usize {
        self.limit as usize
    }

    /// A request went well. As many of them as are in flight make room for one more.
    pub(super) fn passed(&mut self) {
        if !self.pinned {
            self.limit = (self.limit + 1.0 / self.limit).min(as_float(self.most));
        }
    }

    /// A request of that epoch was too much.
    pub(super) fn refused(&mut self, epoch: u64) {
        if !self.pinned && epoch == self.epoch {
            self.limit = (self.limit / 2.0).max(1.0);
            self.epoch += 1;
        }
    }
}

fn as_float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Lets requests through as the window allows.
#[derive(Debug)]
pub(super) struct Gate {
    window: RefCell<Window>,
    inside: Cell<usize>,
    room: Notify,
}

/// A request on its way; dropping it makes room.
pub(super) struct Pass<'a> {
    gate: &'a Gate,
    epoch: u64,
}

impl Gate {
    pub(super) fn new(window: Window) -> Self {
        Self { window: RefCell::new(window), inside: Cell::new(0), room: Notify::new() }
    }

    /// Waits for room.
    pub(super) async fn pass(&self) -> Pass<'_> {
        while self.inside.get() >= self.limit() {
            self.room.notified().await;
        }
        self.inside.set(self.inside.get() + 1);
        Pass { gate: self, epoch: self.window.borrow().epoch }
    }

    /// Requests that may be in flight now.
    pub(super) fn limit(&self) -> usize {
        self.window.borrow().limit()
    }
}

impl Pass<'_> {
    /// Says how it went and leaves.
    pub(super) fn done(self, overloaded: bool) {
        let mut window = self.gate.window.borrow_mut();
        if overloaded {
            window.refused(self.epoch)
        } else {
            window.passed()
        }
        if window.limit() > self.gate.inside.get() {
            // One more than the place that becomes free.
            self.gate.room.notify_one();
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.gate.inside.set(self.gate.inside.get() - 1);
        self.gate.room.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_window_grows_by_one_a_round_and_halves_once_for_requests_sent_together() {
        let mut window = Window::new(64, false);
        while window.limit() < 16 {
            let before = window.limit();
            (0..=before).for_each(|_| window.passed());
            assert!(window.limit() <= before + 2);
        }
        (0..16).for_each(|_| window.refused(0));
        assert_eq!(window.limit(), 8);
        window.refused(1);
        assert_eq!(window.limit(), 4);
    }

    #[test]
    fn a_pinned_window_stays() {
        let mut window = Window::new(5, true);
        window.refused(0);
        window.passed();
        assert_eq!(window.limit(), 5);
    }

    proptest! {
        #[test]
        fn a_window_stays_between_one_and_its_most(most in 1..40usize, went in proptest::collection::vec(any::<bool>(), 0..300)) {
            let mut window = Window::new(most, false);
            for well in went {
                if well { window.passed() } else { window.refused(window.epoch) }
                prop_assert!((1..=most).contains(&window.limit()));
            }
        }
    }

    #[test]
    fn nobody_passes_while_the_window_is_full() {
        let gate = Gate::new(Window::new(1, true));
        let first = gate.pass().now_or_never().unwrap();
        assert!(gate.pass().now_or_never().is_none());
        first.done(true);
        assert!(gate.pass().now_or_never().is_some());
    }
}
