//! What is found, in which order, and how it is shown.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::embedded::{Hit, SearchAnswer};

fn search(reader: &Reader, text: &str) -> SearchAnswer {
    reader.search(&SearchRequest { text: text.to_owned(), size: 10, ..SearchRequest::default() }).unwrap()
}

#[tokio::test]
async fn nested_mail_and_plain_files_are_found() {
    let (_dir, index) = fresh();
    let case = json!({
        "attributes": {"type": "Case"}, "Subject": "printer", "url": "https://acme.example/1", "_timestamp": "2024-01-01T00:00:00Z",
        "EmailMessages": {"records": [{"TextBody": "the toner is empty"}]},
        "Feeds": [{"FeedComments": {"records": [{"CommentBody": "ordered"}]}}],
    });
    let content = STANDARD.encode("quarterly zebra figures");
    let file = json!({"type": "content_document", "title": "report.txt", "file_extension": "txt", "_attachment": content});
    submit(&index, &target("c", "r"), vec![put(1, &case.to_string()), put(2, &file.to_string())]).await;
    let reader = index.reader();
    assert_eq!((found(&reader, "toner"), found(&reader, "ordered")), (ids(&[1]), ids(&[1])));
    assert_eq!((found(&reader, "zebra"), found(&reader, "repo")), (ids(&[2]), ids(&[2])));
    let expected = Hit {
        id: id(1).to_string(),
        kind: "Case".into(),
        title: "printer".into(),
        url: Some("https://acme.example/1".into()),
        modified: Some("2024-01-01T00:00:00Z".into()),
        score: 0.0,
        fragments: vec!["the \u{1}toner\u{2} is \u{1}empty\u{2} ordered".into()],
    };
    let hit = search(&reader, "toner empty").hits.remove(0);
    assert!(hit.score > 0.0);
    assert_eq!(Hit { score: 0.0, ..hit }, expected);
}

#[tokio::test]
async fn case_and_diacritics_do_not_matter() {
    let (_dir, index) = fresh();
    submit(&index, &target("c", "r"), vec![account(1, "Ünïcode Näme", "Négociation ĐÃ xong ЁЖ 東京")]).await;
    let reader = index.reader();
    for text in ["unicode", "ÜNÏCODE name", "negociation", "NÉGOCIATION", "ежик ё", "東京", "東", "да"] {
        let expected = if matches!(text, "ежик ё" | "да") { ids(&[]) } else { ids(&[1]) };
        assert_eq!(found(&reader, text), expected, "{text}");
    }
}

#[tokio::test]
async fn the_last_word_may_be_unfinished_and_a_phrase_keeps_its_order() {
    let (_dir, index) = fresh();
    submit(&index, &target("c", "r"), vec![account(1, "a", "open the red door"), account(2, "b", "the door is red")]).await;
    let reader = index.reader();
    assert_eq!(found(&reader, "red do").len(), 2);
    assert_eq!(found(&reader, "re door").len(), 0, "only the last word");
    assert_eq!(found(&reader, "\"red door\""), ids(&[1]));
    assert_eq!(found(&reader, "\"red do"), ids(&[1]), "a phrase that is still being typed");
}

#[tokio::test]
async fn a_match_in_the_title_counts_more() {
    let (_dir, index) = fresh();
    submit(&index, &target("c", "r"), vec![account(1, "Cobalt", "falcon"), account(2, "Falcon", "cobalt words"), account(3, "x", "y")])
        .await;
    assert_eq!(found(&index.reader(), "falcon"), ids(&[2, 1]));
    assert_eq!(search(&index.reader(), "falcon").hits[0].fragments, ["cobalt words"], "the start of the text when only the title matches");
}

#[tokio::test]
async fn numbers_are_of_all_matches_and_hits_of_one_page() {
    let (_dir, index) = fresh();
    let mut ops: Vec<_> = (0..7).map(|no| account(no, "n", "falcon")).collect();
    ops.extend((7..10).map(|no| put(no, r#"{"attributes":{"type":"Lead"},"Name":"falcon"}"#)));
    submit(&index, &target("c", "r"), ops).await;
    let reader = index.reader();
    let kinds = vec![("Account".to_owned(), 7), ("Lead".to_owned(), 3)];
    for text in ["falcon", ""] {
        let ask = |kind: Option<&str>, from, size| {
            let request = SearchRequest {
                index: Some(INDEX.into()),
                text: text.into(),
                kind: kind.map(str::to_owned),
                from,
                size,
                ..Default::default()
            };
            let answer = reader.search(&request).unwrap();
            assert_eq!(answer.kinds, kinds);
            (answer.total, answer.hits.len())
        };
        assert_eq!(ask(None, 0, 4), (10, 4));
        assert_eq!(ask(None, 8, 4), (10, 2));
        assert_eq!(ask(Some("Lead"), 0, 10), (3, 3));
        assert_eq!(ask(Some("Lead"), usize::MAX, usize::MAX), (3, 0));
        assert_eq!(ask(Some("Case"), 0, 10), (0, 0));
    }
    let elsewhere = SearchRequest { index: Some("other".into()), text: "falcon".into(), size: 9, ..Default::default() };
    assert_eq!(reader.search(&elsewhere).unwrap(), SearchAnswer::default());
}

#[tokio::test]
async fn pages_of_a_search_lose_and_repeat_nothing() {
    let (_dir, index) = fresh();
    submit(&index, &target("c", "r"), (0..25).map(|no| account(no, "same", "falcon")).collect()).await;
    let page = |from| SearchRequest { text: "falcon".into(), from, size: 10, ..Default::default() };
    let mut seen: Vec<_> =
        [0, 10, 20].into_iter().flat_map(|from| index.reader().search(&page(from)).unwrap().hits).map(|hit| hit.id).collect();
    seen.sort_unstable();
    assert_eq!(seen, ids(&(0..25).collect::<Vec<_>>()));
}

#[tokio::test]
async fn nothing_typed_shows_the_newest_first() {
    let (_dir, index) = fresh();
    let dated = |no, date: &str| {
        put(no, &json!({"Name": "n", "Description": "the start", "LastModifiedDate": date, "attributes": {"type": "Account"}}).to_string())
    };
    let ops = vec![
        dated(1, "2024-01-02T00:00:00.000+0000"),
        dated(2, "2025-01-01T00:00:00.000+0000"),
        dated(3, "2023-01-01T00:00:00.000+0000"),
        put(4, "{}"),
    ];
    submit(&index, &target("c", "r"), ops).await;
    let answer = search(&index.reader(), " \t");
    assert_eq!(answer.hits.iter().map(|hit| hit.id.clone()).collect::<Vec<_>>(), ids(&[2, 1, 3, 4]));
    assert_eq!((answer.hits[0].score, &answer.hits[0].fragments, answer.hits[3].fragments.len()), (0.0, &vec!["the start".to_owned()], 0));
}

#[tokio::test]
async fn marks_in_the_text_itself_are_no_matches() {
    let (_dir, index) = fresh();
    submit(&index, &target("c", "r"), vec![account(1, "a", "\\u0001red\\u0002 falcon")]).await;
    assert_eq!(search(&index.reader(), "falcon").hits[0].fragments, ["red \u{1}falcon\u{2}"]);
}

#[tokio::test]
async fn a_match_far_behind_in_a_long_text_is_shown() {
    let (_dir, index) = fresh();
    submit(&index, &target("c", "r"), vec![account(1, "a", &("é word ".repeat(100_000) + "falcon"))]).await;
    let hit = search(&index.reader(), "falcon").hits.remove(0);
    assert!(hit.fragments[0].ends_with("é word \u{1}falcon\u{2}") && hit.fragments[0].len() < 400, "{hit:?}");
}

/// Made once: what is typed leaves nothing in it.
static ANY: LazyLock<(TempDir, Embedded)> = LazyLock::new(fresh);

proptest! {
    #[test]
    fn whatever_is_typed_is_a_valid_request(typed in any::<String>(), operators in "[\"'*()^:{}+\\- ANDORT\\x00a🎉]{0,40}") {
        for text in [typed, operators] {
            let request = SearchRequest { text, size: 3, ..SearchRequest::default() };
            prop_assert_eq!(ANY.1.reader().search(&request).map(|answer| answer.total), Ok(0));
        }
    }
}
