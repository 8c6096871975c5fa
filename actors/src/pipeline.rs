//! One generation of the pipeline, wired in one place, last stage first: spawn, feed, drain, report. Restarts nothing by itself.
//!
//! Forward edges are lanes; backward edges are channels that nobody waits on, so the graph of waits has no circle.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use domain::access::AllowLists;
use domain::bulk::BatchLimits;
use domain::catalog::{DocumentShape, FileFacts};
use domain::monitor::{ErrorLimits, ErrorMonitor};
use domain::rules::{RulePlan, SyncRules};
use domain::{Brake, Checkpoint, EN_STALLED, Fault, FaultClass, JobType, ObjectPlan, PageCursor, PageNo, Verdict, Watermark};
use ports::{Checkpoints, Clock, ContentCache, Sink, Source, Target};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::acl::{AclBuilder, Securing};
use crate::batch::Writing;
use crate::budget::Budget;
use crate::content::FileText;
use crate::events::RunStats;
use crate::extractor::{ContentExtractor, Extracting};
use crate::fetcher::{ObjectFetcher, Part, Reading, Turns};
use crate::joiner::{EntityJoiner, Joining, Strikes};
use crate::lane::{Inlet, Lane};
use crate::lookup::LookupCache;
use crate::messages::{Fact, RecordPage};
use crate::stage::{Cause, Knobs, Obituary, Slots, StageDown, start};
use crate::writer::BulkWriter;

/// Shortest time between two checkpoints. Each is a write that the index waits for, and pages settle many times a second.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

/// Everything that a run needs from outside.
#[derive(Clone)]
pub struct Ports {
    /// Records.
    pub source: Rc<dyn Source>,
    /// Documents.
    pub sink: Rc<dyn Sink>,
    /// Progress.
    pub checkpoints: Rc<dyn Checkpoints>,
    /// Content of files from before.
    pub cache: Option<Rc<dyn ContentCache>>,
    /// Time of day.
    pub clock: Arc<dyn Clock>,
}

/// The knobs of the bulk writer; its mailbox counts documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterKnobs {
    /// Mailbox and batches in flight.
    pub knobs: Knobs,
    /// When a batch is full.
    pub limits: BatchLimits,
    /// How long a batch waits for company.
    pub linger: Duration,
}

/// The knobs of every stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// Requests in flight; pages read ahead of the joiner.
    pub object_fetcher: Knobs,
    /// Pages.
    pub entity_joiner: Knobs,
    /// Pages.
    pub acl_builder: Knobs,
    /// Files.
    pub content_extractor: Knobs,
    /// Batches; documents.
    pub bulk_writer: WriterKnobs,
}

/// What a run may use and how long it may stand still.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunLimits {
    /// Bytes of pages in flight.
    pub budget: usize,
    /// Bytes of file content in flight.
    pub file_budget: usize,
    /// Largest document in bytes; 0 for no limit.
    pub max_document: usize,
    /// Largest file in bytes.
    pub max_file: u64,
    /// Entries of the look-up cache.
    pub lookup_cache: usize,
    /// A run in which nothing moves for so long is ended.
    pub stall_after: Duration,
    /// How much of the index is deleted without leave.
    pub brake: Brake,
    /// How many documents the index may refuse.
    pub error_monitor: ErrorLimits,
}

/// A run: what is read, how it looks, where it goes. Outlives its generations.
pub struct Run {
    /// Whose documents, where.
    pub target: Target,
    /// What kind of job it belongs to.
    pub kind: JobType,
    /// What is read, in order.
    pub objects: Vec<Arc<ObjectPlan>>,
    /// How documents look.
    pub shape: Rc<DocumentShape>,
    /// Which of them are indexed.
    pub rules: Rc<SyncRules>,
    /// How what is in files gets into them.
    pub text: FileText,
    /// What the org can say of files.
    pub facts: FileFacts,
    /// Who may read its documents; `None`: everybody.
    pub allow: Option<Rc<AllowLists>>,
    /// Counters.
    pub stats: Arc<RunStats>,
    /// Look-ups answered so far.
    pub cache: Arc<LookupCache>,
    /// Pages that broke a generation.
    pub strikes: Rc<Strikes>,
    /// Documents that the index refused.
    pub errors: Rc<RefCell<ErrorMonitor>>,
    /// True means: finish what is in hand and stop.
    pub stop: watch::Receiver<bool>,
}

/// How a generation ended.
#[derive(Debug)]
pub struct GenerationReport {
    /// How far the run is safe.
    pub checkpoint: Checkpoint,
    /// Every object was read to its end and all of it is settled.
    pub complete: bool,
    /// Obituaries in order of arrival, one per stage and fetcher.
    pub down: Vec<StageDown>,
}

/// Runs one generation from `checkpoint`.
pub async fn run_generation(
    run: &Run,
    ports: &Ports,
    tuning: &Tuning,
    limits: &RunLimits,
    mut checkpoint: Checkpoint,
) -> Result<GenerationReport, Fault> {
    let (down_tx, mut down_rx) = mpsc::unbounded_channel();
    let (facts_tx, facts_rx) = mpsc::unbounded_channel();
    let (halt, halted) = watch::channel(false);
    let budget = Budget::new(limits.budget);
    let (to_joiner, fetch_slots) = wire(run, ports, tuning, limits, &budget, &down_tx);

    let reading = Reading {
        source: Rc::clone(&ports.source),
        out: to_joiner,
        slots: fetch_slots,
        room: Slots::new(tuning.object_fetcher.mailbox),
        budget: Arc::clone(&budget),
        facts: facts_tx,
        stats: Arc::clone(&run.stats),
        stop: [run.stop.clone(), halted],
    };
    let mut fetchers = Vec::new();
    let shares = |plan: &ObjectPlan| plan.rule.as_ref().is_some_and(|rule| rule.shares);
    // Who was first is known only to those who read together.
    let all_of_them = run.objects.iter().any(|plan| shares(plan) && !checkpoint.progress(&plan.name).done);
    let mut turns = Turns::default();
    for (object, plan) in run.objects.iter().enumerate() {
        let progress = checkpoint.progress(&plan.name);
        let is_shared = shares(plan);
        if progress.done && !(is_shared && all_of_them) {
            run.stats.objects[object].finish();
            continue;
        }
        if is_shared {
            // What an earlier generation read of it counts for nothing when the others are read without it.
            checkpoint.objects.remove(&plan.name);
        }
        let goes_on = !is_shared && plan.rule.as_ref().is_none_or(RulePlan::goes_on);
        let part = Part {
            plan: Arc::clone(plan),
            object,
            cursor: PageCursor::After(progress.after.filter(|_| goes_on)),
            turn: is_shared.then(|| turns.next()),
        };
        let obituary = Obituary::new(ObjectFetcher::NAME, down_tx.clone());
        fetchers.push(start(1, || ObjectFetcher::new(reading.clone(), part, obituary)));
    }
    // From here on only running fetchers hold the head of the pipeline: when they end, it drains.
    drop((reading, down_tx));

    let books = async {
        let kept = keep_books(run, ports, checkpoint, facts_rx).await;
        if kept.is_err() {
            // Pages that nobody notes down would be read for nothing.
            halt.send_replace(true);
        }
        kept
    };
    let drained = async {
        let mut down = Vec::new();
        while let Some(obituary) = down_rx.recv().await {
            // A fetcher that fails ends its own object. Without one of the stages behind them, all would read for nothing.
            if obituary.stage != ObjectFetcher::NAME && obituary.cause != Cause::Drained {
                halt.send_replace(true);
            }
            down.push(obituary);
        }
        down
    };
    let (kept, down) = tokio::select! {
        ended = async { tokio::join!(books, drained) } => ended,
        fault = watch_for_stalls(&run.stats, limits.stall_after) => {
            halt.send_replace(true);
            return Err(fault);
        }
    };
    drop(fetchers);
    let (checkpoint, complete) = kept?;
    Ok(GenerationReport { checkpoint, complete, down })
}

/// Starts the four stages behind the fetchers, last one first, and gives the lane into the first.
fn wire(
    run: &Run,
    ports: &Ports,
    tuning: &Tuning,
    limits: &RunLimits,
    budget: &Arc<Budget>,
    down: &mpsc::UnboundedSender<StageDown>,
) -> (Lane<RecordPage>, Slots) {
    // No `..`: a stage without knobs does not compile.
    let Tuning { object_fetcher, entity_joiner, acl_builder, content_extractor, bulk_writer } = *tuning;
    let (source, clock, shape, stats) = (&ports.source, &ports.clock, &run.shape, &run.stats);
    let slots =
        [object_fetcher, entity_joiner, acl_builder, content_extractor, bulk_writer.knobs].map(|knobs| Slots::new(knobs.concurrency));
    let names = [ObjectFetcher::NAME, EntityJoiner::NAME, AclBuilder::NAME, ContentExtractor::NAME, BulkWriter::NAME];
    let stages = names.into_iter().zip(slots.clone()).collect();
    let [fetch_slots, join_slots, acl_slots, extract_slots, write_slots] = slots;

    let writing = Writing {
        sink: Rc::clone(&ports.sink),
        target: Rc::new(run.target.clone()),
        stats: Arc::clone(stats),
        errors: Rc::clone(&run.errors),
    };
    let WriterKnobs { knobs, limits: batch, linger } = bulk_writer;
    let obituary = Obituary::new(BulkWriter::NAME, down.clone());
    let writer = start(knobs.mailbox, || BulkWriter::new(writing, write_slots, batch, linger, obituary));
    let to_writer = Inlet::new(&writer, knobs.mailbox);
    drop(writer); // From here on only lanes keep a stage alive.

    let extracting = Extracting {
        source: Rc::clone(source),
        out: to_writer.lane("extractor->writer"),
        shape: Rc::clone(shape),
        clock: Arc::clone(clock),
        budget: Budget::new(limits.file_budget),
        text: run.text.clone(),
        cache: ports.cache.clone(),
        max_file: limits.max_file,
        max_document: limits.max_document,
        rules: Rc::clone(&run.rules),
        strikes: Rc::clone(&run.strikes),
        stats: Arc::clone(stats),
    };
    let from_extractor = extracting.out.stats();
    let obituary = Obituary::new(ContentExtractor::NAME, down.clone());
    let extractor = start(content_extractor.mailbox, || ContentExtractor::new(extracting, extract_slots, obituary));
    let to_extractor = Inlet::new(&extractor, content_extractor.mailbox).lane("acl->extractor");
    drop(extractor);

    let obituary = Obituary::new(AclBuilder::NAME, down.clone());
    let (acl_to_writer, acl_to_extractor) = (to_writer.lane("acl->writer"), to_extractor.stats());
    let from_acl = acl_to_writer.stats();
    let securing = Securing {
        to_writer: acl_to_writer,
        to_extractor,
        allow: run.allow.clone(),
        objects: run.objects.iter().map(|plan| plan.rule.is_none().then(|| plan.name.clone())).collect(),
        budget: Arc::clone(budget),
        max_document: limits.max_document,
        stats: Arc::clone(stats),
    };
    let acl = start(acl_builder.mailbox, || AclBuilder::new(securing, acl_slots, obituary));
    let to_acl = Inlet::new(&acl, acl_builder.mailbox).lane("joiner->acl");
    drop((acl, to_writer));

    let joining = Joining {
        source: Rc::clone(source),
        out: to_acl,
        shape: Rc::clone(shape),
        clock: Arc::clone(clock),
        cache: Arc::clone(&run.cache),
        strikes: Rc::clone(&run.strikes),
        seen: Rc::default(),
        facts: run.facts,
        prefixes: Rc::new(run.objects.iter().flat_map(|plan| plan.prefixes()).map(str::to_owned).collect()),
        budget: Arc::clone(budget),
        max_document: limits.max_document,
        rules: Rc::clone(&run.rules),
        stats: Arc::clone(stats),
    };
    let from_joiner = joining.out.stats();
    let obituary = Obituary::new(EntityJoiner::NAME, down.clone());
    let joiner = start(entity_joiner.mailbox, || EntityJoiner::new(joining, join_slots, obituary));
    let to_joiner = Inlet::new(&joiner, entity_joiner.mailbox).lane("fetcher->joiner");
    run.stats.new_generation(vec![to_joiner.stats(), from_joiner, from_acl, acl_to_extractor, from_extractor], stages, budget);
    (to_joiner, fetch_slots)
}

/// How far one object is within this generation.
#[derive(Default)]
struct Book {
    mark: Watermark,
    pages: Option<PageNo>,
}

/// Turns verdicts into checkpoints until the last receipt is in; returns the checkpoint and whether everything is settled.
async fn keep_books(
    run: &Run,
    ports: &Ports,
    mut checkpoint: Checkpoint,
    mut facts: mpsc::UnboundedReceiver<Fact>,
) -> Result<(Checkpoint, bool), Fault> {
    let mut books: Vec<_> = run.objects.iter().map(|_| Book::default()).collect();
    let (mut news, mut unsaved, mut due) = (Vec::new(), false, Instant::now());
    loop {
        let more = tokio::select! {
            more = facts.recv_many(&mut news, 64) => more > 0,
            () = tokio::time::sleep_until(due), if unsaved => true,
        };
        for fact in news.drain(..) {
            unsaved |= note(run, &mut books, &mut checkpoint, fact);
        }
        if unsaved && (!more || Instant::now() >= due) {
            match ports.checkpoints.store(&run.target.connector, run.kind, &checkpoint).await {
                Ok(()) => unsaved = false,
                // It is known here, and the next one takes its place; only a process that dies before that reads a few pages again.
                Err(fault) if fault.class() == FaultClass::Transient => tracing::warn!(%fault, "the checkpoint cannot be written now"),
                Err(fault) => return Err(fault),
            }
            due = Instant::now() + CHECKPOINT_EVERY;
        }
        if !more {
            break;
        }
    }
    let complete = run.objects.iter().all(|plan| checkpoint.progress(&plan.name).done);
    Ok((checkpoint, complete))
}

/// Notes one fact; true when the checkpoint moved.
fn note(run: &Run, books: &mut [Book], checkpoint: &mut Checkpoint, fact: Fact) -> bool {
    let (object, after) = match fact {
        Fact::PageDone(_, Verdict::Lost) => return false,
        Fact::PageDone(page, Verdict::Settled) => (page.object, books[page.object].mark.settle(page.no, page.last)),
        Fact::ObjectEnd { object, pages } => {
            books[object].pages = Some(pages);
            (object, None)
        }
    };
    let done = books[object].pages == Some(books[object].mark.next());
    if after.is_none() && !done {
        return false;
    }
    let progress = checkpoint.objects.entry(run.objects[object].name.clone()).or_default();
    progress.after = after.or(progress.after);
    progress.done = done;
    if done {
        run.stats.objects[object].finish();
    }
    true
}

/// Ends when nothing moved for `stall_after`; says where the work stands.
async fn watch_for_stalls(stats: &RunStats, stall_after: Duration) -> Fault {
    let mut before = None;
    loop {
        let now = stats.pulse();
        if before == Some(now) {
            let full: Vec<_> = stats.edges().iter().filter(|edge| edge.depth() > 0).map(|edge| edge.edge).collect();
            let busy: Vec<_> = stats.stages().iter().filter(|(_, slots)| slots.busy() > 0).map(|(name, _)| *name).collect();
            let list = |names: Vec<&str>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let message = format!("nothing moved for {stall_after:?}; busy stages: {}; lanes that wait: {}", list(busy), list(full));
            return Fault::new(&EN_STALLED, message);
        }
        before = Some(now);
        tokio::time::sleep(stall_after).await;
    }
}
