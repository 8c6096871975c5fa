//! Opens the file: whose it is, who may read it, and how it is replaced while others may still use the one before.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::Fault;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use url::Url;

use super::shelf::Shelf;

const SCHEMA: &str = include_str!("schema.sql");
/// `slcc` in ASCII; tells the file from other SQLite files.
const APPLICATION_ID: u32 = 0x736C_6363;
/// Of [`SCHEMA`], and of what [`super::packing`] and the keys mean.
const VERSION: u32 = 1;
/// For other processes, which write for milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);
/// Only the owner: what is in files is in here.
const OWNER: u32 = 0o600;

/// A path, and a file beside it by which processes take turns in opening and replacing. What is written in that file says that the one
/// at the path is damaged.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
}

/// What is at the path.
enum Found {
    Nothing,
    Ours,
    /// Ours as well, and of no use to this program.
    Useless(String),
    Foreign(&'static str),
}

impl Place {
    pub(super) fn new(path: &Path) -> Result<Self, Fault> {
        let place = Self { path: path.to_owned() };
        // SQLite is told the path in the form of an address, which cannot be relative.
        let path = std::path::absolute(path).map_err(|error| place.unusable(format!("has no place: {error}")))?;
        Ok(Self { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens or makes the file, and brings it within the limit.
    pub(super) fn open(&self, max_bytes: u64) -> Result<Shelf, Fault> {
        let unusable = |error: io::Error| self.unusable(format!("cannot be used: {error}"));
        if let Some(directory) = self.path.parent() {
            fs::create_dir_all(directory).map_err(unusable)?;
        }
        let turn = self.take_turn().map_err(unusable)?;
        let noted = fs::read_to_string(self.beside("lock")).map_err(unusable)?;
        match self.identify().map_err(|error| self.unusable(format!("cannot be read: {error}")))? {
            Found::Foreign(what) => return Err(self.unusable(format!("is {what}; it was left as it is"))),
            Found::Useless(why) => self.remove(&why).map_err(unusable)?,
            Found::Ours if !noted.is_empty() => self.remove(&noted).map_err(unusable)?,
            Found::Ours | Found::Nothing => {}
        }
        turn.set_len(0).map_err(unusable)?;
        self.make().map_err(unusable)?;
        match self.connect(max_bytes) {
            Err(error) if is_damage(&error) => {
                self.remove(&super::one_line(&error)).and_then(|()| self.make()).map_err(unusable)?;
                self.connect(max_bytes)
            }
            connected => connected,
        }
        .map_err(|error| if is_busy(&error) { self.fault("open", &error) } else { self.unusable(format!("cannot be used: {error}")) })
    }

    /// Has the next one who opens the file replace it. Now it cannot be, since others may be in the middle of using it.
    pub(super) fn note_damage(&self) {
        let noted = OpenOptions::new().write(true).open(self.beside("lock")).and_then(|mut file| file.write_all(b"it is damaged"));
        if let Err(error) = noted {
            tracing::warn!(path = %self.path.display(), %error, "the cache of file content is damaged and that cannot be noted; remove it");
        }
    }

    /// Waits until no other process is opening the file. The turn is over when what is returned is closed, however the process ends.
    fn take_turn(&self) -> io::Result<File> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(OWNER).open(self.beside("lock"))?;
        file.lock()?;
        Ok(file)
    }

    /// Looks at the file without taking part in anything: were SQLite to open a foreign file in earnest, it might replay that file's log
    /// and so change it.
    fn identify(&self) -> rusqlite::Result<Found> {
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            Ok(metadata) if !metadata.is_file() => return Ok(Found::Foreign("no file")),
            Ok(metadata) if metadata.len() == 0 => return Ok(Found::Nothing),
            // What else is wrong is told when the file is opened.
            Ok(_) | Err(_) => {}
        }
        let Ok(mut address) = Url::from_file_path(&self.path) else { return Ok(Found::Foreign("no path")) };
        address.set_query(Some("immutable=1"));
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let look = || {
            let db = Connection::open_with_flags(address.as_str(), flags)?;
            let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, u32>(0));
            Ok((number("application_id")?, number("user_version")?))
        };
        match look() {
            Ok((APPLICATION_ID, VERSION)) => Ok(Found::Ours),
            Ok((APPLICATION_ID, version)) => {
                Ok(Found::Useless(format!("it has version {version} and this program knows version {VERSION}")))
            }
            Ok(_) => Ok(Found::Foreign("the database of another program")),
            Err(error) if is_damage(&error) => Ok(Found::Foreign("no database")),
            Err(error) => Err(error),
        }
    }

    /// Removes the file. Processes that have it open go on with it by themselves; their close does not touch what is here then.
    fn remove(&self, why: &str) -> io::Result<()> {
        tracing::warn!(path = %self.path.display(), why, "the cache of file content is replaced by an empty one");
        // The log first: without its file it would be taken for that of the next one.
        for path in [self.beside("wal"), self.beside("shm"), self.beside("journal"), self.path.clone()] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// An empty file if there is none. SQLite would make it readable for others; what it makes beside it has the rights of the file.
    fn make(&self) -> io::Result<()> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(OWNER).open(&self.path)?;
        file.set_permissions(Permissions::from_mode(OWNER))
    }

    fn connect(&self, max_bytes: u64) -> rusqlite::Result<Shelf> {
        let mut db = Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        set_up(&mut db)?;
        let mut shelf = Shelf { db, max_bytes };
        shelf.trim()?;
        Ok(shelf)
    }

    /// `path-lock` and such; SQLite names its own in the same way.
    fn beside(&self, what: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push("-");
        name.push(what);
        name.into()
    }
}

fn set_up(db: &mut Connection) -> rusqlite::Result<()> {
    db.busy_timeout(PATIENCE)?;
    // Whoever closes last would remove the log by its name, which may be that of a newer file by then.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    db.set_prepared_statement_cache_capacity(16);
    if db.pragma_query_value(None, "application_id", |row| row.get::<_, u32>(0))? == 0 {
        create(db)?;
    }
    db.pragma_update(None, "journal_mode", "WAL")?;
    // A power failure costs the latest contents, and does no damage.
    db.pragma_update(None, "synchronous", "NORMAL")?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.pragma_update(None, "wal_autocheckpoint", 1_000)?; // pages: 8 MiB
    db.pragma_update(None, "journal_size_limit", 16_777_216)?; // bytes kept on disk after a long reader let the log grow
    // The log is opened by this, while it is certain that it belongs to the file.
    db.query_row("SELECT bytes FROM tally", [], |_| Ok(()))
}

/// One transaction, before the switch to a log: the header in the main file names us as soon as there is anything in it.
fn create(db: &mut Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "page_size", 8_192)?;
    db.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(SCHEMA)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

/// The file is no database, or not what is told of in its header. A statement that does not fit it says that as well.
fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown))
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}
