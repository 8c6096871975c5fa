//! Pages of advanced rules: queries and searches that somebody wrote, read to the end of every list in them.

use bytes::Bytes;
use domain::rules::{Paging, RulePlan, RuleQuery, SoqlRule};
use domain::{Fault, ObjectPlan, Page, PageCursor, RecordId, SF_CURSOR};
use futures::future::LocalBoxFuture;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use memchr::memmem;

use super::api::Api;
use super::rows::{self, Rows, Walk, push_member};

/// What stands in an answer whose list goes on elsewhere.
const MORE: &[u8] = b"\"nextRecordsUrl\"";

/// Rows of a page whose lists are completed at a time.
const ROWS_AT_ONCE: usize = 8;

/// One page of a rule.
pub(super) async fn read(api: &Api, plan: &ObjectPlan, rule: &RulePlan, cursor: &PageCursor) -> Result<Page, Fault> {
    match &rule.query {
        RuleQuery::Sosl { text, cap, .. } => {
            let found = api.search(text).await?;
            let is_cut = cap.is_some_and(|cap| found.rows.len() as u64 >= cap);
            let mut page = rows::records(plan, found.rows);
            (page.total, page.bytes, page.cut) = (found.total, found.bytes, is_cut);
            Ok(page)
        }
        RuleQuery::Soql { rule: query, .. } => match query.paging() {
            Paging::ByIdInSteps { step, limit } => step_of(api, plan, rule, cursor, (step, limit)).await,
            Paging::ById | Paging::AsIs => page_of(api, plan, rule, query, cursor).await,
        },
    }
}

/// Whether the org takes a rule.
pub(super) async fn attempt(api: &Api, rule: &RulePlan) -> Result<(), Fault> {
    let probe = rule.query.probe();
    // Requests behind a record are longer than the probe.
    if let (true, Some(any)) = (rule.goes_on(), RecordId::parse(b"000000000000000AAA")) {
        api.targets.query(&rule.query.page(Some(any), None))?;
    }
    match &rule.query {
        RuleQuery::Soql { .. } => api.query(&probe).await,
        RuleQuery::Sosl { .. } => api.search(&probe).await,
    }
    .map(|_| ())
}

/// A page by the cursor of the answer before.
async fn page_of(api: &Api, plan: &ObjectPlan, rule: &RulePlan, query: &SoqlRule, cursor: &PageCursor) -> Result<Page, Fault> {
    let found = match cursor {
        PageCursor::After(after) => api.query(&rule.query.page(*after, None)).await?,
        PageCursor::Token { token, after } => match api.more(token).await {
            Err(fault) if fault.code == &SF_CURSOR && query.paging() == Paging::ById => {
                tracing::info!(rule = plan.name, reason = fault.message, "query cursor expired and the rule is read on by id");
                api.query(&rule.query.page(*after, None)).await?
            }
            outcome => outcome?,
        },
    };
    let (total, next) = (found.total, found.next.clone());
    let mut page = finished(api, plan, found).await?;
    let after = last(&page, cursor);
    page.next = next.map(|token| PageCursor::Token { token, after });
    page.total = total;
    Ok(page)
}

/// A page of those that Salesforce gives a few rows at a time. The token says how many rows were asked for before.
async fn step_of(
    api: &Api,
    plan: &ObjectPlan,
    rule: &RulePlan,
    cursor: &PageCursor,
    (step, limit): (u64, Option<u64>),
) -> Result<Page, Fault> {
    let (after, before) = match cursor {
        PageCursor::After(after) => (*after, 0),
        PageCursor::Token { token, after } => (*after, token.parse().unwrap_or(0)),
    };
    let left = limit.map(|limit| limit.saturating_sub(before));
    let asked = step.min(left.unwrap_or(step));
    if asked == 0 {
        return Ok(Page::default());
    }
    let found = api.anew(async || step_whole(api, &rule.query.page(after, left)).await).await?;
    let is_full = found.rows.len() as u64 >= asked;
    let mut page = finished(api, plan, found).await?;
    let (token, reached) = ((before + asked).to_string(), last(&page, cursor));
    // A step without a single id would be asked for again and again.
    page.next = (is_full && reached != after).then_some(PageCursor::Token { token, after: reached });
    Ok(page)
}

/// All rows of one step; Salesforce may hand them out in several answers.
async fn step_whole(api: &Api, soql: &str) -> Result<Rows, Fault> {
    let mut found = api.query(soql).await?;
    while let Some(next) = found.next.take() {
        let more = api.more(&next).await?;
        found.rows.extend(more.rows);
        (found.bytes, found.next) = (found.bytes + more.bytes, more.next);
    }
    Ok(found)
}

/// The id behind which reading goes on.
fn last(page: &Page, cursor: &PageCursor) -> Option<RecordId> {
    let (PageCursor::After(before) | PageCursor::Token { after: before, .. }) = cursor;
    page.records.last().map(|record| record.id).or(*before)
}

/// A page whose nested lists are complete.
async fn finished(api: &Api, plan: &ObjectPlan, found: Rows) -> Result<Page, Fault> {
    let (mut rows, mut bytes) = (found.rows, found.bytes);
    // Lists of several rows are read at once; the adapter's own limit of requests holds.
    let wholes: Vec<_> = stream::iter(rows.iter().map(|row| complete(api, row))).buffered(ROWS_AT_ONCE).try_collect().await?;
    for (row, whole) in rows.iter_mut().zip(wholes) {
        if let Some(whole) = whole {
            bytes += whole.len().saturating_sub(row.len());
            *row = whole;
        }
    }
    let mut page = rows::records(plan, rows);
    page.bytes = bytes;
    Ok(page)
}

/// A row with all rows of the lists in it; `None` when it has them already. The lists keep the form that Salesforce gives to those that
/// came at once.
fn complete<'a>(api: &'a Api, row: &'a Bytes) -> LocalBoxFuture<'a, Result<Option<Bytes>, Fault>> {
    Box::pin(async move {
        if memmem::find(row, MORE).is_none() {
            return Ok(None);
        }
        let (mut out, mut is_changed) = (Vec::with_capacity(row.len() * 2), false);
        out.push(b'{');
        for (name, value) in Walk::over(row) {
            // An object without a list, such as the record behind a reference, cannot be read as one and stays.
            let may_go_on = value.starts_with(b"{") && memmem::find(value, MORE).is_some();
            let list = may_go_on.then(|| Rows::parse(row.slice_ref(value)).ok()).flatten();
            let list = match list {
                Some(list) => whole(api, list).await?,
                None => None,
            };
            is_changed |= list.is_some();
            push_member(&mut out, name, list.as_deref().unwrap_or(value));
        }
        out.push(b'}');
        Ok(is_changed.then(|| out.into()))
    })
}

/// A list with all rows, and with all of theirs; `None` when it has them already.
async fn whole(api: &Api, mut list: Rows) -> Result<Option<Vec<u8>>, Fault> {
    let (mut all, mut is_changed) = (Vec::new(), list.next.is_some());
    loop {
        for row in list.rows {
            let completed = complete(api, &row).await?;
            is_changed |= completed.is_some();
            all.push(completed.unwrap_or(row));
        }
        match list.next {
            Some(next) => list = api.more(&next).await?,
            None => break,
        }
    }
    if !is_changed {
        return Ok(None);
    }
    let mut out = format!("{{\"totalSize\":{},\"done\":true,\"records\":[", all.len()).into_bytes();
    for (at, row) in all.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(row);
    }
    out.extend_from_slice(b"]}");
    Ok(Some(out))
}
