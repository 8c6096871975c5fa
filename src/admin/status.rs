//! What the service is doing, as JSON for people and scripts.

use actors::roster::{Done, InWork, RosterSnapshot};
use actors::stage::Slots;
use domain::{Job, Timestamp};
use serde_json::{Value, json};

use crate::status::{files, lanes, objects};

/// The page: jobs that are `running`, the oldest first, those that `ended`, the newest first, and how the last look at the desks went.
pub(super) fn page(roster: &RosterSnapshot, now: Timestamp) -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "started": roster.started.to_string(),
        "stopping": roster.stopping,
        "last_look": {
            "at": roster.looked.map(|at| at.to_string()),
            "seconds_ago": roster.looked.map(|at| now.duration_since(at).as_secs_f64()),
            "error": roster.fault,
        },
        "counts": roster.work,
        "running": roster.running.iter().map(|job| running(job, now)).collect::<Vec<_>>(),
        "ended": roster.ended.iter().map(ended).collect::<Vec<_>>(),
    })
}

fn running(InWork { job, began, monitor }: &InWork, now: Timestamp) -> Value {
    let seconds = now.duration_since(*began).as_secs_f64();
    let mut page = about(job);
    page["began"] = json!(began.to_string());
    page["seconds"] = json!(seconds);
    // Before the org has said what it has, there is nothing to count.
    let Some(stats) = monitor.stats() else { return page };
    let counts = stats.counts();
    // Over the whole of the job so far; how it is now is what a monitoring system makes of the counters.
    page["documents_per_second"] = json!(if seconds > 0.0 { (per_second(counts.written, seconds) * 10.0).round() / 10.0 } else { 0.0 });
    page["counts"] = json!(counts);
    page["objects"] = json!(objects(&stats));
    page["files"] = files(&stats);
    page["lanes"] = json!(lanes(&stats));
    let slots = |(actor, slots): (&str, Slots)| json!({ "actor": actor, "busy": slots.busy(), "concurrency": slots.capacity() });
    page["actors"] = stats.stages().into_iter().map(slots).collect();
    page
}

/// What a job is.
fn about(job: &Job) -> Value {
    json!({ "job": job.id.as_str(), "connector": job.connector.as_str(), "index": job.index.as_str(), "kind": job.kind.as_str() })
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn per_second(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds
}

fn ended(Done { job, status, error, counts, began, ended }: &Done) -> Value {
    let mut page = about(job);
    page["status"] = json!(status.as_str());
    page["error"] = json!(error);
    page["began"] = json!(began.map(|at| at.to_string()));
    page["ended"] = json!(ended.to_string());
    page["counts"] = json!(counts);
    page
}
