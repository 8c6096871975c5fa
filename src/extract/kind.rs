//! What a file is: by its extension, and by its first bytes where they say otherwise.

use std::io::Cursor;

use cfb::CompoundFile;
use office_oxide::DocumentFormat;

use crate::archive::Archive;
use crate::decode::decode;
use crate::{Limits, Refusal};

/// Extensions that can be read, lower case, without the dot.
pub const EXTENSIONS: &[&str] = &[
    "txt", "py", "rst", "html", "markdown", "json", "xml", "csv", "md", "ppt", "rtf", "docx", "odt", "xls", "xlsx", "rb", "paper", "sh",
    "pptx", "pdf", "doc", "aspx", "xlsb", "xlsm", "tsv", "svg", "msg", "potx", "vsd", "vsdx", "vsdm",
];

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    Json,
    Html,
    Xml,
    Rtf,
    Pdf,
    /// Word, Excel and PowerPoint, old and new.
    Office(DocumentFormat),
    OpenDocument,
    Visio,
    OldVisio,
    Message,
}

/// A document of a paper service: text or a page, depending on how it was exported.
const PAPER: &str = "paper";
/// Bytes at the start that a guess is made from.
const HEAD: usize = 1024;

impl Kind {
    /// What a name promises; `None` for an extension that is not in [`EXTENSIONS`].
    pub(crate) fn of_extension(extension: &str) -> Option<Claim> {
        let extension = extension.to_ascii_lowercase();
        let kind = match extension.as_str() {
            "txt" | "py" | "rst" | "markdown" | "csv" | "md" | "rb" | "sh" | "tsv" | PAPER => Self::Plain,
            "json" => Self::Json,
            "html" | "aspx" => Self::Html,
            "xml" | "svg" => Self::Xml,
            "rtf" => Self::Rtf,
            "pdf" => Self::Pdf,
            "docx" => Self::Office(DocumentFormat::Docx),
            "xlsx" | "xlsm" | "xlsb" => Self::Office(DocumentFormat::Xlsx),
            "pptx" | "potx" => Self::Office(DocumentFormat::Pptx),
            "doc" => Self::Office(DocumentFormat::Doc),
            "xls" => Self::Office(DocumentFormat::Xls),
            "ppt" => Self::Office(DocumentFormat::Ppt),
            "odt" => Self::OpenDocument,
            "vsdx" | "vsdm" => Self::Visio,
            "vsd" => Self::OldVisio,
            "msg" => Self::Message,
            _ => return None,
        };
        Some(Claim { kind, may_be_page: extension == PAPER })
    }

    /// What the bytes are, given what the name promises.
    ///
    /// # Errors
    /// [`Refusal`] if the bytes are nothing that can be read, or say themselves that they cannot.
    pub(crate) fn of_content(claim: Claim, bytes: &[u8]) -> Result<Self, Refusal> {
        let Claim { kind: claimed, may_be_page } = claim;
        if bytes.is_empty() {
            return if claimed.is_text() { Ok(claimed) } else { Err(Refusal::Damaged("it is empty")) };
        }
        if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
            return of_archive(claimed, bytes);
        }
        if bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
            return of_compound(claimed, bytes);
        }
        let head = bytes.get(..HEAD).unwrap_or(bytes);
        // Mail gateways put lines before the header of a PDF, and its readers do not mind.
        if bytes.starts_with(b"%PDF-") || (claimed == Self::Pdf && contains(head, b"%PDF-")) {
            return Ok(Self::Pdf);
        }
        if bytes.starts_with(b"{\\rtf") {
            return Ok(Self::Rtf);
        }
        match claimed {
            _ if claimed.is_text() && !may_be_page => Ok(claimed),
            Self::Office(format) if is_bare_record(format, bytes) => Ok(claimed),
            _ => of_text(claimed, head).ok_or(Refusal::NotThisFormat),
        }
    }

    fn is_text(self) -> bool {
        matches!(self, Self::Plain | Self::Json | Self::Html | Self::Xml)
    }
}

/// What the name of a file promises.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    kind: Kind,
    may_be_page: bool,
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// Excel before version 5 and Word before version 6 wrote their records without a container.
fn is_bare_record(format: DocumentFormat, bytes: &[u8]) -> bool {
    match format {
        DocumentFormat::Xls => matches!(bytes, [0x09, 0x00 | 0x02 | 0x04 | 0x08, ..]),
        DocumentFormat::Doc => bytes.starts_with(b"\xdb\xa5") || bytes.starts_with(b"\xec\xa5"),
        _ => false,
    }
}

/// Markup and text that were promised to be something else: programs name pages `.xls` so that a spreadsheet opens them.
fn of_text(claimed: Kind, head: &[u8]) -> Option<Kind> {
    let text = decode(head, None).to_ascii_lowercase();
    let start = text.trim_start_matches(|character: char| character.is_whitespace() || character == '\u{feff}');
    if start.starts_with("<?xml") {
        return Some(if start.contains("<html") { Kind::Html } else { Kind::Xml });
    }
    if ["<!doctype html", "<html", "<head", "<body", "<meta", "<table"].iter().any(|tag| start.starts_with(tag)) {
        return Some(Kind::Html);
    }
    let may_be_text = matches!(claimed, Kind::Plain | Kind::Office(DocumentFormat::Doc | DocumentFormat::Xls));
    let is_text = |character: char| !character.is_control() || character.is_whitespace();
    // A character that was cut in two by the end of the sample is not held against it.
    let whole = text.trim_end_matches('\u{fffd}');
    (claimed == Kind::Plain || (may_be_text && whole.chars().all(is_text) && !whole.contains('\u{fffd}'))).then_some(Kind::Plain)
}

/// What an archive is, by the folders in it.
fn of_archive(claimed: Kind, bytes: &[u8]) -> Result<Kind, Refusal> {
    let unlimited = Limits { max_entries: usize::MAX, ..Limits::default() };
    let names = match Archive::open(bytes, &unlimited) {
        Ok(archive) => archive.names(),
        // Its own reader may know how to go on without a directory.
        Err(_) if matches!(claimed, Kind::Office(DocumentFormat::Docx | DocumentFormat::Xlsx | DocumentFormat::Pptx)) => {
            return Ok(claimed);
        }
        Err(refusal) => return Err(refusal),
    };
    let within = |folder: &str| names.iter().any(|name| name.starts_with(folder));
    let has = |name: &str| names.iter().any(|other| other == name);
    match () {
        () if within("word/") => Ok(Kind::Office(DocumentFormat::Docx)),
        () if within("xl/") => Ok(Kind::Office(DocumentFormat::Xlsx)),
        () if within("ppt/") => Ok(Kind::Office(DocumentFormat::Pptx)),
        () if within("visio/") => Ok(Kind::Visio),
        () if has("content.xml") => Ok(Kind::OpenDocument),
        // Other programs choose other names for the folders; the relationships lead to them.
        () if has("[Content_Types].xml") && matches!(claimed, Kind::Office(_)) => Ok(claimed),
        () => Err(Refusal::NotThisFormat),
    }
}

/// What a compound file is, by the streams in it.
fn of_compound(claimed: Kind, bytes: &[u8]) -> Result<Kind, Refusal> {
    let old_office = matches!(claimed, Kind::Office(DocumentFormat::Doc | DocumentFormat::Xls | DocumentFormat::Ppt));
    let Ok(file) = CompoundFile::open(Cursor::new(bytes)) else {
        // The reader of the office formats forgives more.
        return if old_office { Ok(claimed) } else { Err(Refusal::Damaged("its container")) };
    };
    let known = [
        ("WordDocument", Kind::Office(DocumentFormat::Doc)),
        ("Workbook", Kind::Office(DocumentFormat::Xls)),
        ("Book", Kind::Office(DocumentFormat::Xls)),
        ("PowerPoint Document", Kind::Office(DocumentFormat::Ppt)),
        ("VisioDocument", Kind::OldVisio),
        ("__properties_version1.0", Kind::Message),
    ];
    if file.is_stream("EncryptedPackage") {
        return Err(Refusal::Encrypted);
    }
    let found = known.into_iter().find(|(stream, _)| file.is_stream(stream)).map(|(_, kind)| kind);
    found.or(old_office.then_some(claimed)).ok_or(Refusal::NotThisFormat)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(extension: &str, bytes: &[u8]) -> Result<Kind, Refusal> {
        Kind::of_content(Kind::of_extension(extension).unwrap(), bytes)
    }

    #[test]
    fn every_extension_of_the_catalog_has_a_reader() {
        assert_eq!(EXTENSIONS, domain::catalog::EXTENSIONS);
        for extension in EXTENSIONS {
            assert!(Kind::of_extension(extension).is_some(), "{extension}");
            assert!(Kind::of_extension(&extension.to_uppercase()).is_some(), "{extension}");
        }
        assert!(Kind::of_extension("exe").is_none());
    }

    #[test]
    fn pages_and_text_named_as_spreadsheets_are_read_as_what_they_are() {
        assert_eq!(content("xls", b" <html><table>"), Ok(Kind::Html));
        assert_eq!(content("xls", b"a\tb\n1\t2\n"), Ok(Kind::Plain));
        assert_eq!(content("doc", b"<?xml version='1.0'?><w:wordDocument>"), Ok(Kind::Xml));
        assert_eq!(content("paper", b"<!DOCTYPE html><p>"), Ok(Kind::Html));
        assert_eq!(content("paper", b"# heading"), Ok(Kind::Plain));
    }

    #[test]
    fn source_code_about_markup_stays_source_code() {
        for extension in ["txt", "py", "md", "json"] {
            let kind = if extension == "json" { Kind::Json } else { Kind::Plain };
            assert_eq!(content(extension, b"<html><body>"), Ok(kind), "{extension}");
        }
    }

    #[test]
    fn bytes_of_no_kind_are_refused_where_a_kind_was_promised() {
        for extension in ["pdf", "docx", "odt", "msg", "vsd", "vsdx", "rtf", "ppt", "xlsb"] {
            assert_eq!(content(extension, b"\x00\x01\x02 nothing"), Err(Refusal::NotThisFormat), "{extension}");
            assert_eq!(content(extension, b""), Err(Refusal::Damaged("it is empty")), "{extension}");
        }
    }
}
