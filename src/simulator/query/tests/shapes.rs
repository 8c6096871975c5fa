//! What a record looks like.

use serde_json::{Value, json};

use super::*;

#[test]
fn members_come_in_the_order_of_the_select_list_with_the_case_of_the_schema() {
    let expected = format!(
        r#"{{"totalSize":1,"done":true,"records":[{{"attributes":{{"type":"Account","url":"/services/data/v59.0/sobjects/Account/{id}"}},"Name":"Zoë Çelik","Owner":{{"attributes":{{"type":"User","url":"/services/data/v59.0/sobjects/Name/{owner}"}},"Name":"Jane","Email":"jane@example.com"}},"Id":"{id}","Amount":300.0,"Parent":null}}]}}"#,
        id = id("001", 1),
        owner = id("005", 1)
    );
    assert_eq!(text("SELECT NAME, owner.name, id, Owner.EMAIL, amount, Parent.Name FROM account LIMIT 1"), expected);
}

#[test]
fn ids_are_not_added_and_a_parent_with_one_type_shows_it_in_the_url() {
    let record = &records("SELECT Account.Owner.Name FROM Contact WHERE Name = 'C1'")[0];
    assert_eq!(record.get("Id"), None);
    assert_eq!(record["Account"]["attributes"]["url"], format!("/services/data/v59.0/sobjects/Account/{}", id("001", 1)));
    assert_eq!(record["Account"]["Owner"]["Name"], "Jane");
}

#[test]
fn a_polymorphic_parent_shows_its_type_and_null_for_what_it_lacks() {
    let owners = records("SELECT Owner.Type, Owner.Email, Owner.Name FROM Account ORDER BY Name");
    let of = |name: &str| owners.iter().map(|record| record["Owner"].get(name).cloned()).collect::<Vec<_>>();
    assert_eq!(of("Type"), [Some(json!("Queue")), None, Some(json!("User"))]);
    assert_eq!(of("Email"), [Some(Value::Null), None, Some(json!("jane@example.com"))]);
    assert_eq!(owners[0]["Owner"]["attributes"]["type"], "Group");
}

#[test]
fn typeof_selects_by_type() {
    let owners = records("SELECT TYPEOF Owner WHEN User THEN Email, Id ELSE Name END FROM Account");
    assert_eq!(owners[0]["Owner"]["Email"], "jane@example.com");
    assert_eq!(owners[0]["Owner"]["attributes"]["url"], format!("/services/data/v59.0/sobjects/User/{}", id("005", 1)));
    assert_eq!(owners[1]["Owner"]["Name"], "Support");
    assert_eq!(owners[2]["Owner"], Value::Null);
}

#[test]
fn children_are_a_result_of_their_own_or_null() {
    let found = records("SELECT Id, (SELECT Name, Account.Name FROM Contacts WHERE Name > 'C1' ORDER BY Name DESC LIMIT 2) FROM Account");
    assert_eq!(found[0]["Contacts"]["totalSize"], 2);
    assert_eq!(found[0]["Contacts"]["done"], true);
    assert_eq!(found[0]["Contacts"]["records"][0]["Name"], "C5");
    assert_eq!(found[0]["Contacts"]["records"][0]["Account"]["Name"], "Zoë Çelik");
    assert_eq!(found[1]["Contacts"], Value::Null);
}

#[test]
fn children_are_filtered_by_fields_of_their_parents() {
    let found = records(
        "SELECT Id, (SELECT ContentDocument.Title FROM ContentDocumentLinks WHERE ContentDocument.FileExtension IN ('txt', 'pdf')) FROM Account LIMIT 1",
    );
    assert_eq!(found[0]["ContentDocumentLinks"]["totalSize"], 1);
    assert_eq!(found[0]["ContentDocumentLinks"]["records"][0]["ContentDocument"]["Title"], "t");
}

#[test]
fn children_of_children_are_found() {
    let found = records("SELECT Id, (SELECT Id, (SELECT Subject FROM Cases) FROM Contacts) FROM Account LIMIT 1");
    assert_eq!(found[0]["Contacts"]["records"][1]["Cases"]["records"][0]["Subject"], "s");
    assert_eq!(found[0]["Contacts"]["records"][0]["Cases"], Value::Null);
}

#[test]
fn fields_stands_for_the_fields_of_the_schema() {
    let all = &records("SELECT FIELDS(ALL) FROM Account LIMIT 200")[0];
    assert_eq!(all.as_object().unwrap().len(), 14);
    let custom = &records("SELECT Id, FIELDS(CUSTOM) FROM Account LIMIT 1")[0];
    assert_eq!(custom["Notes__c"], "a \"note\"");
    assert_eq!(records("SELECT FIELDS(STANDARD) FROM Account").len(), 3);
    assert_eq!(records(&format!("SELECT FIELDS(ALL) FROM Account WHERE Name != 'x' AND Id IN ('{}')", id("001", 2))).len(), 1);
}

#[test]
fn bytes_are_shown_as_a_path_and_functions_keep_the_value() {
    let version = &records("SELECT VersionData FROM ContentVersion")[0];
    assert_eq!(version["VersionData"], format!("/services/data/v59.0/sobjects/ContentVersion/{}/VersionData", id("068", 1)));
    let account = &records("SELECT toLabel(Type), FORMAT(Amount) shown, Amount FROM Account")[0];
    assert_eq!((&account["Type"], &account["shown"]), (&json!("Customer"), &json!("300.0")));
}
