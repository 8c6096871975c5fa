//! What the seven fields have in common: values, names, ranges, steps, lists.

use super::error::{ScheduleError, shown};
use super::set::Set;

const MONTHS: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// One field of a schedule.
#[derive(Debug)]
pub(super) struct Field {
    name: &'static str,
    pub(super) first: u16,
    pub(super) last: u16,
    /// The longest step that may follow a `/` without a range.
    longest_step: u16,
    /// Whether a range may run past `last` and go on at `first`.
    pub(super) wraps: bool,
    /// Names of the values, from `first` on.
    pub(super) names: &'static [&'static str],
    values: &'static str,
    forms: &'static str,
}

const PLAIN: &str = "`*`, a value, a range `a-b`, steps `a/n`, `*/n` or `a-b/n`, or a list of these";

pub(super) const SECONDS: Field =
    Field { name: "seconds", first: 0, last: 59, longest_step: 59, wraps: true, names: &[], values: "0 to 59", forms: PLAIN };
pub(super) const MINUTES: Field = Field { name: "minutes", ..SECONDS };
pub(super) const HOURS: Field = Field { name: "hours", last: 23, longest_step: 23, values: "0 to 23", ..SECONDS };
pub(super) const DAYS_OF_MONTH: Field = Field {
    name: "day-of-month",
    first: 1,
    last: 31,
    longest_step: 31,
    values: "1 to 31",
    forms: "`?`, `*`, a day, a range `a-b`, steps `a/n`, `*/n` or `a-b/n`, `L`, `L-n`, `LW`, `L-nW`, `nW`, or a list of these but `?`",
    ..SECONDS
};
pub(super) const MONTH: Field =
    Field { name: "month", first: 1, last: 12, longest_step: 12, names: MONTHS, values: "1 to 12 or JAN to DEC", ..SECONDS };
pub(super) const DAYS_OF_WEEK: Field = Field {
    name: "day-of-week",
    first: 1,
    last: 7,
    longest_step: 7,
    names: WEEKDAYS,
    values: "1 to 7 or SUN to SAT",
    forms: "`?`, `L`, `dL`, `d#n`, or a list of `*`, days, ranges `a-b`, steps `a/n`, `*/n` or `a-b/n`",
    ..SECONDS
};
pub(super) const YEAR: Field =
    Field { name: "year", first: 1970, last: 2099, longest_step: u16::MAX, wraps: false, values: "1970 to 2099", ..SECONDS };

/// A value and how it was written.
struct Value {
    number: u16,
    named: bool,
}

impl Field {
    /// Reads a list of plain entries.
    pub(super) fn set(&self, text: &str) -> Result<Set, ScheduleError> {
        let mut set = Set::empty(self.first, self.last);
        for entry in self.entries(text) {
            self.add(entry?, &mut set)?;
        }
        Ok(set)
    }

    /// The entries of a list, none of them empty.
    pub(super) fn entries<'t>(&self, text: &'t str) -> impl Iterator<Item = Result<&'t str, ScheduleError>> {
        text.split(',')
            .map(move |entry| if entry.is_empty() { Err(self.refuses(text, "an entry between commas is empty")) } else { Ok(entry) })
    }

    /// Adds the values of one entry: `*`, `a`, `a-b`, each with `/n` or without, and `/n` alone.
    pub(super) fn add(&self, entry: &str, set: &mut Set) -> Result<(), ScheduleError> {
        let (range, step) = match entry.split_once('/') {
            Some((range, step)) => (range, Some(self.step(entry, step)?)),
            None => (entry, None),
        };
        if let Some((from, to)) = range.split_once('-') {
            return self.add_range(entry, [self.value(entry, from)?, self.value(entry, to)?], step, set);
        }
        let (from, to) = match range {
            // Nothing before the slash is every value, too; entries are not empty.
            "*" | "" => (self.first, self.last),
            _ => {
                let value = self.value(entry, range)?;
                self.no_step_after_name(entry, &[&value], step)?;
                (value.number, if step.is_some() { self.last } else { value.number })
            }
        };
        if step.is_some_and(|step| step > self.longest_step) {
            return Err(self.refuses(entry, format_args!("a step is 1 to {}", self.longest_step)));
        }
        (from..=to).step_by(usize::from(step.unwrap_or(1))).for_each(|value| set.insert(value));
        Ok(())
    }

    fn add_range(&self, entry: &str, [from, to]: [Value; 2], step: Option<u16>, set: &mut Set) -> Result<(), ScheduleError> {
        if from.named != to.named {
            return Err(self.refuses(entry, "a range is of two numbers or of two names"));
        }
        self.no_step_after_name(entry, &[&from, &to], step)?;
        if to.number < from.number && !self.wraps {
            return Err(self.refuses(entry, "a range of years does not run backwards"));
        }
        let span = self.last - self.first + 1;
        let length = (to.number + span - from.number) % span;
        for offset in (0..=length).step_by(usize::from(step.unwrap_or(1))) {
            set.insert(self.first + (from.number - self.first + offset) % span);
        }
        Ok(())
    }

    /// Quartz drops a step that follows a name, other readers of the dialect make it every n-th week; nobody should have to guess.
    fn no_step_after_name(&self, entry: &str, values: &[&Value], step: Option<u16>) -> Result<(), ScheduleError> {
        if step.is_some() && values.iter().any(|value| value.named) {
            let numbers: Vec<_> = values.iter().map(|value| value.number.to_string()).collect();
            return Err(self.refuses(entry, format_args!("a step goes with numbers, as in `{}/n`", numbers.join("-"))));
        }
        Ok(())
    }

    fn step(&self, entry: &str, text: &str) -> Result<u16, ScheduleError> {
        match number(text) {
            Some(0) => Err(self.refuses(entry, "a step is 1 or more")),
            Some(step) => Ok(step),
            None => Err(self.refuses(entry, self.forms)),
        }
    }

    /// The value that `text`, a part of `entry`, stands for.
    pub(super) fn one(&self, entry: &str, text: &str) -> Result<u16, ScheduleError> {
        self.value(entry, text).map(|value| value.number)
    }

    fn value(&self, entry: &str, text: &str) -> Result<Value, ScheduleError> {
        if let Some(index) = self.names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
            // No more than twelve names.
            return Ok(Value { number: self.first + index as u16, named: true });
        }
        match number(text) {
            Some(number) if (self.first..=self.last).contains(&number) => Ok(Value { number, named: false }),
            None if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) => Err(self.refuses(entry, self.forms)),
            _ => Err(self.refuses(entry, self.values)),
        }
    }

    pub(super) fn refuses_form(&self, text: &str) -> ScheduleError {
        self.refuses(text, self.forms)
    }

    pub(super) fn refuses(&self, text: &str, accepted: impl ToString) -> ScheduleError {
        ScheduleError::Field { field: self.name, text: shown(text), accepted: accepted.to_string() }
    }
}

/// Reads ASCII digits; a number too great for 16 bits is as bad as the greatest of them.
pub(super) fn number(text: &str) -> Option<u16> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().unwrap_or(u16::MAX))
}
