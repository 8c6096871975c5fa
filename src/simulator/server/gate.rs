//! What happens to every request before and after its endpoint: limits on its size, scripted faults, the log.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};

use super::objects::http_date;
use super::reply::{Body, Reply};
use super::route::Route;
use super::stats::Request;
use super::{DAILY_CALLS, State, oauth};
use crate::fault::ApiError;
use crate::faults::{Fault, Socket, spoil};

/// Most bytes of a URI, and of a URI with the headers (REST API guide, "Status Codes and Error Responses").
const HEAD_LIMIT: usize = 16_384;

/// Middleware around everything else, the compressor included.
pub(crate) async fn gate(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(state) = request.app_data::<web::Data<State>>().cloned() else {
        return Ok(request.into_response(HttpResponse::InternalServerError().finish()));
    };
    let fault = strike(&state, &request);
    let number = state.ledger.arrive(log_entry(&request, fault.is_some()));
    let mut response = match check_size(&request).or_else(|| fault.as_ref().and_then(|fault| substitute(&state, &request, fault))) {
        Some(reply) => request.into_response(reply.into_http(false)),
        None => {
            if let Some(Fault::SlowHead { wait }) = &fault {
                tokio::time::sleep(*wait).await;
            }
            next.call(request).await?.map_into_boxed_body()
        }
    };
    let is_rest = matches!(Route::of(response.request().path()), Route::Rest { .. });
    finish_headers(&state, is_rest, response.headers_mut());
    state.ledger.answer(number, response.status().as_u16());
    let socket = response.request().conn_data::<Socket>().cloned();
    Ok(match fault {
        Some(fault) => response.map_body(|_, body| spoil(body, &fault, socket)),
        None => response,
    })
}

fn strike(state: &State, request: &ServiceRequest) -> Option<Fault> {
    if state.faults.is_empty() {
        return None;
    }
    state.faults.strike(request.method().as_str(), request.path(), &soql_of(request).unwrap_or_default()).cloned()
}

/// The decoded parameter `q`.
fn soql_of(request: &ServiceRequest) -> Option<String> {
    let mut parameters = url::form_urlencoded::parse(request.query_string().as_bytes());
    parameters.find(|(name, _)| name == "q").map(|(_, value)| value.into_owned())
}

fn log_entry(request: &ServiceRequest, fault: bool) -> Request {
    Request {
        number: 0,
        method: request.method().as_str().to_owned(),
        path: request.path().to_owned(),
        query: soql_of(request).unwrap_or_else(|| request.query_string().to_owned()),
        endpoint: Route::of(request.path()).endpoint(),
        status: None,
        fault,
    }
}

/// 414 for a URI that is too long, 431 when it is too long with the headers: each counts as `name: value` and a line end.
fn check_size(request: &ServiceRequest) -> Option<Reply> {
    let uri = request.uri().path_and_query().map_or(0, |text| text.as_str().len());
    if uri > HEAD_LIMIT {
        return Some(ApiError::new(414, "URI_TOO_LONG", format!("the URI has {uri} bytes, {HEAD_LIMIT} are allowed")).into());
    }
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if uri + headers > HEAD_LIMIT {
        let message = format!("URI and headers have {} bytes, {HEAD_LIMIT} are allowed", uri + headers);
        return Some(ApiError::new(431, "REQUEST_HEADER_FIELDS_TOO_LARGE", message).into());
    }
    None
}

/// The answer of a fault that replaces the real one.
fn substitute(state: &State, request: &ServiceRequest, fault: &Fault) -> Option<Reply> {
    let refuse = |status, code, message: &str| Some(Reply::from(ApiError::new(status, code, message)));
    match fault {
        Fault::Status { status, body, code, message } => Some(scripted(*status, body.as_deref(), code.as_deref(), message.as_deref())),
        Fault::HtmlError { status } => {
            let page = format!(
                "<html><head><title>{status}</title></head><body><h1>{status}</h1><p>The service is unavailable.</p></body></html>\n"
            );
            Some(Reply { status: *status, headers: Vec::new(), body: Body::Html(page) })
        }
        Fault::RequestLimit => refuse(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
        Fault::ConcurrentLimit => refuse(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
        Fault::ExpiredCursor => {
            state.cursors.expire_all();
            refuse(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        }
        Fault::Unauthorized => {
            let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            if let Some(token) = header.and_then(oauth::bearer) {
                state.tokens.revoke(token);
            }
            Some(oauth::session_expired().into())
        }
        Fault::SlowHead { .. } | Fault::StallBody { .. } | Fault::Reset { .. } | Fault::Truncate { .. } | Fault::Corrupt { .. } => None,
    }
}

fn scripted(status: u16, body: Option<&str>, code: Option<&str>, message: Option<&str>) -> Reply {
    if let Some(body) = body {
        return Reply::json(body.as_bytes().to_vec()).status(status);
    }
    let (default_code, default_message) = match status {
        401 => ("INVALID_SESSION_ID", "Session expired or invalid"),
        403 => ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
        404 => ("NOT_FOUND", "The requested resource does not exist"),
        503 => ("SERVER_UNAVAILABLE", "Server is temporarily unavailable"),
        _ => ("UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId if you contact support: 1-1 (1)"),
    };
    let error = serde_json::json!([{ "message": message.unwrap_or(default_message), "errorCode": code.unwrap_or(default_code) }]);
    Reply::value(&error).status(status)
}

/// Every answer of a REST resource tells how much of the daily allowance is used, save the list of versions (REST API guide, "Limit Info Header").
fn finish_headers(state: &State, is_rest: bool, headers: &mut header::HeaderMap) {
    if headers.get(header::CONTENT_ENCODING).is_some_and(|value| value == "identity") {
        headers.remove(header::CONTENT_ENCODING);
    }
    let mut put = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    if is_rest {
        put("sforce-limit-info", format!("api-usage={}/{DAILY_CALLS}", state.ledger.api_calls()));
    }
    // The framework adds the machine's date; an org that lives in the future says so.
    if state.clock.is_shifted() {
        put("date", http_date(state.clock.now()));
    }
}
