//! Files of versions before.

use rusqlite::{Connection, params};

use super::*;
use crate::embedded::{Standing, Users, store};

/// The schema of version 1, as it was.
const FIRST: &str = include_str!("schema_1.sql");

/// A file of version 1 with these documents: index, id, body.
fn old(documents: &[(&str, &str, String)]) -> TempDir {
    let dir = TempDir::new().unwrap();
    let db = Connection::open(dir.path().join("sluice.sqlite")).unwrap();
    db.execute_batch("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL;").unwrap();
    db.execute_batch(FIRST).unwrap();
    for (no, (index, id, body)) in (1_i64..).zip(documents) {
        let insert =
            "INSERT INTO documents (no, index_name, id, connector, run, kind, title) VALUES (?1, ?2, ?3, 'c', 'r', 'Case', 'word')";
        db.execute(insert, params![no, index, id]).unwrap();
        db.execute("INSERT INTO bodies (no, body) VALUES (?1, ?2)", params![no, body]).unwrap();
        db.execute("INSERT INTO texts (no, title, text) VALUES (?1, 'word', '')", params![no]).unwrap();
    }
    db.execute_batch("PRAGMA application_id = 0x736C6365; PRAGMA user_version = 1;").unwrap();
    dir
}

/// Body and id of an operation.
fn parts(op: BulkOp) -> (String, String) {
    let BulkOp::Put(Document { id, body }) = op else { panic!("a put") };
    (id.to_string(), String::from_utf8(body).unwrap())
}

/// Everything that tables and indices have, in order.
fn shape(db: &Connection) -> Vec<String> {
    let rows = |sql: &str| -> Vec<String> {
        let mut select = db.prepare(sql).unwrap();
        let rows = select.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    let names = "SELECT type || ' ' || name FROM sqlite_schema WHERE name <> 'holds' ORDER BY 1";
    let columns =
        "SELECT concat_ws(' ', s.name, c.cid, c.name, c.type, c.\"notnull\", c.pk) FROM sqlite_schema s, pragma_table_xinfo(s.name) c
                   WHERE s.type = 'table' AND s.name <> 'holds' ORDER BY s.name, c.cid";
    let keys = "SELECT concat_ws(' ', s.name, c.seqno, c.name, c.coll) FROM sqlite_schema s, pragma_index_xinfo(s.name) c
                WHERE s.type = 'index' ORDER BY s.name, c.seqno";
    [rows(names), rows(columns), rows(keys)].concat()
}

#[tokio::test]
async fn a_file_of_the_first_version_is_brought_up_to_date_in_place() {
    let access = domain::access::access_index(INDEX);
    let (user, held) = parts(holder(1, "Ada", "a@b", &["t"]));
    let (plain, open) = parts(closed(1, "Case", "word", None));
    let (listed, shut) = parts(closed(2, "Case", "word", Some(&["t"])));
    let documents = [(INDEX, &*plain, open.clone()), (INDEX, &*listed, shut), (access.as_str(), &*user, held)];
    let dir = old(&documents);
    let index = open_again(&dir);
    let reader = index.reader();
    assert_eq!(found(&reader, "word").len(), 2, "words stay, those of users go");
    let request =
        SearchRequest { index: Some(INDEX.into()), text: "word".into(), reader: Some("a@b".into()), size: 9, ..Default::default() };
    let answer = reader.search(&request).unwrap();
    assert_eq!((answer.total, &*answer.hits[0].id, answer.reader), (1, &*listed, Some(Standing::Known)));
    assert_eq!(reader.document(INDEX, &plain).unwrap(), Some(open.into_bytes()));
    assert_eq!(reader.users(INDEX, "ada", 9).unwrap().found.len(), 1);
    drop(index);
    let header = std::fs::read(dir.path().join("sluice.sqlite")).unwrap();
    assert_eq!(header[60..64], store::VERSION.to_be_bytes());
    let db = Connection::open(dir.path().join("sluice.sqlite")).unwrap();
    db.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)", []).unwrap();
    assert_eq!(shape(&db), shape(&store::in_memory()), "the same as one that is made anew");
    drop(open_again(&dir));
}

fn open_again(dir: &TempDir) -> Embedded {
    open(dir.path()).unwrap()
}

#[test]
fn a_file_of_the_first_version_is_read_as_it_is_and_users_find_nothing_in_it() {
    let (id, body) = parts(closed(1, "Case", "word", Some(&["t"])));
    let dir = old(&[(INDEX, &*id, body)]);
    let reader = Embedded::read_only(dir.path()).unwrap();
    assert_eq!((found(&reader, "word"), found(&reader, "")), (vec![id.clone()], vec![id.clone()]));
    assert_eq!(reader.export(INDEX, |_, _| Ok(())).unwrap(), 1);
    let request = SearchRequest { reader: Some(user_id(1).to_string()), size: 9, ..Default::default() };
    assert_eq!(reader.search(&request).unwrap().reader, Some(Standing::Unknown));
    assert_eq!(reader.document_as(INDEX, &id, user_id(1).as_str()).unwrap(), None);
    assert_eq!(reader.users(INDEX, "", 9).unwrap(), Users::default());
}
