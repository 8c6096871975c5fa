//! The servers to test against, and a test's own way to them: plain sockets, nothing of the engine.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Tests go side by side, each with indices of its own, except for those that take a server down.
static UP: RwLock<()> = RwLock::new(());

/// Longest wait for anything; whoever waits longer has hung.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Which server it is, as the test knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Elasticsearch,
    OpenSearch,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Elasticsearch, Self::OpenSearch];

    fn name(self) -> &'static str {
        match self {
            Self::Elasticsearch => "ELASTICSEARCH",
            Self::OpenSearch => "OPENSEARCH",
        }
    }
}

/// A server that is there, with an index and a state index of this test alone.
#[derive(Clone)]
pub(crate) struct Live {
    pub(crate) kind: Kind,
    pub(crate) url: String,
    pub(crate) index: String,
    pub(crate) state: String,
    /// Lines in the head of each request.
    pub(crate) head: String,
    /// The certificate authority of a server over HTTPS.
    pub(crate) ca: String,
}

impl Live {
    pub(crate) fn new(kind: Kind, url: String, test: &str) -> Self {
        let (index, state) = (format!("live-{test}"), format!(".sluice-live-{test}"));
        Self { kind, url, index, state, head: String::new(), ca: String::new() }
    }

    /// A request of the test's own; gives status and body.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        if self.url.starts_with("https://") {
            return self.ask_over_tls(method, path, body);
        }
        let host = self.url.trim_start_matches("http://").trim_end_matches('/');
        let head = &self.head;
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{head}Content-Type: application/json\r\n");
        let answer = exchange(host, format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
        (answer.status, String::from_utf8(answer.body).unwrap())
    }

    /// The same where the connection has to be encrypted, by a program that knows how.
    fn ask_over_tls(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut curl = std::process::Command::new("curl");
        curl.args(["-q", "-sS", "-g", "--noproxy", "*", "--cacert", &self.ca, "-X", method, "-w", "\n%{http_code}", "--data-binary", "@-"]);
        for line in self.head.lines().chain(["Content-Type: application/json"]) {
            curl.args(["-H", line]);
        }
        let piped = std::process::Stdio::piped;
        curl.arg(format!("{}{path}", self.url)).stdin(piped()).stdout(piped()).stderr(piped());
        let mut child = curl.spawn().unwrap();
        child.stdin.take().unwrap().write_all(body.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{method} {path}: {output:?}");
        let answer = String::from_utf8(output.stdout).unwrap();
        let (body, status) = answer.rsplit_once('\n').unwrap();
        (status.parse().unwrap(), body.to_owned())
    }

    /// A request that must succeed; gives its body.
    pub(crate) fn raw(&self, method: &str, path: &str, body: &str) -> String {
        let (status, answer) = self.ask(method, path, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// The same, read as JSON.
    pub(crate) fn json(&self, method: &str, path: &str, body: &str) -> Value {
        serde_json::from_str(&self.raw(method, path, body)).unwrap()
    }

    /// Ids of what a query finds, in order.
    pub(crate) fn found(&self, query: &str) -> Vec<String> {
        self.raw("POST", &format!("/{}/_refresh", self.index), "");
        let path = format!("/{}/_search?size=5000&filter_path=hits.hits._id", self.index);
        let answer = self.json("POST", &path, &format!(r#"{{"query":{query}}}"#));
        let hits = answer["hits"]["hits"].as_array().cloned().unwrap_or_default();
        let mut ids: Vec<_> = hits.iter().map(|hit| hit["_id"].as_str().unwrap().to_owned()).collect();
        ids.sort_unstable();
        ids
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.found(r#"{"match_all":{}}"#)
    }

    /// Changes a setting of the index.
    pub(crate) fn set(&self, name: &str, value: &str) {
        self.raw("PUT", &format!("/{}/_settings", self.index), &format!(r#"{{"{name}":{value}}}"#));
    }

    pub(crate) fn clean(&self) {
        for index in [&self.index, &self.state] {
            self.raw("DELETE", &format!("/{index}?ignore_unavailable=true"), "");
        }
    }
}

/// An answer over a plain socket.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// Sends a request that asks for the connection to be closed, and reads the whole answer.
pub(crate) fn exchange(host: &str, request: &[u8]) -> std::io::Result<Answer> {
    let mut socket = TcpStream::connect(host)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.write_all(request)?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer)?;
    let broken = || std::io::Error::other("the answer broke off");
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or_else(broken)?;
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let status = head.split_whitespace().nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
    let body = &answer[end + 4..];
    let body = if head.contains("transfer-encoding: chunked") { dechunked(body).ok_or_else(broken)? } else { body.to_vec() };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length != body.len()) {
        return Err(broken());
    }
    Ok(Answer { status, body })
}

/// A body that came in chunks, put together.
fn dechunked(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).ok()?, 16).ok()?;
        let chunk = body.get(end + 2..)?.get(..size)?;
        whole.extend_from_slice(chunk);
        if size == 0 {
            return Some(whole);
        }
        body = body.get(end + 2 + size + 2..)?;
    }
}

/// A variable that is set to something.
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether a test must not be skipped.
pub(crate) fn required() -> bool {
    environment("CI").as_deref() == Some("true") && environment("SLUICE_LIVE_REQUIRED").as_deref() == Some("1")
}

/// What a test needs: the value of a variable. Without it the test says that it was skipped, or fails where it may not be.
pub(crate) fn needed(test: &str, name: &str) -> Option<String> {
    let value = environment(name);
    if value.is_none() {
        assert!(!required(), "{test} needs {name}");
        say(&format!("{test}: skipped, {name} is not set"));
    }
    value
}

/// Runs a test against each server that is named.
pub(crate) fn on_each(test: &str, work: impl Fn(&Live)) {
    let _up = UP.read().unwrap_or_else(PoisonError::into_inner);
    for kind in Kind::ALL {
        if let Some(url) = needed(test, &format!("SLUICE_LIVE_{}", kind.name())) {
            let live = Live::new(kind, url, test);
            live.clean();
            work(&live);
            live.clean();
        }
    }
}

/// The same for a test that awaits.
pub(crate) fn await_on_each(test: &str, work: impl AsyncFn(&Live)) {
    on_each(test, |live| actix_rt::System::new().block_on(work(live)));
}

/// Runs a test that takes servers down, against each server for which there is a command that does so: without warning, and up again with
/// the same data when the command ends. No other test has the servers meanwhile.
pub(crate) fn with_crashes(test: &str, work: impl Fn(&Live, &dyn Fn())) {
    let _alone = UP.write().unwrap_or_else(PoisonError::into_inner);
    for kind in Kind::ALL {
        let name = kind.name();
        let Some(url) = needed(test, &format!("SLUICE_LIVE_{name}")) else { continue };
        let Some(command) = needed(test, &format!("SLUICE_LIVE_{name}_CRASH")) else { continue };
        let live = Live::new(kind, url, test);
        live.clean();
        work(&live, &|| crash(&command));
        live.clean();
    }
}

/// Output goes to a file: a server in the background would hold a pipe open.
fn crash(command: &str) {
    let mut log = tempfile::tempfile().unwrap();
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", command]).current_dir(env!("CARGO_MANIFEST_DIR")).stdin(std::process::Stdio::null());
    let ended = shell.stdout(log.try_clone().unwrap()).stderr(log.try_clone().unwrap()).status().unwrap();
    let mut said = String::new();
    std::io::Seek::rewind(&mut log).unwrap();
    log.read_to_string(&mut said).unwrap();
    assert!(ended.success(), "{command}: {said}");
}

/// Asks again and again until `holds`; a test that waits for ever fails instead.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < PATIENCE, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[expect(clippy::print_stdout, reason = "says to people why nothing was tested")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}
