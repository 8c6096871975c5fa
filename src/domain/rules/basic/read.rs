//! Reads basic rules: the shape of each, then what is wrong with them together. All mistakes are told at once.

use std::collections::HashMap;
use std::fmt;

use serde_json::Value;

use super::operator::{Operator, Test, regex_room};
use super::{BasicRule, BasicRules, DEFAULT_RULE, Policy, label, quoted};
use crate::rules::RuleError;

/// Values of a regex that match whatever there is, which is what the default rule is for.
const MATCH_ALL: [&str; 2] = [".*", "(.*)"];
/// Rules that a message lists; of more it says how many.
const LISTED: usize = 5;

/// Compiles basic rules in the form of the protocol: `{"id", "policy", "field", "rule", "value", "order"}`, other keys are ignored.
///
/// The rule with the id `DEFAULT` is dropped unread: what no rule matches is included, whatever its policy.
///
/// # Errors
/// Every mistake of every rule: its shape; a regex that is none, that needs more than linear time, or that matches everything; two rules
/// with the same condition.
pub fn read_basic(rules: &[Value]) -> Result<BasicRules, Vec<RuleError>> {
    let mut errors = Vec::new();
    let mut drafts = Vec::new();
    for (no, rule) in rules.iter().enumerate().filter(|(_, rule)| rule["id"] != DEFAULT_RULE) {
        match Draft::read(no + 1, rule) {
            Ok(draft) => drafts.push(draft),
            Err(mistakes) => errors.extend(mistakes),
        }
    }
    let room = regex_room(drafts.iter().filter(|draft| draft.operator == Operator::Regex).count());
    let mut compiled = Vec::new();
    for draft in &drafts {
        match draft.compile(room) {
            Ok(rule) => compiled.push(rule),
            Err(error) => errors.push(error),
        }
    }
    errors.extend(same_conditions(&drafts));
    if errors.is_empty() { Ok(BasicRules::new(compiled)) } else { Err(errors) }
}

/// A rule that has the right shape.
struct Draft<'a> {
    id: &'a str,
    policy: Policy,
    field: &'a str,
    operator: Operator,
    value: &'a str,
    order: f64,
}

impl<'a> Draft<'a> {
    /// `place`: of the rule in its list, from 1.
    fn read(place: usize, rule: &'a Value) -> Result<Self, Vec<RuleError>> {
        let mut mistakes = Vec::new();
        let draft = Self::shape(rule, &mut mistakes);
        match draft {
            Some(draft) if mistakes.is_empty() => Ok(draft),
            _ => {
                let name = match (rule["id"].as_str(), rule["order"].as_f64()) {
                    (Some(id), Some(order)) => label(order, id),
                    (Some(id), None) => format!("rule {}", quoted(id)),
                    (None, _) => format!("the basic rule at place {place}"),
                };
                let ids: Vec<_> = rule["id"].as_str().into_iter().map(str::to_owned).collect();
                Err(mistakes.into_iter().map(|mistake| RuleError { ids: ids.clone(), message: format!("{name}: {mistake}") }).collect())
            }
        }
    }

    fn shape(rule: &'a Value, mistakes: &mut Vec<String>) -> Option<Self> {
        if !rule.is_object() {
            mistakes.push(format!("expected an object with the keys id, policy, field, rule, value and order, found {}", kind(rule)));
            return None;
        }
        let id = text(rule, "id", mistakes);
        let policy = one_of(rule, "policy", mistakes, Policy::named, Policy::names());
        let field = text(rule, "field", mistakes);
        let operator = one_of(rule, "rule", mistakes, Operator::named, Operator::names());
        let value = text(rule, "value", mistakes);
        let order = match &rule["order"] {
            Value::Number(order) => order.as_f64(),
            other => {
                mistakes.push(format!("order must be a number, {}", found(other)));
                None
            }
        };
        Some(Self { id: id?, policy: policy?, field: field?, operator: operator?, value: value?, order: order? })
    }

    fn compile(&self, room: usize) -> Result<BasicRule, RuleError> {
        let Self { field, value, .. } = self;
        if self.operator == Operator::Regex && MATCH_ALL.contains(value) {
            return Err(
                self.error(format_args!("the regex {value:?} matches whatever {} holds; give it a condition or remove it", quoted(field)))
            );
        }
        let test = Test::compile(self.operator, value, room)
            .map_err(|reason| self.error(format_args!("the regex {} cannot be used: {reason}", quoted(value))))?;
        Ok(BasicRule {
            id: self.id.into(),
            order: self.order,
            policy: self.policy,
            field: self.field.into(),
            slot: 0,
            operator: self.operator,
            value: self.value.into(),
            test,
        })
    }

    fn label(&self) -> String {
        label(self.order, self.id)
    }

    fn error(&self, mistake: fmt::Arguments<'_>) -> RuleError {
        RuleError { ids: vec![self.id.to_owned()], message: format!("{}: {mistake}", self.label()) }
    }
}

/// An error for each rule that shares its condition with another one: only the first could ever match.
fn same_conditions(drafts: &[Draft<'_>]) -> Vec<RuleError> {
    let mut alike: HashMap<_, Vec<usize>> = HashMap::new();
    let condition = |draft: &Draft<'_>| (draft.field.to_owned(), draft.operator, draft.value.to_owned());
    for (no, draft) in drafts.iter().enumerate() {
        alike.entry(condition(draft)).or_default().push(no);
    }
    let mut errors = Vec::new();
    for (no, draft) in drafts.iter().enumerate() {
        let group = alike.get(&condition(draft)).map(Vec::as_slice).unwrap_or_default();
        let others = || group.iter().filter(|other| **other != no).map(|other| &drafts[*other]);
        if group.len() < 2 {
            continue;
        }
        let mut names = others().take(LISTED).map(Draft::label).collect::<Vec<_>>().join(", ");
        if group.len() - 1 > LISTED {
            names += &format!(" and {} more", group.len() - 1 - LISTED);
        }
        errors.push(if others().all(|other| other.policy == draft.policy) {
            draft.error(format_args!("it says the same as {names}; keep one of them"))
        } else {
            draft.error(format_args!("it contradicts {names}: the same condition with the other policy; keep the one that is meant"))
        });
    }
    errors
}

fn text<'a>(rule: &'a Value, key: &str, mistakes: &mut Vec<String>) -> Option<&'a str> {
    match &rule[key] {
        Value::String(text) if !text.is_empty() => return Some(text),
        Value::String(_) => mistakes.push(format!("{key} must not be empty")),
        other @ (Value::Number(_) | Value::Bool(_)) => mistakes.push(format!("{key} must be text, {}: put it in quotes", found(other))),
        other => mistakes.push(format!("{key} must be text, {}", found(other))),
    }
    None
}

fn one_of<T>(
    rule: &Value,
    key: &str,
    mistakes: &mut Vec<String>,
    named: impl FnOnce(&str) -> Option<T>,
    names: impl Iterator<Item = &'static str>,
) -> Option<T> {
    let name = text(rule, key, mistakes)?;
    let known = named(name);
    if known.is_none() {
        mistakes.push(format!("the {key} {} is not known; known are {}", quoted(name), names.collect::<Vec<_>>().join(", ")));
    }
    known
}

fn found(value: &Value) -> String {
    if value.is_null() { "and there is none".to_owned() } else { format!("found {}", kind(value)) }
}

fn kind(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(yes) => yes.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(_) => "text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
