//! A few documents of everything that a job would read, and what the basic rules say of each.

use std::collections::HashSet;

use actors::survey::survey;
use domain::catalog::{FileRef, LINKS, Parts};
use domain::json::Members;
use domain::rules::{BasicRules, Reason, SyncRules};
use domain::{Children, Fault, ObjectPlan, Page, PageCursor, Record, RecordId, Timestamp};
use ports::{Clock as _, Source};

use crate::clock::SystemClock;
use crate::plan::ConnectorPlan;

/// What files are in Salesforce.
const FILE: &str = "ContentDocument";

/// What the rules say of a document.
#[derive(Debug)]
pub(super) struct Judged {
    /// API name of its object.
    pub(super) object: String,
    /// The advanced rule that found it, or the record that it hangs on if it is a file; nothing where whole objects are read.
    pub(super) found_by: Option<String>,
    /// Its id.
    pub(super) id: RecordId,
    /// Whether it would be indexed.
    pub(super) included: bool,
    /// Position of the basic rule that says so; nothing if none matched.
    pub(super) by: Option<usize>,
    /// Why each basic rule does or does not match, first to last.
    pub(super) reasons: Vec<Reason>,
}

/// Documents of all objects, or of all advanced rules.
#[derive(Debug, Default)]
pub(super) struct Sample {
    /// The documents: each object's records, then the files that hang on them.
    pub(super) judged: Vec<Judged>,
    /// Objects and advanced rules without a record.
    pub(super) empty: Vec<String>,
}

impl Sample {
    /// Reads at most so many records of each object, or of each advanced rule, from its first page.
    ///
    /// # Errors
    /// `SR_INVALID`: advanced rules that the org does not take. Whatever the source reports.
    pub(super) async fn read(source: &dyn Source, connector: &ConnectorPlan, rules: &SyncRules, most: usize) -> Result<Self, Fault> {
        let planned = survey(source, &connector.selection, &rules.advanced).await?;
        for (object, reason) in &planned.skipped {
            tracing::warn!(object, reason, "an object is left out");
        }
        let mut judge = Judge { connector, rules: &rules.basic, most, now: SystemClock.now(), met: HashSet::new(), files: HashSet::new() };
        let (mut found, mut empty) = (Vec::new(), Vec::new());
        // In the order of a job, in which the last advanced rule comes first and has what several of them find.
        for plan in planned.objects {
            let plan = narrowed(plan, &rules.basic);
            let page = first_page(source, &plan).await?;
            if page.records.is_empty() {
                empty.push(advanced(&plan).unwrap_or_else(|| plan.name.clone()));
            }
            let records = judge.own(&plan, &page);
            let children = children(source, connector, &plan, &records).await?;
            found.push(judge.documents(&plan, &records, &children));
        }
        if !rules.advanced.is_empty() {
            found.reverse();
            empty.reverse();
        }
        Ok(Self { judged: found.into_iter().flatten().collect(), empty })
    }
}

/// The plan without nested lists: none matches a rule, so that only those matter that a rule names, for the reason, and those of files.
fn narrowed(mut plan: ObjectPlan, rules: &BasicRules) -> ObjectPlan {
    plan.children.retain(|child| child.key == LINKS || rules.rules().iter().any(|rule| rule.field() == child.key));
    plan
}

async fn first_page(source: &dyn Source, plan: &ObjectPlan) -> Result<Page, Fault> {
    let page = source.page(plan, &PageCursor::After(None)).await?;
    for fault in &page.unusable {
        tracing::warn!(%fault, "a row is no record");
    }
    Ok(page)
}

async fn children(source: &dyn Source, connector: &ConnectorPlan, plan: &ObjectPlan, records: &[&Record]) -> Result<Children, Fault> {
    if plan.children.is_empty() || records.is_empty() {
        return Ok(Children::default());
    }
    let ids: Vec<_> = records.iter().map(|record| record.id).collect();
    source.children(plan, &ids, connector.shape.limit).await
}

/// Makes documents as the engine does and asks the rules.
struct Judge<'a> {
    connector: &'a ConnectorPlan,
    rules: &'a BasicRules,
    most: usize,
    now: Timestamp,
    /// Records that advanced rules have found, of those that find some of the same.
    met: HashSet<RecordId>,
    /// Files that were met.
    files: HashSet<RecordId>,
}

impl Judge<'_> {
    /// The records of a page that are looked at: as many as are wanted of those that no other rule has.
    fn own<'p>(&mut self, plan: &ObjectPlan, page: &'p Page) -> Vec<&'p Record> {
        let is_shared = plan.rule.as_ref().is_some_and(|rule| rule.shares);
        // All that the page has is met, whether it is looked at or not.
        let mut own: Vec<_> = page.records.iter().filter(|record| !is_shared || self.met.insert(record.id)).collect();
        own.truncate(self.most);
        own
    }

    /// The documents of records, then those of the files that hang on them.
    fn documents(&mut self, plan: &ObjectPlan, records: &[&Record], children: &Children) -> Vec<Judged> {
        let mut judged: Vec<_> = records.iter().map(|record| self.record(plan, record, children)).collect();
        for record in records {
            judged.extend(files(plan, record, children).into_iter().filter_map(|file| self.file(plan, record.id, &file)));
        }
        judged
    }

    fn record(&self, plan: &ObjectPlan, record: &Record, children: &Children) -> Judged {
        // Look-ups show `{}`: an object to any rule, as the one that would be found.
        let parts = Parts { plan, record, children: children.get(&record.id).map(Vec::as_slice), found: &[] };
        let document = self.connector.shape.record(parts, self.now, &mut Vec::new());
        let object = if plan.rule.is_some() { kind(record) } else { None };
        self.judged(object.unwrap_or_else(|| plan.name.clone()), advanced(plan), document.id, &document.body)
    }

    /// Nothing for a file that was met before, or of which a job makes no document.
    fn file(&mut self, plan: &ObjectPlan, parent: RecordId, file: &FileRef) -> Option<Judged> {
        // Never published: there is nothing to index.
        file.content?;
        if !self.files.insert(file.id) {
            return None;
        }
        // All that it is linked to is one list, and a list to any rule.
        let head = self.connector.shape.file_head(file, &[parent], self.now);
        let mut body = head.map_err(|error| tracing::warn!(file = %file.id, %error, "a file has unreadable metadata")).ok()?;
        self.connector.shape.close(&mut body, file.id);
        Some(self.judged(FILE.to_owned(), advanced(plan), file.id, &body))
    }

    fn judged(&self, object: String, found_by: Option<String>, id: RecordId, document: &[u8]) -> Judged {
        let reasons: Vec<_> = self.rules.explain(document).into_iter().map(|(_, reason)| reason).collect();
        let by = reasons.iter().position(|reason| *reason == Reason::Matched);
        Judged { object, found_by, id, included: self.rules.decide(document).included, by, reasons }
    }
}

/// The files of a record: those that its query shows, and those that are read for it.
fn files(plan: &ObjectPlan, record: &Record, children: &Children) -> Vec<FileRef> {
    if plan.rule.is_some() {
        return FileRef::in_record(&record.text);
    }
    let Some(position) = plan.children.iter().position(|child| child.key == LINKS) else { return Vec::new() };
    let lists = children.get(&record.id).and_then(|lists| lists.get(position)).and_then(Option::as_ref);
    lists.into_iter().flat_map(|list| &list.rows).filter_map(|row| FileRef::of_link(&row.text)).collect()
}

/// The object of a record, as the record says.
fn kind(record: &Record) -> Option<String> {
    let members = Members::of(&record.text).ok()?;
    let attributes = Members::of(members.get("attributes")?.as_bytes()).ok()?;
    attributes.text("type").map(|kind| kind.replace(char::is_control, " "))
}

/// What an advanced rule is called beside basic ones.
fn advanced(plan: &ObjectPlan) -> Option<String> {
    plan.rule.as_ref().map(|_| format!("advanced {}", plan.name))
}
