//! The crate `croner` as a second opinion, on what it reads as Quartz does.
//!
//! It refuses `L-n`, stars in lists and ranges past the end, counts the steps of `*/n` in the year field from the year 1, and
//! day-of-week `L` alone never fires there.

use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::brute::{Day, DayEntry, Entry, Sample, instant, sample};
use super::{fires, schedule};

/// Whether both read the sample alike.
fn is_common(sample: &Sample) -> bool {
    let day = match &sample.day {
        Day::Month(entries) => entries.iter().all(|entry| match entry {
            DayEntry::Plain(plain) => {
                plain.is_straight() && (entries.len() == 1 || !plain.entries.iter().any(|entry| matches!(entry, Entry::All)))
            }
            DayEntry::Workday(_) => entries.len() == 1,
            DayEntry::Back(back) | DayEntry::WorkdayBack(back) => *back == 0 && entries.len() == 1,
        }),
        Day::Week(plain) => plain.is_straight(),
        Day::Saturday => false,
        Day::Last(_) | Day::Nth(..) => true,
    };
    let year = sample.year.iter().flat_map(|year| &year.entries).all(|entry| !matches!(entry, Entry::From(None, _)));
    day && year && sample.time.iter().chain([&sample.month]).chain(&sample.year).all(|plain| plain.is_straight())
}

proptest! {
    #[test]
    fn croner_finds_the_same_fire_times(sample in sample().prop_filter("common subset", is_common), start in instant()) {
        let text = sample.text();
        let parser = CronParser::builder()
            .seconds(Seconds::Required)
            .year(Year::Optional)
            .alternative_weekdays(true)
            .dom_and_dow(true)
            .sloppy_ranges(true)
            .build();
        let theirs = parser.parse(&text);
        prop_assert!(theirs.is_ok(), "`{}`: {:?}", text, theirs);
        let theirs = theirs.unwrap();
        let mut from = start.to_zoned(TimeZone::UTC);
        for fire in fires(&schedule(&text), start, 3) {
            let found = theirs.find_next_occurrence(&from, false);
            prop_assert_eq!(found.as_ref().ok().map(|found| found.timestamp()), Some(fire), "`{}` after {}", text, from);
            from = found.unwrap();
        }
    }
}
