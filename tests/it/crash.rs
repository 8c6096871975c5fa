//! However a process or an actor dies, the next generation goes on from the checkpoint and nothing is lost.

use std::time::Duration;

use actors::kit::panic_in;
use domain::{DB_WRITE, ES_UNREACHABLE, JobStatus};
use ports::fakes::{FakeSource, Script};

use crate::world::{World, process};

fn org() -> FakeSource {
    FakeSource { objects: 2, pages: 10, files: true, slow: Duration::from_millis(10), ..FakeSource::default() }
}

#[test]
fn a_process_that_dies_at_any_page_leaves_a_checkpoint_from_which_the_next_one_completes() {
    let whole = process(async {
        let world = World::new(org());
        world.sync().await;
        world.index()
    });
    let mut resumed = 0;
    for batch in 1..=30 {
        let world = World::new(org());
        // The actor system is dropped with everything in flight, as kill -9 would.
        let died = process(async {
            tokio::select! {
                ended = world.sync() => { assert_eq!(ended.status, JobStatus::Completed); false }
                () = async { while world.sink.on_batch.calls() < batch { tokio::time::sleep(Duration::from_millis(1)).await } } => true,
            }
        });
        let read_before = world.source.on_page.calls();
        let known = world.checkpoints.kept.borrow().is_some();
        let ended = process(world.sync());
        assert_eq!(ended.status, JobStatus::Completed, "{:?}", ended.fault);
        world.assert_index(&whole, &format!("died at batch {batch}"));
        if died && known {
            resumed += 1;
            assert!(world.source.on_page.calls() - read_before < 20, "a run that got anywhere does not start over");
        }
    }
    assert!(resumed >= 10, "the test must meet runs that got somewhere, met {resumed}");
}

#[test]
fn a_panic_in_any_actor_costs_a_generation_and_nothing_else() {
    for stage in ["object_fetcher", "entity_joiner", "acl_builder", "content_extractor", "bulk_writer"] {
        for turn in [1, 2, 5] {
            process(async {
                let world = World::new(org());
                panic_in(stage, turn);
                let ended = world.sync().await;
                assert_eq!((ended.status, ended.fault), (JobStatus::Completed, None), "{stage}, turn {turn}");
                assert_eq!(world.records(), world.source.ids(), "{stage}, turn {turn}");
                assert_eq!(world.sink.docs.borrow().len(), 60 + 31, "{stage}, turn {turn}");
            });
        }
    }
}

#[test]
fn a_checkpoint_that_cannot_be_written_ends_the_run_soon_and_the_next_one_completes() {
    process(async {
        let world = World::new(FakeSource { pages: 200, ..FakeSource::default() });
        world.checkpoints.on_store.on(1, Script::Fail(&DB_WRITE));
        let ended = world.sync().await;
        assert_eq!((ended.status, ended.fault.map(|fault| fault.code)), (JobStatus::Error, Some(&DB_WRITE)));
        assert!(world.source.on_page.calls() < 100, "{} pages were read for nothing", world.source.on_page.calls());
        let ended = world.sync().await;
        assert_eq!((ended.status, world.records()), (JobStatus::Completed, world.source.ids()));
    });
}

#[test]
fn a_checkpoint_that_cannot_be_written_just_now_costs_nothing() {
    process(async {
        let world = World::new(FakeSource { pages: 200, ..FakeSource::default() });
        (1..=2).for_each(|no| world.checkpoints.on_store.on(no, Script::Fail(&ES_UNREACHABLE)));
        let ended = world.sync().await;
        assert_eq!((ended.status, ended.fault), (JobStatus::Completed, None));
        assert_eq!((world.source.on_page.calls(), world.records()), (200, world.source.ids()));
    });
}

#[test]
fn an_index_made_anew_while_a_run_was_broken_off_gets_everything_again() {
    process(async {
        let world = World::new(FakeSource::default());
        world.sink.on_batch.on(4, Script::Fail(&DB_WRITE));
        assert_eq!(world.sync().await.status, JobStatus::Error);
        assert!(world.checkpoints.kept.borrow().as_ref().is_some_and(|checkpoint| checkpoint.progress("Account").after.is_some()));
        world.sink.docs.borrow_mut().clear();
        world.sink.identity.set(1);
        let ended = world.sync().await;
        assert_eq!((ended.status, world.records()), (JobStatus::Completed, world.source.ids()));
    });
}
