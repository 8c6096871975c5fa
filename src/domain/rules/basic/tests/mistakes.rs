//! Rules that cannot be used: all mistakes together, each with the rule that it is about.

use serde_json::{Value, json};

use super::rule;
use crate::rules::basic::read_basic;

/// Ids and messages of what is wrong.
fn mistakes(rules: &[Value]) -> Vec<(String, String)> {
    let errors = read_basic(rules).err().unwrap_or_default();
    errors.into_iter().map(|error| (error.ids.join(" "), error.message)).collect()
}

fn messages(rules: &[Value]) -> Vec<String> {
    mistakes(rules).into_iter().map(|(_, message)| message).collect()
}

#[test]
fn each_mistake_of_each_rule_is_told() {
    let good = rule("ok", "include", ["Name", "contains", "x"], 1);
    assert_eq!(
        mistakes(&[
            json!({ "id": "r1" }),
            good,
            json!({ "id": "r2", "policy": "drop", "field": "", "rule": "like", "value": 5, "order": "3" }),
            json!({ "policy": null, "field": ["F"], "rule": true, "value": "x", "order": 4 }),
            json!("exclude"),
        ]),
        [
            ("r1", r#"rule "r1": policy must be text, and there is none"#),
            ("r1", r#"rule "r1": field must be text, and there is none"#),
            ("r1", r#"rule "r1": rule must be text, and there is none"#),
            ("r1", r#"rule "r1": value must be text, and there is none"#),
            ("r1", r#"rule "r1": order must be a number, and there is none"#),
            ("r2", r#"rule "r2": the policy "drop" is not known; known are include, exclude"#),
            ("r2", r#"rule "r2": field must not be empty"#),
            ("r2", r#"rule "r2": the rule "like" is not known; known are equals, contains, starts_with, ends_with, regex, >, <"#),
            ("r2", r#"rule "r2": value must be text, found the number 5: put it in quotes"#),
            ("r2", r#"rule "r2": order must be a number, found text"#),
            ("", "the basic rule at place 4: id must be text, and there is none"),
            ("", "the basic rule at place 4: policy must be text, and there is none"),
            ("", "the basic rule at place 4: field must be text, found a list"),
            ("", "the basic rule at place 4: rule must be text, found true: put it in quotes"),
            ("", "the basic rule at place 5: expected an object with the keys id, policy, field, rule, value and order, found text"),
        ]
        .map(|(ids, message)| (ids.to_owned(), message.to_owned()))
    );
}

#[test]
fn the_default_rule_is_not_looked_at_but_only_under_its_id() {
    assert!(messages(&[json!({ "id": "DEFAULT", "policy": 7 })]).is_empty());
    assert_eq!(
        messages(&[json!({ "id": "default", "policy": "include", "field": "_", "rule": "regex", "value": ".*", "order": 0 })]).len(),
        1
    );
}

#[test]
fn a_regex_that_matches_everything_is_no_condition() {
    for value in [".*", "(.*)"] {
        let found = mistakes(&[rule("r1", "exclude", ["Name", "Regex", value], 2)]);
        assert_eq!(
            found,
            [(
                "r1".to_owned(),
                format!("rule 2 (r1): the regex {value:?} matches whatever \"Name\" holds; give it a condition or remove it")
            )]
        );
    }
    assert!(messages(&[rule("r1", "exclude", ["Name", "equals", ".*"], 2), rule("r2", "exclude", ["Name", "regex", ".*x"], 2)]).is_empty());
}

#[test]
fn a_regex_that_cannot_be_run_in_linear_time_says_why() {
    for (value, why) in [
        ("(?=a)b", "look-around"),
        ("(?<!a)b", "look-around"),
        (r"(a)\1", "backreferences are not supported"),
        ("(a", "unclosed group"),
        ("a)(b", "unopened group"),
        ("*a", "repetition operator missing expression"),
        ("[z-a]", "invalid character class range"),
        (r"(\w{100}){100}", "more than 10240 KiB"),
        ("a\n(b", "unclosed group"),
        (&format!("{}x{}", "(".repeat(100_000), ")".repeat(100_000)), "nest"),
    ] {
        let found = messages(&[rule("r1", "exclude", ["Name", "regex", value], 2)]);
        assert_eq!(found.len(), 1);
        let shown = value.get(..20).unwrap_or(value);
        assert!(found[0].starts_with("rule 2 (r1): the regex ") && found[0].contains(why), "{shown}: {}", found[0]);
        assert!(!found[0].contains('\n') && found[0].len() < 300, "{shown}: one short line");
    }
    assert!(messages(&[rule("r1", "exclude", ["Name", "regex", r"\w{1,60}@\w{1,60}\.com"], 2)]).is_empty());
}

#[test]
fn many_regexes_share_the_room_that_there_is() {
    let rules = |pattern: &str, count: i32| {
        let one = |no| rule(&format!("r{no}"), "exclude", ["Name", "regex", &format!("{pattern}{no}")], no);
        messages(&(0..count).map(one).collect::<Vec<_>>())
    };
    assert!(rules(r"\w{60}", 2).is_empty());
    let found = rules(r"\w{60}", 100);
    assert_eq!((found.len(), found.iter().all(|message| message.ends_with("it takes more than 655 KiB when compiled"))), (100, true));
    assert!(rules(r"(?i)closed \w+ \d{1,4}", 300).is_empty());
}

#[test]
fn rules_with_the_same_condition_are_mistakes_of_each_of_them() {
    let same = ["Name", "equals", "x"];
    assert_eq!(
        mistakes(&[
            rule("a", "exclude", same, 1),
            rule("b", "include", ["Name", "EQUALS", "x"], 2),
            rule("c", "exclude", ["Type", "regex", "x"], 3),
            rule("d", "EXCLUDE", ["Type", "regex", "x"], 4),
            rule("e", "exclude", ["Type", "regex", "X"], 5),
            rule("f", "exclude", ["Type", "contains", "x"], 6),
        ]),
        [
            ("a", "rule 1 (a): it contradicts rule 2 (b): the same condition with the other policy; keep the one that is meant"),
            ("b", "rule 2 (b): it contradicts rule 1 (a): the same condition with the other policy; keep the one that is meant"),
            ("c", "rule 3 (c): it says the same as rule 4 (d); keep one of them"),
            ("d", "rule 4 (d): it says the same as rule 3 (c); keep one of them"),
        ]
        .map(|(ids, message)| (ids.to_owned(), message.to_owned()))
    );
    let many: Vec<_> = (0..2_000).map(|no| rule(&format!("r{no}"), "exclude", same, no)).collect();
    let found = messages(&many);
    assert_eq!((found.len(), found.iter().map(String::len).max().is_some_and(|longest| longest < 200)), (2_000, true));
    assert!(found[0].ends_with("rule 4 (r4), rule 5 (r5) and 1994 more; keep one of them"), "{}", found[0]);
}

#[test]
fn mistakes_of_shape_do_not_hide_those_of_other_rules() {
    let found = mistakes(&[
        json!({ "id": "r0", "policy": "exclude", "field": "Name", "rule": "equals", "value": "x" }),
        rule("r1", "exclude", ["Name", "equals", "x"], 1),
        rule("r2", "exclude", ["Name", "regex", "("], 2),
        rule("r3", "exclude", ["Name", "regex", "("], 3),
    ]);
    assert_eq!(found.iter().map(|(ids, _)| ids.as_str()).collect::<Vec<_>>(), ["r0", "r2", "r3", "r2", "r3"]);
}
