//! Tests of advanced rules: snippets, queries and what is added to them, searches, properties of generated queries.

mod properties;
mod queries;
mod refusals;
mod searches;
mod snippets;

use super::{AdvancedRule, Language, Offers, ParsedRule, SoqlRule, SoslRule};

/// An object with `LastModifiedDate`, as nearly all have it.
const OFFERS: Offers = Offers { last_modified: true };

fn parse(language: Language, query: &str) -> Result<ParsedRule, String> {
    AdvancedRule { no: 1, language, query: query.to_owned() }.parse().map_err(|error| error.message)
}

fn soql(query: &str) -> SoqlRule {
    match parse(Language::Soql, query) {
        Ok(ParsedRule::Soql(rule)) => rule,
        other => panic!("{query}: {other:?}"),
    }
}

fn sosl(query: &str) -> SoslRule {
    match parse(Language::Sosl, query) {
        Ok(ParsedRule::Sosl(rule)) => rule,
        other => panic!("{query}: {other:?}"),
    }
}
