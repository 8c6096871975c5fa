//! When a job has had too many documents refused: limits in all, in a row, and as a share of the latest.
//!
//! One document that the index refuses is set aside and the run goes on. When one after another is refused, it is the index that is wrong,
//! a mapping or a pipeline, and a run that goes on would set aside a million of them.

use std::collections::VecDeque;

use crate::{EN_TOO_MANY_ERRORS, Fault};

/// How many documents the index may refuse before a job fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorLimits {
    /// Whether anything is limited.
    pub enabled: bool,
    /// In all.
    pub total: usize,
    /// One after another.
    pub consecutive: usize,
    /// Share of the latest, from 0 to 1.
    pub rate: f64,
    /// How many are the latest; 1 or more.
    pub window: usize,
    /// Reasons that are remembered.
    pub kept: usize,
}

impl Default for ErrorLimits {
    /// The limits of the reference connector.
    fn default() -> Self {
        Self { enabled: true, total: 1000, consecutive: 10, rate: 0.15, window: 100, kept: 10 }
    }
}

/// Counts what becomes of the documents of one job.
#[derive(Clone, Debug)]
pub struct ErrorMonitor {
    limits: ErrorLimits,
    total: usize,
    in_a_row: usize,
    /// Whether each of the latest was refused, as a ring; those before the first count as written.
    latest: Vec<bool>,
    next: usize,
    refused_lately: usize,
    reasons: VecDeque<Fault>,
}

impl ErrorMonitor {
    /// Of a job that begins.
    pub fn new(limits: ErrorLimits) -> Self {
        let latest = vec![false; limits.window.max(1)];
        Self { limits, total: 0, in_a_row: 0, latest, next: 0, refused_lately: 0, reasons: VecDeque::new() }
    }

    /// A document was written.
    pub fn written(&mut self) {
        self.in_a_row = 0;
        self.turn(false);
    }

    /// A document was refused for ever.
    ///
    /// # Errors
    /// `EN_TOO_MANY_ERRORS`: a limit is exceeded. It says which, and quotes `reason`.
    pub fn refused(&mut self, reason: &Fault) -> Result<(), Fault> {
        self.total += 1;
        self.in_a_row += 1;
        self.turn(true);
        if self.limits.kept > 0 {
            if self.reasons.len() == self.limits.kept {
                self.reasons.pop_front();
            }
            self.reasons.push_back(reason.clone());
        }
        match self.exceeded() {
            Some(limit) => Err(Fault::new(&EN_TOO_MANY_ERRORS, format!("{limit}; the last one: {} [{}]", reason.message, reason.code.id))),
            None => Ok(()),
        }
    }

    /// The latest reasons, oldest first.
    pub fn reasons(&self) -> impl Iterator<Item = &Fault> {
        self.reasons.iter()
    }

    fn turn(&mut self, refused: bool) {
        self.refused_lately += usize::from(refused);
        self.refused_lately -= usize::from(std::mem::replace(&mut self.latest[self.next], refused));
        self.next = (self.next + 1) % self.latest.len();
    }

    /// The first limit that is exceeded, as people read it.
    fn exceeded(&self) -> Option<String> {
        let ErrorLimits { enabled, total, consecutive, rate, .. } = self.limits;
        let lately = self.refused_lately;
        if !enabled {
            None
        } else if self.in_a_row > consecutive {
            Some(format!("the index refused {} documents one after another, more than {consecutive}", self.in_a_row))
        } else if self.total > total {
            Some(format!("the index refused {} documents, more than {total}", self.total))
        } else if share(lately, self.latest.len()) > rate {
            Some(format!("the index refused {lately} of the latest {} documents, more than {} %", self.latest.len(), rate * 100.0))
        } else {
            None
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "windows are small")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ES_MAPPING;

    fn reason(no: usize) -> Fault {
        Fault::new(&ES_MAPPING, format!("reason {no}"))
    }

    /// Feeds outcomes (true: refused) until a limit trips; gives the position and the fault.
    fn feed(monitor: &mut ErrorMonitor, outcomes: impl IntoIterator<Item = bool>) -> Option<(usize, Fault)> {
        outcomes.into_iter().enumerate().find_map(|(no, refused)| {
            if refused {
                return monitor.refused(&reason(no)).err().map(|fault| (no, fault));
            }
            monitor.written();
            None
        })
    }

    #[test]
    fn the_eleventh_refusal_in_a_row_is_one_too_many_and_one_document_written_between_them_helps() {
        let (no, fault) = feed(&mut ErrorMonitor::new(ErrorLimits::default()), [true; 20]).unwrap();
        assert_eq!(no, 10);
        let expected = "the index refused 11 documents one after another, more than 10; the last one: reason 10 [ES0401] [EN0006]; ";
        assert!(fault.to_string().starts_with(expected), "{fault}");
        assert!(feed(&mut ErrorMonitor::new(ErrorLimits::default()), (0..12).map(|no| no != 5)).is_none());
    }

    #[test]
    fn more_than_a_share_of_the_latest_hundred_is_too_much_even_at_the_beginning() {
        let (no, fault) = feed(&mut ErrorMonitor::new(ErrorLimits::default()), (0..100).map(|no| no % 3 == 0)).unwrap();
        assert_eq!(no, 45, "the sixteenth refusal, as if ninety-nine were written before the first");
        assert!(fault.message.starts_with("the index refused 16 of the latest 100 documents, more than 15 %; "), "{fault}");
    }

    #[test]
    fn refusals_that_are_rare_but_many_end_a_job_too() {
        let mut monitor = ErrorMonitor::new(ErrorLimits::default());
        let (no, fault) = feed(&mut monitor, (0..20_000).map(|no| no % 10 == 0)).unwrap();
        assert_eq!(no, 10_000);
        assert!(fault.message.starts_with("the index refused 1001 documents, more than 1000; "), "{fault}");
        assert_eq!(monitor.reasons().map(|fault| fault.message.as_str()).collect::<Vec<_>>().len(), 10);
        assert_eq!(monitor.reasons().last(), Some(&reason(10_000)));
    }

    #[test]
    fn limits_that_are_off_only_count() {
        let mut monitor = ErrorMonitor::new(ErrorLimits { enabled: false, kept: 2, ..ErrorLimits::default() });
        assert_eq!(feed(&mut monitor, [true; 5000]), None);
        assert_eq!((monitor.total, monitor.reasons().count()), (5000, 2));
    }

    /// The rule by the whole history, as it is written down.
    fn naive(limits: ErrorLimits, history: &[bool]) -> bool {
        let in_a_row = history.iter().rev().take_while(|refused| **refused).count();
        let total = history.iter().filter(|refused| **refused).count();
        let lately = history.iter().rev().take(limits.window).filter(|refused| **refused).count();
        limits.enabled
            && history.last() == Some(&true)
            && (in_a_row > limits.consecutive || total > limits.total || lately as f64 / limits.window as f64 > limits.rate)
    }

    proptest! {
        #[test]
        fn a_monitor_trips_exactly_when_the_rule_over_the_whole_history_says_so(
            history in proptest::collection::vec(any::<bool>(), 0..200), enabled in any::<bool>(), total in 0..80_usize,
            consecutive in 0..12_usize, rate in 0.0..=1.0, window in 1..40_usize, kept in 0..5_usize,
        ) {
            let limits = ErrorLimits { enabled, total, consecutive, rate, window, kept };
            let mut monitor = ErrorMonitor::new(limits);
            let mut reasons = Vec::new();
            for (no, refused) in history.iter().enumerate() {
                let tripped = if *refused {
                    reasons.push(reason(no));
                    monitor.refused(&reason(no)).is_err()
                } else {
                    monitor.written();
                    false
                };
                prop_assert_eq!(tripped, naive(limits, &history[..=no]), "after {}", no);
                let latest = &reasons[reasons.len().saturating_sub(kept)..];
                prop_assert!(monitor.reasons().eq(latest));
            }
        }
    }
}
