//! The kinds of values that keys take: what is accepted, and how that is said to people.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use config::ValueKind;
use domain::{Names, NestedLimit};
use ports::Secret;
use serde_json::Value as Json;

use super::quantity::{parse_duration, parse_size, show_duration, show_size};

/// How a value is read.
pub(crate) trait Kind {
    /// What the value becomes.
    type Value;
    /// Whether `""` means that the key is not given.
    const EMPTY_IS_ABSENT: bool = true;
    /// Whether a wrong value may be shown.
    const CONFIDENTIAL: bool = false;

    /// The value, or nothing if it is not of this kind. Text of every kind is read, so that quoted environment variables work.
    fn read(&self, raw: &ValueKind) -> Option<Self::Value>;
    /// What is accepted: `a whole number from 1 to 256`.
    fn expected(&self) -> String;
}

/// A whole number in a range.
pub(crate) struct Count(pub(crate) RangeInclusive<u64>);
/// A number of bytes in a range.
pub(crate) struct Size(pub(crate) RangeInclusive<u64>);
/// A duration in a range, given in milliseconds.
pub(crate) struct Span(pub(crate) RangeInclusive<u64>);
/// Yes or no.
pub(crate) struct Flag;
/// Text. Numbers are refused: YAML drops their leading zeros before anybody sees them.
pub(crate) struct Text;
/// Text or a whole number, for identities, which the reference connector accepts unquoted.
pub(crate) struct Identity;
/// Text that is never shown.
pub(crate) struct Hidden;
/// One of some words.
pub(crate) struct Choice(pub(crate) &'static [&'static str]);
/// Names, or `*` for all.
pub(crate) struct NameList;
/// A file or directory.
pub(crate) struct FilePath;
/// An API version such as `64.0`.
pub(crate) struct ApiVersion(pub(crate) RangeInclusive<u64>);
/// How many nested entities.
pub(crate) struct Nested(pub(crate) RangeInclusive<u64>);
/// Sync rules, in the forms of the connector protocol.
pub(crate) struct Rules;
/// A time in a range, given in milliseconds. A number without a unit counts seconds, as in the reference connector's file.
pub(crate) struct Seconds(pub(crate) RangeInclusive<u64>);
/// Texts: a list, or one text with commas.
pub(crate) struct Texts;
/// Names and texts, as in HTTP headers. The texts may be secret.
pub(crate) struct Headers;
/// A share of the whole.
pub(crate) struct Share;

impl Kind for Count {
    type Value = u64;
    fn read(&self, raw: &ValueKind) -> Option<u64> {
        whole(raw).filter(|number| self.0.contains(number))
    }
    fn expected(&self) -> String {
        format!("a whole number {}", range(&self.0, u64::to_string))
    }
}

impl Kind for Size {
    type Value = u64;
    fn read(&self, raw: &ValueKind) -> Option<u64> {
        let bytes = if let ValueKind::String(text) = raw { parse_size(text) } else { whole(raw) };
        bytes.filter(|bytes| self.0.contains(bytes))
    }
    fn expected(&self) -> String {
        format!("a size {}", range(&self.0, |bytes| show_size(*bytes)))
    }
}

impl Kind for Span {
    type Value = Duration;
    fn read(&self, raw: &ValueKind) -> Option<Duration> {
        let ValueKind::String(text) = raw else { return None };
        parse_duration(text).filter(|span| u64::try_from(span.as_millis()).is_ok_and(|millis| self.0.contains(&millis)))
    }
    fn expected(&self) -> String {
        format!("a duration with a unit {}", range(&self.0, |millis| show_duration(Duration::from_millis(*millis))))
    }
}

impl Kind for Flag {
    type Value = bool;
    fn read(&self, raw: &ValueKind) -> Option<bool> {
        match raw {
            ValueKind::Boolean(flag) => Some(*flag),
            // The words that YAML 1.1, and so the reference connector, takes for booleans.
            ValueKind::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" => Some(true),
                "false" | "no" | "off" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }
    fn expected(&self) -> String {
        "`true` or `false`".to_owned()
    }
}

impl Kind for Text {
    type Value = String;
    fn read(&self, raw: &ValueKind) -> Option<String> {
        text(raw)
    }
    fn expected(&self) -> String {
        "text, in quotes".to_owned()
    }
}

impl Kind for Identity {
    type Value = String;
    fn read(&self, raw: &ValueKind) -> Option<String> {
        if let ValueKind::I64(number) = raw { Some(number.to_string()) } else { text(raw) }
    }
    fn expected(&self) -> String {
        "text".to_owned()
    }
}

impl Kind for Hidden {
    type Value = Secret;
    const CONFIDENTIAL: bool = true;
    fn read(&self, raw: &ValueKind) -> Option<Secret> {
        text(raw).map(Secret::new)
    }
    fn expected(&self) -> String {
        "text, in quotes".to_owned()
    }
}

impl Kind for Choice {
    type Value = &'static str;
    fn read(&self, raw: &ValueKind) -> Option<&'static str> {
        let typed = text(raw)?;
        self.0.iter().copied().find(|word| word.eq_ignore_ascii_case(&typed))
    }
    fn expected(&self) -> String {
        let words: Vec<_> = self.0.iter().map(|word| format!("`{word}`")).collect();
        match words.as_slice() {
            [all @ .., last] if !all.is_empty() => format!("{} or {last}", all.join(", ")),
            _ => words.concat(),
        }
    }
}

impl Kind for NameList {
    type Value = Names;
    const EMPTY_IS_ABSENT: bool = false;
    fn read(&self, raw: &ValueKind) -> Option<Names> {
        match raw {
            ValueKind::String(text) => Some(Names::parse(text)),
            ValueKind::Array(items) => {
                let names: Option<Vec<String>> = items.iter().map(|item| text(&item.kind)).collect();
                Some(Names::parse(&names?.join(",")))
            }
            _ => None,
        }
    }
    fn expected(&self) -> String {
        "names with commas between them, a list of names, or `*` for all".to_owned()
    }
}

impl Kind for FilePath {
    type Value = PathBuf;
    fn read(&self, raw: &ValueKind) -> Option<PathBuf> {
        text(raw).map(PathBuf::from)
    }
    fn expected(&self) -> String {
        "a path".to_owned()
    }
}

impl Kind for ApiVersion {
    type Value = String;
    fn read(&self, raw: &ValueKind) -> Option<String> {
        let typed = match raw {
            ValueKind::Float(number) => format!("{number:.1}"),
            ValueKind::I64(number) => number.to_string(),
            _ => text(raw)?,
        };
        let major: u64 = typed.strip_prefix(['v', 'V']).unwrap_or(&typed).trim_end_matches(".0").parse().ok()?;
        self.0.contains(&major).then(|| format!("{major}.0"))
    }
    fn expected(&self) -> String {
        format!("an API version {}", range(&self.0, |major| format!("{major}.0")))
    }
}

impl Kind for Nested {
    type Value = NestedLimit;
    fn read(&self, raw: &ValueKind) -> Option<NestedLimit> {
        if text(raw).is_some_and(|word| word.eq_ignore_ascii_case("unlimited")) {
            return Some(NestedLimit::Unlimited);
        }
        let limit = whole(raw).filter(|limit| self.0.contains(limit))?;
        usize::try_from(limit).ok().map(NestedLimit::At)
    }
    fn expected(&self) -> String {
        format!("`unlimited` or a whole number {}", range(&self.0, u64::to_string))
    }
}

impl Kind for Rules {
    type Value = Vec<Json>;
    fn read(&self, raw: &ValueKind) -> Option<Vec<Json>> {
        match raw {
            ValueKind::Array(rules) => Some(rules.iter().map(|rule| json_of(&rule.kind)).collect()),
            // An advanced snippet may come as the protocol stores it: `{value: [..]}`, or `{value: {}}` for none.
            ValueKind::Table(snippet) if snippet.is_empty() => Some(Vec::new()),
            ValueKind::Table(snippet) => self.read(&snippet.get("value")?.kind),
            ValueKind::String(text) => matches!(text.trim(), "[]" | "{}").then(Vec::new),
            _ => None,
        }
    }
    fn expected(&self) -> String {
        "a list of rules".to_owned()
    }
}

impl Kind for Seconds {
    type Value = Duration;
    fn read(&self, raw: &ValueKind) -> Option<Duration> {
        let seconds = match raw {
            ValueKind::Float(number) if number.is_finite() && *number >= 0.0 => Duration::try_from_secs_f64(*number).ok(),
            _ => whole(raw).map(Duration::from_secs),
        };
        let span = seconds.or_else(|| if let ValueKind::String(text) = raw { parse_duration(text) } else { None });
        span.filter(|span| u64::try_from(span.as_millis()).is_ok_and(|millis| self.0.contains(&millis)))
    }
    fn expected(&self) -> String {
        format!("seconds or a duration {}", range(&self.0, |millis| show_duration(Duration::from_millis(*millis))))
    }
}

impl Kind for Texts {
    type Value = Vec<String>;
    const CONFIDENTIAL: bool = true;
    fn read(&self, raw: &ValueKind) -> Option<Vec<String>> {
        let parts = |text: &str| text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        match raw {
            ValueKind::String(text) => Some(parts(text)),
            ValueKind::Array(items) => items.iter().map(|item| text(&item.kind)).collect(),
            _ => None,
        }
    }
    fn expected(&self) -> String {
        "text, or a list of texts".to_owned()
    }
}

impl Kind for Headers {
    type Value = Vec<(String, Secret)>;
    const CONFIDENTIAL: bool = true;
    fn read(&self, raw: &ValueKind) -> Option<Vec<(String, Secret)>> {
        match raw {
            ValueKind::Table(table) => {
                let all: Option<BTreeMap<String, Secret>> =
                    table.iter().map(|(name, value)| Some((name.clone(), Secret::new(text(&value.kind)?)))).collect();
                Some(all?.into_iter().collect())
            }
            ValueKind::String(text) if text.trim() == "{}" => Some(Vec::new()),
            _ => None,
        }
    }
    fn expected(&self) -> String {
        "a group of names, each with a text in quotes".to_owned()
    }
}

impl Kind for Share {
    type Value = f64;
    fn read(&self, raw: &ValueKind) -> Option<f64> {
        let share = match raw {
            ValueKind::Float(share) => Some(*share),
            ValueKind::I64(0) => Some(0.0),
            ValueKind::I64(1) => Some(1.0),
            ValueKind::String(typed) => match typed.trim().strip_suffix('%') {
                Some(percent) => percent.trim().parse::<f64>().ok().map(|percent| percent / 100.0),
                None => typed.trim().parse().ok(),
            },
            _ => None,
        };
        share.filter(|share| (0.0..=1.0).contains(share))
    }
    fn expected(&self) -> String {
        "a share from 0 to 1, or from `0%` to `100%`".to_owned()
    }
}

/// The rule that every connector of the protocol has: it includes what no other rule decides, which happens anyway.
fn json_of(kind: &ValueKind) -> Json {
    match kind {
        ValueKind::Nil => Json::Null,
        ValueKind::Boolean(flag) => Json::from(*flag),
        ValueKind::I64(number) => Json::from(*number),
        ValueKind::U64(number) => Json::from(*number),
        ValueKind::Float(number) => Json::from(*number),
        // Beyond 64 bits: no rule has such a number, and as text it is told in the message about it.
        ValueKind::I128(number) => Json::from(number.to_string()),
        ValueKind::U128(number) => Json::from(number.to_string()),
        ValueKind::String(text) => Json::from(text.as_str()),
        ValueKind::Array(items) => items.iter().map(|item| json_of(&item.kind)).collect(),
        ValueKind::Table(entries) => entries.iter().map(|(name, value)| (name.clone(), json_of(&value.kind))).collect(),
    }
}

fn text(raw: &ValueKind) -> Option<String> {
    if let ValueKind::String(text) = raw { Some(text.trim().to_owned()) } else { None }
}

fn whole(raw: &ValueKind) -> Option<u64> {
    match raw {
        ValueKind::I64(number) => u64::try_from(*number).ok(),
        ValueKind::String(text) if text.trim().bytes().all(|byte| byte.is_ascii_digit()) => text.trim().parse().ok(),
        _ => None,
    }
}

fn range<T: PartialEq>(range: &RangeInclusive<T>, show: impl Fn(&T) -> String) -> String {
    format!("from {} to {}", show(range.start()), show(range.end()))
}

/// A value as it may stand in a message.
pub(crate) fn shown(raw: &ValueKind) -> String {
    match raw {
        ValueKind::Nil => "empty".to_owned(),
        ValueKind::Table(_) => "a group of keys".to_owned(),
        ValueKind::Array(_) => "a list".to_owned(),
        ValueKind::String(text) if text.chars().count() > 40 => {
            format!("`{}...`", text.chars().take(40).collect::<String>().escape_debug())
        }
        ValueKind::String(text) => format!("`{}`", text.escape_debug()),
        other => format!("`{}`", config::Value::new(None, other.clone()).into_string().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> ValueKind {
        ValueKind::from(text)
    }

    #[test]
    fn numbers_hold_their_range_whether_quoted_or_not() {
        let kind = Count(1..=256);
        assert_eq!((kind.read(&ValueKind::I64(256)), kind.read(&word(" 7 "))), (Some(256), Some(7)));
        for raw in [
            ValueKind::I64(0),
            ValueKind::I64(257),
            ValueKind::I64(-1),
            ValueKind::Float(1.0),
            ValueKind::Boolean(true),
            word("7s"),
            word(""),
        ] {
            assert_eq!(kind.read(&raw), None, "{raw:?}");
        }
        assert_eq!(kind.expected(), "a whole number from 1 to 256");
    }

    #[test]
    fn a_duration_needs_its_unit_and_a_size_does_not() {
        assert_eq!(Span(0..=60_000).read(&ValueKind::I64(25)), None);
        assert_eq!(Span(0..=60_000).read(&word("60s")), Some(Duration::from_secs(60)));
        assert_eq!(Span(0..=60_000).read(&word("60001ms")), None);
        assert_eq!(Size(0..=1 << 20).read(&ValueKind::I64(1024)), Some(1024));
        assert_eq!(Size(1 << 10..=1 << 20).expected(), "a size from 1KiB to 1MiB");
    }

    #[test]
    fn text_that_yaml_took_for_a_number_is_refused_except_for_identities() {
        assert_eq!(Text.read(&ValueKind::I64(123)), None);
        assert!(Hidden.read(&ValueKind::I64(123)).is_none());
        assert_eq!(Identity.read(&ValueKind::I64(123)).as_deref(), Some("123"));
    }

    #[test]
    fn versions_are_read_as_people_write_them() {
        for raw in [ValueKind::Float(64.0), ValueKind::I64(64), word("64.0"), word("v64.0"), word("64")] {
            assert_eq!(ApiVersion(31..=99).read(&raw).as_deref(), Some("64.0"), "{raw:?}");
        }
        for raw in [ValueKind::Float(64.5), word("30.0"), word("latest")] {
            assert_eq!(ApiVersion(31..=99).read(&raw), None, "{raw:?}");
        }
    }

    #[test]
    fn seconds_may_stand_without_their_unit_and_a_share_with_or_without_percent() {
        let kind = Seconds(0..=300_000);
        for raw in [ValueKind::I64(240), word("240"), word("4m"), ValueKind::Float(240.0)] {
            assert_eq!(kind.read(&raw), Some(Duration::from_secs(240)), "{raw:?}");
        }
        for raw in [ValueKind::I64(301), ValueKind::I64(-1), word("soon"), ValueKind::Float(f64::NAN)] {
            assert_eq!(kind.read(&raw), None, "{raw:?}");
        }
        for raw in [word("20%"), word("0.2"), ValueKind::Float(0.2)] {
            assert_eq!(Share.read(&raw), Some(0.2), "{raw:?}");
        }
        for raw in [word("101%"), ValueKind::I64(20), word("some"), ValueKind::Float(-0.1)] {
            assert_eq!(Share.read(&raw), None, "{raw:?}");
        }
    }

    #[test]
    fn hosts_are_one_text_or_a_list_and_headers_a_group() {
        let list = ValueKind::Array(vec!["http://a:1".into(), "http://b:1".into()]);
        assert_eq!(Texts.read(&list), Texts.read(&word("http://a:1, http://b:1")));
        assert_eq!(Texts.read(&ValueKind::I64(5)), None);
        let group = ValueKind::Table(config::Map::from([("x-a".to_owned(), config::Value::from("b"))]));
        assert_eq!(Headers.read(&group), Some(vec![("x-a".to_owned(), Secret::new("b"))]));
        assert_eq!((Headers.read(&word("{}")), Headers.read(&word("x"))), (Some(vec![]), None));
    }

    #[test]
    fn rules_come_as_a_list_or_as_the_protocol_stores_them() {
        use serde_json::json;
        let rule = || config::Value::from(config::Map::from([("id".to_owned(), config::Value::from("r"))]));
        let list = |rules| ValueKind::Array(rules);
        let stored = |value| ValueKind::Table(config::Map::from([("value".to_owned(), config::Value::new(None, value))]));
        assert_eq!(Rules.read(&list(vec![])), Some(vec![]));
        assert_eq!(Rules.read(&list(vec![rule()])), Some(vec![json!({ "id": "r" })]));
        assert_eq!(Rules.read(&stored(list(vec![rule()]))), Some(vec![json!({ "id": "r" })]));
        assert_eq!(Rules.read(&stored(ValueKind::Table(config::Map::new()))), Some(vec![]));
        let odd = list(vec![config::Value::from(1.5), config::Value::new(None, ValueKind::Nil), config::Value::from(true)]);
        assert_eq!(Rules.read(&odd), Some(vec![json!(1.5), json!(null), json!(true)]), "what is wrong with them is told by others");
        assert_eq!((Rules.read(&word("include")), Rules.read(&word("[]"))), (None, Some(vec![])));
    }

    #[test]
    fn lists_of_names_come_as_text_or_as_lists() {
        let list = ValueKind::Array(vec!["Account".into(), " Case".into()]);
        let both = Names::Only(vec!["Account".into(), "Case".into()]);
        assert_eq!((NameList.read(&list), NameList.read(&word("Account,Case"))), (Some(both.clone()), Some(both)));
        assert_eq!(NameList.read(&ValueKind::Array(vec![1.into()])), None);
    }
}
