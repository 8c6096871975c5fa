//! The page for Prometheus, text format 0.0.4, written from one look at the roster.
//!
//! The values are read where they are kept. A library would keep them a second time in a registry that has to be told of the beginning and
//! the end of every job; the one that can ask for values instead (`prometheus-client`) writes OpenMetrics, which older scrapers do not read.
//! What is left without it is a line per value.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

use actors::roster::{InWork, RosterSnapshot};
use domain::Counts;

/// The media type of the page.
pub(super) const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Clock ticks per second in /proc; Linux has had no other value for user space on the platforms that this program is built for.
const TICKS: f64 = 100.0;

const GAUGE: &str = "gauge";
const COUNTER: &str = "counter";

/// The page.
pub(super) fn page(roster: &RosterSnapshot) -> String {
    let mut page = Page(String::with_capacity(8 << 10));
    page.family("sluice_build_info", GAUGE, "The version that runs.", ["version"], [([env!("CARGO_PKG_VERSION")], 1)]);
    page.value("process_start_time_seconds", GAUGE, "When the service started, in seconds of Unix time.", roster.started.as_second());
    jobs(&mut page, roster);
    work(&mut page, &roster.work);
    actors(&mut page, roster);
    process(&mut page);
    page.0
}

fn jobs(page: &mut Page, roster: &RosterSnapshot) {
    let looked = roster.looked.map(|looked| ([], looked.as_second()));
    page.family("sluice_last_look_timestamp_seconds", GAUGE, "When the service last looked at schedules and waiting jobs.", [], looked);
    page.value("sluice_last_look_failed", GAUGE, "Whether that look failed.", u8::from(roster.fault.is_some()));
    let running = roster.running_by_connector();
    let running = running.into_iter().map(|((connector, kind), count)| ([connector.as_str(), kind.as_str()], count));
    page.family("sluice_jobs_running", GAUGE, "Jobs in work.", ["connector", "kind"], running);
    let ended = roster.totals.iter().map(|((kind, status), count)| ([*kind, *status], count));
    page.family("sluice_jobs_ended_total", COUNTER, "Jobs that ended, by how.", ["kind", "status"], ended);
    let completed = roster.completed.iter().map(|((connector, kind), at)| ([connector.as_str(), *kind], at.as_second()));
    let help = "When a connector's job of a kind last completed here.";
    page.family("sluice_last_completed_timestamp_seconds", GAUGE, help, ["connector", "kind"], completed);
}

fn work(page: &mut Page, counts: &Counts) {
    // No `..`: a counter that is not shown does not compile.
    let Counts { read, written, written_bytes, deleted, set_aside, cut, files, kept, conflicts, duplicates, excluded } = counts;
    for (name, help, value) in [
        ("sluice_records_read_total", "Records read from Salesforce.", read),
        ("sluice_documents_written_total", "Documents written to the index, files included.", written),
        ("sluice_documents_written_bytes_total", "Bytes of those documents.", written_bytes),
        ("sluice_documents_deleted_total", "Documents deleted because their record is gone.", deleted),
        ("sluice_documents_set_aside_total", "Records and documents set aside with a reason.", set_aside),
        ("sluice_nested_lists_cut_total", "Lists of nested entities, and searches of advanced rules, that were cut at a limit.", cut),
        ("sluice_files_total", "Files indexed with their content.", files),
        ("sluice_files_kept_total", "Files that were not downloaded because their content was kept from before.", kept),
        ("sluice_version_conflicts_total", "Documents that somebody else changed while they were written.", conflicts),
        ("sluice_duplicate_ids_total", "Ids that stood more than once in one batch.", duplicates),
        ("sluice_documents_excluded_total", "Documents that basic sync rules leave out.", excluded),
    ] {
        page.value(name, COUNTER, help, value);
    }
}

/// Lanes and slots of the jobs in work. Jobs of the same connector and kind are added up: a series may stand on the page only once.
fn actors(page: &mut Page, roster: &RosterSnapshot) {
    let (mut depth, mut capacity, mut waited) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let (mut busy, mut slots, mut peak) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for InWork { job, monitor, .. } in &roster.running {
        let Some(stats) = monitor.stats() else { continue };
        let (connector, kind) = (job.connector.as_str(), job.kind.as_str());
        for edge in stats.edges() {
            let labels = [connector, kind, edge.edge];
            *depth.entry(labels).or_insert(0) += edge.depth();
            *capacity.entry(labels).or_insert(0) += edge.capacity;
            *waited.entry(labels).or_insert(0.0) += edge.waiting_time().as_secs_f64();
        }
        for (actor, all) in stats.stages() {
            *busy.entry([connector, kind, actor]).or_insert(0) += all.busy();
            *slots.entry([connector, kind, actor]).or_insert(0) += all.capacity();
        }
        let most = peak.entry([connector, kind]).or_insert(0);
        *most = stats.budget_peak().max(*most);
    }
    let edge = ["connector", "kind", "edge"];
    let help = "Items that wait in the mailbox at the end of an edge; edges into the same mailbox show the same.";
    page.family("sluice_mailbox_depth", GAUGE, help, edge, depth);
    page.family("sluice_mailbox_capacity", GAUGE, "Items that may wait in it.", edge, capacity);
    let help = "Time that senders waited for room in it, since the run last went on from its checkpoint.";
    page.family("sluice_mailbox_waited_seconds_total", COUNTER, help, edge, waited);
    let actor = ["connector", "kind", "actor"];
    page.family("sluice_slots_busy", GAUGE, "Items that an actor has in work.", actor, busy);
    page.family("sluice_slots", GAUGE, "Items that it may have in work.", actor, slots);
    let help = "Most bytes that the run held at a time; noted when it ends or goes on from its checkpoint.";
    page.family("sluice_run_budget_peak_bytes", GAUGE, help, ["connector", "kind"], peak);
}

/// What the system knows of this process, where it is told.
fn process(page: &mut Page) {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/self/{name}")).ok();
    // In KiB here; /proc/self/statm counts pages, whose size differs from machine to machine.
    let resident = read("status").and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    });
    if let Some(kib) = resident {
        page.value("process_resident_memory_bytes", GAUGE, "Memory of this process.", kib << 10);
    }
    // The second field is a name that may have blanks in it, so count from behind its parenthesis.
    let ticks = read("stat").and_then(|text| {
        let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
        Some(fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?)
    });
    if let Some(ticks) = ticks {
        page.value("process_cpu_seconds_total", COUNTER, "Processor time of this process.", ticks / TICKS);
    }
}

struct Page(String);

impl Page {
    /// A family of one value.
    fn value(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.family(name, kind, help, [], [([], value)]);
    }

    /// A family: what it is, then all of its values, each with the texts of its labels.
    fn family<'a, const LABELS: usize>(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        labels: [&str; LABELS],
        values: impl IntoIterator<Item = ([&'a str; LABELS], impl Display)>,
    ) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (texts, value) in values {
            let quoted = |(label, text): (&str, &str)| format!("{label}=\"{}\"", escaped(text));
            let pairs: Vec<_> = labels.into_iter().zip(texts).map(quoted).collect();
            let braced = if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) };
            let _ = writeln!(self.0, "{name}{braced} {value}");
        }
    }
}

/// The value of a label as it stands between quotes.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use actors::roster::Roster;
    use domain::{ConnectorId, Ended, IndexName, Job, JobId, JobStatus, JobType, Timestamp};

    use super::*;

    /// Name and labels of a value.
    pub(in crate::admin) type Series = (String, Vec<(String, String)>);

    /// All values, and the names of the families that are counters; panics at what Prometheus would refuse.
    pub(in crate::admin) fn parsed(page: &str) -> (BTreeMap<Series, f64>, BTreeSet<String>) {
        let (mut all, mut counters, mut families, mut family) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new(), String::new());
        let lines = page.strip_suffix('\n').expect("the last line ends like the others").split('\n');
        for line in lines.filter(|line| !line.starts_with("# HELP ")) {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                assert!(families.insert(name.to_owned()), "{name} is there twice");
                family = name.to_owned();
                match kind {
                    "counter" => assert!(counters.insert(name.to_owned())),
                    _ => assert_eq!(kind, "gauge"),
                }
                continue;
            }
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            assert_eq!(name, family, "the values of a family stand together");
            let labels = read_labels(labels.strip_suffix('}').unwrap());
            assert!(all.insert((name.to_owned(), labels), value.parse().unwrap()).is_none(), "{series} is there twice");
        }
        (all, counters)
    }

    fn read_labels(mut rest: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        while let Some((label, quoted)) = rest.split_once("=\"") {
            let (mut text, mut chars) = (String::new(), quoted.char_indices());
            let end = loop {
                match chars.next().unwrap() {
                    (at, '"') => break at,
                    (_, '\\') => text.push(match chars.next().unwrap().1 {
                        'n' => '\n',
                        other @ ('\\' | '"') => other,
                        other => panic!("\\{other} means nothing"),
                    }),
                    (_, other) => text.push(other),
                }
            };
            found.push((label.to_owned(), text));
            rest = &quoted[end + 1..];
            rest = rest.strip_prefix(',').unwrap_or(rest);
        }
        assert_eq!(rest, "");
        found
    }

    fn job(connector: &str) -> Job {
        Job { id: JobId::new("j"), connector: ConnectorId::new(connector), index: IndexName::new("i"), kind: JobType::Full }
    }

    /// Every text of up to three of these, so that each stands at the beginning, at the end, twice, and next to each other one.
    fn awkward() -> BTreeSet<String> {
        let letters = ["", "\\", "\"", "\n", "n", "\r", ",", "{", "}", "=", " ", "#", "ü", "\u{1f30a}"];
        let longer = |texts: Vec<String>| texts.iter().flat_map(|text| letters.map(|letter| format!("{text}{letter}"))).collect();
        (0..3).fold(vec![String::new()], |texts, _| longer(texts)).into_iter().collect()
    }

    #[test]
    fn any_name_of_a_connector_comes_through_as_it_is() {
        let (roster, names) = (Roster::new(Timestamp::UNIX_EPOCH), awkward());
        names.iter().for_each(|name| roster.began(&job(name), &Arc::default(), Timestamp::UNIX_EPOCH));
        let (all, _) = parsed(&page(&roster.snapshot()));
        let running = all.iter().filter(|((name, _), _)| name == "sluice_jobs_running");
        let found: BTreeSet<_> = running.map(|((_, labels), value)| (labels[0].1.clone(), *value as u64)).collect();
        assert_eq!(found, names.into_iter().map(|name| (name, 1)).collect());
        assert!(found.len() > 2000, "{}", found.len());
    }

    #[test]
    fn the_page_counts_what_ended_and_knows_its_process() {
        let roster = Roster::new(Timestamp::from_second(7).unwrap());
        let counts = Counts { read: 5, written: 4, ..Counts::default() };
        roster.ended(&job("c"), &Ended { status: JobStatus::Completed, fault: None, counts }, Timestamp::from_second(9).unwrap());
        let (all, counters) = parsed(&page(&roster.snapshot()));
        let value = |name: &str| all.iter().find(|((family, _), _)| family == name).map(|(_, value)| *value);
        assert_eq!((value("sluice_records_read_total"), value("sluice_documents_written_total")), (Some(5.0), Some(4.0)));
        assert_eq!((value("sluice_jobs_ended_total"), value("sluice_last_completed_timestamp_seconds")), (Some(1.0), Some(9.0)));
        assert_eq!((value("process_start_time_seconds"), value("sluice_last_look_failed")), (Some(7.0), Some(0.0)));
        assert_eq!(value("sluice_last_look_timestamp_seconds"), None, "it has not looked yet");
        assert!(value("process_resident_memory_bytes").is_none_or(|bytes| bytes > 1e6));
        assert!(counters.iter().all(|name| name.ends_with("_total")), "{counters:?}");
    }
}
