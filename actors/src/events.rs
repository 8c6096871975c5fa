//! Everything that can happen in a run: one struct per event, and the counters behind progress displays and metrics.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::access::AccessTable;
use domain::catalog::Cut;
use domain::{Counts, Fault, Hold, RecordId};
use tokio::sync::Semaphore;

use crate::budget::Budget;
use crate::stage::Slots;

/// Position that stands for files where objects are counted by their position in the run.
pub const FILES: usize = usize::MAX;

/// What one lane counts.
#[derive(Debug)]
pub struct EdgeStats {
    /// `from->to`.
    pub edge: &'static str,
    /// Places that the receiver has for all its lanes.
    pub capacity: usize,
    room: Arc<Semaphore>,
    waited_us: AtomicU64,
    pushed: AtomicU64,
}
impl EdgeStats {
    pub(crate) fn new(edge: &'static str, room: Arc<Semaphore>, capacity: usize) -> Self {
        Self { edge, capacity, room, waited_us: AtomicU64::new(0), pushed: AtomicU64::new(0) }
    }
    pub(crate) fn waited(&self, wait: Duration) {
        self.waited_us.fetch_add(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }
    pub(crate) fn pushed(&self) {
        self.pushed.fetch_add(1, Relaxed);
    }
    /// Places taken right now.
    pub fn depth(&self) -> usize {
        self.capacity - self.room.available_permits().min(self.capacity)
    }
    /// How long senders waited for room, all together.
    pub fn waiting_time(&self) -> Duration {
        Duration::from_micros(self.waited_us.load(Relaxed))
    }
    /// Items that went through.
    pub fn items(&self) -> u64 {
        self.pushed.load(Relaxed)
    }
}

/// How far one object is.
#[derive(Debug, Default)]
pub struct ObjectStats {
    /// API name.
    pub name: String,
    read: AtomicU64,
    written: AtomicU64,
    /// Records that the org says there are, plus one; 0 means that it has not said.
    total: AtomicU64,
    done: AtomicBool,
    nameless: AtomicBool,
}
impl ObjectStats {
    /// Records read.
    pub fn read(&self) -> u64 {
        self.read.load(Relaxed)
    }
    /// Documents written.
    pub fn written(&self) -> u64 {
        self.written.load(Relaxed)
    }
    /// Records that there are, when the org has said.
    pub fn total(&self) -> Option<u64> {
        self.total.load(Relaxed).checked_sub(1)
    }
    /// Whether all of it is settled.
    pub fn done(&self) -> bool {
        self.done.load(Relaxed)
    }
    pub(crate) fn finish(&self) {
        self.done.store(true, Relaxed);
    }
    /// Whether records came without an id or could not be kept, so that nobody can say which of its documents were met.
    pub(crate) fn is_nameless(&self) -> bool {
        self.nameless.load(Relaxed)
    }
}

/// Everything that one run counts, over all its generations. Shared with displays on other threads.
#[derive(Debug, Default)]
pub struct RunStats {
    /// Objects in the order of the plan.
    pub objects: Vec<ObjectStats>,
    files_found: AtomicU64,
    files_done: AtomicU64,
    files_with_content: AtomicU64,
    files_kept: AtomicU64,
    cache_failed: AtomicBool,
    nameless_files: AtomicBool,
    written: AtomicU64,
    written_bytes: AtomicU64,
    deleted: AtomicU64,
    set_aside: AtomicU64,
    pages_aside: AtomicU64,
    cut: AtomicU64,
    conflicts: AtomicU64,
    duplicates: AtomicU64,
    excluded: AtomicU64,
    /// Peak of the generations before this one.
    budget_peak: AtomicU64,
    budget: Mutex<Option<Arc<Budget>>>,
    edges: Mutex<Vec<Arc<EdgeStats>>>,
    stages: Mutex<Vec<(&'static str, Slots)>>,
}

impl RunStats {
    /// Counters for these objects.
    pub fn new(objects: impl IntoIterator<Item = String>) -> Self {
        let objects = objects.into_iter().map(|name| ObjectStats { name, ..ObjectStats::default() }).collect();
        Self { objects, ..Self::default() }
    }

    /// What the job board is told.
    pub fn counts(&self) -> Counts {
        Counts {
            read: self.objects.iter().map(ObjectStats::read).sum(),
            written: self.written.load(Relaxed),
            written_bytes: self.written_bytes.load(Relaxed),
            deleted: self.deleted.load(Relaxed),
            set_aside: self.set_aside.load(Relaxed),
            cut: self.cut.load(Relaxed),
            files: self.files_with_content.load(Relaxed),
            kept: self.files_kept.load(Relaxed),
            conflicts: self.conflicts.load(Relaxed),
            duplicates: self.duplicates.load(Relaxed),
            excluded: self.excluded.load(Relaxed),
        }
    }

    /// Files found, and files whose document is written.
    pub fn files(&self) -> (u64, u64) {
        (self.files_found.load(Relaxed), self.files_done.load(Relaxed))
    }

    /// Pages that were set aside whole.
    pub fn pages_aside(&self) -> u64 {
        self.pages_aside.load(Relaxed)
    }

    /// Lanes of the current generation.
    pub fn edges(&self) -> Vec<Arc<EdgeStats>> {
        self.edges.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stages of the current generation with their slots.
    pub fn stages(&self) -> Vec<(&'static str, Slots)> {
        self.stages.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The most bytes of the budget that were in use at once.
    pub fn budget_peak(&self) -> u64 {
        let now = self.budget.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, |budget| budget.peak());
        self.budget_peak.load(Relaxed).max(now)
    }

    pub(crate) fn new_generation(&self, edges: Vec<Arc<EdgeStats>>, stages: Vec<(&'static str, Slots)>, budget: &Arc<Budget>) {
        self.budget_peak.store(self.budget_peak(), Relaxed);
        *self.budget.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(budget));
        *self.edges.lock().unwrap_or_else(PoisonError::into_inner) = edges;
        *self.stages.lock().unwrap_or_else(PoisonError::into_inner) = stages;
    }

    pub(crate) fn page_read(&self, object: usize, records: usize, remaining: Option<u64>) {
        let Some(object) = self.objects.get(object) else { return };
        if let Some(remaining) = remaining.filter(|_| object.total.load(Relaxed) == 0) {
            object.total.store(remaining + object.read() + 1, Relaxed);
        }
        object.read.fetch_add(records as u64, Relaxed);
    }

    pub(crate) fn nameless(&self, object: usize) {
        self.objects.get(object).map_or(&self.nameless_files, |object| &object.nameless).store(true, Relaxed);
    }

    /// Whether nobody can say which files were met.
    pub(crate) fn has_nameless_files(&self) -> bool {
        self.nameless_files.load(Relaxed)
    }

    pub(crate) fn written(&self, object: usize, documents: usize, bytes: usize) {
        self.written.fetch_add(documents as u64, Relaxed);
        self.written_bytes.fetch_add(bytes as u64, Relaxed);
        match self.objects.get(object) {
            Some(object) => object.written.fetch_add(documents as u64, Relaxed),
            None => self.files_done.fetch_add(documents as u64, Relaxed),
        };
    }

    /// Takes back a document that was counted with its batch and was refused.
    pub(crate) fn unwritten(&self, object: usize, bytes: usize) {
        self.written.fetch_sub(1, Relaxed);
        self.written_bytes.fetch_sub(bytes as u64, Relaxed);
        self.objects.get(object).map_or(&self.files_done, |object| &object.written).fetch_sub(1, Relaxed);
    }

    pub(crate) fn files_found(&self, files: usize) {
        self.files_found.fetch_add(files as u64, Relaxed);
    }

    pub(crate) fn file_has_content(&self) {
        self.files_with_content.fetch_add(1, Relaxed);
    }

    pub(crate) fn file_kept(&self) {
        self.files_kept.fetch_add(1, Relaxed);
    }

    pub(crate) fn swept(&self, deleted: u64) {
        self.deleted.fetch_add(deleted, Relaxed);
    }

    pub(crate) fn conflicted(&self, documents: usize) {
        self.conflicts.fetch_add(documents as u64, Relaxed);
    }

    pub(crate) fn duplicated(&self, documents: usize) {
        self.duplicates.fetch_add(documents as u64, Relaxed);
    }

    pub(crate) fn excluded(&self, documents: usize) {
        self.excluded.fetch_add(documents as u64, Relaxed);
    }

    pub(crate) fn file_excluded(&self) {
        self.excluded(1);
        self.files_done.fetch_add(1, Relaxed);
    }

    /// What a document is called that is made of an object by its position.
    pub(crate) fn name_of(&self, object: usize) -> &str {
        self.objects.get(object).map_or("file", |object| object.name.as_str())
    }

    /// A number that changes whenever anything moves; for the watchdog.
    pub(crate) fn pulse(&self) -> u64 {
        let edges: u64 = self.edges().iter().map(|edge| edge.items()).sum();
        let read: u64 = self.objects.iter().map(ObjectStats::read).sum();
        edges + read + self.written.load(Relaxed) + self.set_aside.load(Relaxed)
    }
}

/// An object that was asked for is left out.
#[derive(Debug)]
pub(crate) struct ObjectSkipped<'a> {
    pub(crate) object: &'a str,
    pub(crate) reason: &'a str,
}
impl ObjectSkipped<'_> {
    pub(crate) fn emit(self) {
        tracing::warn!(object = self.object, reason = self.reason, "object skipped");
    }
}

/// A table of those that say who may read what is not shown to the run-as user. Whatever it would grant is not granted.
#[derive(Debug)]
pub(crate) struct AccessTableAbsent(pub(crate) AccessTable);
impl AccessTableAbsent {
    pub(crate) fn emit(self) {
        tracing::info!(object = self.0.object(), right = self.0.right(), "the run-as user does not see a table; nothing is granted by it");
    }
}

/// Documents will lack something.
#[derive(Debug)]
pub(crate) struct KeysBlank<'a> {
    pub(crate) object: &'a str,
    pub(crate) keys: &'a str,
}
impl KeysBlank<'_> {
    pub(crate) fn emit(self) {
        tracing::warn!(object = self.object, keys = self.keys, "the run-as user may not query an object that documents would show");
    }
}

/// A parent has more nested entities than its document may carry.
#[derive(Debug)]
pub(crate) struct NestedCut<'a>(pub(crate) &'a Cut);
impl NestedCut<'_> {
    pub(crate) fn emit(self, stats: &RunStats) {
        stats.cut.fetch_add(1, Relaxed);
        let Cut { record, kind, kept } = self.0;
        tracing::warn!(%record, kind, kept, "nested entities cut at the limit; set `nested_entity_limit: unlimited` to index all");
    }
}

/// A search of an advanced rule gave as many rows as searches give. What it did not show is not known to be gone.
#[derive(Debug)]
pub(crate) struct SearchCut<'a> {
    pub(crate) object: usize,
    pub(crate) rule: &'a str,
    pub(crate) rows: usize,
}
impl SearchCut<'_> {
    pub(crate) fn emit(self, stats: &RunStats) {
        stats.cut.fetch_add(1, Relaxed);
        stats.nameless(self.object);
        let Self { rule, rows, .. } = self;
        tracing::warn!(
            rule,
            rows,
            "salesforce gives no more rows of a search; narrow it, or write the rule in SOQL; nothing of its objects is deleted"
        );
    }
}

/// Content of files cannot be kept or found again. The run goes on without, and says so once.
#[derive(Debug)]
pub(crate) struct CacheFailed<'a>(pub(crate) &'a Fault);
impl CacheFailed<'_> {
    pub(crate) fn emit(self, stats: &RunStats) {
        if !stats.cache_failed.swap(true, Relaxed) {
            tracing::warn!(fault = %self.0, "the content cache does not work; files are downloaded again");
        }
    }
}

/// A record, document or file is not indexed as it should be.
#[derive(Debug)]
pub(crate) struct ItemSetAside<'a> {
    pub(crate) what: &'a str,
    pub(crate) id: Option<RecordId>,
    pub(crate) fault: &'a Fault,
}
impl ItemSetAside<'_> {
    pub(crate) fn emit(self, stats: &RunStats) {
        stats.set_aside.fetch_add(1, Relaxed);
        let id = self.id.map(|id| id.to_string()).unwrap_or_default();
        tracing::warn!(what = self.what, id, fault = %self.fault, "set aside");
    }
}

/// A document that was refused could not even be kept as it was. Its kind is spared from the sweep, which would take it for gone.
#[derive(Debug)]
pub(crate) struct NotKept<'a> {
    pub(crate) object: usize,
    pub(crate) id: RecordId,
    pub(crate) fault: &'a Fault,
}
impl NotKept<'_> {
    pub(crate) fn emit(self, stats: &RunStats) {
        let Self { object, id, fault } = self;
        stats.nameless(object);
        tracing::warn!(what = stats.name_of(object), %id, %fault, "cannot be kept; no document of its kind is deleted in this run");
    }
}

/// A page failed in one generation after the other and is left as it was in the index.
#[derive(Debug)]
pub(crate) struct PageSetAside<'a> {
    pub(crate) object: &'a str,
    pub(crate) first: RecordId,
    pub(crate) last: RecordId,
    pub(crate) records: usize,
    pub(crate) fault: &'a Fault,
}
impl PageSetAside<'_> {
    pub(crate) fn emit(self, stats: &RunStats) {
        stats.pages_aside.fetch_add(1, Relaxed);
        stats.set_aside.fetch_add(self.records as u64, Relaxed);
        let Self { object, first, last, records, fault } = self;
        tracing::error!(object, %first, %last, records, %fault, "page set aside");
    }
}

/// A run would delete so much that it deletes nothing.
#[derive(Debug)]
pub(crate) struct DeletesHeld<'a>(pub(crate) &'a Hold);
impl DeletesHeld<'_> {
    pub(crate) fn emit(self) {
        let Hold { connector, index, run, doomed, total, .. } = self.0;
        tracing::error!(%connector, %index, %run, doomed, total, "deletes held back; `sluice confirm-deletes` carries them out");
    }
}

/// A file is indexed without its content on purpose.
#[derive(Debug)]
pub(crate) struct FileWithoutContent<'a> {
    pub(crate) file: RecordId,
    pub(crate) reason: &'a str,
}
impl FileWithoutContent<'_> {
    pub(crate) fn emit(self) {
        tracing::info!(file = %self.file, reason = self.reason, "file indexed without its content");
    }
}

/// A call will be made again.
#[derive(Debug)]
pub(crate) struct TriedAgain<'a> {
    pub(crate) stage: &'static str,
    pub(crate) fault: &'a Fault,
    pub(crate) wait: Duration,
}
impl TriedAgain<'_> {
    pub(crate) fn emit(self) {
        tracing::warn!(stage = self.stage, fault = %self.fault, wait_ms = self.wait.as_millis() as u64, "trying again");
    }
}

/// A generation broke off and another follows.
#[derive(Debug)]
pub(crate) struct GenerationRestarted<'a> {
    pub(crate) fault: &'a Fault,
    pub(crate) wait: Duration,
}
impl GenerationRestarted<'_> {
    pub(crate) fn emit(self) {
        tracing::warn!(fault = %self.fault, wait_ms = self.wait.as_millis() as u64, "run broke off; it goes on from its checkpoint");
    }
}
