//! The form in which content is kept: deflated where that is worth it, with a sum that tells damage.

use std::io::{Read as _, Write as _};

use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use ports::KeptContent;

/// Shorter content gains less than it costs.
const SHORTEST: usize = 256;
/// How much of the beginning says whether the rest is worth it; most files are archives, pictures or PDFs, which are deflated already.
const SAMPLE: usize = 64 << 10;

const BYTES: u8 = 0;
const TEXT: u8 = 1;
const REFUSED: u8 = 2;

/// Content as it is kept.
#[derive(Debug)]
pub(super) struct Packed {
    /// Of what sort it is.
    pub(super) kind: u8,
    /// Whether `body` is deflated.
    pub(super) is_packed: bool,
    /// Bytes when unpacked.
    pub(super) length: u64,
    /// Of the unpacked bytes.
    pub(super) crc: u32,
    /// What is stored.
    pub(super) body: Vec<u8>,
}

impl Packed {
    pub(super) fn pack(content: &KeptContent) -> Self {
        let (kind, plain) = match content {
            KeptContent::Bytes(bytes) => (BYTES, bytes.as_slice()),
            KeptContent::Text(text) => (TEXT, text.as_bytes()),
            KeptContent::Refused(reason) => (REFUSED, reason.as_bytes()),
        };
        let deflated = is_worth_it(plain).then(|| deflate(plain)).flatten().filter(|body| body.len() < plain.len());
        let (length, crc, is_packed) = (plain.len() as u64, sum(plain), deflated.is_some());
        Self { kind, is_packed, length, crc, body: deflated.unwrap_or_else(|| plain.to_vec()) }
    }

    /// What was packed; `None` if this is damaged.
    pub(super) fn unpack(self) -> Option<KeptContent> {
        let plain = if self.is_packed { inflate(&self.body, self.length)? } else { self.body };
        if plain.len() as u64 != self.length || sum(&plain) != self.crc {
            return None;
        }
        match self.kind {
            BYTES => Some(KeptContent::Bytes(plain)),
            TEXT => String::from_utf8(plain).ok().map(KeptContent::Text),
            REFUSED => String::from_utf8(plain).ok().map(KeptContent::Refused),
            _ => None,
        }
    }
}

fn is_worth_it(plain: &[u8]) -> bool {
    let sample = &plain[..plain.len().min(SAMPLE)];
    plain.len() >= SHORTEST && deflate(sample).is_some_and(|deflated| deflated.len() < sample.len() / 10 * 9)
}

fn deflate(plain: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(plain.len() / 2), Compression::fast());
    encoder.write_all(plain).and_then(|()| encoder.finish()).ok()
}

/// Never makes more than one byte beyond what was announced.
fn inflate(body: &[u8], length: u64) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    DeflateDecoder::new(body).take(length.saturating_add(1)).read_to_end(&mut plain).ok()?;
    Some(plain)
}

fn sum(plain: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(plain);
    crc.sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn noise(length: usize) -> Vec<u8> {
        let mut random = fastrand::Rng::with_seed(7);
        std::iter::repeat_with(|| random.u8(..)).take(length).collect()
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(piece in ".{1,20}", times in 0usize..500) {
            let text = piece.repeat(times);
            for content in [KeptContent::Text(text.clone()), KeptContent::Refused(text.clone()), KeptContent::Bytes(text.into_bytes())] {
                prop_assert_eq!(Packed::pack(&content).unpack(), Some(content));
            }
        }

        #[test]
        fn a_change_of_a_byte_is_told(at: prop::sample::Index, times in 1usize..200) {
            let mut packed = Packed::pack(&KeptContent::Text("some words ".repeat(times)));
            let at = at.index(packed.body.len());
            packed.body[at] ^= 0x10;
            // A changed byte may stand in the padding of the last block, and then the text is the same.
            prop_assert!(packed.unpack().is_none_or(|content| content == KeptContent::Text("some words ".repeat(times))));
        }
    }

    #[test]
    fn content_that_shrinks_is_deflated_and_other_content_is_not() {
        let packed = Packed::pack(&KeptContent::Text("words ".repeat(1_000)));
        assert!(packed.is_packed && packed.body.len() < 200);
        for plain in [noise(100_000), b"short".to_vec(), vec![]] {
            let packed = Packed::pack(&KeptContent::Bytes(plain.clone()));
            assert!(!packed.is_packed && packed.body == plain);
        }
    }

    #[test]
    fn content_that_unpacks_to_more_than_it_says_is_damaged() {
        let packed = Packed::pack(&KeptContent::Text("words ".repeat(1_000)));
        assert_eq!(Packed { length: 10, ..packed }.unpack(), None);
    }
}
