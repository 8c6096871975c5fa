//! Gathers operations into batches by count, bytes or linger, submits them, and signs for what became of each.
//!
//! `Parcel<SecuredPage>` -> `Sink`. Keeps the batch that is being gathered; its tickets are freed when the batch gets a slot, so waiting
//! operations never exceed the mailbox. A sink that cannot go on, or that refuses too much, ends the run here.

use std::mem::take;
use std::time::Duration;

use actix::fut::ActorFutureExt as _;
use actix::{Actor, ActorContext as _, AsyncContext as _, Context, Handler, SpawnHandle, WrapFuture as _};
use domain::bulk::BatchLimits;
use domain::{BulkOp, Fault};
use ports::SetAside;

use crate::batch::{Batch, Leftover, Refusal, Writing};
use crate::budget::Booking;
use crate::events::ItemSetAside;
use crate::lane::{Parcel, Ticket};
use crate::messages::SecuredPage;
use crate::receipt::Share;
use crate::stage::{Obituary, Slots, fail_point};

/// A part of a page within one batch.
struct Piece {
    object: usize,
    ops: Vec<BulkOp>,
    aside: Vec<SetAside>,
    share: Share,
    booking: Option<Booking>,
    ticket: Ticket,
}

pub(crate) struct BulkWriter {
    writing: Writing,
    slots: Slots,
    limits: BatchLimits,
    linger: Duration,
    batch: Vec<Piece>,
    ops: usize,
    bytes: usize,
    timer: Option<SpawnHandle>,
    obituary: Obituary,
}

impl BulkWriter {
    pub(crate) const NAME: &str = "bulk_writer";

    pub(crate) fn new(writing: Writing, slots: Slots, limits: BatchLimits, linger: Duration, obituary: Obituary) -> Self {
        Self { writing, slots, limits, linger, batch: Vec::new(), ops: 0, bytes: 0, timer: None, obituary }
    }

    fn gather(&mut self, piece: Piece) {
        self.ops += piece.ops.len();
        self.bytes += piece.ops.iter().map(BulkOp::bytes).sum::<usize>();
        self.batch.push(piece);
    }

    fn flush(&mut self, ctx: &mut Context<Self>) {
        if let Some(timer) = self.timer.take() {
            ctx.cancel_future(timer);
        }
        (self.ops, self.bytes) = (0, 0);
        let work = submit(self.writing.clone(), self.slots.clone(), take(&mut self.batch));
        ctx.spawn(work.into_actor(self).map(|written, actor, ctx| {
            if let Err(fault) = written {
                actor.obituary.failed(fault);
                ctx.stop();
            }
        }));
    }
}
impl Actor for BulkWriter {
    type Context = Context<Self>;
}
impl Handler<Parcel<SecuredPage>> for BulkWriter {
    type Result = ();

    fn handle(&mut self, Parcel { item, mut ticket }: Parcel<SecuredPage>, ctx: &mut Context<Self>) {
        let SecuredPage { object, mut ops, mut aside, share, booking } = item;
        // The last piece keeps what belongs to the page as a whole.
        loop {
            let taken = self.limits.take(self.ops, self.bytes, &ops);
            if taken == ops.len() {
                break;
            }
            let rest = ops.split_off(taken);
            let first = std::mem::replace(&mut ops, rest);
            if !first.is_empty() {
                let piece = Piece {
                    object,
                    ticket: ticket.split(first.len()),
                    ops: first,
                    aside: take(&mut aside),
                    share: share.fork(),
                    booking: None,
                };
                self.gather(piece);
            }
            self.flush(ctx);
        }
        self.gather(Piece { object, ops, aside, share, booking, ticket });
        if self.limits.full(self.ops, self.bytes) {
            self.flush(ctx);
        } else if self.timer.is_none() {
            // One-shot, never `run_interval`: a repeating timer keeps the actor alive and the drain hangs.
            self.timer = Some(ctx.run_later(self.linger, |actor, ctx| {
                actor.timer = None;
                actor.flush(ctx);
            }));
        }
    }
}

/// Writes one batch and signs its shares. A fault leaves them unsigned: the pages will be read again.
async fn submit(writing: Writing, slots: Slots, pieces: Vec<Piece>) -> Result<(), Fault> {
    let _slot = slots.take().await;
    fail_point(BulkWriter::NAME);
    let (mut batch, mut aside, mut shares) = (Batch::default(), Vec::new(), Vec::with_capacity(pieces.len()));
    for Piece { object, ops, aside: mut reasons, share, booking, ticket } in pieces {
        drop(ticket);
        let bytes = ops.iter().map(BulkOp::bytes).sum::<usize>();
        let puts = ops.iter().filter(|op| matches!(op, BulkOp::Put(_))).count();
        batch.add(object, ops);
        aside.append(&mut reasons);
        shares.push((object, puts, bytes, share, booking));
    }
    let Leftover { refused, too_many } = writing.write(batch).await?;
    let stats = &writing.stats;
    for Refusal { object, id, fault, .. } in &refused {
        let (id, what) = (Some(*id), stats.name_of(*object));
        ItemSetAside { what, id, fault }.emit(stats);
        aside.push(SetAside { id, what: what.to_owned(), fault: fault.clone() });
    }
    if !aside.is_empty() {
        writing.sink.set_aside(&writing.target, aside).await?;
    }
    if let Some(fault) = too_many {
        return Err(fault);
    }
    for (object, puts, bytes, share, booking) in shares {
        stats.written(object, puts, bytes);
        drop(booking);
        share.sign();
    }
    for Refusal { object, unwritten, .. } in refused {
        unwritten.into_iter().for_each(|bytes| stats.unwritten(object, bytes));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::sync::Arc;

    use domain::monitor::{ErrorLimits, ErrorMonitor};
    use domain::{DB_WRITE, Document, EN_TOO_MANY_ERRORS, RunId, SF_SILENT, Verdict};
    use ports::Target;
    use ports::fakes::{FakeSink, FakeSource, Script};
    use tokio::sync::mpsc;
    use tokio::time::Instant;

    use super::*;
    use crate::events::RunStats;
    use crate::lane::{Inlet, Lane};
    use crate::messages::Fact;
    use crate::receipt::PageId;
    use crate::stage::{Cause, StageDown, start};

    struct Bench {
        sink: Rc<FakeSink>,
        stats: Arc<RunStats>,
        lane: Lane<SecuredPage>,
        down: mpsc::UnboundedReceiver<StageDown>,
        facts: mpsc::UnboundedReceiver<Fact>,
        facts_tx: mpsc::UnboundedSender<Fact>,
    }

    fn bench(mailbox: usize, concurrency: usize) -> Bench {
        tokio::time::pause();
        let sink = Rc::new(FakeSink::default());
        let (down_tx, down) = mpsc::unbounded_channel();
        let (facts_tx, facts) = mpsc::unbounded_channel();
        let target =
            Target { connector: domain::ConnectorId::new("c"), index: domain::IndexName::new("i"), run: RunId::new("r"), mark: None };
        let stats = Arc::new(RunStats::new(["Account".to_owned()]));
        let errors = Rc::new(RefCell::new(ErrorMonitor::new(ErrorLimits::default())));
        let writing = Writing { sink: sink.clone(), target: Rc::new(target), stats: Arc::clone(&stats), errors };
        let limits = BatchLimits { ops: 4, bytes: 1 << 20 };
        let obituary = Obituary::new(BulkWriter::NAME, down_tx);
        let addr = start(mailbox, || BulkWriter::new(writing, Slots::new(concurrency), limits, Duration::from_secs(1), obituary));
        Bench { sink, stats, lane: Inlet::new(&addr, mailbox).lane("test->writer"), down, facts, facts_tx }
    }

    fn put(no: usize) -> BulkOp {
        BulkOp::Put(Document { id: FakeSource::id("Account", no), body: b"{}".to_vec() })
    }

    impl Bench {
        async fn push(&self, no: u64, ops: Vec<BulkOp>) {
            let share = Share::open(PageId { object: 0, no, last: None }, None, self.facts_tx.clone());
            let places = ops.len();
            assert!(self.lane.push_weighing(SecuredPage { object: 0, ops, aside: vec![], share, booking: None }, places).await.is_ok());
        }
        /// Lets the writer drain; returns the verdicts and the cause of its end.
        async fn end(self) -> (Rc<FakeSink>, Vec<Verdict>, Cause) {
            let Self { sink, lane, mut down, mut facts, facts_tx, .. } = self;
            drop((lane, facts_tx));
            let cause = down.recv().await.unwrap().cause;
            let mut verdicts = Vec::new();
            while let Some(Fact::PageDone(_, verdict)) = facts.recv().await {
                verdicts.push(verdict);
            }
            (sink, verdicts, cause)
        }
    }

    #[actix_rt::test]
    async fn full_batches_go_at_once_and_the_rest_after_the_linger() {
        let bench = bench(16, 2);
        let since = Instant::now();
        bench.push(0, (0..10).map(put).collect()).await;
        let (sink, verdicts, cause) = bench.end().await;
        assert_eq!((sink.on_batch.calls(), sink.largest.get(), sink.docs.borrow().len()), (3, 4, 10));
        assert_eq!((verdicts, cause), (vec![Verdict::Settled], Cause::Drained));
        assert!(since.elapsed() >= Duration::from_secs(1), "the last two waited for company");
    }

    #[actix_rt::test]
    async fn a_mailbox_smaller_than_a_batch_is_slow_but_never_stuck() {
        let bench = bench(2, 2);
        for no in 0..5 {
            bench.push(no, vec![put(no as usize * 2), put(no as usize * 2 + 1)]).await;
        }
        let (sink, verdicts, cause) = bench.end().await;
        assert_eq!((sink.docs.borrow().len(), verdicts.len(), cause), (10, 5, Cause::Drained));
    }

    #[actix_rt::test]
    async fn concurrency_bounds_batches_in_flight() {
        let bench = bench(16, 2);
        bench.sink.slow.set(Duration::from_secs(1));
        for no in 0..10 {
            bench.push(no, (0..4).map(put).collect()).await;
        }
        let (sink, verdicts, _) = bench.end().await;
        assert_eq!((sink.on_batch.calls(), sink.writing.peak.get(), verdicts.len()), (10, 2, 10));
    }

    #[actix_rt::test]
    async fn items_told_to_come_again_are_tried_alone_until_they_are_written() {
        let bench = bench(16, 1);
        bench.sink.busy.set(3);
        bench.push(0, (0..4).map(put).collect()).await;
        let (sink, verdicts, _) = bench.end().await;
        assert_eq!((sink.on_batch.calls(), sink.docs.borrow().len(), verdicts), (4, 4, vec![Verdict::Settled]));
    }

    #[actix_rt::test]
    async fn a_batch_that_fails_for_a_while_is_written_in_the_end() {
        let bench = bench(16, 1);
        (1..=6).for_each(|no| bench.sink.on_batch.on(no, Script::Fail(&SF_SILENT)));
        bench.push(0, vec![put(1)]).await;
        let (sink, verdicts, cause) = bench.end().await;
        assert_eq!((sink.docs.borrow().len(), verdicts, cause), (1, vec![Verdict::Settled], Cause::Drained));
    }

    #[actix_rt::test]
    async fn a_document_refused_for_ever_is_set_aside_and_its_page_settled() {
        let bench = bench(16, 1);
        bench.sink.poison.borrow_mut().insert(FakeSource::id("Account", 1));
        bench.push(0, (0..4).map(put).collect()).await;
        let stats = Arc::clone(&bench.stats);
        let (sink, verdicts, _) = bench.end().await;
        assert_eq!((sink.docs.borrow().len(), verdicts), (3, vec![Verdict::Settled]));
        let aside = sink.aside.take();
        assert_eq!(aside.iter().map(|entry| (entry.id, entry.what.as_str())).collect::<Vec<_>>(), [(Some(put(1).id()), "Account")]);
        let counts = stats.counts();
        assert_eq!((counts.written, counts.set_aside, stats.objects[0].written()), (3, 1, 3));
        assert_eq!(counts.written_bytes, 3 * put(0).bytes() as u64);
    }

    #[actix_rt::test]
    async fn an_index_that_refuses_everything_ends_the_run_early_and_the_reasons_are_kept() {
        let bench = bench(16, 1);
        bench.sink.poison.borrow_mut().extend((0..40).map(|no| put(no).id()));
        for no in 0..10 {
            // When the writer has ended, nobody takes pages any more.
            let share = Share::open(PageId { object: 0, no, last: None }, None, bench.facts_tx.clone());
            let ops = (0..4).map(|op| put(no as usize * 4 + op)).collect();
            let _ = bench.lane.push_weighing(SecuredPage { object: 0, ops, aside: vec![], share, booking: None }, 4).await;
        }
        let (sink, verdicts, cause) = bench.end().await;
        assert!(matches!(cause, Cause::Failed(fault) if fault.code == &EN_TOO_MANY_ERRORS));
        assert_eq!((sink.docs.borrow().len(), sink.aside.borrow().len()), (0, 12), "three batches of four");
        let settled = verdicts.iter().filter(|verdict| **verdict == Verdict::Settled).count();
        assert_eq!((settled, verdicts.len()), (2, 10), "what was in the last batch is read again");
    }

    #[actix_rt::test]
    async fn a_sink_that_cannot_go_on_ends_the_run_and_leaves_pages_unsigned() {
        let bench = bench(16, 1);
        bench.sink.on_batch.on(1, Script::Fail(&DB_WRITE));
        bench.push(0, (0..4).map(put).collect()).await;
        let (sink, verdicts, cause) = bench.end().await;
        assert_eq!((sink.on_batch.calls(), verdicts), (1, vec![Verdict::Lost]));
        assert!(matches!(cause, Cause::Failed(fault) if fault.code == &DB_WRITE));
    }
}
