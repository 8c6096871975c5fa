//! Tokens: how they are got, refused and lost.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::RSA_PKCS1_SHA256;
use serde_json::json;

use super::*;
use crate::options::Refusal;

const TOKEN: &str = "/services/oauth2/token";
const LIMITS: &str = "/services/data/v64.0/limits";

fn sign_in(org: &Running, form: &str) -> Raw {
    post(org, TOKEN, "", form)
}

/// `error` and `error_description` of a refusal, which is an object and comes with 400.
fn refusal(org: &Running, form: &str) -> (String, String) {
    let reply = sign_in(org, form);
    assert_eq!(reply.status, 400);
    let text = |name: &str| reply.json()[name].as_str().unwrap().to_owned();
    (text("error"), text("error_description"))
}

fn pair(error: &str, description: &str) -> (String, String) {
    (error.to_owned(), description.to_owned())
}

#[test]
fn client_credentials_work_in_the_form_and_as_basic() {
    let org = running(options());
    let form = sign_in(&org, SIGN_IN);
    assert_eq!(form.status, 200);
    let body = form.json();
    let mut keys: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["access_token", "id", "instance_url", "issued_at", "scope", "signature", "token_type"]);
    assert_eq!(body["instance_url"], "http://org", "the address the client used");
    let basic = format!("Authorization: Basic {}\r\n", STANDARD.encode("sluice-demo:sluice-demo-secret"));
    assert_eq!(post(&org, TOKEN, &basic, "grant_type=client_credentials").status, 200);
    assert_eq!(org.stats().tokens_issued, 2);
}

#[test]
fn a_chunked_form_is_a_form() {
    let org = running(options());
    let (head, tail) = SIGN_IN.split_at(20);
    let chunked = format!("{:x}\r\n{head}\r\n{:x}\r\n{tail}\r\n0\r\n\r\n", head.len(), tail.len());
    let request = format!("POST {TOKEN} HTTP/1.1\r\nHost: org\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}");
    assert_eq!(exchange(&org, &request).status, 200);
}

#[test]
fn wrong_credentials_get_the_error_that_tells_them_apart() {
    let refused =
        Refusal { client_id: "odd".into(), error: "invalid_grant".into(), description: "no client credentials user enabled".into() };
    let mut options = options();
    options.credentials.refusals.push(refused);
    let org = running(options);
    let form = |grant: &str, id: &str, secret: &str| format!("grant_type={grant}&client_id={id}&client_secret={secret}");
    assert_eq!(refusal(&org, &form("client_credentials", "nobody", "x")), pair("invalid_client_id", "client identifier invalid"));
    assert_eq!(refusal(&org, &form("client_credentials", "sluice-demo", "x")), pair("invalid_client", "invalid client credentials"));
    assert_eq!(refusal(&org, &form("client_credentials", "odd", "x")), pair("invalid_grant", "no client credentials user enabled"));
    assert_eq!(refusal(&org, &form("magic", "sluice-demo", "x")), pair("unsupported_grant_type", "grant type not supported"));
    assert_eq!(refusal(&org, ""), pair("unsupported_grant_type", "grant type not supported"));
    let get = send(&org, "GET", TOKEN, "");
    assert_eq!((get.status, &get.json()["error"]), (400, &json!("unsupported_grant_type")));
    assert_eq!(org.stats().tokens_issued, 0);
}

#[test]
fn the_generic_login_host_refuses_client_credentials() {
    let org = running(options());
    let length = SIGN_IN.len();
    let request =
        format!("POST {TOKEN} HTTP/1.1\r\nHost: login.salesforce.com\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{SIGN_IN}");
    assert_eq!(exchange(&org, &request).json()["error_description"], "request not supported on this domain");
}

#[test]
fn the_password_grant_knows_one_user() {
    let org = running(options());
    let form = |password: &str| {
        format!(
            "grant_type=password&client_id=sluice-demo&client_secret=sluice-demo-secret&username=demo%40sluice.example&password={password}"
        )
    };
    assert_eq!(sign_in(&org, &form("sluice-demo-password")).status, 200);
    assert_eq!(refusal(&org, &form("guess")), pair("invalid_grant", "authentication failure"));
}

/// An assertion of the test key.
fn assertion(claims: &Value) -> String {
    let pem = include_str!("jwt-test-key.pem");
    let der: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = KeyPair::from_pkcs8(&STANDARD.decode(der).unwrap()).unwrap();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({ "alg": "RS256" })), part(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn assertions_are_checked_claim_by_claim() {
    let mut options = options();
    options.credentials.jwt_public_key = Some(include_str!("jwt-test-key.pub.pem").to_owned());
    let org = running(options);
    let soon = Timestamp::now().as_second() + 180;
    let good = json!({ "iss": "sluice-demo", "sub": "demo@sluice.example", "aud": "https://login.salesforce.com", "exp": soon });
    let form = |jwt: &str| format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={jwt}");
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        form(&assertion(&claims))
    };
    let granted = sign_in(&org, &form(&assertion(&good)));
    assert_eq!((granted.status, granted.json().get("issued_at")), (200, None));
    assert_eq!(sign_in(&org, &with("aud", json!("https://acme.my.salesforce.com"))).status, 200);
    assert_eq!(sign_in(&org, &with("exp", json!(soon.to_string()))).status, 200);
    assert_eq!(refusal(&org, &with("iss", json!("nobody"))), pair("invalid_client_id", "client identifier invalid"));
    assert_eq!(refusal(&org, &with("aud", json!("https://example.com"))), pair("invalid_grant", "Audience validation failed"));
    assert_eq!(refusal(&org, &with("sub", json!("stranger"))), pair("invalid_grant", "user hasn't approved this consumer"));
    assert_eq!(refusal(&org, &with("exp", json!(soon - 1000))), pair("invalid_grant", "expired authorization code"));
    assert_eq!(refusal(&org, &with("exp", json!(soon + 1000))), pair("invalid_grant", "expired authorization code"));
    let jwt = assertion(&good);
    let (signed, _) = jwt.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}", URL_SAFE_NO_PAD.encode([7; 256]));
    assert_eq!(refusal(&org, &form(&forged)), pair("invalid_grant", "invalid assertion"));
}

#[test]
fn a_key_that_is_none_stops_the_start() {
    let mut options = options();
    options.credentials.jwt_public_key = Some("secret".to_owned());
    assert_eq!(spawn(options).unwrap_err().to_string(), "jwt public key is no RSA key or certificate in PEM");
}

#[test]
fn requests_without_a_good_token_are_refused() {
    let org = running(options());
    let missing = get(&org, "", LIMITS);
    assert_eq!((missing.status, missing.error()), (401, pair("INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")));
    let wrong = get(&org, "Authorization: Bearer 00D!nothing\r\n", LIMITS);
    assert_eq!((wrong.status, wrong.error()), (401, pair("INVALID_SESSION_ID", "Session expired or invalid")));
    assert_eq!(org.stats().api_calls, 0);
}

#[test]
fn tokens_end_with_their_time_or_when_they_are_taken_back() {
    let org = running(options());
    let first = bearer(&org);
    assert_eq!(get(&org, &first, LIMITS).status, 200);
    org.advance_clock(Duration::from_secs(2 * 60 * 60 + 1));
    assert_eq!(get(&org, &first, LIMITS).status, 401);
    let second = bearer(&org);
    assert_eq!(get(&org, &second, LIMITS).status, 200);
    org.expire_tokens();
    assert_eq!(get(&org, &second, LIMITS).status, 401);
    let third = bearer(&org);
    let token = third.trim().trim_start_matches("Authorization: Bearer ");
    assert_eq!(post(&org, "/services/oauth2/revoke", "", &format!("token={token}")).status, 200);
    assert_eq!(get(&org, &third, LIMITS).status, 401);
    let again = post(&org, "/services/oauth2/revoke", "", &format!("token={token}"));
    assert_eq!((again.status, again.header("content-type")), (400, Some("application/x-www-form-urlencoded")));
    assert!(String::from_utf8(again.body).unwrap().starts_with("error=invalid_token&"));
}

#[test]
fn the_identity_names_org_and_user() {
    let org = running(options());
    let bearer = bearer(&org);
    let info = get(&org, &bearer, "/services/oauth2/userinfo").json();
    assert_eq!(info["organization_id"], ORG.rows("Organization").next().unwrap().id());
    assert!(ORG.row(info["user_id"].as_str().unwrap()).is_some_and(|row| row.schema().name == "User"));
    assert_eq!(get(&org, "", "/services/oauth2/userinfo").status, 401);
}
