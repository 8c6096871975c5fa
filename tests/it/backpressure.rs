//! A slow stage holds back everything before it: by mailboxes, by slots, by bytes.

use std::time::Duration;

use domain::JobStatus;
use ports::fakes::FakeSource;

use crate::world::{World, process};

#[test]
fn a_sink_that_stalls_stops_the_reader_within_the_mailbox_limits() {
    process(async {
        let mut world = World::new(FakeSource { pages: 200, ..FakeSource::default() });
        world.limits.stall_after = Duration::from_secs(3600);
        world.sink.slow.set(Duration::from_secs(1000));
        let early = async {
            tokio::time::sleep(Duration::from_secs(290)).await;
            let read = world.source.on_page.calls();
            world.sink.slow.set(Duration::ZERO);
            read
        };
        let (ended, read) = tokio::join!(world.sync(), early);
        // Pages of three documents. Writer: two batches of two pages in work, two pages waiting. AclBuilder: one in work, one waiting.
        // Joiner: two in work, two waiting. Fetcher: one object, so one page in hand.
        assert_eq!(read, 4 + 2 + 2 + 4 + 1, "pages read while the sink had finished none");
        assert_eq!((ended.status, ended.counts.written), (JobStatus::Completed, 600));
        assert_eq!(world.sink.writing.peak.get(), 2, "batches in flight are the writer's concurrency");
    });
}

#[test]
fn pages_in_reading_never_exceed_the_fetchers_concurrency() {
    process(async {
        for concurrency in 1..=3 {
            let mut world = World::new(FakeSource { objects: 3, slow: Duration::from_secs(1), ..FakeSource::default() });
            world.tuning.object_fetcher.concurrency = concurrency;
            world.tuning.object_fetcher.mailbox = 3;
            world.sync().await;
            assert_eq!(world.source.reading.peak.get(), concurrency);
        }
    });
}

#[test]
fn the_byte_budget_bounds_pages_in_flight() {
    process(async {
        let page = 3 << 20;
        let mut world = World::new(FakeSource { pages: 30, padding: 1 << 20, ..FakeSource::default() });
        world.tuning.bulk_writer.knobs.mailbox = 100;
        world.tuning.entity_joiner.mailbox = 50;
        world.limits.budget = 4 * page;
        world.sink.slow.set(Duration::from_secs(100));
        let early = async {
            tokio::time::sleep(Duration::from_secs(50)).await;
            world.source.on_page.calls()
        };
        let (ended, read) = tokio::join!(world.sync(), early);
        assert!((3..=5).contains(&read), "{read} pages of a quarter of the budget each are in flight");
        assert_eq!((ended.status, ended.counts.written), (JobStatus::Completed, 90));
        let peak = world.monitor.stats().expect("a run").budget_peak();
        assert!(peak <= 5 * page as u64, "{peak} bytes were booked");
    });
}
