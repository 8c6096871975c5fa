//! Which days of a month fire.

use jiff::civil::{Date, Weekday};

use super::field::{DAYS_OF_MONTH, DAYS_OF_WEEK};
use super::set::Set;

/// The farthest day from the end of a month: `L-30` is the first of a month of 31 days.
pub(super) const FARTHEST: u16 = 30;
/// No month has a weekday six times.
pub(super) const MOST_WEEKS: u16 = 5;

/// What day-of-month and day-of-week say together: one of them is always `?`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Days {
    /// By number, the day-of-month field.
    OfMonth(MonthDays),
    /// On these days of each week, 1 is Sunday.
    OfWeek(Set),
    /// `dL`: the last such weekday of the month.
    Last(u16),
    /// `d#n`: the n-th such weekday of the month; a month that has no fifth is left out.
    Nth {
        /// 1 is Sunday.
        weekday: u16,
        /// 1 to 5.
        nth: u16,
    },
}

/// Days of a month by their numbers; a day that a month does not have is left out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct MonthDays {
    /// `n`, counted from the start.
    pub(super) days: Set,
    /// `nW`: the working day nearest to the n-th.
    pub(super) workdays: Set,
    /// `L-n`: n days before the last.
    pub(super) from_last: Set,
    /// `L-nW`: the working day nearest to n days before the last.
    pub(super) workdays_from_last: Set,
}

impl MonthDays {
    pub(super) fn none() -> Self {
        let (days, from_last) = (Set::empty(DAYS_OF_MONTH.first, DAYS_OF_MONTH.last), Set::empty(0, FARTHEST));
        Self { days, workdays: days, from_last, workdays_from_last: from_last }
    }

    pub(super) fn every() -> Self {
        Self { days: Set::full(DAYS_OF_MONTH.first, DAYS_OF_MONTH.last), ..Self::none() }
    }

    fn in_month(&self, month: &Month) -> Set {
        let mut found = month.no_days();
        // What lies outside the month does not enter the set.
        self.days.values().for_each(|day| found.insert(day));
        self.from_last.values().filter(|back| *back < month.length).for_each(|back| found.insert(month.length - back));
        let workdays = self.workdays.values().filter(|day| *day <= month.length);
        let from_last = self.workdays_from_last.values().filter(|back| *back < month.length).map(|back| month.length - back);
        workdays.chain(from_last).for_each(|day| found.insert(month.nearest_workday(day)));
        found
    }
}

impl Days {
    /// The days of one month that fire.
    pub(super) fn in_month(&self, month: &Month) -> Set {
        match self {
            Self::OfMonth(days) => days.in_month(month),
            Self::OfWeek(weekdays) => month.days_where(|day| weekdays.contains(month.weekday(day))),
            Self::Last(weekday) => month.days_where(|day| month.weekday(day) == *weekday && day + 7 > month.length),
            Self::Nth { weekday, nth } => month.days_where(|day| month.weekday(day) == *weekday && (day - 1) / 7 + 1 == *nth),
        }
    }
}

/// A month of the calendar.
#[derive(Clone, Copy, Debug)]
pub(super) struct Month {
    length: u16,
    /// The weekday of the first, 0 is Sunday.
    starts_on: u16,
}

impl Month {
    /// `None` when there is no such month.
    pub(super) fn new(year: u16, month: u16) -> Option<Self> {
        let first = Date::new(year.try_into().ok()?, month.try_into().ok()?, 1).ok()?;
        // Both are small and not negative.
        Some(Self { length: first.days_in_month() as u16, starts_on: first.weekday().since(Weekday::Sunday) as u16 })
    }

    /// 1 is Sunday, as in the day-of-week field.
    fn weekday(&self, day: u16) -> u16 {
        (self.starts_on + day - 1) % 7 + DAYS_OF_WEEK.first
    }

    /// The day itself or its neighbour over a weekend, without leaving the month.
    fn nearest_workday(&self, day: u16) -> u16 {
        const SUNDAY: u16 = 1;
        const SATURDAY: u16 = 7;
        match self.weekday(day) {
            SATURDAY if day == 1 => 3,
            SATURDAY => day - 1,
            SUNDAY if day == self.length => day - 2,
            SUNDAY => day + 1,
            _ => day,
        }
    }

    fn no_days(&self) -> Set {
        Set::empty(1, self.length)
    }

    fn days_where(&self, fires: impl Fn(u16) -> bool) -> Set {
        let mut found = self.no_days();
        (1..=self.length).filter(|day| fires(*day)).for_each(|day| found.insert(day));
        found
    }
}
