//! The embedded index as its users see it.

mod board;
mod files;
mod holds;
mod search;
mod sink;

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use domain::{BulkOp, ConnectorId, Document, Fault, IndexName, ItemOutcome, RunId, Timestamp};
use ports::fakes::FakeClock;
use ports::{Sink, Target};

use super::{Embedded, Reader, SearchRequest};

const INDEX: &str = "search-salesforce";

fn open(dir: &Path) -> Result<Embedded, Fault> {
    Embedded::open(dir, Arc::new(FakeClock(Timestamp::UNIX_EPOCH)))
}

fn fresh() -> (TempDir, Embedded) {
    let dir = TempDir::new().unwrap();
    let index = open(dir.path()).unwrap();
    (dir, index)
}

fn target(connector: &str, run: &str) -> Target {
    Target { connector: ConnectorId::new(connector), index: IndexName::new(INDEX), run: RunId::new(run), mark: None }
}

/// Ids in the order of their numbers.
fn id(no: usize) -> domain::RecordId {
    format!("001{no:012}").parse().unwrap()
}

fn put(no: usize, body: &str) -> BulkOp {
    BulkOp::Put(Document { id: id(no), body: body.as_bytes().to_vec() })
}

/// An account with some text.
fn account(no: usize, name: &str, text: &str) -> BulkOp {
    put(no, &format!(r#"{{"attributes":{{"type":"Account"}},"Id":"{}","Name":"{name}","Description":"{text}"}}"#, id(no)))
}

async fn submit(index: &Embedded, target: &Target, ops: Vec<BulkOp>) {
    let wanted = vec![ItemOutcome::Written; ops.len()];
    assert_eq!(index.submit(target, Arc::new(ops)).await.unwrap(), wanted);
}

/// Ids of what is found, best first.
fn found(reader: &Reader, text: &str) -> Vec<String> {
    let request = SearchRequest { text: text.to_owned(), size: 100, ..SearchRequest::default() };
    reader.search(&request).unwrap().hits.into_iter().map(|hit| hit.id).collect()
}

/// The ids with these numbers, as text.
fn ids(numbers: &[usize]) -> Vec<String> {
    numbers.iter().map(|no| id(*no).to_string()).collect()
}
