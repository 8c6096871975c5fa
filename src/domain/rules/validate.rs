//! Whether sync rules of both kinds can be used, as far as that can be told without asking an org.

use serde_json::Value;

use super::{AdvancedRule, BasicRules, RuleError, read_advanced, read_basic};

/// Sync rules of both kinds, ready for use.
#[derive(Clone, Debug, Default)]
pub struct SyncRules {
    /// Which documents are indexed.
    pub basic: BasicRules,
    /// What is read in place of the chosen objects; nothing: those are read.
    pub advanced: Vec<AdvancedRule>,
}

impl SyncRules {
    /// Reads rules in the forms of the protocol.
    ///
    /// # Errors
    /// All that is wrong with them, basic rules first. Whether the org takes the queries of advanced rules is for whoever can ask it.
    pub fn read(basic: &[Value], advanced: &[Value]) -> Result<Self, Vec<RuleError>> {
        let (basic, mut errors) = read_basic(basic).map_or_else(|errors| (BasicRules::default(), errors), |basic| (basic, Vec::new()));
        let advanced = read_advanced(advanced).unwrap_or_else(|mistakes| {
            errors.extend(mistakes);
            Vec::new()
        });
        errors.extend(advanced.iter().map(AdvancedRule::parse).filter_map(Result::err));
        if errors.is_empty() { Ok(Self { basic, advanced }) } else { Err(errors) }
    }
}

/// All that is wrong with rules in the forms of the protocol; nothing if they can be used.
pub fn validate(basic: &[Value], advanced: &[Value]) -> Vec<RuleError> {
    SyncRules::read(basic, advanced).err().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ids(basic: Value, advanced: Value) -> Vec<String> {
        let list = |value: Value| value.as_array().cloned().unwrap_or_default();
        validate(&list(basic), &list(advanced)).into_iter().flat_map(|error| error.ids).collect()
    }

    #[test]
    fn rules_of_both_kinds_are_looked_at_whatever_the_other_kind_is_like() {
        let good = json!([{ "id": "r1", "policy": "exclude", "field": "Name", "rule": "equals", "value": "x", "order": 1 }]);
        let query = |text: &str| json!({ "query": text, "language": "SOQL" });
        let advanced = json!([query("SELECT Id FROM Account"), query("SELECT Name FROM Lead")]);
        assert_eq!(ids(good.clone(), advanced.clone()), [""; 0]);
        assert_eq!(ids(json!([]), json!([])), [""; 0]);
        assert_eq!(ids(json!([{ "id": "r2" }]), advanced).first().map(String::as_str), Some("r2"));
        assert_eq!(
            ids(good, json!([query("SELECT"), query("SELECT Id FROM Lead"), query("SELECT COUNT() FROM Lead")])),
            ["advanced_snippet"; 2]
        );
        let both = ids(json!([{ "id": "r2" }]), json!([{ "query": 5 }]));
        assert_eq!((both.first().map(String::as_str), both.last().map(String::as_str)), (Some("r2"), Some("advanced_snippet")));
    }
}
