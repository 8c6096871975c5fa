//! Files through the whole program: bad ones, bad downloads, those that are known already, and those from before there were files.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

use serde_json::{Value, json};
use simulator::faults::{Fault, FaultPlan, FaultRule, Match};
use simulator::org::{Org, OrgBuilder};
use simulator::{Endpoint, Options, Running, generate, record_id, spawn, standard_objects};

use crate::program::{Done, Place, contains_all, run, simulated};

/// An org with one account, on which these files hang.
fn org_of(files: &[(&str, Vec<u8>)]) -> Org {
    let mut org = OrgBuilder::new(standard_objects());
    let stamp = "2026-01-01T00:00:00.000+0000";
    let account = record_id("001", 1);
    org.push_value("Account", &json!({ "Id": account, "Name": "Acme", "CreatedDate": stamp, "LastModifiedDate": stamp })).unwrap();
    for (no, (name, bytes)) in (1..).zip(files) {
        let [document, version] = ["069", "068"].map(|prefix| record_id(prefix, no));
        let (title, extension) = name.rsplit_once('.').unwrap();
        let both = json!({
            "Title": title, "FileExtension": extension, "ContentSize": bytes.len(), "CreatedDate": stamp, "LastModifiedDate": stamp,
        });
        let with = |more: Value| {
            let mut row = both.clone();
            row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            row
        };
        org.push_value(
            "ContentVersion",
            &with(json!({ "Id": version, "ContentDocumentId": document, "VersionNumber": "1", "IsLatest": true })),
        )
        .unwrap();
        org.file(&version, bytes.clone().into());
        org.push_value("ContentDocument", &with(json!({ "Id": document, "LatestPublishedVersionId": version }))).unwrap();
        let link = json!({ "Id": record_id("06A", no), "ContentDocumentId": document, "LinkedEntityId": account, "ShareType": "V", "Visibility": "AllUsers" });
        org.push_value("ContentDocumentLink", &link).unwrap();
    }
    org.build()
}

fn serve(org: Org, faults: FaultPlan) -> Running {
    spawn(Options { faults, ..Options::new(Arc::new(org)) }).unwrap()
}

/// Syncs accounts with these keys of `configuration` and of the whole.
fn sync(place: &Place, org: &Running, configuration: Value, whole: Value) -> Done {
    let mut keys = json!({ "standard_objects_to_sync": "Account" });
    keys.as_object_mut().unwrap().extend(configuration.as_object().unwrap().clone());
    run(&["sync", "-c", &place.config(&org.base_url, keys, whole), "--output", "json"])
}

/// What documents of files say, by title.
fn files(place: &Place) -> BTreeMap<String, Value> {
    let of_file = |document: Value| {
        let source = document["_source"].clone();
        (source["type"] == "content_document").then(|| (source["title"].as_str().unwrap().to_owned(), source))
    };
    place.documents().into_iter().filter_map(of_file).collect()
}

/// A zip package with one part that says the same byte so often.
fn bomb(part: &str, head: &str, bytes: usize) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("[Content_Types].xml", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(br#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"#).unwrap();
    zip.start_file(part, zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(head.as_bytes()).unwrap();
    let block = vec![b' '; 1 << 20];
    (0..bytes >> 20).for_each(|_| zip.write_all(&block).unwrap());
    zip.finish().unwrap().into_inner()
}

fn hostile() -> Vec<(&'static str, Vec<u8>, bool)> {
    let pdf = |second: &str| {
        format!("%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n{second}\nendobj\ntrailer\n<< /Size 3 /Root 1 0 R >>\nstartxref\n0\n%%EOF\n").into_bytes()
    };
    let entities: String = (1..10).map(|no| format!("<!ENTITY e{no} \"{}\">", format!("&e{};", no - 1).repeat(10))).collect();
    let laughs = format!("<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY e0 \"ha\">{entities}]><x>before &e9; after</x>");
    vec![
        // The name, the bytes, and whether there is text to be had all the same.
        ("zip bomb.docx", bomb("word/document.xml", "<w:document>", 400 << 20), false),
        ("deep.pdf", pdf(&["[".repeat(200_000), "]".repeat(200_000)].concat()), false),
        ("endless.pdf", pdf("<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2000000000 >>"), false),
        ("laughs.xml", laughs.into_bytes(), true),
        ("nested.html", ["<div>".repeat(200_000), "deep words".into(), "</div>".repeat(200_000)].concat().into_bytes(), true),
        ("truncated.docx", bomb("word/document.xml", "<w:document>", 1 << 20)[..200].to_vec(), false),
        ("nothing.pdf", Vec::new(), false),
        ("nothing.txt", Vec::new(), true),
        ("a program.pdf", [&b"\x7fELF"[..], &[7; 2000]].concat(), false),
        ("good.txt", "words that are found: Grüße".into(), true),
        ("good too.html", "<p>more <b>words</b></p>".into(), true),
    ]
}

#[test]
fn hostile_files_cost_their_own_text_and_each_is_named_with_its_reason() {
    let all = hostile();
    let org = serve(org_of(&all.iter().map(|(name, bytes, _)| (*name, bytes.clone())).collect::<Vec<_>>()), FaultPlan::default());
    let place = Place::empty();
    let limits = json!({ "builtin_extraction": { "memory": "512MiB", "timeout": 3 } });
    let done = sync(&place, &org, json!({}), limits.clone());
    assert_eq!(done.code, Some(0), "{done:?}");
    let files = files(&place);
    assert_eq!(files.len(), all.len());
    for (name, _, has_text) in &all {
        assert_eq!(files[*name]["body"].is_string(), *has_text, "{name}: {:?}", files[*name]);
        let reasons: Vec<_> = done.err.lines().filter(|line| line.contains("set aside")).collect();
        let id = files[*name]["id"].as_str().unwrap();
        assert_eq!(reasons.iter().filter(|line| line.contains(id)).count(), usize::from(!has_text), "{name}: {reasons:#?}");
    }
    contains_all(files["good.txt"]["body"].as_str().unwrap(), &["words that are found", "Grüße"]);
    contains_all(files["nested.html"]["body"].as_str().unwrap(), &["deep words"]);
    assert_eq!(done.summary()["counts"]["set_aside"], all.iter().filter(|(.., has_text)| !has_text).count());

    // What is known to have no text is not fetched again; what took too long, or ended its process, may have had bad luck.
    let fetched = org.stats().count(Endpoint::Blob);
    let again = sync(&place, &org, json!({}), limits);
    assert_eq!((again.code, org.stats().count(Endpoint::Blob) - fetched), (Some(0), 2), "{again:?}");
    assert_eq!(again.summary()["counts"]["set_aside"], done.summary()["counts"]["set_aside"]);
}

#[test]
fn a_full_sync_of_an_unchanged_org_downloads_no_file_and_a_changed_one_only_what_changed() {
    let words = |text: &str| [("a.txt", b"first".to_vec()), ("b.html", format!("<p>{text}</p>").into_bytes())];
    for mode in ["builtin", "pipeline"] {
        let (place, keys) = (Place::empty(), json!({ "text_extraction": mode }));
        let org = serve(org_of(&words("second")), FaultPlan::default());
        let first = sync(&place, &org, keys.clone(), json!({}));
        assert_eq!((first.code, org.stats().count(Endpoint::Blob)), (Some(0), 2), "{first:?}");
        let before = place.documents();
        let second = sync(&place, &org, keys.clone(), json!({}));
        assert_eq!((second.code, org.stats().count(Endpoint::Blob)), (Some(0), 2), "{mode}: {second:?}");
        assert_eq!((second.summary()["counts"]["kept"].as_u64(), place.documents()), (Some(2), before), "{mode}");

        let changed = serve(org_of(&words("third")), FaultPlan::default());
        let third = sync(&place, &changed, keys, json!({}));
        assert_eq!((third.code, changed.stats().count(Endpoint::Blob)), (Some(0), 1), "{mode}: {third:?}");
        if mode == "builtin" {
            assert_eq!(files(&place)["b.html"]["body"], "third");
            let cleared = run(&["clear-cache", "-c", &place.path("config.yml")]);
            assert_eq!((cleared.code, cleared.out.starts_with("3 contents forgotten, in ")), (Some(0), true), "{cleared:?}");
        }
    }
}

#[test]
fn downloads_that_go_wrong_are_tried_again_and_named_when_they_stay_wrong() {
    let good = [("a.txt", b"the words of the file".to_vec())];
    let when = |times| Match { path: Some("VersionData".into()), times, ..Match::default() };
    let status = |status, body: Option<&str>| Fault::Status { status, body: body.map(str::to_owned), code: None, message: None };
    let error = r#"[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]"#;
    for (name, fault, times, code) in [
        ("401 in the middle", Fault::Unauthorized, Some(1), None),
        ("a server error once", status(503, None), Some(1), None),
        ("one bit once", Fault::Corrupt { byte: 3 }, Some(1), None),
        ("cut short once", Fault::Truncate { after_bytes: 4 }, Some(1), None),
        ("one bit always", Fault::Corrupt { byte: 3 }, None, Some("SF0404")),
        (
            "forbidden",
            Fault::Status { status: 403, body: None, code: Some("INSUFFICIENT_ACCESS".into()), message: None },
            None,
            Some("SF0403"),
        ),
        ("gone, said in JSON", status(404, Some(error)), None, Some("SF0403")),
        ("silent once", Fault::StallBody { after_bytes: 4 }, Some(1), None),
    ] {
        let org = serve(org_of(&good), FaultPlan::new([FaultRule { when: when(times), act: fault }]));
        let place = Place::empty();
        let done = sync(&place, &org, json!({}), json!({ "salesforce": { "idle_timeout": "500ms" } }));
        assert_eq!(done.code, Some(0), "{name}: {done:?}");
        let body = files(&place)["a.txt"]["body"].clone();
        match code {
            None => assert_eq!(body, "the words of the file", "{name}"),
            Some(code) => {
                assert_eq!(body, Value::Null, "{name}");
                let line = done.err.lines().find(|line| line.contains("set aside")).unwrap_or_else(|| panic!("{name}: {done:?}"));
                contains_all(line, &[code, &record_id("069", 1)]);
            }
        }
        assert!(org.stats().faults > 0, "{name}");
    }
}

#[test]
fn a_body_that_stays_silent_ends_the_run_and_what_is_indexed_stays() {
    let good = [("a.txt", b"the words of the file".to_vec())];
    let (place, whole) = (Place::empty(), json!({ "salesforce": { "idle_timeout": "300ms" }, "content_cache": { "size": 0 } }));
    assert_eq!(sync(&place, &serve(org_of(&good), FaultPlan::default()), json!({}), whole.clone()).code, Some(0));
    let when = Match { path: Some("VersionData".into()), ..Match::default() };
    let stalled = serve(org_of(&good), FaultPlan::one(when, Fault::StallBody { after_bytes: 4 }));
    let done = sync(&place, &stalled, json!({}), whole);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert_eq!(files(&place)["a.txt"]["body"], "the words of the file");
}

#[test]
fn records_from_before_there_were_files_are_indexed_as_files_if_they_are_chosen() {
    let org = spawn(Options::new(Arc::new(generate(1, 1)))).unwrap();
    let place = Place::empty();
    let done = sync(&place, &org, json!({ "file_objects_to_sync": "*" }), json!({}));
    assert_eq!(done.code, Some(0), "{done:?}");
    let all: Vec<_> = place.documents().into_iter().map(|document| document["_source"].clone()).collect();
    let of = |prefix: &str| all.iter().filter(|source| source["id"].as_str().unwrap().starts_with(prefix)).collect::<Vec<_>>();
    let (attachments, documents, resources) = (of("00P"), of("015"), of("081"));
    assert_eq!((attachments.len(), documents.len(), resources.len()), (12, 4, 3));
    for file in attachments.iter().chain(&documents) {
        assert_eq!(file["type"], "content_document");
        assert!(file["body"].as_str().is_some_and(|body| body.len() > 20), "{file}");
        assert!(file["content_size"].is_number() && file["owner"].is_string() && file["url"].is_string(), "{file}");
    }
    assert!(attachments.iter().all(|file| file["linked_ids"].as_array().unwrap().len() == 1 && file["linked_ids"] == file["related_ids"]));
    assert!(documents.iter().all(|file| file["linked_ids"] == json!([])));
    let empty = resources.iter().find(|file| file["title"] == "Empty").unwrap();
    assert_eq!((&empty["body"], &empty["content_size"], &empty["file_extension"]), (&json!(""), &json!(0), &json!("txt")));

    let fetched = org.stats().count(Endpoint::Blob);
    let again = sync(&place, &org, json!({ "file_objects_to_sync": "*" }), json!({}));
    assert_eq!((again.code, org.stats().count(Endpoint::Blob)), (Some(0), fetched), "nothing changed: {again:?}");
    let without = sync(&place, &org, json!({}), json!({ "run": { "delete_limit": "100%" } }));
    assert_eq!((without.code, without.summary()["counts"]["deleted"].as_u64()), (Some(0), Some(19)), "{without:?}");
}

#[test]
fn a_file_over_the_limit_or_without_a_reader_is_indexed_by_its_metadata() {
    let (place, org) = (Place::empty(), simulated(FaultPlan::default()));
    let done = sync(&place, &org, json!({}), json!({ "service": { "max_file_download_size": 10 } }));
    assert_eq!(done.code, Some(0), "{done:?}");
    let files = files(&place);
    assert!(!files.is_empty() && files.values().all(|file| file["body"].is_null() || file["content_size"].as_u64().unwrap() <= 10));
    assert!(files.values().all(|file| file["linked_ids"] == file["related_ids"] && !file["linked_ids"].as_array().unwrap().is_empty()));
    assert_eq!(org.stats().count(Endpoint::Blob), files.values().filter(|file| file["body"].is_string()).count() as u64);
}
