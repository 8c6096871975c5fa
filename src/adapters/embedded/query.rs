//! Turns what a person typed into an FTS5 query that cannot be malformed.

/// Words and phrases that count; nobody types more, and a query's cost grows with them.
const MOST_TERMS: usize = 32;
/// Characters that count.
const MOST_CHARS: usize = 1_000;

/// The query: all words must be there, `"several words"` in this order, and the last may be the start of a word.
///
/// `None` when there is nothing to look for. Every term is quoted, so nothing in it is an operator.
pub(super) fn fts(typed: &str) -> Option<String> {
    let end = typed.char_indices().nth(MOST_CHARS).map_or(typed.len(), |(at, _)| at);
    let parts: Vec<&str> = typed[..end].split(['"', '“', '”', '„']).collect();
    let mut terms: Vec<(usize, &str)> = Vec::new();
    for (no, part) in parts.iter().enumerate() {
        // Every second part stands between quotes.
        if no % 2 == 1 {
            terms.extend(Some((no, part.trim())).filter(|(_, phrase)| !phrase.is_empty()));
        } else {
            terms.extend(part.split_whitespace().map(|word| (no, word)));
        }
    }
    terms.truncate(MOST_TERMS);
    // A phrase whose second quote is there is complete; anything else at the end is still being typed. A single letter is not taken for
    // the start of a word: most documents have such a word, and ranking them all would be the slowest query of them all.
    let typing = terms.last().is_some_and(|(no, term)| no + 1 == parts.len() && term.len() > 1);
    let quoted: Vec<String> = terms.iter().map(|(_, term)| format!("\"{}\"", term.replace('\0', " "))).collect();
    (!quoted.is_empty()).then(|| quoted.join(" ") + if typing { " *" } else { "" })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::Connection;

    use super::*;

    fn index() -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE VIRTUAL TABLE t USING fts5(x, tokenize = 'unicode61 remove_diacritics 2');").unwrap();
        db.execute("INSERT INTO t VALUES ('one two Three O''Neil user7@example.com')", []).unwrap();
        db
    }
    fn matches(db: &Connection, typed: &str) -> rusqlite::Result<bool> {
        let query = fts(typed).unwrap_or("\"\"".to_owned());
        db.query_row("SELECT count(*) FROM t WHERE t MATCH ?1", [query], |row| row.get::<_, i64>(0)).map(|count| count == 1)
    }

    #[test]
    fn words_phrases_and_the_word_being_typed() {
        assert_eq!(fts("open the door").as_deref(), Some(r#""open" "the" "door" *"#));
        assert_eq!(fts("plan b").as_deref(), Some(r#""plan" "b""#));
        assert_eq!(fts("東").as_deref(), Some(r#""東" *"#));
        assert_eq!(fts(r#"a "b c""#).as_deref(), Some(r#""a" "b c""#));
        assert_eq!(fts(r#"a "b c" de"#).as_deref(), Some(r#""a" "b c" "de" *"#));
        assert_eq!(fts(r#"„b c“ "d e"#).as_deref(), Some(r#""b c" "d e" *"#));
        for nothing in ["", "  \t", "\"", "\"\" \" "] {
            assert_eq!(fts(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn what_is_typed_is_never_an_operator() {
        let db = index();
        for found in [
            "one",
            "ONE thr",
            "\"one two\"",
            "two one",
            "o'neil",
            "user7@exam",
            "one\0two",
            "one 🎉",
            "🎉 one",
            "\"two thr",
            "one \"\" two",
        ] {
            assert!(matches(&db, found).unwrap(), "{found:?}");
        }
        for missing in ["\"two one\"", "one NOT two", "one OR four", "x : one", "\"two thr\"", "🎉", "NEAR(one two)", "-"] {
            assert!(!matches(&db, missing).unwrap(), "{missing:?}");
        }
    }

    #[test]
    fn a_novel_in_the_search_box_is_cut() {
        let db = index();
        assert!(matches(&db, &"one ".repeat(100_000)).unwrap());
        assert!(!matches(&db, &"é".repeat(100_000)).unwrap());
    }

    proptest! {
        #[test]
        fn no_input_is_a_syntax_error(typed in any::<String>(), operators in "[\"'*()^:{}+\\- ANDORT\\x00a🎉]{0,40}") {
            let db = index();
            prop_assert!(matches(&db, &typed).is_ok());
            prop_assert!(matches(&db, &operators).is_ok());
        }
    }
}
