//! What a user may see: the lists of tokens with one that the user holds, and who the users are.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, params};
use serde::Deserialize;
use serde_json::value::RawValue;

use domain::{Fault, RecordId};

use super::access::words;
use super::reader::{Reader, bytes};
use super::store;

/// Key of the tokens among the parameters of an access document's query; long lists go on in `access_control_1` and so on.
const HELD: &str = "access_control";
/// Since when there are users in the file.
const SINCE: u32 = 2;
/// The condition that a document may be seen. The plus keeps the planner from looking for documents list by list: nothing else of a
/// query would be in order then. The lists are the same for all rows and become a set once.
///
/// Without a list nothing is seen, and not everything.
pub(super) const VISIBLE: &str = "+readers IN (SELECT value FROM json_each(?))";

/// Whether someone is a user of what is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Has an access document.
    Known,
    /// Has none, or shares an e-mail address with somebody: finds nothing.
    Unknown,
}

/// Somebody with an access document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Salesforce id, 18 characters.
    pub id: String,
    /// May be empty.
    pub name: String,
    /// As Salesforce has it.
    pub email: Option<String>,
}

/// Users of an index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Users {
    /// How many there are, whatever was asked for.
    pub total: u64,
    /// Those asked for, by name.
    pub found: Vec<User>,
}

/// What somebody may see.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sight {
    pub(super) standing: Standing,
    /// Numbers of lists, for [`VISIBLE`]: a JSON array.
    pub(super) lists: String,
}

impl Sight {
    /// Of a user, by Salesforce id or e-mail address, in one index or in all: a list belongs to one index, so each document is judged by
    /// what the user holds there.
    pub(super) fn of(db: &Connection, index: Option<&str>, user: &str) -> rusqlite::Result<Self> {
        let mut lists = BTreeSet::new();
        let held = access_documents(db, index, user)?;
        for (index, no) in &held {
            shared(db, index, &tokens(db, *no)?, &mut lists)?;
        }
        let standing = if held.is_empty() { Standing::Unknown } else { Standing::Known };
        Ok(Self { standing, lists: serde_json::json!(lists).to_string() })
    }

    /// Whether there is nothing to see.
    pub(super) fn is_blind(&self) -> bool {
        self.lists == "[]"
    }
}

/// The access documents of a user, with the index that they are about; not those of an address that several users of an index have.
fn access_documents(db: &Connection, index: Option<&str>, user: &str) -> rusqlite::Result<Vec<(String, i64)>> {
    if store::version(db)? < SINCE {
        return Ok(Vec::new());
    }
    let (key, value) = match RecordId::parse(user.as_bytes()) {
        Some(id) => ("id", id.to_string()),
        None => ("email", user.trim().to_owned()),
    };
    let mut select = db.prepare_cached(&format!(
        "SELECT index_name, min(no) FROM users WHERE {key} = ?1 AND (?2 IS NULL OR index_name = ?2) GROUP BY index_name HAVING count(*) = 1"
    ))?;
    select.query_map(params![value, index], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// The tokens that an access document in the index gives.
fn tokens(db: &Connection, no: i64) -> rusqlite::Result<Vec<String>> {
    let mut select = db.prepare_cached("SELECT body FROM bodies WHERE no = ?1")?;
    let mut rows = select.query([no])?;
    Ok(rows.next()?.map(|row| row.get_ref(0)).transpose()?.map(|body| held(bytes(body))).unwrap_or_default())
}

/// The tokens that an access document gives. One that cannot be read gives none.
pub(super) fn held(document: &[u8]) -> Vec<String> {
    #[derive(Deserialize)]
    struct AccessDocument<'a> {
        #[serde(borrow)]
        query: Query<'a>,
    }
    #[derive(Deserialize)]
    struct Query<'a> {
        #[serde(borrow)]
        template: Template<'a>,
    }
    #[derive(Deserialize)]
    struct Template<'a> {
        #[serde(borrow)]
        params: BTreeMap<Cow<'a, str>, &'a RawValue>,
    }
    let Ok(document) = serde_json::from_slice::<AccessDocument<'_>>(document) else { return Vec::new() };
    let mut params = document.query.template.params;
    params.retain(|key, _| key.strip_prefix(HELD).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')));
    params.values().flat_map(|list| serde_json::from_str::<Vec<String>>(list.get()).unwrap_or_default()).collect()
}

/// Adds the lists of an index that have one of these tokens.
fn shared(db: &Connection, index: &str, tokens: &[String], lists: &mut BTreeSet<i64>) -> rusqlite::Result<()> {
    let mut select = db.prepare_cached(SHARED)?;
    for token in tokens {
        for list in select.query_map([token.as_str(), index], |row| row.get(0))? {
            lists.insert(list?);
        }
    }
    Ok(())
}

/// Lists of an index with a token.
const SHARED: &str = "SELECT lists.no FROM listed CROSS JOIN lists ON lists.no = listed.list WHERE token = ?1 AND index_name = ?2";

impl Reader {
    /// The JSON of one document if that user may see it, by Salesforce id or e-mail address. For who may not, there is none.
    pub fn document_as(&self, index: &str, id: &str, user: &str) -> Result<Option<Vec<u8>>, Fault> {
        self.with(|db| {
            // One transaction: permission and document are of the same moment.
            let transaction = db.transaction()?;
            let sight = Sight::of(&transaction, Some(index), user)?;
            if sight.is_blind() {
                return Ok(None);
            }
            let select = format!("SELECT body FROM documents JOIN bodies USING (no) WHERE index_name = ? AND id = ? AND {VISIBLE}");
            transaction.prepare_cached(&select)?.query_row([index, id, &sight.lists], |row| Ok(bytes(row.get_ref(0)?).to_vec())).optional()
        })
    }

    /// Users of an index: those with a word in name, e-mail address or id that begins with what was typed, by name, `most` at most.
    pub fn users(&self, index: &str, typed: &str, most: usize) -> Result<Users, Fault> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.with(|db| {
            let transaction = db.transaction()?;
            if store::version(&transaction)? < SINCE {
                return Ok(Users::default());
            }
            let count = "SELECT count(*) FROM users WHERE index_name = ?1";
            let total = transaction.prepare_cached(count)?.query_row([index], |row| row.get::<_, i64>(0))?.unsigned_abs();
            let mut select = transaction.prepare_cached(
                "SELECT id, name, email FROM users WHERE index_name = ?1 AND instr(sought, ?2) > 0 ORDER BY sought LIMIT ?3",
            )?;
            // Nothing typed is a part of everything.
            let found = select
                .query_map(params![index, words(typed), most], |row| Ok(User { id: row.get(0)?, name: row.get(1)?, email: row.get(2)? }))?;
            Ok(Users { total, found: found.collect::<rusqlite::Result<_>>()? })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_looked_up_and_lists_are_not_walked() {
        let plan = store::plan(SHARED);
        assert!(
            plan.contains("SEARCH listed USING PRIMARY KEY (token=?)") && plan.contains("SEARCH lists USING INTEGER PRIMARY KEY"),
            "{plan}"
        );
    }
}
