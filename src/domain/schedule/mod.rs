//! Schedules in the dialect of Quartz: `0 0/15 * * * ?` is every quarter of an hour.
//!
//! | field | values | forms |
//! |---|---|---|
//! | seconds, minutes | 0 to 59 | `*` `a` `a-b` `a/n` `*/n` `/n` `a-b/n`, lists |
//! | hours | 0 to 23 | same |
//! | day-of-month | 1 to 31 | same, `?`, `L` last, `L-n`, `nW` nearest working day, `LW`, `L-nW` |
//! | month | 1 to 12, JAN to DEC | same |
//! | day-of-week | 1 to 7, SUN to SAT | same, `?`, `L` Saturday, `dL` last of the month, `d#n` n-th of the month |
//! | year, may be left out | 1970 to 2099 | same |
//!
//! Ranges run past the end (`22-2`, `FRI-MON`), except years; names are read in any case; exactly one of the two day fields
//! is `?`. The rules are those that Quartz 2.x documents for `CronExpression`, times are UTC.
//!
//! Where Quartz reads past a part of the text without a word (`MON-FRI/2`, `2-4L`, `5*`, a step of 0), the text is refused:
//! it does not mean what its writer believes. Where Quartz 2.5 loses fire times (`W`, quartz#1322), they are found. Nothing else
//! differs, and a table made by Quartz itself proves it.

mod day;
mod error;
mod field;
mod parser;
mod print;
mod set;

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

pub use self::error::ScheduleError;

use self::day::{Days, Month};
use self::set::{Set, Way};

/// When something fires, to the second, in UTC, from 1970 to 2099.
///
/// Two schedules are equal when their normal forms ([`Display`](std::fmt::Display)) are.
///
/// ```
/// use sluice_domain::{Timestamp, schedule::Schedule};
///
/// let working_mornings: Schedule = "0 30 6 ? * 2-6".parse()?;
/// assert_eq!(working_mornings.to_string(), "0 30 6 ? * MON-FRI");
/// let friday: Timestamp = "2024-03-01T07:00:00Z".parse()?;
/// assert_eq!(working_mornings.next_after(friday), Some("2024-03-04T06:30:00Z".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Schedule {
    seconds: Set,
    minutes: Set,
    hours: Set,
    days: Days,
    months: Set,
    years: Set,
}

/// The last second of the dialect, in seconds of Unix time: 2099-12-31T23:59:59Z.
const END: i64 = 4_102_444_799;

impl Schedule {
    /// Reads six or seven fields between blanks. The work is linear in the length of the text.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        parser::parse(text)
    }

    /// The first fire time after `at`, never `at` itself, in whole seconds; `None` when there is none up to the end of 2099.
    ///
    /// Looks at no more months than there are up to then, each of them once.
    pub fn next_after(&self, at: Timestamp) -> Option<Timestamp> {
        let second = floor(at).saturating_add(1).max(0);
        if second > END { None } else { self.nearest(second, Way::Forward) }
    }

    /// The latest fire time after `last` and not after `now`; `None` when nothing is due.
    ///
    /// However many fires were missed, they are due once: remember what this returns (or `now`) as the next `last`.
    pub fn due(&self, last: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let second = floor(now).min(END);
        if second < 0 {
            return None;
        }
        self.nearest(second, Way::Back).filter(|fire| *fire > last)
    }

    /// The fire time nearest to a second of Unix time, which counts, of those that lie on its one side.
    fn nearest(&self, second: i64, way: Way) -> Option<Timestamp> {
        let from = Offset::UTC.to_datetime(Timestamp::from_second(second).ok()?);
        // A value bounds the next finer field only as long as all coarser ones are those of `from`.
        for year in self.years.walk(Some(number(from.year())), way) {
            let in_year = year == number(from.year());
            for month in self.months.walk(in_year.then_some(number(from.month().into())), way) {
                let in_month = in_year && month == number(from.month().into());
                let days = self.days.in_month(&Month::new(year, month)?);
                for day in days.walk(in_month.then_some(number(from.day().into())), way) {
                    let on_day = in_month && day == number(from.day().into());
                    if let Some(time) = self.nearest_time(on_day.then_some(from.time()), way) {
                        return moment(year, month, day, time);
                    }
                }
            }
        }
        None
    }

    fn nearest_time(&self, from: Option<Time>, way: Way) -> Option<Time> {
        let bounds = from.map(|from| [from.hour(), from.minute(), from.second()].map(|value| number(value.into())));
        for hour in self.hours.walk(bounds.map(|[hour, ..]| hour), way) {
            let in_hour = bounds.filter(|bound| bound[0] == hour);
            for minute in self.minutes.walk(in_hour.map(|[_, minute, _]| minute), way) {
                let in_minute = in_hour.filter(|bound| bound[1] == minute);
                if let Some(second) = self.seconds.walk(in_minute.map(|[.., second]| second), way).next() {
                    return Time::new(hour.try_into().ok()?, minute.try_into().ok()?, second.try_into().ok()?, 0).ok();
                }
            }
        }
        None
    }
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        Self::parse(text)
    }
}

/// The whole second that `at` lies in; jiff's own rounds towards 1970.
fn floor(at: Timestamp) -> i64 {
    at.as_second() - i64::from(at.subsec_nanosecond() < 0)
}

/// A part of a date-time from 1970 on, which is never negative.
fn number(part: i16) -> u16 {
    part.unsigned_abs()
}

fn moment(year: u16, month: u16, day: u16, time: Time) -> Option<Timestamp> {
    let date = Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()?;
    Offset::UTC.to_timestamp(DateTime::from_parts(date, time)).ok()
}

#[cfg(test)]
mod tests;
