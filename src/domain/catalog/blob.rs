//! Kinds of records that hold the bytes of files: versions of documents, and the objects from before there were any.

use super::ObjectPlan;
use super::plan::Offer;
use crate::json::Members;

/// A kind of record with the bytes of a file in it (object reference, "Attachment", "ContentVersion", "Document", "StaticResource").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Blob {
    /// A version of a `ContentDocument`. Found through links, never read as an object.
    ContentVersion,
    /// A file of one record.
    Attachment,
    /// A file in a folder.
    Document,
    /// A file of the pages and components of the org.
    StaticResource,
}

impl Blob {
    /// Those that can be chosen as objects.
    pub const OBJECTS: [Self; 3] = [Self::Attachment, Self::Document, Self::StaticResource];

    /// API name of the object.
    pub fn object(self) -> &'static str {
        match self {
            Self::ContentVersion => "ContentVersion",
            Self::Attachment => "Attachment",
            Self::Document => "Document",
            Self::StaticResource => "StaticResource",
        }
    }

    /// The field with the bytes.
    pub fn field(self) -> &'static str {
        match self {
            Self::ContentVersion => "VersionData",
            Self::Attachment | Self::Document | Self::StaticResource => "Body",
        }
    }

    /// Reads the name of one that can be chosen, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::OBJECTS.into_iter().find(|blob| blob.object().eq_ignore_ascii_case(name))
    }

    /// The person whose name and e-mail a document shows as those of the owner.
    pub(super) fn owner(self) -> &'static str {
        if matches!(self, Self::Document) { "Author" } else { "Owner" }
    }

    /// The field with the size in bytes.
    pub(super) fn size(self) -> &'static str {
        if matches!(self, Self::ContentVersion) { "ContentSize" } else { "BodyLength" }
    }

    /// How the file is called, and its extension as it was given.
    pub(super) fn title_and_extension(self, members: &Members<'_>) -> (String, String) {
        let text = |key| members.text(key).unwrap_or_default().into_owned();
        let by_type = || of_content_type(&text("ContentType")).to_owned();
        match self {
            Self::ContentVersion => (text("Title"), text("FileExtension")),
            Self::Document => (text("Name"), members.text("Type").map_or_else(by_type, std::borrow::Cow::into_owned)),
            Self::StaticResource => (text("Name"), by_type()),
            Self::Attachment => {
                let name = text("Name");
                let suffix = name.rsplit_once('.').map(|(_, suffix)| suffix.to_owned());
                let is_one =
                    |suffix: &String| !suffix.is_empty() && suffix.len() <= 10 && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric());
                (name, suffix.filter(is_one).unwrap_or_else(by_type))
            }
        }
    }

    /// Columns that are always asked for.
    fn fixed(self) -> &'static [&'static str] {
        match self {
            Self::ContentVersion => &[],
            Self::Attachment => &["Id", "Name", "ParentId", "BodyLength", "CreatedDate", "LastModifiedDate"],
            Self::Document => &["Id", "Name", "Type", "BodyLength", "CreatedDate", "LastModifiedDate"],
            Self::StaticResource => &["Id", "Name", "BodyLength", "CreatedDate", "LastModifiedDate"],
        }
    }

    /// Columns that are asked for where the describe offers them.
    fn wanted(self) -> &'static [&'static str] {
        match self {
            Self::ContentVersion => &[],
            Self::Attachment => &["ContentType", "Description", "IsPrivate"],
            Self::Document | Self::StaticResource => &["ContentType", "Description"],
        }
    }

    /// People behind the references that the describe offers.
    fn people(self) -> &'static [(&'static str, &'static [&'static str])] {
        const CREATOR: &[&str] = &["CreatedBy.Id", "CreatedBy.Name", "CreatedBy.Email"];
        match self {
            Self::ContentVersion => &[],
            Self::Attachment => &[("CreatedById", CREATOR), ("OwnerId", &["Owner.Id", "Owner.Name", "Owner.Email"])],
            Self::Document => &[("CreatedById", CREATOR), ("AuthorId", &["Author.Id", "Author.Name", "Author.Email"])],
            Self::StaticResource => &[("CreatedById", CREATOR)],
        }
    }

    /// How it is read as an object.
    pub(super) fn plan(self, offer: &Offer<'_>) -> ObjectPlan {
        let mut fields: Vec<String> = self.fixed().iter().map(|field| (*field).to_owned()).collect();
        fields.extend(offer.wanted(self.object(), self.wanted()).map(str::to_owned));
        for (reference, person) in self.people() {
            if offer.offers(self.object(), reference) {
                fields.extend(person.iter().map(|field| (*field).to_owned()));
            }
        }
        ObjectPlan {
            name: self.object().to_owned(),
            key_prefix: offer.key_prefix(self.object()),
            fields,
            children: Vec::new(),
            lookups: Vec::new(),
            rule: None,
            blob: Some(self),
            filter: None,
        }
    }
}

/// The extension that files of a media type have, of those whose text is of use; empty for others.
fn of_content_type(media: &str) -> &'static str {
    const TYPES: [(&str, &str); 17] = [
        ("application/json", "json"),
        ("application/msword", "doc"),
        ("application/pdf", "pdf"),
        ("application/rtf", "rtf"),
        ("application/vnd.ms-excel", "xls"),
        ("application/vnd.ms-outlook", "msg"),
        ("application/vnd.ms-powerpoint", "ppt"),
        ("application/vnd.oasis.opendocument.text", "odt"),
        ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
        ("application/xml", "xml"),
        ("image/svg+xml", "svg"),
        ("text/csv", "csv"),
        ("text/html", "html"),
        ("text/plain", "txt"),
        ("text/xml", "xml"),
    ];
    let media = media.split(';').next().unwrap_or_default().trim();
    TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(media)).map_or("", |(_, extension)| extension)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::FileRef;
    use super::*;
    use crate::Record;

    fn file(blob: Blob, text: &'static str) -> FileRef {
        let id = "00P000000000001AAA".parse().unwrap();
        FileRef::of_record(blob, &Record { id, modified: None, refs: Vec::new(), text: Bytes::from_static(text.as_bytes()) })
    }

    #[test]
    fn an_attachment_has_the_extension_of_its_name_or_else_of_its_media_type() {
        for (name, media, extension) in [
            ("a.b.PDF", "text/plain", "pdf"),
            ("notes", "text/plain; charset=utf-8", "txt"),
            ("what. is this?", "APPLICATION/PDF", "pdf"),
            ("ends.", "", ""),
            ("archive.zip", "application/pdf", "zip"),
        ] {
            let text = format!(r#"{{"Name":"{name}","ContentType":"{media}","BodyLength":7}}"#);
            let file = file(Blob::Attachment, text.leak());
            assert_eq!((file.title().as_str(), file.extension().as_str(), file.size), (name, extension, Some(7)));
        }
    }

    #[test]
    fn a_document_is_called_by_its_name_and_type_and_a_static_resource_by_its_name() {
        let document = file(Blob::Document, r#"{"Name":"Logo","Type":"svg","ContentType":"image/svg+xml"}"#);
        assert_eq!((document.title().as_str(), document.extension().as_str()), ("Logo.svg", "svg"));
        let untyped = file(Blob::Document, r#"{"Name":"Terms","Type":null,"ContentType":"application/pdf"}"#);
        assert_eq!(untyped.title(), "Terms.pdf");
        let resource = file(Blob::StaticResource, r#"{"Name":"styles","ContentType":"text/css"}"#);
        assert_eq!((resource.title().as_str(), resource.extension().as_str()), ("styles", ""));
    }

    #[test]
    fn only_an_attachment_belongs_to_a_record_and_can_be_private() {
        let text = r#"{"Name":"a","ParentId":"001000000000001AAA","IsPrivate":true,"Owner":{"Id":"005000000000001AAA"}}"#;
        let seen = |blob: Blob| {
            let file = file(blob, text);
            (file.parent().map(|id| id.to_string()), file.is_private(), file.owner().map(|id| id.to_string()))
        };
        let [parent, owner] = ["001000000000001AAA", "005000000000001AAA"].map(|id| Some(id.to_owned()));
        assert_eq!((seen(Blob::Attachment), seen(Blob::Document)), ((parent, true, owner), (None, false, None)));
    }

    #[test]
    fn names_are_read_in_any_case_and_versions_cannot_be_chosen() {
        assert_eq!(Blob::parse("staticresource"), Some(Blob::StaticResource));
        assert_eq!((Blob::parse("ContentVersion"), Blob::parse("Note")), (None, None));
    }
}
