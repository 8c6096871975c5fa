//! The text extraction service against a server that does as it is told.

use domain::{FILE_DAMAGED, FaultClass, SF_SILENT};

use super::*;
use crate::stub::{Act, Stub};

fn config(host: &str) -> ExtractionConfig {
    ExtractionConfig { host: host.to_owned(), timeout: Duration::from_secs(30), chunk: 4, shared: None }
}

fn content(pieces: &[&'static str]) -> LocalBoxStream<'static, Result<Bytes, Fault>> {
    stream::iter(pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).collect::<Vec<_>>()).boxed_local()
}

/// What a service that always answers this makes of a file.
async fn answered(status: u16, body: &'static str) -> Result<String, Fault> {
    let stub = Stub::serve(move |_| Act::json(status, body)).await;
    ExtractionService::new(config(&stub.base_url)).unwrap().text("pdf", content(&["x"])).await
}

#[actix_rt::test]
async fn a_file_is_sent_in_chunks_as_it_arrives() {
    let stub = Stub::serve(|_| Act::json(200, r#"{"extracted_text":"the text","_meta":{}}"#)).await;
    let service = ExtractionService::new(config(&stub.base_url)).unwrap();
    assert_eq!(service.text("pdf", content(&["abcdefghij", "kl"])).await, Ok("the text".to_owned()));
    let seen = stub.seen().remove(0);
    assert!(seen.head.starts_with("PUT /extract_text/ HTTP/1.1"), "{}", seen.head);
    assert_eq!((seen.header("content-type"), seen.header("accept")), (Some("application/octet-stream"), Some("application/json")));
    assert_eq!(seen.body, "abcd|efgh|ij|kl");
}

#[actix_rt::test]
async fn a_file_without_a_byte_is_sent_too() {
    let stub = Stub::serve(|_| Act::json(200, r#"{"extracted_text":""}"#)).await;
    let service = ExtractionService::new(config(&stub.base_url)).unwrap();
    for pieces in [&[][..], &[""], &["", "x", ""]] {
        assert_eq!(service.text("txt", content(pieces)).await, Ok(String::new()), "{pieces:?}");
    }
    assert_eq!(stub.seen().iter().map(|seen| seen.body.as_str()).collect::<Vec<_>>(), ["", "", "x"]);
}

#[actix_rt::test]
async fn a_file_that_is_pointed_to_is_there_while_it_is_read_and_gone_afterwards() {
    let directory = tempfile::tempdir().unwrap();
    let shared = directory.path().join("of all");
    std::fs::create_dir(&shared).unwrap();
    let stub = Stub::serve(|seen| {
        let (_, path) = seen.target.split_once("local_file_path=").unwrap();
        let path: String = url::form_urlencoded::parse(format!("p={path}").as_bytes()).next().unwrap().1.into_owned();
        Act::json(200, format!(r#"{{"extracted_text":"{}"}}"#, std::fs::read_to_string(path).unwrap()))
    })
    .await;
    let service = ExtractionService::new(ExtractionConfig { shared: Some(shared.clone()), ..config(&stub.base_url) }).unwrap();
    assert_eq!(service.text("pdf", content(&["abc", "def"])).await, Ok("abcdef".to_owned()));
    assert_eq!(service.text("../../x", content(&["two"])).await, Ok("two".to_owned()));
    let seen = stub.seen();
    assert!(seen[0].target.starts_with("/extract_text/?local_file_path=/") && seen[0].target.ends_with(".pdf"), "{}", seen[0].target);
    assert!(seen.iter().all(|seen| seen.body.is_empty() && seen.target.contains("/of%20all/sluice-")));
    assert_eq!(std::fs::read_dir(&shared).unwrap().count(), 0);
    let missing = ExtractionConfig { shared: Some(directory.path().join("none")), ..config(&stub.base_url) };
    let fault = ExtractionService::new(missing).unwrap().text("pdf", content(&["x"])).await.unwrap_err();
    assert!(fault.code == &TX_UNREACHABLE && fault.message.contains("shared_volume_dir"), "{fault}");
}

#[actix_rt::test]
async fn what_the_service_says_of_a_file_is_about_that_file_alone() {
    assert_eq!(answered(200, r#"{"extracted_text":null,"error":""}"#).await, Ok(String::new()));
    for (status, body, words) in [
        (200, r#"{"error":"unsupported","message":"no parser"}"#, "answered 200: unsupported: no parser"),
        (422, r#"{"error":"Unprocessable","message":5}"#, "answered 422: Unprocessable: 5"),
        (500, "<html>", "answered 500"),
        (200, "<html>", "no JSON"),
        (200, "7", "no JSON"),
    ] {
        let fault = answered(status, body).await.unwrap_err();
        assert!(fault.code == &TX_FAILED && fault.class() == FaultClass::Item && fault.message.contains(words), "{fault}");
    }
}

#[actix_rt::test]
async fn a_service_that_is_not_there_or_too_busy_is_about_all_files() {
    for status in [302, 401, 404, 405, 429, 502, 503, 504] {
        assert_eq!(answered(status, "{}").await.unwrap_err().code, &TX_UNREACHABLE);
    }
    let proxy = Stub::serve(|_| Act::Close).await;
    let behind = ExtractionService::new(config(&proxy.base_url)).unwrap();
    assert_eq!(behind.text("pdf", content(&["x"])).await.unwrap_err().code, &TX_UNREACHABLE, "a proxy without a service");
    let nobody = ExtractionService::new(config("http://127.0.0.1:1")).unwrap();
    assert_eq!(nobody.text("pdf", content(&["x"])).await.unwrap_err().code, &TX_UNREACHABLE);
    assert_eq!(nobody.ping().await.unwrap_err().code, &TX_UNREACHABLE);
    let there = Stub::serve(|_| Act::json(200, "{}")).await;
    assert_eq!(ExtractionService::new(config(&there.base_url)).unwrap().ping().await, Ok(()));
    assert_eq!(there.seen()[0].target, "/ping/");
    for address in ["", "localhost:8090", "ftp://x"] {
        assert_eq!(ExtractionService::new(config(address)).unwrap_err().code, &CF_INVALID, "{address}");
    }
}

#[actix_rt::test]
async fn a_file_that_takes_too_long_or_ends_the_service_goes_alone() {
    let stub = Stub::serve(|_| Act::StallHead).await;
    let hasty = ExtractionConfig { timeout: Duration::from_millis(50), ..config(&stub.base_url) };
    assert_eq!(ExtractionService::new(hasty).unwrap().text("pdf", content(&["x"])).await.unwrap_err().code, &TX_SLOW);
    let stub = Stub::serve(|seen| if seen.target == "/ping/" { Act::json(200, "{}") } else { Act::Close }).await;
    let fault = ExtractionService::new(config(&stub.base_url)).unwrap().text("pdf", content(&["x"])).await.unwrap_err();
    assert!(fault.code == &TX_FAILED && fault.message.contains("broke the connection off"), "{fault}");
}

#[actix_rt::test]
async fn content_that_breaks_off_is_told_as_what_it_is() {
    let broken = || {
        let pieces = [Ok(Bytes::from_static(b"abc")), Err(Fault::new(&FILE_DAMAGED, "cut"))];
        stream::iter(pieces).boxed_local()
    };
    let stub = Stub::serve(|_| Act::json(200, r#"{"extracted_text":"half"}"#)).await;
    let service = ExtractionService::new(config(&stub.base_url)).unwrap();
    assert_eq!(service.text("pdf", broken()).await.unwrap_err().code, &FILE_DAMAGED);
    let directory = tempfile::tempdir().unwrap();
    let shared = Some(directory.path().to_owned());
    let service = ExtractionService::new(ExtractionConfig { shared, ..config(&stub.base_url) }).unwrap();
    assert_eq!(service.text("pdf", broken()).await.unwrap_err().code, &FILE_DAMAGED);
    assert_eq!((stub.seen().len(), std::fs::read_dir(directory.path()).unwrap().count()), (0, 0), "nothing was asked for half a file");
}

#[actix_rt::test]
async fn a_source_that_is_slow_is_not_the_service_s_fault() {
    let stub = Stub::serve(|_| Act::json(200, r#"{"extracted_text":"all"}"#)).await;
    let hasty = ExtractionConfig { timeout: Duration::from_secs(1), ..config(&stub.base_url) };
    let service = ExtractionService::new(hasty).unwrap();
    // Every wait is longer than the limit.
    let slow = stream::unfold(0, |no| async move {
        tokio::time::sleep(Duration::from_millis(1300)).await;
        (no < 1).then(|| (Ok(Bytes::from_static(b"piece")), no + 1))
    });
    assert_eq!(service.text("pdf", slow.boxed_local()).await, Ok("all".to_owned()));
    let silent = stream::once(async {
        tokio::time::sleep(Duration::from_millis(1300)).await;
        Err(Fault::new(&SF_SILENT, "nothing more came"))
    });
    assert_eq!(service.text("pdf", silent.boxed_local()).await.unwrap_err().code, &SF_SILENT);
}
