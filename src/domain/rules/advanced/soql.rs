//! A rule in SOQL: which object and columns it reads, and the text of each request for its rows.

use std::collections::BTreeSet;

use super::splice::{Edit, splice};
use super::{MAX_QUERY, Offers, refusal};
use crate::RecordId;
use crate::catalog::DescribedObject;
use crate::soql::{self, Direction, FieldGroup, Operand, Path, Query, SelectItem, SelectKind};

/// Rows that Salesforce gives at once where `FIELDS(ALL)` or `FIELDS(CUSTOM)` is asked for (SOQL and SOSL reference, "FIELDS()").
const STEP: u64 = 200;

/// A query whose rows become documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoqlRule {
    text: String,
    query: Box<Query>,
    paging: Paging,
}

/// How the rows of a rule are read to their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    /// By the cursor of the answer, in the order of ids, so that it can be gone on with after any record. Of queries without `LIMIT` and
    /// `OFFSET` that have no order but that of ids.
    ById,
    /// `FIELDS(ALL)` or `FIELDS(CUSTOM)`: in the order of ids, one request for each step, until one gives fewer rows than it asked for.
    ByIdInSteps {
        /// Rows that a request asks for.
        step: u64,
        /// The query's own `LIMIT`, over all requests.
        limit: Option<u64>,
    },
    /// By the cursor of the answer, from the beginning: queries with an order, a `LIMIT` or an `OFFSET` of their own.
    AsIs,
}

impl SoqlRule {
    /// Understands a query.
    ///
    /// # Errors
    /// What is wrong with it, with row and column, in the form of Salesforce's messages.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let query = soql::parse(text).map_err(|error| error.render(text))?;
        refusal::check(&query).map_err(|refusal| refusal.render(text))?;
        let paging = Self::paging_of(&query).map_err(|refusal| refusal.render(text))?;
        let rule = Self { text: text.to_owned(), query: Box::new(query), paging };
        rule.fits()?;
        Ok(rule)
    }

    /// The object of `FROM`, as typed.
    pub fn object(&self) -> &str {
        self.query.from.path.span.of(&self.text)
    }

    /// The query as typed.
    pub fn typed(&self) -> &str {
        &self.text
    }

    /// How its rows are read to their end.
    pub fn paging(&self) -> Paging {
        self.paging
    }

    /// The object's own fields that a row shows as they are, in the spelling of the describe and without repetition: those that are
    /// selected or that `FIELDS()` stands for, then `Id` and `LastModifiedDate`, which every page adds. Functions are left
    /// out, since their values are not of the field's type, and so are names that the describe does not know.
    pub fn columns(&self, described: &DescribedObject) -> Vec<String> {
        let mut columns = Vec::new();
        let mut seen = BTreeSet::new();
        let mut keep = |wanted: &dyn Fn(&str) -> bool| {
            for (name, _) in described.fields.iter().filter(|(name, _)| wanted(name)) {
                if seen.insert(name.as_str()) {
                    columns.push(name.clone());
                }
            }
        };
        for item in &self.query.select {
            match (&item.kind, &item.alias) {
                (SelectKind::Field(path), None) => {
                    if let Some(field) = self.own(path) {
                        keep(&|name| name.eq_ignore_ascii_case(field));
                    }
                }
                (SelectKind::Fields(FieldGroup::All), _) => keep(&|_| true),
                (SelectKind::Fields(FieldGroup::Standard), _) => keep(&|name| !is_custom(name)),
                (SelectKind::Fields(FieldGroup::Custom), _) => keep(&is_custom),
                _ => {}
            }
        }
        ADDED.iter().for_each(|field| keep(&|name| name.eq_ignore_ascii_case(field)));
        columns
    }

    /// Keys of a row that hold something nested: children of sub-selects, and the records behind references.
    pub fn nested(&self) -> BTreeSet<&str> {
        let first = |path: &Path| {
            let from = usize::from(path.parts.len() > 1 && self.is_root(&path.parts[0].text));
            (path.parts.len() - from > 1).then(|| path.parts[from].span)
        };
        let key = |item: &SelectItem| match &item.kind {
            SelectKind::Field(path) => first(path),
            SelectKind::Children(query) => query.from.path.parts.last().map(|name| name.span),
            SelectKind::TypeOf(of) => Some(of.relationship.span),
            SelectKind::Call(_) | SelectKind::Fields(_) => None,
        };
        self.query.select.iter().filter_map(key).map(|span| span.of(&self.text)).collect()
    }

    /// Text of the request for the first rows, or for those after the record `after` where the paging is by id. `left`: rows that are
    /// still wanted where a limit runs over all requests, so only [in steps](Paging::ByIdInSteps); fewer than a step make a shorter one.
    pub fn page(&self, offers: Offers, after: Option<RecordId>, left: Option<u64>) -> String {
        let mut edits = self.missing_columns(offers);
        if let (Some(id), Paging::ById | Paging::ByIdInSteps { .. }) = (after, self.paging) {
            edits.extend(self.after(id));
        }
        edits.extend(self.order());
        if let Paging::ByIdInSteps { step, limit } = self.paging {
            edits.push(self.limit_to(step.min(left.or(limit).unwrap_or(step))));
        }
        splice(&self.text, &edits)
    }

    /// Text of a request for one row at most, to find out whether the org takes the query: with all that [`page`](Self::page) adds.
    pub fn probe(&self, offers: Offers) -> String {
        let mut edits = self.missing_columns(offers);
        edits.extend(self.order());
        edits.push(self.limit_to(self.query.limit.map_or(1, |own| own.value.min(1))));
        splice(&self.text, &edits)
    }

    /// The name of a field of the object itself; of the last part of a path that leads elsewhere, nothing.
    fn own<'a>(&self, path: &'a Path) -> Option<&'a str> {
        match path.parts.as_slice() {
            [field] => Some(&field.text),
            [owner, field] if self.is_root(&owner.text) => Some(&field.text),
            _ => None,
        }
    }

    /// Whether a name before a dot means the object of `FROM`: its alias, or its own name, unless another source is called so.
    fn is_root(&self, name: &str) -> bool {
        let alias = |source: &soql::Source| source.alias.as_ref().is_some_and(|alias| alias.is(name));
        alias(&self.query.from) || (!self.query.relations.iter().any(alias) && self.object().eq_ignore_ascii_case(name))
    }

    /// Whether an item of the select list already is the field `field`, or stands for it.
    fn selects(&self, item: &SelectItem, field: &str) -> bool {
        match &item.kind {
            // Under an alias, the answer would not show it by its name.
            SelectKind::Field(path) => item.alias.is_none() && self.own(path).is_some_and(|own| own.eq_ignore_ascii_case(field)),
            SelectKind::Fields(group) => *group != FieldGroup::Custom,
            SelectKind::Call(_) | SelectKind::Children(_) | SelectKind::TypeOf(_) => false,
        }
    }

    fn missing_columns(&self, offers: Offers) -> Vec<Edit> {
        let wanted = if offers.last_modified { &ADDED[..] } else { &ADDED[..1] };
        let missing = wanted.iter().filter(|field| !self.query.select.iter().any(|item| self.selects(item, field)));
        let text: String = missing.map(|field| format!(", {field}")).collect();
        if text.is_empty() { Vec::new() } else { vec![Edit::add(self.query.select_end(), text)] }
    }

    /// The condition that leaves out what was read; the query's own condition keeps its meaning in parentheses.
    fn after(&self, id: RecordId) -> Vec<Edit> {
        let place = self.query.places.filter;
        match &self.query.filter {
            None => vec![Edit::add(place.end, format!(" WHERE Id > '{id}'"))],
            Some(_) => vec![Edit::add(place.start, "("), Edit::add(place.end, format!(") AND Id > '{id}'"))],
        }
    }

    fn order(&self) -> Option<Edit> {
        let needed = self.paging != Paging::AsIs && self.query.order_by.is_empty();
        needed.then(|| Edit::add(self.query.places.order_by.end, " ORDER BY Id"))
    }

    fn limit_to(&self, rows: u64) -> Edit {
        let place = self.query.places.limit;
        match self.query.limit {
            Some(_) => Edit::replace(place, rows.to_string()),
            None => Edit::add(place.end, format!(" LIMIT {rows}")),
        }
    }

    fn paging_of(query: &Query) -> Result<Paging, refusal::Refusal> {
        let limit = query.limit.map(|limit| limit.value);
        let unordered = query.offset.is_none() && is_order_of_ids(query);
        let few = query.select.iter().find(|item| matches!(item.kind, SelectKind::Fields(FieldGroup::All | FieldGroup::Custom)));
        match few {
            Some(_) if unordered => Ok(Paging::ByIdInSteps { step: STEP, limit }),
            Some(item) if limit.is_none_or(|limit| limit > STEP) => Err(refusal::few_at_a_time(item)),
            None if unordered && limit.is_none() => Ok(Paging::ById),
            _ => Ok(Paging::AsIs),
        }
    }

    /// Whether the longest request is one that Salesforce takes.
    fn fits(&self) -> Result<(), String> {
        let longest = self.page(Offers { last_modified: true }, RecordId::parse(&[b'0'; 18]), None);
        let added = longest.len() - self.text.len();
        if longest.len() > MAX_QUERY && longest.chars().count() > MAX_QUERY {
            return Err(format!(
                "the query is too long: with what paging adds it must not have more than {} characters",
                MAX_QUERY - added
            ));
        }
        Ok(())
    }
}

/// Fields that every document needs: its identity, and the time that says whether it changed.
pub(super) const ADDED: [&str; 2] = ["Id", "LastModifiedDate"];

/// Custom fields end in `__c` and, of packages and compound fields, in other letters; standard ones have no two underscores.
fn is_custom(field: &str) -> bool {
    field.contains("__")
}

/// Whether rows may be asked for in the order of ids: there is no other order.
fn is_order_of_ids(query: &Query) -> bool {
    match query.order_by.as_slice() {
        [] => true,
        [only] => match &only.by {
            Operand::Field(path) => {
                only.direction != Some(Direction::Descending) && matches!(path.parts.as_slice(), [field] if field.is("Id"))
            }
            Operand::Call(_) => false,
        },
        _ => false,
    }
}
