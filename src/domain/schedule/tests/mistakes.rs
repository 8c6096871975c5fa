//! What is said about a text that is no schedule.

use proptest::prelude::*;

use crate::schedule::Schedule;

fn complaint(text: &str) -> String {
    Schedule::parse(text).expect_err(text).to_string()
}

#[test]
fn a_mistake_is_told_with_its_field_and_what_is_accepted() {
    for (text, told) in [
        ("0 0 0 ? * 8", "day-of-week `8`: 1 to 7 or SUN to SAT"),
        ("0 0 0 ? * MON-FOO", "day-of-week `MON-FOO`: 1 to 7 or SUN to SAT"),
        ("60 0 0 * * ?", "seconds `60`: 0 to 59"),
        ("0 5,99999999999 0 * * ?", "minutes `99999999999`: 0 to 59"),
        ("0 0 L * * ?", "hours `L`: 0 to 23"),
        ("0 0 0 32W * ?", "day-of-month `32W`: 1 to 31"),
        ("0 0 0 1 JANUARY ?", "month `JANUARY`: 1 to 12 or JAN to DEC"),
        ("0 0 0 1 1 ? 1969", "year `1969`: 1970 to 2099"),
        ("0 0 0 1 1 ? 2100", "year `2100`: 1970 to 2099"),
        ("0 0/60 * * * ?", "minutes `0/60`: a step is 1 to 59"),
        ("0 */0 * * * ?", "minutes `*/0`: a step is 1 or more"),
        ("0 5,,6 * * * ?", "minutes `5,,6`: an entry between commas is empty"),
        ("0 0 0 L-31 * ?", "day-of-month `L-31`: `L-n` with n up to 30"),
        ("0 0 0 ? * MON#6", "day-of-week `MON#6`: `d#n` with n from 1 to 5"),
        ("0 0 0 ? * MON,FRIL", "day-of-week `FRIL`: `L`, `dL` and `d#n` stand alone, not in a list"),
        ("0 0 0 ? * MON-FRI/2", "day-of-week `MON-FRI/2`: a step goes with numbers, as in `2-6/n`"),
        ("0 0 0 1 FEB/4 ?", "month `FEB/4`: a step goes with numbers, as in `2/n`"),
        ("0 0 0 1 3-JUN ?", "month `3-JUN`: a range is of two numbers or of two names"),
        ("0 0 0 1 1 ? 2030-2024", "year `2030-2024`: a range of years does not run backwards"),
        ("0 0-5-7 0 * * ?", "minutes `0-5-7`: `*`, a value, a range `a-b`, steps `a/n`, `*/n` or `a-b/n`, or a list of these"),
        ("* * * * * *", "day-of-month `*` and day-of-week `*`: exactly one of the two is `?`"),
        ("0 0 0 ? * ?", "day-of-month `?` and day-of-week `?`: exactly one of the two is `?`"),
        ("0 0 0 1 * MON", "day-of-month `1` and day-of-week `MON`: exactly one of the two is `?`"),
        ("0 0 * * *", "a schedule has 6 or 7 fields, not 5: seconds minutes hours day-of-month month day-of-week [year]"),
        ("", "a schedule has 6 or 7 fields, not 0: seconds minutes hours day-of-month month day-of-week [year]"),
    ] {
        assert_eq!(complaint(text), told, "`{text}`");
    }
}

#[test]
fn letters_and_digits_beyond_ascii_are_none() {
    for text in ["0 0 0 ? * ſun", "٣ 0 0 * * ?", "0 0 0 L\u{2013}3 * ?", "0\u{a0}0 0 0 * * ?", "0 0 0 1 1\n ?", "0 0 12 １W * ?"] {
        complaint(text);
    }
}

#[test]
fn a_long_mistake_is_told_in_short() {
    let told = complaint(&format!("0 0 0 {} * ?", "\n9\u{7}".repeat(100_000)));
    assert!(told.starts_with("day-of-month `\\n9\\u{7}\\n9"), "{told}");
    assert!(told.len() < 500, "{told}");
    assert!(complaint(&"0 ".repeat(100_000)).starts_with("a schedule has 6 or 7 fields, not 8:"));
}

/// Text that looks a little like a schedule.
fn nearly() -> impl Strategy<Value = String> {
    let field =
        prop_oneof![Just("*".to_owned()), Just("?".to_owned()), "[0-9]{1,3}", "[-0-9*/,LW#?a-z]{1,6}", "(MON|FRI|JAN|L)[-/#LW0-9]{0,3}"];
    proptest::collection::vec(field, 5..8).prop_map(|fields| fields.join(" "))
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_in_one_line(text in prop_oneof![nearly(), ".{0,60}"]) {
        match Schedule::parse(&text) {
            Ok(schedule) => prop_assert_eq!(Schedule::parse(&schedule.to_string()), Ok(schedule)),
            Err(error) => prop_assert!(!error.to_string().contains(char::is_control), "{error}"),
        }
    }
}
