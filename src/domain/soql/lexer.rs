//! Cuts a query into tokens. Never fails: what is no token becomes one that the parser refuses where it meets it.

use super::span::Span;

/// Kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Identifier or keyword.
    Word,
    Number,
    Date,
    DateTime,
    Time,
    /// Quotes included.
    String,
    /// A string without its closing quote.
    Unclosed,
    Open,
    Close,
    Comma,
    Dot,
    Colon,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// A character that SOQL has no use for.
    Stray,
    End,
}

/// One token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
}

/// All tokens of `text` from the byte `start` on, closed by [`Kind::End`].
pub(crate) fn tokens(text: &str, start: usize) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut tokens: Vec<Token> = Vec::with_capacity(text.len().saturating_sub(start) / 4 + 1);
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        if byte.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let after_word = tokens.last().is_some_and(|last| last.kind == Kind::Word && last.span.end == at);
        let (kind, length) = token(text, at, after_word);
        tokens.push(Token { kind, span: Span::new(at, at + length) });
        at += length;
    }
    tokens.push(Token { kind: Kind::End, span: Span::new(text.len(), text.len()) });
    tokens
}

/// Kind and length of the token at `at`, which is not white space. `after_word`: a dot here continues a path.
fn token(text: &str, at: usize, after_word: bool) -> (Kind, usize) {
    let bytes = &text.as_bytes()[at..];
    let next = bytes.get(1).copied();
    let digit_next = next.is_some_and(|byte| byte.is_ascii_digit());
    match bytes[0] {
        b'(' => (Kind::Open, 1),
        b')' => (Kind::Close, 1),
        b',' => (Kind::Comma, 1),
        b':' => (Kind::Colon, 1),
        b'=' => (Kind::Equal, 1),
        b'!' if next == Some(b'=') => (Kind::NotEqual, 2),
        b'<' if next == Some(b'>') => (Kind::NotEqual, 2),
        b'<' if next == Some(b'=') => (Kind::LessOrEqual, 2),
        b'<' => (Kind::Less, 1),
        b'>' if next == Some(b'=') => (Kind::GreaterOrEqual, 2),
        b'>' => (Kind::Greater, 1),
        b'\'' => string(bytes),
        b'.' if !digit_next || after_word => (Kind::Dot, 1),
        b'0'..=b'9' => number_or_date(bytes),
        b'.' => (Kind::Number, number(bytes)),
        b'+' | b'-' if digit_next || (next == Some(b'.') && bytes.get(2).is_some_and(u8::is_ascii_digit)) => {
            (Kind::Number, 1 + number(&bytes[1..]))
        }
        first if first.is_ascii_alphabetic() || first == b'_' => {
            (Kind::Word, run(bytes, |byte| byte.is_ascii_alphanumeric() || byte == b'_'))
        }
        _ => (Kind::Stray, text[at..].chars().next().map_or(1, char::len_utf8)),
    }
}

/// Length of the leading bytes that satisfy `take`.
fn run(bytes: &[u8], take: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|byte| !take(*byte)).unwrap_or(bytes.len())
}

fn digits(bytes: &[u8]) -> usize {
    run(bytes, |byte| byte.is_ascii_digit())
}

fn string(bytes: &[u8]) -> (Kind, usize) {
    let mut at = 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'\'' => return (Kind::String, at + 1),
            _ => {}
        }
        at += 1;
    }
    (Kind::Unclosed, bytes.len())
}

/// `12`, `1.5`, `.5`, `1e6`, `1.5E-3`; without a sign.
fn number(bytes: &[u8]) -> usize {
    let mut at = digits(bytes);
    if bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
        at += 1 + digits(&bytes[at + 1..]);
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = bytes.get(at + 1 + sign..).map_or(0, digits);
        if exponent > 0 {
            at += 1 + sign + exponent;
        }
    }
    at
}

fn number_or_date(bytes: &[u8]) -> (Kind, usize) {
    if matches(bytes, b"dddd-dd-dd") {
        return match bytes.get(10) {
            Some(b'T' | b't') => (Kind::DateTime, 11 + clock(&bytes[11..])),
            _ => (Kind::Date, 10),
        };
    }
    if matches(bytes, b"dd:dd") {
        return (Kind::Time, clock(bytes));
    }
    (Kind::Number, number(bytes))
}

/// Length of a time with its offset, as far as it looks like one; whether it is one is the parser's question.
fn clock(bytes: &[u8]) -> usize {
    let at = run(bytes, |byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'));
    match bytes.get(at) {
        Some(b'Z' | b'z') => at + 1,
        Some(b'+' | b'-') => at + 1 + run(&bytes[at + 1..], |byte| byte.is_ascii_digit() || byte == b':'),
        _ => at,
    }
}

/// Whether `bytes` starts like `form`, in which `d` stands for a digit.
pub(crate) fn matches(bytes: &[u8], form: &[u8]) -> bool {
    bytes.len() >= form.len() && form.iter().zip(bytes).all(|(form, byte)| if *form == b'd' { byte.is_ascii_digit() } else { byte == form })
}
