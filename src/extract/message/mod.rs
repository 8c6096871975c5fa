//! Text of Outlook messages: a compound file with one stream for each property.

mod rich;

use std::io::{Cursor, Read};

use cfb::CompoundFile;

use crate::body::Body;
use crate::decode::{decode, decode_page, decode_wide};
use crate::{Limits, Refusal, markup, rtf};

/// Properties that stand before the text, in the order in which they are shown (MS-OXPROPS): subject, sender's name and address,
/// receivers, copies.
const HEADERS: [&str; 5] = ["0037", "0C1A", "5D01", "0E04", "0E03"];
const TEXT: &str = "1000";
const PAGE: &str = "1013";
const RICH: &str = "1009";
/// Long and short name of an attachment.
const NAMES: [&str; 2] = ["3707", "3704"];
/// Where a message that is attached is kept.
const EMBEDDED: &str = "__substg1.0_3701000D";

/// Reads the headers, the text (plain if there is such, else the page, else the rich text), the names of the attachments, and the
/// messages that are attached.
///
/// # Errors
/// [`Refusal`] if the container is broken or has too many entries.
pub(crate) fn read(bytes: &[u8], limits: &Limits, body: &mut Body) -> Result<(), Refusal> {
    let file = CompoundFile::open(Cursor::new(bytes)).map_err(|_| Refusal::Damaged("its container"))?;
    if file.walk().take(limits.max_entries + 1).count() > limits.max_entries {
        return Err(Refusal::TooLarge);
    }
    let mut mail = Mail { file, room: limits.max_unpacked, limits };
    mail.read(String::new(), 0, body)
}

struct Mail<'a> {
    file: CompoundFile<Cursor<&'a [u8]>>,
    /// Bytes that may still be read: chains of sectors may be shared.
    room: usize,
    limits: &'a Limits,
}

impl Mail<'_> {
    /// Reads the message in the storage at `path`, which is empty or ends with a slash.
    fn read(&mut self, path: String, depth: usize, body: &mut Body) -> Result<(), Refusal> {
        let page = self.code_page(&path, depth)?;
        for property in HEADERS {
            if let Some(text) = self.string(&path, property, page)? {
                body.line();
                body.push(&text);
            }
        }
        body.paragraph();
        self.read_text(&path, page, body)?;
        body.paragraph();
        for attachment in self.attachments(&path) {
            if body.is_full() {
                break;
            }
            self.read_attachment(&attachment, page, depth, body)?;
        }
        Ok(())
    }

    fn read_text(&mut self, path: &str, page: u32, body: &mut Body) -> Result<(), Refusal> {
        if let Some(text) = self.string(path, TEXT, page)?.filter(|text| !text.trim().is_empty()) {
            body.push(&text);
        } else if let Some(bytes) = self.stream(path, PAGE, "0102")? {
            markup::read(&bytes, body);
        } else if let Some(text) = self.string(path, PAGE, page)? {
            markup::read_text(&text, body);
        } else if let Some(bytes) = self.stream(path, RICH, "0102")?
            && let Some(rich) = rich::unpack(&bytes, self.limits.max_unpacked)
        {
            rtf::read(&rich, self.limits, body);
        }
        Ok(())
    }

    fn read_attachment(&mut self, path: &str, page: u32, depth: usize, body: &mut Body) -> Result<(), Refusal> {
        for property in NAMES {
            if let Some(name) = self.string(path, property, page)? {
                body.line();
                body.push(&name);
                break;
            }
        }
        let inner = format!("{path}{EMBEDDED}");
        if depth < self.limits.max_depth && self.file.is_storage(&inner) {
            body.paragraph();
            self.read(format!("{inner}/"), depth + 1, body)?;
        }
        Ok(())
    }

    /// Storages of the attachments, by number.
    fn attachments(&self, path: &str) -> Vec<String> {
        let Ok(entries) = self.file.read_storage(format!("/{path}")) else { return Vec::new() };
        let mut found: Vec<String> =
            entries.filter(|entry| entry.name().starts_with("__attach")).map(|entry| format!("{path}{}/", entry.name())).collect();
        found.sort_unstable();
        found
    }

    /// A string property, wide or in a code page.
    fn string(&mut self, path: &str, property: &str, page: u32) -> Result<Option<String>, Refusal> {
        if let Some(bytes) = self.stream(path, property, "001F")? {
            return Ok(Some(decode_wide(&bytes).into_owned()));
        }
        let narrow = self.stream(path, property, "001E")?;
        Ok(narrow.map(|bytes| if page == 0 { decode(&bytes, None) } else { decode_page(&bytes, page) }.into_owned()))
    }

    fn stream(&mut self, path: &str, property: &str, kind: &str) -> Result<Option<Vec<u8>>, Refusal> {
        self.bytes(&format!("{path}__substg1.0_{property}{kind}"))
    }

    fn bytes(&mut self, path: &str) -> Result<Option<Vec<u8>>, Refusal> {
        if !self.file.is_stream(path) {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        let Ok(stream) = self.file.open_stream(path) else { return Ok(None) };
        // A chain of sectors that breaks off gives what it has.
        let _ = stream.take(self.room as u64 + 1).read_to_end(&mut bytes);
        self.room = self.room.checked_sub(bytes.len()).ok_or(Refusal::TooLarge)?;
        Ok(Some(bytes))
    }

    /// Code page of the narrow strings (`PidTagMessageCodepage`, else `PidTagInternetCodepage`); 0 if none is told.
    fn code_page(&mut self, path: &str, depth: usize) -> Result<u32, Refusal> {
        let properties = self.bytes(&format!("{path}__properties_version1.0"))?.unwrap_or_default();
        // The header is shorter in a message that is attached (MS-OXMSG 2.4).
        let records = properties.get(if depth == 0 { 32 } else { 24 }..).unwrap_or_default();
        let find = |tag: u32| {
            records.chunks_exact(16).find(|record| record.starts_with(&tag.to_le_bytes())).and_then(|record| {
                let value = record.get(8..12)?;
                Some(u32::from_le_bytes(value.try_into().ok()?))
            })
        };
        Ok(find(0x3ffd_0003).or_else(|| find(0x3fde_0003)).unwrap_or(0))
    }
}
