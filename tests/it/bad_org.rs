//! What goes wrong on the other side: whatever an org, or what stands in its place, does, a job ends in one line that says what and where,
//! and the index keeps what it has.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use simulator::faults::{Fault, FaultPlan};
use simulator::{Options, Refusal, Running, load_dir, spawn};

use crate::canned::{Answer, Canned};
use crate::program::{Place, broken, contains_all, golden, run, simulated};

/// The line of a sync that fails against what answers at `base_url`.
fn line(base_url: &str, configuration: Value) -> String {
    let place = Place::filled();
    place.sync_fails(1, &place.config(base_url, configuration, json!({})))
}

#[test]
fn a_port_where_nothing_listens_is_named() {
    let line = line("http://127.0.0.1:9", json!({}));
    contains_all(&line, &["sign in to salesforce at http://127.0.0.1:9: no connection: connection refused [SF0001]", "check `domain`"]);
}

#[test]
fn a_host_name_that_does_not_resolve_is_named() {
    let line = line("http://acme.invalid", json!({}));
    // Without a name server, the answer that there is none may not come in time.
    contains_all(&line, &["sign in to salesforce at http://acme.invalid: ", "[SF0001]", "check `domain`"]);
    assert!(line.contains("the name of the host cannot be resolved") || line.contains("no connection in time"), "{line}");
}

#[test]
fn wrong_credentials_are_told_apart_by_the_words_of_salesforce() {
    let org = simulated(FaultPlan::default());
    let wrong = line(&org.base_url, json!({ "client_secret": "0therS3cret" }));
    contains_all(&wrong, &["sign in to salesforce", "invalid client credentials [SF0101]", "check `client_id` and `client_secret`"]);
    assert!(!wrong.contains("0therS3cret"), "{wrong}");
    let wrong = line(&org.base_url, json!({ "client_id": "nobody" }));
    contains_all(&wrong, &["client identifier invalid [SF0101]", "check `client_id`"]);
    assert_eq!(org.stats().tokens_issued, 0);
}

#[test]
fn a_host_that_is_not_the_my_domain_is_told_with_the_key_to_mend() {
    let mut options = Options::new(crate::program::golden_org());
    options.credentials.refusals.push(Refusal {
        client_id: "sluice-demo".into(),
        error: "invalid_grant".into(),
        description: "request not supported on this domain".into(),
    });
    let org = spawn(options).unwrap();
    let line = line(&org.base_url, json!({}));
    contains_all(&line, &["request not supported on this domain [SF0104]", "set `domain` to the My Domain name"]);
}

#[test]
fn a_server_that_is_no_salesforce_is_told_as_such() {
    let page = |status| Canned::serve(move |_| Answer::html(status, "<html>nginx</html>"));
    let not_found = page(404);
    let refused = line(&not_found.base_url, json!({}));
    contains_all(&refused, &[&not_found.base_url, "answered 404 with an HTML page [SF0104]", "set `domain` to the My Domain name"]);
    let everything = page(200);
    contains_all(&line(&everything.base_url, json!({})), &[&everything.base_url, "the answer is an HTML page [SF0004]", "a proxy"]);
    let redirects = page(302);
    contains_all(&line(&redirects.base_url, json!({})), &["answered 302", "[SF0104]"]);
}

#[test]
fn a_page_that_is_no_json_is_told_with_its_object() {
    let html = broken("/query", "FROM Lead", Fault::HtmlError { status: 200 });
    contains_all(&line(&html.base_url, json!({})), &["read the first page of Lead", "HTML page", "[SF0004]", "a proxy"]);
    let error = broken("/query", "FROM Lead", Fault::HtmlError { status: 503 });
    contains_all(
        &line(&error.base_url, json!({})),
        &["read the first page of Lead", "answered 503 with an HTML page [SF0003]", "run the job again later"],
    );
    let cut = broken("/query", "FROM Lead", Fault::Truncate { after_bytes: 100 });
    contains_all(&line(&cut.base_url, json!({})), &["read the first page of Lead", "the answer ended after 100 of", "[SF0004]"]);
    let body = Some(r#"{"totalSize": 1, "records": [{"Id":"#.to_owned());
    let half = broken("/query", "FROM Lead", Fault::Status { status: 200, body, code: None, message: None });
    contains_all(&line(&half.base_url, json!({})), &["read the first page of Lead", "cut off", "[SF0004]"]);
}

#[test]
fn a_connection_that_breaks_within_a_page_is_told_with_its_object() {
    let org = broken("/query", "FROM Campaign", Fault::Reset { after_bytes: 50 });
    let line = line(&org.base_url, json!({}));
    contains_all(&line, &["read the first page of Campaign", "[SF0001]", "the network"]);
}

#[test]
fn a_socket_that_falls_silent_within_a_page_is_given_up() {
    let place = Place::filled();
    let org = broken("/query", "FROM Campaign", Fault::StallBody { after_bytes: 100 });
    let line = place.sync_fails(1, &place.config(&org.base_url, json!({}), json!({ "salesforce": { "idle_timeout": "200ms" } })));
    contains_all(&line, &["read the first page of Campaign", "within 200ms, after 100 bytes [SF0002]", "`salesforce.idle_timeout`"]);
}

#[test]
fn restarts_that_change_nothing_end_with_the_cause() {
    let place = Place::filled();
    let org = broken("/query", "FROM Campaign", Fault::HtmlError { status: 503 });
    let line = place.sync_fails(1, &place.config(&org.base_url, json!({}), json!({ "run": { "restarts": 1 } })));
    contains_all(&line, &["restarted once without progress, last because of: ", "read the first page of Campaign", "[EN0003]"]);
}

#[test]
fn a_spent_allowance_ends_the_job_at_once_and_is_named() {
    let org = broken("/query", "FROM Lead", Fault::RequestLimit);
    let line = line(&org.base_url, json!({}));
    contains_all(
        &line,
        &[
            "read the first page of Lead",
            "REQUEST_LIMIT_EXCEEDED: TotalRequests Limit exceeded [SF0201]",
            "wait until the allowance rolls over",
        ],
    );
    assert_eq!(org.stats().faults, 2, "one in each of two runs: asking again would make it worse");
}

#[test]
fn a_custom_object_that_does_not_exist_is_named() {
    let org = simulated(FaultPlan::default());
    let line = line(&org.base_url, json!({ "sync_custom_objects": true, "custom_objects_to_sync": "Project, Nothing" }));
    contains_all(&line, &["the org has no custom object Nothing__c [SF0304]", "check `custom_objects_to_sync`"]);
}

/// The small org, in which some objects may not be queried.
pub(crate) fn hiding(objects: &[&str]) -> Running {
    let dir = tempfile::tempdir().unwrap();
    copy(&golden(), dir.path());
    let schema = dir.path().join("schema.json");
    let mut objects_of: Value = serde_json::from_str(&std::fs::read_to_string(&schema).unwrap()).unwrap();
    objects.iter().for_each(|object| objects_of[*object]["queryable"] = json!(false));
    std::fs::write(&schema, objects_of.to_string()).unwrap();
    spawn(Options::new(Arc::new(load_dir(dir.path()).unwrap()))).unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn an_org_in_which_nothing_may_be_queried_is_a_fault_and_empties_nothing() {
    let org = hiding(&["Lead", "Campaign"]);
    let line = line(&org.base_url, json!({}));
    contains_all(&line, &["none of the objects may be queried: Lead, Campaign [SF0304]", "the run-as user's permissions"]);
}

#[test]
fn an_object_that_may_not_be_queried_is_skipped_with_a_warning_and_keeps_its_documents() {
    let (place, org) = (Place::filled(), hiding(&["Lead"]));
    let records = |place: &Place| -> Vec<Value> {
        place.documents().into_iter().filter(|document| document["_source"]["attributes"].is_object()).collect()
    };
    let before = (records(&place), place.documents().len());
    assert!(before.0.iter().any(|document| document["_source"]["attributes"]["type"] == "Lead"));
    let done = run(&["sync", "-c", &place.config(&org.base_url, json!({}), json!({})), "--output", "json"]);
    let summary = done.summary();
    assert_eq!((done.code, &summary["status"]), (Some(0), &json!("completed")), "{done:?}");
    let warning = done.err.lines().find(|line| line.contains("object skipped")).unwrap_or_default();
    contains_all(warning, &["WARN", "Lead", "the run-as user may not query it"]);
    assert!(summary["counts"]["deleted"] == 0 && (records(&place), place.documents().len()) == before, "its files stay as well");
}

#[test]
fn documents_over_the_limit_are_set_aside_and_stay_as_they_were() {
    let (place, org) = (Place::empty(), simulated(FaultPlan::default()));
    // A file whose text is too long is written without it.
    let pipeline = || json!({ "text_extraction": "pipeline" });
    let good = run(&["sync", "-c", &place.config(&org.base_url, pipeline(), json!({}))]);
    assert_eq!(good.code, Some(0), "{good:?}");
    let before = place.documents();
    let small = json!({ "elasticsearch": { "bulk": { "max_text_document_size": 200 } } });
    let done = run(&["sync", "-c", &place.config(&org.base_url, pipeline(), small), "--output", "json"]);
    let summary = done.summary();
    assert_eq!((done.code, &summary["status"]), (Some(0), &json!("completed")), "{done:?}");
    let set_aside = summary["counts"]["set_aside"].as_u64().unwrap();
    assert!(set_aside > 0 && summary["counts"]["deleted"] == 0, "{summary}");
    let warnings: Vec<_> = done.err.lines().filter(|line| line.contains("set aside")).collect();
    assert_eq!(warnings.len() as u64, set_aside);
    contains_all(warnings[0], &["bytes", "the limit is 200", "[SF0402]", "raise `elasticsearch.bulk.max_text_document_size`"]);
    assert_eq!(place.documents(), before);
}

/// An org of one object with these rows.
fn leads(rows: &'static [&'static str]) -> Canned {
    Canned::serve(move |request| match request.path.as_str() {
        "/services/oauth2/token" => Answer::json(r#"{"access_token":"t0ken","token_type":"Bearer"}"#),
        "/services/data/v64.0/sobjects" => {
            Answer::json(r#"{"sobjects":[{"name":"Lead","queryable":true,"custom":false,"keyPrefix":"00Q"}]}"#)
        }
        "/services/data/v64.0/sobjects/Lead/describe" => {
            Answer::json(r#"{"fields":[{"name":"Id","type":"id"},{"name":"Name","type":"string"}],"childRelationships":[]}"#)
        }
        "/services/data/v64.0/query" => {
            Answer::json(&format!(r#"{{"totalSize":{},"done":true,"records":[{}]}}"#, rows.len(), rows.join(",")))
        }
        _ => Answer::html(404, "<html></html>"),
    })
}

const FIRST: &str = r#"{"attributes":{"type":"Lead"},"Id":"00QHs00000000001AA","Name":"first"}"#;
const SECOND: &str = r#"{"attributes":{"type":"Lead"},"Id":"00QHs00000000002AA","Name":"second"}"#;
const WITHOUT: &str = r#"{"attributes":{"type":"Lead"},"Name":"second"}"#;

#[test]
fn a_record_without_an_id_is_set_aside_and_named_by_its_place() {
    let (place, whole, lacking) = (Place::empty(), leads(&[FIRST, SECOND]), leads(&[FIRST, WITHOUT]));
    let sync = |org: &Canned| {
        let config = place.config(&org.base_url, json!({ "standard_objects_to_sync": "Lead" }), json!({}));
        run(&["sync", "-c", &config, "--output", "json"])
    };
    assert_eq!(sync(&whole).code, Some(0));
    assert_eq!(place.documents().len(), 2);
    let done = sync(&lacking);
    let summary = done.summary();
    assert_eq!((done.code, &summary["counts"]["set_aside"]), (Some(0), &json!(1)), "{done:?}");
    let warning = done.err.lines().find(|line| line.contains("set aside")).unwrap_or_default();
    contains_all(warning, &["row 2 of a page of Lead has no usable Id", "[SF0401]"]);
    assert!(!warning.contains("second"), "{warning}");
    assert_eq!(place.documents().len(), 2, "its document stays");
}
