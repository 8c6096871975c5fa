//! How many rounds of a service may fail before it ends: more than a number within a span.

use domain::Timestamp;

use super::Rhythm;

/// Counts failed rounds from the first one of a span.
#[derive(Debug, Default)]
pub(super) struct ErrorBudget {
    count: usize,
    since: Option<Timestamp>,
}

impl ErrorBudget {
    /// Counts a failed round; true when it is one too many.
    pub(super) fn exceeded(&mut self, rhythm: &Rhythm, now: Timestamp) -> bool {
        let over = |since: Timestamp| since.checked_add(rhythm.max_errors_span).is_ok_and(|end| end < now);
        if self.since.is_none_or(over) {
            (self.count, self.since) = (0, Some(now));
        }
        self.count += 1;
        self.count > rhythm.max_errors
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn errors_count_within_their_span_only() {
        let second = Duration::from_secs;
        let rhythm = Rhythm { schedule: true, idling: second(1), tidy_every: None, max_errors: 2, max_errors_span: second(600) };
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let mut budget = ErrorBudget::default();
        assert_eq!([0, 100, 600].map(|seconds| budget.exceeded(&rhythm, at(seconds))), [false, false, true]);
        assert_eq!([601, 700, 1300, 1301].map(|seconds| budget.exceeded(&rhythm, at(seconds))), [false, false, false, false]);
        assert!(budget.exceeded(&rhythm, at(1302)));
    }
}
