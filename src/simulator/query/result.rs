//! The rows that a query found, rendered page by page.

use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use super::Cursors;
use super::columns::{Member, Record};
use super::path::type_name;
use super::plan::Rows;
use crate::org::{Org, key_of};

/// The outcome of one query. Cheap to clone; holds row numbers, not rendered rows.
#[derive(Clone, Debug)]
pub struct ResultSet(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    org: Arc<Org>,
    /// Version in the path of further pages.
    version: String,
    body: Body,
    /// Set when the second page was promised.
    locator: OnceLock<String>,
}

#[derive(Debug)]
enum Body {
    Rows {
        rows: Rows,
        record: Arc<Record>,
    },
    /// Groups, rendered.
    Groups(Vec<Vec<u8>>),
    /// `COUNT()`: a total without rows.
    Count(usize),
}

/// What a page holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Rows of the outer query on this page.
    pub rows: usize,
    /// Path of the next page; none on the last one.
    pub next: Option<String>,
}

impl ResultSet {
    pub(super) fn of_rows(org: &Arc<Org>, version: &str, rows: Rows, record: Arc<Record>) -> Self {
        Self::new(org, version, Body::Rows { rows, record })
    }

    pub(super) fn of_groups(org: &Arc<Org>, version: &str, groups: Vec<Vec<u8>>) -> Self {
        Self::new(org, version, Body::Groups(groups))
    }

    pub(super) fn of_count(org: &Arc<Org>, version: &str, count: usize) -> Self {
        Self::new(org, version, Body::Count(count))
    }

    fn new(org: &Arc<Org>, version: &str, body: Body) -> Self {
        Self(Arc::new(Inner { org: Arc::clone(org), version: version.to_owned(), body, locator: OnceLock::new() }))
    }

    /// `totalSize`: rows of the outer query on all pages.
    pub fn total(&self) -> usize {
        match &self.0.body {
            Body::Rows { rows, .. } => rows.len(),
            Body::Groups(groups) => groups.len(),
            Body::Count(count) => *count,
        }
    }

    /// Writes one page as `{"totalSize":..,"done":..,["nextRecordsUrl":..,]"records":[..]}` to `out`.
    ///
    /// It starts with row `offset` and ends after `batch` rows at most (0 counts as 1), children included. Cursors are
    /// opened for the rest of the rows and for children that do not fit; of these at least one is shown. Groups come on
    /// one page, as aggregate queries have no cursor.
    pub fn page(&self, offset: usize, batch: usize, cursors: &Cursors, out: &mut Vec<u8>) -> Page {
        match &self.0.body {
            Body::Rows { rows, record } => {
                let mut writer = Writer { org: &self.0.org, version: &self.0.version, cursors, budget: batch.max(1), out };
                let locator = || self.0.locator.get_or_init(|| cursors.open(self.clone())).clone();
                writer.set(rows, offset, record, locator)
            }
            Body::Groups(groups) => {
                write_header(out, groups.len(), None);
                for (at, group) in groups.iter().enumerate() {
                    out.extend_from_slice(if at == 0 { b"" } else { b"," });
                    out.extend_from_slice(group);
                }
                out.extend_from_slice(b"]}");
                Page { rows: groups.len(), next: None }
            }
            Body::Count(count) => {
                write_header(out, *count, None);
                out.extend_from_slice(b"]}");
                Page { rows: 0, next: None }
            }
        }
    }

    /// Writes all rows with commas between them, without what a page has around them: for rows without children.
    pub(super) fn records(&self, out: &mut Vec<u8>) {
        if let Body::Rows { rows, record } = &self.0.body {
            let mut writer =
                Writer { org: &self.0.org, version: &self.0.version, cursors: &Cursors::with_capacity(1), budget: rows.len(), out };
            (0..rows.len()).for_each(|at| writer.listed(rows, at, at == 0, record));
        }
    }
}

/// Everything before the first record.
fn write_header(out: &mut Vec<u8>, total: usize, next: Option<&str>) {
    // Writing to a vector cannot fail.
    let _ = match next {
        None => write!(out, r#"{{"totalSize":{total},"done":true,"records":["#),
        Some(next) => write!(out, r#"{{"totalSize":{total},"done":false,"nextRecordsUrl":"{next}","records":["#),
    };
}

/// Writes rows, counting down the rows that the page may still have.
struct Writer<'a> {
    org: &'a Arc<Org>,
    version: &'a str,
    cursors: &'a Cursors,
    budget: usize,
    out: &'a mut Vec<u8>,
}

impl Writer<'_> {
    /// Writes a result or a sub-result from `offset` on; `open` gives the locator for its rest.
    fn set(&mut self, rows: &Rows, offset: usize, record: &Record, open: impl FnOnce() -> String) -> Page {
        let total = rows.len();
        let version = self.version;
        let next =
            move |shown: usize| (offset + shown < total).then(|| format!("/services/data/v{version}/query/{}-{}", open(), offset + shown));
        if !record.has_children {
            let shown = self.budget.max(1).min(total.saturating_sub(offset));
            let next = next(shown);
            write_header(self.out, total, next.as_deref());
            self.budget = self.budget.saturating_sub(shown);
            for at in offset..offset + shown {
                self.listed(rows, at, at == offset, record);
            }
            self.out.extend_from_slice(b"]}");
            return Page { rows: shown, next };
        }
        // How many rows fit is known only after their children are written, so the header goes in front afterwards.
        let start = self.out.len();
        let mut shown = 0;
        while offset + shown < total && (shown == 0 || self.budget > 0) {
            self.budget = self.budget.saturating_sub(1);
            self.listed(rows, offset + shown, shown == 0, record);
            shown += 1;
        }
        self.out.extend_from_slice(b"]}");
        let end = self.out.len();
        let next = next(shown);
        write_header(self.out, total, next.as_deref());
        let header = self.out.len() - end;
        self.out[start..].rotate_right(header);
        Page { rows: shown, next }
    }

    fn listed(&mut self, rows: &Rows, at: usize, first: bool, record: &Record) {
        if !first {
            self.out.push(b',');
        }
        if let Some(row) = rows.get(at) {
            self.row(record, row);
        }
    }

    fn row(&mut self, record: &Record, row: u32) {
        let org = self.org;
        let table = org.table(record.table);
        let id = table.id_json(row);
        let bare = id.get(1..id.len() - 1).unwrap_or(b"");
        self.out.extend_from_slice(&record.head);
        self.out.extend_from_slice(bare);
        self.out.extend_from_slice(b"\"}");
        for member in &record.members {
            match member {
                Member::Field { key, column } => {
                    self.out.extend_from_slice(key);
                    self.out.extend_from_slice(table.json(row, *column).unwrap_or(b"null"));
                }
                Member::Quoted { key, column } => {
                    self.out.extend_from_slice(key);
                    self.quoted(table.json(row, *column));
                }
                Member::Blob { key, head, tail } => {
                    for part in [key.as_ref(), head, bare, tail] {
                        self.out.extend_from_slice(part);
                    }
                }
                Member::TypeName { key } => {
                    self.out.extend_from_slice(key);
                    self.quoted(Some(type_name(org, record.table, row).as_bytes()));
                }
                Member::Null { key } => {
                    self.out.extend_from_slice(key);
                    self.out.extend_from_slice(b"null");
                }
                Member::Parent { key, column, targets } => {
                    self.out.extend_from_slice(key);
                    self.parent(targets, table.json(row, *column));
                }
                Member::Children { key, column, plan } => {
                    self.out.extend_from_slice(key);
                    let rows = plan.rows(org, Some((*column, table.key(row))));
                    self.children(rows, plan.record.as_ref());
                }
            }
        }
        self.out.push(b'}');
    }

    /// Writes JSON text as a string unless it is one.
    fn quoted(&mut self, json: Option<&[u8]>) {
        match json {
            None => self.out.extend_from_slice(b"null"),
            Some(text) if text.starts_with(b"\"") => self.out.extend_from_slice(text),
            Some(text) => {
                self.out.push(b'"');
                self.out.extend_from_slice(text);
                self.out.push(b'"');
            }
        }
    }

    fn parent(&mut self, targets: &[(usize, Record)], reference: Option<&[u8]>) {
        let location = reference.and_then(key_of).and_then(|key| self.org.locate(key));
        let target = location.and_then(|location| {
            let (_, record) = targets.iter().find(|(table, _)| *table == location.table())?;
            Some((record, location.row()))
        });
        match target {
            Some((record, row)) => self.row(record, row),
            None => self.out.extend_from_slice(b"null"),
        }
    }

    fn children(&mut self, rows: Rows, record: Option<&Arc<Record>>) {
        let Some(record) = record.filter(|_| rows.len() > 0) else {
            return self.out.extend_from_slice(b"null");
        };
        let (org, version, cursors) = (self.org, self.version, self.cursors);
        let open = || {
            let rest = ResultSet::of_rows(org, version, rows.clone(), Arc::clone(record));
            let locator = cursors.open(rest.clone());
            // The set must know its own locator, or its next page would open another one.
            rest.0.locator.get_or_init(|| locator).clone()
        };
        self.set(&rows, 0, record, open);
    }
}
