//! One run of the program itself, and what it took.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

use super::Failure;

/// What one run of the program took.
pub(crate) struct Run {
    /// Seconds.
    pub(crate) wall: f64,
    /// Seconds on processors, of the program and the processes that read files for it.
    pub(crate) cpu: f64,
    /// Bytes, of the largest of these processes.
    pub(crate) peak: f64,
    /// Its summary.
    pub(crate) summary: Value,
}

impl Run {
    /// `sluice sync` of the release build with these keys of `configuration`, into an embedded index that is new.
    pub(crate) fn of(url: &str, more: &Value, args: &[&str]) -> Result<Self, Failure> {
        let directory = tempfile::tempdir()?;
        let config = directory.path().join("config.yml");
        let mut configuration = json!({ "domain": "bench", "client_id": "sluice-demo", "client_secret": "sluice-demo-secret" });
        let more = more.as_object().ok_or("keys are an object")?;
        configuration.as_object_mut().ok_or("an object")?.extend(more.clone());
        let settings = json!({
            "index": { "kind": "embedded", "path": directory.path().join("data") },
            "connectors": [{ "connector_id": "bench", "index_name": "bench", "configuration": configuration }],
            "salesforce": { "base_url": url },
        });
        std::fs::write(&config, settings.to_string())?;
        let program = std::env::current_exe()?.ancestors().nth(2).ok_or("no directory of programs")?.join("sluice");
        let since = Instant::now();
        let mut child = Command::new("/usr/bin/time")
            .args(["-f", "%U %S %M"])
            .arg(program)
            .args(["sync", "--output", "json", "--log-level", "error", "-c"])
            .arg(&config)
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (mut out, mut errors) = (String::new(), String::new());
        child.stdout.take().ok_or("no output")?.read_to_string(&mut out)?;
        child.stderr.take().ok_or("no errors")?.read_to_string(&mut errors)?;
        let wall = since.elapsed().as_secs_f64();
        if !child.wait()?.success() {
            return Err(format!("the job failed: {errors}").into());
        }
        let numbers: Vec<f64> = errors.lines().last().unwrap_or_default().split(' ').map(str::parse).collect::<Result<_, _>>()?;
        let &[user, system, kilobytes] = numbers.as_slice() else { return Err(errors.into()) };
        Ok(Self { wall, cpu: user + system, peak: kilobytes * 1024.0, summary: serde_json::from_str(&out)? })
    }

    /// A counter of the summary.
    pub(crate) fn count(&self, name: &str) -> Result<u64, Failure> {
        self.summary["counts"][name].as_u64().ok_or_else(|| format!("the summary does not count `{name}`").into())
    }
}
