//! Deletes that are held back, against a stub that knows sequence numbers.

use domain::{ES_INDEX_GONE, FILE_GONE, SF_NO_ID};
use serde_json::{Value, json};

use super::*;

/// A document of the stub: its shard, its sequence number there, and its kind.
#[derive(Clone, Debug)]
struct Doc {
    id: String,
    shard: u32,
    seq_no: i64,
    source: Value,
}

/// An index with two shards.
#[derive(Clone)]
struct Shards {
    docs: Rc<RefCell<Vec<Doc>>>,
    uuid: Rc<RefCell<&'static str>>,
}

impl Shards {
    /// Documents of these kinds, numbered within their shards.
    fn of(kinds: impl IntoIterator<Item = &'static str>) -> Self {
        let docs = kinds.into_iter().enumerate().map(|(no, kind)| {
            let source = if kind == "content_document" { json!({ "type": kind }) } else { json!({ "attributes": { "type": kind } }) };
            Doc { id: format!("id-{no}"), shard: no as u32 % 2, seq_no: no as i64 / 2, source }
        });
        Self { docs: Rc::new(RefCell::new(docs.collect())), uuid: Rc::new(RefCell::new("u1")) }
    }

    /// Somebody writes a document anew.
    fn touch(&self, no: usize) {
        self.docs.borrow_mut()[no].seq_no += 1_000_000;
    }

    fn ids(&self) -> Vec<String> {
        self.docs.borrow().iter().map(|doc| doc.id.clone()).collect()
    }

    async fn serve(&self) -> Stub {
        let shards = self.clone();
        serve(move |seen| shards.answer(seen)).await
    }

    fn answer(&self, seen: &Seen) -> Act {
        if seen.target.contains("_stats") {
            let shard = json!([{ "routing": { "primary": true }, "seq_no": { "global_checkpoint": 0 } }]);
            return reply(&json!({ "indices": { "i-1": { "uuid": *self.uuid.borrow(), "shards": { "0": shard, "1": shard } } } }));
        }
        if seen.target.starts_with("/i-1/_search") {
            return self.search(seen);
        }
        if seen.target.starts_with("/_bulk") {
            return self.delete(&seen.body);
        }
        assert!(seen.target == "/i-1/_refresh", "{}", seen.target);
        Act::json(200, "{}")
    }

    fn search(&self, seen: &Seen) -> Act {
        assert!(seen.target.contains("allow_partial_search_results=false"), "{}", seen.target);
        let body: Value = serde_json::from_str(&seen.body).unwrap();
        let shard = seen.target.split("_shards:").nth(1).map(|rest| rest.split('&').next().unwrap().parse::<u32>().unwrap());
        let last = body["query"]["range"]["_seq_no"]["lte"].as_i64();
        assert_eq!(last.is_none(), body["query"] == json!({ "match_all": {} }));
        let after = body["search_after"][0].as_i64().unwrap_or(-1);
        let mut found = self.docs.borrow().clone();
        found
            .retain(|doc| shard.is_none_or(|shard| doc.shard == shard) && last.is_none_or(|last| doc.seq_no <= last) && doc.seq_no > after);
        found.sort_by_key(|doc| doc.seq_no);
        let total = found.len();
        found.truncate(body["size"].as_u64().unwrap() as usize);
        let hit = |Doc { id, seq_no, source, .. }: &Doc| json!({ "_id": id, "_seq_no": seq_no, "_primary_term": 1, "_source": source, "sort": [seq_no] });
        reply(&json!({ "hits": { "total": { "value": total }, "hits": found.iter().map(hit).collect::<Vec<_>>() } }))
    }

    fn delete(&self, body: &str) -> Act {
        let item = |line: &str| {
            let action: Value = serde_json::from_str(line).unwrap();
            let id = action["delete"]["_id"].as_str().unwrap();
            let mut docs = self.docs.borrow_mut();
            let at = docs.iter().position(|doc| doc.id == id && Some(doc.seq_no) == action["delete"]["if_seq_no"].as_i64());
            at.map(|at| docs.remove(at));
            json!({ "delete": { "status": if at.is_some() { 200 } else { 409 } } })
        };
        reply(&json!({ "items": body.lines().map(item).collect::<Vec<_>>() }))
    }
}

fn reply(body: &Value) -> Act {
    Act::json(200, body.to_string())
}

/// A run that began when the shards were at these numbers.
fn run(zero: i64, one: i64) -> Target {
    Target { mark: Some(format!(r#"{{"uuid":"u1","shards":{{"0":{zero},"1":{one}}}}}"#)), ..target() }
}

async fn held(elastic: &Elastic, target: &Target, spare: &[String]) -> Hold {
    match elastic.sweep(target, spare, Brake::default()).await.unwrap() {
        Swept::Held(hold) => hold,
        Swept::Deleted(deleted) => panic!("{deleted} were deleted"),
    }
}

fn pages(stub: &Stub) -> usize {
    stub.seen().iter().filter(|seen| seen.body.contains("seq_no_primary_term")).count()
}

#[actix_rt::test]
async fn too_many_deletes_wait_for_leave_and_spare_what_was_touched_since() {
    let shards = Shards::of(["Account"; 100]);
    let stub = shards.serve().await;
    let elastic = connect(&stub).await;
    let target = run(19, 9);
    let hold = held(&elastic, &target, &[]).await;
    assert_eq!((hold.doomed, hold.total, Some(&hold.mark)), (30, 100, target.mark.as_ref()));
    assert_eq!((shards.ids().len(), pages(&stub)), (100, 0), "counted by the server, and nothing deleted");
    shards.touch(0);
    shards.touch(1);
    assert_eq!(elastic.confirm(&hold).await.unwrap(), 28);
    assert_eq!(elastic.confirm(&hold).await.unwrap(), 0);
    let left: Vec<_> = (0..100).filter(|no| no / 2 > if no % 2 == 0 { 19 } else { 9 } || *no < 2).map(|no| format!("id-{no}")).collect();
    assert_eq!(shards.ids(), left);
}

#[actix_rt::test]
async fn few_deletes_go_through_and_a_shard_that_was_empty_is_not_asked() {
    let shards = Shards::of(["Account"; 100]);
    let stub = shards.serve().await;
    let elastic = connect(&stub).await;
    assert_eq!(elastic.sweep(&run(19, -1), &[], Brake::default()).await.unwrap(), Swept::Deleted(20), "a fifth is not more than a fifth");
    assert!(!stub.seen().iter().any(|seen| seen.target.contains("_shards:1")));
    assert_eq!(held(&elastic, &run(-1, 19), &[]).await.doomed, 20, "of eighty it is more");
}

#[actix_rt::test]
async fn kinds_that_are_spared_are_looked_at_page_by_page_when_it_matters() {
    let kinds = (0..5200).map(|no| match no % 4 {
        0 => "Lead",
        1 => "content_document",
        _ => "Account",
    });
    let shards = Shards::of(kinds);
    let stub = shards.serve().await;
    let elastic = connect(&stub).await;
    let spare = ["Lead".to_owned(), "content_document".to_owned()];
    let hold = held(&elastic, &run(2599, 2599), &spare).await;
    assert_eq!((hold.doomed, hold.total), (2600, 5200));
    // Three pages with something and an empty one in each shard, none larger than a thousand.
    assert_eq!(pages(&stub), 8);
    assert!(
        stub.seen()
            .iter()
            .all(|seen| !seen.body.contains("\"size\"") || seen.body.contains("\"size\":1000") || seen.body.contains("\"size\":0"))
    );
    assert_eq!(elastic.confirm(&hold).await.unwrap(), 2600);

    // With them it would be too much, without them it is not.
    let before = pages(&stub);
    assert_eq!(elastic.sweep(&run(2599, -1), &spare[..1], Brake::default()).await.unwrap(), Swept::Deleted(0));
    assert_eq!(pages(&stub) - before, 6, "one look to count and one to delete, each two pages and an empty one");
}

#[actix_rt::test]
async fn what_was_held_in_an_index_that_was_made_anew_is_not_looked_for_in_the_new_one() {
    let shards = Shards::of(["Account"; 100]);
    let stub = shards.serve().await;
    let elastic = connect(&stub).await;
    let hold = held(&elastic, &run(49, 49), &[]).await;
    *shards.uuid.borrow_mut() = "u2";
    assert_eq!(elastic.confirm(&hold).await.unwrap_err().code, &ES_INDEX_GONE);
    assert_eq!(shards.ids().len(), 100);
}

/// A state index that keeps what bulk requests write; each document that is in `busy` is refused once.
async fn state(mut busy: Vec<&'static str>) -> Stub {
    let docs = RefCell::new(HashMap::<String, Value>::new());
    serve(move |seen| {
        if seen.head.starts_with("PUT ") {
            return Act::json(200, "{}");
        }
        if seen.head.starts_with("GET ") {
            let id = seen.target.rsplit('/').next().unwrap().replace("%3A", ":");
            return match docs.borrow().get(&id) {
                Some(source) => reply(&json!({ "_id": id, "_seq_no": 1, "_primary_term": 1, "_source": source })),
                None => Act::json(404, r#"{"found":false}"#),
            };
        }
        let lines: Vec<Value> = seen.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let item = |pair: &[Value]| {
            let id = pair[0]["index"]["_id"].as_str().unwrap();
            if let Some(at) = busy.iter().position(|busy| id.ends_with(busy)) {
                busy.remove(at);
                return json!({ "index": { "status": 429, "error": { "type": "es_rejected_execution_exception", "reason": "full" } } });
            }
            assert_eq!(pair[0]["index"]["_index"], ".sluice-state");
            docs.borrow_mut().insert(id.to_owned(), pair[1].clone());
            json!({ "index": { "status": 201 } })
        };
        reply(&json!({ "items": lines.chunks(2).map(item).collect::<Vec<_>>() }))
    })
    .await
}

fn bulks(stub: &Stub) -> Vec<Seen> {
    stub.seen().into_iter().filter(|seen| seen.target.starts_with("/_bulk")).collect()
}

#[actix_rt::test]
async fn deletes_that_wait_are_kept_until_they_are_dropped() {
    let stub = state(vec![]).await;
    let (elastic, connector) = (connect(&stub).await, ConnectorId::new("c"));
    assert_eq!(elastic.hold(&connector).await.unwrap(), None);
    elastic.drop_hold(&connector).await.unwrap();
    assert_eq!(bulks(&stub).len(), 0, "most runs have none, and write nothing");
    let Target { connector: _, index, run, mark: _ } = target();
    let at = Timestamp::from_second(7).unwrap();
    let hold = Hold { connector: connector.clone(), index, run, mark: "m".into(), spare: vec!["Lead".into()], doomed: 3, total: 4, at };
    elastic.keep_hold(&Hold { doomed: 9, ..hold.clone() }).await.unwrap();
    elastic.keep_hold(&hold).await.unwrap();
    assert_eq!(connect(&stub).await.hold(&connector).await.unwrap(), Some(hold));
    elastic.drop_hold(&connector).await.unwrap();
    assert_eq!(elastic.hold(&connector).await.unwrap(), None);
}

#[actix_rt::test]
async fn what_is_set_aside_goes_in_one_request_and_says_everything() {
    let stub = state(vec!["Lead:lead 7 has no id"]).await;
    let elastic = connect(&stub).await;
    let nameless = SetAside { id: None, what: "Lead".into(), fault: Fault::new(&SF_NO_ID, "lead 7 has no id") };
    let mut entries = vec![nameless];
    entries.extend((1..3).map(|no| SetAside { id: Some(id(no)), what: "file".into(), fault: Fault::new(&FILE_GONE, "gone") }));
    elastic.set_aside(&target(), entries).await.unwrap();
    let bulks = bulks(&stub);
    let lines: Vec<_> = bulks.iter().map(|seen| seen.body.lines().count()).collect();
    assert_eq!(lines, [6, 2], "three entries, and the one that was refused once again");
    let entry: Value = serde_json::from_str(bulks[0].body.lines().nth(3).unwrap()).unwrap();
    let expected = json!({
        "what": "aside", "connector": "c", "index": "my index", "run": "r", "id": id(1).to_string(), "object": "file",
        "code": "SF0403", "reason": "gone", "at": "1970-01-01T00:00:00Z",
    });
    assert_eq!(entry, expected);
}

#[actix_rt::test]
async fn a_document_that_somebody_else_changed_is_told_as_a_conflict() {
    let answer = r#"{"items":[{"index":{"status":200}},{"update":{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"[1]: version conflict"}}}]}"#;
    let stub = serve(in_turn(vec![Act::json(200, answer)])).await;
    let outcomes = connect(&stub).await.submit(&target(), ops()).await.unwrap();
    assert!(
        matches!(&outcomes[..], [ItemOutcome::Written, ItemOutcome::Conflict(fault)] if fault.code == &domain::ES_CONFLICT),
        "{outcomes:?}"
    );
}
