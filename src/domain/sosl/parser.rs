//! The parser: the term in its braces, then the clauses of a search in their order.

use super::ast::{Field, FieldList, Returning, Search, SearchGroup, Term, Tracking, WithClause};
use crate::soql::{Kind, MAX_CHARACTERS, Parser, SoqlError, SoqlErrorKind, Span};

/// What Salesforce says about a search without a term in braces.
const NO_TERM: &str = "No search term found. The search term must be enclosed in braces.";

/// Parses a search. The term is read up to its closing brace; whether its operators and quotes make sense is for
/// [`Term::expression`] to say.
///
/// # Errors
/// The first mistake, with its place.
pub fn parse(text: &str) -> Result<Search, SoqlError> {
    if text.len() > MAX_CHARACTERS && text.chars().count() > MAX_CHARACTERS {
        let message = "SOSL statements cannot be longer than 100,000 characters";
        return Err(SoqlError::new(SoqlErrorKind::TooLong, Span::new(0, 0), message));
    }
    let mut head = Parser::new(text, 0);
    let start = head.peek().span;
    head.expect_keyword("FIND")?;
    let term = term(text, head.peek().span)?;
    // A term is no sequence of tokens, so the text behind it is cut afresh.
    let mut parser = Parser::new(text, term.span.end + 1);
    let scope = parser.scope()?;
    let returning = if parser.eat_keyword("RETURNING") { parser.list(Parser::returning)? } else { Vec::new() };
    let with = parser.with_clauses()?;
    let limit = if parser.eat_keyword("LIMIT") { Some(parser.count()?) } else { None };
    let update = if parser.eat_keyword("UPDATE") { parser.list(Parser::tracking)? } else { Vec::new() };
    if !parser.is(Kind::End) {
        return Err(parser.unexpected());
    }
    Ok(Search { term, scope, returning, with, limit, update, span: Span::new(start.start, text.trim_end().len()) })
}

/// The term whose opening brace must stand at `open`.
fn term(text: &str, open: Span) -> Result<Term, SoqlError> {
    let no_term = || SoqlError::new(SoqlErrorKind::NoTerm, open, NO_TERM);
    if text.as_bytes().get(open.start) != Some(&b'{') {
        return Err(no_term());
    }
    let start = open.start + 1;
    let mut characters = text[start..].char_indices();
    while let Some((at, character)) = characters.next() {
        let at = start + at;
        match character {
            '\\' => _ = characters.next(),
            '}' => return Ok(Term { text: text[start..at].to_owned(), span: Span::new(start, at) }),
            // Reserved even in quotes. Other reserved characters are taken as the spaces that they are to an index of words.
            '{' | '&' | '|' => {
                let span = Span::new(at, at + 1);
                return Err(SoqlError::new(SoqlErrorKind::Unexpected, span, format!("mismatched character '{character}' expecting '}}'")));
            }
            _ => {}
        }
    }
    Err(no_term())
}

impl Parser<'_> {
    fn scope(&mut self) -> Result<Option<SearchGroup>, SoqlError> {
        if !self.eat_keyword("IN") {
            return Ok(None);
        }
        let group = SearchGroup::from_word(self.word_of(self.peek())).ok_or_else(|| self.unexpected())?;
        self.take();
        self.expect_keyword("FIELDS")?;
        Ok(Some(group))
    }

    fn returning(&mut self) -> Result<Returning, SoqlError> {
        let object = self.name()?;
        let start = object.span;
        let mut returning =
            Returning { object, fields: None, list_view: None, filter: None, order_by: Vec::new(), limit: None, offset: None, span: start };
        if self.eat(Kind::Open) {
            returning.fields = Some(self.field_list()?);
            // The list view may stand on either side of WHERE.
            returning.list_view = self.list_view()?;
            returning.filter = if self.eat_keyword("WHERE") { Some(self.condition()?) } else { None };
            if returning.list_view.is_none() {
                returning.list_view = self.list_view()?;
            }
            returning.order_by = if self.eat_keywords(&["ORDER", "BY"]) { self.list(Self::order_by)? } else { Vec::new() };
            returning.limit = if self.eat_keyword("LIMIT") { Some(self.count()?) } else { None };
            returning.offset = if self.eat_keyword("OFFSET") { Some(self.count()?) } else { None };
            self.expect(Kind::Close)?;
            returning.span = self.since(start);
        }
        Ok(returning)
    }

    fn field_list(&mut self) -> Result<FieldList, SoqlError> {
        let start = self.peek().span;
        let items = self.list(Self::field)?;
        Ok(FieldList { items, span: self.since(start) })
    }

    fn field(&mut self) -> Result<Field, SoqlError> {
        let start = self.peek().span;
        let what = self.operand()?;
        let alias = if self.field_alias_follows() { Some(self.alias()?) } else { None };
        Ok(Field { what, alias, span: self.since(start) })
    }

    /// Whether the next word is an alias, not the start of a clause.
    fn field_alias_follows(&self) -> bool {
        let after = self.ahead(1);
        let clause = self.is_one_of(self.peek(), &["WHERE", "USING"])
            || self.are_keywords(&["ORDER", "BY"])
            || (self.is_one_of(self.peek(), &["LIMIT", "OFFSET"]) && after.kind == Kind::Number);
        self.is(Kind::Word) && !clause
    }

    fn list_view(&mut self) -> Result<Option<crate::soql::Name>, SoqlError> {
        if !self.eat_keyword("USING") {
            return Ok(None);
        }
        self.expect_keyword("LISTVIEW")?;
        self.expect(Kind::Equal)?;
        self.name().map(Some)
    }

    fn with_clauses(&mut self) -> Result<Vec<WithClause>, SoqlError> {
        let mut clauses = Vec::new();
        while self.is_keyword("WITH") {
            let start = self.take().span;
            let keyword = self.name()?;
            self.skip_clause()?;
            let span = self.since(start);
            let text = keyword.span.to(span).of(self.text).to_owned();
            clauses.push(WithClause { keyword, text, span });
        }
        Ok(clauses)
    }

    /// Passes over the rest of a `WITH` clause: up to the next clause, parentheses balanced.
    fn skip_clause(&mut self) -> Result<(), SoqlError> {
        let mut depth = 0_usize;
        loop {
            match self.peek().kind {
                Kind::End if depth == 0 => return Ok(()),
                Kind::Open => depth += 1,
                Kind::Close if depth > 0 => depth -= 1,
                Kind::End | Kind::Close | Kind::Stray | Kind::Unclosed => return Err(self.unexpected()),
                Kind::Word if depth == 0 && self.is_one_of(self.peek(), &["WITH", "LIMIT", "UPDATE", "RETURNING", "FIND"]) => return Ok(()),
                _ => {}
            }
            self.take();
        }
    }

    fn tracking(&mut self) -> Result<Tracking, SoqlError> {
        let tracking = match self.word_of(self.peek()).to_ascii_uppercase().as_str() {
            "TRACKING" => Tracking::Tracking,
            "VIEWSTAT" => Tracking::ViewStat,
            _ => return Err(self.unexpected()),
        };
        self.take();
        Ok(tracking)
    }
}
