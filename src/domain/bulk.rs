//! Batches of index operations: where they are cut, and what the answer to each item means.

use crate::{BulkOp, DOC_TOO_LARGE, Document, Fault};

/// When a batch is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// Operations.
    pub ops: usize,
    /// Bytes on the wire. One operation that is larger goes alone.
    pub bytes: usize,
}

/// What became of one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemOutcome {
    /// It is in the index.
    Written,
    /// It may work if tried again.
    Retry(Fault),
    /// Somebody else changed the document in that moment. It may work if tried again.
    Conflict(Fault),
    /// It can never work; the reason.
    SetAside(Fault),
}

impl BatchLimits {
    /// How many of `ops` go into a batch that already has `count` operations and `bytes` bytes.
    ///
    /// Zero means that the batch must be sent first; an empty batch always takes at least one.
    pub fn take(self, mut count: usize, mut bytes: usize, ops: &[BulkOp]) -> usize {
        for (no, op) in ops.iter().enumerate() {
            let size = op.bytes();
            if count > 0 && (count >= self.ops || bytes.saturating_add(size) > self.bytes) {
                return no;
            }
            count += 1;
            bytes += size;
        }
        ops.len()
    }

    /// Whether a batch of that many operations and bytes should go at once.
    pub fn full(self, count: usize, bytes: usize) -> bool {
        count >= self.ops || bytes >= self.bytes
    }
}

/// Checks a document against the limit in bytes (0: none). Documents with file content are limited by the size of the file instead.
pub fn check_size(document: &Document, limit: usize) -> Result<(), Fault> {
    if limit == 0 || document.body.len() <= limit {
        return Ok(());
    }
    Err(Fault::new(&DOC_TOO_LARGE, format!("document {} has {} bytes and the limit is {limit}", document.id, document.body.len())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn op(no: usize, size: usize) -> BulkOp {
        BulkOp::Put(Document { id: format!("001{no:012}").parse().unwrap(), body: vec![b'x'; size] })
    }

    /// Cuts as the writer does.
    fn cut(limits: BatchLimits, mut ops: Vec<BulkOp>) -> Vec<Vec<BulkOp>> {
        let (mut batches, mut batch) = (Vec::new(), Vec::<BulkOp>::new());
        while !ops.is_empty() {
            let bytes = batch.iter().map(BulkOp::bytes).sum();
            let taken = limits.take(batch.len(), bytes, &ops);
            batch.extend(ops.drain(..taken));
            let bytes = batch.iter().map(BulkOp::bytes).sum();
            if !ops.is_empty() || limits.full(batch.len(), bytes) {
                batches.push(std::mem::take(&mut batch));
            }
        }
        batches.extend((!batch.is_empty()).then_some(batch));
        batches
    }

    proptest! {
        #[test]
        fn batches_keep_order_lose_nothing_and_hold_both_limits(
            sizes in proptest::collection::vec(0..3000usize, 0..60), ops in 1..9usize, bytes in 1..6000usize,
        ) {
            let all: Vec<_> = sizes.iter().enumerate().map(|(no, size)| op(no, *size)).collect();
            let batches = cut(BatchLimits { ops, bytes }, all.clone());
            for batch in &batches {
                prop_assert!(!batch.is_empty() && batch.len() <= ops);
                prop_assert!(batch.len() == 1 || batch.iter().map(BulkOp::bytes).sum::<usize>() <= bytes);
            }
            prop_assert_eq!(batches.concat(), all);
        }
    }

    #[test]
    fn a_document_over_the_limit_is_named_with_its_size() {
        let BulkOp::Put(document) = op(7, 11) else { unreachable!() };
        assert!(check_size(&document, 11).is_ok() && check_size(&document, 0).is_ok());
        let fault = check_size(&document, 10).unwrap_err();
        assert!(fault.to_string().contains("001000000000007AAA has 11 bytes"), "{fault}");
    }
}
