//! Jobs and checkpoints.

use domain::{Checkpoint, Counts, DB_WRITE, Ended, Job, JobId, JobStatus, JobType, Progress};
use ports::{Checkpoints, JobBoard};

use super::*;

static OURS: std::sync::LazyLock<[ConnectorId; 1]> = std::sync::LazyLock::new(|| [ConnectorId::new("c")]);

fn job(name: &str) -> Job {
    Job { id: JobId::new(name), connector: ConnectorId::new("c"), index: IndexName::new(INDEX), kind: JobType::Incremental }
}
fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[tokio::test]
async fn the_oldest_job_that_waits_is_claimed_once() {
    let (_dir, index) = fresh();
    for name in ["a", "b", "a"] {
        index.post(&job(name), at(1)).await.unwrap();
    }
    assert_eq!(index.claim(&*OURS, JobType::Full.family(), at(2)).await.unwrap(), Some(job("a")));
    index.post(&job("a"), at(2)).await.unwrap();
    assert_eq!(
        index.claim(&*OURS, JobType::Full.family(), at(3)).await.unwrap(),
        Some(job("b")),
        "a job that is posted again stays claimed"
    );
    assert_eq!(index.claim(&*OURS, JobType::Full.family(), at(4)).await.unwrap(), None);
    let stop = Ended { status: JobStatus::Suspended, fault: None, counts: Counts::default() };
    index.finish(&job("a").id, &stop, at(5)).await.unwrap();
    assert_eq!(index.claim(&*OURS, JobType::Full.family(), at(6)).await.unwrap(), Some(job("a")), "suspended jobs wait too");
}

#[tokio::test]
async fn a_job_of_another_connector_is_left_to_those_who_serve_it() {
    let (_dir, index) = fresh();
    index.post(&Job { connector: ConnectorId::new("theirs"), ..job("a") }, at(1)).await.unwrap();
    index.post(&job("b"), at(2)).await.unwrap();
    assert_eq!(index.claim(&*OURS, JobType::Full.family(), at(3)).await.unwrap(), Some(job("b")));
    assert_eq!(index.claim(&*OURS, JobType::Full.family(), at(4)).await.unwrap(), None);
}

#[tokio::test]
async fn many_who_claim_at_once_get_different_jobs() {
    let (_dir, index) = fresh();
    for no in 0..20 {
        index.post(&job(&no.to_string()), at(no)).await.unwrap();
    }
    let claims = futures::future::join_all((0..30).map(|_| index.claim(&*OURS, JobType::Full.family(), at(99)))).await;
    let got: std::collections::BTreeSet<_> = claims.iter().flat_map(|claim| claim.as_ref().unwrap()).map(|job| job.id.clone()).collect();
    assert_eq!((got.len(), claims.iter().filter(|claim| **claim == Ok(None)).count()), (20, 10));
}

#[tokio::test]
async fn the_board_remembers_how_jobs_went() {
    let (_dir, index) = fresh();
    for (no, name) in ["a", "b", "c"].into_iter().enumerate() {
        index.post(&job(name), at(no as i64)).await.unwrap();
        index.claim(&*OURS, JobType::Full.family(), at(5)).await.unwrap();
    }
    let counts = Counts { read: 7, written: 6, ..Counts::default() };
    index.progress(&job("b").id, counts.clone(), at(6)).await.unwrap();
    let fault = Fault::new(&DB_WRITE, "disk is full");
    let ended = Ended { status: JobStatus::Error, fault: Some(fault.clone()), counts: counts.clone() };
    index.finish(&job("a").id, &ended, at(9)).await.unwrap();
    let history = index.history(&ConnectorId::new("c"), JobType::Full.family(), 2).await.unwrap();
    assert_eq!(history.iter().map(|record| record.job.id.as_str()).collect::<Vec<_>>(), ["c", "b"]);
    assert_eq!(
        (history[1].status, history[1].created, history[1].ended, &history[1].counts),
        (JobStatus::InProgress, at(1), None, &counts)
    );
    let oldest = index.reader().jobs(None, 9).unwrap().remove(2);
    assert_eq!((oldest.status, oldest.ended, oldest.error), (JobStatus::Error, Some(at(9)), Some(fault.to_string())));
    assert_eq!(index.reader().jobs(Some("other"), 9).unwrap(), []);
}

#[tokio::test]
async fn jobs_that_ended_long_ago_are_forgotten_when_the_next_one_ends() {
    let (_dir, index) = fresh();
    let ended = |status| Ended { status, fault: None, counts: Counts::default() };
    for (name, status) in [("old", JobStatus::Completed), ("waits", JobStatus::Suspended), ("new", JobStatus::Error)] {
        index.post(&job(name), at(1)).await.unwrap();
        index.finish(&job(name).id, &ended(status), at(if name == "new" { 11 } else { 9 })).await.unwrap();
    }
    index.post(&Job { connector: ConnectorId::new("theirs"), ..job("other") }, at(1)).await.unwrap();
    index.finish(&JobId::new("other"), &ended(JobStatus::Completed), at(9)).await.unwrap();
    index.post(&job("last"), at(12)).await.unwrap();
    let month = i64::try_from(domain::REMEMBERED.as_secs()).unwrap();
    index.finish(&job("last").id, &ended(JobStatus::Completed), at(month + 10)).await.unwrap();
    let left: Vec<_> = index.reader().jobs(None, 9).unwrap().into_iter().map(|record| record.job.id.to_string()).collect();
    assert_eq!(left, ["last", "other", "new", "waits"]);
}

#[tokio::test]
async fn jobs_that_a_dead_process_left_in_work_wait_again() {
    let (dir, index) = fresh();
    index.post(&job("a"), at(1)).await.unwrap();
    index.claim(&*OURS, JobType::Full.family(), at(2)).await.unwrap();
    drop(index);
    let index = open(dir.path()).unwrap();
    assert_eq!(index.reader().jobs(None, 1).unwrap()[0].status, JobStatus::Suspended);
    assert_eq!(index.claim(&*OURS, JobType::Full.family(), at(3)).await.unwrap(), Some(job("a")));
}

#[tokio::test]
async fn checkpoints_are_kept_per_connector_and_kind_until_they_are_cleared() {
    let (dir, index) = fresh();
    let connector = ConnectorId::new("c");
    let mut checkpoint = Checkpoint::fresh(RunId::new("r"), "print".into());
    Checkpoints::store(&index, &connector, JobType::Full, &checkpoint).await.unwrap();
    checkpoint.objects.insert("Account".into(), Progress { after: Some(id(7)), done: false });
    Checkpoints::store(&index, &connector, JobType::Full, &checkpoint).await.unwrap();
    drop(index);
    let index = open(dir.path()).unwrap();
    assert_eq!(index.load(&connector, JobType::Full).await.unwrap(), Some(checkpoint));
    assert_eq!(index.load(&connector, JobType::Incremental).await.unwrap(), None);
    assert_eq!(index.load(&ConnectorId::new("d"), JobType::Full).await.unwrap(), None);
    index.clear(&connector, JobType::Full).await.unwrap();
    assert_eq!(index.load(&connector, JobType::Full).await.unwrap(), None);
}
