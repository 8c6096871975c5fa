//! Reads a fault plan from a YAML or JSON file. Mistakes name the file and the place in it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

use super::{Fault, FaultPlan, FaultRule, Match, Turn};

/// The file holds no fault plan.
#[derive(Debug, thiserror::Error)]
#[error("cannot use fault plan {}: {place}: {problem}", file.display())]
pub struct FaultFileError {
    /// The file.
    pub file: PathBuf,
    /// Where in it: a line, or a rule counted from 1 and the half of it.
    pub place: String,
    /// What is wrong.
    pub problem: String,
}

impl FaultPlan {
    /// Reads a plan. JSON is YAML, so the name of the file does not matter.
    ///
    /// # Errors
    /// When the file cannot be read, is no YAML, or a rule is not one.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, FaultFileError> {
        let path = path.as_ref();
        let fail = |(place, problem)| FaultFileError { file: path.to_owned(), place, problem };
        let text = std::fs::read_to_string(path).map_err(|err| fail(("open".to_owned(), err.to_string())))?;
        Self::parse(&text).map_err(fail)
    }

    /// Reads a plan from text; an error is (place, problem).
    fn parse(text: &str) -> Result<Self, (String, String)> {
        let documents = YamlLoader::load_from_str(text)
            .map_err(|err| (format!("line {} column {}", err.marker().line(), err.marker().col() + 1), err.info().to_owned()))?;
        let top = documents.first().map(to_json).transpose().map_err(|problem| ("top level".to_owned(), problem))?;
        let rules = match top {
            None | Some(Value::Null) => return Ok(Self::default()),
            Some(Value::Array(rules)) => rules,
            Some(_) => return Err(("top level".to_owned(), "expected a list of rules".to_owned())),
        };
        let rules: Result<Vec<_>, _> = rules.into_iter().enumerate().map(|(at, rule)| parse_rule(at + 1, rule)).collect();
        Ok(Self::new(rules?))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    #[serde(default, rename = "match")]
    when: Value,
    #[serde(rename = "do")]
    act: Value,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MatchText {
    method: Option<String>,
    path: Option<String>,
    query: Option<String>,
    nth: Option<Vec<u64>>,
    after: Option<u64>,
    every: Option<u64>,
    times: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusText {
    status: u16,
    body: Option<String>,
    code: Option<String>,
    message: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum ActText {
    SlowHead { ms: u64 },
    StallBody { after_bytes: u64 },
    Reset { after_bytes: u64 },
    Truncate { after_bytes: u64 },
    Corrupt { byte: u64 },
    HtmlError { status: u16 },
    RequestLimit,
    ConcurrentLimit,
    ExpiredCursor,
    Unauthorized,
}

fn parse_rule(number: usize, rule: Value) -> Result<FaultRule, (String, String)> {
    let at = |half: &str| format!("rule {number}{half}");
    let RuleText { when, act } = serde_json::from_value(rule).map_err(|err| (at(""), err.to_string()))?;
    let when = parse_match(when).map_err(|problem| (at(", match"), problem))?;
    let act = parse_act(act).map_err(|problem| (at(", do"), problem))?;
    Ok(FaultRule { when, act })
}

fn parse_match(value: Value) -> Result<Match, String> {
    if value.is_null() {
        return Ok(Match::default());
    }
    let text: MatchText = serde_json::from_value(value).map_err(|err| err.to_string())?;
    let turn = match (text.nth, text.after, text.every) {
        (None, None, None) => Turn::Always,
        (Some(turns), None, None) if !turns.is_empty() && !turns.contains(&0) => Turn::Nth(turns),
        (Some(_), None, None) => return Err("nth: expected a list of numbers from 1".to_owned()),
        (None, Some(first), None) => Turn::After(first),
        (None, None, Some(step)) if step > 0 => Turn::Every(step),
        (None, None, Some(_)) => return Err("every: expected a number from 1".to_owned()),
        _ => return Err("nth, after and every exclude each other".to_owned()),
    };
    Ok(Match { method: text.method, path: text.path, query: text.query, turn, times: text.times })
}

fn parse_act(value: Value) -> Result<Fault, String> {
    if value.get("status").is_some() {
        let StatusText { status, body, code, message } = serde_json::from_value(value).map_err(|err| err.to_string())?;
        return Ok(Fault::Status { status: checked(status)?, body, code, message });
    }
    let act: ActText = serde_json::from_value(value).map_err(|err| err.to_string())?;
    Ok(match act {
        ActText::SlowHead { ms } => Fault::SlowHead { wait: Duration::from_millis(ms) },
        ActText::StallBody { after_bytes } => Fault::StallBody { after_bytes },
        ActText::Reset { after_bytes } => Fault::Reset { after_bytes },
        ActText::Truncate { after_bytes } => Fault::Truncate { after_bytes },
        ActText::Corrupt { byte } => Fault::Corrupt { byte },
        ActText::HtmlError { status } => Fault::HtmlError { status: checked(status)? },
        ActText::RequestLimit => Fault::RequestLimit,
        ActText::ConcurrentLimit => Fault::ConcurrentLimit,
        ActText::ExpiredCursor => Fault::ExpiredCursor,
        ActText::Unauthorized => Fault::Unauthorized,
    })
}

/// 1xx would make clients wait for the real answer.
fn checked(status: u16) -> Result<u16, String> {
    if (200..=599).contains(&status) { Ok(status) } else { Err(format!("status: expected 200 to 599, found {status}")) }
}

fn to_json(yaml: &Yaml) -> Result<Value, String> {
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Boolean(truth) => Value::from(*truth),
        Yaml::Integer(number) => Value::from(*number),
        Yaml::Real(text) => text.parse::<f64>().map(Value::from).unwrap_or_else(|_| Value::from(text.as_str())),
        Yaml::String(text) => Value::from(text.as_str()),
        Yaml::Array(items) => Value::Array(items.iter().map(to_json).collect::<Result<_, _>>()?),
        Yaml::Hash(entries) => {
            let entry = |(key, value): (&Yaml, &Yaml)| {
                let key = key.as_str().ok_or("keys must be text")?;
                Ok::<_, String>((key.to_owned(), to_json(value)?))
            };
            Value::Object(entries.iter().map(entry).collect::<Result<_, _>>()?)
        }
        Yaml::Alias(_) | Yaml::BadValue => return Err("aliases are not supported".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> (String, String) {
        FaultPlan::parse(text).unwrap_err()
    }

    /// The fenced block of the handbook that is marked as a fault plan.
    fn example_of_the_handbook() -> &'static str {
        let handbook = include_str!("../../../docs/simulator.md");
        let (_, rest) = handbook.split_once("```yaml faults\n").expect("the handbook holds a fault plan");
        rest.split_once("```").expect("the example ends").0
    }

    #[test]
    fn the_example_of_the_handbook_loads_and_shows_every_fault() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("faults.yml");
        std::fs::write(&path, example_of_the_handbook()).unwrap();
        let plan = FaultPlan::load(&path).unwrap();
        let mut kinds: Vec<_> = plan.rules().map(|rule| std::mem::discriminant(&rule.act)).collect();
        kinds.dedup();
        assert_eq!(kinds.len(), 11, "one rule for each kind of fault");
    }

    #[test]
    fn json_is_a_plan_too() {
        let plan = FaultPlan::parse(r#"[{"match": {"path": "/query", "nth": [1, 3]}, "do": {"reset": {"after_bytes": 9}}}]"#).unwrap();
        let rule = plan.rules().next().unwrap();
        assert_eq!((rule.when.path.as_deref(), &rule.when.turn), (Some("/query"), &Turn::Nth(vec![1, 3])));
        assert_eq!(rule.act, Fault::Reset { after_bytes: 9 });
    }

    #[test]
    fn an_empty_file_is_a_plan_without_rules() {
        assert!(FaultPlan::parse("# nothing yet\n").unwrap().is_empty());
    }

    #[test]
    fn mistakes_name_their_place() {
        assert_eq!(problem("rules: []").0, "top level");
        assert_eq!(problem("- do: request_limit\n- do: {stauts: 503}").0, "rule 2, do");
        assert_eq!(
            problem("- match: {nth: [0]}\n  do: request_limit"),
            ("rule 1, match".into(), "nth: expected a list of numbers from 1".into())
        );
        assert_eq!(problem("- match: {after: 1, every: 2}\n  do: request_limit").0, "rule 1, match");
        assert_eq!(problem("- match: {pth: x}\n  do: request_limit").0, "rule 1, match");
        assert_eq!(problem("- {match: {path: x}}").0, "rule 1");
        assert_eq!(problem("- do: {status: 100}").1, "status: expected 200 to 599, found 100");
        assert!(problem("- do: [\n").0.starts_with("line "));
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = FaultPlan::load("nowhere/faults.yml").unwrap_err();
        assert!(error.to_string().starts_with("cannot use fault plan nowhere/faults.yml: open: "), "{error}");
    }
}
