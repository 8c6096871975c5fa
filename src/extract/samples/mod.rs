//! Small files of every kind, made by hand, with words of one's choice in them.

mod compound;
mod pdf;
mod zipped;

pub(crate) use compound::compound;
pub(crate) use pdf::{pdf, pdf_of};
pub(crate) use zipped::{docx, docx_of, odt, odt_of, vsdx, xlsx, xlsx_of, zip};

/// Words in scripts that need different care: Latin with accents, Cyrillic, ideographs, right to left, outside the basic plane.
pub(crate) const WORDS: [&str; 5] = ["Grüße", "привет", "日本語", "مرحبا", "𝄞clef"];

/// A file with the extension that says `words` once, in one place.
pub(crate) fn sample(extension: &str, words: &str) -> Vec<u8> {
    match extension {
        "html" => format!("<!doctype html><title>T</title><script>no</script><p>{words}</p>").into(),
        "aspx" => format!("<%@ Page Language=\"C#\" %>\n<form runat=server><p>{words}</p></form>").into(),
        "xml" => format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><note><to>{words}</to></note>").into(),
        "svg" => format!("<svg xmlns=\"http://www.w3.org/2000/svg\"><style>.a{{}}</style><text>{words}</text></svg>").into(),
        "json" => format!("{{\"key\": \"{words}\"}}").into(),
        "rtf" => rtf(words),
        "pdf" => pdf(words),
        "docx" => docx(words),
        "xlsx" | "xlsm" => xlsx(words),
        "xlsb" => zipped::xlsb(words),
        "pptx" => zipped::pptx(words, "presentation.main"),
        "potx" => zipped::pptx(words, "template.main"),
        "odt" => odt(&format!("<text:p>{words}</text:p>")),
        "vsdx" | "vsdm" => vsdx(words),
        "doc" => compound::doc(words),
        "xls" => compound::xls(words),
        "ppt" => compound::ppt(words),
        "msg" => compound::msg(words),
        "vsd" => compound::vsd(words),
        _ => words.into(),
    }
}

fn rtf(words: &str) -> Vec<u8> {
    let escaped: String = words.encode_utf16().map(|unit| format!("\\u{}?", unit.cast_signed())).collect();
    format!("{{\\rtf1\\ansi{{\\fonttbl{{\\f0 Arial;}}}}\\pard {escaped}\\par}}").into()
}
