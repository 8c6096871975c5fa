//! What a search application makes of access documents: keys and roles, and what is seen through them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};

use super::world::basic;
use crate::server::{Kind, Live};

/// OpenSearch keeps all roles in one document and refuses who changes it at the same time as somebody else.
static ROLES: Mutex<()> = Mutex::new(());

/// Password of all users that the tests make, and a hash of it that is quickly verified.
const PASSWORD: &str = "Lab-user-pass-1";
const HASH: &str = "$2y$04$abcdefghijklmnopqrstuuInpexd4AJilpkvPl9b8TABIvEYIxVKu";

/// For each user with an access document, a way in that shows what the query of the document lets through, and no more.
pub(super) fn open(owner: &Live, access: &BTreeMap<String, Value>) -> BTreeMap<String, Live> {
    let queries = access.iter().map(|(user, document)| (user.clone(), document["_source"]["query"].clone())).collect();
    match owner.kind {
        Kind::Elasticsearch => by_keys(owner, &queries),
        Kind::OpenSearch => by_roles(owner, &queries),
    }
}

/// An API key for each, with the query in its role descriptor.
fn by_keys(owner: &Live, queries: &BTreeMap<String, Value>) -> BTreeMap<String, Live> {
    // The servers of the testbed lack the module for templates; where it is there, the query goes as it is.
    let knows_templates = owner.ask("POST", "/_render/template", r#"{"source":"{}"}"#).0 == 200;
    let key = |(user, query): (&String, &Value)| {
        let query = if knows_templates { query.clone() } else { rendered(query) };
        let role = json!({ "cluster": [], "indices": [{ "names": [owner.index], "privileges": ["read"], "query": query }] });
        let body = json!({ "name": format!("{}-{user}", owner.index), "expiration": "1h", "role_descriptors": { "searches": role } });
        let key = owner.json("POST", "/_security/api_key?refresh=true", &body.to_string());
        let head = format!("Authorization: ApiKey {}\r\n", key["encoded"].as_str().unwrap());
        (user.clone(), Live { head, ..owner.clone() })
    };
    queries.iter().map(key).collect()
}

/// A user and a role for each, with the query as text, since such roles know no templates.
fn by_roles(owner: &Live, queries: &BTreeMap<String, Value>) -> BTreeMap<String, Live> {
    let mut patches = [("roles", Vec::new()), ("internalusers", Vec::new()), ("rolesmapping", Vec::new())];
    let mut doors = BTreeMap::new();
    for (user, query) in queries {
        let name = format!("{}-{user}", owner.index);
        let query = rendered_by(owner, query).to_string();
        let permissions = json!([{ "index_patterns": [owner.index], "dls": query, "allowed_actions": ["read"] }]);
        let values = [
            // What asks for several documents or searches at once is a permission on the cluster as well.
            json!({ "cluster_permissions": ["cluster_composite_ops_ro"], "index_permissions": permissions }),
            json!({ "hash": HASH }),
            json!({ "users": [name] }),
        ];
        for ((_, patch), value) in patches.iter_mut().zip(values) {
            patch.push(json!({ "op": "add", "path": format!("/{name}"), "value": value }));
        }
        doors.insert(user.clone(), Live { head: basic(&name, PASSWORD), ..owner.clone() });
    }
    let _alone = ROLES.lock().unwrap_or_else(PoisonError::into_inner);
    for (kind, patch) in patches {
        owner.raw("PATCH", &format!("/_plugins/_security/api/{kind}"), &json!(patch).to_string());
    }
    doors
}

/// Takes back what was made for users of this index.
pub(super) fn close(owner: &Live) {
    if owner.kind == Kind::Elasticsearch {
        let keys = json!({ "name": format!("{}-*", owner.index) });
        // There may be none.
        owner.ask("DELETE", "/_security/api_key", &keys.to_string());
        return;
    }
    let _alone = ROLES.lock().unwrap_or_else(PoisonError::into_inner);
    for kind in ["rolesmapping", "internalusers", "roles"] {
        let path = format!("/_plugins/_security/api/{kind}");
        let all: Map<String, Value> = serde_json::from_str(&owner.raw("GET", &path, "")).unwrap();
        let ours = all.keys().filter(|name| name.starts_with(&format!("{}-", owner.index)));
        let patch: Vec<_> = ours.map(|name| json!({ "op": "remove", "path": format!("/{name}") })).collect();
        if !patch.is_empty() {
            owner.raw("PATCH", &path, &json!(patch).to_string());
        }
    }
}

/// The query with its parameters in it, as an application without templates puts them there.
fn rendered(query: &Value) -> Value {
    let template = &query["template"];
    let mut source = template["source"].as_str().unwrap().to_owned();
    for (name, value) in template["params"].as_object().unwrap() {
        source = source.replace(&format!("{{{{#toJson}}}}{name}{{{{/toJson}}}}"), &value.to_string());
    }
    serde_json::from_str(&source).unwrap()
}

/// The same by the template language of the server.
fn rendered_by(owner: &Live, query: &Value) -> Value {
    let answer = owner.json("POST", "/_render/template", &query["template"].to_string());
    let output = answer["template_output"].clone();
    assert_eq!(output, rendered(query));
    output
}

/// Asks as a user in every way that shows documents: all must show these, and nothing of the others.
pub(super) fn assert_sees(asker: &Live, content: &BTreeMap<String, Value>, may: &BTreeSet<&str>, who: &str) {
    let index = &asker.index;
    let body = json!({ "track_total_hits": true, "_source": false, "aggs": { "kinds": { "terms": { "field": "attributes.type", "size": 100 } } } });
    let answer = asker.json("POST", &format!("/{index}/_search?size=5000"), &body.to_string());
    let hits = answer["hits"]["hits"].as_array().unwrap();
    let found: BTreeSet<_> = hits.iter().map(|hit| hit["_id"].as_str().unwrap()).collect();
    // Not with `assert_eq`, which would say all of it.
    let differs: Vec<_> = found.symmetric_difference(may).map(|id| (id, &content[*id]["_source"]["_allow_access_control"])).collect();
    assert!(differs.is_empty(), "{who} finds {} of {} documents, and these wrongly or not: {differs:?}", found.len(), may.len());
    assert_eq!(answer["hits"]["total"]["value"], may.len(), "{who}");
    assert_eq!(asker.json("GET", &format!("/{index}/_count"), "")["count"], may.len(), "{who}");

    let mut kinds = BTreeMap::new();
    let kind = |id: &&&str| content[**id]["_source"]["attributes"]["type"].as_str();
    may.iter().filter_map(|id| kind(&id)).for_each(|kind| *kinds.entry(kind).or_insert(0_u64) += 1);
    let buckets = answer["aggregations"]["kinds"]["buckets"].as_array().unwrap();
    let counted: BTreeMap<_, _> =
        buckets.iter().map(|bucket| (bucket["key"].as_str().unwrap(), bucket["doc_count"].as_u64().unwrap())).collect();
    assert_eq!(counted, kinds, "{who}");

    // By id, which needs no search.
    let ids: Vec<_> = content.keys().collect();
    let got = asker.json("POST", &format!("/{index}/_mget?_source=false"), &json!({ "ids": ids }).to_string());
    let got = got["docs"].as_array().unwrap().iter().filter(|document| document["found"] == true);
    assert_eq!(&got.map(|document| document["_id"].as_str().unwrap()).collect::<BTreeSet<_>>(), may, "{who}");
    for (shown, status) in [(true, 200), (false, 404)] {
        let Some(id) = content.keys().find(|id| may.contains(id.as_str()) == shown) else { continue };
        assert_eq!(asker.ask("GET", &format!("/{index}/_doc/{id}"), "").0, status, "{who}: {id}");
    }
    // And nothing can be written.
    assert_eq!(asker.ask("POST", &format!("/{index}/_doc"), "{}").0, 403, "{who}");
}
