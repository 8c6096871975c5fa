//! A PDF of one page whose font says which character each code is.

use std::fmt::Write;

/// One page with the words on one line; as on paper, letters of scripts that run to the left begin at the right.
pub(crate) fn pdf(words: &str) -> Vec<u8> {
    let runs_left = words.chars().any(|character| ('\u{590}'..'\u{800}').contains(&character));
    let words: String = if runs_left { words.chars().rev().collect() } else { words.to_owned() };
    let codes: String = (1..=words.chars().count()).map(|code| format!("{code:04x}")).collect();
    let mut map = String::from(
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /M def /CMapType 2 def\n\
         1 begincodespacerange <0000> <ffff> endcodespacerange\n",
    );
    let _ = writeln!(map, "{} beginbfchar", words.chars().count());
    for (index, character) in words.chars().enumerate() {
        let units: String = character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("{unit:04x}")).collect();
        let _ = writeln!(map, "<{:04x}> <{units}>", index + 1);
    }
    map.push_str("endbfchar endcmap CMapName currentdict /CMap defineresource pop end end");
    let page = format!("BT /F1 12 Tf 50 700 Td <{codes}> Tj ET");
    pdf_of(&[
        "<< /Type /Catalog /Pages 2 0 R >>".into(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".into(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 2000 800] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".into(),
        stream(&page),
        "<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [6 0 R] /ToUnicode 7 0 R >>".into(),
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /X /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> \
         /DW 600 >>"
            .into(),
        stream(&map),
    ])
}

fn stream(content: &str) -> String {
    format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len())
}

/// A file of these objects, numbered from 1; the first is the catalog.
pub(crate) fn pdf_of(objects: &[String]) -> Vec<u8> {
    let mut out = String::from("%PDF-1.7\n");
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(out.len());
        let _ = write!(out, "{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    let start = out.len();
    let _ = write!(out, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for offset in offsets {
        let _ = writeln!(out, "{offset:010} 00000 n ");
    }
    let _ = write!(out, "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1);
    out.into()
}
