//! The look-up cache that all joiners of a run share: id to raw record, bounded in entries.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use dashmap::DashMap;
use domain::RecordId;
use domain::catalog::LookupTarget;

/// Records that look-ups lead to. `None` remembers that there is no such record.
#[derive(Debug)]
pub struct LookupCache {
    entries: DashMap<(LookupTarget, RecordId), Option<Bytes>>,
    limit: usize,
    turn: AtomicUsize,
}

impl LookupCache {
    /// A cache of at most about `limit` entries.
    pub fn new(limit: usize) -> Self {
        Self { entries: DashMap::new(), limit: limit.max(1), turn: AtomicUsize::new(0) }
    }

    /// What is known of a record; `None` means that it must be asked for.
    pub fn get(&self, target: LookupTarget, id: RecordId) -> Option<Option<Bytes>> {
        self.entries.get(&(target, id)).map(|entry| entry.value().clone())
    }

    /// Remembers an answer. The bytes are copied, so that the page they came with can go.
    pub fn put(&self, target: LookupTarget, id: RecordId, record: Option<&Bytes>) {
        if self.entries.len() >= self.limit {
            self.make_room();
        }
        self.entries.insert((target, id), record.map(|record| Bytes::copy_from_slice(record)));
    }

    /// Entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Drops a quarter, another one each time: cheaper than keeping an order of use, and a lost entry only costs a place in a query.
    fn make_room(&self) {
        let turn = self.turn.fetch_add(1, Relaxed);
        let mut no = turn;
        self.entries.retain(|_, _| {
            no += 1;
            !no.is_multiple_of(4)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(no: usize) -> RecordId {
        format!("005{no:012}").parse().unwrap()
    }

    #[test]
    fn the_cache_stays_within_its_limit_and_remembers_misses() {
        let cache = LookupCache::new(100);
        for no in 0..10_000 {
            cache.put(LookupTarget::User, id(no), Some(&Bytes::from_static(b"{}")));
            assert!(cache.len() <= 100);
        }
        cache.put(LookupTarget::User, id(1), None);
        assert_eq!(cache.get(LookupTarget::User, id(1)), Some(None));
        assert_eq!(cache.get(LookupTarget::Account, id(1)), None);
    }
}
