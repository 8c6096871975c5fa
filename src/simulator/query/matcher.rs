//! Tests of single values, working on the JSON text in which rows keep them.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashSet;

use domain::soql::{Comparison, LikePart};

use super::moment;
use crate::org::{IdKey, Shape, key_of, text_of};

/// A test of a value. Null differs from every value, so `!=` and `NOT IN` hold for it; all orders exclude it.
#[derive(Debug)]
pub(super) enum Matcher {
    /// Nothing matches.
    Never,
    /// Null matches when wanted, all else when not.
    Null {
        wanted: bool,
    },
    Bool {
        wanted: bool,
    },
    Id {
        comparison: Comparison,
        key: IdKey,
    },
    IdIn {
        keys: HashSet<IdKey>,
        null: bool,
        negated: bool,
    },
    Text {
        comparison: Comparison,
        folded: String,
    },
    TextIn {
        folded: HashSet<String>,
        null: bool,
        negated: bool,
    },
    Like(Like),
    Number {
        comparison: Comparison,
        number: Number,
    },
    NumberIn {
        numbers: Vec<Number>,
        null: bool,
        negated: bool,
    },
    /// Start (included) and end (excluded) in days or milliseconds.
    Moment {
        shape: Shape,
        comparison: Comparison,
        span: (i64, i64),
    },
    MomentIn {
        shape: Shape,
        spans: Vec<(i64, i64)>,
        null: bool,
        negated: bool,
    },
    /// Any group of which the value has all members.
    Includes {
        groups: Vec<Vec<String>>,
        negated: bool,
    },
}

impl Matcher {
    /// Whether a value (JSON text; none for null) matches.
    pub(super) fn matches(&self, json: Option<&[u8]>) -> bool {
        let Some(json) = json else { return self.matches_null() };
        match self {
            Self::Never => false,
            Self::Null { wanted } => !wanted,
            Self::Bool { wanted } => (json == b"true") == *wanted,
            Self::Id { comparison, key } => match key_of(json) {
                Some(known) => satisfies(*comparison, known.cmp(key)),
                None => *comparison == Comparison::NotEqual,
            },
            Self::IdIn { keys, negated, .. } => key_of(json).is_some_and(|key| keys.contains(&key)) != *negated,
            Self::Text { comparison, folded } => satisfies(*comparison, compare_text(&text_of(json), folded)),
            Self::TextIn { folded, negated, .. } => folded.contains(fold(&text_of(json)).as_ref()) != *negated,
            Self::Like(like) => like.matches(&text_of(json)),
            Self::Number { comparison, number } => match Number::from_json(json) {
                Some(known) => satisfies(*comparison, known.compare(number)),
                None => *comparison == Comparison::NotEqual,
            },
            Self::NumberIn { numbers, negated, .. } => {
                Number::from_json(json).is_some_and(|known| numbers.iter().any(|number| known.compare(number).is_eq())) != *negated
            }
            Self::Moment { shape, comparison, span } => match moment_of(*shape, json) {
                Some(moment) => satisfies(*comparison, compare_span(moment, *span)),
                None => *comparison == Comparison::NotEqual,
            },
            Self::MomentIn { shape, spans, negated, .. } => {
                moment_of(*shape, json).is_some_and(|moment| spans.iter().any(|span| compare_span(moment, *span).is_eq())) != *negated
            }
            Self::Includes { groups, negated } => includes(groups, &text_of(json)) != *negated,
        }
    }

    fn matches_null(&self) -> bool {
        match self {
            Self::Never | Self::Like(_) => false,
            Self::Null { wanted } => *wanted,
            Self::Bool { wanted } => !wanted,
            Self::Id { comparison, .. }
            | Self::Text { comparison, .. }
            | Self::Number { comparison, .. }
            | Self::Moment { comparison, .. } => *comparison == Comparison::NotEqual,
            Self::IdIn { null, negated, .. }
            | Self::TextIn { null, negated, .. }
            | Self::NumberIn { null, negated, .. }
            | Self::MomentIn { null, negated, .. } => null != negated,
            Self::Includes { negated, .. } => *negated,
        }
    }
}

fn satisfies(comparison: Comparison, order: Ordering) -> bool {
    match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}

/// Text without its case, for comparison.
pub(super) fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) }
    } else {
        Cow::Owned(text.to_lowercase())
    }
}

fn compare_text(text: &str, folded: &str) -> Ordering {
    if text.is_ascii() { text.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(folded.bytes()) } else { fold(text).as_ref().cmp(folded) }
}

/// Where a moment lies relative to a range: before it, in it, after it.
fn compare_span(moment: i64, (start, end): (i64, i64)) -> Ordering {
    if moment < start {
        Ordering::Less
    } else if moment >= end {
        Ordering::Greater
    } else {
        Ordering::Equal
    }
}

/// A date in days, a date-time or a time in milliseconds.
pub(super) fn moment_of(shape: Shape, json: &[u8]) -> Option<i64> {
    let text = text_of(json);
    let text = text.as_bytes();
    match shape {
        Shape::Date => moment::day(text),
        Shape::DateTime => moment::instant(text),
        Shape::Time => moment::time(text),
        _ => None,
    }
}

/// A number: exact when it is whole, so that long integers differ in their last digit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    approximate: f64,
    whole: Option<i128>,
}

impl Number {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let approximate: f64 = text.parse().ok()?;
        approximate.is_finite().then(|| Self { approximate, whole: text.parse().ok() })
    }

    pub(super) fn from_json(json: &[u8]) -> Option<Self> {
        std::str::from_utf8(json).ok().and_then(Self::parse)
    }

    pub(super) fn approximate(self) -> f64 {
        self.approximate
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self.whole, other.whole) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => self.approximate.total_cmp(&other.approximate),
        }
    }
}

fn includes(groups: &[Vec<String>], value: &str) -> bool {
    let members: Vec<Cow<'_, str>> = value.split(';').map(|member| fold(member.trim())).collect();
    groups.iter().any(|group| group.iter().all(|wanted| members.iter().any(|member| member == wanted)))
}

/// A `LIKE` pattern, without its case.
#[derive(Debug)]
pub(super) struct Like(Vec<Glyph>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Glyph {
    Any,
    One,
    Character(char),
}

impl Like {
    pub(super) fn new(parts: &[LikePart]) -> Self {
        let mut glyphs = Vec::new();
        for part in parts {
            match part {
                LikePart::Any => glyphs.push(Glyph::Any),
                LikePart::One => glyphs.push(Glyph::One),
                LikePart::Text(text) => glyphs.extend(fold(text).chars().map(Glyph::Character)),
            }
        }
        Self(glyphs)
    }

    /// Matches with one point of return, the last `%`, so that no pattern takes exponential time.
    pub(super) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = fold(text).chars().collect();
        let (mut at, mut glyph) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        while at < text.len() {
            match self.0.get(glyph) {
                Some(Glyph::Any) => {
                    retry = Some((at, glyph));
                    glyph += 1;
                    continue;
                }
                Some(Glyph::One) => {}
                Some(Glyph::Character(character)) if *character == text[at] => {}
                _ => {
                    let Some((from, any)) = retry else { return false };
                    retry = Some((from + 1, any));
                    (at, glyph) = (from + 1, any + 1);
                    continue;
                }
            }
            at += 1;
            glyph += 1;
        }
        self.0[glyph..].iter().all(|rest| *rest == Glyph::Any)
    }
}
