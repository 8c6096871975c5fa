//! Any text as an advanced rule: whatever is understood, what is sent for it parses, keeps what was typed, and grows only once.
#![no_main]

use domain::rules::{AdvancedRule, Language, Offers, Paging, ParsedRule, SoqlRule, SoslRule};
use domain::{RecordId, soql, sosl};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for language in [Language::Soql, Language::Sosl] {
        match parse(language, text) {
            Some(ParsedRule::Soql(rule)) => query(&rule),
            Some(ParsedRule::Sosl(rule)) => search(&rule),
            None => {}
        }
    }
});

fn parse(language: Language, text: &str) -> Option<ParsedRule> {
    AdvancedRule { no: 1, language, query: text.to_owned() }.parse().ok()
}

fn query(rule: &SoqlRule) {
    let id = RecordId::parse(b"001000000000007AAA");
    for last_modified in [false, true] {
        let offers = Offers { last_modified };
        for after in [None, id] {
            let page = rule.page(offers, after, None);
            soql::parse(&page).unwrap_or_else(|error| panic!("{}", error.render(&page)));
            if !matches!(rule.paging(), Paging::ByIdInSteps { limit: Some(_), .. }) {
                assert!(keeps(&page, rule.typed()), "{page}");
            }
            if let Some(ParsedRule::Soql(again)) = parse(Language::Soql, &page) {
                assert_eq!(again.page(offers, None, None), page);
            } else {
                // Only a page that has just found room may have no room for more.
                assert!(page.len() > 99_000, "{page}");
            }
        }
        let probe = rule.probe(offers);
        let probe = soql::parse(&probe).unwrap_or_else(|error| panic!("{}", error.render(&probe)));
        assert!(probe.limit.is_some_and(|limit| limit.value <= 1));
    }
}

fn search(rule: &SoslRule) {
    for last_modified in [false, true] {
        let offers = |_: &str| Offers { last_modified };
        let text = rule.text(offers);
        sosl::parse(&text).unwrap_or_else(|error| panic!("{}", error.render(&text)));
        assert!(keeps(&text, rule.typed()), "{text}");
        if let Some(ParsedRule::Sosl(again)) = parse(Language::Sosl, &text) {
            assert_eq!(again.text(offers), text);
        } else {
            assert!(text.len() > 99_000, "{text}");
        }
        let probe = rule.probe(offers);
        let probe = sosl::parse(&probe).unwrap_or_else(|error| panic!("{}", error.render(&probe)));
        assert!(probe.limit.is_some_and(|limit| limit.value <= 1));
    }
}

/// Whether all bytes that were typed are there, in their order.
fn keeps(sent: &str, typed: &str) -> bool {
    let mut sent = sent.bytes();
    typed.bytes().all(|byte| sent.any(|other| other == byte))
}
