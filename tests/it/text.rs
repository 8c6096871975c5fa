//! The text of files from a service, through the whole engine over HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use actors::supervisor::Monitor;
use adapters::embedded::Embedded;
use domain::{Ended, JobStatus, TX_UNREACHABLE};
use serde_json::Value;
use simulator::faults::FaultPlan;
use sluice::app::{self, Index};
use sluice::clock::SystemClock;
use sluice::plan::{ExtractionPlan, TextPlan};
use tokio::sync::watch;

use crate::golden::cases;

/// A service that makes of a file what it is told; `None` leaves without a word. Ends with the test's process.
fn service(answer: impl Fn(&[u8]) -> Option<String> + Send + 'static) -> (String, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let (host, asked) = (format!("http://{}", listener.local_addr().unwrap()), Arc::new(Mutex::new(0)));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            *count.lock().unwrap() += 1;
            // A client that leaves is no matter of the service.
            let _ = serve(socket.unwrap(), &answer);
        }
    });
    (host, asked)
}

fn serve(mut socket: TcpStream, answer: &dyn Fn(&[u8]) -> Option<String>) -> std::io::Result<()> {
    let mut reader = BufReader::new(socket.try_clone()?);
    let mut line = String::new();
    let (mut content, mut is_empty) = (Vec::new(), false);
    while reader.read_line(&mut line)? > 0 && line.trim_end() != "" {
        is_empty |= line.eq_ignore_ascii_case("content-length: 0\r\n");
        line.clear();
    }
    let mut left = usize::from(!is_empty);
    while left > 0 {
        line.clear();
        reader.read_line(&mut line)?;
        // Empty when the client has broken off.
        left = usize::from_str_radix(line.trim_end(), 16).map_err(std::io::Error::other)?;
        let start = content.len();
        content.resize(start + left + 2, 0);
        reader.read_exact(&mut content[start..])?;
        content.truncate(start + left);
    }
    let Some(body) = answer(&content) else { return Ok(()) };
    write!(socket, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// Syncs the golden org with the text of files from `host`; gives how it ended and the documents of files.
fn synced(host: Option<String>) -> (Ended, Vec<Value>) {
    let org = cases::org(None, FaultPlan::default());
    let data = tempfile::tempdir().unwrap();
    let mut plan = cases::plan(&org, data.path(), "full");
    plan.connectors[0].text = TextPlan::Service;
    plan.files.service = host.map(|host| ExtractionPlan { host, timeout: std::time::Duration::from_secs(10), chunk: 7, shared: None });
    let mut files = Vec::new();
    let ended = actix_rt::System::new().block_on(async {
        let embedded = Embedded::open(data.path(), Arc::new(SystemClock)).unwrap();
        let reader = embedded.reader();
        let (_stop, stopped) = watch::channel(false);
        let index = Index::new(Rc::new(embedded));
        let connector = plan.connector(None).unwrap();
        let (_, ended) =
            app::run_job(&plan, connector, domain::JobType::Full, &index, Arc::new(Monitor::default()), stopped).await.unwrap();
        let read = |_: &str, body: &[u8]| {
            files.push(serde_json::from_slice::<Value>(body).unwrap());
            Ok(())
        };
        reader.export("golden", read).unwrap();
        ended
    });
    files.retain(|document| document["type"] == "content_document");
    (ended, files)
}

#[test]
fn the_text_that_a_service_makes_of_files_is_their_body() {
    let (host, asked) = service(|content| Some(serde_json::json!({ "extracted_text": format!("{} bytes", content.len()) }).to_string()));
    let (ended, files) = synced(Some(host));
    assert_eq!((ended.status, ended.fault), (JobStatus::Completed, None));
    let with_text: Vec<_> = files.iter().filter(|file| !file["body"].is_null()).collect();
    assert!(!with_text.is_empty() && with_text.len() == *asked.lock().unwrap() && ended.counts.files == with_text.len() as u64);
    for file in with_text {
        assert_eq!(file["body"], format!("{} bytes", file["content_size"]), "{file}");
    }
    assert!(files.iter().all(|file| file["_attachment"].is_null()));
}

#[test]
fn a_service_that_is_away_ends_the_job_and_one_that_breaks_on_a_file_does_not() {
    let (host, _) = service(|content| (content.len() % 2 == 0).then(|| r#"{"extracted_text":"even"}"#.to_owned()));
    let (ended, files) = synced(Some(host));
    assert_eq!(ended.status, JobStatus::Completed);
    let odd = |file: &Value| file["content_size"].as_u64().unwrap() % 2 == 1;
    assert!(files.iter().any(odd) && files.iter().filter(|file| odd(file)).all(|file| file["body"].is_null()));
    assert!(ended.counts.set_aside > 0 && files.iter().any(|file| file["body"] == "even"));
    let (ended, files) = synced(Some("http://127.0.0.1:1".to_owned()));
    assert_eq!((ended.status, ended.fault.map(|fault| fault.code)), (JobStatus::Error, Some(&TX_UNREACHABLE)));
    assert!(files.iter().all(|file| file["body"].is_null()));
}

#[test]
fn without_a_service_files_are_indexed_by_what_is_known_of_them() {
    let (ended, files) = synced(None);
    assert_eq!((ended.status, ended.counts.files, ended.counts.set_aside), (JobStatus::Completed, 0, 0));
    assert!(!files.is_empty() && files.iter().all(|file| file["body"].is_null() && file["_attachment"].is_null()));
}
