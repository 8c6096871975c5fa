//! Sync rules as a connector keeps them: a draft that somebody edits, and what is active.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::is_blank;
use crate::rules::{DEFAULT_RULE, RuleError, validate};

/// What a look at a draft found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What is wrong with the rules. Whoever can ask an org adds what it says of the queries.
    pub errors: Vec<RuleError>,
}

impl Verdict {
    /// Whether the draft can become active.
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    /// As the protocol writes it: `{"state", "errors": [{"ids", "messages"}]}`, all messages about the same rules together.
    pub fn validation(&self) -> Value {
        let mut groups: Vec<(&[String], Vec<&str>)> = Vec::new();
        let mut places = HashMap::new();
        for RuleError { ids, message } in &self.errors {
            let place = *places.entry(ids).or_insert(groups.len());
            if place == groups.len() {
                groups.push((ids, Vec::new()));
            }
            groups[place].1.push(message);
        }
        let errors: Vec<_> = groups.into_iter().map(|(ids, messages)| json!({ "ids": ids, "messages": messages })).collect();
        json!({ "state": if self.is_valid() { "valid" } else { "invalid" }, "errors": errors })
    }
}

/// Looks at the draft of a connector's `filtering`, if somebody has edited it since the last look: whether its rules can be used, as far as
/// that can be told without the org.
pub fn judge(filtering: &Value) -> Option<Verdict> {
    let draft = draft(filtering)?;
    Some(Verdict { errors: validate(&basic(draft), &advanced(draft)) })
}

/// Advanced rules of a draft that [`judge`] has something to say of: what an org can be asked about before the verdict is written.
pub fn drafted_queries(filtering: &Value) -> Vec<Value> {
    draft(filtering).map(advanced).unwrap_or_default()
}

/// The draft, if somebody has edited it since the last look. A verdict belongs to the draft that it was made of, and to no later one.
pub fn draft(filtering: &Value) -> Option<&Value> {
    let draft = &filtering.get(position(filtering)?)?["draft"];
    (draft["validation"]["state"] == "edited").then_some(draft)
}

/// The whole of `filtering` with a verdict on its draft; a valid draft is active.
pub fn judged(filtering: &Value, verdict: &Verdict) -> Value {
    let mut filtering = filtering.clone();
    if let Some(entry) = position(&filtering).and_then(|position| filtering.get_mut(position)) {
        entry["draft"]["validation"] = verdict.validation();
        if verdict.is_valid() {
            entry["active"] = entry["draft"].clone();
        }
    }
    filtering
}

/// What is active of a connector's `filtering`, as its jobs carry it.
pub fn active(filtering: &Value) -> Value {
    let active = position(filtering).and_then(|position| filtering.get(position)).map(|entry| &entry["active"]);
    active.filter(|active| active.is_object()).cloned().unwrap_or_else(|| json!({ "advanced_snippet": { "value": {} }, "rules": [] }))
}

/// Basic rules of a filter but the default one, which changes nothing.
pub(super) fn basic(filter: &Value) -> Vec<Value> {
    listed(&filter["rules"]).into_iter().filter(|rule| rule["id"] != DEFAULT_RULE).collect()
}

/// Advanced rules of a filter.
pub(super) fn advanced(filter: &Value) -> Vec<Value> {
    listed(&filter["advanced_snippet"]["value"])
}

/// Rules as a list. What should be one and is not becomes a rule, so that it is judged and refused instead of being taken for none.
fn listed(rules: &Value) -> Vec<Value> {
    match rules {
        Value::Array(rules) => rules.clone(),
        nothing if is_blank(nothing) => Vec::new(),
        rule => vec![rule.clone()],
    }
}

/// The entry that counts: the reference knows one domain.
fn position(filtering: &Value) -> Option<usize> {
    let entries = filtering.as_array()?;
    entries.iter().position(|entry| entry["domain"] == "DEFAULT").or((!entries.is_empty()).then_some(0))
}
