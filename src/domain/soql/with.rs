//! Parsing of the clauses that say how a query is carried out: `WITH`, `FOR`, `UPDATE`, `SET OPTIONS`.

use super::ast::{CategoryReach, CategoryTest, Name, Usage, With};
use super::lexer::Kind;
use super::literal::Literal;
use super::parser::Parser;
use super::span::SoqlError;

impl Parser<'_> {
    pub(super) fn with(&mut self) -> Result<Vec<With>, SoqlError> {
        let mut with = Vec::new();
        while self.eat_keyword("WITH") {
            if self.is_keyword("DATA") && self.is_one_of(self.ahead(1), &["CATEGORY"]) {
                self.take();
                self.take();
                with.push(With::DataCategory(self.category_tests()?));
                continue;
            }
            let simple = match self.word_of(self.peek()).to_ascii_uppercase().as_str() {
                "SECURITY_ENFORCED" => With::SecurityEnforced,
                "USER_MODE" => With::UserMode,
                "SYSTEM_MODE" => With::SystemMode,
                "RECORDVISIBILITYCONTEXT" => {
                    self.take();
                    with.push(With::RecordVisibility(self.settings()?));
                    continue;
                }
                _ => return Err(self.unexpected()),
            };
            self.take();
            with.push(simple);
        }
        Ok(with)
    }

    /// Tests of categories, which only `AND` can join.
    fn category_tests(&mut self) -> Result<Vec<CategoryTest>, SoqlError> {
        let mut tests = vec![self.category_test()?];
        while self.eat_keyword("AND") {
            tests.push(self.category_test()?);
        }
        Ok(tests)
    }

    fn category_test(&mut self) -> Result<CategoryTest, SoqlError> {
        let group = self.name()?;
        let reach = match self.word_of(self.peek()).to_ascii_uppercase().as_str() {
            "AT" => CategoryReach::At,
            "ABOVE" => CategoryReach::Above,
            "BELOW" => CategoryReach::Below,
            "ABOVE_OR_BELOW" => CategoryReach::AboveOrBelow,
            _ => return Err(self.unexpected()),
        };
        self.take();
        if !self.eat(Kind::Open) {
            return Ok(CategoryTest { group, reach, categories: vec![self.name()?] });
        }
        let categories = self.list(Self::name)?;
        self.expect(Kind::Close)?;
        Ok(CategoryTest { group, reach, categories })
    }

    /// `(name = value, ...)`
    fn settings(&mut self) -> Result<Vec<(Name, Literal)>, SoqlError> {
        self.expect(Kind::Open)?;
        let settings = self.list(|parser| {
            let name = parser.name()?;
            parser.expect(Kind::Equal)?;
            Ok((name, parser.literal()?))
        })?;
        self.expect(Kind::Close)?;
        Ok(settings)
    }

    pub(super) fn options(&mut self) -> Result<Vec<(Name, Literal)>, SoqlError> {
        if self.eat_keywords(&["SET", "OPTIONS"]) { self.settings() } else { Ok(Vec::new()) }
    }

    /// `FOR VIEW`, `UPDATE TRACKING` and their kin, each with its keyword or, after a comma, without.
    pub(super) fn usage(&mut self) -> Result<Vec<Usage>, SoqlError> {
        let mut usage = Vec::new();
        loop {
            let known: &[(&str, Usage)] = if self.eat_keyword("FOR") {
                &[("VIEW", Usage::View), ("REFERENCE", Usage::Reference), ("UPDATE", Usage::Update)]
            } else if self.eat_keyword("UPDATE") {
                &[("TRACKING", Usage::Tracking), ("VIEWSTAT", Usage::ViewStat)]
            } else {
                return Ok(usage);
            };
            usage.extend(self.list(|parser| {
                let word = parser.word_of(parser.peek());
                let found = known.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, usage)| *usage);
                let found = found.ok_or_else(|| parser.unexpected())?;
                parser.take();
                Ok(found)
            })?);
        }
    }
}
