//! Sets of small numbers: the values of a field that fire.

use std::iter;

/// The direction of a search through time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Towards the future.
    Forward,
    /// Towards the past.
    Back,
}

/// A set of values of `first..=last`, at most 192 of them: years need 130.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Set {
    first: u16,
    last: u16,
    bits: [u64; 3],
}

impl Set {
    pub(super) const fn empty(first: u16, last: u16) -> Self {
        Self { first, last, bits: [0; 3] }
    }

    pub(super) fn full(first: u16, last: u16) -> Self {
        let mut set = Self::empty(first, last);
        (first..=last).for_each(|value| set.insert(value));
        set
    }

    /// The same set and one value more.
    pub(super) fn with(mut self, value: u16) -> Self {
        self.insert(value);
        self
    }

    /// Values out of the set's bounds are no members and cannot become any.
    pub(super) fn insert(&mut self, value: u16) {
        if let Some((word, bit)) = self.place(value) {
            self.bits[word] |= bit;
        }
    }

    pub(super) fn contains(&self, value: u16) -> bool {
        self.place(value).is_some_and(|(word, bit)| self.bits[word] & bit != 0)
    }

    pub(super) fn is_full(&self) -> bool {
        *self == Self::full(self.first, self.last)
    }

    /// The members in order of `way`, beginning at `from` (which counts) or at the end of the set.
    pub(super) fn walk(&self, from: Option<u16>, way: Way) -> impl Iterator<Item = u16> {
        let mut left = match way {
            Way::Forward => from.unwrap_or(self.first)..=self.last,
            Way::Back => self.first..=from.unwrap_or(self.last),
        };
        iter::from_fn(move || match way {
            Way::Forward => left.find(|value| self.contains(*value)),
            Way::Back => left.rfind(|value| self.contains(*value)),
        })
    }

    /// All members, lowest first.
    pub(super) fn values(&self) -> impl Iterator<Item = u16> {
        self.walk(None, Way::Forward)
    }

    fn place(&self, value: u16) -> Option<(usize, u64)> {
        let index = usize::from(value.checked_sub(self.first).filter(|_| value <= self.last)?);
        Some((index / 64, 1 << (index % 64)))
    }
}
