//! The access job by the program itself: what it writes for whom, and that it leaves access documents as they were when it cannot know better.

use std::sync::Arc;

use serde_json::{Value, json};
use simulator::faults::{Fault, FaultPlan, Match};
use simulator::org::{Org, OrgBuilder};
use simulator::{Options, Running, record_id, spawn, standard_objects};

use crate::program::{Place, contains_all, fails, run};

/// Sees the set-up of permissions, and the app runs as her.
const ADA: u64 = 1;
/// Reads leads and nothing else.
const BEN: u64 = 2;

fn user(number: u64) -> String {
    record_id("005", number)
}

/// An org in which three users read leads, with more assignments than rows of any other table. `change` is asked about each row.
fn org(change: impl Fn(&str, &mut Value)) -> Arc<Org> {
    org_of(standard_objects(), change)
}

fn org_of(objects: Vec<simulator::org::ObjectSchema>, change: impl Fn(&str, &mut Value)) -> Arc<Org> {
    let mut builder = OrgBuilder::new(objects);
    let mut put = |object: &str, mut row: Value| {
        change(object, &mut row);
        builder.push_value(object, &row).unwrap();
    };
    put("Organization", json!({ "Id": record_id("00D", 1), "Name": "Acme" }));
    for (number, name) in [(ADA, "Ada"), (BEN, "Ben"), (3, "Cleo")] {
        let address = format!("{}@acme.example", name.to_lowercase());
        put(
            "User",
            json!({ "Id": user(number), "Name": name, "Username": address, "Email": address, "IsActive": true, "UserType": "Standard" }),
        );
        put("Lead", json!({ "Id": record_id("00Q", number), "Name": format!("Lead of {name}"), "OwnerId": user(number) }));
    }
    let [auditor, reader] = [1, 2].map(|number| record_id("0PS", number));
    put("PermissionSet", json!({ "Id": auditor, "Name": "Auditor", "Type": "Regular", "PermissionsViewSetup": true }));
    put("PermissionSet", json!({ "Id": reader, "Name": "Reader", "Type": "Regular" }));
    put("ObjectPermissions", json!({ "Id": record_id("110", 1), "ParentId": reader, "SobjectType": "Lead", "PermissionsRead": true }));
    put("ObjectPermissions", json!({ "Id": record_id("110", 2), "ParentId": auditor, "SobjectType": "Campaign", "PermissionsRead": true }));
    for (number, (who, set)) in (1..).zip([(ADA, &auditor), (ADA, &reader), (BEN, &reader), (3, &reader)]) {
        put(
            "PermissionSetAssignment",
            json!({ "Id": record_id("0Pa", number), "AssigneeId": user(who), "PermissionSetId": set, "IsActive": true }),
        );
    }
    Arc::new(builder.build())
}

/// The org, in which the app runs as this user and pages have three rows.
fn serve(org: Arc<Org>, running: u64, faults: FaultPlan) -> Running {
    spawn(Options { running_user: Some(user(running)), page_size: Some(3), faults, ..Options::new(org) }).unwrap()
}

/// A place with the index that both jobs over the org left.
fn filled() -> Place {
    let (place, org) = (Place::empty(), serve(org(|_, _| ()), ADA, FaultPlan::default()));
    for kind in ["full", "access_control"] {
        let done = run(&["sync", "-c", &config(&place, &org, true), "--job", kind]);
        assert_eq!(done.code, Some(0), "{done:?}");
    }
    place
}

fn config(place: &Place, org: &Running, is_on: bool) -> String {
    place.config(&org.base_url, json!({ "use_document_level_security": is_on }), json!({}))
}

/// Access documents as they are printed.
fn held(place: &Place) -> String {
    let done = run(&["export", "--data", &place.path("data"), "--index", ".search-acl-filter-search-sf"]);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    done.out
}

/// Users with an access document, each with the objects that they read by it.
fn readers(place: &Place) -> Vec<(String, Vec<String>)> {
    let reader = |line: &str| {
        let document: Value = serde_json::from_str(line).unwrap();
        let tokens = document["_source"]["query"]["template"]["params"]["access_control"].as_array().unwrap();
        let objects = tokens.iter().filter_map(|token| token.as_str()?.strip_prefix("object:")?.strip_suffix(":read"));
        (document["_id"].as_str().unwrap().to_owned(), objects.map(str::to_owned).collect())
    };
    held(place).lines().map(reader).collect()
}

fn reads(number: u64, objects: &[&str]) -> (String, Vec<String>) {
    (user(number), objects.iter().map(|object| (*object).to_owned()).collect())
}

/// The one line of an access job that fails, and touches neither access documents nor content.
fn line(org: &Running) -> String {
    let place = filled();
    let before = (held(&place), place.export());
    assert_eq!(before.0.lines().count(), 3);
    let line = fails(&["sync", "-c", &config(&place, org, true), "--job", "access_control"], 1);
    assert!((held(&place), place.export()) == before, "something was touched: {line}");
    line
}

#[test]
fn everybody_gets_what_permission_sets_give() {
    let expected = [reads(ADA, &["Campaign", "Lead"]), reads(BEN, &["Lead"]), reads(3, &["Lead"])];
    assert_eq!(readers(&filled()), expected);
}

#[test]
fn without_the_right_to_see_permissions_the_right_is_named_and_nothing_is_touched() {
    let line = line(&serve(org(|_, _| ()), BEN, FaultPlan::default()));
    contains_all(&line, &["`PermissionSet` cannot be read; give the run-as user `View Setup and Configuration`"]);
}

/// The org, in which the second page of assignments goes wrong: no other table has one.
fn half_way(fault: Fault) -> Running {
    let when = Match { path: Some("*/query/0*".to_owned()), ..Match::default() };
    serve(org(|_, _| ()), ADA, FaultPlan::one(when, fault))
}

#[test]
fn a_query_that_fails_half_way_touches_nothing() {
    let org = half_way(Fault::HtmlError { status: 503 });
    contains_all(&line(&org), &["read who may read what, from PermissionSetAssignment", "answered 503", "[SF0003]"]);
    assert!(org.stats().faults > 0);
}

#[test]
fn a_right_that_is_lost_half_way_is_named() {
    let refused = Fault::Status { status: 403, body: None, code: Some("INSUFFICIENT_ACCESS".into()), message: Some("no access".into()) };
    contains_all(
        &line(&half_way(refused)),
        &["`PermissionSetAssignment` cannot be read; give the run-as user `View Setup and Configuration`"],
    );
}

#[test]
fn a_table_that_the_org_does_not_know_is_named_with_the_right_that_shows_it() {
    let objects = standard_objects().into_iter();
    let without = OrgBuilder::new(objects.filter(|object| object.name != "PermissionSetAssignment").collect()).build();
    let org = spawn(Options::new(Arc::new(without))).unwrap();
    contains_all(&line(&org), &["cannot be read; give the run-as user `View Setup and Configuration`"]);
    let unknown = Fault::Status { status: 400, body: None, code: Some("INVALID_TYPE".into()), message: None };
    let when = Match { query: Some("FROM ObjectPermissions".to_owned()), ..Match::default() };
    let org = serve(self::org(|_, _| ()), ADA, FaultPlan::one(when, unknown));
    contains_all(&line(&org), &["`ObjectPermissions` cannot be read; give the run-as user `View Setup and Configuration`"]);
}

#[test]
fn tables_without_rows_are_no_reason_to_close_everything() {
    let org = spawn(Options::new(Arc::new(OrgBuilder::new(standard_objects()).build()))).unwrap();
    contains_all(&line(&org), &["`User` shows no rows; give the run-as user `View All Users`"]);
}

#[test]
fn permissions_on_an_object_that_nobody_knows_do_no_harm() {
    let place = filled();
    let ghost = |object: &str, row: &mut Value| {
        if object == "ObjectPermissions" && row["SobjectType"] == "Campaign" {
            row["SobjectType"] = json!("Ghost__c");
        }
    };
    let org = serve(org(ghost), ADA, FaultPlan::default());
    let done = run(&["sync", "-c", &config(&place, &org, true), "--job", "access_control"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(readers(&place), [reads(ADA, &["Ghost__c", "Lead"]), reads(BEN, &["Lead"]), reads(3, &["Lead"])]);
}

#[test]
fn with_the_switch_off_the_job_does_nothing_and_ends_well() {
    let (place, changed) = (filled(), |object: &str, row: &mut Value| {
        if object == "User" {
            row["IsActive"] = json!(row["Id"] == user(ADA).as_str());
        }
    });
    let org = serve(org(changed), ADA, FaultPlan::default());
    let before = (held(&place), place.export());
    let done = run(&["sync", "-c", &config(&place, &org, false), "--job", "access_control"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!((held(&place), place.export()) == before);
    assert_eq!(org.stats().log.len(), 0, "nobody is asked");
}

#[test]
fn whoever_became_inactive_or_lost_the_licence_loses_the_access_document() {
    let place = filled();
    let content = place.export();
    let changed = |object: &str, row: &mut Value| {
        if object == "User" {
            row["IsActive"] = json!(row["Id"] != user(BEN).as_str());
            row["UserType"] = json!(if row["Id"] == user(3).as_str() { "CspLitePortal" } else { "Standard" });
        }
    };
    let org = serve(org(changed), ADA, FaultPlan::default());
    let done = run(&["sync", "-c", &config(&place, &org, true), "--job", "access_control", "--output", "json"]);
    assert_eq!((done.code, &done.summary()["counts"]["deleted"]), (Some(0), &json!(2)), "{done:?}");
    assert_eq!(readers(&place), [reads(ADA, &["Campaign", "Lead"])]);
    assert_eq!(place.export(), content);
}
