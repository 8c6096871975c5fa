//! Properties: what is printed parses to the same tree, nothing makes the parsers panic.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use crate::soql::{Argument, Call, Condition, Count, Direction, Name, Nulls, Operand, OrderBy, Path, Span};
use crate::sosl::{Expression, Field, FieldList, Returning, Search, SearchGroup, Term, Tracking, WithClause, Word, WordPart, parse, words};

/// Words that mean something else where a name stands.
const TAKEN: [&str; 22] = [
    "AND",
    "AS",
    "ASC",
    "BY",
    "DESC",
    "FIND",
    "FIRST",
    "FROM",
    "IN",
    "LAST",
    "LIKE",
    "LIMIT",
    "NOT",
    "NULLS",
    "OFFSET",
    "OR",
    "ORDER",
    "RETURNING",
    "SELECT",
    "UPDATE",
    "USING",
    "WHERE",
];

fn name() -> impl Strategy<Value = Name> {
    let free = |text: &String| {
        crate::soql::parse(&format!("SELECT {text} x FROM {text} AS {text}")).is_ok()
            && !TAKEN.iter().any(|taken| taken.eq_ignore_ascii_case(text))
    };
    "[A-Za-z_][A-Za-z0-9_]{0,8}".prop_filter("taken", free).prop_map(|text| Name { text, span: Span::default() })
}

fn path() -> impl Strategy<Value = Path> {
    vec(name(), 1..4).prop_map(|parts| Path { parts, span: Span::default() })
}

fn operand() -> impl Strategy<Value = Operand> {
    let call = (name(), path()).prop_map(|(name, path)| Call { name, arguments: vec![Argument::Field(path)], span: Span::default() });
    prop_oneof![3 => path().prop_map(Operand::Field), 1 => call.prop_map(Operand::Call)]
}

/// Conditions have their own round trip beside their parser; some of each kind are enough here.
fn condition() -> impl Strategy<Value = Condition> {
    let text = select(vec![
        "Name = 'x)'",
        "A = 1 AND (B LIKE 'a%' OR NOT C = NULL)",
        "Id IN (SELECT WhoId FROM Task LIMIT 1)",
        "D < LAST_N_DAYS:7 OR E INCLUDES ('a;b', 'c')",
    ]);
    text.prop_map(|text| crate::soql::parse(&format!("SELECT Id FROM X WHERE {text}")).unwrap().filter.unwrap())
}

fn order_by() -> impl Strategy<Value = OrderBy> {
    let direction = of(select(vec![Direction::Ascending, Direction::Descending]));
    (operand(), direction, of(select(vec![Nulls::First, Nulls::Last]))).prop_map(|(by, direction, nulls)| OrderBy { by, direction, nulls })
}

fn count() -> impl Strategy<Value = Option<Count>> {
    of(any::<u64>().prop_map(|value| Count { value, span: Span::default() }))
}

fn returning() -> impl Strategy<Value = Returning> {
    let field = (operand(), of(name())).prop_map(|(what, alias)| Field { what, alias, span: Span::default() });
    let fields = vec(field, 1..4).prop_map(|items| FieldList { items, span: Span::default() });
    let clauses = (of(name()), of(condition()), vec(order_by(), 0..3), count(), count());
    (name(), of((fields, clauses))).prop_map(|(object, inner)| {
        let bare = Returning {
            object,
            fields: None,
            list_view: None,
            filter: None,
            order_by: Vec::new(),
            limit: None,
            offset: None,
            span: Span::default(),
        };
        match inner {
            None => bare,
            Some((fields, (list_view, filter, order_by, limit, offset))) => {
                Returning { fields: Some(fields), list_view, filter, order_by, limit, offset, ..bare }
            }
        }
    })
}

fn with() -> impl Strategy<Value = WithClause> {
    let text = select(vec!["SNIPPET (target_length=120)", "DIVISION = 'Global'", "DATA CATEGORY a__c AT (b__c, c__c)", "HIGHLIGHT"]);
    text.prop_map(|text: &str| {
        let keyword = text.split(' ').next().unwrap_or_default().to_owned();
        WithClause { keyword: Name { text: keyword, span: Span::default() }, text: text.to_owned(), span: Span::default() }
    })
}

fn search() -> impl Strategy<Value = Search> {
    use SearchGroup::{All, Email, Name, Phone, Sidebar};
    let term = "([^\\\\{}&|]|\\\\.){0,20}".prop_map(|text| Term { text, span: Span::default() });
    let scope = of(select(vec![All, Name, Email, Phone, Sidebar]));
    let update = vec(select(vec![Tracking::Tracking, Tracking::ViewStat]), 0..3);
    (term, scope, vec(returning(), 0..4), vec(with(), 0..3), count(), update).prop_map(|(term, scope, returning, with, limit, update)| {
        Search { term, scope, returning, with, limit, update, span: Span::default() }
    })
}

/// A word as terms have it: it starts with text, wildcards do not repeat without need.
fn word() -> impl Strategy<Value = Word> {
    let text = || "[a-z0-9éß]{1,4}".prop_map(WordPart::Text);
    let tail = prop_oneof![
        Just(Vec::new()),
        Just(vec![WordPart::Any]),
        Just(vec![WordPart::One, WordPart::One]),
        text().prop_map(|text| vec![WordPart::Any, text]),
        text().prop_map(|text| vec![WordPart::One, text, WordPart::Any]),
    ];
    (text(), tail).prop_map(|(first, tail)| Word { parts: [vec![first], tail].concat() })
}

fn expression() -> impl Strategy<Value = Expression> {
    let phrase = vec(word(), 1..4).prop_map(Expression::Phrase);
    phrase.prop_recursive(4, 24, 4, |inner| {
        let negated = inner.clone().prop_map(|inner| Expression::Not(Box::new(inner)));
        let further = vec(prop_oneof![3 => inner.clone(), 1 => negated], 1..3);
        let all = (inner.clone(), further).prop_map(|(first, further)| Expression::And([vec![first], further].concat()));
        prop_oneof![all, vec(inner, 2..4).prop_map(Expression::Or)]
    })
}

/// Texts that are nearly SOSL reach further into the parser than random ones.
fn nearly_sosl() -> impl Strategy<Value = String> {
    let word = select(vec![
        "FIND",
        "{",
        "}",
        "{x}",
        "\\",
        "\"",
        "IN",
        "ALL",
        "NAME",
        "FIELDS",
        "RETURNING",
        "Account",
        "(",
        ")",
        ",",
        "Id",
        ".",
        "USING",
        "Listview",
        "=",
        "WHERE",
        "AND",
        "OR",
        "NOT",
        "'x'",
        "'",
        "ORDER",
        "BY",
        "DESC",
        "LIMIT",
        "OFFSET",
        "1",
        "WITH",
        "SNIPPET",
        "UPDATE",
        "TRACKING",
        "toLabel",
        "*",
        "?",
        "é",
        "東",
        "\n",
    ]);
    vec(word, 0..40).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_parses_to_the_same_tree(tree in search()) {
        let text = tree.to_string();
        match parse(&text) {
            Ok(parsed) => prop_assert_eq!(parsed, tree),
            Err(error) => prop_assert!(false, "{}", error.render(&text)),
        }
    }

    #[test]
    fn a_printed_meaning_is_the_meaning_of_its_text(expression in expression()) {
        let text = format!("FIND {{{expression}}}");
        prop_assume!(text.len() < 4_000);
        prop_assert_eq!(parse(&text).unwrap().term.expression(), Ok(Some(expression)));
    }

    #[test]
    fn no_text_makes_the_parsers_panic(text in prop_oneof![
        any::<String>(),
        nearly_sosl(),
        nearly_sosl().prop_map(|text| format!("FIND {{x}} {text}")),
        any::<String>().prop_map(|text| format!("FIND {{{text}}}")),
        nearly_sosl().prop_map(|text| format!("FIND {{{}}}", text.replace(['{', '}'], ""))),
    ]) {
        match parse(&text) {
            Ok(search) => {
                prop_assert_eq!(search.term.span.of(&text), search.term.text.as_str());
                if let Err(error) = search.term.expression() {
                    prop_assert!(error.render(&text).contains("ERROR at Row:"));
                }
                let fields = search.returning.iter().filter_map(|returning| returning.fields.as_ref());
                prop_assert!(fields.into_iter().all(|fields| text.is_char_boundary(fields.end())));
                prop_assert_eq!(parse(&search.to_string()).ok(), Some(search));
            }
            Err(error) => prop_assert!(error.render(&text).contains("ERROR at Row:")),
        }
    }

    #[test]
    fn the_words_of_a_text_do_not_depend_on_its_case(text in "[a-zA-Z0-9éÉ .,@-]{0,30}") {
        prop_assert_eq!(words(&text.to_uppercase()), words(&text.to_lowercase()));
        prop_assert!(words(&text).iter().all(|word| words(word) == [word.as_str()]));
    }
}
