//! Against a naive model: the whole document parsed, each rule tried on it.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::{compiled, rule};

const FIELDS: [&str; 6] = ["Name", "Type", "Amount__c", "é\"", "", "id"];
const OPERATORS: [&str; 7] = ["equals", "contains", "starts_with", "ends_with", "regex", ">", "<"];
const TEXTS: [&str; 14] = ["a", "ab", "A\"b\\", "é", "true", "False", "5", "5.0", "-2", "1e1", " 5", "None", "a\nb", "\u{1f600}"];

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => select(&TEXTS[..]).prop_map(Value::from),
        1 => "[a-b\"\\\\é]{0,3}".prop_map(Value::from),
        3 => (-4i32..24).prop_map(|halves| if halves % 2 == 0 { json!(halves / 2) } else { json!(f64::from(halves) / 2.0) }),
        2 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => select(vec![json!([]), json!(["a"]), json!({}), json!({ "Name": "a", "x": ["]", {}] })]),
    ]
}

/// Members in the order they are written; a key may come twice.
fn any_members() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    vec((prop_oneof![select(&FIELDS[..]), select(vec!["Names", "name", "x"])], any_value()), 0..10)
}

fn any_rules() -> impl Strategy<Value = Vec<Value>> {
    let one = (
        select(&FIELDS[..]).prop_filter("a field has a name", |name| !name.is_empty()),
        select(&OPERATORS[..]),
        select(&TEXTS[..]),
        any::<bool>(),
        -3i32..3,
    );
    vec(one, 0..8).prop_map(|all| {
        let mut seen = std::collections::HashSet::new();
        all.into_iter()
            .filter(|(field, operator, value, ..)| seen.insert((*field, *operator, *value)))
            .enumerate()
            .map(|(no, (field, operator, value, include, order))| {
                rule(&no.to_string(), if include { "include" } else { "exclude" }, [field, operator, value], order)
            })
            .collect()
    })
}

/// `text` as a JSON string with every character escaped.
fn escaped(text: &str) -> String {
    let units: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    format!("\"{units}\"")
}

fn written(members: &[(&str, Value)], escape: bool, blank: &str) -> Vec<String> {
    let string = |text: &str| if escape { escaped(text) } else { json!(text).to_string() };
    let value = |value: &Value| value.as_str().map_or_else(|| value.to_string(), string);
    members.iter().map(|(key, raw)| format!("{blank}{}{blank}:{blank}{}{blank}", string(key), value(raw))).collect()
}

/// What a rule does to a document, in the plainest way.
fn matches(rule: &Value, document: &Map<String, Value>) -> bool {
    let (operator, wanted) = (rule["rule"].as_str().unwrap(), rule["value"].as_str().unwrap());
    let Some(value) = document.get(rule["field"].as_str().unwrap()) else { return false };
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        _ => return false,
    };
    let number = || value.as_f64().zip(wanted.trim().parse::<f64>().ok());
    match (operator, value) {
        ("equals", Value::Bool(_)) => text.to_lowercase() == wanted.to_lowercase(),
        ("equals", Value::Number(_)) => number().is_some_and(|(left, right)| left == right),
        (">", Value::Number(_)) => number().is_some_and(|(left, right)| left > right),
        ("<", Value::Number(_)) => number().is_some_and(|(left, right)| left < right),
        (">" | "<", Value::Bool(_)) => false,
        ("equals", _) => text == wanted,
        (">", _) => text.as_str() > wanted,
        ("<", _) => text.as_str() < wanted,
        ("contains", _) => text.contains(wanted),
        ("starts_with", _) => text.starts_with(wanted),
        ("ends_with", _) => text.ends_with(wanted),
        // From the start on, by the place of the leftmost match.
        _ => regex::Regex::new(wanted).unwrap().find(&text).is_some_and(|found| found.start() == 0),
    }
}

proptest! {
    #[test]
    fn the_naive_model_decides_the_same(
        members in any_members(), mut rules in any_rules(), escape in any::<bool>(), blank in select(vec!["", " ", "\n\t"]), cut in 0usize..10
    ) {
        // `A"b\` is no regex.
        rules.retain(|rule| rule["rule"] != "regex" || rule["value"] != "A\"b\\");
        let parts = written(&members, escape, blank);
        let text = format!("{{{}}}", parts.join(","));
        let document: Map<String, Value> = serde_json::from_str(&text).unwrap();
        let compiled = compiled(&rules);
        rules.sort_by_key(|rule| rule["order"].as_i64());
        let expected: Vec<bool> = rules.iter().map(|rule| matches(rule, &document)).collect();
        let explained = compiled.explain(text.as_bytes());
        prop_assert_eq!(explained.iter().map(|(_, reason)| *reason == crate::rules::Reason::Matched).collect::<Vec<_>>(), expected.clone(), "{}", text);

        let first = expected.iter().position(|matched| *matched).map(|no| &rules[no]);
        let decision = compiled.decide(text.as_bytes());
        prop_assert_eq!(decision.by.map(|rule| rule.id()), first.map(|rule| rule["id"].as_str().unwrap()));
        prop_assert_eq!(decision.included, first.is_none_or(|rule| rule["policy"] == "include"));

        let (head, tail) = parts.split_at(cut.min(parts.len()));
        let (head, tail) = (format!("{{{}", head.join(",")), format!(",{}}}", tail.join(",")));
        prop_assert_eq!(compiled.decide_parts([head.as_bytes(), tail.as_bytes()]).by.map(|rule| rule.id()), decision.by.map(|rule| rule.id()));
    }

    #[test]
    fn any_rules_and_any_document_are_survived(rule in "\\PC{0,40}", value in "\\PC{0,20}", document in vec(any::<u8>(), 0..60)) {
        let json: Value = serde_json::from_str(&rule).unwrap_or(Value::Null);
        prop_assert!(crate::rules::read_basic(&[json]).is_err());
        let one = |operator| super::rule("r", "exclude", ["F", operator, &value], 1);
        for operator in OPERATORS.iter().filter(|_| !value.is_empty()) {
            if let Ok(rules) = crate::rules::read_basic(&[one(operator)]) {
                prop_assert!(rules.decide(&document).by.is_none_or(|_| document.contains(&b'F')));
            }
        }
    }
}
