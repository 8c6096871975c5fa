//! Puts texts into a query at places that its parser found.

use crate::soql::Span;

/// A text for a place of the query; the place is empty where something is added.
#[derive(Clone, Debug)]
pub(super) struct Edit {
    /// What the text takes the place of.
    pub(super) place: Span,
    /// The text.
    pub(super) text: String,
}

impl Edit {
    /// Puts `text` in at `at`.
    pub(super) fn add(at: usize, text: impl Into<String>) -> Self {
        Self { place: Span::new(at, at), text: text.into() }
    }

    /// Puts `text` in the place of what is there.
    pub(super) fn replace(place: Span, text: impl Into<String>) -> Self {
        Self { place, text: text.into() }
    }
}

/// `text` with all `edits`, which are in the order of their places and do not overlap.
///
/// A query may go on right behind a parenthesis or a quote, as in `(SELECT Id FROM Contacts)FROM Account`: where a new text would grow
/// together with what follows it, a space goes between them.
pub(super) fn splice(text: &str, edits: &[Edit]) -> String {
    let mut out = String::with_capacity(text.len() + edits.iter().map(|edit| edit.text.len() + 1).sum::<usize>());
    let mut done = 0;
    for edit in edits {
        push(&mut out, Span::new(done, edit.place.start).of(text), done > 0);
        out.push_str(&edit.text);
        done = edit.place.end;
    }
    push(&mut out, text.get(done..).unwrap_or(""), done > 0);
    out
}

/// Adds a part of the query; `apart`: not so that it grows together with what is there.
fn push(out: &mut String, part: &str, apart: bool) {
    let grows = |character: char| character.is_alphanumeric() || matches!(character, '_' | '\'');
    if apart && part.starts_with(grows) && out.ends_with(grows) {
        out.push(' ');
    }
    out.push_str(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_go_to_their_places_and_nothing_else_changes() {
        let edits = [Edit::add(1, "+"), Edit::add(1, "*"), Edit::replace(Span::new(2, 4), "-"), Edit::add(6, "!")];
        assert_eq!(splice("abcdéf", &[]), "abcdéf");
        assert_eq!(splice("abcd (", &edits), "a+*b- (!");
    }

    #[test]
    fn a_new_text_does_not_grow_together_with_what_follows() {
        assert_eq!(splice("(x)FROM", &[Edit::add(3, ", Id")]), "(x), Id FROM");
        assert_eq!(splice("(x))", &[Edit::add(3, ", Id")]), "(x), Id)");
        assert_eq!(splice("(x)FROM", &[Edit::add(3, " A"), Edit::add(3, " B")]), "(x) A B FROM");
    }
}
