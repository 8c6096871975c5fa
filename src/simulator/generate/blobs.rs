//! Attachments, documents and static resources: bytes outside the files proper.

use super::{World, formats, record, text};

/// Extension and content type, in turn.
const TYPES: [(&str, &str); 4] = [("txt", "text/plain"), ("pdf", "application/pdf"), ("html", "text/html"), ("csv", "text/csv")];

pub(super) fn make(world: &mut World) {
    for at in 0..world.scaled(12) {
        let parents = world.ids(["Case", "Account", "EmailMessage", "Opportunity"][at % 4]);
        let parent = parents[at * 3 % parents.len()].clone();
        let (extension, content_type) = TYPES[at % TYPES.len()];
        let bytes = contents(at, extension);
        let owner = world.user().id;
        let attachment = record! {
            "ParentId": parent, "Name": format!("attachment-{at}.{extension}"), "ContentType": content_type, "BodyLength": bytes.len(),
            "IsPrivate": at % 6 == 5, "OwnerId": owner,
        };
        let id = world.add("Attachment", "00P", attachment);
        world.file(&id, bytes);
    }
    for at in 0..world.scaled(4) {
        let (extension, content_type) = TYPES[at % TYPES.len()];
        let bytes = contents(at + 100, extension);
        let author = world.user().id;
        let document = record! {
            "Name": format!("Handbook part {at}"), "DeveloperName": format!("Handbook_part_{at}"), "Type": extension, "ContentType": content_type,
            "BodyLength": bytes.len(), "IsPublic": at % 2 == 0, "Keywords": "handbook", "AuthorId": author,
        };
        let id = world.add("Document", "015", document);
        world.file(&id, bytes);
    }
    for (name, content_type, body) in [
        ("BrightwaterStyles", "text/css", "body { font-family: sans-serif; }\n"),
        ("PortalScript", "text/javascript", "document.title = 'Brightwater';\n"),
        ("Empty", "text/plain", ""),
    ] {
        let resource = record! { "Name": name, "ContentType": content_type, "BodyLength": body.len(), "CacheControl": "Public" };
        let id = world.add("StaticResource", "081", resource);
        world.file(&id, body.as_bytes().to_vec());
    }
}

fn contents(at: usize, extension: &str) -> Vec<u8> {
    let topic = &text::TOPICS[at % text::TOPICS.len()];
    let product = text::PRODUCTS[at % text::PRODUCTS.len()];
    let lines = [topic.problem, topic.solution].map(|line| text::fill(line, product, "the customer", 12));
    formats::write(extension, &format!("About {product}"), &lines)
}
