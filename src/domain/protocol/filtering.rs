//! Sync rules as a connector keeps them: a draft that somebody edits, and what is active.

use serde_json::{Value, json};

use super::is_blank;

/// The id that errors of an advanced snippet carry.
const ADVANCED: &str = "advanced_snippet";
/// The basic rule that every connector has: it includes what no other rule decides.
const DEFAULT_RULE: &str = "DEFAULT";

/// What a look at a draft found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Rules that cannot be used, by their ids, each group with a text for whoever wrote them.
    pub errors: Vec<(Vec<String>, String)>,
}

impl Verdict {
    /// Whether the draft can become active.
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    /// As the protocol writes it: `{"state", "errors": [{"ids", "messages"}]}`.
    pub fn validation(&self) -> Value {
        let errors: Vec<_> = self.errors.iter().map(|(ids, message)| json!({ "ids": ids, "messages": [message] })).collect();
        json!({ "state": if self.is_valid() { "valid" } else { "invalid" }, "errors": errors })
    }
}

/// Looks at the draft of a connector's `filtering`, if somebody has edited it since the last look.
///
/// This version applies no rules, so a draft with any is not valid: a sync that seems to heed them would index what its owner excluded. This
/// is the place for whatever judges rules once they are applied.
pub fn judge(filtering: &Value) -> Option<Verdict> {
    let draft = &filtering.get(position(filtering)?)?["draft"];
    if draft["validation"]["state"] != "edited" {
        return None;
    }
    let refused = |ids: Vec<String>, which: &str| {
        let message = format!("this version applies no {which} sync rules; remove {} to sync everything", ids.join(", "));
        (!ids.is_empty()).then_some((ids, message))
    };
    let basic = basic(draft).iter().map(|rule| rule["id"].as_str().unwrap_or("a rule without an id").to_owned()).collect();
    let advanced = if advanced(draft).is_empty() { Vec::new() } else { vec![ADVANCED.to_owned()] };
    Some(Verdict { errors: [refused(basic, "basic"), refused(advanced, "advanced")].into_iter().flatten().collect() })
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
    let rules = filter["rules"].as_array().map(Vec::as_slice).unwrap_or_default();
    rules.iter().filter(|rule| rule["id"] != DEFAULT_RULE).cloned().collect()
}

/// Advanced rules of a filter.
pub(super) fn advanced(filter: &Value) -> Vec<Value> {
    match &filter["advanced_snippet"]["value"] {
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
