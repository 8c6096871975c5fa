//! Meets advanced rules with what an org offers: what a run reads in place of all records of the chosen objects.

use std::collections::{BTreeMap, BTreeSet};

use super::{AdvancedRule, Offers, Paging, ParsedRule, RuleError, SoqlRule, SoslRule};
use crate::RecordId;
use crate::catalog::{DescribedObject, FieldKind, FileFacts, GlobalObject, LINKS, Layout, ObjectPlan, Planned};

/// An advanced rule as this run reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulePlan {
    /// What is asked.
    pub query: RuleQuery,
    /// Objects whose records it finds, as the org spells them; none when the search names none.
    pub objects: Vec<String>,
    /// First characters of the ids of those objects, as far as the org says.
    pub prefixes: Vec<String>,
    /// Another rule reads one of the objects too, so that a record may be found twice.
    pub shares: bool,
}

/// The question behind a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleQuery {
    /// A query, page by page.
    Soql {
        /// The query.
        rule: SoqlRule,
        /// What its object offers.
        offers: Offers,
    },
    /// A search, all at once.
    Sosl {
        /// Text of the request.
        text: String,
        /// Text of a request for one row at most.
        probe: String,
        /// Rows that the platform gives at most; `None` when the search itself asks for fewer.
        cap: Option<u64>,
    },
}

impl RulePlan {
    /// Whether reading can go on behind a record. If not, it starts from the beginning whenever it starts.
    pub fn goes_on(&self) -> bool {
        match &self.query {
            RuleQuery::Soql { rule, .. } => matches!(rule.paging(), Paging::ById | Paging::ByIdInSteps { limit: None, .. }),
            RuleQuery::Sosl { .. } => false,
        }
    }
}

impl RuleQuery {
    /// Text of a request for one row at most, which shows whether the org takes it.
    pub fn probe(&self) -> String {
        match self {
            Self::Soql { rule, offers } => rule.probe(*offers),
            Self::Sosl { probe, .. } => probe.clone(),
        }
    }

    /// Text of the request for rows behind a record.
    pub fn page(&self, after: Option<RecordId>, left: Option<u64>) -> String {
        match self {
            Self::Soql { rule, offers } => rule.page(*offers, after, left),
            Self::Sosl { text, .. } => text.clone(),
        }
    }
}

/// Advanced rules with the objects of an org that they read.
#[derive(Debug)]
pub struct MetRules<'a>(Vec<(usize, ParsedRule, Vec<&'a GlobalObject>)>);

impl<'a> MetRules<'a> {
    /// Reads rules and looks for their objects.
    ///
    /// # Errors
    /// What is wrong with the rules, all of it: their syntax, objects that the org does not have or does not let this user query.
    pub fn new(rules: &[AdvancedRule], global: &'a [GlobalObject]) -> Result<Self, Vec<RuleError>> {
        let (mut parsed, mut errors) = (Vec::new(), Vec::new());
        for rule in rules {
            match rule.parse() {
                Ok(read) => {
                    let names: Vec<_> = match &read {
                        ParsedRule::Soql(rule) => vec![rule.object()],
                        ParsedRule::Sosl(rule) => rule.objects().collect(),
                    };
                    let of_org = |name: &str| global.iter().find(|it| it.name.eq_ignore_ascii_case(name) && it.queryable);
                    let unknown = |name: &&str| of_org(name).is_none();
                    errors.extend(names.iter().filter(|name| unknown(name)).map(|name| {
                        let problem = "the org has no such object, or this user may not query it";
                        RuleError::advanced(format!("advanced rule {}: `{}`: {problem}", rule.no, name.escape_debug()))
                    }));
                    let found = names.iter().filter_map(|name| of_org(name)).collect();
                    parsed.push((rule.no, read, found));
                }
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(Self(parsed)) } else { Err(errors) }
    }
    /// Objects that have to be described before a [plan](Self::plan) can be made, as the org spells them.
    pub fn needed(&self) -> Vec<String> {
        let mut names: Vec<_> = self.0.iter().flat_map(|(_, _, objects)| objects).map(|found| found.name.clone()).collect();
        if self.0.iter().any(|(_, rule, _)| matches!(rule, ParsedRule::Soql(rule) if rule.nested().contains(LINKS))) {
            names.extend(FileFacts::DESCRIBES.map(str::to_owned));
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// What a run with these rules reads. The last rule comes first: where two find the same record, the later one in the list decides what
    /// its document looks like, as in the reference, which writes both in the order of the list.
    pub fn plan(&self, described: &BTreeMap<String, DescribedObject>) -> Planned {
        let parsed = &self.0;
        let shares = |at: usize| {
            let named = |at: usize| parsed[at].2.iter().map(|found| found.name.as_str());
            // A search that names no object may find anything.
            let any = |at: usize| parsed[at].2.is_empty();
            (0..parsed.len()).any(|other| other != at && (any(at) || any(other) || named(at).any(|name| named(other).any(|it| it == name))))
        };
        let mut objects = Vec::with_capacity(parsed.len());
        for (at, (no, rule, found)) in parsed.iter().enumerate().rev() {
            let offers = |object: &str| {
                let describe = found.iter().find(|it| it.name.eq_ignore_ascii_case(object)).and_then(|it| described.get(&it.name));
                let fields = describe.into_iter().flat_map(|describe| &describe.fields);
                Offers { last_modified: fields.into_iter().any(|(name, _)| name == "LastModifiedDate") }
            };
            let (query, fields) = match rule {
                ParsedRule::Soql(rule) => {
                    let fields = found.first().and_then(|it| described.get(&it.name)).map(|describe| rule.columns(describe));
                    (RuleQuery::Soql { rule: rule.clone(), offers: offers(rule.object()) }, fields.unwrap_or_default())
                }
                ParsedRule::Sosl(rule) => {
                    let fields = found.iter().filter_map(|it| Some(rule.columns(&it.name, described.get(&it.name)?))).flatten().collect();
                    (RuleQuery::Sosl { text: rule.text(offers), probe: rule.probe(offers), cap: cap(rule) }, fields)
                }
            };
            objects.push(ObjectPlan {
                name: format!("rule {no}"),
                key_prefix: None,
                fields,
                children: Vec::new(),
                lookups: Vec::new(),
                rule: Some(RulePlan {
                    query,
                    objects: found.iter().map(|it| it.name.clone()).collect(),
                    prefixes: found.iter().filter_map(|it| it.key_prefix.clone()).collect(),
                    shares: shares(at),
                }),
                blob: None,
                filter: None,
            });
        }
        let mut layout = Layout::new(&objects, described);
        let nested = parsed.iter().flat_map(|(_, rule, _)| match rule {
            ParsedRule::Soql(rule) => rule.nested(),
            ParsedRule::Sosl(_) => BTreeSet::new(),
        });
        layout.fields.extend(nested.map(|key| (key.to_owned(), FieldKind::Nested)));
        Planned { objects, layout, files: FileFacts::offered(described), ..Planned::default() }
    }
}

/// Rows of an answer that may lack others; a search that asks for fewer gets what it asked for.
fn cap(rule: &SoslRule) -> Option<u64> {
    (rule.most_rows() >= SoslRule::MOST_ROWS).then_some(SoslRule::MOST_ROWS)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::read_advanced;
    use super::*;

    fn global(names: &[(&str, &str)]) -> Vec<GlobalObject> {
        let object = |(name, prefix): &(&str, &str)| GlobalObject {
            name: (*name).to_owned(),
            queryable: true,
            custom: false,
            key_prefix: Some((*prefix).to_owned()),
        };
        names.iter().map(object).collect()
    }

    fn planned(rules: &[(&str, &str)]) -> Result<Vec<ObjectPlan>, Vec<RuleError>> {
        let snippet: Vec<_> = rules.iter().map(|(language, query)| json!({ "query": query, "language": language })).collect();
        let rules = read_advanced(&snippet)?;
        let global = global(&[("Account", "001"), ("Lead", "00Q"), ("Share", "00r")]);
        let fields = |names: &[&str]| DescribedObject {
            fields: names.iter().map(|name| ((*name).to_owned(), "string".to_owned())).collect(),
            relationships: Vec::new(),
        };
        let described =
            [("Account", &["Id", "Name", "LastModifiedDate"][..]), ("Lead", &["Id", "Name", "LastModifiedDate"]), ("Share", &["Id"])];
        let described: BTreeMap<_, _> = described.into_iter().map(|(name, names)| (name.to_owned(), fields(names))).collect();
        let met = MetRules::new(&rules, &global)?;
        let needed = met.needed();
        assert!(needed.iter().all(|name| described.contains_key(name)), "{needed:?}");
        Ok(met.plan(&described).objects)
    }

    #[test]
    fn the_last_rule_comes_first_and_those_of_one_object_know_of_each_other() {
        let plans = planned(&[
            ("SOQL", "SELECT Name FROM account"),
            ("SOQL", "SELECT Id FROM Share LIMIT 3"),
            ("SOSL", "FIND {x} RETURNING Account(Name), Lead"),
        ])
        .unwrap();
        let seen: Vec<_> = plans
            .iter()
            .map(|plan| (plan.name.as_str(), plan.rule.as_ref().unwrap()))
            .map(|(name, rule)| (name, rule.objects.concat(), rule.prefixes.concat(), rule.shares, rule.goes_on()))
            .collect();
        let expected = [
            ("rule 3", "AccountLead", "00100Q", true, false),
            ("rule 2", "Share", "00r", false, false),
            ("rule 1", "Account", "001", true, true),
        ];
        assert_eq!(
            seen,
            expected.map(|(name, objects, prefixes, shares, goes_on)| (name, objects.to_owned(), prefixes.to_owned(), shares, goes_on))
        );
        let text = |at: usize| plans[at].rule.as_ref().unwrap().query.page(None, None);
        assert_eq!(text(0), "FIND {x} RETURNING Account(Name, Id, LastModifiedDate), Lead");
        assert_eq!(text(1), "SELECT Id FROM Share LIMIT 3", "an object without the date is not asked for it");
        assert_eq!(text(2), "SELECT Name, Id, LastModifiedDate FROM account ORDER BY Id");
        assert_eq!(plans[2].fields, ["Name", "Id", "LastModifiedDate"]);
    }

    #[test]
    fn all_that_the_org_lacks_is_named_with_its_rule() {
        let errors = planned(&[("SOQL", "SELECT Id FROM Nothing"), ("SOSL", "FIND {x} RETURNING Account, Nothing2"), ("SOQL", "SELECT")]);
        let text: Vec<_> = errors.unwrap_err().into_iter().map(|error| error.message).collect();
        assert_eq!(text.len(), 3, "{text:?}");
        assert!(
            text[0].starts_with("advanced rule 1: `Nothing`")
                && text[1].starts_with("advanced rule 2: `Nothing2`")
                && text[2].starts_with("advanced rule 3"),
            "{text:?}"
        );
    }

    #[test]
    fn a_search_that_names_no_object_may_find_what_others_find() {
        let plans = planned(&[("SOQL", "SELECT Id FROM Lead"), ("SOSL", "FIND {x}")]).unwrap();
        assert!(plans.iter().all(|plan| plan.rule.as_ref().unwrap().shares));
        let RuleQuery::Sosl { cap, .. } = &plans[0].rule.as_ref().unwrap().query else { panic!("a search") };
        assert_eq!(*cap, Some(2000));
        let few = planned(&[("SOSL", "FIND {x} LIMIT 10")]).unwrap();
        assert!(matches!(&few[0].rule.as_ref().unwrap().query, RuleQuery::Sosl { cap: None, .. }));
    }
}
