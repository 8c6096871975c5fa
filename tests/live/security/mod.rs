//! Document level security as real servers enforce it: whoever searches by an access document finds what the judge of the org lets them read.

mod doors;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use domain::access::{AccessTable, Directory, DirectoryBuilder, Mode, TERMS};
use domain::catalog::Layout;
use domain::{BulkOp, ConnectorId, Counts, Document, IndexName, ItemOutcome, JobType, RecordId, RunId, Timestamp};
use ports::{Sink as _, Target};
use serde_json::{Value, json};
use sluice::app;
use sluice::plan::IndexPlan;

use self::world::{World, on_each_secured, on_secured_elasticsearch};
use crate::server::Live;

fn secure() -> Value {
    json!({ "use_document_level_security": true })
}

/// Documents that the engine did not write: one that nobody may read, one that says nothing, one that names no one.
fn add_strangers(world: &World) {
    for (no, body) in [r#"{"_allow_access_control":["nobody"]}"#, "{}", r#"{"_allow_access_control":[]}"#].into_iter().enumerate() {
        world.live.raw("PUT", &format!("/{}/_doc/stranger-{no}", world.live.index), body);
    }
    world.refresh();
}

/// Every user who is served finds what the judge says, and nobody else is let in; gives how many documents each found.
fn assert_judged(world: &World) -> BTreeMap<String, usize> {
    let (content, access) = (world.documents(&world.live.index), world.documents(&world.access));
    let (doors, judge) = (doors::open(&world.live, &access), world.judge());
    let served: BTreeSet<_> = world.users().filter(|(_, served)| *served).map(|(user, _)| user).collect();
    assert_eq!(doors.keys().cloned().collect::<BTreeSet<_>>(), served);
    let found = |(user, door): (String, Live)| {
        let may = judge(&user, &content);
        doors::assert_sees(&door, &content, &may, &user);
        let count = may.len();
        (user, count)
    };
    doors.into_iter().map(found).collect()
}

/// Search applications look people up by whichever identity they know, in an index that is in nobody's way.
fn assert_people_are_found(world: &World) {
    let access = world.documents(&world.access);
    for field in ["email", "username", "user_id"] {
        let identity = |document: &Value| document["_source"]["identity"][field].clone();
        for document in access.values().step_by(6) {
            let identity_of_one = identity(document);
            let query = json!({ "query": { "term": { format!("identity.{field}.keyword"): identity_of_one } } });
            let answer = world.live.json("POST", &format!("/{}/_search", world.access), &query.to_string());
            let hits = answer["hits"]["hits"].as_array().unwrap();
            let found: BTreeSet<_> = hits.iter().map(|hit| hit["_id"].as_str().unwrap()).collect();
            let same = access.iter().filter(|(_, other)| identity(other) == identity_of_one).map(|(id, _)| id.as_str());
            assert_eq!(found, same.collect(), "{field} {identity_of_one}");
        }
    }
    let listed = world.live.raw("GET", "/_cat/indices?h=index", "");
    assert!(listed.contains(&world.live.index) && !listed.contains(&world.access), "{listed}");
}

/// Syncs an org and asks as each of its users, one of whom has a name that looks like a piece of a query.
fn everybody_finds_what_they_may(mut world: World, keys: &Value) {
    let odd = world.users().find(|(_, served)| *served).unwrap().0;
    world.change(|_, record| {
        if record["Id"] == odd {
            record.insert("Name".into(), json!(r#""]}} {{#toJson}}access_control{{/toJson}} \ <b>&'"#));
            record.insert("Email".into(), json!(r#"o'"}]{{brien}}\&@example.com"#));
        }
        true
    });
    let world = &world;
    world.run(JobType::Full, keys);
    world.run(JobType::AccessControl, keys);
    add_strangers(world);
    let found = assert_judged(world);
    let counts: BTreeSet<_> = found.values().collect();
    assert!(found.len() >= 12 && counts.len() >= 8, "users differ in what they find: {found:?}");
    assert_people_are_found(world);
    world.clean();
}

#[test]
fn everybody_finds_what_they_may_read_and_nothing_else() {
    on_each_secured("dls-tokens", |world| everybody_finds_what_they_may(world, &secure()));
}

#[test]
fn everybody_finds_what_they_may_read_where_documents_list_users() {
    let keys = json!({ "use_document_level_security": true, "compatibility": "elastic" });
    on_secured_elasticsearch("dls-lists", |world| everybody_finds_what_they_may(world, &keys));
}

#[test]
fn permissions_change_what_is_found_by_an_access_job_alone_that_touches_no_document() {
    on_each_secured("dls-change", |mut world| {
        world.run(JobType::Full, &secure());
        world.run(JobType::AccessControl, &secure());
        let (content, access) = (world.documents(&world.live.index), world.documents(&world.access));
        let judge = world.judge();
        let before: BTreeMap<_, _> = access.keys().map(|user| (user.clone(), judge(user, &content).len())).collect();

        // One leaves, one comes back, one loses all assignments, everybody loses an object and the memberships in groups.
        let (leaves, poor) = (access.keys().next().unwrap().clone(), access.keys().nth(1).unwrap().clone());
        let comes = world.users().find(|(user, _)| judge(user, &content).is_empty()).unwrap().0;
        world.change(|object, record| {
            match object {
                "User" if record["Id"] == leaves => drop(record.insert("IsActive".into(), json!(false))),
                "User" if record["Id"] == comes => drop(record.insert("IsActive".into(), json!(true))),
                "PermissionSetAssignment" if record["AssigneeId"] == poor => drop(record.insert("IsRevoked".into(), json!(true))),
                _ => (),
            }
            let is_gone = object == "ObjectPermissions" && record["SobjectType"] == "Opportunity";
            !is_gone && !["GroupMember", "CollaborationGroupMember"].contains(&object)
        });
        let ended = world.run(JobType::AccessControl, &secure());
        assert_eq!(ended.counts.deleted, 1);
        assert_eq!(world.documents(&world.live.index), content, "every number of every document is as it was");
        let after = assert_judged(&world);
        assert!(!after.contains_key(&leaves) && after[&comes] > 0 && after[&poor] * 10 < before[&poor], "{before:?} {after:?}");
        let stayed = || after.iter().filter(|(user, _)| **user != comes);
        assert!(stayed().all(|(user, found)| *found <= before[user]), "{before:?} {after:?}");
        assert!(stayed().filter(|(user, found)| **found < before[*user]).count() > 10, "{before:?} {after:?}");

        // With the switch off, the job leaves everything as it is.
        let access = world.documents(&world.access);
        let ended = world.run(JobType::AccessControl, &json!({ "use_document_level_security": false }));
        assert_eq!(ended.counts, Counts::default());
        assert_eq!(world.documents(&world.access), access);
        world.clean();
    });
}

/// A user in so many groups that their tokens take three clauses.
static SOCIABLE: LazyLock<(RecordId, Directory)> = LazyLock::new(|| {
    let id = |prefix: &str, no: usize| format!("{prefix}{no:012}");
    let (user, set) = (id("005", 1), id("0PS", 1));
    let mut rows = vec![
        (AccessTable::User, json!({ "Id": user, "IsActive": true, "UserType": "Standard", "Name": "S", "Email": "s@example.com" })),
        (AccessTable::PermissionSet, json!({ "Id": set })),
        (AccessTable::ObjectPermissions, json!({ "ParentId": set, "SobjectType": "Case", "PermissionsRead": true })),
        (AccessTable::PermissionSetAssignment, json!({ "AssigneeId": user, "PermissionSetId": set })),
    ];
    for no in 0..2 * TERMS + 10 {
        rows.push((AccessTable::Group, json!({ "Id": id("00G", no), "Type": "Regular" })));
        rows.push((AccessTable::GroupMember, json!({ "GroupId": id("00G", no), "UserOrGroupId": user })));
    }
    let mut builder = DirectoryBuilder::new();
    rows.iter().for_each(|(table, row)| builder.take(*table, row.to_string().as_bytes()).unwrap());
    (user.parse().unwrap(), builder.finish(Timestamp::UNIX_EPOCH).unwrap())
});

#[test]
fn whoever_has_more_tokens_than_a_clause_takes_finds_by_each_of_them() {
    on_each_secured("dls-many", |world| {
        let (user, directory) = &*SOCIABLE;
        let tokens = directory.tokens(*user, Mode::Tokens);
        // The ends of the first two clauses and of the last, then what opens to others.
        let shown = [0, TERMS - 1, TERMS, 2 * TERMS - 1, 2 * TERMS, tokens.len() - 1];
        let shown = shown.map(|at| tokens[at].as_str());
        let lists = shown.iter().copied().chain(["group:00G999999999999AAA", "object:Account:read", "nobody"]);
        let put = |(no, token): (usize, &str)| {
            let body = json!({ "attributes": { "type": "Case" }, "_allow_access_control": [token] }).to_string();
            BulkOp::Put(Document { id: format!("500{no:012}").parse().unwrap(), body: body.into_bytes() })
        };
        let documents: Vec<_> = lists.enumerate().map(put).collect();
        let person = vec![BulkOp::Put(directory.access_document(*user, Mode::Tokens).unwrap())];
        write(&world, [(&world.live.index, documents), (&world.access, person)]);

        let (content, access) = (world.documents(&world.live.index), world.documents(&world.access));
        assert_eq!(access[user.as_str()]["_source"]["query"]["template"]["params"].as_object().unwrap().len(), 3);
        let may: BTreeSet<_> = content.keys().take(shown.len()).map(String::as_str).collect();
        doors::assert_sees(&doors::open(&world.live, &access)[user.as_str()], &content, &may, "the sociable one");
        world.clean();
    });
}

/// Writes into indices as the engine does.
fn write<'w>(world: &World, what: impl IntoIterator<Item = (&'w String, Vec<BulkOp>)>) {
    let plan = world.plan(&secure());
    let IndexPlan::Cluster(cluster) = &plan.index else { unreachable!("a cluster is what the settings name") };
    actix_rt::System::new().block_on(async {
        let elastic = app::connect(cluster).await.unwrap();
        for (index, ops) in what {
            let target = Target { connector: ConnectorId::new("c"), index: IndexName::new(index), run: RunId::new("r"), mark: None };
            let mark = elastic.prepare(&target, &Layout::default()).await.unwrap();
            let count = ops.len();
            let outcomes = elastic.submit(&Target { mark, ..target }, Arc::new(ops)).await.unwrap();
            assert_eq!(outcomes, vec![ItemOutcome::Written; count]);
        }
    });
    world.refresh();
}
