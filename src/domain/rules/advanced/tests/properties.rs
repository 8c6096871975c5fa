//! Properties of generated queries and searches: what is added is there once, taking it out gives the original back, and adding twice is adding once.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::{AdvancedRule, Language, Offers, Paging, ParsedRule, SoqlRule};
use crate::soql::{self, FieldGroup, Query, SelectKind};
use crate::{RecordId, sosl};

fn item() -> impl Strategy<Value = &'static str> {
    select(vec![
        "Name",
        "Id",
        "iD",
        "LastModifiedDate",
        "x.Id",
        "X.Id",
        "Owner.Id",
        "x.LastModifiedDate",
        "toLabel(Status) Id",
        "FORMAT(LastModifiedDate)",
        "(SELECT Id, LastModifiedDate FROM Kids WHERE A = ' FROM ' ORDER BY Id LIMIT 3)",
        "(SELECT Name FROM Kids)",
        "TYPEOF What WHEN Account THEN Id, Name ELSE Id END",
        "FIELDS(STANDARD)",
        "FIELDS(ALL)",
        "fields(custom)",
    ])
}

fn condition() -> impl Strategy<Value = &'static str> {
    select(vec![
        "A = 1",
        "(A = 1)",
        "(A = 1) OR (B = 2)",
        "NOT (A = 1 AND B = 'it\\'s FROM x')",
        "Id IN (SELECT AccountId FROM Contact WHERE Name LIKE '%Id%' LIMIT 7) AND B INCLUDES ('a;b')",
        "Amount > USD5000",
    ])
}

/// Clauses in their order, some of them left out, with any white space between all words.
fn query() -> impl Strategy<Value = String> {
    let gap = || select(vec![" ", "\n", "  ", "\t ", "\r\n"]);
    let clause = |choices: &[&'static str]| of(select(choices.to_vec()));
    let head = (vec(item(), 1..5), clause(&["x"]), clause(&["USING SCOPE mine"]), of(condition()));
    let tail = (
        clause(&["WITH USER_MODE", "WITH DATA CATEGORY A__c AT B__c AND C__c ABOVE (D__c, E__c)"]),
        clause(&["ORDER BY Name", "order by Id", "ORDER BY Id DESC, Name NULLS LAST"]),
        clause(&["LIMIT 0", "limit 7", "LIMIT 200", "LIMIT 5000"]),
        clause(&["OFFSET 4"]),
        clause(&["FOR VIEW", "FOR REFERENCE UPDATE TRACKING SET OPTIONS (a = 'b')", "SET OPTIONS (a = 1)"]),
        clause(&["ALL ROWS"]),
    );
    (head, tail, vec(gap(), 16)).prop_map(|((items, alias, scope, filter), (with, order, limit, offset, usage, rows), gaps)| {
        let filter = filter.map(|filter| format!("WHERE {filter}"));
        let clauses = [alias, scope, filter.as_deref(), with, order, limit, offset, usage, rows];
        let mut gaps = gaps.into_iter().cycle();
        let mut text = String::from("SELECT");
        let list = items.join(" , ");
        for part in [list.as_str(), "FROM", "X"].into_iter().chain(clauses.into_iter().flatten()) {
            text.push_str(gaps.next().unwrap());
            text.push_str(part);
        }
        text + gaps.next().unwrap()
    })
}

/// Searches of any number of objects, some of them with fields.
fn search() -> impl Strategy<Value = String> {
    let field =
        select(vec!["Name", "Id", "iD", "LastModifiedDate", "Owner.Id", "toLabel(Status) Id", "FIELDS(STANDARD)", "Name LastModifiedDate"]);
    let rest = select(vec!["", " WHERE Name = ') LIMIT 3'", " ORDER BY Id DESC LIMIT 3", "\n"]);
    let fields = (vec(field, 1..4), rest).prop_map(|(fields, rest)| format!("({}{rest})", fields.join(" , ")));
    let object =
        (select(vec!["Account", "Case"]), of(fields)).prop_map(|(object, fields)| format!("{object}{}", fields.unwrap_or_default()));
    let tail = select(vec![
        "",
        " LIMIT 0",
        " LIMIT 50 ",
        " UPDATE TRACKING",
        " WITH SNIPPET (target_length=120) UPDATE VIEWSTAT",
        " WITH NETWORK = '1' LIMIT 9",
    ]);
    (select(vec!["", " IN NAME FIELDS"]), vec(object, 0..4), tail).prop_map(|(scope, objects, tail)| {
        let returning = if objects.is_empty() { String::new() } else { format!(" RETURNING {}", objects.join(", ")) };
        format!("FIND {{a AND \"RETURNING Id\"}}{scope}{returning}{tail}")
    })
}

fn understood(text: &str) -> Option<SoqlRule> {
    match (AdvancedRule { no: 1, language: Language::Soql, query: text.to_owned() }).parse() {
        Ok(ParsedRule::Soql(rule)) => Some(rule),
        Ok(other) => panic!("{other:?}"),
        Err(error) => {
            assert!(error.message.contains("200 rows at a time"), "{text}: {}", error.message);
            None
        }
    }
}

/// How often the object's own field is in the answer under its name; object and alias are called `x` in any case.
fn times(query: &Query, field: &str) -> usize {
    let names = |kind: &SelectKind| match kind {
        SelectKind::Field(path) => match path.parts.as_slice() {
            [only] => only.is(field),
            [owner, last] => owner.is("x") && last.is(field),
            _ => false,
        },
        SelectKind::Fields(group) => *group != FieldGroup::Custom,
        _ => false,
    };
    query.select.iter().filter(|item| item.alias.is_none() && names(&item.kind)).count()
}

/// Takes `added` out of the end of `text`.
fn cut(text: &str, added: &str) -> String {
    text.strip_suffix(added).unwrap_or_else(|| panic!("`{text}` does not end in `{added}`")).to_owned()
}

/// The page without all that was added, which is found by parsing the page.
fn original(rule: &SoqlRule, page: &str, after: Option<RecordId>) -> String {
    let typed = soql::parse(rule.typed()).unwrap();
    let new = soql::parse(page).unwrap();
    let by_id = rule.paging() != Paging::AsIs;
    let (mut head, mut rest) = (page.to_owned(), String::new());
    let mut split = |head: &mut String, at: usize| {
        rest.insert_str(0, &head[at..]);
        head.truncate(at);
    };
    split(&mut head, new.places.limit.end);
    match (typed.limit, new.limit) {
        (Some(own), Some(asked)) => head = cut(&head, asked.span.of(page)) + own.span.of(rule.typed()),
        (None, Some(asked)) => head = cut(&head, &format!(" LIMIT {}", asked.value)),
        (_, None) => {}
    }
    split_at_most(&mut split, &mut head, new.places.order_by.end);
    if by_id && typed.order_by.is_empty() {
        head = cut(&head, " ORDER BY Id");
    }
    split_at_most(&mut split, &mut head, new.places.filter.end);
    if let (Some(id), true) = (after, by_id) {
        let test = format!("Id > '{id}'");
        if typed.filter.is_some() {
            head = cut(&head, &format!(") AND {test}"));
            assert_eq!(head.remove(new.places.filter.start), '(');
        } else {
            head = cut(&head, &format!(" WHERE {test}"));
        }
    }
    let last = new.select[typed.select.len() - 1].span.end;
    head.replace_range(last..new.select_end(), "");
    head + &rest
}

fn split_at_most(split: &mut impl FnMut(&mut String, usize), head: &mut String, at: usize) {
    let at = at.min(head.len());
    split(head, at);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn what_is_added_is_there_once_and_can_be_taken_out_again(text in query(), going_on in any::<bool>(), left in of(0_u64..500)) {
        let Some(rule) = understood(&text) else { return Ok(()) };
        let after = going_on.then(|| RecordId::parse(b"001000000000007AAA").unwrap());
        let page = rule.page(Offers { last_modified: true }, after, left);
        let (typed, new) = (soql::parse(&text).unwrap(), soql::parse(&page).map_err(|error| TestCaseError::fail(error.render(&page)))?);
        for field in ["Id", "LastModifiedDate"] {
            prop_assert_eq!(times(&new, field), times(&typed, field).max(1), "{}", &page);
        }
        prop_assert_eq!(original(&rule, &page, after), text);
    }

    #[test]
    fn adding_twice_is_adding_once(text in query(), going_on in any::<bool>()) {
        let Some(rule) = understood(&text) else { return Ok(()) };
        let after = going_on.then(|| RecordId::parse(b"001000000000007AAA").unwrap());
        let once = rule.page(Offers { last_modified: true }, after, None);
        let twice = understood(&once).map(|rule| rule.page(Offers { last_modified: true }, None, None));
        prop_assert_eq!(twice, Some(once));
    }

    #[test]
    fn a_probe_is_the_first_page_but_for_its_limit(text in query()) {
        let Some(rule) = understood(&text) else { return Ok(()) };
        let offers = Offers { last_modified: true };
        let mut probe = soql::parse(&rule.probe(offers)).unwrap();
        prop_assert!(probe.limit.is_some_and(|limit| limit.value <= 1));
        let page = soql::parse(&rule.page(offers, None, None)).unwrap();
        probe.limit = page.limit;
        prop_assert_eq!(probe, page);
    }

    #[test]
    fn a_search_keeps_what_was_typed_and_grows_once(text in search(), last_modified in any::<bool>()) {
        let offers = |object: &str| Offers { last_modified: last_modified || object == "Case" };
        let rule = super::sosl(&text);
        let sent = rule.text(offers);
        let (typed, new) = (sosl::parse(&text).unwrap(), sosl::parse(&sent).map_err(|error| TestCaseError::fail(error.render(&sent)))?);
        let mut original = sent.clone();
        for (typed, new) in typed.returning.iter().zip(&new.returning).rev() {
            let (Some(own), Some(fields)) = (&typed.fields, &new.fields) else {
                prop_assert_eq!(&typed.fields, &new.fields);
                continue;
            };
            prop_assert!(fields.has("Id") || own.items.len() == fields.items.len());
            original.replace_range(fields.items[own.items.len() - 1].span.end..fields.end(), "");
        }
        prop_assert_eq!(&original, &text);
        prop_assert_eq!(super::sosl(&sent).text(offers), sent.clone());
        let mut probe = sosl::parse(&rule.probe(offers)).unwrap();
        prop_assert!(probe.limit.is_some_and(|limit| limit.value <= 1));
        probe.limit = new.limit;
        prop_assert_eq!(probe, new);
    }
}
