//! What basic rules do to documents, and what is wrong with rules.

mod documents;
mod mistakes;
mod properties;

use serde_json::{Value, json};

use super::{BasicRules, read_basic};

/// A rule in the form of the protocol.
fn rule(id: &str, policy: &str, [field, operator, value]: [&str; 3], order: i32) -> Value {
    json!({ "id": id, "policy": policy, "field": field, "rule": operator, "value": value, "order": order })
}

fn compiled(rules: &[Value]) -> BasicRules {
    read_basic(rules).unwrap()
}
