//! One joiner between a scripted source and a trap.

use std::collections::BTreeMap;

use domain::catalog::{Cap, PipelineFlags, Shape, Via};
use domain::json::Members;
use domain::{ChildPlan, DOC_TOO_LARGE, NestedLimit, PageCursor, SF_QUERY, SF_SILENT, Verdict};
use ports::fakes::{FakeClock, FakeSource};
use tokio::sync::mpsc;

use super::*;
use crate::kit::{Catch, settle};
use crate::lane::Inlet;
use crate::messages::Fact;
use crate::receipt::{PageId, Share};
use crate::stage::{Cause, StageDown, start};

pub(crate) fn shape(limit: usize) -> DocumentShape {
    let flags = PipelineFlags { extract_binary_content: true, reduce_whitespace: true, run_ml_inference: false };
    DocumentShape { base_url: "https://x".into(), flags, limit: NestedLimit::At(limit), as_reference: false }
}

fn child(key: &'static str, cap: Cap) -> ChildPlan {
    let via = Via::SubSelect(key);
    ChildPlan { key, via, fields: vec![], filter: None, order: None, cap, shape: Shape::Envelope, children: vec![] }
}

struct Bench {
    source: Rc<FakeSource>,
    lane: Lane<RecordPage>,
    caught: Catch<JoinedPage>,
    down: mpsc::UnboundedReceiver<StageDown>,
    facts: mpsc::UnboundedReceiver<Fact>,
    facts_tx: mpsc::UnboundedSender<Fact>,
    stats: Arc<RunStats>,
    plan: Arc<ObjectPlan>,
}

/// Rules that leave out what holds this value.
pub(crate) fn excluding(field: &str, value: &str) -> SyncRules {
    let rule = format!(r#"{{"id":"r","policy":"exclude","field":"{field}","rule":"equals","value":"{value}","order":1}}"#);
    SyncRules::read(&[rule.parse().unwrap()], &[]).unwrap()
}

fn bench(source: FakeSource, strikes: Rc<Strikes>, max_document: usize) -> Bench {
    bench_with(SyncRules::default(), source, strikes, max_document)
}

fn bench_with(rules: SyncRules, source: FakeSource, strikes: Rc<Strikes>, max_document: usize) -> Bench {
    let source = Rc::new(source);
    let (out, caught) = Catch::lane(2);
    let (down_tx, down) = mpsc::unbounded_channel();
    let (facts_tx, facts) = mpsc::unbounded_channel();
    let stats = Arc::new(RunStats::new(["Account".to_owned()]));
    let joining = Joining {
        source: source.clone(),
        out,
        shape: Rc::new(shape(2)),
        clock: Arc::new(FakeClock::default()),
        cache: Arc::new(LookupCache::new(100)),
        strikes,
        seen: Rc::default(),
        facts: FileFacts::default(),
        prefixes: Rc::new(["001".to_owned()].into()),
        budget: Budget::new(1 << 20),
        max_document,
        rules: Rc::new(rules),
        stats: Arc::clone(&stats),
    };
    let addr = start(4, || EntityJoiner::new(joining, Slots::new(1), Obituary::new(EntityJoiner::NAME, down_tx)));
    let lane = Inlet::new(&addr, 4).lane("test->joiner");
    let children = vec![child("EmailMessages", Cap::Limit), child(LINKS, Cap::All)];
    let plan = Arc::new(ObjectPlan {
        name: "Account".into(),
        key_prefix: None,
        fields: vec![],
        children,
        lookups: vec![],
        rule: None,
        blob: None,
        filter: None,
    });
    Bench { source, lane, caught, down, facts, facts_tx, stats, plan }
}

impl Bench {
    async fn push(&self, page_no: u64) {
        let cursor = PageCursor::After(page_no.checked_sub(1).map(|no| FakeSource::id("Account", no as usize * 3 + 2)));
        let page = self.source.page(&self.plan, &cursor).await.unwrap();
        let id = PageId { object: 0, no: page_no, last: None };
        let share = Share::open(id, None, self.facts_tx.clone());
        self.lane.push(RecordPage { plan: Arc::clone(&self.plan), object: 0, page, again: vec![], share }).await.unwrap();
    }
}

#[actix_rt::test]
async fn a_page_becomes_one_document_per_record_with_children_and_new_files_only() {
    tokio::time::pause();
    let bench = bench(FakeSource { children: 3, files: true, ..FakeSource::default() }, Rc::default(), 0);
    bench.push(0).await;
    bench.push(1).await;
    settle().await;
    let pages = bench.caught.take();
    let BulkOp::Put(first) = &pages[0].ops[0] else { panic!("a document") };
    let members = Members::of(&first.body).unwrap();
    assert_eq!(members.get("EmailMessages"), Some(r#"{"totalSize":2,"done":true,"records":[{"No":0},{"No":1}]}"#));
    let files = |page: &JoinedPage| page.files.iter().map(|file| (file.file.id, file.linked.clone())).collect::<BTreeMap<_, _>>();
    assert_eq!((files(&pages[0]).len(), files(&pages[1]).len()), (4, 3), "file 3 hangs on both pages and is met once");
    let on_both: RecordId = "069000000000003AAA".parse().unwrap();
    assert_eq!(files(&pages[0])[&on_both], [FakeSource::id("Account", 2), FakeSource::id("Account", 3)]);
    assert_eq!(bench.stats.counts().cut, 2);
}

#[actix_rt::test]
async fn no_more_pages_are_joined_than_the_lane_takes() {
    tokio::time::pause();
    let bench = bench(FakeSource::default(), Rc::default(), 0);
    for no in 0..6 {
        bench.push(no).await;
    }
    settle().await;
    assert_eq!(bench.source.on_children.calls(), 3, "two in the trap, one that waits for it");
}

#[actix_rt::test]
async fn a_document_over_the_limit_is_set_aside_and_what_is_indexed_stays() {
    tokio::time::pause();
    let bench = bench(FakeSource { padding: 400, ..FakeSource::default() }, Rc::default(), 300);
    bench.push(0).await;
    settle().await;
    let page = bench.caught.take().remove(0);
    assert_eq!(page.ops, (0..3).map(|no| BulkOp::Keep(FakeSource::id("Account", no))).collect::<Vec<_>>());
    assert!(page.aside.iter().all(|aside| aside.fault.code == &DOC_TOO_LARGE));
    assert_eq!((page.aside.len(), bench.stats.counts().set_aside), (3, 3));
}

#[actix_rt::test]
async fn a_page_that_breaks_three_generations_is_set_aside_whole() {
    tokio::time::pause();
    let strikes = Rc::<Strikes>::default();
    for generation in 1..=3 {
        let source = FakeSource::default();
        source.on_children.always(&SF_SILENT);
        let mut bench = bench(source, Rc::clone(&strikes), 0);
        bench.push(0).await;
        if generation < 3 {
            let down = bench.down.recv().await.unwrap();
            assert!(matches!(down.cause, Cause::Failed(ref fault) if fault.message.contains("join a page of Account")), "{down:?}");
            assert!(matches!(bench.facts.recv().await, Some(Fact::PageDone(_, Verdict::Lost))));
        } else {
            settle().await;
            let page = bench.caught.take().remove(0);
            assert!(page.ops.iter().all(|op| matches!(op, BulkOp::Keep(_))) && page.ops.len() == 3);
            assert_eq!((page.aside.len(), bench.stats.pages_aside()), (3, 1));
        }
    }
}

#[actix_rt::test]
async fn a_refused_query_ends_the_run_however_often_it_comes() {
    tokio::time::pause();
    let strikes = Rc::<Strikes>::default();
    for _ in 0..4 {
        let source = FakeSource::default();
        source.on_children.always(&SF_QUERY);
        let mut bench = bench(source, Rc::clone(&strikes), 0);
        bench.push(0).await;
        assert!(matches!(bench.down.recv().await.unwrap().cause, Cause::Failed(_)));
    }
}

#[actix_rt::test]
async fn a_document_that_basic_rules_leave_out_is_counted_and_nothing_else_is_told_of_it() {
    tokio::time::pause();
    let first = FakeSource::id("Account", 0);
    // With its children, which are cut, it is larger than the others.
    let source = || FakeSource { children: 3, ..FakeSource::default() };
    let bench = bench_with(SyncRules::default(), source(), Rc::default(), 0);
    bench.push(0).await;
    settle().await;
    let sizes: Vec<_> = bench.caught.take().remove(0).ops.iter().map(BulkOp::bytes).collect();
    let largest = sizes[1] - BulkOp::Keep(first).bytes();
    assert!(sizes[0] > sizes[1] && sizes[1] == sizes[2] && bench.stats.counts().cut == 1, "{sizes:?}");

    let mut bench = bench_with(excluding("Id", first.as_str()), source(), Rc::default(), largest);
    bench.push(0).await;
    settle().await;
    let page = bench.caught.take().remove(0);
    assert_eq!(page.ops.iter().map(BulkOp::id).collect::<Vec<_>>(), [1, 2].map(|no| FakeSource::id("Account", no)));
    assert!(page.ops.iter().all(|op| matches!(op, BulkOp::Put(_))) && page.aside.is_empty(), "{page:?}");
    let counts = bench.stats.counts();
    assert_eq!((counts.excluded, counts.cut, counts.set_aside), (1, 0, 0));
    page.share.sign();
    assert!(matches!(bench.facts.recv().await, Some(Fact::PageDone(_, Verdict::Settled))));
}

#[actix_rt::test]
async fn basic_rules_see_what_is_spliced_into_a_document() {
    tokio::time::pause();
    let url = format!("https://x/{}", FakeSource::id("Account", 1));
    let bench = bench_with(excluding("url", &url), FakeSource::default(), Rc::default(), 0);
    bench.push(0).await;
    settle().await;
    assert_eq!((bench.caught.take().remove(0).ops.len(), bench.stats.counts().excluded), (2, 1));
}

#[actix_rt::test]
async fn the_files_of_a_record_are_met_even_if_its_document_is_the_one_of_another_rule() {
    tokio::time::pause();
    let mut bench = bench(FakeSource { files: true, ..FakeSource::default() }, Rc::default(), 0);
    let query = r#"{"query":"SELECT Id, (SELECT ContentDocument.Id FROM ContentDocumentLinks) FROM Account","language":"SOQL"}"#;
    let rules = domain::rules::read_advanced(&[query.parse().unwrap()]).unwrap();
    let planned = crate::survey::survey(&*bench.source, &domain::Selection::default(), &rules).await.unwrap();
    bench.plan = Arc::new(planned.objects.into_iter().next().unwrap());
    let mut page = bench.source.page(&bench.plan, &PageCursor::After(None)).await.unwrap();
    let again = page.records.split_off(1);
    let share = Share::open(PageId { object: 0, no: 0, last: None }, None, bench.facts_tx.clone());
    bench.lane.push(RecordPage { plan: Arc::clone(&bench.plan), object: 0, page, again, share }).await.unwrap();
    settle().await;
    let page = bench.caught.take().remove(0);
    assert_eq!(page.ops.iter().map(BulkOp::id).collect::<Vec<_>>(), [FakeSource::id("Account", 0)]);
    let files: Vec<_> = page.files.iter().map(|file| (file.file.id.as_str().to_owned(), file.linked.len())).collect();
    let expected = [(0, 1), (1, 2), (2, 2), (3, 2)].map(|(no, linked)| (format!("069{no:012}AAA"), linked));
    assert_eq!(files, expected, "each once, with all records that it hangs on");
    assert_eq!(bench.source.on_children.calls(), 0, "rules bring their own children");
}

#[actix_rt::test]
async fn a_file_says_what_it_is_shared_with_and_its_document_shows_only_records_that_are_synced() {
    tokio::time::pause();
    let checksum = domain::catalog::Checksum::parse("d41d8cd98f00b204e9800998ecf8427e");
    let bench = bench(FakeSource { files: true, objects: 2, checksum, ..FakeSource::default() }, Rc::default(), 0);
    bench.push(0).await;
    settle().await;
    let page = bench.caught.take().remove(0);
    let file = page.files.iter().find(|file| file.file.id.as_str() == "069000000000001AAA").unwrap();
    let ids = |object: &str| [0, 1].map(|no| FakeSource::id(object, no));
    assert_eq!(file.linked, ids("Account"));
    assert_eq!(file.shared, [ids("Account"), ids(ports::fakes::OBJECTS[1])].concat());
    assert_eq!((file.file.checksum, file.is_private), (checksum, false));
}

#[actix_rt::test]
async fn records_that_are_files_become_files_and_no_documents_of_their_own() {
    tokio::time::pause();
    let mut bench = bench(FakeSource::default(), Rc::default(), 0);
    bench.plan = Arc::new(ObjectPlan { blob: Some(Blob::Attachment), children: vec![], ..(*bench.plan).clone() });
    bench.push(0).await;
    settle().await;
    let page = bench.caught.take().remove(0);
    assert_eq!((page.ops.len(), page.files.len(), bench.stats.files().0), (0, 3, 3));
    let ids: Vec<_> = page.files.iter().map(|file| (file.file.id, file.file.content.unwrap().id)).collect();
    assert_eq!(ids, [0, 1, 2].map(|no| (FakeSource::id("Account", no), FakeSource::id("Account", no))));
}
