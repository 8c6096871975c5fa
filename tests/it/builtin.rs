//! The program itself as the process that reads files: it keeps within its limits, whatever the file.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use adapters::extraction::builtin::{ReaderConfig, ReaderPool};
use domain::{Fault, TX_DIED, TX_SLOW};

fn config(memory: u64) -> ReaderConfig {
    ReaderConfig {
        program: PathBuf::from(env!("CARGO_BIN_EXE_sluice")),
        args: vec!["extract-worker".into()],
        children: 1,
        memory,
        time: Duration::from_secs(600),
        files_per_child: 100,
    }
}

fn text_of(pool: &ReaderPool, extension: &str, bytes: &[u8]) -> Result<String, Fault> {
    actix_rt::System::new().block_on(pool.read(extension, bytes.to_vec())).map(|text| text.body)
}

/// A PDF of these objects, numbered from 1; the first is the catalog. Its table of places is left to the reader to rebuild.
fn pdf_of(objects: &[&str]) -> Vec<u8> {
    let mut out = String::from("%PDF-1.7\n");
    for (index, object) in objects.iter().enumerate() {
        out += &format!("{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    out += &format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n0\n%%EOF\n", objects.len() + 1);
    out.into()
}

fn page(words: &str) -> Vec<u8> {
    let drawn = format!("BT /F1 12 Tf 50 700 Td ({words}) Tj ET");
    pdf_of(&[
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        &format!("<< /Length {} >>\nstream\n{drawn}\nendstream", drawn.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ])
}

#[test]
fn the_program_reads_files_in_much_memory_and_in_little() {
    for memory in [64 << 20, 512 << 20, 1 << 30, 4 << 30] {
        let pool = ReaderPool::new(config(memory));
        assert_eq!(text_of(&pool, "pdf", &page("some words")).unwrap(), "some words", "{memory}");
        assert_eq!(text_of(&pool, "md", b"# more").unwrap(), "# more", "{memory}");
        assert_eq!(pool.children().len(), 1);
    }
}

#[test]
fn the_system_holds_it_to_its_limits() {
    let pool = ReaderPool::new(config(300 << 20));
    assert_eq!(text_of(&pool, "txt", b"here").unwrap(), "here");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", pool.children()[0])).unwrap();
    for (limit, most) in [("Max address space", "314572800"), ("Max open files", "3"), ("Max file size", "0"), ("Max core file size", "0")]
    {
        let line = limits.lines().find_map(|line| line.strip_prefix(limit)).unwrap();
        assert_eq!(line.split_whitespace().take(2).collect::<Vec<_>>(), [most, most], "{limit}");
    }
}

#[test]
fn a_limit_below_what_the_allocator_sets_aside_holds() {
    let pool = ReaderPool::new(config(128 << 20));
    let large = vec![b'x'; 120 << 20];
    assert_eq!(text_of(&pool, "txt", &large).map(|text| text.len()).unwrap_err().code, &TX_DIED);
    assert_eq!(text_of(&pool, "txt", b"next").unwrap(), "next");
}

#[test]
fn files_that_overflow_its_stack_or_never_end_cost_their_own_text() {
    let pool = ReaderPool::new(ReaderConfig { time: Duration::from_secs(5), ..config(1 << 30) });
    let deep = ["[".repeat(200_000), "]".repeat(200_000)].concat();
    assert_eq!(text_of(&pool, "pdf", &pdf_of(&["<< /Type /Catalog /Pages 2 0 R >>", &deep])).unwrap_err().code, &TX_DIED);
    assert_eq!(text_of(&pool, "txt", b"next").unwrap(), "next");
    let tree = "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2000000000 >>";
    assert_eq!(text_of(&pool, "pdf", &pdf_of(&["<< /Type /Catalog /Pages 2 0 R >>", tree])).unwrap_err().code, &TX_SLOW);
    assert_eq!(text_of(&pool, "txt", b"next").unwrap(), "next");
}

#[test]
fn a_person_who_starts_it_is_told_in_one_line_that_it_is_not_for_people() {
    for arguments in [&["extract-worker", "1073741824", "60"][..], &["extract-worker"]] {
        let started = Command::new(env!("CARGO_BIN_EXE_sluice")).args(arguments).stdin(Stdio::null()).output().unwrap();
        assert_eq!(started.status.code(), Some(2));
        assert!(started.stdout.is_empty() && !started.stderr.is_empty());
    }
    let started = Command::new(env!("CARGO_BIN_EXE_sluice")).args(["extract-worker", "1", "1"]).stdin(Stdio::piped()).output().unwrap();
    let line = String::from_utf8(started.stderr).unwrap();
    assert_eq!(line, "sluice: `extract-worker` is for other commands, which start it by themselves\n");
}
