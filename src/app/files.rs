//! What gets text out of files, and where it is kept: made once for all jobs of a process.

use std::rc::Rc;
use std::sync::Arc;

use actors::content::FileText;
use adapters::content_cache::ContentStore;
use adapters::extraction::builtin::{BuiltinText, ReaderConfig, ReaderPool, this_program};
use adapters::extraction::{ExtractionConfig, ExtractionService};
use domain::{Fault, TX_NO_READER};
use ports::ContentCache;

use crate::plan::{ConnectorPlan, ExtractionPlan, Plan, ReaderPlan, TextPlan};

/// The hidden command that such a process runs, as `src/cli` has it.
const WORKER: &str = "extract-worker";

/// What jobs share that concerns files.
pub(super) struct FileTools {
    readers: Arc<ReaderPool>,
    /// Where content is kept.
    pub(super) cache: Option<Rc<dyn ContentCache>>,
}

impl FileTools {
    /// By the plan. No process is started before there is a file for it.
    pub(super) fn open(plan: &Plan) -> Result<Self, Fault> {
        let cache = match plan.files.cache.as_ref().filter(|cache| cache.size > 0).map(|cache| ContentStore::open(&cache.path, cache.size))
        {
            None => None,
            Some(Ok(store)) => Some(Rc::new(store) as Rc<dyn ContentCache>),
            Some(Err(fault)) => {
                // It is there to spare downloads, and no job waits for it.
                tracing::warn!(%fault, "the content cache cannot be used; files are downloaded again");
                None
            }
        };
        Ok(Self { readers: readers(&plan.files.reader)?, cache })
    }

    /// How what is in the files of a connector gets into documents.
    pub(super) fn text(&self, plan: &Plan, connector: &ConnectorPlan) -> Result<FileText, Fault> {
        match connector.text {
            TextPlan::Pipeline => Ok(FileText::Attachment),
            TextPlan::Builtin => Ok(FileText::Body(Rc::new(BuiltinText::new(Arc::clone(&self.readers), plan.run.max_file)))),
            TextPlan::Service => match extraction(plan)? {
                Some(service) => Ok(FileText::Body(Rc::new(service))),
                None => {
                    let reason = "there is no `extraction_service.host`";
                    tracing::warn!(connector = %connector.id, reason, "files are indexed without their content");
                    Ok(FileText::Nothing)
                }
            },
        }
    }
}

/// The processes that read files; none is started yet.
///
/// # Errors
/// `TX_NO_READER`: the system does not say which program this is.
pub(crate) fn readers(plan: &ReaderPlan) -> Result<Arc<ReaderPool>, Fault> {
    let ReaderPlan { program, processes, memory, timeout, files } = plan;
    let unknown = |error: std::io::Error| Fault::new(&TX_NO_READER, format!("the path of this program: {error}"));
    Ok(Arc::new(ReaderPool::new(ReaderConfig {
        program: program.clone().map_or_else(this_program, Ok).map_err(unknown)?,
        args: vec![WORKER.into()],
        children: *processes,
        memory: *memory,
        time: *timeout,
        files_per_child: *files,
    })))
}

/// The text extraction service, if there is one.
///
/// # Errors
/// `CF_INVALID`: its address is none.
pub(crate) fn extraction(plan: &Plan) -> Result<Option<ExtractionService>, Fault> {
    let config = |ExtractionPlan { host, timeout, chunk, shared }: &ExtractionPlan| ExtractionConfig {
        host: host.clone(),
        timeout: *timeout,
        chunk: *chunk,
        shared: shared.clone(),
    };
    plan.files.service.as_ref().map(|service| ExtractionService::new(config(service))).transpose()
}
