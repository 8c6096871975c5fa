//! Deletes that are held back, and what becomes of them.

use domain::{Brake, BulkOp, Hold, Swept};
use ports::{Checkpoints, Sink};

use super::*;
use crate::embedded::documents::{self, Doomed, Work};
use crate::embedded::store::Store;

/// An index of forty documents of which the run `new` has met the first twenty.
async fn half_met() -> (TempDir, Embedded) {
    let (dir, index) = fresh();
    submit(&index, &target("d", "old"), (100..400).map(|no| account(no, "of another connector", "t")).collect()).await;
    submit(&index, &target("c", "old"), (0..40).map(|no| account(no, "n", "t")).collect()).await;
    submit(&index, &target("c", "new"), (0..20).map(|no| BulkOp::Keep(id(no))).collect()).await;
    (dir, index)
}

async fn held(index: &Embedded, run: &str, spare: &[String]) -> Hold {
    match index.sweep(&target("c", run), spare, Brake::default()).await.unwrap() {
        Swept::Held(hold) => hold,
        Swept::Deleted(deleted) => panic!("{deleted} were deleted"),
    }
}

fn count(index: &Embedded) -> u64 {
    index.reader().counts(INDEX).unwrap().iter().map(|(_, count)| count).sum()
}

#[tokio::test]
async fn too_many_deletes_wait_for_leave_even_over_a_restart() {
    let (dir, index) = half_met().await;
    let hold = held(&index, "new", &[]).await;
    assert_eq!((hold.doomed, hold.total, hold.run.as_str(), hold.at), (20, 40, "new", Timestamp::UNIX_EPOCH));
    assert_eq!(count(&index), 340, "nothing is deleted");
    index.keep_hold(&hold).await.unwrap();
    drop(index);

    let index = open(dir.path()).unwrap();
    assert_eq!(index.hold(&ConnectorId::new("d")).await.unwrap(), None);
    let kept = index.hold(&ConnectorId::new("c")).await.unwrap().unwrap();
    assert_eq!(kept, hold);
    assert_eq!(index.confirm(&kept).await.unwrap(), 20);
    assert_eq!((count(&index), index.confirm(&kept).await.unwrap()), (320, 0), "twice does no harm");
    assert!(index.reader().document(INDEX, id(19).as_str()).unwrap().is_some());
    assert_eq!(index.reader().document(INDEX, id(20).as_str()).unwrap(), None);
    index.drop_hold(&ConnectorId::new("c")).await.unwrap();
    assert_eq!(index.hold(&ConnectorId::new("c")).await.unwrap(), None);
}

#[tokio::test]
async fn what_any_run_touches_after_it_was_held_stays() {
    let (_dir, index) = half_met().await;
    let hold = held(&index, "new", &[]).await;
    submit(&index, &target("c", "newer"), vec![account(20, "n", "t"), BulkOp::Keep(id(21)), account(50, "n", "t")]).await;
    // A run that broke off before and goes on writes its stamp of old again.
    submit(&index, &target("c", "old"), vec![account(22, "n", "changed")]).await;
    submit(&index, &target("d", "old"), vec![account(23, "taken over by another connector", "t")]).await;
    assert_eq!(index.confirm(&hold).await.unwrap(), 16);
    for no in [0, 19, 20, 21, 22, 23, 50] {
        assert!(index.reader().document(INDEX, id(no).as_str()).unwrap().is_some(), "{no}");
    }
}

#[tokio::test]
async fn the_next_run_holds_the_same_again_and_what_it_meets_is_free() {
    let (_dir, index) = half_met().await;
    let first = held(&index, "new", &[]).await;
    submit(&index, &target("c", "newer"), (0..25).map(|no| BulkOp::Keep(id(no))).collect()).await;
    let second = held(&index, "newer", &[]).await;
    assert_eq!((second.doomed, second.total), (15, 40));
    assert_eq!(index.confirm(&first).await.unwrap(), 0, "what was held has another stamp now");
    assert_eq!(index.confirm(&second).await.unwrap(), 15);
    let swept = index.sweep(&target("c", "newer"), &[], Brake::default()).await;
    assert_eq!((swept, count(&index)), (Ok(Swept::Deleted(0)), 325));
}

#[tokio::test]
async fn kinds_that_are_spared_are_neither_counted_nor_held() {
    let (_dir, index) = half_met().await;
    let lead = |no| put(no, r#"{"attributes":{"type":"Lead"}}"#);
    submit(&index, &target("c", "old"), (50..60).map(lead).collect()).await;
    let spare = ["Lead".to_owned()];
    let hold = held(&index, "new", &spare).await;
    assert_eq!((hold.doomed, hold.total, hold.spare.as_slice()), (20, 50, &spare[..]));
    assert_eq!((index.confirm(&hold).await.unwrap(), count(&index)), (20, 330));
    let account = ["Account".to_owned()];
    let swept = index.sweep(&target("c", "new"), &account, Brake::default()).await;
    assert_eq!(swept, Ok(Swept::Deleted(10)), "ten are few, however small the index");
}

#[test]
fn stamps_are_changed_in_steps_and_none_is_missed_between_them() {
    let dir = TempDir::new().unwrap();
    let mut store = Store::open(dir.path(), Arc::new(FakeClock::default())).unwrap();
    let ops: Vec<_> = (0..10).map(|no| account(no, "n", "t")).collect();
    store.transact(|transaction| documents::submit(transaction, &target("c", "old"), &ops)).unwrap();
    let doomed = Doomed::not_met(&target("c", "new"), &[]);
    let stamp = Work::Stamp("held".to_owned());
    let mut step = |after| store.transact(|transaction| doomed.step(transaction, &stamp, after, 4)).unwrap();
    let (mut done, mut after) = (vec![], Some(0));
    while let Some(from) = after {
        let (count, last) = step(from);
        done.push(count);
        after = last;
    }
    assert_eq!(done, [4, 4, 2, 0]);
}

#[tokio::test]
async fn a_file_that_is_older_than_holds_is_opened_and_can_hold() {
    let (dir, index) = half_met().await;
    let hold = held(&index, "new", &[]).await;
    drop(index);
    let store = Store::open(dir.path(), Arc::new(FakeClock::default())).unwrap();
    store.db.execute("DROP TABLE holds", []).unwrap();
    store.close();
    let index = open(dir.path()).unwrap();
    assert_eq!(index.hold(&ConnectorId::new("c")).await.unwrap(), None);
    index.keep_hold(&hold).await.unwrap();
    index.keep_hold(&Hold { doomed: 3, ..hold.clone() }).await.unwrap();
    assert_eq!(index.hold(&ConnectorId::new("c")).await.unwrap().map(|hold| hold.doomed), Some(3), "the last one counts");
}
