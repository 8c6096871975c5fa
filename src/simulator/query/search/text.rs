//! Finds the words of a term in the words of a row.

use domain::soql::LikePart;
use domain::sosl::{Expression, SearchGroup, Word, WordPart, words};

use crate::describe::name_field;
use crate::org::{FieldKind, FieldSchema, ObjectSchema, Table, text_of};
use crate::query::matcher::Like;

/// The columns of one object that a search group reads.
#[derive(Debug)]
pub(super) struct Columns(Vec<(usize, FieldKind)>);

impl Columns {
    pub(super) fn of(schema: &ObjectSchema, group: SearchGroup) -> Self {
        let fields = schema.fields.iter().enumerate().filter(|(_, field)| is_in_group(schema, field, group));
        Self(fields.map(|(at, field)| (at, field.kind)).collect())
    }

    /// The words of a row: one list per text, as phrases do not reach from one text into the next.
    pub(super) fn words(&self, table: &Table, row: u32) -> Vec<Vec<String>> {
        let mut found = Vec::with_capacity(self.0.len());
        for (column, kind) in &self.0 {
            let Some(json) = table.json(row, *column) else { continue };
            let text = text_of(json);
            if *kind == FieldKind::Phone {
                // A number is found however its digits are grouped.
                found.push(vec![text.chars().filter(char::is_ascii_digit).collect()]);
            }
            found.push(words(&text));
        }
        found
    }
}

fn is_in_group(schema: &ObjectSchema, field: &FieldSchema, group: SearchGroup) -> bool {
    use FieldKind::{Combobox, Email, MultiPicklist, Phone, Picklist, String, TextArea, Url};
    let is_name = || {
        let of_person = matches!(field.name.as_str(), "FirstName" | "LastName");
        of_person || name_field(schema).is_some_and(|name| name.name == field.name)
    };
    match group {
        SearchGroup::All => matches!(field.kind, String | TextArea | Email | Phone | Url | Picklist | MultiPicklist | Combobox),
        SearchGroup::Name => is_name(),
        SearchGroup::Email => field.kind == Email,
        SearchGroup::Phone => field.kind == Phone,
        SearchGroup::Sidebar => is_name() || matches!(field.kind, Email | Phone),
    }
}

/// A term, ready to be compared.
#[derive(Debug)]
pub(super) enum Wanted {
    All(Vec<Wanted>),
    Any(Vec<Wanted>),
    Not(Box<Wanted>),
    /// These words in a row, in one text.
    Phrase(Vec<Pattern>),
}

impl Wanted {
    pub(super) fn new(expression: &Expression) -> Self {
        let of = |terms: &[Expression]| terms.iter().map(Self::new).collect();
        match expression {
            Expression::And(terms) => Self::All(of(terms)),
            Expression::Or(terms) => Self::Any(of(terms)),
            Expression::Not(term) => Self::Not(Box::new(Self::new(term))),
            Expression::Phrase(words) => Self::Phrase(words.iter().map(Pattern::new).collect()),
        }
    }

    /// Whether there is something to look for: a phrase of two characters, or one of a script without spaces.
    pub(super) fn is_long_enough(&self) -> bool {
        match self {
            Self::All(terms) | Self::Any(terms) => terms.iter().any(Self::is_long_enough),
            Self::Not(_) => false,
            Self::Phrase(patterns) => patterns.iter().map(|pattern| pattern.weight).sum::<usize>() > 1,
        }
    }

    /// Whether texts have what is wanted.
    pub(super) fn is_in(&self, texts: &[Vec<String>]) -> bool {
        match self {
            Self::All(terms) => terms.iter().all(|term| term.is_in(texts)),
            Self::Any(terms) => terms.iter().any(|term| term.is_in(texts)),
            Self::Not(term) => !term.is_in(texts),
            Self::Phrase(patterns) => texts.iter().any(|text| has_phrase(text, patterns)),
        }
    }
}

fn has_phrase(text: &[String], patterns: &[Pattern]) -> bool {
    text.windows(patterns.len()).any(|window| window.iter().zip(patterns).all(|(word, pattern)| pattern.matches(word)))
}

/// One word of a term.
#[derive(Debug)]
pub(super) struct Pattern {
    form: Form,
    /// Characters; an ideograph counts as two, as it is searchable alone.
    weight: usize,
}

#[derive(Debug)]
enum Form {
    Exact(String),
    Prefix(String),
    Wild(Like),
}

impl Pattern {
    fn new(word: &Word) -> Self {
        let texts = word.parts.iter().filter_map(|part| if let WordPart::Text(text) = part { Some(text.as_str()) } else { None });
        let weight = texts.flat_map(str::chars).map(|character| if is_ideograph(character) { 2 } else { 1 }).sum();
        let form = match word.parts.as_slice() {
            [WordPart::Text(text)] => Form::Exact(text.clone()),
            [WordPart::Text(text), WordPart::Any] => Form::Prefix(text.clone()),
            parts => Form::Wild(Like::new(&parts.iter().map(like_part).collect::<Vec<_>>())),
        };
        Self { form, weight }
    }

    fn matches(&self, word: &str) -> bool {
        match &self.form {
            Form::Exact(text) => word == text,
            Form::Prefix(text) => word.starts_with(text.as_str()),
            Form::Wild(like) => like.matches(word),
        }
    }
}

/// Whether a character is a word of its own: then two of them are two words.
fn is_ideograph(character: char) -> bool {
    words(&format!("{character}{character}")).len() == 2
}

fn like_part(part: &WordPart) -> LikePart {
    match part {
        WordPart::Text(text) => LikePart::Text(text.clone()),
        WordPart::Any => LikePart::Any,
        WordPart::One => LikePart::One,
    }
}
