//! What all readers have in common: every extension gives the words of its file, and no file gets the better of them.

mod hostile;

use crate::samples::{WORDS, compound, docx, odt, odt_of, pdf_of, sample, vsdx, xlsx, zip};
use crate::{EXTENSIONS, Limits, Refusal, Text, extract};

/// Text under the default limits.
fn text(extension: &str, bytes: &[u8]) -> String {
    extract(extension, bytes, &Limits::default()).unwrap_or_else(|refusal| panic!("{extension}: {refusal}")).body
}

fn refusal(extension: &str, bytes: &[u8]) -> Refusal {
    extract(extension, bytes, &Limits::default()).unwrap_err()
}

#[test]
fn every_extension_gives_the_words_of_its_file_in_every_script() {
    let mut missing = Vec::new();
    for extension in EXTENSIONS {
        for words in WORDS {
            match extract(extension, &sample(extension, words), &Limits::default()) {
                Ok(found) if found.body.contains(words) => {}
                Ok(found) => missing.push(format!("{extension}: {words} is not in {}", found.body)),
                Err(refusal) => missing.push(format!("{extension}: {words}: {refusal}")),
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn upper_case_extensions_are_the_same() {
    assert_eq!(text("DOCX", &docx("words")), "words");
}

#[test]
fn text_kinds_are_given_whole_and_tidied() {
    for extension in ["txt", "py", "rst", "markdown", "json", "csv", "md", "rb", "paper", "sh", "tsv"] {
        assert_eq!(text(extension, "a,\tб\r\n\r\n\r\n  c\0d ".as_bytes()), "a, б\n\nc d", "{extension}");
    }
}

#[test]
fn only_text_is_in_the_text_of_markup() {
    for extension in ["html", "aspx", "xml", "svg", "rtf", "docx", "pdf"] {
        let text = text(extension, &sample(extension, "words"));
        assert_eq!(text.replace("T\n\n", ""), "words", "{extension}");
    }
}

#[test]
fn an_open_document_gives_paragraphs_notes_and_headers_without_deleted_text() {
    let body = "<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes><text:h>Head</text:h>\
                <text:p>one<text:s text:c=\"3\"/>two<text:tab/>three<text:line-break/>four \
                <text:span>fi</text:span>ve<text:note><text:note-body><text:p>note</text:p></text:note-body></text:note></text:p>";
    assert_eq!(text("odt", &odt(body)), "Head\n\none two three\nfour five\nnote\n\nhead of page".replace("Head\n\n", "Head\n"));
}

#[test]
fn a_drawing_gives_its_pages_in_their_order() {
    assert_eq!(text("vsdx", &vsdx("first")), "Front & back\n\nfirst\n\nlast");
}

#[test]
fn an_old_drawing_gives_its_properties_and_the_names_that_are_not_packed() {
    assert_eq!(text("vsd", &sample("vsd", "Plan")), "Plan\n\nServer room");
    let bare = compound(&[("VisioDocument", b"Visio (TM) Drawing\r\n\0\0")]);
    assert_eq!(refusal("vsd", &bare), Refusal::Unsupported("text of this drawing"));
}

#[test]
fn an_old_presentation_gives_the_notes_of_the_speaker() {
    let notes = replaced(sample("ppt", "said"), b"\x9f\x0f\x04\0\0\0\0\0\0\0", b"\x9f\x0f\x04\0\0\0\x02\0\0\0");
    assert_eq!(text("ppt", &notes), "said");
}

#[test]
fn a_message_gives_headers_text_and_what_is_attached_to_it() {
    assert_eq!(text("msg", &sample("msg", "hello")), "Subject line\nПри\n\nhello\n\nplan.docx\n\ninner page");
}

#[test]
fn a_file_with_a_wrong_extension_is_read_as_what_it_is() {
    for (claimed, real) in [
        ("txt", "docx"),
        ("doc", "docx"),
        ("pdf", "xlsx"),
        ("docx", "pdf"),
        ("xls", "html"),
        ("doc", "rtf"),
        ("docx", "doc"),
        ("odt", "vsdx"),
        ("csv", "xls"),
        ("ppt", "msg"),
    ] {
        let text = text(claimed, &sample(real, "words"));
        assert!(text.contains("words"), "{real} named {claimed}: {text:?}");
    }
}

#[test]
fn files_of_no_known_kind_are_refused() {
    assert_eq!(refusal("exe", b"MZ"), Refusal::Unsupported("this extension"));
    assert_eq!(refusal("docx", &zip(&[("readme", b"x")])), Refusal::NotThisFormat);
    assert_eq!(refusal("msg", &compound(&[("Other", b"x")])), Refusal::NotThisFormat);
}

#[test]
fn encrypted_files_say_so() {
    assert_eq!(refusal("docx", &compound(&[("EncryptedPackage", b"x"), ("EncryptionInfo", b"x")])), Refusal::Encrypted);
    let manifest = b"<manifest:manifest><manifest:encryption-data/></manifest:manifest>";
    assert_eq!(refusal("odt", &zip(&[("META-INF/manifest.xml", manifest), ("content.xml", b"\x01\x02")])), Refusal::Encrypted);
    assert_eq!(refusal("pdf", &encrypted_pdf()), Refusal::Encrypted);
    // Word has a flag in its header, Excel a record where the code page stands otherwise.
    let doc = replaced(sample("doc", "words"), b"\xec\xa5\xc1\0\0\0\0\0\0\0\0\x02", b"\xec\xa5\xc1\0\0\0\0\0\0\0\0\x03");
    assert_eq!(refusal("doc", &doc), Refusal::Encrypted);
    let xls = replaced(sample("xls", "words"), b"\x42\0\x02\0\xb0\x04", b"\x2f\0\x02\0\0\0");
    assert_eq!(refusal("xls", &xls), Refusal::Encrypted);
}

/// `file` with the bytes `old`, which it has once, made `new`.
fn replaced(mut file: Vec<u8>, old: &[u8], new: &[u8]) -> Vec<u8> {
    let at = file.windows(old.len()).position(|window| window == old).unwrap();
    file[at..at + new.len()].copy_from_slice(new);
    file
}

/// A PDF that names a user password which is not the empty one.
fn encrypted_pdf() -> Vec<u8> {
    let plain = String::from_utf8(pdf_of(&[
        "<< /Type /Catalog /Pages 2 0 R >>".into(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".into(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>".into(),
        format!("<< /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <{0}> /U <{0}> >>", "41".repeat(32)),
    ]))
    .unwrap();
    let id = "30".repeat(16);
    plain.replace("/Root 1 0 R", &format!("/Root 1 0 R /Encrypt 4 0 R /ID [<{id}> <{id}>]")).into()
}

#[test]
fn text_past_the_limit_is_cut_in_every_format() {
    let limits = Limits { max_text: 10, ..Limits::default() };
    let words = "abc ".repeat(20);
    for extension in EXTENSIONS {
        let Text { body, is_cut } = extract(extension, &sample(extension, words.trim()), &limits).unwrap();
        assert!(is_cut && body.len() <= 10, "{extension}: {body:?}");
    }
}

#[test]
fn text_that_just_fits_is_not_called_cut() {
    let limits = Limits { max_text: 5, ..Limits::default() };
    for extension in ["txt", "rtf", "docx", "xml", "aspx"] {
        let found = extract(extension, &sample(extension, "words"), &limits).unwrap();
        assert_eq!((found.body.as_str(), found.is_cut), ("words", false), "{extension}");
    }
}

#[test]
fn spreadsheets_keep_the_words_of_neighbouring_cells_apart() {
    assert!(text("xlsx", &xlsx("one</t></is></c><c r=\"B1\" t=\"inlineStr\"><is><t>two")).contains("one two"));
}

#[test]
fn an_entity_that_an_open_document_declares_is_a_blank() {
    let declaration = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]>";
    assert!(text("odt", &odt_of(declaration, "<text:p>before&b;after</text:p>")).starts_with("before after"));
}
