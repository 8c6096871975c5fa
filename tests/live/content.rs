//! Files through an ingest pipeline that extracts their text, as the reference's `search-default-ingestion` does.

use std::collections::BTreeSet;

use serde_json::json;
use simulator::faults::FaultPlan;

use crate::program::{Setup, org};
use crate::server::{Kind, Live, on_each, required, say};

/// What the pipeline of the reference does with documents: text out of `_attachment` into `body`, white space reduced, flags removed.
fn pipeline() -> String {
    let is = |flag: &str| format!("ctx?.{flag} == true");
    let failed = json!([{ "append": { "field": "_ingestion_errors", "value": "{{ _ingest.on_failure_message }}" } }]);
    json!({ "processors": [
        { "attachment": {
            "field": "_attachment", "target_field": "_extracted_attachment", "ignore_missing": true,
            "indexed_chars_field": "_attachment_indexed_chars", "if": is("_extract_binary_content"), "on_failure": failed,
        } },
        { "set": {
            "field": "body", "value": "{{{_extracted_attachment.content}}}", "ignore_empty_value": true,
            "if": is("_extract_binary_content"), "on_failure": failed,
        } },
        { "gsub": {
            "field": "body", "pattern": "\\s+", "replacement": " ", "ignore_missing": true, "if": is("_reduce_whitespace"), "on_failure": failed,
        } },
        { "trim": { "field": "body", "ignore_missing": true, "if": is("_reduce_whitespace"), "on_failure": failed } },
        { "remove": {
            "field": [
                "_attachment", "_attachment_indexed_chars", "_extracted_attachment", "_extract_binary_content", "_reduce_whitespace",
                "_run_ml_inference",
            ],
            "ignore_missing": true,
        } },
    ] })
    .to_string()
}

/// Whether the server can extract text. Elasticsearch as the testbed has it cannot.
fn extracts(live: &Live) -> bool {
    live.raw("GET", "/_nodes/ingest?filter_path=nodes.*.ingest.processors.type", "").contains("\"attachment\"")
}

#[test]
fn the_text_of_files_is_found_after_a_pipeline_extracted_it() {
    on_each("content", |live| {
        if !extracts(live) {
            assert!(live.kind == Kind::Elasticsearch || !required(), "OpenSearch must be started with the attachment processor");
            return say(&format!("content: skipped, {} has no attachment processor", live.url));
        }
        let path = "/_ingest/pipeline/live-content";
        live.raw("PUT", path, &pipeline());
        let org = org(FaultPlan::default());
        let setup = Setup::new(live, &org).with("connector.pipeline.name", json!("live-content"));
        let summary = setup.completes();
        assert_eq!(summary["counts"]["set_aside"], json!(0));
        let documents = setup.documents();
        let files: Vec<_> = documents.iter().filter(|(_, document)| document["type"] == "content_document").collect();
        assert_eq!(json!(files.len()), summary["counts"]["files"]);
        for (id, file) in &files {
            assert!(file.get("_ingestion_errors").is_none(), "{id}: {file}");
            assert!(file["body"].is_string() || file["content_size"] == json!(0), "{id}: {file}");
        }
        // What the pipeline eats is in no document, records included.
        for (id, document) in &documents {
            for gone in ["_attachment", "_extracted_attachment", "_extract_binary_content", "_reduce_whitespace", "_run_ml_inference"] {
                assert!(document.get(gone).is_none(), "{id} still has {gone}");
            }
        }
        // Words that stand in the files and not in their titles, found by searching. Those of a PDF or Word file are no plain bytes of it.
        let words = json!({ "bool": { "filter": [
            { "term": { "type": "content_document" } }, { "match": { "body": "firmware rotation battery sensor customs cookie" } },
        ] } });
        let found: BTreeSet<_> = live.found(&words.to_string()).iter().map(|id| documents[id]["file_extension"].to_string()).collect();
        assert_eq!(found, ["txt", "md", "html", "csv", "json", "xml", "pdf", "docx"].map(|kind| format!("\"{kind}\"")).into());
        live.raw("DELETE", path, "");
    });
}
