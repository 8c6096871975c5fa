//! Each kind of fault, seen from the client's end of the socket.

use std::io::ErrorKind;

use super::*;
use crate::faults::{Fault, FaultRule, Match, Turn};

const LIMITS: &str = "/services/data/v64.0/limits";

/// An org in which requests of `limits` go wrong.
fn faulty(act: Fault) -> (Running, String) {
    let plan = FaultPlan::one(Match { path: Some("/limits".into()), ..Match::default() }, act);
    let org = running(Options { faults: plan, ..options() });
    let bearer = bearer(&org);
    (org, bearer)
}

/// The answer that an org without faults gives.
fn healthy() -> Vec<u8> {
    let org = running(options());
    let bearer = bearer(&org);
    get(&org, &bearer, LIMITS).body
}

#[test]
fn a_status_comes_with_the_body_of_the_rule_or_one_of_salesforces() {
    let fault = |body: Option<&str>, code: Option<&str>| Fault::Status {
        status: 503,
        body: body.map(Into::into),
        code: code.map(Into::into),
        message: None,
    };
    let (org, bearer) = faulty(fault(None, None));
    let reply = get(&org, &bearer, LIMITS);
    assert_eq!((reply.status, reply.error().0.as_str()), (503, "SERVER_UNAVAILABLE"));
    assert_eq!((org.stats().faults, org.stats().log.last().map(|entry| (entry.fault, entry.status))), (1, Some((true, Some(503)))));
    let (org, bearer) = faulty(fault(None, Some("ODD")));
    assert_eq!(get(&org, &bearer, LIMITS).error().0, "ODD");
    let (org, bearer) = faulty(fault(Some("{"), None));
    assert_eq!(get(&org, &bearer, LIMITS).body, b"{");
}

#[test]
fn a_proxy_sends_html() {
    let (org, bearer) = faulty(Fault::HtmlError { status: 502 });
    let reply = get(&org, &bearer, LIMITS);
    assert_eq!((reply.status, reply.header("content-type")), (502, Some("text/html; charset=UTF-8")));
    assert!(reply.body.starts_with(b"<html>"));
}

#[test]
fn both_limits_are_refusals_of_their_own() {
    for (act, message) in
        [(Fault::RequestLimit, "TotalRequests Limit exceeded."), (Fault::ConcurrentLimit, "ConcurrentPerOrgLongTxn Limit exceeded.")]
    {
        let (org, bearer) = faulty(act);
        let reply = get(&org, &bearer, LIMITS);
        assert_eq!((reply.status, reply.error()), (403, ("REQUEST_LIMIT_EXCEEDED".to_owned(), message.to_owned())));
    }
}

#[test]
fn a_token_that_is_refused_once_stays_refused() {
    let plan = FaultPlan::one(Match { turn: Turn::Nth(vec![2]), ..Match::default() }, Fault::Unauthorized);
    let org = running(Options { faults: plan, ..options() });
    let first = bearer(&org);
    assert_eq!(get(&org, &first, LIMITS).error().0, "INVALID_SESSION_ID");
    assert_eq!(get(&org, &first, LIMITS).status, 401);
    let second = bearer(&org);
    assert_eq!(get(&org, &second, LIMITS).status, 200);
}

#[test]
fn an_expired_cursor_does_not_come_back() {
    let when = Match { path: Some("*/query/0r8*".into()), turn: Turn::Nth(vec![2]), ..Match::default() };
    let org = running(Options { page_size: Some(5), faults: FaultPlan::one(when, Fault::ExpiredCursor), ..options() });
    let bearer = bearer(&org);
    let next = get(&org, &bearer, &soql("SELECT Id FROM Contact")).json()["nextRecordsUrl"].as_str().unwrap().to_owned();
    assert_eq!(get(&org, &bearer, &next).status, 200);
    for _ in 0..2 {
        let expired = get(&org, &bearer, &next);
        assert_eq!((expired.status, expired.error().0.as_str()), (400, "INVALID_QUERY_LOCATOR"));
    }
}

#[test]
fn a_slow_head_comes_late_but_right() {
    let wait = Duration::from_millis(40);
    let (org, bearer) = faulty(Fault::SlowHead { wait });
    assert_eq!(get(&org, &bearer, LIMITS).body, healthy());
    assert_eq!(org.stats().faults, 1);
}

#[test]
fn a_truncated_body_ends_in_good_order_before_its_length() {
    let (org, bearer) = faulty(Fault::Truncate { after_bytes: 10 });
    let reply = get(&org, &bearer, LIMITS);
    let whole = healthy();
    assert_eq!((reply.status, reply.error, reply.body.as_slice()), (200, None, &whole[..10]));
    assert_eq!(reply.header("content-length"), Some(whole.len().to_string().as_str()));
}

#[test]
fn a_large_file_is_truncated_to_the_byte() {
    let id = ORG.rows("ContentVersion").map(|row| row.id()).find(|id| ORG.file(id).is_some_and(|bytes| bytes.len() > 1500)).unwrap();
    let plan = FaultPlan::one(Match { path: Some("VersionData".into()), ..Match::default() }, Fault::Truncate { after_bytes: 1_234 });
    let org = running(Options { faults: plan, ..options() });
    let bearer = bearer(&org);
    let reply = get(&org, &bearer, &format!("/services/data/v64.0/sobjects/ContentVersion/{id}/VersionData"));
    assert!(reply.error.is_none() && reply.body == ORG.file(&id).unwrap()[..1_234]);
}

#[test]
fn a_reset_aborts_the_connection_before_or_within_the_body() {
    let (org, bearer) = faulty(Fault::Reset { after_bytes: 0 });
    let reply = get(&org, &bearer, LIMITS);
    assert_eq!((reply.head.as_str(), reply.error), ("", Some(ErrorKind::ConnectionReset)));
    let (org, bearer) = faulty(Fault::Reset { after_bytes: 10 });
    let reply = get(&org, &bearer, LIMITS);
    assert_eq!((reply.status, reply.error, reply.body.as_slice()), (200, Some(ErrorKind::ConnectionReset), &healthy()[..10]));
}

#[test]
fn a_stalled_body_is_silent_until_the_client_leaves() {
    let (org, bearer) = faulty(Fault::StallBody { after_bytes: 10 });
    let mut socket = connect(&org);
    socket.write_all(format!("GET {LIMITS} HTTP/1.1\r\nHost: org\r\n{bearer}\r\n").as_bytes()).unwrap();
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|window| window == b"\r\n\r\n") || split(&bytes, None).body.len() < 10 {
        let mut part = [0; 512];
        let count = socket.read(&mut part).unwrap();
        assert_ne!(count, 0, "closed too early");
        bytes.extend_from_slice(&part[..count]);
    }
    assert_eq!(split(&bytes, None).body, healthy()[..10]);
    // Nothing more has come, and the server has not hung up.
    socket.set_nonblocking(true).unwrap();
    assert_eq!(socket.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock);
    // It notices that the client leaves: its own end of the connection closes.
    socket.set_nonblocking(false).unwrap();
    socket.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(socket.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn faults_strike_by_the_decoded_query() {
    let when = Match { query: Some("from contact".into()), ..Match::default() };
    let plan = FaultPlan::new([FaultRule { when, act: Fault::HtmlError { status: 504 } }]);
    let org = running(Options { faults: plan, ..options() });
    let bearer = bearer(&org);
    assert_eq!(get(&org, &bearer, &soql("SELECT Id FROM Contact")).status, 504);
    assert_eq!(get(&org, &bearer, &soql("SELECT Id FROM Account")).status, 200);
}

#[test]
fn a_corrupt_body_has_the_right_length_and_one_wrong_byte() {
    let id = ORG.rows("ContentVersion").map(|row| row.id()).find(|id| ORG.file(id).is_some_and(|bytes| bytes.len() > 200)).unwrap();
    let right = ORG.file(&id).unwrap();
    for (byte, hit) in [(0, 0), (100, 100), (u64::MAX, right.len() - 1)] {
        let plan = FaultPlan::one(Match { path: Some("VersionData".into()), ..Match::default() }, Fault::Corrupt { byte });
        let org = running(Options { faults: plan, ..options() });
        let bearer = bearer(&org);
        let reply = get(&org, &bearer, &format!("/services/data/v64.0/sobjects/ContentVersion/{id}/VersionData"));
        assert_eq!((reply.status, reply.body.len(), reply.error), (200, right.len(), None));
        let wrong: Vec<_> = (0..right.len()).filter(|at| reply.body[*at] != right[*at]).collect();
        assert_eq!(wrong, [hit]);
    }
    let (org, bearer) = faulty(Fault::Corrupt { byte: 3 });
    let reply = get(&org, &bearer, LIMITS);
    assert_eq!((reply.status, reply.body.len()), (200, healthy().len()));
    assert_ne!(reply.body, healthy());
}
