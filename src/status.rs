//! How a run stands, in numbers, for the page and for the one-line summary.

use std::time::Duration;

use actors::events::{EdgeStats, RunStats};
use domain::{Counts, Ended, JobStatus};
use serde_json::{Value, json};

/// What the search page polls; the shape is described at [`crate::demo::Page::status`].
pub(crate) fn page_status(stats: Option<&RunStats>, ended: Option<&Ended>, elapsed: Duration) -> Value {
    let state = ended.map_or("syncing", |ended| ended.status.as_str());
    let error = ended.and_then(|ended| ended.fault.as_ref()).map(ToString::to_string);
    let Some(stats) = stats else {
        return json!({ "state": state, "elapsed_ms": millis(elapsed), "objects": [], "error": error });
    };
    json!({
        "state": state,
        "elapsed_ms": millis(elapsed),
        "objects": objects(stats),
        "files": files(stats),
        "lanes": lanes(stats),
        "counts": stats.counts(),
        "error": error,
    })
}

/// The summary of a job as one JSON object.
pub(crate) fn summary(job: &str, connector: &str, ended: &Ended, stats: Option<&RunStats>, took: Duration) -> Value {
    json!({
        "job": job,
        "connector": connector,
        "status": ended.status.as_str(),
        "error": ended.fault.as_ref().map(ToString::to_string),
        "seconds": (took.as_secs_f64() * 1000.0).round() / 1000.0,
        "counts": ended.counts,
        "objects": stats.map(objects),
    })
}

/// The summary of a job for people.
pub(crate) fn summary_text(ended: &Ended, stats: Option<&RunStats>, took: Duration) -> String {
    let Counts { read, written, written_bytes, deleted, set_aside, cut, files, kept, conflicts, duplicates, excluded } = &ended.counts;
    let mut text = format!(
        "{} in {:.1} s: {read} records read, {written} documents written ({:.1} MB), {files} files with content, {deleted} deleted",
        match ended.status {
            JobStatus::Completed => "completed",
            JobStatus::Suspended => "suspended (the next sync goes on from here)",
            _ => "failed",
        },
        took.as_secs_f64(),
        *written_bytes as f64 / 1e6,
    );
    if *kept > 0 {
        text.push_str(&format!(", {kept} files not downloaded again"));
    }
    if *set_aside > 0 {
        text.push_str(&format!(", {set_aside} set aside"));
    }
    if *excluded > 0 {
        text.push_str(&format!(", {excluded} excluded by sync rules"));
    }
    if *cut > 0 {
        text.push_str(&format!(", {cut} lists cut at the limit"));
    }
    if *conflicts > 0 {
        text.push_str(&format!(", {conflicts} conflicts"));
    }
    if *duplicates > 0 {
        text.push_str(&format!(", {duplicates} duplicates"));
    }
    for object in stats.into_iter().flat_map(|stats| &stats.objects) {
        text.push_str(&format!("\n  {:<20} {:>9} read {:>9} written", object.name, object.read(), object.written()));
    }
    text
}

/// How full the mailboxes are and how long senders waited for room.
pub(crate) fn lanes(stats: &RunStats) -> Vec<Value> {
    let lane = |edge: &EdgeStats| {
        let waited = millis(edge.waiting_time());
        json!({ "edge": edge.edge, "depth": edge.depth(), "capacity": edge.capacity, "waited_ms": waited })
    };
    stats.edges().iter().map(|edge| lane(edge)).collect()
}

/// How far each object is.
pub(crate) fn objects(stats: &RunStats) -> Vec<Value> {
    let object = |object: &actors::events::ObjectStats| json!({ "name": object.name, "read": object.read(), "written": object.written(), "total": object.total(), "done": object.done() });
    stats.objects.iter().map(object).collect()
}

/// How far files are.
pub(crate) fn files(stats: &RunStats) -> Value {
    let (found, done) = stats.files();
    json!({ "found": found, "done": done })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use domain::{EN_GAVE_UP, Fault};

    use super::*;

    fn ended() -> Ended {
        let counts = Counts { read: 3, written: 2, set_aside: 1, conflicts: 4, duplicates: 5, ..Counts::default() };
        Ended { status: JobStatus::Error, fault: Some(Fault::new(&EN_GAVE_UP, "no way")), counts }
    }

    #[test]
    fn the_page_gets_a_state_before_there_is_a_run_and_after_it_failed() {
        let before = page_status(None, None, Duration::from_millis(7));
        assert_eq!((&before["state"], &before["elapsed_ms"]), (&json!("syncing"), &json!(7)));
        let stats = RunStats::new(["Case".to_owned()]);
        let after = page_status(Some(&stats), Some(&ended()), Duration::ZERO);
        assert_eq!(
            (&after["state"], &after["objects"][0]["name"], &after["objects"][0]["total"]),
            (&json!("error"), &json!("Case"), &Value::Null)
        );
        assert!(after["error"].as_str().unwrap().contains("no way [EN0003]"));
    }

    #[test]
    fn both_summaries_say_how_the_job_ended() {
        let json = summary("j", "c", &ended(), None, Duration::from_secs(1));
        assert_eq!((&json["status"], &json["counts"]["conflicts"], &json["counts"]["duplicates"]), (&json!("error"), &json!(4), &json!(5)));
        let text = summary_text(&ended(), Some(&RunStats::new(["Case".to_owned()])), Duration::from_secs(1));
        assert!(
            text.starts_with("failed in 1.0 s: 3 records read, 2 documents written")
                && text.contains("1 set aside, 4 conflicts, 5 duplicates"),
            "{text}"
        );
        assert!(text.contains("\n  Case "), "{text}");
    }
}
