//! One extractor between a scripted source and a trap.

use std::cell::RefCell;
use std::collections::HashMap;

use async_trait::async_trait;
use bytes::Bytes;
use domain::catalog::Checksum;
use domain::json::Members;
use domain::{
    Code, DB_WRITE, DOC_TOO_LARGE, FILE_DAMAGED, FILE_GONE, SF_SIGN_IN, SF_SILENT, TX_DIED, TX_FAILED, TX_REFUSED, TX_SLOW, TX_UNREACHABLE,
};
use futures::StreamExt as _;
use futures::stream::LocalBoxStream;
use md5::{Digest as _, Md5};
use ports::fakes::{FakeClock, FakeSource, Script};
use ports::{ContentKey, KeptContent, TextExtractor};
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
    cache: Option<Rc<FakeCache>>,
    checksum: Option<Checksum>,
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
            cache: None,
            checksum: None,
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
    let Case { text, cache, checksum, max_document, rules, strikes, source, extension, max_file, size } = case;
    let (out, caught) = Catch::lane(4);
    let stats = Arc::new(RunStats::default());
    let extracting = Extracting {
        source,
        out,
        shape: Rc::new(shape(500)),
        clock: Arc::new(FakeClock::default()),
        budget: Budget::new(1 << 20),
        text,
        cache: cache.map(|cache| cache as Rc<dyn ContentCache>),
        max_file,
        max_document,
        rules,
        strikes,
        stats: Arc::clone(&stats),
    };
    let text = format!(
        r#"{{"ContentDocument":{{"Id":"069000000000001AAA","Title":"t","FileExtension":"{extension}","ContentSize":{size},"LatestPublishedVersion":{{"Id":"068000000000001AAA"}}}}}}"#
    );
    let file = FileRef { checksum, ..FileRef::of_link(&text.into()).unwrap() };
    let (facts, _) = mpsc::unbounded_channel();
    let share = Share::open(PageId { object: 0, no: 0, last: None }, None, facts);
    let linked = vec![FakeSource::id("Account", 1)];
    let done = extract(
        &extracting,
        SecuredFile { linked: LinkedFile { file, shared: linked.clone(), linked, is_private: false }, allow: None, share },
    )
    .await;
    crate::kit::settle().await;
    (done, caught.take(), stats)
}

/// Keeps what it is given, or fails at everything.
#[derive(Default)]
struct FakeCache {
    kept: RefCell<HashMap<ContentKey, KeptContent>>,
    is_broken: bool,
}
#[async_trait(?Send)]
impl ContentCache for FakeCache {
    async fn get(&self, key: &ContentKey) -> Result<Option<KeptContent>, Fault> {
        if self.is_broken { Err(Fault::new(&DB_WRITE, "scripted")) } else { Ok(self.kept.borrow().get(key).cloned()) }
    }
    async fn put(&self, key: &ContentKey, content: &KeptContent) -> Result<(), Fault> {
        if self.is_broken {
            return Err(Fault::new(&DB_WRITE, "scripted"));
        }
        self.kept.borrow_mut().insert(key.clone(), content.clone());
        Ok(())
    }
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
    fn name(&self) -> &str {
        "fake"
    }
    fn holds_whole(&self) -> bool {
        false
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

fn checksum(content: &str) -> Option<Checksum> {
    Some(Checksum::new(Md5::digest(content).into()))
}

const CONTENT: &str = "content of 068000000000001AAA";

#[actix_rt::test]
async fn a_file_of_another_checksum_than_its_metadata_say_goes_without_content_and_is_not_kept() {
    tokio::time::pause();
    let (source, cache) = (Rc::new(FakeSource::default()), Rc::<FakeCache>::default());
    let case = Case { source: source.clone(), cache: Some(cache.clone()), checksum: checksum("another"), ..Case::default() };
    let (_, pages, _) = made(case).await;
    assert_eq!((attachment(&pages[0]), pages[0].aside[0].fault.code, source.on_file.calls()), (None, &FILE_DAMAGED, 3));
    assert!(cache.kept.borrow().is_empty());
}

#[actix_rt::test]
async fn a_file_that_was_kept_is_not_downloaded_again_and_gives_the_same_document() {
    tokio::time::pause();
    let (source, cache) = (Rc::new(FakeSource::default()), Rc::<FakeCache>::default());
    let text = || FileText::Body(Rc::new(FakeText::default()));
    for (text, calls) in [(FileText::Attachment, 1), (text(), 2)] {
        let case = || Case {
            text: text.clone(),
            source: source.clone(),
            cache: Some(cache.clone()),
            checksum: checksum(CONTENT),
            ..Case::default()
        };
        let (_, first, stats) = made(case()).await;
        assert_eq!((source.on_file.calls(), stats.counts().kept), (calls, 0));
        let (_, second, stats) = made(case()).await;
        assert_eq!((source.on_file.calls(), stats.counts().kept, stats.counts().files), (calls, 1, 1), "bytes and text are kept apart");
        assert_eq!(first[0].ops, second[0].ops);
    }
}

#[actix_rt::test]
async fn a_file_of_which_the_source_says_no_checksum_is_downloaded_each_time() {
    tokio::time::pause();
    let (source, cache) = (Rc::new(FakeSource::default()), Rc::<FakeCache>::default());
    for calls in [1, 2] {
        let (done, ..) = made(Case { source: source.clone(), cache: Some(cache.clone()), ..Case::default() }).await;
        assert_eq!(done, Ok(()));
        assert_eq!((source.on_file.calls(), cache.kept.borrow().len()), (calls, 0));
    }
}

#[actix_rt::test]
async fn that_a_file_has_no_text_is_kept_with_its_reason_but_no_failure_that_may_pass() {
    tokio::time::pause();
    for (code, calls) in [(&TX_REFUSED, 1), (&TX_DIED, 2), (&TX_SLOW, 2), (&TX_FAILED, 2)] {
        let (source, cache) = (Rc::new(FakeSource::default()), Rc::<FakeCache>::default());
        for _ in 0..2 {
            let text = FileText::Body(Rc::new(FakeText(RefCell::new(vec![code]))));
            let case = Case { text, source: source.clone(), cache: Some(cache.clone()), checksum: checksum(CONTENT), ..Case::default() };
            let (done, pages, stats) = made(case).await;
            assert_eq!((done, body(&pages[0]), stats.counts().set_aside), (Ok(()), None, 1));
            assert!(pages[0].aside[0].fault.message.contains("scripted"), "{:?}", pages[0].aside);
        }
        assert_eq!(source.on_file.calls(), calls, "{code:?}");
    }
}

#[actix_rt::test]
async fn a_cache_that_does_not_work_costs_downloads_and_nothing_else() {
    tokio::time::pause();
    let cache = Rc::new(FakeCache { is_broken: true, ..FakeCache::default() });
    let (done, pages, stats) = made(Case { cache: Some(cache), checksum: checksum(CONTENT), ..Case::default() }).await;
    assert_eq!((done, attachment(&pages[0]).as_deref()), (Ok(()), Some(CONTENT)));
    assert_eq!((stats.counts().set_aside, stats.counts().files, stats.counts().kept), (0, 1, 0));
}

#[actix_rt::test]
async fn text_of_a_file_that_is_held_whole_has_the_limit_of_attachments() {
    tokio::time::pause();
    struct Whole;
    #[async_trait(?Send)]
    impl TextExtractor for Whole {
        async fn text(&self, _: &str, _: LocalBoxStream<'static, Result<Bytes, Fault>>) -> Result<String, Fault> {
            Ok("text".into())
        }
        fn name(&self) -> &str {
            "whole"
        }
        fn holds_whole(&self) -> bool {
            true
        }
    }
    for (max_file, text) in [(28, None), (29, Some("text"))] {
        let (_, pages, _) = made(Case { text: FileText::Body(Rc::new(Whole)), max_file, ..Case::default() }).await;
        assert_eq!(body(&pages[0]).as_deref(), text);
    }
}
