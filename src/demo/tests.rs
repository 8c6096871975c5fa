//! Tests of the search page: the real routes over a scripted index.

use std::sync::Mutex;

use actix_web::body::to_bytes;
use actix_web::http::{Method, StatusCode, header};
use actix_web::test::{TestRequest, call_service, init_service};
use serde_json::{Value, json};

use adapters::embedded::{Embedded, Hit, SearchAnswer, SearchRequest, Standing, Users};
use domain::{BulkOp, ConnectorId, DB_BUSY, DB_WRITE, Document, Fault, IndexName, RunId, Timestamp};
use ports::fakes::FakeClock;
use ports::{Sink, Target};

use super::web::{END, Piece, START, app, pieces};
use super::*;

/// Text that breaks pages which build markup from strings: tags, quotes, another direction, marks beyond the first plane.
const AWKWARD: &str = "</script><img src=x onerror=alert(1)> \"q\" 'q' & \u{202e}שלום \u{1f30a}";

/// An index that gives what it was told and remembers what it was asked.
#[derive(Default)]
struct FakeIndex {
    answer: SearchAnswer,
    documents: Vec<(&'static str, String)>,
    fault: Option<Fault>,
    asked: Mutex<Vec<SearchRequest>>,
}

impl SearchIndex for FakeIndex {
    fn search(&self, request: &SearchRequest) -> Result<SearchAnswer, Fault> {
        self.asked.lock().unwrap().push(request.clone());
        self.fault.clone().map_or_else(|| Ok(self.answer.clone()), Err)
    }

    fn document(&self, id: &str, _: Option<&str>) -> Result<Option<Vec<u8>>, Fault> {
        let found = self.documents.iter().find(|(known, _)| *known == id).map(|(_, text)| text.clone().into_bytes());
        self.fault.clone().map_or(Ok(found), Err)
    }

    fn users(&self, _: &str, _: usize) -> Result<Users, Fault> {
        self.fault.clone().map_or_else(|| Ok(Users::default()), Err)
    }
}

fn page(index: &Arc<impl SearchIndex>) -> Page {
    Page { index: index.clone(), status: Arc::new(|| json!({"state": "syncing", "counts": {"written": 7}, "later": [1]})) }
}

/// An answer with all that tests look at.
struct Got {
    status: StatusCode,
    headers: header::HeaderMap,
    text: String,
}

impl Got {
    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
    fn json(&self) -> Value {
        assert_eq!(self.header(header::CONTENT_TYPE), "application/json", "{}", self.text);
        serde_json::from_str(&self.text).unwrap()
    }
}

async fn send(index: &Arc<impl SearchIndex>, request: TestRequest) -> Got {
    let service = init_service(app(page(index))).await;
    let answer = call_service(&service, request.to_request()).await;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = to_bytes(answer.into_body()).await.unwrap_or_else(|_| panic!("body of {status}"));
    Got { status, headers, text: String::from_utf8(body.to_vec()).unwrap() }
}

async fn get(index: &Arc<impl SearchIndex>, path: &str) -> Got {
    send(index, TestRequest::get().uri(path)).await
}

#[actix_web::test]
async fn every_answer_carries_the_security_headers() {
    let index = Arc::new(FakeIndex::default());
    for path in
        ["/", "/app.css", "/app.js", "/favicon.svg", "/api/search", "/api/status", "/api/document/none", "/none", "/api/search?size=x"]
    {
        let got = get(&index, path).await;
        assert!(got.header(header::CONTENT_SECURITY_POLICY).starts_with("default-src 'self';"), "{path}");
        assert_eq!(got.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        assert_eq!(got.header(header::REFERRER_POLICY), "no-referrer", "{path}");
        assert_eq!(got.header(header::CACHE_CONTROL), "no-store", "{path}");
    }
}

#[actix_web::test]
async fn the_page_brings_all_it_names() {
    let index = Arc::new(FakeIndex::default());
    let home = get(&index, "/").await;
    assert_eq!((home.status, home.header(header::CONTENT_TYPE)), (StatusCode::OK, "text/html; charset=utf-8"));
    let named = home.text.split('"').filter(|part| part.ends_with(".css") || part.ends_with(".js") || part.ends_with(".svg"));
    let mut files: Vec<_> = named.map(str::to_owned).collect();
    let script = get(&index, "/app.js").await.text + &get(&index, "/document.js").await.text;
    files.extend(script.split("'./").skip(1).filter_map(|rest| rest.split('\'').next()).map(str::to_owned));
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let got = get(&index, &format!("/{file}")).await;
        assert_eq!(got.status, StatusCode::OK, "{file}");
        assert!(!got.header(header::CONTENT_TYPE).starts_with("text/plain"), "{file}");
    }
}

#[actix_web::test]
async fn the_page_holds_nothing_that_its_own_policy_forbids() {
    let index = Arc::new(FakeIndex::default());
    let home = get(&index, "/").await.text;
    for forbidden in ["style=", "onclick=", "<style", "http://", "https://", "<script>"] {
        assert!(!home.contains(forbidden), "{forbidden}");
    }
    for script in ["/app.js", "/dom.js", "/document.js", "/readers.js", "/status.js"] {
        let text = get(&index, script).await.text;
        for forbidden in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            assert!(!text.contains(forbidden), "{forbidden} in {script}");
        }
    }
}

#[actix_web::test]
async fn a_search_passes_its_words_on_and_gives_what_was_found() {
    let hit = Hit {
        id: "500".into(),
        kind: "Case".into(),
        title: AWKWARD.into(),
        url: Some("http://org/500".into()),
        score: 1.0,
        modified: Some("2025-01-02T03:04:05Z".into()),
        fragments: vec![format!("{AWKWARD} {START}fal\"con{END} end")],
    };
    let answer = SearchAnswer { total: 41, hits: vec![hit], kinds: vec![("Case".into(), 40), ("Lead".into(), 1)], reader: None };
    let index = Arc::new(FakeIndex { answer, ..FakeIndex::default() });
    let got = get(&index, "/api/search?q=fal%22con%20%26%20%D7%A9&kind=Case&from=20&size=10").await;
    let expected = json!({
        "total": 41,
        "hits": [{
            "id": "500", "kind": "Case", "title": AWKWARD, "url": "http://org/500", "modified": "2025-01-02T03:04:05Z",
            "fragments": [[{"text": format!("{AWKWARD} ")}, {"text": "fal\"con", "match": true}, {"text": " end"}]],
        }],
        "kinds": [{"kind": "Case", "count": 40}, {"kind": "Lead", "count": 1}],
    });
    assert_eq!((got.status, got.json()), (StatusCode::OK, expected));
    let asked = SearchRequest { index: None, text: "fal\"con & ש".into(), kind: Some("Case".into()), from: 20, size: 10, reader: None };
    assert_eq!(*index.asked.lock().unwrap(), [asked]);
}

#[actix_web::test]
async fn a_search_without_parameters_asks_for_the_first_page_of_everything() {
    let index = Arc::new(FakeIndex::default());
    let got = get(&index, "/api/search?kind=").await;
    assert_eq!(got.json(), json!({"total": 0, "hits": [], "kinds": []}));
    assert_eq!(*index.asked.lock().unwrap(), [SearchRequest { size: 20, ..SearchRequest::default() }]);
}

#[actix_web::test]
async fn a_bad_parameter_is_refused_with_its_name_and_never_reaches_the_index() {
    let index = Arc::new(FakeIndex::default());
    let long = format!("q={}", "a".repeat(1001));
    let by_long = format!("as={}", "a".repeat(1001));
    let cases = [
        ("size=0", "size"),
        ("size=101", "size"),
        ("from=10001", "from"),
        (long.as_str(), "q"),
        (by_long.as_str(), "as"),
        ("size=many", "invalid digit"),
        ("from=-1", "invalid digit"),
    ];
    for (query, named) in cases {
        let got = get(&index, &format!("/api/search?{query}")).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{query}");
        let error = got.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(named), "{error}");
    }
    for path in [format!("/api/document/500?{by_long}"), format!("/api/readers?{long}"), "/api/readers?size=0".to_owned()] {
        assert_eq!(get(&index, &path).await.status, StatusCode::BAD_REQUEST, "{path}");
    }
    assert!(index.asked.lock().unwrap().is_empty());
}

#[actix_web::test]
async fn a_document_arrives_letter_by_letter() {
    // A float that a round trip would change, and markup that must stay data.
    let text = format!(r#"{{"Id":"500","Amount":1.0,"Big":12345678901234567890123,"Body":{}}}"#, json!(AWKWARD));
    let index = Arc::new(FakeIndex { documents: vec![("500", text.clone())], ..FakeIndex::default() });
    let got = get(&index, "/api/document/500").await;
    assert_eq!((got.status, got.header(header::CONTENT_TYPE), got.text.as_str()), (StatusCode::OK, "application/json", text.as_str()));
}

#[actix_web::test]
async fn an_unknown_document_and_an_unknown_path_are_not_found() {
    let index = Arc::new(FakeIndex::default());
    for (path, named) in
        [("/api/document/%3Cb%3E%2Fx", "`<b>/x`"), ("/api/documents", "nothing at this address"), ("/../etc/passwd", "nothing")]
    {
        let got = get(&index, path).await;
        assert_eq!(got.status, StatusCode::NOT_FOUND, "{path}");
        assert!(got.json()["error"].as_str().unwrap().contains(named), "{}", got.text);
    }
}

#[actix_web::test]
async fn an_index_that_cannot_be_read_says_why() {
    for (code, status) in [(&DB_BUSY, StatusCode::SERVICE_UNAVAILABLE), (&DB_WRITE, StatusCode::INTERNAL_SERVER_ERROR)] {
        let index = Arc::new(FakeIndex { fault: Some(Fault::new(code, "read the index")), ..FakeIndex::default() });
        for path in ["/api/search?q=a", "/api/document/500", "/api/document/500?as=a", "/api/readers"] {
            let got = get(&index, path).await;
            assert_eq!(got.status, status, "{path}");
            assert!(got.json()["error"].as_str().unwrap().contains(code.id), "{}", got.text);
        }
    }
}

#[actix_web::test]
async fn the_status_passes_through() {
    let index = Arc::new(FakeIndex::default());
    assert_eq!(get(&index, "/api/status").await.json(), json!({"state": "syncing", "counts": {"written": 7}, "later": [1]}));
}

#[actix_web::test]
async fn the_site_can_only_be_read() {
    let index = Arc::new(FakeIndex::default());
    for path in ["/", "/api/search", "/api/document/500", "/api/readers", "/api/status"] {
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            let got = send(&index, TestRequest::with_uri(path).method(method)).await;
            assert_eq!((got.status, got.header(header::ALLOW)), (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD"), "{path}");
            assert!(got.json()["error"].is_string());
        }
    }
    assert_eq!(send(&index, TestRequest::with_uri("/").method(Method::HEAD)).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn a_foreign_name_for_this_machine_is_refused() {
    let index = Arc::new(FakeIndex::default());
    let cases = [
        ("127.0.0.1:9", true),
        ("localhost", true),
        ("LOCALHOST:80", true),
        ("[::1]:80", true),
        ("evil.example", false),
        ("127.0.0.1.evil.example:9", false),
        ("", false),
    ];
    for (host, is_local) in cases {
        let got = send(&index, TestRequest::get().uri("/api/status").insert_header((header::HOST, host))).await;
        assert_eq!(got.status, if is_local { StatusCode::OK } else { StatusCode::FORBIDDEN }, "{host}");
    }
}

/// Puts a case with this subject into an index of the store.
async fn put(store: &Embedded, index: &str, id: &str, subject: &str) {
    let target = Target { connector: ConnectorId::new("c"), index: IndexName::new(index), run: RunId::new("r"), mark: None };
    let body =
        json!({"attributes": {"type": "Case"}, "Id": id, "Subject": subject, "Description": "the falcon sleeps"}).to_string().into_bytes();
    store.submit(&target, Arc::new(vec![BulkOp::Put(Document { id: id.parse().unwrap(), body })])).await.unwrap();
}

#[actix_web::test]
async fn the_embedded_index_is_searched_and_read_one_index_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = Embedded::open(dir.path(), Arc::new(FakeClock(Timestamp::UNIX_EPOCH))).unwrap();
    put(&store, "mine", "500000000000001AAA", AWKWARD).await;
    put(&store, "theirs", "500000000000002AAA", "other").await;
    let index = Arc::new(OneIndex { reader: store.reader(), index: "mine".to_owned() });
    let found = get(&index, "/api/search?q=falc").await.json();
    assert_eq!((&found["total"], &found["kinds"]), (&json!(1), &json!([{"kind": "Case", "count": 1}])));
    assert_eq!(found["hits"][0]["title"], json!(AWKWARD));
    assert!(found["hits"][0]["fragments"][0].as_array().unwrap().contains(&json!({"text": "falcon", "match": true})), "{found}");
    assert_eq!(get(&index, "/api/document/500000000000001AAA").await.json()["Subject"], json!(AWKWARD));
    assert_eq!(get(&index, "/api/document/500000000000002AAA").await.status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn a_search_says_on_whose_behalf_it_is_and_whether_there_is_such_a_user() {
    for (standing, told) in [(Standing::Known, "known"), (Standing::Unknown, "unknown")] {
        let index = Arc::new(FakeIndex { answer: SearchAnswer { reader: Some(standing), ..Default::default() }, ..FakeIndex::default() });
        assert_eq!(get(&index, "/api/search?as=a%40b").await.json()["reader"], json!(told));
        assert_eq!(index.asked.lock().unwrap()[0].reader.as_deref(), Some("a@b"));
    }
    let index = Arc::new(FakeIndex::default());
    assert_eq!(get(&index, "/api/search?as=").await.json().get("reader"), None, "nobody in particular");
    assert_eq!(index.asked.lock().unwrap()[0].reader, None);
}

/// Puts a document of these tokens, or an access document that holds them, into an index of the store.
async fn put_access(store: &Embedded, index: &str, id: &str, tokens: &[&str]) {
    let target = Target { connector: ConnectorId::new("c"), index: IndexName::new(index), run: RunId::new("r"), mark: None };
    let email = format!("email:{}@example.org", &id[..15]);
    let held: Vec<_> = tokens.iter().copied().chain([email.as_str()]).collect();
    let body = json!({
        "attributes": {"type": "Case"}, "Subject": "falcon", "_allow_access_control": tokens,
        "identity": {"email": email, "username": "user:Ada Lovelace"},
        "query": {"template": {"params": {"access_control": held}}},
    });
    let body = body.to_string().into_bytes();
    store.submit(&target, Arc::new(vec![BulkOp::Put(Document { id: id.parse().unwrap(), body })])).await.unwrap();
}

#[actix_web::test]
async fn what_a_user_may_not_see_is_in_no_hit_number_or_document() {
    let dir = tempfile::tempdir().unwrap();
    let store = Embedded::open(dir.path(), Arc::new(FakeClock(Timestamp::UNIX_EPOCH))).unwrap();
    put_access(&store, "mine", "500000000000001AAA", &["a", "b"]).await;
    put_access(&store, "mine", "500000000000002AAA", &["b"]).await;
    put_access(&store, ".search-acl-filter-mine", "005000000000001AAA", &["a"]).await;
    put_access(&store, ".search-acl-filter-theirs", "005000000000002AAA", &["b"]).await;
    let index = Arc::new(OneIndex { reader: store.reader(), index: "mine".to_owned() });
    for user in ["005000000000001AAA", "005000000000001", "005000000000001%40example.org"] {
        let found = get(&index, &format!("/api/search?q=falcon&as={user}")).await.json();
        let expected = (json!(1), json!("500000000000001AAA"), json!([{"kind": "Case", "count": 1}]), json!("known"));
        assert_eq!((found["total"].clone(), found["hits"][0]["id"].clone(), found["kinds"].clone(), found["reader"].clone()), expected);
        assert_eq!(get(&index, &format!("/api/document/500000000000001AAA?as={user}")).await.status, StatusCode::OK);
        let [hidden, missing] = ["500000000000002AAA", "500000000000003AAA"];
        let refused = get(&index, &format!("/api/document/{hidden}?as={user}")).await;
        let absent = get(&index, &format!("/api/document/{missing}?as={user}")).await;
        assert_eq!((refused.status, refused.text.replace(hidden, missing)), (StatusCode::NOT_FOUND, absent.text), "the same words");
    }
    let found = get(&index, "/api/search?q=falcon").await.json();
    assert_eq!((&found["total"], found.get("reader")), (&json!(2), None), "the administrator");
    let found = get(&index, "/api/search?q=falcon&as=005000000000002AAA").await.json();
    assert_eq!(found, json!({"total": 0, "hits": [], "kinds": [], "reader": "unknown"}), "a user of another index");
    assert_eq!(get(&index, "/api/document/500000000000002AAA?as=005000000000002AAA").await.status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn those_who_can_be_searched_as_are_listed_and_sought() {
    let dir = tempfile::tempdir().unwrap();
    let store = Embedded::open(dir.path(), Arc::new(FakeClock(Timestamp::UNIX_EPOCH))).unwrap();
    let index = Arc::new(OneIndex { reader: store.reader(), index: "mine".to_owned() });
    assert_eq!(get(&index, "/api/readers").await.json(), json!({"total": 0, "readers": []}));
    put_access(&store, ".search-acl-filter-mine", "005000000000001AAA", &[]).await;
    put_access(&store, ".search-acl-filter-mine", "005000000000002AAA", &[]).await;
    put_access(&store, ".search-acl-filter-theirs", "005000000000003AAA", &[]).await;
    let ada = |no: usize| json!({"id": format!("00500000000000{no}AAA"), "name": "Ada Lovelace", "email": format!("00500000000000{no}@example.org")});
    assert_eq!(get(&index, "/api/readers?q=love").await.json(), json!({"total": 2, "readers": [ada(1), ada(2)]}));
    assert_eq!(get(&index, "/api/readers?q=005000000000002%40").await.json(), json!({"total": 2, "readers": [ada(2)]}));
    assert_eq!(get(&index, "/api/readers?size=1").await.json(), json!({"total": 2, "readers": [ada(1)]}));
}

#[test]
fn a_fragment_is_cut_at_its_marks_and_loses_no_text() {
    let plain = |text| Piece { text, is_match: false };
    let hit = |text| Piece { text, is_match: true };
    assert_eq!(pieces("a \u{1}b\u{2} c\u{1}d\u{2}"), [plain("a "), hit("b"), plain(" c"), hit("d")]);
    assert_eq!(pieces("\u{1}a\u{2}\u{1}b\u{2}"), [hit("a"), hit("b")]);
    assert_eq!(pieces("a\u{2} b \u{1}c"), [plain("a"), plain(" b "), plain("c")]);
    assert_eq!(pieces("\u{1}\u{2}"), []);
    assert_eq!(pieces(""), []);
}

#[test]
fn a_port_in_use_is_one_line_that_names_it() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let err = serve(page(&Arc::new(FakeIndex::default())), port).unwrap_err();
    assert_eq!(err.kind(), io::ErrorKind::AddrInUse);
    assert_eq!(err.to_string(), format!("port {port} on 127.0.0.1 is in use; choose another one with `--port`, or 0 for any"));
}

#[actix_web::test]
async fn a_served_page_answers_until_it_is_stopped_and_frees_its_port() {
    use std::io::{Read, Write};
    let running = serve(page(&Arc::new(FakeIndex::default())), 0).unwrap();
    let address = running.url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let mut socket = std::net::TcpStream::connect(&address).unwrap();
    write!(socket, "GET /api/status HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"written\":7"), "{answer}");
    running.stop().await;
    let refused = std::net::TcpStream::connect(&address).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
}
