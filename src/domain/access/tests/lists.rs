//! What users hold and what documents list.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn tokens(list: &AllowList) -> Vec<&str> {
    list.tokens().collect()
}

fn links(linked: &[RecordId]) -> FileLinks<'_> {
    FileLinks { owner: None, linked, private_on_records: false }
}

#[test]
fn a_user_holds_an_id_an_email_and_a_token_per_object() {
    let held = Org::new().reads(1, "Case").directory().tokens(user(1), Mode::Tokens);
    assert_eq!(held, ["email:user1@example.com", "object:Account:read", "object:Case:read", "user_id:005000000000001AAA"]);
}

#[test]
fn an_identity_that_somebody_else_has_too_does_not_count() {
    for other in [json!({}), json!({ "IsActive": false }), json!({ "UserType": "Guest" })] {
        let same = with(json!({ "Name": "USER 1", "Email": "User1@Example.com" }), other);
        let org = Org::new().user(2, same);
        assert_eq!((org.held(1, "email:"), org.held(1, "user:")), (vec![], vec![]));
    }
    let org = Org::new().user(2, json!({ "Name": null, "Email": "" })).user(3, json!({ "Name": "", "Email": null }));
    assert_eq!((org.held(1, "email:"), org.held(1, "user:")), (vec!["user1@example.com".into()], vec!["User 1".into()]));
    assert_eq!((org.held(2, "email:"), org.held(2, "user:")), (vec![], vec![]));
}

#[test]
fn an_email_that_is_the_name_of_another_still_counts() {
    let org = Org::new().user(2, json!({ "Name": "user1@example.com" }));
    assert_eq!(org.held(1, "email:"), ["user1@example.com"]);
}

#[test]
fn names_count_only_where_documents_list_users() {
    let directory = Org::new().directory();
    let named = |mode| directory.tokens(user(1), mode).iter().any(|token| token.starts_with("user:"));
    assert_eq!((named(Mode::Tokens), named(Mode::UserLists)), (false, true));
}

#[test]
fn a_record_lists_the_permission_that_opens_it_or_the_users_who_have_it() {
    let org = Org::new();
    assert_eq!(tokens(&AllowLists::of_tokens(prefixes()).record("Case")), ["object:Case:read"]);
    let lists = lists_of_users(&org, prefixes());
    assert_eq!(tokens(&lists.record("Account")), ["email:user1@example.com", "user:User 1", "user_id:005000000000001AAA"]);
    for closed in [lists.record("Case"), lists.record(""), AllowLists::of_tokens(prefixes()).record("")] {
        assert_eq!(tokens(&closed), [NOBODY]);
        assert!(closed.is_closed());
    }
}

#[test]
fn a_file_lists_what_it_is_linked_to() {
    let lists = AllowLists::of_tokens(prefixes());
    let linked = [("001", 1), ("500", 1), ("500", 2), ("005", 2), ("00G", 3), ("0F9", 4), ("058", 5), ("00D", 6)]
        .map(|(prefix, no)| record(prefix, no));
    let expected = [
        "group:00G000000000003AAA",
        "group:0F9000000000004AAA",
        "library:058000000000005AAA",
        "object:Account:read",
        "object:Case:read",
        "org:00D000000000006AAA",
        "user_id:005000000000002AAA",
    ];
    assert_eq!(tokens(&lists.file(&links(&linked))), expected);
}

#[test]
fn links_to_what_is_not_known_open_a_file_to_nobody() {
    let lists = AllowLists::of_tokens(prefixes());
    for linked in [&[][..], &[record("02s", 1)], &[record("a00", 1)]] {
        assert!(lists.file(&links(linked)).is_closed(), "{linked:?}");
    }
}

#[test]
fn a_file_that_is_private_on_records_is_not_opened_by_them() {
    let lists = AllowLists::of_tokens(prefixes());
    let linked = [record("001", 1), record("058", 1)];
    let file = FileLinks { owner: Some(user(1)), linked: &linked, private_on_records: true };
    assert_eq!(tokens(&lists.file(&file)), ["library:058000000000001AAA", "user_id:005000000000001AAA"]);
}

#[test]
fn a_file_is_open_to_its_owner_if_that_is_a_user() {
    let lists = AllowLists::of_tokens(prefixes());
    let owned = |owner| lists.file(&FileLinks { owner, linked: &[], private_on_records: false });
    assert_eq!(tokens(&owned(Some(user(1)))), ["user_id:005000000000001AAA"]);
    assert!(owned(Some(record("00G", 1))).is_closed() && owned(None).is_closed());
}

#[test]
fn in_lists_of_users_a_file_lists_readers_of_its_records_and_whom_it_is_shared_with() {
    let org = Org::new().user(3, json!({ "IsActive": false }));
    let lists = lists_of_users(&org, prefixes());
    let linked = [record("001", 1), record("500", 1), user(2), user(3), record("00G", 1)];
    let expected = [
        "email:user1@example.com",
        "email:user2@example.com",
        "group:00G000000000001AAA",
        "user:User 1",
        "user:User 2",
        "user_id:005000000000001AAA",
        "user_id:005000000000002AAA",
        "user_id:005000000000003AAA",
    ];
    assert_eq!(tokens(&lists.file(&links(&linked))), expected);
    assert!(lists.file(&links(&[record("500", 1)])).is_closed(), "nobody reads cases");
    assert_eq!(lists.mode(), Mode::UserLists);
}

proptest! {
    #[test]
    fn a_written_list_parses_is_never_empty_and_has_each_token_once(tokens in vec("[a-c\"\\\\\u{0}é\n:]{0,3}", 0..8)) {
        let list = AllowList::new(tokens.iter().map(|token| Arc::from(token.as_str())));
        let mut out = b"{\"Id\":\"x\"".to_vec();
        push_tokens(&mut out, &list);
        out.push(b'}');
        let written: Value = serde_json::from_slice(&out).unwrap();
        let mut expected: Vec<_> = tokens.into_iter().filter(|token| !token.is_empty()).collect();
        expected.sort();
        expected.dedup();
        if expected.is_empty() {
            expected.push(NOBODY.to_owned());
        }
        prop_assert_eq!(&written[ALLOW], &json!(expected));
    }
}
