//! Servers that want to be signed in to: users, keys, certificates.

use std::sync::Arc;

use adapters::elasticsearch::{Elastic, ElasticAuth, ElasticConfig};
use domain::{Brake, ConnectorId, ES_FORBIDDEN, ES_SIGN_IN, JobType, Swept, Timestamp};
use ports::fakes::FakeClock;
use ports::{Checkpoints, Secret, Sink};
use serde_json::json;
use simulator::faults::FaultPlan;

use crate::adapter::{account, layout, submit};
use crate::program::{Setup, assert_documents, expected, org};
use crate::server::{Kind, Live, needed};

/// What a connector's own key must allow on its index, besides `monitor` on the cluster.
const WRITER: &str = r#"["read","write","create_index","monitor","view_index_metadata","maintenance"]"#;

/// An Elasticsearch with security, and the password of `elastic`.
pub(crate) fn secured(test: &str) -> Option<(Live, String)> {
    let url = needed(test, "SLUICE_LIVE_SECURED")?;
    let password = needed(test, "SLUICE_LIVE_SECURED_PASSWORD")?;
    let head = format!("Authorization: Basic {}\r\n", base64(format!("elastic:{password}").as_bytes()));
    let live = Live { head, ..Live::new(Kind::Elasticsearch, url, test) };
    live.clean();
    Some((live, password))
}

/// An API key with these privileges on the indices of the tests.
fn key(live: &Live, privileges: &str) -> String {
    let role = format!(
        r#"{{"name":"k","role_descriptors":{{"r":{{"cluster":["monitor"],"indices":[{{"names":["live-*"],"privileges":{privileges}}}]}}}}}}"#
    );
    live.json("POST", "/_security/api_key", &role)["encoded"].as_str().unwrap().to_owned()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    let letters: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let of_three = |three: &[u8]| {
        let bits = three.iter().chain(&[0, 0]).take(3).fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        let letter = |at: usize| if at <= three.len() { letters[bits >> (18 - 6 * at) & 63] } else { '=' };
        [letter(0), letter(1), letter(2), letter(3)]
    };
    bytes.chunks(3).flat_map(of_three).collect()
}

#[test]
fn who_may_not_write_is_told_so() {
    let Some((live, password)) = secured("keys") else { return };
    actix_rt::System::new().block_on(async {
        let with = |auth| ElasticConfig { auth, ..live.config() };
        let clock = || Arc::new(FakeClock(Timestamp::UNIX_EPOCH));
        for auth in [ElasticAuth::None, ElasticAuth::ApiKey(Secret::new("wrong"))] {
            assert_eq!(Elastic::connect(with(auth), clock()).await.unwrap_err().code, &ES_SIGN_IN);
        }
        let master = with(ElasticAuth::Basic { user: "elastic".into(), password: Secret::new(password) });
        let master = live.connect_as(master).await;
        let run = live.begin(&master, "r1").await;
        submit(&master, &run, vec![account(1)]).await;

        let by_key = async |privileges| live.connect_as(with(ElasticAuth::ApiKey(Secret::new(key(&live, privileges))))).await;
        let reader = by_key(r#"["read","monitor","view_index_metadata"]"#).await;
        assert!(reader.prepare(&run, &layout()).await.is_ok());
        assert_eq!(reader.submit(&run, Arc::new(vec![account(2)])).await.unwrap_err().code, &ES_FORBIDDEN);
        assert_eq!(reader.load(&ConnectorId::new("c"), JobType::Full).await.unwrap_err().code, &ES_FORBIDDEN);
        let writer = by_key(WRITER).await;
        let next = live.begin(&writer, "r2").await;
        submit(&writer, &next, vec![account(3)]).await;
        assert_eq!(writer.sweep(&next, &[], Brake::OFF).await.unwrap(), Swept::Deleted(1));
    });
    live.clean();
}

#[test]
fn a_connectors_own_key_writes_its_documents_and_that_of_the_service_the_rest() {
    let Some((live, password)) = secured("own-key") else { return };
    let org = org(FaultPlan::default());
    let service = |password: &str| {
        let setup = Setup::new(&live, &org).with("elasticsearch.username", json!("elastic"));
        setup.with("elasticsearch.password", json!(password))
    };
    let done = service("wrong").fails(&["[ES0101]", "`elasticsearch.username`"]);
    assert!(!done.log.contains(&password));
    let with_key = |key: &str| service(&password).with("connector.api_key", json!(key));
    with_key("d3Jvbmc6d3Jvbmc=").fails(&["[ES0101]"]);
    // Without a right to write, nothing is in the index; without a right to the state index, the key of the service is used for it.
    with_key(&key(&live, r#"["read","create_index","monitor","view_index_metadata"]"#)).fails(&["[ES0102]", "give the user or API key"]);
    assert!(live.all().is_empty());
    with_key(&key(&live, WRITER)).completes();
    assert_documents(&service(&password).documents(), expected(true));

    // User and password may stand in the address, as in files of the reference.
    let named = live.url.replace("://", &format!("://elastic:{password}@"));
    Setup::new(&live, &org).through(&named).completes();
    live.clean();
}

#[test]
fn a_server_that_cannot_prove_who_it_is_gets_nothing() {
    let test = "tls";
    let variables = ["SLUICE_LIVE_TLS", "SLUICE_LIVE_TLS_CA", "SLUICE_LIVE_TLS_PASSWORD"].map(|name| needed(test, name));
    let [Some(url), Some(ca), Some(password)] = variables else { return };
    let org = org(FaultPlan::default());
    let live = Live::new(Kind::OpenSearch, url, test);
    let setup = || {
        let setup = Setup::new(&live, &org).with("elasticsearch.username", json!("admin"));
        setup.with("elasticsearch.password", json!(password))
    };
    let done = setup().fails(&["certificate", "[ES0001]"]);
    assert!(!done.log.contains(&password));
    let trusting = setup().with("elasticsearch.ca_certs", json!(ca));
    trusting.completes();
    assert_documents(&trusting.documents(), expected(true));
    setup().with("elasticsearch.verify_certs", json!(false)).completes();
}
