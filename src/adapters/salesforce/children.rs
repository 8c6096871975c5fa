//! Children of a page's records: sub-selects and queries of their own, in chunks of parents that fit into a request.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use domain::catalog::{Cap, Checksum, FileLink, Via, children_query, rows_query};
use domain::json::Members;
use domain::{ChildList, ChildPlan, ChildRow, Children, Fault, NestedLimit, ObjectPlan, RecordId};
use futures::future::LocalBoxFuture;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::api::Api;
use super::rows::{Rows, Walk, id, id_under, is, without};
use super::wire;

/// Chunks of one call that are read at once.
const CHUNKS_AT_ONCE: usize = 4;

/// What a query finds: a parent, the position of a kind among its children, and the list.
type Found = Vec<(RecordId, usize, ChildList)>;

/// Reads the children of `parents`.
pub(super) async fn read(api: &Api, plan: &ObjectPlan, parents: &[RecordId], limit: NestedLimit) -> Result<Children, Fault> {
    let reader = &Reader { api, plan, limit };
    let mut jobs: Vec<LocalBoxFuture<'_, Result<Found, Fault>>> = Vec::new();
    if children_query(&plan.name, &plan.children, &[], limit).is_some() {
        for chunk in api.targets.chunks(parents, |ids| reader.sub_selects(ids))? {
            jobs.push(Box::pin(api.anew(async move || reader.sub_selected(chunk).await)));
        }
    }
    for (position, child) in plan.children.iter().enumerate() {
        let Via::Query { parent, .. } = child.via else { continue };
        for chunk in api.targets.chunks(parents, |ids| rows_query(child, ids, limit).unwrap_or_default())? {
            jobs.push(Box::pin(api.anew(async move || reader.queried(position, child, parent, chunk).await)));
        }
    }
    let found: Vec<Found> = stream::iter(jobs).buffer_unordered(CHUNKS_AT_ONCE).try_collect().await?;
    let mut children = Children::default();
    for (parent, position, list) in found.into_iter().flatten() {
        let lists = children.entry(parent).or_insert_with(|| vec![None; plan.children.len()]);
        lists[position] = Some(list);
    }
    Ok(children)
}

struct Reader<'a> {
    api: &'a Api,
    plan: &'a ObjectPlan,
    limit: NestedLimit,
}

impl<'a> Reader<'a> {
    fn sub_selects(&self, ids: &[RecordId]) -> String {
        children_query(&self.plan.name, &self.plan.children, ids, self.limit).unwrap_or_default()
    }

    /// Kinds that are sub-selected, of one chunk of parents.
    async fn sub_selected(&self, parents: &[RecordId]) -> Result<Found, Fault> {
        let mut found = Found::new();
        let mut page = self.api.query(&self.sub_selects(parents)).await?;
        loop {
            for row in &page.rows {
                let Some(parent) = id_under(row, "Id") else { continue };
                for (position, list) in self.lists(&self.plan.children, row).await?.into_iter().enumerate() {
                    found.extend(list.map(|list| (parent, position, list)));
                }
            }
            match page.next {
                // All nested lists of this page are read: going on ends their cursors (SOAP API guide, `queryMore()`).
                Some(next) => page = self.api.more(&next).await?,
                None => return Ok(found),
            }
        }
    }

    /// A kind that is found by a query of its own, of one chunk of parents.
    async fn queried(&self, position: usize, child: &'a ChildPlan, parent: &str, parents: &[RecordId]) -> Result<Found, Fault> {
        let asked: HashSet<_> = parents.iter().copied().collect();
        // Rows of one parent need not follow each other: they are ordered by their own ids.
        let mut places = HashMap::new();
        let mut found = Found::new();
        let mut page = self.api.query(&rows_query(child, parents, self.limit).unwrap_or_default()).await?;
        loop {
            for row in &page.rows {
                let Some(parent) = id_under(row, parent).filter(|parent| asked.contains(parent)) else {
                    tracing::warn!(kind = child.key, "row of a parent that was not asked for is left out");
                    continue;
                };
                let place = *places.entry(parent).or_insert_with(|| {
                    found.push((parent, position, ChildList::default()));
                    found.len() - 1
                });
                if self.most(child).is_none_or(|most| found[place].2.rows.len() < most) {
                    let row = self.row(child, row).await?;
                    found[place].2.rows.push(row);
                }
            }
            match page.next {
                Some(next) => page = self.api.more(&next).await?,
                None => return Ok(found),
            }
        }
    }

    /// The nested lists of one row, by position in `children`.
    async fn lists(&self, children: &'a [ChildPlan], row: &Bytes) -> Result<Vec<Option<ChildList>>, Fault> {
        let mut lists = vec![None; children.len()];
        for (name, value) in Walk::over(row) {
            let position = children.iter().position(|child| matches!(child.via, Via::SubSelect(relationship) if is(name, relationship)));
            // `null` when there are none.
            if let Some(position) = position.filter(|_| value.starts_with(b"{")) {
                lists[position] = self.list(&children[position], row.slice_ref(value)).await?;
            }
        }
        Ok(lists)
    }

    /// One nested list to its end, or to its limit. Boxed because lists nest.
    fn list<'b>(&'b self, child: &'a ChildPlan, envelope: Bytes) -> LocalBoxFuture<'b, Result<Option<ChildList>, Fault>> {
        Box::pin(async move {
            let mut page = Rows::parse(envelope.clone()).map_err(|error| wire::unreadable(&error, &envelope))?;
            let mut list = ChildList::default();
            loop {
                for row in &page.rows {
                    if self.most(child).is_some_and(|most| list.rows.len() >= most) {
                        return Ok(Some(list));
                    }
                    list.rows.push(self.row(child, row).await?);
                }
                match page.next.filter(|_| self.most(child).is_none_or(|most| list.rows.len() < most)) {
                    Some(next) => page = self.api.more(&next).await?,
                    None => return Ok((!list.rows.is_empty()).then_some(list)),
                }
            }
        })
    }

    /// One child: its own members as they came, and its own children apart from them.
    async fn row(&self, child: &'a ChildPlan, row: &Bytes) -> Result<ChildRow, Fault> {
        let nested = if child.children.is_empty() { Vec::new() } else { self.lists(&child.children, row).await? };
        // The parent's field was added to the query to know whose the row is; the document shows what the plan names.
        let added = match child.via {
            Via::Query { parent, .. } if !child.fields.iter().any(|field| field.eq_ignore_ascii_case(parent)) => Some(parent),
            _ => None,
        };
        let unwanted = |name: &[u8]| {
            added.is_some_and(|parent| is(name, parent))
                || child.children.iter().any(|nested| matches!(nested.via, Via::SubSelect(relationship) if is(name, relationship)))
        };
        let text = if added.is_none() && child.children.is_empty() { row.clone() } else { without(row, unwanted) };
        Ok(ChildRow { text, nested })
    }

    /// Rows of a kind that are of use: one more than are kept proves that there are more.
    fn most(&self, child: &ChildPlan) -> Option<usize> {
        match child.cap {
            Cap::One => Some(1),
            Cap::Limit => self.limit.ask(),
            Cap::All => None,
        }
    }
}

/// Reads rows by ids in chunks, some at once, and makes something of each; rows of which nothing can be made are left out.
pub(super) async fn by_ids<T>(
    api: &Api,
    ids: &[RecordId],
    query: impl Fn(&[RecordId]) -> String,
    make: impl Fn(Bytes) -> Option<T>,
) -> Result<Vec<T>, Fault> {
    let queries: Vec<String> = api.targets.chunks(ids, &query)?.map(&query).collect();
    let chunks: Vec<Vec<Bytes>> =
        stream::iter(queries).map(async |soql| api.all(&soql).await).buffered(CHUNKS_AT_ONCE).try_collect().await?;
    Ok(chunks.into_iter().flatten().filter_map(make).collect())
}

/// A row of [`domain::catalog::link_query`].
pub(super) fn link(row: &[u8]) -> Option<FileLink> {
    let (mut file, mut entity, mut checksum, mut is_private) = (None, None, None, false);
    for (name, value) in Walk::over(row) {
        if is(name, "ContentDocumentId") {
            file = id(value);
        } else if is(name, "LinkedEntityId") {
            entity = id(value);
        } else if is(name, "ContentDocument") {
            let document = Members::of(value).ok()?;
            is_private = document.text("SharingPrivacy").as_deref() == Some("P");
            let version = document.get("LatestPublishedVersion").and_then(|raw| Members::of(raw.as_bytes()).ok());
            checksum = version.and_then(|version| Checksum::parse(&version.text("Checksum")?));
        }
    }
    Some(FileLink { file: file?, entity: entity?, checksum, is_private })
}
