//! Rich text as mail programs store it: packed with a dictionary that both sides know (MS-OXRTFCP).

/// What the dictionary holds before the first byte.
const COMMON: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
const WINDOW: usize = 4096;
const HEADER: usize = 16;
const PACKED: &[u8] = b"LZFu";
const STORED: &[u8] = b"MELA";

/// The rich text, at most `limit` bytes of it; `None` if it is neither packed nor stored in the known way. A broken end is cut off.
pub(crate) fn unpack(bytes: &[u8], limit: usize) -> Option<Vec<u8>> {
    let content = bytes.get(HEADER..)?;
    let size = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?) as usize;
    match bytes.get(8..12)? {
        PACKED => Some(inflate(content, size.min(limit))),
        STORED => Some(content.get(..size.min(limit)).unwrap_or(content).to_vec()),
        _ => None,
    }
}

/// Each control byte says of eight items, lowest bit first, whether they are a byte or a copy of what the window has.
fn inflate(packed: &[u8], size: usize) -> Vec<u8> {
    let mut window = [b' '; WINDOW];
    let (known, _) = window.split_at_mut(COMMON.len());
    known.copy_from_slice(COMMON);
    let mut at = COMMON.len();
    let mut out = Vec::new();
    let mut input = packed.iter().copied();
    'all: while let Some(control) = input.next() {
        for bit in 0..8 {
            let Some(first) = input.next() else { break 'all };
            let (from, count) = if control >> bit & 1 == 0 {
                window[at % WINDOW] = first;
                (at, 1)
            } else {
                let Some(second) = input.next() else { break 'all };
                let from = usize::from(first) << 4 | usize::from(second >> 4);
                if from == at % WINDOW {
                    break 'all;
                }
                (from, usize::from(second & 15) + 2)
            };
            for step in 0..count {
                let byte = window[(from + step) % WINDOW];
                window[at % WINDOW] = byte;
                at += 1;
                out.push(byte);
                if out.len() >= size {
                    break 'all;
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification: `{\rtf1\ansi\ansicpg1252\pard hello world}`.
    const EXAMPLE: &[u8] = &[
        0x2d, 0, 0, 0, 0x2b, 0, 0, 0, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 0x03, 0x00, 0x0a, 0x00, 0x72, 0x63, 0x70, 0x67, 0x31,
        0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65, 0x6c, 0x09, 0x00, 0x20, 0x62, 0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80,
        0x0f, 0xa0,
    ];

    #[test]
    fn the_dictionary_has_the_size_of_the_specification() {
        assert_eq!(COMMON.len(), 207);
    }

    #[test]
    fn packed_text_is_unpacked_as_in_the_specification() {
        assert_eq!(unpack(EXAMPLE, 1000).unwrap(), b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
    }

    #[test]
    fn it_is_never_longer_than_allowed_and_broken_ends_are_cut_off() {
        assert_eq!(unpack(EXAMPLE, 5).unwrap(), b"{\\rtf");
        for length in 0..EXAMPLE.len() {
            assert!(unpack(&EXAMPLE[..length], 1000).is_none_or(|text| text.len() <= 43), "{length}");
        }
    }
}
