//! Every rule of access on orgs that are made for it by hand.

mod files;
mod groups;
mod queries;
mod sets;
mod views;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::org::OrgBuilder;
use crate::{record_id, standard_objects};

/// An org under construction. People, sets and records are named by small numbers.
struct Draft {
    builder: OrgBuilder,
    next: u64,
}

fn user(number: u64) -> String {
    record_id("005", number)
}

fn set(number: u64) -> String {
    record_id("0PS", number)
}

fn case(number: u64) -> String {
    record_id("500", number)
}

fn account(number: u64) -> String {
    record_id("001", number)
}

fn now() -> Timestamp {
    "2026-05-13T12:00:00Z".parse().unwrap()
}

impl Draft {
    /// Active users 1 to 5 without any rights, case 1, account 1.
    fn new() -> Self {
        let mut draft = Self { builder: OrgBuilder::new(standard_objects()), next: 100 };
        for number in 1..=5 {
            draft.put("User", json!({ "Id": user(number), "Name": format!("User {number}"), "IsActive": true, "UserType": "Standard" }));
        }
        draft.put("Case", json!({ "Id": case(1), "Subject": "it is broken" }));
        draft.put("Account", json!({ "Id": account(1), "Name": "Acme" }));
        draft
    }

    fn put(&mut self, object: &str, record: Value) {
        self.builder.push_value(object, &record).unwrap();
    }

    /// A record under a fresh id. Gives the id.
    fn add(&mut self, object: &str, prefix: &str, mut record: Value) -> String {
        self.next += 1;
        let id = record_id(prefix, self.next);
        record["Id"] = json!(id);
        self.put(object, record);
        id
    }

    /// A permission set that lets cases be read, with what is said about it.
    fn case_set(&mut self, number: u64, about: Value) {
        let mut record = json!({ "Id": set(number), "Name": format!("Set {number}"), "Type": "Regular" });
        record.as_object_mut().unwrap().extend(about.as_object().cloned().unwrap());
        self.put("PermissionSet", record);
        self.opens(&set(number), "Case");
    }

    /// Read on an object, for a set or a muting one.
    fn opens(&mut self, set: &str, object: &str) {
        self.add("ObjectPermissions", "110", json!({ "ParentId": set, "SobjectType": object, "PermissionsRead": true }));
    }

    /// An active assignment, with what is said about it.
    fn assign(&mut self, number: u64, set: &str, about: Value) {
        let mut record = json!({ "AssigneeId": user(number), "PermissionSetId": set, "IsActive": true });
        record.as_object_mut().unwrap().extend(about.as_object().cloned().unwrap());
        self.add("PermissionSetAssignment", "0Pa", record);
    }

    /// User 1 with Read on cases.
    fn with_a_reader_of_cases(mut self) -> Self {
        self.case_set(1, json!({}));
        self.assign(1, &set(1), json!({}));
        self
    }

    /// A file of user 5 that is linked to these.
    fn file(&mut self, privacy: &str, targets: &[&str]) -> String {
        let file = self.add("ContentDocument", "069", json!({ "Title": "f", "OwnerId": user(5), "SharingPrivacy": privacy }));
        for target in targets {
            let link = json!({ "ContentDocumentId": file, "LinkedEntityId": target, "ShareType": "V", "Visibility": "InternalUsers" });
            self.add("ContentDocumentLink", "06A", link);
        }
        file
    }

    fn build(self) -> Arc<Org> {
        Arc::new(self.builder.build())
    }

    /// The users who may read a record, of the numbers 1 to 5.
    fn readers(self, record: &str) -> Vec<u64> {
        let org = self.build();
        (1..=5).filter(|number| may_read(&org, &user(*number), record, now())).collect()
    }
}
