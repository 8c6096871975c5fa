//! What a cluster can be asked before a job: its licence, what a user may do, what is behind a name, connectors that are defined in it.
//!
//! Nothing here writes.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::protocol::{CONNECTORS, Connector, JOBS};
use domain::{ConnectorId, ES_FORBIDDEN, ES_INDEX_GONE, ES_REFUSED, Fault};
use ports::Secret;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::http::{Call, segment};
use super::{Elastic, ElasticAuth, ElasticConfig, ServerKind, mark, wire};

/// For documents: bulk requests, the pages of a sweep and of an export, `_stats` for the mark of a run, `GET` of the index, `_refresh`.
const DOCUMENTS: &[&str] = &["read", "write", "monitor", "view_index_metadata", "maintenance"];
/// The same where the index is yet to be made.
const NEW_INDEX: &[&str] = &["read", "write", "monitor", "view_index_metadata", "maintenance", "create_index"];
/// For jobs and checkpoints. Every process begins with an attempt to make the index, so that the right to is needed even if it is there.
const STATE: &[&str] = &["read", "write", "maintenance", "create_index"];
/// For connectors and jobs of the connector protocol.
const PROTOCOL: &[&str] = &["read", "write"];
/// For its API.
const MANAGE_CONNECTOR: &str = "manage_connector";
/// Both servers take so many fields in one index unless its settings say otherwise.
const DEFAULT_FIELD_LIMIT: usize = 1000;

/// The licence of an Elasticsearch cluster.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Licence {
    /// `basic`, `trial`, `platinum`, ...
    #[serde(rename = "type")]
    pub kind: String,
    /// `active`, `expired` or `invalid`.
    pub status: String,
}

impl Licence {
    /// Whether it covers document level security.
    pub fn covers_document_security(&self) -> bool {
        self.status == "active" && ["platinum", "enterprise", "trial"].contains(&self.kind.as_str())
    }
}

/// Privileges that something needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    cluster: Vec<&'static str>,
    indices: Vec<(String, &'static [&'static str])>,
}

impl Needs {
    /// For the documents of an index that is there.
    pub fn documents(index: &str) -> Self {
        Self { cluster: Vec::new(), indices: vec![(index.to_owned(), DOCUMENTS)] }
    }

    /// For the documents of an index that a job has to make.
    pub fn new_index(index: &str) -> Self {
        Self { cluster: Vec::new(), indices: vec![(index.to_owned(), NEW_INDEX)] }
    }

    /// What both need.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.cluster.extend(other.cluster);
        self.indices.extend(other.indices);
        self
    }

    /// For the cluster itself, and for jobs and checkpoints in an index of our own.
    pub fn state(index: &str) -> Self {
        Self { cluster: vec!["monitor"], indices: vec![(index.to_owned(), STATE)] }
    }

    /// And for connectors that are defined in the cluster.
    #[must_use]
    pub fn and_protocol(mut self) -> Self {
        self.indices.extend([CONNECTORS, JOBS].map(|index| (index.to_owned(), PROTOCOL)));
        self
    }

    /// And for the Connector API.
    #[must_use]
    pub fn and_connector_api(mut self) -> Self {
        self.cluster.push(MANAGE_CONNECTOR);
        self
    }
}

/// What a user may do of what is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Privileges {
    /// All of it.
    Held,
    /// Not all.
    Lacking(Vec<Lack>),
    /// The server does not ask who anybody is.
    SecurityOff,
}

/// Privileges that are lacking at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// An index; `None` for the cluster.
    pub index: Option<String>,
    /// Names, as the server spells them.
    pub privileges: Vec<String>,
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behind {
    /// Nothing yet.
    Nothing,
    /// One index that takes documents.
    Index(IndexFacts),
    /// Several indices, by their true names.
    Several(Vec<String>),
    /// A data stream, whose documents cannot be replaced.
    DataStream,
}

/// What an index says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexFacts {
    /// Its true name.
    pub name: String,
    /// Fields in its mapping, objects and multi-fields included.
    pub mapped: usize,
    /// How many there may be.
    pub limit: usize,
    /// What becomes of fields that are not in the mapping.
    pub unmapped: Unmapped,
}

/// What an index does with fields that are not in its mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmapped {
    /// Keeps them without making them searchable.
    Kept,
    /// Adds them to the mapping, up to the limit; refuses documents with more.
    Added,
    /// Refuses the document.
    Refused,
}

/// Whether an ingest pipeline is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PipelineFound {
    /// It is.
    There,
    /// It is not.
    Missing,
    /// This user may not look; who may not look may still write through it.
    Hidden,
}

impl Elastic {
    /// The same cluster, asked with another key.
    ///
    /// # Errors
    /// `CF_INVALID`: the key cannot be sent.
    pub fn with_key(&self, key: &Secret) -> Result<Self, Fault> {
        let config = ElasticConfig { auth: ElasticAuth::ApiKey(key.clone()), ..self.config.clone() };
        Self::beside(config, self.server.clone(), Arc::clone(&self.clock))
    }

    /// The licence, if the server has such a thing.
    ///
    /// # Errors
    /// Whatever keeps the server from saying.
    pub async fn licence(&self) -> Result<Option<Licence>, Fault> {
        #[derive(Deserialize)]
        struct Answer {
            license: Licence,
        }
        if self.server.kind == ServerKind::OpenSearch {
            return Ok(None);
        }
        match self.http.json::<Answer>(Call::get("/_license")).await {
            Ok(answer) => Ok(Some(answer.license)),
            Err(fault) if is_no_request_here(&fault) || wire::is_missing(&fault) => Ok(None),
            Err(fault) => Err(fault.context("ask for the licence")),
        }
    }

    /// Which of the privileges that are needed this user has. Elasticsearch only: OpenSearch has no such question.
    ///
    /// # Errors
    /// Whatever keeps the server from saying.
    pub async fn privileges(&self, needs: &Needs) -> Result<Privileges, Fault> {
        let lacking = match self.lacking(needs).await {
            // Older servers have the API without a privilege for it alone.
            Err(fault) if fault.code == &ES_REFUSED && fault.message.contains("unknown cluster privilege [manage_connector]") => {
                let cluster = needs.cluster.iter().copied().filter(|name| *name != MANAGE_CONNECTOR).collect();
                self.lacking(&Needs { cluster, ..needs.clone() }).await
            }
            other => other,
        };
        match lacking {
            Ok(lacking) if lacking.is_empty() => Ok(Privileges::Held),
            Ok(lacking) => Ok(Privileges::Lacking(lacking)),
            Err(fault) if is_no_request_here(&fault) => Ok(Privileges::SecurityOff),
            Err(fault) => Err(fault.context("ask for privileges")),
        }
    }

    async fn lacking(&self, needs: &Needs) -> Result<Vec<Lack>, Fault> {
        type Held = BTreeMap<String, bool>;
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            cluster: Held,
            #[serde(default)]
            index: BTreeMap<String, Held>,
        }
        let indices: Vec<_> = needs.indices.iter().map(|(index, names)| json!({ "names": [index], "privileges": names })).collect();
        let question = json!({ "cluster": needs.cluster, "index": indices });
        let held: Answer = self.http.json(Call::post("/_security/user/_has_privileges", &question)).await?;
        // By what was asked, so that an answer that says nothing of something does not grant it.
        let lack = |index: Option<&str>, names: &[&'static str], held: Option<&Held>| {
            let has = |name: &&'static str| held.and_then(|held| held.get(*name)) == Some(&true);
            let privileges: Vec<_> = names.iter().filter(|name| !has(name)).map(|name| (*name).to_owned()).collect();
            (!privileges.is_empty()).then(|| Lack { index: index.map(str::to_owned), privileges })
        };
        let of_indices = needs.indices.iter().map(|(index, names)| lack(Some(index.as_str()), names, held.index.get(index)));
        Ok(std::iter::once(lack(None, &needs.cluster, Some(&held.cluster))).chain(of_indices).flatten().collect())
    }

    /// What the name of an index stands for.
    ///
    /// # Errors
    /// `ES_INDEX_CLOSED`, `ES_READ_ONLY`: an index that takes no documents. Whatever keeps the server from saying.
    pub async fn behind(&self, index: &str) -> Result<Behind, Fault> {
        let path = format!("/{}?flat_settings=true&filter_path=*.settings,*.mappings,*.data_stream", segment(index));
        let indices = match self.http.json::<BTreeMap<String, Value>>(Call::get(path)).await {
            Ok(indices) => indices,
            Err(fault) if fault.code == &ES_INDEX_GONE => return Ok(Behind::Nothing),
            Err(fault) => return Err(fault.context(format_args!("look at the index `{index}`"))),
        };
        if indices.values().any(|found| found["data_stream"].is_string()) {
            return Ok(Behind::DataStream);
        }
        if indices.len() > 1 {
            return Ok(Behind::Several(indices.into_keys().collect()));
        }
        mark::check(&indices)?;
        Ok(indices.into_iter().next().map_or(Behind::Nothing, |(name, found)| Behind::Index(facts(name, &found))))
    }

    /// Whether an ingest pipeline is there.
    ///
    /// # Errors
    /// Whatever keeps the server from saying.
    pub async fn pipeline(&self, name: &str) -> Result<PipelineFound, Fault> {
        self.find_pipeline(name).await.map_err(|fault| fault.context(format_args!("look at the ingest pipeline `{name}`")))
    }

    pub(super) async fn find_pipeline(&self, name: &str) -> Result<PipelineFound, Fault> {
        match self.http.ask(Call::get(format!("/_ingest/pipeline/{}", segment(name)))).await {
            Ok(_) => Ok(PipelineFound::There),
            Err(fault) if wire::is_missing(&fault) => Ok(PipelineFound::Missing),
            Err(fault) if fault.code == &ES_FORBIDDEN => Ok(PipelineFound::Hidden),
            Err(fault) => Err(fault),
        }
    }

    /// A connector that is defined in the cluster, if there is such a one.
    ///
    /// # Errors
    /// Whatever keeps the server from saying.
    pub async fn connector_document(&self, id: &ConnectorId) -> Result<Option<Connector>, Fault> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(rename = "_source")]
            source: Map<String, Value>,
        }
        match self.http.json::<Answer>(Call::get(format!("/{CONNECTORS}/_doc/{}", segment(id.as_str())))).await {
            Ok(answer) => Ok(Some(Connector::new(id.clone(), answer.source))),
            // No connector of this name, or none at all yet.
            Err(fault) if fault.code == &ES_INDEX_GONE || wire::is_missing(&fault) => Ok(None),
            Err(fault) => Err(fault.context(format_args!("read the connector `{id}`"))),
        }
    }
}

/// Whether the server knows no such request: a feature of it is off, or it never had it.
fn is_no_request_here(fault: &Fault) -> bool {
    ["no handler found", "answered 405", "answered 410"].iter().any(|words| fault.message.contains(words))
}

fn facts(name: String, found: &Value) -> IndexFacts {
    let setting = |key: &str| found["settings"][format!("index.mapping.total_fields.{key}")].as_str();
    let unmapped = match &found["mappings"]["dynamic"] {
        Value::Bool(false) => Unmapped::Kept,
        Value::String(text) if text == "false" => Unmapped::Kept,
        Value::String(text) if text == "strict" => Unmapped::Refused,
        _ if setting("ignore_dynamic_beyond_limit") == Some("true") => Unmapped::Kept,
        _ => Unmapped::Added,
    };
    let limit = setting("limit").and_then(|limit| limit.parse().ok()).unwrap_or(DEFAULT_FIELD_LIMIT);
    IndexFacts { name, mapped: count(&found["mappings"]), limit, unmapped }
}

/// Fields as the server counts them: objects, multi-fields and runtime fields too.
fn count(mapping: &Value) -> usize {
    let within = |group: &str| mapping[group].as_object().into_iter().flat_map(Map::values).map(|field| 1 + count(field)).sum::<usize>();
    within("properties") + within("fields") + within("runtime")
}

#[cfg(test)]
#[path = "tests/preflight.rs"]
mod tests;
