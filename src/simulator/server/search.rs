//! Full-text search: `search` takes SOSL, `parameterizedSearch` the parts of it (REST API guide, "Search" and "Parameterized Search").

use std::fmt::Write as _;

use domain::sosl;
use serde::Deserialize;

use super::State;
use super::call::Call;
use super::reply::Reply;
use crate::fault::ApiError;
use crate::query::{self, Context};

/// From this version on the rows come in an object.
const WRAPPED_SINCE: u32 = 37;

/// Parameters that leave out rows which this org cannot tell from others.
const UNSUPPORTED: [&str; 5] = ["dataCategories", "dataCategory", "division", "netWork", "pricebookId"];

/// Answers `search`.
pub(crate) fn by_sosl(state: &State, call: &Call, version: &str) -> Result<Reply, ApiError> {
    let sosl = call.parameter("q").filter(|sosl| !sosl.trim().is_empty());
    run(state, &sosl.ok_or_else(|| refused("No search term found. The search term must be enclosed in braces."))?, version)
}

/// Answers `parameterizedSearch`.
pub(crate) fn by_parameters(state: &State, call: &Call, version: &str) -> Result<Reply, ApiError> {
    let request = if call.method == "POST" { Request::of_body(&call.body)? } else { Request::of_parameters(&call.query)? };
    run(state, &request.sosl()?, version)
}

fn run(state: &State, text: &str, version: &str) -> Result<Reply, ApiError> {
    let rows = query::search(&state.org(), text, &Context { api_version: version, now: state.clock.now(), all_rows: false })?;
    let number: u32 = version.split('.').next().and_then(|number| number.parse().ok()).unwrap_or(WRAPPED_SINCE);
    let (head, tail): (&[u8], &[u8]) = if number < WRAPPED_SINCE { (b"[", b"]") } else { (b"{\"searchRecords\":[", b"]}") };
    Ok(Reply::json([head, &rows, tail].concat()))
}

fn refused(message: impl Into<String>) -> ApiError {
    ApiError::new(400, sosl::ERROR_CODE, message)
}

/// A search in parts. Unknown members are passed over, as those that only change how rows are shown.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Request {
    q: String,
    r#in: Option<String>,
    fields: Vec<String>,
    sobjects: Vec<Object>,
    default_limit: Option<u64>,
    overall_limit: Option<u64>,
    offset: Option<u64>,
}

/// One object of a search in parts.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Object {
    name: String,
    fields: Vec<String>,
    r#where: Option<String>,
    order_by: Option<String>,
    limit: Option<u64>,
}

impl Request {
    fn of_body(body: &[u8]) -> Result<Self, ApiError> {
        let json_error = |err: serde_json::Error| ApiError::new(400, "JSON_PARSER_ERROR", err.to_string());
        let members: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(body).map_err(json_error)?;
        members.keys().try_for_each(|name| check_supported(name))?;
        serde_json::from_value(members.into()).map_err(json_error)
    }

    /// Reads `q=..&sobject=Account&Account.fields=id,name&Account.limit=10&in=NAME`; `sobject` may come several times.
    fn of_parameters(query: &str) -> Result<Self, ApiError> {
        let parameters: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
        let mut request = Self::default();
        for (name, value) in &parameters {
            check_supported(name)?;
            match name.as_ref() {
                "q" => request.q = value.to_string(),
                "in" => request.r#in = Some(value.to_string()),
                "fields" => request.fields = names(value),
                "sobject" => request.sobjects.extend(names(value).into_iter().map(|name| Object { name, ..Object::default() })),
                "defaultLimit" => request.default_limit = Some(number(name, value)?),
                "overallLimit" => request.overall_limit = Some(number(name, value)?),
                "offset" => request.offset = Some(number(name, value)?),
                _ => {}
            }
        }
        // Only now all objects are known, whatever the order of the parameters.
        for (name, value) in &parameters {
            let Some((object, part)) = name.split_once('.') else { continue };
            let Some(object) = request.sobjects.iter_mut().find(|known| known.name.eq_ignore_ascii_case(object)) else { continue };
            match part {
                "fields" => object.fields = names(value),
                "where" => object.r#where = Some(value.to_string()),
                "orderBy" => object.order_by = Some(value.to_string()),
                "limit" => object.limit = Some(number(name, value)?),
                _ => {}
            }
        }
        Ok(request)
    }

    /// The same search in one text.
    fn sosl(&self) -> Result<String, ApiError> {
        if self.offset.is_some() && self.sobjects.len() != 1 {
            return Err(refused("offset needs exactly one sobject"));
        }
        let mut text = format!("FIND {{{}}}", term(&self.q));
        // Writing to a string cannot fail.
        if let Some(group) = &self.r#in {
            let _ = write!(text, " IN {group} FIELDS");
        }
        for (at, object) in self.sobjects.iter().enumerate() {
            text.push_str(if at == 0 { " RETURNING " } else { ", " });
            self.returning(object, &mut text);
        }
        if let Some(limit) = self.overall_limit {
            let _ = write!(text, " LIMIT {limit}");
        }
        Ok(text)
    }

    fn returning(&self, object: &Object, text: &mut String) {
        let fields = if object.fields.is_empty() { &self.fields } else { &object.fields };
        let fields = if fields.is_empty() { "Id".to_owned() } else { fields.join(", ") };
        let _ = write!(text, "{}({fields}", object.name);
        for (keyword, clause) in [("WHERE", &object.r#where), ("ORDER BY", &object.order_by)] {
            if let Some(clause) = clause {
                let _ = write!(text, " {keyword} {clause}");
            }
        }
        for (keyword, count) in [("LIMIT", object.limit.or(self.default_limit)), ("OFFSET", self.offset)] {
            if let Some(count) = count {
                let _ = write!(text, " {keyword} {count}");
            }
        }
        text.push(')');
    }
}

fn check_supported(name: &str) -> Result<(), ApiError> {
    if UNSUPPORTED.contains(&name) { Err(refused(format!("{name} is not supported here"))) } else { Ok(()) }
}

fn names(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn number(name: &str, value: &str) -> Result<u64, ApiError> {
    value.trim().parse().map_err(|_| refused(format!("{name} is no number of rows: {value}")))
}

/// A text as a search term: what would end the braces or be refused inside them is escaped, unless it is already.
fn term(q: &str) -> String {
    let mut term = String::with_capacity(q.len());
    let mut characters = q.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                term.push('\\');
                term.push(characters.next().unwrap_or('\\'));
            }
            '{' | '}' | '&' | '|' => {
                term.push('\\');
                term.push(character);
            }
            other => term.push(other),
        }
    }
    term
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sosl_of(query: &str) -> String {
        Request::of_parameters(query).and_then(|request| request.sosl()).unwrap()
    }

    #[test]
    fn parameters_make_a_search() {
        assert_eq!(sosl_of("q=Acme"), "FIND {Acme}");
        assert_eq!(
            sosl_of(
                "q=Acme&Account.limit=10&Account.fields=id,name&sobject=Account&sobject=Lead&in=NAME&defaultLimit=3&overallLimit=9&snippet=1"
            ),
            "FIND {Acme} IN NAME FIELDS RETURNING Account(id, name LIMIT 10), Lead(Id LIMIT 3) LIMIT 9"
        );
        assert_eq!(
            sosl_of("q=x&fields=name&sobject=Case&case.where=IsClosed=false&Case.orderBy=Name+DESC&offset=5"),
            "FIND {x} RETURNING Case(name WHERE IsClosed=false ORDER BY Name DESC OFFSET 5)"
        );
        for query in ["q=x&offset=5", "q=x&sobject=A&sobject=B&offset=1", "q=x&defaultLimit=many", "q=x&dataCategory=a"] {
            let refused = Request::of_parameters(query).and_then(|request| request.sosl()).unwrap_err();
            assert_eq!((refused.status, refused.code), (400, "MALFORMED_SEARCH"), "{query}");
        }
    }

    #[test]
    fn a_body_makes_the_same_search_as_parameters() {
        let body = r#"{"q":"Smith","fields":["id","firstName"],"in":"ALL","overallLimit":100,"defaultLimit":10,
            "sobjects":[{"name":"Contact","fields":["id"],"where":"Name != null","limit":20,"orderBy":"Name"},{"name":"Lead"}],"metadata":"LABELS"}"#;
        let request = Request::of_body(body.as_bytes()).unwrap();
        assert_eq!(
            request.sosl().unwrap(),
            "FIND {Smith} IN ALL FIELDS RETURNING Contact(id WHERE Name != null ORDER BY Name LIMIT 20), Lead(id, firstName LIMIT 10) LIMIT 100"
        );
        assert_eq!(Request::of_body(b"{").unwrap_err().code, "JSON_PARSER_ERROR");
        assert_eq!(Request::of_body(br#"{"q":"x","defaultLimit":"many"}"#).unwrap_err().code, "JSON_PARSER_ERROR");
        assert_eq!(Request::of_body(br#"{"q":"x","dataCategories":[]}"#).unwrap_err().code, "MALFORMED_SEARCH");
    }

    #[test]
    fn clauses_in_the_term_stay_text() {
        for q in ["a} RETURNING User", "{b}", "AT&T | x", "end\\", "kept \\} \\\\"] {
            let text = format!("FIND {{{}}}", term(q));
            let parsed = sosl::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((parsed.returning.len(), parsed.span.end), (0, text.len()), "{text}");
        }
    }
}
