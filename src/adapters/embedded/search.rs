//! Full-text search: hits by relevance, how many of each kind, and the places that match.

use rusqlite::{Row, ToSql, Transaction};

use domain::Fault;

use super::reader::{Reader, kind_and_count};
use super::sight::{Sight, Standing, VISIBLE};
use super::{access, excerpt, query};

/// Hits in one answer, at most.
const MOST_HITS: usize = 1_000;
/// Documents that are sorted to find the newest of them. Of more, the index is walked from its newest document on until there are
/// enough, which is not far when many match and may be the whole index when few do.
const SORTED: u64 = 5_000;
/// Access documents are no hits. A condition by itself: an index of them that is asked for by name is answered without a search.
const NO_ACCESS: &str = "index_name NOT GLOB '.search-acl-filter-*'";

/// What to look for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchRequest {
    /// In this index only.
    pub index: Option<String>,
    /// As typed. All words must be there, `"several words"` in this order, the last word may be unfinished. Empty: everything, newest first.
    pub text: String,
    /// Of this kind only.
    pub kind: Option<String>,
    /// What this user may see only: a Salesforce id, or an e-mail address that one user has. Without, everything.
    ///
    /// In a search of all indices each document is judged by the access document that the user has for its own index.
    pub reader: Option<String>,
    /// Hits to leave out at the start.
    pub from: usize,
    /// Hits wanted; never more than 1,000 are given.
    pub size: usize,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchAnswer {
    /// Documents that match, of the kind that was asked for.
    pub total: u64,
    /// The part of them that was asked for, best first.
    pub hits: Vec<Hit>,
    /// Documents that match, of each kind whatever was asked for, most first.
    pub kinds: Vec<(String, u64)>,
    /// Whether there is such a user, if one was named.
    pub reader: Option<Standing>,
}

/// A document that matches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hit {
    /// Identity in the index.
    pub id: String,
    /// Name of the object, or `content_document`.
    pub kind: String,
    /// May be empty.
    pub title: String,
    /// Where to open it.
    pub url: Option<String>,
    /// When it was changed, as `2024-06-20T02:03:52Z`.
    pub modified: Option<String>,
    /// Relevance, higher is better; comparable within one answer only. 0 where nothing was looked for.
    pub score: f64,
    /// The best places in its text, matches between `\u{1}` and `\u{2}`; its start if nothing in it matches. Plain text, not HTML.
    pub fragments: Vec<String>,
}

impl Reader {
    /// Searches. Whatever is typed is a valid request; an index of access documents has no hits.
    pub fn search(&self, request: &SearchRequest) -> Result<SearchAnswer, Fault> {
        let typed = query::fts(&request.text);
        // One transaction: what a user may see, hits and numbers are of the same moment.
        self.with(|db| answer(&db.transaction()?, request, typed.as_deref()))
    }
}

fn answer(transaction: &Transaction<'_>, request: &SearchRequest, typed: Option<&str>) -> rusqlite::Result<SearchAnswer> {
    let index = request.index.as_deref();
    let sight = request.reader.as_deref().map(|user| Sight::of(transaction, index, user)).transpose()?;
    let reader = sight.as_ref().map(|sight| sight.standing);
    if sight.as_ref().is_some_and(Sight::is_blind) || index.is_some_and(|index| access::guarded(index).is_some()) {
        return Ok(SearchAnswer { reader, ..SearchAnswer::default() });
    }
    let filter = || Filter::of(request, typed.as_ref(), sight.as_ref().map(|sight| &sight.lists));
    let kinds = kinds(transaction, &filter(), typed)?;
    let asked = |kind: &str| request.kind.as_deref().is_none_or(|asked| asked == kind);
    let total = kinds.iter().filter(|(kind, _)| asked(kind)).map(|(_, count)| count).sum();
    let hits = hits(transaction, request, total, filter().and("kind = ?", request.kind.as_ref()), typed)?;
    Ok(SearchAnswer { total, hits, kinds, reader })
}

/// The conditions of a query, and the values in their order.
#[derive(Default)]
struct Filter<'a> {
    conditions: Vec<&'static str>,
    values: Vec<&'a dyn ToSql>,
}

impl<'a> Filter<'a> {
    /// What counts for hits and numbers alike. `lists` are those that a user may see; without, everything is seen.
    fn of(request: &'a SearchRequest, typed: Option<&'a &'a str>, lists: Option<&'a String>) -> Self {
        let mut filter = Self::default().and("words MATCH ?", typed).and("index_name = ?", request.index.as_ref());
        if request.index.is_none() {
            filter.conditions.push(NO_ACCESS);
        }
        filter.and(VISIBLE, lists)
    }

    fn and(mut self, condition: &'static str, value: Option<&'a (impl ToSql + 'a)>) -> Self {
        if let Some(value) = value {
            self.conditions.push(condition);
            self.values.push(value);
        }
        self
    }

    fn sql(&self) -> String {
        if self.conditions.is_empty() { String::new() } else { format!("WHERE {}", self.conditions.join(" AND ")) }
    }
}

/// Where to look. A cross join keeps the planner from asking the full-text index about one document after another.
fn tables(typed: Option<&str>) -> &'static str {
    if typed.is_some() { "words CROSS JOIN documents ON documents.no = words.rowid" } else { "documents" }
}

fn kinds(transaction: &Transaction<'_>, filter: &Filter<'_>, typed: Option<&str>) -> rusqlite::Result<Vec<(String, u64)>> {
    let mut select = transaction.prepare_cached(&kinds_sql(filter, typed))?;
    select.query_map(filter.values.as_slice(), kind_and_count)?.collect()
}

fn kinds_sql(filter: &Filter<'_>, typed: Option<&str>) -> String {
    format!("SELECT kind, count(*) FROM {} {} GROUP BY kind ORDER BY count(*) DESC, kind", tables(typed), filter.sql())
}

fn hits(
    transaction: &Transaction<'_>,
    request: &SearchRequest,
    total: u64,
    filter: Filter<'_>,
    typed: Option<&str>,
) -> rusqlite::Result<Vec<Hit>> {
    let from = u64::try_from(request.from).unwrap_or(u64::MAX);
    // No more than there are, so that nobody goes on looking for the next one to the end of the file.
    let left = i64::try_from(total.saturating_sub(from)).unwrap_or(i64::MAX);
    let size = i64::try_from(request.size.min(MOST_HITS)).unwrap_or(i64::MAX).min(left);
    if size == 0 {
        return Ok(Vec::new());
    }
    let from = i64::try_from(from).unwrap_or(i64::MAX);
    let sql = if typed.is_some() { ranked_sql(&filter) } else { newest_sql(&filter, total <= SORTED) };
    let mut values = filter.values;
    values.extend([&size as &dyn ToSql, &from]);
    let mut select = transaction.prepare_cached(&sql)?;
    select.query_map(values.as_slice(), hit)?.collect()
}

/// By rank alone: the full-text index then sorts by itself, and texts are fetched for the hits that are wanted only.
fn ranked_sql(filter: &Filter<'_>) -> String {
    let (tables, filter) = (tables(Some("")), filter.sql());
    format!(
        "SELECT id, kind, documents.title, url, modified, -rank, highlight(words, 1, char(1), char(2)) FROM {tables} {filter}
         ORDER BY rank LIMIT ? OFFSET ?"
    )
}

/// The newest first: few are sorted, of many the index is walked.
fn newest_sql(filter: &Filter<'_>, are_few: bool) -> String {
    let (index, filter) = (if are_few { "documents_kind" } else { "documents_newest" }, filter.sql());
    format!(
        "SELECT id, kind, title, url, modified, 0.0, (SELECT substr(text, 1, 400) FROM texts WHERE texts.no = documents.no)
         FROM documents INDEXED BY {index} {filter} ORDER BY modified DESC, no DESC LIMIT ? OFFSET ?"
    )
}

fn hit(row: &Row<'_>) -> rusqlite::Result<Hit> {
    Ok(Hit {
        id: row.get(0)?,
        kind: row.get(1)?,
        title: row.get(2)?,
        url: row.get(3)?,
        modified: row.get(4)?,
        score: row.get(5)?,
        fragments: excerpt::of(row.get_ref(6)?.as_str()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::store::plan;

    /// The plans of a query over one index and over all, for one kind and for all.
    fn plans(typed: Option<&str>, lists: Option<&str>, sql: impl Fn(&Filter<'_>) -> String) -> [String; 3] {
        let lists = lists.map(str::to_owned);
        let one = SearchRequest { index: Some("name".into()), kind: Some("kind".into()), ..SearchRequest::default() };
        let all = SearchRequest::default();
        let filter = |request, kind| Filter::of(request, typed.as_ref(), lists.as_ref()).and("kind = ?", kind);
        [filter(&one, None), filter(&one, one.kind.as_ref()), filter(&all, None)].map(|filter| plan(&sql(&filter)))
    }

    #[test]
    fn indices_of_access_documents_are_left_out_by_their_name() {
        assert!(NO_ACCESS.contains(access::PREFIX));
    }

    /// For everybody and for somebody.
    const READERS: [Option<&str>; 2] = [None, Some("[1]")];

    #[test]
    fn texts_are_fetched_for_the_hits_that_are_wanted_only() {
        for plan in READERS.map(|lists| plans(Some("falcon"), lists, ranked_sql)).concat() {
            assert!(plan.starts_with("SCAN words VIRTUAL TABLE") && plan.contains("SEARCH documents USING INTEGER PRIMARY KEY"), "{plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        }
    }

    #[test]
    fn the_newest_of_many_documents_are_found_without_sorting_them() {
        for lists in READERS {
            let [one, kind, _] = plans(None, lists, |filter| newest_sql(filter, false));
            for plan in [one, kind] {
                assert!(plan.starts_with("SEARCH documents USING INDEX documents_newest (index_name=?)"), "{plan}");
                assert!(!plan.contains("TEMP B-TREE"), "{plan}");
            }
        }
    }

    #[test]
    fn the_newest_of_few_documents_are_found_without_a_look_at_the_others() {
        for lists in READERS {
            let [one, kind, all] = plans(None, lists, |filter| newest_sql(filter, true));
            assert!(one.starts_with("SEARCH documents USING INDEX documents_kind (index_name=?)"), "{one}");
            assert!(kind.starts_with("SEARCH documents USING INDEX documents_kind (index_name=? AND kind=?)"), "{kind}");
            assert!(all.starts_with("SCAN documents USING INDEX documents_kind"), "{all}");
        }
    }

    #[test]
    fn what_a_user_may_see_is_a_set_that_is_made_once_per_query() {
        let newest = [true, false].map(|are_few| plans(None, Some("[1]"), |filter| newest_sql(filter, are_few)));
        let typed = Some("falcon");
        let others = [plans(typed, Some("[1]"), ranked_sql), plans(typed, Some("[1]"), |filter| kinds_sql(filter, typed))];
        for plan in newest.into_iter().chain(others).flatten() {
            assert!(plan.contains("LIST SUBQUERY") && !plan.contains("CORRELATED LIST"), "{plan}");
        }
    }

    #[test]
    fn documents_of_an_index_are_counted_without_a_look_at_them() {
        for lists in READERS {
            let [one, ..] = plans(None, lists, |filter| kinds_sql(filter, None));
            assert!(one.contains("SEARCH documents USING COVERING INDEX documents_kind (index_name=?)"), "{one}");
            assert!(!one.contains("FOR GROUP BY"), "{one}");
        }
    }
}
