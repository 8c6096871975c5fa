//! Date-times of the protocol: UTC with microseconds and `+00:00`.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde_json::Value;

/// `2026-11-23T08:08:55.898080+00:00`; without the fraction when it is zero.
pub fn written(at: Timestamp) -> String {
    let fraction = at.as_microsecond().rem_euclid(1_000_000);
    let shown = at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    if fraction == 0 { format!("{shown}+00:00") } else { format!("{shown}.{fraction:06}+00:00") }
}

/// Reads what the protocol's writers write: with any offset, without one (UTC), or milliseconds since 1970.
pub fn read(value: &Value) -> Option<Timestamp> {
    let Value::String(text) = value else { return Timestamp::from_millisecond(value.as_i64()?).ok() };
    let naive = || Offset::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok();
    text.parse::<Timestamp>().ok().or_else(naive)
}
