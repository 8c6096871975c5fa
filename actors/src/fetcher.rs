//! Reads the pages of one object, in order, from where its checkpoint says.
//!
//! `ReadPage` -> `Lane<RecordPage>`. Keeps the cursor and the number of the next page.
//! A page that cannot be read ends this object in this generation; the others go on.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use actix::fut::ActorFutureExt as _;
use actix::{Actor, ActorContext as _, AsyncContext as _, Context, Handler, ResponseActFuture, WrapFuture as _};
use domain::{Fault, ObjectPlan, PageCursor, PageNo, RecordId};
use ports::Source;
use tokio::sync::{mpsc, oneshot, watch};

use crate::budget::Budget;
use crate::events::{RunStats, SearchCut};
use crate::lane::Lane;
use crate::messages::{Fact, ReadPage, RecordPage};
use crate::receipt::{PageId, Share};
use crate::stage::{Obituary, Slots, fail_point};

/// A page is expected to weigh this much before any of its object was read.
const FIRST_PAGE: usize = 1 << 20;

/// What all fetchers of a run share.
#[derive(Clone)]
pub(crate) struct Reading {
    pub(crate) source: Rc<dyn Source>,
    pub(crate) out: Lane<RecordPage>,
    /// Requests in flight: `object_fetcher.concurrency`.
    pub(crate) slots: Slots,
    /// Pages in reading or not yet taken by the joiner: `object_fetcher.mailbox`.
    pub(crate) room: Slots,
    pub(crate) budget: Arc<Budget>,
    pub(crate) facts: mpsc::UnboundedSender<Fact>,
    pub(crate) stats: Arc<RunStats>,
    /// True means: finish the page in hand and stop. Asked for from outside, or by this generation itself.
    pub(crate) stop: [watch::Receiver<bool>; 2],
}

/// What one fetcher reads.
pub(crate) struct Part {
    pub(crate) plan: Arc<ObjectPlan>,
    /// Position in the run.
    pub(crate) object: usize,
    /// Where it starts.
    pub(crate) cursor: PageCursor,
    /// Its place among those that may find the same records.
    pub(crate) turn: Option<Turn>,
}

/// A place in a row of fetchers that read one after the other, so that a record which several find is the first one's.
pub(crate) struct Turn {
    /// Records that those before have found. Bounded by what the advanced rules of one connector find twice or may find twice.
    met: Rc<RefCell<HashSet<RecordId>>>,
    /// Ends when the one before is gone, whatever the reason.
    before: Option<oneshot::Receiver<()>>,
    /// Dropped with the fetcher.
    _end: oneshot::Sender<()>,
}

/// Gives out turns.
#[derive(Default)]
pub(crate) struct Turns {
    met: Rc<RefCell<HashSet<RecordId>>>,
    last: Option<oneshot::Receiver<()>>,
}

impl Turns {
    /// The place behind all that were given out.
    pub(crate) fn next(&mut self) -> Turn {
        let (end, ended) = oneshot::channel();
        Turn { met: Rc::clone(&self.met), before: self.last.replace(ended), _end: end }
    }
}

pub(crate) struct ObjectFetcher {
    reading: Reading,
    part: Part,
    no: PageNo,
    expected: usize,
    obituary: Obituary,
}

/// How reading one page ended.
enum Outcome {
    Read { next: Option<PageCursor>, bytes: usize },
    Stopped,
    Failed(Fault),
}

impl ObjectFetcher {
    pub(crate) const NAME: &str = "object_fetcher";

    pub(crate) fn new(reading: Reading, part: Part, obituary: Obituary) -> Self {
        Self { reading, part, no: 0, expected: FIRST_PAGE, obituary }
    }
}
impl Actor for ObjectFetcher {
    type Context = Context<Self>;
    fn started(&mut self, ctx: &mut Context<Self>) {
        match self.part.turn.as_mut().and_then(|turn| turn.before.take()) {
            Some(before) => drop(ctx.spawn(before.into_actor(self).map(|_, _, ctx| ctx.notify(ReadPage)))),
            None => ctx.notify(ReadPage),
        }
    }
}
impl Handler<ReadPage> for ObjectFetcher {
    type Result = ResponseActFuture<Self, ()>;

    fn handle(&mut self, _: ReadPage, _ctx: &mut Context<Self>) -> Self::Result {
        let Part { plan, object, cursor, turn } = &self.part;
        let page = Wanted {
            plan: Arc::clone(plan),
            object: *object,
            no: self.no,
            cursor: cursor.clone(),
            met: turn.as_ref().map(|turn| Rc::clone(&turn.met)),
        };
        let work = read_page(self.reading.clone(), page, self.expected);
        Box::pin(work.into_actor(self).map(|outcome, actor, ctx| match outcome {
            Outcome::Read { next: Some(cursor), bytes } => {
                (actor.part.cursor, actor.expected) = (cursor, bytes);
                actor.no += 1;
                ctx.notify(ReadPage);
            }
            Outcome::Read { next: None, .. } => {
                let end = Fact::ObjectEnd { object: actor.part.object, pages: actor.no + 1 };
                let _ = actor.reading.facts.send(end);
                ctx.stop();
            }
            Outcome::Stopped => ctx.stop(),
            Outcome::Failed(fault) => {
                actor.obituary.failed(fault);
                ctx.stop();
            }
        }))
    }
}

/// One page to read.
struct Wanted {
    plan: Arc<ObjectPlan>,
    object: usize,
    no: PageNo,
    cursor: PageCursor,
    met: Option<Rc<RefCell<HashSet<RecordId>>>>,
}

/// Reads a page within slots, room and budget, and pushes it on.
async fn read_page(reading: Reading, Wanted { plan, object, no, cursor, met }: Wanted, expected: usize) -> Outcome {
    let _room = reading.room.take().await;
    let mut booking = reading.budget.reserve(expected).await;
    let slot = reading.slots.take().await;
    if reading.stop.iter().any(|stop| *stop.borrow()) {
        return Outcome::Stopped;
    }
    fail_point(ObjectFetcher::NAME);
    let mut page = match reading.source.page(&plan, &cursor).await {
        Ok(page) => page,
        Err(fault) => return Outcome::Failed(fault),
    };
    drop(slot);
    booking.resize(page.bytes);
    let (next, bytes) = (page.next.clone(), page.bytes);
    if page.cut {
        SearchCut { object, rule: &plan.name, rows: page.records.len() }.emit(&reading.stats);
    }
    reading.stats.page_read(object, page.records.len() + page.unusable.len(), page.total);
    let id = PageId { object, no, last: page.records.last().map(|record| record.id) };
    let mut again = Vec::new();
    if let Some(met) = met {
        let mut met = met.borrow_mut();
        (page.records, again) = page.records.into_iter().partition(|record| met.insert(record.id));
    }
    let share = Share::open(id, Some(booking), reading.facts.clone());
    match reading.out.push(RecordPage { plan, object, page, again, share }).await {
        Ok(()) => Outcome::Read { next, bytes },
        // The stage that closed the lane says why in its own obituary.
        Err(_) => Outcome::Stopped,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::{SF_SILENT, Verdict};
    use ports::fakes::{FakeSource, Script};

    use super::*;
    use crate::kit::{Catch, settle};
    use crate::stage::{Cause, start};

    struct Bench {
        source: Rc<FakeSource>,
        caught: Catch<RecordPage>,
        down: mpsc::UnboundedReceiver<crate::stage::StageDown>,
        facts: mpsc::UnboundedReceiver<Fact>,
        stop: watch::Sender<bool>,
    }

    fn bench(source: FakeSource, lane: usize) -> Bench {
        tokio::time::pause();
        bench_of([source], lane, || None)
    }

    /// Fetchers of the same records, each with a source of its own; `turn` gives each its place.
    fn bench_of<const N: usize>(sources: [FakeSource; N], lane: usize, mut turn: impl FnMut() -> Option<Turn>) -> Bench {
        let sources = sources.map(Rc::new);
        let (out, caught) = Catch::lane(lane);
        let (down_tx, down) = mpsc::unbounded_channel();
        let (facts_tx, facts) = mpsc::unbounded_channel();
        let (stop, stopped) = watch::channel(false);
        let reading = Reading {
            source: sources[0].clone(),
            out,
            slots: Slots::new(N),
            room: Slots::new(2),
            budget: Budget::new(1 << 30),
            facts: facts_tx,
            stats: Arc::new(RunStats::new((0..N).map(|_| "Account".to_owned()))),
            stop: [stopped.clone(), stopped],
        };
        let plan = ObjectPlan {
            name: "Account".into(),
            key_prefix: None,
            fields: vec![],
            children: vec![],
            lookups: vec![],
            rule: None,
            blob: None,
            filter: None,
        };
        let plan = Arc::new(plan);
        for (object, source) in sources.iter().enumerate() {
            let reading = Reading { source: source.clone(), ..reading.clone() };
            let part = Part { plan: Arc::clone(&plan), object, cursor: PageCursor::After(None), turn: turn() };
            let obituary = Obituary::new(ObjectFetcher::NAME, down_tx.clone());
            drop(start(1, || ObjectFetcher::new(reading, part, obituary)));
        }
        Bench { source: sources[0].clone(), caught, down, facts, stop }
    }

    /// Fetchers that read one after the other.
    fn in_turns<const N: usize>(sources: [FakeSource; N]) -> Bench {
        let mut turns = Turns::default();
        bench_of(sources, 100, || Some(turns.next()))
    }

    /// Numbers of the records of an object that are its own, and how many were found before.
    fn own(pages: &[RecordPage], object: usize) -> (Vec<RecordId>, usize) {
        let pages = || pages.iter().filter(|page| page.object == object);
        let own = pages().flat_map(|page| &page.page.records).map(|record| record.id).collect();
        (own, pages().map(|page| page.again.len()).sum())
    }

    #[actix_rt::test]
    async fn pages_come_in_order_and_the_last_one_is_announced() {
        let mut bench = bench(FakeSource { pages: 3, ..FakeSource::default() }, 8);
        assert_eq!(bench.down.recv().await.unwrap().cause, Cause::Drained);
        let pages = bench.caught.take();
        assert_eq!(pages.iter().map(|page| page.page.records[0].id).collect::<Vec<_>>(), [0, 3, 6].map(|no| FakeSource::id("Account", no)));
        assert_eq!(bench.facts.recv().await, Some(Fact::ObjectEnd { object: 0, pages: 3 }));
        pages.into_iter().for_each(|page| page.share.sign());
        let Some(Fact::PageDone(page, Verdict::Settled)) = bench.facts.recv().await else { panic!("page 0 is settled") };
        assert_eq!(page.last, Some(FakeSource::id("Account", 2)));
    }

    #[actix_rt::test]
    async fn reading_waits_while_nobody_takes_the_pages() {
        let bench = bench(FakeSource::default(), 2);
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert_eq!(bench.source.on_page.calls(), 3, "two in the lane and one that waits for it");
        bench.caught.take();
        settle().await;
        assert_eq!(bench.source.on_page.calls(), 5);
    }

    #[actix_rt::test]
    async fn a_page_that_cannot_be_read_is_the_fault_of_the_stage() {
        let source = FakeSource::default();
        source.on_page.on(2, Script::Fail(&SF_SILENT));
        let mut bench = bench(source, 8);
        let Cause::Failed(fault) = bench.down.recv().await.unwrap().cause else { panic!("it failed") };
        assert_eq!((fault.code, bench.caught.waiting()), (&SF_SILENT, 1));
    }

    #[actix_rt::test]
    async fn a_stop_lets_the_page_in_hand_through() {
        let mut bench = bench(FakeSource { slow: Duration::from_secs(10), ..FakeSource::default() }, 8);
        tokio::time::sleep(Duration::from_secs(15)).await;
        bench.stop.send(true).unwrap();
        assert_eq!(bench.down.recv().await.unwrap().cause, Cause::Drained);
        assert_eq!((bench.caught.waiting(), bench.source.on_page.calls()), (2, 2));
    }

    fn ids(numbers: std::ops::Range<usize>) -> Vec<RecordId> {
        numbers.map(|no| FakeSource::id("Account", no)).collect()
    }

    #[actix_rt::test]
    async fn what_one_finds_is_its_own_however_slow_it_is_and_the_next_one_only_finds_it_again() {
        tokio::time::pause();
        for slow in [0, 10, 1000].map(Duration::from_secs) {
            let slow = FakeSource { pages: 2, slow, ..FakeSource::default() };
            let mut bench = in_turns([slow, FakeSource { pages: 4, ..FakeSource::default() }, FakeSource::default()]);
            while bench.down.recv().await.is_some() {}
            let pages = bench.caught.take();
            assert_eq!(own(&pages, 0), (ids(0..6), 0));
            assert_eq!(own(&pages, 1), (ids(6..12), 6));
            assert_eq!(own(&pages, 2), (ids(12..30), 12));
            let order: Vec<_> = pages.iter().map(|page| page.object).collect();
            assert!(order.is_sorted() && order.len() == 16, "one after the other, no page left out: {order:?}");
        }
    }

    #[actix_rt::test]
    async fn a_page_that_was_found_before_is_still_settled_with_its_last_record() {
        tokio::time::pause();
        let mut bench = in_turns([FakeSource { pages: 1, ..FakeSource::default() }, FakeSource { pages: 1, ..FakeSource::default() }]);
        while bench.down.recv().await.is_some() {}
        bench.caught.take().into_iter().for_each(|page| page.share.sign());
        let mut settled = Vec::new();
        while let Some(fact) = bench.facts.recv().await {
            if let Fact::PageDone(page, verdict) = fact {
                settled.push((page.object, page.last, verdict));
            }
        }
        let last = Some(FakeSource::id("Account", 2));
        assert_eq!(settled, [(0, last, Verdict::Settled), (1, last, Verdict::Settled)]);
    }

    #[actix_rt::test]
    async fn one_whose_predecessor_fails_or_panics_still_gets_its_turn() {
        tokio::time::pause();
        for script in [Script::Fail(&SF_SILENT), Script::Panic] {
            let first = FakeSource::default();
            first.on_page.on(2, script.clone());
            let mut bench = in_turns([first, FakeSource { pages: 2, ..FakeSource::default() }]);
            let causes = [bench.down.recv().await.unwrap().cause, bench.down.recv().await.unwrap().cause];
            assert!(causes[0] != Cause::Drained && causes[1] == Cause::Drained, "{script:?}: {causes:?}");
            let pages = bench.caught.take();
            assert_eq!((own(&pages, 0), own(&pages, 1)), ((ids(0..3), 0), (ids(3..6), 3)), "{script:?}");
        }
    }

    #[actix_rt::test]
    async fn one_that_waits_for_its_turn_reads_nothing_when_a_stop_is_asked_for() {
        tokio::time::pause();
        let slow = || FakeSource { slow: Duration::from_secs(10), ..FakeSource::default() };
        let mut bench = in_turns([slow(), slow()]);
        tokio::time::sleep(Duration::from_secs(15)).await;
        bench.stop.send(true).unwrap();
        while let Some(down) = bench.down.recv().await {
            assert_eq!(down.cause, Cause::Drained);
        }
        assert_eq!((own(&bench.caught.take(), 1), bench.source.on_page.calls()), ((vec![], 0), 2));
    }
}
