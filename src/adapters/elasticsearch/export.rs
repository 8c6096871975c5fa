//! All documents of an index, sorted by id: the ids are gathered and sorted, the documents fetched a page at a time.

use std::io;

use domain::{ES_INDEX_GONE, Fault};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::Elastic;
use super::http::{Call, segment};
use crate::export::ExportError;

/// Ids in one answer.
const IDS: usize = 10_000;
/// Documents in one answer.
const DOCUMENTS: usize = 200;

#[derive(Deserialize)]
struct Found {
    #[serde(rename = "_scroll_id")]
    scroll: String,
    hits: Hits,
}
#[derive(Deserialize)]
struct Hits {
    /// Left out of the answer when there are none.
    #[serde(default)]
    hits: Vec<Hit>,
}
#[derive(Deserialize)]
struct Hit {
    #[serde(rename = "_id")]
    id: String,
}

#[derive(Deserialize)]
struct Documents<'a> {
    #[serde(borrow)]
    docs: Vec<Document<'a>>,
}
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(rename = "_id")]
    id: String,
    #[serde(borrow, default, rename = "_source")]
    source: Option<&'a RawValue>,
}

impl Elastic {
    /// Gives every document of an index to `each`, as id and JSON, in the order of ids. Holds all ids, and one page of documents.
    ///
    /// A document that is written meanwhile is given as it is when its page is fetched; one that is deleted meanwhile is left out.
    ///
    /// # Errors
    /// There is no such index, it cannot be read, or `each` fails.
    pub async fn export(&self, index: &str, mut each: impl FnMut(&str, &[u8]) -> io::Result<()>) -> Result<u64, ExportError> {
        let mut ids = self.ids(index).await?;
        ids.sort_unstable();
        let mut written = 0;
        for page in ids.chunks(DOCUMENTS) {
            let body = self.http.ask(Call::post(format!("/{}/_mget", segment(index)), &json!({ "ids": page }))).await?;
            let Documents { docs } = serde_json::from_slice(&body).map_err(|error| super::wire::unreadable(&error))?;
            for Document { id, source } in docs {
                let Some(source) = source else { continue };
                each(&id, source.get().as_bytes())?;
                written += 1;
            }
        }
        Ok(written)
    }

    async fn ids(&self, index: &str) -> Result<Vec<String>, Fault> {
        // The total keeps `hits` in an answer that has none.
        let path = format!("/{}/_search?scroll=2m&filter_path=_scroll_id,hits.hits._id,hits.total", segment(index));
        let first = json!({ "size": IDS, "sort": ["_doc"], "_source": false });
        let mut found: Found = self.http.json(Call::post(path, &first)).await.map_err(|fault| match fault.code == &ES_INDEX_GONE {
            true => Fault::new(&ES_INDEX_GONE, format!("there is no index `{index}`")),
            false => fault,
        })?;
        let mut ids = Vec::new();
        while !found.hits.hits.is_empty() {
            ids.extend(found.hits.hits.drain(..).map(|hit| hit.id));
            let more = json!({ "scroll": "2m", "scroll_id": found.scroll });
            found = self.http.json(Call::post("/_search/scroll?filter_path=_scroll_id,hits.hits._id,hits.total", &more)).await?;
        }
        // It would go by itself after two minutes; whether it does so earlier is no concern of whoever exports.
        let _ = self.http.ask(Call::delete("/_search/scroll", &json!({ "scroll_id": found.scroll }))).await;
        Ok(ids)
    }
}
