//! Whole lives: from an empty connector to a completed job, and what two services make of one cluster.

use std::collections::BTreeSet;

use super::*;

#[actix_rt::test]
async fn a_connector_goes_from_empty_to_completed() {
    for api in BOTH {
        let bench = Bench::new(api).await;
        bench.fake.world().put(
            false,
            "c 1",
            &json!({ "index_name": "search-sf", "name": "mine", "configuration": null, "status": "created" }),
        );
        bench.fake.world().documents = 41;
        let service = bench.service("host-1", &["c 1"]).await;
        assert_eq!(service.uses_api(), api);

        service.tend(after(0), after(10)).await.unwrap();
        let connector = bench.connector("c 1");
        assert_eq!((text(&connector["status"]), text(&connector["service_type"])), ("needs_configuration", "salesforce"));
        assert_eq!((&connector["configuration"], &connector["features"]), (&json!(simple()), &features()));
        assert!(connector["last_seen"].is_string() && bench.org.looked_at.borrow().is_empty());

        // Its owner does what is needed.
        let scheduling = json!({ "full": { "enabled": true, "interval": "0 0/15 * * * ?" } });
        bench.fake.world().edit(
            false,
            "c 1",
            &json!({ "configuration": configuration(), "status": "configured", "scheduling": scheduling }),
        );
        service.tend(after(10), after(40)).await.unwrap();
        assert_eq!((text(&bench.connector("c 1")["status"]), bench.fake.world().jobs.len()), ("connected", 0));
        assert_eq!(bench.org.looked_at.borrow()[0].configuration["domain"], json!("acme"));

        let now = bench.later(910);
        for _ in 0..2 {
            service.tend(after(40), now).await.unwrap();
        }
        assert_eq!(text(&bench.connector("c 1")["last_sync_scheduled_at"]), "2026-01-01T10:15:00+00:00");
        assert_eq!(bench.fake.world().jobs.len(), 1);

        let now = bench.later(920);
        let Assignment { job, definition } = claimed(&service, now).await;
        let definition = definition.unwrap();
        assert_eq!((job.connector.as_str(), job.index.as_str(), job.kind), ("c 1", "search-sf", JobType::Full));
        assert_eq!((definition.configuration["client_secret"].as_str(), definition.index.as_str()), (Some("acme"), "search-sf"));
        assert_eq!(definition.pipeline["name"], json!("search-default-ingestion"));
        assert_eq!(text(&bench.connector("c 1")["last_sync_status"]), "in_progress");
        let document = bench.job(job.id.as_str());
        assert_eq!((text(&document["status"]), text(&document["worker_hostname"])), ("in_progress", "host-1"));
        assert_eq!(service.claim(CONTENT, now).await.unwrap(), None, "a connector has one job in work at a time");

        let now = bench.later(930);
        let counts = ended(JobStatus::Completed).counts;
        assert_eq!(service.progress(&job, &counts, now).await.unwrap(), Wish::GoOn);
        let document = bench.job(job.id.as_str());
        assert_eq!((&document["indexed_document_count"], &document["metadata"]["read"]), (&json!(7), &json!(9)));

        let now = bench.later(940);
        service.finish(&job, &ended(JobStatus::Completed), now).await.unwrap();
        service.leave(&job);
        let document = bench.job(job.id.as_str());
        assert_eq!((text(&document["status"]), &document["total_document_count"]), ("completed", &json!(41)));
        assert_eq!((&document["indexed_document_volume"], text(&document["completed_at"])), (&json!(5), "2026-01-01T10:15:40+00:00"));
        let connector = bench.connector("c 1");
        assert_eq!((text(&connector["last_sync_status"]), text(&connector["status"])), ("completed", "connected"));
        assert_eq!((&connector["last_indexed_document_count"], text(&connector["last_synced"])), (&json!(7), "2026-01-01T10:15:40+00:00"));
        assert_eq!(service.claim(CONTENT, now).await.unwrap(), None);
    }
}

/// The same life, request by request, as the reference was recorded; its `_claim`, `_stats` and end carry no version there.
#[actix_rt::test]
async fn requests_of_a_job_are_those_of_the_reference() {
    for api in BOTH {
        let bench = Bench::new(api).await;
        bench.put_connector("c", &json!({}));
        let service = bench.service("host-1", &["c"]).await;
        bench.fake.world().requests.clear();
        let now = bench.later(910);
        service.tend(after(0), now).await.unwrap();
        let Assignment { job, .. } = claimed(&service, now).await;
        service.progress(&job, &Counts::default(), now).await.unwrap();
        service.finish(&job, &ended(JobStatus::Error), now).await.unwrap();

        let world = bench.fake.world();
        let poll = world.bodies("POST /.elastic-connectors/_search").remove(0);
        let alive = json!({ "bool": { "must_not": [{ "term": { "deleted": true } }], "filter": [{ "terms": { "_id": ["c"] } }] } });
        assert_eq!(poll, json!({ "from": 0, "size": 100, "seq_no_primary_term": true, "query": alive }));
        let jobs = world.bodies("POST /.elastic-connectors-sync-jobs/_search").pop().unwrap();
        let must = json!([
            { "terms": { "status": ["pending", "suspended"] } }, { "terms": { "connector.id": ["c"] } },
            { "terms": { "job_type": ["full", "incremental"] } },
        ]);
        let query = json!({ "bool": { "must": must } });
        let sort = json!([{ "created_at": "asc" }]);
        assert_eq!(jobs, json!({ "from": 0, "size": 100, "seq_no_primary_term": true, "sort": sort, "query": query }));

        let time = "2026-01-01T10:15:10+00:00";
        let error = ended(JobStatus::Error).fault.unwrap().to_string();
        let mut updates = world.bodies("POST /.elastic-connectors/_update/c");
        if !api {
            assert_eq!(updates.remove(0), json!({ "doc": { "last_seen": time } }));
        }
        assert_eq!(
            updates,
            [
                json!({ "doc": { "status": "connected", "error": null } }),
                json!({ "doc": { "last_sync_scheduled_at": "2026-01-01T10:15:00+00:00" } }),
                json!({ "doc": { "status": "connected", "error": null, "last_sync_status": "in_progress", "last_sync_error": null } }),
                json!({ "doc": {
                    "last_synced": time, "status": "error", "error": error, "last_sync_status": "error", "last_sync_error": error,
                    "last_indexed_document_count": 7, "last_deleted_document_count": 2,
                } }),
            ]
        );
        let mut of_job = world.bodies("POST /.elastic-connectors-sync-jobs/_update/");
        let end = of_job.pop().unwrap();
        let counts = ["indexed_document_count", "indexed_document_volume", "deleted_document_count", "total_document_count"];
        assert_eq!(counts.map(|count| end["doc"][count].as_u64()), [Some(7), Some(5), Some(2), Some(0)]);
        assert_eq!(
            (&end["doc"]["status"], &end["doc"]["error"], &end["doc"]["completed_at"]),
            (&json!("error"), &json!(error), &json!(time))
        );
        if api {
            assert_eq!(of_job.len(), 0);
            assert_eq!(world.bodies("PUT /_connector/c/_check_in"), [Value::Null]);
            let create = json!({ "id": "c", "job_type": "full", "trigger_method": "scheduled" });
            assert_eq!(world.bodies("POST /_connector/_sync_job"), [create]);
            let path = format!("PUT /_connector/_sync_job/{}", job.id);
            assert_eq!(world.bodies(&format!("{path}/_claim")), [json!({ "worker_hostname": "host-1" })]);
            let stats = world.bodies(&format!("{path}/_stats")).remove(0);
            assert_eq!((&stats["indexed_document_count"], stats.as_object().unwrap().len()), (&json!(0), 4));
        } else {
            let claim = json!({
                "status": "in_progress", "started_at": time, "last_seen": time, "worker_hostname": "host-1", "connector.sync_cursor": null,
            });
            assert_eq!(of_job[0], json!({ "doc": claim }));
            assert_eq!((&of_job[1]["doc"]["last_seen"], of_job[1]["doc"].as_object().unwrap().len()), (&json!(time), 5));
            let create = world.bodies("POST /.elastic-connectors-sync-jobs/_doc").remove(0);
            assert_eq!(
                (&create["connector"]["id"], &create["created_at"], &create["status"]),
                (&json!("c"), &json!(time), &json!("pending"))
            );
        }
    }
}

#[actix_rt::test]
async fn two_services_make_each_job_once_and_claim_it_once() {
    for api in BOTH {
        let bench = Bench::new(api).await;
        let ids: Vec<_> = (0..50).map(|no| format!("c{no:02}")).collect();
        ids.iter().for_each(|id| bench.put_connector(id, &json!({})));
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        // The same host, so that nothing but the claims can tell them apart.
        let (one, other) = (bench.service("host", &ids).await, bench.service("host", &ids).await);
        let now = bench.later(910);
        let (first, second) = futures::join!(one.tend(after(0), now), other.tend(after(5), now));
        first.and(second).unwrap();
        assert_eq!(bench.fake.world().jobs.len(), 50);

        // Claims do not look at it, and it takes the tests longer than everything else.
        bench.fake.world().connectors.values_mut().for_each(|connector| connector.source["configuration"] = json!({}));
        let claimed = claim_all(&one, &other, now).await;
        assert_eq!((claimed.len(), claimed.iter().collect::<BTreeSet<_>>().len()), (50, 50));
        let world = bench.fake.world();
        assert!(world.jobs.values().all(|job| job.source["status"] == "in_progress"));
        assert!(world.connectors.values().all(|connector| connector.source["last_sync_status"] == "in_progress"));
    }
}

#[actix_rt::test]
async fn of_one_connector_two_services_have_one_job_in_work_at_a_time() {
    for api in BOTH {
        let bench = Bench::new(api).await;
        bench.put_connector("c", &json!({}));
        for no in 0..50 {
            let connector = json!({ "id": "c", "index_name": "i", "configuration": {} });
            bench.put_job(&format!("j{no:02}"), "c", &json!({ "connector": connector, "created_at": after(no - 100).to_string() }));
        }
        let (one, other) = (bench.service("host", &["c"]).await, bench.service("host", &["c"]).await);
        let mut done = Vec::new();
        loop {
            let now = after(i64::try_from(done.len()).unwrap());
            let (first, second) = futures::join!(one.claim(CONTENT, now), other.claim(CONTENT, now));
            let (service, assignment) = match (first.unwrap(), second.unwrap()) {
                (Some(job), None) => (&one, job),
                (None, Some(job)) => (&other, job),
                (None, None) => break,
                (Some(_), Some(_)) => panic!("two jobs of one connector are in work"),
            };
            service.finish(&assignment.job, &ended(JobStatus::Completed), now).await.unwrap();
            service.leave(&assignment.job);
            done.push(assignment.job.id.to_string());
        }
        assert_eq!(done, (0..50).map(|no| format!("j{no:02}")).collect::<Vec<_>>(), "each once, the oldest first");
    }
}
