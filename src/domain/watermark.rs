//! How far a run is safe: pages settle in any order, the mark moves over a gapless prefix only.

use std::collections::BTreeMap;

use crate::RecordId;

/// Ordinal of a page within one object of one generation, from 0.
pub type PageNo = u64;

/// How a page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every document of the page was written, or set aside with a reason.
    Settled,
    /// At least one document vanished without a verdict; the page will be read again.
    Lost,
}

/// Advances over a gapless prefix of settled pages.
#[derive(Debug, Default)]
pub struct Watermark {
    next: PageNo,
    ahead: BTreeMap<PageNo, Option<RecordId>>,
}

impl Watermark {
    /// Records that page `no`, whose last record is `last` (`None` for a page without records), is settled.
    ///
    /// Returns the last record that everything up to is safe, if the mark moved over one.
    pub fn settle(&mut self, no: PageNo, last: Option<RecordId>) -> Option<RecordId> {
        self.ahead.insert(no, last);
        let mut moved = None;
        while let Some(last) = self.ahead.remove(&self.next) {
            self.next += 1;
            moved = last.or(moved);
        }
        moved
    }

    /// First page that is not yet safe.
    pub fn next(&self) -> PageNo {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(no: u64) -> RecordId {
        format!("001{no:012}").parse().unwrap()
    }

    proptest! {
        #[test]
        fn the_mark_never_passes_a_page_that_is_not_settled(order in Just((0..12u64).collect::<Vec<_>>()).prop_shuffle(), lost in 0..12u64) {
            let mut mark = Watermark::default();
            let mut after = None;
            for no in order.into_iter().filter(|no| *no != lost) {
                after = mark.settle(no, Some(id(no))).or(after);
                prop_assert!(mark.next() <= lost);
            }
            prop_assert_eq!(mark.next(), lost);
            prop_assert_eq!(after, lost.checked_sub(1).map(id));
        }
    }
}
