//! Places in a query's text, and errors that point to them as Salesforce does.

use std::fmt;

/// A byte range of the query's text. Spans never make two syntax trees differ: all of them are equal.
#[derive(Clone, Copy, Default, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Byte after the last one.
    pub end: usize,
}

impl Span {
    /// The range from `start` up to `end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The range from the start of this one to the end of another.
    pub const fn to(self, end: Self) -> Self {
        Self { start: self.start, end: end.end }
    }

    /// The part of `text` that is meant; empty when the span is not from this text.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or("")
    }

    /// Row and column of the first byte, both counted from 1, columns in characters.
    pub fn position(self, text: &str) -> Position {
        let before = &text[..floor(text, self.start)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Position { row: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}

impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}..{}", self.start, self.end)
    }
}

/// Row and column, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line.
    pub row: usize,
    /// Character in the line.
    pub column: usize,
}

/// What kind of mistake a query or a search has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SoqlErrorKind {
    /// A token that the grammar does not allow there.
    Unexpected,
    /// `:name`, which only Apex can fill.
    Bind,
    /// A literal that is not closed or not in its form.
    Literal,
    /// A search without a term in braces.
    NoTerm,
    /// More than 100,000 characters, or a string literal of more than 4,000.
    TooLong,
    /// More nested than any sensible query.
    TooDeep,
}

/// Why a text is not SOQL, or not SOSL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SoqlError {
    /// Kind of mistake.
    pub kind: SoqlErrorKind,
    /// What Salesforce says about it, without the place.
    pub message: String,
    /// Where it is.
    pub span: Span,
}

impl SoqlError {
    pub(crate) fn new(kind: SoqlErrorKind, span: Span, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), span }
    }

    /// The `errorCode` that Salesforce answers a query with; for a search see [`crate::sosl::ERROR_CODE`].
    pub fn code(&self) -> &'static str {
        "MALFORMED_QUERY"
    }

    /// The `message` that Salesforce answers with: the line, a caret under the mistake, the place, the reason.
    pub fn render(&self, text: &str) -> String {
        point_at(text, self.span, &self.message)
    }
}

/// Characters of the line shown before and after the caret; longer lines are cut so that messages stay small.
const WINDOW: usize = 100;

/// Words a message as Salesforce does: `"\n<line>\n   ^\nERROR at Row:1:Column:12\n<message>"`.
pub fn point_at(text: &str, span: Span, message: &str) -> String {
    let Position { row, column } = span.position(text);
    let line = text.lines().nth(row - 1).unwrap_or("");
    let skipped = (column - 1).saturating_sub(WINDOW);
    let shown: String = line.chars().skip(skipped).take(2 * WINDOW).collect();
    let indent = column - 1 - skipped;
    format!("\n{shown}\n{:indent$}^\nERROR at Row:{row}:Column:{column}\n{message}", "")
}

/// The nearest character border at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut border = at.min(text.len());
    while !text.is_char_boundary(border) {
        border -= 1;
    }
    border
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_columns_count_from_one_and_in_characters() {
        let text = "SELECT Zoë,\nÇa FROM x";
        let at = text.find("FROM").unwrap();
        assert_eq!(Span::new(at, at + 4).position(text), Position { row: 2, column: 4 });
        assert_eq!(Span::new(0, 0).position(text), Position { row: 1, column: 1 });
        assert_eq!(Span::new(10_000, 0).position(text).row, 2);
    }

    #[test]
    fn the_caret_stands_under_the_mistake_even_in_a_long_line() {
        let text = format!("{}X", "a,".repeat(500));
        let message = point_at(&text, Span::new(1000, 1001), "no");
        let lines: Vec<&str> = message.split('\n').collect();
        assert_eq!(lines[1].chars().nth(lines[2].len() - 1), Some('X'));
        assert_eq!(lines[3], "ERROR at Row:1:Column:1001");
    }
}
