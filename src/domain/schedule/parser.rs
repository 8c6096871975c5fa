//! Reads a schedule from text.

use super::Schedule;
use super::day::{Days, FARTHEST, MOST_WEEKS, MonthDays};
use super::error::{ScheduleError, shown};
use super::field::{DAYS_OF_MONTH, DAYS_OF_WEEK, HOURS, MINUTES, MONTH, SECONDS, YEAR, number};
use super::set::Set;

pub(super) fn parse(text: &str) -> Result<Schedule, ScheduleError> {
    // One more than any schedule has, so that a hostile text is not collected.
    let fields: Vec<&str> = text.split([' ', '\t']).filter(|field| !field.is_empty()).take(8).collect();
    let (seconds, minutes, hours, day_of_month, month, day_of_week, year) = match fields[..] {
        [seconds, minutes, hours, day_of_month, month, day_of_week] => (seconds, minutes, hours, day_of_month, month, day_of_week, "*"),
        [seconds, minutes, hours, day_of_month, month, day_of_week, year] => {
            (seconds, minutes, hours, day_of_month, month, day_of_week, year)
        }
        _ => return Err(ScheduleError::Fields { found: fields.len() }),
    };
    Ok(Schedule {
        seconds: SECONDS.set(seconds)?,
        minutes: MINUTES.set(minutes)?,
        hours: HOURS.set(hours)?,
        days: days(day_of_month, day_of_week)?,
        months: MONTH.set(month)?,
        years: YEAR.set(year)?,
    })
}

fn days(day_of_month: &str, day_of_week: &str) -> Result<Days, ScheduleError> {
    match (day_of_month, day_of_week) {
        ("?", "?") => Err(ScheduleError::Days { day_of_month: shown(day_of_month), day_of_week: shown(day_of_week) }),
        (_, "?") => days_of_month(day_of_month).map(Days::OfMonth),
        ("?", _) => days_of_week(day_of_week),
        _ => Err(ScheduleError::Days { day_of_month: shown(day_of_month), day_of_week: shown(day_of_week) }),
    }
}

fn days_of_month(text: &str) -> Result<MonthDays, ScheduleError> {
    let mut found = MonthDays::none();
    for entry in DAYS_OF_MONTH.entries(text) {
        let entry = entry?;
        let (counted, workday) = match entry.strip_suffix(['W', 'w']) {
            Some(counted) => (counted, true),
            None => (entry, false),
        };
        if let Some(back) = counted.strip_prefix(['L', 'l']) {
            let set = if workday { &mut found.workdays_from_last } else { &mut found.from_last };
            set.insert(days_back(entry, back)?);
        } else if workday {
            found.workdays.insert(DAYS_OF_MONTH.one(entry, counted)?);
        } else {
            DAYS_OF_MONTH.add(entry, &mut found.days)?;
        }
    }
    // Every day is every day, whatever else the list says.
    Ok(if found.days.is_full() { MonthDays::every() } else { found })
}

/// What follows an `L`: nothing or `-n`.
fn days_back(entry: &str, text: &str) -> Result<u16, ScheduleError> {
    if text.is_empty() {
        return Ok(0);
    }
    let back = text.strip_prefix('-').and_then(number).ok_or_else(|| DAYS_OF_MONTH.refuses_form(entry))?;
    if back > FARTHEST {
        return Err(DAYS_OF_MONTH.refuses(entry, format_args!("`L-n` with n up to {FARTHEST}")));
    }
    Ok(back)
}

fn days_of_week(text: &str) -> Result<Days, ScheduleError> {
    let listed = text.contains(',');
    for entry in DAYS_OF_WEEK.entries(text) {
        let entry = entry?;
        let Some(days) = special_weekday(entry)? else { continue };
        // Real Quartz refuses most of these lists and misreads the others.
        return if listed { Err(DAYS_OF_WEEK.refuses(entry, "`L`, `dL` and `d#n` stand alone, not in a list")) } else { Ok(days) };
    }
    let weekdays = DAYS_OF_WEEK.set(text)?;
    Ok(if weekdays.is_full() { Days::OfMonth(MonthDays::every()) } else { Days::OfWeek(weekdays) })
}

/// Reads `L`, `dL` and `d#n`; `None` for what may stand in a list.
fn special_weekday(entry: &str) -> Result<Option<Days>, ScheduleError> {
    if let Some((weekday, nth)) = entry.split_once('#') {
        let weekday = DAYS_OF_WEEK.one(entry, weekday)?;
        return match number(nth) {
            Some(nth) if (1..=MOST_WEEKS).contains(&nth) => Ok(Some(Days::Nth { weekday, nth })),
            _ => Err(DAYS_OF_WEEK.refuses(entry, format_args!("`d#n` with n from 1 to {MOST_WEEKS}"))),
        };
    }
    match entry.strip_suffix(['L', 'l']) {
        // Alone it is the last day of the week, of each week.
        Some("") => Ok(Some(Days::OfWeek(Set::empty(DAYS_OF_WEEK.first, DAYS_OF_WEEK.last).with(DAYS_OF_WEEK.last)))),
        Some(weekday) => Ok(Some(Days::Last(DAYS_OF_WEEK.one(entry, weekday)?))),
        None => Ok(None),
    }
}
