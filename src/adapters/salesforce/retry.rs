//! Waiting between tries: random times up to a bound that doubles, so that many clients do not come back at once.

use std::time::Duration;

use domain::Fault;

use super::config::Retries;
use super::wire;

/// The tries of one request.
pub(super) struct Tries {
    retries: Retries,
    made: u32,
}

impl Tries {
    pub(super) fn new(retries: Retries) -> Self {
        Self { retries, made: 0 }
    }

    /// After a try that failed: waits and allows another one, or does not allow it.
    pub(super) async fn another(&mut self, fault: &Fault) -> bool {
        self.made += 1;
        if self.made >= self.retries.attempts || !wire::is_worth_another_try(fault.code) {
            return false;
        }
        let wait = random_up_to(self.bound());
        tracing::warn!(
            code = fault.code.id,
            reason = fault.message,
            attempt = self.made,
            wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            "request to salesforce failed and is tried again"
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

    #[actix_rt::test]
    async fn tries_end_with_their_number_and_never_begin_for_what_cannot_pass() {
        tokio::time::pause();
        let mut tries = Tries::new(Retries { attempts: 3, ..Retries::default() });
        let busy = Fault::new(&SF_UNAVAILABLE, "");
        let allowed = [tries.another(&busy).await, tries.another(&busy).await, tries.another(&busy).await];
        assert_eq!(allowed, [true, true, false]);
        assert!(!Tries::new(Retries::default()).another(&Fault::new(&SF_QUERY, "")).await);
    }

    proptest! {
        #[test]
        fn waits_double_up_to_their_bound(made in 1..200u32, first in 0..5000u64, longest in 0..60_000u64) {
            let (first_wait, longest_wait) = (Duration::from_millis(first), Duration::from_millis(longest));
            let tries = Tries { retries: Retries { attempts: 0, first_wait, longest_wait }, made };
            let after = Tries { retries: tries.retries, made: made + 1 };
            prop_assert!(tries.bound() <= longest_wait && random_up_to(tries.bound()) <= tries.bound());
            prop_assert!(after.bound() == (tries.bound() * 2).min(longest_wait) || made > 30);
        }
    }
}
