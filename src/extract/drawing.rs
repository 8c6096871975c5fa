//! What can be had of Visio drawings from before 2013.
//!
//! Their pages are packed in a way that is not documented. Read are the properties of the document (title, subject, keywords,
//! comments) and the names that the drawing keeps unpacked: runs of wide characters in its stream.

use std::io::{Cursor, Read};

use cfb::CompoundFile;

use crate::body::Body;
use crate::decode::{decode_page, decode_wide};
use crate::{Limits, Refusal};

/// The property set of every compound file.
const SUMMARY: &str = "\u{5}SummaryInformation";
const DRAWING: &str = "VisioDocument";
/// Title, subject, keywords, comments (MS-OLEPS).
const SHOWN: [u32; 4] = [2, 3, 5, 6];
/// Shorter runs are numbers that look like letters.
const SHORTEST: usize = 4;

/// Reads what is not packed.
///
/// # Errors
/// [`Refusal::Unsupported`] if that is nothing; [`Refusal::Damaged`] if the container is broken.
pub(crate) fn read(bytes: &[u8], limits: &Limits, body: &mut Body) -> Result<(), Refusal> {
    let mut file = CompoundFile::open(Cursor::new(bytes)).map_err(|_| Refusal::Damaged("its container"))?;
    let mut stream = |name: &str| -> Result<Vec<u8>, Refusal> {
        let mut content = Vec::new();
        if let Ok(stream) = file.open_stream(name) {
            // A chain of sectors that breaks off gives what it has.
            let _ = stream.take(limits.max_unpacked as u64 + 1).read_to_end(&mut content);
        }
        if content.len() > limits.max_unpacked { Err(Refusal::TooLarge) } else { Ok(content) }
    };
    read_properties(&stream(SUMMARY)?, body);
    body.paragraph();
    read_runs(&stream(DRAWING)?, body);
    if body.is_empty() { Err(Refusal::Unsupported("text of this drawing")) } else { Ok(()) }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// The first property set of a stream; nothing if it is broken.
fn read_properties(stream: &[u8], body: &mut Body) {
    let Some(start) = number(stream, 44) else { return };
    let set = stream.get(start as usize..).unwrap_or_default();
    // Eight bytes each: what it is, and where.
    let index: Vec<(u32, usize)> = (0..number(set, 4).unwrap_or(0).min(256) as usize)
        .filter_map(|entry| Some((number(set, 8 + entry * 8)?, number(set, 12 + entry * 8)? as usize)))
        .collect();
    let page = index.iter().find(|(id, _)| *id == 1).and_then(|&(_, at)| number(set, at + 4)).unwrap_or(1252) & 0xffff;
    for (id, at) in index {
        if SHOWN.contains(&id)
            && let Some(text) = property(set, at, page)
        {
            body.line();
            body.push(&text);
        }
    }
}

/// A string in a code page (30) or a wide one (31).
fn property(set: &[u8], at: usize, page: u32) -> Option<String> {
    let length = number(set, at + 4)? as usize;
    let content = set.get(at + 8..)?;
    let text = match number(set, at)? {
        30 => decode_page(content.get(..length)?, page).into_owned(),
        31 => decode_wide(content.get(..length.checked_mul(2)?)?).into_owned(),
        _ => return None,
    };
    Some(text.trim_end_matches('\0').to_owned())
}

/// Runs of wide letters. Only scripts whose high byte chance rarely makes are taken: Latin, Greek and Cyrillic.
fn read_runs(stream: &[u8], body: &mut Body) {
    let mut rest = stream;
    while rest.len() >= 2 && !body.is_full() {
        let run: String = rest.chunks_exact(2).map_while(|pair| letter(u16::from_le_bytes([pair[0], pair[1]]))).collect();
        let units = run.chars().count();
        if units >= SHORTEST {
            body.line();
            body.push(&run);
        }
        // A run may begin at any byte.
        let passed = if units >= SHORTEST { units * 2 } else { 1 };
        rest = rest.get(passed..).unwrap_or_default();
    }
}

fn letter(unit: u16) -> Option<char> {
    let character = char::from_u32(u32::from(unit))?;
    let is_common = matches!(unit, 0x20..=0x7e | 0xa0..=0x24f | 0x370..=0x52f);
    (is_common && (character.is_alphanumeric() || matches!(unit, 0x20..=0x7e))).then_some(character)
}
