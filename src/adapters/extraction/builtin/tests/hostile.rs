//! Files made to hurt: each costs its own text, and the same pool reads on.

use std::io::Write as _;

use domain::Code;
use flate2::{Compression, Crc, write::DeflateEncoder};

use super::*;

/// A PDF of these objects, numbered from 1; the first is the catalog.
pub(super) fn pdf_of(objects: &[&str]) -> Vec<u8> {
    let mut out = String::from("%PDF-1.7\n");
    let mut places = String::new();
    for (index, object) in objects.iter().enumerate() {
        places += &format!("{:010} 00000 n \n", out.len());
        out += &format!("{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    let (count, start) = (objects.len() + 1, out.len());
    out += &format!("xref\n0 {count}\n0000000000 65535 f \n{places}trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
    out.into()
}

/// An archive of one part, deflated, by the format's description (PKWARE's APPNOTE).
fn zip_of(name: &str, content: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    let packed = encoder.finish().unwrap();
    let mut crc = Crc::new();
    crc.update(content);
    let wide = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let length = u16::try_from(name.len()).unwrap().to_le_bytes();
    // Version 2.0, no flags, deflate, no date, then sums and sizes.
    let common =
        [&[20, 0, 0, 0, 8, 0, 0, 0, 0, 0][..], &crc.sum().to_le_bytes(), &wide(packed.len()), &wide(content.len()), &length, &[0, 0]]
            .concat();
    let entry = [b"PK\x03\x04", &common[..], name.as_bytes(), &packed].concat();
    let directory = [b"PK\x01\x02\x14\0", &common[..], &[0; 14], name.as_bytes()].concat();
    let end = [b"PK\x05\x06\0\0\0\0\x01\0\x01\0", &wide(directory.len())[..], &wide(entry.len()), &[0, 0]].concat();
    [entry, directory, end].concat()
}

fn nested(open: &str, close: &str, depth: usize) -> Vec<u8> {
    format!("{}deep{}", open.repeat(depth), close.repeat(depth)).into()
}

fn laughs() -> Vec<u8> {
    let each: String = (1..64).map(|number| format!("<!ENTITY l{number} \"&l{0};&l{0};\">", number - 1)).collect();
    format!("<!DOCTYPE l [<!ENTITY l0 \"ha\">{each}]><l>ok &l63;</l>").into()
}

/// What becomes of a file: its text, or the code that it is set aside with.
fn fate(pool: &ReaderPool, extension: &str, bytes: &[u8]) -> Result<String, &'static Code> {
    text_of(pool, extension, bytes).map_err(|fault| fault.code)
}

#[test]
fn hostile_files_cost_their_own_text_and_the_pool_reads_on() {
    let pool = ReaderPool::new(ReaderConfig { time: Duration::from_secs(5), ..config() });
    let office = |text: &[u8]| {
        [b"<office:document-content xmlns:office=\"o\" xmlns:text=\"t\"><text:p>", text, b"</text:p></office:document-content>"].concat()
    };
    let good = zip_of("content.xml", &office(b"words"));
    assert_eq!(fate(&pool, "odt", &good).unwrap(), "words");
    let deep = String::from_utf8(nested("[", "]", 100_000)).unwrap();
    for (what, extension, file, expected) in [
        ("an archive that unpacks to 300 MiB", "odt", zip_of("content.xml", &office(&vec![b' '; 300 << 20])), Err(&TX_REFUSED)),
        ("a PDF of nested arrays", "pdf", pdf_of(&["<< /Type /Catalog /Pages 2 0 R >>", &deep]), Err(&TX_DIED)),
        ("a PDF whose pages hold themselves", "pdf", endless(), Err(&TX_SLOW)),
        ("half an archive", "odt", good[..good.len() / 2].to_vec(), Err(&TX_REFUSED)),
        ("no bytes", "docx", vec![], Err(&TX_REFUSED)),
        ("no bytes as text", "txt", vec![], Ok(String::new())),
        ("an archive by the name of a PDF", "pdf", good.clone(), Ok("words".to_owned())),
        ("words by the name of a document", "docx", b"words".to_vec(), Err(&TX_REFUSED)),
        ("nested elements", "html", nested("<div>", "</div>", 200_000), Ok("deep".to_owned())),
    ] {
        assert_eq!(fate(&pool, extension, &file), expected, "{what}");
        assert_eq!(fate(&pool, "txt", b"next").unwrap(), "next", "after {what}");
    }
    let laughed = fate(&pool, "xml", &laughs());
    assert!(laughed.is_ok_and(|text| text.len() < 100));
}

#[test]
fn a_file_that_needs_more_memory_than_there_is_ends_its_child() {
    let pool = ReaderPool::new(ReaderConfig { memory: 256 << 20, ..config() });
    assert_eq!(fate(&pool, "txt", &vec![b'x'; 200 << 20]), Err(&TX_DIED));
    assert_eq!(fate(&pool, "txt", b"next").unwrap(), "next");
}
