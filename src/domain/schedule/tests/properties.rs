//! What holds for every schedule.

use jiff::ToSpan;
use proptest::prelude::*;

use super::brute::{instant, sample};
use super::schedule;

/// As many days as the brute force looks at: two leap days, all shapes of months.
const DAYS: u32 = 1600;

proptest! {
    #[test]
    fn the_next_fire_time_is_the_first_second_that_matches(sample in sample(), start in instant()) {
        let next = schedule(&sample.text()).next_after(start);
        match sample.first_after(start, DAYS) {
            Some(first) => prop_assert_eq!(next, Some(first), "{}", sample.text()),
            None => prop_assert!(next.is_none_or(|next| sample.fires(next) && next > start + (i64::from(DAYS - 1) * 24).hours()), "{}", sample.text()),
        }
    }

    #[test]
    fn what_is_due_is_the_latest_fire_time_and_due_only_once(sample in sample(), last in instant(), now in instant()) {
        let schedule = schedule(&sample.text());
        let next = schedule.next_after(last);
        match schedule.due(last, now) {
            Some(fire) => {
                prop_assert!(sample.fires(fire) && last < fire && fire <= now);
                prop_assert!(next.is_some_and(|next| next <= fire), "nothing is due before the next fire time");
                prop_assert!(schedule.next_after(fire).is_none_or(|after| after > now), "nothing later is due");
                prop_assert_eq!(schedule.due(fire, now), None);
            }
            None => prop_assert!(next.is_none_or(|next| next > now)),
        }
    }

    #[test]
    fn the_normal_form_is_read_back_and_is_its_own(sample in sample()) {
        let read = schedule(&sample.text());
        let normal = read.to_string();
        prop_assert_eq!(&schedule(&normal), &read, "{}", normal);
        prop_assert_eq!(schedule(&normal).to_string(), normal);
    }
}
