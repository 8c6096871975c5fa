//! What rules say of a sample: a table and a summary for people, lines of JSON for programs. No values of records but ids.

use std::cmp::Reverse;
use std::io::{self, Write};

use domain::rules::{BasicRules, Kind, Reason};
use serde_json::{Value, json};

use super::sample::{Judged, Sample};

/// What is said where no rule decides.
const NO_RULE: &str = "no rule matched";

/// A line for each document, then what the rules did all in all.
pub(super) fn text(rules: &BasicRules, sample: &Sample, out: &mut dyn Write) -> io::Result<()> {
    let decider = |judged: &Judged| judged.by.map_or_else(|| NO_RULE.to_owned(), |at| rules.rules()[at].to_string());
    let rows: Vec<_> = sample
        .judged
        .iter()
        .map(|judged| [object(judged), judged.id.to_string(), outcome(judged.included).to_owned(), decider(judged)])
        .collect();
    table(&["object", "id", "outcome", "decided by"].map(str::to_owned), &rows, out)?;
    writeln!(out)?;
    summary(rules, sample, out)
}

/// One object for each document.
pub(super) fn json(rules: &BasicRules, sample: &Sample, out: &mut dyn Write) -> io::Result<()> {
    for Judged { object, found_by, id, included, by, reasons } in &sample.judged {
        let rule = by.map(|at| rules.rules()[at].id());
        let reasons: Vec<_> = rules.rules().iter().zip(reasons).map(|(rule, reason)| reason_json(rule.id(), *reason)).collect();
        let line = json!({
            "object": object, "found_by": found_by, "id": id.as_str(), "included": included, "rule": rule, "reasons": reasons,
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn reason_json(rule: &str, reason: Reason) -> Value {
    match reason {
        Reason::Matched => json!({ "rule": rule, "reason": "matched" }),
        Reason::NoField => json!({ "rule": rule, "reason": "no_such_field" }),
        Reason::OtherKind(kind) => json!({ "rule": rule, "reason": "other_kind", "kind": kind_name(kind) }),
        Reason::Differs => json!({ "rule": rule, "reason": "differs" }),
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Number => "number",
        Kind::Boolean => "boolean",
        Kind::Null => "null",
        Kind::List => "list",
        Kind::Object => "object",
    }
}

fn object(judged: &Judged) -> String {
    let Judged { object, found_by, .. } = judged;
    found_by.as_ref().map_or_else(|| object.clone(), |found_by| format!("{object} ({found_by})"))
}

fn outcome(included: bool) -> &'static str {
    if included { "included" } else { "excluded" }
}

/// Columns as wide as they need; the last one ends where it ends.
fn table<const N: usize>(head: &[String; N], rows: &[[String; N]], out: &mut dyn Write) -> io::Result<()> {
    let all = || std::iter::once(head).chain(rows);
    let widths: [usize; N] = std::array::from_fn(|column| all().map(|row| row[column].chars().count()).max().unwrap_or(0));
    for row in all() {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    Ok(())
}

/// How many documents there are, and for each rule what it did to them.
fn summary(rules: &BasicRules, sample: &Sample, out: &mut dyn Write) -> io::Result<()> {
    let all = sample.judged.len();
    let included = sample.judged.iter().filter(|judged| judged.included).count();
    let plural = if all == 1 { "" } else { "s" };
    writeln!(out, "{all} document{plural} in the sample: {included} included, {} excluded", all - included)?;
    if !sample.empty.is_empty() {
        writeln!(out, "nothing found: {}", sample.empty.join(", "))?;
    }
    if rules.is_empty() {
        writeln!(out, "there are no basic rules, so that all that the advanced ones find is indexed")?;
    }
    for (at, rule) in rules.rules().iter().enumerate() {
        writeln!(out, "{rule}\n  {}", effect(at, sample))?;
    }
    Ok(())
}

/// What the rule at this position did.
fn effect(at: usize, sample: &Sample) -> String {
    let all = sample.judged.len();
    let decided = sample.judged.iter().filter(|judged| judged.by == Some(at)).count();
    let matched = sample.judged.iter().filter(|judged| judged.reasons[at] == Reason::Matched).count();
    match (decided, matched) {
        (0, 0) => {
            let reasons: Vec<_> = commonest(at, sample).into_iter().map(|(reason, count)| format!("{reason} ({count})")).collect();
            let because = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
            format!("matches nothing{because}")
        }
        (0, _) => format!("decided 0 of {all}, matches {matched}, all of which earlier rules decide"),
        (decided, matched) => format!("decided {decided} of {all}, matches {matched}"),
    }
}

/// Why the rule at this position did not match, the commonest reason first.
fn commonest(at: usize, sample: &Sample) -> Vec<(Reason, usize)> {
    let mut counts: Vec<(Reason, usize)> = Vec::new();
    for reason in sample.judged.iter().map(|judged| judged.reasons[at]) {
        match counts.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => counts.push((reason, 1)),
        }
    }
    counts.sort_by_key(|(_, count)| Reverse(*count));
    counts
}

#[cfg(test)]
mod tests {
    use domain::rules::read_basic;

    use super::*;

    fn rules() -> BasicRules {
        let rule = |id: &str, policy: &str, field: &str, order: u32| json!({ "id": id, "policy": policy, "field": field, "rule": "equals", "value": "x", "order": order });
        read_basic(&[rule("a", "exclude", "A", 1), rule("b", "include", "B", 2), rule("c", "exclude", "C", 3)]).unwrap()
    }

    fn sample() -> Sample {
        let judged = |object: &str, found_by: Option<&str>, id: &str, (included, by): (bool, Option<usize>), reasons: [Reason; 3]| Judged {
            object: object.to_owned(),
            found_by: found_by.map(str::to_owned),
            id: id.parse().unwrap(),
            included,
            by,
            reasons: reasons.to_vec(),
        };
        use Reason::{Differs, Matched, NoField, OtherKind};
        Sample {
            judged: vec![
                judged("Lead", None, "00Q000000000001AAA", (false, Some(0)), [Matched, Matched, NoField]),
                judged("Lead", None, "00Q000000000002AAA", (true, None), [Differs, NoField, OtherKind(Kind::Null)]),
                judged("Account", Some("advanced rule 2"), "001000000000001AAA", (true, None), [NoField, Differs, OtherKind(Kind::Null)]),
            ],
            empty: vec!["Case".to_owned()],
        }
    }

    fn printed(write: impl FnOnce(&BasicRules, &Sample, &mut dyn Write) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&rules(), &sample(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table_says_what_decided_and_a_summary_what_each_rule_did() {
        let expected = r#"object                     id                  outcome   decided by
Lead                       00Q000000000001AAA  excluded  rule 1 (a): exclude when A equals "x"
Lead                       00Q000000000002AAA  included  no rule matched
Account (advanced rule 2)  001000000000001AAA  included  no rule matched

3 documents in the sample: 2 included, 1 excluded
nothing found: Case
rule 1 (a): exclude when A equals "x"
  decided 1 of 3, matches 1
rule 2 (b): include when B equals "x"
  decided 0 of 3, matches 1, all of which earlier rules decide
rule 3 (c): exclude when C equals "x"
  matches nothing: the field is null, which the rule does not compare with (2), no such field (1)
"#;
        assert_eq!(printed(text), expected);
    }

    #[test]
    fn a_line_of_json_has_the_reason_of_each_rule() {
        let all: Vec<Value> = printed(json).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let reasons = json!([
            { "rule": "a", "reason": "differs" },
            { "rule": "b", "reason": "no_such_field" },
            { "rule": "c", "reason": "other_kind", "kind": "null" },
        ]);
        let expected = json!({
            "object": "Lead", "found_by": null, "id": "00Q000000000002AAA", "included": true, "rule": null, "reasons": reasons,
        });
        assert_eq!((all.len(), &all[1]), (3, &expected));
        assert_eq!((&all[0]["rule"], &all[2]["found_by"]), (&json!("a"), &json!("advanced rule 2")));
    }
}
