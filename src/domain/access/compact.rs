//! Small numbers in place of ids, and sets and lists of them.

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// Numbers for keys, in the order in which they were met.
#[derive(Debug)]
pub(super) struct Pool<K> {
    numbers: HashMap<K, u32>,
    keys: Vec<K>,
}

impl<K> Default for Pool<K> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), keys: Vec::new() }
    }
}

impl<K: Hash + Eq + Clone> Pool<K> {
    /// The number of `key`, a fresh one if it is new.
    pub(super) fn number(&mut self, key: K) -> u32 {
        // More than four billion ids do not fit into memory.
        let next = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(key).or_insert_with_key(|key| {
            self.keys.push(key.clone());
            next
        })
    }

    /// The number of `key` if it was met.
    pub(super) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<u32>
    where
        K: Borrow<Q>,
    {
        self.numbers.get(key).copied()
    }

    /// The key behind a number that this pool gave.
    pub(super) fn key(&self, number: u32) -> &K {
        &self.keys[number as usize]
    }

    /// All keys by number.
    pub(super) fn keys(&self) -> &[K] {
        &self.keys
    }
}

/// A value per number, absent until it is set.
#[derive(Debug)]
pub(super) struct Column<T>(Vec<Option<T>>);

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Column<T> {
    pub(super) fn set(&mut self, number: u32, value: T) {
        let at = number as usize;
        if self.0.len() <= at {
            self.0.resize_with(at + 1, || None);
        }
        self.0[at] = Some(value);
    }

    pub(super) fn get(&self, number: u32) -> Option<&T> {
        self.0.get(number as usize).and_then(Option::as_ref)
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.0.get_mut(number as usize).and_then(Option::as_mut)
    }

    /// What is set, by number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..).zip(&self.0).filter_map(|(number, value)| Some((number, value.as_ref()?)))
    }
}

/// A set of numbers, one bit each.
#[derive(Clone, Debug, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// Adds a number; whether it is new.
    pub(super) fn insert(&mut self, number: u32) -> bool {
        let (word, bit) = (number as usize / 64, 1 << (number % 64));
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        new
    }

    pub(super) fn has(&self, number: u32) -> bool {
        self.0.get(number as usize / 64).is_some_and(|word| word & 1 << (number % 64) != 0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(super) fn add(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word |= other);
    }

    pub(super) fn remove(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word &= !other);
    }

    pub(super) fn keep(&mut self, other: &Self) {
        self.0.truncate(other.0.len());
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word &= other);
    }

    /// The numbers, smallest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        (0u32..).zip(&self.0).flat_map(|(word, bits)| (0..64).filter(move |bit| bits >> bit & 1 != 0).map(move |bit| word * 64 + bit))
    }
}

/// A list of numbers per number, all in two allocations.
#[derive(Debug, Default)]
pub(super) struct Lists {
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Lists {
    /// From pairs `(of, item)` in any order; a pair that comes twice counts once.
    pub(super) fn of(mut pairs: Vec<(u32, u32)>) -> Self {
        pairs.sort_unstable();
        pairs.dedup();
        let mut lists = Self { starts: vec![0], items: Vec::with_capacity(pairs.len()) };
        for (of, item) in pairs {
            lists.close(of as usize);
            lists.items.push(item);
        }
        lists.close(lists.starts.len());
        lists
    }

    /// Ends all lists before that of `of`.
    fn close(&mut self, of: usize) {
        let end = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        while self.starts.len() <= of {
            self.starts.push(end);
        }
    }

    /// The items of `of`, smallest first.
    pub(super) fn get(&self, of: u32) -> &[u32] {
        let bound = |at: usize| self.starts.get(at).map(|at| *at as usize);
        match (bound(of as usize), bound(of as usize + 1)) {
            (Some(start), Some(end)) => &self.items[start..end],
            _ => &[],
        }
    }
}

/// Whatever is above `from`, nearest first, `from` itself left out; a circle is walked once.
pub(super) fn chain(from: u32, above: impl Fn(u32) -> Option<u32>) -> Vec<u32> {
    let (mut met, mut chain, mut at) = (HashSet::from([from]), Vec::new(), from);
    while let Some(next) = above(at).filter(|next| met.insert(*next)) {
        chain.push(next);
        at = next;
    }
    chain
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lists_hold_what_a_map_of_sets_holds(pairs in vec((0u32..20, 0u32..20), 0..60)) {
            let mut map = BTreeMap::<u32, BTreeSet<u32>>::new();
            for (of, item) in &pairs {
                map.entry(*of).or_default().insert(*item);
            }
            let lists = Lists::of(pairs);
            for of in 0..22 {
                let expected: Vec<_> = map.get(&of).into_iter().flatten().copied().collect();
                prop_assert_eq!(lists.get(of), expected);
            }
        }

        #[test]
        fn bits_are_a_set_of_numbers(a in btree_set(0u32..200, 0..40), b in btree_set(0u32..200, 0..40)) {
            let bits = |set: &BTreeSet<u32>| { let mut bits = Bits::default(); set.iter().for_each(|number| assert!(bits.insert(*number))); bits };
            let (x, y) = (bits(&a), bits(&b));
            let after = |change: fn(&mut Bits, &Bits)| { let mut bits = x.clone(); change(&mut bits, &y); bits.iter().collect::<BTreeSet<_>>() };
            prop_assert_eq!(after(Bits::add), a.union(&b).copied().collect());
            prop_assert_eq!(after(Bits::remove), a.difference(&b).copied().collect());
            prop_assert_eq!(after(Bits::keep), a.intersection(&b).copied().collect());
            prop_assert_eq!(x.is_empty(), a.is_empty());
            prop_assert!((0..220).all(|number| x.has(number) == a.contains(&number)));
        }
    }

    #[test]
    fn a_chain_that_bites_its_tail_ends() {
        assert_eq!(chain(0, |at| [Some(1), Some(2), Some(1)][at as usize]), [1, 2]);
        assert_eq!(chain(0, |_| Some(0)), [0u32; 0]);
        assert_eq!(chain(0, |_| None), [0u32; 0]);
    }
}
