//! Which documents a run did not meet: those whose sequence number is not beyond the mark of the run's beginning (docs/decisions/0013).

use std::collections::BTreeMap;

use domain::access::ACCESS_INDEX_PREFIX;
use domain::catalog::Layout;
use domain::{Brake, ES_INDEX_CLOSED, ES_INDEX_GONE, ES_NO_PIPELINE, ES_READ_ONLY, ES_REFUSED, Fault, Hold, Swept};
use ports::Target;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::bulk::Doomed;
use super::http::{Call, segment};
use super::{Elastic, PipelineFound, mapping};

/// Documents that a sweep looks at in one go: what it has in memory.
const SWEEP_STEP: usize = 1000;

/// What an index says of itself when a run begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// Identity of the index; one that is made anew under the same name has another.
    uuid: String,
    /// By shard, the number up to which all its copies have everything.
    ///
    /// Not the highest number given: those beyond may be given again when another copy takes over, to documents that the run has met.
    shards: BTreeMap<u32, i64>,
    /// The index was made anew while the run was interrupted: what the run had met is not in it, and nothing is deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    replaced: bool,
}

impl Mark {
    fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Shards that had anything, each with its number.
    fn shards(&self) -> impl Iterator<Item = (u32, i64)> {
        self.shards.iter().map(|(shard, last)| (*shard, *last)).filter(|(_, last)| *last >= 0)
    }

    fn encode(&self) -> String {
        // Strings and numbers always are JSON.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[derive(Deserialize)]
struct Stats {
    #[serde(default)]
    indices: BTreeMap<String, IndexStats>,
}
#[derive(Deserialize)]
struct IndexStats {
    uuid: String,
    #[serde(default)]
    shards: BTreeMap<u32, Vec<ShardStats>>,
}
#[derive(Deserialize)]
struct ShardStats {
    routing: Routing,
    #[serde(default)]
    seq_no: Option<SeqNo>,
}
#[derive(Deserialize)]
struct Routing {
    primary: bool,
}
#[derive(Deserialize)]
struct SeqNo {
    global_checkpoint: i64,
}

#[derive(Deserialize)]
struct Counted {
    hits: Totals,
}
#[derive(Deserialize)]
struct Totals {
    total: Total,
}
#[derive(Deserialize)]
struct Total {
    value: u64,
}

#[derive(Deserialize)]
struct Found {
    hits: Hits,
}
#[derive(Deserialize)]
struct Hits {
    hits: Vec<Hit>,
}
#[derive(Deserialize)]
struct Hit {
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "_seq_no")]
    seq_no: i64,
    #[serde(rename = "_primary_term")]
    primary_term: i64,
    #[serde(default, rename = "_routing")]
    routing: Option<String>,
    #[serde(default, rename = "_source")]
    source: Option<Value>,
    sort: Vec<Value>,
}

impl Hit {
    /// Whether it is of a kind that stays. One that does not show its source may be.
    fn is_spared(&self, spare: &[String]) -> bool {
        if spare.is_empty() {
            return false;
        }
        let Some(source) = &self.source else { return true };
        let named = |kind: &Value| kind.as_str().is_some_and(|kind| spare.iter().any(|spared| spared == kind));
        named(&source["attributes"]["type"]) || (source["type"] == "content_document" && named(&source["type"]))
    }
}

impl Elastic {
    /// Creates the index or checks the one that is there; gives the mark of the run.
    pub(super) async fn ready(&self, target: &Target, layout: &Layout) -> Result<String, Fault> {
        let path = format!("/{}", segment(target.index.as_str()));
        let settings = format!("{path}?flat_settings=true&filter_path=*.settings");
        match self.http.json::<BTreeMap<String, Value>>(Call::get(settings)).await {
            Ok(indices) => check(&indices)?,
            Err(fault) if fault.code == &ES_INDEX_GONE => {
                let body = match target.index.as_str().starts_with(ACCESS_INDEX_PREFIX) {
                    true => mapping::access_index(),
                    false => mapping::index(layout, self.config.field_budget, self.server.flat_type()),
                };
                self.http.create(Call::put(path, &body)).await?;
            }
            Err(fault) => return Err(fault),
        }
        self.check_pipeline().await?;
        let (_, now) = self.mark_of(target).await?;
        let mark = match target.mark.as_deref().and_then(Mark::read) {
            Some(given) if given.uuid == now.uuid => given,
            Some(_) => {
                tracing::warn!(index = %target.index, "the index was made anew while the run was interrupted; this run deletes nothing");
                Mark { replaced: true, ..now }
            }
            None => now,
        };
        Ok(mark.encode())
    }

    async fn check_pipeline(&self) -> Result<(), Fault> {
        let Some(pipeline) = &self.config.pipeline else { return Ok(()) };
        match self.find_pipeline(pipeline).await? {
            PipelineFound::Missing => Err(Fault::new(&ES_NO_PIPELINE, format!("there is no ingest pipeline `{pipeline}`"))),
            // One that is hidden the first batch will tell of.
            PipelineFound::There | PipelineFound::Hidden => Ok(()),
        }
    }

    /// The true name of the index and its mark as of now.
    async fn mark_of(&self, target: &Target) -> Result<(String, Mark), Fault> {
        let filter = "level=shards&filter_path=indices.*.uuid,indices.*.shards.*.routing.primary,indices.*.shards.*.seq_no";
        let stats = Call::get(format!("/{}/_stats?{filter}", segment(target.index.as_str())));
        let Stats { mut indices } = self.http.json(stats.clone()).await?;
        if indices.is_empty() {
            // Somebody else makes the index in this moment: it is there, and its shards are not.
            let health = format!(
                "/_cluster/health/{}?wait_for_active_shards=1&wait_for_no_initializing_shards=true&timeout=30s",
                segment(target.index.as_str())
            );
            self.http.ask(Call::get(health)).await?;
            Stats { indices } = self.http.json(stats).await?;
        }
        let mut indices = indices.into_iter();
        let Some((name, IndexStats { uuid, shards })) = indices.next() else {
            return Err(Fault::new(&ES_INDEX_GONE, format!("there is no index `{}`", target.index)));
        };
        if indices.next().is_some() {
            return Err(Fault::new(&ES_REFUSED, format!("`{}` stands for several indices", target.index)));
        }
        let primary = |copies: Vec<ShardStats>| copies.into_iter().find(|copy| copy.routing.primary).and_then(|copy| copy.seq_no);
        let numbers = shards.into_iter().filter_map(|(shard, copies)| Some((shard, primary(copies)?.global_checkpoint)));
        Ok((name, Mark { uuid, shards: numbers.collect(), replaced: false }))
    }

    /// Deletes what the run did not meet, unless it is too much.
    pub(super) async fn swept(&self, target: &Target, spare: &[String], brake: Brake) -> Result<Swept, Fault> {
        let Some((name, mark)) = self.marked(target).await? else { return Ok(Swept::Deleted(0)) };
        if !brake.is_off() {
            let (total, doomed) = self.weigh(&name, &mark, spare, brake).await?;
            if brake.holds(total, doomed) {
                let Target { connector, index, run, mark: _ } = target.clone();
                let (mark, spare, at) = (mark.encode(), spare.to_vec(), self.clock.now());
                return Ok(Swept::Held(Hold { connector, index, run, mark, spare, doomed, total, at }));
            }
        }
        self.delete_up_to(&name, &mark, spare).await.map(Swept::Deleted)
    }

    /// Deletes what was held back. The mark says which documents that are: whatever was written since is beyond it.
    pub(super) async fn swept_after_all(&self, hold: &Hold) -> Result<u64, Fault> {
        let Hold { connector, index, run, mark, spare, .. } = hold.clone();
        match self.marked(&Target { connector, index, run, mark: Some(mark) }).await? {
            Some((name, mark)) => self.delete_up_to(&name, &mark, &spare).await,
            None => Ok(0),
        }
    }

    /// The true name of the index and the mark of the run, everything that was written visible; `None`: it is not known what there was.
    async fn marked(&self, target: &Target) -> Result<Option<(String, Mark)>, Fault> {
        let Some(mark) = target.mark.as_deref().and_then(Mark::read).filter(|mark| !mark.replaced) else {
            tracing::warn!(index = %target.index, "nothing is deleted: it is not known what the index held when the run began");
            return Ok(None);
        };
        let (index, now) = self.mark_of(target).await?;
        if now.uuid != mark.uuid {
            return Err(Fault::new(&ES_INDEX_GONE, format!("the index `{}` was made anew since the run began", target.index)));
        }
        self.http.ask(Call::order(format!("/{}/_refresh", segment(&index)))).await?;
        Ok(Some((index, mark)))
    }

    async fn delete_up_to(&self, index: &str, mark: &Mark, spare: &[String]) -> Result<u64, Fault> {
        let mut deleted = 0;
        for (shard, last) in mark.shards() {
            let mut pages = Pages::new(index, shard, last);
            while let Some(hits) = self.next(&mut pages).await? {
                let doomed = hits.into_iter().filter(|hit| !hit.is_spared(spare));
                let doomed = doomed.map(|Hit { id, routing, seq_no, primary_term, .. }| Doomed { id, routing, seq_no, primary_term });
                deleted += self.delete(index, doomed.collect()).await?;
            }
        }
        Ok(deleted)
    }

    /// How many documents the index has, and how many of them are to go.
    ///
    /// What is spared cannot be asked for, since the index may be mapped as somebody else likes it. So it is looked at page by page, but only
    /// if the brake would hold without it.
    async fn weigh(&self, index: &str, mark: &Mark, spare: &[String], brake: Brake) -> Result<(u64, u64), Fault> {
        let total = self.count(index, "", json!({ "match_all": {} })).await?;
        let mut doomed = 0;
        for (shard, last) in mark.shards() {
            doomed += self.count(index, &format!("&preference=_shards:{shard}"), up_to(last)).await?;
        }
        if spare.is_empty() || !brake.holds(total, doomed) {
            return Ok((total, doomed));
        }
        doomed = 0;
        for (shard, last) in mark.shards() {
            let mut pages = Pages::new(index, shard, last);
            while let Some(hits) = self.next(&mut pages).await? {
                doomed += hits.iter().filter(|hit| !hit.is_spared(spare)).count() as u64;
            }
        }
        Ok((total, doomed))
    }

    /// How many documents a query finds. A search and no `_count`, which would leave out shards that do not answer.
    async fn count(&self, index: &str, preference: &str, query: Value) -> Result<u64, Fault> {
        let path = format!("/{}/_search?allow_partial_search_results=false&filter_path=hits.total{preference}", segment(index));
        let body = json!({ "size": 0, "track_total_hits": true, "query": query });
        let Counted { hits: Totals { total: Total { value } } } = self.http.json(Call::post(path, &body)).await?;
        Ok(value)
    }

    /// The next page; `None` when there are no more.
    async fn next(&self, pages: &mut Pages) -> Result<Option<Vec<Hit>>, Fault> {
        let Found { hits: Hits { hits } } = self.http.json(Call::post(pages.path.as_str(), &pages.query)).await?;
        let Some(end) = hits.last() else { return Ok(None) };
        pages.query["search_after"] = json!(end.sort);
        Ok(Some(hits))
    }
}

/// Documents of one shard that a run did not meet, page by page.
struct Pages {
    path: String,
    query: Value,
}

impl Pages {
    fn new(index: &str, shard: u32, last: i64) -> Self {
        let path = format!("/{}/_search?preference=_shards:{shard}&allow_partial_search_results=false", segment(index));
        let query = json!({
            "size": SWEEP_STEP, "query": up_to(last), "sort": [{ "_seq_no": "asc" }],
            "seq_no_primary_term": true, "track_total_hits": false, "_source": ["attributes.type", "type"],
        });
        Self { path, query }
    }
}

/// Documents that are not beyond that sequence number.
fn up_to(last: i64) -> Value {
    json!({ "range": { "_seq_no": { "lte": last } } })
}

/// Whether all indices behind a name are open and take documents.
pub(super) fn check(indices: &BTreeMap<String, Value>) -> Result<(), Fault> {
    for (name, index) in indices {
        let set = |key: &str| index["settings"][key].as_str() == Some("true");
        if set("index.verified_before_close") {
            return Err(Fault::new(&ES_INDEX_CLOSED, format!("the index `{name}` is closed")));
        }
        let blocks = ["index.blocks.write", "index.blocks.read_only", "index.blocks.read_only_allow_delete"];
        if let Some(block) = blocks.into_iter().find(|block| set(block)) {
            return Err(Fault::new(&ES_READ_ONLY, format!("the index `{name}` has `{block}` set")));
        }
    }
    Ok(())
}
