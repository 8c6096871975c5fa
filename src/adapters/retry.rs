//! Trying again: how often, and random waits up to a bound that doubles, so that many clients do not come back at once.

use std::time::Duration;

use domain::{Code, Fault};

/// How often to try one request, and how long to wait in between: a random time up to a bound that doubles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// Tries in all, the first one included.
    pub attempts: u32,
    /// Longest first wait.
    pub first_wait: Duration,
    /// Longest wait of all.
    pub longest_wait: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        // Up to half a minute in all: enough for a hiccup, short enough for a restart to take over.
        Self { attempts: 6, first_wait: Duration::from_secs(1), longest_wait: Duration::from_secs(30) }
    }
}

/// The tries of one request.
pub(crate) struct Tries {
    retries: Retries,
    made: u32,
    /// What is asked, for the log.
    system: &'static str,
    /// Whether a failure may pass.
    passes: fn(&Code) -> bool,
}

impl Tries {
    pub(crate) fn new(retries: Retries, system: &'static str, passes: fn(&Code) -> bool) -> Self {
        Self { retries, made: 0, system, passes }
    }

    /// After a try that failed: waits and allows another one, or does not allow it.
    pub(crate) async fn another(&mut self, fault: &Fault) -> bool {
        self.made += 1;
        if self.made >= self.retries.attempts || !(self.passes)(fault.code) {
            return false;
        }
        let wait = random_up_to(self.bound());
        tracing::warn!(
            system = self.system,
            code = fault.code.id,
            reason = fault.message,
            attempt = self.made,
            wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            "request failed and is tried again"
        );
        tokio::time::sleep(wait).await;
        true
    }

    /// Longest wait after as many tries as were made.
    fn bound(&self) -> Duration {
        let doubled = 1u32.checked_shl(self.made.saturating_sub(1)).unwrap_or(u32::MAX);
        self.retries.first_wait.saturating_mul(doubled).min(self.retries.longest_wait)
    }
}

fn random_up_to(longest: Duration) -> Duration {
    longest.mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests {
    use domain::{SF_QUERY, SF_UNAVAILABLE};
    use proptest::prelude::*;

    use super::*;

    fn tries(retries: Retries) -> Tries {
        Tries::new(retries, "test", |code| code == &SF_UNAVAILABLE)
    }

    #[actix_rt::test]
    async fn tries_end_with_their_number_and_never_begin_for_what_cannot_pass() {
        tokio::time::pause();
        let mut tries = self::tries(Retries { attempts: 3, ..Retries::default() });
        let busy = Fault::new(&SF_UNAVAILABLE, "");
        let allowed = [tries.another(&busy).await, tries.another(&busy).await, tries.another(&busy).await];
        assert_eq!(allowed, [true, true, false]);
        assert!(!self::tries(Retries::default()).another(&Fault::new(&SF_QUERY, "")).await);
    }

    proptest! {
        #[test]
        fn waits_double_up_to_their_bound(made in 1..200u32, first in 0..5000u64, longest in 0..60_000u64) {
            let (first_wait, longest_wait) = (Duration::from_millis(first), Duration::from_millis(longest));
            let retries = Retries { attempts: 0, first_wait, longest_wait };
            let tries = Tries { made, ..self::tries(retries) };
            let after = Tries { made: made + 1, ..self::tries(retries) };
            prop_assert!(tries.bound() <= longest_wait && random_up_to(tries.bound()) <= tries.bound());
            prop_assert!(after.bound() == (tries.bound() * 2).min(longest_wait) || made > 30);
        }
    }
}
