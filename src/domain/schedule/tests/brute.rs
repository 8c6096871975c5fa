//! Schedules as data, with a matcher that looks at every second: slow, and written without the rules under test.

use jiff::civil::{Date, Weekday};
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};
use proptest::collection::vec;
use proptest::prelude::*;

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/// A plain entry of a list.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    All,
    One(i16),
    Range(i16, i16),
    From(Option<i16>, i16),
    Stepped(i16, i16, i16),
}

/// A plain field: its bounds, its entries, and whether values are written as names.
#[derive(Clone, Debug)]
pub(super) struct Plain {
    bounds: (i16, i16),
    pub(super) entries: Vec<Entry>,
    names: &'static [&'static str],
}

#[derive(Clone, Debug)]
pub(super) enum DayEntry {
    Plain(Plain),
    Workday(i8),
    Back(i8),
    WorkdayBack(i8),
}

#[derive(Clone, Debug)]
pub(super) enum Day {
    Month(Vec<DayEntry>),
    Week(Plain),
    Saturday,
    Last(i8),
    Nth(i8, i8),
}

/// A schedule as data.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    /// Seconds, minutes, hours.
    pub(super) time: [Plain; 3],
    pub(super) day: Day,
    pub(super) month: Plain,
    pub(super) year: Option<Plain>,
}

impl Plain {
    fn fires(&self, value: i16) -> bool {
        let (first, last) = self.bounds;
        let within = |from: i16, to: i16| if from <= to { from <= value && value <= to } else { value >= from || value <= to };
        let ahead_of = |from: i16| (value - from).rem_euclid(last - first + 1);
        self.entries.iter().any(|entry| match *entry {
            Entry::All => true,
            Entry::One(only) => value == only,
            Entry::Range(from, to) => within(from, to),
            Entry::From(from, step) => value >= from.unwrap_or(first) && (value - from.unwrap_or(first)) % step == 0,
            Entry::Stepped(from, to, step) => within(from, to) && ahead_of(from) % step == 0,
        })
    }

    fn text(&self) -> String {
        let name =
            |value: i16| self.names.get((value - self.bounds.0) as usize).map_or_else(|| value.to_string(), |name| (*name).to_owned());
        let entries = self.entries.iter().map(|entry| match *entry {
            Entry::All => "*".to_owned(),
            Entry::One(only) => name(only),
            Entry::Range(from, to) => format!("{}-{}", name(from), name(to)),
            Entry::From(None, step) => format!("*/{step}"),
            Entry::From(Some(from), step) => format!("{from}/{step}"),
            Entry::Stepped(from, to, step) => format!("{from}-{to}/{step}"),
        });
        entries.collect::<Vec<_>>().join(",")
    }

    /// Whether a star stands alone and no range runs past the end.
    pub(super) fn is_straight(&self) -> bool {
        let star_in_list = self.entries.len() > 1 && self.entries.iter().any(|entry| matches!(entry, Entry::All));
        !star_in_list
            && !self.entries.iter().any(|entry| matches!(entry, Entry::Range(from, to) | Entry::Stepped(from, to, _) if from >= to))
    }
}

impl Day {
    fn fires(&self, date: Date) -> bool {
        let weekday = date.weekday().to_sunday_one_offset();
        match self {
            Self::Month(entries) => entries.iter().any(|entry| match entry {
                DayEntry::Plain(plain) => plain.fires(date.day().into()),
                DayEntry::Workday(day) => *day <= date.days_in_month() && is_nearest_workday(date, *day),
                DayEntry::Back(back) => date.day() + back == date.days_in_month(),
                DayEntry::WorkdayBack(back) => *back < date.days_in_month() && is_nearest_workday(date, date.days_in_month() - back),
            }),
            Self::Week(plain) => plain.fires(weekday.into()),
            Self::Saturday => date.weekday() == Weekday::Saturday,
            Self::Last(last) => weekday == *last && date.checked_add(7.days()).unwrap().month() != date.month(),
            Self::Nth(day, nth) => {
                let earlier = (0..5).filter(|weeks| date.checked_sub((*weeks * 7).days()).unwrap().month() == date.month()).count();
                weekday == *day && earlier == *nth as usize
            }
        }
    }

    /// Day-of-month and day-of-week.
    fn text(&self) -> [String; 2] {
        let unset = || "?".to_owned();
        match self {
            Self::Month(entries) => {
                let entries = entries.iter().map(|entry| match entry {
                    DayEntry::Plain(plain) => plain.text(),
                    DayEntry::Workday(day) => format!("{day}W"),
                    DayEntry::Back(0) => "L".to_owned(),
                    DayEntry::Back(back) => format!("L-{back}"),
                    DayEntry::WorkdayBack(0) => "LW".to_owned(),
                    DayEntry::WorkdayBack(back) => format!("L-{back}W"),
                });
                [entries.collect::<Vec<_>>().join(","), unset()]
            }
            Self::Week(plain) => [unset(), plain.text()],
            Self::Saturday => [unset(), "L".to_owned()],
            Self::Last(day) => [unset(), format!("{day}L")],
            Self::Nth(day, nth) => [unset(), format!("{}#{nth}", WEEKDAYS[*day as usize - 1])],
        }
    }
}

/// Whether `date` is the working day of its month that is nearest to `day`.
fn is_nearest_workday(date: Date, day: i8) -> bool {
    let works = |other: &i8| !matches!(date.with().day(*other).build().unwrap().weekday(), Weekday::Saturday | Weekday::Sunday);
    (1..=date.days_in_month()).filter(works).min_by_key(|other| (other - day).abs()) == Some(date.day())
}

impl Sample {
    pub(super) fn text(&self) -> String {
        let [seconds, minutes, hours] = self.time.each_ref().map(Plain::text);
        let [day_of_month, day_of_week] = self.day.text();
        let year = self.year.as_ref().map_or_else(String::new, |year| format!(" {}", year.text()));
        format!("{seconds} {minutes} {hours} {day_of_month} {} {day_of_week}{year}", self.month.text())
    }

    fn fires_on(&self, date: Date) -> bool {
        let in_year = self.year.as_ref().is_none_or(|year| year.fires(date.year()));
        in_year && self.month.fires(date.month().into()) && self.day.fires(date)
    }

    pub(super) fn fires(&self, at: Timestamp) -> bool {
        let moment = Offset::UTC.to_datetime(at);
        let time = [moment.second(), moment.minute(), moment.hour()];
        self.fires_on(moment.date()) && self.time.iter().zip(time).all(|(field, value)| field.fires(value.into()))
    }

    /// The first fire time after `start`, looked for on so many days: day after day, then second after second.
    pub(super) fn first_after(&self, start: Timestamp, days: u32) -> Option<Timestamp> {
        let [seconds, minutes, hours] = self.time.each_ref().map(|field| (0..60).map(|value| field.fires(value)).collect::<Vec<_>>());
        let mut date = Offset::UTC.to_datetime(start).date();
        for _ in 0..days {
            if self.fires_on(date) {
                let midnight = Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).unwrap().as_second();
                let fires = |second: &usize| hours[second / 3600] && minutes[second / 60 % 60] && seconds[second % 60];
                let moments = (0..86_400).filter(fires).map(|second| Timestamp::from_second(midnight + second as i64).unwrap());
                if let Some(found) = moments.into_iter().find(|moment| *moment > start) {
                    return Some(found);
                }
            }
            date = date.tomorrow().unwrap();
        }
        None
    }
}

fn entry((first, last): (i16, i16), longest_step: i16) -> impl Strategy<Value = Entry> {
    prop_oneof![
        1 => Just(Entry::All),
        5 => (first..=last).prop_map(Entry::One),
        3 => (first..=last, first..=last).prop_map(|(from, to)| Entry::Range(from, to)),
        3 => (prop::option::of(first..=last), 1..=longest_step).prop_map(|(from, step)| Entry::From(from, step)),
        3 => (first..=last, first..=last, 1..=longest_step).prop_map(|(from, to, step)| Entry::Stepped(from, to, step)),
    ]
}

fn plain(bounds: (i16, i16), longest_step: i16, names: &'static [&'static str]) -> impl Strategy<Value = Plain> {
    let entries = prop_oneof![1 => Just(vec![Entry::All]), 3 => vec(entry(bounds, longest_step), 1..4)];
    (entries, any::<bool>()).prop_map(move |(entries, named)| Plain { bounds, entries, names: if named { names } else { &[] } })
}

fn day() -> impl Strategy<Value = Day> {
    let in_month = prop_oneof![
        plain((1, 31), 31, &[]).prop_map(DayEntry::Plain),
        (1..=31i8).prop_map(DayEntry::Workday),
        (0..=30i8).prop_map(DayEntry::Back),
        (0..=30i8).prop_map(DayEntry::WorkdayBack),
    ];
    prop_oneof![
        4 => vec(in_month, 1..3).prop_map(Day::Month),
        2 => plain((1, 7), 7, &WEEKDAYS).prop_map(Day::Week),
        1 => Just(Day::Saturday),
        1 => (1..=7i8).prop_map(Day::Last),
        1 => (1..=7i8, 1..=5i8).prop_map(|(day, nth)| Day::Nth(day, nth)),
    ]
}

fn year() -> impl Strategy<Value = Option<Plain>> {
    let straight = entry((1970, 2099), 40).prop_map(|entry| match entry {
        Entry::Range(from, to) => Entry::Range(from.min(to), from.max(to)),
        Entry::Stepped(from, to, step) => Entry::Stepped(from.min(to), from.max(to), step),
        other => other,
    });
    let near = vec(prop_oneof![straight, (2023..2027i16).prop_map(Entry::One)], 1..4);
    prop_oneof![2 => Just(None), 1 => near.prop_map(|entries| Some(Plain { bounds: (1970, 2099), entries, names: &[] }))]
}

pub(super) fn sample() -> impl Strategy<Value = Sample> {
    let time = [plain((0, 59), 59, &[]), plain((0, 59), 59, &[]), plain((0, 23), 23, &[])];
    (time, day(), plain((1, 12), 12, &MONTHS), year()).prop_map(|(time, day, month, year)| Sample { time, day, month, year })
}

/// Instants from 2019 to 2030, many of them close to the start of a month.
pub(super) fn instant() -> impl Strategy<Value = Timestamp> {
    let anywhere = 1_550_000_000..1_900_000_000i64;
    let near_a_month = (2019..2030i16, 1..=12i8, -3..3i64).prop_map(|(year, month, off)| {
        Offset::UTC.to_timestamp(jiff::civil::date(year, month, 1).at(0, 0, 0, 0)).unwrap().as_second() + off
    });
    (prop_oneof![anywhere, near_a_month], prop_oneof![Just(0), 0..1_000_000_000i32])
        .prop_map(|(second, nanos)| Timestamp::new(second, nanos).unwrap())
}
