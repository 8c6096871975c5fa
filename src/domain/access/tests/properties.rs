//! Random orgs: what tokens decide is what walking the rows decides.

use std::collections::HashSet;

use proptest::prelude::*;

use super::brute::{Brute, Target};
use super::random::{USERS, any_org, objects};
use super::*;

fn allow(lists: &AllowLists, target: &Target) -> AllowList {
    match target {
        Target::Record(object) => lists.record(object),
        Target::File { owner, links, private } => {
            let linked: Vec<RecordId> = links.iter().map(|link| link.parse().unwrap()).collect();
            lists.file(&FileLinks { owner: owner.parse().ok(), linked: &linked, private_on_records: *private })
        }
    }
}

fn lists(mode: Mode, directory: &Arc<Directory>) -> AllowLists {
    match mode {
        Mode::Tokens => AllowLists::of_tokens(Prefixes::new(objects())),
        Mode::UserLists => AllowLists::of_users(Prefixes::new(objects()), Arc::clone(directory)),
    }
}

/// What each user finds, by number of the user and position of the document.
fn found(mode: Mode, directory: &Arc<Directory>, targets: &[Target]) -> HashSet<(usize, usize)> {
    let lists = lists(mode, directory);
    let documents: Vec<_> = targets.iter().map(|target| allow(&lists, target)).collect();
    let mut found = HashSet::new();
    for no in 0..USERS + 2 {
        let held: HashSet<String> = directory.tokens(user(no), mode).into_iter().collect();
        let hit = |document: &AllowList| document.tokens().any(|token| held.contains(token));
        found.extend(documents.iter().enumerate().filter(|(_, document)| hit(document)).map(|(at, _)| (no, at)));
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 4_000, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn no_user_finds_more_or_less_than_walking_the_rows_allows((org, targets) in any_org()) {
        let directory = Arc::new(org.directory());
        let prefixes = objects();
        let brute = Brute { org: &org, now: "2026-06-01T12:00:00.000+0000", prefixes: &prefixes };
        let mut expected = HashSet::new();
        for no in 0..USERS + 2 {
            let may = |(_, target): &(usize, &Target)| brute.may(&id("005", no), target);
            expected.extend(targets.iter().enumerate().filter(may).map(|(at, _)| (no, at)));
        }
        for mode in [Mode::Tokens, Mode::UserLists] {
            let found = found(mode, &directory, &targets);
            let over: Vec<_> = found.difference(&expected).map(|(no, at)| (no, &targets[*at])).collect();
            let under: Vec<_> = expected.difference(&found).map(|(no, at)| (no, &targets[*at])).collect();
            prop_assert!(over.is_empty() && under.is_empty(), "{mode:?}: over {over:?}, under {under:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_table_that_is_absent_grants_less_and_never_more((org, targets) in any_org(), absent in any::<u16>()) {
        let mut all = org;
        // Muting sets have ids of their own kind. Of a set that is in both tables, only the muting table can tell.
        all.rows.retain(|(table, row)| *table != AccessTable::MutingPermissionSet || row["Id"].as_str().is_some_and(|id| id.starts_with("0QM")));
        let mut less = all.clone();
        less.absent = AccessTable::ALL.into_iter().filter(|table| table.is_optional() && absent >> *table as u16 & 1 == 1).collect();
        let all = found(Mode::Tokens, &Arc::new(all.directory()), &targets);
        for mode in [Mode::Tokens, Mode::UserLists] {
            let found = found(mode, &Arc::new(less.directory()), &targets);
            prop_assert!(found.is_subset(&all), "{:?}: {:?}", less.absent, found.difference(&all));
        }
    }

    #[test]
    fn the_order_of_rows_makes_no_difference((org, targets) in any_org()) {
        let mut other = org.clone();
        other.rows.reverse();
        let lists = |org: &Org| [Mode::Tokens, Mode::UserLists].map(|mode| found(mode, &Arc::new(org.directory()), &targets));
        prop_assert_eq!(lists(&org), lists(&other));
    }

    #[test]
    fn every_token_of_a_user_is_written_once_and_in_order((org, _) in any_org(), lists_users in any::<bool>()) {
        let directory = org.directory();
        let mode = if lists_users { Mode::UserLists } else { Mode::Tokens };
        for document in directory.access_documents(mode) {
            let body: Value = serde_json::from_slice(&document.body).unwrap();
            let written: Vec<String> = serde_json::from_value(body["query"]["template"]["params"]["access_control"].clone()).unwrap();
            prop_assert!(written.is_sorted_by(|a, b| a < b));
            prop_assert!(!written.iter().any(|token| token == NOBODY));
            prop_assert_eq!(written, directory.tokens(document.id, mode));
        }
    }
}
