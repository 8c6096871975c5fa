//! What search terms mean, by examples.

use crate::soql::SoqlError;
use crate::sosl::{Expression, Word, WordPart, parse};

fn meaning(term: &str) -> Result<Option<Expression>, SoqlError> {
    parse(&format!("FIND {{{term}}}")).unwrap_or_else(|error| panic!("{term}: {error}")).term.expression()
}

/// The meaning, printed; a term without words gives an empty text.
fn printed(term: &str) -> String {
    meaning(term).unwrap_or_else(|error| panic!("{term}: {error}")).map_or(String::new(), |expression| expression.to_string())
}

#[test]
fn operators_bind_as_documented_and_neighbours_are_all_wanted() {
    for (term, expected) in [
        ("Acme", r#""acme""#),
        ("john smith", r#""john" AND "smith""#),
        ("\"John  Smith\"", r#""john smith""#),
        ("a or b AND c", r#""a" OR ("b" AND "c")"#),
        ("(a OR b) c", r#"("a" OR "b") AND "c""#),
        ("a AND NOT b", r#""a" AND NOT ("b")"#),
        ("a and not (b OR c) d", r#""a" AND NOT ("b" OR "c") AND "d""#),
        ("((a))", r#""a""#),
        ("a(b)\"c d\"e", r#""a" AND "b" AND "c d" AND "e""#),
        // NOT without AND before it is a word, and so is what stands in quotes.
        ("a NOT b", r#""a" AND "not" AND "b""#),
        ("NOT a", r#""not" AND "a""#),
        ("a AND NOT", r#""a" AND "not""#),
        ("\"and\" \"or\"", r#""and" AND "or""#),
        ("ANDy ORacle", r#""andy" AND "oracle""#),
    ] {
        assert_eq!(printed(term), expected, "{term}");
    }
}

#[test]
fn punctuation_divides_words_and_keeps_them_in_a_row() {
    for (term, expected) in [
        ("joe@acme.com", r#""joe acme com""#),
        ("O'Neil-Smith", r#""o neil smith""#),
        ("AT\\&T \\{x\\}", r#""at t" AND "x""#),
        ("a - b", r#""a" AND "b""#),
        ("東京", r#""東 京""#),
        ("Z\\oë", r#""zoë""#),
    ] {
        assert_eq!(printed(term), expected, "{term}");
    }
}

#[test]
fn wildcards_count_in_the_middle_and_at_the_end_of_a_word() {
    for (term, expected) in [
        ("acm*", r#""acm*""#),
        ("j?hn*n", r#""j?hn*n""#),
        ("*acme", r#""acme""#),
        ("?cme", r#""cme""#),
        ("ac***me", r#""ac*me""#),
        ("a*?*", r#""a*?*""#),
        ("\"jo* smi?\"", r#""jo* smi?""#),
        ("a\\*b", r#""a b""#),
    ] {
        assert_eq!(printed(term), expected, "{term}");
    }
    let word = |parts: &[WordPart]| Some(Expression::Phrase(vec![Word { parts: parts.to_vec() }]));
    assert_eq!(meaning("AB*c").unwrap(), word(&[WordPart::Text("ab".into()), WordPart::Any, WordPart::Text("c".into())]));
    assert_eq!(meaning("A?").unwrap(), word(&[WordPart::Text("a".into()), WordPart::One]));
}

#[test]
fn a_term_without_words_means_nothing() {
    for term in ["", "  ", "*", "?? **", "\"\"", "...", "\\\\"] {
        assert_eq!(meaning(term), Ok(None), "{term}");
    }
}

#[test]
fn operators_and_pairs_without_their_partner_are_pointed_at() {
    for (term, column, reason) in [
        ("AND a", 7, "unexpected token: 'AND'"),
        ("a OR", 11, "unexpected token: '}'"),
        ("a AND OR b", 13, "unexpected token: 'OR'"),
        ("(a", 9, "unexpected token: '}'"),
        ("a) b", 8, "unexpected token: ')'"),
        ("()", 8, "unexpected token: ')'"),
        ("é \"b", 9, "quotation mark is not closed"),
        ("a \\\"b\"", 12, "quotation mark is not closed"),
    ] {
        let text = format!("FIND {{{term}}}");
        let error = meaning(term).unwrap_err();
        assert_eq!((error.message.as_str(), error.span.position(&text).column), (reason, column), "{term}");
    }
}

#[test]
fn of_a_very_long_term_the_operators_are_dropped() {
    let long = format!("a OR (b AND NOT \"c d\") {}", "e ".repeat(2_000));
    assert!(printed(&long).starts_with(r#""a" AND "b" AND "not" AND "c d" AND "e""#));
    let just_short = format!("a OR b{}", " ".repeat(3_994));
    assert_eq!(printed(&just_short), r#""a" OR "b""#);
}
