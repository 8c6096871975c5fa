//! Searching as a user: who finds what, and that access documents are no documents.

use ports::Sink;

use domain::{Brake, BulkOp, Swept};

use super::*;
use crate::embedded::{SearchAnswer, Standing};

/// All about a search as a user.
fn search_as(reader: &Reader, user: &str, text: &str) -> SearchAnswer {
    let request =
        SearchRequest { index: Some(INDEX.into()), text: text.into(), reader: Some(user.into()), size: 100, ..Default::default() };
    reader.search(&request).unwrap()
}

/// Ids of what a user finds, sorted.
fn seen(reader: &Reader, user: &str, text: &str) -> Vec<String> {
    let answer = search_as(reader, user, text);
    let mut ids: Vec<_> = answer.hits.into_iter().map(|hit| hit.id).collect();
    ids.sort_unstable();
    assert_eq!((answer.total, answer.kinds.iter().map(|(_, count)| count).sum::<u64>()), (ids.len() as u64, ids.len() as u64));
    ids
}

/// Three users and five documents: of cases, of one user, of nobody, without a word on it, of both.
async fn little_org() -> (TempDir, Embedded) {
    let (dir, index) = fresh();
    let documents = vec![
        closed(1, "Case", "falcon", Some(&["object:Case:read"])),
        closed(2, "Lead", "falcon", Some(&["user_id:x"])),
        closed(3, "Case", "falcon", Some(&["nobody"])),
        closed(4, "Case", "falcon", None),
        closed(5, "Case", "falcon", Some(&["user_id:x", "object:Case:read"])),
    ];
    submit(&index, &target("c", "r"), documents).await;
    let users = vec![
        holder(1, "Ada Falcon", "ada@example.org", &["user_id:x", "email:ada@example.org"]),
        holder(2, "Bob", "bob@example.org", &["object:Case:read", "object:Lead:read"]),
        holder(3, "Cy", "cy@example.org", &[]),
    ];
    submit(&index, &access_target("r"), users).await;
    (dir, index)
}

#[tokio::test]
async fn a_user_finds_what_shares_a_token_and_everybody_finds_everything() {
    let (_dir, index) = little_org().await;
    let reader = index.reader();
    for text in ["falcon", ""] {
        assert_eq!(seen(&reader, user_id(1).as_str(), text), ids(&[2, 5]));
        assert_eq!(seen(&reader, user_id(2).as_str(), text), ids(&[1, 5]));
        assert_eq!(seen(&reader, user_id(3).as_str(), text), ids(&[]));
        assert_eq!(found(&reader, text).len(), 5, "without a user nothing is held back");
    }
    let answer = search_as(&reader, user_id(2).as_str(), "falcon");
    assert_eq!((answer.reader, answer.kinds), (Some(Standing::Known), vec![("Case".to_owned(), 2)]), "no word of what is not seen");
    assert_eq!(search_as(&reader, user_id(3).as_str(), "").reader, Some(Standing::Known));
}

#[tokio::test]
async fn a_document_is_read_by_those_who_find_it() {
    let (_dir, index) = little_org().await;
    let reader = index.reader();
    for user in 1..=4 {
        let found = seen(&reader, user_id(user).as_str(), "");
        for no in 1..=6 {
            let read = reader.document_as(INDEX, id(no).as_str(), user_id(user).as_str()).unwrap();
            assert_eq!(read.is_some(), found.contains(&id(no).to_string()), "user {user}, document {no}");
            assert!(read.is_none() || read == reader.document(INDEX, id(no).as_str()).unwrap());
        }
    }
}

#[tokio::test]
async fn who_has_no_access_document_finds_nothing_and_is_told() {
    let (_dir, index) = little_org().await;
    let reader = index.reader();
    for stranger in [user_id(9).as_str(), "eve@example.org", "", " ", "user_id:x", "object:Case:read", "%", "nobody"] {
        let expected = SearchAnswer { reader: Some(Standing::Unknown), ..SearchAnswer::default() };
        assert_eq!(search_as(&reader, stranger, ""), expected, "{stranger:?}");
        assert_eq!(reader.document_as(INDEX, id(1).as_str(), stranger).unwrap(), None);
    }
}

#[tokio::test]
async fn a_user_is_named_by_either_form_of_the_id_or_by_an_address_that_nobody_else_has() {
    let (_dir, index) = little_org().await;
    let reader = index.reader();
    for name in [&user_id(1).as_str()[..15], "ada@example.org", "ADA@example.ORG"] {
        assert_eq!(seen(&reader, name, ""), ids(&[2, 5]), "{name}");
    }
    submit(&index, &access_target("r"), vec![holder(4, "Ada", "Ada@example.org", &["object:Case:read"])]).await;
    assert_eq!(search_as(&reader, "ada@example.org", "").reader, Some(Standing::Unknown), "there are two");
    assert_eq!(seen(&reader, user_id(1).as_str(), ""), ids(&[2, 5]));
}

#[tokio::test]
async fn changes_of_documents_and_of_users_count_at_once() {
    let (_dir, index) = little_org().await;
    let reader = index.reader();
    let ada = || seen(&reader, user_id(1).as_str(), "");
    submit(&index, &target("c", "r2"), vec![closed(2, "Lead", "falcon", Some(&["user_id:y"])), BulkOp::Keep(id(5))]).await;
    assert_eq!(ada(), ids(&[5]), "another list, the same words");
    submit(&index, &target("c", "r2"), vec![closed(5, "Case", "falcon", None), closed(4, "Case", "falcon", Some(&["user_id:x"]))]).await;
    assert_eq!(ada(), ids(&[4]), "what says nothing is closed");
    submit(&index, &access_target("r2"), vec![holder(1, "Ada", "ada@example.org", &["user_id:y"])]).await;
    assert_eq!(ada(), ids(&[2]));
    let Swept::Deleted(gone) = index.sweep(&access_target("r3"), &[], Brake::OFF).await.unwrap() else { panic!("nothing holds it") };
    assert_eq!(gone, 3);
    assert_eq!(
        (search_as(&reader, user_id(1).as_str(), "").reader, reader.users(INDEX, "", 9).unwrap().total),
        (Some(Standing::Unknown), 0)
    );
    assert_eq!(found(&reader, "").len(), 5, "their documents stay");
}

#[tokio::test]
async fn a_list_that_is_none_closes_a_document() {
    let (_dir, index) = little_org().await;
    let lists = ["[]", "null", "7", "{\"x\":[\"user_id:x\"]}", "\"user_id:x\"", "[\"user_id:x\",1]", "[[\"user_id:x\"]]"];
    for (no, list) in lists.iter().enumerate() {
        let body = format!(r#"{{"Name":"odd words","_allow_access_control":{list},"Nested":{{"_allow_access_control":["user_id:x"]}}}}"#);
        submit(&index, &target("c", "r"), vec![put(20 + no, &body)]).await;
    }
    assert_eq!(seen(&index.reader(), user_id(1).as_str(), "odd"), ids(&[]));
    assert_eq!(found(&index.reader(), "odd words").len(), lists.len());
    assert_eq!(found(&index.reader(), "user_id:x"), ids(&[]), "tokens are no words");
}

#[tokio::test]
async fn access_documents_are_exported_and_read_by_name_and_are_nowhere_else() {
    let (_dir, index) = little_org().await;
    let (reader, access) = (index.reader(), domain::access::access_index(INDEX));
    assert_eq!(found(&reader, "ada"), ids(&[]));
    let all = reader.search(&SearchRequest { size: 100, ..Default::default() }).unwrap();
    assert_eq!((all.total, all.hits.len(), all.kinds), (5, 5, vec![("Case".to_owned(), 4), ("Lead".to_owned(), 1)]));
    let named = SearchRequest { index: Some(access.clone()), size: 9, ..Default::default() };
    assert_eq!(reader.search(&named).unwrap(), SearchAnswer::default());
    assert_eq!((reader.counts(&access).unwrap(), reader.indices().unwrap()), (vec![], vec![INDEX.to_owned()]));
    assert_eq!(reader.export(&access, |_, _| Ok(())).unwrap(), 3);
    assert!(reader.document(&access, user_id(1).as_str()).unwrap().is_some());
    assert_eq!(reader.document_as(&access, user_id(1).as_str(), user_id(1).as_str()).unwrap(), None);
}

#[tokio::test]
async fn in_a_search_of_all_indices_each_is_judged_by_its_own_access_documents() {
    let (_dir, index) = little_org().await;
    let other = Target { index: IndexName::new("other"), ..target("c", "r") };
    let theirs = Target { index: IndexName::new(domain::access::access_index("other")), ..target("c", "r") };
    submit(&index, &other, vec![closed(11, "Case", "falcon", Some(&["user_id:x"])), closed(12, "Case", "falcon", Some(&["here"]))]).await;
    submit(&index, &theirs, vec![holder(1, "Ada", "ada@example.org", &["here"])]).await;
    for text in ["", "falcon"] {
        let request = SearchRequest { text: text.into(), reader: Some(user_id(1).to_string()), size: 9, ..Default::default() };
        let answer = index.reader().search(&request).unwrap();
        let mut hits: Vec<_> = answer.hits.into_iter().map(|hit| hit.id).collect();
        hits.sort_unstable();
        assert_eq!((hits, answer.reader), (ids(&[2, 5, 12]), Some(Standing::Known)));
    }
}

#[tokio::test]
async fn users_are_listed_by_name_and_sought_by_the_start_of_a_word() {
    let (_dir, index) = fresh();
    let users = vec![
        holder(1, "Zoë Young", "zoe@example.org", &[]),
        holder(2, "ada lovelace", "al@example.org", &[]),
        holder(3, "Bob", "", &[]),
        BulkOp::Put(Document { id: user_id(4), body: b"no json".to_vec() }),
        BulkOp::Put(Document { id: user_id(5), body: b"{\"identity\":{\"email\":null}}".to_vec() }),
    ];
    submit(&index, &access_target("r"), users).await;
    let reader = index.reader();
    let names =
        |typed: &str, most| -> Vec<_> { reader.users(INDEX, typed, most).unwrap().found.into_iter().map(|user| user.name).collect() };
    assert_eq!(names("", 9), ["", "", "ada lovelace", "Bob", "Zoë Young"]);
    assert_eq!(names("", 3), ["", "", "ada lovelace"]);
    assert_eq!(
        (names("LOVE", 9), names("zoë y", 9), names("ove", 9), names("%", 9)),
        (vec!["ada lovelace".into()], vec!["Zoë Young".into()], vec![], vec![])
    );
    assert_eq!(names(user_id(3).as_str(), 9), ["Bob"]);
    let found = reader.users(INDEX, "zoe@", 9).unwrap();
    assert_eq!(
        (found.total, found.found[0].id.as_str(), found.found[0].email.as_deref()),
        (5, user_id(1).as_str(), Some("zoe@example.org"))
    );
    assert_eq!(reader.users(INDEX, "bob", 9).unwrap().found[0].email, None);
    assert_eq!(reader.users("other", "", 9).unwrap().total, 0);
    assert_eq!(search_as(&reader, user_id(4).as_str(), "").reader, Some(Standing::Known), "a document that says nothing gives nothing");
}

#[tokio::test]
async fn a_hundred_thousand_tokens_and_a_list_of_ten_thousand_are_no_trouble() {
    let (_dir, index) = fresh();
    let many: Vec<String> = (0..100_000).map(|no| format!("user_id:{no}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut documents: Vec<_> = (0..40).map(|no| closed(no, "Case", "falcon", Some(&many[..10_000]))).collect();
    documents.push(closed(50, "Case", "falcon", Some(&["user_id:99999"])));
    documents.push(closed(51, "Case", "falcon", Some(&["user_id:100000"])));
    submit(&index, &target("c", "r"), documents).await;
    submit(&index, &access_target("r"), vec![holder(1, "Ada", "a@b", &many), holder(2, "Bob", "b@b", &["user_id:9999"])]).await;
    let reader = index.reader();
    assert_eq!(seen(&reader, user_id(1).as_str(), "falcon").len(), 41);
    assert_eq!(seen(&reader, user_id(2).as_str(), "falcon").len(), 40);
    let rows: i64 = reader.with(|db| db.query_row("SELECT count(*) FROM listed", [], |row| row.get(0))).unwrap();
    assert_eq!(rows, 10_002, "a list is kept once, however many documents carry it");
}

#[tokio::test]
async fn the_newest_of_many_and_of_few_are_in_the_same_order() {
    let (_dir, index) = fresh();
    let dated = |no: usize| {
        let tokens = if no % 1_000 == 3 { r#"["few","all"]"# } else { r#"["all"]"# };
        let date = format!("2024-01-{:02}T00:00:00.000+0000", 1 + no * 7 % 28);
        put(no, &format!(r#"{{"attributes":{{"type":"Case"}},"LastModifiedDate":"{date}","_allow_access_control":{tokens}}}"#))
    };
    for batch in [0..3_000, 3_000..6_000] {
        submit(&index, &target("c", "r"), batch.map(dated).collect()).await;
    }
    submit(&index, &access_target("r"), vec![holder(1, "Ada", "a@b", &["all"]), holder(2, "Bob", "b@b", &["few"])]).await;
    let newest = |user: Option<usize>, most| -> Vec<_> {
        let request =
            SearchRequest { index: Some(INDEX.into()), reader: user.map(|no| user_id(no).to_string()), size: most, ..Default::default() };
        let answer = index.reader().search(&request).unwrap();
        answer.hits.into_iter().map(|hit| (hit.modified, hit.id)).collect()
    };
    assert_eq!(newest(Some(1), 300), newest(None, 300));
    let mut few: Vec<_> = (0..6).map(|part| part * 1_000 + 3).collect();
    few.sort_by_key(|no| std::cmp::Reverse((no * 7 % 28, *no)));
    assert_eq!(newest(Some(2), 300).into_iter().map(|(_, id)| id).collect::<Vec<_>>(), ids(&few));
    assert!(newest(Some(1), 300).is_sorted_by(|a, b| a.0 >= b.0));
}

#[tokio::test]
async fn tokens_beyond_the_first_clause_of_the_query_count_as_well() {
    let (_dir, index) = fresh();
    submit(&index, &target("c", "r"), (0..4).map(|no| closed(no, "Case", "falcon", Some(&[["a", "b", "c", "d"][no]]))).collect()).await;
    let params = r#"{"access_control":["a"],"access_control_1":["b"],"size":3,"other":["c"],"access_controls":["d"]}"#;
    let body = format!(r#"{{"query":{{"template":{{"params":{params}}}}}}}"#).into_bytes();
    submit(&index, &access_target("r"), vec![BulkOp::Put(Document { id: user_id(1), body })]).await;
    assert_eq!(seen(&index.reader(), user_id(1).as_str(), ""), ids(&[0, 1]));
}

#[tokio::test]
async fn lists_that_nobody_carries_are_forgotten_by_a_sweep() {
    let (_dir, index) = little_org().await;
    submit(&index, &target("c", "r2"), vec![BulkOp::Keep(id(1)), closed(2, "Lead", "falcon", Some(&["new"]))]).await;
    let Swept::Deleted(3) = index.sweep(&target("c", "r2"), &[], Brake::OFF).await.unwrap() else { panic!("three are gone") };
    let tokens =
        |sql: &str| -> Vec<String> { index.reader().with(|db| db.prepare(sql)?.query_map([], |row| row.get(0))?.collect()).unwrap() };
    assert_eq!(tokens("SELECT token FROM listed ORDER BY token"), ["new", "object:Case:read"]);
    assert_eq!(tokens("SELECT CAST(no AS TEXT) FROM lists").len(), 2);
}
