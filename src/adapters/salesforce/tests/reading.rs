//! Pages, children, look-ups and links.

use bytes::Bytes;
use domain::catalog::{Checksum, FileFacts, FileLink, LINKS, LookupTarget};
use domain::{ChildList, NestedLimit, PageCursor, SF_NO_ID, SF_QUERY};
use ports::Source;

use super::*;

fn row(id: &RecordId) -> String {
    format!(r#"{{"attributes":{{"type":"Account"}},"Id":"{id}","LastModifiedDate":"2025-06-22T19:20:48.000+0000"}}"#)
}

fn texts(list: &ChildList) -> Vec<&Bytes> {
    list.rows.iter().map(|row| &row.text).collect()
}

/// An id list in a query.
fn asked(soql: &str) -> Vec<RecordId> {
    let (_, list) = soql.rsplit_once(" IN (").unwrap();
    let (list, _) = list.split_once(')').unwrap();
    list.split(',').map(|id| id.trim_matches('\'').parse().unwrap()).collect()
}

#[actix_rt::test]
async fn pages_follow_their_cursor_to_the_end() {
    let all = ids("001", 3);
    let (first, second) =
        (page(&[row(&all[0]), row(&all[1])], 3, Some("/services/data/v64.0/query/0r8-2")), page(&[row(&all[2])], 3, None));
    let (stub, salesforce) = org(in_turn(vec![Act::json(200, first), Act::json(200, second)])).await;
    let plan = plan("Account", &["Id", "Name"], vec![]);
    let page = salesforce.page(&plan, &PageCursor::After(None)).await.unwrap();
    assert_eq!((page.records.len(), page.total), (2, Some(3)));
    assert_eq!(page.records[0].modified.as_deref(), Some("2025-06-22T19:20:48.000+0000"));
    let next = page.next.unwrap();
    assert_eq!(next, PageCursor::Token { token: "/services/data/v64.0/query/0r8-2".into(), after: Some(all[1]) });
    let page = salesforce.page(&plan, &next).await.unwrap();
    assert_eq!((page.records[0].id, page.total, page.next), (all[2], Some(3), None));
    let seen = stub.seen();
    assert_eq!(seen[0].soql(), "SELECT Id,Name FROM Account ORDER BY Id");
    assert_eq!(seen[1].target, "/services/data/v64.0/query/0r8-2");
}

#[actix_rt::test]
async fn an_expired_cursor_is_replaced_by_a_query_after_its_last_record() {
    let all = ids("001", 2);
    let expired = Act::json(400, refusal("INVALID_QUERY_LOCATOR", "invalid query locator"));
    let (stub, salesforce) = org(in_turn(vec![expired, Act::json(200, page(&[row(&all[1])], 1, None))])).await;
    let cursor = PageCursor::Token { token: "/services/data/v64.0/query/0r8-2".into(), after: Some(all[0]) };
    let page = salesforce.page(&plan("Account", &["Id"], vec![]), &cursor).await.unwrap();
    assert_eq!((page.records[0].id, page.next, page.total), (all[1], None, Some(1)));
    assert_eq!(stub.seen()[1].soql(), format!("SELECT Id FROM Account WHERE Id > '{}' ORDER BY Id", all[0]));
}

#[actix_rt::test]
async fn a_record_without_an_id_is_set_aside_and_the_page_goes_on() {
    let all = ids("001", 2);
    let rows = [row(&all[0]), r#"{"Id":null,"Name":"hunter2"}"#.to_owned(), row(&all[1])];
    let (_stub, salesforce) = org(in_turn(vec![Act::json(200, page(&rows, 3, None))])).await;
    let page = salesforce.page(&plan("Account", &["Id", "Name"], vec![]), &PageCursor::After(None)).await.unwrap();
    assert_eq!(page.records.iter().map(|record| record.id).collect::<Vec<_>>(), all);
    assert_eq!((page.unusable[0].code, page.unusable.len()), (&SF_NO_ID, 1));
    assert_eq!(page.unusable[0].message, "row 2 of a page of Account has no usable Id; its fields are Id, Name");
}

#[actix_rt::test]
async fn a_refused_query_says_which_page_and_which_column() {
    let message = "\nSELECT Id,Foo FROM Account\n          ^\nERROR at Row:1:Column:11\nNo such column 'Foo' on entity 'Account'. If you are attempting to use a custom field, be sure.";
    let (stub, salesforce) = org(in_turn(vec![Act::json(400, refusal("INVALID_FIELD", message))])).await;
    let after = ids("001", 1)[0];
    let fault = salesforce.page(&plan("Account", &["Id", "Foo"], vec![]), &PageCursor::After(Some(after))).await.unwrap_err();
    assert_eq!((fault.code, stub.seen().len()), (&SF_QUERY, 1));
    let expected = format!("read Account after {after}: salesforce answered 400 INVALID_FIELD: No such column 'Foo' on entity 'Account'");
    assert_eq!(fault.message, expected);
}

#[actix_rt::test]
async fn an_object_with_too_many_columns_is_read_in_groups_that_are_put_together_by_id() {
    let fields: Vec<String> = (0..900).map(|no| format!("Some_Rather_Long_Field_{no:04}__c")).collect();
    let fields: Vec<&str> = std::iter::once("Id").chain(fields.iter().map(String::as_str)).collect();
    let all = ids("a00", 4);
    let served = all.clone();
    let (stub, salesforce) = org(move |seen: &Seen| {
        if seen.target == "/more" {
            return Act::json(200, page(&[format!(r#"{{"Id":"{}","Late__c":1}}"#, served[1])], 2, None));
        }
        let soql = seen.soql();
        let columns = soql["SELECT ".len()..].split(" FROM ").next().unwrap().to_owned();
        let row = |no: usize| {
            let values = columns.split(',').skip(1).map(|column| format!(r#","{column}":{no}.0"#)).collect::<String>();
            format!(r#"{{"attributes":{{"type":"Wide__c"}},"Id":"{}"{values}}}"#, served[no])
        };
        match soql.contains("Id >=") {
            // The first group: two records of four.
            false => Act::json(200, page(&[row(0), row(1)], 4, Some("/services/data/v64.0/query/0r8-2"))),
            // The second record has gone meanwhile from the last group, another one has come.
            true if columns.contains("_0899__c") => Act::json(200, page(&[row(0), row(3)], 2, None)),
            // The group between comes in two pages.
            true => Act::json(200, page(&[row(0)], 2, Some("/more"))),
        }
    })
    .await;
    let page = salesforce.page(&plan("Wide__c", &fields, vec![]), &PageCursor::After(None)).await.unwrap();
    assert_eq!(page.records.iter().map(|record| record.id).collect::<Vec<_>>(), all[..2]);
    assert_eq!(page.bytes, page.records.iter().map(|record| record.text.len()).sum::<usize>());
    let first: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&page.records[0].text).unwrap();
    assert_eq!(first.len(), 902, "all columns and the attributes");
    let second: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&page.records[1].text).unwrap();
    assert!(second.contains_key("Late__c") && !second.contains_key("Some_Rather_Long_Field_0899__c"));
    let seen = stub.seen();
    let ranges: Vec<_> = seen.iter().map(Seen::soql).filter(|soql| soql.contains("Id >=")).collect();
    assert_eq!(ranges.len(), 2);
    let range = format!(" WHERE Id >= '{}' AND Id <= '{}' ORDER BY Id", all[0], all[1]);
    assert!(ranges.iter().all(|soql| soql.starts_with("SELECT Id,") && soql.ends_with(&range)));
    assert!(seen.iter().all(|seen| seen.head.len() <= 16_384));
}

#[actix_rt::test]
async fn nested_lists_are_read_to_their_end_before_the_next_page_of_parents() {
    let parents = ids("001", 3);
    let list = |rows: &[&str], next: Option<&str>| page(&rows.iter().map(|row| (*row).to_owned()).collect::<Vec<_>>(), 3, next);
    let parent = |no: usize, links: String| format!(r#"{{"attributes":{{}},"Id":"{}","ContentDocumentLinks":{links}}}"#, parents[no]);
    let first = page(&[parent(0, list(&[r#"{"a":1.10}"#, "{}"], Some("/nested"))), parent(1, "null".into())], 3, Some("/outer"));
    let nested = list(&[r#"{"last":"}"}"#], None);
    let outer = page(&[parent(2, list(&[r#"{"b":2}"#], None))], 3, None);
    let (stub, salesforce) = org(move |seen: &Seen| match seen.target.as_str() {
        "/nested" => Act::json(200, nested.clone()),
        "/outer" => Act::json(200, outer.clone()),
        _ => Act::json(200, first.clone()),
    })
    .await;
    let plan = plan("Account", &["Id"], vec![child(LINKS, Via::SubSelect(LINKS), Cap::All, vec![])]);
    let children = salesforce.children(&plan, &parents, NestedLimit::At(1)).await.unwrap();
    assert_eq!(children.len(), 2, "one parent has none");
    assert_eq!(texts(children[&parents[0]][0].as_ref().unwrap()), [r#"{"a":1.10}"#, "{}", r#"{"last":"}"}"#]);
    assert_eq!(texts(children[&parents[2]][0].as_ref().unwrap()), [r#"{"b":2}"#]);
    let paths: Vec<_> = stub.seen().iter().skip(1).map(|seen| seen.target.clone()).collect();
    assert_eq!(paths, ["/nested", "/outer"]);
}

#[actix_rt::test]
async fn a_nested_list_is_not_read_beyond_the_row_that_proves_there_are_more() {
    let parents = ids("001", 1);
    let list = page(&["{}".into(), "{}".into(), "{}".into()], 9, Some("/nested"));
    let answer = page(&[format!(r#"{{"Id":"{}","EmailMessages":{list}}}"#, parents[0])], 1, None);
    let (stub, salesforce) = org(in_turn(vec![Act::json(200, answer)])).await;
    let plan = plan("Case", &["Id"], vec![child("EmailMessages", Via::SubSelect("EmailMessages"), Cap::Limit, vec![])]);
    let children = salesforce.children(&plan, &parents, NestedLimit::At(2)).await.unwrap();
    assert_eq!((children[&parents[0]][0].as_ref().unwrap().rows.len(), stub.seen().len()), (3, 1));
    assert!(stub.seen()[0].soql().contains("EmailMessages LIMIT 3"));
}

#[actix_rt::test]
async fn children_with_a_query_of_their_own_find_their_parents_and_keep_their_children_apart() {
    let cases = ids("500", 2);
    let comments = page(&[r#"{"CommentBody":"hi"}"#.into()], 2, Some("/comments"));
    let feed = |no: usize, parent: &str, nested: &str| {
        format!(r#"{{"attributes":{{}},"Id":"0D5{no}","ParentId":"{parent}","FeedComments":{nested}}}"#)
    };
    let [first, second] = [cases[0].as_str(), cases[1].as_str()];
    let pages = [
        page(&[feed(0, second, &comments), feed(1, first, "null"), feed(2, "500999999999999AAA", "null")], 4, Some("/feeds")),
        page(&[feed(3, second, "null")], 4, None),
        page(&[r#"{"CommentBody":"bye"}"#.into()], 2, None),
    ];
    let (stub, salesforce) = org(move |seen: &Seen| match seen.target.as_str() {
        "/feeds" => Act::json(200, pages[1].clone()),
        "/comments" => Act::json(200, pages[2].clone()),
        _ => Act::json(200, pages[0].clone()),
    })
    .await;
    let nested = child("FeedComments", Via::SubSelect("FeedComments"), Cap::Limit, vec![]);
    let feeds = child("Feeds", Via::Query { object: "CaseFeed", parent: "ParentId" }, Cap::All, vec![nested]);
    let children = salesforce.children(&plan("Case", &["Id"], vec![feeds]), &cases, NestedLimit::At(500)).await.unwrap();
    let of_first = children[&cases[0]][0].as_ref().unwrap();
    assert_eq!(texts(of_first), [r#"{"attributes":{},"Id":"0D51"}"#], "neither the added field nor the nested list");
    let of_second = children[&cases[1]][0].as_ref().unwrap();
    assert_eq!(of_second.rows.len(), 2);
    assert_eq!(texts(of_second.rows[0].nested[0].as_ref().unwrap()), [r#"{"CommentBody":"hi"}"#, r#"{"CommentBody":"bye"}"#]);
    assert!(of_second.rows[1].nested[0].is_none());
    assert!(
        stub.seen()[0].soql().starts_with("SELECT Id,ParentId,(SELECT Id FROM FeedComments LIMIT 501) FROM CaseFeed WHERE ParentId IN (")
    );
}

#[actix_rt::test]
async fn a_parent_field_that_the_plan_names_stays() {
    let cases = ids("500", 1);
    let feed = format!(r#"{{"Id":"0D5","ParentId":"{}"}}"#, cases[0]);
    let (_stub, salesforce) = org(in_turn(vec![Act::json(200, page(std::slice::from_ref(&feed), 1, None))])).await;
    let mut feeds = child("Feeds", Via::Query { object: "CaseFeed", parent: "ParentId" }, Cap::All, vec![]);
    feeds.fields.push("ParentId".into());
    let children = salesforce.children(&plan("Case", &["Id"], vec![feeds]), &cases, NestedLimit::At(500)).await.unwrap();
    assert_eq!(texts(children[&cases[0]][0].as_ref().unwrap()), [&feed]);
}

#[actix_rt::test]
async fn two_thousand_parents_are_asked_for_in_requests_that_fit_and_each_once() {
    let parents = ids("500", 2000);
    let (stub, salesforce) = org(|seen: &Seen| {
        let rows: Vec<_> = asked(&seen.soql())
            .iter()
            .map(|id| format!(r#"{{"Id":"{id}","ParentId":"{id}","Links":{}}}"#, page(&["{}".into()], 1, None)))
            .collect();
        Act::json(200, page(&rows, rows.len(), None))
    })
    .await;
    let feeds = child("Feeds", Via::Query { object: "CaseFeed", parent: "ParentId" }, Cap::All, vec![]);
    let plan = plan("Case", &["Id"], vec![child("Links", Via::SubSelect("Links"), Cap::All, vec![]), feeds]);
    let children = salesforce.children(&plan, &parents, NestedLimit::At(500)).await.unwrap();
    assert!(parents.iter().all(|id| children[id].iter().all(Option::is_some)));
    for object in ["FROM Case ", "FROM CaseFeed "] {
        let seen: Vec<_> = stub.seen().into_iter().filter(|seen| seen.soql().contains(object)).collect();
        let mut met: Vec<_> = seen.iter().flat_map(|seen| asked(&seen.soql())).collect();
        met.sort();
        assert_eq!((met, seen.len()), (parents.clone(), 4));
        assert!(seen.iter().all(|seen| seen.target.len() <= 13_312 && seen.head.len() <= 16_384));
    }
}

#[actix_rt::test]
async fn a_cursor_that_expires_among_children_starts_their_query_anew() {
    let parents = ids("001", 1);
    let good = page(&[format!(r#"{{"Id":"{}","Links":{}}}"#, parents[0], page(&["{}".into()], 1, None))], 1, None);
    let bad = page(&[], 1, Some("/outer"));
    let expired = Act::json(400, refusal("INVALID_QUERY_LOCATOR", "invalid query locator"));
    let (stub, salesforce) = org(in_turn(vec![Act::json(200, bad), expired, Act::json(200, good)])).await;
    let plan = plan("Account", &["Id"], vec![child("Links", Via::SubSelect("Links"), Cap::All, vec![])]);
    let children = salesforce.children(&plan, &parents, NestedLimit::Unlimited).await.unwrap();
    assert_eq!((children.len(), stub.seen().len()), (1, 3));
}

#[actix_rt::test]
async fn nothing_is_asked_when_there_is_nothing_to_ask() {
    let (stub, salesforce) = org(in_turn(vec![Act::html(500)])).await;
    let plan = plan("Account", &["Id"], vec![child("Links", Via::SubSelect("Links"), Cap::All, vec![])]);
    assert!(salesforce.children(&plan, &[], NestedLimit::Unlimited).await.unwrap().is_empty());
    assert!(salesforce.lookup(LookupTarget::User, &[]).await.unwrap().is_empty());
    assert!(salesforce.links(&[], FileFacts::default()).await.unwrap().is_empty());
    assert!(stub.seen().is_empty() && stub.sign_ins().is_empty());
}

#[actix_rt::test]
async fn look_ups_give_raw_rows_and_leave_out_what_is_not_there() {
    let users = ids("005", 3);
    let found = format!(r#"{{"attributes":{{"type":"User"}},"Id":"{}","Name":"J","Email":null}}"#, users[2]);
    let (stub, salesforce) = org(in_turn(vec![Act::json(200, page(std::slice::from_ref(&found), 1, None))])).await;
    let rows = salesforce.lookup(LookupTarget::User, &users).await.unwrap();
    assert_eq!(rows, [(users[2], Bytes::from(found))]);
    assert!(stub.seen()[0].soql().starts_with("SELECT Id,Name,Email FROM User WHERE Id IN ('005"));
}

#[actix_rt::test]
async fn links_are_pairs_from_all_pages_of_all_chunks() {
    let files = ids("069", 1000);
    let (stub, salesforce) = org(|seen: &Seen| {
        let document = r#"{"LatestPublishedVersion":{"Checksum":"d41d8cd98f00b204e9800998ecf8427e"},"SharingPrivacy":"P"}"#;
        let pair = |id: &RecordId, no: usize| {
            format!(r#"{{"LinkedEntityId":"001{no:012}","ContentDocument":{document},"ContentDocumentId":"{id}"}}"#)
        };
        if let Some(id) = seen.target.strip_prefix("/more/") {
            return Act::json(200, page(&[pair(&id.parse().unwrap(), 2)], 2, None));
        }
        let first = asked(&seen.soql())[0];
        Act::json(200, page(&[pair(&first, 1)], 2, Some(&format!("/more/{first}"))))
    })
    .await;
    let links = salesforce.links(&files, FileFacts { checksum: true, privacy: true }).await.unwrap();
    assert_eq!(links.len(), 4, "two chunks of two pages");
    let known = Checksum::parse("d41d8cd98f00b204e9800998ecf8427e");
    let first = FileLink { file: files[0], entity: ids("001", 2)[1], checksum: known, is_private: true };
    assert_eq!((links[0], links[1].entity), (first, ids("001", 3)[2]));
    let asked =
        "SELECT ContentDocumentId,LinkedEntityId,ContentDocument.LatestPublishedVersion.Checksum,ContentDocument.SharingPrivacy FROM";
    assert!(stub.seen()[0].soql().starts_with(asked), "{}", stub.seen()[0].soql());
    assert!(stub.seen().iter().all(|seen| seen.head.len() <= 16_384));
}
