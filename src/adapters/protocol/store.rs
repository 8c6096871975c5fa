//! Documents of the two indices: read as they are now, searched, written over the version that was read.

use bytes::Bytes;
use domain::protocol::{CONNECTORS, Connector, JOBS, JobDocument, Object};
use domain::{ConnectorId, ES_CONFLICT, ES_DOC_TOO_LARGE, ES_MAPPING, ES_REFUSED, Fault, JobId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Cluster;
pub(super) use crate::elasticsearch::Version;
use crate::elasticsearch::http::{Call, segment};
use crate::elasticsearch::wire;

/// Hits of a page.
const PAGE: usize = 100;
/// The server gives no hits beyond that many.
const WINDOW: usize = 10_000;
/// How often a change is decided anew when somebody else writes in between.
pub(super) const TRIES: usize = 3;

/// A write of some fields over a version.
fn update<D: Document>(id: &str, patch: &Object, over: Version) -> Call {
    let path = format!("/{}/_update/{}?{}", D::INDEX, segment(id), over.condition());
    Call::post(path, &json!({ "doc": patch }))
}

/// The version that a write made; `None` if the document has another one than it was to be written over, or is gone.
fn read_version(answer: Result<Bytes, Fault>) -> Result<Option<Version>, Fault> {
    match answer {
        Ok(body) => serde_json::from_slice(&body).map(Some).map_err(|error| wire::unreadable(&error)),
        Err(fault) if fault.code == &ES_CONFLICT || wire::is_missing(&fault) => Ok(None),
        Err(fault) => Err(fault),
    }
}

#[derive(Deserialize)]
struct Kept {
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "_source")]
    source: Object,
    #[serde(flatten)]
    version: Version,
}

#[derive(Deserialize)]
struct Found {
    hits: Hits,
}
#[derive(Deserialize)]
struct Hits {
    hits: Vec<Kept>,
    total: Total,
}
#[derive(Deserialize)]
struct Total {
    value: usize,
}

/// A kind of documents.
pub(super) trait Document {
    /// Where they are.
    const INDEX: &'static str;
    fn read(id: String, source: Object) -> Self;
    /// Whether it is as good as not there.
    fn is_gone(&self) -> bool {
        false
    }
}

impl Document for Connector {
    const INDEX: &'static str = CONNECTORS;
    fn read(id: String, source: Object) -> Self {
        Self::new(ConnectorId::new(id), source)
    }
    fn is_gone(&self) -> bool {
        self.is_deleted()
    }
}

impl Document for JobDocument {
    const INDEX: &'static str = JOBS;
    fn read(id: String, source: Object) -> Self {
        Self::new(JobId::new(id), source)
    }
}

/// Documents that a search found, in its order.
pub(super) struct Page<D> {
    pub(super) documents: Vec<(D, Version)>,
    /// Where the next page begins, if there is one.
    pub(super) next: Option<usize>,
}

/// What became of a change.
#[derive(Debug)]
pub(super) enum Changed<D> {
    /// It was written over this document and made this version.
    Written(D, Version),
    /// The document is as it was, which is as it should be.
    Unwanted(D),
    /// There is no such document.
    Gone,
    /// Somebody else wrote in between, again and again.
    Contested,
}

impl<D> Changed<D> {
    /// For changes that have to come about.
    pub(super) fn uncontested(self) -> Result<Self, Fault> {
        match self {
            Self::Contested => Err(Fault::new(&ES_CONFLICT, format!("somebody else wrote in between {TRIES} times"))),
            other => Ok(other),
        }
    }
}

impl Cluster {
    /// A document as it is now, whether searches see it already or not.
    pub(super) async fn get<D: Document>(&self, id: &str) -> Result<Option<(D, Version)>, Fault> {
        match self.http.json::<Kept>(Call::get(format!("/{}/_doc/{}", D::INDEX, segment(id)))).await {
            Ok(kept) => Ok(Some((D::read(kept.id, kept.source), kept.version)).filter(|(document, _)| !document.is_gone())),
            Err(fault) if wire::is_missing(&fault) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Writes some fields over the version that was read; `None` if that is not the version any more.
    ///
    /// It may not be because a write of ours was carried out and its answer lost, so that it was tried again: whoever goes on after `None`
    /// has to know by what the document says then.
    pub(super) async fn set<D: Document>(&self, id: &str, patch: &Object, over: Version) -> Result<Option<Version>, Fault> {
        read_version(self.http.ask(update::<D>(id, patch, over)).await)
    }

    /// The same without another try: `None` means that nothing was written, a fault that nobody knows.
    pub(super) async fn set_once<D: Document>(&self, id: &str, patch: &Object, over: Version) -> Result<Option<Version>, Fault> {
        read_version(self.http.single(&update::<D>(id, patch, over)).await)
    }

    /// Writes some fields whatever the version.
    pub(super) async fn write<D: Document>(&self, id: &str, patch: &Object) -> Result<(), Fault> {
        let call = Call::post(format!("/{}/_update/{}", D::INDEX, segment(id)), &json!({ "doc": patch }));
        let mut tries = 1;
        loop {
            match self.http.ask(call.clone()).await {
                // The server reads the document before it writes it, and does not try again by itself.
                Err(fault) if fault.code == &ES_CONFLICT && tries < TRIES => tries += 1,
                // Deleted meanwhile.
                Err(fault) if wire::is_missing(&fault) => return Ok(()),
                outcome => return outcome.map(|_| ()),
            }
        }
    }

    /// Reads a document, decides what is to be written and writes it, anew when somebody else wrote in between.
    pub(super) async fn change<D: Document>(
        &self,
        id: &str,
        mut decide: impl FnMut(&D) -> Result<Option<Object>, Fault>,
    ) -> Result<Changed<D>, Fault> {
        for _ in 0..TRIES {
            let Some((document, version)) = self.get::<D>(id).await? else { return Ok(Changed::Gone) };
            let Some(patch) = decide(&document)?.filter(|patch| !patch.is_empty()) else { return Ok(Changed::Unwanted(document)) };
            if let Some(version) = self.set::<D>(id, &patch, version).await? {
                return Ok(Changed::Written(document, version));
            }
        }
        Ok(Changed::Contested)
    }

    /// One page of what a query finds; `sort` null for no order.
    pub(super) async fn search<D: Document>(&self, query: &Value, sort: &Value, from: usize) -> Result<Page<D>, Fault> {
        let mut body = json!({ "from": from, "size": PAGE, "seq_no_primary_term": true, "query": query });
        if !sort.is_null() {
            body["sort"] = sort.clone();
        }
        let path = format!("/{}/_search?expand_wildcards=hidden", D::INDEX);
        let Found { hits: Hits { hits, total } } = self.http.json(Call::post(path, &body)).await?;
        let next = from + hits.len();
        let more = !hits.is_empty() && next < total.value && next + PAGE <= WINDOW;
        let documents = hits.into_iter().map(|kept| (D::read(kept.id, kept.source), kept.version)).collect();
        Ok(Page { documents, next: more.then_some(next) })
    }

    /// Everything that a query finds.
    pub(super) async fn search_all<D: Document>(&self, query: &Value, sort: &Value) -> Result<Vec<(D, Version)>, Fault> {
        let (mut all, mut next) = (Vec::new(), Some(0));
        while let Some(from) = next {
            let page = self.search(query, sort, from).await?;
            all.extend(page.documents);
            next = page.next;
        }
        Ok(all)
    }
}

/// Whether a fault is about one document and says nothing of others.
pub(super) fn is_about_one(fault: &Fault) -> bool {
    [&ES_REFUSED, &ES_CONFLICT, &ES_MAPPING, &ES_DOC_TOO_LARGE].contains(&fault.code)
}
