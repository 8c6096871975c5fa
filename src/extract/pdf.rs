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
                body.push(&text);
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
