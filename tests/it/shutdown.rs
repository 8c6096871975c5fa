//! A stop lets what is in hand through and leaves a checkpoint from which the next run completes.

use std::time::Duration;

use domain::JobStatus;
use ports::fakes::FakeSource;

use crate::world::{World, process};

fn org() -> FakeSource {
    FakeSource { objects: 2, pages: 10, files: true, slow: Duration::from_millis(10), ..FakeSource::default() }
}

#[test]
fn a_run_stopped_at_any_page_is_suspended_and_completes_later_to_an_equal_index() {
    let whole = process(async {
        let world = World::new(org());
        world.sync().await;
        world.index()
    });
    for page in 1..=20 {
        process(async {
            let world = World::new(org());
            let stopper = async {
                while world.source.on_page.calls() < page {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                world.stop(true);
            };
            let (first, ()) = tokio::join!(world.sync(), stopper);
            let read = world.source.on_page.calls();
            assert!(read <= page + 3, "{read} pages read after a stop at {page}");
            // The last pages may all be in hand when the stop comes.
            let expected = if read < 20 { JobStatus::Suspended } else { JobStatus::Completed };
            assert_eq!((first.status, first.fault), (expected, None), "stopped at page {page}");
            world.stop(false);
            let second = world.sync().await;
            assert_eq!(second.status, JobStatus::Completed, "{:?}", second.fault);
            world.assert_index(&whole, &format!("stopped at page {page}"));
            if expected == JobStatus::Suspended {
                assert_eq!(world.source.on_page.calls(), 20, "no page was read twice");
            }
        });
    }
}
