//! Parsing of conditions and of the values in them.

use super::ast::{Argument, Check, Comparison, Condition, Membership, Test};
use super::lexer::{Kind, Token, matches};
use super::literal::{DateWord, LikePart, Literal, Piece, RelativeDate, Value, pattern, pieces, text};
use super::parser::Parser;
use super::span::{SoqlError, SoqlErrorKind};

/// Characters that a string literal may have (Salesforce's limit for WHERE).
const MAX_STRING: usize = 4_000;

impl Parser<'_> {
    /// Tests joined by AND, or by OR; both together need parentheses.
    pub(crate) fn condition(&mut self) -> Result<Condition, SoqlError> {
        let first = self.term()?;
        let (keyword, other, join): (_, _, fn(Vec<Condition>) -> Condition) =
            if self.is_keyword("OR") { ("OR", "AND", Condition::Or) } else { ("AND", "OR", Condition::And) };
        if !self.is_keyword(keyword) {
            return Ok(first);
        }
        let mut terms = vec![first];
        while self.eat_keyword(keyword) {
            terms.push(self.term()?);
        }
        if self.is_keyword(other) { Err(self.unexpected()) } else { Ok(join(terms)) }
    }

    fn term(&mut self) -> Result<Condition, SoqlError> {
        if self.is_keyword("NOT")
            && matches!(self.ahead(1).kind, Kind::Word | Kind::Open)
            && !self.is_one_of(self.ahead(1), &["IN", "LIKE"])
        {
            self.take();
            return self.nested(|parser| parser.term()).map(|term| Condition::Not(Box::new(term)));
        }
        if self.eat(Kind::Open) {
            let inner = self.nested(Self::condition)?;
            self.expect(Kind::Close)?;
            return Ok(inner);
        }
        self.test().map(Condition::Test)
    }

    fn test(&mut self) -> Result<Test, SoqlError> {
        let start = self.peek().span;
        let operand = self.operand()?;
        let check = self.check()?;
        Ok(Test { operand, check, span: self.since(start) })
    }

    fn check(&mut self) -> Result<Check, SoqlError> {
        let comparison = match self.peek().kind {
            Kind::Equal => Comparison::Equal,
            Kind::NotEqual => Comparison::NotEqual,
            Kind::Less => Comparison::Less,
            Kind::LessOrEqual => Comparison::LessOrEqual,
            Kind::Greater => Comparison::Greater,
            Kind::GreaterOrEqual => Comparison::GreaterOrEqual,
            _ => return self.worded_check(),
        };
        self.take();
        Ok(Check::Compare(comparison, self.literal()?))
    }

    fn worded_check(&mut self) -> Result<Check, SoqlError> {
        if self.eat_keyword("LIKE") {
            return self.like().map(Check::Like);
        }
        if self.eat_keyword("INCLUDES") {
            return Ok(Check::Includes(Membership::In, self.literals()?));
        }
        if self.eat_keyword("EXCLUDES") {
            return Ok(Check::Includes(Membership::NotIn, self.literals()?));
        }
        let membership = if self.eat_keyword("NOT") { Membership::NotIn } else { Membership::In };
        self.expect_keyword("IN")?;
        if self.is(Kind::Open) && self.is_one_of(self.ahead(1), &["SELECT"]) {
            self.take();
            let query = self.nested(Self::query)?;
            self.expect(Kind::Close)?;
            return Ok(Check::InQuery(membership, Box::new(query)));
        }
        Ok(Check::In(membership, self.literals()?))
    }

    fn literals(&mut self) -> Result<Vec<Literal>, SoqlError> {
        self.expect(Kind::Open)?;
        let literals = self.list(Self::literal)?;
        self.expect(Kind::Close)?;
        Ok(literals)
    }

    fn like(&mut self) -> Result<Vec<LikePart>, SoqlError> {
        let token = self.expect(Kind::String)?;
        Ok(pattern(&self.pieces(token)?))
    }

    fn pieces(&self, token: Token) -> Result<Vec<Piece>, SoqlError> {
        let quoted = token.span.of(self.text);
        let inside = &quoted[1..quoted.len() - 1];
        let pieces = pieces(inside).map_err(|at| {
            let mut span = token.span;
            span.start += 1 + at;
            SoqlError::new(SoqlErrorKind::Literal, span, format!("invalid escape sequence in string literal {quoted}"))
        })?;
        if pieces.len() > MAX_STRING {
            let message = format!("string literals cannot be longer than {MAX_STRING} characters");
            return Err(SoqlError::new(SoqlErrorKind::TooLong, token.span, message));
        }
        Ok(pieces)
    }

    pub(super) fn literal(&mut self) -> Result<Literal, SoqlError> {
        let token = self.peek();
        let typed = token.span.of(self.text).to_owned();
        let value = match token.kind {
            Kind::String => Value::String(text(&self.pieces(token)?)),
            Kind::Number => Value::Number(typed),
            Kind::Date => Value::Date(typed),
            Kind::DateTime if is_clock(&typed.as_bytes()[11..]) => Value::DateTime(typed),
            Kind::Time if is_clock(typed.as_bytes()) => Value::Time(typed),
            Kind::Word => return self.word_literal(token, &typed),
            _ => return Err(self.unexpected()),
        };
        self.take();
        Ok(Literal { value, span: token.span })
    }

    fn word_literal(&mut self, token: Token, typed: &str) -> Result<Literal, SoqlError> {
        let value = match typed.to_ascii_uppercase().as_str() {
            "NULL" => Value::Null,
            "TRUE" => Value::Bool(true),
            "FALSE" => Value::Bool(false),
            _ if is_money(typed.as_bytes()) => {
                self.take();
                let fraction = self.ahead(1);
                if self.is(Kind::Dot)
                    && fraction.kind == Kind::Number
                    && fraction.span.of(self.text).bytes().all(|byte| byte.is_ascii_digit())
                {
                    self.take();
                    self.take();
                }
                let span = self.since(token.span);
                return Ok(Literal { value: Value::Money(span.of(self.text).to_owned()), span });
            }
            _ => match DateWord::parse(typed) {
                None => return Err(self.unexpected()),
                Some(DateWord::Complete(date)) => Value::Relative(date),
                Some(DateWord::Counted(unit, reach)) => {
                    self.take();
                    self.expect(Kind::Colon)?;
                    let number = self.peek().span.of(self.text).parse();
                    let number = number.map_err(|_| self.unexpected())?;
                    Value::Relative(RelativeDate { unit, reach: reach(number) })
                }
            },
        };
        self.take();
        Ok(Literal { value, span: self.since(token.span) })
    }

    pub(super) fn argument(&mut self) -> Result<Argument, SoqlError> {
        if !self.is(Kind::Word) {
            return self.literal().map(Argument::Literal);
        }
        if self.ahead(1).kind == Kind::Open {
            return self.call().map(Argument::Call);
        }
        self.path().map(Argument::Field)
    }
}

/// Whether a word is a currency code with an amount, as far as a word goes: the fraction is a token of its own.
fn is_money(word: &[u8]) -> bool {
    word.len() > 3 && word[..3].iter().all(u8::is_ascii_alphabetic) && word[3..].iter().all(u8::is_ascii_digit)
}

/// Whether `bytes` are a time with its offset: `17:30:00`, a fraction or not, then `Z`, `+01:00` or `+0100`.
fn is_clock(bytes: &[u8]) -> bool {
    if !matches(bytes, b"dd:dd:dd") {
        return false;
    }
    let fraction = match bytes.get(8) {
        Some(b'.') => 1 + bytes[9..].iter().take_while(|byte| byte.is_ascii_digit()).count(),
        _ => 0,
    };
    let offset = &bytes[8 + fraction..];
    if fraction == 1 {
        return false;
    }
    match offset {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', rest @ ..] => (rest.len() == 5 && matches(rest, b"dd:dd")) || (rest.len() == 4 && matches(rest, b"dddd")),
        _ => false,
    }
}
