//! Salesforce's date-times as documents show them.

use jiff::Timestamp;

/// Turns `2023-12-12T00:00:00.000+0000` into `2023-12-12T00:00:00Z`; an offset is applied. `None` when the text is no date-time.
pub fn zulu(text: &str) -> Option<String> {
    // Salesforce always sends UTC with `+0000`; anything else takes the slow way.
    if text.is_ascii()
        && text.len() >= 20
        && matches!(&text[19..], ".000+0000" | "Z" | ".000Z" | "+0000")
        && is_date_time(&text.as_bytes()[..19])
    {
        return Some(format!("{}Z", &text[..19]));
    }
    let parsed = text.parse::<Timestamp>().or_else(|_| Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text)).ok()?;
    Some(whole_seconds(parsed))
}

/// `2023-12-12T00:00:00Z`, fraction dropped.
pub fn whole_seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn is_date_time(text: &[u8]) -> bool {
    text.iter().zip(b"dddd-dd-ddTdd:dd:dd").all(|(have, want)| if *want == b'd' { have.is_ascii_digit() } else { have == want })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_times_are_shown_in_whole_seconds_of_utc() {
        assert_eq!(zulu("2023-12-12T01:02:03.000+0000").as_deref(), Some("2023-12-12T01:02:03Z"));
        assert_eq!(zulu("2023-12-12T01:02:03.456+0000").as_deref(), Some("2023-12-12T01:02:03Z"));
        assert_eq!(zulu("2023-12-12T01:02:03Z").as_deref(), Some("2023-12-12T01:02:03Z"));
        assert_eq!(zulu("2023-12-12T01:02:03.000+0200").as_deref(), Some("2023-12-11T23:02:03Z"));
        assert_eq!(zulu("2023-12-12T01:02:03+02:00").as_deref(), Some("2023-12-11T23:02:03Z"));
        for text in ["", "yesterday", "2023-12-12", "2023-1x-12T01:02:03.000+0000", "2023-12-12T01:02:03é"] {
            assert_eq!(zulu(text), None, "{text}");
        }
    }
}
