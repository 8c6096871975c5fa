//! Pages and their cursors.

use serde_json::Value;

use super::*;

fn page(result: &super::super::ResultSet, offset: usize, batch: usize, cursors: &Cursors) -> Value {
    let mut out = Vec::new();
    let page = result.page(offset, batch, cursors, &mut out);
    let value: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(value.get("nextRecordsUrl").and_then(Value::as_str), page.next.as_deref());
    assert_eq!(value["records"].as_array().unwrap().len(), page.rows);
    value
}

fn segment(value: &Value) -> String {
    let path = value["nextRecordsUrl"].as_str().unwrap();
    path.strip_prefix("/services/data/v59.0/query/").unwrap().to_owned()
}

#[test]
fn a_client_that_follows_the_cursor_sees_every_row_once() {
    let (org, cursors) = (org(), Cursors::new());
    let result = run(&org, "SELECT Name FROM Contact", &context("59.0")).unwrap();
    let mut current = page(&result, 0, 2, &cursors);
    let mut names = Vec::new();
    loop {
        assert_eq!(current["totalSize"], 5);
        names.extend(current["records"].as_array().unwrap().iter().map(|record| record["Name"].as_str().unwrap().to_owned()));
        if current["done"] == true {
            break;
        }
        let (result, offset) = cursors.resolve(&segment(&current)).unwrap();
        current = page(&result, offset, 2, &cursors);
    }
    assert_eq!(names, ["C1", "C2", "C3", "C4", "C5"]);
    assert_eq!(cursors.len(), 1, "all pages share one cursor");
}

#[test]
fn children_count_toward_the_page_and_have_cursors_of_their_own() {
    let (org, cursors) = (org(), Cursors::new());
    let result = run(&org, "SELECT Id, (SELECT Name FROM Contacts) FROM Account", &context("59.0")).unwrap();
    let first = page(&result, 0, 4, &cursors);
    assert_eq!(first["records"].as_array().unwrap().len(), 1);
    let contacts = &first["records"][0]["Contacts"];
    assert_eq!((&contacts["totalSize"], &contacts["done"]), (&5.into(), &false.into()));
    assert_eq!(contacts["records"].as_array().unwrap().len(), 3);
    let (rest, offset) = cursors.resolve(&segment(contacts)).unwrap();
    let rest = page(&rest, offset, 1, &cursors);
    assert_eq!(rest["records"][0]["Name"], "C4");
    assert_eq!(cursors.len(), 2, "one for the accounts, one for the contacts");
    let (result, offset) = cursors.resolve(&segment(&first)).unwrap();
    assert_eq!(page(&result, offset, 4, &cursors)["records"].as_array().unwrap().len(), 2);
}

#[test]
fn even_the_smallest_page_makes_progress() {
    let (org, cursors) = (org(), Cursors::new());
    let result = run(&org, "SELECT Id, (SELECT Name FROM Contacts) FROM Account", &context("59.0")).unwrap();
    let first = page(&result, 0, 0, &cursors);
    assert_eq!(first["records"][0]["Contacts"]["records"].as_array().unwrap().len(), 1);
}

#[test]
fn cursors_that_are_closed_or_made_up_are_refused() {
    let (org, cursors) = (org(), Cursors::with_capacity(2));
    let result = run(&org, "SELECT Id FROM Contact", &context("59.0")).unwrap();
    let locators: Vec<String> = (0..3).map(|_| cursors.open(result.clone())).collect();
    assert!(locators[0].len() == 18 && locators[0].starts_with("0r8"));
    assert!(cursors.resolve(&format!("{}-0", locators[0])).is_err(), "the oldest makes room");
    assert!(cursors.resolve(&format!("{}-5", locators[1])).is_ok());
    for wrong in [format!("{}-6", locators[1]), format!("{}-x", locators[1]), locators[1].clone(), String::from("0r8000000000000000-0")] {
        let refusal = cursors.resolve(&wrong).unwrap_err();
        assert_eq!((refusal.status, refusal.code, refusal.message.as_str()), (400, "INVALID_QUERY_LOCATOR", "invalid query locator"));
    }
    cursors.expire_all();
    assert!(cursors.is_empty() && cursors.resolve(&format!("{}-0", locators[2])).is_err());
}
