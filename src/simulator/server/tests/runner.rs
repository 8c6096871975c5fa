//! Calls of a running user with less than everything.

use serde_json::json;

use super::*;
use crate::permissions::may_read;

const BASE: &str = "/services/data/v64.0";

/// The id of the user of this org whose profile is named so.
fn user_of(profile: &str) -> String {
    let is_it = |json: &[u8]| text_of(json) == profile;
    let profile = ORG.rows("Profile").find(|row| row.json("Name").is_some_and(is_it)).unwrap().id();
    let has_it = |row: &crate::org::RowRef<'_>| row.json("ProfileId").is_some_and(|json| text_of(json) == profile);
    ORG.rows("User").find(|row| has_it(row) && row.json("IsActive") == Some(b"true")).unwrap().id()
}

fn run_as(user: &str) -> (Running, String) {
    let org = running(Options { running_user: Some(user.to_owned()), ..options() });
    let bearer = bearer(&org);
    (org, bearer)
}

fn names(org: &Running, bearer: &str) -> Vec<String> {
    let global = get(org, bearer, &format!("{BASE}/sobjects")).json();
    global["sobjects"].as_array().unwrap().iter().map(|object| object["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_object_without_read_is_missing_everywhere() {
    let (org, bearer) = run_as(&user_of("Sales Manager"));
    let names = names(&org, &bearer);
    for (object, is_there) in [("Account", true), ("User", true), ("Case", false), ("EmailMessage", false), ("PermissionSet", false)] {
        assert_eq!(names.iter().any(|name| name == object), is_there, "{object}");
        let status = if is_there { 200 } else { 404 };
        assert_eq!(get(&org, &bearer, &format!("{BASE}/sobjects/{object}/describe")).status, status, "{object}");
        assert_eq!(get(&org, &bearer, &format!("{BASE}/sobjects/{object}")).status, status, "{object}");
        let queried = get(&org, &bearer, &soql(&format!("SELECT Id FROM {object} LIMIT 1")));
        assert_eq!(queried.status, if is_there { 200 } else { 400 }, "{object}");
        if !is_there {
            assert_eq!(queried.error().0, "INVALID_TYPE");
            assert!(queried.error().1.contains(&format!("sObject type '{object}' is not supported.")));
        }
    }
    let case = ORG.rows("Case").next().unwrap().id();
    assert_eq!(get(&org, &bearer, &format!("{BASE}/sobjects/Case/{case}")).status, 404);
    assert_eq!(get(&org, &bearer, &format!("{BASE}/limits/recordCount?sObjects=Case")).json(), json!({ "sObjects": [] }));
    let searched = get(&org, &bearer, &format!("{BASE}/search?q={}", "FIND%20%7Bcase%7D%20RETURNING%20Case"));
    assert_eq!((searched.status, searched.error().0.as_str()), (400, "INVALID_TYPE"));
}

#[test]
fn describe_names_no_children_of_hidden_objects() {
    let (org, bearer) = run_as(&user_of("Sales Manager"));
    let described = get(&org, &bearer, &format!("{BASE}/sobjects/Account/describe")).json();
    let children: Vec<_> = described["childRelationships"].as_array().unwrap().iter().map(|child| child["childSObject"].clone()).collect();
    assert!(children.contains(&json!("Contact")) && !children.contains(&json!("Case")), "{children:?}");
}

#[test]
fn the_user_of_an_integration_sees_what_an_index_needs() {
    let (org, bearer) = run_as(&user_of("Minimum Access - API Only Integrations"));
    for object in ["Account", "Case", "EmailMessage", "PermissionSetAssignment", "ObjectPermissions", "ContentDocumentLink"] {
        assert_eq!(get(&org, &bearer, &soql(&format!("SELECT Id FROM {object} LIMIT 1"))).status, 200, "{object}");
    }
    let whole = running(options());
    let all = names(&whole, &super::bearer(&whole));
    assert_eq!(names(&org, &bearer), all);
}

#[test]
fn tokens_speak_for_the_running_user() {
    let user = user_of("Sales Manager");
    let (org, bearer) = run_as(&user);
    assert_eq!(get(&org, &bearer, "/services/oauth2/userinfo").json()["user_id"], json!(user));
    let username = text_of(ORG.row(&user).unwrap().json("Username").unwrap()).into_owned();
    let (named, bearer) = run_as(&username.to_uppercase());
    assert_eq!(get(&named, &bearer, "/services/oauth2/userinfo").json()["user_id"], json!(user));
}

#[test]
fn a_running_user_who_is_none_keeps_the_org_from_starting() {
    let inactive = ORG.rows("User").find(|row| row.json("IsActive") == Some(b"false"));
    let names = ["nobody@example.com".to_owned(), ORG.rows("Account").next().unwrap().id()];
    for name in names.into_iter().chain(inactive.map(|row| row.id())) {
        let error = spawn(Options { running_user: Some(name.clone()), ..options() }).unwrap_err();
        assert_eq!(error.to_string(), format!("running user {name} is no active user of the org"));
    }
}

#[test]
fn rights_end_with_their_assignment_while_the_org_runs() {
    let mut builder = crate::org::OrgBuilder::new(crate::standard_objects());
    let mut put = |object: &str, record: Value| builder.push_value(object, &record).unwrap();
    let id = crate::record_id;
    let (user, set) = (id("005", 1), id("0PS", 1));
    let soon = Timestamp::now() + jiff::SignedDuration::from_hours(1);
    put("User", json!({ "Id": user, "Username": "a@example.com", "IsActive": true, "UserType": "Standard" }));
    put("PermissionSet", json!({ "Id": set, "Name": "s" }));
    put("ObjectPermissions", json!({ "Id": id("110", 1), "ParentId": set, "SobjectType": "Case", "PermissionsRead": true }));
    let assignment =
        json!({ "Id": id("0Pa", 1), "AssigneeId": user, "PermissionSetId": set, "IsActive": true, "ExpirationDate": soon.to_string() });
    put("PermissionSetAssignment", assignment);
    let org = running(Options { running_user: Some(user), ..Options::new(Arc::new(builder.build())) });
    let bearer = bearer(&org);
    assert_eq!(get(&org, &bearer, &soql("SELECT Id FROM Case")).status, 200);
    org.advance_clock(Duration::from_secs(61 * 60));
    assert_eq!(get(&org, &bearer, &soql("SELECT Id FROM Case")).error().0, "INVALID_TYPE");
}

#[test]
fn access_to_records_can_be_asked_for_over_http() {
    let org = running(options());
    let bearer = bearer(&org);
    let records: Vec<_> = ["Account", "Case", "Lead"].iter().flat_map(|object| ORG.rows(object).take(5)).map(|row| row.id()).collect();
    let ids = records.iter().map(|id| format!("'{id}'")).collect::<Vec<_>>().join(",");
    let mut answers = std::collections::BTreeSet::new();
    for user in ORG.rows("User").map(|row| row.id()) {
        let query = format!("SELECT RecordId, HasReadAccess FROM UserRecordAccess WHERE UserId = '{user}' AND RecordId IN ({ids})");
        let page = get(&org, &bearer, &soql(&query)).json();
        assert_eq!(page["totalSize"], records.len());
        for row in page["records"].as_array().unwrap() {
            let record = row["RecordId"].as_str().unwrap();
            assert_eq!(row["HasReadAccess"], may_read(&ORG, &user, record, Timestamp::now()), "{user} {record}");
            answers.insert(row["HasReadAccess"].as_bool());
        }
    }
    assert_eq!(answers.len(), 2, "some may and some may not");
}

#[test]
fn the_question_of_the_reference_for_the_readers_of_an_object_is_answered() {
    let org = running(options());
    let bearer = bearer(&org);
    let question = "SELECT AssigneeId FROM PermissionSetAssignment WHERE PermissionSetId IN \
                    (SELECT ParentId FROM ObjectPermissions WHERE PermissionsRead = true AND SObjectType = 'Account')";
    let page = get(&org, &bearer, &soql(question)).json();
    let assignees: Vec<_> = page["records"].as_array().unwrap().iter().map(|row| row["AssigneeId"].as_str().unwrap()).collect();
    let account = ORG.rows("Account").next().unwrap().id();
    let readers: Vec<_> = ORG.rows("User").map(|row| row.id()).filter(|user| may_read(&ORG, user, &account, Timestamp::now())).collect();
    assert!(!readers.is_empty() && readers.iter().all(|reader| assignees.contains(&reader.as_str())));
    let names = "SELECT Assignee.Name, PermissionSet.Profile.Name FROM PermissionSetAssignment WHERE PermissionSet.IsOwnedByProfile = true";
    assert_eq!(get(&org, &bearer, &soql(names)).status, 200);
}
