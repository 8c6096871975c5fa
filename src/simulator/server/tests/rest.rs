//! Describe, queries, records, files, composite requests, and the limits of all of them.

use actix_web::rt::System;
use serde_json::json;

use super::*;

const BASE: &str = "/services/data/v64.0";

/// A request of exactly so many bytes in its URI and so many in URI and headers together.
fn sized(uri: usize, total: usize) -> String {
    let target = format!("{BASE}/query?q={}", "x".repeat(uri - BASE.len() - 9));
    let fixed = "host: org\r\nconnection: close\r\n";
    let rest = total.saturating_sub(uri + fixed.len());
    let filler = if rest > 8 { format!("x-fill: {}\r\n", "y".repeat(rest - 10)) } else { String::new() };
    format!("GET {target} HTTP/1.1\r\n{fixed}{filler}\r\n")
}

#[test]
fn the_limits_of_uri_and_headers_hold_to_the_byte() {
    let org = running(options());
    let status = |uri, total| exchange(&org, &sized(uri, total)).status;
    assert_eq!(status(2_000, 16_384), 401, "nothing but the token is wrong");
    assert_eq!(status(2_000, 16_385), 431);
    assert_eq!(status(16_384, 0), 431, "a URI of full length leaves no room for headers");
    assert_eq!(status(16_385, 0), 414);
    assert_eq!(status(60_000, 0), 414);
    let long = exchange(&org, &sized(16_385, 0));
    assert_eq!(long.error().0, "URI_TOO_LONG");
    assert_eq!(long.header("content-type"), Some("application/json;charset=UTF-8"));
}

#[test]
fn paths_that_name_nothing_and_methods_that_do_not_fit_are_refused() {
    let org = running(options());
    let bearer = bearer(&org);
    for path in
        ["/nothing", &format!("{BASE}/tooling/query"), &format!("{BASE}/sobjects/Nothing__c/describe"), "/services/data/v99.0/limits"]
    {
        let reply = get(&org, &bearer, path);
        assert_eq!((reply.status, reply.error().0.as_str()), (404, "NOT_FOUND"), "{path}");
    }
    let refused = post(&org, &format!("{BASE}/query"), &bearer, "");
    assert_eq!((refused.status, refused.error().1.as_str()), (405, "HTTP Method 'POST' not allowed. Allowed are GET,HEAD"));
    assert_eq!(get(&org, &bearer, "/services/data/v30.0/limits").status, 410);
    assert_eq!(get(&org, &bearer, &format!("{BASE}/composite")).status, 405);
}

#[test]
fn the_root_and_the_list_of_versions_need_no_token() {
    let org = running(options());
    assert_eq!(send(&org, "HEAD", "/", "").status, 200);
    let versions = send(&org, "GET", "/services/data/", "");
    assert_eq!(versions.json()[37], json!({ "label": "Winter '27", "url": "/services/data/v68.0", "version": "68.0" }));
    assert_eq!(versions.json()[35]["label"], "Spring '26");
    assert_eq!(versions.header("Sforce-Limit-Info"), None);
    let today = versions.header("date").unwrap().to_owned();
    org.advance_clock(Duration::from_secs(3 * 24 * 60 * 60));
    let later = send(&org, "GET", "/services/data", "").header("date").unwrap().to_owned();
    let read = |date: &str| jiff::fmt::rfc2822::parse(date).unwrap().timestamp().as_second();
    assert!((3 * 24 * 60 * 60..3 * 24 * 60 * 60 + 60).contains(&(read(&later) - read(&today))), "{today} then {later}");
}

#[test]
fn the_address_of_a_record_shows_it_to_a_browser_and_markup_in_it_stays_text() {
    let mut builder = crate::org::OrgBuilder::new(crate::catalog::standard());
    let record = json!({ "Id": "001Hs0000000001IAA", "Name": "</td><script>alert(\"x\")</script>" });
    builder.push("Account", record.as_object().unwrap().clone()).unwrap();
    let org = running(Options::new(Arc::new(builder.build())));
    let page = send(&org, "GET", "/001Hs0000000001IAA", "");
    let html = String::from_utf8(page.body.clone()).unwrap();
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=UTF-8")));
    assert!(html.contains("&lt;script&gt;alert(&quot;x&quot;)") && !html.contains("<script>"), "{html}");
    assert_eq!(send(&org, "GET", "/001Hs0000000002IAA", "").status, 404);
}

#[test]
fn every_rest_answer_counts_against_the_allowance_and_says_so() {
    let org = running(options());
    let bearer = bearer(&org);
    assert_eq!(get(&org, &bearer, BASE).header("Sforce-Limit-Info"), Some("api-usage=1/100000"));
    let limits = get(&org, &bearer, &format!("{BASE}/limits/"));
    assert_eq!(limits.header("Sforce-Limit-Info"), Some("api-usage=2/100000"));
    assert_eq!(limits.json()["DailyApiRequests"], json!({ "Max": 100_000, "Remaining": 99_998 }));
    assert_eq!(get(&org, &bearer, &soql("SELEC")).header("Sforce-Limit-Info"), Some("api-usage=3/100000"));
    assert_eq!(get(&org, "", BASE).header("Sforce-Limit-Info"), Some("api-usage=3/100000"), "a refusal costs nothing");
    assert_eq!(send(&org, "HEAD", &format!("{BASE}/limits"), &bearer).body, b"");
    let counts = get(&org, &bearer, &format!("{BASE}/limits/recordCount?sObjects=Account,Nothing")).json();
    assert_eq!(counts, json!({ "sObjects": [{ "name": "Account", "count": ORG.count("Account") }] }));
}

#[test]
fn describes_follow_the_version_and_need_not_be_sent_twice() {
    let org = running(options());
    let bearer = bearer(&org);
    let global = get(&org, &bearer, &format!("{BASE}/sobjects/")).json();
    let names: Vec<_> = global["sobjects"].as_array().unwrap().iter().map(|object| object["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"Account") && names.contains(&"Project__c"));
    let path = "/services/data/v59.0/sobjects/Case/describe";
    let described = get(&org, &bearer, path);
    assert_eq!(described.json()["urls"]["sobject"], "/services/data/v59.0/sobjects/Case");
    assert_eq!(described.json()["name"], "Case");
    let (tag, date) = (described.header("etag").unwrap().to_owned(), described.header("last-modified").unwrap().to_owned());
    for condition in [format!("If-None-Match: {tag}\r\n"), format!("If-Modified-Since: {date}\r\n")] {
        let unchanged = get(&org, &format!("{bearer}{condition}"), path);
        assert_eq!((unchanged.status, unchanged.body.len(), unchanged.header("etag")), (304, 0, Some(tag.as_str())));
    }
    assert_eq!(get(&org, &format!("{bearer}If-Modified-Since: Thu, 03 Sep 2020 21:35:07 GMT\r\n"), path).status, 200);
    let info = get(&org, &bearer, &format!("{BASE}/sobjects/Case")).json();
    assert_eq!((&info["objectDescribe"]["keyPrefix"], &info["recentItems"]), (&json!("500"), &json!([])));
}

#[test]
fn pages_are_followed_to_the_end_and_cursors_end() {
    let org = running(Options { page_size: Some(7), ..options() });
    let bearer = bearer(&org);
    let mut page = get(&org, &bearer, &soql("SELECT Id FROM Contact")).json();
    let total = page["totalSize"].as_u64().unwrap();
    let mut ids = std::collections::BTreeSet::new();
    let mut last = String::new();
    loop {
        ids.extend(page["records"].as_array().unwrap().iter().map(|record| record["Id"].as_str().unwrap().to_owned()));
        let Some(next) = page.get("nextRecordsUrl") else { break };
        assert_eq!(page["records"].as_array().unwrap().len(), 7);
        last = next.as_str().unwrap().to_owned();
        page = get(&org, &bearer, &last).json();
    }
    assert_eq!((page["done"].clone(), ids.len() as u64), (json!(true), total));
    assert_eq!(total, ORG.count("Contact") as u64);
    org.expire_cursors();
    let expired = get(&org, &bearer, &last);
    assert_eq!((expired.status, expired.error().0.as_str()), (400, "INVALID_QUERY_LOCATOR"));
    assert_eq!(org.stats().count(Endpoint::Query), 1);
    assert!(org.stats().count(Endpoint::QueryMore) > 5);
}

#[test]
fn bad_queries_get_the_code_of_the_query_engine() {
    let org = running(options());
    let bearer = bearer(&org);
    let bad = get(&org, &bearer, &soql("SELECT Nothing FROM Account"));
    assert_eq!((bad.status, bad.error().0.as_str()), (400, "INVALID_FIELD"));
    assert_eq!(get(&org, &bearer, &format!("{BASE}/query")).error().0, "MALFORMED_QUERY");
}

#[test]
fn deleted_rows_are_seen_by_query_all_only() {
    let org = running(Options { org: Arc::new(generate(1, 1)), ..options() });
    let bearer = bearer(&org);
    let query = soql("SELECT COUNT() FROM Case");
    let count = |target: &str| get(&org, &bearer, target).json()["totalSize"].as_u64().unwrap();
    assert!(count(&query.replace("/query?", "/queryAll?")) > count(&query));
}

#[test]
fn records_are_shown_by_id_whole_or_in_part() {
    let org = running(options());
    let bearer = bearer(&org);
    let row = ORG.rows("Account").next().unwrap();
    let id = row.id();
    let whole = get(&org, &bearer, &format!("{BASE}/sobjects/Account/{id}")).json();
    assert_eq!((&whole["attributes"]["type"], &whole["Id"]), (&json!("Account"), &json!(id)));
    assert!(whole.get("Industry").is_some());
    let part = get(&org, &bearer, &format!("{BASE}/sobjects/Account/{}?fields=Name", &id[..15])).json();
    assert_eq!(part.as_object().unwrap().keys().collect::<Vec<_>>(), ["Id", "Name", "attributes"]);
    let missing = get(&org, &bearer, &format!("{BASE}/sobjects/Account/001000000000000AAA"));
    assert_eq!((missing.status, missing.error().0.as_str()), (404, "NOT_FOUND"));
    assert_eq!(get(&org, &bearer, &format!("{BASE}/sobjects/Contact/{id}")).status, 404);
}

#[test]
fn files_come_with_their_length_and_uncompressed() {
    let org = running(options());
    let bearer = bearer(&org);
    for version in ORG.rows("ContentVersion") {
        let id = version.id();
        let reply = get(&org, &format!("{bearer}Accept-Encoding: gzip\r\n"), &format!("{BASE}/sobjects/ContentVersion/{id}/VersionData"));
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), Some("application/octetstream"));
        assert_eq!((reply.header("content-encoding"), reply.header("transfer-encoding")), (None, None));
        assert_eq!(reply.header("content-length"), Some(reply.body.len().to_string().as_str()));
        assert!(reply.body == ORG.file(&id).unwrap());
    }
    assert_eq!(get(&org, &bearer, &format!("{BASE}/sobjects/ContentVersion/068000000000000AAA/VersionData")).status, 404);
    for object in ["Attachment", "Document", "StaticResource"] {
        for row in ORG.rows(object) {
            let shown = get(&org, &bearer, &soql(&format!("SELECT Body, BodyLength FROM {object} WHERE Id = '{}'", row.id()))).json();
            let path = format!("{BASE}/sobjects/{object}/{}/Body", row.id());
            assert_eq!(shown["records"][0]["Body"], path.as_str());
            assert!(get(&org, &bearer, &path).body == ORG.file(&row.id()).unwrap());
            assert_eq!(get(&org, &bearer, &path.replace(object, "ContentVersion")).status, 404, "the bytes of another object");
        }
    }
    assert_eq!(get(&org, &bearer, &format!("{BASE}/sobjects/Attachment/00P000000000000AAA/Body")).status, 404);
}

#[test]
fn answers_are_compressed_and_laid_out_on_request() {
    let org = running(options());
    let base = org.base_url.clone();
    let token = bearer(&org).trim().trim_start_matches("Authorization: ").to_owned();
    let path = format!("{base}{BASE}/sobjects/Account/describe");
    System::new().block_on(async {
        let client = awc::Client::default();
        let mut reply = client.get(&path).insert_header(("Authorization", token.as_str())).send().await.unwrap();
        assert_eq!(reply.headers().get("content-encoding").map(|value| value.as_bytes()), Some(b"gzip".as_slice()));
        assert_eq!(reply.json::<Value>().limit(1 << 20).await.unwrap()["name"], "Account");
    });
    let pretty = send(&org, "GET", "/services/data", "X-PrettyPrint: 1\r\n");
    assert!(pretty.body.starts_with(b"[ {\n  \"label\" : "));
}

fn composite(org: &Running, bearer: &str, parts: &Value) -> Raw {
    post(org, &format!("{BASE}/composite"), bearer, &json!({ "compositeRequest": parts }).to_string())
}

fn part(reference: &str, url: &str) -> Value {
    json!({ "method": "GET", "url": url, "referenceId": reference })
}

#[test]
fn a_composite_request_answers_its_parts_one_by_one() {
    let org = running(options());
    let bearer = bearer(&org);
    let mut cached = part("c", &format!("{BASE}/sobjects/Case/describe"));
    cached["httpHeaders"] = json!({ "If-Modified-Since": "Thu, 03 Sep 2099 21:35:07 GMT" });
    let mut written = part("d", &format!("{BASE}/sobjects/Case"));
    written["method"] = json!("POST");
    let parts = json!([part("a", &soql("SELECT Id FROM User")), part("b", &format!("{BASE}/sobjects/Nothing")), cached, written]);
    let reply = composite(&org, &bearer, &parts);
    assert_eq!((reply.status, reply.header("Sforce-Limit-Info")), (200, Some("api-usage=1/100000")));
    let parts = reply.json()["compositeResponse"].clone();
    let outline: Vec<_> = parts
        .as_array()
        .unwrap()
        .iter()
        .map(|part| (part["referenceId"].as_str().unwrap(), part["httpStatusCode"].as_u64().unwrap()))
        .collect();
    assert_eq!(outline, [("a", 200), ("b", 404), ("c", 304), ("d", 405)]);
    assert_eq!(parts[0]["body"]["totalSize"], ORG.count("User"));
    assert_eq!(parts[1]["body"][0]["errorCode"], "NOT_FOUND");
    assert_eq!((&parts[2]["body"], parts[2]["httpHeaders"].get("ETag").is_some()), (&Value::Null, true));
}

#[test]
fn a_composite_request_has_25_parts_and_5_queries_at_most() {
    let org = running(options());
    let bearer = bearer(&org);
    let many = |count: usize, url: &str| Value::from((0..count).map(|at| part(&format!("r{at}"), url)).collect::<Vec<_>>());
    let limits = format!("{BASE}/limits");
    let query = soql("SELECT Id FROM User");
    assert_eq!(composite(&org, &bearer, &many(25, &limits)).status, 200);
    assert_eq!(composite(&org, &bearer, &many(26, &limits)).error().0, "LIMIT_EXCEEDED");
    assert_eq!(composite(&org, &bearer, &many(5, &query)).status, 200);
    assert_eq!(composite(&org, &bearer, &many(6, &query)).error().0, "LIMIT_EXCEEDED");
    assert_eq!(post(&org, &format!("{BASE}/composite"), &bearer, "{").error().0, "JSON_PARSER_ERROR");
}

#[test]
fn a_port_that_is_taken_is_reported_in_one_line() {
    let org = running(options());
    let port = org.base_url.rsplit_once(':').unwrap().1.parse().unwrap();
    let error = spawn(Options { port, ..options() }).unwrap_err();
    assert_eq!(error.to_string(), format!("port {port} on 127.0.0.1 is in use; choose another one with `--port`, or 0 for any"));
}

#[test]
fn the_log_names_requests_in_the_order_of_their_arrival() {
    let org = running(options());
    let bearer = bearer(&org);
    get(&org, &bearer, &soql("SELECT Id FROM User"));
    get(&org, &bearer, "/nothing?a=b");
    let log: Vec<_> = org.stats().log.into_iter().map(|entry| (entry.number, entry.endpoint, entry.query, entry.status)).collect();
    assert_eq!(
        log,
        [
            (1, Endpoint::Token, String::new(), Some(200)),
            (2, Endpoint::Query, "SELECT Id FROM User".to_owned(), Some(200)),
            (3, Endpoint::Unknown, "a=b".to_owned(), Some(404)),
        ]
    );
}

#[test]
fn a_stopped_org_answers_no_more_and_can_be_stopped_from_a_system() {
    System::new().block_on(async {
        let org = start(options()).await.unwrap();
        let address = org.base_url.trim_start_matches("http://").to_owned();
        assert!(TcpStream::connect(&address).is_ok());
        org.stop().await;
        assert!(TcpStream::connect(&address).is_err());
    });
}
