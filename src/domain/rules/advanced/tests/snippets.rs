//! Which snippets are rules.

use serde_json::{Value, json};

use crate::rules::{ADVANCED, AdvancedRule, Language, MAX_QUERY, read_advanced};

fn read(snippet: Value) -> Result<Vec<AdvancedRule>, Vec<String>> {
    let rules = snippet.as_array().unwrap();
    read_advanced(rules).map_err(|errors| {
        assert!(errors.iter().all(|error| error.ids == [ADVANCED]));
        errors.into_iter().map(|error| error.message).collect()
    })
}

#[test]
fn rules_keep_their_order_and_count_from_one() {
    let rules = read(json!([{"query": "SELECT Id FROM Account", "language": "SOQL"}, {"language": "SOSL", "query": "FIND {x}"}])).unwrap();
    let shown: Vec<_> = rules.iter().map(|rule| (rule.no, rule.language, rule.query.as_str())).collect();
    assert_eq!(shown, [(1, Language::Soql, "SELECT Id FROM Account"), (2, Language::Sosl, "FIND {x}")]);
    assert_eq!(read(json!([])), Ok(vec![]));
}

#[test]
fn every_mistake_of_every_rule_is_told_with_the_number_of_the_rule() {
    let mistakes = read(json!([
        {"query": "SELECT Id FROM Account", "language": "SOQL"},
        {"query": " \n", "language": "soql", "limit": 5},
        {},
        "SELECT Id FROM Account",
        {"query": ["x"], "language": null},
    ]));
    assert_eq!(
        mistakes.unwrap_err(),
        [
            "advanced rule 2: `limit` is no key of a rule; only `query` and `language` are",
            "advanced rule 2: `query` is empty",
            "advanced rule 2: `language` is `soql`; it must be `SOQL` or `SOSL`",
            "advanced rule 3: `query` is missing",
            "advanced rule 3: `language` is missing",
            "advanced rule 4: a text where an object with `query` and `language` must be",
            "advanced rule 5: `query` is a list where a text must be",
            "advanced rule 5: `language` is null where a text must be",
        ]
    );
}

#[test]
fn a_query_is_as_long_as_salesforce_takes_it_counted_in_characters() {
    let rule = |length| json!([{"query": "é".repeat(length), "language": "SOQL"}]);
    assert!(read(rule(MAX_QUERY)).is_ok());
    assert_eq!(read(rule(MAX_QUERY + 1)).unwrap_err(), ["advanced rule 1: `query` has 100001 characters; Salesforce takes 100000"]);
}

#[test]
fn what_a_message_repeats_of_a_rule_is_short() {
    let mistakes = read(json!([{"query": "x", "language": "y".repeat(5_000), "z".repeat(5_000): 1}])).unwrap_err();
    assert_eq!(mistakes.len(), 2);
    assert!(mistakes.iter().all(|mistake| mistake.len() < 150), "{mistakes:?}");
}
