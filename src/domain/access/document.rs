//! Access documents: per user, the tokens that the user holds and the query that search applications put before every search.

use super::directory::Details;
use super::token::{self, ALLOW, push_list};
use super::{Directory, Mode};
use crate::json::{push_key, push_string};
use crate::{Document, RecordId, stamp};

/// Tokens in one `terms` clause at most: the default of the server's `index.max_terms_count`. A user with more gets further clauses.
pub const TERMS: usize = 65_536;

/// Key of the tokens among the parameters of the query.
const PARAMETER: &str = "access_control";

/// Before the name of a content index, the name of the index that holds its access documents.
pub const ACCESS_INDEX_PREFIX: &str = ".search-acl-filter-";

/// The name of the index that holds the access documents of `index`.
pub fn access_index(index: &str) -> String {
    format!("{ACCESS_INDEX_PREFIX}{index}")
}

impl Directory {
    /// The access documents of all users who are served, in the order of their ids. Whoever has another must lose it.
    pub fn access_documents(&self, mode: Mode) -> impl Iterator<Item = Document> {
        self.users().filter_map(move |user| self.access_document(user, mode))
    }

    /// The access document of a user; its id is the user's. `None` for a user who is not served.
    pub fn access_document(&self, user: RecordId, mode: Mode) -> Option<Document> {
        let details = self.people[self.served(user)? as usize].details.as_ref()?;
        let tokens = self.tokens(user, mode);
        let now = stamp::whole_seconds(self.now);
        let mut out = Vec::with_capacity(512 + tokens.iter().map(|token| token.len() + 3).sum::<usize>());
        out.push(b'{');
        push_key(&mut out, "_timestamp");
        push_string(&mut out, details.modified.as_deref().unwrap_or(&now));
        push_key(&mut out, "id");
        push_string(&mut out, user.as_str());
        push_key(&mut out, "identity");
        push_identity(&mut out, user, details);
        push_key(&mut out, "created_at");
        push_string(&mut out, details.created.as_deref().unwrap_or(&now));
        push_key(&mut out, "query");
        push_query(&mut out, &tokens);
        out.push(b'}');
        Some(Document { id: user, body: out })
    }
}

/// Who the user is, for search applications that look the document up; what counts is among the parameters of the query.
fn push_identity(out: &mut Vec<u8>, user: RecordId, details: &Details) {
    out.push(b'{');
    push_key(out, "email");
    push_text(out, details.email.as_deref().map(token::of_email));
    push_key(out, "username");
    push_text(out, details.name.as_deref().map(token::of_name));
    push_key(out, "user_id");
    push_string(out, &token::of_user(user));
    out.push(b'}');
}

fn push_text(out: &mut Vec<u8>, text: Option<String>) {
    match text {
        Some(text) => push_string(out, &text),
        None => out.extend_from_slice(b"null"),
    }
}

/// The query that lets through what lists one of `tokens`. A document that lists nothing is let through by none.
fn push_query(out: &mut Vec<u8>, tokens: &[String]) {
    let parameter = |no: usize| if no == 0 { PARAMETER.to_owned() } else { format!("{PARAMETER}_{no}") };
    let clause = |no: usize| format!(r#"{{"terms":{{"{ALLOW}.keyword":{{{{#toJson}}}}{}{{{{/toJson}}}}}}}}"#, parameter(no));
    let chunks = tokens.chunks(TERMS).len();
    out.extend_from_slice(br#"{"template":{"params":{"#);
    for (no, chunk) in tokens.chunks(TERMS).enumerate() {
        push_key(out, &parameter(no));
        push_list(out, chunk.iter().map(AsRef::as_ref));
    }
    out.push(b'}');
    push_key(out, "source");
    let source = match chunks {
        1 => clause(0),
        _ => format!(r#"{{"bool":{{"should":[{}]}}}}"#, (0..chunks).map(clause).collect::<Vec<_>>().join(",")),
    };
    push_string(out, &source);
    out.extend_from_slice(b"}}");
}
