//! Whether the embedded index could be opened. Nothing is made: a directory that is not there stays that way.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use adapters::embedded::Embedded;
use domain::{DB_MISSING, DB_OPEN, Fault};

use super::Verdict;
use crate::clock::SystemClock;
use crate::settings;

pub(super) fn directory(path: &Path) -> Verdict {
    let shown = path.display();
    match Embedded::read_only(path) {
        // Opening tells whether another process holds it, and changes no document.
        Ok(_) => match Embedded::open(path, Arc::new(SystemClock)) {
            Ok(_) => Verdict::ok(format!("`{shown}` has an index that can be written")),
            Err(fault) => Verdict::fault(&fault),
        },
        Err(fault) if fault.code == &DB_MISSING => match writable(path) {
            Ok(()) => Verdict::ok(format!("`{shown}` has no index yet; the first job makes it")),
            Err((place, error)) => {
                let message = format!("`{}` cannot be written: {}", place.display(), settings::reason(&error));
                Verdict::fault(&Fault::new(&DB_OPEN, message))
            }
        },
        Err(fault) => Verdict::fault(&fault),
    }
}

/// Whether files can be made in a directory, or where it would be made itself.
fn writable(path: &Path) -> Result<(), (PathBuf, std::io::Error)> {
    let there = path.ancestors().find(|place| place.exists()).filter(|place| !place.as_os_str().is_empty());
    let place = there.unwrap_or(Path::new("."));
    // It has no name, or loses it at once.
    tempfile::tempfile_in(place).map(|_| ()).map_err(|error| (place.to_owned(), error))
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::*;

    #[test]
    fn a_directory_that_is_not_there_is_not_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        let verdict = directory(&path);
        assert!(verdict.outcome == Outcome::Ok && verdict.detail.contains("the first job makes it"), "{verdict:?}");
        assert!(std::fs::read_dir(dir.path()).unwrap().next().is_none());
    }

    #[test]
    fn a_file_in_the_way_and_an_index_in_use_are_told() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), "x").unwrap();
        assert_eq!(directory(&dir.path().join("file")).outcome, Outcome::Fail);
        let open = Embedded::open(dir.path(), Arc::new(SystemClock)).unwrap();
        let verdict = directory(dir.path());
        assert!(verdict.outcome == Outcome::Fail && verdict.code == Some(&domain::DB_BUSY), "{verdict:?}");
        drop(open);
        assert_eq!(directory(dir.path()).outcome, Outcome::Ok);
    }
}
