//! `sluice rules test`: it decides as a job does, says why, and touches nothing; rules that are wrong end it, and a sync, before anything is done.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};
use simulator::faults::FaultPlan;
use simulator::{Endpoint, Options, Running, spawn};

use crate::canned::{Answer, Canned};
use crate::program::{Done, Place, SECRET, contains_all, fails, golden, golden_org, run, simulated};

/// Nowhere is anything of the kind written down.
const NOWHERE: &str = "http://127.0.0.1:9";
/// As many records as may be asked for: more than the org has.
const ALL: &str = "2000";

fn org() -> Running {
    simulated(FaultPlan::default())
}

/// The rules of a golden case, in the form of a configuration file.
fn case(name: &str) -> Value {
    let text = std::fs::read_to_string(golden().with_file_name(name).join("config.json")).unwrap();
    let case: Value = serde_json::from_str(&text).unwrap();
    let list = |key: &str| case[key].as_array().cloned().unwrap_or_default();
    json!({ "basic": list("rules"), "advanced": list("advanced_snippet") })
}

/// Ids of the documents that the reference indexed in a golden case.
fn indexed(name: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(golden().with_file_name(name).join("documents.ndjson")).unwrap();
    let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["_id"].as_str().unwrap().to_owned();
    text.lines().map(id).collect()
}

fn connector(rules: &Value) -> Value {
    json!({
        "connector_id": "sf", "index_name": "search-sf", "sync_rules": rules,
        "configuration": { "domain": "acme", "client_id": "sluice-demo", "client_secret": SECRET },
    })
}

/// A configuration with all standard objects and these rules.
fn config(place: &Place, base_url: &str, rules: &Value) -> String {
    place.config(base_url, json!({}), json!({ "connectors": [connector(rules)] }))
}

fn basic(id: &str, (field, operator, value): (&str, &str, &str)) -> Value {
    json!({ "id": id, "policy": "exclude", "field": field, "rule": operator, "value": value, "order": 1 })
}

fn soql(query: &str) -> Value {
    json!({ "query": query, "language": "SOQL" })
}

fn test(config: &str, more: &[&str]) -> Done {
    let done = run(&[&["rules", "test", "-c", config, "--log-level", "error"], more].concat());
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{done:?}");
    done
}

/// What is said of each document, by its id.
fn verdicts(config: &str, sample: &str) -> BTreeMap<String, Value> {
    let done = test(config, &["--sample", sample, "--output", "json"]);
    let lines = done.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let by_id: BTreeMap<_, _> = lines.map(|line| (line["id"].as_str().unwrap().to_owned(), line)).collect();
    assert_eq!(by_id.len(), done.out.lines().count(), "each document is there once");
    by_id
}

fn included(verdicts: &BTreeMap<String, Value>) -> BTreeSet<String> {
    verdicts.iter().filter(|(_, verdict)| verdict["included"] == true).map(|(id, _)| id.clone()).collect()
}

/// The files of a data directory, to the byte.
fn bytes(place: &Place) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(place.data()).unwrap().map(|entry| entry.unwrap());
    files.map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap())).collect()
}

#[test]
fn of_a_sample_of_everything_basic_rules_leave_in_what_the_reference_indexes() {
    let (place, org) = (Place::empty(), org());
    let verdicts = verdicts(&config(&place, &org.base_url, &case("basic_rules")), ALL);
    assert_eq!(included(&verdicts), indexed("basic_rules"));
    assert_eq!(verdicts.keys().cloned().collect::<BTreeSet<_>>(), indexed("full"));
    let won = json!({
        "object": "Opportunity", "found_by": null, "id": "006Hs0AAAAAA5qVI4T", "included": false, "rule": "r1",
        "reasons": [
            { "rule": "r1", "reason": "matched" }, { "rule": "r2", "reason": "differs" }, { "rule": "r3", "reason": "no_such_field" },
        ],
    });
    assert_eq!(verdicts["006Hs0AAAAAA5qVI4T"], won);
    for (id, object, rule) in [
        ("00QHs0AAAAAA1i3M4D", "Lead", json!("r2")),
        ("069Hs0AAAAAAKSoI4P", "ContentDocument", json!("r3")),
        ("069Hs0AAAAAAawcI4D", "ContentDocument", json!(null)),
        ("001Hs0AAAAAA1i3I4D", "Account", json!(null)),
    ] {
        let verdict = &verdicts[id];
        assert_eq!((&verdict["object"], &verdict["rule"], &verdict["included"]), (&json!(object), &rule, &json!(rule.is_null())), "{id}");
    }
    assert!(!place.data().exists(), "trying rules makes nothing");
}

#[test]
fn advanced_rules_are_tried_on_what_they_find() {
    let (place, org) = (Place::empty(), org());
    let found = verdicts(&config(&place, &org.base_url, &case("advanced")), ALL);
    assert_eq!(included(&found), indexed("advanced"));
    let objects: BTreeSet<_> = found.values().map(|it| [&it["object"], &it["found_by"]].map(|text| text.as_str().unwrap())).collect();
    assert_eq!(objects, [["Account", "advanced rule 1"], ["Contact", "advanced rule 3"], ["Project__c", "advanced rule 2"]].into());
}

#[test]
fn basic_rules_decide_about_what_advanced_rules_find_and_files_are_found_in_their_lists() {
    let (place, org) = (Place::empty(), org());
    let link = "ContentDocument.Id, ContentDocument.FileExtension, ContentDocument.LatestPublishedVersion.Id";
    let query = format!("SELECT Id, (SELECT {link} FROM ContentDocumentLinks) FROM Case");
    let none = "SELECT Id FROM Account WHERE Name = 'nobody is called so'";
    let rules = json!({ "basic": [basic("csv", ("file_extension", "equals", "csv"))], "advanced": [soql(&query), soql(none)] });
    let config = config(&place, &org.base_url, &rules);
    let found = verdicts(&config, ALL);
    let file = &found["069Hs0AAAAAAKSoI4P"];
    let seen = ["object", "found_by", "rule"].map(|key| file[key].as_str().unwrap());
    assert_eq!((seen, &file["included"]), (["ContentDocument", "advanced rule 1", "csv"], &json!(false)));
    assert_eq!(found["500Hs0AAAAAACDuI4P"]["included"], true);
    contains_all(&test(&config, &[]).out, &["\nCase (advanced rule 1) ", "\nnothing found: advanced rule 2\n"]);
}

#[test]
fn what_several_advanced_rules_find_is_shown_once_as_the_last_one_shapes_it() {
    let (place, org) = (Place::empty(), org());
    let rules = json!({
        "basic": [basic("b", ("Rating", "equals", "Hot"))],
        "advanced": [soql("SELECT Id, Rating FROM Account"), soql("SELECT Id FROM Account")],
    });
    let found = verdicts(&config(&place, &org.base_url, &rules), "5");
    assert_eq!(found.len(), 5);
    let same = |it: &Value| it["found_by"] == "advanced rule 2" && it["reasons"][0]["reason"] == "no_such_field";
    assert!(found.values().all(same), "{found:?}");
}

#[test]
fn a_table_names_the_rule_that_decides_and_a_summary_tells_what_each_rule_is_good_for() {
    let (place, org) = (Place::filled(), org());
    let rules = json!({ "basic": [
        basic("leads", ("Name", "starts_with", "Lead")),
        { "id": "late", "policy": "include", "field": "Name", "rule": "contains", "value": "Lead ", "order": 2 },
        { "id": "typo", "policy": "exclude", "field": "StageNam", "rule": "equals", "value": "Closed Won", "order": 3 },
        { "id": "list", "policy": "exclude", "field": "CaseComments", "rule": "contains", "value": "x", "order": 4 },
    ] });
    let config = config(&place, &org.base_url, &rules);
    let before = bytes(&place);
    let done = test(&config, &["--sample", "3"]);
    assert_eq!(bytes(&place), before);
    let lines: Vec<_> = done.out.lines().collect();
    assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), ["object", "id", "outcome", "decided", "by"]);
    let of = |object: &str| lines.iter().filter(|line| line.starts_with(&format!("{object} "))).copied().collect::<Vec<_>>();
    for object in ["Account", "Opportunity", "Contact", "Lead", "Campaign", "Case"] {
        assert_eq!(of(object).len(), 3, "{object}");
    }
    let leads = "rule 1 (leads): exclude when Name starts with \"Lead\"";
    assert!(of("Lead").iter().all(|line| line.ends_with(&format!("  excluded  {leads}"))), "{lines:?}");
    assert!(of("Account").iter().all(|line| line.ends_with("  included  no rule matched")), "{lines:?}");
    let effect = |rule: &str| lines[lines.iter().position(|line| line.starts_with(rule)).unwrap() + 1].trim_start();
    assert!(effect(leads).starts_with("decided 3 of ") && effect(leads).ends_with(", matches 3"), "{lines:?}");
    assert!(effect("rule 2 (late)").ends_with(", matches 3, all of which earlier rules decide"), "{lines:?}");
    assert!(effect("rule 3 (typo)").starts_with("matches nothing: no such field ("), "{lines:?}");
    contains_all(effect("rule 4 (list)"), &["no such field (", "the field is null, which the rule does not compare with (", "an object"]);
    assert!(!done.out.contains("Harbor") && !done.out.contains("@example.com") && !done.out.contains('\x1b'), "{}", done.out);
}

#[test]
fn only_first_pages_are_read_and_no_content_of_files() {
    let (place, org) = (Place::empty(), spawn(Options { page_size: Some(4), ..Options::new(golden_org()) }).unwrap());
    let found = verdicts(&config(&place, &org.base_url, &case("basic_rules")), "10");
    let of = |object: &str| found.values().filter(|it| it["object"] == object).count();
    assert_eq!(["Account", "Opportunity", "Contact", "Lead", "Campaign", "Case"].map(of), [4; 6]);
    let log = org.stats().log;
    let asked = |wanted: Endpoint| log.iter().filter(|request| request.endpoint == wanted).count();
    assert!(!log.is_empty() && asked(Endpoint::Query) > 0);
    let pages = log.iter().filter(|request| request.query.ends_with(" ORDER BY Id") && !request.query.contains(" WHERE ")).count();
    assert_eq!((pages, asked(Endpoint::Blob)), (6, 0));
}

#[test]
fn without_rules_there_is_nothing_to_try() {
    let place = Place::empty();
    let config = config(&place, NOWHERE, &json!({ "basic": [{ "id": "DEFAULT", "policy": "include" }], "advanced": {} }));
    let line = "the connector `sf` has no sync rules: every record of the objects that it syncs is indexed\n";
    assert_eq!(test(&config, &[]).out, line);
    let done = run(&["rules", "test", "-c", &config, "--output", "json"]);
    assert_eq!((done.code, done.out.as_str(), done.err.as_str()), (Some(0), "", line));
}

#[test]
fn an_unknown_connector_is_told_with_those_that_there_are_and_several_have_to_be_chosen_from() {
    let place = Place::empty();
    let line = fails(&["rules", "test", "-c", &config(&place, NOWHERE, &case("basic_rules")), "--connector", "x"], 2);
    assert_eq!(line, "there is no connector `x` in the configuration; there are: `sf`");
    let mut other = connector(&case("advanced"));
    (other["connector_id"], other["index_name"]) = (json!("other"), json!("other"));
    let two = place.config(NOWHERE, json!({}), json!({ "connectors": [connector(&json!({})), other] }));
    contains_all(&fails(&["rules", "test", "-c", &two], 2), &["choose one with `--connector`", "`sf`, `other`"]);
    assert!(test(&two, &["--connector", "sf"]).out.contains("has no sync rules"));
}

/// Queries and rules that are wrong whatever the org is like, with what the line says of each.
fn wrong() -> Vec<(&'static str, Value, Vec<&'static str>)> {
    let advanced = |rule: Value| json!({ "advanced": [soql("SELECT Id FROM Lead"), rule] });
    let long = format!("SELECT Id FROM Lead WHERE Name = '{}'", "x".repeat(100 << 10));
    let place = "sync_rules.advanced` cannot be applied: advanced rule 2:";
    vec![
        ("empty", advanced(soql("")), vec![place, "`query` is empty"]),
        ("blank", advanced(soql(" \n\t")), vec![place, "`query` is empty"]),
        ("100 KiB", advanced(soql(&long)), vec![place, "characters; Salesforce takes 100000"]),
        ("language", advanced(json!({ "query": "SELECT Id FROM Lead", "language": "SQL" })), vec![place, "`language` is `SQL`"]),
        ("quotes", advanced(soql("SELECT Id FROM Lead\nWHERE Name = 'x")), vec![place, "Row:2:Column:"]),
        ("no query", advanced(soql("DROP TABLE Lead")), vec![place, "Row:1:Column:"]),
        ("no text", advanced(soql("\u{0}\u{1b}[31m\u{202e}'")), vec![place]),
        ("deep", advanced(soql(&format!("SELECT Id FROM Lead WHERE {}Id = ''", "(".repeat(20_000)))), vec![place]),
        ("regex", json!({ "basic": [basic("r7", ("Name", "regex", "a(b"))] }), vec!["rule 1 (r7): the regex", "unclosed group"]),
        ("bomb", json!({ "basic": [basic("r7", ("Name", "regex", r"(\w{100}){100}"))] }), vec!["rule 1 (r7): the regex", "KiB"]),
        ("look", json!({ "basic": [basic("r7", ("Name", "regex", "(?=a)"))] }), vec!["rule 1 (r7): the regex"]),
        ("operator", json!({ "basic": [basic("r7", ("Name", "like", "a"))] }), vec!["rule 1 (r7): the rule \"like\" is not known"]),
    ]
}

#[test]
fn rules_that_are_wrong_are_named_with_their_place_and_nothing_is_asked_or_written() {
    let place = Place::filled();
    let before = bytes(&place);
    for (what, rules, says) in wrong() {
        // A configuration of its own each, so that a mistake is never that of another line.
        let config = config(&place, NOWHERE, &rules);
        let lines = [fails(&["rules", "test", "-c", &config], 2), fails(&["sync", "-c", &config], 2)];
        for line in &lines {
            contains_all(line, &says);
            contains_all(line, &["`connectors[0].sync_rules."]);
            assert!(line.len() < 1000 && !line.contains(char::is_control), "{what}: {line:?}");
        }
        assert_eq!(lines[0], lines[1], "{what}");
        assert!(bytes(&place) == before, "{what}: a sync has touched the index or made a job");
    }
}

#[test]
fn every_rule_that_is_wrong_has_a_line_of_its_own() {
    let place = Place::empty();
    let rules = json!({
        "basic": [basic("r1", ("Name", "regex", "(")), basic("r2", ("Name", "like", "a"))],
        "advanced": [soql("SELECT"), soql("SELECT Id FROM Lead"), soql("FIND {x}")],
    });
    let done = run(&["rules", "test", "-c", &config(&place, NOWHERE, &rules)]);
    assert_eq!((done.code, done.out.as_str()), (Some(2), ""));
    let lines: Vec<_> = done.err.lines().collect();
    let names = ["rule 1 (r2)", "rule 1 (r1)", "advanced rule 1", "advanced rule 3"];
    assert_eq!(lines.len(), names.len(), "{lines:?}");
    assert!(names.iter().all(|name| lines.iter().filter(|line| line.contains(name)).count() == 1), "{lines:?}");
}

#[test]
fn what_the_org_refuses_is_told_with_the_rule_and_leaves_the_documents_as_they_were() {
    let (place, org) = (Place::filled(), org());
    // As long as a query may be, and longer than a request.
    let mut long = String::from("SELECT Id FROM Lead WHERE Name IN (");
    while long.len() < 99_000 {
        write!(long, "'{}',", "x".repeat(90)).unwrap();
    }
    long.push_str("'x')");
    for (query, says) in [
        ("SELECT Id, Nope FROM Lead", &["rule 2", "INVALID_FIELD", "Nope"][..]),
        ("SELECT Id FROM Nope__c", &["rule 2", "`Nope__c`", "the org has no such object"]),
        (&long, &["rule 2", "bytes and", "fit into a request"]),
    ] {
        let config = config(&place, &org.base_url, &json!({ "advanced": [soql("SELECT Id FROM Account"), soql(query)] }));
        let line = fails(&["rules", "test", "-c", &config], 1);
        contains_all(&line, says);
        contains_all(&line, &["[SR0001]"]);
        contains_all(&place.sync_fails(1, &config), says);
    }
}

#[test]
fn an_org_that_cannot_be_reached_is_a_failure() {
    let place = Place::empty();
    let config = place.config(NOWHERE, json!({}), json!({ "connectors": [connector(&case("basic_rules"))] }));
    contains_all(&fails(&["rules", "test", "-c", &config], 1), &["[SF0001]"]);
}

/// A cluster that has one connector and answers nothing but what it is.
fn cluster(kind: &str, rules: Value) -> Canned {
    let value = |text: &str| json!({ "value": text });
    let filter = json!({ "rules": rules, "advanced_snippet": { "value": {} } });
    let source = json!({
        "service_type": kind, "status": "connected", "index_name": "search-sf",
        "configuration": {
            "domain": value("acme"), "client_id": value("sluice-demo"), "client_secret": value(SECRET),
            "standard_objects_to_sync": value("Lead, Campaign"), "use_document_level_security": { "value": false },
        },
        "filtering": [{ "domain": "DEFAULT", "active": filter, "draft": { "rules": [], "advanced_snippet": { "value": {} } } }],
    });
    let document = json!({ "_id": "managed", "found": true, "_source": source }).to_string();
    Canned::serve(move |request| match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/") => Answer::json(r#"{"version":{"number":"9.4.3"},"tagline":"You Know, for Search"}"#),
        ("GET", "/.elastic-connectors/_doc/managed") => Answer::json(&document),
        ("GET", path) if path.starts_with("/.elastic-connectors/_doc/") => Answer::refused(404, r#"{"_id":"x","found":false}"#),
        _ => Answer::refused(400, r#"{"error":"nobody may ask this","status":400}"#),
    })
}

fn managed(place: &Place, cluster: &Canned, org: &str) -> String {
    let elasticsearch = json!({ "host": cluster.base_url, "api_key": "k", "max_retries": 1 });
    let managed = json!([{ "connector_id": "managed" }]);
    place.config(org, json!({}), json!({ "index": { "kind": null, "path": null }, "elasticsearch": elasticsearch, "connectors": managed }))
}

#[test]
fn of_a_connector_that_the_cluster_defines_the_active_rules_are_tried() {
    let (place, org) = (Place::empty(), org());
    let leads = basic("leads", ("Name", "starts_with", "Lead"));
    let good = cluster("salesforce", json!([leads, { "id": "DEFAULT", "policy": "include", "order": 0 }]));
    let config = managed(&place, &good, &org.base_url);
    let found = verdicts(&config, "2");
    let seen: Vec<_> = found.values().map(|it| (it["object"].as_str().unwrap(), it["rule"].as_str())).collect();
    let expected = [("Lead", Some("leads")), ("Lead", Some("leads")), ("Campaign", None), ("Campaign", None)];
    assert_eq!(seen[..4], expected, "{seen:?}");
    let file = place.write("types.yml", &std::fs::read_to_string(&config).unwrap());
    contains_all(&fails(&["rules", "test", "-c", &file, "--connector", "nobody"], 2), &["no connector `nobody`", "`managed`"]);

    let wrong = cluster("salesforce", json!([basic("r7", ("Name", "regex", "("))]));
    contains_all(&fails(&["rules", "test", "-c", &managed(&place, &wrong, NOWHERE)], 2), &["rule 1 (r7): the regex"]);
    let other = cluster("sharepoint", json!([]));
    contains_all(&fails(&["rules", "test", "-c", &managed(&place, &other, NOWHERE)], 2), &["service type `sharepoint`"]);
}
