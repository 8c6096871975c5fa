//! Access control jobs between tables of a small org and an index that remembers.

use std::cell::Cell;
use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use domain::catalog::{ContentAt, DescribedObject, FileFacts, FileLink, LookupTarget};
use domain::rules::RulePlan;
use domain::{Children, Code, ConnectorId, IndexName, JobId, JobType, NestedLimit, Page, Record, RecordId, SF_SILENT};
use ports::FileContent;
use ports::fakes::{FakeCheckpoints, FakeClock, FakeSink};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::*;
use crate::kit::small_work;

/// An org of nothing but tables: rows by object, two to a page.
struct Tables {
    rows: BTreeMap<&'static str, Vec<Value>>,
    /// Pages after which reading fails, and how.
    breaks: Cell<Option<(usize, &'static Code)>>,
}

const ANNA: &str = "005000000000001AAA";
const BERT: &str = "005000000000002AAA";

impl Default for Tables {
    fn default() -> Self {
        let user = |id: &str, name: &str| json!({ "Id": id, "Name": name, "Email": format!("{name}@x"), "IsActive": true, "UserType": "Standard" });
        let rows = [
            ("User", vec![user(ANNA, "anna"), user(BERT, "bert"), user("005000000000003AAA", "carl")]),
            ("PermissionSet", vec![json!({ "Id": "0PS000000000001AAA" })]),
            (
                "ObjectPermissions",
                vec![
                    json!({ "Id": "110000000000001AAA", "ParentId": "0PS000000000001AAA", "SobjectType": "Case", "PermissionsRead": true }),
                ],
            ),
            (
                "PermissionSetAssignment",
                vec![json!({ "Id": "0Pa000000000001AAA", "AssigneeId": ANNA, "PermissionSetId": "0PS000000000001AAA" })],
            ),
            ("Organization", vec![json!({ "Id": "00D000000000001AAA" })]),
        ];
        Self { rows: rows.into(), breaks: Cell::default() }
    }
}

#[async_trait(?Send)]
impl Source for Tables {
    async fn global(&self) -> Result<Vec<GlobalObject>, Fault> {
        let object = |name: &&str| GlobalObject { name: (*name).to_owned(), queryable: true, custom: false, key_prefix: None };
        Ok(self.rows.keys().map(object).collect())
    }
    async fn describe(&self, object: &str) -> Result<DescribedObject, Fault> {
        let members = self.rows[object][0].as_object().unwrap();
        Ok(DescribedObject { fields: members.keys().map(|name| (name.clone(), "string".into())).collect(), relationships: vec![] })
    }
    async fn page(&self, plan: &ObjectPlan, cursor: &PageCursor) -> Result<Page, Fault> {
        match self.breaks.get() {
            Some((0, code)) => return Err(Fault::new(code, "scripted")),
            breaks => self.breaks.set(breaks.map(|(pages, code)| (pages - 1, code))),
        }
        let (PageCursor::After(after) | PageCursor::Token { after, .. }) = cursor;
        let record = |row: &Value| {
            let id: RecordId = row["Id"].as_str().unwrap().parse().unwrap();
            Record { id, modified: None, refs: vec![], text: Bytes::from(row.to_string()) }
        };
        let mut records: Vec<_> = self.rows[plan.name.as_str()].iter().map(record).filter(|record| Some(record.id) > *after).collect();
        let more = records.len() > 2;
        records.truncate(2);
        let next = records.last().filter(|_| more).map(|last| PageCursor::After(Some(last.id)));
        Ok(Page { records, next, ..Page::default() })
    }
    async fn attempt(&self, _: &RulePlan) -> Result<(), Fault> {
        unreachable!()
    }
    async fn children(&self, _: &ObjectPlan, _: &[RecordId], _: NestedLimit) -> Result<Children, Fault> {
        unreachable!()
    }
    async fn lookup(&self, _: LookupTarget, _: &[RecordId]) -> Result<Vec<(RecordId, Bytes)>, Fault> {
        unreachable!()
    }
    async fn links(&self, _: &[RecordId], _: FileFacts) -> Result<Vec<FileLink>, Fault> {
        unreachable!()
    }
    async fn file(&self, _: ContentAt) -> Result<FileContent, Fault> {
        unreachable!()
    }
}

/// Whoever had an access document before.
const DORA: &str = "005000000000009AAA";

fn sink() -> Rc<FakeSink> {
    let sink = FakeSink::default();
    for id in [ANNA, DORA] {
        sink.docs.borrow_mut().insert(id.parse().unwrap(), (b"{}".to_vec(), RunId::new("before")));
    }
    Rc::new(sink)
}

async fn ran(tables: Tables, sink: &Rc<FakeSink>, access: Option<Mode>) -> Ended {
    let ports = Ports {
        source: Rc::new(tables),
        sink: sink.clone(),
        checkpoints: Rc::<FakeCheckpoints>::default(),
        cache: None,
        clock: Arc::new(FakeClock::default()),
    };
    let (_stop, stopped) = watch::channel(false);
    let work = ConnectorWork { access, ..small_work(ports, stopped) };
    let index = IndexName::new(".search-acl-filter-i");
    conduct(&work, &Job { id: JobId::new("j"), connector: ConnectorId::new("c"), index, kind: JobType::AccessControl }).await
}

fn who(sink: &FakeSink) -> Vec<String> {
    sink.docs.borrow().keys().map(ToString::to_string).collect()
}

fn untouched(sink: &FakeSink) -> bool {
    who(sink) == [ANNA, DORA] && sink.docs.borrow().values().all(|(body, run)| body == b"{}" && run.as_str() == "before")
}

#[actix_rt::test]
async fn everybody_who_is_served_gets_a_document_and_whoever_is_not_loses_it() {
    let sink = sink();
    let ended = ran(Tables::default(), &sink, Some(Mode::Tokens)).await;
    assert_eq!((ended.status, &ended.fault), (JobStatus::Completed, &None));
    assert_eq!(who(&sink), [ANNA, BERT, "005000000000003AAA"]);
    assert_eq!((ended.counts.written, ended.counts.deleted, ended.counts.read), (3, 1, 7));
    let docs = sink.docs.borrow();
    let tokens = |id: &str| {
        let document: Value = serde_json::from_slice(&docs[&id.parse().unwrap()].0).unwrap();
        document["query"]["template"]["params"]["access_control"].to_string()
    };
    assert!(tokens(ANNA).contains("object:Case:read") && !tokens(BERT).contains("object:Case:read"), "{}", tokens(ANNA));
}

#[actix_rt::test]
async fn with_the_switch_off_nothing_is_read_and_nothing_touched() {
    let sink = sink();
    let tables = Tables { breaks: Cell::new(Some((0, &SF_SILENT))), ..Tables::default() };
    let ended = ran(tables, &sink, None).await;
    assert_eq!((ended.status, ended.fault, ended.counts), (JobStatus::Completed, None, Counts::default()));
    assert!(untouched(&sink) && sink.prepares.get() == 0);
}

#[actix_rt::test]
async fn a_table_that_is_needed_and_not_shown_ends_the_job_by_the_name_of_the_right() {
    for table in ["User", "PermissionSet", "ObjectPermissions", "PermissionSetAssignment"] {
        let (mut tables, sink) = (Tables::default(), sink());
        tables.rows.remove(table);
        let ended = ran(tables, &sink, Some(Mode::Tokens)).await;
        let fault = ended.fault.unwrap();
        assert_eq!((ended.status, fault.code), (JobStatus::Error, &AC_UNKNOWN), "{table}");
        assert!(fault.message.contains(&format!("`{table}`")) && fault.message.contains("give the run-as user `View"), "{fault}");
        assert!(untouched(&sink), "{table}");
    }
}

#[actix_rt::test]
async fn a_read_that_fails_half_way_leaves_all_documents_as_they_were() {
    for pages in 0..6 {
        for (code, told) in [(&SF_SILENT, &SF_SILENT), (&SF_FORBIDDEN, &AC_UNKNOWN)] {
            let sink = sink();
            let ended = ran(Tables { breaks: Cell::new(Some((pages, code))), ..Tables::default() }, &sink, Some(Mode::Tokens)).await;
            assert_eq!((ended.status, ended.fault.unwrap().code), (JobStatus::Error, told), "{pages}");
            assert!(untouched(&sink), "{pages}");
        }
    }
}

#[actix_rt::test]
async fn a_field_that_is_needed_and_hidden_is_told() {
    let (mut tables, sink) = (Tables::default(), sink());
    tables.rows.get_mut("User").unwrap().iter_mut().for_each(|row| drop(row.as_object_mut().unwrap().remove("IsActive")));
    let fault = ran(tables, &sink, Some(Mode::Tokens)).await.fault.unwrap();
    assert!(fault.code == &AC_UNKNOWN && fault.message.contains("`User.IsActive`"), "{fault}");
    assert!(untouched(&sink));
}

#[actix_rt::test]
async fn a_document_that_is_refused_does_not_leave_the_old_one_behind() {
    let sink = sink();
    sink.poison.borrow_mut().insert(ANNA.parse().unwrap());
    let ended = ran(Tables::default(), &sink, Some(Mode::Tokens)).await;
    assert_eq!((ended.status, ended.fault.unwrap().code), (JobStatus::Error, &AC_REFUSED));
    assert_eq!((who(&sink), ended.counts.written), (vec![BERT.to_owned(), "005000000000003AAA".to_owned()], 2));
}
