//! In-memory twins of every port, with scripted faults. Delays are in the runtime's time, so a paused clock makes them free.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use domain::rules::RuleQuery;
use domain::{ChildList, ChildRow, DOC_TOO_LARGE, EN_PANIC, Record, SF_SILENT};

use super::*;

/// Name of the object that [`FakeSource`] serves, and of the ones after it.
pub const OBJECTS: [&str; 3] = ["Account", "Case", "Lead"];

/// Even a sleep of no length waits for the timer, which a paused clock moves only when nothing else is left to do.
async fn delay(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

/// Counts how many are in service at once.
#[derive(Debug, Default)]
pub struct Gauge {
    now: Cell<usize>,
    /// The most there ever were.
    pub peak: Cell<usize>,
    /// All there ever were.
    pub total: Cell<usize>,
}
impl Gauge {
    /// Enters; leave by dropping.
    pub fn enter(self: &Rc<Self>) -> Inside {
        self.now.set(self.now.get() + 1);
        self.peak.set(self.peak.get().max(self.now.get()));
        self.total.set(self.total.get() + 1);
        Inside(Rc::clone(self))
    }
}
/// One that is in service.
#[derive(Debug)]
pub struct Inside(Rc<Gauge>);
impl Drop for Inside {
    fn drop(&mut self) {
        self.0.now.set(self.0.now.get() - 1);
    }
}

/// What happens to the call with this number, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    /// It fails with this code.
    Fail(&'static domain::Code),
    /// It panics.
    Panic,
}

/// Scripted answers by number of the call.
#[derive(Debug, Default)]
pub struct Scripted {
    calls: Cell<usize>,
    once: RefCell<BTreeMap<usize, Script>>,
    always: RefCell<Option<&'static domain::Code>>,
}
impl Scripted {
    /// Call number `no` goes as `script` says.
    pub fn on(&self, no: usize, script: Script) {
        self.once.borrow_mut().insert(no, script);
    }
    /// Every call fails.
    pub fn always(&self, code: &'static domain::Code) {
        *self.always.borrow_mut() = Some(code);
    }
    /// Calls so far.
    pub fn calls(&self) -> usize {
        self.calls.get()
    }
    fn next(&self) -> Result<(), Fault> {
        self.calls.set(self.calls.get() + 1);
        if let Some(code) = *self.always.borrow() {
            return Err(Fault::new(code, "scripted"));
        }
        let script = self.once.borrow_mut().remove(&self.calls.get());
        match script {
            None => Ok(()),
            Some(Script::Fail(code)) => Err(Fault::new(code, "scripted")),
            Some(Script::Panic) => panic!("scripted panic in call {}", self.calls.get()),
        }
    }
}

/// An org of plain objects with `pages` pages of `per_page` records each. Every advanced rule finds all records of its first object, or of
/// the first of [`OBJECTS`] if it names none.
#[derive(Debug)]
pub struct FakeSource {
    /// How many of [`OBJECTS`] there are.
    pub objects: usize,
    /// Pages per object.
    pub pages: usize,
    /// Records per page.
    pub per_page: usize,
    /// Bytes of padding in each record.
    pub padding: usize,
    /// E-mails that the first case of every page has.
    pub children: usize,
    /// Files that every record has; file `n` of the org hangs on record `n` and the one before it.
    pub files: bool,
    /// What is said of the bytes of every file.
    pub checksum: Option<Checksum>,
    /// How long each call takes.
    pub slow: Duration,
    /// Page reads in service.
    pub reading: Rc<Gauge>,
    /// Scripts for page reads.
    pub on_page: Scripted,
    /// Scripts for attempts of advanced rules.
    pub on_attempt: Scripted,
    /// The last page of every search says that there may be more.
    pub cut: bool,
    /// Scripts for reads of children.
    pub on_children: Scripted,
    /// Scripts for file downloads.
    pub on_file: Scripted,
    /// Pages of an object that can never be joined, by number of the page.
    pub cursed: RefCell<BTreeSet<usize>>,
}
impl Default for FakeSource {
    fn default() -> Self {
        Self {
            objects: 1,
            pages: 10,
            per_page: 3,
            padding: 0,
            children: 0,
            files: false,
            checksum: None,
            slow: Duration::ZERO,
            reading: Rc::default(),
            on_page: Scripted::default(),
            on_attempt: Scripted::default(),
            cut: false,
            on_children: Scripted::default(),
            on_file: Scripted::default(),
            cursed: RefCell::default(),
        }
    }
}
impl FakeSource {
    /// The id of record `no` of object `object`.
    pub fn id(object: &str, no: usize) -> RecordId {
        let prefix = match object {
            "Account" => "001",
            "Case" => "500",
            _ => "00Q",
        };
        format!("{prefix}{no:012}").parse().expect("a well-formed id")
    }
    /// Every id there is.
    pub fn ids(&self) -> BTreeSet<RecordId> {
        let all = |object| (0..self.pages * self.per_page).map(move |no| Self::id(object, no));
        OBJECTS[..self.objects].iter().flat_map(|object| all(object)).collect()
    }
    fn number(id: RecordId) -> usize {
        id.as_str()[3..15].parse().expect("an id of ours")
    }
}
#[async_trait(?Send)]
impl Source for FakeSource {
    async fn global(&self) -> Result<Vec<GlobalObject>, Fault> {
        let files = ["ContentDocument", "ContentDocumentLink", "ContentVersion"];
        let nested = ["EmailMessage"];
        let names = OBJECTS[..self.objects].iter().chain(&nested).chain(files.iter().filter(|_| self.files));
        let object = |name: &&str| GlobalObject {
            name: (*name).to_owned(),
            queryable: true,
            custom: false,
            key_prefix: Some(Self::id(name, 0).key_prefix().to_owned()),
        };
        Ok(names.map(object).collect())
    }
    async fn describe(&self, _object: &str) -> Result<DescribedObject, Fault> {
        Ok(DescribedObject { fields: vec![("Id".into(), "id".into()), ("Name".into(), "string".into())], relationships: vec![] })
    }
    async fn page(&self, plan: &ObjectPlan, cursor: &PageCursor) -> Result<Page, Fault> {
        let _inside = self.reading.enter();
        delay(self.slow).await;
        self.on_page.next()?;
        let (PageCursor::After(after) | PageCursor::Token { after, .. }) = cursor;
        let first = after.map_or(0, |id| Self::number(id) + 1);
        let last = (first + self.per_page).min(self.pages * self.per_page);
        let object = plan.rule.as_ref().map_or(plan.name.as_str(), |rule| rule.objects.first().map_or(OBJECTS[0], String::as_str));
        let record = |no| {
            let id = Self::id(object, no);
            let shown = plan.rule.as_ref().map(|rule| of_rule(&plan.name, rule, no)).unwrap_or_default();
            let text = Bytes::from(format!("{{\"Id\":\"{id}\",\"Name\":\"{}\"{shown}}}", "x".repeat(self.padding)));
            Record { id, modified: None, refs: vec![], text }
        };
        let records: Vec<_> = (first..last).map(record).collect();
        let bytes = records.iter().map(|record| record.text.len()).sum();
        let next = records.last().filter(|_| last < self.pages * self.per_page).map(|record| PageCursor::After(Some(record.id)));
        Ok(Page {
            records,
            unusable: vec![],
            next,
            total: Some((self.pages * self.per_page - first) as u64),
            bytes,
            cut: self.cut && last == self.pages * self.per_page && plan.rule.as_ref().is_some_and(is_search),
        })
    }
    async fn attempt(&self, _rule: &RulePlan) -> Result<(), Fault> {
        self.on_attempt.next()
    }
    async fn children(&self, plan: &ObjectPlan, parents: &[RecordId], limit: NestedLimit) -> Result<Children, Fault> {
        delay(self.slow).await;
        self.on_children.next()?;
        if parents.iter().any(|id| self.cursed.borrow().contains(&(Self::number(*id) / self.per_page))) {
            return Err(Fault::new(&SF_SILENT, "cursed page"));
        }
        let rows = |count: usize, text: &dyn Fn(usize) -> String| {
            let row = |no| ChildRow { text: Bytes::from(text(no)), nested: vec![] };
            ChildList { rows: (0..count).map(row).collect() }
        };
        let mut children = Children::default();
        for id in parents {
            let number = Self::number(*id);
            let lists = plan.children.iter().map(|child| match child.key {
                domain::catalog::LINKS => Some(rows(2, &|no| file_link(number + no))),
                _ if number.is_multiple_of(self.per_page) && self.children > 0 => {
                    Some(rows(self.children.min(limit.ask().unwrap_or(usize::MAX)), &|no| format!("{{\"No\":{no}}}")))
                }
                _ => None,
            });
            children.insert(*id, lists.collect());
        }
        Ok(children)
    }
    async fn lookup(&self, _target: LookupTarget, ids: &[RecordId]) -> Result<Vec<(RecordId, Bytes)>, Fault> {
        Ok(ids.iter().map(|id| (*id, Bytes::from(format!("{{\"Id\":\"{id}\"}}")))).collect())
    }
    async fn links(&self, files: &[RecordId], _facts: FileFacts) -> Result<Vec<FileLink>, Fault> {
        let both = |file: &RecordId| {
            let number = Self::number(*file);
            let numbers = [Some(number), number.checked_sub(1)].into_iter().flatten().filter(|no| *no < self.pages * self.per_page);
            numbers
                .flat_map(|no| {
                    OBJECTS[..self.objects].iter().map(move |object| FileLink {
                        file: *file,
                        entity: Self::id(object, no),
                        checksum: self.checksum,
                        is_private: false,
                    })
                })
                .collect::<Vec<_>>()
        };
        Ok(files.iter().flat_map(both).collect())
    }
    async fn file(&self, content: ContentAt) -> Result<FileContent, Fault> {
        self.on_file.next()?;
        let content = Bytes::from(format!("content of {}", content.id));
        Ok(FileContent { length: Some(content.len() as u64), chunks: Box::pin(futures::stream::iter([Ok(content)])) })
    }
}
fn is_search(rule: &RulePlan) -> bool {
    matches!(rule.query, RuleQuery::Sosl { .. })
}
/// What a row shows of the rule that found it: its name, and two files if it asks for files.
fn of_rule(name: &str, rule: &RulePlan, no: usize) -> String {
    let links = domain::catalog::LINKS;
    let files = || format!(r#","{links}":{{"totalSize":2,"done":true,"records":[{},{}]}}"#, file_link(no), file_link(no + 1));
    let files = rule.query.page(None, None).contains(links).then(files).unwrap_or_default();
    format!(r#","Rule":"{name}"{files}"#)
}
fn file_link(no: usize) -> String {
    format!(
        r#"{{"ContentDocument":{{"Id":"069{no:012}AAA","Title":"file {no}","FileExtension":"txt","ContentSize":29,"LatestPublishedVersion":{{"Id":"068{no:012}AAA"}}}}}}"#
    )
}

/// A sink that remembers.
#[derive(Debug, Default)]
pub struct FakeSink {
    /// Documents by id, with the run that met them last.
    pub docs: RefCell<BTreeMap<RecordId, (Vec<u8>, RunId)>>,
    /// Reasons that were kept.
    pub aside: RefCell<Vec<SetAside>>,
    /// How often it was made ready.
    pub prepares: Cell<usize>,
    /// Batches in service.
    pub writing: Rc<Gauge>,
    /// Scripts for batches.
    pub on_batch: Scripted,
    /// How long a batch takes.
    pub slow: Cell<Duration>,
    /// Documents that are refused for ever.
    pub poison: RefCell<BTreeSet<RecordId>>,
    /// Documents that cannot be kept.
    pub rigid: RefCell<BTreeSet<RecordId>>,
    /// How often the first item of each batch is told to come again.
    pub busy: Cell<usize>,
    /// How often the first item of each batch is said to have been changed by somebody else.
    pub contested: Cell<usize>,
    /// Scripts for deletes that were held and got leave.
    pub on_confirm: Scripted,
    /// Sweeps so far.
    pub sweeps: Cell<usize>,
    /// Kinds that the last sweep had to spare; the fake knows no kinds and spares nothing.
    pub spared: RefCell<Vec<String>>,
    /// Most operations in one batch.
    pub largest: Cell<usize>,
    /// Which index it is; another one after it was made anew.
    pub identity: Cell<u32>,
}
#[async_trait(?Send)]
impl Sink for FakeSink {
    async fn prepare(&self, _target: &Target, _layout: &Layout) -> Result<Option<String>, Fault> {
        self.prepares.set(self.prepares.get() + 1);
        Ok(Some(format!("index {}", self.identity.get())))
    }
    async fn submit(&self, target: &Target, ops: Arc<Vec<BulkOp>>) -> Result<Vec<ItemOutcome>, Fault> {
        let _inside = self.writing.enter();
        self.largest.set(self.largest.get().max(ops.len()));
        delay(self.slow.get()).await;
        self.on_batch.next()?;
        let mut docs = self.docs.borrow_mut();
        let outcome = |(no, op): (usize, &BulkOp)| {
            if no == 0 && self.busy.get() > 0 {
                self.busy.set(self.busy.get() - 1);
                return ItemOutcome::Retry(Fault::new(&EN_PANIC, "too busy"));
            }
            if no == 0 && self.contested.get() > 0 {
                self.contested.set(self.contested.get() - 1);
                return ItemOutcome::Conflict(Fault::new(&EN_PANIC, "contested"));
            }
            match op {
                BulkOp::Put(document) if self.poison.borrow().contains(&document.id) => {
                    return ItemOutcome::SetAside(Fault::new(&DOC_TOO_LARGE, "poison"));
                }
                BulkOp::Keep(id) if self.rigid.borrow().contains(id) => {
                    return ItemOutcome::SetAside(Fault::new(&DOC_TOO_LARGE, "rigid"));
                }
                BulkOp::Put(document) => {
                    docs.insert(document.id, (document.body.clone(), target.run.clone()));
                }
                BulkOp::Keep(id) => {
                    docs.entry(*id).and_modify(|(_, run)| *run = target.run.clone());
                }
            }
            ItemOutcome::Written
        };
        Ok(ops.iter().enumerate().map(outcome).collect())
    }
    async fn sweep(&self, target: &Target, spare: &[String], brake: Brake) -> Result<Swept, Fault> {
        self.sweeps.set(self.sweeps.get() + 1);
        *self.spared.borrow_mut() = spare.to_vec();
        let mut docs = self.docs.borrow_mut();
        let (total, doomed) = (docs.len() as u64, docs.values().filter(|(_, run)| *run != target.run).count() as u64);
        if !brake.holds(total, doomed) {
            docs.retain(|_, (_, run)| *run == target.run);
            return Ok(Swept::Deleted(doomed));
        }
        let mark = format!("not met by {}", target.run);
        docs.values_mut().filter(|(_, run)| *run != target.run).for_each(|(_, run)| *run = RunId::new(&mark));
        let Target { connector, index, run, .. } = target.clone();
        let at = Timestamp::UNIX_EPOCH;
        Ok(Swept::Held(Hold { connector, index, run, mark, spare: spare.to_vec(), doomed, total, at }))
    }
    async fn confirm(&self, hold: &Hold) -> Result<u64, Fault> {
        self.on_confirm.next()?;
        let mut docs = self.docs.borrow_mut();
        let before = docs.len();
        docs.retain(|_, (_, run)| run.as_str() != hold.mark);
        Ok((before - docs.len()) as u64)
    }
    async fn set_aside(&self, _target: &Target, entries: Vec<SetAside>) -> Result<(), Fault> {
        self.aside.borrow_mut().extend(entries);
        Ok(())
    }
}

/// Progress in memory.
#[derive(Debug, Default)]
pub struct FakeCheckpoints {
    /// What is kept.
    pub kept: RefCell<Option<Checkpoint>>,
    /// Scripts for writes.
    pub on_store: Scripted,
    /// Deletes that wait.
    pub held: RefCell<Option<Hold>>,
}
#[async_trait(?Send)]
impl Checkpoints for FakeCheckpoints {
    async fn load(&self, _connector: &ConnectorId, _kind: JobType) -> Result<Option<Checkpoint>, Fault> {
        Ok(self.kept.borrow().clone())
    }
    async fn store(&self, _connector: &ConnectorId, _kind: JobType, checkpoint: &Checkpoint) -> Result<(), Fault> {
        self.on_store.next()?;
        *self.kept.borrow_mut() = Some(checkpoint.clone());
        Ok(())
    }
    async fn clear(&self, _connector: &ConnectorId, _kind: JobType) -> Result<(), Fault> {
        *self.kept.borrow_mut() = None;
        Ok(())
    }
    async fn keep_hold(&self, hold: &Hold) -> Result<(), Fault> {
        *self.held.borrow_mut() = Some(hold.clone());
        Ok(())
    }
    async fn hold(&self, _connector: &ConnectorId) -> Result<Option<Hold>, Fault> {
        Ok(self.held.borrow().clone())
    }
    async fn drop_hold(&self, _connector: &ConnectorId) -> Result<(), Fault> {
        *self.held.borrow_mut() = None;
        Ok(())
    }
}

/// A board in memory.
#[derive(Debug, Default)]
pub struct FakeBoard(pub RefCell<Vec<JobRecord>>);
#[async_trait(?Send)]
impl JobBoard for FakeBoard {
    async fn post(&self, job: &Job, now: Timestamp) -> Result<(), Fault> {
        let record =
            JobRecord { job: job.clone(), status: JobStatus::Pending, created: now, ended: None, error: None, counts: Counts::default() };
        if !self.0.borrow().iter().any(|record| record.job.id == job.id) {
            self.0.borrow_mut().push(record);
        }
        Ok(())
    }
    async fn claim(&self, connectors: &[ConnectorId], kinds: &[JobType], _now: Timestamp) -> Result<Option<Job>, Fault> {
        let mut jobs = self.0.borrow_mut();
        let waits = |status| matches!(status, JobStatus::Pending | JobStatus::Suspended);
        let asked = |job: &Job| connectors.contains(&job.connector) && kinds.contains(&job.kind);
        let waiting = jobs.iter_mut().find(|record| waits(record.status) && asked(&record.job));
        Ok(waiting.map(|record| {
            record.status = JobStatus::InProgress;
            record.job.clone()
        }))
    }
    async fn progress(&self, job: &JobId, counts: Counts, _now: Timestamp) -> Result<(), Fault> {
        self.0.borrow_mut().iter_mut().filter(|record| record.job.id == *job).for_each(|record| record.counts = counts.clone());
        Ok(())
    }
    async fn finish(&self, job: &JobId, ended: &Ended, now: Timestamp) -> Result<(), Fault> {
        for record in self.0.borrow_mut().iter_mut().filter(|record| record.job.id == *job) {
            record.status = ended.status;
            record.error = ended.fault.as_ref().map(ToString::to_string);
            record.ended = Some(now);
            record.counts = ended.counts.clone();
        }
        Ok(())
    }
    async fn history(&self, connector: &ConnectorId, kinds: &[JobType], most: usize) -> Result<Vec<JobRecord>, Fault> {
        let asked = |record: &&JobRecord| record.job.connector == *connector && kinds.contains(&record.job.kind);
        Ok(self.0.borrow().iter().rev().filter(asked).take(most).cloned().collect())
    }
}

/// Issues `token-1`, `token-2`, ...; slow, and failing on demand.
#[derive(Debug, Default)]
pub struct FakeIssuer {
    /// Scripts for sign-ins.
    pub on_issue: Scripted,
}
#[async_trait(?Send)]
impl TokenIssuer for FakeIssuer {
    async fn issue(&self) -> Result<(Secret, String), Fault> {
        tokio::time::sleep(Duration::from_millis(200)).await;
        self.on_issue.next()?;
        Ok((Secret::new(format!("token-{}", self.on_issue.calls())), "http://127.0.0.1".to_owned()))
    }
}

/// A clock that stands still.
#[derive(Debug)]
pub struct FakeClock(pub Timestamp);
impl Default for FakeClock {
    fn default() -> Self {
        Self(Timestamp::UNIX_EPOCH)
    }
}
impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}
