//! Days, instants and times of day as numbers, and the ranges that relative dates stand for. All in UTC.

use domain::soql::{DateUnit, Reach, RelativeDate};
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

/// Milliseconds of a day.
pub(super) const DAY: i64 = 86_400_000;

/// Days since 1970-01-01 of `2026-01-31`; none when there is no such day.
pub(super) fn day(text: &[u8]) -> Option<i64> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text.first_chunk::<10>()? else { return None };
    let year = i64::from(two(y1, y2)?) * 100 + i64::from(two(y3, y4)?);
    let (month, date) = (two(m1, m2)?, two(d1, d2)?);
    let valid = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(date).ok()?).is_ok();
    valid.then(|| days_from_civil(year, i64::from(month), i64::from(date)))
}

/// Milliseconds since the epoch of `2022-03-17T16:21:26.000+0000` and the other forms with `Z` or an offset.
pub(super) fn instant(text: &[u8]) -> Option<i64> {
    if !matches!(text.get(10), Some(b'T' | b't')) {
        return None;
    }
    Some(day(text)? * DAY + time(&text[11..])?)
}

/// Milliseconds of `17:30:00.000Z` since midnight UTC; may leave the day when there is an offset.
pub(super) fn time(text: &[u8]) -> Option<i64> {
    let [h1, h2, b':', m1, m2, b':', s1, s2] = *text.first_chunk::<8>()? else { return None };
    let (hours, minutes, seconds) = (two(h1, h2)?, two(m1, m2)?, two(s1, s2)?);
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let mut rest = &text[8..];
    let mut millis = 0;
    if let [b'.', fraction @ ..] = rest {
        let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        millis = (0..3).fold(0, |sum, at| sum * 10 + if at < digits { i64::from(fraction[at] - b'0') } else { 0 });
        rest = &fraction[digits..];
    }
    let offset = match *rest {
        [] | [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] | [sign @ (b'+' | b'-'), h1, h2, m1, m2] => {
            let minutes = i64::from(two(h1, h2)?) * 60 + i64::from(two(m1, m2)?);
            if sign == b'-' { -minutes } else { minutes }
        }
        _ => return None,
    };
    Some(((i64::from(hours) * 60 + i64::from(minutes) - offset) * 60 + i64::from(seconds)) * 1000 + millis)
}

fn two(tens: u8, ones: u8) -> Option<u32> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
}

/// Days since the epoch in the proleptic Gregorian calendar, counted in eras of 400 years that start in March.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The calendar day that lies `days` after the epoch.
pub(super) fn date_of(days: i64) -> Option<Date> {
    Date::constant(1970, 1, 1).checked_add(days.days()).ok()
}

/// Days since the epoch.
pub(super) fn days_of(date: Date) -> i64 {
    days_from_civil(i64::from(date.year()), i64::from(date.month()), i64::from(date.day()))
}

/// Days that a relative date covers, as days since the epoch: first, and the one after the last.
/// None when they lie outside the calendar.
pub(super) fn range(relative: RelativeDate, today: Date) -> Option<(i64, i64)> {
    let unit = relative.unit;
    // Days count from today; the last n days include today, as Salesforce's documentation says. All others are whole units.
    if let (DateUnit::Day, Reach::LastN(n)) = (unit, relative.reach) {
        return Some((days_of(shift(today, unit, -i64::from(n))?), days_of(today) + 1));
    }
    let (first, count) = match relative.reach {
        Reach::Previous => (-1, 1),
        Reach::Current => (0, 1),
        Reach::Next => (1, 1),
        Reach::LastN(n) => (-i64::from(n), i64::from(n)),
        Reach::NextN(n) => (1, i64::from(n)),
        Reach::Ago(n) => (-i64::from(n), 1),
    };
    let start = start_of(unit, today)?;
    Some((days_of(shift(start, unit, first)?), days_of(shift(start, unit, first + count)?)))
}

fn start_of(unit: DateUnit, today: Date) -> Option<Date> {
    match unit {
        DateUnit::Day => Some(today),
        DateUnit::Week => today.checked_sub(i64::from(today.weekday().since(Weekday::Sunday)).days()).ok(),
        DateUnit::Month => Some(today.first_of_month()),
        DateUnit::Quarter | DateUnit::FiscalQuarter => Date::new(today.year(), (today.month() - 1) / 3 * 3 + 1, 1).ok(),
        DateUnit::Year | DateUnit::FiscalYear => Some(today.first_of_year()),
    }
}

fn shift(date: Date, unit: DateUnit, count: i64) -> Option<Date> {
    let span = jiff::Span::new();
    let span = match unit {
        DateUnit::Day => span.try_days(count),
        DateUnit::Week => span.try_weeks(count),
        DateUnit::Month => span.try_months(count),
        DateUnit::Quarter | DateUnit::FiscalQuarter => span.try_months(count * 3),
        DateUnit::Year | DateUnit::FiscalYear => span.try_years(count),
    };
    date.checked_add(span.ok()?).ok()
}

/// A part of a date that SOQL's date functions take. Fiscal years are calendar years here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DatePart {
    Year,
    Quarter,
    Month,
    DayInMonth,
    DayInWeek,
    DayInYear,
    WeekInMonth,
    WeekInYear,
    Hour,
    DayOnly,
}

impl DatePart {
    /// The part that a function takes, by the function's name without regard to case.
    pub(super) fn of_function(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "CALENDAR_YEAR" | "FISCAL_YEAR" => Self::Year,
            "CALENDAR_QUARTER" | "FISCAL_QUARTER" => Self::Quarter,
            "CALENDAR_MONTH" | "FISCAL_MONTH" => Self::Month,
            "DAY_IN_MONTH" => Self::DayInMonth,
            "DAY_IN_WEEK" => Self::DayInWeek,
            "DAY_IN_YEAR" => Self::DayInYear,
            "WEEK_IN_MONTH" => Self::WeekInMonth,
            "WEEK_IN_YEAR" => Self::WeekInYear,
            "HOUR_IN_DAY" => Self::Hour,
            "DAY_ONLY" => Self::DayOnly,
            _ => return None,
        })
    }

    /// JSON text of the part of a date or date-time given as text without quotes.
    pub(super) fn of(self, text: &[u8]) -> Option<String> {
        let millis = if text.len() > 10 { instant(text)? } else { day(text)? * DAY };
        let date = date_of(millis.div_euclid(DAY))?;
        let number = match self {
            Self::DayOnly => return Some(format!("\"{date}\"")),
            Self::Year => i64::from(date.year()),
            Self::Quarter => i64::from((date.month() - 1) / 3 + 1),
            Self::Month => i64::from(date.month()),
            Self::DayInMonth => i64::from(date.day()),
            Self::DayInWeek => i64::from(date.weekday().since(Weekday::Sunday)) + 1,
            Self::DayInYear => i64::from(date.day_of_year()),
            Self::WeekInMonth => i64::from((date.day() - 1) / 7 + 1),
            Self::WeekInYear => i64::from((date.day_of_year() - 1) / 7 + 1),
            Self::Hour => millis.rem_euclid(DAY) / 3_600_000,
        };
        Some(number.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(from: &str, to: &str) -> Option<(i64, i64)> {
        Some((day(from.as_bytes()).unwrap(), day(to.as_bytes()).unwrap()))
    }

    #[test]
    fn days_agree_with_the_calendar() {
        for count in [-719_162, -1, 0, 59, 365, 11_016, 20_454, 100_000] {
            let date = date_of(count).unwrap();
            assert_eq!(day(date.to_string().as_bytes()), Some(count), "{date}");
        }
        assert_eq!(day(b"2026-02-29"), None);
        assert_eq!(day(b"2026-13-01"), None);
        assert_eq!(day(b"2026-1-01"), None);
    }

    #[test]
    fn instants_of_all_forms_are_the_same_instant() {
        let expected = Some(1_647_534_086_000);
        for text in ["2022-03-17T16:21:26.000+0000", "2022-03-17T16:21:26Z", "2022-03-17T18:21:26+02:00", "2022-03-17T09:21:26.0-0700"] {
            assert_eq!(instant(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(instant(b"2022-03-17"), None);
        assert_eq!(instant(b"2022-03-17T25:00:00Z"), None);
    }

    #[test]
    fn relative_dates_cover_what_the_documentation_says() {
        let today = Date::constant(2026, 5, 13); // a Wednesday
        let of = |unit, reach| range(RelativeDate { unit, reach }, today);
        assert_eq!(of(DateUnit::Day, Reach::Current), days("2026-05-13", "2026-05-14"));
        assert_eq!(of(DateUnit::Day, Reach::LastN(7)), days("2026-05-06", "2026-05-14"));
        assert_eq!(of(DateUnit::Day, Reach::NextN(7)), days("2026-05-14", "2026-05-21"));
        assert_eq!(of(DateUnit::Day, Reach::Ago(2)), days("2026-05-11", "2026-05-12"));
        assert_eq!(of(DateUnit::Week, Reach::Current), days("2026-05-10", "2026-05-17"));
        assert_eq!(of(DateUnit::Week, Reach::LastN(2)), days("2026-04-26", "2026-05-10"));
        assert_eq!(of(DateUnit::Month, Reach::Previous), days("2026-04-01", "2026-05-01"));
        assert_eq!(of(DateUnit::Quarter, Reach::Next), days("2026-07-01", "2026-10-01"));
        assert_eq!(of(DateUnit::Year, Reach::Ago(1)), days("2025-01-01", "2026-01-01"));
        assert_eq!(of(DateUnit::Year, Reach::LastN(u32::MAX)), None);
    }
}
