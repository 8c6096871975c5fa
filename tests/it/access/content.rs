//! What is to be read: records, files with their links, attachments.

use serde_json::json;

use super::draft::{CUSTOM, DAY, Draft, id_of};

/// Objects that are synced, with their key prefixes; the custom ones come with them.
const SYNCED: [(&str, &str); 4] = [("Account", "001"), ("Contact", "003"), ("Lead", "00Q"), ("Case", "500")];
/// Objects that are not.
const OTHER: [(&str, &str); 2] = [("Opportunity", "006"), ("Campaign", "701")];
const RECORDS: usize = 300;
const OTHERS: usize = 40;
const FILES: usize = 40;
const ATTACHMENTS: usize = 20;
/// What is in every file.
pub(super) const TEXT: &[u8] = b"what is in it";

pub(super) fn make(draft: &mut Draft) {
    let kinds = [&SYNCED[..], &CUSTOM].concat();
    for (kinds, records) in [(&kinds[..], RECORDS), (&OTHER, OTHERS)] {
        for no in 0..records {
            let (object, prefix) = kinds[no % kinds.len()];
            record(draft, object, prefix, no);
        }
    }
    let of = |draft: &Draft, kinds: &[(&str, &str)]| -> Vec<String> { kinds.iter().flat_map(|(object, _)| live(draft, object)).collect() };
    let synced = of(draft, &kinds);
    let other = of(draft, &OTHER);
    for no in 0..FILES {
        file(draft, no, &synced, &other);
    }
    let parents = of(draft, &[&SYNCED[..], &OTHER].concat());
    for no in 0..ATTACHMENTS {
        attachment(draft, no, &parents);
    }
}

/// Ids of the rows that are not in the recycle bin.
fn live(draft: &Draft, object: &str) -> Vec<String> {
    draft.rows(object).filter(|row| row["IsDeleted"] != true).map(id_of).collect()
}

fn record(draft: &mut Draft, object: &'static str, prefix: &'static str, no: usize) {
    let mut row = json!({
        "IsDeleted": draft.dice.percent(3), "CreatedDate": DAY, "LastModifiedDate": DAY, "SystemModstamp": DAY,
        "OwnerId": user(draft),
    });
    row[if object == "Case" { "Subject" } else { "Name" }] = json!(format!("{object} {no}"));
    draft.add(object, prefix, row);
}

fn user(draft: &mut Draft) -> String {
    let users = draft.ids("User");
    draft.dice.pick(&users)
}

fn file(draft: &mut Draft, no: usize, synced: &[String], other: &[String]) {
    let (owner, private) = (user(draft), draft.dice.percent(25));
    let file = draft.add(
        "ContentDocument",
        "069",
        json!({
            "Title": format!("File {no}"), "FileType": "TEXT", "FileExtension": "txt", "ContentSize": TEXT.len(), "OwnerId": owner,
            "CreatedById": owner, "CreatedDate": DAY, "LastModifiedDate": DAY, "SystemModstamp": DAY,
            "SharingPrivacy": if private { "P" } else { "N" },
        }),
    );
    let version = draft.add("ContentVersion", "068", json!({
        "ContentDocumentId": file, "Title": format!("File {no}"), "FileExtension": "txt", "ContentSize": TEXT.len(), "VersionNumber": "1",
        "IsLatest": true, "OwnerId": owner, "CreatedDate": DAY, "LastModifiedDate": DAY, "SystemModstamp": DAY,
    }));
    let (_, row) = draft.rows.iter_mut().rev().find(|(_, row)| row["Id"] == file).unwrap();
    row["LatestPublishedVersionId"] = json!(version);
    for target in targets(draft, synced, other) {
        let link = json!({
            "ContentDocumentId": file, "LinkedEntityId": target, "ShareType": draft.dice.pick(&["V", "C", "I"]),
            "Visibility": draft.dice.pick(&["AllUsers", "InternalUsers"]), "IsDeleted": draft.dice.percent(4), "SystemModstamp": DAY,
        });
        draft.add("ContentDocumentLink", "06A", link);
    }
}

/// What a file is linked to: mostly a record that is synced, else it is not found; and anything else that links lead to.
fn targets(draft: &mut Draft, synced: &[String], other: &[String]) -> Vec<String> {
    let most = usize::from(draft.dice.percent(30)) + 1;
    let mut targets = if draft.dice.percent(90) { draft.dice.some(synced, most) } else { Vec::new() };
    if targets.is_empty() && draft.dice.percent(90) {
        targets.push(draft.dice.pick(synced));
    }
    for _ in 0..draft.dice.below(3) {
        let table = draft.dice.pick(&["User", "Group", "Group", "CollaborationGroup", "ContentWorkspace", "Organization", "record"]);
        // The organisation would open nearly all files.
        let among = match table {
            "record" => other.to_vec(),
            "Organization" if draft.dice.percent(60) => continue,
            table => draft.ids(table),
        };
        targets.push(draft.dice.pick(&among));
    }
    targets.sort_unstable();
    targets.dedup();
    targets
}

fn attachment(draft: &mut Draft, no: usize, parents: &[String]) {
    let row = json!({
        "ParentId": draft.dice.pick(parents), "Name": format!("note {no}.txt"), "ContentType": "text/plain", "BodyLength": TEXT.len(),
        "IsPrivate": draft.dice.percent(30), "IsDeleted": draft.dice.percent(3), "OwnerId": user(draft),
        "CreatedDate": DAY, "LastModifiedDate": DAY, "SystemModstamp": DAY,
    });
    draft.add("Attachment", "00P", row);
}
