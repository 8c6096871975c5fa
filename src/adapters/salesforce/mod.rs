//! A Salesforce org as a source of records, over its REST API.
//!
//! ```text
//! SignIn --token--> (whoever holds it) --Tokens--> Salesforce: Source
//!                                                    |  pages, children, look-ups, files
//!                                                    v
//!                       api (session, slots, retries) --> http (awc, time limits) --> wire (what a failure means)
//! ```
//!
//! Everything here belongs to one thread, as awc's client does: make it where it is used.

mod api;
mod children;
mod columns;
mod config;
mod http;
mod jwt;
mod rows;
mod rule;
mod sign_in;
mod target;
#[cfg(test)]
mod tests;
mod usage;
mod wire;

use std::rc::Rc;

use async_trait::async_trait;
use bytes::Bytes;
use domain::catalog::{ContentAt, DescribedObject, FileFacts, FileLink, GlobalObject, LookupTarget, link_query, lookup_query};
use domain::rules::RulePlan;
use domain::{Children, Fault, NestedLimit, ObjectPlan, Page, PageCursor, RecordId, SF_CURSOR};
use ports::{FileContent, Source, Tokens};
use serde::Deserialize;

use self::api::Api;
use self::columns::Columns;
pub use self::config::{Auth, Retries, SalesforceConfig, Timeouts};
use self::rows::{Rows, id_under};
pub use self::sign_in::SignIn;

/// An org, read with tokens that somebody else holds.
pub struct Salesforce {
    api: Api,
}

impl Salesforce {
    /// Makes a client; sends nothing.
    ///
    /// # Errors
    /// `CF_INVALID`: the configuration cannot work, or its CA file cannot be read.
    pub fn new(config: SalesforceConfig, tokens: Rc<dyn Tokens>) -> Result<Self, Fault> {
        Ok(Self { api: Api::new(&config, tokens)? })
    }

    /// Calls of the last 24 hours and how many the org allows, as of the latest answer.
    pub fn api_usage(&self) -> Option<(u64, u64)> {
        self.api.usage.latest()
    }

    async fn rows_of_page(&self, columns: &Columns<'_>, plan: &ObjectPlan, cursor: &PageCursor) -> Result<Rows, Fault> {
        let after = match cursor {
            PageCursor::After(after) => after,
            PageCursor::Token { token, after } => match self.api.more(token).await {
                Err(fault) if fault.code == &SF_CURSOR => {
                    tracing::info!(object = plan.name, reason = fault.message, "query cursor expired and the object is read on by id");
                    after
                }
                outcome => return outcome,
            },
        };
        self.api.query(&columns.page_query(*after)).await
    }

    async fn read_page(&self, plan: &ObjectPlan, cursor: &PageCursor) -> Result<Page, Fault> {
        if let Some(rule) = &plan.rule {
            return rule::read(&self.api, plan, rule, cursor).await;
        }
        let columns = Columns::of(plan, &self.api.targets)?;
        let Rows { total, next, rows, bytes } = self.rows_of_page(&columns, plan, cursor).await?;
        let (rows, bytes) = if columns.is_whole() {
            (rows, bytes)
        } else {
            let rows = columns.complete(&self.api, rows).await?;
            let bytes = rows.iter().map(Bytes::len).sum();
            (rows, bytes)
        };
        let mut page = rows::records(plan, rows);
        let (PageCursor::After(before) | PageCursor::Token { after: before, .. }) = cursor;
        let after = page.records.last().map(|record| record.id).or(*before);
        page.next = next.map(|token| PageCursor::Token { token, after });
        (page.total, page.bytes) = (total, bytes);
        Ok(page)
    }
}

impl std::fmt::Debug for Salesforce {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Salesforce").finish_non_exhaustive()
    }
}

/// Says in a fault which page it was.
fn page_name(plan: &ObjectPlan, cursor: &PageCursor) -> String {
    match cursor {
        PageCursor::After(None) | PageCursor::Token { after: None, .. } => format!("read the first page of {}", plan.name),
        PageCursor::After(Some(after)) | PageCursor::Token { after: Some(after), .. } => format!("read {} after {after}", plan.name),
    }
}

#[async_trait(?Send)]
impl Source for Salesforce {
    async fn global(&self) -> Result<Vec<GlobalObject>, Fault> {
        let global = self.api.json(&self.api.targets.global(), |body| serde_json::from_slice::<Global>(&body)).await;
        let objects = global.map_err(|fault| fault.context("list the objects of the org"))?.sobjects;
        Ok(objects.into_iter().map(GlobalObject::from).collect())
    }

    async fn describe(&self, object: &str) -> Result<DescribedObject, Fault> {
        let described = self.api.json(&self.api.targets.describe(object), |body| serde_json::from_slice::<Described>(&body)).await;
        described.map(DescribedObject::from).map_err(|fault| fault.context(format_args!("describe {object}")))
    }

    async fn page(&self, plan: &ObjectPlan, cursor: &PageCursor) -> Result<Page, Fault> {
        self.read_page(plan, cursor).await.map_err(|fault| fault.context(page_name(plan, cursor)))
    }

    async fn attempt(&self, rule: &RulePlan) -> Result<(), Fault> {
        rule::attempt(&self.api, rule).await
    }

    async fn children(&self, plan: &ObjectPlan, parents: &[RecordId], limit: NestedLimit) -> Result<Children, Fault> {
        let children = children::read(&self.api, plan, parents, limit).await;
        children.map_err(|fault| fault.context(format_args!("read children of {} {} records", parents.len(), plan.name)))
    }

    async fn lookup(&self, target: LookupTarget, ids: &[RecordId]) -> Result<Vec<(RecordId, Bytes)>, Fault> {
        let found = children::by_ids(&self.api, ids, |ids| lookup_query(target, ids), |row| Some((id_under(&row, "Id")?, row))).await;
        found.map_err(|fault| fault.context(format_args!("look up {} {} records", ids.len(), target.object())))
    }

    async fn links(&self, files: &[RecordId], facts: FileFacts) -> Result<Vec<FileLink>, Fault> {
        let found = children::by_ids(&self.api, files, |ids| link_query(ids, facts), |row| children::link(&row)).await;
        found.map_err(|fault| fault.context(format_args!("read links of {} files", files.len())))
    }

    /// Retries until the content begins to arrive. From then on a fault ends it: whoever takes it starts again.
    async fn file(&self, content: ContentAt) -> Result<FileContent, Fault> {
        let named =
            |fault: Fault| fault.context(format_args!("download {} of {} {}", content.blob.field(), content.blob.object(), content.id));
        let (answer, slot) = self.api.file(content).await.map_err(named)?;
        Ok(FileContent { length: answer.length, chunks: answer.chunks(slot) })
    }
}

/// Describe global, as far as it is of use.
#[derive(Deserialize)]
struct Global {
    sobjects: Vec<GlobalEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GlobalEntry {
    name: String,
    queryable: bool,
    #[serde(default)]
    custom: bool,
    #[serde(default)]
    key_prefix: Option<String>,
}

impl From<GlobalEntry> for GlobalObject {
    fn from(GlobalEntry { name, queryable, custom, key_prefix }: GlobalEntry) -> Self {
        Self { name, queryable, custom, key_prefix }
    }
}

/// Describe of one object, as far as it is of use.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    fields: Vec<DescribedField>,
    #[serde(default)]
    child_relationships: Vec<ChildRelationship>,
}

#[derive(Deserialize)]
struct DescribedField {
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

/// A way to children. Those without a name cannot be sub-selected.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChildRelationship {
    #[serde(default)]
    relationship_name: Option<String>,
}

impl From<Described> for DescribedObject {
    fn from(Described { fields, child_relationships }: Described) -> Self {
        Self {
            fields: fields.into_iter().map(|DescribedField { name, kind }| (name, kind)).collect(),
            relationships: child_relationships.into_iter().filter_map(|child| child.relationship_name).collect(),
        }
    }
}
