//! Compound files: old office files, mail, old drawings.

use std::io::{Cursor, Write};

use cfb::CompoundFile;

/// A compound file of the streams; the storages on the way to them are made.
pub(crate) fn compound(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    for (path, bytes) in streams {
        if let Some((storage, _)) = path.rsplit_once('/') {
            file.create_storage_all(storage).unwrap();
        }
        file.create_stream(path).unwrap().write_all(bytes).unwrap();
    }
    file.flush().unwrap();
    file.into_inner().into_inner()
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn size(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap()
}

/// A Word 97 document (MS-DOC): header, one piece of wide characters, and the table that says where it is.
pub(crate) fn doc(words: &str) -> Vec<u8> {
    const TEXT_AT: u32 = 0x400;
    let text = wide(&format!("{words}\r"));
    let characters = size(&text) / 2;
    let mut header = vec![0; TEXT_AT as usize];
    let mut set = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    set(0, &0xa5ec_u16.to_le_bytes());
    set(2, &0x00c1_u16.to_le_bytes());
    set(0x0a, &0x0200_u16.to_le_bytes()); // the table is in `1Table`
    set(0x18, &TEXT_AT.to_le_bytes());
    set(0x1c, &(TEXT_AT + size(&text)).to_le_bytes());
    set(0x20, &0x000e_u16.to_le_bytes());
    set(0x3e, &0x0016_u16.to_le_bytes());
    set(0x40, &(TEXT_AT + size(&text)).to_le_bytes());
    set(0x4c, &characters.to_le_bytes());
    set(0x98, &0x005d_u16.to_le_bytes());
    let piece = [0, 0].iter().chain(&TEXT_AT.to_le_bytes()).chain(&[0, 0]).copied().collect::<Vec<u8>>();
    let pieces = [&0_u32.to_le_bytes()[..], &characters.to_le_bytes(), &piece].concat();
    let table = [&[2][..], &size(&pieces).to_le_bytes(), &pieces].concat();
    set(0x1a2, &0_u32.to_le_bytes());
    set(0x1a6, &size(&table).to_le_bytes());
    compound(&[("WordDocument", &[header, text].concat()), ("1Table", &table)])
}

fn record(id: u16, data: &[u8]) -> Vec<u8> {
    [&id.to_le_bytes()[..], &u16::try_from(data.len()).unwrap().to_le_bytes(), data].concat()
}

/// An Excel 97 workbook (MS-XLS) with the words in one cell.
pub(crate) fn xls(words: &str) -> Vec<u8> {
    let begin = |kind: u8| record(0x0809, &[0, 6, kind, 0, 0xbb, 0x0d, 0xcc, 7, 0, 0, 0, 0, 6, 0, 0, 0]);
    let end = record(0x000a, &[]);
    let text = wide(words);
    let strings = [&[1, 0, 0, 0, 1, 0, 0, 0][..], &u16::try_from(text.len() / 2).unwrap().to_le_bytes(), &[1], &text].concat();
    let sheet_record = |at: u32| record(0x0085, &[&at.to_le_bytes()[..], &[0, 0, 1, 0, b'S']].concat());
    let globals = |at: u32| [begin(5), record(0x0042, &[0xb0, 4]), sheet_record(at), record(0x00fc, &strings), end.clone()].concat();
    let sheet = [begin(0x10), record(0x00fd, &[0; 10]), end.clone()].concat();
    let at = size(&globals(0));
    compound(&[("Workbook", &[globals(at), sheet].concat())])
}

/// A record of a presentation; containers have version 15.
fn atom(version: u16, kind: u16, data: &[u8]) -> Vec<u8> {
    [&version.to_le_bytes()[..], &kind.to_le_bytes(), &size(data).to_le_bytes(), data].concat()
}

/// A PowerPoint 97 presentation (MS-PPT) with the words in the outline of one slide.
pub(crate) fn ppt(words: &str) -> Vec<u8> {
    let slide_reference = [2_u32, 0, 1, 256, 0].map(u32::to_le_bytes).concat();
    let outline = [atom(0, 0x03f3, &slide_reference), atom(0, 0x0f9f, &[0; 4]), atom(0, 0x0fa0, &wide(words))].concat();
    let document = atom(15, 0x03e8, &[atom(1, 0x03e9, &[0; 40]), atom(15, 0x0ff0, &outline)].concat());
    let slide = atom(15, 0x03ee, &atom(2, 0x03ef, &[0; 24]));
    let (slide_at, directory_at) = (size(&document), size(&document) + size(&slide));
    let directory = atom(0, 0x1772, &[1 | 2 << 20, 0, slide_at].map(u32::to_le_bytes).concat());
    let edit_at = directory_at + size(&directory);
    let edit = atom(0, 0x0ff5, &[256, 0x0300_0000, 0, directory_at, 1, 3, 1].map(u32::to_le_bytes).concat());
    let user = atom(0, 0x0ff6, &[&[0x14, 0xe391_c05f, edit_at, 0x03f4_0000, 3, 8].map(u32::to_le_bytes).concat()[..]].concat());
    compound(&[("PowerPoint Document", &[document, slide, directory, edit].concat()), ("Current User", &user)])
}

/// An Outlook message with the words as its text, and one attached message.
pub(crate) fn msg(words: &str) -> Vec<u8> {
    let properties = [vec![0; 32], [&0x3ffd_0003_u32.to_le_bytes()[..], &[0; 4], &1251_u32.to_le_bytes(), &[0; 4]].concat()].concat();
    compound(&[
        ("__properties_version1.0", &properties),
        ("__substg1.0_0037001F", &wide("Subject line")),
        ("__substg1.0_0C1A001E", b"\xcf\xf0\xe8"),
        ("__substg1.0_1000001F", &wide(words)),
        ("__attach_version1.0_#00000000/__substg1.0_3707001F", &wide("plan.docx")),
        ("__attach_version1.0_#00000001/__substg1.0_3701000D/__properties_version1.0", &[0; 24]),
        ("__attach_version1.0_#00000001/__substg1.0_3701000D/__substg1.0_10130102", b"<p>inner <b>page</b></p>"),
    ])
}

/// An old drawing with the words as its title; a name is in the stream that is otherwise packed.
pub(crate) fn vsd(words: &str) -> Vec<u8> {
    let title = wide(&format!("{words}\0"));
    let value = [&31_u32.to_le_bytes()[..], &(size(&title) / 2).to_le_bytes(), &title].concat();
    let set = [&(16 + size(&value)).to_le_bytes()[..], &1_u32.to_le_bytes(), &2_u32.to_le_bytes(), &16_u32.to_le_bytes(), &value].concat();
    let summary = [&[0xfe, 0xff, 0, 0][..], &[0; 20], &1_u32.to_le_bytes(), &[0; 16], &48_u32.to_le_bytes(), &set].concat();
    let drawing = [&b"Visio (TM) Drawing\r\n\0\0\0\0\0\x0b\0\xff\xfe"[..], &wide("Server room"), &[0x80, 0xff, 0x13]].concat();
    compound(&[("\u{5}SummaryInformation", &summary), ("VisioDocument", &drawing)])
}
