//! What Salesforce answers when it refuses, sign-in and REST, row by row.

use domain::FaultClass;

use super::*;

fn rest(status: u16, code: &str, message: &str) -> Fault {
    let body = serde_json::json!([{ "message": message, "errorCode": code }]).to_string();
    Refusal { status, body: body.as_bytes() }.fault()
}

fn sign_in(status: u16, error: &str, description: &str) -> Fault {
    let body = serde_json::json!({ "error": error, "error_description": description }).to_string();
    Refusal { status, body: body.as_bytes() }.of_sign_in()
}

#[test]
fn every_error_code_of_the_rest_api_has_its_meaning() {
    let rows: &[(u16, &str, &str, &Code)] = &[
        (400, "MALFORMED_QUERY", "unexpected token", &SF_QUERY),
        (400, "INVALID_FIELD", "No such column", &SF_QUERY),
        (400, "INVALID_TYPE", "sObject type 'XYZZY' is not supported", &SF_NO_OBJECT),
        (400, "INVALID_TYPE_FOR_OPERATION", "entity type ActivityHistory does not support query", &SF_QUERY),
        (400, "EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION", "", &SF_QUERY),
        (400, "INVALID_QUERY_FILTER_OPERATOR", "", &SF_QUERY),
        (400, "INVALID_OPERATION", "", &SF_QUERY),
        (400, "MALFORMED_ID", "id value of incorrect type", &SF_QUERY),
        (400, "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000", &SF_QUERY),
        (400, "QUERY_TIMEOUT", "Your query request was running for too long.", &SF_QUERY_TIMEOUT),
        (400, "QUERY_TOO_COMPLICATED", "", &SF_QUERY),
        (400, "OPERATION_TOO_LARGE", "exceeded 100000 distinct who/what's", &SF_QUERY),
        (400, "EXCEEDED_ID_LIMIT", "", &SF_QUERY),
        (400, "INVALID_QUERY_LOCATOR", "invalid query locator", &SF_CURSOR),
        (400, "INVALID_SEARCH", "", &SF_QUERY),
        (400, "MALFORMED_SEARCH", "No search term found", &SF_QUERY),
        (400, "INVALID_REPLICATION_DATE", "", &SF_REFUSED),
        (400, "JSON_PARSER_ERROR", "", &SF_REFUSED),
        (400, "UNABLE_TO_LOCK_ROW", "", &SF_UNAVAILABLE),
        (400, "SOMETHING_NEW", "", &SF_REFUSED),
        (401, "INVALID_SESSION_ID", "Session expired or invalid", &SF_SESSION),
        (401, "INVALID_SESSION_ID", "This session is not valid for use with the REST API", &SF_FORBIDDEN),
        (401, "INVALID_SESSION_ID", "Connected app is not attached to Agent", &SF_FORBIDDEN),
        (401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE", &SF_SESSION),
        (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", &SF_DAILY_LIMIT),
        (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", &SF_BUSY),
        (403, "REQUEST_LIMIT_EXCEEDED", "Some other limit.", &SF_DAILY_LIMIT),
        (403, "INSUFFICIENT_ACCESS", "", &SF_FORBIDDEN),
        (403, "API_DISABLED_FOR_ORG", "", &SF_FORBIDDEN),
        (403, "API_CURRENTLY_DISABLED", "", &SF_FORBIDDEN),
        (403, "FUNCTIONALITY_NOT_ENABLED", "", &SF_FORBIDDEN),
        (403, "TXN_SECURITY_METERING_ERROR", "", &SF_FORBIDDEN),
        (403, "SOMETHING_NEW", "", &SF_FORBIDDEN),
        (404, "NOT_FOUND", "The requested resource does not exist", &SF_NO_OBJECT),
        (405, "METHOD_NOT_ALLOWED", "HTTP Method 'POST' not allowed. Allowed are GET,HEAD", &SF_REFUSED),
        (410, "UNSUPPORTED_API_VERSION", "", &SF_REFUSED),
        (500, "UNKNOWN_EXCEPTION", "An unexpected error occurred.", &SF_UNAVAILABLE),
        (503, "SERVER_UNAVAILABLE", "", &SF_UNAVAILABLE),
    ];
    for (status, error, message, expected) in rows {
        let fault = rest(*status, error, message);
        assert_eq!(&fault.code, expected, "{status} {error} {message}");
        assert!(fault.message.starts_with(&format!("salesforce answered {status} {error}")), "{fault}");
    }
}

#[test]
fn a_status_means_something_even_without_an_error_answer() {
    let rows: &[(u16, &Code)] = &[
        (301, &SF_WRONG_HOST),
        (302, &SF_WRONG_HOST),
        (400, &SF_UNREADABLE),
        (401, &SF_SESSION),
        (403, &SF_UNREADABLE),
        (404, &SF_UNREADABLE),
        (406, &SF_UNAVAILABLE),
        (408, &SF_SILENT),
        (414, &SF_TOO_WIDE),
        (420, &SF_UNAVAILABLE),
        (429, &SF_BUSY),
        (431, &SF_TOO_WIDE),
        (500, &SF_UNAVAILABLE),
        (502, &SF_UNAVAILABLE),
        (504, &SF_UNAVAILABLE),
    ];
    for (status, expected) in rows {
        for body in ["", "<html><body>maintenance</body></html>", "[{\"message\":", "[{}", "null"] {
            assert_eq!(&Refusal { status: *status, body: body.as_bytes() }.fault().code, expected, "{status} {body}");
        }
    }
    assert!(Refusal { status: 503, body: b" <html>" }.fault().message.ends_with("503 with an HTML page"));
}

#[test]
fn every_refusal_of_the_sign_in_has_its_meaning() {
    let rows: &[(u16, &str, &str, &Code)] = &[
        (400, "invalid_client_id", "client identifier invalid", &SF_SIGN_IN),
        (401, "invalid_client", "invalid client credentials", &SF_SIGN_IN),
        (400, "invalid_grant", "no client credentials user enabled", &SF_SIGN_IN),
        (400, "invalid_grant", "request not supported on this domain", &SF_WRONG_HOST),
        (400, "unsupported_grant_type", "grant type not supported", &SF_SIGN_IN),
        (400, "invalid_grant", "authentication failure", &SF_SIGN_IN),
        (400, "invalid_grant", "Audience validation failed", &SF_SIGN_IN),
        (400, "invalid_grant", "user hasn't approved this consumer", &SF_SIGN_IN),
        (400, "inactive_user", "", &SF_SIGN_IN),
        (403, "something_new", "", &SF_SIGN_IN),
        (404, "something_new", "", &SF_SIGN_IN),
        (400, "app_not_found", "External client app is not installed in this org", &SF_WRONG_HOST),
        (400, "rate_limit_exceeded", "login rate exceeded", &SF_BUSY),
        (503, "temporarily_unavailable", "", &SF_UNAVAILABLE),
    ];
    for (status, error, description, expected) in rows {
        let fault = sign_in(*status, error, description);
        assert_eq!(&fault.code, expected, "{error} {description}");
        assert!(fault.message.contains(error) && fault.message.contains(description), "{fault}");
    }
    let array = br#"[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]"#;
    assert_eq!(Refusal { status: 403, body: array }.of_sign_in().code, &SF_DAILY_LIMIT);
    for (status, expected) in [(302, &SF_WRONG_HOST), (404, &SF_WRONG_HOST), (400, &SF_UNREADABLE), (500, &SF_UNAVAILABLE)] {
        assert_eq!(Refusal { status, body: b"<html>" }.of_sign_in().code, expected, "{status}");
    }
}

#[test]
fn a_file_that_may_not_be_read_is_set_aside_and_a_spent_allowance_ends_the_run() {
    let file = |status, body: &str| Refusal { status, body: body.as_bytes() }.of_file();
    let array = |code: &str, message: &str| format!(r#"[{{"errorCode":"{code}","message":"{message}"}}]"#);
    assert_eq!(file(404, &array("NOT_FOUND", "")).code, &FILE_GONE);
    assert_eq!(file(403, &array("INSUFFICIENT_ACCESS", "")).code, &FILE_GONE);
    assert_eq!(file(404, "<html>").code, &FILE_GONE);
    assert_eq!(file(403, "").code, &FILE_GONE);
    assert_eq!(file(403, &array("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")).code, &SF_DAILY_LIMIT);
    assert_eq!(file(403, &array("API_DISABLED_FOR_ORG", "")).code, &SF_FORBIDDEN);
    assert_eq!(file(503, "").code, &SF_UNAVAILABLE);
}

#[test]
fn a_message_is_told_without_the_query_that_it_repeats() {
    let caret = "\nSELECT Id,Foo FROM Account\n          ^\nERROR at Row:1:Column:11\nNo such column 'Foo' on entity 'Account'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.";
    assert_eq!(
        rest(400, "INVALID_FIELD", caret).message,
        "salesforce answered 400 INVALID_FIELD: No such column 'Foo' on entity 'Account'"
    );
    let support = "An unexpected error occurred. Please include this ErrorId if you contact support: 1234-5678 (-999)";
    assert!(rest(500, "UNKNOWN_EXCEPTION", support).message.ends_with(support));
    assert_eq!(rest(400, "X", &"y".repeat(9999)).message.len(), "salesforce answered 400 X: ".len() + LONGEST_TEXT);
}

#[test]
fn only_what_may_pass_by_itself_is_tried_again() {
    let again: Vec<_> = domain::CODES.iter().filter(|code| is_worth_another_try(code)).map(|code| code.id).collect();
    assert_eq!(again, ["SF0001", "SF0002", "SF0003", "SF0004", "SF0202", "SF0303"]);
    assert!(domain::CODES.iter().filter(|code| is_worth_another_try(code)).all(|code| code.class == FaultClass::Transient));
}

#[test]
fn an_unreadable_answer_is_located_but_never_repeated() {
    #[derive(Debug, Deserialize)]
    struct Number {
        #[serde(rename = "n")]
        _n: u64,
    }
    let told = |body: &[u8]| unreadable(&serde_json::from_slice::<Number>(body).unwrap_err(), body).message;
    assert_eq!(told(b"<!DOCTYPE html>"), "the answer is an HTML page");
    assert!(told(b"{\"n\":").contains("cut off"));
    assert!(told(b"nonsense").contains("no JSON"));
    let shape = told(b"{\"n\":\"hunter2\"}");
    assert!(shape.contains("another shape") && !shape.contains("hunter2"), "{shape}");
}

#[test]
fn failures_of_the_network_are_told_in_words_and_without_numbers_of_the_system() {
    let reset = || std::io::Error::from_raw_os_error(104);
    let unanswered = |error| unanswered(&SendRequestError::Connect(error), Duration::from_secs(1)).message;
    assert_eq!(unanswered(ConnectError::Io(std::io::Error::from_raw_os_error(111))), "no connection: connection refused");
    let unknown = std::io::Error::other("failed to lookup address information: Name or service not known");
    assert_eq!(unanswered(ConnectError::Resolver(unknown.into())), "the name of the host cannot be resolved");
    assert_eq!(broken(&PayloadError::Incomplete(Some(reset())), 7).message, "the answer broke off after 7 bytes: connection reset by peer");
    assert_eq!(broken(&PayloadError::Incomplete(None), 7).message, "the answer broke off after 7 bytes: the connection was closed");
    assert_eq!(broken(&PayloadError::Io(reset()), 7).code, &SF_UNREACHABLE);
}
