//! What is in a file: downloaded, checked against what its metadata say, and taken whole or made text by somebody else.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use domain::catalog::FileRef;
use domain::{FILE_DAMAGED, FILE_TOO_LARGE, Fault, FaultClass, RecordId, TX_UNREACHABLE};
use futures::StreamExt as _;
use futures::stream::LocalBoxStream;
use ports::{FileContent, Source, TextExtractor};

use crate::budget::{Booking, Budget};
use crate::events::TriedAgain;
use crate::extractor::ContentExtractor;

/// Downloads of one file before the source counts as out of order.
const TRIES: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// How what is in files gets into documents.
#[derive(Clone, Default)]
pub enum FileText {
    /// As base64 in `_attachment`, for an ingest pipeline of the index.
    #[default]
    Attachment,
    /// As text in `body`.
    Body(Rc<dyn TextExtractor>),
    /// Not at all: a service was asked for and there is none.
    Nothing,
}

impl FileText {
    /// The largest file whose content is of use, in bytes. Text is made of a stream, which may be of any length, as in the reference.
    pub(crate) fn largest(&self, max_file: u64) -> u64 {
        if matches!(self, Self::Body(_)) { u64::MAX } else { max_file }
    }
}

/// What a document shows of a file.
pub(crate) enum Content {
    /// The bytes, with the memory that they and their base64 form take.
    Bytes(Vec<u8>, Booking),
    /// The text; the memory that it takes.
    Text(String, Booking),
}

/// Gets what is in a file, in several tries.
pub(crate) async fn get(
    source: &dyn Source,
    text: &FileText,
    budget: &std::sync::Arc<Budget>,
    max_file: u64,
    file: &FileRef,
    version: RecordId,
) -> Result<Option<Content>, Fault> {
    match text {
        FileText::Attachment => {
            // Bytes in memory: the content and its base64 form.
            let weight = file.size.unwrap_or(max_file).saturating_mul(7) / 3;
            let booking = budget.reserve(usize::try_from(weight).unwrap_or(usize::MAX)).await;
            let content = with_tries(async || download(source.file(version).await?, file, max_file).await).await?;
            Ok(Some(Content::Bytes(content, booking)))
        }
        FileText::Body(service) => {
            // Of the content itself, only what is on its way is in memory; of its text nobody knows how long it gets.
            let mut booking = budget.reserve(64 << 10).await;
            let extension = file.extension();
            let made = with_tries(async || service.text(&extension, checked(source.file(version).await?, file)).await).await?;
            booking.resize(made.len());
            Ok(Some(Content::Text(made, booking)))
        }
        FileText::Nothing => Ok(None),
    }
}

async fn with_tries<T>(attempt: impl AsyncFn() -> Result<T, Fault>) -> Result<T, Fault> {
    let (mut wait, mut tries) = (FIRST_WAIT, 1);
    loop {
        match attempt().await {
            Err(fault)
                if tries < TRIES && (fault.class() == FaultClass::Transient || [&FILE_DAMAGED, &TX_UNREACHABLE].contains(&fault.code)) =>
            {
                TriedAgain { stage: ContentExtractor::NAME, fault: &fault, wait }.emit();
                tokio::time::sleep(wait).await;
                (wait, tries) = (wait * 2, tries + 1);
            }
            outcome => return outcome,
        }
    }
}

/// Reads the whole content, and no more than the limit.
async fn download(arriving: FileContent, file: &FileRef, max_file: u64) -> Result<Vec<u8>, Fault> {
    let expected = arriving.length.or(file.size).unwrap_or(0).min(max_file);
    let mut content = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
    let mut chunks = checked(arriving, file);
    while let Some(chunk) = chunks.next().await {
        content.extend_from_slice(&chunk?);
        if content.len() as u64 > max_file {
            return Err(Fault::new(&FILE_TOO_LARGE, format!("file {} has more bytes than the limit of {max_file}", file.id)));
        }
    }
    Ok(content)
}

/// The content with a fault at its end if it has another length than the answer announced or the file's metadata say: a connection that is
/// cut can look like an end.
fn checked(arriving: FileContent, file: &FileRef) -> LocalBoxStream<'static, Result<Bytes, Fault>> {
    let expected = [arriving.length, file.size];
    let id = file.id;
    let with_end = arriving.chunks.map(Some).chain(futures::stream::iter([None]));
    let mut seen = 0_u64;
    let judged = with_end.filter_map(move |chunk| {
        let judged = match chunk {
            Some(chunk) => {
                seen += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
                Some(chunk)
            }
            None => expected
                .into_iter()
                .flatten()
                .find(|length| *length != seen)
                .map(|length| Err(Fault::new(&FILE_DAMAGED, format!("file {id} came with {seen} of {length} bytes")))),
        };
        std::future::ready(judged)
    });
    judged.boxed_local()
}
