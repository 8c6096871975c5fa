//! What is asked of the org, and what is made of what it answers.

use super::*;

#[test]
fn every_table_has_an_id_to_page_by_and_names_the_right_to_read_it() {
    for (position, table) in AccessTable::ALL.into_iter().enumerate() {
        assert_eq!(table as usize, position);
        assert_eq!(table.required()[0], "Id");
        assert!(!table.right().is_empty() && table.required().iter().all(|field| !table.optional().contains(field)));
    }
}

#[test]
fn the_tables_that_a_permission_needs_must_be_there() {
    let needed: Vec<_> = AccessTable::ALL.into_iter().filter(|table| !table.is_optional()).map(AccessTable::object).collect();
    assert_eq!(needed, ["User", "PermissionSet", "ObjectPermissions", "PermissionSetAssignment"]);
    for table in AccessTable::ALL.into_iter().filter(|table| !table.is_optional()) {
        let mut org = Org::new();
        org.absent = vec![table];
        let closed = org.build().unwrap_err();
        assert_eq!(closed.to_string(), format!("`{}` cannot be read; give the run-as user `{}`", table.object(), table.right()));
        let mut org = Org::new();
        org.rows.retain(|(of, _)| *of != table);
        let empty = org.build().unwrap_err();
        assert_eq!(empty.to_string(), format!("`{}` shows no rows; give the run-as user `{}`", table.object(), table.right()));
    }
}

#[test]
fn fields_that_the_org_lacks_are_not_asked_for() {
    let assignment = AccessTable::PermissionSetAssignment;
    let fields = assignment.fields(|field| field != "IsRevoked").unwrap();
    assert_eq!(fields, ["Id", "AssigneeId", "PermissionSetId", "PermissionSetGroupId", "IsActive", "ExpirationDate"]);
    let hidden = assignment.fields(|field| field != "AssigneeId").unwrap_err().to_string();
    assert_eq!(hidden, "`PermissionSetAssignment.AssigneeId` cannot be read; give the run-as user `View Setup and Configuration`");
}

#[test]
fn filters_parse() {
    for table in AccessTable::ALL {
        let filter = table.filter().map(|filter| format!(" WHERE {filter}")).unwrap_or_default();
        crate::soql::parse(&format!("SELECT {} FROM {}{filter} ORDER BY Id", table.required().join(","), table.object())).unwrap();
    }
}

#[test]
fn a_row_that_cannot_be_read_fails_the_job_with_the_table_and_the_field() {
    let take = |table: AccessTable, row: &str| DirectoryBuilder::new().take(table, row.as_bytes()).unwrap_err().to_string();
    assert_eq!(take(AccessTable::User, "[]"), "a row of `User` is no record");
    assert_eq!(take(AccessTable::User, r#"{"Id":"x","IsActive":true}"#), "a row of `User` has no usable `Id`");
    assert_eq!(take(AccessTable::User, &format!(r#"{{"Id":"{}"}}"#, id("005", 1))), "a row of `User` has no usable `IsActive`");
    let assignment = format!(r#"{{"AssigneeId":"{}","ExpirationDate":"tomorrow"}}"#, id("005", 1));
    assert_eq!(
        take(AccessTable::PermissionSetAssignment, &assignment),
        "a row of `PermissionSetAssignment` has no usable `ExpirationDate`"
    );
    let permission = format!(r#"{{"ParentId":"{}","SobjectType":"Case","PermissionsRead":"yes"}}"#, id("0PS", 1));
    assert_eq!(take(AccessTable::ObjectPermissions, &permission), "a row of `ObjectPermissions` has no usable `PermissionsRead`");
}

#[test]
fn rows_that_come_twice_count_once() {
    let mut org = Org::new().group(1, "Regular", json!({})).member(1, &id("005", 1));
    org.rows.extend(org.rows.clone());
    assert_eq!(org.held(1, "email:"), ["user1@example.com"]);
    assert_eq!(org.inside(1), [1]);
}
