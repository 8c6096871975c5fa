//! What the strict cluster lets through: the queries of the protocol, and the fields that each kind of write has.

use std::collections::BTreeSet;

use domain::Timestamp;
use serde_json::{Value, json};

use super::fake::Object;

/// Whether a document is found.
pub(super) fn matches(query: &Value, id: &str, source: &Object, now: Timestamp) -> bool {
    let (kind, inner) = query.as_object().and_then(|query| query.iter().next()).unwrap();
    let all = |clauses: &Value| listed(clauses).iter().all(|clause| matches(clause, id, source, now));
    let any = |clauses: &Value| listed(clauses).iter().any(|clause| matches(clause, id, source, now));
    match kind.as_str() {
        "bool" => inner.as_object().unwrap().iter().all(|(clause, clauses)| match clause.as_str() {
            "must" | "filter" => all(clauses),
            "must_not" => !any(clauses),
            "should" => any(clauses),
            other => panic!("{other}"),
        }),
        "term" | "terms" => {
            let (field, wanted) = inner.as_object().unwrap().iter().next().unwrap();
            let value = if field == "_id" { json!(id) } else { at(source, field) };
            listed(wanted).contains(&value)
        }
        "range" => {
            let seconds = inner["last_seen"]["lte"].as_str().unwrap().strip_prefix("now-").unwrap().strip_suffix('s').unwrap();
            let latest = now.as_second() - seconds.parse::<i64>().unwrap();
            source["last_seen"].as_str().unwrap().parse::<Timestamp>().unwrap().as_second() <= latest
        }
        other => panic!("{other}"),
    }
}

fn listed(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

fn at(source: &Object, path: &str) -> Value {
    let mut value = Value::Object(source.clone());
    for part in path.split('.') {
        value = value[part].clone();
    }
    value
}

/// Whether a query is one of the protocol's: its shape with every list of values taken out.
pub(super) fn is_known(query: &Value, is_job: bool) -> bool {
    let deleted = json!({ "term": { "deleted": true } });
    let by_id = json!({ "bool": { "must_not": [deleted], "filter": [{ "terms": { "_id": [] } }] } });
    let by_type =
        json!({ "bool": { "must_not": [deleted], "filter": [{ "terms": { "service_type": [] } }, { "term": { "is_native": false } }] } });
    let both = json!({ "bool": { "should": [by_id, by_type] } });
    let jobs = json!({ "bool": { "must": [{ "terms": { "status": [] } }, { "terms": { "connector.id": [] } }, { "terms": { "job_type": [] } }] } });
    let silent = [json!({ "terms": { "status": [] } }), json!({ "range": { "last_seen": { "lte": "now-300s" } } })];
    let idle = json!({ "bool": { "filter": [{ "terms": { "connector.id": [] } }, silent[0], silent[1]] } });
    let orphans = json!({ "bool": { "must_not": { "terms": { "connector.id": [] } }, "filter": silent } });
    let shape = emptied(query);
    if is_job { [jobs, idle, orphans].contains(&shape) } else { [by_id, by_type, both].contains(&shape) }
}

fn emptied(query: &Value) -> Value {
    match query {
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| {
                let value = if key == "terms" {
                    value.as_object().unwrap().keys().map(|field| (field.clone(), json!([]))).collect()
                } else {
                    emptied(value)
                };
                (key.clone(), value)
            })
            .collect(),
        Value::Array(items) => items.iter().map(emptied).collect(),
        other => other.clone(),
    }
}

/// Whether a write has the fields of one of the writes of the protocol.
pub(super) fn allowed(is_job: bool, patch: &Object, unconditional: bool, api: bool) -> bool {
    let fields: BTreeSet<_> = patch.keys().map(String::as_str).collect();
    let is = |needed: &[&str], optional: &[&str]| {
        let needed: BTreeSet<_> = needed.iter().copied().collect();
        needed.is_subset(&fields) && fields.difference(&needed).all(|field| optional.contains(field))
    };
    let counts = ["deleted_document_count", "indexed_document_count", "indexed_document_volume", "metadata"];
    if is_job {
        let claim = !api && is(&["connector.sync_cursor", "last_seen", "started_at", "status", "worker_hostname"], &[]);
        let stats = !api && is(&["last_seen"], &counts) && fields.len() == 5;
        let optional = ["completed_at", "canceled_at", "total_document_count", counts[0], counts[1], counts[2], counts[3]];
        return !unconditional && (claim || stats || is(&["last_seen", "status", "error"], &optional));
    }
    if unconditional {
        return is(&["status", "error"], &[]) || (!api && is(&["last_seen"], &[]));
    }
    let families = [["last_sync_status", "last_sync_error"], ["last_access_control_sync_status", "last_access_control_sync_error"]];
    let mark = families.iter().any(|[status, error]| is(&["status", "error", status, error], &[]));
    let ended = ["sync_cursor", "last_indexed_document_count", "last_deleted_document_count"];
    let end = families.iter().any(|[status, error]| is(&["last_synced", "status", "error", status, error], &ended));
    let kinds = ["last_sync_scheduled_at", "last_incremental_sync_scheduled_at", "last_access_control_sync_scheduled_at"];
    let scheduled = kinds.iter().any(|kind| is(&[kind], &[]));
    let prepared = !fields.is_empty() && is(&[], &["configuration", "status", "service_type", "features"]);
    mark || end || scheduled || prepared || (!api && is(&["filtering"], &[]))
}

/// Whether the protocol lets a job go from one status to the other.
pub(super) fn may_become(from: &Value, to: &Value) -> bool {
    let next: &[&str] = match from.as_str().unwrap() {
        "pending" | "suspended" => &["in_progress", "canceled"],
        "in_progress" => &["canceling", "suspended", "completed", "error"],
        "canceling" => &["canceled", "error", "completed"],
        _ => &[],
    };
    from == to || next.contains(&to.as_str().unwrap())
}
