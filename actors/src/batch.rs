//! A batch on its way into the sink: submitted until each operation has its fate.
//!
//! What may work later is tried again, what is refused for ever keeps its old version in the index, and too many refusals end the run.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use domain::monitor::ErrorMonitor;
use domain::{BulkOp, Fault, FaultClass, ItemOutcome, RecordId};
use ports::{Sink, Target};

use crate::events::{NotKept, RunStats, TriedAgain};
use crate::writer::BulkWriter;

/// Submissions of one batch before the generation ends.
const TRIES: u32 = 7;
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// What writing needs besides the operations.
#[derive(Clone)]
pub(crate) struct Writing {
    pub(crate) sink: Rc<dyn Sink>,
    pub(crate) target: Rc<Target>,
    pub(crate) stats: Arc<RunStats>,
    /// Of the whole run.
    pub(crate) errors: Rc<RefCell<ErrorMonitor>>,
}

/// Operations, and the object that each of them belongs to by its position in the run. Two lists, since the sink takes the first alone.
#[derive(Default)]
pub(crate) struct Batch {
    ops: Vec<BulkOp>,
    objects: Vec<usize>,
}
impl Batch {
    pub(crate) fn add(&mut self, object: usize, mut ops: Vec<BulkOp>) {
        self.objects.resize(self.objects.len() + ops.len(), object);
        self.ops.append(&mut ops);
    }

    /// Operations whose id stood before in the batch.
    fn duplicates(&self) -> usize {
        let ids: HashSet<_> = self.ops.iter().map(BulkOp::id).collect();
        self.ops.len() - ids.len()
    }
}

/// An operation that can never work.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) object: usize,
    pub(crate) id: RecordId,
    /// Bytes of the document that is not written; `None` if it was only to be kept.
    pub(crate) unwritten: Option<usize>,
    pub(crate) fault: Fault,
}
impl Refusal {
    fn of(object: usize, op: &BulkOp, fault: Fault) -> Self {
        Self { object, id: op.id(), unwritten: matches!(op, BulkOp::Put(_)).then(|| op.bytes()), fault }
    }
}

/// What is left of a batch when everything else is written.
#[derive(Debug, Default)]
pub(crate) struct Leftover {
    pub(crate) refused: Vec<Refusal>,
    /// The index has refused so many that the run must not go on. Then nothing is known of what was to be tried again.
    pub(crate) too_many: Option<Fault>,
}

impl Writing {
    /// Submits operations until each is written or refused for ever.
    ///
    /// # Errors
    /// The sink cannot go on, or could not for too long.
    pub(crate) async fn write(&self, batch: Batch) -> Result<Leftover, Fault> {
        self.stats.duplicated(batch.duplicates());
        let leftover = self.submit(batch, Some(&self.errors)).await?;
        if leftover.too_many.is_some() {
            // These pages are read again by the next run, which then keeps what it has to.
            return Ok(leftover);
        }
        // What is refused stays in the index as it was, and must survive the sweep.
        let mut keep = Batch::default();
        leftover.refused.iter().for_each(|refusal| keep.add(refusal.object, vec![BulkOp::Keep(refusal.id)]));
        for Refusal { object, id, fault, .. } in self.submit(keep, None).await?.refused {
            NotKept { object, id, fault: &fault }.emit(&self.stats);
        }
        Ok(leftover)
    }

    /// Submits operations until each is written or refused for ever; what is refused is left to the sweep.
    ///
    /// # Errors
    /// The sink cannot go on, or could not for too long.
    pub(crate) async fn submit(&self, batch: Batch, errors: Option<&RefCell<ErrorMonitor>>) -> Result<Leftover, Fault> {
        let mut leftover = Leftover::default();
        let (mut ops, mut objects) = (Arc::new(batch.ops), batch.objects);
        let mut wait = FIRST_WAIT;
        for tries in 1.. {
            if ops.is_empty() {
                break;
            }
            let reason = match self.sink.submit(&self.target, Arc::clone(&ops)).await {
                Ok(outcomes) => {
                    let (again, reason) = self.sort_out(&ops, &objects, outcomes, errors, &mut leftover);
                    let Some(reason) = reason.filter(|_| leftover.too_many.is_none()) else { break };
                    (ops, objects) = (Arc::new(again.ops), again.objects);
                    reason
                }
                Err(fault) if fault.class() == FaultClass::Transient => fault,
                Err(fault) => return Err(fault),
            };
            if tries == TRIES {
                return Err(reason.context("write a batch"));
            }
            TriedAgain { stage: BulkWriter::NAME, fault: &reason, wait }.emit();
            tokio::time::sleep(wait + wait.mul_f64(fastrand::f64() / 4.0)).await;
            wait *= 2;
        }
        Ok(leftover)
    }

    /// Splits a batch by its outcomes: what is to be tried again (with one reason) is returned, what is refused is left over.
    fn sort_out(
        &self,
        ops: &[BulkOp],
        objects: &[usize],
        outcomes: Vec<ItemOutcome>,
        errors: Option<&RefCell<ErrorMonitor>>,
        leftover: &mut Leftover,
    ) -> (Batch, Option<Fault>) {
        let (mut again, mut reason, mut conflicts) = (Batch::default(), None, 0);
        for ((op, object), outcome) in ops.iter().zip(objects).zip(outcomes) {
            let fault = match outcome {
                ItemOutcome::Written => {
                    if let Some(errors) = errors {
                        errors.borrow_mut().written();
                    }
                    continue;
                }
                ItemOutcome::SetAside(fault) => {
                    let judged = errors.map_or(Ok(()), |errors| errors.borrow_mut().refused(&fault));
                    leftover.too_many = leftover.too_many.take().or(judged.err());
                    leftover.refused.push(Refusal::of(*object, op, fault));
                    continue;
                }
                ItemOutcome::Retry(fault) => fault,
                ItemOutcome::Conflict(fault) => {
                    conflicts += 1;
                    fault
                }
            };
            again.add(*object, vec![op.clone()]);
            reason = Some(fault);
        }
        self.stats.conflicted(conflicts);
        (again, reason)
    }
}

#[cfg(test)]
mod tests {
    use domain::monitor::ErrorLimits;
    use domain::{ConnectorId, DB_WRITE, Document, EN_TOO_MANY_ERRORS, IndexName, RunId, SF_SILENT};
    use ports::fakes::{FakeSink, FakeSource, Script};

    use super::*;
    use crate::events::FILES;

    fn writing(limits: ErrorLimits) -> (Rc<FakeSink>, Writing) {
        tokio::time::pause();
        let sink = Rc::new(FakeSink::default());
        let target = Target { connector: ConnectorId::new("c"), index: IndexName::new("i"), run: RunId::new("r"), mark: None };
        let stats = Arc::new(RunStats::new(["Account".to_owned()]));
        let errors = Rc::new(RefCell::new(ErrorMonitor::new(limits)));
        (sink.clone(), Writing { sink, target: Rc::new(target), stats, errors })
    }

    fn id(no: usize) -> RecordId {
        FakeSource::id("Account", no)
    }

    fn puts(numbers: impl IntoIterator<Item = usize>) -> Batch {
        let mut batch = Batch::default();
        batch.add(0, numbers.into_iter().map(|no| BulkOp::Put(Document { id: id(no), body: b"{}".to_vec() })).collect());
        batch
    }

    #[actix_rt::test]
    async fn a_document_that_was_contested_is_written_again_and_counted() {
        let (sink, writing) = writing(ErrorLimits::default());
        sink.contested.set(2);
        let leftover = writing.write(puts(0..3)).await.unwrap();
        assert_eq!((leftover.refused.len(), sink.docs.borrow().len(), sink.on_batch.calls()), (0, 3, 3));
        assert_eq!(writing.stats.counts().conflicts, 2);
    }

    #[actix_rt::test]
    async fn an_id_that_stands_three_times_in_a_batch_is_two_duplicates() {
        let (_sink, writing) = writing(ErrorLimits::default());
        writing.write(puts([1, 2, 1, 3, 1])).await.unwrap();
        writing.write(puts([1])).await.unwrap();
        assert_eq!(writing.stats.counts().duplicates, 2);
    }

    #[actix_rt::test]
    async fn what_is_refused_says_what_it_was_and_is_kept_as_it_was() {
        let (sink, writing) = writing(ErrorLimits::default());
        sink.docs.borrow_mut().insert(id(1), (b"old".to_vec(), RunId::new("before")));
        sink.poison.borrow_mut().extend([id(1), id(2)]);
        let mut batch = puts([1]);
        batch.add(FILES, puts([2]).ops);
        let refused = writing.write(batch).await.unwrap().refused;
        assert_eq!(refused.iter().map(|refusal| (refusal.object, refusal.id)).collect::<Vec<_>>(), [(0, id(1)), (FILES, id(2))]);
        assert_eq!(sink.docs.borrow()[&id(1)], (b"old".to_vec(), RunId::new("r")));
        assert_eq!(sink.docs.borrow().len(), 1);
    }

    #[actix_rt::test]
    async fn refusals_are_counted_over_batches_and_one_too_many_is_told_with_all_of_them() {
        let (sink, writing) = writing(ErrorLimits::default());
        sink.poison.borrow_mut().extend((0..20).map(id));
        assert_eq!(writing.write(puts(0..6)).await.unwrap().too_many, None);
        let leftover = writing.write(puts(6..12)).await.unwrap();
        assert_eq!((leftover.refused.len(), leftover.too_many.map(|fault| fault.code)), (6, Some(&EN_TOO_MANY_ERRORS)));
        assert_eq!(sink.on_batch.calls(), 3, "two batches, and what was refused of the first is kept");
    }

    #[actix_rt::test]
    async fn what_is_to_come_again_counts_once_when_its_fate_is_known() {
        let (sink, writing) = writing(ErrorLimits { consecutive: 0, ..ErrorLimits::default() });
        sink.busy.set(3);
        assert_eq!(writing.write(puts(0..2)).await.unwrap().too_many, None);
        sink.busy.set(3);
        sink.poison.borrow_mut().insert(id(5));
        assert!(writing.write(puts(5..7)).await.unwrap().too_many.is_some());
        assert_eq!(writing.errors.borrow().reasons().count(), 1);
    }

    #[actix_rt::test]
    async fn a_sink_that_fails_for_too_long_or_for_good_is_told() {
        let (sink, writing) = writing(ErrorLimits::default());
        (1..=7).for_each(|no| sink.on_batch.on(no, Script::Fail(&SF_SILENT)));
        sink.on_batch.on(8, Script::Fail(&DB_WRITE));
        assert_eq!(writing.write(puts(0..2)).await.unwrap_err().code, &SF_SILENT);
        assert_eq!(writing.write(puts(0..2)).await.unwrap_err().code, &DB_WRITE);
        assert_eq!(sink.on_batch.calls(), 8);
    }
}
