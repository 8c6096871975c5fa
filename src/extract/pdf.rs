//! Text of PDF files through `pdf_oxide`.

use pdf_oxide::document::PdfDocument;
use pdf_oxide::error::Error;

use crate::body::Body;
use crate::{Limits, Refusal};

/// Reads page after page until the text is long enough. Pages that are only pictures give nothing.
///
/// # Errors
/// [`Refusal`] if it does not open, or if none of its pages does.
pub(crate) fn read(bytes: &[u8], limits: &Limits, body: &mut Body) -> Result<(), Refusal> {
    let document = PdfDocument::from_bytes(bytes.to_vec()).map_err(|error| refusal(&error))?;
    // Files that anybody may open but not change are opened with the empty password.
    if !document.is_authenticated() {
        return Err(Refusal::Encrypted);
    }
    let pages = document.page_count().map_err(|error| refusal(&error))?;
    let mut failed = None;
    for page in 0..pages.min(limits.max_entries) {
        match document.extract_text(page) {
            Ok(text) => {
                body.paragraph();
                push(&text, body);
            }
            Err(error) => failed = Some(refusal(&error)),
        }
        if body.is_full() {
            break;
        }
    }
    if pages > limits.max_entries {
        body.cut();
    }
    match failed {
        Some(refusal) if body.is_empty() => Err(refusal),
        _ => Ok(()),
    }
}

/// Adds the text of a page. A number that touches a word that runs to the left is set apart from it: on the page the gap is at the
/// other end of the number, which runs to the right.
fn push(text: &str, body: &mut Body) {
    let mut last = ' ';
    for character in text.chars() {
        if body.is_full() {
            return;
        }
        if (last.is_ascii_digit() && runs_left(character)) || (runs_left(last) && character.is_ascii_digit()) {
            body.blank();
        }
        body.push_char(character);
        last = character;
    }
}

/// Letters of Hebrew, Arabic and their neighbours.
fn runs_left(character: char) -> bool {
    matches!(character, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}') && character.is_alphabetic()
}

fn refusal(error: &Error) -> Refusal {
    match error {
        Error::EncryptedPdf => Refusal::Encrypted,
        Error::InvalidHeader(_) => Refusal::NotThisFormat,
        Error::Unsupported(_) | Error::UnsupportedVersion(_) | Error::UnsupportedFilter(_) => {
            Refusal::Unsupported("this version of the format")
        }
        _ => Refusal::Damaged("its structure"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_not_glued_to_words_that_run_to_the_left() {
        let mut body = Body::new(1 << 10);
        push("12817أرسل المدير5, a1 ١٢", &mut body);
        assert_eq!(body.finish().body, "12817 أرسل المدير 5, a1 ١٢");
    }
}
