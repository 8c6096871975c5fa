//! What may stand between the engine and a cluster: passes everything on, and treats bulk requests as a test wants.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::{Value, json};

use crate::server::{Live, PATIENCE, exchange};

/// What becomes of a bulk request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// It passes.
    Pass,
    /// The node has no room for it: 429 for the whole request, and nothing is written.
    Busy,
    /// The node has no room for every third item of it: 429 for those, and they are not written.
    BusyItems,
    /// It is carried out, and the answer is lost.
    Unheard,
    /// A load balancer finds no node.
    Gateway,
    /// It waits, before the cluster sees it, until the test lets it go.
    Hold,
}

/// A proxy in front of one server. It lives as long as the test binary.
pub(crate) struct Proxy {
    pub(crate) url: String,
    shared: Arc<Shared>,
    held: Receiver<()>,
}

struct Shared {
    host: String,
    rule: Box<dyn Fn(usize) -> Act + Send + Sync>,
    bulks: AtomicUsize,
    holding: Sender<()>,
    released: (Mutex<bool>, Condvar),
    stopped: AtomicBool,
}

struct Request {
    line: String,
    head: String,
    body: Vec<u8>,
}

impl Proxy {
    /// Asks `rule` about each bulk request, by its number from 1 in the order of their arrival.
    pub(crate) fn before(live: &Live, rule: impl Fn(usize) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (holding, held) = channel();
        let host = live.url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let (bulks, released) = (AtomicUsize::new(0), (Mutex::new(false), Condvar::new()));
        let shared = Arc::new(Shared { host, rule: Box::new(rule), bulks, holding, released, stopped: AtomicBool::new(false) });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if serving.stopped.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&serving);
                // A connection that breaks is the business of whoever made it.
                std::thread::spawn(move || shared.serve(client));
            }
        });
        Self { url, shared, held }
    }

    /// Bulk requests so far.
    pub(crate) fn bulks(&self) -> usize {
        self.shared.bulks.load(Ordering::SeqCst)
    }

    /// Whether a request is held; says so once for each.
    pub(crate) fn holds(&self) -> bool {
        self.held.try_recv().is_ok()
    }

    /// Lets go what is held now, and holds nothing any more.
    pub(crate) fn release(&self) {
        let (released, told) = &self.shared.released;
        *released.lock().unwrap() = true;
        told.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.release();
        self.shared.stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
    }
}

impl Shared {
    /// One request of one connection, which is closed then.
    fn serve(&self, mut client: TcpStream) -> Option<()> {
        let request = Request::read(&client)?;
        let act = if request.line.contains("/_bulk") { self.decide() } else { Act::Pass };
        let (status, body) = match act {
            Act::Pass | Act::Hold => self.pass(&request)?,
            Act::Busy => (429, json!({ "error": busy(), "status": 429 }).to_string().into_bytes()),
            Act::Gateway => (503, b"<html><body>no node</body></html>".to_vec()),
            Act::BusyItems => self.pass_some(&request)?,
            Act::Unheard => {
                self.pass(&request)?;
                return None;
            }
        };
        let head = format!("HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nConnection: close\r\n");
        client.write_all(format!("{head}Content-Length: {}\r\n\r\n", body.len()).as_bytes()).ok()?;
        client.write_all(&body).ok()
    }

    fn decide(&self) -> Act {
        let act = (self.rule)(self.bulks.fetch_add(1, Ordering::SeqCst) + 1);
        if act == Act::Hold {
            let (released, told) = &self.released;
            let _ = self.holding.send(());
            let waited = told.wait_timeout_while(released.lock().unwrap(), PATIENCE, |released| !*released);
            assert!(*waited.unwrap().0, "nobody let the request go");
        }
        act
    }

    fn pass(&self, Request { line, head, body }: &Request) -> Option<(u16, Vec<u8>)> {
        let mut request = format!("{line}\r\n{head}Connection: close\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
        request.extend_from_slice(body);
        let answer = exchange(&self.host, &request).ok()?;
        Some((answer.status, answer.body))
    }

    /// Passes two items of three on and puts the answer together. Needs bodies that are not compressed.
    fn pass_some(&self, request: &Request) -> Option<(u16, Vec<u8>)> {
        let lines: Vec<&str> = std::str::from_utf8(&request.body).unwrap().lines().collect();
        let is_chosen = |no: usize| no.is_multiple_of(3);
        let items: Vec<_> = lines.chunks(2).collect();
        let rest: String = items
            .iter()
            .enumerate()
            .filter(|(no, _)| !is_chosen(*no))
            .flat_map(|(_, item)| item.iter())
            .fold(String::new(), |rest, line| rest + line + "\n");
        let written = if rest.is_empty() {
            Vec::new()
        } else {
            let passed = Request { line: request.line.clone(), head: request.head.clone(), body: rest.into_bytes() };
            let (status, body) = self.pass(&passed)?;
            let answer: Value = serde_json::from_slice(&body).ok()?;
            let Some(items) = answer["items"].as_array().filter(|_| status == 200) else { return Some((status, body)) };
            items.clone()
        };
        let mut written = written.into_iter();
        let refused = |line: &str| {
            let action = serde_json::from_str::<Value>(line).unwrap().as_object().unwrap().keys().next().unwrap().clone();
            json!({ action: { "status": 429, "error": busy() } })
        };
        let all = items.iter().enumerate().map(|(no, item)| if is_chosen(no) { Some(refused(item[0])) } else { written.next() });
        let items = all.collect::<Option<Vec<_>>>()?;
        Some((200, json!({ "items": items }).to_string().into_bytes()))
    }
}

/// As Elasticsearch says it.
fn busy() -> Value {
    let reason = "rejected execution of TimedRunnable on EsThreadPoolExecutor[name = node/write, queue capacity = 1]";
    json!({ "type": "es_rejected_execution_exception", "reason": reason })
}

impl Request {
    /// Reads one request; the lines of the head that are about the connection and the form of the answer are left out.
    fn read(client: &TcpStream) -> Option<Self> {
        let mut client = BufReader::new(client);
        let mut line = String::new();
        client.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut next = String::new();
            client.read_line(&mut next).ok().filter(|read| *read > 0)?;
            let Some((name, value)) = next.trim_end().split_once(": ") else { break };
            match name.to_lowercase().as_str() {
                "content-length" => length = value.parse().ok()?,
                "connection" | "accept-encoding" => {}
                _ => head.push_str(&next),
            }
        }
        let mut body = vec![0; length];
        client.read_exact(&mut body).ok()?;
        Some(Self { line: line.trim_end().to_owned(), head, body })
    }
}
