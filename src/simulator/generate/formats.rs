//! Writes a page of text in the formats that people attach to records.

use serde_json::json;

/// A file of this type with a title and some lines. Unknown extensions get bytes that are no text.
pub(super) fn write(extension: &str, title: &str, lines: &[String]) -> Vec<u8> {
    match extension {
        "txt" => format!("{title}\n\n{}\n", lines.join("\n")).into_bytes(),
        "md" => format!("# {title}\n\n{}\n", lines.iter().map(|line| format!("- {line}\n")).collect::<String>()).into_bytes(),
        "html" => html(title, lines).into_bytes(),
        "csv" => csv(lines).into_bytes(),
        "json" => json!({ "title": title, "lines": lines }).to_string().into_bytes(),
        "xml" => xml(title, lines).into_bytes(),
        "pdf" => pdf(title, lines),
        "docx" => docx(title, lines),
        _ => (0..2048_u32).map(|at| u8::try_from(at * 31 % 251).unwrap_or(0)).collect(),
    }
}

fn html(title: &str, lines: &[String]) -> String {
    let paragraphs: String = lines.iter().map(|line| format!("<p>{}</p>\n", escape(line))).collect();
    let title = escape(title);
    format!(
        "<!DOCTYPE html>\n<html><head><title>{title}</title><style>p {{ margin: 1em }}</style></head><body>\n<h1>{title}</h1>\n{paragraphs}</body></html>\n"
    )
}

fn csv(lines: &[String]) -> String {
    let rows = lines.iter().enumerate().map(|(at, line)| format!("{},\"{}\"\n", at + 1, line.replace('"', "\"\"")));
    format!("number,text\n{}", rows.collect::<String>())
}

fn xml(title: &str, lines: &[String]) -> String {
    let items: String = lines.iter().map(|line| format!("  <line>{}</line>\n", escape(line))).collect();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<note title=\"{}\">\n{items}</note>\n", escape(title))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A PDF of one page with the standard font. Letters beyond ASCII become question marks, since that font lacks most of them.
fn pdf(title: &str, lines: &[String]) -> Vec<u8> {
    let mut page = String::from("BT /F1 12 Tf 50 780 Td 16 TL\n");
    for line in std::iter::once(title).chain(lines.iter().flat_map(|line| line.lines())) {
        let plain: String = line.chars().map(|letter| if letter.is_ascii_graphic() || letter == ' ' { letter } else { '?' }).collect();
        let escaped = plain.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)");
        page.push_str(&format!("({escaped}) Tj T*\n"));
    }
    page.push_str("ET\n");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 4 0 R >> >> /Contents 5 0 R >>".to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{page}endstream", page.len()),
    ];
    let mut file = String::from("%PDF-1.4\n");
    let mut table = String::from("0000000000 65535 f \n");
    for (at, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", at + 1));
    }
    let start = file.len();
    file.push_str(&format!("xref\n0 6\n{table}trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"));
    file.into_bytes()
}

/// A Word document of plain paragraphs.
fn docx(title: &str, lines: &[String]) -> Vec<u8> {
    let paragraph = |text: &str| format!("<w:p><w:r><w:t xml:space=\"preserve\">{}</w:t></w:r></w:p>", escape(text));
    let body: String = std::iter::once(title).chain(lines.iter().flat_map(|line| line.lines())).map(paragraph).collect();
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
    let document = format!(
        "{head}<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>{body}</w:body></w:document>"
    );
    let types = format!(
        "{head}<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Override PartName=\"/word/document.xml\" \
         ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>"
    );
    let relationships = format!(
        "{head}<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" \
         Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"word/document.xml\"/></Relationships>"
    );
    zip(&[("[Content_Types].xml", types.as_bytes()), ("_rels/.rels", relationships.as_bytes()), ("word/document.xml", document.as_bytes())])
}

/// A ZIP archive of uncompressed files (APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16), dated 1 January 1980.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let offset = length(archive.len());
        // Version 2.0, no flags, stored, midnight, 1 January 1980; then checksum, both sizes, length of the name, no extra field.
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        common.extend_from_slice(&crc32(bytes).to_le_bytes());
        common.extend_from_slice(&length(bytes.len()));
        common.extend_from_slice(&length(bytes.len()));
        common.extend_from_slice(&length(name.len())[..2]);
        common.extend_from_slice(&[0, 0]);
        archive.extend_from_slice(b"PK\x03\x04");
        archive.extend_from_slice(&common);
        archive.extend_from_slice(name.as_bytes());
        archive.extend_from_slice(bytes);
        directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        directory.extend_from_slice(&common);
        // No comment, first disk, no attributes.
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&offset);
        directory.extend_from_slice(name.as_bytes());
    }
    let (start, size, count) = (length(archive.len()), length(directory.len()), length(files.len()));
    archive.extend_from_slice(&directory);
    archive.extend_from_slice(b"PK\x05\x06\x00\x00\x00\x00");
    archive.extend_from_slice(&count[..2]);
    archive.extend_from_slice(&count[..2]);
    archive.extend_from_slice(&size);
    archive.extend_from_slice(&start);
    archive.extend_from_slice(&[0, 0]);
    archive
}

fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes()
}

/// CRC-32 as ZIP uses it (polynomial 0xEDB88320, reflected).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_zip() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn the_table_of_a_pdf_points_to_its_objects() {
        let file = pdf("Title (draft)", &["a \\ b".to_owned(), "two\nlines".to_owned()]);
        let text = String::from_utf8(file).unwrap();
        let start: usize = text.lines().rev().nth(1).unwrap().parse().unwrap();
        assert!(text[start..].starts_with("xref\n"));
        for (at, entry) in text[start..].lines().skip(3).take(5).enumerate() {
            let offset: usize = entry[..10].parse().unwrap();
            assert!(text[offset..].starts_with(&format!("{} 0 obj", at + 1)));
        }
        assert!(text.contains(r"(Title \(draft\)) Tj"));
    }

    #[test]
    fn markup_in_lines_is_escaped() {
        let lines = ["<script> & \"x\"".to_owned()];
        assert!(String::from_utf8(write("html", "t", &lines)).unwrap().contains("<p>&lt;script&gt; &amp; &quot;x&quot;</p>"));
        assert_eq!(String::from_utf8(write("csv", "t", &lines)).unwrap(), "number,text\n1,\"<script> & \"\"x\"\"\"\n");
    }
}
