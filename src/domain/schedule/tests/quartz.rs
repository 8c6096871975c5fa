//! Real Quartz as the judge: every line of the table that it made itself (`tests/quartz/README.md`).

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{at, fires};
use crate::schedule::Schedule;

const TABLE: &str = include_str!("../quartz.table");

/// Where Quartz 2.5 loses fire times that it documents (quartz#1322, open): when the nearest working day lies after the day that
/// was asked for, the rest of it after its first fire time, and in lists of `nW` now and then a whole month. Quartz 2.3 finds the
/// former and does not read the latter; `properties.rs` proves ours.
const LOST_BY_QUARTZ: &[&str] = &["0 0 9,17 3W * ?", "0 0 0 15W,31W * ?"];

/// What Quartz takes and we refuse, with the reason. There is no difference of a third kind.
const REFUSED_BY_US: &[(&str, &[&str])] = &[
    (
        "the step after a name is dropped in silence; Quartz.NET made it every n-th week, then a step (quartznet#3591, #3732)",
        &[
            "0 0 12 1 FEB/4 ?",
            "0 0 12 ? * MON/2",
            "0 0 12 1 OCT-MAR/2 ?",
            "0 0 12 ? * MON-FRI/2",
            "0 0 12 ? * FRI-TUE/2",
            "0 0 12 1 JAN-DEC/5 ?",
            "0 0 0 ? * SAT-SAT/2",
        ],
    ),
    (
        "a step of 0 has no meaning in the documentation: it is read as 1 after a star, and as no step after a value",
        &["0 0/0 * * * ?", "0 */0 * * * ?", "0 /0 * * * ?", "0 0-30/0 * * * ?", "0 0 0 1 1 ? */0", "0 0 0 1 1 ? 2020-2040/0"],
    ),
    ("years are documented as 1970 to 2099 and not checked", &["0 0 0 1 1 ? 1969", "0 0 0 1 1 ? 2100"]),
    ("0 and 8 are no weekdays, 0 no day; not checked before `#` and `W`", &["0 0 0 0W * ?", "0 0 0 ? * 8#1", "0 0 0 ? * 0#1"]),
    (
        "an empty entry of a list is skipped in silence, and a list of nothing fails later",
        &["0 ,5 * * * ?", "0 5, * * * ?", "0 5,,6 * * * ?", "0 , * * * ?"],
    ),
    (
        "an entry is read up to the first character that does not fit, the rest is dropped in silence",
        &[
            "0 0-5-7 * * * ?",
            "0 5X * * * ?",
            "0 0 0 1 * ?,?",
            "0 0 12 *5 * ?",
            "0 0 12 ** * ?",
            "0 0 12 *-5 * ?",
            "0 0 12 5* * ?",
            "0 0 12 1.5 * ?",
            "0 0 12 1C * ?",
            "0 0 12 *W * ?",
            "0 0 0 10-15W * ?",
            "0 0 0 1W-5 * ?",
            "0 0 0 15W/2 * ?",
            "0 0 0 15WW * ?",
            "0 0 0 L-W * ?",
            "0 0 0 1 JANUARY ?",
            "0 0 0 ? * MONDAY",
            "0 0 0 ? * FRI2",
            "0 0 0 ? * MONX",
            "0 0 0 ? * MONW",
        ],
    ),
    (
        "`L` and `#` where the documentation does not have them are dropped in silence, or fail later",
        &[
            "0 0 0 ? * LW",
            "0 0 0 ? * L-3",
            "0 0 0 ? * 2-4L",
            "0 0 12 ? * *L",
            "0 0 0 ? * FRI-SAT#2",
            "0 0 0 ? * 2-3#2",
            "0 0 0 1 L ?",
            "0 0 0 1 1 ? L",
        ],
    ),
    (
        "`#` in a list counts the smallest weekday of the list, whichever it stands with",
        &["0 0 12 ? * 6#3,2", "0 0 12 ? * 2,6#3", "0 0 0 ? * FRI#1,3"],
    ),
];

/// What the table says: refused, or the start and the fire times.
enum Verdict {
    Refused,
    Fires(Timestamp, Vec<Timestamp>),
    /// Quartz throws or searches for ever.
    Broken,
}

fn lines() -> impl Iterator<Item = (&'static str, Verdict)> {
    TABLE.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let parts: Vec<_> = line.split(" | ").collect();
        match parts[..] {
            [expression, "refused"] => (expression, Verdict::Refused),
            [expression, _, "fails" | "hangs"] => (expression, Verdict::Broken),
            [expression, start, "none"] => (expression, Verdict::Fires(at(start), vec![])),
            [expression, start, times] => (expression, Verdict::Fires(at(start), times.split(' ').map(at).collect())),
            _ => panic!("`{line}` is no line of the table"),
        }
    })
}

fn is_refused_by_us(expression: &str) -> bool {
    REFUSED_BY_US.iter().any(|(_, expressions)| expressions.contains(&expression))
}

#[test]
fn every_fire_time_is_that_of_quartz() {
    let mut compared = 0;
    for (expression, verdict) in lines().filter(|(expression, _)| !is_refused_by_us(expression) && !LOST_BY_QUARTZ.contains(expression)) {
        match (Schedule::parse(expression), verdict) {
            (Ok(schedule), Verdict::Fires(start, times)) => {
                // Five as in the table: when it has fewer there are no more.
                assert_eq!(fires(&schedule, start, 5), times, "`{expression}` after {start}");
                compared += 1;
            }
            (Err(_), Verdict::Refused) => compared += 1,
            (Ok(_), Verdict::Refused) => panic!("`{expression}` is refused by Quartz"),
            (Err(error), Verdict::Fires(..)) => panic!("`{expression}` is taken by Quartz: {error}"),
            (_, Verdict::Broken) => panic!("`{expression}` breaks Quartz: give the reason why it is refused here"),
        }
    }
    assert!(compared > 600, "the table has {compared} lines only");
}

#[test]
fn what_quartz_loses_is_found_here_and_nothing_else() {
    for expression in LOST_BY_QUARTZ {
        let schedule = Schedule::parse(expression).unwrap();
        let mut lost = 0;
        for (_, verdict) in lines().filter(|(listed, _)| listed == expression) {
            let Verdict::Fires(start, times) = verdict else { panic!("`{expression}` is not taken by Quartz") };
            let last = *times.last().unwrap();
            let ours: Vec<_> = fires(&schedule, start, 20).into_iter().filter(|fire| *fire <= last).collect();
            assert!(times.iter().all(|time| ours.contains(time)), "`{expression}` after {start}");
            lost += ours.len() - times.len();
        }
        assert!(lost > 0, "`{expression}`: Quartz finds all fire times now");
    }
}

#[test]
fn what_is_refused_here_alone_is_refused_and_taken_by_quartz() {
    let taken: BTreeSet<_> =
        lines().filter(|(_, verdict)| !matches!(verdict, Verdict::Refused)).map(|(expression, _)| expression).collect();
    for (reason, expressions) in REFUSED_BY_US {
        for expression in *expressions {
            assert!(taken.contains(expression), "`{expression}`: Quartz does not take it any more ({reason})");
            assert!(Schedule::parse(expression).is_err(), "`{expression}` is taken ({reason})");
        }
    }
}
