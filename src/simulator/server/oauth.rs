//! Sign-in: the token endpoint with its three grants, revocation, and who a token belongs to.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::State;
use super::call::Call;
use super::jwt::Assertion;
use super::reply::{Body, Reply};
use crate::fault::ApiError;

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A refusal of the token endpoint: an object, not the array of the REST resources.
struct Refused(&'static str, &'static str);

impl Refused {
    fn reply(error: &str, description: &str) -> Reply {
        Reply::value(&json!({ "error": error, "error_description": description })).status(400)
    }
}

/// The parameters of a form, first value of each name.
type Form = HashMap<String, String>;

/// Answers `POST /services/oauth2/token`.
pub(crate) fn token(state: &State, call: &Call) -> Reply {
    if call.method != "POST" {
        return Refused::reply("unsupported_grant_type", "grant type not supported");
    }
    let form = form_of(call);
    let basic = call.authorization.as_deref().and_then(basic_credentials);
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    let (client_id, secret) = basic.unwrap_or_else(|| (field("client_id"), field("client_secret")));
    let issuer = if client_id.is_empty() { issuer_of(&form) } else { client_id.clone() };
    if let Some(refusal) = state.credentials.refusals.iter().find(|refusal| refusal.client_id == issuer) {
        return Refused::reply(&refusal.error, &refusal.description);
    }
    let granted = match form.get("grant_type").map(String::as_str) {
        Some("client_credentials") => client_credentials(state, call, &client_id, &secret),
        Some("password") => password(state, &form, &client_id, &secret),
        Some(JWT_BEARER) => jwt_bearer(state, call, &form),
        _ => Err(Refused("unsupported_grant_type", "grant type not supported")),
    };
    match granted {
        Ok(signed) => issue(state, call, signed),
        Err(Refused(error, description)) => Refused::reply(error, description),
    }
}

/// Whether the reply carries `issued_at` and a signature; that of an assertion does not.
struct Signed(bool);

fn client_credentials(state: &State, call: &Call, client_id: &str, secret: &str) -> Result<Signed, Refused> {
    let host = call.host.as_deref().unwrap_or_default();
    if host.starts_with("login.") || host.starts_with("test.") {
        return Err(Refused("invalid_grant", "request not supported on this domain"));
    }
    check_client(state, client_id, secret)?;
    Ok(Signed(true))
}

fn password(state: &State, form: &Form, client_id: &str, secret: &str) -> Result<Signed, Refused> {
    check_client(state, client_id, secret)?;
    let credentials = &state.credentials;
    if form.get("username") == Some(&credentials.username) && form.get("password") == Some(&credentials.password) {
        Ok(Signed(true))
    } else {
        Err(Refused("invalid_grant", "authentication failure"))
    }
}

fn check_client(state: &State, client_id: &str, secret: &str) -> Result<(), Refused> {
    if client_id != state.credentials.client_id {
        Err(Refused("invalid_client_id", "client identifier invalid"))
    } else if secret != state.credentials.client_secret {
        Err(Refused("invalid_client", "invalid client credentials"))
    } else {
        Ok(())
    }
}

fn jwt_bearer(state: &State, call: &Call, form: &Form) -> Result<Signed, Refused> {
    let invalid = Refused("invalid_grant", "invalid assertion");
    let Some(key) = &state.jwt_key else { return Err(Refused("unsupported_grant_type", "grant type not supported")) };
    let Some(assertion) = form.get("assertion").and_then(|jwt| Assertion::parse(jwt)) else { return Err(invalid) };
    let claims = &assertion.claims;
    if claims.iss != state.credentials.client_id {
        return Err(Refused("invalid_client_id", "client identifier invalid"));
    }
    if !assertion.is_signed_by(key) {
        return Err(invalid);
    }
    if !is_audience(&claims.aud, &call.origin(&state.base_url)) {
        return Err(Refused("invalid_grant", "Audience validation failed"));
    }
    if !claims.is_current(state.clock.now()) {
        return Err(Refused("invalid_grant", "expired authorization code"));
    }
    if !state.is_user(&claims.sub) {
        return Err(Refused("invalid_grant", "user hasn't approved this consumer"));
    }
    Ok(Signed(false))
}

/// The generic login hosts, the simulator itself, and any My Domain.
fn is_audience(aud: &str, origin: &str) -> bool {
    let aud = aud.trim_end_matches('/');
    let my_domain = aud.strip_prefix("https://").is_some_and(|host| host.ends_with(".my.salesforce.com"));
    my_domain || aud == origin || matches!(aud, "https://login.salesforce.com" | "https://test.salesforce.com")
}

fn issue(state: &State, call: &Call, Signed(signed): Signed) -> Reply {
    let now = state.clock.now();
    let token = state.tokens.issue(&state.identity.org_id, state.ledger.count_token(), now);
    let origin = call.origin(&state.base_url);
    let id = state.identity.url(&origin);
    let mut reply = json!({
        "access_token": token,
        "scope": "api",
        "instance_url": origin,
        "id": id,
        "token_type": "Bearer",
    });
    if signed {
        let issued_at = now.as_millisecond().to_string();
        reply["signature"] = STANDARD.encode(state.tokens.sign(&format!("{id}{issued_at}"))).into();
        reply["issued_at"] = issued_at.into();
    }
    Reply::value(&reply).header("Cache-Control", "no-cache, no-store".to_owned())
}

/// Answers `/services/oauth2/revoke`, the token in the form or in the query string. Errors are URL-encoded here.
pub(crate) fn revoke(state: &State, call: &Call) -> Reply {
    let token = form_of(call).remove("token").or_else(|| call.parameter("token").map(Into::into)).unwrap_or_default();
    if state.tokens.revoke(&token) {
        return Reply::empty(200);
    }
    let body = "error=invalid_token&error_description=invalid+token%3A+unknown+or+revoked";
    Reply { status: 400, headers: Vec::new(), body: Body::Form(body.to_owned()) }
}

/// Answers `/services/oauth2/userinfo` and the identity URL.
pub(crate) fn user_info(state: &State, call: &Call) -> Result<Reply, ApiError> {
    check_bearer(state, call)?;
    let identity = &state.identity;
    let origin = call.origin(&state.base_url);
    Ok(Reply::value(&json!({
        "sub": identity.url(&origin),
        "id": identity.url(&origin),
        "user_id": identity.user_id,
        "organization_id": identity.org_id,
        "preferred_username": identity.username,
        "username": identity.username,
        "name": identity.name,
        "email": identity.email,
        "active": true,
        "user_type": "STANDARD",
        "urls": {
            "rest": format!("{origin}/services/data/v{{version}}/"),
            "sobjects": format!("{origin}/services/data/v{{version}}/sobjects/"),
            "query": format!("{origin}/services/data/v{{version}}/query/"),
        },
    })))
}

/// Whether a call carries a good token.
///
/// # Errors
/// 401: `INVALID_AUTH_HEADER` without a bearer token, `INVALID_SESSION_ID` with one that has ended.
pub(crate) fn check_bearer(state: &State, call: &Call) -> Result<(), ApiError> {
    let Some(token) = call.authorization.as_deref().and_then(bearer) else {
        return Err(ApiError::new(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE"));
    };
    if state.tokens.is_live(token, state.clock.now()) { Ok(()) } else { Err(session_expired()) }
}

/// The refusal of a token that has ended.
pub(crate) fn session_expired() -> ApiError {
    ApiError::new(401, "INVALID_SESSION_ID", "Session expired or invalid")
}

/// The token in an `Authorization` header; Salesforce takes `OAuth` for `Bearer` too.
pub(crate) fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("Bearer") || scheme.eq_ignore_ascii_case("OAuth")).then(|| token.trim())
}

fn basic_credentials(authorization: &str) -> Option<(String, String)> {
    let (scheme, encoded) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    text.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}

fn form_of(call: &Call) -> Form {
    let mut form = Form::new();
    for (name, value) in url::form_urlencoded::parse(&call.body) {
        form.entry(name.into_owned()).or_insert_with(|| value.into_owned());
    }
    form
}

fn issuer_of(form: &Form) -> String {
    form.get("assertion").and_then(|jwt| Assertion::parse(jwt)).map(|assertion| assertion.claims.iss).unwrap_or_default()
}
