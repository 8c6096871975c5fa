//! Text of Word, Excel and PowerPoint files, old and new, through `office_oxide`.

use std::io::{self, Cursor, Write};

use office_oxide::limits::Limits as OfficeLimits;
use office_oxide::options::ParseOptions;
use office_oxide::ppt::{PptDocument, TextType};
use office_oxide::{Document, DocumentFormat, OfficeError};

use crate::body::Body;
use crate::{Limits, Refusal, sheet};

/// Reads the document. What is hidden or deleted in it stays out.
///
/// # Errors
/// [`Refusal`] if the reader cannot open it.
pub(crate) fn read(format: DocumentFormat, bytes: &[u8], limits: &Limits, body: &mut Body) -> Result<(), Refusal> {
    let mut options = ParseOptions::default();
    options.limits = office_limits(format, limits);
    let document = Document::from_reader_with(Cursor::new(bytes.to_vec()), format, &options).map_err(|error| refusal(&error))?;
    // The only error is the body's own "enough".
    let _ = document.write_plain_text(&mut Intake { body, partial: Vec::new() });
    if let Some(deck) = document.as_ppt() {
        read_notes(deck, body);
    } else if document.as_xls().is_some() {
        body.paragraph();
        sheet::read_boxes(bytes, limits, body);
    }
    Ok(())
}

/// Notes of the speaker, which the text of an old presentation comes without.
fn read_notes(deck: &PptDocument, body: &mut Body) {
    let runs = deck.slides.iter().flat_map(|slide| &slide.text_runs);
    for note in runs.filter(|run| run.text_type == TextType::Notes) {
        body.line();
        body.push(&note.text);
    }
}

fn office_limits(format: DocumentFormat, limits: &Limits) -> OfficeLimits {
    let unpacked = limits.max_unpacked as u64;
    let mut office = OfficeLimits::default();
    office.package_entries = limits.max_entries;
    office.package_bytes = unpacked;
    // A text is held as a tree, which takes up to 13 times its bytes; a sheet takes 5.
    office.part_bytes = if format == DocumentFormat::Xlsx { unpacked } else { unpacked / 2 };
    office.embedded_depth = office.embedded_depth.min(limits.max_depth);
    // Four times what is kept: blanks are counted there and mostly dropped here.
    office.text_chars = limits.max_text.saturating_mul(4).max(1 << 10);
    office.memory_bytes = unpacked;
    office
}

/// The errors of the formats are many and their words are the only thing they share; none of the words is passed on.
fn refusal(error: &OfficeError) -> Refusal {
    let words = error.to_string().to_ascii_lowercase();
    let says = |any: &[&str]| any.iter().any(|word| words.contains(word));
    match () {
        () if says(&["encrypt", "password"]) => Refusal::Encrypted,
        () if says(&["limit exceeded", "too large", "too many"]) => Refusal::TooLarge,
        () if says(&["unsupported", "not supported"]) => Refusal::Unsupported("this version of the format"),
        () if says(&["format mismatch", "missing required part", "missing stream"]) => Refusal::NotThisFormat,
        () => Refusal::Damaged("its structure"),
    }
}

/// Takes text as bytes, in pieces that may end within a character.
struct Intake<'a> {
    body: &'a mut Body,
    partial: Vec<u8>,
}

impl Write for Intake<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.body.is_full() {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.partial.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.partial) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => self.partial.len(),
        };
        let rest = self.partial.split_off(whole);
        self.body.push(&String::from_utf8_lossy(&self.partial));
        self.partial = rest;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
