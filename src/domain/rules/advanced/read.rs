//! Reads the value of an advanced snippet: a list of queries with their languages.

use serde_json::{Map, Value};

use super::{AdvancedRule, Language, MAX_QUERY};
use crate::rules::RuleError;

/// The keys of a rule; it has all of them and no other.
const KEYS: [&str; 2] = ["query", "language"];

/// Reads the rules of a snippet. An empty list is no rules.
///
/// # Errors
/// Every mistake of every rule, each with the number of the rule: not an object, a key too few or too many, a query that is no text, blank
/// or longer than Salesforce takes, an unknown language.
pub fn read_advanced(snippet: &[Value]) -> Result<Vec<AdvancedRule>, Vec<RuleError>> {
    let mut rules = Vec::with_capacity(snippet.len());
    let mut mistakes = Vec::new();
    for (at, value) in snippet.iter().enumerate() {
        let no = at + 1;
        match read(no, value) {
            Ok(rule) => rules.push(rule),
            Err(found) => mistakes.extend(found.into_iter().map(|mistake| RuleError::advanced(format!("advanced rule {no}: {mistake}")))),
        }
    }
    if mistakes.is_empty() { Ok(rules) } else { Err(mistakes) }
}

fn read(no: usize, value: &Value) -> Result<AdvancedRule, Vec<String>> {
    let Value::Object(fields) = value else {
        return Err(vec![format!("{} where an object with `query` and `language` must be", kind(value))]);
    };
    let unknown = fields.keys().filter(|key| !KEYS.contains(&key.as_str()));
    let mut mistakes: Vec<String> =
        unknown.map(|key| format!("`{}` is no key of a rule; only `query` and `language` are", shown(key))).collect();
    let query = keep(&mut mistakes, query(fields));
    let language = keep(&mut mistakes, language(fields));
    match (query, language) {
        (Some(query), Some(language)) if mistakes.is_empty() => Ok(AdvancedRule { no, language, query }),
        _ => Err(mistakes),
    }
}

fn keep<T>(mistakes: &mut Vec<String>, read: Result<T, String>) -> Option<T> {
    read.map_err(|mistake| mistakes.push(mistake)).ok()
}

fn query(fields: &Map<String, Value>) -> Result<String, String> {
    let query = text(fields, "query")?;
    if query.trim().is_empty() {
        return Err("`query` is empty".into());
    }
    let length = if query.len() > MAX_QUERY { query.chars().count() } else { 0 };
    if length > MAX_QUERY {
        return Err(format!("`query` has {length} characters; Salesforce takes {MAX_QUERY}"));
    }
    Ok(query.to_owned())
}

fn language(fields: &Map<String, Value>) -> Result<Language, String> {
    match text(fields, "language")? {
        "SOQL" => Ok(Language::Soql),
        "SOSL" => Ok(Language::Sosl),
        other => Err(format!("`language` is `{}`; it must be `SOQL` or `SOSL`", shown(other))),
    }
}

fn text<'a>(fields: &'a Map<String, Value>, key: &str) -> Result<&'a str, String> {
    match fields.get(key) {
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(format!("`{key}` is {} where a text must be", kind(other))),
        None => Err(format!("`{key}` is missing")),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The beginning of a text that may be of any length.
fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}
