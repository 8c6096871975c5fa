//! Rules that no compiler checks.
#![expect(clippy::unwrap_used, reason = "every function here is part of a test")]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<PathBuf> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    ["src", "actors", "tests", "benches"]
        .iter()
        .map(|dir| root().join(dir))
        .filter(|dir| dir.exists())
        .for_each(|dir| walk(&dir, &mut found));
    found
}

#[test]
fn every_file_is_short_and_begins_with_its_purpose() {
    let files = sources();
    assert!(files.len() > 60, "the walk found {} files only", files.len());
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{}: the first line must say what the file is for", path.display());
        assert!(text.lines().count() <= 500, "{}: split it by responsibility", path.display());
    }
}

#[test]
fn nothing_is_left_for_later_in_the_code() {
    // Put together here, so that this file does not find itself.
    let marks = [["TO", "DO"], ["FIX", "ME"], ["todo", "!("], ["unimplemented", "!("], ["#[ig", "nore"]].map(|parts| parts.concat());
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        for mark in &marks {
            assert!(!text.contains(mark.as_str()), "{}: `{mark}`", path.display());
        }
    }
}

/// Names of the dependencies of a manifest, those of tests left out.
fn dependencies(manifest: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(manifest).join("Cargo.toml")).unwrap();
    let section = text.split("\n[").find(|section| section.starts_with("dependencies]")).unwrap();
    section
        .lines()
        .skip(1)
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn layers_depend_on_what_is_left_of_them_only() {
    let layers = ["domain", "ports", "adapters", "actors", "simulator"];
    for (manifest, allowed) in [
        ("src/domain", &[][..]),
        ("src/ports", &["domain"][..]),
        ("src/adapters", &["domain", "ports"][..]),
        ("actors", &["domain", "ports"][..]),
        ("src/simulator", &["domain"][..]),
        ("src/extract", &[][..]),
    ] {
        let found: Vec<_> = dependencies(manifest).into_iter().filter(|name| layers.contains(&name.as_str())).collect();
        assert_eq!(found, allowed, "{manifest}");
    }
}

#[test]
fn actix_is_named_by_the_engine_and_http_clients_by_the_adapters() {
    for (manifest, actix, client) in [
        ("src/domain", false, false),
        ("src/ports", false, false),
        ("src/adapters", false, true),
        ("actors", true, false),
        (".", false, false),
    ] {
        let names = dependencies(manifest);
        assert_eq!(names.iter().any(|name| name == "actix"), actix, "{manifest}: actix");
        assert_eq!(names.iter().any(|name| name == "awc"), client, "{manifest}: awc");
    }
}

#[test]
fn every_dependency_is_declared_once_in_the_workspace() {
    for manifest in ["src/domain", "src/ports", "src/adapters", "actors", "src/simulator", "src/extract", "."] {
        let text = fs::read_to_string(root().join(manifest).join("Cargo.toml")).unwrap();
        for section in text.split("\n[").filter(|section| section.starts_with("dependencies]") || section.starts_with("dev-dependencies]"))
        {
            for line in section.lines().skip(1).filter(|line| line.contains('=') && !line.starts_with('#')) {
                assert!(line.contains("workspace = true"), "{manifest}: `{line}` has a version of its own");
            }
        }
    }
}
