//! Connectors are looked after: signs of life, inspections, drafts, schedules, and the indices themselves.

use domain::{CP_NO_API, ES_UNAVAILABLE};

use super::fake::Weather;
use super::*;

#[actix_rt::test]
async fn the_api_is_used_where_it_is_unless_the_operator_says_otherwise() {
    for (api, choice, used) in [
        (true, ApiChoice::Auto, Some(true)),
        (false, ApiChoice::Auto, Some(false)),
        (true, ApiChoice::Api, Some(true)),
        (false, ApiChoice::Api, None),
        (false, ApiChoice::Indices, Some(false)),
    ] {
        let bench = Bench::new(api).await;
        let connected = bench.connect(ProtocolOptions { api: choice, ..options("w") }).await;
        assert_eq!(connected.as_ref().ok().map(Cluster::uses_api), used, "{choice:?}");
        if let Err(fault) = connected {
            assert_eq!(fault.code, &CP_NO_API);
            continue;
        }
        let world = bench.fake.world();
        let made: Vec<_> = world.indices.keys().map(String::as_str).collect();
        assert_eq!(made, [".elastic-connectors-sync-jobs-v1", ".elastic-connectors-v1"]);
        let jobs = &world.indices[made[0]];
        if used == Some(false) {
            assert_eq!((&jobs["aliases"], &jobs["mappings"]["dynamic"]), (&json!({ ".elastic-connectors-sync-jobs": {} }), &json!(false)));
            assert_eq!(jobs["mappings"]["properties"]["connector"]["properties"]["id"], json!({ "type": "keyword" }));
            let of_connectors = &world.indices[made[1]]["mappings"]["properties"];
            assert_eq!(of_connectors["configuration"], json!({ "type": "object", "enabled": false }));
        } else {
            assert_eq!(jobs, &Value::Null, "templates of the cluster say what it looks like");
        }
    }
}

#[actix_rt::test]
async fn an_index_that_another_service_makes_at_the_same_time_is_used() {
    let bench = Bench::new(false).await;
    bench.fake.world().before("PUT /.elastic-connectors-v1", |world| {
        world.indices.insert(".elastic-connectors-v1".to_owned(), json!({}));
    });
    bench.connect(options("w")).await.unwrap();
    let requests = bench.fake.world().requests.len();
    bench.connect(options("w")).await.unwrap();
    let world = bench.fake.world();
    assert!(world.requests[requests..].iter().all(|(target, _)| !target.starts_with("PUT")), "what is there is left alone");
}

#[actix_rt::test]
async fn signs_of_life_come_first_and_then_at_their_pace() {
    for api in BOTH {
        let bench = Bench::new(api).await;
        bench.put_connector("c", &json!({ "last_seen": after(0).to_string() }));
        let service = bench.service("w", &["c"]).await;
        let mut seen = Vec::new();
        for seconds in [10, 40, 309, 310, 340] {
            let now = bench.later(seconds);
            service.tend(after(0), now).await.unwrap();
            seen.push(bench.connector("c")["last_seen"].as_str().unwrap().parse::<Timestamp>().unwrap());
        }
        assert_eq!(seen, [after(10), after(10), after(10), after(310), after(310)]);
    }
}

#[actix_rt::test]
async fn what_is_wrong_is_written_once_and_what_was_due_meanwhile_is_made_up_for() {
    for api in BOTH {
        let bench = Bench::new(api).await;
        bench.put_connector("c", &json!({}));
        let service = bench.service("w", &["c"]).await;
        *bench.org.closed.borrow_mut() = true;
        for (since, now) in [(0, 890), (890, 910), (910, 2000)] {
            service.tend(after(since), bench.later(now)).await.unwrap();
        }
        let connector = bench.connector("c");
        assert_eq!((text(&connector["status"]), bench.fake.world().jobs.len()), ("error", 0));
        assert!(text(&connector["error"]).starts_with("wrong secret [SF0101]; check"), "{connector}");
        let texts = |bench: &Bench| {
            let updates = bench.fake.world().bodies("POST /.elastic-connectors/_update/c");
            updates.iter().filter(|body| body["doc"]["error"].is_string()).count()
        };
        assert_eq!(texts(&bench), 1);
        *bench.org.closed.borrow_mut() = false;
        service.tend(after(2000), bench.later(2010)).await.unwrap();
        let connector = bench.connector("c");
        assert_eq!((text(&connector["status"]), &connector["error"], bench.fake.world().jobs.len()), ("connected", &json!(null), 1));
        assert_eq!(text(&connector["last_sync_scheduled_at"]), "2026-01-01T10:30:00+00:00");
    }
}

#[actix_rt::test]
async fn a_connector_that_is_not_complete_says_what_it_lacks() {
    let mut empty = configuration();
    empty["client_secret"]["value"] = json!("");
    for (patch, words) in [
        (json!({ "index_name": null }), "no index is attached"),
        (json!({ "configuration": empty }), "`Client Secret` is empty"),
        (json!({ "service_type": "jira" }), "is of the type `jira`"),
    ] {
        let bench = Bench::new(false).await;
        bench.put_connector("c", &patch);
        let before = bench.connector("c")["configuration"].clone();
        bench.service("w", &["c"]).await.tend(after(0), after(910)).await.unwrap();
        let connector = bench.connector("c");
        assert!(text(&connector["error"]).contains(words) && connector["status"] == "error", "{connector}");
        assert_eq!((&connector["configuration"], bench.fake.world().jobs.len()), (&before, 0));
        assert!(bench.org.looked_at.borrow().is_empty());
    }
}

#[actix_rt::test]
async fn a_schedule_that_cannot_be_read_is_an_error_and_keeps_no_other_from_firing() {
    let bench = Bench::new(false).await;
    let good = json!({ "enabled": true, "interval": "0 0/15 * * * ?" });
    bench.put_connector("c", &json!({ "scheduling": { "full": { "enabled": true, "interval": "sometimes" }, "incremental": good } }));
    let service = bench.service("w", &["c"]).await;
    for (since, now) in [(0, 910), (910, 940), (940, 970)] {
        service.tend(after(since), after(now)).await.unwrap();
    }
    let connector = bench.connector("c");
    assert!(text(&connector["error"]).contains("`sometimes`") && connector["status"] == "error", "{connector}");
    let world = bench.fake.world();
    assert_eq!(world.bodies("POST /.elastic-connectors/_update/c").iter().filter(|body| body["doc"]["status"].is_string()).count(), 1);
    assert_eq!(world.jobs.values().map(|job| text(&job.source["job_type"]).to_owned()).collect::<Vec<_>>(), ["incremental"]);
}

#[actix_rt::test]
async fn a_kind_that_waits_already_is_not_made_again() {
    for api in BOTH {
        let bench = Bench::new(api).await;
        let every = json!({ "enabled": true, "interval": "0 0/15 * * * ?" });
        let scheduling = json!({ "full": every, "incremental": every, "access_control": every });
        bench.put_connector("c", &json!({ "scheduling": scheduling }));
        bench.put_job("waits", "c", &json!({ "status": "suspended" }));
        let service = bench.service("w", &["c"]).await;
        service.tend(after(0), bench.later(910)).await.unwrap();
        let world = bench.fake.world();
        let made: Vec<_> = world.jobs.iter().filter(|(id, _)| *id != "waits").map(|(_, job)| text(&job.source["job_type"])).collect();
        assert_eq!(made, ["access_control", "incremental"], "full waits");
    }
}

#[actix_rt::test]
async fn a_fire_time_whose_job_could_not_be_made_counts_again() {
    for (api, request) in [(true, "POST /_connector/_sync_job"), (false, "POST /.elastic-connectors-sync-jobs/_doc")] {
        let bench = Bench::new(api).await;
        bench.put_connector("c", &json!({ "last_sync_scheduled_at": "2026-01-01T09:45:00+00:00" }));
        let service = bench.service("w", &["c"]).await;
        bench.fake.world().weather(request, Weather::Refused(503));
        assert_eq!(service.tend(after(0), bench.later(910)).await.unwrap_err().code, &ES_UNAVAILABLE);
        assert_eq!(text(&bench.connector("c")["last_sync_scheduled_at"]), "2026-01-01T09:45:00+00:00");
        service.tend(after(0), bench.later(920)).await.unwrap();
        assert_eq!(bench.fake.world().jobs.len(), 1);
        // An answer that is lost makes no second job: the next look finds the first.
        bench.fake.world().jobs.clear();
        bench.fake.world().weather(request, Weather::Lost);
        service.tend(after(920), bench.later(1810)).await.unwrap_err();
        service.tend(after(920), bench.later(1820)).await.unwrap();
        assert_eq!(bench.fake.world().jobs.len(), 1);
    }
}

/// A connector with a draft of rules that somebody has just edited.
async fn drafted(api: bool, rules: &Value, advanced: &Value) -> Bench {
    let bench = Bench::new(api).await;
    let draft = json!({ "rules": rules, "advanced_snippet": { "value": advanced }, "validation": { "state": "edited", "errors": [] } });
    bench.put_connector("c", &json!({ "filtering": [{ "domain": "DEFAULT", "active": { "rules": [] }, "draft": draft }] }));
    bench
}

#[actix_rt::test]
async fn a_draft_whose_rules_can_be_applied_becomes_active_and_another_one_does_not() {
    let rule =
        |id: &str, value: &str| json!({ "id": id, "policy": "exclude", "field": "Name", "rule": "regex", "value": value, "order": 1 });
    let soql = |query: &str| json!([{ "query": query, "language": "SOQL" }]);
    for api in BOTH {
        for (rules, advanced, wrong) in [
            (json!([{ "id": "DEFAULT" }]), json!({}), json!(null)),
            (json!([{ "id": "DEFAULT" }, rule("r1", "x+")]), soql("SELECT Id FROM Lead"), json!(null)),
            (json!([rule("r1", "(")]), json!({}), json!(["r1"])),
            (json!([]), soql("SELECT COUNT() FROM Lead"), json!(["advanced_snippet"])),
            (json!([]), soql("SELECT Nope FROM Lead"), json!(["advanced_snippet"])),
        ] {
            let bench = drafted(api, &rules, &advanced).await;
            let service = bench.service("w", &["c"]).await;
            for _ in 0..2 {
                service.tend(after(0), after(10)).await.unwrap();
            }
            let filtering = &bench.connector("c")["filtering"][0];
            let is_right = wrong.is_null();
            assert_eq!(text(&filtering["draft"]["validation"]["state"]), if is_right { "valid" } else { "invalid" }, "{rules} {advanced}");
            assert_eq!(filtering["active"] == filtering["draft"], is_right);
            assert_eq!(filtering["draft"]["validation"]["errors"][0]["ids"], wrong, "{rules} {advanced}");
            assert_eq!(text(&bench.connector("c")["status"]), "connected", "a draft says nothing about the connector");
        }
    }
}

#[actix_rt::test]
async fn a_draft_that_cannot_be_tried_now_keeps_nothing_else_from_being_done() {
    for api in BOTH {
        let bench = drafted(api, &json!([]), &json!([{ "query": "SELECT Id FROM Slow", "language": "SOQL" }])).await;
        bench.service("w", &["c"]).await.tend(after(0), after(10)).await.unwrap();
        let connector = bench.connector("c");
        assert_eq!((text(&connector["filtering"][0]["draft"]["validation"]["state"]), text(&connector["status"])), ("edited", "connected"));
    }
}

#[actix_rt::test]
async fn a_draft_that_the_org_cannot_be_asked_about_waits_for_a_better_time() {
    for api in BOTH {
        let bench = drafted(api, &json!([]), &json!([{ "query": "SELECT Id FROM Lead", "language": "SOQL" }])).await;
        let service = bench.service("w", &["c"]).await;
        *bench.org.closed.borrow_mut() = true;
        service.tend(after(0), after(10)).await.unwrap();
        let connector = bench.connector("c");
        assert_eq!((text(&connector["filtering"][0]["draft"]["validation"]["state"]), text(&connector["status"])), ("edited", "error"));
        *bench.org.closed.borrow_mut() = false;
        service.tend(after(10), after(20)).await.unwrap();
        let connector = bench.connector("c");
        assert_eq!((text(&connector["filtering"][0]["draft"]["validation"]["state"]), text(&connector["status"])), ("valid", "connected"));
    }
}

#[actix_rt::test]
async fn connectors_are_found_by_their_type_and_others_are_left_alone() {
    for api in BOTH {
        let bench = Bench::new(api).await;
        bench.put_connector("ours", &json!({}));
        bench.put_connector("native", &json!({ "is_native": true }));
        bench.put_connector("deleted", &json!({ "deleted": true }));
        bench.put_connector("jira", &json!({ "service_type": "jira" }));
        let found = ProtocolOptions { service_types: vec!["salesforce".to_owned()], ..options("w") };
        let named = ProtocolOptions { connectors: vec![ConnectorId::new("native")], ..found.clone() };
        bench.connect(found).await.unwrap().tend(after(0), after(10)).await.unwrap();
        let seen = |id: &str| !bench.connector(id)["last_seen"].is_null();
        assert_eq!(["ours", "native", "deleted", "jira"].map(seen), [true, false, false, false]);
        bench.connect(named).await.unwrap().tend(after(0), after(10)).await.unwrap();
        assert_eq!(["ours", "native", "deleted", "jira"].map(seen), [true, true, false, false]);
        assert_eq!(bench.connector("jira")["error"], json!(null));
    }
}

#[actix_rt::test]
async fn one_connector_that_cannot_be_written_keeps_no_other_from_being_looked_after() {
    for (status, fails) in [(400, false), (503, true)] {
        let bench = Bench::new(false).await;
        for id in ["a", "b", "d"] {
            bench.put_connector(id, &json!({}));
        }
        let service = bench.service("w", &["a", "b", "d"]).await;
        // What may pass is tried three times.
        for _ in 0..if fails { 3 } else { 1 } {
            bench.fake.world().weather("POST /.elastic-connectors/_update/a", Weather::Refused(status));
        }
        assert_eq!(service.tend(after(0), after(910)).await.is_err(), fails);
        let made = |bench: &Bench| {
            let world = bench.fake.world();
            let mut of: Vec<_> = world.jobs.values().map(|job| text(&job.source["connector"]["id"]).to_owned()).collect();
            of.sort();
            of.concat()
        };
        assert_eq!(made(&bench), "bd");
        // What it missed meanwhile is made up for, and the others get nothing twice.
        service.tend(after(910), after(940)).await.unwrap();
        assert_eq!(made(&bench), "abd");
    }
}

#[actix_rt::test]
async fn a_connector_that_somebody_edits_meanwhile_is_prepared_all_the_same() {
    let bench = Bench::new(false).await;
    bench.put_connector("c", &json!({ "features": null }));
    let service = bench.service("w", &["c"]).await;
    for name in ["one", "two"] {
        bench.fake.world().before("POST /.elastic-connectors/_update/c?", move |world| world.edit(false, "c", &json!({ "name": name })));
    }
    service.tend(after(0), after(10)).await.unwrap();
    let connector = bench.connector("c");
    assert_eq!((&connector["name"], &connector["features"]), (&json!("two"), &features()));
}
