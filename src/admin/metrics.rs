//! The page for Prometheus, text format 0.0.4, written from one look at the roster.
//!
//! The values are read where they are kept, not pushed through a registry that would have to be told of every job's beginning and end, so
//! what a metrics library is for is not needed here; what remains of it is a line per value.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::path::Path;

use actors::roster::RosterSnapshot;
use domain::Counts;

/// The media type of the page.
pub(super) const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Clock ticks per second in /proc; Linux has had no other value for user space on the platforms that this program is built for.
const TICKS: f64 = 100.0;
/// Bytes per page in /proc/self/statm, on the same platforms.
const PAGE: u64 = 4096;

/// The page.
pub(super) fn page(roster: &RosterSnapshot) -> String {
    let mut page = Page(String::with_capacity(8 << 10));
    page.family("sluice_build_info", "gauge", "The version that runs.");
    page.value("sluice_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    page.family("process_start_time_seconds", "gauge", "When the service started, in seconds of Unix time.");
    page.value("process_start_time_seconds", &[], roster.started.as_second());
    jobs(&mut page, roster);
    work(&mut page, &roster.work());
    actors(&mut page, roster);
    process(&mut page);
    page.0
}

fn jobs(page: &mut Page, roster: &RosterSnapshot) {
    page.family("sluice_last_look_timestamp_seconds", "gauge", "When the service last looked at schedules and waiting jobs.");
    if let Some(looked) = roster.looked {
        page.value("sluice_last_look_timestamp_seconds", &[], looked.as_second());
    }
    page.family("sluice_last_look_failed", "gauge", "Whether that look failed.");
    page.value("sluice_last_look_failed", &[], u8::from(roster.fault.is_some()));
    page.family("sluice_jobs_running", "gauge", "Jobs in work.");
    for ((connector, kind), count) in roster.running_by_connector() {
        page.value("sluice_jobs_running", &[("connector", connector.as_str()), ("kind", kind.as_str())], count);
    }
    page.family("sluice_jobs_ended_total", "counter", "Jobs that ended, by how.");
    for ((kind, status), count) in &roster.totals {
        page.value("sluice_jobs_ended_total", &[("kind", kind), ("status", status)], count);
    }
    page.family("sluice_last_completed_timestamp_seconds", "gauge", "When a connector's job of a kind last completed here.");
    for ((connector, kind), at) in &roster.completed {
        page.value("sluice_last_completed_timestamp_seconds", &[("connector", connector.as_str()), ("kind", kind)], at.as_second());
    }
}

fn work(page: &mut Page, counts: &Counts) {
    // No `..`: a counter that is not shown does not compile.
    let Counts { read, written, written_bytes, deleted, set_aside, cut, files, conflicts, duplicates } = counts;
    for (name, help, value) in [
        ("sluice_records_read_total", "Records read from Salesforce.", read),
        ("sluice_documents_written_total", "Documents written to the index, files included.", written),
        ("sluice_documents_written_bytes_total", "Bytes of those documents.", written_bytes),
        ("sluice_documents_deleted_total", "Documents deleted because their record is gone.", deleted),
        ("sluice_documents_set_aside_total", "Records and documents set aside with a reason.", set_aside),
        ("sluice_nested_lists_cut_total", "Lists of nested entities that were cut at the limit.", cut),
        ("sluice_files_total", "Files indexed with their content.", files),
        ("sluice_version_conflicts_total", "Documents that somebody else changed while they were written.", conflicts),
        ("sluice_duplicate_ids_total", "Ids that stood more than once in one batch.", duplicates),
    ] {
        page.family(name, "counter", help);
        page.value(name, &[], value);
    }
}

/// Lanes and slots of the jobs in work. The values of one family have to stand together, so they are gathered first.
fn actors(page: &mut Page, roster: &RosterSnapshot) {
    let families = [
        ("sluice_mailbox_depth", "gauge", "Items that wait in a mailbox."),
        ("sluice_mailbox_capacity", "gauge", "Items that may wait in it."),
        ("sluice_mailbox_waited_seconds_total", "counter", "Time that senders waited for room in it, in this generation of the job."),
        ("sluice_slots_busy", "gauge", "Items that an actor has in work."),
        ("sluice_slots", "gauge", "Items that it may have in work."),
        ("sluice_run_budget_peak_bytes", "gauge", "Most bytes of records and documents that a finished generation held at a time."),
    ];
    let mut values: BTreeMap<&str, Vec<(Vec<(&str, &str)>, f64)>> = BTreeMap::new();
    let monitors: Vec<_> =
        roster.running.values().filter_map(|running| Some((running.job.connector.as_str(), running.monitor.stats()?))).collect();
    let lanes: Vec<_> =
        monitors.iter().flat_map(|(connector, stats)| stats.edges().into_iter().map(move |edge| (*connector, edge))).collect();
    for (connector, edge) in &lanes {
        let labels = vec![("connector", *connector), ("lane", edge.edge)];
        for (family, value) in [
            ("sluice_mailbox_depth", float(edge.depth())),
            ("sluice_mailbox_capacity", float(edge.capacity)),
            ("sluice_mailbox_waited_seconds_total", edge.waiting_time().as_secs_f64()),
        ] {
            values.entry(family).or_default().push((labels.clone(), value));
        }
    }
    for (connector, stats) in &monitors {
        for (actor, slots) in stats.stages() {
            let labels = vec![("connector", *connector), ("actor", actor)];
            values.entry("sluice_slots_busy").or_default().push((labels.clone(), float(slots.busy())));
            values.entry("sluice_slots").or_default().push((labels, float(slots.capacity())));
        }
        let peak = float(usize::try_from(stats.budget_peak()).unwrap_or(usize::MAX));
        values.entry("sluice_run_budget_peak_bytes").or_default().push((vec![("connector", *connector)], peak));
    }
    for (name, kind, help) in families {
        page.family(name, kind, help);
        for (labels, value) in values.get(name).into_iter().flatten() {
            page.value(name, labels, value);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "the format has floating numbers only")]
fn float(count: usize) -> f64 {
    count as f64
}

/// What the system knows of this process, where it is told.
fn process(page: &mut Page) {
    let read = |name: &str| std::fs::read_to_string(Path::new("/proc/self").join(name)).ok();
    let pages = read("statm").and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok());
    if let Some(pages) = pages {
        page.family("process_resident_memory_bytes", "gauge", "Memory of this process.");
        page.value("process_resident_memory_bytes", &[], pages * PAGE);
    }
    // The second field is a name that may have blanks in it, so count from behind its parenthesis.
    let ticks = read("stat").and_then(|text| {
        let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
        Some(fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?)
    });
    if let Some(ticks) = ticks {
        page.family("process_cpu_seconds_total", "counter", "Processor time of this process.");
        page.value("process_cpu_seconds_total", &[], ticks / TICKS);
    }
}

struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn value(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        let mut before = '{';
        for (label, text) in labels {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(self.0, "{before}{label}=\"{text}\"");
            before = ',';
        }
        if before == ',' {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actors::roster::Roster;
    use domain::{ConnectorId, Ended, IndexName, Job, JobId, JobStatus, JobType, Timestamp};

    use super::*;

    /// Name, labels and value of every line; panics at what Prometheus would refuse.
    fn parsed(page: &str) -> Vec<(String, Vec<(String, String)>, f64)> {
        let mut family = String::new();
        let mut all = Vec::new();
        for line in page.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                family = rest.split(' ').next().unwrap().to_owned();
            }
            if line.starts_with('#') {
                continue;
            }
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            assert_eq!(name, family, "the values of a family stand together");
            let mut rest = labels.strip_suffix('}').unwrap();
            let mut found = Vec::new();
            while let Some((label, quoted)) = rest.split_once("=\"") {
                let (mut text, mut chars) = (String::new(), quoted.char_indices());
                let end = loop {
                    match chars.next().unwrap() {
                        (at, '"') => break at,
                        (_, '\\') => text.push(match chars.next().unwrap().1 {
                            'n' => '\n',
                            other => other,
                        }),
                        (_, other) => text.push(other),
                    }
                };
                found.push((label.trim_start_matches(',').to_owned(), text));
                rest = &quoted[end + 1..];
            }
            all.push((name.to_owned(), found, value.parse().unwrap()));
        }
        all
    }

    #[test]
    fn any_name_of_a_connector_comes_through_as_it_is() {
        for name in ["plain", "with \"quotes\"", "back\\slash", "two\nlines", "a=\"b\",c{}", "ü"] {
            let roster = Roster::new(Timestamp::UNIX_EPOCH);
            let job = Job { id: JobId::new("j"), connector: ConnectorId::new(name), index: IndexName::new("i"), kind: JobType::Full };
            roster.began(&job, &Arc::default(), Timestamp::UNIX_EPOCH);
            let all = parsed(&page(&roster.snapshot()));
            let running = all.iter().find(|(family, ..)| family == "sluice_jobs_running").unwrap();
            assert_eq!((&running.1[0], running.2), (&("connector".to_owned(), name.to_owned()), 1.0));
        }
    }

    #[test]
    fn the_page_counts_what_ended_and_knows_its_process() {
        let roster = Roster::new(Timestamp::from_second(7).unwrap());
        let job = Job { id: JobId::new("j"), connector: ConnectorId::new("c"), index: IndexName::new("i"), kind: JobType::Full };
        let counts = Counts { read: 5, written: 4, ..Counts::default() };
        roster.ended(&job, &Ended { status: JobStatus::Completed, fault: None, counts }, Timestamp::from_second(9).unwrap());
        let all = parsed(&page(&roster.snapshot()));
        let value = |name: &str| all.iter().find(|(family, ..)| family == name).map(|(.., value)| *value);
        assert_eq!((value("sluice_records_read_total"), value("sluice_documents_written_total")), (Some(5.0), Some(4.0)));
        assert_eq!((value("sluice_jobs_ended_total"), value("sluice_last_completed_timestamp_seconds")), (Some(1.0), Some(9.0)));
        assert_eq!((value("process_start_time_seconds"), value("sluice_last_look_failed")), (Some(7.0), Some(0.0)));
        assert!(value("process_resident_memory_bytes").is_none_or(|bytes| bytes > 1e6));
    }
}
