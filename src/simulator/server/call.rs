//! One request, reduced to what the endpoints look at. Parts of a composite request are calls as well.

use std::borrow::Cow;

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::Bytes;

/// Bounds of `batchSize` (REST API guide, "Query Options Header"); a value outside is moved to the nearer end.
const BATCH: std::ops::RangeInclusive<usize> = 200..=2000;

/// A request or a part of a composite one.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Raw query string.
    pub(crate) query: String,
    pub(crate) authorization: Option<String>,
    pub(crate) if_modified_since: Option<String>,
    pub(crate) if_none_match: Option<String>,
    pub(crate) host: Option<String>,
    /// Rows per page that the client wants.
    pub(crate) batch_size: usize,
    pub(crate) body: Bytes,
    /// Whether this is a part of a composite request.
    pub(crate) nested: bool,
}

impl Call {
    /// Takes what matters out of a request.
    pub(crate) fn of(request: &HttpRequest, body: Bytes) -> Self {
        let headers = request.headers();
        Self {
            method: request.method().as_str().to_owned(),
            path: request.path().to_owned(),
            query: request.query_string().to_owned(),
            authorization: text(headers, header::AUTHORIZATION.as_str()),
            if_modified_since: text(headers, header::IF_MODIFIED_SINCE.as_str()),
            if_none_match: text(headers, header::IF_NONE_MATCH.as_str()),
            host: text(headers, header::HOST.as_str()),
            batch_size: batch_size(text(headers, "Sforce-Query-Options").as_deref()),
            body,
            nested: false,
        }
    }

    /// A part of this composite request.
    pub(crate) fn part(&self, method: &str, url: &str, header: impl Fn(&str) -> Option<String>) -> Self {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        Self {
            method: method.to_uppercase(),
            path: path.to_owned(),
            query: query.to_owned(),
            authorization: self.authorization.clone(),
            if_modified_since: header("If-Modified-Since"),
            if_none_match: header("If-None-Match"),
            host: self.host.clone(),
            batch_size: batch_size(header("Sforce-Query-Options").as_deref()),
            body: Bytes::new(),
            nested: true,
        }
    }

    /// A decoded parameter of the query string.
    pub(crate) fn parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        url::form_urlencoded::parse(self.query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The address under which the client reached the org, without a trailing slash.
    pub(crate) fn origin(&self, fallback: &str) -> String {
        self.host.as_ref().map_or_else(|| fallback.to_owned(), |host| format!("http://{host}"))
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// Reads `batchSize=N` from the header `Sforce-Query-Options`, which may hold other options too.
fn batch_size(options: Option<&str>) -> usize {
    let wanted = options.into_iter().flat_map(|text| text.split([',', ';'])).find_map(|option| {
        let (name, value) = option.split_once('=')?;
        if name.trim().eq_ignore_ascii_case("batchSize") { value.trim().parse::<usize>().ok() } else { None }
    });
    wanted.map_or(*BATCH.end(), |size| size.clamp(*BATCH.start(), *BATCH.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_batch_size_is_moved_into_its_bounds() {
        assert_eq!(batch_size(None), 2000);
        assert_eq!(batch_size(Some("batchSize=500")), 500);
        assert_eq!(batch_size(Some("BATCHSIZE = 3")), 200);
        assert_eq!(batch_size(Some("other=1, batchSize=9000")), 2000);
        assert_eq!(batch_size(Some("batchSize=many")), 2000);
    }
}
