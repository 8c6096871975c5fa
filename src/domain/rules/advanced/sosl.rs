//! A rule in SOSL: which objects it finds, and the text of its request.

use super::soql::ADDED;
use super::splice::{Edit, splice};
use super::{MAX_QUERY, Offers};
use crate::catalog::DescribedObject;
use crate::soql::{Argument, Call, Kind, Operand, Parser};
use crate::sosl::{self, Field, FieldList, Returning, Search};

/// A search whose rows become documents. It has no pages: all its rows come with one answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoslRule {
    text: String,
    search: Search,
}

impl SoslRule {
    /// Rows that a search gives at most, however many there are (SOQL and SOSL reference, "LIMIT" of SOSL).
    pub const MOST_ROWS: u64 = 2_000;

    /// Understands a search. What its term means stays the platform's matter.
    ///
    /// # Errors
    /// What is wrong with it, with row and column, in the form of Salesforce's messages.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let search = sosl::parse(text).map_err(|error| error.render(text))?;
        let rule = Self { text: text.to_owned(), search };
        let longest = rule.text(|_| Offers { last_modified: true });
        if longest.len() > MAX_QUERY && longest.chars().count() > MAX_QUERY {
            let most = MAX_QUERY - (longest.len() - text.len());
            return Err(format!(
                "the search is too long: with the fields that documents need it must not have more than {most} characters"
            ));
        }
        Ok(rule)
    }

    /// The objects of `RETURNING`, as typed, in their order; none when the search finds rows of any object.
    pub fn objects(&self) -> impl Iterator<Item = &str> {
        self.search.returning.iter().map(|returning| returning.object.text.as_str())
    }

    /// The fields that rows of an object show as they are, in the spelling of its describe.
    pub fn columns(&self, object: &str, described: &DescribedObject) -> Vec<String> {
        let lists = self.search.returning.iter().filter(|returning| returning.object.is(object));
        let lists: Vec<_> = lists.filter_map(|returning| returning.fields.as_ref().map(|fields| (returning, fields))).collect();
        let wanted = |name: &str| ADDED.contains(&name) || lists.iter().any(|(returning, fields)| asks_for(returning, fields, name));
        described.fields.iter().map(|(name, _)| name).filter(|name| wanted(name)).cloned().collect()
    }

    /// The search as typed.
    pub fn typed(&self) -> &str {
        &self.text
    }

    /// Text of the request. `Id` and, where `offers` says that the object has it, `LastModifiedDate` are added to each list of fields that
    /// lacks them; an object without such a list gives its id by itself.
    pub fn text(&self, offers: impl Fn(&str) -> Offers) -> String {
        splice(&self.text, &self.missing_fields(offers))
    }

    /// Text of a request for one row at most, to find out whether the org takes the search.
    pub fn probe(&self, offers: impl Fn(&str) -> Offers) -> String {
        let mut edits = self.missing_fields(offers);
        edits.push(match &self.search.limit {
            Some(own) => Edit::replace(own.span, own.value.min(1).to_string()),
            None => Edit::add(self.before_update(), " LIMIT 1"),
        });
        splice(&self.text, &edits)
    }

    /// Rows that the answer has at most. One with as many may have left others out.
    pub fn most_rows(&self) -> u64 {
        self.search.limit.map_or(Self::MOST_ROWS, |own| own.value.min(Self::MOST_ROWS))
    }

    fn missing_fields(&self, offers: impl Fn(&str) -> Offers) -> Vec<Edit> {
        let lists = self.search.returning.iter().filter_map(|returning| returning.fields.as_ref().map(|fields| (returning, fields)));
        lists
            .filter_map(|(returning, fields)| {
                let wanted = if offers(&returning.object.text).last_modified { &ADDED[..] } else { &ADDED[..1] };
                let missing = wanted.iter().filter(|field| !asks_for(returning, fields, field));
                let text: String = missing.map(|field| format!(", {field}")).collect();
                (!text.is_empty()).then(|| Edit::add(fields.end(), text))
            })
            .collect()
    }

    /// Where `LIMIT` goes: behind everything but `UPDATE`.
    fn before_update(&self) -> usize {
        let search = &self.search;
        if search.update.is_empty() {
            return search.span.end;
        }
        let clauses = search.returning.iter().map(|returning| returning.span).chain(search.with.iter().map(|with| with.span));
        // Behind the term comes its closing brace. Between the last clause and UPDATE, only `IN group FIELDS` can stand.
        let mut behind = clauses.last().map_or(search.term.span.end + 1, |last| last.end);
        let mut rest = Parser::new(&self.text, behind);
        while !rest.is(Kind::End) && !rest.is_keyword("UPDATE") {
            behind = rest.take().span.end;
        }
        behind
    }
}

/// Whether the rows of an object already show the field by its name.
fn asks_for(returning: &Returning, fields: &FieldList, wanted: &str) -> bool {
    let is_wanted = |field: &Field| match &field.what {
        Operand::Field(path) => match path.parts.as_slice() {
            [only] => only.is(wanted),
            [owner, last] => owner.is(&returning.object.text) && last.is(wanted),
            _ => false,
        },
        Operand::Call(call) => stands_for_all(call),
    };
    fields.items.iter().any(|field| field.alias.is_none() && is_wanted(field))
}

/// Whether a call is `FIELDS(ALL)` or `FIELDS(STANDARD)`, which hold the fields of every document.
fn stands_for_all(call: &Call) -> bool {
    let group = |argument: &Argument| match argument {
        Argument::Field(path) => matches!(path.parts.as_slice(), [group] if group.is("ALL") || group.is("STANDARD")),
        Argument::Call(_) | Argument::Literal(_) => false,
    };
    call.name.is("FIELDS") && call.arguments.iter().any(group)
}
