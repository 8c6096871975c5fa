//! The condition of a basic rule: operators, what they are compiled to, and what they do to each kind of value.

use std::cmp::Ordering;
use std::fmt;

use memchr::memmem::Finder;
use regex::{Regex, RegexBuilder};

use super::number;
use super::value::{Kind, Seen};

/// What a compiled regex may take, in bytes: the library's own default. `\w{1,60}@x` takes 3 MB and 30 ms to compile.
const REGEX_BYTES: usize = 10 << 20;
/// What all regexes of a set of rules may take together, in bytes.
const ALL_REGEX_BYTES: usize = 64 << 20;
/// What a regex may take however many there are, in bytes: enough for any text and a few classes.
const LEAST_REGEX_BYTES: usize = 256 << 10;

/// What each of so many regexes may take when compiled, in bytes.
pub(super) fn regex_room(regexes: usize) -> usize {
    (ALL_REGEX_BYTES / regexes.max(1)).clamp(LEAST_REGEX_BYTES, REGEX_BYTES)
}

/// How a rule compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// The same text, number or truth value.
    Equals,
    /// Somewhere in the text.
    Contains,
    /// The text starts so.
    StartsWith,
    /// The text ends so.
    EndsWith,
    /// A regular expression that matches from the start of the text on, in the syntax of the crate `regex`.
    Regex,
    /// A greater number, or a text that is sorted behind.
    Greater,
    /// A smaller number, or a text that is sorted before.
    Less,
}

impl Operator {
    /// All, as the protocol calls them and as a sentence does.
    const NAMES: [(Self, &'static str, &'static str); 7] = [
        (Self::Equals, "equals", "equals"),
        (Self::Contains, "contains", "contains"),
        (Self::StartsWith, "starts_with", "starts with"),
        (Self::EndsWith, "ends_with", "ends with"),
        (Self::Regex, "regex", "matches the regex"),
        (Self::Greater, ">", ">"),
        (Self::Less, "<", "<"),
    ];

    /// The operator that the protocol calls so, whatever the case.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, own, _)| own.eq_ignore_ascii_case(name)).map(|(operator, ..)| *operator)
    }

    /// Names of all of them.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::NAMES.iter().map(|(_, name, _)| *name)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = Self::NAMES.iter().find(|(operator, ..)| operator == self).map_or("", |(.., words)| words);
        formatter.write_str(words)
    }
}

/// Why a rule did or did not match a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It matched.
    Matched,
    /// The document has no such field at its top level.
    NoField,
    /// The operator, or the rule's value, cannot be compared with a value of this kind.
    OtherKind(Kind),
    /// It was compared and did not match.
    Differs,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Matched => formatter.write_str("matched"),
            Self::NoField => formatter.write_str("no such field"),
            Self::OtherKind(kind) => write!(formatter, "the field is {kind}, which the rule does not compare with"),
            Self::Differs => formatter.write_str("the value differs"),
        }
    }
}

/// An operator and the value of its rule, ready to be applied to many documents.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Equals(Box<str>),
    Contains(Box<Finder<'static>>),
    StartsWith(Box<str>),
    EndsWith(Box<str>),
    Regex(Regex),
    Sorted(Ordering, Box<str>),
}

impl Test {
    /// `room`: what a regex may take, in bytes.
    ///
    /// # Errors
    /// Why a regex cannot be used.
    pub(super) fn compile(operator: Operator, value: &str, room: usize) -> Result<Self, String> {
        Ok(match operator {
            Operator::Equals => Self::Equals(value.into()),
            Operator::Contains => Self::Contains(Box::new(Finder::new(value).into_owned())),
            Operator::StartsWith => Self::StartsWith(value.into()),
            Operator::EndsWith => Self::EndsWith(value.into()),
            Operator::Regex => Self::Regex(regex(value, room).map_err(|error| reason(&error))?),
            Operator::Greater => Self::Sorted(Ordering::Greater, value.into()),
            Operator::Less => Self::Sorted(Ordering::Less, value.into()),
        })
    }

    pub(super) fn apply(&self, seen: &Seen<'_>) -> Reason {
        match self.holds(seen) {
            Some(true) => Reason::Matched,
            Some(false) => Reason::Differs,
            None => Reason::OtherKind(seen.kind()),
        }
    }

    /// Nothing when there is nothing to compare with.
    fn holds(&self, seen: &Seen<'_>) -> Option<bool> {
        match (self, seen) {
            (Self::Equals(value), Seen::Boolean(yes)) => truth(value).map(|value| value == *yes),
            (Self::Equals(value), Seen::Text(text)) => Some(**text == **value),
            (Self::Equals(value), _) => order(seen, value).map(Ordering::is_eq),
            (Self::Sorted(wanted, value), _) => order(seen, value).map(|found| found == *wanted),
            (Self::Contains(finder), _) => seen.text().map(|text| finder.find(text.as_bytes()).is_some()),
            (Self::StartsWith(value), _) => seen.text().map(|text| text.starts_with(&**value)),
            (Self::EndsWith(value), _) => seen.text().map(|text| text.ends_with(&**value)),
            (Self::Regex(regex), _) => seen.text().map(|text| regex.is_match(text)),
        }
    }
}

/// How a value is sorted against the one of a rule: texts by code points, numbers as numbers.
fn order(seen: &Seen<'_>, value: &str) -> Option<Ordering> {
    match seen {
        Seen::Text(text) => Some((**text).cmp(value)),
        Seen::Number(number) => number::compare(number, value),
        Seen::Boolean(_) | Seen::Other(_) => None,
    }
}

fn truth(value: &str) -> Option<bool> {
    if value.eq_ignore_ascii_case("true") {
        return Some(true);
    }
    value.eq_ignore_ascii_case("false").then_some(false)
}

/// Compiles a regex that has to match from the start of a text on, but not up to its end.
fn regex(pattern: &str, room: usize) -> Result<Regex, regex::Error> {
    let compile = |pattern: &str| RegexBuilder::new(pattern).size_limit(room).build();
    // Alone first: `a)(b` is no pattern, though brackets around it would make it one.
    compile(pattern)?;
    // A comment at the end, which `(?x)` allows, hides the bracket unless a line ends before it.
    match compile(&format!(r"\A(?:{pattern})")) {
        Err(regex::Error::Syntax(_)) => compile(&format!("\\A(?:{pattern}\n)")),
        compiled => compiled,
    }
}

/// The reason in one line; the library draws the pattern above it.
fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(limit) => format!("it takes more than {} KiB when compiled", limit >> 10),
        other => {
            let text = other.to_string();
            text.lines().rev().find_map(|line| line.strip_prefix("error: ")).unwrap_or(text.trim()).to_owned()
        }
    }
}
