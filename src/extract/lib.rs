//! Text of a file, from its bytes alone.
//!
//! [`extract`] takes the extension that a file was uploaded with and its bytes, and gives what a reader would see of it as plain text.
//! Nothing is fetched, run or written. The bytes come from strangers: what can be limited is limited by [`Limits`], panics of the
//! libraries become a [`Refusal`], and aborts (a stack that overflows, memory that runs out) are what the child process of [`worker`]
//! is for.

mod archive;
mod body;
mod decode;
mod drawing;
mod kind;
mod markup;
mod message;
mod office;
mod package;
mod pdf;
mod plain;
mod rtf;
#[cfg(test)]
mod samples;
mod sheet;
#[cfg(test)]
mod tests;
pub mod worker;
mod xml;

use std::panic::{AssertUnwindSafe, catch_unwind};

use body::Body;
use kind::Kind;

pub use kind::EXTENSIONS;

/// Of the texts that are made here. To be raised whenever the same file would give another text, so that texts that were kept are made
/// anew.
pub const VERSION: u32 = 2;

/// What the text of one file may cost. The defaults fit a process with 1 GiB of address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of text that are given back; what is beyond is cut at a character.
    pub max_text: usize,
    /// Bytes that the parts of one file may have together once they are unpacked.
    pub max_unpacked: usize,
    /// How deep groups of rich text and messages within messages may nest; what is deeper is left out.
    pub max_depth: usize,
    /// Entries of one archive or compound file, and pages of a PDF.
    pub max_entries: usize,
}

impl Default for Limits {
    /// 8 MiB of text is a book of 4,000 pages. The worst reader needs 13 bytes for each that is unpacked, of which it gets half.
    /// No archive of the plain sort holds more entries.
    fn default() -> Self {
        Self { max_text: 8 << 20, max_unpacked: 128 << 20, max_depth: 64, max_entries: 65_535 }
    }
}

impl Limits {
    /// Those that fit a process with so many bytes of address space: what is too large is refused before memory runs out.
    pub fn within(memory_bytes: u64) -> Self {
        Self { max_unpacked: usize::try_from(memory_bytes / 8).unwrap_or(usize::MAX), ..Self::default() }
    }
}

/// Text of one file.
///
/// Control characters and runs of blanks are one space, line ends are `\n` and at most two follow each other,
/// and there are none of these at either end.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// At most [`Limits::max_text`] bytes.
    pub body: String,
    /// There was more than fits.
    pub is_cut: bool,
}

// By hand, so that no text of a file gets into a log.
impl std::fmt::Debug for Text {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Text").field("length", &self.body.len()).field("is_cut", &self.is_cut).finish()
    }
}

/// Why a file gives no text. The messages say nothing of what is in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The bytes are of no kind that the extension stands for, nor of another kind that is known.
    #[error("the content is not of this format")]
    NotThisFormat,
    /// It cannot be read without a password.
    #[error("the file is encrypted")]
    Encrypted,
    /// Its structure is broken; the word says which part of it.
    #[error("the file is damaged: {0}")]
    Damaged(&'static str),
    /// It goes past [`Limits::max_unpacked`] or [`Limits::max_entries`].
    #[error("the file is too large when unpacked")]
    TooLarge,
    /// There is no reader for it; the word says for what.
    #[error("not supported: {0}")]
    Unsupported(&'static str),
}

/// Text of the file `bytes`, uploaded as `*.{extension}` (any case, no dot).
///
/// The extension is a claim. If the first bytes say that the file is of another kind that is known here (an archive of an office
/// suite, a compound file, PDF, RTF, or markup where something binary was promised), it is read as that kind.
///
/// # Errors
/// [`Refusal`] if there is no text to be had. A file that is damaged in the middle gives the text before the damage where its
/// format allows to read on to there.
pub fn extract(extension: &str, bytes: &[u8], limits: &Limits) -> Result<Text, Refusal> {
    let claim = Kind::of_extension(extension).ok_or(Refusal::Unsupported("this extension"))?;
    guarded(|| {
        let mut body = Body::new(limits.max_text);
        read(Kind::of_content(claim, bytes)?, bytes, limits, &mut body)?;
        Ok(body.finish())
    })
}

fn read(kind: Kind, bytes: &[u8], limits: &Limits, body: &mut Body) -> Result<(), Refusal> {
    match kind {
        Kind::Plain => plain::read(bytes, body),
        Kind::Json => plain::read_json(bytes, body),
        Kind::Html => markup::read(bytes, body),
        Kind::Xml => xml::read(bytes, body),
        Kind::Rtf => rtf::read(bytes, limits, body),
        Kind::Pdf => pdf::read(bytes, limits, body)?,
        Kind::Office(format) => office::read(format, bytes, limits, body)?,
        Kind::OpenDocument => package::read_open_document(bytes, limits, body)?,
        Kind::Visio => package::read_visio(bytes, limits, body)?,
        Kind::OldVisio => drawing::read(bytes, limits, body)?,
        Kind::Message => message::read(bytes, limits, body)?,
    }
    Ok(())
}

/// Runs `work`; a panic of a library is a damaged file.
fn guarded<T>(work: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    // Nothing outlives a panic here: the body that was being filled is dropped with it.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Refusal::Damaged("its reader gave up")))
}
