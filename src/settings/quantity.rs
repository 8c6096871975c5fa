//! Amounts of time and of bytes as people write them: `25s`, `1m30s`, `256MiB`.

use std::time::Duration;

/// Units of time in milliseconds, longest first.
const TIME: &[(&str, u64)] = &[("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Units of size in bytes, largest first; the decimal ones are read but never written.
const SIZE: &[(&str, u64)] = &[
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

/// Reads a duration: whole numbers, each with a unit (`ms`, `s`, `m`, `h`, `d`), added up. A number without a unit is not a duration.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut millis = 0u64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, after) = split_number(rest)?;
        let end = after.find(|c: char| c.is_ascii_digit() || c == ' ').unwrap_or(after.len());
        let unit = unit_of(TIME, &after[..end])?;
        millis = millis.checked_add(number.checked_mul(unit)?)?;
        rest = after[end..].trim_start();
    }
    Some(Duration::from_millis(millis))
}

/// Reads a size in bytes: a whole number, alone or with a unit (`KiB`, `MiB`, `GiB`, `TiB`; `kB`, `MB`, `GB`, `TB` are powers of 1000).
pub(crate) fn parse_size(text: &str) -> Option<u64> {
    let (number, unit) = split_number(text.trim())?;
    let unit = unit.trim_start();
    if unit.is_empty() { Some(number) } else { number.checked_mul(unit_of(SIZE, unit)?) }
}

/// The shortest form that [`parse_duration`] reads back, to the millisecond.
pub(crate) fn show_duration(duration: Duration) -> String {
    let mut millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 {
        return "0s".to_owned();
    }
    let mut out = String::new();
    for (name, unit) in TIME {
        if millis >= *unit {
            out.push_str(&format!("{}{name}", millis / unit));
            millis %= unit;
        }
    }
    out
}

/// The size with the largest binary unit that divides it.
pub(crate) fn show_size(bytes: u64) -> String {
    let unit = SIZE.iter().take(4).find(|(_, unit)| bytes > 0 && bytes.is_multiple_of(*unit));
    unit.map_or_else(|| format!("{bytes}B"), |(name, unit)| format!("{}{name}", bytes / unit))
}

fn split_number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

fn unit_of(units: &[(&str, u64)], name: &str) -> Option<u64> {
    units.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, unit)| *unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_numbers_with_units() {
        let read = |text| parse_duration(text).map(|duration| duration.as_millis());
        for (text, millis) in
            [("25s", 25_000), ("5m", 300_000), ("250ms", 250), ("1m30s", 90_000), ("1h 5m", 3_900_000), (" 2D ", 172_800_000)]
        {
            assert_eq!(read(text), Some(millis), "{text}");
        }
        for text in ["", "25", "s", "1.5s", "-1s", "5 m", "5x", "1m30", "99999999999999999999s", "18446744073709551615d", "٣s"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_bytes_or_numbers_with_units() {
        for (text, bytes) in
            [("3145728", 3 << 20), ("256MiB", 256 << 20), ("5 MiB", 5 << 20), ("1gib", 1 << 30), ("10MB", 10_000_000), ("0", 0)]
        {
            assert_eq!(parse_size(text), Some(bytes), "{text}");
        }
        for text in ["", "MiB", "1.5GiB", "-1", "12 parsecs", "17179869184GiB", "5MiB 3"] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_shown_reads_back_as_the_same_amount() {
        for power in 0..44 {
            for offset in [0, 1, 7] {
                let amount = (1u64 << power) + offset;
                assert_eq!(parse_size(&show_size(amount)), Some(amount));
                let duration = Duration::from_millis(amount);
                assert_eq!(parse_duration(&show_duration(duration)), Some(duration));
            }
        }
        assert_eq!((show_size(96 << 20), show_size(10_485_761), show_size(0)), ("96MiB".into(), "10485761B".into(), "0B".into()));
        assert_eq!((show_duration(Duration::from_secs(90)), show_duration(Duration::ZERO)), ("1m30s".into(), "0s".into()));
    }
}
