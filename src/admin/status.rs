//! What the service is doing, as JSON for people and scripts.

use actors::roster::{Done, InWork, RosterSnapshot};
use domain::Timestamp;
use serde_json::{Value, json};

use crate::status::{lanes, objects};

/// The page: `running` and `ended` jobs, newest first, and how the last look at the desks went.
pub(super) fn page(roster: &RosterSnapshot, now: Timestamp) -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "started": roster.started.to_string(),
        "stopping": roster.stopping,
        "last_look": { "at": roster.looked.map(|at| at.to_string()), "error": roster.fault },
        "counts": roster.work(),
        "running": roster.running.values().map(|job| running(job, now)).collect::<Vec<_>>(),
        "ended": roster.ended.iter().map(ended).collect::<Vec<_>>(),
    })
}

fn running(InWork { job, began, monitor }: &InWork, now: Timestamp) -> Value {
    let seconds = now.duration_since(*began).as_secs_f64();
    let head = json!({
        "job": job.id.as_str(), "connector": job.connector.as_str(), "index": job.index.as_str(), "kind": job.kind.as_str(),
        "began": began.to_string(), "seconds": seconds,
    });
    let Some(stats) = monitor.stats() else { return head };
    let mut all = head;
    let counts = stats.counts();
    // Over the whole of the job so far; how it is now is what a monitoring system makes of the counters.
    all["documents_per_second"] = json!(if seconds > 0.0 { (per_second(counts.written, seconds) * 10.0).round() / 10.0 } else { 0.0 });
    all["counts"] = json!(counts);
    all["objects"] = json!(objects(&stats));
    all["lanes"] = json!(lanes(&stats));
    let slots: Vec<_> = stats
        .stages()
        .into_iter()
        .map(|(actor, slots)| json!({ "actor": actor, "busy": slots.busy(), "concurrency": slots.capacity() }))
        .collect();
    all["actors"] = json!(slots);
    all
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn per_second(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds
}

fn ended(Done { job, status, error, counts, began, ended }: &Done) -> Value {
    json!({
        "job": job.id.as_str(), "connector": job.connector.as_str(), "index": job.index.as_str(), "kind": job.kind.as_str(),
        "status": status.as_str(), "error": error, "began": began.map(|at| at.to_string()), "ended": ended.to_string(), "counts": counts,
    })
}
