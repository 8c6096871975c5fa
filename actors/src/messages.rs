//! What travels between actors: goods on lanes, orders, facts.

use std::fmt;
use std::sync::Arc;

use actix::Message;
use domain::access::AllowList;
use domain::catalog::FileRef;
use domain::{BulkOp, Ended, Job, ObjectPlan, Page, Record, RecordId, Verdict};
use ports::SetAside;
use tokio::sync::oneshot;

use crate::budget::Booking;
use crate::receipt::{PageId, Share};
use crate::scheduler::Rhythm;

// Goods.

/// A page as it was read.
pub struct RecordPage {
    /// Its object.
    pub plan: Arc<ObjectPlan>,
    /// Position of the object in the run.
    pub object: usize,
    /// The records.
    pub page: Page,
    /// Records whose document is the one of another advanced rule, which may show files that the other one does not.
    pub again: Vec<Record>,
    /// Vouches for all of it.
    pub share: Share,
}

/// A page as documents, with the files that hang on them.
pub struct JoinedPage {
    /// Position of the object in the run.
    pub object: usize,
    /// What is to be done to the index.
    pub ops: Vec<BulkOp>,
    /// Files met for the first time in this generation.
    pub files: Vec<LinkedFile>,
    /// What could not be made into a document.
    pub aside: Vec<SetAside>,
    /// Vouches for all of it.
    pub share: Share,
}

/// A file and what it hangs on.
#[derive(Clone, Debug)]
pub struct LinkedFile {
    /// The file.
    pub file: FileRef,
    /// Ids of records that its document shows, sorted.
    pub linked: Vec<RecordId>,
    /// Ids of everything that it is shared with, sorted: these records, others, users, groups, libraries, the organisation.
    pub shared: Vec<RecordId>,
    /// Who may read one of the records may not therefore read the file.
    pub is_private: bool,
}

impl LinkedFile {
    /// Bytes in memory, about.
    pub(crate) fn weight(&self) -> usize {
        self.file.text.len() + (self.linked.len() + self.shared.len()) * size_of::<RecordId>()
    }
}

/// Documents whose readers are known; goes to the writer.
pub struct SecuredPage {
    /// Position of the object in the run; [`crate::events::FILES`] for files.
    pub object: usize,
    /// What is to be done to the index.
    pub ops: Vec<BulkOp>,
    /// What could not be made into a document.
    pub aside: Vec<SetAside>,
    /// Vouches for all of it.
    pub share: Share,
    /// Memory of file content, given back when it is written.
    pub booking: Option<Booking>,
}

/// A file whose readers are known; goes to the extractor.
#[derive(Debug)]
pub struct SecuredFile {
    /// The file and its records.
    pub linked: LinkedFile,
    /// Who may read it; `None`: everybody.
    pub allow: Option<AllowList>,
    /// Vouches for it.
    pub share: Share,
}

macro_rules! count_only {
    ($($name:ident: $field:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, concat!(stringify!($name), "(object {}, {} items)"), self.object, self.$field.len())
            }
        }
    )*};
}
count_only!(JoinedPage: ops, SecuredPage: ops);
impl fmt::Debug for RecordPage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RecordPage({}, {} records)", self.plan.name, self.page.records.len())
    }
}

// Orders.

/// Read the next page. A fetcher gives it to itself.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct ReadPage;

/// Look at the desks for jobs that wait.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct LookForJobs;

/// Look after the desks, then look for jobs.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Tend {
    pub(crate) rhythm: Rhythm,
}

/// Run this job.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct StartRun {
    pub(crate) job: Job,
    pub(crate) ended: oneshot::Sender<Ended>,
}

// Facts.

/// The token of this generation was refused.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct TokenRejected(pub(crate) u64);

/// What the pipeline tells the keeper of the checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A page reached its verdict.
    PageDone(PageId, Verdict),
    /// An object was read to its end in so many pages.
    ObjectEnd {
        /// Position in the run.
        object: usize,
        /// Pages read in this generation.
        pages: u64,
    },
}
