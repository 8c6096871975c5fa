//! Large orgs, by counts.

use super::*;

fn take(builder: &mut DirectoryBuilder, table: AccessTable, row: &str) {
    builder.take(table, row.as_bytes()).unwrap();
}

#[test]
fn a_user_in_a_hundred_thousand_groups_has_them_all_in_clauses_that_the_server_takes() {
    const GROUPS: usize = 100_000;
    let mut builder = DirectoryBuilder::new();
    for (table, row) in &Org::new().rows {
        take(&mut builder, *table, &row.to_string());
    }
    for no in 0..GROUPS {
        take(&mut builder, AccessTable::Group, &format!(r#"{{"Id":"{}","Type":"Regular"}}"#, id("00G", no)));
        take(&mut builder, AccessTable::GroupMember, &format!(r#"{{"GroupId":"{}","UserOrGroupId":"{}"}}"#, id("00G", no), id("005", 1)));
    }
    let directory = builder.finish(now()).unwrap();
    assert_eq!(directory.tokens(user(1), Mode::Tokens).len(), GROUPS + 3);
    let document: Value = serde_json::from_slice(&directory.access_document(user(1), Mode::Tokens).unwrap().body).unwrap();
    let template = &document["query"]["template"];
    let lengths = ["access_control", "access_control_1"].map(|name| template["params"][name].as_array().unwrap().len());
    assert_eq!(lengths, [TERMS, GROUPS + 3 - TERMS]);
    let source = template["source"].as_str().unwrap();
    let rendered = source.replace("{{#toJson}}access_control{{/toJson}}", "[0]").replace("{{#toJson}}access_control_1{{/toJson}}", "[1]");
    let query: Value = serde_json::from_str(&rendered).unwrap();
    let clause = |no: u8| json!({ "terms": { "_allow_access_control.keyword": [no] } });
    assert_eq!(query, json!({ "bool": { "should": [clause(0), clause(1)] } }));
}

#[test]
fn thirty_thousand_users_and_five_hundred_sets_are_decided_for_each() {
    const USERS: usize = 30_000;
    const SETS: usize = 500;
    let mut builder = DirectoryBuilder::new();
    for no in 0..SETS {
        take(&mut builder, AccessTable::PermissionSet, &format!(r#"{{"Id":"{}"}}"#, id("0PS", no)));
        // Set n reads objects n and n + 1.
        for object in [no, no + 1] {
            let row = format!(r#"{{"ParentId":"{}","SobjectType":"O{object}__c","PermissionsRead":true}}"#, id("0PS", no));
            take(&mut builder, AccessTable::ObjectPermissions, &row);
        }
    }
    for no in 0..USERS {
        let row = format!(
            r#"{{"Id":"{}","IsActive":{},"UserType":"Standard","Name":"User {no}","Email":"u{no}@x.org"}}"#,
            id("005", no),
            no % 10 != 0
        );
        take(&mut builder, AccessTable::User, &row);
        for set in [no % SETS, (no + 1) % SETS] {
            let row = format!(r#"{{"AssigneeId":"{}","PermissionSetId":"{}"}}"#, id("005", no), id("0PS", set));
            take(&mut builder, AccessTable::PermissionSetAssignment, &row);
        }
        // Four groups of a hundred members for each hundred users.
        for group in 0..4 {
            let row = format!(r#"{{"GroupId":"{}","UserOrGroupId":"{}"}}"#, id("00G", no / 100 * 4 + group), id("005", no));
            take(&mut builder, AccessTable::GroupMember, &row);
        }
    }
    for no in 0..USERS / 25 {
        take(&mut builder, AccessTable::Group, &format!(r#"{{"Id":"{}","Type":"Queue"}}"#, id("00G", no)));
    }
    let directory = builder.finish(now()).unwrap();
    assert_eq!(directory.users().len(), USERS * 9 / 10);
    // Objects n, n + 1 and n + 2 by two sets, an id, an e-mail address, four groups; whoever has the last and the first set has one more.
    let tokens: usize = directory.users().map(|user| directory.tokens(user, Mode::Tokens).len()).sum();
    let turning = (0..USERS).filter(|no| no % SETS == SETS - 1 && no % 10 != 0).count();
    assert_eq!(tokens, USERS * 9 / 10 * 9 + turning);
    // Whoever has set 6 or 7 directly, or either as the second: numbers 5, 6 and 7 of each 500, of whom nobody is inactive.
    assert_eq!(directory.readers("O7__c").tokens().len(), USERS / SETS * 3 * 3);
    assert_eq!(directory.access_documents(Mode::UserLists).count(), USERS * 9 / 10);
}
