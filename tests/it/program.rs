//! The program itself, as people run it: arguments in; exit code, standard output and one line on standard error out.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::{Value, json};
use simulator::faults::{Fault, FaultPlan, Match};
use simulator::org::Org;
use simulator::{Options, Running, load_dir, spawn};
use tempfile::TempDir;

/// Nothing that is printed may have it.
pub(crate) const SECRET: &str = "sluice-demo-secret";

/// What a run of the program left behind.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    fn of(child: Child) -> Self {
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let done = Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) };
        for printed in [&done.out, &done.err] {
            let traces = ["panicked", "backtrace", SECRET, "Some(", "Err(", "os error"];
            assert!(!traces.iter().any(|trace| printed.contains(trace)), "{printed}");
        }
        done
    }

    /// The summary on standard output, which is one JSON object on one line.
    pub(crate) fn summary(&self) -> Value {
        assert_eq!(self.out.lines().count(), 1, "{self:?}");
        serde_json::from_str(&self.out).unwrap()
    }
}

/// Starts the program with nothing in its environment.
pub(crate) fn start(args: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
    command.args(args).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Runs the program to its end.
pub(crate) fn run(args: &[&str]) -> Done {
    Done::of(start(args))
}

/// Sends SIGTERM, as a scheduler of containers does.
pub(crate) fn terminate(child: &Child) {
    assert!(Command::new("sh").args(["-c", &format!("kill -TERM {}", child.id())]).status().unwrap().success());
}

/// Waits for the end of a process that was started; after a minute it counts as hanging.
pub(crate) fn wait(mut child: Child) -> Done {
    until("the end of the process", || child.try_wait().unwrap().is_some());
    Done::of(child)
}

/// Runs the program where it must end with `code` and one line on standard error, the same at every level of logging that leaves it alone.
pub(crate) fn fails(args: &[&str], code: i32) -> String {
    let lines = ["error", "off"].map(|level| {
        let done = run(&[args, &["--log-level", level]].concat());
        assert_eq!(done.code, Some(code), "{args:?}: {done:?}");
        assert_eq!(done.err.lines().count(), 1, "{args:?}: {done:?}");
        let line = done.err.strip_prefix("sluice: ").unwrap_or_else(|| panic!("{done:?}"));
        line.trim_end().to_owned()
    });
    let [line, other] = lines;
    assert_eq!(line, other);
    line
}

/// Asks again and again until `holds`. A test that waits for ever fails after a minute instead.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..30_000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("waited too long for {what}");
}

/// Each part is somewhere in the line.
pub(crate) fn contains_all(line: &str, parts: &[&str]) {
    for part in parts {
        assert!(line.contains(part), "`{part}` is not in: {line}");
    }
}

/// The small org of the golden documents.
pub(crate) fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/org")
}

pub(crate) fn golden_org() -> Arc<Org> {
    static ORG: OnceLock<Arc<Org>> = OnceLock::new();
    Arc::clone(ORG.get_or_init(|| Arc::new(load_dir(golden()).unwrap())))
}

/// The small org over HTTP.
pub(crate) fn simulated(faults: FaultPlan) -> Running {
    spawn(Options { faults, ..Options::new(golden_org()) }).unwrap()
}

/// The small org, in which every request that `path` and `query` are part of goes wrong.
pub(crate) fn broken(path: &str, query: &str, fault: Fault) -> Running {
    let when = Match { path: Some(path.to_owned()), query: Some(query.to_owned()), ..Match::default() };
    simulated(FaultPlan::one(when, fault))
}

/// What is synced by default: two standard objects with little in them, few tries, short waits.
fn settings(data: &Path, base_url: &str) -> Value {
    json!({
        "index": { "kind": "embedded", "path": data },
        "connectors": [{
            "connector_id": "sf",
            "index_name": "search-sf",
            "configuration": {
                "domain": "acme", "client_id": "sluice-demo", "client_secret": SECRET, "standard_objects_to_sync": "Lead, Campaign",
            },
        }],
        "salesforce": { "base_url": base_url, "retries": { "attempts": 2, "first_wait": "1ms" } },
        "run": { "restarts": 0 },
        "actors": { "bulk_writer": { "linger": "5ms" } },
    })
}

/// Replaces parts of a JSON value; null takes a member away.
fn merge(into: &mut Value, change: Value) {
    match (into, change) {
        (Value::Object(into), Value::Object(changes)) => {
            for (key, change) in changes {
                match change {
                    Value::Null => drop(into.remove(&key)),
                    change => merge(into.entry(key).or_insert(Value::Null), change),
                }
            }
        }
        (into, change) => *into = change,
    }
}

/// A directory of one test: configuration files, and the data directory of an index.
pub(crate) struct Place(TempDir);

impl Place {
    /// Without an index.
    pub(crate) fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With the index that a good sync of the small org left.
    pub(crate) fn filled() -> Self {
        static INDEX: OnceLock<Vec<u8>> = OnceLock::new();
        let file = INDEX.get_or_init(|| {
            let (place, org) = (Self::empty(), simulated(FaultPlan::default()));
            let done = run(&["sync", "-c", &place.config(&org.base_url, json!({}), json!({}))]);
            assert_eq!(done.code, Some(0), "{done:?}");
            std::fs::read(place.data().join("sluice.sqlite")).unwrap()
        });
        let place = Self::empty();
        std::fs::create_dir(place.data()).unwrap();
        std::fs::write(place.data().join("sluice.sqlite"), file).unwrap();
        place
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    /// Writes a file and gives its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// Writes a configuration with changes to the connector's `configuration` and to the file as a whole; gives its path.
    pub(crate) fn config(&self, base_url: &str, configuration: Value, whole: Value) -> String {
        let mut settings = settings(&self.data(), base_url);
        merge(&mut settings["connectors"][0]["configuration"], configuration);
        merge(&mut settings, whole);
        self.write("config.yml", &settings.to_string())
    }

    /// A sync that fails leaves the index as it was: to the byte when nothing was read, and otherwise but for the org's address and the
    /// time of indexing, which pages have that were written before the fault. Gives its line on standard error.
    pub(crate) fn sync_fails(&self, code: i32, config: &str) -> String {
        let (export, documents) = (self.export(), self.documents());
        let line = fails(&["sync", "-c", config], code);
        assert!(self.export() == export || line.contains("page of "), "the index was touched: {line}");
        assert!(self.documents() == documents, "the index has changed: {line}");
        line
    }

    /// The index as it is printed.
    pub(crate) fn export(&self) -> String {
        let done = run(&["export", "--data", &self.path("data"), "--index", "search-sf"]);
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
        done.out
    }

    /// The documents of the index without their times of indexing and the address of their org.
    pub(crate) fn documents(&self) -> Vec<Value> {
        let document = |line: &str| {
            let mut parts = line.split("http://127.0.0.1:");
            let mut text = parts.next().unwrap_or_default().to_owned();
            parts.for_each(|part| text.push_str(&format!("http://org{}", part.trim_start_matches(|c: char| c.is_ascii_digit()))));
            let mut document: Value = serde_json::from_str(&text).unwrap();
            document["_source"].as_object_mut().unwrap().remove("_timestamp");
            document
        };
        self.export().lines().map(document).collect()
    }
}
