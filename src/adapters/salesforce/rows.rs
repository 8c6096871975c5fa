//! Pages of query results taken apart without copying: every row stays a slice of the answer it came in.
//!
//! This is the hot path. The answer is parsed once, which proves that it is well-formed; after that, rows are only walked over.

use std::borrow::Cow;

use bytes::Bytes;
use domain::{Fault, ObjectPlan, Page, Record, RecordId, SF_NO_ID, json};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Characters of field names that are told of a row without an id. Names, never values.
const LONGEST_NAMES: usize = 80;

/// One page of a query, or of a nested list.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Rows that the query matches.
    pub(super) total: Option<u64>,
    /// Path of the next page.
    pub(super) next: Option<String>,
    /// The rows, raw, each on one line.
    pub(super) rows: Vec<Bytes>,
    /// Size of the answer.
    pub(super) bytes: usize,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "totalSize")]
    total: Option<u64>,
    #[serde(borrow, default, rename = "nextRecordsUrl")]
    next: Option<Cow<'a, str>>,
    #[serde(borrow)]
    records: Vec<&'a RawValue>,
}

impl Rows {
    /// Reads an answer.
    pub(super) fn parse(body: Bytes) -> Result<Self, serde_json::Error> {
        let body = json::one_line(body);
        let envelope: Envelope<'_> = serde_json::from_slice(&body)?;
        // The path is appended to the org's host: without the slash it could name another one.
        if envelope.next.as_ref().is_some_and(|next| !next.starts_with('/')) {
            return Err(serde::de::Error::custom("nextRecordsUrl is no path"));
        }
        Ok(Self {
            total: envelope.total,
            next: envelope.next.map(Cow::into_owned),
            rows: envelope.records.into_iter().map(|row| body.slice_ref(row.get().as_bytes())).collect(),
            bytes: body.len(),
        })
    }
}

impl Rows {
    /// Reads the answer of a search. Versions before 37.0 give the bare list.
    pub(super) fn parse_found(body: Bytes) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Found<'a> {
            #[serde(borrow, rename = "searchRecords")]
            records: Vec<&'a RawValue>,
        }
        let body = json::one_line(body);
        let records = if body.trim_ascii_start().starts_with(b"[") {
            serde_json::from_slice(&body)?
        } else {
            serde_json::from_slice::<Found<'_>>(&body)?.records
        };
        let rows: Vec<_> = records.into_iter().map(|row: &RawValue| body.slice_ref(row.get().as_bytes())).collect();
        Ok(Self { total: Some(rows.len() as u64), next: None, rows, bytes: body.len() })
    }
}

/// Walks over the top-level members of a JSON object that was parsed before: name without quotes, value untouched.
///
/// Names are compared as they are written; Salesforce's are identifiers and need no escapes.
pub(super) struct Walk<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn over(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// Goes on to the next byte of interest, over blanks and the signs between members.
    fn skip(&mut self, signs: &[u8]) {
        while self.text.get(self.at).is_some_and(|byte| byte.is_ascii_whitespace() || signs.contains(byte)) {
            self.at += 1;
        }
    }

    /// Goes behind the string that starts here.
    fn skip_string(&mut self) {
        self.at += 1;
        while let Some(found) = memchr::memchr2(b'"', b'\\', &self.text[self.at.min(self.text.len())..]) {
            self.at += found + 1;
            if self.text[self.at - 1] == b'"' {
                return;
            }
            self.at += 1;
        }
        self.at = self.text.len();
    }

    /// Goes behind the value that starts here.
    fn skip_value(&mut self) {
        let mut depth = 0usize;
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b'"' => {
                    self.skip_string();
                    if depth == 0 {
                        return;
                    }
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth == 0 => return,
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        self.at += 1;
                        return;
                    }
                }
                b',' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => return,
                _ => {}
            }
            self.at += 1;
        }
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        self.skip(b"{,");
        if self.text.get(self.at) != Some(&b'"') {
            return None;
        }
        let start = self.at + 1;
        self.skip_string();
        let name = self.text.get(start..self.at.checked_sub(1)?)?;
        self.skip(b":");
        let start = self.at;
        self.skip_value();
        Some((name, &self.text[start..self.at]))
    }
}

/// The id that a raw value is, if it is one.
pub(super) fn id(raw: &[u8]) -> Option<RecordId> {
    RecordId::parse(raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?)
}

/// The id under `field`.
pub(super) fn id_under(row: &[u8], field: &str) -> Option<RecordId> {
    Walk::over(row).find(|(name, _)| is(name, field)).and_then(|(_, raw)| id(raw))
}

/// Whether a member has this name. Salesforce's names do not depend on case.
pub(super) fn is(name: &[u8], field: &str) -> bool {
    name.eq_ignore_ascii_case(field.as_bytes())
}

/// A row without the members that `unwanted` names; the row itself when there are none.
pub(super) fn without(row: &Bytes, unwanted: impl Fn(&[u8]) -> bool) -> Bytes {
    if !Walk::over(row).any(|(name, _)| unwanted(name)) {
        return row.clone();
    }
    let mut out = Vec::with_capacity(row.len());
    out.push(b'{');
    for (name, value) in Walk::over(row).filter(|(name, _)| !unwanted(name)) {
        push_member(&mut out, name, value);
    }
    out.push(b'}');
    out.into()
}

/// Appends a member as it was written, with a comma where one is due.
pub(super) fn push_member(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(name);
    out.extend_from_slice(b"\":");
    out.extend_from_slice(value);
}

/// Makes a page of records out of rows. Rows without a usable `Id` are set aside.
pub(super) fn records(plan: &ObjectPlan, rows: Vec<Bytes>) -> Page {
    let mut page = Page { records: Vec::with_capacity(rows.len()), ..Page::default() };
    for (position, row) in rows.into_iter().enumerate() {
        match record(plan, row) {
            Ok(record) => page.records.push(record),
            Err(row) => page.unusable.push(no_id(&plan.name, position, &row)),
        }
    }
    page
}

/// Reads what the engine needs of a row, and stops as soon as it has it. Without a usable id the row comes back.
fn record(plan: &ObjectPlan, row: Bytes) -> Result<Record, Bytes> {
    let (mut own, mut modified, mut refs) = (None, None, vec![None; plan.lookups.len()]);
    let mut missing = 2 + refs.len();
    for (name, value) in Walk::over(&row) {
        if is(name, "Id") {
            own = id(value);
            missing = missing.saturating_sub(1);
        } else if is(name, "LastModifiedDate") {
            modified = text(value);
            missing = missing.saturating_sub(1);
        }
        for (reference, (lookup, _)) in refs.iter_mut().zip(&plan.lookups) {
            if is(name, lookup.field) {
                *reference = id(value);
                missing = missing.saturating_sub(1);
            }
        }
        if missing == 0 {
            break;
        }
    }
    match own {
        Some(id) => Ok(Record { id, modified, refs, text: row }),
        None => Err(row),
    }
}

/// A string as it stands; what has escapes is no date-time anyway.
fn text(raw: &[u8]) -> Option<Box<str>> {
    let inside = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    std::str::from_utf8(inside).ok().map(Box::from)
}

fn no_id(object: &str, position: usize, row: &[u8]) -> Fault {
    let names: Vec<_> = Walk::over(row).map(|(name, _)| String::from_utf8_lossy(name)).collect();
    let names: String = names.join(", ").chars().take(LONGEST_NAMES).collect();
    Fault::new(&SF_NO_ID, format!("row {} of a page of {object} has no usable Id; its fields are {names}", position + 1))
}

#[cfg(test)]
#[path = "tests/rows.rs"]
mod tests;
