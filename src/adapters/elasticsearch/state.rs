//! The index of our own: each document is written only over the version that was read.

use domain::{ES_CONFLICT, ES_TAKEN_OVER, Fault};
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::{Call, segment};
use super::{Elastic, bulk, wire};

/// A version of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Version {
    #[serde(rename = "_seq_no")]
    seq_no: i64,
    #[serde(rename = "_primary_term")]
    primary_term: i64,
}

impl Version {
    /// The part of a request's query by which it is carried out over this version and no other.
    pub(crate) fn condition(self) -> String {
        let Self { seq_no, primary_term } = self;
        format!("if_seq_no={seq_no}&if_primary_term={primary_term}")
    }
}

/// A document and its version.
#[derive(Debug, Deserialize)]
pub(super) struct Kept {
    #[serde(rename = "_id")]
    pub(super) id: String,
    #[serde(rename = "_source")]
    pub(super) source: Value,
    #[serde(flatten)]
    pub(super) version: Version,
}

#[derive(Deserialize)]
struct Found {
    hits: Hits,
}
#[derive(Deserialize)]
struct Hits {
    hits: Vec<Kept>,
}

impl Elastic {
    fn state_path(&self, rest: &str) -> String {
        format!("/{}{rest}", segment(&self.config.state_index))
    }

    /// Creates the index unless that was done.
    pub(super) async fn state_ready(&self) -> Result<(), Fault> {
        if self.state_made.get() {
            return Ok(());
        }
        let keyword = json!({ "type": "keyword" });
        let body = json!({
            "settings": { "index.hidden": true, "index.number_of_shards": 1, "index.auto_expand_replicas": "0-1" },
            "mappings": { "dynamic": false, "properties": {
                "what": keyword, "connector": keyword, "status": keyword, "run": keyword, "job": keyword, "code": keyword, "index": keyword,
                "order": { "type": "long" }, "seen": { "type": "date" }, "at": { "type": "date" },
            } },
        });
        self.http.create(Call::put(self.state_path(""), &body)).await?;
        self.state_made.set(true);
        Ok(())
    }

    /// A document as it is now, whether searches see it already or not.
    pub(super) async fn get(&self, id: &str) -> Result<Option<Kept>, Fault> {
        match self.http.json(Call::get(self.state_path(&format!("/_doc/{}", segment(id))))).await {
            Ok(kept) => Ok(Some(kept)),
            // No document, or no index yet.
            Err(fault) if wire::is_missing(&fault) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Writes a document over `before` (`None`: where none is) and remembers the version; `None` if somebody was faster.
    pub(super) async fn put(&self, id: &str, mut source: Value, before: Option<Version>) -> Result<Option<Version>, Fault> {
        self.state_ready().await?;
        // Tells a write of ours whose answer was lost from one of somebody else.
        let stamp = format!("{}-{}", self.owner, self.writes.get());
        self.writes.set(self.writes.get() + 1);
        source["stamp"] = json!(stamp);
        source["owner"] = json!(self.owner);
        let id_part = segment(id);
        // Only jobs are searched for; everything else is asked for by its id, which needs no refresh.
        let refresh = if id.starts_with("job:") { "true" } else { "false" };
        let path = match before {
            Some(version) => format!("/_doc/{id_part}?{}&refresh={refresh}", version.condition()),
            None => format!("/_create/{id_part}?refresh={refresh}"),
        };
        let version = match self.http.json::<Version>(Call::put(self.state_path(&path), &source)).await {
            Ok(version) => Some(version),
            Err(fault) if fault.code == &ES_CONFLICT => {
                self.get(id).await?.filter(|kept| kept.source["stamp"].as_str() == Some(&stamp)).map(|kept| kept.version)
            }
            Err(fault) => return Err(fault),
        };
        if let Some(version) = version {
            self.held.borrow_mut().insert(id.to_owned(), version);
        }
        Ok(version)
    }

    /// Writes a document that this process has claimed. Fault: `ES_TAKEN_OVER` when somebody else has written it since.
    pub(super) async fn put_held(&self, id: &str, source: Value) -> Result<(), Fault> {
        loop {
            let held = self.held.borrow().get(id).copied();
            if self.put(id, source.clone(), held).await?.is_some() {
                return Ok(());
            }
            // A write of ours that nobody waited for to the end is no other process.
            match self.get(id).await? {
                Some(kept) if kept.source["owner"].as_str() == Some(&self.owner) => {
                    self.held.borrow_mut().insert(id.to_owned(), kept.version);
                }
                _ => return Err(Fault::new(&ES_TAKEN_OVER, format!("another process took over `{id}`"))),
            }
        }
    }

    /// Writes documents whatever is there, in one request. A document that cannot be written at all is a fault.
    pub(super) async fn overwrite(&self, documents: Vec<(String, Value)>) -> Result<(), Fault> {
        self.state_ready().await?;
        let lines = |documents: &[(String, Value)]| bulk::indexing(&self.config.state_index, documents);
        self.until_done(documents, lines, |_| false).await.map(|_| ())
    }

    /// Documents that a query finds, in its order.
    pub(super) async fn find(&self, query: &Value) -> Result<Vec<Kept>, Fault> {
        let path = self.state_path("/_search?ignore_unavailable=true&seq_no_primary_term=true&allow_partial_search_results=false");
        let Found { hits: Hits { hits } } = self.http.json(Call::post(path, query)).await?;
        Ok(hits)
    }

    /// Deletes documents that a query finds.
    pub(super) async fn forget(&self, query: &Value) -> Result<(), Fault> {
        let path = self.state_path("/_delete_by_query?ignore_unavailable=true&conflicts=proceed&refresh=true");
        self.http.ask(Call::post(path, query)).await.map(|_| ())
    }
}
