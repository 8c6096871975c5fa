//! A response before it becomes one of the framework's.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};

use super::pretty;
use crate::fault::ApiError;

/// Bytes of a file that are handed to the socket at once.
const FILE_CHUNK: usize = 64 * 1024;

/// The content type of every JSON body.
const JSON: &str = "application/json;charset=UTF-8";

/// Status, headers and body of a response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
}

/// A body and with it the content type.
#[derive(Debug)]
pub(crate) enum Body {
    Empty,
    Json(Vec<u8>),
    /// URL-encoded, as the revocation endpoint words its errors.
    Form(String),
    Html(String),
    File(Bytes),
}

impl Reply {
    /// 200 with a JSON body.
    pub(crate) fn json(body: Vec<u8>) -> Self {
        Self { status: 200, headers: Vec::new(), body: Body::Json(body) }
    }

    /// 200 with a JSON body.
    pub(crate) fn value(value: &serde_json::Value) -> Self {
        Self::json(value.to_string().into_bytes())
    }

    /// A status without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::Empty }
    }

    /// The same with another status.
    pub(crate) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The same with one more header.
    pub(crate) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Hands the response to the framework.
    pub(crate) fn into_http(self, pretty_print: bool) -> HttpResponse {
        let mut response = HttpResponse::build(StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value)) {
                response.insert_header((name, value));
            }
        }
        match self.body {
            Body::Empty => response.finish(),
            Body::Json(body) => {
                let body = if pretty_print { pretty::print(&body) } else { body };
                response.content_type(JSON).body(body)
            }
            Body::Form(body) => response.content_type("application/x-www-form-urlencoded").body(body),
            Body::Html(body) => response.content_type("text/html; charset=UTF-8").body(body),
            Body::File(bytes) => file(&mut response, bytes),
        }
    }
}

impl From<ApiError> for Reply {
    fn from(error: ApiError) -> Self {
        Self::json(error.body().into_bytes()).status(error.status)
    }
}

/// Sends bytes in slices, so that a slow reader of a large file does not make a second copy of it wait in memory.
fn file(response: &mut HttpResponseBuilder, bytes: Bytes) -> HttpResponse {
    let size = bytes.len() as u64;
    let slices = futures::stream::unfold(bytes, async |mut rest| {
        let slice = rest.split_to(rest.len().min(FILE_CHUNK));
        (!slice.is_empty()).then_some((Ok::<_, std::io::Error>(slice), rest))
    });
    response
        .content_type("application/octetstream")
        // Keeps the compressor off: files come with their length. The header itself is removed before it is sent.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .body(actix_web::body::SizedStream::new(size, Box::pin(slices)))
}
