//! The reference page of the configuration, written from the table of keys.

use super::keys::{CONNECTOR, ROOT, Row, TOLERATED};

/// Title, prefix of the keys, and an introduction; in the order of the page.
const SECTIONS: &[(&str, &str, &str)] = &[
    ("Index", "index.", "Where documents go."),
    ("Salesforce", "salesforce.", "How every org is reached."),
    (
        "Actors",
        "actors.",
        "Each actor has a `mailbox` (items waiting) and a `concurrency` (items in work). Raise the concurrency of the first stage that is busy while the stage behind it is not.",
    ),
    ("Runs", "run.", "Limits of one run of one connector."),
    ("Admin endpoint", "admin.", "Used by the service."),
    ("Keys of the reference connector with a meaning here", "", "They keep their names, so that its file can be used as it is."),
];

const HEAD: &str = "\
# Configuration

<!-- Written from src/settings/keys.rs by `UPDATE_EXPECT=1 cargo test -p sluice --lib settings`; a test compares the two. -->

One YAML file. `deploy/config.example.yml` is a commented one to start from. Keys may be nested or dotted (`run: {budget: 96MiB}` is
`run.budget: 96MiB`), and the `config.yml` of the reference connector is accepted as it is. A key of ours that is not known is refused with the
nearest known one; all mistakes are reported together.

**Variables.** `${NAME}`, `$NAME` and `${NAME|default}` are replaced by environment variables before the text is read as YAML, `$$` is a dollar
sign. A variable that is not set and has no default is an error. Lines that begin with `#` are left alone. A `.env` file in the working
directory, or the file that `ENV_FILE` names, adds variables that are not set. Put quotes around secrets: `client_secret: \"${SF_SECRET}\"`.

**Durations** are whole numbers with a unit: `250ms`, `25s`, `1m30s`, `2h`. **Sizes** are bytes, or whole numbers with a unit: `96MiB`, `1GiB`, `10MB`.
";

const CONNECTORS: &str =
    "A list. Values inside `configuration` may be plain (`domain: acme`) or objects of the connector protocol (`domain: {value: acme}`).";

/// The page as Markdown: one table per section.
pub fn reference_page() -> String {
    let mut out = HEAD.to_owned();
    let sectioned = |path: &str, prefix: &str| if prefix.is_empty() { !ours(path) } else { path.starts_with(prefix) };
    for (title, prefix, introduction) in SECTIONS {
        section(&mut out, title, introduction, ROOT.rows.iter().filter(|row| sectioned(row.path(), prefix)));
        if *title == "Index" {
            section(&mut out, "Connectors: `connectors[]`", CONNECTORS, CONNECTOR.rows.iter());
        }
    }
    out.push_str("\n## Keys of the reference connector that mean nothing yet\n\nAccepted and ignored, as is any other key of these sections and of `sources`.\n\n");
    for (group, names) in TOLERATED {
        let names: Vec<_> = names.iter().map(|name| format!("`{group}.{name}`")).collect();
        out.push_str(&format!("- {}\n", names.join(", ")));
    }
    out
}

/// Whether a key belongs to a section of this program.
fn ours(path: &str) -> bool {
    SECTIONS.iter().any(|(_, prefix, _)| !prefix.is_empty() && path.starts_with(prefix))
}

fn section<'a>(out: &mut String, title: &str, introduction: &str, rows: impl Iterator<Item = &'a &'static dyn Row>) {
    out.push_str(&format!("\n## {title}\n\n{introduction}\n\n| key | takes | default | meaning |\n|---|---|---|---|\n"));
    for row in rows {
        let default = match row.default() {
            None => String::new(),
            Some("") => "none".to_owned(),
            Some(default) => format!("`{default}`"),
        };
        // Quotes are for those who left them out, not for every line of the table.
        let takes = row.expected().replace("text, in quotes", "text");
        out.push_str(&format!("| `{}` | {takes} | {default} | {} |\n", row.path(), row.meaning()));
    }
}
