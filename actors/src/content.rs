//! What is in a file: kept from before, or downloaded, checked against what its metadata say, and taken whole or made text by somebody else.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use domain::catalog::{Checksum, ContentAt, FileRef};
use domain::{FILE_DAMAGED, FILE_TOO_LARGE, Fault, FaultClass, TX_REFUSED, TX_UNREACHABLE};
use futures::StreamExt as _;
use futures::stream::LocalBoxStream;
use md5::{Digest as _, Md5};
use ports::{ContentKey, FileContent, KeptContent, TextExtractor};

use crate::budget::Booking;
use crate::events::{CacheFailed, TriedAgain};
use crate::extractor::{ContentExtractor, Extracting};

/// Downloads of one file before the source counts as out of order.
const TRIES: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Of a file that is streamed, only what is on its way is in memory.
const ON_ITS_WAY: u64 = 64 << 10;

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
    /// The largest file whose content is of use, in bytes. Text may be made of a stream, which may be of any length, as in the reference.
    pub(crate) fn largest(&self, max_file: u64) -> u64 {
        match self {
            Self::Body(maker) if !maker.holds_whole() => u64::MAX,
            Self::Attachment | Self::Body(_) | Self::Nothing => max_file,
        }
    }

    /// Bytes in memory while the content of a file of `size` bytes is got.
    fn weight(&self, size: u64) -> u64 {
        match self {
            // The content and its base64 form.
            Self::Attachment => size.saturating_mul(7) / 3,
            Self::Body(maker) if maker.holds_whole() => size + ON_ITS_WAY,
            // Of its text nobody knows how long it gets.
            Self::Body(_) | Self::Nothing => ON_ITS_WAY,
        }
    }

    fn maker(&self) -> &str {
        match self {
            Self::Body(maker) => maker.name(),
            Self::Attachment | Self::Nothing => "",
        }
    }
}

/// What a document shows of a file.
pub(crate) enum Content {
    /// The bytes, with the memory that they and their base64 form take.
    Bytes(Vec<u8>, Booking),
    /// The text; the memory that it takes.
    Text(String, Booking),
}

/// Gets what is in a file: from the cache, or in several tries from the source.
pub(crate) async fn get(extracting: &Extracting, file: &FileRef, at: ContentAt) -> Result<Option<Content>, Fault> {
    let Extracting { text, budget, max_file, cache, stats, .. } = extracting;
    if matches!(text, FileText::Nothing) {
        return Ok(None);
    }
    let weight = text.weight(file.size.unwrap_or(*max_file));
    let mut booking = budget.reserve(usize::try_from(weight).unwrap_or(usize::MAX)).await;
    let keeping = cache.as_ref().and_then(|cache| Some((cache, key(file, at, text)?)));
    let kept = match &keeping {
        Some((cache, key)) => cache.get(key).await.unwrap_or_else(|fault| {
            CacheFailed(&fault).emit(stats);
            None
        }),
        None => None,
    };
    let content = match kept {
        Some(kept) => {
            stats.file_kept();
            kept
        }
        None => {
            let content = fetch(extracting, file, at).await?;
            if let Some((cache, key)) = &keeping
                && let Err(fault) = cache.put(key, &content).await
            {
                CacheFailed(&fault).emit(stats);
            }
            content
        }
    };
    match content {
        KeptContent::Bytes(bytes) => Ok(Some(Content::Bytes(bytes, booking))),
        KeptContent::Text(text) => {
            booking.resize(text.len());
            Ok(Some(Content::Text(text, booking)))
        }
        KeptContent::Refused(reason) => Err(Fault::new(&TX_REFUSED, reason)),
    }
}

/// From the source. That a file has no readable text counts as known of it; that a process ended on it does not, since it may have been ended
/// from outside.
async fn fetch(extracting: &Extracting, file: &FileRef, at: ContentAt) -> Result<KeptContent, Fault> {
    let Extracting { source, text, max_file, .. } = extracting;
    match text {
        FileText::Body(maker) => {
            let extension = file.extension();
            let made = with_tries(async || maker.text(&extension, checked(source.file(at).await?, file)).await).await;
            match made {
                Err(fault) if fault.code == &TX_REFUSED => Ok(KeptContent::Refused(fault.message)),
                made => made.map(KeptContent::Text),
            }
        }
        FileText::Attachment | FileText::Nothing => {
            with_tries(async || download(source.file(at).await?, file, *max_file).await).await.map(KeptContent::Bytes)
        }
    }
}

/// What tells this content from every other; nothing if the source does not say enough.
fn key(file: &FileRef, at: ContentAt, text: &FileText) -> Option<ContentKey> {
    let checksum = file.checksum.or_else(|| {
        // Records from before there were versions are told apart by when they were changed.
        let changed = file.changed()?;
        Some(Checksum::new(Md5::digest(format!("{changed} {:?}", file.size)).into()))
    })?;
    Some(ContentKey { version: at.id, checksum, maker: text.maker().to_owned() })
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

/// The content with a fault at its end if it has another length than the answer announced or the file's metadata say, or another checksum:
/// a connection that is cut can look like an end.
fn checked(arriving: FileContent, file: &FileRef) -> LocalBoxStream<'static, Result<Bytes, Fault>> {
    let expected = [arriving.length, file.size];
    let (id, checksum) = (file.id, file.checksum);
    let with_end = arriving.chunks.map(Some).chain(futures::stream::iter([None]));
    let (mut seen, mut digest) = (0_u64, checksum.map(|_| Md5::new()));
    let judged = with_end.filter_map(move |chunk| {
        let judged = match chunk {
            Some(chunk) => {
                if let Ok(chunk) = &chunk {
                    seen += chunk.len() as u64;
                    digest.iter_mut().for_each(|digest| digest.update(chunk));
                }
                Some(chunk)
            }
            None => {
                let wrong = expected.into_iter().flatten().find(|length| *length != seen);
                let is_other = digest.take().map(|digest| Checksum::new(digest.finalize().into())) != checksum;
                let message = match wrong {
                    Some(length) => Some(format!("file {id} came with {seen} of {length} bytes")),
                    None => is_other.then(|| format!("file {id} came with other bytes than its checksum is of")),
                };
                message.map(|message| Err(Fault::new(&FILE_DAMAGED, message)))
            }
        };
        std::future::ready(judged)
    });
    judged.boxed_local()
}
