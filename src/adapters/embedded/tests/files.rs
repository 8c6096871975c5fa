//! The file: whose it is, who may open it, what survives.

use std::fs;

use domain::{DB_BUSY, DB_FOREIGN, DB_MISSING, DB_OPEN, DB_WRITE};
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::embedded::documents;
use crate::embedded::store::Store;

const FILE: &str = "sluice.sqlite";

fn is_handle<T: Clone + Send + Sync>(_: &T) {}

#[tokio::test]
async fn everything_is_there_again_after_it_was_closed() {
    let (dir, index) = fresh();
    is_handle(&index);
    is_handle(&index.reader());
    let clone = index.clone();
    submit(&index, &target("c", "r"), vec![account(1, "Amber", "falcon")]).await;
    drop(index);
    submit(&clone, &target("c", "r"), vec![account(2, "Cobalt", "falcon")]).await;
    drop(clone);
    assert!(!dir.path().join("sluice.sqlite-wal").exists(), "the log is merged at the end");
    assert_eq!(found(&Embedded::read_only(dir.path()).unwrap(), "falcon").len(), 2, "without a writer");
    let index = open(dir.path()).unwrap();
    assert_eq!(found(&index.reader(), "falcon").len(), 2);
    submit(&index, &target("c", "r"), vec![account(1, "Amber", "harbor")]).await;
    assert_eq!(found(&index.reader(), "falcon"), ids(&[2]));
}

#[tokio::test]
async fn a_second_writer_is_turned_away_and_readers_are_not() {
    let (dir, index) = fresh();
    submit(&index, &target("c", "r"), vec![account(1, "Amber", "falcon")]).await;
    let fault = open(dir.path()).unwrap_err();
    assert_eq!(fault.code, &DB_BUSY);
    assert!(fault.to_string().contains("is in use by another process [DB0002]; stop the other process"), "{fault}");
    let reader = Embedded::read_only(dir.path()).unwrap();
    assert_eq!(found(&reader, "falcon"), ids(&[1]));
    submit(&index, &target("c", "r"), vec![account(2, "Cobalt", "falcon")]).await;
    assert_eq!(reader.export(INDEX, |_, _| Ok(())).unwrap(), 2, "a reader sees what was written meanwhile");
    drop(index);
    let again = open(dir.path()).unwrap();
    assert_eq!(found(&again.reader(), "cobalt"), ids(&[2]));
}

#[tokio::test]
async fn a_reader_in_the_middle_of_the_index_does_not_hold_up_the_writer() {
    let (_dir, index) = fresh();
    submit(&index, &target("c", "r"), (1..=50).map(|no| account(no, "n", "old")).collect()).await;
    let (reader, again) = (index.reader(), index.clone());
    let export = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut bodies = Vec::new();
        reader.export(INDEX, |_, body| {
            if bodies.is_empty() {
                runtime.block_on(submit(&again, &target("c", "r"), (1..=60).map(|no| account(no, "n", "new")).collect()));
            }
            bodies.push(String::from_utf8(body.to_vec()).unwrap());
            Ok(())
        })?;
        Ok::<_, crate::ExportError>(bodies)
    });
    let bodies = export.await.unwrap().unwrap();
    assert_eq!(bodies.len(), 50);
    assert!(bodies.iter().all(|body| body.contains("old")), "an export is of one moment");
    assert_eq!(found(&index.reader(), "new").len(), 60);
}

#[test]
fn a_foreign_file_is_left_untouched() {
    type Make = fn(&Path);
    fn database(path: &Path, sql: &str) {
        Connection::open(path).unwrap().execute_batch(sql).unwrap();
    }
    let cases: [(&str, Make); 4] = [
        ("is no database", |path| fs::write(path, "my diary").unwrap()),
        ("is no database", |path| fs::write(path, [7; 4096]).unwrap()),
        ("of another program", |path| database(path, "PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1);")),
        ("has version 99 and this program knows version 2", |path| {
            database(path, "PRAGMA application_id = 0x736C6365; PRAGMA user_version = 99;");
        }),
    ];
    for (reason, make) in cases {
        let dir = TempDir::new().unwrap();
        make(&dir.path().join(FILE));
        let before = fs::read(dir.path().join(FILE)).unwrap();
        for fault in [open(dir.path()).unwrap_err(), Embedded::read_only(dir.path()).unwrap_err()] {
            assert_eq!(fault.code, &DB_FOREIGN);
            assert!(fault.message.contains(reason), "{fault}");
        }
        assert_eq!(fs::read(dir.path().join(FILE)).unwrap(), before);
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_one_line_with_its_path() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let fault = open(&file.join("data")).unwrap_err();
    assert_eq!(fault.code, &DB_OPEN);
    let line = fault.to_string();
    assert!(line.contains(&format!("`{}`", file.join("data").display())) && !line.contains('\n'), "{line}");
    assert_eq!(open(&file).unwrap_err().code, &DB_OPEN);
}

#[test]
fn reading_makes_no_index_where_there_is_none() {
    let dir = TempDir::new().unwrap();
    let fault = Embedded::read_only(dir.path()).unwrap_err();
    assert_eq!((fault.code, fs::read_dir(dir.path()).unwrap().count()), (&DB_MISSING, 0));
    assert!(fault.message.contains("there is no embedded index in `"), "{fault}");
}

#[test]
fn a_file_that_was_only_begun_becomes_an_index() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join(FILE), "").unwrap();
    let index = open(&dir.path().join("")).unwrap();
    assert_eq!(index.reader().indices().unwrap(), [""; 0]);
}

/// What a process leaves that is killed now: the files as they are.
fn corpse(dir: &TempDir) -> TempDir {
    let copy = TempDir::new().unwrap();
    for name in [FILE, "sluice.sqlite-wal"] {
        fs::copy(dir.path().join(name), copy.path().join(name)).unwrap();
    }
    copy
}

#[test]
fn of_a_transaction_that_is_cut_short_nothing_is_left() {
    let dir = TempDir::new().unwrap();
    let mut store = Store::open(dir.path(), Arc::new(FakeClock::default())).unwrap();
    let one = [account(1, "Amber", "falcon")];
    store.transact(|transaction| documents::submit(transaction, &target("c", "r"), &one)).unwrap();
    // Small enough a cache that the log gets pages of the unfinished transaction.
    store.db.pragma_update(None, "cache_size", 10).unwrap();
    let more: Vec<_> = (2..2_000).map(|no| account(no, "Cobalt", "falcon")).collect();
    let log = || fs::metadata(dir.path().join("sluice.sqlite-wal")).unwrap().len();
    let (before, mut left) = (log(), None);
    let cut = store.transact(|transaction| {
        documents::submit(transaction, &target("c", "r"), &more)?;
        assert!(log() > before, "the unfinished transaction is in the log");
        left = Some(corpse(&dir));
        Err::<(), _>(rusqlite::Error::InvalidQuery)
    });
    assert_eq!(cut.unwrap_err().code, &DB_WRITE);
    store.close();
    for dir in [dir, left.unwrap()] {
        let index = open(dir.path()).unwrap();
        assert_eq!((found(&index.reader(), "falcon"), found(&index.reader(), "cobalt")), (ids(&[1]), ids(&[])));
        assert_eq!(index.reader().counts(INDEX).unwrap(), [("Account".to_owned(), 1)]);
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let (dir, index) = fresh();
    submit(&index, &target("c", "r"), vec![account(1, "Amber", "falcon")]).await;
    let left = corpse(&dir);
    assert_eq!(found(&Embedded::read_only(left.path()).unwrap(), "falcon"), ids(&[1]), "a reader comes first");
    assert_eq!(found(&open(left.path()).unwrap().reader(), "falcon"), ids(&[1]));
}

#[tokio::test]
async fn a_full_disk_is_told_and_what_was_there_stays() {
    let dir = TempDir::new().unwrap();
    let mut store = Store::open(dir.path(), Arc::new(FakeClock::default())).unwrap();
    let pages: u32 = store.db.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    store.db.pragma_update(None, "max_page_count", pages + 4).unwrap();
    let submit = |store: &mut Store, no, text: &str| {
        store.transact(|transaction| documents::submit(transaction, &target("c", "r"), &[account(no, "n", text)]))
    };
    submit(&mut store, 1, "falcon").unwrap();
    let fault = submit(&mut store, 2, &"falcon ".repeat(20_000)).unwrap_err();
    assert_eq!(fault.code, &DB_WRITE);
    assert!(fault.to_string().starts_with("cannot write to the embedded index: database or disk is full [DB0003]"), "{fault}");
    submit(&mut store, 3, "falcon").unwrap();
    let mut left = found(&Embedded::read_only(dir.path()).unwrap(), "falcon");
    left.sort_unstable();
    assert_eq!(left, ids(&[1, 3]));
}
