//! What the server says and what it means, as recorded from Elasticsearch 9.4 and OpenSearch 3.4.

use super::*;

#[test]
fn each_refusal_of_a_request_has_its_row_in_the_table() {
    let told = |kind: &str, reason: &str| format!(r#"{{"error":{{"root_cause":[],"type":"{kind}","reason":"{reason}"}},"status":0}}"#);
    let cases = [
        (401, told("security_exception", "missing authentication credentials"), &ES_SIGN_IN),
        (403, told("security_exception", "action [x] is unauthorized"), &ES_FORBIDDEN),
        (404, told("index_not_found_exception", "no such index [p1]"), &ES_INDEX_GONE),
        (400, told("index_closed_exception", "closed"), &ES_INDEX_CLOSED),
        (403, told("cluster_block_exception", "index [p1] blocked by: [FORBIDDEN/8/index write (api)];"), &ES_READ_ONLY),
        (503, told("cluster_block_exception", "blocked by: [SERVICE_UNAVAILABLE/2/no master];"), &ES_UNAVAILABLE),
        (429, told("es_rejected_execution_exception", "rejected execution"), &ES_BUSY),
        (429, told("circuit_breaking_exception", "[parent] Data too large"), &ES_BUSY),
        (409, told("version_conflict_engine_exception", "[1]: version conflict"), &ES_CONFLICT),
        (400, told("illegal_argument_exception", "pipeline with id [nope] does not exist"), &ES_NO_PIPELINE),
        (400, told("illegal_argument_exception", "something else"), &ES_REFUSED),
        (400, r#"{"error":"no handler found","status":400}"#.to_owned(), &ES_REFUSED),
        (404, r#"{"_index":"p1","_id":"none","found":false}"#.to_owned(), &ES_MISSING),
        (404, told("resource_not_found_exception", "no such thing"), &ES_MISSING),
        (400, told("resource_already_exists_exception", "index [p1/u] already exists"), &ES_EXISTS),
        (413, String::new(), &ES_DOC_TOO_LARGE),
        (429, String::new(), &ES_BUSY),
        (502, "<html>bad gateway</html>".to_owned(), &ES_UNAVAILABLE),
        (404, "<html>where am I</html>".to_owned(), &ES_UNREADABLE),
        (302, String::new(), &ES_UNREADABLE),
    ];
    for (status, body, code) in cases {
        let fault = refusal(status, body.as_bytes());
        assert_eq!(fault.code, code, "{status} {body}");
        assert!(fault.message.contains(&status.to_string()) && !fault.message.contains('\n'), "{fault}");
    }
}

#[test]
fn each_answer_to_an_item_is_written_tried_again_set_aside_or_the_end() {
    let of = |status, kind: &str, reason: &str| {
        let complaint = Complaint { kind: kind.to_owned(), reason: Some(reason.to_owned()), ..Complaint::default() };
        item(status, Some(&complaint))
    };
    assert_eq!(item(200, None), Item::Done);
    assert_eq!(item(201, None), Item::Done);
    assert_eq!(item(404, None), Item::Missing);
    assert_eq!(of(404, "document_missing_exception", "[zz]: document missing"), Item::Missing);
    for (status, kind, code) in [
        (429, "es_rejected_execution_exception", &ES_BUSY),
        (409, "version_conflict_engine_exception", &ES_CONFLICT),
        (503, "unavailable_shards_exception", &ES_UNAVAILABLE),
        (500, "something_new_exception", &ES_UNAVAILABLE),
    ] {
        assert!(matches!(of(status, kind, ""), Item::Retry(fault) if fault.code == code), "{kind}");
    }
    for kind in ["document_parsing_exception", "mapper_parsing_exception", "strict_dynamic_mapping_exception", "illegal_argument_exception"]
    {
        assert!(matches!(of(400, kind, "failed to parse field [l]"), Item::Refused(fault) if fault.code == &ES_MAPPING), "{kind}");
    }
    for (status, kind, reason, code) in [
        (403, "cluster_block_exception", "index [p1] blocked by: [FORBIDDEN/8/index write (api)];", &ES_READ_ONLY),
        (400, "index_closed_exception", "closed", &ES_INDEX_CLOSED),
        (403, "cluster_block_exception", "index [p1] blocked by: [FORBIDDEN/4/index preparing to close. Reopen];", &ES_INDEX_CLOSED),
        (404, "index_not_found_exception", "no such index", &ES_INDEX_GONE),
        (403, "security_exception", "no", &ES_FORBIDDEN),
        (400, "illegal_argument_exception", "pipeline with id [nope] does not exist", &ES_NO_PIPELINE),
    ] {
        assert!(matches!(of(status, kind, reason), Item::Stop(fault) if fault.code == code), "{kind}");
    }
}

#[test]
fn a_reason_names_its_causes_on_one_line() {
    let body = r#"{"error":{"type":"document_parsing_exception","reason":"failed to parse field [l]\n","caused_by":{"type":"x","reason":"For input string: \"abc\""}}}"#;
    let expected = r#"the index server answered 400 document_parsing_exception: failed to parse field [l] : For input string: "abc""#;
    assert_eq!(refusal(400, body.as_bytes()).message, expected);
    let body = r#"{"error":{"type":"index_closed_exception","reason":"closed","index":"p1"}}"#;
    assert_eq!(refusal(400, body.as_bytes()).message, "the index server answered 400 index_closed_exception: closed (index p1)");
}
