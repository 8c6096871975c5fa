//! What the reader of old workbooks (MS-XLS) leaves out: the texts of boxes and shapes, and of the printed pages' heads and feet.

use std::io::{Cursor, Read};

use cfb::CompoundFile;

use crate::Limits;
use crate::body::Body;
use crate::decode::decode_wide;

const STREAMS: [&str; 2] = ["Workbook", "Book"];
const BOUNDS_OF_FILE: u16 = 0x0809;
const HEADER: u16 = 0x0014;
const FOOTER: u16 = 0x0015;
const OBJECT: u16 = 0x005d;
const TEXT_OBJECT: u16 = 0x01b6;
const CONTINUE: u16 = 0x003c;
/// Excel 97 and later; what is before has its texts elsewhere.
const VERSION: u16 = 0x0600;
/// Kind of the object that a comment of a cell is shown in.
const NOTE: u16 = 0x19;

/// Adds those texts. A container or a record that is broken ends them.
pub(crate) fn read_boxes(bytes: &[u8], limits: &Limits, body: &mut Body) {
    let stream = workbook(bytes, limits);
    let mut records = Records(&stream).peekable();
    let (mut is_known, mut is_note) = (false, false);
    while let Some((kind, data)) = records.next() {
        if body.is_full() {
            return;
        }
        match kind {
            BOUNDS_OF_FILE => is_known = number(data, 0) == Some(VERSION),
            _ if !is_known => {}
            HEADER | FOOTER => read_margin(data, body),
            // Its kind is in the first of its parts.
            OBJECT => is_note = number(data, 4) == Some(NOTE),
            TEXT_OBJECT => {
                let mut rest = usize::from(number(data, 10).unwrap_or(0));
                body.line();
                while rest > 0
                    && let Some((_, part)) = records.next_if(|(kind, _)| *kind == CONTINUE)
                {
                    let text = characters(part, rest);
                    rest = rest.saturating_sub(text.encode_utf16().count().max(1));
                    // Comments come with their cells.
                    if !is_note {
                        body.push(&text);
                    }
                }
            }
            _ => {}
        }
    }
}

fn workbook(bytes: &[u8], limits: &Limits) -> Vec<u8> {
    let mut content = Vec::new();
    if let Ok(mut file) = CompoundFile::open(Cursor::new(bytes))
        && let Some(stream) = STREAMS.iter().find_map(|name| file.open_stream(name).ok())
    {
        // A chain of sectors that breaks off gives what it has.
        let _ = stream.take(limits.max_unpacked as u64).read_to_end(&mut content);
    }
    content
}

/// Kind and content of one record after the other.
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let kind = number(self.0, 0)?;
        let end = 4 + usize::from(number(self.0, 2)?);
        let data = self.0.get(4..end)?;
        self.0 = self.0.get(end..)?;
        Some((kind, data))
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

/// At most `count` characters behind a byte that says whether they are wide or the lower halves of such.
fn characters(part: &[u8], count: usize) -> String {
    let Some((flags, bytes)) = part.split_first() else { return String::new() };
    if flags & 1 == 0 {
        return bytes.iter().take(count).map(|&byte| char::from(byte)).collect();
    }
    decode_wide(bytes.get(..count * 2).unwrap_or(bytes)).into_owned()
}

/// The head or foot of a page: three sections, with fonts, sizes and fields behind ampersands.
fn read_margin(data: &[u8], body: &mut Body) {
    let count = usize::from(number(data, 0).unwrap_or(0));
    let text = characters(data.get(2..).unwrap_or_default(), count);
    let mut rest = text.chars();
    body.line();
    while let Some(character) = rest.next() {
        if character != '&' {
            body.push_char(character);
            continue;
        }
        match rest.next() {
            Some('&') => body.push_char('&'),
            // The name of a font.
            Some('"') => rest.by_ref().take_while(|&character| character != '"').for_each(drop),
            // A size.
            Some('0'..='9') => {
                let digits = rest.as_str().chars().take_while(char::is_ascii_digit).count();
                rest.by_ref().take(digits).for_each(drop);
            }
            // A section, a number of a page, a date, or how the text looks.
            _ => body.blank(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::compound;

    fn record(kind: u16, data: &[u8]) -> Vec<u8> {
        [&kind.to_le_bytes()[..], &u16::try_from(data.len()).unwrap().to_le_bytes(), data].concat()
    }

    fn start() -> Vec<u8> {
        record(BOUNDS_OF_FILE, &[0, 6, 0x10, 0])
    }

    fn margin(text: &str) -> Vec<u8> {
        record(HEADER, &[&u16::try_from(text.len()).unwrap().to_le_bytes()[..], &[0], text.as_bytes()].concat())
    }

    /// An object of the kind, with `length` characters that come in `parts`.
    fn shape(kind: u16, length: u16, parts: &[&[u8]]) -> Vec<u8> {
        let object = record(OBJECT, &[&[0x15, 0, 0x12, 0][..], &kind.to_le_bytes(), &[1, 0]].concat());
        let text = record(TEXT_OBJECT, &[&[0; 10][..], &length.to_le_bytes(), &[16, 0, 0, 0, 0, 0]].concat());
        [object, text, parts.iter().flat_map(|part| record(CONTINUE, part)).collect()].concat()
    }

    fn text(records: &[Vec<u8>]) -> String {
        let mut body = Body::new(1 << 20);
        read_boxes(&compound(&[("Workbook", &records.concat())]), &Limits::default(), &mut body);
        body.finish().body
    }

    #[test]
    fn boxes_are_read_over_their_parts_and_comments_are_left_to_their_cells() {
        let formats = &[0; 16][..];
        let shapes = [shape(6, 5, &[b"\0ab", b"\x01\xd0\x04\x31\x04\x32\x04", formats]), shape(NOTE, 4, &[b"\0note", formats])];
        assert_eq!(text(&[vec![start()], shapes.to_vec()].concat()), "ab\u{4d0}\u{431}\u{432}");
    }

    #[test]
    fn heads_of_pages_lose_what_is_not_text() {
        assert_eq!(text(&[start(), margin("&L&\"Arial,Bold\"&12 Annual &Breport&C R&&D &P")]), "Annual report R&D");
    }

    #[test]
    fn broken_records_end_the_text_and_nothing_else() {
        let whole = [start(), margin("head"), shape(6, 9, &[b"\0box"])].concat();
        assert_eq!(text(std::slice::from_ref(&whole)), "head\nbox");
        for length in 0..whole.len() {
            assert!("head\nbox".starts_with(&text(&[whole[..length].to_vec()])), "{length}");
        }
        let old = record(BOUNDS_OF_FILE, &[0, 5, 0x10, 0]);
        assert_eq!(text(&[old, margin("head")]), "");
    }
}
