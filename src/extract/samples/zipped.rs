//! Archives of parts: new office files, OpenDocument, Visio.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>";
const RELATIONS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const TYPES: &str = "application/vnd.openxmlformats-officedocument";

/// An archive of the parts, deflated.
pub(crate) fn zip(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in parts {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn content_types(overrides: &[(&str, &str)]) -> String {
    let overrides: String =
        overrides.iter().map(|(part, kind)| format!("<Override PartName=\"/{part}\" ContentType=\"{kind}\"/>")).collect();
    format!(
        "{XML}<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Default Extension=\"xml\" ContentType=\"application/xml\"/>{overrides}</Types>"
    )
}

fn relations(targets: &[(&str, &str)]) -> String {
    let each: String = targets
        .iter()
        .enumerate()
        .map(|(index, (kind, target))| format!("<Relationship Id=\"rId{}\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/>", index + 1))
        .collect();
    format!("{XML}<Relationships xmlns=\"{RELATIONS}\">{each}</Relationships>")
}

/// A Word document of one paragraph.
pub(crate) fn docx(words: &str) -> Vec<u8> {
    docx_of(&format!("{XML}<w:document {}><w:body><w:p><w:r><w:t>{words}</w:t></w:r></w:p></w:body></w:document>", word_namespace()))
}

fn word_namespace() -> String {
    "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"".into()
}

/// A Word document with this main part.
pub(crate) fn docx_of(document: &str) -> Vec<u8> {
    let types = content_types(&[("word/document.xml", &format!("{TYPES}.wordprocessingml.document.main+xml"))]);
    zip(&[
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", relations(&[("officeDocument", "word/document.xml")]).as_bytes()),
        ("word/document.xml", document.as_bytes()),
    ])
}

/// A workbook with the words in one cell.
pub(crate) fn xlsx(words: &str) -> Vec<u8> {
    let cell = format!("<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>{words}</t></is></c></row>");
    xlsx_of("A1", &cell)
}

/// A workbook whose only sheet claims `dimension` and has `rows`.
pub(crate) fn xlsx_of(dimension: &str, rows: &str) -> Vec<u8> {
    let namespace = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"";
    let types = content_types(&[
        ("xl/workbook.xml", &format!("{TYPES}.spreadsheetml.sheet.main+xml")),
        ("xl/worksheets/sheet1.xml", &format!("{TYPES}.spreadsheetml.worksheet+xml")),
    ]);
    let workbook = format!(
        "{XML}<workbook {namespace} xmlns:r=\"{OFFICE}\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
    );
    let sheet = format!("{XML}<worksheet {namespace}><dimension ref=\"{dimension}\"/><sheetData>{rows}</sheetData></worksheet>");
    zip(&[
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", relations(&[("officeDocument", "xl/workbook.xml")]).as_bytes()),
        ("xl/workbook.xml", workbook.as_bytes()),
        ("xl/_rels/workbook.xml.rels", relations(&[("worksheet", "worksheets/sheet1.xml")]).as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}

/// A record of a binary workbook: number and length in groups of seven bits.
fn record(id: u32, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for mut number in [id, u32::try_from(data.len()).unwrap()] {
        loop {
            let low = u8::try_from(number & 0x7f).unwrap();
            number >>= 7;
            out.push(if number > 0 { low | 0x80 } else { low });
            if number == 0 {
                break;
            }
        }
    }
    [out, data.to_vec()].concat()
}

fn wide(text: &str) -> Vec<u8> {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    [u32::try_from(units.len() / 2).unwrap().to_le_bytes().to_vec(), units].concat()
}

/// A binary workbook (MS-XLSB) with the words in one cell.
pub(crate) fn xlsb(words: &str) -> Vec<u8> {
    let bundle = [vec![0; 4], vec![1, 0, 0, 0], wide("rId1"), wide("S")].concat();
    let workbook = [record(131, &[]), record(143, &[]), record(156, &bundle), record(144, &[]), record(132, &[])].concat();
    let cell = [vec![0; 8], wide(words)].concat();
    let sheet = [record(129, &[]), record(145, &[]), record(0, &[0; 17]), record(6, &cell), record(146, &[]), record(130, &[])].concat();
    let types = content_types(&[
        ("xl/workbook.bin", "application/vnd.ms-excel.sheet.binary.macroEnabled.main"),
        ("xl/worksheets/sheet1.bin", "application/vnd.ms-excel.worksheet"),
    ]);
    zip(&[
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", relations(&[("officeDocument", "xl/workbook.bin")]).as_bytes()),
        ("xl/workbook.bin", &workbook),
        ("xl/_rels/workbook.bin.rels", relations(&[("worksheet", "worksheets/sheet1.bin")]).as_bytes()),
        ("xl/worksheets/sheet1.bin", &sheet),
    ])
}

/// A presentation, or a template of one, with the words on one slide.
pub(crate) fn pptx(words: &str, kind: &str) -> Vec<u8> {
    let types = content_types(&[
        ("ppt/presentation.xml", &format!("{TYPES}.presentationml.{kind}+xml")),
        ("ppt/slides/slide1.xml", &format!("{TYPES}.presentationml.slide+xml")),
    ]);
    let namespaces = format!(
        "xmlns:p=\"http://schemas.openxmlformats.org/presentationml/2006/main\" \
         xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" xmlns:r=\"{OFFICE}\""
    );
    let presentation =
        format!("{XML}<p:presentation {namespaces}><p:sldIdLst><p:sldId id=\"256\" r:id=\"rId1\"/></p:sldIdLst></p:presentation>");
    let slide = format!(
        "{XML}<p:sld {namespaces}><p:cSld><p:spTree><p:nvGrpSpPr><p:cNvPr id=\"1\" name=\"\"/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr>\
         <p:grpSpPr/><p:sp><p:nvSpPr><p:cNvPr id=\"2\" name=\"t\"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/>\
         <p:txBody><a:bodyPr/><a:p><a:r><a:t>{words}</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>"
    );
    zip(&[
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", relations(&[("officeDocument", "ppt/presentation.xml")]).as_bytes()),
        ("ppt/presentation.xml", presentation.as_bytes()),
        ("ppt/_rels/presentation.xml.rels", relations(&[("slide", "slides/slide1.xml")]).as_bytes()),
        ("ppt/slides/slide1.xml", slide.as_bytes()),
    ])
}

/// A text document with this body.
pub(crate) fn odt(paragraphs: &str) -> Vec<u8> {
    odt_of("", paragraphs)
}

/// A text document whose content has this document type declaration before it.
pub(crate) fn odt_of(declaration: &str, paragraphs: &str) -> Vec<u8> {
    let content = format!(
        "<?xml version=\"1.0\"?>{declaration}<office:document-content xmlns:office=\"o\" xmlns:text=\"t\"><office:body><office:text>\
         {paragraphs}</office:text></office:body></office:document-content>"
    );
    let styles = "<s xmlns:text=\"t\"><style:header><text:p>head of page</text:p></style:header></s>";
    zip(&[
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        ("META-INF/manifest.xml", b"<manifest/>"),
        ("content.xml", content.as_bytes()),
        ("styles.xml", styles.as_bytes()),
    ])
}

/// A drawing of two pages; the words are in a shape of the first.
pub(crate) fn vsdx(words: &str) -> Vec<u8> {
    let page = |text: &str| {
        format!(
            "<PageContents><Shapes><Shape ID=\"1\"><Cell N=\"X\" V=\"1\"/><Text><cp IX=\"0\"/>{text}\n</Text></Shape></Shapes></PageContents>"
        )
    };
    zip(&[
        ("[Content_Types].xml", content_types(&[]).as_bytes()),
        ("visio/document.xml", b"<VisioDocument/>"),
        ("visio/pages/pages.xml", b"<Pages><Page ID=\"0\" Name=\"Front &amp; back\"/></Pages>"),
        ("visio/pages/page10.xml", page("last").as_bytes()),
        ("visio/pages/page2.xml", page(words).as_bytes()),
    ])
}
