//! Sign-in, sessions, retries and time limits.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use domain::catalog::{Blob, ContentAt};
use domain::{
    FaultClass, SF_BUSY, SF_DAILY_LIMIT, SF_NO_OBJECT, SF_QUERY, SF_SESSION, SF_SIGN_IN, SF_SILENT, SF_UNREACHABLE, SF_UNREADABLE,
    SF_WRONG_HOST,
};
use futures::TryStreamExt;
use ports::Source;

use super::*;

const GLOBAL: &str = r#"{"encoding":"UTF-8","sobjects":[{"name":"Account","queryable":true,"custom":false,"keyPrefix":"001"},{"name":"Odd","queryable":false,"keyPrefix":null}]}"#;

fn good() -> Act {
    Act::json(200, GLOBAL)
}

/// A server that grants nothing but what `script` says, and a sign-in to it.
async fn signing_in(script: impl FnMut(&Seen) -> Act + 'static) -> (Stub, SignIn) {
    let stub = Stub::serve(script).await;
    let sign_in = SignIn::new(config(&stub.base_url)).unwrap();
    (stub, sign_in)
}

#[actix_rt::test]
async fn objects_are_listed_with_a_bearer_token() {
    let (stub, salesforce) = org(in_turn(vec![good()])).await;
    let objects = salesforce.global().await.unwrap();
    assert_eq!((objects.len(), objects[0].key_prefix.as_deref(), objects[1].queryable), (2, Some("001"), false));
    let seen = stub.seen();
    assert_eq!(seen[0].target, "/services/data/v64.0/sobjects");
    assert_eq!(seen[0].header("authorization"), Some("Bearer T1"));
    assert_eq!((seen[0].header("accept-encoding"), seen[0].header("sforce-query-options")), (Some("identity"), Some("batchSize=2000")));
}

#[actix_rt::test]
async fn a_describe_ignores_what_is_of_no_use() {
    let describe = r#"{"name":"Account","fields":[{"name":"Id","type":"id","length":18}],"childRelationships":[{"relationshipName":null},{"relationshipName":"ContentDocumentLinks","field":"LinkedEntityId"}],"urls":{}}"#;
    let (_stub, salesforce) =
        org(in_turn(vec![Act::json(200, describe), Act::json(404, refusal("NOT_FOUND", "The requested resource does not exist"))])).await;
    let described = salesforce.describe("Account").await.unwrap();
    assert_eq!((described.fields, described.relationships), (vec![("Id".into(), "id".into())], vec!["ContentDocumentLinks".into()]));
    let fault = salesforce.describe("Foo__c").await.unwrap_err();
    assert_eq!(fault.code, &SF_NO_OBJECT);
    assert_eq!(fault.message, "describe Foo__c: salesforce answered 404 NOT_FOUND: The requested resource does not exist");
}

#[actix_rt::test]
async fn client_credentials_go_in_the_body_and_the_answer_says_where_the_org_is() {
    let granted = r#"{"access_token":"00D!secret","instance_url":"http://acme.example:8080/","token_type":"Bearer","issued_at":"1"}"#;
    let (stub, sign_in) = signing_in(in_turn(vec![Act::json(200, granted)])).await;
    let (secret, instance_url) = sign_in.issue().await.unwrap();
    assert_eq!((secret.reveal(), instance_url.as_str()), ("00D!secret", "http://acme.example:8080"));
    assert_eq!(stub.sign_ins()[0].body, "grant_type=client_credentials&client_id=app&client_secret=hunter2");
}

#[actix_rt::test]
async fn an_assertion_names_the_app_the_user_and_the_host() {
    let stub = Stub::serve(in_turn(vec![Act::json(200, r#"{"access_token":"T"}"#)])).await;
    let auth = |audience: Option<&str>| Auth::JwtBearer {
        client_id: "app".into(),
        username: "me@acme.example".into(),
        private_key_pem: Secret::new(include_str!("key-pkcs8.pem")),
        audience: audience.map(str::to_owned),
    };
    for (audience, expected) in [(None, stub.base_url.as_str()), (Some("https://login.salesforce.com"), "https://login.salesforce.com")] {
        let sign_in = SignIn::new(SalesforceConfig { auth: auth(audience), ..config(&stub.base_url) }).unwrap();
        assert_eq!(sign_in.issue().await.unwrap().1, stub.base_url, "a simulator need not say where it is");
        let body = stub.sign_ins().pop().unwrap().body;
        let form: Vec<_> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        assert_eq!(form[0], ("grant_type".into(), "urn:ietf:params:oauth:grant-type:jwt-bearer".into()));
        let claims = form[1].1.split('.').nth(1).unwrap();
        let claims = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, claims).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!((&claims["iss"], &claims["sub"], &claims["aud"]), (&"app".into(), &"me@acme.example".into(), &expected.into()));
        let life = claims["exp"].as_i64().unwrap() - domain::Timestamp::now().as_second();
        assert!((1..=180).contains(&life), "{life}");
    }
}

#[actix_rt::test]
async fn refused_credentials_are_not_tried_again_and_not_repeated() {
    let refused = r#"{"error":"invalid_client","error_description":"invalid client credentials hunter2"}"#;
    let (stub, sign_in) = signing_in(in_turn(vec![Act::json(401, refused)])).await;
    let fault = sign_in.issue().await.unwrap_err();
    assert_eq!((fault.code, stub.sign_ins().len()), (&SF_SIGN_IN, 1));
    let told = "salesforce answered 401 invalid_client: invalid client credentials ***";
    assert_eq!(fault.message, format!("sign in to salesforce at {}: {told}", stub.base_url));
    assert!(!format!("{sign_in:?}").contains("hunter2"));
}

#[actix_rt::test]
async fn a_sign_in_outlives_a_hiccup_and_knows_a_wrong_host() {
    let granted = Act::json(200, r#"{"access_token":"T"}"#);
    let (stub, sign_in) = signing_in(in_turn(vec![Act::html(503), Act::Reset, granted])).await;
    assert_eq!(sign_in.issue().await.unwrap().0.reveal(), "T");
    assert_eq!(stub.sign_ins().len(), 3);
    let moved = Act::Answer { status: 302, headers: "Location: https://acme.my.salesforce.com/\r\n".into(), body: Bytes::new() };
    let (stub, sign_in) = signing_in(in_turn(vec![moved])).await;
    assert_eq!((sign_in.issue().await.unwrap_err().code, stub.sign_ins().len()), (&SF_WRONG_HOST, 1));
}

#[actix_rt::test]
async fn an_ended_session_costs_one_sign_in_and_the_request_is_repeated() {
    let expired = Act::json(401, refusal("INVALID_SESSION_ID", "Session expired or invalid"));
    let (stub, salesforce) = org(in_turn(vec![expired, good()])).await;
    salesforce.global().await.unwrap();
    let tokens: Vec<_> = stub.seen().iter().map(|seen| seen.header("authorization").unwrap().to_owned()).collect();
    assert_eq!((tokens, stub.sign_ins().len()), (vec!["Bearer T1".into(), "Bearer T2".into()], 2));
}

#[actix_rt::test]
async fn a_fresh_session_that_is_refused_again_is_a_fault() {
    let expired = Act::json(401, refusal("INVALID_SESSION_ID", "Session expired or invalid"));
    let (stub, salesforce) = org(in_turn(vec![expired])).await;
    assert_eq!(salesforce.global().await.unwrap_err().code, &SF_SESSION);
    assert_eq!((stub.seen().len(), stub.sign_ins().len()), (2, 2));
}

#[actix_rt::test]
async fn a_server_error_passes() {
    let (stub, salesforce) =
        org(in_turn(vec![Act::html(503), Act::json(500, refusal("UNKNOWN_EXCEPTION", "An unexpected error")), good()])).await;
    assert_eq!(salesforce.global().await.unwrap().len(), 2);
    assert_eq!(stub.seen().len(), 3);
}

#[actix_rt::test]
async fn damaged_answers_are_asked_for_again() {
    for (damage, code) in [
        (Act::html(200), &SF_UNREADABLE),
        (Act::json(200, &GLOBAL[..40]), &SF_UNREADABLE),
        (Act::json(200, "{}"), &SF_UNREADABLE),
        (Act::CutBody(GLOBAL.into()), &SF_UNREADABLE),
        (Act::CutBody(GLOBAL[..30].into()), &SF_UNREADABLE),
        (Act::Close, &SF_UNREACHABLE),
        (Act::Reset, &SF_UNREACHABLE),
    ] {
        let (stub, salesforce) = org(in_turn(vec![damage.clone(), good()])).await;
        assert_eq!((salesforce.global().await.unwrap().len(), stub.seen().len()), (2, 2), "{damage:?}");
        let (stub, salesforce) = org(in_turn(vec![damage.clone()])).await;
        let fault = salesforce.global().await.unwrap_err();
        assert_eq!((fault.code, fault.class(), stub.seen().len()), (code, FaultClass::Transient, 3), "{damage:?} {fault}");
    }
}

#[actix_rt::test]
async fn silence_ends_a_request_before_and_within_its_answer() {
    let short = Duration::from_millis(50);
    for (act, says) in
        [(Act::StallHead, "no answer within 50ms"), (Act::StallBody("{".into()), "nothing more of the answer within 50ms, after 1 bytes")]
    {
        let (stub, _) = org(in_turn(vec![act])).await;
        let salesforce = again_with(&stub, |config| {
            config.timeouts = Timeouts { head: short, body_idle: short, ..config.timeouts };
        });
        let fault = salesforce.global().await.unwrap_err();
        assert_eq!((fault.code, stub.seen().len()), (&SF_SILENT, 3));
        assert!(fault.message.ends_with(says), "{fault}");
    }
}

#[actix_rt::test]
async fn a_compressed_answer_is_unpacked_and_a_cut_one_is_asked_for_again() {
    let packed = include_bytes!("global.json.gz");
    let gzip =
        |body: &'static [u8]| Act::Answer { status: 200, headers: "Content-Encoding: gzip\r\n".into(), body: Bytes::from_static(body) };
    let (stub, salesforce) = org(in_turn(vec![gzip(&packed[..packed.len() - 20]), gzip(packed)])).await;
    assert_eq!((salesforce.global().await.unwrap().len(), stub.seen().len()), (2, 2));
}

#[actix_rt::test]
async fn an_org_behind_tls_is_trusted_by_its_root_only() {
    let stub = Stub::serve_tls(|seen: &Seen| match seen.body.is_empty() {
        true => good(),
        false => Act::json(200, r#"{"access_token":"T"}"#),
    })
    .await;
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/salesforce/tests/tls-root.pem"));
    let trusting = SalesforceConfig { ca_file: Some(root), ..config(&stub.base_url) };
    let salesforce = Salesforce::new(trusting.clone(), holder(trusting)).unwrap();
    assert_eq!(salesforce.global().await.unwrap().len(), 2);
    let fault = SignIn::new(config(&stub.base_url)).unwrap().issue().await.unwrap_err();
    assert!(fault.code == &SF_UNREACHABLE && fault.message.contains("certificate"), "{fault}");
}

#[test]
fn a_root_that_cannot_be_read_is_named() {
    for path in ["/nowhere/root.pem", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")] {
        let fault = SignIn::new(SalesforceConfig { ca_file: Some(path.into()), ..config("https://localhost") }).unwrap_err();
        assert!(fault.code == &domain::CF_INVALID && fault.message.contains(path), "{fault}");
    }
}

#[actix_rt::test]
async fn an_instance_url_never_weakens_the_connection() {
    for told in ["\"ftp://acme\"", "\"nowhere\""] {
        let granted = format!(r#"{{"access_token":"T","instance_url":{told}}}"#);
        let (_stub, sign_in) = signing_in(in_turn(vec![Act::json(200, granted)])).await;
        assert_eq!(sign_in.issue().await.unwrap_err().code, &SF_UNREADABLE, "{told}");
    }
    let stub = Stub::serve_tls(in_turn(vec![Act::json(200, r#"{"access_token":"T","instance_url":"http://acme.example"}"#)])).await;
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/salesforce/tests/tls-root.pem"));
    let sign_in = SignIn::new(SalesforceConfig { ca_file: Some(root), ..config(&stub.base_url) }).unwrap();
    assert_eq!(sign_in.issue().await.unwrap_err().code, &SF_UNREADABLE);
}

#[actix_rt::test]
async fn an_answer_larger_than_memory_allows_is_not_even_begun() {
    let (stub, salesforce) = org(in_turn(vec![Act::Announce((64 << 20) + 1)])).await;
    assert_eq!((salesforce.global().await.unwrap_err().code, stub.seen().len()), (&domain::SF_TOO_LARGE, 1));
}

#[actix_rt::test]
async fn a_whole_answer_has_its_time_limit_too() {
    let (stub, _) = org(in_turn(vec![Act::StallBody("{".into())])).await;
    let salesforce = again_with(&stub, |config| config.timeouts.total = Some(Duration::from_millis(50)));
    let fault = salesforce.global().await.unwrap_err();
    assert!(fault.code == &SF_SILENT && fault.message.contains("not complete within 50ms"), "{fault}");
}

#[actix_rt::test]
async fn nobody_there_is_a_fault_of_the_network() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let sign_in = SignIn::new(config(&format!("http://{unused}"))).unwrap();
    let fault = sign_in.issue().await.unwrap_err();
    assert_eq!(fault.code, &SF_UNREACHABLE, "{fault}");
}

#[actix_rt::test]
async fn a_spent_allowance_ends_the_run_and_too_many_long_requests_do_not() {
    let daily = Act::json(403, refusal("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."));
    let (stub, salesforce) = org(in_turn(vec![daily])).await;
    let fault = salesforce.global().await.unwrap_err();
    assert_eq!((fault.code, fault.class(), stub.seen().len()), (&SF_DAILY_LIMIT, FaultClass::Run, 1));
    let concurrent = Act::json(403, refusal("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."));
    let (stub, salesforce) = org(in_turn(vec![concurrent.clone(), good()])).await;
    assert_eq!((salesforce.global().await.is_ok(), stub.seen().len()), (true, 2));
    let (stub, salesforce) = org(in_turn(vec![concurrent])).await;
    assert_eq!((salesforce.global().await.unwrap_err().code, stub.seen().len()), (&SF_BUSY, 3));
}

#[actix_rt::test]
async fn the_use_of_the_allowance_is_known_from_any_answer() {
    let headers = "Sforce-Limit-Info: api-usage=10018/100000\r\n".to_owned();
    let (_stub, salesforce) =
        org(in_turn(vec![Act::Answer { status: 400, headers, body: refusal("INVALID_FIELD", "No such column").into() }])).await;
    assert_eq!(salesforce.api_usage(), None);
    assert_eq!(salesforce.global().await.unwrap_err().code, &SF_QUERY);
    assert_eq!(salesforce.api_usage(), Some((10018, 100_000)));
}

#[actix_rt::test]
async fn a_file_arrives_in_chunks_and_with_its_length() {
    let version = ids("068", 1)[0];
    let content = "content ".repeat(9000);
    let expired = Act::json(401, refusal("INVALID_SESSION_ID", "Session expired or invalid"));
    let answer = Act::Answer { status: 200, headers: String::new(), body: content.clone().into() };
    let (stub, salesforce) = org(in_turn(vec![Act::html(503), expired, answer])).await;
    let file = salesforce.file(version_of(version)).await.unwrap();
    assert_eq!(file.length, Some(content.len() as u64));
    let chunks: Vec<_> = file.chunks.try_collect().await.unwrap();
    assert_eq!(chunks.concat(), content.as_bytes());
    assert_eq!(stub.seen()[2].target, format!("/services/data/v64.0/sobjects/ContentVersion/{version}/VersionData"));
}

#[actix_rt::test]
async fn a_file_that_breaks_off_ends_in_a_fault() {
    let (_stub, salesforce) = org(in_turn(vec![Act::CutBody("half".into())])).await;
    let file = salesforce.file(version_of(ids("068", 1)[0])).await.unwrap();
    let fault = file.chunks.try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!((fault.code, fault.message.as_str()), (&SF_UNREACHABLE, "the connection ended after 4 of 14 bytes"));
    let (stub, _) = org(in_turn(vec![Act::StallBody("half".into())])).await;
    let salesforce = again_with(&stub, |config| config.timeouts.body_idle = Duration::from_millis(50));
    let file = salesforce.file(version_of(ids("068", 1)[0])).await.unwrap();
    assert_eq!(file.chunks.try_collect::<Vec<_>>().await.unwrap_err().code, &SF_SILENT);
}

#[actix_rt::test]
async fn a_file_that_is_gone_is_named() {
    let (stub, salesforce) = org(in_turn(vec![Act::json(404, refusal("NOT_FOUND", "The requested resource does not exist"))])).await;
    let version = ids("068", 1)[0];
    let fault = salesforce.file(version_of(version)).await.unwrap_err();
    assert_eq!((fault.code, stub.seen().len()), (&domain::FILE_GONE, 1));
    assert!(fault.message.starts_with(&format!("download VersionData of ContentVersion {version}: salesforce answered 404")), "{fault}");
}

#[actix_rt::test]
async fn no_more_requests_are_in_flight_than_the_limit_and_a_file_counts_until_its_end() {
    let (stub, _) = org(|seen: &Seen| if seen.target.ends_with("VersionData") { Act::json(200, "bytes") } else { good() }).await;
    let salesforce = again_with(&stub, |config| config.concurrency = 1);
    let file = salesforce.file(version_of(ids("068", 1)[0])).await.unwrap();
    let mut global = Box::pin(salesforce.global());
    assert!(futures::poll!(&mut global).is_pending());
    tokio::task::yield_now().await;
    assert!(futures::poll!(&mut global).is_pending());
    assert_eq!(stub.seen().len(), 1, "the file has the only slot");
    drop(file);
    assert_eq!(global.await.unwrap().len(), 2);
}

fn version_of(id: RecordId) -> ContentAt {
    ContentAt { blob: Blob::ContentVersion, id }
}
