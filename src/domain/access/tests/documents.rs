//! Access documents.

use super::*;

fn document(org: &Org, no: usize, mode: Mode) -> Value {
    let document = org.directory().access_document(user(no), mode).unwrap();
    assert_eq!(document.id, user(no));
    serde_json::from_slice(&document.body).unwrap()
}

const CLAUSE: &str = r#"{"terms":{"_allow_access_control.keyword":{{#toJson}}access_control{{/toJson}}}}"#;

#[test]
fn an_access_document_has_the_fields_that_search_applications_look_for() {
    let dates = json!({ "CreatedDate": "2024-01-01T00:00:00.000+0000", "LastModifiedDate": "2024-01-02T00:00:00.000+0000" });
    let expected = json!({
        "_timestamp": "2024-01-02T00:00:00.000+0000",
        "created_at": "2024-01-01T00:00:00.000+0000",
        "id": "005000000000001AAA",
        "identity": { "email": "email:user1@example.com", "username": "user:User 1", "user_id": "user_id:005000000000001AAA" },
        "query": { "template": {
            "params": { "access_control": ["email:user1@example.com", "object:Account:read", "user_id:005000000000001AAA"] },
            "source": CLAUSE,
        } },
    });
    assert_eq!(document(&Org::new().user(1, dates), 1, Mode::Tokens), expected);
}

#[test]
fn what_a_user_has_not_is_null_and_times_default_to_now() {
    let document = document(&Org::new().user(2, json!({ "Name": null, "Email": null })), 2, Mode::UserLists);
    assert_eq!((&document["_timestamp"], &document["created_at"]), (&json!(NOW), &json!(NOW)));
    assert_eq!(document["identity"], json!({ "email": null, "username": null, "user_id": "user_id:005000000000002AAA" }));
    assert_eq!(document["query"]["template"]["params"]["access_control"], json!(["user_id:005000000000002AAA"]));
}

#[test]
fn identities_are_shown_even_where_they_do_not_count() {
    let document = document(&Org::new().user(2, json!({ "Name": "User 1", "Email": "user1@example.com" })), 2, Mode::UserLists);
    assert_eq!(document["identity"]["username"], "user:User 1");
    assert_eq!(document["query"]["template"]["params"]["access_control"], json!(["user_id:005000000000002AAA"]));
}

#[test]
fn the_query_lets_through_only_what_lists_a_token() {
    let rendered = CLAUSE.replace("{{#toJson}}access_control{{/toJson}}", r#"["a"]"#);
    let query: Value = serde_json::from_str(&rendered).unwrap();
    assert_eq!(query, json!({ "terms": { "_allow_access_control.keyword": ["a"] } }));
    assert!(!CLAUSE.contains("must_not") && !CLAUSE.contains("exists"));
}

#[test]
fn documents_come_in_the_order_of_users_and_only_for_those_who_are_served() {
    let org =
        Org::new().user(7, json!({})).user(5, json!({ "IsActive": false })).user(3, json!({})).user(4, json!({ "UserType": "Guest" }));
    let directory = org.directory();
    let ids: Vec<_> = directory.access_documents(Mode::Tokens).map(|document| document.id).collect();
    assert_eq!(ids, [1, 2, 3, 7].map(user));
    assert!(directory.users().eq(ids));
}

#[test]
fn access_documents_are_in_an_index_of_their_own() {
    assert_eq!(access_index("search-salesforce"), ".search-acl-filter-search-salesforce");
}
