//! Files of several types, their versions, and links to records.

use serde_json::Value;

use super::{World, formats, record, text};
use crate::org::md5_hex;

/// Extensions in turn; `bin` is one that no text extraction supports.
const EXTENSIONS: [&str; 10] = ["txt", "md", "html", "csv", "json", "xml", "pdf", "docx", "txt", "bin"];

/// Objects that files are linked to, in turn.
const LINKED: [&str; 7] = ["Account", "Case", "Opportunity", "Contact", "Project__c", "Lead", "Campaign"];

/// Size of the one large file: above the 10 MiB that readers commonly stop at.
const LARGE: usize = 11 * 1024 * 1024;

pub(super) fn make(world: &mut World) {
    for at in 0..world.scaled(60) {
        let extension = EXTENSIONS[at % EXTENSIONS.len()];
        let large = at == 8 && world.scale >= 10;
        let title = title(world, at, large);
        let bytes = if large { large_text() } else { contents(world, at, extension, &title) };
        let document = document(world, &File { at, title: &title, extension, privacy: "N" }, bytes);
        link(world, at, &document);
    }
}

fn title(world: &World, at: usize, large: bool) -> String {
    let product = text::PRODUCTS[at % text::PRODUCTS.len()];
    match at {
        _ if large => "Complete event log".to_owned(),
        11 => "Ünïcode näme 東京 \"quoted\"".to_owned(),
        _ => {
            let kind = ["Installation guide", "Contract", "Log of the last night", "Meeting notes", "Price list", "Audit report"][at % 6];
            let account = &world.accounts[at * 7 % world.accounts.len()].name;
            format!("{kind} {product} {account}")
        }
    }
}

/// What a document is called and how it is shared.
pub(super) struct File<'a> {
    /// Number of the file; every sixth has an older version.
    pub(super) at: usize,
    pub(super) title: &'a str,
    pub(super) extension: &'a str,
    /// `SharingPrivacy`.
    pub(super) privacy: &'a str,
}

/// A document with its latest version, and maybe an older one. Gives the id of the document.
pub(super) fn document(world: &mut World, file: &File<'_>, bytes: Vec<u8>) -> String {
    let File { at, title, extension, privacy } = *file;
    let document = world.id("069");
    let versions = if at % 6 == 5 { 2 } else { 1 };
    let owner = world.any_user();
    let file_type = extension.to_uppercase();
    let size = bytes.len();
    let mut latest = String::new();
    let older = format!("Draft of {title}").into_bytes();
    for (number, bytes) in [older, bytes].into_iter().skip(2 - versions).enumerate() {
        let version = record! {
            "ContentDocumentId": document, "Title": title, "PathOnClient": format!("{title}.{extension}"), "FileType": file_type,
            "FileExtension": extension, "ContentSize": bytes.len(), "Checksum": md5_hex(&bytes), "VersionNumber": (number + 1).to_string(),
            "IsLatest": number + 1 == versions, "OwnerId": owner,
        };
        latest = add_version(world, version);
        world.file(&latest, bytes);
    }
    let described = world.maybe(2, format!("{title}, as sent to the customer"));
    let mut record = record! {
        "Id": document, "Title": title, "FileType": file_type, "FileExtension": extension, "ContentSize": size, "Description": described,
        "OwnerId": owner, "PublishStatus": "P", "SharingPrivacy": privacy, "LatestPublishedVersionId": latest, "CreatedById": owner, "LastModifiedById": owner,
    };
    let (created, modified) = world.stamps();
    for (name, value) in [
        ("CreatedDate", created),
        ("LastModifiedDate", modified.clone()),
        ("SystemModstamp", modified.clone()),
        ("ContentModifiedDate", modified),
    ] {
        record.insert(name.to_owned(), Value::from(value));
    }
    world.push("ContentDocument", record);
    document
}

/// The address of the bytes holds the id, which `add` makes up.
fn add_version(world: &mut World, mut version: super::Record) -> String {
    let next = world.numbers.get("068").copied().unwrap_or(0) + 1;
    let id = crate::ids::record_id("068", next);
    version.insert(
        "VersionDataUrl".to_owned(),
        Value::from(format!("https://brightwater.file.force.com/sfc/servlet.shepherd/version/download/{id}")),
    );
    world.add("ContentVersion", "068", version)
}

/// Links to one, two or three records, and to the first user now and then.
fn link(world: &mut World, at: usize, document: &str) {
    for turn in 0..=at % 3 {
        let ids = world.ids(LINKED[(at + turn) % LINKED.len()]);
        let target = ids[(at * 13 + turn * 5) % ids.len()].clone();
        add_link(world, document, &target, if turn == 0 { "V" } else { "I" });
    }
    if at % 7 == 2 {
        let user = world.users[at % world.users.len()].id.clone();
        add_link(world, document, &user, "C");
    }
}

pub(super) fn add_link(world: &mut World, document: &str, target: &str, share_type: &str) {
    let link = record! {
        "ContentDocumentId": document, "LinkedEntityId": target, "ShareType": share_type, "Visibility": "AllUsers", "IsDeleted": false,
    };
    world.add("ContentDocumentLink", "06A", link);
}

/// What a file says: a page of the support stories, in the form of its type.
fn contents(world: &mut World, at: usize, extension: &str, title: &str) -> Vec<u8> {
    if at == 18 {
        // Empty files exist.
        return Vec::new();
    }
    let topic = &text::TOPICS[at % text::TOPICS.len()];
    let account = world.accounts[at * 7 % world.accounts.len()].name.clone();
    let product = text::PRODUCTS[at % text::PRODUCTS.len()];
    let mut lines: Vec<String> = [topic.problem, topic.agent[0], topic.agent[1], topic.solution]
        .iter()
        .map(|line| text::fill(line, product, &account, 24))
        .collect();
    if let Some(awkward) = world.awkward(at) {
        lines.push(awkward.to_owned());
    }
    formats::write(extension, title, &lines)
}

/// Lines of a log, the same in every org of this size.
fn large_text() -> Vec<u8> {
    let mut log = Vec::with_capacity(LARGE + 100);
    let mut line = 0_u32;
    while log.len() < LARGE {
        line += 1;
        log.extend_from_slice(
            format!("{line:08} gateway reports temperature {} and battery {} percent\n", line % 40, 100 - line % 100).as_bytes(),
        );
    }
    log
}
