//! What people get wrong on this side: every mistake ends in one line that names it, and the index stays as it was.

use std::net::TcpListener;
use std::sync::Arc;

use adapters::embedded::Embedded;
use serde_json::{Value, json};
use sluice::clock::SystemClock;

use crate::program::{Place, contains_all, fails, run};

/// An address that is never asked.
const NOWHERE: &str = "http://127.0.0.1:9";

#[test]
fn a_configuration_file_that_is_not_there_is_named() {
    for line in [fails(&["sync", "-c", "/nowhere/c.yml"], 2), fails(&["export", "-c", "/nowhere/c.yml", "--index", "i"], 2)] {
        contains_all(&line, &["/nowhere/c.yml cannot be read: no such file or directory", "`-c`"]);
    }
}

#[test]
fn a_file_that_is_not_yaml_is_told_with_the_place() {
    let place = Place::empty();
    let config = place.write("config.yml", "index: {kind: embedded}\nconnectors: [\n");
    contains_all(&fails(&["sync", "-c", &config], 2), &["config.yml", "line ", "column ", "is not valid YAML"]);
    let config = place.write("config.yml", "just a sentence");
    contains_all(&fails(&["sync", "-c", &config], 2), &["config.yml", "must be one YAML document of groups of keys"]);
}

#[test]
fn a_missing_key_is_named_with_what_it_is() {
    let place = Place::filled();
    let line = place.sync_fails(2, &place.config(NOWHERE, json!({ "client_id": null }), json!({})));
    contains_all(&line, &["`connectors[0].configuration.client_id` is missing", "consumer key of the connected app"]);
    let line = place.sync_fails(2, &place.config(NOWHERE, json!({ "domain": null }), json!({ "salesforce": { "base_url": null } })));
    contains_all(&line, &["`connectors[0].configuration.domain` is missing", "`acme` for acme.my.salesforce.com"]);
}

#[test]
fn a_cluster_that_does_not_answer_is_told_with_the_key_to_mend() {
    let place = Place::filled();
    let cluster = json!({ "index": { "kind": "elasticsearch" }, "elasticsearch": { "host": NOWHERE, "max_retries": 1 } });
    let config = place.config(NOWHERE, json!({}), cluster);
    contains_all(&fails(&["sync", "-c", &config], 1), &["connection refused [ES0001]", "check `elasticsearch.host`"]);
    contains_all(&fails(&["export", "-c", &config, "--index", "i"], 1), &["connection refused [ES0001]"]);
    let wrong = place.config(NOWHERE, json!({}), json!({ "index": { "kind": null }, "elasticsearch": { "host": "es:9200" } }));
    contains_all(&place.sync_fails(2, &wrong), &["`elasticsearch.host` must be an address such as"]);
}

#[test]
fn all_mistakes_are_told_at_once_one_on_each_line() {
    let place = Place::filled();
    let changes = json!({ "run": { "budget": 5 }, "actors": { "acl_builder": { "mailbox": 0 } }, "admin": { "listen": "here" } });
    let config = place.config(NOWHERE, json!({ "client_secret": null }), changes);
    let before = place.export();
    let done = run(&["sync", "-c", &config]);
    assert_eq!((done.code, done.out.as_str(), done.err.lines().count()), (Some(2), "", 4), "{done:?}");
    for (start, end) in [
        ("`actors.acl_builder.mailbox` is `0`", "must be a whole number from 1 to 100000"),
        ("`run.budget` is `5`", "must be a size from 8MiB to 1TiB"),
        ("`admin.listen` is `here`", "such as `127.0.0.1:9464`"),
        ("`connectors[0].configuration.client_secret` is missing", "or give `private_key` and `username`"),
    ] {
        let is_it = |line: &str| line.starts_with(&format!("sluice: {start}")) && line.ends_with(end);
        assert!(done.err.lines().any(is_it), "{start}: {done:?}");
    }
    assert_eq!(place.export(), before);
}

#[test]
fn an_unknown_key_is_refused_with_the_one_that_was_meant() {
    let place = Place::filled();
    let unknown = |configuration: Value, whole: Value| place.sync_fails(2, &place.config(NOWHERE, configuration, whole));
    let line = unknown(json!({}), json!({ "run": { "budgt": "96MiB" } }));
    assert_eq!(line, "`run.budgt` is not known; did you mean `budget`?");
    let line = unknown(json!({ "client_secrt": "x" }), json!({}));
    assert_eq!(line, "`connectors[0].configuration.client_secrt` is not known; did you mean `client_secret`?");
    let line = unknown(json!({ "standard_objects_to_sync": "Acount" }), json!({}));
    contains_all(&line, &["names `Acount`, which is not known; did you mean `Account`?"]);
}

#[test]
fn a_name_at_the_first_level_that_means_nothing_is_warned_about() {
    let place = Place::empty();
    let config = place.config(NOWHERE, json!({}), json!({ "telemetry": { "level": 3 } }));
    let done = run(&["sync", "-c", &config, "--print-plan"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    contains_all(&done.err, &["WARN", "telemetry", "ignored"]);
}

#[test]
fn an_unknown_connector_is_told_with_those_that_there_are() {
    let place = Place::filled();
    let config = place.config(NOWHERE, json!({}), json!({}));
    let before = place.export();
    let line = fails(&["sync", "-c", &config, "--connector", "sf-prod"], 2);
    assert_eq!(line, "there is no connector `sf-prod` in the configuration; there are: `sf`");
    assert_eq!(place.export(), before);
}

#[test]
fn a_private_key_that_is_none_is_refused_without_showing_it() {
    let place = Place::filled();
    let marker = "bm90IGEga2V5";
    let key = format!("-----BEGIN PRIVATE KEY-----\n{marker}\n-----END PRIVATE KEY-----\n");
    let line =
        place.sync_fails(2, &place.config(NOWHERE, json!({ "client_secret": null, "username": "u", "private_key": key }), json!({})));
    contains_all(&line, &["private_key", "RSA", "[CF0001]"]);
    assert!(!line.contains(marker), "{line}");
}

#[test]
fn a_data_directory_below_a_file_cannot_be_used() {
    let place = Place::empty();
    place.write("data", "a file");
    let below = place.path("data/index");
    let config = place.config(NOWHERE, json!({}), json!({ "index": { "path": below } }));
    let lines = [fails(&["sync", "-c", &config], 2), fails(&["demo", "--once", "--data", &below], 2)];
    for line in lines {
        contains_all(&line, &["cannot use `", &below, "not a directory", "[DB0001]", "`index.path` or `--data`"]);
    }
    assert_eq!(std::fs::read(place.data()).unwrap(), b"a file");
}

#[test]
fn a_data_directory_in_use_is_left_alone_and_can_still_be_read() {
    let place = Place::filled();
    let config = place.config(NOWHERE, json!({}), json!({}));
    let held = Embedded::open(place.data(), Arc::new(SystemClock)).unwrap();
    let lines = [place.sync_fails(1, &config), fails(&["demo", "--once", "--data", &place.path("data")], 1)];
    for line in lines {
        contains_all(&line, &[&place.path("data"), "is in use by another process [DB0002]", "stop the other process"]);
    }
    drop(held);
    assert!(!place.export().is_empty());
}

#[test]
fn a_file_of_another_program_is_left_untouched() {
    let place = Place::empty();
    std::fs::create_dir(place.data()).unwrap();
    let config = place.config(NOWHERE, json!({}), json!({}));
    let mut sqlite = b"SQLite format 3\0".to_vec();
    sqlite.resize(8192, 0);
    for (file, says) in [(sqlite, "is the database of another program"), (b"notes".to_vec(), "is no database")] {
        let path = place.data().join("sluice.sqlite");
        std::fs::write(&path, &file).unwrap();
        let lines = [
            fails(&["sync", "-c", &config], 2),
            fails(&["demo", "--once", "--data", &place.path("data")], 2),
            fails(&["export", "-c", &config, "--index", "i"], 2),
        ];
        for line in lines {
            contains_all(&line, &[path.to_str().unwrap(), says, "[DB0004]", "choose another data directory"]);
        }
        assert_eq!(std::fs::read(&path).unwrap(), file);
    }
}

#[test]
fn a_port_in_use_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    for command in ["simulate", "demo"] {
        let line = fails(&[command, "--port", &port], 1);
        contains_all(&line, &[&format!("port {port} on 127.0.0.1 is in use"), "choose another one with `--port`", "0 for any"]);
    }
}

#[test]
fn an_org_or_a_fault_plan_that_cannot_be_read_is_named() {
    let place = Place::empty();
    let line = fails(&["simulate", "--port", "0", "--org", &place.path("org")], 2);
    contains_all(&line, &[&place.path("org"), "cannot load org"]);
    let faults = place.write("faults.yml", "- do: {stauts: 503}");
    contains_all(&fails(&["simulate", "--port", "0", "--faults", &faults], 2), &[&faults, "rule 1, do"]);
}

#[test]
fn an_export_of_what_is_not_there_names_what_there_is() {
    let place = Place::filled();
    let line = fails(&["export", "--data", &place.path("data"), "--index", "search-fs"], 1);
    assert_eq!(line, "the index `search-fs` has no documents; there are: search-sf");
    let line = fails(&["export", "--data", &place.path("nothing"), "--index", "search-sf"], 2);
    contains_all(&line, &[&place.path("nothing"), "there is no embedded index in `", "run a sync first"]);
    assert!(!std::path::Path::new(&place.path("nothing")).exists(), "looking makes nothing");
}
