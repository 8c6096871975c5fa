//! The recursive-descent parser: tokens, names, and the clauses of a query in their order.

use super::ast::{Call, Count, Direction, GroupBy, GroupKind, Name, Nulls, Operand, OrderBy, Path, Places, Query, Source};
use super::lexer::{Kind, Token, tokens};
use super::span::{SoqlError, SoqlErrorKind, Span};

/// Characters that a query or a search may have (Salesforce's limit).
pub(crate) const MAX_CHARACTERS: usize = 100_000;
/// How deep parentheses, NOT, functions and sub-selects may nest. Salesforce allows less of each; this bounds the stack.
const MAX_DEPTH: usize = 64;

/// Parses a query.
///
/// # Errors
/// The first mistake, with its place.
pub fn parse(text: &str) -> Result<Query, SoqlError> {
    if text.len() > MAX_CHARACTERS && text.chars().count() > MAX_CHARACTERS {
        let message = "SOQL statements cannot be longer than 100,000 characters";
        return Err(SoqlError::new(SoqlErrorKind::TooLong, Span::new(0, 0), message));
    }
    let mut parser = Parser::new(text, 0);
    let query = parser.query()?;
    if parser.peek().kind == Kind::End { Ok(query) } else { Err(parser.unexpected()) }
}

/// Words that cannot be an alias.
const RESERVED: [&str; 23] = [
    "AND", "AS", "ASC", "DESC", "EXCLUDES", "FIRST", "FOR", "FROM", "GROUP", "HAVING", "IN", "INCLUDES", "LAST", "LIKE", "LIMIT", "NOT",
    "NULL", "NULLS", "OR", "SELECT", "USING", "WHERE", "WITH",
];
/// Words that no path starts with.
const NEVER_A_FIELD: [&str; 7] = ["SELECT", "FROM", "WHERE", "AND", "OR", "IN", "LIKE"];

/// Reads tokens; the parser of searches is built on it too.
pub(crate) struct Parser<'a> {
    pub(crate) text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    /// A parser of `text` from the byte `start` on; places still count from the beginning of `text`.
    pub(crate) fn new(text: &'a str, start: usize) -> Self {
        Self { text, tokens: tokens(text, start), at: 0, depth: 0 }
    }

    /// The next token.
    pub(crate) fn peek(&self) -> Token {
        self.ahead(0)
    }

    /// The token `distance` after the next one.
    pub(crate) fn ahead(&self, distance: usize) -> Token {
        // The list ends with `End`, so there always is a last token.
        let last = self.tokens.len() - 1;
        self.tokens[(self.at + distance).min(last)]
    }

    pub(crate) fn take(&mut self) -> Token {
        let token = self.peek();
        self.at += 1;
        token
    }

    pub(crate) fn is(&self, kind: Kind) -> bool {
        self.peek().kind == kind
    }

    pub(crate) fn eat(&mut self, kind: Kind) -> bool {
        let found = self.is(kind);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn expect(&mut self, kind: Kind) -> Result<Token, SoqlError> {
        if self.is(kind) { Ok(self.take()) } else { Err(self.unexpected()) }
    }

    pub(crate) fn word_of(&self, token: Token) -> &str {
        if token.kind == Kind::Word { token.span.of(self.text) } else { "" }
    }

    pub(crate) fn is_keyword(&self, keyword: &str) -> bool {
        self.word_of(self.peek()).eq_ignore_ascii_case(keyword)
    }

    /// Whether the next tokens are these words.
    pub(crate) fn are_keywords(&self, keywords: &[&str]) -> bool {
        keywords.iter().enumerate().all(|(at, keyword)| self.word_of(self.ahead(at)).eq_ignore_ascii_case(keyword))
    }

    pub(crate) fn is_one_of(&self, token: Token, words: &[&str]) -> bool {
        let word = self.word_of(token);
        words.iter().any(|known| known.eq_ignore_ascii_case(word))
    }

    pub(crate) fn eat_keyword(&mut self, keyword: &str) -> bool {
        let found = self.is_keyword(keyword);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn eat_keywords(&mut self, keywords: &[&str]) -> bool {
        let found = self.are_keywords(keywords);
        if found {
            self.at += keywords.len();
        }
        found
    }

    pub(crate) fn expect_keyword(&mut self, keyword: &str) -> Result<(), SoqlError> {
        if self.eat_keyword(keyword) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// The refusal of the next token.
    pub(crate) fn unexpected(&self) -> SoqlError {
        let token = self.peek();
        match token.kind {
            Kind::Colon => SoqlError::new(SoqlErrorKind::Bind, token.span, "Bind variables only allowed in Apex code"),
            Kind::End => SoqlError::new(SoqlErrorKind::Unexpected, token.span, "unexpected token: '<EOF>'"),
            Kind::Unclosed => SoqlError::new(SoqlErrorKind::Literal, token.span, "string literal is not closed"),
            _ => SoqlError::new(SoqlErrorKind::Unexpected, token.span, format!("unexpected token: '{}'", token.span.of(self.text))),
        }
    }

    /// Runs `inner` one level deeper.
    pub(super) fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, SoqlError>) -> Result<T, SoqlError> {
        if self.depth == MAX_DEPTH {
            return Err(SoqlError::new(SoqlErrorKind::TooDeep, self.peek().span, format!("more than {MAX_DEPTH} levels of nesting")));
        }
        self.depth += 1;
        let outcome = inner(self);
        self.depth -= 1;
        outcome
    }

    /// Place from `start` up to the last token taken.
    pub(crate) fn since(&self, start: Span) -> Span {
        start.to(self.tokens[self.at.saturating_sub(1).min(self.tokens.len() - 1)].span)
    }

    pub(crate) fn name(&mut self) -> Result<Name, SoqlError> {
        let token = self.expect(Kind::Word)?;
        Ok(Name { text: token.span.of(self.text).to_owned(), span: token.span })
    }

    pub(super) fn path(&mut self) -> Result<Path, SoqlError> {
        if self.is_one_of(self.peek(), &NEVER_A_FIELD) {
            return Err(self.unexpected());
        }
        let first = self.name()?;
        let start = first.span;
        let mut parts = vec![first];
        while self.eat(Kind::Dot) {
            parts.push(self.name()?);
        }
        Ok(Path { parts, span: self.since(start) })
    }

    /// At least one of what `item` reads, separated by commas.
    pub(crate) fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T, SoqlError>) -> Result<Vec<T>, SoqlError> {
        let mut items = vec![item(self)?];
        while self.eat(Kind::Comma) {
            items.push(item(self)?);
        }
        Ok(items)
    }

    pub(crate) fn operand(&mut self) -> Result<Operand, SoqlError> {
        if self.is(Kind::Word) && self.ahead(1).kind == Kind::Open {
            return self.call().map(Operand::Call);
        }
        self.path().map(Operand::Field)
    }

    pub(crate) fn call(&mut self) -> Result<Call, SoqlError> {
        let name = self.name()?;
        let start = name.span;
        self.expect(Kind::Open)?;
        let arguments = if self.is(Kind::Close) { Vec::new() } else { self.nested(|parser| parser.list(Self::argument))? };
        self.expect(Kind::Close)?;
        Ok(Call { name, arguments, span: self.since(start) })
    }

    /// A query up to its end or the closing parenthesis.
    pub(super) fn query(&mut self) -> Result<Query, SoqlError> {
        let start = self.peek().span;
        self.expect_keyword("SELECT")?;
        let select = self.list(Self::select_item)?;
        self.expect_keyword("FROM")?;
        let from = self.source()?;
        let mut relations = Vec::new();
        while self.eat(Kind::Comma) {
            relations.push(self.source()?);
        }
        let (scope, _) = self.clause(&["USING", "SCOPE"], Self::name)?;
        let mut places = Places::default();
        let (filter, place) = self.clause(&["WHERE"], Self::condition)?;
        places.filter = place;
        let with = self.with()?;
        let group_by = self.group_by()?;
        let (having, place) = self.clause(&["HAVING"], Self::condition)?;
        places.having = place;
        let (order_by, place) = self.clause(&["ORDER", "BY"], |parser| parser.list(Self::order_by))?;
        places.order_by = place;
        let (limit, place) = self.clause(&["LIMIT"], Self::count)?;
        places.limit = place;
        let (offset, _) = self.clause(&["OFFSET"], Self::count)?;
        let rest = self.peek().span;
        let mut usage = self.usage()?;
        let options = self.options()?;
        // FOR UPDATE comes last.
        usage.extend(self.usage()?);
        places.usage = if usage.is_empty() && options.is_empty() { self.behind() } else { self.since(rest) };
        let rows = self.peek().span;
        let all_rows = if self.eat_keywords(&["ALL", "ROWS"]) { Some(self.since(rows)) } else { None };
        let (order_by, span) = (order_by.unwrap_or_default(), self.since(start));
        Ok(Query {
            select,
            from,
            relations,
            scope,
            filter,
            with,
            group_by,
            having,
            order_by,
            limit,
            offset,
            usage,
            options,
            all_rows,
            places,
            span,
        })
    }

    /// What `inner` reads after `keywords`, and its place; without the keywords, nothing, and the empty place where they would go.
    fn clause<T>(
        &mut self,
        keywords: &[&str],
        inner: impl FnOnce(&mut Self) -> Result<T, SoqlError>,
    ) -> Result<(Option<T>, Span), SoqlError> {
        if !self.eat_keywords(keywords) {
            return Ok((None, self.behind()));
        }
        let start = self.peek().span;
        let read = inner(self)?;
        Ok((Some(read), self.since(start)))
    }

    /// The empty place behind the last token taken.
    fn behind(&self) -> Span {
        let end = self.since(self.peek().span).end;
        Span::new(end, end)
    }

    fn source(&mut self) -> Result<Source, SoqlError> {
        let path = self.path()?;
        let named = self.eat_keyword("AS");
        let free = self.is(Kind::Word) && !self.is_one_of(self.peek(), &RESERVED) && (named || !self.clause_follows());
        let alias = if named || free { Some(self.alias()?) } else { None };
        Ok(Source { path, alias })
    }

    /// Whether a clause starts here whose first word could be an alias too.
    fn clause_follows(&self) -> bool {
        (self.is_keyword("OFFSET") && self.ahead(1).kind == Kind::Number)
            || [["ORDER", "BY"], ["ALL", "ROWS"], ["UPDATE", "TRACKING"], ["UPDATE", "VIEWSTAT"], ["SET", "OPTIONS"]]
                .iter()
                .any(|words| self.are_keywords(words))
    }

    pub(crate) fn alias(&mut self) -> Result<Name, SoqlError> {
        if self.is_one_of(self.peek(), &RESERVED) { Err(self.unexpected()) } else { self.name() }
    }

    fn group_by(&mut self) -> Result<Option<GroupBy>, SoqlError> {
        let start = self.peek().span;
        if !self.eat_keywords(&["GROUP", "BY"]) {
            return Ok(None);
        }
        let opened = self.ahead(1).kind == Kind::Open;
        let kind = match self.word_of(self.peek()).to_ascii_uppercase().as_str() {
            "ROLLUP" if opened => GroupKind::Rollup,
            "CUBE" if opened => GroupKind::Cube,
            _ => GroupKind::Plain,
        };
        let by = if kind == GroupKind::Plain {
            self.list(Self::operand)?
        } else {
            self.take();
            self.take();
            let by = self.list(Self::operand)?;
            self.expect(Kind::Close)?;
            by
        };
        Ok(Some(GroupBy { kind, by, span: self.since(start) }))
    }

    pub(crate) fn order_by(&mut self) -> Result<OrderBy, SoqlError> {
        let by = self.operand()?;
        let direction = if self.eat_keyword("ASC") {
            Some(Direction::Ascending)
        } else if self.eat_keyword("DESC") {
            Some(Direction::Descending)
        } else {
            None
        };
        let nulls = if self.eat_keywords(&["NULLS", "FIRST"]) {
            Some(Nulls::First)
        } else if self.eat_keywords(&["NULLS", "LAST"]) {
            Some(Nulls::Last)
        } else {
            None
        };
        Ok(OrderBy { by, direction, nulls })
    }

    pub(crate) fn count(&mut self) -> Result<Count, SoqlError> {
        let refusal = self.unexpected();
        let token = self.expect(Kind::Number)?;
        let value = token.span.of(self.text).parse().map_err(|_| refusal)?;
        Ok(Count { value, span: token.span })
    }
}
