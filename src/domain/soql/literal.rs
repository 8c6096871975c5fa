//! Values in a query: strings and their escapes, numbers, dates, relative dates.

use std::str::CharIndices;

use super::span::Span;

/// A value with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    /// The value.
    pub value: Value,
    /// Place.
    pub span: Span,
}

/// A value. Numbers and dates stay as typed, so that no digit is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// `'text'`, escapes resolved.
    String(String),
    /// `12`, `-1.5`, `1e6`
    Number(String),
    /// `USD5000`: an amount in a currency of its own.
    Money(String),
    /// `2026-01-31`
    Date(String),
    /// `2026-01-31T12:00:00Z`, with any offset.
    DateTime(String),
    /// `17:30:00.000Z`
    Time(String),
    /// `TODAY`, `LAST_N_DAYS:7`
    Relative(RelativeDate),
}

/// A span of days relative to today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelativeDate {
    /// What is counted.
    pub unit: DateUnit,
    /// Which ones.
    pub reach: Reach,
}

/// Unit of a relative date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateUnit {
    /// Days.
    Day,
    /// Weeks.
    Week,
    /// Months.
    Month,
    /// Quarters.
    Quarter,
    /// Years.
    Year,
    /// Quarters of the fiscal year.
    FiscalQuarter,
    /// Fiscal years.
    FiscalYear,
}

/// Which units a relative date covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// `YESTERDAY`, `LAST_WEEK`
    Previous,
    /// `TODAY`, `THIS_WEEK`
    Current,
    /// `TOMORROW`, `NEXT_WEEK`
    Next,
    /// `LAST_N_DAYS:n`
    LastN(u32),
    /// `NEXT_N_DAYS:n`
    NextN(u32),
    /// `N_DAYS_AGO:n`
    Ago(u32),
}

/// Units with their word.
const UNITS: [(DateUnit, &str); 7] = [
    (DateUnit::Day, "DAY"),
    (DateUnit::Week, "WEEK"),
    (DateUnit::Month, "MONTH"),
    (DateUnit::Quarter, "QUARTER"),
    (DateUnit::Year, "YEAR"),
    (DateUnit::FiscalQuarter, "FISCAL_QUARTER"),
    (DateUnit::FiscalYear, "FISCAL_YEAR"),
];

impl DateUnit {
    fn word(self) -> &'static str {
        UNITS.iter().find(|(unit, _)| *unit == self).map_or("DAY", |(_, word)| word)
    }

    fn from_word(word: &str) -> Option<Self> {
        UNITS.iter().find(|(_, known)| *known == word).map(|(unit, _)| *unit)
    }

    fn from_plural(word: &str) -> Option<Self> {
        word.strip_suffix('S').and_then(Self::from_word)
    }
}

/// A word for a relative date: complete, or waiting for its number.
pub(crate) enum DateWord {
    Complete(RelativeDate),
    Counted(DateUnit, fn(u32) -> Reach),
}

impl DateWord {
    /// Reads a word such as `TODAY` or `LAST_N_DAYS`, without regard to case.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        let word = word.to_ascii_uppercase();
        let complete = |unit, reach| Some(Self::Complete(RelativeDate { unit, reach }));
        match word.as_str() {
            "YESTERDAY" => return complete(DateUnit::Day, Reach::Previous),
            "TODAY" => return complete(DateUnit::Day, Reach::Current),
            "TOMORROW" => return complete(DateUnit::Day, Reach::Next),
            "LAST_90_DAYS" => return complete(DateUnit::Day, Reach::LastN(90)),
            "NEXT_90_DAYS" => return complete(DateUnit::Day, Reach::NextN(90)),
            _ => {}
        }
        if let Some(unit) = word.strip_prefix("LAST_N_") {
            return DateUnit::from_plural(unit).map(|unit| Self::Counted(unit, Reach::LastN));
        }
        if let Some(unit) = word.strip_prefix("NEXT_N_") {
            return DateUnit::from_plural(unit).map(|unit| Self::Counted(unit, Reach::NextN));
        }
        if let Some(unit) = word.strip_prefix("N_").and_then(|rest| rest.strip_suffix("_AGO")) {
            return DateUnit::from_plural(unit).map(|unit| Self::Counted(unit, Reach::Ago));
        }
        let (reach, unit) = word.split_once('_')?;
        let unit = DateUnit::from_word(unit).filter(|unit| *unit != DateUnit::Day)?;
        match reach {
            "LAST" => complete(unit, Reach::Previous),
            "THIS" => complete(unit, Reach::Current),
            "NEXT" => complete(unit, Reach::Next),
            _ => None,
        }
    }
}

impl std::fmt::Display for RelativeDate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unit = self.unit.word();
        match (self.unit, self.reach) {
            (DateUnit::Day, Reach::Previous) => formatter.write_str("YESTERDAY"),
            (DateUnit::Day, Reach::Current) => formatter.write_str("TODAY"),
            (DateUnit::Day, Reach::Next) => formatter.write_str("TOMORROW"),
            (_, Reach::Previous) => write!(formatter, "LAST_{unit}"),
            (_, Reach::Current) => write!(formatter, "THIS_{unit}"),
            (_, Reach::Next) => write!(formatter, "NEXT_{unit}"),
            (_, Reach::LastN(n)) => write!(formatter, "LAST_N_{unit}S:{n}"),
            (_, Reach::NextN(n)) => write!(formatter, "NEXT_N_{unit}S:{n}"),
            (_, Reach::Ago(n)) => write!(formatter, "N_{unit}S_AGO:{n}"),
        }
    }
}

/// One part of a `LIKE` pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LikePart {
    /// `%`: any characters, or none.
    Any,
    /// `_`: one character.
    One,
    /// These characters; never empty.
    Text(String),
}

/// Writes `text` as a string literal, quotes included: whatever it holds, the literal means exactly this text.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    text.chars().for_each(|character| push_escaped(&mut out, character));
    out.push('\'');
    out
}

/// Writes a `LIKE` pattern as a string literal, quotes included.
pub fn quote_like(parts: &[LikePart]) -> String {
    let mut out = String::from('\'');
    for part in parts {
        match part {
            LikePart::Any => out.push('%'),
            LikePart::One => out.push('_'),
            LikePart::Text(text) => {
                for character in text.chars() {
                    if matches!(character, '%' | '_') {
                        out.push('\\');
                    }
                    push_escaped(&mut out, character);
                }
            }
        }
    }
    out.push('\'');
    out
}

fn push_escaped(out: &mut String, character: char) {
    let escape = match character {
        '\'' => '\'',
        '\\' => '\\',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\u{8}' => 'b',
        '\u{c}' => 'f',
        other => return out.push(other),
    };
    out.push('\\');
    out.push(escape);
}

/// A character of a string literal.
pub(crate) enum Piece {
    /// As it stands.
    Plain(char),
    /// After a backslash.
    Escaped(char),
}

/// Reads the inside of a string literal. The error is the byte offset of an escape that SOQL does not have.
pub(crate) fn pieces(inside: &str) -> Result<Vec<Piece>, usize> {
    let mut pieces = Vec::with_capacity(inside.len());
    let mut characters = inside.char_indices();
    while let Some((at, character)) = characters.next() {
        if character != '\\' {
            pieces.push(Piece::Plain(character));
            continue;
        }
        let meant = match characters.next().map(|(_, escape)| escape) {
            Some('n' | 'N') => '\n',
            Some('r' | 'R') => '\r',
            Some('t' | 'T') => '\t',
            Some('b' | 'B') => '\u{8}',
            Some('f' | 'F') => '\u{c}',
            Some(escape @ ('"' | '\'' | '\\' | '_' | '%')) => escape,
            Some('u') => unicode(&mut characters).ok_or(at)?,
            _ => return Err(at),
        };
        pieces.push(Piece::Escaped(meant));
    }
    Ok(pieces)
}

/// Reads what follows `\u`: four hexadecimal digits, or two such escapes for a character beyond them. Half of a pair means no character.
fn unicode(characters: &mut CharIndices<'_>) -> Option<char> {
    let first = code_unit(characters)?;
    let mut ahead = characters.clone();
    if (0xd800..0xdc00).contains(&first)
        && matches!((ahead.next(), ahead.next()), (Some((_, '\\')), Some((_, 'u'))))
        && let Some(second) = code_unit(&mut ahead)
        && let Some(Ok(character)) = char::decode_utf16([first, second]).next()
    {
        *characters = ahead;
        return Some(character);
    }
    Some(char::from_u32(first.into()).unwrap_or(char::REPLACEMENT_CHARACTER))
}

fn code_unit(characters: &mut CharIndices<'_>) -> Option<u16> {
    let mut unit = 0;
    for _ in 0..4 {
        let (_, digit) = characters.next()?;
        unit = unit << 4 | u16::try_from(digit.to_digit(16)?).ok()?;
    }
    Some(unit)
}

/// The text that a string literal means.
pub(crate) fn text(pieces: &[Piece]) -> String {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Plain(character) | Piece::Escaped(character) => *character,
        })
        .collect()
}

/// The pattern that a string literal means after `LIKE`.
pub(crate) fn pattern(pieces: &[Piece]) -> Vec<LikePart> {
    let mut parts = Vec::new();
    for piece in pieces {
        let character = match piece {
            Piece::Plain('%') => {
                parts.push(LikePart::Any);
                continue;
            }
            Piece::Plain('_') => {
                parts.push(LikePart::One);
                continue;
            }
            Piece::Plain(character) | Piece::Escaped(character) => *character,
        };
        match parts.last_mut() {
            Some(LikePart::Text(text)) => text.push(character),
            _ => parts.push(LikePart::Text(character.to_string())),
        }
    }
    parts
}
