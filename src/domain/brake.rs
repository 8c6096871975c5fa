//! The brake on deletes: how much of an index one run may delete without being asked, and the deletes that wait until somebody says yes.
//!
//! An org that suddenly shows less than it did may have lost records, or the run-as user may have lost the right to see them. The engine
//! cannot tell the two apart, so it asks.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ConnectorId, IndexName, RunId};

/// Deletes that need no leave however small the index is: one of three accounts that somebody deleted is no reason to stop.
const FREE: u64 = 10;

/// One whole, in the unit of [`Brake`].
const WHOLE: u32 = 1_000_000;

/// How much of an index one run may delete without being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brake {
    /// Of a million. A fraction would be rounded, and a share that is hit exactly would hold or not hold by chance.
    share: u32,
}

impl Brake {
    /// Never holds.
    pub const OFF: Self = Self { share: WHOLE };

    /// Holds when more than this share is to be deleted; what is outside of 0 to 1 counts as the nearer of the two.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and a million; no number becomes 0")]
    pub fn at(share: f64) -> Self {
        Self { share: (share.clamp(0.0, 1.0) * f64::from(WHOLE)).round() as u32 }
    }

    /// The share, from 0 to 1.
    pub fn share(self) -> f64 {
        f64::from(self.share) / f64::from(WHOLE)
    }

    /// Whether any number of deletes goes through, so that nobody needs to count.
    pub fn is_off(self) -> bool {
        self.share == WHOLE
    }

    /// Whether deleting `doomed` of `total` documents has to wait for leave.
    ///
    /// Up to 10 documents never wait, except at a share of 0, where every delete does.
    pub fn holds(self, total: u64, doomed: u64) -> bool {
        let free = if self.share == 0 { 0 } else { FREE };
        doomed > free && u128::from(doomed) * u128::from(WHOLE) > u128::from(total) * u128::from(self.share)
    }
}

impl Default for Brake {
    /// A fifth.
    fn default() -> Self {
        Self::at(0.2)
    }
}

/// What became of the documents that a run did not meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Swept {
    /// So many were deleted.
    Deleted(u64),
    /// They are too many: all of them are still there.
    Held(Hold),
}

/// Deletes that wait for leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Whose documents.
    pub connector: ConnectorId,
    /// Where they are.
    pub index: IndexName,
    /// The run that did not meet them.
    pub run: RunId,
    /// What the index needs to be told to know them again, in its own words.
    pub mark: String,
    /// Kinds that the run could not look at; they are not among the doomed.
    pub spare: Vec<String>,
    /// How many documents.
    pub doomed: u64,
    /// Of how many of the connector in the index, in that moment.
    pub total: u64,
    /// When they were counted.
    pub at: Timestamp,
}

impl Hold {
    /// As JSON, for whoever keeps it.
    pub fn encode(&self) -> String {
        let Self { connector, index, run, mark, spare, doomed, total, at } = self;
        let state = State {
            connector: connector.as_str().to_owned(),
            index: index.as_str().to_owned(),
            run: run.as_str().to_owned(),
            mark: mark.clone(),
            spare: spare.clone(),
            doomed: *doomed,
            total: *total,
            at: *at,
        };
        // Strings and numbers always are JSON.
        serde_json::to_string(&state).unwrap_or_default()
    }

    /// Reads [`Self::encode`]; `None` when it is something else.
    pub fn decode(text: &str) -> Option<Self> {
        let State { connector, index, run, mark, spare, doomed, total, at } = serde_json::from_str(text).ok()?;
        Some(Self {
            connector: ConnectorId::new(connector),
            index: IndexName::new(index),
            run: RunId::new(run),
            mark,
            spare,
            doomed,
            total,
            at,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct State {
    connector: String,
    index: String,
    run: String,
    mark: String,
    spare: Vec<String>,
    doomed: u64,
    total: u64,
    at: Timestamp,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_share_that_is_hit_exactly_goes_through_and_one_more_waits() {
        let brake = Brake::default();
        assert!(!brake.holds(1000, 200) && brake.holds(1000, 201));
        // As floating point numbers, 0.07 * 300 is less than 21.
        assert!(!Brake::at(0.07).holds(300, 21) && Brake::at(0.07).holds(300, 22));
    }

    #[test]
    fn a_few_documents_never_wait_however_small_the_index() {
        let brake = Brake::default();
        for (total, doomed) in [(3, 1), (3, 3), (10, 10), (49, 10)] {
            assert!(!brake.holds(total, doomed), "{doomed} of {total}");
        }
        assert!(brake.holds(11, 11) && brake.holds(54, 11) && !brake.holds(55, 11));
    }

    #[test]
    fn the_ends_of_the_scale_are_always_and_never() {
        assert!(!Brake::OFF.holds(1_000_000, 1_000_000) && Brake::OFF.is_off());
        assert!(Brake::at(1.0).is_off() && Brake::at(7.0).is_off() && !Brake::at(0.999).is_off());
        let strict = Brake::at(0.0);
        assert!(strict.holds(1_000_000, 1) && !strict.holds(1_000_000, 0));
        assert_eq!((Brake::at(-1.0), Brake::at(f64::NAN)), (strict, strict));
    }

    proptest! {
        #[test]
        fn who_holds_few_deletes_holds_more_of_them_and_deletes_half_done_never_begin_to_wait(
            share in 0.0..=1.0, total in 0..1_000_000_u64, part in 0.0..=1.0, done in 0.0..=1.0,
        ) {
            let brake = Brake::at(share);
            let doomed = (total as f64 * part) as u64;
            if brake.holds(total, doomed) {
                prop_assert!((doomed..=total).step_by(997).all(|more| brake.holds(total, more)));
            } else {
                let done = (doomed as f64 * done) as u64;
                prop_assert!(!brake.holds(total - done, doomed - done));
            }
        }

        #[test]
        fn a_hold_survives_the_way_into_text_and_back(
            names in proptest::array::uniform4(".{0,12}"), spare in proptest::collection::vec(".{0,12}", 0..4),
            doomed in any::<u64>(), total in any::<u64>(), second in 0..4_000_000_000_i64,
        ) {
            let [connector, index, run, mark] = names;
            let hold = Hold {
                connector: ConnectorId::new(connector), index: IndexName::new(index), run: RunId::new(run), mark, spare,
                doomed, total, at: Timestamp::from_second(second).unwrap(),
            };
            prop_assert_eq!(Hold::decode(&hold.encode()), Some(hold));
        }
    }

    #[test]
    fn what_is_no_hold_is_none() {
        for text in ["", "{}", "null", r#"{"connector":"c","index":"i"}"#] {
            assert_eq!(Hold::decode(text), None, "{text}");
        }
    }
}
