//! From a syntax tree to a plan: names resolved, limits checked, values typed.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::sync::Arc;

use domain::soql::{self, Check, Condition, Count, FieldGroup, Membership, Name, Operand, Path, Query, SelectKind, Source, With};

use super::aggregate::Aggregation;
use super::filter::Predicate;
use super::plan::Plan;
use super::refusal::{Refuse, malformed, plain};
use super::{Context, order};
use crate::fault::ApiError;
use crate::org::Org;

/// Largest OFFSET (Salesforce's limit).
const MAX_OFFSET: u64 = 2_000;
/// Distinct relationships that a query may follow (Salesforce's limit).
const MAX_RELATIONSHIPS: usize = 55;
/// Sub-selects of children that a query may have (Salesforce's limit).
const MAX_SUB_SELECTS: usize = 20;
/// Most rows that FIELDS(ALL) and FIELDS(CUSTOM) may ask for.
const MAX_FIELDS_ROWS: u64 = 200;
/// From this version on there is FIELDS.
const FIELDS_SINCE: u32 = 51;
/// From this version on sub-selects may nest up to [`MAX_NESTING`] levels, and links of files need no filter from the one after.
const NESTING_SINCE: u32 = 58;
const FREE_LINKS_SINCE: u32 = 59;
const MAX_NESTING: usize = 4;

/// What all parts of one query share while it is compiled.
#[derive(Debug, Default)]
pub(super) struct Shared {
    relationships: RefCell<HashSet<String>>,
    sub_selects: Cell<usize>,
    semi_joins: Cell<usize>,
}

/// Compiles one statement; sub-selects get one of their own.
#[derive(Clone)]
pub(super) struct Compiler<'a> {
    pub(super) org: &'a Arc<Org>,
    pub(super) refuse: Refuse<'a>,
    pub(super) context: &'a Context<'a>,
    pub(super) shared: &'a Shared,
    /// Table that FROM names.
    pub(super) table: usize,
    /// Names that a path may start with to mean the row itself.
    pub(super) root_names: Vec<String>,
    pub(super) relation_aliases: Vec<(String, Path)>,
    /// Sub-selects around this one.
    pub(super) nesting: usize,
    /// Where this statement's relationships are counted.
    pub(super) scope: String,
}

/// What a statement asks for.
pub(super) enum Compiled {
    /// Rows.
    Records(Plan),
    /// `COUNT()`.
    Count(Plan),
    /// Groups.
    Groups(Plan, Box<Aggregation>),
}

impl<'a> Compiler<'a> {
    pub(super) fn new(
        org: &'a Arc<Org>,
        text: &'a str,
        context: &'a Context<'a>,
        shared: &'a Shared,
        from: &Query,
    ) -> Result<Self, ApiError> {
        let refuse = Refuse { text };
        let [object] = from.from.path.parts.as_slice() else {
            return Err(refuse.unknown_object(from.from.path.span, &from.from.path.to_string()));
        };
        let table = org.table_number(&object.text).ok_or_else(|| refuse.unknown_object(object.span, &object.text))?;
        let blank = Self {
            org,
            refuse,
            context,
            shared,
            table,
            root_names: Vec::new(),
            relation_aliases: Vec::new(),
            nesting: 0,
            scope: String::new(),
        };
        blank.on(table, from, String::new())
    }

    /// The same query seen from another table: for a sub-select.
    pub(super) fn on(&self, table: usize, query: &Query, scope: String) -> Result<Self, ApiError> {
        let schema = self.org.table(table).schema();
        if !schema.queryable {
            return Err(plain("INVALID_TYPE_FOR_OPERATION", format!("entity type {} does not support query", schema.name)));
        }
        let mut compiler = self.clone();
        compiler.table = table;
        compiler.scope = scope;
        compiler.root_names =
            [Some(&schema.name), query.from.alias.as_ref().map(|alias| &alias.text)].into_iter().flatten().cloned().collect();
        compiler.relation_aliases = query.relations.iter().filter_map(alias_of).collect();
        Ok(compiler)
    }

    /// Version in the path, without its fraction.
    fn version(&self) -> u32 {
        self.context.api_version.split('.').next().and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    /// Compiles a whole statement.
    pub(super) fn statement(&self, query: &Query) -> Result<Compiled, ApiError> {
        self.check_extras(query)?;
        self.check_links(query)?;
        let mut plan = self.plan(query)?;
        if let Some(Count { value, span: _ }) = query.offset
            && value > MAX_OFFSET
        {
            return Err(plain("NUMBER_OUTSIDE_VALID_RANGE", format!("Maximum SOQL offset allowed is {MAX_OFFSET}")));
        }
        if let [only] = query.select.as_slice()
            && let SelectKind::Call(call) = &only.kind
            && call.name.is("COUNT")
            && call.arguments.is_empty()
        {
            return if query.group_by.is_none() { Ok(Compiled::Count(plan)) } else { Err(malformed("COUNT() cannot be grouped")) };
        }
        if let Some(aggregation) = self.aggregation(query)? {
            // Limit and offset count groups, not the rows in them.
            (plan.limit, plan.offset) = (None, 0);
            return Ok(Compiled::Groups(plan, Box::new(aggregation)));
        }
        self.select(query, &mut plan)?;
        Ok(Compiled::Records(plan))
    }

    /// Compiles a sub-select of children.
    pub(super) fn children(&self, query: &Query, outer: &Query) -> Result<(usize, String, Arc<Plan>), ApiError> {
        self.shared.sub_selects.set(self.shared.sub_selects.get() + 1);
        if self.shared.sub_selects.get() > MAX_SUB_SELECTS {
            return Err(malformed(format!("a query may have at most {MAX_SUB_SELECTS} sub-selects")));
        }
        let deepest = if self.version() >= NESTING_SINCE { MAX_NESTING } else { 1 };
        if self.nesting >= deepest {
            return Err(self.refuse.at(query.span, "MALFORMED_QUERY", format!("sub-selects may nest {deepest} deep at most")));
        }
        if query.offset.is_some() && outer.limit.is_none_or(|limit| limit.value != 1) {
            return Err(self.refuse.at(query.span, "MALFORMED_QUERY", "OFFSET in a sub-select needs LIMIT 1 on the outer query"));
        }
        let name = query.from.path.parts.last().filter(|_| query.from.path.parts.len() <= 2);
        let name = name.ok_or_else(|| self.refuse.unknown_child(query.from.path.span, &query.from.path.to_string()))?;
        let (table, column, key) = self.child_table(name)?;
        let mut inner = self.on(table, query, format!("{}{}/", self.scope, key.to_ascii_lowercase()))?;
        inner.nesting += 1;
        inner.check_extras(query)?;
        let mut plan = inner.plan(query)?;
        if inner.aggregation(query)?.is_some() {
            return Err(self.refuse.at(query.span, "MALFORMED_QUERY", "a sub-select cannot aggregate"));
        }
        inner.select(query, &mut plan)?;
        Ok((column, key, Arc::new(plan)))
    }

    fn child_table(&self, name: &Name) -> Result<(usize, usize, String), ApiError> {
        let unknown = || self.refuse.unknown_child(name.span, &name.text);
        let child = self.org.table(self.table).schema().child(&name.text).ok_or_else(unknown)?;
        let table = self.org.table_number(&child.child_object).ok_or_else(unknown)?;
        let column = self.org.table(table).schema().position(&child.field).ok_or_else(unknown)?;
        if !self.org.table(table).is_indexed(column) {
            return Err(unknown());
        }
        Ok((table, column, child.relationship_name.clone().unwrap_or_default()))
    }

    /// Everything but the select list.
    pub(super) fn plan(&self, query: &Query) -> Result<Plan, ApiError> {
        let filter = query.filter.as_ref().map(|condition| self.predicate(condition)).transpose()?;
        let grouped = query.group_by.is_some();
        let order = if grouped { Vec::new() } else { self.order(&query.order_by)? };
        Ok(Plan {
            table: self.table,
            record: None,
            filter: filter.unwrap_or(Predicate::All(Vec::new())),
            order: order::Order::new(self.org, self.table, order),
            limit: query.limit.map(|limit| limit.value),
            offset: query.offset.map_or(0, |offset| offset.value),
            all_rows: self.context.all_rows,
        })
    }

    fn check_extras(&self, query: &Query) -> Result<(), ApiError> {
        if let Some(span) = query.all_rows {
            return Err(self.refuse.at(span, "MALFORMED_QUERY", "ALL ROWS not allowed in this context"));
        }
        // Rows would be there that Salesforce leaves out; all else that WITH asks for changes none.
        if query.with.iter().any(|with| matches!(with, With::DataCategory(_))) {
            return Err(malformed("WITH DATA CATEGORY is not supported here"));
        }
        match &query.scope {
            Some(scope) if !scope.is("everything") => {
                Err(self.refuse.at(scope.span, "MALFORMED_QUERY", format!("scope '{scope}' is not supported here; only 'everything' is")))
            }
            _ => Ok(()),
        }
    }

    /// Before v59, and without Query All Files, links of files are only found by the id of the file or of the record.
    pub(super) fn check_links(&self, query: &Query) -> Result<(), ApiError> {
        let is_links = self.org.table(self.table).schema().name == "ContentDocumentLink";
        let is_free = self.version() >= FREE_LINKS_SINCE && self.org.shows_all_files();
        if !is_links || is_free || query.filter.as_ref().is_some_and(|filter| self.narrows_links(filter)) {
            return Ok(());
        }
        Err(malformed(
            "Implementation restriction: ContentDocumentLink requires a filter by a single Id on ContentDocumentId or LinkedEntityId \
             using the equals operator or multiple Id's using the IN operator.",
        ))
    }

    fn narrows_links(&self, condition: &Condition) -> bool {
        match condition {
            Condition::And(terms) => terms.iter().any(|term| self.narrows_links(term)),
            Condition::Test(test) => {
                let narrow = match &test.check {
                    Check::Compare(comparison, _) => *comparison == soql::Comparison::Equal,
                    Check::In(membership, _) | Check::InQuery(membership, _) => *membership == Membership::In,
                    _ => false,
                };
                narrow && self.is_own(&test.operand, &["ContentDocumentId", "LinkedEntityId"])
            }
            Condition::Or(_) | Condition::Not(_) => false,
        }
    }

    /// FIELDS(ALL) and FIELDS(CUSTOM) are unbounded, so the rows must be bounded.
    pub(super) fn check_fields(&self, group: FieldGroup, query: &Query) -> Result<(), ApiError> {
        if self.version() < FIELDS_SINCE {
            return Err(malformed(format!("FIELDS is there from version {FIELDS_SINCE}.0 on")));
        }
        let bounded = query.limit.is_some_and(|limit| limit.value <= MAX_FIELDS_ROWS)
            || query.filter.as_ref().is_some_and(|filter| self.names_few_ids(filter));
        if group == FieldGroup::Standard || bounded {
            return Ok(());
        }
        Err(malformed(format!("The SOQL FIELDS function must have a LIMIT of at most {MAX_FIELDS_ROWS}")))
    }

    /// Whether a condition lists the ids it wants, and few of them.
    fn names_few_ids(&self, condition: &Condition) -> bool {
        match condition {
            Condition::And(terms) => terms.iter().any(|term| self.names_few_ids(term)),
            Condition::Test(test) => {
                let few = match &test.check {
                    Check::Compare(comparison, _) => *comparison == soql::Comparison::Equal,
                    Check::In(Membership::In, literals) => literals.len() as u64 <= MAX_FIELDS_ROWS,
                    _ => false,
                };
                few && self.is_own(&test.operand, &["Id"])
            }
            Condition::Or(_) | Condition::Not(_) => false,
        }
    }

    /// Whether an operand is one of these fields of the row itself.
    fn is_own(&self, operand: &Operand, fields: &[&str]) -> bool {
        let Operand::Field(path) = operand else { return false };
        matches!(self.unaliased(path).as_slice(), [name] if fields.iter().any(|field| name.is(field)))
    }

    /// Counts a relationship the first time the query follows it.
    pub(super) fn note_relationship(&self, path: &[&Name]) -> Result<(), ApiError> {
        let path: Vec<String> = path.iter().map(|name| name.text.to_ascii_lowercase()).collect();
        let mut known = self.shared.relationships.borrow_mut();
        known.insert(format!("{}{}", self.scope, path.join(".")));
        if known.len() <= MAX_RELATIONSHIPS {
            return Ok(());
        }
        Err(malformed(format!("a query may follow at most {MAX_RELATIONSHIPS} relationships")))
    }

    /// Counts a semi-join; Salesforce allows two.
    pub(super) fn note_semi_join(&self) -> Result<(), ApiError> {
        self.shared.semi_joins.set(self.shared.semi_joins.get() + 1);
        if self.shared.semi_joins.get() > 2 { Err(malformed("maximum 2 semi join sub-selects are allowed")) } else { Ok(()) }
    }
}

fn alias_of(source: &Source) -> Option<(String, Path)> {
    source.alias.as_ref().map(|alias| (alias.text.clone(), source.path.clone()))
}
