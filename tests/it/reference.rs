//! Papers that cannot rot: pages written from the code, and what the README and its neighbours promise.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use domain::{CODES, Code, FaultClass};
use sluice::cli::Cli;
use sluice::plan::Plan;
use sluice::settings::{Environment, Mistakes, Settings, reference_page};

const ERRORS: &str = "\
# Errors

<!-- Written from `CODES` in src/domain/fault.rs by `UPDATE_EXPECT=1 cargo test --test it reference`; a test compares the two. -->

A failure is one line: what was being done and what happened, the code in brackets, and what to do next. A code never changes its meaning.

| class | what the engine does |
|---|---|
| transient | asks again with growing waits; when that is not enough, the run goes on from its checkpoint in another generation, at most `run.restarts` times without progress in between, and a page or file that is the cause in three of them is set aside |
| item | sets the record, document or file aside with this reason and goes on |
| run | ends the job as failed, with exit code 1; the checkpoint is kept and nothing is deleted from the index |
| fatal | refuses to start, with exit code 2 |
";

/// First two letters of a code, and what it is about.
const SYSTEMS: [(&str, &str); 9] = [
    ("SF", "Salesforce and its records"),
    ("ES", "Elasticsearch and OpenSearch"),
    ("SR", "Sync rules"),
    ("TX", "The text of files"),
    ("AC", "Who may read what"),
    ("CP", "The connector protocol"),
    ("DB", "The embedded index"),
    ("EN", "The engine"),
    ("CF", "The configuration"),
];

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_default()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The page of all codes.
fn errors_page() -> String {
    let mut page = ERRORS.to_owned();
    for (system, title) in SYSTEMS {
        page.push_str(&format!("\n## {title}\n\n| code | class | what happened | what to do |\n|---|---|---|---|\n"));
        for Code { id, class, meaning, next } in CODES.iter().filter(|code| code.id.starts_with(system)) {
            let class = match class {
                FaultClass::Transient => "transient",
                FaultClass::Item => "item",
                FaultClass::Run => "run",
                FaultClass::Fatal => "fatal",
            };
            page.push_str(&format!("| {id} | {class} | {meaning} | {next} |\n"));
        }
    }
    page
}

/// The contents of all fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(opened) = line.strip_prefix("```") else { continue };
        let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
        if opened == language {
            blocks.push(block.join("\n"));
        }
    }
    blocks
}

/// What a person has in the environment who follows the README.
fn plan(text: &str) -> Result<Plan, Mistakes> {
    let environment = Environment::from_iter([("SF_CLIENT_ID", "consumer-key"), ("SF_CLIENT_SECRET", "consumer-secret")]);
    Plan::try_from(Settings::parse(text, &environment)?)
}

#[test]
fn every_error_code_is_on_the_page_of_errors() {
    let (path, page) = ("docs/reference/errors.md", errors_page());
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(root().join(path), &page).unwrap();
    }
    assert!(read(path) == page, "{path} is not up to date; write it with UPDATE_EXPECT=1");
    for code in CODES {
        assert_eq!(page.matches(&format!("| {} |", code.id)).count(), 1, "{}: its system has no title in `SYSTEMS`", code.id);
    }
}

#[test]
fn the_configuration_of_the_readme_can_be_run() {
    let configurations = blocks(&read("README.md"), "yaml");
    assert!(!configurations.is_empty());
    for text in configurations {
        if let Err(mistakes) = plan(&text) {
            panic!("{mistakes}\n{text}");
        }
    }
}

#[test]
fn the_other_sign_in_of_the_readme_can_be_run_too() {
    let key = root().join("src/adapters/salesforce/tests/key-pkcs8.pem");
    let text = blocks(&read("README.md"), "yaml").remove(0);
    let lines = text.lines().filter(|line| !line.contains("client_secret: "));
    let uncommented = lines.map(|line| match line.trim_start().strip_prefix("# ") {
        Some(rest) if rest.starts_with("private_key: ") => format!("      private_key: {}", key.display()),
        Some(rest) if rest.starts_with("username: ") => format!("      {rest}"),
        _ => line.to_owned(),
    });
    let shown = plan(&uncommented.collect::<Vec<_>>().join("\n")).unwrap().to_string();
    assert!(shown.contains("sync@acme.example"), "{shown}");
}

#[test]
fn the_commands_of_the_readme_are_understood() {
    let commands = blocks(&read("README.md"), "sh").join("\n");
    for needed in ["cargo run --release -- demo", "cargo test --workspace"] {
        assert!(commands.lines().any(|line| line == needed), "`{needed}` is a line of its own");
    }
    let ours = commands.lines().filter_map(|line| line.strip_prefix("cargo run --release -- ").or(line.strip_prefix("sluice ")));
    let mut seen = 0;
    for line in ours {
        let words = line.split_whitespace().take_while(|word| !["#", ">", "|"].contains(word));
        if let Err(error) = Cli::try_parse_from(std::iter::once("sluice").chain(words)) {
            panic!("`{line}`: {error}");
        }
        seen += 1;
    }
    assert!(seen >= 4, "{seen}");
}

/// The numbers in a cell that are no part of a name.
fn numbers(cell: &str) -> Vec<&str> {
    cell.split_whitespace().filter(|word| word.bytes().all(|byte| byte.is_ascii_digit())).collect()
}

#[test]
fn the_knobs_of_the_readme_are_the_defaults() {
    let reference = reference_page();
    let defaults: BTreeMap<_, _> = reference
        .lines()
        .filter_map(|line| {
            let cells: Vec<_> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
            Some((cells.get(1)?.strip_prefix("actors.")?, *cells.get(3)?))
        })
        .collect();
    let readme = read("README.md");
    let mut actors = 0;
    for line in readme.lines() {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, actor, mailbox, concurrency, _] = cells[..] else { continue };
        let Some(actor) = actor.strip_prefix('`').and_then(|actor| actor.strip_suffix('`')) else { continue };
        let default = |knob: &str| defaults[format!("{actor}.{knob}").as_str()];
        assert_eq!(numbers(mailbox), [default("mailbox")], "{actor}");
        assert_eq!(numbers(concurrency)[0], default("concurrency"), "{actor}");
        if actor == "bulk_writer" {
            assert_eq!(numbers(concurrency)[1], default("batch_docs"));
            assert!(concurrency.ends_with(&default("batch_bytes").replace("MiB", " MiB")), "{concurrency}");
        }
        actors += 1;
    }
    assert_eq!(actors, 5);
}

#[test]
fn the_limits_of_the_readme_are_the_defaults() {
    let (readme, reference) = (read("README.md"), reference_page());
    for key in ["run.budget", "run.file_budget", "salesforce.concurrency"] {
        let row = reference.lines().find(|line| line.starts_with(&format!("| `{key}` |"))).unwrap();
        let default = row.split('|').nth(3).unwrap().trim().trim_matches('`').replace("MiB", " MiB");
        assert!(readme.contains(&format!("`{key}` ({default} ")), "README.md: `{key}` is {default}");
    }
}

/// All pages for people.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md")];
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut seen = 0;
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            if !target.is_empty() && !target.contains("://") {
                assert!(page.parent().unwrap().join(target).exists(), "{}: {target}", page.display());
                seen += 1;
            }
        }
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
fn paths_that_the_map_names_exist() {
    let text = read("docs/ARCHITECTURE.md");
    let roots = ["src/", "actors/", "tests/", "docs/", "deploy/", "benches/", ".ci/"];
    let paths: Vec<_> =
        text.split('`').filter(|word| roots.iter().any(|root| word.starts_with(root)) && !word.contains(['<', '*', ' '])).collect();
    assert!(paths.len() >= 10, "{paths:?}");
    for path in paths {
        assert!(root().join(path).exists(), "docs/ARCHITECTURE.md: {path}");
    }
}
