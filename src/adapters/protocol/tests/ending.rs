//! How jobs end: as they should, canceled, suspended, taken over, or without their worker.

use domain::ES_TAKEN_OVER;

use super::fake::Weather;
use super::*;

/// A cluster with one connector and one job of it in work.
async fn in_work(api: bool) -> (Bench, Cluster, domain::Job) {
    let bench = Bench::new(api).await;
    bench.put_connector("c", &json!({}));
    bench.put_job("j", "c", &json!({}));
    let service = bench.service("w", &["c"]).await;
    let Assignment { job, .. } = claimed(&service, after(0)).await;
    (bench, service, job)
}

#[actix_rt::test]
async fn a_job_that_is_canceled_hears_of_it_and_ends_so() {
    for api in BOTH {
        for how in [JobStatus::Canceled, JobStatus::Suspended] {
            let (bench, service, job) = in_work(api).await;
            bench.fake.world().edit(true, "j", &json!({ "status": "canceling" }));
            assert_eq!(service.progress(&job, &Counts::default(), after(10)).await.unwrap(), Wish::Cancel);
            service.finish(&job, &ended(how), bench.later(20)).await.unwrap();
            let (job, connector) = (bench.job("j"), bench.connector("c"));
            assert_eq!((text(&job["status"]), job["canceled_at"].is_string()), ("canceled", true));
            assert_eq!((text(&connector["last_sync_status"]), text(&connector["status"])), ("canceled", "connected"));
            assert_eq!(service.claim(CONTENT, after(30)).await.unwrap(), None);
        }
    }
}

#[actix_rt::test]
async fn a_suspended_job_is_claimed_again_by_whoever_is_first() {
    for api in BOTH {
        let (bench, service, job) = in_work(api).await;
        service.finish(&job, &ended(JobStatus::Suspended), bench.later(20)).await.unwrap();
        service.leave(&job);
        let connector = bench.connector("c");
        assert_eq!((text(&connector["last_sync_status"]), &connector["last_indexed_document_count"]), ("suspended", &json!(null)));
        assert_eq!(bench.job("j")["completed_at"], json!(null));
        let other = bench.service("other", &["c"]).await;
        let again = claimed(&other, bench.later(30)).await.job;
        assert_eq!(again.id, job.id);
        // Whoever had it before has it no more.
        assert_eq!(service.progress(&job, &Counts::default(), after(40)).await.unwrap_err().code, &ES_TAKEN_OVER);
        other.finish(&again, &ended(JobStatus::Completed), bench.later(50)).await.unwrap();
        assert_eq!(text(&bench.job("j")["status"]), "completed");
    }
}

#[actix_rt::test]
async fn a_job_whose_worker_is_gone_is_ended_and_its_connector_free() {
    for api in BOTH {
        let (bench, service, job) = in_work(api).await;
        let other = bench.service("other", &["c"]).await;
        other.tidy(bench.later(299)).await.unwrap();
        assert_eq!(text(&bench.job("j")["status"]), "in_progress");
        let now = bench.later(301);
        let (first, second) = futures::join!(other.tidy(now), service.tidy(now));
        first.and(second).unwrap();
        let (ghost, connector) = (bench.job("j"), bench.connector("c"));
        let error = text(&ghost["error"]);
        assert!(error.contains("the worker `w`") && error.contains("goes on from the checkpoint") && ghost["status"] == "error", "{error}");
        assert_eq!((text(&connector["last_sync_status"]), text(&connector["error"])), ("error", error));

        bench.put_job("next", "c", &json!({}));
        let next = claimed(&other, bench.later(310)).await.job;
        // The worker was not gone after all. It hears so, and writes nothing.
        let before = bench.fake.world().requests.len();
        assert_eq!(service.progress(&job, &Counts::default(), after(311)).await.unwrap_err().code, &ES_TAKEN_OVER);
        service.finish(&job, &ended(JobStatus::Completed), after(312)).await.unwrap();
        service.finish(&job, &ended(JobStatus::Error), after(312)).await.unwrap();
        let world = bench.fake.world();
        assert!(world.requests[before..].iter().all(|(target, _)| !target.contains("_update") && !target.contains("_stats")));
        assert_eq!(
            (text(&world.job(next.id.as_str())["status"]), text(&world.connector("c")["last_sync_status"])),
            ("in_progress", "in_progress")
        );
    }
}

#[actix_rt::test]
async fn a_job_that_was_to_be_canceled_when_its_worker_vanished_is_canceled() {
    let (bench, service, _) = in_work(false).await;
    bench.fake.world().edit(true, "j", &json!({ "status": "canceling" }));
    service.tidy(bench.later(400)).await.unwrap();
    assert_eq!((text(&bench.job("j")["status"]), &bench.job("j")["error"]), ("canceled", &json!(null)));
    assert_eq!(text(&bench.connector("c")["last_sync_status"]), "canceled");
}

#[actix_rt::test]
async fn a_worker_that_reports_is_not_taken_for_gone() {
    for api in BOTH {
        let (bench, service, job) = in_work(api).await;
        let now = bench.later(290);
        service.progress(&job, &Counts::default(), now).await.unwrap();
        let other = bench.service("other", &["c"]).await;
        // It reports between the search and the write, too.
        bench.fake.world().before("_update/j?", |world| world.edit(true, "j", &json!({ "last_seen": after(590).to_string() })));
        other.tidy(bench.later(595)).await.unwrap();
        assert_eq!(text(&bench.job("j")["status"]), "in_progress");
    }
}

#[actix_rt::test]
async fn a_connector_whose_worker_died_before_its_job_began_is_free_after_the_silence() {
    for api in BOTH {
        let bench = Bench::new(api).await;
        bench.put_connector("c", &json!({ "status": "connected", "last_sync_status": "in_progress" }));
        bench.put_job("j", "c", &json!({}));
        let service = bench.service("w", &["c"]).await;
        for seconds in [0, 150, 299] {
            service.tidy(bench.later(seconds)).await.unwrap();
            assert_eq!(service.claim(CONTENT, after(seconds)).await.unwrap(), None);
        }
        service.tidy(bench.later(300)).await.unwrap();
        let connector = bench.connector("c");
        assert!(text(&connector["last_sync_error"]).contains("gone before its job began"), "{connector}");
        assert_eq!(claimed(&service, bench.later(310)).await.job.id.as_str(), "j");
    }
}

#[actix_rt::test]
async fn a_mark_that_belongs_to_another_job_than_before_or_to_one_in_work_is_left_alone() {
    for api in BOTH {
        let bench = Bench::new(api).await;
        bench.put_connector("c", &json!({}));
        bench.put_job("j", "c", &json!({}));
        let service = bench.service("w", &["c"]).await;
        bench.searches_lag();
        let Assignment { job, .. } = claimed(&service, after(0)).await;
        let marked = bench.fake.world().connectors.clone();
        // Searches know of the mark, and not yet that the job is in work.
        bench.fake.world().seen_by_searches.as_mut().unwrap().0 = marked;
        for seconds in [10, 400] {
            service.progress(&job, &Counts::default(), bench.later(seconds)).await.unwrap();
            service.tidy(after(seconds)).await.unwrap();
        }
        assert_eq!(text(&bench.connector("c")["last_sync_status"]), "in_progress");
        bench.fake.world().seen_by_searches = None;
        // Between two looks that found nothing in work, a job ended: it is another mark.
        bench.fake.world().jobs.clear();
        service.tidy(bench.later(500)).await.unwrap();
        bench.fake.world().edit(false, "c", &json!({ "last_synced": after(600).to_string() }));
        service.tidy(bench.later(900)).await.unwrap();
        assert_eq!(text(&bench.connector("c")["last_sync_status"]), "in_progress");
    }
}

#[actix_rt::test]
async fn an_end_that_reached_the_job_only_reaches_its_connector_later() {
    for api in BOTH {
        let (bench, service, job) = in_work(api).await;
        bench.fake.world().weather("POST /.elastic-connectors/_update/c", Weather::Refused(400));
        service.finish(&job, &ended(JobStatus::Completed), bench.later(20)).await.unwrap_err();
        assert_eq!((text(&bench.job("j")["status"]), text(&bench.connector("c")["last_sync_status"])), ("completed", "in_progress"));
        if api {
            for _ in 0..2 {
                service.finish(&job, &ended(JobStatus::Completed), bench.later(30)).await.unwrap();
            }
        } else {
            // The process is gone; whoever tidies sees how the job ended.
            let other = bench.service("other", &["c"]).await;
            for seconds in [30, 330] {
                other.tidy(bench.later(seconds)).await.unwrap();
            }
        }
        let connector = bench.connector("c");
        assert_eq!((text(&connector["last_sync_status"]), &connector["last_indexed_document_count"]), ("completed", &json!(7)));
        assert_eq!((text(&connector["status"]), &connector["error"]), ("connected", &json!(null)));
    }
}

#[actix_rt::test]
async fn an_end_whose_answer_is_lost_does_not_free_the_connector_of_the_next_job() {
    for api in BOTH {
        let (bench, service, job) = in_work(api).await;
        bench.put_job("next", "c", &json!({}));
        bench.fake.world().weather("_update/c?", Weather::Lost);
        bench.fake.world().before("_update/c?", |world| {
            // Before the second try: another service has claimed the next job.
            world.before("_update/c?", |world| {
                world.edit(false, "c", &json!({ "last_sync_status": "in_progress" }));
                world.edit(true, "next", &json!({ "status": "in_progress", "worker_hostname": "other" }));
            });
        });
        service.finish(&job, &ended(JobStatus::Completed), bench.later(20)).await.unwrap();
        let connector = bench.connector("c");
        assert_eq!((text(&connector["last_sync_status"]), &connector["last_indexed_document_count"]), ("in_progress", &json!(7)));
    }
}

#[actix_rt::test]
async fn orphans_are_ended_when_they_are_silent() {
    for api in BOTH {
        let bench = Bench::new(api).await;
        let in_progress = |seen: i64, kind: &str| {
            let mut connector = snapshot("gone");
            connector["service_type"] = json!(kind);
            json!({ "status": "in_progress", "last_seen": after(seen).to_string(), "connector": connector })
        };
        bench.put_job("silent", "gone", &in_progress(0, "salesforce"));
        bench.put_job("alive", "gone", &in_progress(390, "salesforce"));
        bench.put_job("foreign", "gone", &in_progress(0, "jira"));
        bench.put_connector("there", &json!({}));
        bench.put_job("served elsewhere", "there", &json!({ "status": "in_progress", "last_seen": after(0).to_string() }));
        let service = bench.service("w", &["c"]).await;
        service.tidy(bench.later(400)).await.unwrap();
        let status = |id: &str| text(&bench.job(id)["status"]).to_owned();
        assert_eq!(["silent", "alive", "foreign", "served elsewhere"].map(status), ["error", "in_progress", "in_progress", "in_progress"]);
        assert!(text(&bench.job("silent")["error"]).contains("the connector `gone` was deleted"));
    }
}

#[actix_rt::test]
async fn a_job_that_is_gone_or_whose_connector_is_gone_is_not_ours_any_more() {
    for api in BOTH {
        let (bench, service, job) = in_work(api).await;
        bench.fake.world().edit(false, "c", &json!({ "deleted": true }));
        let fault = service.progress(&job, &Counts::default(), after(10)).await.unwrap_err();
        assert!(fault.code == &ES_TAKEN_OVER && fault.message.contains("the connector `c` was deleted"), "{fault}");
        bench.fake.world().edit(false, "c", &json!({ "deleted": false }));
        bench.fake.world().jobs.clear();
        let fault = service.progress(&job, &Counts::default(), after(10)).await.unwrap_err();
        assert!(fault.code == &ES_TAKEN_OVER && fault.message.contains("the job `j` was deleted"), "{fault}");
        service.finish(&job, &ended(JobStatus::Completed), after(20)).await.unwrap();
        let connector = bench.connector("c");
        assert!(text(&connector["last_sync_error"]).contains("deleted while it was in work"), "{connector}");
        assert_eq!(text(&connector["last_sync_status"]), "error");
    }
}

#[actix_rt::test]
async fn an_end_is_written_over_whatever_somebody_else_writes_meanwhile() {
    for api in BOTH {
        let (bench, service, job) = in_work(api).await;
        bench.fake.world().before("_update/j?", |world| world.edit(true, "j", &json!({ "status": "canceling" })));
        bench.fake.world().before("_update/c?", |world| world.edit(false, "c", &json!({ "name": "new" })));
        service.finish(&job, &ended(JobStatus::Error), bench.later(20)).await.unwrap();
        assert_eq!((text(&bench.job("j")["status"]), text(&bench.connector("c")["name"])), ("error", "new"));
        assert_eq!(text(&bench.connector("c")["last_sync_status"]), "error");
    }
}
