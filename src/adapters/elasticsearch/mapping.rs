//! The mapping of an index that the engine creates (docs/decisions/0012).

use domain::catalog::{FieldKind, Layout};
use serde_json::{Map, Value, json};

/// Forms of a date in documents: the engine's own, and Salesforce's `2023-12-12T00:00:00.000+0000`.
const DATES: &str = "strict_date_optional_time||yyyy-MM-dd'T'HH:mm:ss.SSSZ||epoch_millis";

/// The body of the request that creates the index; `flat` is the server's type for an object in one field.
pub(super) fn index(layout: &Layout, budget: usize, flat: &str) -> Value {
    let mut properties = fixed();
    let mut left = budget;
    // Standard fields first: they are in every org, and searches that people share ask for them.
    let (custom, standard): (Vec<_>, Vec<_>) = layout.fields.iter().partition(|(name, _)| name.ends_with("__c"));
    for (name, kind) in standard.into_iter().chain(custom) {
        let Some((mapping, cost)) = field(name, *kind, flat) else { continue };
        if cost > left {
            break;
        }
        if !properties.contains_key(name) {
            properties.insert(name.clone(), mapping);
            left -= cost;
        }
    }
    json!({ "mappings": { "dynamic": false, "properties": properties } })
}

/// The body of the request that creates an index of access documents: people are found by any of their identities, and the query that is
/// put before their searches is kept as it is.
pub(super) fn access_index() -> Value {
    let identity = json!({ "properties": { "email": text(), "username": text(), "user_id": text() } });
    let properties = json!({
        "id": text(), "identity": identity, "created_at": date(), "_timestamp": date(), "query": { "type": "object", "enabled": false },
    });
    json!({ "settings": { "index.hidden": true }, "mappings": { "dynamic": false, "properties": properties } })
}

/// A field's mapping and how many fields the server counts for it; `None` for what is better left unsearched.
fn field(name: &str, kind: FieldKind, flat: &str) -> Option<(Value, usize)> {
    Some(match kind {
        FieldKind::Keyword => (json!({ "type": "keyword", "ignore_above": 1024 }), 1),
        FieldKind::Text => (text(), 2),
        // Integers beyond 2^53 are searched by their nearest neighbour; the source keeps them exactly.
        FieldKind::Number => (json!({ "type": "double", "ignore_malformed": true }), 1),
        FieldKind::Date => (date(), 1),
        FieldKind::Boolean => (json!({ "type": "boolean" }), 1),
        // Addresses and places always are objects. Other compound types may come as plain values, which such a field refuses.
        FieldKind::Object if ["Address", "Location", "__c"].iter().any(|end| name.ends_with(end)) => (json!({ "type": flat }), 1),
        FieldKind::Object => return None,
        // Bodies of e-mails and comments are longer than a term may be, and only Elasticsearch can be told to leave those out.
        FieldKind::Nested if flat == "flattened" => (json!({ "type": flat, "ignore_above": 1024 }), 1),
        FieldKind::Nested => return None,
    })
}

fn text() -> Value {
    json!({ "type": "text", "fields": { "keyword": { "type": "keyword", "ignore_above": 256 } } })
}

fn date() -> Value {
    json!({ "type": "date", "ignore_malformed": true, "format": DATES })
}

/// What every document has, whatever the org.
fn fixed() -> Map<String, Value> {
    let keyword = || json!({ "type": "keyword", "ignore_above": 1024 });
    let mut properties = Map::new();
    for name in ["id", "url", "type", "owner_email", "linked_ids", "related_ids"] {
        properties.insert(name.to_owned(), keyword());
    }
    for name in ["title", "body", "owner", "_allow_access_control"] {
        properties.insert(name.to_owned(), text());
    }
    for name in ["_timestamp", "created_at", "last_updated"] {
        properties.insert(name.to_owned(), date());
    }
    properties.insert("attributes".to_owned(), json!({ "dynamic": false, "properties": { "type": keyword() } }));
    properties
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(fields: impl IntoIterator<Item = (String, FieldKind)>) -> Layout {
        Layout { fields: fields.into_iter().collect() }
    }

    /// Fields as the server counts them: objects and multi-fields too.
    fn count(properties: &Value) -> usize {
        let each = properties.as_object().unwrap().values();
        each.map(|field| 1 + field.get("fields").map_or(0, count) + field.get("properties").map_or(0, count)).sum()
    }

    #[test]
    fn two_thousand_fields_stay_far_below_the_limit_of_the_server() {
        let many = layout((0..2000).map(|no| (format!("Field_{no}__c"), FieldKind::Text)).chain([("Name".into(), FieldKind::Text)]));
        let body = index(&many, 700, "flattened");
        let properties = &body["mappings"]["properties"];
        assert!((700..800).contains(&count(properties)), "{}", count(properties));
        assert_eq!(properties["Name"]["type"], "text", "standard fields come first");
        assert_eq!(body["mappings"]["dynamic"], false);
    }

    #[test]
    fn kinds_become_types_that_take_whatever_comes() {
        let kinds = [
            ("Id", FieldKind::Keyword, "keyword"),
            ("Name", FieldKind::Text, "text"),
            ("Amount", FieldKind::Number, "double"),
            ("CloseDate", FieldKind::Date, "date"),
            ("IsWon", FieldKind::Boolean, "boolean"),
            ("BillingAddress", FieldKind::Object, "flat_object"),
            ("title", FieldKind::Keyword, "text"),
        ];
        let body = index(&layout(kinds.map(|(name, kind, _)| (name.to_owned(), kind))), 700, "flat_object");
        for (name, _, expected) in kinds {
            assert_eq!(body["mappings"]["properties"][name]["type"], expected, "{name}");
        }
        assert_eq!(body["mappings"]["properties"]["_allow_access_control"]["fields"]["keyword"]["type"], "keyword");
        assert!(field("OldValue", FieldKind::Object, "flattened").is_none());
        assert_eq!(field("Feeds", FieldKind::Nested, "flattened").unwrap().0, json!({ "type": "flattened", "ignore_above": 1024 }));
        assert!(field("Feeds", FieldKind::Nested, "flat_object").is_none());
    }
}
