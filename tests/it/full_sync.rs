//! A full sync brings everything, deletes what is gone, and says what it could not do.

use domain::{JobStatus, RunId, SF_DAILY_LIMIT, SF_SILENT};
use ports::fakes::{FakeSource, Script};

use crate::world::{World, process};

fn org() -> FakeSource {
    FakeSource { objects: 3, pages: 8, children: 3, files: true, ..FakeSource::default() }
}

#[test]
fn every_record_and_every_file_is_indexed_once_and_the_job_completes() {
    process(async {
        let world = World::new(org());
        let ended = world.sync().await;
        assert_eq!((ended.status, ended.fault), (JobStatus::Completed, None));
        assert_eq!(world.records(), world.source.ids());
        assert_eq!(ended.counts.read, 72);
        assert_eq!(world.sink.docs.borrow().len(), 72 + 25, "a file per record number and one more");
        assert_eq!((ended.counts.written, ended.counts.files, ended.counts.cut), (97, 25, 8), "e-mails of cases are cut at two");
        assert!(world.checkpoints.kept.borrow().is_none(), "a complete run leaves no checkpoint");
    });
}

#[test]
fn what_the_sync_did_not_meet_is_deleted_at_its_end() {
    process(async {
        let world = World::new(org());
        let gone = FakeSource::id("Account", 999);
        world.sink.docs.borrow_mut().insert(gone, (b"{}".to_vec(), RunId::new("before")));
        let ended = world.sync().await;
        assert_eq!((ended.counts.deleted, world.sink.docs.borrow().contains_key(&gone)), (1, false));
    });
}

#[test]
fn nothing_is_deleted_by_a_run_that_did_not_finish() {
    process(async {
        let world = World::new(org());
        let kept = FakeSource::id("Account", 999);
        world.sink.docs.borrow_mut().insert(kept, (b"{}".to_vec(), RunId::new("before")));
        world.source.on_page.on(5, Script::Fail(&SF_DAILY_LIMIT));
        let ended = world.sync().await;
        assert_eq!((ended.status, ended.fault.map(|fault| fault.code)), (JobStatus::Error, Some(&SF_DAILY_LIMIT)));
        assert_eq!((world.sink.sweeps.get(), world.sink.docs.borrow().contains_key(&kept)), (0, true));
    });
}

#[test]
fn transient_faults_cost_a_restart_and_nothing_else() {
    process(async {
        let world = World::new(org());
        for call in [3, 9, 14] {
            world.source.on_page.on(call, Script::Fail(&SF_SILENT));
        }
        let ended = world.sync().await;
        assert_eq!((ended.status, world.records()), (JobStatus::Completed, world.source.ids()));
    });
}

#[test]
fn a_source_that_never_answers_ends_the_job_after_a_bounded_number_of_restarts() {
    process(async {
        let world = World::new(FakeSource::default());
        world.source.on_page.always(&SF_SILENT);
        let ended = world.sync().await;
        let fault = ended.fault.expect("it failed");
        assert_eq!((ended.status, fault.code.id, world.source.on_page.calls()), (JobStatus::Error, "EN0003", 6));
        assert!(fault.to_string().contains("restarted 5 times without progress"), "{fault}");
    });
}

#[test]
fn a_page_that_fails_for_ever_is_set_aside_with_its_reason_and_the_job_says_so() {
    process(async {
        let world = World::new(FakeSource { files: true, ..FakeSource::default() });
        let stale = FakeSource::id("Account", 10);
        world.sink.docs.borrow_mut().insert(stale, (b"stale".to_vec(), RunId::new("before")));
        world.source.cursed.borrow_mut().insert(3);
        let ended = world.sync().await;
        assert_eq!((ended.status, ended.fault.map(|fault| fault.code.id)), (JobStatus::Error, Some("EN0004")));
        let mut expected = world.source.ids();
        expected.retain(|id| !(9..12).any(|no| *id == FakeSource::id("Account", no)));
        expected.insert(stale);
        assert_eq!(world.records(), expected, "all but the cursed page, and what was there of it");
        assert_eq!(world.sink.docs.borrow()[&stale].0, b"stale");
        let reasons: Vec<_> = world.sink.aside.borrow().iter().map(|aside| (aside.id, aside.fault.code.id)).collect();
        assert_eq!(reasons, (9..12).map(|no| (Some(FakeSource::id("Account", no)), "SF0002")).collect::<Vec<_>>());
        assert_eq!(world.sink.sweeps.get(), 0);
    });
}

#[test]
fn a_document_that_the_index_refuses_is_set_aside_and_the_rest_completes() {
    process(async {
        let world = World::new(FakeSource::default());
        let poison = FakeSource::id("Account", 4);
        world.sink.poison.borrow_mut().insert(poison);
        world.sink.docs.borrow_mut().insert(poison, (b"old".to_vec(), RunId::new("before")));
        let ended = world.sync().await;
        assert_eq!((ended.status, ended.counts.set_aside), (JobStatus::Completed, 1));
        assert_eq!(world.sink.docs.borrow()[&poison].0, b"old", "what was there stays");
    });
}
