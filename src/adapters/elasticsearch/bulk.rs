//! Bulk requests: their lines, and what became of each item.

use domain::json::push_string;
use domain::{BulkOp, ES_CONFLICT, ES_DOC_TOO_LARGE, ES_UNREADABLE, Fault, ItemOutcome};
use serde::Deserialize;
use serde_json::Value;

use super::Elastic;
use super::http::segment;
use super::wire::{self, Complaint, Item};

/// Only this of an answer: ids and versions of thousands of documents would be read for nothing.
const FILTER: &str = "filter_path=items.*.status,items.*.error";

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    items: Vec<Entry>,
}

/// `{"index":{...}}`, whatever the action.
#[derive(Deserialize)]
struct Entry {
    #[serde(alias = "create", alias = "update", alias = "delete")]
    index: Told,
}

#[derive(Deserialize)]
struct Told {
    status: u16,
    #[serde(default)]
    error: Option<Complaint>,
}

/// A document of a search, as a delete names it: gone only if nobody touched it since.
pub(super) struct Doomed {
    pub(super) id: String,
    pub(super) routing: Option<String>,
    pub(super) seq_no: i64,
    pub(super) primary_term: i64,
}

/// The lines of a batch.
pub(super) fn lines(index: &str, ops: &[BulkOp]) -> Vec<u8> {
    let mut out = Vec::with_capacity(ops.iter().map(|op| op.bytes() + index.len() + 32).sum());
    for op in ops {
        match op {
            BulkOp::Put(document) => {
                action(&mut out, "index", index, document.id.as_str());
                out.extend_from_slice(b"}}\n");
                out.extend_from_slice(&document.body);
            }
            BulkOp::Keep(id) => {
                action(&mut out, "update", index, id.as_str());
                // An update that changes nothing and is yet carried out: it moves the document's sequence number beyond the mark.
                out.extend_from_slice(b",\"retry_on_conflict\":3}}\n{\"doc\":{},\"detect_noop\":false}");
            }
        }
        out.push(b'\n');
    }
    out
}

fn deletes(index: &str, doomed: &[Doomed]) -> Vec<u8> {
    let mut out = Vec::with_capacity(doomed.len() * (index.len() + 128));
    for Doomed { id, routing, seq_no, primary_term } in doomed {
        action(&mut out, "delete", index, id);
        if let Some(routing) = routing {
            out.extend_from_slice(b",\"routing\":");
            push_string(&mut out, routing);
        }
        out.extend_from_slice(format!(",\"if_seq_no\":{seq_no},\"if_primary_term\":{primary_term}}}}}\n").as_bytes());
    }
    out
}

/// Lines that write documents, each with its id, whatever is there.
pub(super) fn indexing(index: &str, documents: &[(String, Value)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (id, document) in documents {
        action(&mut out, "index", index, id);
        out.extend_from_slice(format!("}}}}\n{document}\n").as_bytes());
    }
    out
}

/// An action up to its id; the caller closes it.
fn action(out: &mut Vec<u8>, name: &str, index: &str, id: &str) {
    out.extend_from_slice(format!("{{\"{name}\":{{\"_index\":").as_bytes());
    push_string(out, index);
    out.extend_from_slice(b",\"_id\":");
    push_string(out, id);
}

impl Elastic {
    /// Writes a batch. One that is too large for a request goes in halves.
    pub(super) async fn write(&self, index: &str, ops: &[BulkOp]) -> Result<Vec<ItemOutcome>, Fault> {
        let path = match &self.config.pipeline {
            Some(pipeline) => format!("/_bulk?pipeline={}&{FILTER}", segment(pipeline)),
            None => format!("/_bulk?{FILTER}"),
        };
        let mut outcomes = Vec::with_capacity(ops.len());
        let mut todo = vec![ops];
        while let Some(part) = todo.pop() {
            match self.bulk(&path, lines(index, part), part.len()).await {
                Ok(items) => outcomes.extend(items.into_iter().map(outcome).collect::<Result<Vec<_>, _>>()?),
                Err(fault) if fault.code == &ES_DOC_TOO_LARGE && part.len() > 1 => {
                    let (first, rest) = part.split_at(part.len() / 2);
                    todo.extend([rest, first]);
                }
                Err(fault) if fault.code == &ES_DOC_TOO_LARGE => outcomes.push(ItemOutcome::SetAside(fault)),
                Err(fault) => return Err(fault),
            }
        }
        Ok(outcomes)
    }

    /// Deletes documents that nobody touched since they were found; returns how many.
    pub(super) async fn delete(&self, index: &str, doomed: Vec<Doomed>) -> Result<u64, Fault> {
        // A conflict: somebody wrote it meanwhile.
        self.until_done(doomed, |doomed| deletes(index, doomed), |fault| fault.code == &ES_CONFLICT).await
    }

    /// Sends things until none of them has to come again; returns how many were done. Reasons that are `enough` are not tried again.
    pub(super) async fn until_done<T>(
        &self,
        mut left: Vec<T>,
        lines: impl Fn(&[T]) -> Vec<u8>,
        enough: impl Fn(&Fault) -> bool,
    ) -> Result<u64, Fault> {
        let (mut done, mut tries) = (0, self.http.tries_of_items());
        while !left.is_empty() {
            let items = self.bulk(&format!("/_bulk?{FILTER}"), lines(&left), left.len()).await?;
            let (mut again, mut reason) = (Vec::new(), None);
            for (one, item) in left.into_iter().zip(items) {
                match item {
                    Item::Done => done += 1,
                    // Somebody was faster.
                    Item::Missing => {}
                    Item::Retry(fault) if enough(&fault) => {}
                    Item::Retry(fault) => {
                        again.push(one);
                        reason = Some(fault);
                    }
                    Item::Refused(fault) | Item::Stop(fault) => return Err(fault),
                }
            }
            left = again;
            if let Some(fault) = reason
                && !tries.another(&fault).await
            {
                return Err(fault);
            }
        }
        Ok(done)
    }

    /// Sends one bulk request until it is answered. Each try passes the gate; the waits between do not hold a place.
    async fn bulk(&self, path: &str, lines: Vec<u8>, count: usize) -> Result<Vec<Item>, Fault> {
        let call = self.http.bulk(path, lines)?;
        let mut tries = self.http.tries();
        loop {
            let pass = self.gate.pass().await;
            let answer = self.http.once(&call).await.and_then(|body| read(&body, count));
            let overloaded = match &answer {
                Ok(items) => items.iter().any(|item| matches!(item, Item::Retry(fault) if wire::is_overload(fault))),
                Err(fault) => wire::is_overload(fault),
            };
            pass.done(overloaded);
            match answer {
                Err(fault) if tries.another(&fault).await => {}
                outcome => return outcome,
            }
        }
    }
}

fn read(body: &[u8], count: usize) -> Result<Vec<Item>, Fault> {
    let Answer { items } = serde_json::from_slice(body).map_err(|error| wire::unreadable(&error))?;
    if items.len() != count {
        return Err(Fault::new(&ES_UNREADABLE, format!("the answer speaks of {} of {count} items", items.len())));
    }
    Ok(items.into_iter().map(|entry| wire::item(entry.index.status, entry.index.error.as_ref())).collect())
}

fn outcome(item: Item) -> Result<ItemOutcome, Fault> {
    match item {
        // A document to keep that is not there has nothing to lose.
        Item::Done | Item::Missing => Ok(ItemOutcome::Written),
        Item::Retry(fault) if fault.code == &ES_CONFLICT => Ok(ItemOutcome::Conflict(fault)),
        Item::Retry(fault) => Ok(ItemOutcome::Retry(fault)),
        Item::Refused(fault) => Ok(ItemOutcome::SetAside(fault)),
        Item::Stop(fault) => Err(fault),
    }
}
