//! Parsing of the select list: fields, functions, `FIELDS()`, `TYPEOF`, sub-selects, aliases.

use super::ast::{FieldGroup, SelectItem, SelectKind, TypeOf, When};
use super::lexer::Kind;
use super::parser::Parser;
use super::span::SoqlError;

impl Parser<'_> {
    pub(super) fn select_item(&mut self) -> Result<SelectItem, SoqlError> {
        let start = self.peek().span;
        let kind = self.select_kind()?;
        let alias = match kind {
            SelectKind::Field(_) | SelectKind::Call(_) if self.alias_follows() => Some(self.alias()?),
            _ => None,
        };
        Ok(SelectItem { kind, alias, span: self.since(start) })
    }

    /// A word here is an alias only if the list goes on or ends after it; otherwise it is the mistake to point to.
    fn alias_follows(&self) -> bool {
        if !self.is(Kind::Word) || self.is_keyword("FROM") {
            return false;
        }
        let after = self.ahead(1);
        after.kind == Kind::Comma || self.is_one_of(after, &["FROM"])
    }

    fn select_kind(&mut self) -> Result<SelectKind, SoqlError> {
        if self.eat(Kind::Open) {
            let query = self.nested(Self::query)?;
            self.expect(Kind::Close)?;
            return Ok(SelectKind::Children(Box::new(query)));
        }
        let next = self.ahead(1);
        if self.is_keyword("TYPEOF") && next.kind == Kind::Word && !self.is_one_of(next, &["FROM"]) && self.is_type_of() {
            return self.type_of().map(SelectKind::TypeOf);
        }
        if next.kind != Kind::Open {
            return self.path().map(SelectKind::Field);
        }
        if self.is_keyword("FIELDS") {
            return self.field_group().map(SelectKind::Fields);
        }
        self.call().map(SelectKind::Call)
    }

    /// `TYPEOF x` could also be a field of that name with an alias; only the former goes on with a dot or `WHEN`.
    fn is_type_of(&self) -> bool {
        let after = self.ahead(2);
        after.kind == Kind::Dot || self.is_one_of(after, &["WHEN"])
    }

    fn field_group(&mut self) -> Result<FieldGroup, SoqlError> {
        self.take();
        self.expect(Kind::Open)?;
        let group = match self.word_of(self.peek()).to_ascii_uppercase().as_str() {
            "ALL" => FieldGroup::All,
            "STANDARD" => FieldGroup::Standard,
            "CUSTOM" => FieldGroup::Custom,
            _ => return Err(self.unexpected()),
        };
        self.take();
        self.expect(Kind::Close)?;
        Ok(group)
    }

    fn type_of(&mut self) -> Result<TypeOf, SoqlError> {
        self.take();
        let relationship = self.path()?;
        let mut whens = Vec::new();
        while self.eat_keyword("WHEN") {
            let object = self.name()?;
            self.expect_keyword("THEN")?;
            let fields = self.list(Self::path)?;
            whens.push(When { object, fields });
        }
        if whens.is_empty() {
            return Err(self.unexpected());
        }
        let otherwise = if self.eat_keyword("ELSE") { self.list(Self::path)? } else { Vec::new() };
        self.expect_keyword("END")?;
        Ok(TypeOf { relationship, whens, otherwise })
    }
}
