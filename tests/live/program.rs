//! The program itself, as people run it, and what an index holds then.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use simulator::faults::FaultPlan;
use simulator::org::Org;
use simulator::{Options, Running, generate, spawn};
use tempfile::TempDir;

use crate::golden;
use crate::server::{Live, until};

/// Documents by id.
pub(crate) type Documents = BTreeMap<String, Value>;

/// Pages of an org are this small, so that a run has many.
const PAGE: usize = 20;

/// The org of these tests: six standard objects, two custom ones, files, about 900 documents.
pub(crate) fn org(faults: FaultPlan) -> Running {
    static ORG: OnceLock<Arc<Org>> = OnceLock::new();
    let org = Arc::clone(ORG.get_or_init(|| Arc::new(generate(1, 1))));
    spawn(Options { page_size: Some(PAGE), faults, ..Options::new(org) }).unwrap()
}

/// A configuration in a directory of its own.
pub(crate) struct Setup {
    dir: TempDir,
    config: Value,
    index: String,
    org_url: String,
}

/// A sync that runs. Dropping it ends it.
pub(crate) struct Job {
    child: Child,
    dir: TempDir,
}

/// A sync that ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    /// The summary, unless the job could not even begin.
    pub(crate) summary: Value,
    /// What was logged, and the line that says why the program failed.
    pub(crate) log: String,
}

impl Setup {
    /// Everything of an org into the index of the test: small batches, short waits.
    pub(crate) fn new(live: &Live, org: &Running) -> Self {
        let setup = Self::of_index(&live.index, org, json!({ "kind": "elasticsearch", "state": live.state, "compress": false }));
        setup.with("elasticsearch", json!({ "host": live.url, "max_retries": 5, "retry_interval": "50ms" }))
    }

    fn of_index(index: &str, org: &Running, kind: Value) -> Self {
        let config = json!({
            "index": kind,
            "connectors": [{
                "connector_id": "live",
                "index_name": index,
                "configuration": {
                    "domain": "example", "client_id": "sluice-demo", "client_secret": "sluice-demo-secret",
                    "sync_custom_objects": true, "custom_objects_to_sync": "*", "text_extraction": "pipeline",
                },
                "pipeline": { "name": "_none" },
            }],
            "salesforce": { "base_url": org.base_url, "retries": { "first_wait": "1ms" } },
            // These tests are about what is deleted, not about who has to agree.
            "run": { "delete_limit": "100%" },
            "actors": { "bulk_writer": { "batch_docs": 40, "linger": "20ms" } },
        });
        Self { dir: tempfile::tempdir().unwrap(), config, index: index.to_owned(), org_url: org.base_url.clone() }
    }

    /// The same with another value at a path such as `elasticsearch.host`; `connector` stands for the only connector.
    pub(crate) fn with(mut self, path: &str, value: Value) -> Self {
        let mut at = &mut self.config;
        for name in path.split('.') {
            at = if name == "connector" { &mut at["connectors"][0] } else { &mut at[name] };
        }
        *at = value;
        self
    }

    /// The same through another address.
    pub(crate) fn through(self, url: &str) -> Self {
        self.with("elasticsearch.host", json!(url))
    }

    /// The same without custom objects.
    pub(crate) fn standard_only(self) -> Self {
        self.with("connector.configuration.sync_custom_objects", json!(false))
    }

    fn command(&self, args: &[&str]) -> Command {
        let path = self.dir.path().join("config.yml");
        std::fs::write(&path, self.config.to_string()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
        command.args(args).arg("-c").arg(path).env_clear().stdin(Stdio::null());
        command
    }

    /// Starts a sync.
    pub(crate) fn start(&self) -> Job {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| std::fs::File::create(dir.path().join(name)).unwrap();
        let mut command = self.command(&["sync", "--output", "json", "--log-level", "warn"]);
        Job { child: command.stdout(file("out")).stderr(file("err")).spawn().unwrap(), dir }
    }

    /// Syncs to the end.
    pub(crate) fn sync(&self) -> Done {
        self.start().end()
    }

    /// A sync that must complete; gives its summary.
    pub(crate) fn completes(&self) -> Value {
        let done = self.sync();
        assert_eq!((done.code, &done.summary["status"]), (Some(0), &json!("completed")), "{done:?}");
        done.summary
    }

    /// A sync that must fail, with all of these in what it says.
    pub(crate) fn fails(&self, parts: &[&str]) -> Done {
        let done = self.sync();
        done.assert_failed(parts);
        done
    }

    /// What the index holds, as the program exports it.
    pub(crate) fn documents(&self) -> Documents {
        let output = self.command(&["export", "--index", &self.index]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap().replace(&self.org_url, "http://org");
        let line = |line: &str| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            (line["_id"].as_str().unwrap().to_owned(), golden::comparable(line["_source"].take()))
        };
        let documents: Documents = text.lines().map(line).collect();
        assert_eq!(documents.len(), text.lines().count(), "no id twice");
        documents
    }
}

impl Job {
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub(crate) fn end(mut self) -> Done {
        until("the end of a sync", || !self.runs());
        let code = self.child.wait().unwrap().code();
        let read = |name: &str| std::fs::read_to_string(self.dir.path().join(name)).unwrap();
        Done { code, summary: serde_json::from_str(&read("out")).unwrap_or_default(), log: read("err") }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Done {
    /// The job failed, and the last line says why.
    pub(crate) fn assert_failed(&self, parts: &[&str]) {
        let line = self.log.lines().last().unwrap_or_default();
        assert!(self.code == Some(1) && parts.iter().all(|part| line.contains(part)), "{parts:?}: {self:?}");
    }

    pub(crate) fn count(&self, name: &str) -> u64 {
        self.summary["counts"][name].as_u64().unwrap()
    }
}

/// What an undisturbed sync of the org into an index of another kind gives.
pub(crate) fn expected(custom: bool) -> &'static Documents {
    static ALL: [OnceLock<Documents>; 2] = [OnceLock::new(), OnceLock::new()];
    ALL[usize::from(custom)].get_or_init(|| {
        let (org, data) = (org(FaultPlan::default()), tempfile::tempdir().unwrap());
        let setup = Setup::of_index("expected", &org, json!({ "kind": "embedded", "path": data.path() }));
        let setup = if custom { setup } else { setup.standard_only() };
        setup.completes();
        let documents = setup.documents();
        assert!(documents.len() > 500);
        documents
    })
}

/// Nothing is lost, nothing is doubled, nothing is another than it should be.
pub(crate) fn assert_documents(have: &Documents, want: &Documents) {
    assert_eq!(have.keys().collect::<Vec<_>>(), want.keys().collect::<Vec<_>>());
    for (id, want) in want {
        golden::assert_equal(id, &have[id], want);
    }
}
