//! Makes each record of a page a document: nested entities, look-ups, and the files that hang on it.
//!
//! `Parcel<RecordPage>` -> `Lane<JoinedPage>`. Keeps the files met in this generation and, with all joiners of the run, the look-up cache.
//! A page that cannot be joined ends the generation; one that fails again and again is set aside whole, its documents left as they were.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use actix::fut::ActorFutureExt as _;
use actix::{Actor, ActorContext as _, Context, Handler, ResponseActFuture, WrapFuture as _};
use bytes::Bytes;
use domain::catalog::{Blob, DocumentShape, FileFacts, FileLink, FileRef, LINKS, LookupTarget, Parts};
use domain::rules::SyncRules;
use domain::{BulkOp, Children, Fault, FaultClass, IdSet, ObjectPlan, Record, RecordId, bulk};
use ports::{Clock, SetAside, Source};

use crate::budget::Budget;
use crate::events::{ItemSetAside, NestedCut, PageSetAside, RunStats};
use crate::lane::{Lane, Parcel};
use crate::lookup::LookupCache;
use crate::messages::{JoinedPage, LinkedFile, RecordPage};
use crate::stage::{Obituary, Slots, serve};

/// Generations that a page may break before it is set aside.
const STRIKES: u32 = 3;

/// Pages that broke a generation, by object and first record, over all generations of a run.
#[derive(Debug, Default)]
pub struct Strikes(RefCell<HashMap<RecordId, u32>>);
impl Strikes {
    /// Counts one more; true when the page has had its last chance.
    pub(crate) fn out(&self, page: RecordId) -> bool {
        let mut strikes = self.0.borrow_mut();
        let count = strikes.entry(page).or_default();
        *count += 1;
        *count >= STRIKES
    }
}

/// What joining needs besides the page.
#[derive(Clone)]
pub(crate) struct Joining {
    pub(crate) source: Rc<dyn Source>,
    pub(crate) out: Lane<JoinedPage>,
    pub(crate) shape: Rc<DocumentShape>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cache: Arc<LookupCache>,
    pub(crate) strikes: Rc<Strikes>,
    /// Files met in this generation.
    pub(crate) seen: Rc<RefCell<IdSet>>,
    /// What the org can say of files.
    pub(crate) facts: FileFacts,
    /// First characters of the ids of everything that is synced; links from elsewhere are not shown.
    pub(crate) prefixes: Rc<BTreeSet<String>>,
    pub(crate) budget: Arc<Budget>,
    /// Largest document in bytes; 0 for no limit.
    pub(crate) max_document: usize,
    /// Which documents are indexed.
    pub(crate) rules: Rc<SyncRules>,
    pub(crate) stats: Arc<RunStats>,
}

pub(crate) struct EntityJoiner {
    joining: Joining,
    slots: Slots,
    obituary: Obituary,
}
impl EntityJoiner {
    pub(crate) const NAME: &str = "entity_joiner";

    pub(crate) fn new(joining: Joining, slots: Slots, obituary: Obituary) -> Self {
        Self { joining, slots, obituary }
    }
}
impl Actor for EntityJoiner {
    type Context = Context<Self>;
}
impl Handler<Parcel<RecordPage>> for EntityJoiner {
    type Result = ResponseActFuture<Self, ()>;

    fn handle(&mut self, parcel: Parcel<RecordPage>, _ctx: &mut Context<Self>) -> Self::Result {
        let joining = self.joining.clone();
        let work = serve(Self::NAME, self.slots.clone(), parcel, async move |page| join(&joining, page).await);
        Box::pin(work.into_actor(self).map(|joined, actor, ctx| {
            if let Err(fault) = joined {
                actor.obituary.failed(fault);
                ctx.stop();
            }
        }))
    }
}

/// Joins a page and pushes it on. A fault means that the page is lost and the generation with it.
async fn join(joining: &Joining, page: RecordPage) -> Result<(), Fault> {
    if let Some(blob) = page.plan.blob {
        let _ = joining.out.push(files_of(joining, page, blob)).await;
        return Ok(());
    }
    let joined = match related(joining, &page).await {
        Ok(related) => assemble(joining, page, related),
        Err(fault) => match page.page.records.iter().chain(&page.again).next().map(|record| record.id) {
            Some(first) if fault.class() != FaultClass::Run && joining.strikes.out(first) => give_up(joining, page, &fault),
            _ => return Err(fault.context(format_args!("join a page of {}", page.plan.name))),
        },
    };
    // A closed lane drops the page unsigned; the stage that closed it says why.
    let _ = joining.out.push(joined).await;
    Ok(())
}

/// Everything that belongs to a page and is not in it.
struct RelatedEntities {
    children: Children,
    found: HashMap<(LookupTarget, RecordId), Bytes>,
    files: Vec<LinkedFile>,
}

async fn related(joining: &Joining, page: &RecordPage) -> Result<RelatedEntities, Fault> {
    let (plan, records) = (&page.plan, &page.page.records);
    let ids: Vec<_> = records.iter().map(|record| record.id).collect();
    let children = async {
        if plan.children.is_empty() || ids.is_empty() {
            return Ok(Children::default());
        }
        joining.source.children(plan, &ids, joining.shape.limit).await
    };
    let (children, found) = futures::try_join!(children, look_up(joining, plan, records))?;
    let files = new_files(joining, page, &children);
    let files = match link(joining, &files).await {
        Ok(files) => files,
        Err(fault) => {
            // The page is lost: whoever reads it again must meet its files again.
            let mut seen = joining.seen.borrow_mut();
            files.iter().for_each(|(file, _)| {
                seen.remove(file.id);
            });
            return Err(fault);
        }
    };
    Ok(RelatedEntities { children, found, files })
}

/// Answers the page's look-ups from the cache, and from the source what the cache lacks.
async fn look_up(joining: &Joining, plan: &ObjectPlan, records: &[Record]) -> Result<HashMap<(LookupTarget, RecordId), Bytes>, Fault> {
    let mut found = HashMap::new();
    let mut missing = BTreeMap::<&'static str, (LookupTarget, BTreeSet<RecordId>)>::new();
    for (position, (lookup, queryable)) in plan.lookups.iter().enumerate().filter(|(_, (_, queryable))| *queryable) {
        debug_assert!(queryable);
        for id in records.iter().filter_map(|record| *record.refs.get(position)?) {
            match joining.cache.get(lookup.target, id) {
                Some(Some(record)) => drop(found.insert((lookup.target, id), record)),
                Some(None) => {}
                None => drop(missing.entry(lookup.target.object()).or_insert((lookup.target, BTreeSet::new())).1.insert(id)),
            }
        }
    }
    let ask = missing.into_values().map(|(target, ids)| async move {
        let ids: Vec<_> = ids.into_iter().collect();
        let answers = joining.source.lookup(target, &ids).await?;
        Ok::<_, Fault>((target, ids, answers))
    });
    for (target, ids, answers) in futures::future::try_join_all(ask).await? {
        let answers: HashMap<_, _> = answers.into_iter().collect();
        for id in ids {
            joining.cache.put(target, id, answers.get(&id));
        }
        found.extend(answers.into_iter().map(|(id, record)| ((target, id), record)));
    }
    Ok(found)
}

/// Files that nobody met before in this generation, with the record that each was found on.
fn new_files(joining: &Joining, page: &RecordPage, children: &Children) -> Vec<(FileRef, RecordId)> {
    let mut seen = joining.seen.borrow_mut();
    // A file that was never published has no content and no version: the reference leaves it out too.
    let mut is_new = |file: &FileRef| file.content.is_some() && seen.insert(file.id);
    let mut files = Vec::new();
    if page.plan.rule.is_some() {
        for record in page.page.records.iter().chain(&page.again) {
            files.extend(FileRef::in_record(&record.text).into_iter().filter(&mut is_new).map(|file| (file, record.id)));
        }
    }
    let Some(position) = page.plan.children.iter().position(|child| child.key == LINKS) else { return files };
    for (parent, lists) in children {
        let rows = lists.get(position).into_iter().flatten().flat_map(|list| &list.rows);
        files.extend(rows.filter_map(|row| FileRef::of_link(&row.text)).filter(&mut is_new).map(|file| (file, *parent)));
    }
    files
}

/// Finds everything that the files are linked to.
async fn link(joining: &Joining, files: &[(FileRef, RecordId)]) -> Result<Vec<LinkedFile>, Fault> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = files.iter().map(|(file, _)| file.id).collect();
    let mut links = HashMap::<RecordId, Vec<FileLink>>::new();
    for link in joining.source.links(&ids, joining.facts).await? {
        links.entry(link.file).or_default().push(link);
    }
    let with_links = |(file, parent): &(FileRef, RecordId)| {
        let links = links.remove(&file.id).unwrap_or_default();
        // Only what the org says of it now opens a file; its document shows the record that it was found on as well.
        let shared: BTreeSet<_> = links.iter().map(|link| link.entity).collect();
        let is_shown = |entity: &&RecordId| joining.prefixes.contains(entity.key_prefix());
        let linked: BTreeSet<_> = shared.iter().filter(is_shown).chain([parent]).copied().collect();
        // Of its own, or a file that waits would keep the whole answer in memory that it came with.
        let text = Bytes::copy_from_slice(&file.text);
        let file = FileRef { checksum: links.iter().find_map(|link| link.checksum), text, ..file.clone() };
        let is_private = links.iter().any(|link| link.is_private);
        LinkedFile { file, linked: linked.into_iter().collect(), shared: shared.into_iter().collect(), is_private }
    };
    Ok(files.iter().map(with_links).collect())
}

/// The files that the records of a page are.
fn files_of(joining: &Joining, page: RecordPage, blob: Blob) -> JoinedPage {
    let RecordPage { plan, object, page, again: _, share } = page;
    let aside = unusable(joining, &plan, object, page.unusable);
    let of_record = |record: &Record| {
        let file = FileRef::of_record(blob, record);
        let linked: Vec<_> = file.parent().into_iter().collect();
        LinkedFile { shared: linked.clone(), linked, is_private: file.is_private(), file }
    };
    let files: Vec<_> = page.records.iter().map(of_record).collect();
    joining.stats.files_found(files.len());
    JoinedPage { object, ops: Vec::new(), files, aside, share }
}

/// Rows that are no records, for the record.
fn unusable(joining: &Joining, plan: &ObjectPlan, object: usize, rows: Vec<Fault>) -> Vec<SetAside> {
    if !rows.is_empty() {
        joining.stats.nameless(object);
    }
    let aside: Vec<_> = rows.into_iter().map(|fault| SetAside { id: None, what: plan.name.clone(), fault }).collect();
    aside.iter().for_each(|SetAside { id, what, fault }| ItemSetAside { what, id: *id, fault }.emit(&joining.stats));
    aside
}

/// Splices the documents of a page.
fn assemble(joining: &Joining, page: RecordPage, related: RelatedEntities) -> JoinedPage {
    let RecordPage { plan, object, page, again: _, share } = page;
    let RelatedEntities { children, found, files } = related;
    let now = joining.clock.now();
    let mut aside = unusable(joining, &plan, object, page.unusable);
    let (mut ops, mut cuts, mut bytes) = (Vec::with_capacity(page.records.len()), Vec::new(), 0);
    let (mut shown, mut excluded) = (Vec::with_capacity(plan.lookups.len()), 0);
    let rules = &joining.rules.basic;
    for record in &page.records {
        shown.clear();
        shown.extend(plan.lookups.iter().zip(&record.refs).map(|((lookup, _), id)| found.get(&(lookup.target, (*id)?)).cloned()));
        let parts = Parts { plan: &plan, record, children: children.get(&record.id).map(Vec::as_slice), found: &shown };
        let known = cuts.len();
        let document = joining.shape.record(parts, now, &mut cuts);
        if !rules.is_empty() && !rules.decide(&document.body).included {
            cuts.truncate(known);
            excluded += 1;
            continue;
        }
        bytes += document.body.len();
        match bulk::check_size(&document, joining.max_document) {
            Ok(()) => ops.push(BulkOp::Put(document)),
            Err(fault) => {
                ItemSetAside { what: &plan.name, id: Some(record.id), fault: &fault }.emit(&joining.stats);
                ops.push(BulkOp::Keep(record.id));
                aside.push(SetAside { id: Some(record.id), what: plan.name.clone(), fault });
            }
        }
    }
    bytes += files.iter().map(LinkedFile::weight).sum::<usize>();
    share.book(joining.budget.book(bytes.saturating_sub(page.bytes)));
    cuts.iter().for_each(|cut| NestedCut(cut).emit(&joining.stats));
    joining.stats.files_found(files.len());
    joining.stats.excluded(excluded);
    JoinedPage { object, ops, files, aside, share }
}

/// A page that nothing can be made of: its documents stay as they are in the index, and count as met.
fn give_up(joining: &Joining, page: RecordPage, fault: &Fault) -> JoinedPage {
    let RecordPage { plan, object, page, again, share } = page;
    let mut all = page.records.iter().chain(&again);
    if let Some(first) = all.next() {
        let last = all.last().unwrap_or(first);
        PageSetAside { object: &plan.name, first: first.id, last: last.id, records: page.records.len(), fault }.emit(&joining.stats);
    }
    let entry = |record: &Record| SetAside { id: Some(record.id), what: plan.name.clone(), fault: fault.clone() };
    let aside = page.records.iter().map(entry).collect();
    let ops = page.records.iter().map(|record| BulkOp::Keep(record.id)).collect();
    JoinedPage { object, ops, files: Vec::new(), aside, share }
}

#[cfg(test)]
pub(crate) mod tests;
