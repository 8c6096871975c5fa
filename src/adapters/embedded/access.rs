//! Writes who may find what: lists of tokens that documents carry, and the users who hold tokens.

use std::collections::HashMap;

use ring::digest::{Context, SHA256};
use rusqlite::{OptionalExtension, Transaction, params};
use serde::Deserialize;

use domain::Document;

/// Made beside the schema.
pub(super) const SCHEMA: &str = include_str!("access.sql");
/// What the name of every index of access documents begins with; see [`domain::access::access_index`].
pub(super) const PREFIX: &str = ".search-acl-filter-";

/// The index that the access documents of this one are about; `None` for an index of other documents.
pub(super) fn guarded(index: &str) -> Option<&str> {
    index.strip_prefix(PREFIX)
}

/// Numbers of lists of tokens. Remembers those of one transaction, whose documents mostly carry the same few.
#[derive(Default)]
pub(super) struct Lists(HashMap<[u8; 32], i64>);

impl Lists {
    /// The number of a list, which is made if need be. `None` for no tokens: then there is nothing that a user could share.
    pub(super) fn number(&mut self, transaction: &Transaction<'_>, index: &str, tokens: &[String]) -> rusqlite::Result<Option<i64>> {
        if tokens.is_empty() {
            return Ok(None);
        }
        let mut tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
        tokens.sort_unstable();
        tokens.dedup();
        let digest = digest(index, &tokens);
        if let Some(known) = self.0.get(&digest) {
            return Ok(Some(*known));
        }
        let select = "SELECT no FROM lists WHERE digest = ?1";
        let there = transaction.prepare_cached(select)?.query_row([digest], |row| row.get(0)).optional()?;
        let list = there.map_or_else(|| make(transaction, index, digest, &tokens), Ok)?;
        self.0.insert(digest, list);
        Ok(Some(list))
    }
}

fn make(transaction: &Transaction<'_>, index: &str, digest: [u8; 32], tokens: &[&str]) -> rusqlite::Result<i64> {
    let list = transaction.prepare_cached("INSERT INTO lists (index_name, digest) VALUES (?1, ?2)")?.insert(params![index, digest])?;
    let mut insert = transaction.prepare_cached("INSERT INTO listed (token, list) VALUES (?1, ?2)")?;
    for token in tokens {
        insert.execute(params![token, list])?;
    }
    Ok(list)
}

/// The same for the same tokens of the same index, and for no others: where a text ends is in it.
fn digest(index: &str, tokens: &[&str]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for text in std::iter::once(&index).chain(tokens) {
        context.update(&(text.len() as u64).to_le_bytes());
        context.update(text.as_bytes());
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

/// Forgets lists that no document carries.
pub(super) fn forget(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM listed WHERE list NOT IN (SELECT readers FROM documents WHERE readers IS NOT NULL)", [])?;
    transaction.execute("DELETE FROM lists WHERE no NOT IN (SELECT list FROM listed)", [])?;
    Ok(())
}

/// Who an access document is about. Tokens carry their kind in front, also these.
#[derive(Default, Deserialize)]
struct Identity {
    email: Option<String>,
    username: Option<String>,
}

/// Notes the user of an access document.
pub(super) fn user(transaction: &Transaction<'_>, index: &str, no: i64, document: &Document) -> rusqlite::Result<()> {
    #[derive(Default, Deserialize)]
    struct AccessDocument {
        identity: Option<Identity>,
    }
    // A document that cannot be read is about a user of no name, who holds nothing.
    let Identity { email, username } =
        serde_json::from_slice::<AccessDocument>(&document.body).unwrap_or_default().identity.unwrap_or_default();
    // An address that is no token is one that somebody else has as well, who may have no document here.
    let email = email.filter(|email| super::sight::held(&document.body).contains(email));
    let plain = |text: Option<String>, kind: &str| text.map(|text| text.strip_prefix(kind).unwrap_or(&text).trim().to_owned());
    let email = plain(email, "email:").filter(|email| !email.is_empty());
    let name = plain(username, "user:").unwrap_or_default();
    let id = document.id.as_str();
    transaction
        .prepare_cached(
            "INSERT INTO users (no, index_name, id, name, email, sought) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (no) DO UPDATE SET name = excluded.name, email = excluded.email, sought = excluded.sought",
        )?
        .execute(params![no, index, id, name, email, words(&format!("{name} {} {id}", email.as_deref().unwrap_or_default()))])?;
    Ok(())
}

/// Small letters, and one space before each word.
pub(super) fn words(text: &str) -> String {
    text.split_whitespace().flat_map(|word| [" ".to_owned(), word.to_lowercase()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_is_that_of_the_access_documents() {
        assert_eq!(domain::access::access_index("x"), format!("{PREFIX}x"));
        assert_eq!((guarded(".search-acl-filter-x"), guarded("search-acl-filter-x")), (Some("x"), None));
        assert!(SCHEMA.contains(PREFIX));
    }

    #[test]
    fn lists_that_differ_have_different_digests() {
        assert_ne!(digest("i", &["ab", "c"]), digest("i", &["a", "bc"]));
        assert_ne!(digest("i", &["a"]), digest("i", &["a", ""]));
        assert_ne!(digest("i", &["a"]), digest("j", &["a"]));
        assert_eq!(digest("i", &["a", "b"]), digest("i", &["a", "b"]));
    }
}
