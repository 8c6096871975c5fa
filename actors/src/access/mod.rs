//! Who may read what: read from the org, and written as an access document per user. The job that does so changes no content.
//!
//! Everything is read before anything is written, so that a query that fails half-way leaves access documents as they were.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use domain::access::{ACCESS_INDEX_PREFIX, AccessError, AccessTable, Directory, DirectoryBuilder, Mode};
use domain::catalog::{GlobalObject, Layout};
use domain::monitor::ErrorMonitor;
use domain::{
    AC_REFUSED, AC_UNKNOWN, Brake, BulkOp, Counts, EN_WRONG_INDEX, Ended, Fault, Job, JobStatus, ObjectPlan, PageCursor, RunId,
    SF_FORBIDDEN, SF_NO_OBJECT, Swept,
};
use ports::{Source, Target};

use crate::batch::{Batch, Refusal, Writing};
use crate::events::{AccessTableAbsent, ItemSetAside, RunStats};
use crate::pipeline::Ports;
use crate::supervisor::{ConnectorWork, asked_to_stop};

/// What the access documents of users count as among the tables that are read.
const USERS: usize = AccessTable::User as usize;

/// Runs an access control job to its end. With document level security off it does nothing, and access documents stay as they are.
pub(crate) async fn conduct(work: &ConnectorWork, job: &Job) -> Ended {
    let Some(mode) = work.access else {
        tracing::info!(connector = %job.connector, "document level security is off; access documents stay as they are");
        return Ended { status: JobStatus::Completed, fault: None, counts: Counts::default() };
    };
    let stats = Arc::new(RunStats::new(AccessTable::ALL.iter().map(|table| table.object().to_owned())));
    work.monitor.show(&stats);
    let outcome = tokio::select! {
        outcome = refresh(work, job, mode, &stats) => outcome,
        // The next job starts from the beginning; half of the documents being new is no harm.
        () = asked_to_stop(&work.stop) => Ok(JobStatus::Suspended),
    };
    let (status, fault) = outcome.map_or_else(|fault| (JobStatus::Error, Some(fault)), |status| (status, None));
    Ended { status, fault, counts: stats.counts() }
}

async fn refresh(work: &ConnectorWork, job: &Job, mode: Mode, stats: &Arc<RunStats>) -> Result<JobStatus, Fault> {
    let Ports { source, sink, clock, .. } = &work.ports;
    if !job.index.as_str().starts_with(ACCESS_INDEX_PREFIX) {
        // What is not met there is deleted.
        return Err(Fault::new(&EN_WRONG_INDEX, format!("`{}` is no index of access documents", job.index)));
    }
    let global = source.global().await.map_err(|fault| fault.context("look at what the org offers"))?;
    let directory = directory(&**source, &global, clock.now(), stats).await?;
    let (unseen, assigned) = directory.unseen();
    if work.limits.brake.holds(assigned, unseen) {
        let right = AccessTable::User.right();
        let problem =
            format!("`User` shows {} of {assigned} users who have permissions; give the run-as user `{right}`", assigned - unseen);
        return Err(Fault::new(&AC_UNKNOWN, problem));
    }
    let run = RunId::new(format!("{}-{}", job.id, clock.now().as_millisecond()));
    let target = Target { connector: job.connector.clone(), index: job.index.clone(), run, mark: None };
    let mark = sink.prepare(&target, &Layout::default()).await.map_err(|fault| fault.context("prepare the index of access documents"))?;
    let target = Rc::new(Target { mark, ..target });
    let errors = Rc::new(RefCell::new(ErrorMonitor::new(work.limits.error_monitor)));
    let writing = Writing { sink: Rc::clone(sink), target: Rc::clone(&target), stats: Arc::clone(stats), errors };
    let refused = write(work, &writing, &directory, mode).await?;
    // Whoever is not served any more, and whoever's document was refused, loses the one from before.
    if let Swept::Deleted(deleted) = sink.sweep(&target, &[], Brake::OFF).await? {
        stats.swept(deleted);
    }
    match refused {
        0 => Ok(JobStatus::Completed),
        refused => {
            Err(Fault::new(&AC_REFUSED, format!("the access documents of {refused} users were refused, and those from before are gone")))
        }
    }
}

/// Writes the access documents of all users; gives how many were refused.
async fn write(work: &ConnectorWork, writing: &Writing, directory: &Directory, mode: Mode) -> Result<usize, Fault> {
    let limits = work.tuning.bulk_writer.limits;
    let (mut refused, mut ops, mut bytes) = (0, Vec::new(), 0);
    let mut documents = directory.access_documents(mode).peekable();
    while let Some(document) = documents.next() {
        bytes += document.body.len();
        ops.push(BulkOp::Put(document));
        let next = documents.peek().map(|document| document.body.len());
        if next.is_none_or(|next| ops.len() >= limits.ops || bytes + next > limits.bytes) {
            refused += submit(writing, std::mem::take(&mut ops), bytes).await?;
            bytes = 0;
        }
    }
    Ok(refused)
}

async fn submit(writing: &Writing, ops: Vec<BulkOp>, bytes: usize) -> Result<usize, Fault> {
    let stats = &writing.stats;
    stats.written(USERS, ops.len(), bytes);
    let mut batch = Batch::default();
    batch.add(USERS, ops);
    let leftover = writing.submit(batch, None).await?;
    for Refusal { id, unwritten, fault, .. } in &leftover.refused {
        ItemSetAside { what: "access document", id: Some(*id), fault }.emit(stats);
        stats.unwritten(USERS, unwritten.unwrap_or_default());
    }
    // However many: people whose documents are refused must lose those from before.
    Ok(leftover.refused.len())
}

/// Reads all tables that say who may read what.
///
/// # Errors
/// `AC_UNKNOWN`: a table that is needed is not shown, or shows nothing that can be right. Whatever the source reports.
pub(crate) async fn directory(
    source: &dyn Source,
    global: &[GlobalObject],
    now: domain::Timestamp,
    stats: &RunStats,
) -> Result<Directory, Fault> {
    let mut builder = DirectoryBuilder::new();
    for (position, table) in AccessTable::ALL.into_iter().enumerate() {
        if global.iter().any(|object| object.queryable && object.name == table.object()) {
            read(source, table, &mut builder, (position, stats)).await?;
        } else {
            AccessTableAbsent(table).emit();
            builder.absent(table).map_err(unknown)?;
        }
    }
    builder.finish(now).map_err(unknown)
}

/// Whether the tables that say who may read what can be read, without reading them; gives those that are not there and need not be.
///
/// # Errors
/// Those of the job, as far as they show before a row is read.
pub async fn look(source: &dyn Source) -> Result<Vec<AccessTable>, Fault> {
    let global = source.global().await?;
    let mut absent = Vec::new();
    for table in AccessTable::ALL {
        if global.iter().any(|object| object.queryable && object.name == table.object()) {
            plan(source, table).await?;
        } else if table.is_optional() {
            absent.push(table);
        } else {
            return Err(unknown(table.closed()));
        }
    }
    Ok(absent)
}

async fn read(
    source: &dyn Source,
    table: AccessTable,
    builder: &mut DirectoryBuilder,
    (position, stats): (usize, &RunStats),
) -> Result<(), Fault> {
    let plan = plan(source, table).await?;
    let mut cursor = Some(PageCursor::After(None));
    while let Some(from) = cursor {
        let page = source.page(&plan, &from).await.map_err(|fault| refused(table, fault))?;
        if let Some(fault) = page.unusable.into_iter().next() {
            return Err(Fault::new(&AC_UNKNOWN, format!("a row of `{}` is no record: {}", table.object(), fault.message)));
        }
        stats.page_read(position, page.records.len(), page.total);
        for record in &page.records {
            builder.take(table, &record.text).map_err(unknown)?;
        }
        cursor = page.next;
    }
    Ok(())
}

/// How a table is read.
async fn plan(source: &dyn Source, table: AccessTable) -> Result<ObjectPlan, Fault> {
    let described = source.describe(table.object()).await.map_err(|fault| refused(table, fault))?;
    let fields = table.fields(|field| described.offers(field)).map_err(unknown)?;
    Ok(ObjectPlan {
        name: table.object().to_owned(),
        key_prefix: None,
        fields: fields.into_iter().map(str::to_owned).collect(),
        children: Vec::new(),
        lookups: Vec::new(),
        rule: None,
        blob: None,
        filter: table.filter(),
    })
}

/// What a fault of the source means: that a right is missing, or what it says.
fn refused(table: AccessTable, fault: Fault) -> Fault {
    if [&SF_FORBIDDEN, &SF_NO_OBJECT].contains(&fault.code) {
        return unknown(table.closed());
    }
    fault.context(format_args!("read who may read what, from {}", table.object()))
}

fn unknown(error: AccessError) -> Fault {
    Fault::new(&AC_UNKNOWN, error.to_string())
}

#[cfg(test)]
mod tests;
