//! What a search term means: words with wildcards, phrases, and the operators between them.

use std::fmt::{self, Display, Formatter, Write};

use super::ast::Term;
use super::words::{Class, fold};
use crate::soql::{SoqlError, SoqlErrorKind, Span};

/// Characters of a term beyond which Salesforce no longer looks at its operators.
const MAX_WITH_OPERATORS: usize = 4_000;
/// How deep parentheses may nest; bounds the stack.
const MAX_DEPTH: usize = 64;

/// What a row must have to be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// These words, one right after the other; never empty. A word alone is a phrase too.
    Phrase(Vec<Word>),
    /// All of at least two: `a AND b`, `a b`.
    And(Vec<Expression>),
    /// Any of at least two: `a OR b`.
    Or(Vec<Expression>),
    /// The contrary; only inside [`Expression::And`], as in `a AND NOT b`.
    Not(Box<Expression>),
}

/// A word, in lower case, of at least one part; the first one is text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// Texts and wildcards in turn.
    pub parts: Vec<WordPart>,
}

/// One part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WordPart {
    /// These characters.
    Text(String),
    /// `*`: any characters, or none.
    Any,
    /// `?`: one character.
    One,
}

impl Term {
    /// What the term means; none when it has no word in it. A wildcard at the start of a word means nothing. Of a term of
    /// more than 4,000 characters Salesforce drops the operators, so all its words are wanted.
    ///
    /// # Errors
    /// Quotes and parentheses without their partner, operators without something on either side, with their place.
    pub fn expression(&self) -> Result<Option<Expression>, SoqlError> {
        let mut pieces = pieces(&self.text, self.span.start)?;
        if self.text.chars().count() > MAX_WITH_OPERATORS {
            pieces.retain(|piece| matches!(piece.kind, Kind::Phrase(_)));
        }
        if pieces.is_empty() {
            return Ok(None);
        }
        let end = Span::new(self.span.end, self.span.end);
        let mut parser = Parser { pieces: &pieces, at: 0, depth: 0, end };
        let expression = parser.any()?;
        if parser.at == pieces.len() { Ok(Some(expression)) } else { Err(parser.unexpected()) }
    }
}

/// A piece of a term.
#[derive(Debug)]
struct Piece {
    kind: Kind,
    span: Span,
    typed: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Open,
    Close,
    /// `AND` or `OR` without quotes.
    Operator,
    Phrase(Vec<Word>),
}

/// Cuts a term into pieces. `start` is its place in the search.
fn pieces(text: &str, start: usize) -> Result<Vec<Piece>, SoqlError> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let length = match first {
            '(' | ')' => 1,
            '"' => quoted(&text[at..]).ok_or_else(|| {
                SoqlError::new(SoqlErrorKind::Literal, Span::new(start + at, start + at + 1), "quotation mark is not closed")
            })?,
            other if other.is_whitespace() => {
                at += other.len_utf8();
                continue;
            }
            _ => bare(&text[at..]),
        };
        let typed = &text[at..at + length];
        let kind = match typed {
            "(" => Some(Kind::Open),
            ")" => Some(Kind::Close),
            _ if typed.eq_ignore_ascii_case("AND") || typed.eq_ignore_ascii_case("OR") => Some(Kind::Operator),
            _ => Some(phrase(typed)).filter(|words| !words.is_empty()).map(Kind::Phrase),
        };
        let span = Span::new(start + at, start + at + length);
        pieces.extend(kind.map(|kind| Piece { kind, span, typed: typed.to_owned() }));
        at += length;
    }
    Ok(pieces)
}

/// Length of the quoted text that `text` starts with, quotes included; none when it is not closed.
fn quoted(text: &str) -> Option<usize> {
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => _ = characters.next(),
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Length of the text up to a space, a quotation mark or a parenthesis.
fn bare(text: &str) -> usize {
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => _ = characters.next(),
            '(' | ')' | '"' => return at,
            other if other.is_whitespace() => return at,
            _ => {}
        }
    }
    text.len()
}

/// The words of a stretch of text. Punctuation divides words but not phrases: `acme.com` are two words in a row.
fn phrase(typed: &str) -> Vec<Word> {
    let mut words = vec![Word::default()];
    let mut characters = typed.chars();
    while let Some(character) = characters.next() {
        let escaped = character == '\\';
        let character = if escaped { characters.next().unwrap_or(' ') } else { character };
        match character {
            '*' if !escaped => push_wildcard(&mut words, WordPart::Any),
            '?' if !escaped => push_wildcard(&mut words, WordPart::One),
            _ => match Class::of(character) {
                Class::InWord => push_text(&mut words, character),
                Class::Alone => {
                    words.push(Word::default());
                    push_text(&mut words, character);
                    words.push(Word::default());
                }
                Class::Between => words.push(Word::default()),
            },
        }
    }
    words.retain(|word| !word.parts.is_empty());
    words
}

fn push_text(words: &mut [Word], character: char) {
    let Some(word) = words.last_mut() else { return };
    match word.parts.last_mut() {
        Some(WordPart::Text(text)) => text.extend(fold(character)),
        _ => word.parts.push(WordPart::Text(fold(character).collect())),
    }
}

/// Adds a wildcard to the last word, unless it has not begun; several `*` in a row are one.
fn push_wildcard(words: &mut [Word], wildcard: WordPart) {
    if let Some(word) = words.last_mut()
        && let Some(last) = word.parts.last()
        && (*last != WordPart::Any || wildcard != WordPart::Any)
    {
        word.parts.push(wildcard);
    }
}

/// OR binds weakest, then AND, which also stands between neighbours, then parentheses.
struct Parser<'a> {
    pieces: &'a [Piece],
    at: usize,
    depth: usize,
    end: Span,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Kind> {
        self.pieces.get(self.at).map(|piece| &piece.kind)
    }

    fn eat_operator(&mut self, word: &str) -> bool {
        let found = self.pieces.get(self.at).is_some_and(|piece| piece.kind == Kind::Operator && piece.typed.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    /// `NOT` is an operator only after `AND`, and only before something.
    fn eat_not(&mut self) -> bool {
        let found = self.pieces.get(self.at).is_some_and(|piece| piece.typed.eq_ignore_ascii_case("NOT"))
            && matches!(self.pieces.get(self.at + 1).map(|piece| &piece.kind), Some(Kind::Open | Kind::Phrase(_)));
        self.at += usize::from(found);
        found
    }

    fn unexpected(&self) -> SoqlError {
        let (span, typed) = self.pieces.get(self.at).map_or((self.end, "}"), |piece| (piece.span, &piece.typed));
        SoqlError::new(SoqlErrorKind::Unexpected, span, format!("unexpected token: '{typed}'"))
    }

    fn any(&mut self) -> Result<Expression, SoqlError> {
        let mut terms = vec![self.all()?];
        while self.eat_operator("OR") {
            terms.push(self.all()?);
        }
        Ok(joined(terms, Expression::Or))
    }

    fn all(&mut self) -> Result<Expression, SoqlError> {
        let mut terms = vec![self.unit()?];
        loop {
            if self.eat_operator("AND") {
                let negated = self.eat_not();
                let unit = self.unit()?;
                terms.push(if negated { Expression::Not(Box::new(unit)) } else { unit });
            } else if matches!(self.peek(), Some(Kind::Open | Kind::Phrase(_))) {
                terms.push(self.unit()?);
            } else {
                return Ok(joined(terms, Expression::And));
            }
        }
    }

    fn unit(&mut self) -> Result<Expression, SoqlError> {
        match self.peek() {
            Some(Kind::Phrase(words)) => {
                let phrase = Expression::Phrase(words.clone());
                self.at += 1;
                Ok(phrase)
            }
            Some(Kind::Open) if self.depth < MAX_DEPTH => {
                self.at += 1;
                self.depth += 1;
                let inner = self.any()?;
                self.depth -= 1;
                if self.peek() != Some(&Kind::Close) {
                    return Err(self.unexpected());
                }
                self.at += 1;
                Ok(inner)
            }
            Some(Kind::Open) => {
                let message = format!("more than {MAX_DEPTH} levels of nesting");
                Err(SoqlError::new(SoqlErrorKind::TooDeep, self.pieces[self.at].span, message))
            }
            _ => Err(self.unexpected()),
        }
    }
}

/// The only one, or all of them joined.
fn joined(mut terms: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match terms.pop() {
        Some(only) if terms.is_empty() => only,
        Some(last) => {
            terms.push(last);
            join(terms)
        }
        None => join(terms),
    }
}

/// Writes a term that means the same, with all its operators and parentheses.
impl Display for Expression {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let (terms, word) = match self {
            Self::Phrase(words) => return print_phrase(formatter, words),
            Self::Not(inner) => return write!(formatter, "NOT ({inner})"),
            Self::And(terms) => (terms, " AND "),
            Self::Or(terms) => (terms, " OR "),
        };
        for (at, term) in terms.iter().enumerate() {
            formatter.write_str(if at == 0 { "" } else { word })?;
            match term {
                Self::And(_) | Self::Or(_) => write!(formatter, "({term})")?,
                Self::Phrase(_) | Self::Not(_) => write!(formatter, "{term}")?,
            }
        }
        Ok(())
    }
}

/// Always in quotes, so that no word is taken for an operator.
fn print_phrase(formatter: &mut Formatter<'_>, words: &[Word]) -> fmt::Result {
    formatter.write_char('"')?;
    for (at, word) in words.iter().enumerate() {
        formatter.write_str(if at == 0 { "" } else { " " })?;
        for part in &word.parts {
            match part {
                WordPart::Text(text) => formatter.write_str(text)?,
                WordPart::Any => formatter.write_char('*')?,
                WordPart::One => formatter.write_char('?')?,
            }
        }
    }
    formatter.write_char('"')
}
