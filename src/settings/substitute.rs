//! Puts environment variables into the text of a configuration, before it is read as YAML.
//!
//! `${NAME}`, `${NAME|default}` and `$NAME` are replaced, `$$` is a dollar sign, any other dollar stands for itself. Values go in as they
//! are and are not searched again. Lines that are comments as a whole are left alone.

use super::{Environment, Mistakes};

/// Set by operators of the reference connector who want unknown variables left as they stand.
const LENIENT: &str = "ENVYAML_STRICT_DISABLE";

/// The text with its variables replaced, or every variable that is not set, with its line.
pub(crate) fn substitute(text: &str, environment: &Environment) -> Result<String, Mistakes> {
    let mut out = String::with_capacity(text.len());
    let mut mistakes = Mistakes::default();
    for (no, line) in text.split_inclusive('\n').enumerate() {
        if line.trim_start().starts_with('#') {
            out.push_str(line);
            continue;
        }
        let mut rest = line;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let Some((reference, after)) = Reference::at(rest) else {
                out.push('$');
                rest = &rest[1..];
                continue;
            };
            match reference.value(environment) {
                Ok(value) => out.push_str(value),
                Err(_) if environment.get(LENIENT).is_some() => out.push_str(&rest[..rest.len() - after.len()]),
                Err(problem) => mistakes.note("", format!("line {}: {problem}", no + 1)),
            }
            rest = after;
        }
        out.push_str(rest);
    }
    if mistakes.0.is_empty() { Ok(out) } else { Err(mistakes) }
}

/// What a dollar sign starts.
enum Reference<'a> {
    Dollar,
    Variable {
        name: &'a str,
        default: Option<&'a str>,
    },
    /// `${` without its `}`, or without a name.
    Broken,
}

impl<'a> Reference<'a> {
    /// Reads what starts at the dollar sign that `text` begins with; gives it and the text behind.
    fn at(text: &'a str) -> Option<(Self, &'a str)> {
        let behind = text.strip_prefix('$')?;
        if let Some(after) = behind.strip_prefix('$') {
            return Some((Self::Dollar, after));
        }
        if let Some(inner) = behind.strip_prefix('{') {
            let Some((inside, after)) = inner.split_once('}') else {
                return Some((Self::Broken, inner));
            };
            let (name, default) = inside.split_once('|').map_or((inside, None), |(name, default)| (name, Some(default)));
            let named = Self::Variable { name: name.trim(), default };
            return Some((if name.trim().is_empty() { Self::Broken } else { named }, after));
        }
        let end = behind.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(behind.len());
        let (name, after) = behind.split_at(end);
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        starts.then_some((Self::Variable { name, default: None }, after))
    }

    fn value(&self, environment: &'a Environment) -> Result<&'a str, String> {
        match *self {
            Self::Dollar => Ok("$"),
            Self::Broken => Err("a `${` has no name or no `}`; write `$$` for a dollar sign".to_owned()),
            Self::Variable { name, default } => environment.get(name).or(default).ok_or_else(|| {
                format!("the environment variable `{name}` is not set; set it, give a default as in `${{{name}|default}}`, or write `$$` for a dollar sign")
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env() -> Environment {
        Environment::from_iter([("A", "one"), ("B_2", "$A ${A} $$"), ("EMPTY", ""), ("P", "p@ss|}w")])
    }
    fn put(text: &str) -> String {
        substitute(text, &env()).unwrap()
    }

    #[test]
    fn variables_are_replaced_in_all_their_forms() {
        assert_eq!(put("x: ${A}"), "x: one");
        assert_eq!(put("x: $A/$A.y-${A}z"), "x: one/one.y-onez");
        assert_eq!(put("x: ${NONE|two words}, ${NONE|}, ${A|no}, ${EMPTY|no}"), "x: two words, , one, ");
        assert_eq!(put("x: '$P'"), "x: 'p@ss|}w'");
    }

    #[test]
    fn a_dollar_that_names_nothing_stands_for_itself() {
        assert_eq!(put("a$$b $$A $1 a$ $"), "a$b $A $1 a$ $");
        assert_eq!(put("x: '^a$'\ny: \"$-\""), "x: '^a$'\ny: \"$-\"");
    }

    #[test]
    fn values_are_not_searched_again() {
        assert_eq!(put("x: $B_2"), "x: $A ${A} $$");
    }

    #[test]
    fn comment_lines_may_name_what_is_not_set() {
        let text = "# ${NONE}\n  # $NONE\nx: 1\n";
        assert_eq!(put(text), text);
    }

    #[test]
    fn every_variable_that_is_not_set_is_named_with_its_line() {
        let mistakes = substitute("a: $A\nb: ${FIRST}\n#\nc: $SECOND ${\n", &env()).unwrap_err();
        let lines: Vec<_> = mistakes.0.iter().map(ToString::to_string).collect();
        assert_eq!(lines.len(), 3);
        assert!(
            lines[0].starts_with("line 2: the environment variable `FIRST` is not set") && lines[0].contains("`${FIRST|default}`"),
            "{}",
            lines[0]
        );
        assert!(lines[1].starts_with("line 4: the environment variable `SECOND`"), "{}", lines[1]);
        assert!(lines[2].starts_with("line 4: a `${` has no name"), "{}", lines[2]);
    }

    #[test]
    fn unknown_variables_stay_when_the_reference_is_told_to_be_lenient() {
        let env = Environment::from_iter([(LENIENT, "1")]);
        assert_eq!(substitute("x: ${NONE} $NONE!", &env).unwrap(), "x: ${NONE} $NONE!");
    }
}
