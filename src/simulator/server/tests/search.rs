//! Full-text search over the wire.

use serde_json::json;

use super::*;

/// An org with two rows that share a word.
fn org() -> Running {
    let mut builder = crate::org::OrgBuilder::new(crate::catalog::standard());
    for (object, record) in [
        ("Account", json!({ "Id": "001Hs0000000001IAA", "Name": "Acme, Inc.", "Phone": "415 555 1212" })),
        ("Contact", json!({ "Id": "003Hs0000000001IAA", "Name": "Ann Acme", "Email": "ann@acme.example" })),
    ] {
        builder.push(object, record.as_object().unwrap().clone()).unwrap();
    }
    running(Options::new(Arc::new(builder.build())))
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Names of the rows in an answer.
fn names(reply: &Raw) -> Vec<String> {
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    reply.json()["searchRecords"].as_array().unwrap().iter().map(|row| row["Name"].as_str().unwrap_or("-").to_owned()).collect()
}

#[test]
fn a_search_gives_its_rows_in_an_object_since_version_37() {
    let org = org();
    let bearer = bearer(&org);
    let search = |version: &str, sosl: &str| get(&org, &bearer, &format!("/services/data/v{version}/search/?q={}", encoded(sosl)));
    let reply = search("60.0", "FIND {acme} IN NAME FIELDS RETURNING Contact(Name), Account(Id, Name)");
    let attributes = |object: &str, id: &str| json!({ "type": object, "url": format!("/services/data/v60.0/sobjects/{object}/{id}") });
    assert_eq!(
        reply.json(),
        json!({ "searchRecords": [
            { "attributes": attributes("Contact", "003Hs0000000001IAA"), "Name": "Ann Acme" },
            { "attributes": attributes("Account", "001Hs0000000001IAA"), "Id": "001Hs0000000001IAA", "Name": "Acme, Inc." },
        ] })
    );
    assert_eq!(search("60.0", "FIND {nothing}").body, br#"{"searchRecords":[]}"#);
    assert_eq!(search("36.0", "FIND {acme}").json().as_array().map(Vec::len), Some(2));
    assert_eq!(search("36.0", "FIND {nothing}").body, b"[]");
    assert_eq!(org.stats().count(Endpoint::Search), 4);
}

#[test]
fn a_bad_search_is_refused_as_the_platform_does() {
    let org = org();
    let bearer = bearer(&org);
    let refused = |target: &str| {
        let reply = get(&org, &bearer, &format!("/services/data/v60.0/{target}"));
        (reply.status, reply.error())
    };
    let no_term = (400, ("MALFORMED_SEARCH".to_owned(), "No search term found. The search term must be enclosed in braces.".to_owned()));
    assert_eq!(refused(&format!("search?q={}", encoded("FIND acme"))), no_term);
    for target in ["search", "search?q="] {
        assert_eq!(refused(target), no_term);
    }
    assert_eq!(refused("parameterizedSearch?sobject=Account").1.0, "INVALID_SEARCH");
    assert_eq!(refused(&format!("search?q={}", encoded("FIND {acme} RETURNING Nope"))).1.0, "INVALID_TYPE");
    assert_eq!(post(&org, "/services/data/v60.0/search", &bearer, "").status, 405);
    assert_eq!(get(&org, "", "/services/data/v60.0/search?q=x").status, 401);
}

#[test]
fn a_search_in_parameters_comes_in_the_address_or_in_the_body() {
    let org = org();
    let bearer = bearer(&org);
    let target = "/services/data/v60.0/parameterizedSearch";
    let by_address = |query: &str| names(&get(&org, &bearer, &format!("{target}/?{query}")));
    assert_eq!(by_address("q=Acme&sobject=Account&Account.fields=id,name&Account.limit=10"), ["Acme, Inc."]);
    assert_eq!(by_address("q=acme&sobject=Account&sobject=Contact&fields=Name&overallLimit=1"), ["Acme, Inc."]);
    assert_eq!(by_address("q=acme&in=EMAIL&sobject=Contact&fields=Name"), ["Ann Acme"]);
    assert_eq!(by_address("q=acme"), ["-", "-"]);
    let by_body = |body: &str| names(&post(&org, target, &format!("{bearer}Content-Type: application/json\r\n"), body));
    assert_eq!(
        by_body(
            r#"{"q":"acme","fields":["Name"],"sobjects":[{"name":"Contact"},{"name":"Account","where":"Name like 'Z%'"}],"defaultLimit":5}"#
        ),
        ["Ann Acme"]
    );
    assert_eq!(by_body(r#"{"q":"555} RETURNING User","in":"PHONE"}"#), Vec::<String>::new());
    assert_eq!(by_body(r#"{"q":"555","in":"PHONE"}"#), ["-"]);
    assert_eq!(org.stats().count(Endpoint::ParameterizedSearch), 7);
}

#[test]
fn a_search_may_be_a_part_of_a_composite_request() {
    let org = org();
    let bearer = bearer(&org);
    let url = format!("/services/data/v60.0/search?q={}", encoded("FIND {acme} RETURNING Account(Name)"));
    let body = json!({ "compositeRequest": [{ "method": "GET", "url": url, "referenceId": "r" }] }).to_string();
    let reply = post(&org, "/services/data/v60.0/composite", &format!("{bearer}Content-Type: application/json\r\n"), &body);
    assert_eq!(reply.json()["compositeResponse"][0]["body"]["searchRecords"][0]["Name"], "Acme, Inc.");
}
