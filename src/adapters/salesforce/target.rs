//! Paths of requests, and how much fits into one.
//!
//! Salesforce refuses a URI over 16,384 bytes with 414, and URI and headers together with 431 (REST API guide, "Status Codes").

use domain::catalog::ContentAt;
use domain::{Fault, RecordId, SF_TOO_WIDE};

/// Longest path with its query. The rest of the 16,384 bytes is for headers; a token can have 2,000.
pub(super) const LONGEST: usize = 13_312;

/// `'id',` in a query: nothing of it needs an escape.
const ID_LENGTH: usize = 21;

/// Makes paths for one version of the API.
#[derive(Clone, Debug)]
pub(super) struct Targets {
    root: String,
}

impl Targets {
    pub(super) fn new(api_version: &str) -> Self {
        Self { root: format!("/services/data/v{api_version}") }
    }

    /// Describe global.
    pub(super) fn global(&self) -> String {
        format!("{}/sobjects", self.root)
    }

    /// Describe of one object.
    pub(super) fn describe(&self, object: &str) -> String {
        let mut path = format!("{}/sobjects/", self.root);
        push_encoded(&mut path, object, false);
        path.push_str("/describe");
        path
    }

    /// Content of a file.
    pub(super) fn file(&self, ContentAt { blob, id }: ContentAt) -> String {
        format!("{}/sobjects/{}/{id}/{}", self.root, blob.object(), blob.field())
    }

    /// First page of a query.
    ///
    /// # Errors
    /// [`SF_TOO_WIDE`] when it does not fit into a request.
    pub(super) fn query(&self, soql: &str) -> Result<String, Fault> {
        fitting(self.asking("/query?q=", soql))
    }

    /// A search.
    ///
    /// # Errors
    /// [`SF_TOO_WIDE`] when it does not fit into a request.
    pub(super) fn search(&self, sosl: &str) -> Result<String, Fault> {
        fitting(self.asking("/search?q=", sosl))
    }

    /// Bytes of the request of a query.
    pub(super) fn length(&self, soql: &str) -> usize {
        self.asking("/query?q=", soql).len()
    }

    fn asking(&self, resource: &str, text: &str) -> String {
        let mut path = String::with_capacity(self.root.len() + 16 + text.len() + text.len() / 8);
        path.push_str(&self.root);
        path.push_str(resource);
        push_encoded(&mut path, text, true);
        path
    }

    /// Cuts `ids` into chunks of about equal size, so that `query` with each of them fits. `query` must give the text for any ids.
    ///
    /// # Errors
    /// [`SF_TOO_WIDE`] when not even one id fits.
    pub(super) fn chunks<'a>(
        &self,
        ids: &'a [RecordId],
        query: impl Fn(&[RecordId]) -> String,
    ) -> Result<std::slice::Chunks<'a, RecordId>, Fault> {
        let used = self.length(&query(&[]));
        let most = LONGEST.saturating_sub(used) / ID_LENGTH;
        if most == 0 {
            return Err(Fault::new(&SF_TOO_WIDE, format!("the query has {used} bytes without ids and {LONGEST} fit into a request")));
        }
        let chunks = ids.len().div_ceil(most).max(1);
        Ok(ids.chunks(ids.len().div_ceil(chunks).max(1)))
    }
}

fn fitting(path: String) -> Result<String, Fault> {
    match path.len() {
        0..=LONGEST => Ok(path),
        used => Err(Fault::new(&SF_TOO_WIDE, format!("the query has {used} bytes and {LONGEST} fit into a request"))),
    }
}

/// Length of `text` within a query.
pub(super) fn encoded_length(text: &str) -> usize {
    let mut encoded = String::new();
    push_encoded(&mut encoded, text, true);
    encoded.len()
}

/// Appends `text`, percent-encoded as far as needed. In a query, a blank is a plus and SOQL's own signs stay as they are, which keeps
/// lists of ids short; in a path, only letters, digits and `-._~` stay.
fn push_encoded(out: &mut String, text: &str, in_query: bool) {
    for &byte in text.as_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            b' ' if in_query => out.push('+'),
            b'\'' | b'(' | b')' | b',' | b'=' | b'*' | b':' | b'!' if in_query => out.push(char::from(byte)),
            _ => {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::catalog::{LookupTarget, lookup_query};
    use proptest::prelude::*;

    use domain::catalog::Blob;

    use super::*;

    fn ids(count: usize) -> Vec<RecordId> {
        (0..count).map(|no| format!("001{no:012}").parse().unwrap()).collect()
    }

    #[test]
    fn paths_name_their_resources() {
        let targets = Targets::new("64.0");
        assert_eq!(targets.global(), "/services/data/v64.0/sobjects");
        assert_eq!(targets.describe("Account"), "/services/data/v64.0/sobjects/Account/describe");
        assert_eq!(targets.describe("../x?"), "/services/data/v64.0/sobjects/..%2Fx%3F/describe");
        let id = "068Hs0AAAAAACDuI4P".parse().unwrap();
        let body = targets.file(ContentAt { blob: Blob::Attachment, id });
        assert_eq!(body, "/services/data/v64.0/sobjects/Attachment/068Hs0AAAAAACDuI4P/Body");
        assert_eq!(
            targets.file(ContentAt { blob: Blob::ContentVersion, id }),
            "/services/data/v64.0/sobjects/ContentVersion/068Hs0AAAAAACDuI4P/VersionData"
        );
        assert_eq!(
            targets.query("SELECT Id FROM A WHERE Id > 'x'").unwrap(),
            "/services/data/v64.0/query?q=SELECT+Id+FROM+A+WHERE+Id+%3E+'x'"
        );
    }

    proptest! {
        #[test]
        fn a_query_arrives_as_it_was_written(text in any::<String>()) {
            let path = Targets::new("64.0").asking("/query?q=", &text);
            let (_, query) = path.split_once('?').unwrap();
            let parsed: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
            prop_assert_eq!(parsed, [("q".into(), text.into())]);
            prop_assert!(path.parse::<awc::http::Uri>().is_ok());
        }

        #[test]
        fn chunks_fit_and_lose_nothing(count in 0..3000usize) {
            let (targets, ids) = (Targets::new("64.0"), ids(count));
            let query = |ids: &[RecordId]| lookup_query(LookupTarget::User, ids);
            let chunks: Vec<_> = targets.chunks(&ids, query).unwrap().collect();
            prop_assert_eq!(&chunks.concat(), &ids);
            for chunk in chunks {
                prop_assert!(targets.query(&query(chunk)).is_ok());
            }
        }
    }

    #[test]
    fn a_query_without_room_for_an_id_is_refused() {
        let wide = |_: &[RecordId]| "x".repeat(LONGEST - 40);
        assert_eq!(Targets::new("64.0").chunks(&ids(1), wide).err().unwrap().code, &SF_TOO_WIDE);
    }
}
