//! Text of files by this program alone: child processes read them, so that a bad file costs its own text and nothing else.

mod child;
mod pool;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use domain::{FILE_TOO_LARGE, Fault};
use futures::stream::{LocalBoxStream, StreamExt as _};
use ports::TextExtractor;

pub use extract::worker;
pub use pool::ReaderPool;

/// How the children are started and what one may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderConfig {
    /// The program, by an absolute path; [`this_program`] is the one that runs.
    pub program: PathBuf,
    /// Its first arguments. Two more follow, for [`worker::live`]: bytes of memory, seconds on a processor.
    pub args: Vec<OsString>,
    /// Most children at a time; at least one.
    pub children: usize,
    /// Bytes of address space of one child. Below 64 MiB the program may not even start.
    pub memory: u64,
    /// Longest time for one file, from when a child is given it to the end of its text.
    pub time: Duration,
    /// Files after which a child makes room for a new one; at least one.
    pub files_per_child: u64,
}

/// The program of this process, even if another one lies under its name by now.
///
/// # Errors
/// If the system does not say which that is.
pub fn this_program() -> io::Result<PathBuf> {
    let own = PathBuf::from("/proc/self/exe");
    if cfg!(target_os = "linux") && own.exists() {
        return Ok(own);
    }
    std::env::current_exe().or_else(|error| as_it_was_called().ok_or(error))
}

/// The program by the name that it was called by, where there is no `/proc`.
fn as_it_was_called() -> Option<PathBuf> {
    let called = PathBuf::from(std::env::args_os().next()?);
    let places = std::env::var_os("PATH").unwrap_or_default();
    let named = std::env::split_paths(&places).map(|place| place.join(&called));
    // A path with a directory in it is taken as it is.
    std::iter::once(called.clone()).filter(|called| called.is_absolute()).chain(named).find(|path| path.is_file())
}

/// Makes text of files by a pool of children, for one thread.
#[derive(Debug)]
pub struct BuiltinText {
    pool: Arc<ReaderPool>,
    max_file: u64,
    name: String,
}

impl BuiltinText {
    /// By this pool, of files that have at most `max_file` bytes.
    pub fn new(pool: Arc<ReaderPool>, max_file: u64) -> Self {
        let ReaderConfig { memory, time, .. } = pool.config();
        let name = format!("builtin-{}-{memory}-{time:?}", extract::VERSION);
        Self { pool, max_file, name }
    }

    async fn whole(&self, mut content: LocalBoxStream<'static, Result<Bytes, Fault>>) -> Result<Vec<u8>, Fault> {
        let mut whole = Vec::new();
        while let Some(piece) = content.next().await {
            let piece = piece?;
            if (whole.len() + piece.len()) as u64 > self.max_file {
                return Err(Fault::new(&FILE_TOO_LARGE, format!("the file has more than {} bytes", self.max_file)));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    }
}

#[async_trait(?Send)]
impl TextExtractor for BuiltinText {
    async fn text(&self, extension: &str, content: LocalBoxStream<'static, Result<Bytes, Fault>>) -> Result<String, Fault> {
        let whole = self.whole(content).await?;
        let text = self.pool.read(extension, whole).await?;
        if text.is_cut {
            tracing::debug!(extension, bytes = text.body.len(), "the text of a file was cut");
        }
        Ok(text.body)
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn holds_whole(&self) -> bool {
        true
    }
}
