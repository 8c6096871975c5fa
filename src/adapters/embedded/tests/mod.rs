//! The embedded index as its users see it.

mod access;
mod board;
mod files;
mod holds;
mod migrate;
mod search;
mod sights;
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

/// The same target for the access documents of its index.
fn access_target(run: &str) -> Target {
    Target { index: IndexName::new(domain::access::access_index(INDEX)), ..target("c", run) }
}

/// A Salesforce user.
fn user_id(no: usize) -> domain::RecordId {
    format!("005{no:012}").parse().unwrap()
}

/// A document that lists tokens, or does not say who may find it.
fn closed(no: usize, kind: &str, text: &str, tokens: Option<&[&str]>) -> BulkOp {
    let mut body = serde_json::json!({"attributes": {"type": kind}, "Id": id(no).as_str(), "Name": text});
    if let Some(tokens) = tokens {
        body["_allow_access_control"] = serde_json::json!(tokens);
    }
    put(no, &body.to_string())
}

/// The access document of a user.
fn holder(no: usize, name: &str, email: &str, tokens: &[&str]) -> BulkOp {
    let id = user_id(no);
    let tokens: Vec<_> = tokens.iter().map(|token| (*token).to_owned()).chain([format!("email:{email}")]).collect();
    let body = serde_json::json!({
        "_timestamp": "2024-01-01T00:00:00Z", "id": id.as_str(),
        "identity": {"email": format!("email:{email}"), "username": format!("user:{name}"), "user_id": format!("user_id:{id}")},
        "created_at": "2024-01-01T00:00:00Z",
        "query": {"template": {"params": {"access_control": tokens}, "source": "{}"}},
    });
    BulkOp::Put(Document { id, body: body.to_string().into_bytes() })
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
