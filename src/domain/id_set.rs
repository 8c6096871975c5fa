//! A set of record ids that takes little room: those of one object count up, and runs of numbers take bits.

use std::collections::BTreeMap;

use roaring::RoaringTreemap;

use crate::RecordId;

/// Characters that ids of one object in one org share: key prefix, instance, and one that is reserved.
const HEAD: usize = 6;
/// Characters that count, and the checksum behind them.
const COUNT: std::ops::Range<usize> = HEAD..15;

/// Record ids, told apart by their first 15 characters. A million ids that follow each other take some hundred kilobytes.
#[derive(Clone, Debug, Default)]
pub struct IdSet(BTreeMap<[u8; HEAD], RoaringTreemap>);

impl IdSet {
    /// Adds an id; false if it was there.
    pub fn insert(&mut self, id: RecordId) -> bool {
        let (head, count) = split(id);
        self.0.entry(head).or_default().insert(count)
    }

    /// Takes an id out; false if it was not there.
    pub fn remove(&mut self, id: RecordId) -> bool {
        let (head, count) = split(id);
        self.0.get_mut(&head).is_some_and(|counts| counts.remove(count))
    }

    /// Whether an id is in it.
    pub fn contains(&self, id: RecordId) -> bool {
        let (head, count) = split(id);
        self.0.get(&head).is_some_and(|counts| counts.contains(count))
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.0.values().map(RoaringTreemap::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.values().all(RoaringTreemap::is_empty)
    }
}

fn split(id: RecordId) -> ([u8; HEAD], u64) {
    let bytes = id.as_str().as_bytes();
    let mut head = [0; HEAD];
    head.copy_from_slice(&bytes[..HEAD]);
    (head, bytes[COUNT].iter().fold(0, |count, byte| count * 62 + digit(*byte)))
}

/// In the order in which ids count: digits, capitals, small letters.
fn digit(byte: u8) -> u64 {
    u64::from(match byte {
        b'0'..=b'9' => byte - b'0',
        b'A'..=b'Z' => byte - b'A' + 10,
        _ => byte.wrapping_sub(b'a').wrapping_add(36),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set(steps in prop::collection::vec(("[0-2][0-1][0zZ]{4}[0-9A-Za-z]{1}0000000[0zZaA]", any::<bool>()), 0..60)) {
            let (mut set, mut model) = (IdSet::default(), HashSet::new());
            for (text, adds) in steps {
                let id: RecordId = text.parse().unwrap();
                if adds {
                    prop_assert_eq!(set.insert(id), model.insert(id));
                } else {
                    prop_assert_eq!(set.remove(id), model.remove(&id));
                }
                prop_assert_eq!(set.contains(id), model.contains(&id));
                prop_assert_eq!((set.len(), set.is_empty()), (model.len() as u64, model.is_empty()));
            }
        }
    }

    #[test]
    fn a_million_ids_in_a_row_take_little_room() {
        let mut set = IdSet::default();
        const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        for no in 0..1_000_000_usize {
            let tail = [238_328, 3_844, 62, 1].map(|unit| char::from(DIGITS[no / unit % 62]));
            set.insert(format!("0695g000000{}", tail.iter().collect::<String>()).parse().unwrap());
        }
        let bytes: usize = set.0.values().map(RoaringTreemap::serialized_size).sum();
        assert!(set.len() == 1_000_000 && bytes < 1_000_000, "{bytes}");
    }
}
