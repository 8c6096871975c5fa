//! Makes each file a document: downloads its content and attaches it, or says why not.
//!
//! `Parcel<SecuredFile>` -> `Lane<SecuredPage>`. Keeps nothing; content in flight is bounded by slots and by a byte budget of its own.
//! A file whose content is not to be had is indexed by its metadata. While the source is out of order that would overwrite content
//! that is already indexed, so a transient fault ends the generation instead, and only a file that does so again and again goes without.

use std::rc::Rc;
use std::sync::Arc;

use actix::fut::ActorFutureExt as _;
use actix::{Actor, ActorContext as _, Context, Handler, ResponseActFuture, WrapFuture as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::catalog::{DocumentShape, FileRef};
use domain::rules::SyncRules;
use domain::{BulkOp, Document, Fault, FaultClass, RecordId, SF_NO_ID, bulk, json};
use ports::{Clock, SetAside, Source};

use crate::budget::Budget;
use crate::content::{self, Content, FileText};
use crate::events::{FILES, FileWithoutContent, ItemSetAside, RunStats};
use crate::joiner::Strikes;
use crate::lane::{Lane, Parcel};
use crate::messages::{LinkedFile, SecuredFile, SecuredPage};
use crate::stage::{Obituary, Slots, serve};

/// What extraction needs besides the file.
#[derive(Clone)]
pub(crate) struct Extracting {
    pub(crate) source: Rc<dyn Source>,
    pub(crate) out: Lane<SecuredPage>,
    pub(crate) shape: Rc<DocumentShape>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Bytes of file content in flight. Not the run's budget: pages hold that one while they wait for their files.
    pub(crate) budget: Arc<Budget>,
    /// How content gets into documents.
    pub(crate) text: FileText,
    /// Largest file whose content is attached, in bytes.
    pub(crate) max_file: u64,
    /// Largest document with text in bytes; 0 for no limit.
    pub(crate) max_document: usize,
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
    let Extracting { source, text, budget, max_file, .. } = extracting;
    let content = match (file.eligible(text.largest(*max_file)), file.version) {
        (Ok(()), Some(version)) => content::get(&**source, text, budget, *max_file, &file, version).await,
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
    let mut made = document(extracting, &file, &linked, content.as_ref());
    if let (Err(fault), true) = (&made, content.is_some()) {
        // Text beyond the limit of documents: what is known of the file is indexed all the same.
        ItemSetAside { what: "file", id: Some(file.id), fault }.emit(&extracting.stats);
        aside.push(SetAside { id: Some(file.id), what: "file".into(), fault: fault.clone() });
        made = document(extracting, &file, &linked, None);
    } else if content.is_some() {
        extracting.stats.file_has_content();
    }
    let mut booking = content.map(|(Content::Bytes(_, booking) | Content::Text(_, booking))| booking);
    if let (Some(booking), Ok(document)) = (&mut booking, &made) {
        booking.resize(document.body.len());
    }
    let op = made.map_or_else(
        |fault| {
            ItemSetAside { what: "file", id: Some(file.id), fault: &fault }.emit(&extracting.stats);
            aside.push(SetAside { id: Some(file.id), what: "file".into(), fault });
            BulkOp::Keep(file.id)
        },
        BulkOp::Put,
    );
    // A closed lane drops the share unsigned; the stage that closed it says why.
    let _ = extracting.out.push(SecuredPage { object: FILES, ops: vec![op], aside, share, booking }).await;
    Ok(())
}

fn document(extracting: &Extracting, file: &FileRef, linked: &[RecordId], content: Option<&Content>) -> Result<Document, Fault> {
    let head = extracting.shape.file_head(file, linked, extracting.clock.now());
    let mut body = head.map_err(|error| Fault::new(&SF_NO_ID, format!("file {} has unreadable metadata: {error}", file.id)))?;
    match content {
        Some(Content::Bytes(content, _)) => {
            json::push_key(&mut body, "_attachment");
            body.push(b'"');
            let start = body.len();
            let length = base64::encoded_len(content.len(), true).unwrap_or_default();
            body.resize(start + length, 0);
            // The buffer has exactly the encoded length.
            let written = STANDARD.encode_slice(content, &mut body[start..]).unwrap_or_default();
            body.truncate(start + written);
            body.push(b'"');
        }
        Some(Content::Text(text, _)) => {
            json::push_key(&mut body, "body");
            json::push_string(&mut body, text);
        }
        None => {}
    }
    extracting.shape.close(&mut body, file.id);
    let document = Document { id: file.id, body };
    // The limit is for text; base64 has the one of the file.
    if matches!(content, Some(Content::Text(..))) {
        bulk::check_size(&document, extracting.max_document)?;
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use async_trait::async_trait;
    use bytes::Bytes;
    use domain::json::Members;
    use domain::{Code, DOC_TOO_LARGE, FILE_DAMAGED, FILE_GONE, SF_SIGN_IN, SF_SILENT, TX_FAILED, TX_SLOW, TX_UNREACHABLE};
    use futures::StreamExt as _;
    use futures::stream::LocalBoxStream;
    use ports::TextExtractor;
    use ports::fakes::{FakeClock, FakeSource, Script};
    use tokio::sync::mpsc;

    use super::*;
    use crate::joiner::tests::{excluding, shape};
    use crate::kit::Catch;
    use crate::receipt::{PageId, Share};

    async fn extracted(source: FakeSource, extension: &'static str, max_file: u64) -> (Result<(), Fault>, Vec<SecuredPage>, Arc<RunStats>) {
        made(Case { source: Rc::new(source), extension, max_file, ..Case::default() }).await
    }

    #[actix_rt::test]
    async fn a_file_of_another_length_than_its_metadata_say_goes_without_content() {
        tokio::time::pause();
        let source = Rc::new(FakeSource::default());
        let (_, pages, _) = made(Case { source: source.clone(), size: 28, ..Case::default() }).await;
        assert_eq!((attachment(&pages[0]), pages[0].aside[0].fault.code, source.on_file.calls()), (None, &FILE_DAMAGED, 3));
    }

    /// A file to be made a document, and what it meets.
    struct Case {
        text: FileText,
        max_document: usize,
        rules: Rc<SyncRules>,
        strikes: Rc<Strikes>,
        source: Rc<FakeSource>,
        extension: &'static str,
        max_file: u64,
        size: u64,
    }
    impl Default for Case {
        fn default() -> Self {
            Self {
                text: FileText::Attachment,
                max_document: 0,
                rules: Rc::default(),
                strikes: Rc::default(),
                source: Rc::default(),
                extension: "txt",
                max_file: 100,
                size: 29,
            }
        }
    }

    async fn made(case: Case) -> (Result<(), Fault>, Vec<SecuredPage>, Arc<RunStats>) {
        let Case { text, max_document, rules, strikes, source, extension, max_file, size } = case;
        let (out, caught) = Catch::lane(4);
        let stats = Arc::new(RunStats::default());
        let extracting = Extracting {
            source,
            out,
            shape: Rc::new(shape(500)),
            clock: Arc::new(FakeClock::default()),
            budget: Budget::new(1 << 20),
            text,
            max_file,
            max_document,
            rules,
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

    /// Makes text of content by saying what it is; its first answers may be faults.
    #[derive(Default)]
    struct FakeText(RefCell<Vec<&'static Code>>);
    #[async_trait(?Send)]
    impl TextExtractor for FakeText {
        async fn text(&self, extension: &str, mut content: LocalBoxStream<'static, Result<Bytes, Fault>>) -> Result<String, Fault> {
            let mut whole = Vec::new();
            while let Some(chunk) = content.next().await {
                whole.extend_from_slice(&chunk?);
            }
            match self.0.borrow_mut().pop() {
                Some(code) => Err(Fault::new(code, "scripted")),
                None => Ok(format!("{extension}: {}", String::from_utf8(whole).unwrap())),
            }
        }
    }

    async fn as_text(faults: &[&'static Code], max_document: usize, size: u64) -> (Result<(), Fault>, Vec<SecuredPage>, Arc<RunStats>) {
        let text = FileText::Body(Rc::new(FakeText(RefCell::new(faults.to_vec()))));
        made(Case { text, max_document, max_file: 1, size, ..Case::default() }).await
    }

    fn body(page: &SecuredPage) -> Option<String> {
        let BulkOp::Put(document) = &page.ops[0] else { panic!("a document") };
        let members = Members::of(&document.body).unwrap();
        assert!(members.get("_attachment").is_none());
        members.text("body").map(std::borrow::Cow::into_owned)
    }

    #[actix_rt::test]
    async fn text_of_a_service_stands_in_the_document_however_large_the_file_is() {
        tokio::time::pause();
        let (done, pages, stats) = as_text(&[], 0, 29).await;
        assert_eq!((done, body(&pages[0]).as_deref()), (Ok(()), Some("txt: content of 068000000000001AAA")));
        assert_eq!((stats.counts().files, stats.counts().set_aside), (1, 0));
        let (_, pages, _) = as_text(&[&TX_UNREACHABLE, &TX_UNREACHABLE], 0, 29).await;
        assert!(body(&pages[0]).is_some(), "a service that is away for a moment");
    }

    #[actix_rt::test]
    async fn what_a_service_cannot_read_goes_without_text_and_its_reason_is_kept() {
        tokio::time::pause();
        for (faults, size, code) in [(&[&TX_FAILED][..], 29, &TX_FAILED), (&[&TX_SLOW], 29, &TX_SLOW), (&[], 28, &FILE_DAMAGED)] {
            let (done, pages, stats) = as_text(faults, 0, size).await;
            assert_eq!((done, body(&pages[0]), pages[0].aside[0].fault.code), (Ok(()), None, code));
            assert_eq!((stats.counts().files, stats.counts().set_aside), (0, 1));
        }
        let (done, pages, stats) = as_text(&[], 100, 29).await;
        assert_eq!((done, body(&pages[0]), pages[0].aside[0].fault.code), (Ok(()), None, &DOC_TOO_LARGE));
        assert_eq!((stats.counts().files, stats.counts().set_aside), (0, 1), "text beyond the limit of documents");
    }

    #[actix_rt::test]
    async fn a_service_that_stays_away_ends_the_run_and_touches_no_document() {
        tokio::time::pause();
        let (done, pages, _) = as_text(&[&TX_UNREACHABLE; 3], 0, 29).await;
        assert_eq!((done.unwrap_err().code, pages.len()), (&TX_UNREACHABLE, 0));
    }

    #[actix_rt::test]
    async fn without_a_service_files_are_not_even_downloaded() {
        tokio::time::pause();
        let source = Rc::new(FakeSource::default());
        let (done, pages, stats) = made(Case { text: FileText::Nothing, source: source.clone(), ..Case::default() }).await;
        assert_eq!((done, body(&pages[0]), source.on_file.calls(), stats.counts().set_aside), (Ok(()), None, 0, 0));
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
            let (done, pages, _) = made(Case { strikes: Rc::clone(&strikes), source: Rc::new(source), ..Case::default() }).await;
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

    #[actix_rt::test]
    async fn a_file_that_basic_rules_leave_out_is_counted_and_never_downloaded() {
        tokio::time::pause();
        for (field, value, calls) in [
            ("type", "content_document", 0),
            ("title", "t.txt", 0),
            ("content_size", "29", 0),
            ("title", "other", 1),
            // There is no content yet when rules look at it.
            ("_attachment", "Y29udGVudCBvZiAwNjgwMDAwMDAwMDAwMDFBQUE=", 1),
        ] {
            let source = Rc::new(FakeSource::default());
            let rules = Rc::new(excluding(field, value));
            let (done, pages, stats) = made(Case { rules, source: source.clone(), ..Case::default() }).await;
            let excluded = 1 - calls;
            assert_eq!((done, pages.len(), pages[0].ops.len(), source.on_file.calls()), (Ok(()), 1, calls, calls), "{field}");
            assert_eq!((stats.counts().excluded, stats.counts().files), (excluded as u64, calls as u64), "{field}");
            assert_eq!(stats.files().1, excluded as u64, "{field}: nobody waits for it");
        }
    }
}
