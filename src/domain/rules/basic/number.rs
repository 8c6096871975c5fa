//! Decimal numbers compared by their text: exact whatever their size, without a float in between.

use std::cmp::Ordering;

/// Which of two numbers is greater; nothing when a text is no number. Blanks around it, a plus sign, and exponents are allowed.
pub(super) fn compare(left: &str, right: &str) -> Option<Ordering> {
    Some(Decimal::read(left)?.cmp(&Decimal::read(right)?))
}

/// `0.d1 d2 d3 .. * 10^magnitude`, where the first digit is not zero; zero has no digits.
struct Decimal<'a> {
    negative: bool,
    /// Digits before the point, without leading zeros.
    whole: &'a [u8],
    /// Digits behind the point, without leading zeros if there are none before it.
    fraction: &'a [u8],
    magnitude: i64,
}

impl<'a> Decimal<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let text = text.trim().as_bytes();
        let negative = text.first() == Some(&b'-');
        let unsigned = if matches!(text.first(), Some(b'-' | b'+')) { &text[1..] } else { text };
        let (mantissa, exponent) = match memchr::memchr2(b'e', b'E', unsigned) {
            Some(at) => (&unsigned[..at], exponent(&unsigned[at + 1..])?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = match memchr::memchr(b'.', mantissa) {
            Some(at) => (&mantissa[..at], &mantissa[at + 1..]),
            None => (mantissa, &mantissa[mantissa.len()..]),
        };
        let digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
        if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
            return None;
        }
        Some(Self::normal(negative, whole, fraction, exponent))
    }

    fn normal(negative: bool, whole: &'a [u8], fraction: &'a [u8], exponent: i64) -> Self {
        let zeros = |text: &[u8]| text.iter().take_while(|digit| **digit == b'0').count();
        let whole = &whole[zeros(whole)..];
        if !whole.is_empty() {
            return Self { negative, whole, fraction, magnitude: exponent.saturating_add(length(whole.len())) };
        }
        let skipped = zeros(fraction);
        Self { negative, whole, fraction: &fraction[skipped..], magnitude: exponent.saturating_sub(length(skipped)) }
    }

    fn is_zero(&self) -> bool {
        self.whole.is_empty() && self.fraction.is_empty()
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.whole.iter().chain(self.fraction).copied()
    }

    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| if number.is_zero() { 0 } else { 1 - 2 * i8::from(number.negative) };
        let (left, right) = (sign(self), sign(other));
        if left != right || left == 0 {
            return left.cmp(&right);
        }
        let size = self.magnitude.cmp(&other.magnitude).then_with(|| self.cmp_digits(other));
        if self.negative { size.reverse() } else { size }
    }

    /// The shorter one goes on with zeros.
    fn cmp_digits(&self, other: &Self) -> Ordering {
        let longest = (self.whole.len() + self.fraction.len()).max(other.whole.len() + other.fraction.len());
        let zeros = || std::iter::repeat(b'0');
        self.digits().chain(zeros()).take(longest).cmp(other.digits().chain(zeros()).take(longest))
    }
}

/// Digits of an exponent; one of absurd size stays what it is, absurd.
fn exponent(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let size = digits.iter().fold(0i64, |size, digit| size.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    Some(if text.first() == Some(&b'-') { -size } else { size })
}

fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_compared_by_what_they_mean() {
        for same in [
            &["5", "5.0", "05", "+5", " 5 ", "5.", "0.5e1", "500E-2"][..],
            &["0", "-0", "0.000", "0e99", ".0"],
            &["-1.10", "-1.1", "-11e-1"],
        ] {
            for (left, right) in same.iter().flat_map(|left| same.iter().map(move |right| (left, right))) {
                assert_eq!(compare(left, right), Some(Ordering::Equal), "{left} {right}");
            }
        }
        let rising = [
            "-1e400",
            "-2",
            "-1.5",
            "-1e-400",
            "0",
            "1e-400",
            "0.09",
            "0.1",
            "0.11",
            "1",
            "9",
            "10",
            "9007199254740992",
            "9007199254740993",
            "1e400",
        ];
        for (no, left) in rising.iter().enumerate() {
            for (other, right) in rising.iter().enumerate() {
                assert_eq!(compare(left, right), Some(no.cmp(&other)), "{left} {right}");
            }
        }
    }

    #[test]
    fn what_is_no_number_cannot_be_compared() {
        for text in ["", " ", "-", "+", ".", "e5", "5e", "5e+", "1_000", "1,5", "0x10", "inf", "nan", "5 5", "--5", "five"] {
            assert_eq!((compare(text, "5"), compare("5", text)), (None, None), "{text}");
        }
    }

    #[test]
    fn exponents_of_absurd_size_end_nothing() {
        let huge = format!("1e{}", "9".repeat(40));
        assert_eq!(compare(&huge, "1e300"), Some(Ordering::Greater));
        assert_eq!(compare(&format!("-{huge}"), "1"), Some(Ordering::Less));
        assert_eq!(compare(&format!("1e-{}", "9".repeat(40)), "1e-300"), Some(Ordering::Less));
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_integers(left in any::<i64>(), right in any::<i64>(), shift in 0usize..30) {
            // The same factor on both sides, written in two ways, changes nothing.
            let (zeros, scaled) = (format!("{left}{}.000", "0".repeat(shift)), format!("{right}e{shift}"));
            prop_assert_eq!(compare(&left.to_string(), &right.to_string()), Some(left.cmp(&right)));
            prop_assert_eq!(compare(&zeros, &scaled), Some(left.cmp(&right)));
            prop_assert_eq!(compare(&scaled, &zeros), Some(right.cmp(&left)));
        }

        #[test]
        fn any_text_is_a_number_or_not(left in ".{0,12}", right in "[-+0-9.eE ]{0,12}") {
            prop_assert_eq!(compare(&left, &right).map(Ordering::reverse), compare(&right, &left));
        }
    }
}
