//! Files: who makes text of them, and where it is kept.

use std::path::PathBuf;
use std::time::Duration;

use domain::Names;
use domain::catalog::Blob;

use super::{IndexPlan, address};
use crate::settings::{self, Mistakes, Settings, Taker};

/// What connectors share that concerns files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilesPlan {
    /// The service that makes text of files, if there is one.
    pub service: Option<ExtractionPlan>,
    /// The processes that make text of files.
    pub reader: ReaderPlan,
    /// Where content is kept; `None`: nowhere.
    pub cache: Option<CachePlan>,
}

/// Who makes text of a connector's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextPlan {
    /// The ingest pipeline of the index.
    Pipeline,
    /// The service under `extraction_service.host`.
    Service,
    /// This program.
    Builtin,
}

impl TextPlan {
    /// As it is typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pipeline => "pipeline",
            Self::Service => "service",
            Self::Builtin => "builtin",
        }
    }
}

/// The text extraction service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtractionPlan {
    /// Address, no trailing slash.
    pub host: String,
    /// Longest time for one file.
    pub timeout: Duration,
    /// Bytes sent at a time.
    pub chunk: usize,
    /// The directory that files are put into and named from; `None` sends them.
    pub shared: Option<PathBuf>,
}

/// Processes that make text of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderPlan {
    /// The program that they run; `None`: this one.
    pub program: Option<PathBuf>,
    /// How many there are at most.
    pub processes: usize,
    /// Bytes of address space of each.
    pub memory: u64,
    /// Longest time for one file.
    pub timeout: Duration,
    /// Files that each reads.
    pub files: u64,
}

/// Where content of files is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachePlan {
    /// The file.
    pub path: PathBuf,
    /// Bytes that it may take; with 0 nothing is kept.
    pub size: u64,
}

impl FilesPlan {
    /// Only what concerns files, for commands that do nothing else.
    ///
    /// # Errors
    /// The sections about files or the index are wrong; mistakes elsewhere are not looked for.
    pub fn of(settings: &Settings) -> Result<Self, Mistakes> {
        let index = IndexPlan::of(settings)?;
        let mut mistakes = Mistakes::default();
        match plan(&mut settings.root(&mut mistakes), Some(&index)) {
            Some(files) if mistakes.0.is_empty() => Ok(files),
            _ => Err(mistakes),
        }
    }
}

/// The sections about files; nothing if something is wrong, which is then noted.
pub(super) fn plan(root: &mut Taker<'_>, index: Option<&IndexPlan>) -> Option<FilesPlan> {
    let (service, reader, cache) = (service(root), reader(root), cache(root, index));
    Some(FilesPlan { service: service?, reader: reader?, cache: cache? })
}

/// A file in work is no movement, and a run in which nothing moves ends.
pub(super) fn check_times(root: &mut Taker<'_>, files: &FilesPlan, stall_after: Duration) {
    let service = files.service.as_ref().map(|service| service.timeout);
    for (key, timeout) in [(&settings::EXTRACTION_TIMEOUT, service), (&settings::READER_TIMEOUT, Some(files.reader.timeout))] {
        if timeout.is_some_and(|timeout| timeout >= stall_after) {
            root.refuse(key, "must be shorter than `run.stall_after`");
        }
    }
}

fn service(root: &mut Taker<'_>) -> Option<Option<ExtractionPlan>> {
    let (timeout, chunk) = (root.get(&settings::EXTRACTION_TIMEOUT), root.get(&settings::EXTRACTION_CHUNK));
    let (pointers, shared) = (root.get(&settings::EXTRACTION_POINTERS), root.get(&settings::EXTRACTION_SHARED));
    if !root.given(&settings::EXTRACTION_HOST) {
        return Some(None);
    }
    let typed = root.get(&settings::EXTRACTION_HOST)?;
    let Some(host) = address::of_url(&typed).filter(|host| host.starts_with("http")) else {
        // The value is not shown: it may have a password in it.
        root.refuse(&settings::EXTRACTION_HOST, "must be an address such as `http://localhost:8090`, without user, query or fragment");
        return None;
    };
    let shared = shared.filter(|_| pointers == Some(true));
    Some(Some(ExtractionPlan { host, timeout: timeout?, chunk: usize::try_from(chunk?).ok()?, shared }))
}

fn reader(root: &mut Taker<'_>) -> Option<ReaderPlan> {
    let (processes, memory) = (root.count(&settings::READER_CHILDREN), root.get(&settings::READER_MEMORY));
    let (timeout, files) = (root.get(&settings::READER_TIMEOUT), root.get(&settings::READER_FILES));
    Some(ReaderPlan { program: None, processes: processes?, memory: memory?, timeout: timeout?, files: files? })
}

fn cache(root: &mut Taker<'_>, index: Option<&IndexPlan>) -> Option<Option<CachePlan>> {
    let size = root.get(&settings::CACHE_SIZE);
    let given = root.given(&settings::CACHE_PATH).then(|| root.get(&settings::CACHE_PATH));
    let path = match (given, index) {
        (Some(path), _) => Some(path?),
        (None, Some(IndexPlan::Embedded { path })) => Some(path.join("content.db")),
        (None, _) => None,
    };
    let size = size?;
    Some(path.map(|path| CachePlan { path, size }))
}

/// Who makes text of a connector's files: as it says, or else whoever can.
pub(super) fn text(taker: &mut Taker<'_>, compat: bool, has_pipeline: bool) -> Option<TextPlan> {
    let service = taker.get(&settings::TEXT_SERVICE)?;
    if !taker.given(&settings::TEXT_BY) {
        return Some(match service {
            true => TextPlan::Service,
            false if compat || has_pipeline => TextPlan::Pipeline,
            false => TextPlan::Builtin,
        });
    }
    let text = match taker.get(&settings::TEXT_BY)? {
        "pipeline" => TextPlan::Pipeline,
        "service" => TextPlan::Service,
        _ => TextPlan::Builtin,
    };
    if service && text != TextPlan::Service {
        let problem = format!("is `{}`, but `use_text_extraction_service` is `true`; give only one of them", text.as_str());
        taker.refuse(&settings::TEXT_BY, problem);
    }
    Some(text)
}

/// Objects whose records are files.
pub(super) fn objects(taker: &mut Taker<'_>) -> Option<Vec<Blob>> {
    let Names::Only(names) = taker.get(&settings::FILE_OBJECTS)? else { return Some(Blob::OBJECTS.to_vec()) };
    let mut blobs = Vec::new();
    for name in names {
        match Blob::parse(&name) {
            Some(blob) => blobs.push(blob),
            None => {
                let known = Blob::OBJECTS.map(Blob::object).join(", ");
                taker.refuse(&settings::FILE_OBJECTS, format!("names `{}`, must be among {known}", name.escape_debug()));
            }
        }
    }
    blobs.sort_unstable();
    blobs.dedup();
    Some(blobs)
}
