//! Operators and kinds of values, order, and a real set of documents.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{compiled, rule};
use crate::json::Members;
use crate::rules::basic::{Kind, Reason};

fn reason(operator: &str, value: &str, document: &str) -> Reason {
    compiled(&[rule("r", "exclude", ["F", operator, value], 1)]).explain(document.as_bytes())[0].1
}

/// Each line: operator, the rule's value, raw values that match, raw values that differ.
fn table(lines: &[(&str, &str, &[&str], &[&str])]) {
    for (operator, value, matching, differing) in lines {
        for (raws, expected) in [(matching, Reason::Matched), (differing, Reason::Differs)] {
            for raw in *raws {
                assert_eq!(reason(operator, value, &format!("{{\"F\":{raw}}}")), expected, "{raw} {operator} {value}");
            }
        }
    }
}

#[test]
fn operators_look_at_text_as_it_is() {
    table(&[
        ("equals", "Energy", &[r#""Energy""#, r#""\u0045nergy""#], &[r#""energy""#, r#""Energy ""#, r#""""#]),
        ("contains", "ner", &[r#""Energy""#, r#""ner""#], &[r#""Ner""#, r#""ne r""#]),
        ("contains", "\n", &[r#""a\nb""#, r#""\u000a""#], &[r#""a\\nb""#]),
        ("starts_with", "É", &[r#""École""#, r#""\u00c9cole""#], &[r#""école""#, r#""E""#]),
        ("ends_with", "gy", &[r#""Energy""#, r#""gy""#], &[r#""gym""#, r#""g""#]),
        (">", "b", &[r#""ba""#, r#""c""#, r#""é""#], &[r#""b""#, r#""a""#, r#""B""#, r#""""#]),
        ("<", "b", &[r#""az""#, r#""B""#, r#""10""#, r#""""#], &[r#""b""#, r#""c""#]),
        // Text that looks like a number is text.
        ("<", "9", &[r#""10""#], &[r#""9""#]),
        ("equals", "5.0", &[r#""5.0""#], &[r#""5""#]),
        ("<", "2025-07-01", &[r#""2025-06-30T23:59:59.000+0000""#], &[r#""2025-07-01T00:00:00.000+0000""#]),
    ]);
}

#[test]
fn a_regex_has_to_match_from_the_start_only() {
    table(&[
        ("regex", "En", &[r#""Energy""#, r#""En""#], &[r#""energy""#, r#"" En""#]),
        ("regex", "En$", &[r#""En""#], &[r#""Energy""#]),
        ("regex", "a|b", &[r#""ax""#, r#""bx""#], &[r#""xa""#, r#""xb""#]),
        ("regex", "^a|b", &[r#""ax""#, r#""bx""#], &[r#""xb""#]),
        ("regex", ".*@example\\.com", &[r#""a@example.com""#, r#""a@example.com.evil""#], &[r#""a@example_com""#, r#""a\n@example.com""#]),
        ("regex", "(?s).*@x", &[r#""a\n@x""#], &[]),
        ("regex", "(?i)en\\w+", &[r#""ENERGY""#], &[r#""EN""#]),
        ("regex", "(?x) a b # an end that hides what follows", &[r#""abc""#], &[r#""a b""#]),
        ("regex", "x*", &[r#""""#, r#""abc""#], &[]),
    ]);
}

#[test]
fn numbers_are_compared_as_numbers_and_searched_as_they_are_written() {
    table(&[
        ("equals", "5.0", &["5", "5.00", "0.5e1"], &["-5", "5.01", "50"]),
        ("equals", " 12345678901234567890 ", &["12345678901234567890", "12345678901234567890.0"], &["12345678901234567891"]),
        (">", "9", &["10", "9.0001", "1E2"], &["9", "9.0", "8", "-10"]),
        ("<", "-0.5", &["-1", "-0.51"], &["-0.5", "0"]),
        ("contains", ".1", &["1.10"], &["1.01", "11e-1"]),
        ("starts_with", "-", &["-5"], &["5"]),
        ("ends_with", ".0", &["5.0"], &["5", "5.00"]),
        ("regex", "\\d+\\.\\d\\d$", &["1.10"], &["1.1", "110"]),
    ]);
    for operator in ["equals", "<", ">"] {
        assert_eq!(reason(operator, "five", r#"{"F":5}"#), Reason::OtherKind(Kind::Number), "{operator}");
    }
}

#[test]
fn booleans_equal_true_and_false_in_any_case_and_have_the_text_of_the_reference() {
    table(&[
        ("equals", "true", &["true"], &["false"]),
        ("equals", "FALSE", &["false"], &["true"]),
        ("equals", "True", &["true"], &["false"]),
        ("contains", "ru", &["true"], &["false"]),
        ("starts_with", "F", &["false"], &["true"]),
        ("starts_with", "t", &[], &["true"]),
        ("ends_with", "e", &["true", "false"], &[]),
        ("regex", "True$", &["true"], &["false"]),
    ]);
    for (operator, value) in [("equals", "yes"), ("equals", "1"), ("<", "true"), (">", "False"), ("<", "1")] {
        assert_eq!(reason(operator, value, r#"{"F":true}"#), Reason::OtherKind(Kind::Boolean), "{operator} {value}");
    }
}

#[test]
fn null_lists_and_objects_never_match() {
    for (raw, kind) in
        [("null", Kind::Null), ("[]", Kind::List), (r#"["x"]"#, Kind::List), ("{}", Kind::Object), (r#"{"F":"x"}"#, Kind::Object)]
    {
        for operator in ["equals", "contains", "starts_with", "ends_with", "regex", "<", ">"] {
            for value in ["None", "null", "x", "{}", "1", ".*."].into_iter().filter(|value| operator != "regex" || *value != "{}") {
                assert_eq!(reason(operator, value, &format!("{{\"F\":{raw}}}")), Reason::OtherKind(kind), "{raw} {operator} {value}");
            }
        }
    }
}

#[test]
fn only_top_level_fields_count_by_their_exact_names_and_the_last_of_them() {
    let all = |document: &str| reason("equals", "x", document);
    assert_eq!(all(r#"{"G":{"F":"x"},"f":"x"}"#), Reason::NoField);
    assert_eq!(all("{}"), Reason::NoField);
    assert_eq!(all(r#"{"G":"\"F\":\"x\"","F":"y"}"#), Reason::Differs);
    assert_eq!(all(r#"{"F":"y","F":"x"}"#), Reason::Matched);
    assert_eq!(all(r#"{"F":"x","\u0046":"y"}"#), Reason::Differs);
    assert_eq!(all("\n{ \"F\" :\t\"x\" }"), Reason::Matched);
    // No document, but nothing ends here either.
    for broken in ["", "[]", "{\"F\"", "{\"F\":tru}", "{\"F\":\"x}"] {
        assert_eq!(all(broken), Reason::NoField, "{broken}");
    }
}

#[test]
fn the_first_rule_that_matches_decides() {
    let rules = compiled(&[
        rule("late", "exclude", ["Industry", "starts_with", "E"], 20),
        rule("DEFAULT", "exclude", ["_", "regex", ".*"], 0),
        rule("early", "INCLUDE", ["Industry", "EQUALS", "Energy"], -3),
        rule("same order", "exclude", ["Name", "contains", "test"], 20),
    ]);
    assert_eq!(rules.rules().iter().map(|rule| rule.id()).collect::<Vec<_>>(), ["early", "late", "same order"]);
    let decided = |document: Value| {
        let decision = rules.decide(document.to_string().as_bytes());
        (decision.included, decision.by.map(|rule| rule.id().to_owned()))
    };
    assert_eq!(decided(json!({ "Industry": "Energy", "Name": "test" })), (true, Some("early".into())));
    assert_eq!(decided(json!({ "Industry": "Education", "Name": "test" })), (false, Some("late".into())));
    assert_eq!(decided(json!({ "Industry": null, "Name": "a test" })), (false, Some("same order".into())));
    assert_eq!(decided(json!({ "Industry": "Food", "_": "x" })), (true, None));
    assert_eq!(
        rules.explain(br#"{"Industry":"Energy","Name":["test"]}"#).iter().map(|(_, reason)| *reason).collect::<Vec<_>>(),
        [Reason::Matched, Reason::Matched, Reason::OtherKind(Kind::List)]
    );
}

#[test]
fn without_rules_everything_is_included() {
    for rules in [compiled(&[]), compiled(&[rule("DEFAULT", "exclude", ["_", "regex", ".*"], 0)]), compiled(&[json!({ "id": "DEFAULT" })])]
    {
        assert!(rules.is_empty() && rules.decide(b"{\"_\":1}").included && rules.explain(b"{}").is_empty());
    }
}

#[test]
fn a_document_that_is_not_closed_yet_can_be_judged() {
    let rules = compiled(&[rule("r", "exclude", ["id", "equals", "1"], 1), rule("s", "exclude", ["title", "ends_with", ".csv"], 2)]);
    let id = |parts: &[&str]| rules.decide_parts(parts.iter().map(|part| part.as_bytes())).by.map(|rule| rule.id());
    assert_eq!(id(&[r#"{"title":"a.csv","linked_ids":[]"#, r#","id":"1"}"#]), Some("r"));
    assert_eq!(id(&[r#"{"title":"a.csv","linked_ids":[]"#]), Some("s"));
    assert_eq!(id(&[r#"{"title":"a.csv"}"#, r#"{"title":"a.txt"}"#]), None);
    assert_eq!(id(&[]), None);
}

#[test]
fn more_fields_than_there_is_room_for_on_the_stack_are_found_too() {
    let field = |no: usize| format!("Field_{no}__c");
    let rules: Vec<_> = (0..40).map(|no| rule(&no.to_string(), "exclude", [&field(no), "equals", "x"], 40 - no as i32)).collect();
    let rules = compiled(&rules);
    for no in 0..40 {
        let document = json!({ "Other": 1, field(no): "x", field((no + 1) % 40): "y" }).to_string();
        assert_eq!(rules.decide(document.as_bytes()).by.map(|rule| rule.id()), Some(no.to_string().as_str()));
    }
}

#[test]
fn a_rule_is_shown_as_a_sentence() {
    let shown = |condition, order| compiled(&[rule("7f3", "Exclude", condition, order)]).rules()[0].to_string();
    assert_eq!(shown(["Industry", "equals", "Energy"], 3), r#"rule 3 (7f3): exclude when Industry equals "Energy""#);
    assert_eq!(shown(["Name", "regex", "a\n\"b"], 0), r#"rule 0 (7f3): exclude when Name matches the regex "a\n\"b""#);
    assert_eq!(shown(["Amount", ">", "5"], 1), r#"rule 1 (7f3): exclude when Amount > "5""#);
}

#[test]
fn the_golden_rules_leave_what_the_reference_left() {
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
    let lines = |case: &str| fs::read_to_string(golden.join(case).join("documents.ndjson")).unwrap();
    let config: Value = serde_json::from_slice(&fs::read(golden.join("basic_rules/config.json")).unwrap()).unwrap();
    let rules = compiled(config["rules"].as_array().unwrap());
    let (full, left) = (lines("full"), lines("basic_rules"));
    let id = |line: &str| Members::of(line.as_bytes()).unwrap().text("_id").unwrap().into_owned();
    let kept = |line: &&str| rules.decide(Members::of(line.as_bytes()).unwrap().get("_source").unwrap().as_bytes()).included;
    let found: Vec<_> = full.lines().filter(kept).map(id).collect();
    assert_eq!(found, left.lines().map(id).collect::<Vec<_>>());
    assert!(found.len() < full.lines().count(), "the rules exclude something");
}
