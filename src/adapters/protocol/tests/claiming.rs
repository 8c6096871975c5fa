//! Claims: in which order, and what is left behind when one does not come about.

use super::fake::Weather;
use super::*;

/// What the marks of a connector say.
fn marks(connector: &Value) -> [Value; 4] {
    ["status", "error", "last_sync_status", "last_sync_error"].map(|field| connector[field].clone())
}

#[actix_rt::test]
async fn a_job_that_may_not_run_keeps_no_other_from_being_claimed() {
    for api in BOTH {
        let bench = Bench::new(api).await;
        bench.put_connector("a", &json!({}));
        bench.put_connector("b", &json!({}));
        // More than a page of them, and searches do not know yet that the connector is busy.
        for no in 0..120 {
            bench.put_job(&format!("a{no:03}"), "a", &json!({ "created_at": after(no - 500).to_string() }));
        }
        bench.put_job("b", "b", &json!({ "created_at": after(-10).to_string() }));
        let service = bench.service("w", &["a", "b"]).await;
        bench.searches_lag();
        bench.fake.world().edit(false, "a", &json!({ "last_sync_status": "in_progress" }));
        assert_eq!(claimed(&service, after(0)).await.job.id.as_str(), "b");
        assert_eq!(service.claim(CONTENT, after(0)).await.unwrap(), None);
    }
}

#[actix_rt::test]
async fn jobs_of_other_kinds_and_other_connectors_are_left_alone() {
    let bench = Bench::new(false).await;
    bench.put_connector("c", &json!({}));
    bench.put_connector("foreign", &json!({}));
    bench.put_job("incremental", "c", &json!({ "job_type": "incremental" }));
    bench.put_job("foreign", "foreign", &json!({ "created_at": after(-500).to_string() }));
    let service = bench.service("w", &["c"]).await;
    assert_eq!(service.claim(&[JobType::Full], after(0)).await.unwrap(), None);
    let Assignment { job, .. } = claimed(&service, after(0)).await;
    assert_eq!((job.id.as_str(), job.kind), ("incremental", JobType::Incremental));
    assert_eq!(text(&bench.job("foreign")["status"]), "pending");
}

#[actix_rt::test]
async fn a_job_that_went_to_somebody_else_leaves_no_mark() {
    for (api, request) in [(true, "_claim"), (false, "POST /.elastic-connectors-sync-jobs/_update/j")] {
        let bench = Bench::new(api).await;
        bench.put_connector("c", &json!({ "status": "error", "error": "x", "last_sync_status": "error", "last_sync_error": "y" }));
        bench.put_job("j", "c", &json!({}));
        let service = bench.service("w", &["c"]).await;
        let before = marks(&bench.connector("c"));
        // Somebody cancels it, and writes something else to the connector too.
        bench.fake.world().before(request, |world| {
            world.edit(true, "j", &json!({ "status": "canceled" }));
            world.edit(false, "c", &json!({ "name": "new" }));
        });
        assert_eq!(service.claim(CONTENT, after(0)).await.unwrap(), None);
        let connector = bench.connector("c");
        assert_eq!((marks(&connector), text(&connector["name"])), (before, "new"));
        assert_eq!(text(&bench.job("j")["status"]), "canceled");
        bench.put_job("k", "c", &json!({}));
        assert_eq!(claimed(&service, after(0)).await.job.id.as_str(), "k");
    }
}

#[actix_rt::test]
async fn a_mark_that_may_be_off_already_is_not_taken_off_again() {
    for (api, request) in [(true, "_claim"), (false, "POST /.elastic-connectors-sync-jobs/_update/j")] {
        let bench = Bench::new(api).await;
        bench.put_connector("c", &json!({}));
        bench.put_job("j", "c", &json!({}));
        let service = bench.service("w", &["c"]).await;
        bench.fake.world().before(request, |world| {
            world.edit(true, "j", &json!({ "status": "canceled" }));
            world.weather("_update/c?", Weather::Lost);
        });
        service.claim(CONTENT, after(0)).await.unwrap_err();
        let updates = bench.fake.world().bodies("POST /.elastic-connectors/_update/c?");
        assert_eq!(updates.len(), 2, "one to mark it, one to take that back: another try could hit the mark of the next job");
        assert_eq!(bench.connector("c")["last_sync_status"], json!(null));
    }
}

#[actix_rt::test]
async fn a_claim_whose_answer_is_lost_is_a_claim() {
    for (api, request) in [(true, "_claim"), (false, "POST /.elastic-connectors-sync-jobs/_update/j")] {
        let bench = Bench::new(api).await;
        bench.put_connector("c", &json!({}));
        bench.put_job("j", "c", &json!({}));
        let service = bench.service("w", &["c"]).await;
        bench.fake.world().weather(request, Weather::Lost);
        let Assignment { job, .. } = claimed(&service, after(0)).await;
        assert_eq!(service.progress(&job, &Counts::default(), after(10)).await.unwrap(), Wish::GoOn);
    }
}

#[actix_rt::test]
async fn a_job_is_claimed_although_somebody_writes_to_it_or_its_connector_meanwhile() {
    for api in BOTH {
        let bench = Bench::new(api).await;
        bench.put_connector("c", &json!({}));
        bench.put_job("j", "c", &json!({}));
        let service = bench.service("w", &["c"]).await;
        bench.fake.world().before("_update/c?", |world| world.edit(false, "c", &json!({ "name": "new" })));
        bench.fake.world().before("_update/j?", |world| world.edit(true, "j", &json!({ "note": "new" })));
        assert_eq!(claimed(&service, after(0)).await.job.id.as_str(), "j");
    }
}

#[actix_rt::test]
async fn a_job_that_can_never_run_is_ended_with_its_reason_and_the_next_one_claimed() {
    for api in BOTH {
        for (patch, words) in [
            (json!({ "index_name": null }), "no index was attached"),
            (json!({ "service_type": "jira" }), "of the type `jira`"),
            (json!({ "configuration": null }), "no configuration"),
        ] {
            let bench = Bench::new(api).await;
            bench.put_connector("c", &json!({}));
            let mut unusable = snapshot("c");
            unusable.as_object_mut().unwrap().extend(patch.as_object().unwrap().clone());
            bench.put_job("bad", "c", &json!({ "connector": unusable, "created_at": after(-500).to_string() }));
            bench.put_job("good", "c", &json!({}));
            let service = bench.service("w", &["c"]).await;
            assert_eq!(claimed(&service, after(0)).await.job.id.as_str(), "good");
            let job = bench.job("bad");
            assert!(text(&job["error"]).contains(words) && job["status"] == "error", "{job}");
        }
    }
}

#[actix_rt::test]
async fn an_access_control_job_is_claimed_while_content_is_in_work() {
    for api in BOTH {
        let bench = Bench::new(api).await;
        bench.put_connector("c", &json!({ "last_sync_status": "in_progress" }));
        bench.put_job("j", "c", &json!({ "job_type": "access_control" }));
        let service = bench.service("w", &["c"]).await;
        let Assignment { job, definition } = service.claim(&[JobType::AccessControl], after(0)).await.unwrap().unwrap();
        assert_eq!((job.id.as_str(), job.kind), ("j", JobType::AccessControl));
        // Whichever of the two indices the job names.
        let content = definition.unwrap().index;
        assert!(!content.as_str().starts_with('.') && job.index.as_str() == format!(".search-acl-filter-{content}"), "{job:?}");
        let connector = bench.connector("c");
        assert_eq!(
            (text(&connector["last_access_control_sync_status"]), text(&connector["last_sync_status"])),
            ("in_progress", "in_progress")
        );
    }
}
