//! Tests of schedules: constructs by examples, mistakes, a brute force, and two other readers of the dialect.

mod brute;
mod constructs;
mod croner;
mod mistakes;
mod properties;
mod quartz;

use jiff::Timestamp;

use super::Schedule;

fn schedule(text: &str) -> Schedule {
    Schedule::parse(text).unwrap_or_else(|error| panic!("`{text}`: {error}"))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|error| panic!("`{text}`: {error}"))
}

/// The first fire times after `start`, at most `most`.
fn fires(schedule: &Schedule, start: Timestamp, most: usize) -> Vec<Timestamp> {
    std::iter::successors(schedule.next_after(start), |fire| schedule.next_after(*fire)).take(most).collect()
}
