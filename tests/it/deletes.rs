//! A run that would delete too much, or that is refused too much, stops and says so.

use actors::deletes::confirm;
use domain::{Brake, ConnectorId, EN_HELD, EN_TOO_MANY_ERRORS, Hold, JobStatus, Names, RecordId, RunId};
use ports::fakes::FakeSource;

use crate::world::{World, process};

/// The kind of a file, as the index knows it.
const FILE: &str = "content_document";

/// An index with the thirty records of the org, and as many as asked that the org no longer shows.
fn world(gone: usize) -> World {
    let world = World::new(FakeSource::default());
    let document = |no| (FakeSource::id("Account", 1000 + no), (b"{}".to_vec(), RunId::new("before")));
    world.sink.docs.borrow_mut().extend((0..gone).map(document));
    world
}

/// Gives leave as the command does; how many were deleted.
async fn give_leave(world: &World) -> Option<(Hold, u64)> {
    confirm(&*world.sink, &*world.checkpoints, &ConnectorId::new("sf")).await.unwrap()
}

#[test]
fn a_sync_that_would_delete_a_third_of_the_index_deletes_nothing_until_somebody_gives_leave() {
    process(async {
        let world = world(15);
        for turn in 0..2 {
            let ended = world.sync().await;
            let fault = ended.fault.unwrap();
            assert_eq!((ended.status, fault.code, ended.counts.deleted), (JobStatus::Error, &EN_HELD, 0), "turn {turn}");
            let told = fault.to_string();
            for part in [
                "15 of 45 documents",
                "`sf`",
                "`search-sf`",
                "nothing was deleted [EN0005]",
                "`sluice confirm-deletes -c FILE --connector ID`",
            ] {
                assert!(told.contains(part), "{part}: {told}");
            }
            assert_eq!(world.sink.docs.borrow().len(), 45, "turn {turn}");
            assert!(world.checkpoints.kept.borrow().is_none(), "the next job reads everything again");
        }
        assert_eq!(world.source.on_page.calls(), 20, "and it did");
        assert_eq!(give_leave(&world).await.map(|(hold, deleted)| (hold.doomed, hold.total, deleted)), Some((15, 45, 15)));
        assert_eq!(world.records(), world.source.ids());
        assert_eq!(give_leave(&world).await, None);
        let ended = world.sync().await;
        assert_eq!((ended.status, ended.counts.deleted), (JobStatus::Completed, 0));
    });
}

#[test]
fn what_comes_back_before_leave_is_given_is_not_deleted_and_the_hold_is_forgotten() {
    process(async {
        let mut world = World::new(FakeSource { pages: 20, ..FakeSource::default() });
        assert_eq!(world.sync().await.status, JobStatus::Completed);
        let whole = std::mem::take(&mut world.source);
        assert_eq!(world.sync().await.fault.map(|fault| fault.code), Some(&EN_HELD), "thirty of sixty are no longer shown");
        assert_eq!(world.checkpoints.held.borrow().as_ref().map(|hold| hold.doomed), Some(30));
        world.source = whole;
        assert_eq!(world.sync().await.status, JobStatus::Completed);
        assert!(world.checkpoints.held.borrow().is_none());
        assert_eq!((give_leave(&world).await, world.records()), (None, world.source.ids()));
    });
}

#[test]
fn few_deletes_and_those_that_an_operator_allows_go_through() {
    process(async {
        let few = world(7);
        assert_eq!(few.sync().await.counts.deleted, 7);
        let mut allowed = world(300);
        allowed.limits.brake = Brake::OFF;
        assert_eq!((allowed.sync().await.counts.deleted, allowed.records()), (300, allowed.source.ids()));
    });
}

#[test]
fn a_document_that_is_refused_and_cannot_be_kept_spares_its_kind_from_the_sweep() {
    process(async {
        let mut world = World::new(FakeSource { objects: 2, files: true, ..FakeSource::default() });
        world.selection.standard = Names::parse("Account, Case");
        let (record, file): (_, RecordId) = (FakeSource::id("Case", 4), "069000000000003AAA".parse().unwrap());
        world.sink.poison.borrow_mut().insert(record);
        assert_eq!((world.sync().await.status, world.sink.spared.take()), (JobStatus::Completed, vec![]));
        world.sink.rigid.borrow_mut().insert(record);
        assert_eq!((world.sync().await.status, world.sink.spared.take()), (JobStatus::Completed, vec!["Case".to_owned(), FILE.to_owned()]));
        world.sink.rigid.replace([file].into());
        world.sink.poison.replace([file].into());
        assert_eq!((world.sync().await.status, world.sink.spared.take()), (JobStatus::Completed, vec![FILE.to_owned()]));
    });
}

#[test]
fn an_index_that_refuses_all_documents_ends_the_job_after_a_few_and_the_next_one_begins_where_it_was() {
    process(async {
        let world = World::new(FakeSource { pages: 400, ..FakeSource::default() });
        let poison: Vec<RecordId> = world.source.ids().into_iter().skip(90).collect();
        world.sink.poison.borrow_mut().extend(poison);
        let ended = world.sync().await;
        let fault = ended.fault.unwrap();
        assert_eq!((ended.status, fault.code, ended.counts.written), (JobStatus::Error, &EN_TOO_MANY_ERRORS, 90));
        assert!(fault.message.contains("11 documents one after another, more than 10; the last one: poison [SF0402]"), "{fault}");
        assert!(world.source.on_page.calls() < 60, "{} pages of 400 were read", world.source.on_page.calls());
        let asides = world.sink.aside.take();
        assert!((11..40).contains(&asides.len()) && asides.iter().all(|aside| aside.id.is_some() && aside.what == "Account"));
        assert_eq!(world.sink.sweeps.get(), 0);

        world.sink.poison.borrow_mut().clear();
        let read = world.source.on_page.calls();
        assert_eq!(world.sync().await.status, JobStatus::Completed);
        assert!(world.source.on_page.calls() - read < 380, "the pages before it were settled");
        let known: Vec<_> = asides.iter().filter_map(|aside| aside.id).collect();
        let missing: Vec<_> = world.source.ids().difference(&world.records()).copied().collect();
        assert!(missing.len() <= 10 && missing.iter().all(|id| known.contains(id)), "set aside before it was one too many: {missing:?}");
        assert_eq!((world.sync().await.status, world.records()), (JobStatus::Completed, world.source.ids()));
    });
}
