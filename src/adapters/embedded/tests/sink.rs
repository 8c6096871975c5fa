//! Put, keep, sweep, export.

use ports::{SetAside, Sink};
use proptest::prelude::*;

use domain::{Brake, BulkOp, FILE_GONE, Fault, JobType, RunId, Swept};
use ports::Checkpoints;

use super::*;
use crate::ExportError;
use crate::embedded::documents::{self, Doomed, Work};
use crate::embedded::store::Store;

/// Deletes what the run did not meet, however much it is; returns how many.
async fn swept(index: &Embedded, target: &Target, spare: &[String]) -> u64 {
    match index.sweep(target, spare, Brake::OFF).await.unwrap() {
        Swept::Deleted(deleted) => deleted,
        Swept::Held(hold) => panic!("{hold:?}"),
    }
}

#[tokio::test]
async fn an_update_is_found_by_its_new_words_only() {
    let (_dir, index) = fresh();
    let (target, reader) = (target("c", "r"), index.reader());
    submit(&index, &target, vec![account(1, "Amber", "falcon"), account(2, "Cobalt", "falcon")]).await;
    assert_eq!(found(&reader, "falcon").len(), 2);
    submit(&index, &target, vec![account(1, "Ember", "harbor")]).await;
    assert_eq!(found(&reader, "falcon"), ids(&[2]));
    assert_eq!(found(&reader, "amber"), ids(&[]));
    assert_eq!(found(&reader, "ember harbor"), ids(&[1]));
}

#[tokio::test]
async fn of_a_document_that_is_put_twice_in_one_batch_the_last_counts() {
    let (_dir, index) = fresh();
    submit(&index, &target("c", "r"), vec![account(1, "a", "falcon"), account(1, "a", "harbor"), account(1, "a", "meadow")]).await;
    let reader = index.reader();
    assert_eq!((found(&reader, "falcon"), found(&reader, "harbor"), found(&reader, "meadow")), (ids(&[]), ids(&[]), ids(&[1])));
    assert_eq!(reader.counts(INDEX).unwrap(), [("Account".to_owned(), 1)]);
}

#[tokio::test]
async fn a_sweep_deletes_what_the_run_did_not_meet_and_nothing_of_others() {
    let (_dir, index) = fresh();
    let mut elsewhere = target("c", "old");
    elsewhere.index = IndexName::new("other");
    submit(&index, &elsewhere, vec![account(1, "elsewhere", "falcon")]).await;
    submit(&index, &target("d", "old"), vec![account(9, "of another connector", "falcon")]).await;
    submit(&index, &target("c", "old"), (1..=5).map(|no| account(no, "n", "falcon")).collect()).await;
    let new = target("c", "new");
    submit(&index, &new, vec![account(1, "n", "falcon"), account(2, "n", "changed"), BulkOp::Keep(id(3)), BulkOp::Keep(id(9))]).await;
    assert_eq!(swept(&index, &new, &[]).await, 2);
    let reader = index.reader();
    assert_eq!(reader.document(INDEX, id(4).as_str()).unwrap(), None);
    let request = SearchRequest { index: Some(INDEX.into()), text: "falcon".into(), size: 9, ..Default::default() };
    let mut left: Vec<_> = reader.search(&request).unwrap().hits.into_iter().map(|hit| hit.id).collect();
    left.sort_unstable();
    assert_eq!(left, ids(&[1, 3, 9]));
    assert_eq!(reader.counts("other").unwrap(), [("Account".to_owned(), 1)]);
    assert_eq!(swept(&index, &target("d", "old"), &[]).await, 0, "keep must not touch another connector's stamp");
    assert_eq!(reader.indices().unwrap(), ["other", INDEX]);
}

#[tokio::test]
async fn a_sweep_spares_kinds_that_were_not_read() {
    let (_dir, index) = fresh();
    let of = |no, kind: &str| put(no, &format!(r#"{{"attributes":{{"type":"{kind}"}}}}"#));
    let file = put(4, r#"{"type":"content_document"}"#);
    submit(&index, &target("c", "old"), vec![of(1, "Account"), of(2, "Lead"), of(3, r#"It's \"odd\""#), file]).await;
    let spare = ["Lead".to_owned(), "It's \"odd\"".to_owned(), "content_document".to_owned()];
    assert_eq!(swept(&index, &target("c", "new"), &spare).await, 1);
    assert_eq!(found(&index.reader(), ""), ids(&[4, 3, 2]));
    assert_eq!(swept(&index, &target("c", "new"), &spare[..2]).await, 1);
    assert_eq!(found(&index.reader(), ""), ids(&[3, 2]));
}

#[tokio::test]
async fn keep_leaves_the_body_and_creates_nothing() {
    let (_dir, index) = fresh();
    submit(&index, &target("c", "old"), vec![account(1, "n", "falcon")]).await;
    let before = index.reader().document(INDEX, id(1).as_str()).unwrap();
    submit(&index, &target("c", "new"), vec![BulkOp::Keep(id(1)), BulkOp::Keep(id(2))]).await;
    assert_eq!(index.reader().document(INDEX, id(1).as_str()).unwrap(), before);
    assert_eq!(index.reader().document(INDEX, id(2).as_str()).unwrap(), None);
    assert_eq!(swept(&index, &target("c", "new"), &[]).await, 0);
}

#[test]
fn a_sweep_goes_in_steps_and_misses_nothing_between_them() {
    let dir = tempfile::TempDir::new().unwrap();
    let mut store = Store::open(dir.path(), Arc::new(FakeClock::default())).unwrap();
    let submit = |store: &mut Store, run: &str, numbers: &[usize]| {
        let ops: Vec<_> = numbers.iter().map(|no| account(*no, "n", "t")).collect();
        store.transact(|transaction| documents::submit(transaction, &target("c", run), &ops)).unwrap();
    };
    submit(&mut store, "old", &(0..10).collect::<Vec<_>>());
    submit(&mut store, "new", &[0, 3, 4, 9]);
    let doomed = Doomed::not_met(&target("c", "new"), &[]);
    let mut step = |after| store.transact(|transaction| doomed.step(transaction, &Work::Delete, after, 4)).unwrap();
    let (first, Some(last)) = step(0) else { panic!("there is more") };
    let (second, Some(last)) = step(last) else { panic!("there is more") };
    assert_eq!((first, second, step(last)), (4, 2, (0, None)));
}

#[tokio::test]
async fn an_export_is_sorted_and_byte_exact() {
    let (_dir, index) = fresh();
    let odd = ["{ \"a\" : 1.10,\t\"b\":\"\\u00e9\" }", "{\"n\":12345678901234567890}", "no json \u{0} at all", "{\"\":\"é🎉\"}"];
    submit(&index, &target("c", "r"), odd.iter().enumerate().map(|(no, body)| put(9 - no, body)).collect()).await;
    let broken = BulkOp::Put(Document { id: id(1), body: b"{\"\xff\xfe\":1}".to_vec() });
    submit(&index, &target("c", "r"), vec![broken.clone(), broken]).await;
    let mut exported = Vec::new();
    let count = index.reader().export(INDEX, |id, body| {
        exported.push((id.to_owned(), body.to_vec()));
        Ok(())
    });
    assert_eq!(count.unwrap(), 5);
    let mut expected = vec![(id(1).to_string(), b"{\"\xff\xfe\":1}".to_vec())];
    expected.extend((6..=9).map(|no| (id(no).to_string(), odd[9 - no].as_bytes().to_vec())));
    assert_eq!(exported, expected);
}

#[tokio::test]
async fn an_export_ends_where_its_output_does() {
    let (_dir, index) = fresh();
    submit(&index, &target("c", "r"), (1..=3).map(|no| account(no, "n", "t")).collect()).await;
    let mut calls = 0;
    let ended = index.reader().export(INDEX, |_, _| {
        calls += 1;
        Err(std::io::ErrorKind::BrokenPipe.into())
    });
    assert!(matches!(ended, Err(ExportError::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe));
    assert_eq!(calls, 1);
}

fn aside(no: usize) -> SetAside {
    SetAside { id: Some(id(no)), what: "file".into(), fault: Fault::new(&FILE_GONE, "gone") }
}

#[tokio::test]
async fn what_is_set_aside_stays_until_a_later_run_of_its_kind_completes() {
    let (_dir, index) = fresh();
    let connector = ConnectorId::new("c");
    let runs = || -> Vec<_> { index.reader().set_asides("c", 9).unwrap().into_iter().rev().map(|entry| entry.run).collect() };
    let begin = async |run: &str, kind| {
        let checkpoint = domain::Checkpoint::fresh(RunId::new(run), String::new());
        Checkpoints::store(&index, &connector, kind, &checkpoint).await.unwrap();
        index.set_aside(&target("c", run), vec![aside(1), aside(1)]).await.unwrap();
    };
    index.set_aside(&target("c", "full 0, without checkpoint"), vec![aside(1)]).await.unwrap();
    begin("full 1", JobType::Full).await;
    begin("incremental 1", JobType::Incremental).await;
    assert_eq!(runs(), ["full 0, without checkpoint", "full 1", "incremental 1"]);
    index.clear(&connector, JobType::Full).await.unwrap();
    assert_eq!(runs(), ["full 1", "incremental 1"], "the other run goes on");
    index.clear(&connector, JobType::Incremental).await.unwrap();
    begin("full 2", JobType::Full).await;
    assert_eq!(runs(), ["full 1", "incremental 1", "full 2"], "not complete yet");
    index.clear(&connector, JobType::Full).await.unwrap();
    assert_eq!(runs(), ["incremental 1", "full 2"]);
    let entry = index.reader().set_asides("c", 1).unwrap().remove(0);
    assert_eq!((entry.id, entry.what, entry.code, entry.message), (Some(id(1).to_string()), "file".into(), "SF0403".into(), "gone".into()));
    assert_eq!((entry.index.as_str(), entry.at), (INDEX, Timestamp::UNIX_EPOCH));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn words_and_documents_never_part(steps in proptest::collection::vec((0..6usize, 0..4usize, 0..3usize), 1..40)) {
        let dir = tempfile::TempDir::new().unwrap();
        let mut store = Store::open(dir.path(), Arc::new(FakeClock::default())).unwrap();
        let words = ["falcon", "harbor", "meadow", "stone"];
        let mut model = std::collections::BTreeMap::new();
        for (step, chunk) in steps.chunks(3).enumerate() {
            let target = target("c", &format!("{}", step / 4));
            let ops: Vec<_> = chunk.iter().map(|(no, word, _)| account(*no, "n", words[*word])).collect();
            store.transact(|transaction| documents::submit(transaction, &target, &ops)).unwrap();
            model.extend(chunk.iter().map(|(no, word, _)| (*no, (*word, step / 4))));
            if chunk[0].2 == 0 {
                store.transact(|transaction| Doomed::not_met(&target, &[]).step(transaction, &Work::Delete, 0, 100)).unwrap();
                model.retain(|_, (_, run)| *run == step / 4);
            }
        }
        // FTS5's own check compares its index with every text.
        store.db.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)", []).unwrap();
        let reader = Embedded::read_only(dir.path()).unwrap();
        for (no, word) in words.iter().enumerate() {
            let mut hits = found(&reader, word);
            hits.sort_unstable();
            let expected: Vec<_> = model.iter().filter(|(_, (word, _))| *word == no).map(|(no, _)| *no).collect();
            prop_assert_eq!(hits, ids(&expected));
        }
    }
}
