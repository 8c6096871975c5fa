//! What is kept comes back under its own key, within the limit, whatever happened to the file meanwhile.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use domain::RecordId;
use domain::catalog::Checksum;
use proptest::prelude::*;
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;

const MIB: u64 = 1 << 20;

fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("content.db");
    (directory, path)
}

fn open(path: &Path, max_bytes: u64) -> ContentStore {
    ContentStore::open(path, max_bytes).unwrap()
}

fn key(version: u32, sum: u8, maker: &str) -> ContentKey {
    let version: RecordId = format!("068{version:012}").parse().unwrap();
    ContentKey { version, checksum: Checksum::new([sum; 16]), maker: maker.into() }
}

fn numbered(version: u32) -> ContentKey {
    key(version, 0, "")
}

/// Bytes that cannot be deflated, others for each seed.
fn noise(seed: u32, length: usize) -> KeptContent {
    let mut random = fastrand::Rng::with_seed(seed.into());
    KeptContent::Bytes(std::iter::repeat_with(|| random.u8(..)).take(length).collect())
}

fn text(text: &str) -> KeptContent {
    KeptContent::Text(text.into())
}

fn bytes(store: &ContentStore) -> u64 {
    store.0.shelf().bytes()
}

#[actix_rt::test]
async fn each_kind_of_content_comes_back_as_it_was() {
    let (_directory, path) = place();
    let store = open(&path, MIB);
    let all = [
        text("Grüße"),
        KeptContent::Refused("it is damaged".into()),
        KeptContent::Bytes(vec![0, 255, 7]),
        text(""),
        text(&"long ".repeat(10_000)),
    ];
    for (version, content) in (1..).zip(&all) {
        assert_eq!(store.get(&numbered(version)).await.unwrap(), None);
        store.put(&numbered(version), content).await.unwrap();
    }
    // The same file, opened again.
    drop(store);
    let store = open(&path, MIB);
    for (version, content) in (1..).zip(&all) {
        assert_eq!(store.get(&numbered(version)).await.unwrap().as_ref(), Some(content));
    }
}

#[test]
fn each_part_of_the_key_tells_contents_apart() {
    let (_directory, path) = place();
    let store = open(&path, MIB);
    let keys = [key(1, 1, ""), key(2, 1, ""), key(1, 2, ""), key(1, 1, "builtin"), key(1, 1, "builtin-2")];
    for (number, key) in keys.iter().enumerate() {
        store.put_now(key, &text(&number.to_string())).unwrap();
    }
    for (number, key) in keys.iter().enumerate() {
        assert_eq!(store.get_now(key).unwrap(), Some(text(&number.to_string())));
    }
    assert_eq!(store.get_now(&key(2, 2, "")).unwrap(), None);
}

#[test]
fn what_is_used_again_and_again_outlives_what_is_not() {
    let (_directory, path) = place();
    let store = open(&path, 100_000);
    let (used, unused) = (numbered(1), numbered(2));
    store.put_now(&used, &noise(1, 1_000)).unwrap();
    store.put_now(&unused, &noise(2, 1_000)).unwrap();
    for version in 3..1_000 {
        store.put_now(&numbered(version), &noise(version, 1_000)).unwrap();
        assert_eq!(store.get_now(&used).unwrap(), Some(noise(1, 1_000)), "{version}");
    }
    assert_eq!(store.get_now(&unused).unwrap(), None);
}

#[test]
fn what_came_first_goes_first() {
    let (_directory, path) = place();
    let store = open(&path, 100_000);
    (1..=200).for_each(|version| store.put_now(&numbered(version), &noise(version, 1_000)).unwrap());
    let there: Vec<u32> = (1..=200).filter(|version| store.get_now(&numbered(*version)).unwrap().is_some()).collect();
    assert_eq!(there, (there[0]..=200).collect::<Vec<_>>());
    assert!((70..=80).contains(&there.len()), "{}", there.len());
}

#[test]
fn reading_what_nobody_adds_to_writes_nothing() {
    let (_directory, path) = place();
    let store = open(&path, MIB);
    (1..50).for_each(|version| store.put_now(&numbered(version), &noise(version, 1_000)).unwrap());
    let changes = || store.0.shelf().db.total_changes();
    let before = changes();
    (1..50).for_each(|version| assert!(store.get_now(&numbered(version)).unwrap().is_some()));
    assert_eq!(changes(), before);
}

#[test]
fn content_that_would_drive_out_much_else_is_not_kept() {
    let (_directory, path) = place();
    let store = open(&path, 80_000);
    store.put_now(&numbered(1), &noise(1, 9_000)).unwrap();
    store.put_now(&numbered(1), &noise(2, 10_000)).unwrap();
    assert_eq!((store.get_now(&numbered(1)).unwrap(), bytes(&store)), (None, 0));
    // Deflated it is small.
    store.put_now(&numbered(1), &text(&" ".repeat(100_000))).unwrap();
    assert!(store.get_now(&numbered(1)).unwrap().is_some());
}

#[test]
fn a_limit_of_nothing_keeps_nothing() {
    let (_directory, path) = place();
    let store = open(&path, 0);
    store.put_now(&numbered(1), &text("x")).unwrap();
    assert_eq!(store.get_now(&numbered(1)).unwrap(), None);
}

#[test]
fn a_lower_limit_is_kept_to_from_the_start_and_the_file_shrinks() {
    let (_directory, path) = place();
    let store = open(&path, 8 * MIB);
    (1..=60).for_each(|version| store.put_now(&numbered(version), &noise(version, 100_000)).unwrap());
    drop(store);
    let store = open(&path, MIB);
    assert!(bytes(&store) <= MIB && bytes(&store) > MIB / 2);
    assert!(store.get_now(&numbered(60)).unwrap().is_some() && store.get_now(&numbered(1)).unwrap().is_none());
    assert!(fs::metadata(&path).unwrap().len() < 2 * MIB);
}

#[test]
fn the_file_stays_near_its_limit() {
    let (_directory, path) = place();
    let store = open(&path, 4 * MIB);
    let mut random = fastrand::Rng::with_seed(1);
    (1..=2_000).for_each(|version| store.put_now(&numbered(version), &noise(version, random.usize(..20_000))).unwrap());
    drop(store);
    let whole = open(&path, 4 * MIB);
    whole.0.shelf().db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let length = fs::metadata(&path).unwrap().len();
    assert!(length < 5 * MIB, "{length}");
}

#[test]
fn two_processes_see_what_the_other_one_keeps() {
    let (_directory, path) = place();
    let (one, other) = (open(&path, MIB), open(&path, MIB));
    one.put_now(&numbered(1), &text("of one")).unwrap();
    other.put_now(&numbered(2), &text("of the other")).unwrap();
    assert_eq!(other.get_now(&numbered(1)).unwrap(), Some(text("of one")));
    drop(other);
    assert_eq!(one.get_now(&numbered(2)).unwrap(), Some(text("of the other")));
}

#[actix_rt::test]
async fn many_threads_use_it_at_once() {
    let (_directory, path) = place();
    let stores = [open(&path, MIB), open(&path, MIB)];
    let puts = (1..=200).map(|version| (stores[version as usize % 2].clone(), numbered(version), noise(version, 500)));
    futures::future::join_all(puts.map(async |(store, key, content)| {
        store.put(&key, &content).await.unwrap();
        assert_eq!(store.get(&key).await.unwrap(), Some(content));
    }))
    .await;
    assert_eq!(bytes(&stores[0]), bytes(&stores[1]));
}

#[test]
fn nobody_but_the_owner_may_read_it() {
    let (_directory, path) = place();
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let store = open(&path, MIB);
    store.put_now(&numbered(1), &text("x")).unwrap();
    for entry in fs::read_dir(path.parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
    }
}

#[test]
fn a_file_of_others_is_refused_by_name_and_left_as_it_is() {
    let (directory, path) = place();
    let foreign = |path: &Path| {
        let before = fs::read(path).unwrap();
        for fault in [ContentStore::open(path, MIB).unwrap_err(), ContentStore::clear(path).unwrap_err()] {
            assert!(fault.code == &CF_INVALID && fault.message.contains("content.db"), "{fault}");
        }
        assert_eq!(fs::read(path).unwrap(), before);
    };
    fs::write(&path, "a diary, in which there is more than a hundred bytes of text, so that it could be taken for a header".repeat(3))
        .unwrap();
    foreign(&path);
    fs::remove_file(&path).unwrap();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (x); PRAGMA journal_mode = WAL; INSERT INTO t VALUES (1)").unwrap();
    foreign(&path);
    let fault = ContentStore::open(directory.path(), MIB).unwrap_err();
    assert!(fault.code == &CF_INVALID && fault.message.ends_with("is no file; it was left as it is"), "{fault}");
    let fault = ContentStore::open(&path.join("below/a/file"), MIB).unwrap_err();
    assert!(fault.code == &CF_INVALID && fault.message.contains("cannot be used"), "{fault}");
}

#[test]
fn the_cache_of_another_version_is_replaced() {
    let (_directory, path) = place();
    open(&path, MIB).put_now(&numbered(1), &text("old")).unwrap();
    let db = Connection::open(&path).unwrap();
    db.execute_batch("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let new = open(&path, MIB);
    assert_eq!(new.get_now(&numbered(1)).unwrap(), None);
    new.put_now(&numbered(1), &text("new")).unwrap();
    // Who has the old one open goes on with it and does the new one no harm.
    db.execute_batch("DELETE FROM contents").unwrap();
    drop(new);
    assert_eq!(open(&path, MIB).get_now(&numbered(1)).unwrap(), Some(text("new")));
}

#[test]
fn an_old_user_that_leaves_does_the_new_file_no_harm() {
    let (_directory, path) = place();
    let old = open(&path, MIB);
    old.put_now(&numbered(1), &text("old")).unwrap();
    old.0.place.note_damage();
    let new = open(&path, MIB);
    new.put_now(&numbered(2), &text("new")).unwrap();
    old.put_now(&numbered(3), &text("of no use to others")).unwrap();
    drop((old, new));
    let again = open(&path, MIB);
    assert_eq!([1, 2, 3].map(|version| again.get_now(&numbered(version)).unwrap()), [None, Some(text("new")), None]);
}

#[test]
fn a_damaged_file_is_replaced() {
    let (_directory, path) = place();
    let store = open(&path, MIB);
    (1..=40).for_each(|version| store.put_now(&numbered(version), &noise(version, 9_000)).unwrap());
    store.0.shelf().db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(store);
    let mut file = fs::read(&path).unwrap();
    let (_, rest) = file.split_at_mut(100);
    rest.fill(0x5a);
    fs::write(&path, file).unwrap();
    let store = open(&path, MIB);
    assert_eq!(store.get_now(&numbered(1)).unwrap(), None);
    store.put_now(&numbered(1), &text("x")).unwrap();
    assert_eq!(store.get_now(&numbered(1)).unwrap(), Some(text("x")));
}

#[test]
fn damage_that_shows_later_is_a_fault_now_and_an_empty_file_next_time() {
    let (_directory, path) = place();
    let store = open(&path, MIB);
    store.put_now(&numbered(1), &text("x")).unwrap();
    store.0.shelf().db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(store);
    let whole = fs::read(&path).unwrap();
    // Everything but the first page and the tally, which is all that is looked at when it is opened.
    let db = Connection::open(&path).unwrap();
    let root: usize = db.query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'contents_identity'", [], |row| row.get(0)).unwrap();
    drop(db);
    let mut file = whole;
    file[(root - 1) * 8_192..root * 8_192].fill(0x5a);
    fs::write(&path, file).unwrap();
    let store = open(&path, MIB);
    assert_eq!(store.get_now(&numbered(1)).unwrap_err().code, &DB_WRITE);
    drop(store);
    let store = open(&path, MIB);
    assert_eq!(store.get_now(&numbered(1)).unwrap(), None);
    store.put_now(&numbered(1), &text("y")).unwrap();
    assert_eq!(open(&path, MIB).get_now(&numbered(1)).unwrap(), Some(text("y")));
}

#[test]
fn a_content_that_is_damaged_is_not_there() {
    let (_directory, path) = place();
    let store = open(&path, MIB);
    store.put_now(&numbered(1), &text("words")).unwrap();
    store.0.shelf().db.execute("UPDATE bodies SET body = X'00'", []).unwrap();
    assert_eq!(store.get_now(&numbered(1)).unwrap(), None);
    assert_eq!(bytes(&store), 0);
}

#[test]
fn clearing_leaves_an_empty_cache_to_those_who_use_it() {
    let (_directory, path) = place();
    assert_eq!(ContentStore::clear(&path).unwrap(), 0);
    assert!(!path.exists());
    let store = open(&path, MIB);
    (1..=9).for_each(|version| store.put_now(&numbered(version), &noise(version, 50_000)).unwrap());
    assert_eq!(ContentStore::clear(&path).unwrap(), 9);
    assert_eq!((store.get_now(&numbered(1)).unwrap(), bytes(&store)), (None, 0));
    assert!(fs::metadata(&path).unwrap().len() < 200_000);
    store.put_now(&numbered(1), &text("x")).unwrap();
    assert_eq!(store.get_now(&numbered(1)).unwrap(), Some(text("x")));
}

#[derive(Clone, Debug)]
enum Step {
    Put { key: u32, seed: u32, length: usize },
    Get { key: u32 },
    OpenAgain,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1u32..20, any::<u32>(), 0usize..1_500).prop_map(|(key, seed, length)| Step::Put { key, seed, length }),
        3 => (1u32..20).prop_map(|key| Step::Get { key }),
        1 => Just(Step::OpenAgain),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_cache_forgets_and_never_lies(steps in prop::collection::vec(step(), 1..120), max_bytes in 2_000u64..20_000) {
        let (_directory, path) = place();
        let mut store = open(&path, max_bytes);
        let mut latest = HashMap::new();
        for step in steps {
            match step {
                Step::Put { key, seed, length } => {
                    let content = noise(seed, length);
                    store.put_now(&numbered(key), &content).unwrap();
                    let fits = 256 + length as u64 <= max_bytes / 8;
                    prop_assert_eq!(store.get_now(&numbered(key)).unwrap(), fits.then(|| content.clone()));
                    latest.insert(key, content);
                }
                Step::Get { key } => {
                    let found = store.get_now(&numbered(key)).unwrap();
                    prop_assert!(found.is_none() || found.as_ref() == latest.get(&key));
                }
                Step::OpenAgain => {
                    drop(store);
                    store = open(&path, max_bytes);
                }
            }
            prop_assert!(bytes(&store) <= max_bytes);
            let summed: u64 = store.0.shelf().db.query_row("SELECT coalesce(sum(size), 0) FROM contents", [], |row| row.get(0)).unwrap();
            prop_assert_eq!(bytes(&store), summed);
        }
    }
}
