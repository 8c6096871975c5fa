//! What is wrong with a configuration: every mistake, where it is, and what would be right.

use std::fmt;
use std::path::Path;

use domain::{CF_INVALID, Fault, FaultClass};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The key, as a dotted path; empty when the file as a whole is meant.
    pub path: String,
    /// Continues the path as a sentence: ``is `0`, must be a whole number from 1 to 256``. Never holds a secret.
    pub problem: String,
    /// The row in the table of failures.
    pub code: &'static domain::Code,
}

impl Mistake {
    /// A key that is not valid.
    pub(crate) fn at(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { path: path.into(), problem: problem.into(), code: &CF_INVALID }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { formatter.write_str(&self.problem) } else { write!(formatter, "`{}` {}", self.path, self.problem) }
    }
}

/// All that is wrong. Never empty when it is returned as an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

impl Mistakes {
    /// A single mistake.
    pub(crate) fn one(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self(vec![Mistake::at(path, problem)])
    }

    /// Names the file in what is said about it as a whole.
    pub(crate) fn in_file(mut self, path: &Path) -> Self {
        for mistake in self.0.iter_mut().filter(|mistake| mistake.path.is_empty()) {
            mistake.problem.insert_str(0, &format!("{}: ", path.display()));
        }
        self
    }

    pub(crate) fn note(&mut self, path: impl Into<String>, problem: impl Into<String>) {
        self.0.push(Mistake::at(path, problem));
    }
}

impl fmt::Display for Mistakes {
    /// One line per mistake.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (no, mistake) in self.0.iter().enumerate() {
            let end = if no + 1 < self.0.len() { "\n" } else { "" };
            write!(formatter, "{mistake}{end}")?;
        }
        Ok(())
    }
}
impl std::error::Error for Mistakes {}

impl From<Mistakes> for Fault {
    /// One fault that names them all, of the code that they share.
    fn from(mistakes: Mistakes) -> Self {
        debug_assert_eq!(CF_INVALID.class, FaultClass::Fatal);
        let shared = mistakes.0.first().map(|first| first.code).filter(|code| mistakes.0.iter().all(|mistake| mistake.code == *code));
        let code = shared.unwrap_or(&CF_INVALID);
        let all: Vec<_> = mistakes.0.iter().map(Mistake::to_string).collect();
        Self::new(code, all.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use domain::SR_INVALID;

    use super::*;

    #[test]
    fn what_is_wrong_with_the_file_as_a_whole_names_the_file() {
        let mut mistakes = Mistakes::one("", "line 3: `X` is not set");
        mistakes.note("run.budget", "is `5`");
        assert_eq!(mistakes.in_file(Path::new("a/c.yml")).to_string(), "a/c.yml: line 3: `X` is not set\n`run.budget` is `5`");
    }

    #[test]
    fn mistakes_are_lines_for_people_and_one_fault_for_the_engine() {
        let mut mistakes = Mistakes::one("run.budget", "is `5`, must be more");
        mistakes.note("", "line 3: `X` is not set");
        assert_eq!(mistakes.to_string(), "`run.budget` is `5`, must be more\nline 3: `X` is not set");
        let fault = Fault::from(mistakes.clone());
        assert_eq!((fault.code.id, fault.message.as_str()), ("CF0001", "`run.budget` is `5`, must be more; line 3: `X` is not set"));
        mistakes.0.iter_mut().for_each(|mistake| mistake.code = &SR_INVALID);
        assert_eq!(Fault::from(mistakes).code.id, "SR0001");
    }
}
