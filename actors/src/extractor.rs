//! Makes each file a document: downloads its content and attaches it, or says why not.
//!
//! `Parcel<SecuredFile>` -> `Lane<SecuredPage>`. Keeps nothing; content in flight is bounded by slots and by a byte budget of its own.
//! A file whose content is not to be had is indexed by its metadata. While the source is out of order that would overwrite content
//! that is already indexed, so a transient fault ends the generation instead, and only a file that does so again and again goes without.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::fut::ActorFutureExt as _;
use actix::{Actor, ActorContext as _, Context, Handler, ResponseActFuture, WrapFuture as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::catalog::{DocumentShape, FileRef};
use domain::rules::SyncRules;
use domain::{BulkOp, Document, FILE_DAMAGED, FILE_TOO_LARGE, Fault, FaultClass, RecordId, SF_NO_ID, json};
use futures::StreamExt as _;
use ports::{Clock, SetAside, Source};

use crate::budget::{Booking, Budget};
use crate::events::{FILES, FileWithoutContent, ItemSetAside, RunStats, TriedAgain};
use crate::joiner::Strikes;
use crate::lane::{Lane, Parcel};
use crate::messages::{LinkedFile, SecuredFile, SecuredPage};
use crate::stage::{Obituary, Slots, serve};

/// Downloads of one file before the source counts as out of order.
const TRIES: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// What extraction needs besides the file.
#[derive(Clone)]
pub(crate) struct Extracting {
    pub(crate) source: Rc<dyn Source>,
    pub(crate) out: Lane<SecuredPage>,
    pub(crate) shape: Rc<DocumentShape>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Bytes of file content in flight. Not the run's budget: pages hold that one while they wait for their files.
    pub(crate) budget: Arc<Budget>,
    /// Largest file in bytes.
    pub(crate) max_file: u64,
    /// Which documents are indexed.
    pub(crate) rules: Rc<SyncRules>,
    pub(crate) strikes: Rc<Strikes>,
    pub(crate) stats: Arc<RunStats>,
}

pub(crate) struct ContentExtractor {
    extracting: Extracting,
    slots: Slots,
    obituary: Obituary,
}
impl ContentExtractor {
    pub(crate) const NAME: &str = "content_extractor";

    pub(crate) fn new(extracting: Extracting, slots: Slots, obituary: Obituary) -> Self {
        Self { extracting, slots, obituary }
    }
}
impl Actor for ContentExtractor {
    type Context = Context<Self>;
}
impl Handler<Parcel<SecuredFile>> for ContentExtractor {
    type Result = ResponseActFuture<Self, ()>;

    fn handle(&mut self, parcel: Parcel<SecuredFile>, _ctx: &mut Context<Self>) -> Self::Result {
        let extracting = self.extracting.clone();
        let work = serve(Self::NAME, self.slots.clone(), parcel, async move |file| extract(&extracting, file).await);
        Box::pin(work.into_actor(self).map(|extracted, actor, ctx| {
            if let Err(fault) = extracted {
                actor.obituary.failed(fault);
                ctx.stop();
            }
        }))
    }
}

/// Makes the document of one file and pushes it on.
async fn extract(extracting: &Extracting, secured: SecuredFile) -> Result<(), Fault> {
    let SecuredFile { linked: LinkedFile { file, linked }, share } = secured;
    if !extracting.rules.basic.is_empty() {
        // Rules look at what a file is, not at what is in it; what they leave out is not downloaded.
        let without_content = document(extracting, &file, &linked, None);
        if without_content.is_ok_and(|document| !extracting.rules.basic.decide(&document.body).included) {
            extracting.stats.file_excluded();
            let _ = extracting.out.push(SecuredPage { object: FILES, ops: Vec::new(), aside: Vec::new(), share, booking: None }).await;
            return Ok(());
        }
    }
    let content = match (file.eligible(extracting.max_file), file.version) {
        (Ok(()), Some(version)) => download_with_retries(extracting, &file, version).await,
        (Ok(()), None) => Ok(None),
        (Err(reason), _) => {
            FileWithoutContent { file: file.id, reason: &reason.to_string() }.emit();
            Ok(None)
        }
    };
    let mut aside = Vec::new();
    let content = match content {
        Ok(content) => content,
        Err(fault) if fault.class() != FaultClass::Item && (fault.class() == FaultClass::Run || !extracting.strikes.out(file.id)) => {
            return Err(fault.context(format_args!("download file {}", file.id)));
        }
        Err(fault) => {
            ItemSetAside { what: "file", id: Some(file.id), fault: &fault }.emit(&extracting.stats);
            aside.push(SetAside { id: Some(file.id), what: "file".into(), fault });
            None
        }
    };
    let (content, mut booking) = content.map_or((None, None), |content| (Some(content.0), Some(content.1)));
    let made = document(extracting, &file, &linked, content.as_deref());
    drop(content);
    if let (Some(booking), Ok(document)) = (&mut booking, &made) {
        booking.resize(document.body.len());
    }
    let op = made.map_or_else(
        |fault| {
            aside.push(SetAside { id: Some(file.id), what: "file".into(), fault });
            BulkOp::Keep(file.id)
        },
        BulkOp::Put,
    );
    // A closed lane drops the share unsigned; the stage that closed it says why.
    let _ = extracting.out.push(SecuredPage { object: FILES, ops: vec![op], aside, share, booking }).await;
    Ok(())
}

fn document(extracting: &Extracting, file: &FileRef, linked: &[RecordId], content: Option<&[u8]>) -> Result<Document, Fault> {
    let head = extracting.shape.file_head(file, linked, extracting.clock.now());
    let mut body = head.map_err(|error| Fault::new(&SF_NO_ID, format!("file {} has unreadable metadata: {error}", file.id)))?;
    if let Some(content) = content {
        json::push_key(&mut body, "_attachment");
        body.push(b'"');
        let start = body.len();
        let length = base64::encoded_len(content.len(), true).unwrap_or_default();
        body.resize(start + length, 0);
        // The buffer has exactly the encoded length.
        let written = STANDARD.encode_slice(content, &mut body[start..]).unwrap_or_default();
        body.truncate(start + written);
        body.push(b'"');
        extracting.stats.file_has_content();
    }
    extracting.shape.close(&mut body, file.id);
    Ok(Document { id: file.id, body })
}

type Content = Option<(Vec<u8>, Booking)>;

async fn download_with_retries(extracting: &Extracting, file: &FileRef, version: RecordId) -> Result<Content, Fault> {
    // Bytes in memory: the content and its base64 form.
    let weight = file.size.unwrap_or(extracting.max_file).saturating_mul(7) / 3;
    let booking = extracting.budget.reserve(usize::try_from(weight).unwrap_or(usize::MAX)).await;
    let mut wait = FIRST_WAIT;
    for tries in 1.. {
        match download(extracting, file, version).await {
            Ok(content) => {
                return Ok(Some((content, booking)));
            }
            Err(fault) if (fault.class() == FaultClass::Transient || fault.code == &FILE_DAMAGED) && tries < TRIES => {
                TriedAgain { stage: ContentExtractor::NAME, fault: &fault, wait }.emit();
                tokio::time::sleep(wait).await;
                wait *= 2;
            }
            Err(fault) => return Err(fault),
        }
    }
    Ok(None)
}

/// Reads the whole content, and no more than the limit. A connection that is cut can look like an end, so the length is checked against
/// what the answer announced and what the file's metadata say.
async fn download(extracting: &Extracting, file: &FileRef, version: RecordId) -> Result<Vec<u8>, Fault> {
    let mut arriving = extracting.source.file(version).await?;
    let announced = arriving.length;
    let mut content = Vec::with_capacity(usize::try_from(announced.or(file.size).unwrap_or(0).min(extracting.max_file)).unwrap_or(0));
    while let Some(chunk) = arriving.chunks.next().await {
        content.extend_from_slice(&chunk?);
        if content.len() as u64 > extracting.max_file {
            let limit = extracting.max_file;
            return Err(Fault::new(&FILE_TOO_LARGE, format!("file {} has more bytes than the limit of {limit}", file.id)));
        }
    }
    let wrong = [announced, file.size].into_iter().flatten().find(|length| *length != content.len() as u64);
    match wrong {
        Some(length) => Err(Fault::new(&FILE_DAMAGED, format!("file {} came with {} of {length} bytes", file.id, content.len()))),
        None => Ok(content),
    }
}

#[cfg(test)]
mod tests {
    use domain::json::Members;
    use domain::{FILE_GONE, SF_SIGN_IN, SF_SILENT};
    use ports::fakes::{FakeClock, FakeSource, Script};
    use tokio::sync::mpsc;

    use super::*;
    use crate::joiner::tests::shape;
    use crate::kit::Catch;
    use crate::receipt::{PageId, Share};

    async fn extracted(source: FakeSource, extension: &str, max_file: u64) -> (Result<(), Fault>, Vec<SecuredPage>, Arc<RunStats>) {
        extracted_with(Rc::default(), source, extension, max_file).await
    }

    #[actix_rt::test]
    async fn a_file_of_another_length_than_its_metadata_say_goes_without_content() {
        tokio::time::pause();
        let source = Rc::new(FakeSource::default());
        let (_, pages, _) = extracted_of(Rc::default(), source.clone(), "txt", 100, 28).await;
        assert_eq!((attachment(&pages[0]), pages[0].aside[0].fault.code, source.on_file.calls()), (None, &FILE_DAMAGED, 3));
    }

    async fn extracted_with(
        strikes: Rc<Strikes>,
        source: FakeSource,
        extension: &str,
        max_file: u64,
    ) -> (Result<(), Fault>, Vec<SecuredPage>, Arc<RunStats>) {
        extracted_of(strikes, Rc::new(source), extension, max_file, 29).await
    }

    async fn extracted_of(
        strikes: Rc<Strikes>,
        source: Rc<FakeSource>,
        extension: &str,
        max_file: u64,
        size: u64,
    ) -> (Result<(), Fault>, Vec<SecuredPage>, Arc<RunStats>) {
        let (out, caught) = Catch::lane(4);
        let stats = Arc::new(RunStats::default());
        let extracting = Extracting {
            source,
            out,
            shape: Rc::new(shape(500)),
            clock: Arc::new(FakeClock::default()),
            budget: Budget::new(1 << 20),
            max_file,
            rules: Rc::default(),
            strikes,
            stats: Arc::clone(&stats),
        };
        let text = format!(
            r#"{{"ContentDocument":{{"Id":"069000000000001AAA","Title":"t","FileExtension":"{extension}","ContentSize":{size},"LatestPublishedVersion":{{"Id":"068000000000001AAA"}}}}}}"#
        );
        let file = FileRef::of_link(&text.into()).unwrap();
        let (facts, _) = mpsc::unbounded_channel();
        let share = Share::open(PageId { object: 0, no: 0, last: None }, None, facts);
        let linked = vec![FakeSource::id("Account", 1)];
        let done = extract(&extracting, SecuredFile { linked: LinkedFile { file, linked }, share }).await;
        crate::kit::settle().await;
        (done, caught.take(), stats)
    }

    fn attachment(page: &SecuredPage) -> Option<String> {
        let BulkOp::Put(document) = &page.ops[0] else { panic!("a document") };
        let members = Members::of(&document.body).unwrap();
        assert_eq!(members.get("linked_ids"), Some(r#"["001000000000001AAA"]"#));
        members.text("_attachment").map(|text| String::from_utf8(STANDARD.decode(text.as_bytes()).unwrap()).unwrap())
    }

    #[actix_rt::test]
    async fn a_file_goes_with_its_content_in_base64() {
        tokio::time::pause();
        let (done, pages, stats) = extracted(FakeSource::default(), "txt", 100).await;
        assert_eq!((done, attachment(&pages[0]).as_deref(), stats.counts().files), (Ok(()), Some("content of 068000000000001AAA"), 1));
    }

    #[actix_rt::test]
    async fn a_file_too_large_or_of_another_kind_goes_without_content_and_without_a_download() {
        tokio::time::pause();
        for (extension, limit) in [("txt", 28), ("exe", 100)] {
            let (done, pages, stats) = extracted(FakeSource::default(), extension, limit).await;
            assert_eq!((done, attachment(&pages[0]), stats.counts()), (Ok(()), None, domain::Counts::default()));
        }
    }

    #[actix_rt::test]
    async fn a_broken_download_starts_again() {
        tokio::time::pause();
        let source = FakeSource::default();
        source.on_file.on(1, Script::Fail(&SF_SILENT));
        source.on_file.on(2, Script::Fail(&SF_SILENT));
        let (_, pages, stats) = extracted(source, "txt", 100).await;
        assert!(attachment(&pages[0]).is_some() && stats.counts().set_aside == 0);
    }

    #[actix_rt::test]
    async fn a_file_that_cannot_be_had_goes_without_content_and_its_reason_is_kept() {
        tokio::time::pause();
        let source = FakeSource::default();
        source.on_file.always(&FILE_GONE);
        let (done, pages, stats) = extracted(source, "txt", 100).await;
        assert_eq!((done, attachment(&pages[0]), pages[0].aside[0].fault.code), (Ok(()), None, &FILE_GONE));
        assert_eq!(stats.counts().set_aside, 1);
    }

    #[actix_rt::test]
    async fn while_the_source_is_out_of_order_no_file_loses_its_content() {
        tokio::time::pause();
        let strikes = Rc::<Strikes>::default();
        for generation in 1..=3 {
            let source = FakeSource::default();
            source.on_file.always(&SF_SILENT);
            let (done, pages, _) = extracted_with(Rc::clone(&strikes), source, "txt", 100).await;
            assert_eq!((done.is_err(), pages.len()), if generation < 3 { (true, 0) } else { (false, 1) });
        }
    }

    #[actix_rt::test]
    async fn a_refused_sign_in_ends_the_run() {
        tokio::time::pause();
        let source = FakeSource::default();
        source.on_file.always(&SF_SIGN_IN);
        let (done, pages, _) = extracted(source, "txt", 100).await;
        assert!(done.is_err() && pages.is_empty());
    }
}
