//! The environment variables that a configuration may refer to. The only place that reads them from the process.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// Names and values. In the process, a `.env` file in the working directory (or the file that `ENV_FILE` names) adds what is not set.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process. Values that are not Unicode are left out.
    pub fn of_process() -> Self {
        let mut variables: BTreeMap<String, String> =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect();
        let file = variables.get("ENV_FILE").map_or(".env", String::as_str);
        if let Ok(text) = std::fs::read_to_string(Path::new(file)) {
            for (name, value) in lines(&text) {
                variables.entry(name).or_insert(value);
            }
        }
        Self(variables)
    }

    /// The value, if the variable is set; it may be empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Where a simulated org is to be used instead of Salesforce: `SALESFORCE_EMULATOR_HOST`, which counts only together with
    /// `RUNNING_FTEST`, as in the reference connector.
    pub(crate) fn emulator(&self) -> Option<&str> {
        self.get("RUNNING_FTEST").and_then(|_| self.get("SALESFORCE_EMULATOR_HOST")).filter(|host| !host.is_empty())
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for Environment {
    /// The number of variables; names and values may be confidential.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Environment({} variables)", self.0.len())
    }
}

/// The assignments of a `.env` file: `NAME=value`, `export NAME="value"`; everything else is skipped.
fn lines(text: &str) -> impl Iterator<Item = (String, String)> {
    text.lines().filter_map(|line| {
        let line = line.trim();
        let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
        let (name, value) = (name.trim_end(), value.trim());
        let quoted = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
        (!name.starts_with('#') && !name.is_empty()).then(|| (name.to_owned(), quoted.unwrap_or(value).to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_env_file_has_assignments_with_or_without_quotes() {
        let read: Vec<_> = lines("# A=1\nB=2\n export C = \"x y\" \nD='#'\nnonsense\n=5\nE=\nF=a=b\r\n").collect();
        let expected =
            [("B", "2"), ("C", "x y"), ("D", "#"), ("E", ""), ("F", "a=b")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(read, expected);
    }

    #[test]
    fn the_emulator_counts_only_in_a_functional_test() {
        let host = ("SALESFORCE_EMULATOR_HOST", "http://127.0.0.1:10338");
        assert_eq!(Environment::from_iter([host]).emulator(), None);
        assert_eq!(Environment::from_iter([host, ("RUNNING_FTEST", "")]).emulator(), Some(host.1));
    }

    #[test]
    fn values_do_not_show() {
        assert_eq!(format!("{:?}", Environment::from_iter([("A", "marker")])), "Environment(1 variables)");
    }
}
