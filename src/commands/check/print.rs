//! Findings as a table for people, and as lines of JSON for programs.

use std::io::{self, IsTerminal as _, Write};

use serde_json::json;

use super::{Finding, Outcome, Report, Verdict};

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skipped => "skipped",
        }
    }

    /// The escape sequence of its colour.
    fn colour(self) -> &'static str {
        match self {
            Self::Ok => "\x1b[32m",
            Self::Warn => "\x1b[33m",
            Self::Fail => "\x1b[31m",
            Self::Skipped => "\x1b[2m",
        }
    }
}

/// Longest mark.
const MARK: usize = "skipped".len();

pub(super) fn text(report: &Report) -> io::Result<()> {
    let out = io::stdout().lock();
    let coloured = out.is_terminal();
    write_table(&report.0, coloured, out)
}

/// One object for each finding.
pub(super) fn json(report: &Report) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for Finding { subject, what, verdict } in &report.0 {
        let Verdict { outcome, detail, code, next } = verdict;
        let (outcome, code) = (outcome.name(), code.map(|code| code.id));
        let line = json!({ "subject": subject, "what": what, "outcome": outcome, "detail": detail, "code": code, "next": next });
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn write_table(findings: &[Finding], coloured: bool, mut out: impl Write) -> io::Result<()> {
    let width = |cell: fn(&Finding) -> &str| findings.iter().map(|finding| cell(finding).chars().count()).max().unwrap_or(0);
    let (subjects, whats) = (width(|finding| &finding.subject), width(|finding| finding.what));
    let indent = MARK + subjects + whats + 6;
    for Finding { subject, what, verdict } in findings {
        let (start, end) = if coloured { (verdict.outcome.colour(), "\x1b[0m") } else { ("", "") };
        let (mark, detail) = (verdict.outcome.name(), one_line(&verdict.detail));
        let code = verdict.code.map_or_else(String::new, |code| format!(" [{}]", code.id));
        writeln!(out, "{start}{mark:<MARK$}{end}  {:<subjects$}  {what:<whats$}  {detail}{code}", one_line(subject))?;
        if let Some(next) = &verdict.next {
            writeln!(out, "{:indent$}-> {}", "", one_line(next))?;
        }
    }
    writeln!(out, "{}", summary(findings))
}

/// What the server said may have anything in it; a terminal gets none of its control characters.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

fn summary(findings: &[Finding]) -> String {
    let count = |outcome| findings.iter().filter(|finding| finding.verdict.outcome == outcome).count();
    let plural = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let mut parts = vec![format!("{} ok", count(Outcome::Ok))];
    for (count, one, many) in [
        (count(Outcome::Warn), "warning", "warnings"),
        (count(Outcome::Fail), "failure", "failures"),
        (count(Outcome::Skipped), "not checked", "not checked"),
    ] {
        if count > 0 {
            parts.push(plural(count, one, many));
        }
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> Vec<Finding> {
        let mut report = Report::default();
        report.note("cluster", "server", Verdict::ok("elasticsearch 9.4.3"));
        report.note("bücher", "pipeline", Verdict::fail("there is no\n\x1b[31mpipeline", "create it"));
        report.skip("bücher", &["objects"], "no sign-in");
        report.0
    }

    fn table(coloured: bool) -> String {
        let mut out = Vec::new();
        write_table(&findings(), coloured, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_are_aligned_and_what_to_do_stands_below() {
        let expected = "\
ok       cluster  server    elasticsearch 9.4.3
fail     bücher   pipeline  there is no  [31mpipeline
                            -> create it
skipped  bücher   objects   not checked: no sign-in
1 ok, 1 failure, 1 not checked
";
        assert_eq!(table(false), expected);
    }

    #[test]
    fn only_the_marks_are_coloured() {
        let plain = ["\x1b[32m", "\x1b[31m", "\x1b[2m", "\x1b[0m"].iter().fold(table(true), |text, colour| text.replace(colour, ""));
        assert_eq!(plain, table(false));
        assert!(table(true).starts_with("\x1b[32mok     \x1b[0m  cluster"));
    }
}
