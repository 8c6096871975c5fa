//! The fields that a connector is configured by, and how a connector gets those that it lacks.

use serde_json::{Value, json};

use super::{CONNECTORS, Connector, Object, SERVICE_TYPE, features, is_blank, object};

/// Every property of a field, each with the value that it has unless the field says otherwise.
pub(super) fn properties() -> Object {
    object(json!({
        "default_value": null, "depends_on": [], "display": "text", "label": "", "options": [], "order": 1, "required": true,
        "sensitive": false, "tooltip": null, "type": "str", "ui_restrictions": [], "validations": [], "value": "",
    }))
}

/// The configuration of a connector that nobody has configured yet, by the keys of the reference.
pub fn simple() -> Object {
    let fields = [
        (
            "domain",
            json!({
                "label": "Domain", "order": 1,
                "tooltip": "My Domain name of the org: acme for acme.my.salesforce.com, acme--dev.sandbox for a sandbox.",
            }),
        ),
        (
            "client_id",
            json!({
                "label": "Client ID", "order": 2, "sensitive": true,
                "tooltip": "Consumer key of the connected app that has the client credentials flow.",
            }),
        ),
        (
            "client_secret",
            json!({
                "label": "Client Secret", "order": 3, "sensitive": true,
                "tooltip": "Consumer secret of the same connected app.",
            }),
        ),
        (
            "standard_objects_to_sync",
            json!({
                "label": "Standard Objects to Sync", "order": 4, "type": "list", "display": "textarea", "required": false,
                "value": "Account, Opportunity, Contact, Lead, Campaign, Case",
                "tooltip": "Names with commas between them, or * for all six.",
            }),
        ),
        (
            "sync_custom_objects",
            json!({
                "label": "Sync Custom Objects", "order": 5, "type": "bool", "display": "toggle", "value": false,
                "tooltip": "Whether custom objects are synced as well.",
            }),
        ),
        (
            "custom_objects_to_sync",
            json!({
                "label": "Custom Objects to Sync", "order": 6, "type": "list", "display": "textarea",
                "depends_on": [{ "field": "sync_custom_objects", "value": true }],
                "tooltip": "API names with commas between them, with or without __c, or * for all.",
            }),
        ),
        (
            "use_text_extraction_service",
            json!({
                "label": "Use text extraction service", "order": 7, "type": "bool", "display": "toggle", "value": false,
                "ui_restrictions": ["advanced"],
                "tooltip": "Text of files comes from the service that the connector's configuration file names, in place of the ingest pipeline.",
            }),
        ),
        (
            "use_document_level_security",
            json!({
                "label": "Enable document level security", "order": 8, "type": "bool", "display": "toggle", "value": false,
                "tooltip": "Stores with each document who may read it. Access control syncs write an access document for each user.",
            }),
        ),
    ];
    fields.into_iter().map(|(key, field)| (key.to_owned(), Value::Object(overlaid(properties(), object(field))))).collect()
}

/// What has to be written so that a connector can be configured and served by this program; empty when there is nothing.
///
/// Values that are there are never touched. The reference writes features only for connectors that its configuration file names and for
/// native ones; here they follow the code for every connector that is served, so that Kibana offers no more than is done.
pub fn prepared(connector: &Connector) -> Object {
    let mut patch = Object::new();
    let stored = connector.object("configuration");
    if stored.is_none_or(Object::is_empty) {
        patch.insert("configuration".to_owned(), Value::Object(simple()));
        patch.insert("status".to_owned(), json!("needs_configuration"));
    } else if let Some(missing) = stored.map(missing).filter(|missing| !missing.is_empty()) {
        patch.insert("configuration".to_owned(), Value::Object(missing));
    }
    if connector.service_type().is_none() {
        patch.insert("service_type".to_owned(), json!(SERVICE_TYPE));
    }
    if !has(connector.field("features"), &features()) {
        patch.insert("features".to_owned(), features());
    }
    patch
}

/// Whether writing `wanted` would change nothing: what the server merges into an object leaves its other keys alone.
fn has(stored: &Value, wanted: &Value) -> bool {
    match wanted {
        Value::Object(wanted) => wanted.iter().all(|(name, wanted)| has(&stored[name], wanted)),
        scalar => stored == scalar,
    }
}

/// Fields that are not there, and properties that fields lack.
fn missing(stored: &Object) -> Object {
    let simple = simple();
    // A configuration of another version is brought up to date as a whole, one that is only incomplete is completed.
    let outdated = simple.keys().any(|key| !stored.contains_key(key));
    let mut patch = Object::new();
    for (key, default) in simple {
        let default = object(default);
        let change = match stored.get(&key) {
            None => default,
            Some(Value::Object(field)) => completed(field, default, outdated),
            // Hand-made documents may have the bare value.
            Some(bare) => overlaid(default, object(json!({ "value": bare }))),
        };
        if !change.is_empty() {
            patch.insert(key, Value::Object(change));
        }
    }
    patch
}

fn completed(field: &Object, default: Object, outdated: bool) -> Object {
    let is_news = |(name, value): &(String, Value)| {
        let truthy = !is_blank(value) && value != &Value::Bool(false) && value.as_i64() != Some(0);
        outdated && name != "value" && truthy && field.get(name) != Some(value)
    };
    let news: Object = default.clone().into_iter().filter(is_news).collect();
    let lacks = properties().keys().any(|name| !field.contains_key(name));
    if lacks { overlaid(overlaid(default, field.clone()), news) } else { news }
}

fn overlaid(mut below: Object, above: Object) -> Object {
    below.extend(above);
    below
}

/// Where an owner finds a connector, for texts.
pub(super) fn place(connector: &Connector) -> String {
    format!("the connector `{}` of `{CONNECTORS}`", connector.id)
}
