//! Before the first look: whether the Connector API is there, and the two indices.

use domain::protocol::{CONNECTORS, INDEX_VERSION, JOBS};
use domain::{CP_NO_API, ES_FORBIDDEN, ES_REFUSED, Fault};
use serde_json::{Map, Value, json};

use super::ApiChoice;
use super::ways::Way;
use crate::elasticsearch::http::{Call, Http};
use crate::elasticsearch::wire;

/// Decides by what the operator wants and what the cluster has.
pub(super) async fn choose(http: &Http, choice: ApiChoice) -> Result<Way, Fault> {
    if choice == ApiChoice::Indices {
        return Ok(Way::Indices);
    }
    let Err(fault) = http.ask(Call::get("/_connector/_sync_job?size=1")).await else { return Ok(Way::Api) };
    // A server without the API knows no such path, or takes its first part for the name of an index.
    let absent = fault.code == &ES_REFUSED || wire::is_missing(&fault);
    match choice {
        ApiChoice::Api if absent => Err(Fault::new(&CP_NO_API, fault.message)),
        ApiChoice::Auto if absent => {
            tracing::info!("the cluster has no Connector API; connectors and jobs are read and written in their indices");
            Ok(Way::Indices)
        }
        ApiChoice::Auto if fault.code == &ES_FORBIDDEN => {
            tracing::warn!("the Connector API may not be used; give `manage_connector`, or it is done without");
            Ok(Way::Indices)
        }
        _ => Err(fault.context("ask for the Connector API")),
    }
}

/// Makes the two indices unless they are there.
///
/// A cluster with the Connector API has templates for them; any other one is told what they look like.
pub(super) async fn make_indices(http: &Http, way: Way) -> Result<(), Fault> {
    for (alias, mappings) in [(CONNECTORS, connectors()), (JOBS, jobs())] {
        let index = format!("{alias}{INDEX_VERSION}");
        if is_there(http, &index).await? || (way == Way::Indices && is_there(http, alias).await?) {
            continue;
        }
        let call = match way {
            Way::Api => Call::put_empty(format!("/{index}")),
            Way::Indices => {
                let settings = json!({ "hidden": true, "number_of_shards": 1, "auto_expand_replicas": "0-1" });
                let body = json!({ "settings": { "index": settings }, "mappings": mappings, "aliases": { alias: {} } });
                Call::put(format!("/{index}"), &body)
            }
        };
        http.create(call).await.map_err(|fault| fault.context(format_args!("create the index `{index}`")))?;
    }
    Ok(())
}

async fn is_there(http: &Http, index: &str) -> Result<bool, Fault> {
    match http.exists(format!("/{index}")).await {
        // Who may read and write it need not be allowed to look at it from outside.
        Err(fault) if fault.code == &ES_FORBIDDEN => Ok(true),
        outcome => outcome.map_err(|fault| fault.context(format_args!("look for the index `{index}`"))),
    }
}

/// A group of fields by their types; fields that are in no group are kept without being searchable.
fn fields(groups: &[(&str, &[&str])]) -> Map<String, Value> {
    let field = |kind: &str, name: &&str| ((*name).to_owned(), json!({ "type": kind }));
    groups.iter().flat_map(|(kind, names)| names.iter().map(move |name| field(kind, name))).collect()
}

/// Whole objects that are only ever read as a whole.
fn opaque(names: &[&str]) -> Map<String, Value> {
    names.iter().map(|name| ((*name).to_owned(), json!({ "type": "object", "enabled": false }))).collect()
}

fn connectors() -> Value {
    let mut properties = fields(&[
        (
            "keyword",
            &[
                "api_key_id",
                "api_key_secret_id",
                "error",
                "index_name",
                "language",
                "last_access_control_sync_error",
                "last_access_control_sync_status",
                "last_sync_error",
                "last_sync_status",
                "name",
                "service_type",
                "status",
            ],
        ),
        ("text", &["description"]),
        ("boolean", &["deleted", "is_native", "sync_now"]),
        (
            "date",
            &[
                "last_access_control_sync_scheduled_at",
                "last_incremental_sync_scheduled_at",
                "last_seen",
                "last_sync_scheduled_at",
                "last_synced",
            ],
        ),
        ("long", &["last_deleted_document_count", "last_indexed_document_count"]),
    ]);
    properties.extend(opaque(&["configuration", "custom_scheduling", "features", "filtering", "pipeline", "scheduling", "sync_cursor"]));
    json!({ "dynamic": false, "properties": properties })
}

fn jobs() -> Value {
    let mut connector = fields(&[("keyword", &["id", "index_name", "language", "service_type"])]);
    connector.extend(opaque(&["configuration", "filtering", "pipeline", "sync_cursor"]));
    let mut properties = fields(&[
        ("keyword", &["error", "job_type", "status", "trigger_method", "worker_hostname"]),
        ("date", &["canceled_at", "cancelation_requested_at", "completed_at", "created_at", "last_seen", "started_at"]),
        ("long", &["deleted_document_count", "indexed_document_count", "indexed_document_volume", "total_document_count"]),
    ]);
    properties.extend(opaque(&["metadata"]));
    properties.insert("connector".to_owned(), json!({ "properties": connector }));
    json!({ "dynamic": false, "properties": properties })
}
