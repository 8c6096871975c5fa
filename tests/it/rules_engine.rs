//! Sync rules in a run: one document per record whoever finds it, nothing deleted that a search did not show, nothing indexed that is left out.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use domain::rules::SyncRules;
use domain::{Ended, JobStatus, RecordId, RunId, SF_DAILY_LIMIT, SF_NO_OBJECT, SF_QUERY, SF_SILENT, SF_TOO_WIDE};
use ports::fakes::{FakeSource, Script};

use crate::world::{World, process};

/// What the sweep is told to spare for the sake of files.
const FILE: &str = "content_document";
const ACCOUNTS: &str = "SELECT Id FROM Account";
const NAMES: &str = "SELECT Name FROM Account";
const WITH_FILES: &str = "SELECT Id, (SELECT ContentDocument.Id FROM ContentDocumentLinks) FROM Account";
const ANYTHING: &str = "FIND {x}";

/// A world with these queries for advanced rules.
fn advanced(source: FakeSource, queries: &[&str]) -> World {
    let mut world = World::new(source);
    let language = |query: &str| if query.starts_with("FIND") { "SOSL" } else { "SOQL" };
    let rule = |query: &&str| format!(r#"{{"query":"{query}","language":"{}"}}"#, language(query)).parse().unwrap();
    world.rules = Rc::new(SyncRules::read(&[], &queries.iter().map(rule).collect::<Vec<_>>()).unwrap());
    world
}

/// A world with a basic rule that excludes.
fn excluding(source: FakeSource, field: &str, operator: &str, value: &str) -> World {
    let mut world = World::new(source);
    let rule = format!(r#"{{"id":"r","policy":"exclude","field":"{field}","rule":"{operator}","value":"{value}","order":1}}"#);
    world.rules = Rc::new(SyncRules::read(&[rule.parse().unwrap()], &[]).unwrap());
    world
}

/// Which rule each record's document is of.
fn authors(world: &World) -> BTreeMap<RecordId, String> {
    let author = |body: &str| body.split_once(r#""Rule":""#).map(|(_, rest)| rest.split('"').next().unwrap().to_owned());
    world.index().into_iter().filter_map(|(id, body)| Some((id, author(&body)?))).collect()
}

/// Fails unless all records are there and all documents are of one rule.
fn assert_all_of(world: &World, rule: &str, when: &str) {
    assert_eq!(world.records(), world.source.ids(), "{when}");
    let wrong: Vec<_> = authors(world).into_iter().filter(|(_, author)| author != rule).collect();
    assert!(wrong.is_empty(), "{when}: {wrong:?}");
}

fn stale(world: &World, id: RecordId) {
    world.sink.docs.borrow_mut().insert(id, (b"stale".to_vec(), RunId::new("before")));
}

fn code(ended: &Ended) -> Option<&'static str> {
    ended.fault.as_ref().map(|fault| fault.code.id)
}

#[test]
fn a_record_that_several_rules_find_is_written_once_and_as_the_last_of_them_has_it() {
    for queries in [&[ACCOUNTS, NAMES][..], &[NAMES, ANYTHING], &[ANYTHING, ACCOUNTS, "SELECT Id FROM Account ORDER BY Name"]] {
        for (source_waits, sink_waits) in [(0, 0), (5_000, 0), (0, 5_000), (30, 40)] {
            process(async {
                let slow = Duration::from_millis(source_waits);
                let mut world = advanced(FakeSource { pages: 4, slow, ..FakeSource::default() }, queries);
                world.sink.slow.set(Duration::from_millis(sink_waits));
                world.tuning.object_fetcher.concurrency = 4;
                let ended = world.sync().await;
                assert_eq!((ended.status, ended.fault), (JobStatus::Completed, None));
                assert_all_of(&world, &format!("rule {}", queries.len()), &format!("{queries:?}, {source_waits}, {sink_waits}"));
                let counts = ended.counts;
                assert_eq!((counts.written, counts.duplicates, counts.read), (12, 0, 12 * queries.len() as u64), "{queries:?}");
            });
        }
    }
}

#[test]
fn rules_of_different_objects_do_not_wait_for_each_other() {
    process(async {
        let slow = Duration::from_secs(1);
        let world = advanced(FakeSource { objects: 2, slow, ..FakeSource::default() }, &[ACCOUNTS, "SELECT Id FROM Case"]);
        assert_eq!(world.sync().await.status, JobStatus::Completed);
        assert_eq!((world.records(), world.source.reading.peak.get()), (world.source.ids(), 2));
    });
}

#[test]
fn a_process_that_dies_at_any_page_changes_nothing_in_which_rule_a_document_is_of() {
    let org = || FakeSource { pages: 6, slow: Duration::from_millis(10), ..FakeSource::default() };
    for batch in 1..=8 {
        let world = advanced(org(), &[ACCOUNTS, NAMES]);
        world.sink.slow.set(Duration::from_millis(30));
        process(async {
            tokio::select! {
                _ = world.sync() => {}
                () = async { while world.sink.on_batch.calls() < batch { tokio::time::sleep(Duration::from_millis(1)).await } } => {}
            }
        });
        let ended = process(world.sync());
        assert_eq!(ended.status, JobStatus::Completed, "{:?}", ended.fault);
        assert_all_of(&world, "rule 2", &format!("died at batch {batch}"));
    }
}

#[test]
fn whichever_pages_fail_the_last_rule_has_its_way() {
    // The last rule has the calls 1 to 4, the first one 5 to 8; what is read again comes later. One fault, or two in a row.
    for call in 1..=8 {
        for another in 0..=6 {
            process(async {
                let world = advanced(FakeSource { pages: 4, ..FakeSource::default() }, &[ACCOUNTS, NAMES]);
                for call in [call, call + another] {
                    world.source.on_page.on(call, Script::Fail(&SF_SILENT));
                }
                let ended = world.sync().await;
                let when = format!("pages {call} and {} failed", call + another);
                assert_eq!((ended.status, ended.fault), (JobStatus::Completed, None), "{when}");
                assert_all_of(&world, "rule 2", &when);
            });
        }
    }
}

#[test]
fn the_files_that_a_rule_shows_are_indexed_even_if_its_records_are_those_of_a_later_one() {
    process(async {
        let world = advanced(FakeSource { files: true, ..FakeSource::default() }, &[WITH_FILES, ACCOUNTS]);
        stale(&world, "069000000000005AAA".parse().unwrap());
        let ended = world.sync().await;
        assert_eq!((ended.status, ended.counts.written, ended.counts.files), (JobStatus::Completed, 30 + 31, 31));
        assert_all_of(&world, "rule 2", "with files");
        assert_eq!(world.sink.docs.borrow().len(), 30 + 31);
    });
}

#[test]
fn rules_that_always_break_off_end_the_job_although_they_make_documents_each_time() {
    // Both start over in each generation: an order of one's own, and a record that two may find.
    for (queries, pages, every) in [(&["SELECT Id FROM Account ORDER BY Name"][..], 10, 2), (&[ACCOUNTS, NAMES], 2, 3)] {
        process(async {
            let world = advanced(FakeSource { pages, ..FakeSource::default() }, queries);
            (1..=100).for_each(|turn| world.source.on_page.on(turn * every, Script::Fail(&SF_SILENT)));
            let ended = world.sync().await;
            assert_eq!((ended.status, code(&ended)), (JobStatus::Error, Some("EN0003")), "{queries:?}");
            assert!(world.source.on_page.calls() <= 7 * every, "{queries:?}: {} pages were read", world.source.on_page.calls());
            assert_eq!(world.sink.sweeps.get(), 0);
        });
    }
}

#[test]
fn a_rule_that_starts_over_goes_on_as_long_as_it_gets_further_each_time() {
    process(async {
        let world = advanced(FakeSource { pages: 10, ..FakeSource::default() }, &["SELECT Id FROM Account ORDER BY Name"]);
        let mut call = 0;
        for reached in 2..=10 {
            call += reached;
            world.source.on_page.on(call, Script::Fail(&SF_SILENT));
        }
        let ended = world.sync().await;
        assert_eq!((ended.status, ended.fault), (JobStatus::Completed, None), "nine restarts, each with progress");
        assert_eq!((world.records(), world.source.on_page.calls()), (world.source.ids(), call + 10));
    });
}

#[test]
fn a_rule_in_the_order_of_ids_goes_on_where_it_broke_off() {
    process(async {
        let world = advanced(FakeSource::default(), &[ACCOUNTS]);
        (1..=40).filter(|call| call % 3 == 0).for_each(|call| world.source.on_page.on(call, Script::Fail(&SF_SILENT)));
        let ended = world.sync().await;
        assert_eq!((ended.status, ended.counts.written, ended.counts.read), (JobStatus::Completed, 30, 30));
    });
}

#[test]
fn what_a_search_did_not_show_is_not_deleted() {
    let searches = [
        ("FIND {x} RETURNING Account(Name)", Some(vec!["Account", FILE])),
        ("FIND {x} RETURNING Account, Case(Name)", Some(vec!["Account", "Case", FILE])),
        (ANYTHING, None),
    ];
    for (query, spared) in searches {
        for cut in [true, false] {
            process(async {
                let world = advanced(FakeSource { objects: 2, cut, ..FakeSource::default() }, &["SELECT Id FROM Case", query]);
                stale(&world, FakeSource::id("Account", 999));
                let ended = world.sync().await;
                assert_eq!((ended.status, ended.fault), (JobStatus::Completed, None), "{query}");
                let spared = if cut { spared.clone() } else { Some(vec![]) };
                assert_eq!(world.sink.sweeps.get(), usize::from(spared.is_some()), "{query}, cut: {cut}");
                assert_eq!(*world.sink.spared.borrow(), spared.unwrap_or_default(), "{query}, cut: {cut}");
                assert_eq!(ended.counts.cut, u64::from(cut), "{query}");
                assert!(world.checkpoints.kept.borrow().is_none());
            });
        }
    }
}

#[test]
fn a_run_that_goes_on_still_knows_that_its_search_was_cut() {
    for (query, sweeps) in [("FIND {x} RETURNING Account", 1), (ANYTHING, 0)] {
        process(async {
            let source = FakeSource { objects: 2, pages: 1, cut: true, ..FakeSource::default() };
            let world = advanced(source, &["SELECT Id FROM Case", query]);
            // The search is read first; the other rule, when it is done.
            world.source.on_page.on(2, Script::Fail(&SF_DAILY_LIMIT));
            assert_eq!(code(&world.sync().await), Some(SF_DAILY_LIMIT.id), "{query}");
            assert!(world.checkpoints.kept.borrow().as_ref().is_some_and(|kept| kept.progress("rule 2").done), "{query}");
            let ended = world.sync().await;
            assert_eq!((ended.status, world.sink.sweeps.get()), (JobStatus::Completed, sweeps), "{query}");
            if sweeps == 1 {
                assert_eq!(*world.sink.spared.borrow(), ["Account", FILE]);
            }
        });
    }
}

#[test]
fn documents_that_basic_rules_leave_out_are_not_written_and_deleted_if_they_were_there() {
    process(async {
        let gone = FakeSource::id("Account", 4);
        let world = excluding(FakeSource { files: true, ..FakeSource::default() }, "Id", "equals", gone.as_str());
        stale(&world, gone);
        let ended = world.sync().await;
        assert_eq!((ended.status, ended.fault), (JobStatus::Completed, None));
        let mut expected = world.source.ids();
        expected.remove(&gone);
        assert_eq!(world.records(), expected);
        // Files are judged by themselves, wherever they hang.
        assert_eq!((ended.counts.written, ended.counts.excluded, ended.counts.deleted, ended.counts.read), (29 + 31, 1, 1, 30));
    });
}

#[test]
fn a_run_whose_every_document_is_left_out_completes_and_writes_nothing() {
    process(async {
        let world = excluding(FakeSource { files: true, children: 3, ..FakeSource::default() }, "url", "starts_with", "https://");
        let ended = world.sync().await;
        assert_eq!((ended.status, ended.fault), (JobStatus::Completed, None));
        assert_eq!((ended.counts.written, ended.counts.excluded, ended.counts.files), (0, 30 + 31, 0));
        assert!(world.sink.docs.borrow().is_empty() && world.checkpoints.kept.borrow().is_none());
        assert_eq!((world.sink.sweeps.get(), world.source.on_file.calls()), (1, 0));
    });
}

#[test]
fn files_that_basic_rules_leave_out_are_not_downloaded() {
    process(async {
        let world = excluding(FakeSource { files: true, ..FakeSource::default() }, "type", "equals", FILE);
        stale(&world, "069000000000003AAA".parse().unwrap());
        let ended = world.sync().await;
        assert_eq!((ended.status, world.source.on_file.calls()), (JobStatus::Completed, 0));
        assert_eq!((ended.counts.written, ended.counts.excluded, ended.counts.deleted), (30, 31, 1));
        assert_eq!((world.sink.docs.borrow().len(), world.records()), (30, world.source.ids()));
    });
}

#[test]
fn a_rule_that_leaves_out_all_that_is_indexed_has_its_deletes_held() {
    process(async {
        let mut world = World::new(FakeSource::default());
        assert_eq!(world.sync().await.status, JobStatus::Completed);
        world.rules = excluding(FakeSource::default(), "Id", "starts_with", "001").rules;
        let ended = world.sync().await;
        assert_eq!((code(&ended), ended.counts.excluded, ended.counts.deleted), (Some("EN0005"), 30, 0));
        assert_eq!(world.records(), world.source.ids());
    });
}

#[test]
fn a_process_that_dies_leaves_out_what_rules_leave_out_all_the_same() {
    let org = || FakeSource { files: true, slow: Duration::from_millis(10), ..FakeSource::default() };
    for batch in 1..=6 {
        let world = excluding(org(), "Id", "ends_with", "5AAA");
        process(async {
            tokio::select! {
                _ = world.sync() => {}
                () = async { while world.sink.on_batch.calls() < batch { tokio::time::sleep(Duration::from_millis(1)).await } } => {}
            }
        });
        assert_eq!(process(world.sync()).status, JobStatus::Completed);
        let mut expected = world.source.ids();
        expected.retain(|id| !id.as_str().ends_with("5AAA"));
        assert_eq!(world.records(), expected, "died at batch {batch}");
        assert!(expected.len() < 30);
    }
}

#[test]
fn rules_that_the_org_refuses_end_the_job_before_the_index_is_touched() {
    for refusal in [&SF_QUERY, &SF_NO_OBJECT, &SF_TOO_WIDE] {
        process(async {
            let world = advanced(FakeSource::default(), &[ACCOUNTS, NAMES]);
            stale(&world, FakeSource::id("Account", 999));
            world.source.on_attempt.on(1, Script::Fail(refusal));
            let ended = world.sync().await;
            assert_eq!((ended.status, code(&ended)), (JobStatus::Error, Some("SR0001")));
            let fault = ended.fault.unwrap();
            assert!(fault.message.contains("rule 1: scripted") && !fault.message.contains("rule 2"), "{fault}");
            let sink = &world.sink;
            assert_eq!((sink.prepares.get(), sink.on_batch.calls(), sink.sweeps.get(), world.source.on_page.calls()), (0, 0, 0, 0));
            assert!(world.checkpoints.kept.borrow().is_none());
            assert_eq!(world.sync().await.status, JobStatus::Completed, "and the next job, when the org takes them, runs");
        });
    }
}

#[test]
fn other_rules_are_another_run() {
    process(async {
        let mut world = advanced(FakeSource::default(), &[ACCOUNTS]);
        world.source.on_page.on(6, Script::Fail(&SF_DAILY_LIMIT));
        assert_eq!(code(&world.sync().await), Some(SF_DAILY_LIMIT.id));
        world.rules = advanced(FakeSource::default(), &["SELECT Name FROM Account"]).rules;
        let ended = world.sync().await;
        assert_eq!((ended.status, ended.counts.written), (JobStatus::Completed, 30), "it begins where records begin");
    });
}
