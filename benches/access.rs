//! The access control job: time and memory for many users, and for one with very many tokens.
//!
//! `cargo build --release && cargo bench --bench access`. The simulated org is a process of its own, the engine is `target/release/sluice sync`.

mod common;

use std::process::ExitCode;
use std::sync::Arc;

use serde_json::{Value, json};
use simulator::org::OrgBuilder;
use simulator::{Options, record_id, spawn, standard_objects};

use common::program::Run;
use common::{Failure, Process, say};

/// Users, permission sets, sets of a user, objects that a set may read, groups, members of each.
const MANY: [u64; 6] = [30_000, 500, 5, 60, 2_000, 50];
/// The same for a small org with a user in a hundred thousand groups.
const JOINER: [u64; 6] = [50, 20, 5, 60, 100_000, 1];

fn main() -> Result<ExitCode, Failure> {
    let args: Vec<_> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let ["simulate", ref sizes @ ..] = args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        let sizes: Vec<u64> = sizes.iter().map(|size| size.parse()).collect::<Result<_, _>>()?;
        simulate(sizes.try_into().map_err(|_| "six sizes")?)?;
    }
    say(&"| users | permission sets | assignments | group members | index | access documents | CPU s | wall s | peak memory |");
    say(&"|---|---|---|---|---|---|---|---|---|");
    for sizes in [MANY, JOINER] {
        let numbers = sizes.map(|size| size.to_string());
        let mut org = Process::start(&["simulate"].into_iter().chain(numbers.iter().map(String::as_str)).collect::<Vec<_>>())?;
        let url = org.line()?;
        let [users, sets, of_user, _, groups, members] = sizes;
        for (index, args) in [("counts only", &["--job", "access_control", "--dry-run"][..]), ("embedded", &["--job", "access_control"])] {
            let run = Run::of(&url, &json!({ "use_document_level_security": true }), args)?;
            let (written, peak) = (run.count("written")?, run.peak / 1e6);
            let (cpu, wall) = (run.cpu, run.wall);
            say(&format!(
                "| {users} | {sets} | {} | {} | {index} | {written} | {cpu:.1} | {wall:.1} | {peak:.0} MB |",
                users * of_user,
                groups * members
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The org, until it is killed.
fn simulate([users, sets, of_user, objects, groups, members]: [u64; 6]) -> Result<(), Failure> {
    let mut org = OrgBuilder::new(standard_objects());
    let mut add = |object: &str, row: Value| org.push_value(object, &row);
    add("Organization", json!({ "Id": record_id("00D", 1) }))?;
    for no in 1..=users {
        add(
            "User",
            json!({
                "Id": record_id("005", no), "Name": format!("User {no}"), "Email": format!("user{no}@example.com"), "IsActive": true,
                "UserType": "Standard", "CreatedDate": STAMP, "LastModifiedDate": STAMP,
            }),
        )?;
        for turn in 0..of_user {
            add(
                "PermissionSetAssignment",
                json!({
                    "Id": record_id("0Pa", (no - 1) * of_user + turn + 1), "AssigneeId": record_id("005", no),
                    "PermissionSetId": record_id("0PS", (no * 7 + turn * 31) % sets + 1), "IsActive": true,
                }),
            )?;
        }
    }
    for no in 1..=sets {
        add("PermissionSet", json!({ "Id": record_id("0PS", no), "Type": "Regular" }))?;
        for turn in 0..objects {
            add(
                "ObjectPermissions",
                json!({
                    "Id": record_id("110", (no - 1) * objects + turn + 1), "ParentId": record_id("0PS", no),
                    "SobjectType": format!("Object_{}__c", (no + turn) % 200), "PermissionsRead": true,
                }),
            )?;
        }
    }
    for no in 1..=groups {
        add("Group", json!({ "Id": record_id("00G", no), "Type": "Regular", "DoesIncludeBosses": false }))?;
        for turn in 0..members {
            // Of many groups with one member, that is always the same one.
            let user = if members == 1 { 1 } else { (no * 13 + turn * 101) % users + 1 };
            add(
                "GroupMember",
                json!({ "Id": record_id("011", (no - 1) * members + turn + 1), "GroupId": record_id("00G", no), "UserOrGroupId": record_id("005", user) }),
            )?;
        }
    }
    let running = spawn(Options::new(Arc::new(org.build())))?;
    say(&running.base_url);
    loop {
        std::thread::park();
    }
}

const STAMP: &str = "2026-01-01T00:00:00.000+0000";
