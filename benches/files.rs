//! Files: small ones per second beside a client that fetches one at a time, and peak memory with large ones.
//!
//! `cargo build --release && cargo bench --bench files [-- speed|memory|links]`; without arguments all three. The simulated org is a process of its own,
//! the engine is `target/release/sluice sync --dry-run`.

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};
use simulator::faults::{Fault, FaultPlan, FaultRule, Match};
use simulator::org::OrgBuilder;
use simulator::{Options, record_id, spawn, standard_objects};

use common::program::Run;
use common::{Failure, Process, say};

/// Small files of the comparison, and what one has in bytes.
const FILES: usize = 4_000;
const SMALL: usize = 20_000;
/// Wait of the org before each answer, as over the net.
const LATENCY: Duration = Duration::from_millis(60);
/// Files that the client fetches before its rate is known.
const SAMPLE: usize = 100;
/// Large files, just below the limit.
const LARGE_FILES: usize = 48;
const LARGE: usize = (10 << 20) - 1;
/// Links of the orgs, five to a file and five to a record.
const LINKS: [usize; 3] = [100_000, 500_000, 1_000_000];
const LINKS_OF_A_FILE: usize = 5;

fn main() -> Result<ExitCode, Failure> {
    let args: Vec<_> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["simulate", files, bytes, links, wait] => simulate(files.parse()?, bytes.parse()?, links.parse()?, wait.parse()?)?,
        ["speed"] => speed()?,
        ["memory"] => memory()?,
        ["links"] => links()?,
        [] => {
            speed()?;
            memory()?;
            links()?;
        }
        _ => return Err("give `speed`, `memory` or `links`".into()),
    }
    Ok(ExitCode::SUCCESS)
}

/// The org, until it is killed.
fn simulate(files: usize, bytes: usize, links: usize, wait: u64) -> Result<(), Failure> {
    let mut org = OrgBuilder::new(standard_objects());
    let accounts = files.max(1);
    for no in 0..accounts {
        org.push_value("Account", &json!({ "Id": record_id("001", no as u64 + 1), "Name": format!("Account {no}"), "LastModifiedDate": STAMP, "CreatedDate": STAMP }))?;
    }
    let content = Bytes::from(text(bytes));
    for no in 0..files {
        let [document, version] = ["069", "068"].map(|prefix| record_id(prefix, no as u64 + 1));
        org.push_value(
            "ContentVersion",
            &json!({
                "Id": version, "ContentDocumentId": document, "Title": format!("file {no}"), "FileExtension": "txt", "ContentSize": bytes,
                "VersionNumber": "1", "IsLatest": true, "CreatedDate": STAMP, "LastModifiedDate": STAMP,
            }),
        )?;
        org.file(&version, content.clone());
        org.push_value("ContentDocument", &json!({
            "Id": document, "Title": format!("file {no}"), "FileExtension": "txt", "ContentSize": bytes, "LatestPublishedVersionId": version,
            "CreatedDate": STAMP, "LastModifiedDate": STAMP,
        }))?;
        for turn in 0..links {
            org.push_value(
                "ContentDocumentLink",
                &json!({
                    "Id": record_id("06A", (no * links + turn) as u64 + 1), "ContentDocumentId": document,
                    "LinkedEntityId": record_id("001", ((no + turn) % accounts) as u64 + 1), "ShareType": "V", "Visibility": "AllUsers",
                }),
            )?;
        }
    }
    let late = FaultRule { when: Match::default(), act: Fault::SlowHead { wait: Duration::from_millis(wait) } };
    let faults = if wait == 0 { FaultPlan::default() } else { FaultPlan::new([late]) };
    let running = spawn(Options { faults, ..Options::new(Arc::new(org.build())) })?;
    say(&running.base_url);
    loop {
        std::thread::park();
    }
}

const STAMP: &str = "2026-01-01T00:00:00.000+0000";

/// Words, so many bytes of them.
fn text(bytes: usize) -> Vec<u8> {
    b"the quarterly report of the northern region, with figures. ".iter().copied().cycle().take(bytes).collect()
}

fn speed() -> Result<(), Failure> {
    let mut org = Process::start(&["simulate", &FILES.to_string(), &SMALL.to_string(), "1", &LATENCY.as_millis().to_string()])?;
    let url = org.line()?;
    let one = one_at_a_time(&url)?;
    say(&format!("\n{FILES} files of {SMALL} bytes, {} ms before each answer\n", LATENCY.as_millis()));
    say(&"| who | files/s | times the first | CPU s | peak memory |\n|---|---|---|---|---|");
    say(&format!("| one at a time, its links asked for each file | {one:.1} | 1 | | |"));
    for mode in ["pipeline", "builtin"] {
        let run = sync(&url, mode)?;
        let rate = FILES as f64 / run.wall;
        say(&format!("| sluice, `text_extraction: {mode}` | {rate:.0} | {:.0} | {:.1} | {:.0} MB |", rate / one, run.cpu, run.peak / 1e6));
    }
    Ok(())
}

fn memory() -> Result<(), Failure> {
    let mut org = Process::start(&["simulate", &LARGE_FILES.to_string(), &LARGE.to_string(), "1", "0"])?;
    let url = org.line()?;
    say(&format!(
        "\n{LARGE_FILES} files of {LARGE} bytes\n\n| `text_extraction` | peak memory of the engine | files with content | wall s |\n|---|---|---|---|"
    ));
    for mode in ["pipeline", "builtin"] {
        let run = sync(&url, mode)?;
        say(&format!("| {mode} | {:.0} MB | {} | {:.1} |", run.peak / 1e6, run.count("files")?, run.wall));
    }
    Ok(())
}

fn links() -> Result<(), Failure> {
    say(&"\n| links | files | peak memory of the engine | CPU s | wall s |\n|---|---|---|---|---|");
    for links in LINKS {
        let files = links / LINKS_OF_A_FILE;
        let mut org = Process::start(&["simulate", &files.to_string(), "0", &LINKS_OF_A_FILE.to_string(), "0"])?;
        let url = org.line()?;
        let run = sync(&url, "pipeline")?;
        say(&format!("| {links} | {} | {:.0} MB | {:.1} | {:.1} |", run.count("files")?, run.peak / 1e6, run.cpu, run.wall));
    }
    Ok(())
}

fn sync(url: &str, mode: &str) -> Result<Run, Failure> {
    Run::of(url, &json!({ "standard_objects_to_sync": "Account", "text_extraction": mode }), &["--dry-run"])
}

/// Files per second of a client that, for each, asks for its links and then fetches it, on one connection.
fn one_at_a_time(url: &str) -> Result<f64, Failure> {
    let mut connection = Connection::open(url)?;
    let form = "grant_type=client_credentials&client_id=sluice-demo&client_secret=sluice-demo-secret";
    let token: Value = serde_json::from_slice(&connection.send("POST /services/oauth2/token", "", form)?)?;
    let bearer = format!("Authorization: Bearer {}\r\n", token["access_token"].as_str().ok_or("no token")?);
    let since = Instant::now();
    for no in 0..SAMPLE {
        let [document, version] = ["069", "068"].map(|prefix| record_id(prefix, no as u64 + 1));
        let query = format!(
            "GET /services/data/v64.0/query?q=SELECT+LinkedEntityId+FROM+ContentDocumentLink+WHERE+ContentDocumentId+=+'{document}'"
        );
        connection.send(&query, &bearer, "")?;
        let content = connection.send(&format!("GET /services/data/v64.0/sobjects/ContentVersion/{version}/VersionData"), &bearer, "")?;
        if content.len() != SMALL {
            return Err("a file came with another length".into());
        }
    }
    Ok(SAMPLE as f64 / since.elapsed().as_secs_f64())
}

struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open(url: &str) -> Result<Self, Failure> {
        Ok(Self(BufReader::new(TcpStream::connect(url.trim_start_matches("http://"))?)))
    }

    fn send(&mut self, request: &str, headers: &str, body: &str) -> Result<Vec<u8>, Failure> {
        let form = "Content-Type: application/x-www-form-urlencoded\r\n";
        let length = body.len();
        write!(self.0.get_mut(), "{request} HTTP/1.1\r\nHost: org\r\n{headers}{form}Content-Length: {length}\r\n\r\n{body}")?;
        let (mut length, mut line, mut is_first) = (0, String::new(), true);
        loop {
            line.clear();
            self.0.read_line(&mut line)?;
            if is_first && !line.contains(" 200") {
                return Err(format!("{request}: {line}").into());
            }
            is_first = false;
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok(body)
    }
}
