//! What a cluster says before a job, as recorded from Elasticsearch 9.4 with and without security and from OpenSearch 3.4.

use std::time::Duration;

use domain::{ES_INDEX_CLOSED, ES_READ_ONLY, ES_SIGN_IN, Timestamp};
use ports::fakes::FakeClock;

use super::super::Retries;
use super::*;
use crate::stub::{Act, Seen, Stub};

const ELASTICSEARCH: &str = r#"{"version":{"number":"9.4.3"},"tagline":"You Know, for Search"}"#;
const OPENSEARCH: &str = r#"{"version":{"distribution":"opensearch","number":"3.4.0"}}"#;
const UNKNOWN: &str = r#"{"error":"no handler found for uri [/x] and method [POST]"}"#;

/// A cluster that greets, and answers everything else by `script`.
async fn cluster(greeting: &'static str, mut script: impl FnMut(&Seen) -> Act + 'static) -> (Stub, Elastic) {
    let stub = Stub::serve(move |seen| if seen.target == "/" { Act::json(200, greeting) } else { script(seen) }).await;
    let short = Duration::from_millis(1);
    let config = ElasticConfig {
        retries: Retries { attempts: 2, first_wait: short, longest_wait: short },
        ..ElasticConfig::new(&stub.base_url, ElasticAuth::ApiKey(Secret::new("service")))
    };
    let elastic = Elastic::connect(config, Arc::new(FakeClock(Timestamp::UNIX_EPOCH))).await.unwrap();
    (stub, elastic)
}

/// One that always says the same.
async fn saying(status: u16, body: &'static str) -> (Stub, Elastic) {
    cluster(ELASTICSEARCH, move |_| Act::json(status, body)).await
}

fn id(text: &str) -> ConnectorId {
    ConnectorId::new(text)
}

#[actix_rt::test]
async fn a_licence_is_read_where_there_is_one() {
    let trial = r#"{"license":{"status":"active","type":"trial","uid":"x"}}"#;
    let licence = saying(200, trial).await.1.licence().await.unwrap().unwrap();
    assert!(licence.kind == "trial" && licence.covers_document_security());
    for (kind, status) in [("basic", "active"), ("gold", "active"), ("platinum", "expired"), ("standard", "active")] {
        assert!(!Licence { kind: kind.to_owned(), status: status.to_owned() }.covers_document_security(), "{kind}");
    }
    assert_eq!(saying(400, UNKNOWN).await.1.licence().await.unwrap(), None);
    let (stub, opensearch) = cluster(OPENSEARCH, |_| Act::Close).await;
    assert_eq!((opensearch.licence().await.unwrap(), stub.seen().len()), (None, 1), "it is not even asked");
}

#[actix_rt::test]
async fn privileges_that_are_lacking_are_named_by_place() {
    let answer = r#"{"username":"u","has_all_requested":false,"cluster":{"monitor":true},"index":{".sluice-state":{"read":true,"write":true,"maintenance":false,"create_index":true},".elastic-connectors":{"read":true,"write":true}},"application":{}}"#;
    let (stub, elastic) = saying(200, answer).await;
    let lack = |index: Option<&str>, names: &[&str]| Lack {
        index: index.map(str::to_owned),
        privileges: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    let needs = Needs::state(".sluice-state").and_protocol().and_connector_api();
    let expected = vec![
        lack(None, &["manage_connector"]),
        lack(Some(".sluice-state"), &["maintenance"]),
        lack(Some(".elastic-connectors-sync-jobs"), &["read", "write"]),
    ];
    assert_eq!(elastic.privileges(&needs).await.unwrap(), Privileges::Lacking(expected), "what is not spoken of is not granted");
    let asked: Value = serde_json::from_str(&stub.seen().pop().unwrap().body).unwrap();
    assert_eq!(asked["cluster"], json!(["monitor", "manage_connector"]));
    assert_eq!(asked["index"][0], json!({ "names": [".sluice-state"], "privileges": STATE }));
}

#[actix_rt::test]
async fn a_server_without_security_grants_everything() {
    for (status, body) in [(400, UNKNOWN), (405, r#"{"error":"Incorrect HTTP method for uri [/x] and method [POST]","status":405}"#)] {
        let privileges = saying(status, body).await.1.privileges(&Needs::documents("i")).await.unwrap();
        assert_eq!(privileges, Privileges::SecurityOff, "{body}");
    }
    let refused = r#"{"error":{"type":"security_exception","reason":"unable to authenticate"},"status":401}"#;
    assert_eq!(saying(401, refused).await.1.privileges(&Needs::documents("i")).await.unwrap_err().code, &ES_SIGN_IN);
}

#[actix_rt::test]
async fn a_server_that_does_not_know_the_privilege_of_the_connector_api_is_asked_for_the_others() {
    let (_stub, elastic) = cluster(ELASTICSEARCH, |seen| {
        if seen.body.contains("manage_connector") {
            let reason = "unknown cluster privilege [manage_connector]. a privilege must be either one of [monitor]";
            return Act::json(400, format!(r#"{{"error":{{"type":"illegal_argument_exception","reason":"{reason}"}},"status":400}}"#));
        }
        let held = r#"{"read":true,"write":true,"maintenance":true,"create_index":true}"#;
        Act::json(200, format!(r#"{{"cluster":{{"monitor":true}},"index":{{"s":{held}}}}}"#))
    })
    .await;
    assert_eq!(elastic.privileges(&Needs::state("s").and_connector_api()).await.unwrap(), Privileges::Held);
}

#[actix_rt::test]
async fn another_key_is_sent_in_place_of_the_one_of_the_service() {
    let (stub, elastic) = saying(200, "{}").await;
    let needs = Needs::documents("i");
    assert!(matches!(elastic.with_key(&Secret::new("own")).unwrap().privileges(&needs).await, Ok(Privileges::Lacking(_))));
    assert_eq!(stub.seen().pop().unwrap().header("authorization"), Some("ApiKey own"));
}

#[actix_rt::test]
async fn fields_are_counted_as_the_server_counts_them() {
    let mapping = r#"{"dynamic":"false","runtime":{"r":{"type":"long"}},"properties":{"a":{"type":"text","fields":{"keyword":{"type":"keyword"}}},"attributes":{"dynamic":"false","properties":{"type":{"type":"keyword"}}}}}"#;
    let body = format!(r#"{{"i-1":{{"mappings":{mapping},"settings":{{"index.uuid":"x","index.mapping.total_fields.limit":"20"}}}}}}"#);
    let body: &'static str = body.leak();
    let expected = IndexFacts { name: "i-1".to_owned(), mapped: 5, limit: 20, unmapped: Unmapped::Kept };
    assert_eq!(saying(200, body).await.1.behind("i").await.unwrap(), Behind::Index(expected));
}

#[test]
fn what_becomes_of_unmapped_fields_depends_on_mapping_and_settings() {
    for (mappings, settings, expected) in [
        ("{}", "{}", Unmapped::Added),
        (r#"{"dynamic":"true"}"#, "{}", Unmapped::Added),
        (r#"{"dynamic":"runtime"}"#, "{}", Unmapped::Added),
        (r#"{"dynamic":false}"#, "{}", Unmapped::Kept),
        (r#"{"dynamic":"strict"}"#, "{}", Unmapped::Refused),
        ("{}", r#"{"index.mapping.total_fields.ignore_dynamic_beyond_limit":"true"}"#, Unmapped::Kept),
    ] {
        let found = serde_json::from_str(&format!(r#"{{"mappings":{mappings},"settings":{settings}}}"#)).unwrap();
        let facts = facts("i".to_owned(), &found);
        assert_eq!((facts.unmapped, facts.limit), (expected, 1000), "{mappings} {settings}");
    }
}

#[actix_rt::test]
async fn a_name_stands_for_one_usable_index_or_its_trouble_is_told() {
    let gone = r#"{"error":{"type":"index_not_found_exception","reason":"no such index [i]"},"status":404}"#;
    assert_eq!(saying(404, gone).await.1.behind("i").await.unwrap(), Behind::Nothing);
    let several = r#"{"a":{"mappings":{},"settings":{}},"b":{"mappings":{},"settings":{}}}"#;
    assert_eq!(saying(200, several).await.1.behind("i").await.unwrap(), Behind::Several(vec!["a".to_owned(), "b".to_owned()]));
    let stream = r#"{".ds-i-1":{"mappings":{},"settings":{},"data_stream":"i"}}"#;
    assert_eq!(saying(200, stream).await.1.behind("i").await.unwrap(), Behind::DataStream);
    let closed = r#"{"i":{"mappings":{},"settings":{"index.verified_before_close":"true"}}}"#;
    assert_eq!(saying(200, closed).await.1.behind("i").await.unwrap_err().code, &ES_INDEX_CLOSED);
    let blocked = r#"{"i":{"mappings":{},"settings":{"index.blocks.write":"true"}}}"#;
    assert_eq!(saying(200, blocked).await.1.behind("i").await.unwrap_err().code, &ES_READ_ONLY);
}

#[actix_rt::test]
async fn a_pipeline_is_there_or_not_or_may_not_be_looked_at() {
    let forbidden = r#"{"error":{"type":"security_exception","reason":"action [x] is unauthorized"},"status":403}"#;
    for (status, body, expected) in
        [(200, r#"{"p":{}}"#, PipelineFound::There), (404, "{}", PipelineFound::Missing), (403, forbidden, PipelineFound::Hidden)]
    {
        let (stub, elastic) = saying(status, body).await;
        assert_eq!(elastic.pipeline("a/b").await.unwrap(), expected);
        assert_eq!(stub.seen().pop().unwrap().target, "/_ingest/pipeline/a%2Fb");
    }
}

#[actix_rt::test]
async fn a_connector_of_the_cluster_is_there_or_not() {
    let body = r#"{"_id":"c","found":true,"_source":{"service_type":"salesforce","index_name":"search-c"}}"#;
    let connector = saying(200, body).await.1.connector_document(&id("c")).await.unwrap().unwrap();
    assert_eq!((connector.id.as_str(), connector.index()), ("c", Some("search-c")));
    let none = r#"{"_index":".elastic-connectors-v1","_id":"c","found":false}"#;
    assert_eq!(saying(404, none).await.1.connector_document(&id("c")).await.unwrap(), None);
    let gone = r#"{"error":{"type":"index_not_found_exception","reason":"no such index"},"status":404}"#;
    assert_eq!(saying(404, gone).await.1.connector_document(&id("c")).await.unwrap(), None);
}
