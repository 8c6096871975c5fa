//! Text and bytes of files, kept in one file of this machine so that nothing is downloaded twice.
//!
//! It is a cache: whatever is wrong with it costs time and nothing else. A fault of [`ContentStore`] is to be told once and then to be
//! taken as "it is not there"; no job fails for it. Several processes may use one file, as long as it is on a disk of their machine.

mod packing;
mod place;
mod shelf;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::{CF_INVALID, DB_BUSY, DB_WRITE, Fault};
use ports::{ContentCache, ContentKey, KeptContent};
use rusqlite::ErrorCode;

use packing::Packed;
use place::Place;
use shelf::Shelf;

/// The share of the limit that one content may take: were it larger, a few files would drive out everything else.
const SHARE: u64 = 8;
/// No content is larger, whatever the limit: SQLite takes a billion bytes in one value.
const LARGEST: u64 = 512 << 20;

/// The cache, for all threads of this process. Cheap to clone.
#[derive(Clone)]
pub struct ContentStore(Arc<Inner>);

struct Inner {
    place: Place,
    shelf: Mutex<Shelf>,
    largest: u64,
}

impl ContentStore {
    /// Opens the file, or makes it with the directories that lead to it. It is read and written by its owner only.
    ///
    /// What it holds counts for at most `max_bytes`, which is what its bytes take when deflated and a little for each; what was not used
    /// for longest goes first. The file itself may be an eighth larger. A damaged file, or one of another version of this program, is
    /// replaced by an empty one, with a warning.
    ///
    /// # Errors
    /// `CF_INVALID`: the file is something else, and was left as it is; or the place cannot be used. `DB_BUSY`: another process holds it
    /// for too long.
    pub fn open(path: &Path, max_bytes: u64) -> Result<Self, Fault> {
        let place = Place::new(path)?;
        let shelf = place.open(max_bytes)?;
        Ok(Self(Arc::new(Inner { place, shelf: Mutex::new(shelf), largest: (max_bytes / SHARE).min(LARGEST) })))
    }

    /// Empties the cache at `path`, of which other processes may be in the middle of using it, and tells how many contents were in it.
    /// Where there is none, none is made.
    ///
    /// # Errors
    /// Those of [`ContentStore::open`], and `DB_WRITE`.
    pub fn clear(path: &Path) -> Result<u64, Fault> {
        let place = Place::new(path)?;
        if !path.exists() {
            return Ok(0);
        }
        place.open(u64::MAX)?.clear().map_err(|error| place.fault("empty", &error))
    }

    fn get_now(&self, key: &ContentKey) -> Result<Option<KeptContent>, Fault> {
        let packed = self.0.shelf().get(key);
        match packed.map_err(|error| self.0.place.fault("read", &error))?.map(Packed::unpack) {
            None => Ok(None),
            Some(Some(content)) => Ok(Some(content)),
            Some(None) => {
                self.0.shelf().remove(key).map_err(|error| self.0.place.fault("write", &error))?;
                Ok(None)
            }
        }
    }

    fn put_now(&self, key: &ContentKey, content: &KeptContent) -> Result<(), Fault> {
        let packed = Packed::pack(content);
        let mut shelf = self.0.shelf();
        let done = if shelf::size(key, &packed) > self.0.largest { shelf.remove(key) } else { shelf.put(key, &packed) };
        done.map_err(|error| self.0.place.fault("write", &error))
    }

    /// Has blocking work done beside this thread. What was begun is done to its end, even if nobody waits for it.
    async fn beside<T: Send + 'static>(&self, work: impl FnOnce(&Self) -> Result<T, Fault> + Send + 'static) -> Result<T, Fault> {
        let store = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&store)).await;
        done.unwrap_or_else(|error| Err(Fault::new(&DB_WRITE, format!("the cache of file content: {error}"))))
    }
}

impl Inner {
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // Each method of a shelf is one transaction, which a panic takes back.
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ContentStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ContentStore").field("path", &self.0.place.path()).finish_non_exhaustive()
    }
}

/// To be used within a tokio runtime.
#[async_trait(?Send)]
impl ContentCache for ContentStore {
    async fn get(&self, key: &ContentKey) -> Result<Option<KeptContent>, Fault> {
        let key = key.clone();
        self.beside(move |store| store.get_now(&key)).await
    }

    async fn put(&self, key: &ContentKey, content: &KeptContent) -> Result<(), Fault> {
        let (key, content) = (key.clone(), content.clone());
        self.beside(move |store| store.put_now(&key, &content)).await
    }
}

impl Place {
    /// What SQLite said while the cache was in use. Damage is noted for whoever opens the file next.
    fn fault(&self, doing: &str, error: &rusqlite::Error) -> Fault {
        let code = match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => &DB_BUSY,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                self.note_damage();
                &DB_WRITE
            }
            _ => &DB_WRITE,
        };
        Fault::new(code, format!("cannot {doing} the cache of file content: {}", one_line(error)))
    }

    /// Why the place cannot be used.
    fn unusable(&self, reason: impl fmt::Display) -> Fault {
        Fault::new(&CF_INVALID, format!("`content_cache.path`: `{}` {}", self.path().display(), one_line(reason)))
    }
}

/// On one line, and without the numbers that the system gives its errors.
fn one_line(text: impl fmt::Display) -> String {
    text.to_string().split(" (os error").next().unwrap_or_default().replace(['\n', '\r'], " ")
}
