//! The rules of the connector protocol.

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::rules::RuleError;
use crate::{CP_JOB, CP_SCHEDULE, CP_VANISHED, ConnectorId, Counts, Ended, Fault, JobId, JobStatus};

fn connector(source: Value) -> Connector {
    Connector::new(ConnectorId::new("c"), object(source))
}

fn job(source: Value) -> JobDocument {
    JobDocument::new(JobId::new("j"), object(source))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// What the server makes of a partial document: objects are merged, everything else is replaced.
fn merged(below: &mut Object, patch: &Object) {
    for (name, value) in patch {
        match (below.get_mut(name), value) {
            (Some(Value::Object(inner)), Value::Object(value)) => merged(inner, value),
            _ => {
                below.insert(name.clone(), value.clone());
            }
        }
    }
}

fn prepared_twice(source: Value) -> (Object, Object) {
    let mut after = object(source.clone());
    let patch = prepared(&connector(source));
    merged(&mut after, &patch);
    let again = prepared(&Connector::new(ConnectorId::new("c"), after.clone()));
    assert!(again.is_empty(), "a second look writes {again:?}");
    (patch, after)
}

#[test]
fn times_are_written_as_the_reference_writes_them_and_read_however_they_come() {
    for (time, text) in [
        ("2026-11-23T08:08:55.898080Z", "2026-11-23T08:08:55.898080+00:00"),
        ("2026-11-23T08:08:55.8980809Z", "2026-11-23T08:08:55.898080+00:00"),
        ("2026-11-23T08:08:55Z", "2026-11-23T08:08:55+00:00"),
    ] {
        assert_eq!(written_time(at(time)), text);
    }
    let same = at("2026-11-23T08:08:55Z");
    for text in ["2026-11-23T08:08:55+00:00", "2026-11-23T08:08:55", "2026-11-23T10:08:55.000+02:00", "2026-11-23T08:08:55Z"] {
        assert_eq!(read_time(&json!(text)), Some(same), "{text}");
    }
    assert_eq!(read_time(&json!(same.as_millisecond())), Some(same));
    for nothing in [json!(null), json!("yesterday"), json!({}), json!("")] {
        assert_eq!(read_time(&nothing), None, "{nothing}");
    }
}

proptest! {
    #[test]
    fn a_time_survives_the_way_into_text_and_back(micros in -10_000_000_000_000_000i64..100_000_000_000_000_000) {
        let time = Timestamp::from_microsecond(micros).unwrap();
        prop_assert_eq!(read_time(&json!(written_time(time))), Some(time));
    }

    #[test]
    fn preparing_leaves_every_value_as_it_is_and_leaves_nothing_to_prepare(
        kept in proptest::collection::btree_map(proptest::sample::select(simple().keys().cloned().collect::<Vec<_>>()), (".{0,9}", any::<bool>(), any::<bool>()), 1..8),
    ) {
        let field = |(value, whole, bare): &(String, bool, bool)| match (whole, bare) {
            (true, _) => json!({ "default_value": null, "depends_on": [], "display": "text", "label": "mine", "options": [], "order": 9, "required": true,
                "sensitive": false, "tooltip": "mine", "type": "str", "ui_restrictions": [], "validations": [], "value": value, "own": 1 }),
            (false, true) => json!(value),
            (false, false) => json!({ "value": value, "own": 1 }),
        };
        let configuration: Object = kept.iter().map(|(key, how)| (key.clone(), field(how))).collect();
        let (_, after) = prepared_twice(json!({ "configuration": configuration, "status": "connected" }));
        prop_assert_eq!(&after["status"], "connected");
        let known = simple();
        for key in known.keys() {
            let field = &after["configuration"][key];
            prop_assert_eq!(field["value"].as_str(), kept.get(key).map(|how| how.0.as_str())
.or(known[key]["value"].as_str()));
            prop_assert!(configuration::properties().keys().all(|name| field.get(name).is_some()), "{}", field);
        }
    }
}

#[test]
fn an_empty_connector_gets_every_field_and_asks_to_be_configured() {
    for empty in [json!({}), json!({ "configuration": null }), json!({ "configuration": {} })] {
        let (patch, after) = prepared_twice(empty);
        assert_eq!((&patch["status"], &patch["service_type"]), (&json!("needs_configuration"), &json!("salesforce")));
        assert_eq!(patch["features"], features());
        let configuration = after["configuration"].as_object().unwrap();
        assert_eq!(configuration.len(), 8);
        assert!(configuration.values().all(|field| field.as_object().unwrap().len() == 13 && field["tooltip"].is_string()));
        assert_eq!(configuration["client_secret"]["sensitive"], json!(true));
        assert_eq!(configuration["custom_objects_to_sync"]["depends_on"], json!([{ "field": "sync_custom_objects", "value": true }]));
    }
}

#[test]
fn what_is_complete_is_not_written_again_and_an_outdated_description_is_brought_up_to_date() {
    let mut configuration = simple();
    let whole = json!({ "configuration": configuration, "service_type": "salesforce", "features": features() });
    assert!(prepared(&connector(whole)).is_empty());
    let mut more = features();
    more["sync_rules"]["own"] = json!({ "enabled": true });
    assert!(prepared(&connector(json!({ "configuration": configuration, "service_type": "salesforce", "features": more }))).is_empty());
    // Only the description is old: nobody asked for it.
    configuration["domain"]["tooltip"] = json!("an old one");
    let outdated = |configuration: &Object| json!({ "configuration": configuration, "service_type": "salesforce", "features": features() });
    assert!(prepared(&connector(outdated(&configuration))).is_empty());
    // A field is missing as well: the configuration is of another version.
    configuration.remove("client_id");
    let (patch, after) = prepared_twice(outdated(&configuration));
    assert_eq!(patch["configuration"].as_object().unwrap().keys().collect::<Vec<_>>(), ["client_id", "domain"]);
    assert_eq!(patch["configuration"]["domain"], json!({ "tooltip": simple()["domain"]["tooltip"] }));
    assert_eq!(after["configuration"]["domain"]["tooltip"], simple()["domain"]["tooltip"]);
}

#[test]
fn values_have_the_type_that_their_field_declares() {
    let of = |kind: &str, value: Value| values(&object(json!({ "x": { "type": kind, "value": value, "required": true } })))["x"].clone();
    for (kind, value, typed) in [
        ("str", json!("a"), json!("a")),
        ("str", json!(5), json!("5")),
        ("int", json!("7"), json!(7)),
        ("int", json!(""), json!(null)),
        ("int", json!("seven"), json!("seven")),
        ("float", json!("1.5"), json!(1.5)),
        ("bool", json!("false"), json!(false)),
        ("bool", json!("True"), json!(true)),
        ("bool", json!(true), json!(true)),
        ("bool", json!("maybe"), json!("maybe")),
        ("bool", json!(null), json!(null)),
        ("list", json!("a, b,,  c "), json!(["a", "b", "c"])),
        ("list", json!(null), json!([])),
        ("list", json!(3), json!([3])),
        ("list", json!(["a"]), json!(["a"])),
        ("other", json!({ "y": 1 }), json!({ "y": 1 })),
    ] {
        assert_eq!(of(kind, value.clone()), typed, "{kind} {value}");
    }
    // A field that may be empty falls back, one that is not there has the reference's default, a bare value is text.
    let all = values(&object(json!({ "standard_objects_to_sync": { "type": "list", "required": false, "value": "" }, "domain": "acme" })));
    assert_eq!(
        (&all["standard_objects_to_sync"], &all["domain"], &all["sync_custom_objects"]),
        (&json!(null), &json!("acme"), &json!(false))
    );
    assert_eq!(values(&Object::new())["standard_objects_to_sync"][0], json!("Account"));
}

#[test]
fn what_is_empty_and_required_is_named_by_its_label_if_it_counts() {
    assert_eq!(mistakes(&simple()), ["`Client ID` is empty", "`Client Secret` is empty", "`Domain` is empty"]);
    let mut configuration = simple();
    for key in ["domain", "client_id", "client_secret"] {
        configuration[key]["value"] = json!("x");
    }
    assert_eq!(mistakes(&configuration), Vec::<String>::new());
    configuration["sync_custom_objects"]["value"] = json!(true);
    assert_eq!(mistakes(&configuration), ["`Custom Objects to Sync` is empty"]);
    configuration["domain"]["depends_on"] = json!([{ "field": "nothing", "value": 1 }]);
    assert_eq!(mistakes(&configuration)[1], "`Domain` depends on the field `nothing`, which does not exist");
    assert_eq!(mistakes(&object(json!({ "own_key": { "value": "" } })))[3], "`OWN_KEY` is empty");
}

fn drafted(state: &str, rules: Value, advanced: Value) -> Value {
    let draft = json!({ "rules": rules, "advanced_snippet": { "value": advanced }, "validation": { "state": state, "errors": [] } });
    json!([{ "domain": "OTHER" }, { "domain": "DEFAULT", "active": { "rules": [], "old": true }, "draft": draft }])
}

#[test]
fn a_draft_with_rules_that_can_be_used_becomes_active() {
    let default = json!({ "id": "DEFAULT", "policy": "include", "field": "_", "rule": "regex", "value": ".*", "order": 0 });
    let rule = json!({ "id": "r1", "policy": "exclude", "field": "Name", "rule": "equals", "value": "x", "order": 1 });
    let queries = json!([{ "query": "SELECT Id FROM Lead", "language": "SOQL" }]);
    for (rules, snippet) in [
        (json!([default]), json!({})),
        (json!([default]), json!([])),
        (json!(null), json!(null)),
        (json!({}), json!("")),
        (json!([default, rule]), json!({})),
        (json!([rule]), queries.clone()),
    ] {
        let filtering = drafted("edited", rules, snippet.clone());
        assert_eq!(drafted_queries(&filtering).is_empty(), snippet != queries);
        let verdict = judge(&filtering).unwrap();
        let after = judged(&filtering, &verdict);
        assert_eq!(after[1]["draft"]["validation"], json!({ "state": "valid", "errors": [] }));
        assert_eq!(after[1]["active"], after[1]["draft"]);
        assert_eq!((active(&after), judge(&after), draft(&after)), (after[1]["active"].clone(), None, None));
    }
}

#[test]
fn a_draft_with_mistakes_says_all_of_them_by_rule_and_stays_a_draft() {
    let regex = json!({ "id": "r2", "policy": "exclude", "field": "Name", "rule": "regex", "value": "(", "order": 2 });
    let snippet = json!([{ "query": "SELECT", "language": "SOQL" }, { "query": "SELECT COUNT() FROM Lead", "language": "SOQL" }]);
    let filtering = drafted("edited", json!([{ "id": "r1", "order": 1 }, { "id": "DEFAULT" }, regex]), snippet);
    let mut verdict = judge(&filtering).unwrap();
    let state = |verdict: &Verdict| judged(&filtering, verdict)[1].clone();
    let after = state(&verdict);
    assert_eq!((&after["draft"]["validation"]["state"], &after["active"]["old"]), (&json!("invalid"), &json!(true)));
    let about = |entry: &Value, ids: Value| {
        let errors = entry["draft"]["validation"]["errors"].as_array().unwrap().iter();
        errors.filter(|error| error["ids"] == ids).map(|error| error["messages"].as_array().unwrap().len()).collect::<Vec<_>>()
    };
    assert_eq!([about(&after, json!(["r1"])), about(&after, json!(["r2"])), about(&after, json!(["advanced_snippet"]))], [[4], [1], [2]]);
    // What an org says of a query comes to what is known already.
    verdict.errors.push(RuleError::advanced("no such column"));
    assert_eq!(about(&state(&verdict), json!(["advanced_snippet"])), [3]);
    assert!(!Verdict { errors: vec![RuleError::advanced("no such column")] }.is_valid());
}

#[test]
fn rules_that_are_no_list_are_not_taken_for_none() {
    for (rules, snippet) in
        [(json!("exclude"), json!({})), (json!({ "id": "r1" }), json!({})), (json!([null]), json!({})), (json!([]), json!({ "query": 1 }))]
    {
        assert!(!judge(&drafted("edited", rules.clone(), snippet)).unwrap().is_valid(), "{rules}");
    }
}

#[test]
fn a_draft_that_nobody_has_edited_is_not_looked_at() {
    for nothing_to_do in
        [json!(null), json!([]), json!([{}]), drafted("valid", json!([]), json!({})), drafted("invalid", json!([]), json!({}))]
    {
        assert_eq!((judge(&nothing_to_do), draft(&nothing_to_do)), (None, None), "{nothing_to_do}");
    }
}

fn scheduled(kind: &str, interval: &str, last: Option<&str>) -> Connector {
    let field = match kind {
        "full" => "last_sync_scheduled_at",
        _ => "last_incremental_sync_scheduled_at",
    };
    connector(json!({ "features": features(), field: last, "scheduling": { kind: { "enabled": true, "interval": interval } } }))
}

#[test]
fn a_job_is_due_once_whatever_the_service_that_looks() {
    let (since, now) = (at("2026-01-01T09:59:40Z"), at("2026-01-01T10:30:10Z"));
    let due_of = |last| due(&scheduled("full", "0 0/15 * * * ?", last), JobType::Full, since, now).unwrap();
    assert_eq!(due_of(None), Some(at("2026-01-01T10:30:00Z")));
    assert_eq!(due_of(Some("2026-01-01T10:15:00+00:00")), Some(at("2026-01-01T10:30:00Z")));
    assert_eq!(due_of(Some("2026-01-01T10:30:00+00:00")), None);
    let incremental = scheduled("incremental", "0 0/15 * * * ?", None);
    assert!(due(&incremental, JobType::Incremental, since, now).unwrap().is_some());
    assert_eq!(due(&incremental, JobType::Full, since, now).unwrap(), None);
    let off = connector(json!({ "scheduling": { "full": { "enabled": false, "interval": "0 * * * * ?" } } }));
    assert_eq!(due(&off, JobType::Full, since, now).unwrap(), None);
    let fault = due(&scheduled("full", "every day", None), JobType::Full, since, now).unwrap_err();
    assert_eq!(fault.code, &CP_SCHEDULE);
    assert!(fault.message.contains("full jobs") && fault.message.contains("every day"), "{fault}");
}

#[test]
fn what_a_connector_does_not_offer_is_never_due() {
    let (since, now) = (at("2026-01-01T09:00:00Z"), at("2026-01-01T10:00:00Z"));
    for (enabled, is_due) in [(true, true), (false, false)] {
        let scheduling = json!({ "access_control": { "enabled": true, "interval": "0 * * * * ?" } });
        let wish = json!({ "features": { "document_level_security": { "enabled": enabled } }, "scheduling": scheduling });
        assert_eq!(due(&connector(wish), JobType::AccessControl, since, now).unwrap().is_some(), is_due);
    }
    let off = json!({ "features": { "incremental_sync": { "enabled": false } }, "scheduling": { "incremental": { "enabled": true, "interval": "0 * * * * ?" } } });
    assert_eq!(due(&connector(off), JobType::Incremental, at("2026-01-01T09:00:00Z"), at("2026-01-01T10:00:00Z")).unwrap(), None);
}

proptest! {
    /// Services that look at whatever times and write what they find make one job for a fire time, and later ones for later times.
    #[test]
    fn fire_times_that_are_written_only_move_on(mut looks in proptest::collection::vec((0..3usize, 1..400i64), 1..40)) {
        let start = at("2026-01-01T00:00:00Z").as_second();
        let mut since = [start; 3];
        let mut written: Vec<Timestamp> = Vec::new();
        let mut now = start;
        for (service, step) in looks.drain(..) {
            now += step;
            let last = written.last().map(|last| written_time(*last));
            let connector = scheduled("full", "0 0/2 * * * ?", last.as_deref());
            let time = |second| Timestamp::from_second(second).unwrap();
            if let Some(fire) = due(&connector, JobType::Full, time(since[service]), time(now)).unwrap() {
                prop_assert!(written.last().is_none_or(|last| *last < fire) && fire <= time(now));
                written.push(fire);
            }
            since[service] = now;
            // Whatever fired since this service's last look is made up for by now, once.
            let latest = (now - start) / 120 * 120 + start;
            prop_assert!(latest == start || written.last().is_some_and(|last| last.as_second() == latest));
        }
    }
}

fn whole() -> Connector {
    let configuration = json!({ "domain": { "type": "str", "value": "acme" } });
    connector(json!({
        "index_name": "search-sf", "service_type": "salesforce", "language": "en", "configuration": configuration,
        "pipeline": { "name": "own", "run_ml_inference": false },
        "filtering": [{ "domain": "DEFAULT", "active": { "rules": [{ "id": "DEFAULT" }, { "id": "r" }], "advanced_snippet": { "value": {} } }, "draft": {} }],
    }))
}

#[test]
fn a_new_job_carries_what_its_connector_was_at_that_moment() {
    let made = new_job(&whole(), JobType::Full, at("2026-01-01T10:00:00Z"));
    assert_eq!(
        made,
        json!({
            "connector": {
                "id": "c", "index_name": "search-sf", "service_type": "salesforce", "language": "en",
                "configuration": { "domain": { "type": "str", "value": "acme" } },
                "pipeline": { "name": "own", "extract_binary_content": true, "reduce_whitespace": true, "run_ml_inference": false },
                "filtering": { "rules": [{ "id": "DEFAULT" }, { "id": "r" }], "advanced_snippet": { "value": {} } },
            },
            "trigger_method": "scheduled", "job_type": "full", "status": "pending",
            "indexed_document_count": 0, "indexed_document_volume": 0, "deleted_document_count": 0,
            "created_at": "2026-01-01T10:00:00+00:00", "last_seen": "2026-01-01T10:00:00+00:00",
        })
    );
    let read = job(made);
    assert!(read.waits() && !read.is_in_work());
    assert_eq!((read.connector(), read.kind(), read.index()), (Some(ConnectorId::new("c")), JobType::Full, Some("search-sf")));
    assert_eq!((read.configuration()["domain"].as_str(), read.basic_rules().len(), read.advanced_rules().len()), (Some("acme"), 1, 0));
    read.check().unwrap();
    let access = new_job(&whole(), JobType::AccessControl, at("2026-01-01T10:00:00Z"));
    assert_eq!(access["connector"]["index_name"], json!(".search-acl-filter-search-sf"));
    assert_eq!(job(access.clone()).index(), Some("search-sf"));
    let mut of_old_servers = access;
    of_old_servers["connector"]["index_name"] = json!("search-sf");
    assert_eq!(job(of_old_servers).index(), Some("search-sf"));
    assert_eq!(job_request(&ConnectorId::new("c"), JobType::Full), json!({ "id": "c", "job_type": "full", "trigger_method": "scheduled" }));
}

#[test]
fn a_job_reads_a_filter_in_the_form_of_the_documentation_as_well() {
    let list = job(
        json!({ "connector": { "filtering": [{ "active": { "rules": [{ "id": "r" }], "advanced_snippet": { "value": [{ "query": "x" }] } } }] } }),
    );
    assert_eq!((list.basic_rules().len(), list.advanced_rules().len()), (1, 1));
    assert!(job(json!({})).basic_rules().is_empty());
}

#[test]
fn a_job_that_cannot_be_run_says_why() {
    let refused = |patch: Value| {
        let mut connector = json!({ "id": "c", "index_name": "i", "service_type": "salesforce", "configuration": {} });
        connector.as_object_mut().unwrap().extend(object(patch["connector"].clone()));
        let fault = job(json!({ "job_type": patch["job_type"], "connector": connector })).check().unwrap_err();
        assert_eq!(fault.code, &CP_JOB);
        fault.to_string()
    };
    for (patch, words) in [
        (json!({ "job_type": "full", "connector": { "service_type": "jira" } }), "of the type `jira`"),
        (json!({ "job_type": "full", "connector": { "index_name": null } }), "no index was attached"),
        (json!({ "job_type": "full", "connector": { "index_name": ".search-acl-filter-i" } }), "attach another index"),
        (json!({ "job_type": "access_control", "connector": { "index_name": ".search-acl-filter-" } }), "no index was attached"),
        (json!({ "job_type": "full", "connector": { "configuration": null } }), "no configuration"),
    ] {
        assert!(refused(patch).contains(words), "{words}");
    }
}

#[test]
fn the_end_of_a_job_is_written_as_the_reference_writes_it() {
    let now = at("2026-01-01T10:00:00Z");
    let counts = Counts { written: 7, written_bytes: 3 << 20 | 1 << 19, deleted: 2, set_aside: 1, ..Counts::default() };
    let in_work = job(json!({ "status": "in_progress" }));
    let of = |status, fault| in_work.ended(&Ended { status, fault, counts: counts.clone() }, Some(99), now);
    let completed = of(JobStatus::Completed, None);
    let time = json!("2026-01-01T10:00:00+00:00");
    assert_eq!((&completed["completed_at"], &completed["last_seen"], completed.get("canceled_at")), (&time, &time, None));
    assert_eq!((&completed["indexed_document_count"], &completed["indexed_document_volume"]), (&json!(7), &json!(4)));
    assert_eq!((&completed["deleted_document_count"], &completed["total_document_count"]), (&json!(2), &json!(99)));
    assert_eq!((&completed["metadata"]["set_aside"], completed["metadata"].get("written")), (&json!(1), None));
    assert_eq!((&completed["error"], &completed["status"]), (&json!(null), &json!("completed")));
    assert_eq!(of(JobStatus::Canceled, None)["canceled_at"], time);
    let suspended = of(JobStatus::Suspended, None);
    let unwanted = job(json!({ "status": "canceling" }));
    let ended = Ended { status: JobStatus::Suspended, fault: None, counts: Counts::default() };
    let canceled = unwanted.ended(&ended, None, now);
    assert_eq!((&canceled["status"], unwanted.with(canceled.clone()).has_ended(&ended)), (&json!("canceled"), true));
    assert!(suspended.get("completed_at").is_none() && suspended.get("canceled_at").is_none());
    let fault = Fault::new(&CP_VANISHED, "gone");
    assert_eq!(of(JobStatus::Error, Some(fault.clone()))["error"], json!(fault.to_string()));
    let abandoned = |status: &str| job(json!({ "status": status })).abandoned(&fault, now);
    assert_eq!((&abandoned("in_progress")["status"], &abandoned("canceling")["status"]), (&json!("error"), &json!("canceled")));
}

#[test]
fn a_connector_says_how_its_last_job_ended() {
    let now = at("2026-01-01T10:00:00Z");
    let after = |status: &str, kind: &str, error: Value| {
        let source =
            json!({ "status": status, "job_type": kind, "error": error, "indexed_document_count": 7, "deleted_document_count": 2 });
        Value::Object(Connector::after(&job(source), now))
    };
    let time = "2026-01-01T10:00:00+00:00";
    assert_eq!(
        after("completed", "full", json!(null)),
        json!({
            "last_synced": time, "status": "connected", "error": null, "last_sync_status": "completed", "last_sync_error": null,
            "sync_cursor": null, "last_indexed_document_count": 7, "last_deleted_document_count": 2,
        })
    );
    assert_eq!(
        after("error", "access_control", json!(null)),
        json!({
            "last_synced": time, "status": "error", "error": "unknown error", "last_access_control_sync_status": "error",
            "last_access_control_sync_error": "unknown error", "last_indexed_document_count": 7, "last_deleted_document_count": 2,
        })
    );
    assert_eq!(
        after("suspended", "incremental", json!(null)),
        json!({ "last_synced": time, "status": "connected", "error": null, "last_sync_status": "suspended", "last_sync_error": null })
    );
}

#[test]
fn a_mark_can_be_taken_back_and_excludes_its_family_only() {
    let before = connector(json!({ "status": "error", "error": "x", "last_sync_status": "error" }));
    let marked = Connector::marked(JobType::Incremental);
    let mut after = object(json!({ "status": "error", "error": "x", "last_sync_status": "error" }));
    merged(&mut after, &marked);
    let busy = Connector::new(ConnectorId::new("c"), after.clone());
    assert!(busy.is_busy(JobType::Full) && busy.is_busy(JobType::Incremental) && !busy.is_busy(JobType::AccessControl));
    merged(&mut after, &before.unmarked(JobType::Incremental));
    assert_eq!(Value::Object(after), json!({ "status": "error", "error": "x", "last_sync_status": "error", "last_sync_error": null }));
}

#[test]
fn neither_a_connector_nor_a_job_prints_what_is_in_it() {
    let secret =
        json!({ "configuration": { "client_secret": { "value": "marker" } }, "connector": { "configuration": { "x": "marker" } } });
    let printed = format!("{:?} {:?}", connector(secret.clone()), job(secret));
    assert!(!printed.contains("marker"), "{printed}");
}
