//! Files made to hurt. What must hold for all of them: an answer, within the limits.

use proptest::prelude::*;

use super::{refusal, text};
use crate::samples::{docx_of, odt, odt_of, pdf_of, sample, xlsx_of, zip};
use crate::{EXTENSIONS, Limits, Refusal, extract, guarded};

/// Limits that small bombs exceed, so that the tests need not make large ones.
const TIGHT: Limits = Limits { max_text: 1 << 10, max_unpacked: 1 << 20, max_depth: 8, max_entries: 50 };
const WORD: &str = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"";

fn laughs() -> String {
    let each: String = (1..64).map(|n| format!("<!ENTITY l{n} \"&l{0};&l{0};\">", n - 1)).collect();
    format!("<!DOCTYPE l [<!ENTITY l0 \"ha\">{each}]>")
}

#[test]
fn archives_that_unpack_to_too_much_are_refused() {
    let blanks = " ".repeat(4 << 20);
    let document = format!("<w:document {WORD}><w:body>{blanks}</w:body></w:document>");
    for (extension, bomb) in [
        ("docx", docx_of(&document)),
        ("odt", odt(&blanks)),
        ("xlsx", xlsx_of("A1", &blanks)),
        ("vsdx", zip(&[("visio/pages/page1.xml", blanks.as_bytes())])),
    ] {
        assert_eq!(extract(extension, &bomb, &TIGHT), Err(Refusal::TooLarge), "{extension}");
    }
}

#[test]
fn parts_are_counted_together() {
    let half = format!("<Text>{}</Text>", " ".repeat(600 << 10));
    let parts = [("visio/pages/page1.xml", half.as_bytes()), ("visio/pages/page2.xml", half.as_bytes())];
    assert!(extract("vsdx", &zip(&parts[..1]), &TIGHT).is_ok());
    assert_eq!(extract("vsdx", &zip(&parts), &TIGHT), Err(Refusal::TooLarge));
}

#[test]
fn archives_of_too_many_entries_are_refused() {
    let names: Vec<String> = (0..60).map(|n| format!("word/part{n}.xml")).collect();
    let parts: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    assert_eq!(extract("docx", &zip(&parts), &TIGHT), Err(Refusal::TooLarge));
}

#[test]
fn entities_that_multiply_are_not_expanded_in_any_part() {
    let document = format!("{}<w:document {WORD}><w:body><w:p><w:r><w:t>ok &l63;</w:t></w:r></w:p></w:body></w:document>", laughs());
    let page = format!("{}<Text>ok &l63;</Text>", laughs());
    for (extension, bytes) in [
        ("docx", docx_of(&document)),
        ("odt", odt_of(&laughs(), "<text:p>ok &l63;</text:p>")),
        ("vsdx", zip(&[("visio/pages/page1.xml", page.as_bytes())])),
        ("xml", format!("{}<l>ok &l63;</l>", laughs()).into()),
        ("svg", format!("{}<svg><text>ok &l63;</text></svg>", laughs()).into()),
        ("html", format!("{}<p>ok &l63;</p>", laughs()).into()),
    ] {
        if let Ok(found) = extract(extension, &bytes, &Limits::default()) {
            assert!(!found.body.contains("haha"), "{extension}");
        }
    }
}

#[test]
fn elements_that_nest_without_end_are_read() {
    let nested = |open: &str, close: &str, depth: usize| format!("{}deep{}", open.repeat(depth), close.repeat(depth));
    assert_eq!(text("html", nested("<div>", "</div>", 200_000).as_bytes()), "deep");
    assert_eq!(text("svg", nested("<g>", "</g>", 200_000).as_bytes()), "deep");
    assert!(text("odt", &odt(&nested("<text:p>", "</text:p>", 50_000))).contains("deep"));
    let tables = nested("<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>", 20_000);
    let document = format!("<w:document {WORD}><w:body>{tables}</w:body></w:document>");
    // Word itself refuses such a file; only the answer counts.
    let answer = extract("docx", &docx_of(&document), &Limits::default());
    assert!(answer.is_ok() || matches!(answer, Err(Refusal::Damaged(_) | Refusal::TooLarge)));
}

#[test]
fn a_sheet_that_claims_all_cells_there_are_costs_what_it_has() {
    let far = |cell: &str, row: u32| format!("<row r=\"{row}\"><c r=\"{cell}\" t=\"inlineStr\"><is><t>at {cell}</t></is></c></row>");
    let sheet = xlsx_of("A1:XFD1048576", &[far("A1", 1), far("XFD1048576", 1_048_576)].concat());
    let found = extract("xlsx", &sheet, &Limits::default()).unwrap();
    assert!(found.body.starts_with("at A1") || found.body.contains("at A1"));
    assert!(found.body.len() < 1 << 20);
}

#[test]
fn a_pdf_whose_pages_hold_themselves_is_answered() {
    let looped = "<< /Type /Pages /Kids [2 0 R] /Count 2000000000 >>";
    let file = pdf_of(&["<< /Type /Catalog /Pages 2 0 R >>".into(), looped.into()]);
    assert!(extract("pdf", &file, &TIGHT).map_or(true, |found| found.body.is_empty()));
}

#[test]
fn empty_files_are_no_text_or_damaged() {
    for extension in EXTENSIONS {
        match extract(extension, b"", &Limits::default()) {
            Ok(found) => assert_eq!((found.body.as_str(), found.is_cut), ("", false), "{extension}"),
            Err(refusal) => assert_eq!(refusal, Refusal::Damaged("it is empty"), "{extension}"),
        }
    }
}

#[test]
fn files_that_break_off_are_answered_wherever_they_do() {
    for extension in EXTENSIONS {
        let whole = sample(extension, "some words");
        for eighth in 0..8 {
            let answer = extract(extension, &whole[..whole.len() * eighth / 8], &TIGHT);
            assert!(answer.is_err() || answer.is_ok_and(|found| found.body.len() <= TIGHT.max_text), "{extension} {eighth}/8");
        }
    }
}

#[test]
fn archives_that_break_off_say_that_they_are_damaged() {
    for extension in ["odt", "vsdx"] {
        let whole = sample(extension, "some words");
        assert_eq!(refusal(extension, &whole[..whole.len() / 2]), Refusal::Damaged("its archive"), "{extension}");
    }
}

#[test]
fn a_reader_that_panics_is_a_damaged_file() {
    let answer: Result<(), Refusal> = guarded(|| panic!("the message that follows is expected"));
    assert_eq!(answer, Err(Refusal::Damaged("its reader gave up")));
}

#[test]
fn refusals_say_nothing_of_the_content() {
    for refusal in [
        Refusal::NotThisFormat,
        Refusal::Encrypted,
        Refusal::Damaged("its archive"),
        Refusal::TooLarge,
        Refusal::Unsupported("this extension"),
    ] {
        let line = refusal.to_string();
        assert!(!line.contains('\n') && line.len() < 80, "{line}");
    }
}

/// Beginnings that lead to each of the readers.
const MAGIC: [&[u8]; 7] = [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"%PDF-1.4\n", b"{\\rtf1", b"<html>", b"<?xml?>"];

fn extension() -> impl Strategy<Value = &'static str> {
    (0..EXTENSIONS.len()).prop_map(|index| EXTENSIONS[index])
}

proptest! {
    #[test]
    fn any_bytes_with_any_extension_are_answered_within_the_limits(
        extension in extension(),
        magic in 0..MAGIC.len(),
        rest in proptest::collection::vec(any::<u8>(), 0..600),
        max_text in 0usize..200,
    ) {
        let bytes = [MAGIC[magic], &rest].concat();
        if let Ok(found) = extract(extension, &bytes, &Limits { max_text, ..TIGHT }) {
            prop_assert!(found.body.len() <= max_text);
        }
    }

    #[test]
    fn files_with_wrong_bytes_in_them_are_answered_within_the_limits(
        extension in extension(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..12),
        max_text in 0usize..200,
    ) {
        let mut bytes = sample(extension, "some words and some more");
        for (place, byte) in changes {
            let at = place.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(found) = extract(extension, &bytes, &Limits { max_text, ..TIGHT }) {
            prop_assert!(found.body.len() <= max_text);
        }
    }
}
