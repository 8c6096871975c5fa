//! The text extraction service: where it is and how files reach it.

use std::path::PathBuf;
use std::time::Duration;

use super::address;
use crate::settings::{self, Taker};

/// The service that makes text of files, for connectors with `use_text_extraction_service`.
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

/// The section `extraction_service`; `Some(None)` without one, nothing if something is wrong, which is then noted.
pub(super) fn plan(root: &mut Taker<'_>) -> Option<Option<ExtractionPlan>> {
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
