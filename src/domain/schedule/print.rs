//! The normal form: one text for all schedules that are written differently and mean the same.

use std::fmt;

use super::Schedule;
use super::day::{Days, MonthDays};
use super::field::{DAYS_OF_MONTH, DAYS_OF_WEEK, Field, HOURS, MINUTES, MONTH, SECONDS, YEAR};
use super::set::Set;

/// Real Quartz reads the normal form too, and reads it in the same way.
impl fmt::Display for Schedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seconds, minutes, hours, days, months, years } = self;
        let (day_of_month, day_of_week) = match days {
            Days::OfMonth(days) => (month_days(days), "?".to_owned()),
            Days::OfWeek(weekdays) => ("?".to_owned(), DAYS_OF_WEEK.print(weekdays)),
            Days::Last(weekday) => ("?".to_owned(), format!("{}L", DAYS_OF_WEEK.show(*weekday))),
            Days::Nth { weekday, nth } => ("?".to_owned(), format!("{}#{nth}", DAYS_OF_WEEK.show(*weekday))),
        };
        let (seconds, minutes, hours) = (SECONDS.print(seconds), MINUTES.print(minutes), HOURS.print(hours));
        write!(formatter, "{seconds} {minutes} {hours} {day_of_month} {} {day_of_week}", MONTH.print(months))?;
        if years.is_full() { Ok(()) } else { write!(formatter, " {}", YEAR.print(years)) }
    }
}

fn month_days(days: &MonthDays) -> String {
    let MonthDays { days, workdays, from_last, workdays_from_last } = days;
    let mut entries: Vec<String> = Some(DAYS_OF_MONTH.print(days)).filter(|entry| !entry.is_empty()).into_iter().collect();
    let last = |back: u16| if back == 0 { "L".to_owned() } else { format!("L-{back}") };
    entries.extend(workdays.values().map(|day| format!("{day}W")));
    entries.extend(from_last.values().map(last));
    entries.extend(workdays_from_last.values().map(|back| format!("{}W", last(back))));
    entries.join(",")
}

impl Field {
    fn show(&self, value: u16) -> String {
        // A value of the field is never below its first.
        let name = self.names.get(usize::from(value - self.first));
        name.map_or_else(|| value.to_string(), |name| (*name).to_owned())
    }

    /// `*`, steps when the whole set is one progression of numbers, or else a list of values and of ranges of three or more.
    fn print(&self, set: &Set) -> String {
        if set.is_full() {
            return "*".to_owned();
        }
        let values: Vec<u16> = set.values().collect();
        if self.names.is_empty()
            && let Some(steps) = self.steps(&values)
        {
            return steps;
        }
        let entries = self.runs(&values).into_iter().flat_map(|(from, to, length)| match length {
            1 => vec![self.show(from)],
            2 => vec![self.show(from), self.show(to)],
            _ => vec![format!("{}-{}", self.show(from), self.show(to))],
        });
        entries.collect::<Vec<_>>().join(",")
    }

    fn steps(&self, values: &[u16]) -> Option<String> {
        let [from, second, .., to] = *values else { return None };
        let step = second - from;
        if step == 1 || values.windows(2).any(|pair| pair[1] - pair[0] != step) {
            return None;
        }
        Some(if to + step > self.last { format!("{from}/{step}") } else { format!("{from}-{to}/{step}") })
    }

    /// The runs of neighbours: first, last, how many. One that goes on at the start of the field comes last and is one run.
    fn runs(&self, values: &[u16]) -> Vec<(u16, u16, usize)> {
        let mut runs: Vec<_> = values
            .chunk_by(|before, after| before + 1 == *after)
            .filter_map(|run| Some((*run.first()?, *run.last()?, run.len())))
            .collect();
        if let [(first, wrapped_to, head), .., (wrapped_from, last, tail)] = runs[..]
            && self.wraps
            && (first, last) == (self.first, self.last)
            && head + tail > 2
        {
            runs.remove(0);
            runs.pop();
            runs.push((wrapped_from, wrapped_to, head + tail));
        }
        runs
    }
}
