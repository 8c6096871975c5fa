//! The shape of a document: raw record, nested entities and look-ups spliced into one JSON object.

use bytes::Bytes;
use jiff::Timestamp;

use super::{Blob, Cap, ChildPlan, ContentAt, FileRef, LINKS, ObjectPlan, Shape};
use crate::json::{Members, push_key, push_members, push_string};
use crate::{ChildList, ChildRow, Document, NestedLimit, Record, RecordId, stamp};

/// What the index's ingest pipeline is told with every document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PipelineFlags {
    /// `_extract_binary_content`.
    pub extract_binary_content: bool,
    /// `_reduce_whitespace`.
    pub reduce_whitespace: bool,
    /// `_run_ml_inference`.
    pub run_ml_inference: bool,
}

/// What makes one connector's documents look as they do.
#[derive(Clone, Debug)]
pub struct DocumentShape {
    /// Start of each document's `url`, no trailing slash.
    pub base_url: String,
    /// Flags at the end of each document.
    pub flags: PipelineFlags,
    /// How many nested entities of a kind are kept.
    pub limit: NestedLimit,
    /// `compatibility: elastic`: nested files name the record they hang on, and files have no `related_ids`, as in the reference.
    pub as_reference: bool,
}

/// A parent with more children of a kind than are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The record whose document it is.
    pub record: RecordId,
    /// Key of the kind.
    pub kind: &'static str,
    /// How many were kept.
    pub kept: usize,
}

/// What a record's document is made of.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// The object's plan.
    pub plan: &'a ObjectPlan,
    /// The record.
    pub record: &'a Record,
    /// Its children by position in the plan; `None` when it has none of any kind.
    pub children: Option<&'a [Option<ChildList>]>,
    /// Its look-ups by position in the plan; `None` shows `{}`.
    pub found: &'a [Option<Bytes>],
}

impl DocumentShape {
    /// The document of a record. Kinds that were cut are added to `cuts`.
    pub fn record(&self, parts: Parts<'_>, now: Timestamp, cuts: &mut Vec<Cut>) -> Document {
        let Parts { plan, record, children, found } = parts;
        let id = record.id;
        let mut out = Vec::with_capacity(record.text.len() + self.base_url.len() + 288);
        out.push(b'{');
        self.head(&mut out, id, record.modified.as_deref(), now);
        push_members(&mut out, &record.text);
        for (position, child) in plan.children.iter().enumerate() {
            push_key(&mut out, child.key);
            let list = children.and_then(|lists| lists.get(position)).and_then(Option::as_ref);
            self.list(&mut out, id, child, list, cuts);
        }
        for (position, (lookup, _)) in plan.lookups.iter().enumerate() {
            push_key(&mut out, lookup.key);
            out.extend_from_slice(found.get(position).and_then(Option::as_deref).unwrap_or(b"{}"));
        }
        self.close(&mut out, id);
        Document { id, body: out }
    }

    /// The document of a file, still open at its end: add content members, then [`Self::close`] it.
    pub fn file_head(&self, file: &FileRef, linked: &[RecordId], now: Timestamp) -> Result<Vec<u8>, serde_json::Error> {
        let meta = Members::of(&file.text)?;
        let mut out = Vec::with_capacity(file.text.len() + linked.len() * 21 + 512);
        out.push(b'{');
        self.head(&mut out, file.id, meta.text("LastModifiedDate").as_deref(), now);
        push_key(&mut out, "type");
        out.extend_from_slice(b"\"content_document\"");
        for (key, from) in [
            ("content_size", file.blob().size()),
            ("created_at", "CreatedDate"),
            ("description", "Description"),
            ("last_updated", "LastModifiedDate"),
        ] {
            push_raw(&mut out, key, meta.get(from));
        }
        if file.blob() == Blob::ContentVersion {
            push_raw(&mut out, "file_extension", meta.get("FileExtension"));
        } else {
            push_key(&mut out, "file_extension");
            push_string(&mut out, &file.extension());
        }
        for (parent, name, email) in [("CreatedBy", "created_by", "created_by_email"), (file.blob().owner(), "owner", "owner_email")] {
            let person = meta.get(parent).and_then(|raw| Members::of(raw.as_bytes()).ok());
            push_raw(&mut out, name, person.as_ref().and_then(|person| person.get("Name")));
            push_raw(&mut out, email, person.as_ref().and_then(|person| person.get("Email")));
        }
        let version = meta.get("LatestPublishedVersion").and_then(|raw| Members::of(raw.as_bytes()).ok());
        push_raw(&mut out, "version_number", version.as_ref().and_then(|version| version.get("VersionNumber")));
        push_key(&mut out, "title");
        push_string(&mut out, &file.title());
        if let Some(ContentAt { blob: Blob::ContentVersion, id }) = file.content {
            push_key(&mut out, "version_url");
            push_string(&mut out, &format!("{}/{id}", self.base_url));
        }
        // The first is what the reference writes, the second what its documentation says.
        let keys: &[&str] = if self.as_reference { &["linked_ids"] } else { &["linked_ids", "related_ids"] };
        for key in keys {
            push_key(&mut out, key);
            push_ids(&mut out, linked);
        }
        Ok(out)
    }

    /// Ends a document: identity and flags.
    pub fn close(&self, out: &mut Vec<u8>, id: RecordId) {
        let PipelineFlags { extract_binary_content, reduce_whitespace, run_ml_inference } = self.flags;
        for (key, flag) in [
            ("_extract_binary_content", extract_binary_content),
            ("_reduce_whitespace", reduce_whitespace),
            ("_run_ml_inference", run_ml_inference),
        ] {
            push_key(out, key);
            out.extend_from_slice(if flag { b"true" } else { b"false" });
        }
        push_id(out, "id", id);
        out.push(b'}');
    }

    fn head(&self, out: &mut Vec<u8>, id: RecordId, modified: Option<&str>, now: Timestamp) {
        let timestamp = modified.and_then(stamp::zulu).unwrap_or_else(|| stamp::whole_seconds(now));
        push_key(out, "_timestamp");
        push_string(out, &timestamp);
        push_key(out, "url");
        push_string(out, &self.base_url);
        out.pop();
        out.push(b'/');
        out.extend_from_slice(id.as_str().as_bytes());
        out.push(b'"');
    }

    /// Writes the children of one kind, at most as many as the plan allows, in a shape that does not show that there were more.
    fn list(&self, out: &mut Vec<u8>, record: RecordId, plan: &ChildPlan, list: Option<&ChildList>, cuts: &mut Vec<Cut>) {
        let Some(list) = list.filter(|list| !list.rows.is_empty()) else {
            out.extend_from_slice(b"null");
            return;
        };
        let kept = match (plan.cap, self.limit) {
            (Cap::One, _) => 1,
            (Cap::Limit, NestedLimit::At(limit)) => limit,
            (Cap::Limit, NestedLimit::Unlimited) | (Cap::All, _) => usize::MAX,
        };
        if list.rows.len() > kept && plan.cap == Cap::Limit {
            cuts.push(Cut { record, kind: plan.key, kept });
        }
        let rows = &list.rows[..list.rows.len().min(kept)];
        if plan.shape == Shape::Envelope {
            out.extend_from_slice(format!("{{\"totalSize\":{},\"done\":true,\"records\":", rows.len()).as_bytes());
        }
        out.push(b'[');
        for (no, row) in rows.iter().enumerate() {
            if no > 0 {
                out.push(b',');
            }
            self.row(out, record, plan, row, cuts);
        }
        out.push(b']');
        if plan.shape == Shape::Envelope {
            out.push(b'}');
        }
    }

    fn row(&self, out: &mut Vec<u8>, record: RecordId, plan: &ChildPlan, row: &ChildRow, cuts: &mut Vec<Cut>) {
        if plan.key == LINKS && self.as_reference {
            return push_link(out, &row.text, record);
        }
        if plan.children.is_empty() {
            return out.extend_from_slice(&row.text);
        }
        out.push(b'{');
        push_members(out, &row.text);
        for (position, child) in plan.children.iter().enumerate() {
            push_key(out, child.key);
            self.list(out, record, child, row.nested.get(position).and_then(Option::as_ref), cuts);
        }
        out.push(b'}');
    }
}

/// Writes a file link with the id of the record it hangs on inside its `ContentDocument`.
fn push_link(out: &mut Vec<u8>, link: &[u8], record: RecordId) {
    let Ok(members) = Members::of(link) else {
        return out.extend_from_slice(link);
    };
    out.push(b'{');
    for (key, value) in members.0 {
        push_key(out, &key);
        if key == "ContentDocument" && value.get().starts_with('{') {
            out.push(b'{');
            push_members(out, value.get().as_bytes());
            push_id(out, "linked_sobject_id", record);
            out.push(b'}');
        } else {
            out.extend_from_slice(value.get().as_bytes());
        }
    }
    out.push(b'}');
}

fn push_raw(out: &mut Vec<u8>, key: &str, value: Option<&str>) {
    push_key(out, key);
    out.extend_from_slice(value.unwrap_or("null").as_bytes());
}

fn push_id(out: &mut Vec<u8>, key: &str, id: RecordId) {
    push_key(out, key);
    out.push(b'"');
    out.extend_from_slice(id.as_str().as_bytes());
    out.push(b'"');
}

fn push_ids(out: &mut Vec<u8>, ids: &[RecordId]) {
    out.push(b'[');
    for (no, id) in ids.iter().enumerate() {
        if no > 0 {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(id.as_str().as_bytes());
        out.push(b'"');
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{LookupSpec, LookupTarget, Via};
    use super::*;

    fn shape(limit: NestedLimit) -> DocumentShape {
        let flags = PipelineFlags { extract_binary_content: true, reduce_whitespace: true, run_ml_inference: false };
        DocumentShape { base_url: "https://acme.my.salesforce.com".into(), flags, limit, as_reference: false }
    }
    fn child(key: &'static str, shape: Shape, children: Vec<ChildPlan>) -> ChildPlan {
        ChildPlan { key, via: Via::SubSelect(key), fields: vec![], filter: None, order: None, cap: Cap::Limit, shape, children }
    }
    fn rows(count: usize) -> Option<ChildList> {
        let row = |no| ChildRow { text: Bytes::from(format!("{{\"No\":{no}}}")), nested: vec![] };
        Some(ChildList { rows: (0..count).map(row).collect() })
    }
    fn id(text: &str) -> RecordId {
        text.parse().unwrap()
    }
    fn plan(children: Vec<ChildPlan>) -> ObjectPlan {
        let owner = LookupSpec { key: "Owner", field: "OwnerId", target: LookupTarget::User };
        ObjectPlan {
            name: "Case".into(),
            key_prefix: None,
            fields: vec![],
            children,
            lookups: vec![(owner, true)],
            rule: None,
            blob: None,
            filter: None,
        }
    }
    fn record(text: &'static str) -> Record {
        Record {
            id: id("500Hs0AAAAAACDuI4P"),
            modified: Some("2025-06-22T19:20:48.000+0000".into()),
            refs: vec![],
            text: Bytes::from(text),
        }
    }

    #[test]
    fn numbers_reach_the_document_as_salesforce_sent_them() {
        let record = record(r#"{"attributes":{"type":"Case"},"Id":"500Hs0AAAAAACDuI4P","A__c":1.10,"B__c":12345678901234567890}"#);
        let plan = plan(vec![]);
        let parts = Parts { plan: &plan, record: &record, children: None, found: &[Some(Bytes::from_static(b"{\"Name\":\"J\"}"))] };
        let document = shape(NestedLimit::default()).record(parts, Timestamp::UNIX_EPOCH, &mut Vec::new());
        assert_eq!(
            String::from_utf8(document.body).unwrap(),
            concat!(
                r#"{"_timestamp":"2025-06-22T19:20:48Z","url":"https://acme.my.salesforce.com/500Hs0AAAAAACDuI4P","#,
                r#""attributes":{"type":"Case"},"Id":"500Hs0AAAAAACDuI4P","A__c":1.10,"B__c":12345678901234567890,"Owner":{"Name":"J"},"#,
                r#""_extract_binary_content":true,"_reduce_whitespace":true,"_run_ml_inference":false,"id":"500Hs0AAAAAACDuI4P"}"#
            )
        );
    }

    #[test]
    fn a_parent_with_more_children_than_the_limit_gets_the_first_in_an_unchanged_shape() {
        let plan = plan(vec![child("EmailMessages", Shape::Envelope, vec![]), child("CaseComments", Shape::Envelope, vec![])]);
        let record = record(r#"{"Id":"500Hs0AAAAAACDuI4P"}"#);
        let lists = [rows(3), None];
        let parts = Parts { plan: &plan, record: &record, children: Some(&lists), found: &[] };
        let made = |limit| {
            let mut cuts = Vec::new();
            let document = shape(limit).record(parts, Timestamp::UNIX_EPOCH, &mut cuts);
            (serde_json::from_slice::<Value>(&document.body).unwrap(), cuts)
        };
        let (document, cuts) = made(NestedLimit::At(2));
        assert_eq!(document["EmailMessages"], json!({"totalSize": 2, "done": true, "records": [{"No": 0}, {"No": 1}]}));
        assert_eq!((&document["CaseComments"], &document["Owner"]), (&Value::Null, &json!({})));
        assert_eq!(cuts, [Cut { record: record.id, kind: "EmailMessages", kept: 2 }]);
        for limit in [NestedLimit::At(3), NestedLimit::Unlimited] {
            let (document, cuts) = made(limit);
            assert_eq!((document["EmailMessages"]["totalSize"].as_u64(), cuts.len()), (Some(3), 0));
        }
    }

    #[test]
    fn children_of_children_are_nested_and_limited_too() {
        let plan = plan(vec![child("Feeds", Shape::Array, vec![child("FeedComments", Shape::Envelope, vec![])])]);
        let record = record(r#"{"Id":"500Hs0AAAAAACDuI4P"}"#);
        let feed = ChildRow { text: Bytes::from_static(b"{\"Body\":\"b\"}"), nested: vec![rows(2)] };
        let lists = [Some(ChildList { rows: vec![feed] })];
        let mut cuts = Vec::new();
        let parts = Parts { plan: &plan, record: &record, children: Some(&lists), found: &[] };
        let document = shape(NestedLimit::At(1)).record(parts, Timestamp::UNIX_EPOCH, &mut cuts);
        let document: Value = serde_json::from_slice(&document.body).unwrap();
        assert_eq!(document["Feeds"], json!([{"Body": "b", "FeedComments": {"totalSize": 1, "done": true, "records": [{"No": 0}]}}]));
        assert_eq!(cuts[0].kind, "FeedComments");
    }

    #[test]
    fn a_record_without_a_modification_date_carries_the_time_of_the_run() {
        let mut record = record(r#"{"Id":"500Hs0AAAAAACDuI4P"}"#);
        record.modified = None;
        let plan = plan(vec![]);
        let parts = Parts { plan: &plan, record: &record, children: None, found: &[] };
        let document = shape(NestedLimit::Unlimited).record(parts, Timestamp::UNIX_EPOCH, &mut Vec::new());
        assert_eq!(Members::of(&document.body).unwrap().text("_timestamp").as_deref(), Some("1970-01-01T00:00:00Z"));
    }
}
