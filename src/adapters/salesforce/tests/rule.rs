//! Rules that somebody wrote: pages, steps, lists that go on elsewhere, and searches.

use domain::catalog::{DescribedObject, GlobalObject};
use domain::rules::{MetRules, read_advanced};
use domain::{Page, PageCursor, SF_CURSOR, SF_QUERY, SF_TOO_WIDE};
use ports::Source;
use serde_json::json;

use super::*;

const NEXT: &str = "/services/data/v64.0/query/0r8-2";

/// The plan of one rule, in an org that has accounts and leads.
fn rule(language: &str, query: &str) -> ObjectPlan {
    let rules = read_advanced(&[json!({ "query": query, "language": language })]).unwrap();
    let object =
        |(name, prefix): (&str, &str)| GlobalObject { name: name.into(), queryable: true, custom: false, key_prefix: Some(prefix.into()) };
    let fields = ["Id", "Name", "LastModifiedDate"].map(|name| (name.to_owned(), "string".to_owned()));
    let describe = DescribedObject { fields: fields.to_vec(), relationships: vec![] };
    let described = ["Account", "Lead"].map(|name| (name.to_owned(), describe.clone()));
    let global = [("Account", "001"), ("Lead", "00Q")].map(object);
    MetRules::new(&rules, &global).unwrap().plan(&described.into()).objects.remove(0)
}

fn soql(query: &str) -> ObjectPlan {
    rule("SOQL", query)
}

fn row(id: &RecordId) -> String {
    format!(r#"{{"attributes":{{"type":"Account"}},"Name":"x","Id":"{id}","LastModifiedDate":"2025-06-22T19:20:48.000+0000"}}"#)
}

fn found(page: &Page) -> Vec<RecordId> {
    page.records.iter().map(|record| record.id).collect()
}

fn texts(page: &Page) -> Vec<String> {
    page.records.iter().map(|record| String::from_utf8(record.text.to_vec()).unwrap()).collect()
}

fn token(token: &str, after: RecordId) -> PageCursor {
    PageCursor::Token { token: token.into(), after: Some(after) }
}

/// Pages until there are no more.
async fn read_all(salesforce: &Salesforce, plan: &ObjectPlan) -> Vec<Page> {
    let (mut pages, mut cursor) = (Vec::new(), Some(PageCursor::After(None)));
    while let Some(at) = cursor {
        let page = salesforce.page(plan, &at).await.unwrap();
        cursor = page.next.clone();
        pages.push(page);
        assert!(pages.len() < 100, "reading comes to an end");
    }
    pages
}

/// An org of accounts that answers queries by id as far as rules in steps need it.
async fn of_accounts(count: usize) -> (Stub, Salesforce, Vec<RecordId>) {
    let all = ids("001", count);
    let served = all.clone();
    let (stub, salesforce) = org(move |seen: &Seen| {
        let soql = seen.soql();
        let limit: usize = soql.rsplit_once(" LIMIT ").unwrap().1.parse().unwrap();
        let after = soql.split_once("Id > '").map(|(_, rest)| rest.split('\'').next().unwrap().parse::<RecordId>().unwrap());
        let rows: Vec<_> = served.iter().filter(|id| after.is_none_or(|after| **id > after)).take(limit).map(row).collect();
        Act::json(200, page(&rows, rows.len(), None))
    })
    .await;
    (stub, salesforce, all)
}

#[actix_rt::test]
async fn a_query_without_an_order_is_read_in_that_of_ids_and_by_its_cursor() {
    let all = ids("001", 3);
    let pages = [page(&[row(&all[0]), row(&all[1])], 3, Some(NEXT)), page(&[row(&all[2])], 3, None)];
    let (stub, salesforce) = org(in_turn(pages.map(|page| Act::json(200, page)).into())).await;
    let plan = soql("SELECT Name FROM Account WHERE Name = 'x' OR Name = 'y'");
    let first = salesforce.page(&plan, &PageCursor::After(None)).await.unwrap();
    assert_eq!((found(&first), first.total, first.cut), (all[..2].to_vec(), Some(3), false));
    assert_eq!(first.next, Some(token(NEXT, all[1])));
    assert_eq!(first.records[0].modified.as_deref(), Some("2025-06-22T19:20:48.000+0000"));
    let second = salesforce.page(&plan, &first.next.unwrap()).await.unwrap();
    assert_eq!((found(&second), second.next), (all[2..].to_vec(), None));
    assert_eq!(stub.seen()[0].soql(), "SELECT Name, Id, LastModifiedDate FROM Account WHERE Name = 'x' OR Name = 'y' ORDER BY Id");
    assert_eq!(stub.seen()[1].target, NEXT);
}

#[actix_rt::test]
async fn an_expired_cursor_is_read_on_by_id_without_changing_what_the_rule_means() {
    let all = ids("001", 2);
    let expired = Act::json(400, refusal("INVALID_QUERY_LOCATOR", "invalid query locator"));
    let (stub, salesforce) = org(in_turn(vec![expired, Act::json(200, page(&[row(&all[1])], 1, None))])).await;
    let plan = soql("SELECT Id, LastModifiedDate FROM Account WHERE Name = 'x' OR Name = 'y'");
    let page = salesforce.page(&plan, &token(NEXT, all[0])).await.unwrap();
    assert_eq!((found(&page), page.next), (all[1..].to_vec(), None));
    let expected = "SELECT Id, LastModifiedDate FROM Account WHERE (Name = 'x' OR Name = 'y') AND Id > ";
    assert_eq!(stub.seen()[1].soql(), format!("{expected}'{}' ORDER BY Id", all[0]));
}

#[actix_rt::test]
async fn a_query_with_an_order_of_its_own_cannot_be_read_on_behind_an_expired_cursor() {
    let expired = Act::json(400, refusal("INVALID_QUERY_LOCATOR", "invalid query locator"));
    let (stub, salesforce) = org(in_turn(vec![expired])).await;
    for query in ["SELECT Id FROM Account ORDER BY Name", "SELECT Id FROM Account LIMIT 5000"] {
        let before = stub.seen().len();
        let fault = salesforce.page(&soql(query), &token(NEXT, ids("001", 1)[0])).await.unwrap_err();
        assert_eq!((fault.code, stub.seen().len() - before), (&SF_CURSOR, 1), "{query}");
        assert!(fault.message.starts_with("read rule 1 after 001000000000000"), "{fault}");
    }
}

#[actix_rt::test]
async fn all_fields_of_more_rows_than_an_offset_reaches_are_read_in_steps() {
    for (count, requests) in [(2_345, 12), (2_400, 13), (0, 1)] {
        let (stub, salesforce, all) = of_accounts(count).await;
        let pages = read_all(&salesforce, &soql("SELECT FIELDS(ALL) FROM Account")).await;
        assert_eq!(pages.iter().flat_map(found).collect::<Vec<_>>(), all, "{count}");
        assert_eq!(stub.seen().len(), requests, "{count}");
        assert_eq!(stub.seen()[0].soql(), "SELECT FIELDS(ALL) FROM Account ORDER BY Id LIMIT 200");
    }
}

#[actix_rt::test]
async fn a_limit_of_450_gives_450_rows_over_all_steps() {
    for (limit, expected) in [(450, vec![200, 200, 50]), (400, vec![200, 200]), (7, vec![7]), (0, vec![])] {
        let (stub, salesforce, all) = of_accounts(1_000).await;
        let pages = read_all(&salesforce, &soql(&format!("SELECT FIELDS(ALL) FROM Account LIMIT {limit}"))).await;
        assert_eq!(pages.iter().flat_map(found).collect::<Vec<_>>(), all[..limit]);
        let asked = |seen: &Seen| seen.soql().rsplit_once(" LIMIT ").unwrap().1.parse::<usize>().unwrap();
        assert_eq!(stub.seen().iter().map(asked).collect::<Vec<_>>(), expected, "LIMIT {limit}");
    }
}

#[actix_rt::test]
async fn a_step_that_comes_in_two_answers_is_one_page_and_its_cursor_may_expire_once() {
    let all = ids("001", 3);
    let begin = || Act::json(200, page(&[row(&all[0])], 3, Some(NEXT)));
    let expired = Act::json(400, refusal("INVALID_QUERY_LOCATOR", "invalid query locator"));
    let rest = Act::json(200, page(&[row(&all[1]), row(&all[2])], 3, None));
    let (stub, salesforce) = org(in_turn(vec![begin(), expired, begin(), rest])).await;
    let page = salesforce.page(&soql("SELECT FIELDS(ALL) FROM Account"), &PageCursor::After(None)).await.unwrap();
    assert_eq!((found(&page), page.next, stub.seen().len()), (all, None, 4));
}

#[actix_rt::test]
async fn steps_of_rows_without_ids_come_to_an_end() {
    let rows = vec![r#"{"Id":null}"#.to_owned(); 200];
    let (_stub, salesforce) = org(in_turn(vec![Act::json(200, page(&rows, 200, None))])).await;
    let pages = read_all(&salesforce, &soql("SELECT FIELDS(ALL) FROM Account")).await;
    assert_eq!((pages.len(), pages[0].records.len(), pages[0].unusable.len()), (1, 0, 200));
}

#[actix_rt::test]
async fn a_nested_list_that_goes_on_elsewhere_is_read_to_its_end_and_so_are_those_in_it() {
    let case = |no: u8| format!(r#"{{"Number":{no}.50}}"#);
    let cases = |rows: &[String], next: Option<&str>| page(rows, 3, next);
    let contact = |name: &str, cases: &str| format!(r#"{{"Name":"{name}","Cases":{cases}}}"#);
    let (first, second) = (contact("a", &cases(&[case(1)], Some("/cases/a"))), contact("b", "null"));
    let third = contact("c", &cases(&[case(4)], Some("/cases/c")));
    let id = ids("001", 1)[0];
    let account = |contacts: &str| format!(r#"{{"Id":"{id}","Owner":{{"Name":"o"}},"Contacts":{contacts},"Rank":1.10}}"#);
    let answer = page(&[account(&page(&[first], 3, Some("/contacts")))], 1, None);
    let (stub, salesforce) = org(move |seen: &Seen| {
        Act::json(
            200,
            match seen.target.as_str() {
                "/contacts" => page(std::slice::from_ref(&second), 3, Some("/contacts/2")),
                "/contacts/2" => page(std::slice::from_ref(&third), 3, None),
                "/cases/a" => page(&[case(2), case(3)], 3, None),
                "/cases/c" => page(&[case(5)], 2, None),
                _ => answer.clone(),
            },
        )
    })
    .await;
    let plan = soql("SELECT Id, Owner.Name, (SELECT Name, (SELECT Number FROM Cases) FROM Contacts) FROM Account");
    let found = salesforce.page(&plan, &PageCursor::After(None)).await.unwrap();
    let contacts = [
        contact("a", &page(&[case(1), case(2), case(3)], 3, None)),
        contact("b", "null"),
        contact("c", &page(&[case(4), case(5)], 2, None)),
    ];
    assert_eq!(found.records[0].text, account(&page(&contacts, 3, None)));
    assert!(found.bytes >= found.records[0].text.len() && stub.seen().len() == 5);
}

#[actix_rt::test]
async fn a_row_that_only_mentions_the_word_stays_byte_for_byte() {
    let id = ids("001", 1)[0];
    let rows = [
        format!(r#"{{"Id" : "{id}", "Name": "nextRecordsUrl", "Say":"\"nextRecordsUrl\":\"/x\""}}"#),
        format!(r#"{{"Id":"{id}","Contacts":{{"totalSize":1,  "done":true,"records":[{{"Name":"nextRecordsUrl"}}]}}}}"#),
        format!(r#"{{"Id":"{id}","Owner":{{"Name":"nextRecordsUrl"}}}}"#),
    ];
    let (stub, salesforce) = org(in_turn(vec![Act::json(200, page(&rows, 3, None))])).await;
    let found = salesforce.page(&soql("SELECT Id FROM Account"), &PageCursor::After(None)).await.unwrap();
    assert_eq!(texts(&found), rows);
    assert_eq!(stub.seen().len(), 1);
}

#[actix_rt::test]
async fn a_search_gives_all_at_once_in_the_form_of_new_and_of_old_versions() {
    let rows: Vec<_> = ids("001", 2).iter().chain(&ids("00Q", 1)).map(row).collect();
    let plan = rule("SOSL", "FIND {x} RETURNING Account(Name), Lead");
    for body in [format!(r#"{{"searchRecords":[{}],"metadata":{{}}}}"#, rows.join(",")), format!(" [{}]", rows.join(","))] {
        let (stub, salesforce) = org(in_turn(vec![Act::json(200, body)])).await;
        let found = salesforce.page(&plan, &PageCursor::After(None)).await.unwrap();
        assert_eq!(texts(&found), rows);
        assert_eq!((found.next, found.total, found.cut), (None, Some(3), false));
        let seen = &stub.seen()[0];
        assert!(seen.target.starts_with("/services/data/v64.0/search?q="), "{}", seen.target);
        assert_eq!(seen.soql(), "FIND {x} RETURNING Account(Name, Id, LastModifiedDate), Lead");
    }
}

#[actix_rt::test]
async fn a_search_is_cut_only_where_the_platform_gives_no_more() {
    for (query, rows, is_cut) in [("FIND {x}", 1_999, false), ("FIND {x}", 2_000, true), ("FIND {x} LIMIT 10", 10, false)] {
        let body = format!(r#"{{"searchRecords":[{}]}}"#, ids("001", rows).iter().map(row).collect::<Vec<_>>().join(","));
        let (_stub, salesforce) = org(in_turn(vec![Act::json(200, body)])).await;
        let page = salesforce.page(&rule("SOSL", query), &PageCursor::After(None)).await.unwrap();
        assert_eq!((page.records.len(), page.cut), (rows, is_cut), "{query}");
    }
}

#[actix_rt::test]
async fn a_rule_that_does_not_fit_into_a_request_is_too_wide_and_is_not_sent() {
    let (stub, salesforce) = org(in_turn(vec![Act::json(200, page(&[], 0, None))])).await;
    let (name, long) = (format!("'{}'", "x".repeat(3_900)), "x".repeat(14_000));
    let query = format!("SELECT Id FROM Account WHERE Name IN ({})", [name.as_str(); 4].join(", "));
    for plan in [soql(&query), rule("SOSL", &format!("FIND {{{long}}}"))] {
        let fault = salesforce.page(&plan, &PageCursor::After(None)).await.unwrap_err();
        assert_eq!(fault.code, &SF_TOO_WIDE, "{fault}");
        assert_eq!(salesforce.attempt(plan.rule.as_ref().unwrap()).await.unwrap_err().code, &SF_TOO_WIDE);
    }
    assert!(stub.seen().is_empty());
}

#[actix_rt::test]
async fn an_attempt_asks_for_one_row_of_the_query_that_will_be_sent() {
    let (stub, salesforce) = org(|seen: &Seen| {
        let is_search = seen.target.contains("/search?");
        Act::json(200, if is_search { r#"{"searchRecords":[]}"#.to_owned() } else { page(&[], 0, Some(NEXT)) })
    })
    .await;
    let rules = [
        ("SOQL", "SELECT Name FROM Account", "SELECT Name, Id, LastModifiedDate FROM Account ORDER BY Id LIMIT 1"),
        ("SOQL", "SELECT FIELDS(ALL) FROM Account LIMIT 450", "SELECT FIELDS(ALL) FROM Account ORDER BY Id LIMIT 1"),
        ("SOSL", "FIND {x} RETURNING Lead(Name) LIMIT 9", "FIND {x} RETURNING Lead(Name, Id, LastModifiedDate) LIMIT 1"),
    ];
    for (no, (language, query, expected)) in rules.into_iter().enumerate() {
        assert_eq!(salesforce.attempt(rule(language, query).rule.as_ref().unwrap()).await, Ok(()));
        assert_eq!((stub.seen().len(), stub.seen()[no].soql().as_str()), (no + 1, expected));
    }
}

#[actix_rt::test]
async fn an_attempt_that_the_org_refuses_is_its_fault() {
    let (_stub, salesforce) = org(in_turn(vec![Act::json(400, refusal("INVALID_FIELD", "No such column 'Nope'"))])).await;
    let fault = salesforce.attempt(soql("SELECT Nope FROM Account").rule.as_ref().unwrap()).await.unwrap_err();
    assert!(fault.code == &SF_QUERY && fault.message.contains("No such column 'Nope'"), "{fault}");
}
