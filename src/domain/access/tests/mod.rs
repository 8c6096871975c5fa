//! Small orgs to ask questions of.

mod brute;
mod documents;
mod golden;
mod groups;
mod lists;
mod permissions;
mod properties;
mod random;
mod scale;
mod tables;

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::Timestamp;

const NOW: &str = "2026-06-01T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// An id: `005` and 7 give `005000000000007AAA`.
fn id(prefix: &str, no: usize) -> String {
    format!("{prefix}{no:012}AAA")
}

fn record(prefix: &str, no: usize) -> RecordId {
    id(prefix, no).parse().unwrap()
}

fn user(no: usize) -> RecordId {
    record("005", no)
}

/// `row` with the members of `more` over its own.
fn with(mut row: Value, more: Value) -> Value {
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    row
}

/// Rows by table, and tables that may not be queried.
#[derive(Clone, Debug, Default)]
struct Org {
    rows: Vec<(AccessTable, Value)>,
    absent: Vec<AccessTable>,
}

impl Org {
    /// User 1 has set 1, which reads `Account`. User 2 has set 2, which reads nothing.
    fn new() -> Self {
        let org = Self::default().user(1, json!({})).user(2, json!({})).set(1, json!({})).set(2, json!({}));
        org.reads(1, "Account").assign(1, 1, json!({})).assign(2, 2, json!({}))
    }

    fn add(mut self, table: AccessTable, row: Value) -> Self {
        self.rows.push((table, row));
        self
    }

    fn user(self, no: usize, more: Value) -> Self {
        let row = json!({ "Id": id("005", no), "IsActive": true, "UserType": "Standard", "Name": format!("User {no}"), "Email": format!("user{no}@example.com") });
        self.add(AccessTable::User, with(row, more))
    }

    fn set(self, no: usize, more: Value) -> Self {
        self.add(AccessTable::PermissionSet, with(json!({ "Id": id("0PS", no) }), more))
    }

    /// `set` is a number of a permission set.
    fn reads(self, set: usize, object: &str) -> Self {
        self.reads_as(&id("0PS", set), object)
    }

    fn reads_as(self, set: &str, object: &str) -> Self {
        self.add(AccessTable::ObjectPermissions, json!({ "ParentId": set, "SobjectType": object, "PermissionsRead": true }))
    }

    fn assign(self, user: usize, set: usize, more: Value) -> Self {
        let row = json!({ "AssigneeId": id("005", user), "PermissionSetId": id("0PS", set) });
        self.add(AccessTable::PermissionSetAssignment, with(row, more))
    }

    /// Group of sets 1, whose aggregate is set 9, assigned to user 2.
    fn set_group(self, status: &str, more: Value) -> Self {
        let group = id("0PG", 1);
        let org = self.add(AccessTable::PermissionSetGroup, with(json!({ "Id": group, "Status": status }), more));
        org.set(9, json!({ "Type": "Group", "PermissionSetGroupId": group })).assign(2, 9, json!({ "PermissionSetGroupId": group }))
    }

    /// Adds a part to group of sets 1.
    fn part(self, set: &str) -> Self {
        self.add(AccessTable::PermissionSetGroupComponent, json!({ "PermissionSetGroupId": id("0PG", 1), "PermissionSetId": set }))
    }

    fn muting(self, no: usize) -> Self {
        self.add(AccessTable::MutingPermissionSet, json!({ "Id": id("0QM", no) }))
    }

    fn group(self, no: usize, kind: &str, more: Value) -> Self {
        self.add(AccessTable::Group, with(json!({ "Id": id("00G", no), "Type": kind }), more))
    }

    fn member(self, group: usize, member: &str) -> Self {
        self.add(AccessTable::GroupMember, json!({ "GroupId": id("00G", group), "UserOrGroupId": member }))
    }

    fn role(self, no: usize, parent: Option<usize>) -> Self {
        self.add(AccessTable::UserRole, json!({ "Id": id("00E", no), "ParentRoleId": parent.map(|parent| id("00E", parent)) }))
    }

    fn build(&self) -> Result<Directory, AccessError> {
        let mut builder = DirectoryBuilder::new();
        for table in &self.absent {
            builder.absent(*table)?;
        }
        for (table, row) in self.rows.iter().filter(|(table, _)| !self.absent.contains(table)) {
            builder.take(*table, row.to_string().as_bytes())?;
        }
        builder.finish(now())
    }

    fn directory(&self) -> Directory {
        self.build().unwrap()
    }

    /// Whether user `no` reads `object`; asks twice, by question and by token.
    fn may(&self, no: usize, object: &str) -> bool {
        let directory = self.directory();
        let reads = directory.reads(user(no), object);
        assert_eq!(directory.tokens(user(no), Mode::Tokens).contains(&format!("object:{object}:read")), reads);
        let listed = directory.readers(object).tokens().any(|token| token == format!("user_id:{}", id("005", no)));
        assert_eq!(listed, reads);
        reads
    }

    /// The tokens of user `no` that start with `prefix`, without it.
    fn held(&self, no: usize, prefix: &str) -> Vec<String> {
        let tokens = self.directory().tokens(user(no), Mode::UserLists);
        tokens.iter().filter_map(|token| token.strip_prefix(prefix)).map(str::to_owned).collect()
    }

    /// Numbers of users up to 9 who are in group `no`.
    fn inside(&self, no: usize) -> Vec<usize> {
        let token = format!("group:{}", id("00G", no));
        let directory = self.directory();
        (1..10).filter(|user_no| directory.tokens(user(*user_no), Mode::Tokens).contains(&token)).collect()
    }
}

fn lists_of_users(org: &Org, prefixes: Prefixes) -> AllowLists {
    AllowLists::of_users(prefixes, Arc::new(org.directory()))
}

/// `001` is `Account`, `500` is `Case`, two objects claim `a00`.
fn prefixes() -> Prefixes {
    let pairs = [("001", "Account"), ("500", "Case"), ("a00", "X__c"), ("a00", "Y__c"), ("005", "User")];
    Prefixes::new(pairs.map(|(prefix, object)| (prefix.to_owned(), object.to_owned())))
}
