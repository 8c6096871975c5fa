//! Turns what SQLite and the file system say into faults of one line.

use std::fmt;
use std::path::Path;

use rusqlite::ErrorCode;

use domain::{Code, DB_BUSY, DB_MISSING, DB_OPEN, DB_WRITE, Fault};

/// The data directory, or the file in it, cannot be used.
pub(super) fn open(path: &Path, reason: impl fmt::Display) -> Fault {
    let reason = reason.to_string();
    let mut rest = reason.chars();
    let reason: String = rest.next().map_or_else(String::new, |first| first.to_lowercase().chain(rest).collect());
    Fault::new(&DB_OPEN, one_line(&format!("cannot use `{}`: {reason}", path.display())))
}

/// There is nothing to read.
pub(super) fn missing(dir: &Path) -> Fault {
    Fault::new(&DB_MISSING, format!("there is no embedded index in `{}`", dir.display()))
}

/// SQLite refused while the file was being opened.
pub(super) fn opening(path: &Path, error: &rusqlite::Error) -> Fault {
    if is_busy(error) { busy(path.display()) } else { open(path, error) }
}

/// Another process writes where this one wants to.
pub(super) fn busy(what: impl fmt::Display) -> Fault {
    Fault::new(&DB_BUSY, format!("`{what}` is in use by another process"))
}

/// A write failed and was rolled back.
#[expect(clippy::needless_pass_by_value, reason = "made for `map_err`")]
pub(super) fn write(error: rusqlite::Error) -> Fault {
    of(&DB_WRITE, "write to", &error)
}

/// A read failed. There is no code of its own for it: whoever cannot read the file cannot use the data directory.
#[expect(clippy::needless_pass_by_value, reason = "made for `map_err`")]
pub(super) fn read(error: rusqlite::Error) -> Fault {
    of(&DB_OPEN, "read", &error)
}

fn of(code: &'static Code, doing: &str, error: &rusqlite::Error) -> Fault {
    let code = if is_busy(error) { &DB_BUSY } else { code };
    Fault::new(code, one_line(&format!("cannot {doing} the embedded index: {error}")))
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// On one line, and without the numbers that the system gives its errors.
fn one_line(text: &str) -> String {
    text.split(" (os error").next().unwrap_or_default().replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn sqlite(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn each_failure_of_sqlite_has_its_row_in_the_table() {
        assert_eq!(write(sqlite(ffi::SQLITE_BUSY)).code, &DB_BUSY);
        assert_eq!(read(sqlite(ffi::SQLITE_LOCKED)).code, &DB_BUSY);
        assert_eq!(opening(Path::new("d"), &sqlite(ffi::SQLITE_BUSY)).code, &DB_BUSY);
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_READONLY, ffi::SQLITE_CORRUPT] {
            assert_eq!(write(sqlite(code)).code, &DB_WRITE);
        }
        assert_eq!(read(sqlite(ffi::SQLITE_IOERR_READ)).code, &DB_OPEN);
        assert_eq!(opening(Path::new("d"), &sqlite(ffi::SQLITE_CANTOPEN)).code, &DB_OPEN);
    }

    #[test]
    fn a_fault_is_one_line_and_names_the_path() {
        let fault = open(Path::new("/data/x"), "first\nsecond");
        assert!(fault.to_string().starts_with("cannot use `/data/x`: first second [DB0001]; choose a directory"), "{fault}");
        let fault = open(Path::new("/data"), std::io::Error::from_raw_os_error(20));
        assert_eq!(fault.message, "cannot use `/data`: not a directory");
    }
}
