//! Makes up an org from a seed: the same seed and scale always give the same org, byte for byte.

mod access;
mod blobs;
mod files;
mod formats;
mod people;
mod plain;
mod sales;
mod service;
mod sharing;
#[cfg(test)]
mod tests;
mod text;

use std::collections::HashMap;

use bytes::Bytes;
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

pub use self::plain::generate_plain;
use crate::catalog;
use crate::ids::record_id;
use crate::org::{Org, OrgBuilder};

/// The made-up years are 2024 and 2025, so that every record lies in the past: 2024-01-01T00:00:00Z.
const EPOCH: i64 = 1_704_067_200;
/// Tells the second generator of a seed from the first.
const LATER: u64 = 0x5EC0_4D5E_7055_1B1E;
const TWO_YEARS: i64 = 2 * 365 * 24 * 60 * 60;

/// Makes an org of about 2,200 records times `scale` (a fifth of that for 0), plus one case with 1,200 e-mails from scale 1 on, so about
/// 3,500 records at scale 1. From scale 10 on one file is larger than 10 MiB.
///
/// # Panics
/// Never, unless the generator and its schema disagree, which a test would have shown.
pub fn generate(seed: u64, scale: u32) -> Org {
    let mut schemas = catalog::standard();
    catalog::add_custom(&mut schemas, "Project__c", "a00", sales::PROJECT_FIELDS);
    catalog::add_custom(&mut schemas, "Invoice_Line__c", "a01", sales::INVOICE_LINE_FIELDS);
    sales::relate(&mut schemas);
    let mut world = World::new(seed, scale, OrgBuilder::new(schemas));
    people::make(&mut world);
    sales::make(&mut world);
    service::make(&mut world);
    files::make(&mut world);
    // What came later has a generator of its own, so that the records above stay as they always were.
    world.rng = Rng::with_seed(seed ^ LATER);
    access::make(&mut world);
    sharing::make(&mut world);
    blobs::make(&mut world);
    world.builder.build()
}

/// Someone or something that other records refer to.
#[derive(Clone, Debug)]
struct Named {
    id: String,
    name: String,
    email: String,
}

/// The org while it is made, and what is known of it already.
struct World {
    rng: Rng,
    scale: u32,
    builder: OrgBuilder,
    numbers: HashMap<&'static str, u64>,
    /// Active standard users.
    users: Vec<Named>,
    queues: Vec<Named>,
    accounts: Vec<Named>,
    /// Contacts with the position of their account.
    contacts: Vec<(Named, usize)>,
    /// Ids to which files may be linked, by object.
    records: HashMap<&'static str, Vec<String>>,
}

/// A record that is being filled.
type Record = Map<String, Value>;

/// Makes a [`Record`] from pairs; what is left out is null.
macro_rules! record {
    ($($name:literal : $value:expr),* $(,)?) => {{
        let mut record = $crate::generate::Record::new();
        $(record.insert($name.to_owned(), ::serde_json::json!($value));)*
        record
    }};
}
use record;

impl World {
    fn new(seed: u64, scale: u32, builder: OrgBuilder) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            scale,
            builder,
            numbers: HashMap::new(),
            users: Vec::new(),
            queues: Vec::new(),
            accounts: Vec::new(),
            contacts: Vec::new(),
            records: HashMap::new(),
        }
    }

    /// `count` records at scale 1, as many more as the scale says; at scale 0 a fifth.
    fn scaled(&self, count: usize) -> usize {
        if self.scale == 0 { count.div_ceil(5) } else { count * self.scale as usize }
    }

    /// The next id of an object.
    fn id(&mut self, prefix: &'static str) -> String {
        let number = self.numbers.entry(prefix).or_insert(0);
        *number += 1;
        record_id(prefix, *number)
    }

    /// Adds a record under a fresh id, with dates and authors where the object has them. Gives the id.
    fn add(&mut self, object: &'static str, prefix: &'static str, mut record: Record) -> String {
        let id = self.id(prefix);
        record.insert("Id".to_owned(), Value::from(id.as_str()));
        if !is_bare(object) {
            let (created, modified) = self.stamps();
            for (name, value) in [("CreatedDate", created), ("LastModifiedDate", modified.clone()), ("SystemModstamp", modified)] {
                record.entry(name).or_insert_with(|| Value::from(value));
            }
            for name in ["CreatedById", "LastModifiedById"] {
                let user = self.any_user();
                record.entry(name).or_insert_with(|| Value::from(user));
            }
        } else {
            let stamp = self.moment(0);
            record.insert("SystemModstamp".to_owned(), Value::from(stamp));
        }
        self.push(object, record);
        self.records.entry(object).or_default().push(id.clone());
        id
    }

    fn push(&mut self, object: &str, record: Record) {
        if let Err(error) = self.builder.push(object, record) {
            panic!("made-up record does not fit its schema: {error}");
        }
    }

    /// The id of some active user; that of the first one while there is none.
    fn any_user(&mut self) -> String {
        if self.users.is_empty() { record_id("005", 1) } else { self.user().id }
    }

    fn user(&mut self) -> Named {
        let at = self.rng.usize(..self.users.len());
        self.users[at].clone()
    }

    /// A creation and a later modification.
    fn stamps(&mut self) -> (String, String) {
        let created = self.rng.i64(0..TWO_YEARS - 1);
        let modified = self.rng.i64(created..TWO_YEARS);
        (date_time(created), date_time(modified))
    }

    /// Some moment not before `earliest` seconds.
    fn moment(&mut self, earliest: i64) -> String {
        date_time(self.rng.i64(earliest..TWO_YEARS))
    }

    /// Some day.
    fn day(&mut self) -> String {
        date_time(self.rng.i64(0..TWO_YEARS))[..10].to_owned()
    }

    /// The text, or null in one case of `odds`.
    fn maybe(&mut self, odds: u32, text: impl Into<Value>) -> Value {
        if self.rng.u32(..odds) == 0 { Value::Null } else { text.into() }
    }

    /// An awkward text for every seventh record, in turn.
    fn awkward(&self, at: usize) -> Option<&'static str> {
        at.checked_sub(3).filter(|past| past.is_multiple_of(7)).map(|past| text::AWKWARD[past / 7 % text::AWKWARD.len()])
    }

    fn file(&mut self, version: &str, bytes: impl Into<Bytes>) {
        self.builder.file(version, bytes.into());
    }

    fn ids(&self, object: &str) -> &[String] {
        self.records.get(object).map_or(&[], Vec::as_slice)
    }
}

/// Objects that know only their stamp.
fn is_bare(object: &str) -> bool {
    matches!(object, "ContentDocumentLink" | "UserRole" | "GroupMember" | "PermissionSetAssignment" | "ContentWorkspaceMember")
}

/// Seconds since the epoch of made-up orgs, as REST shows them.
fn date_time(seconds: i64) -> String {
    let at = Timestamp::from_second(EPOCH).and_then(|epoch| epoch.checked_add(SignedDuration::from_secs(seconds))).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
}
