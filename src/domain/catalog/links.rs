//! File links: every object may have files attached, shown as `ContentDocumentLinks` and indexed as documents of their own.

use std::collections::BTreeMap;

use super::plan::Offer;
use super::{Cap, ChildPlan, DescribedObject, EXTENSIONS, LINKS, Shape, Via};

const DOCUMENT: &[&str] = &["Title", "FileExtension", "ContentSize", "Description"];
const VERSION: &[&str] = &["VersionDataUrl", "VersionNumber"];
const FIXED: &[&str] = &[
    "ContentDocument.Id",
    "ContentDocument.CreatedDate",
    "ContentDocument.LastModifiedDate",
    "ContentDocument.LatestPublishedVersion.Id",
    "ContentDocument.LatestPublishedVersion.CreatedDate",
    "ContentDocument.Owner.Id",
    "ContentDocument.Owner.Name",
    "ContentDocument.Owner.Email",
    "ContentDocument.CreatedBy.Id",
    "ContentDocument.CreatedBy.Name",
    "ContentDocument.CreatedBy.Email",
];

/// Objects that must be queryable for files to be found.
pub(super) const NEEDED: [&str; 3] = ["ContentDocumentLink", "ContentDocument", "ContentVersion"];

/// The sub-select for file links, or `None` when files cannot be queried.
pub(super) fn plan(offer: &Offer<'_>) -> Option<ChildPlan> {
    if !NEEDED.iter().all(|object| offer.queryable(object)) {
        return None;
    }
    let fields = offer.wanted("ContentDocument", DOCUMENT).map(|field| format!("ContentDocument.{field}"));
    let fields =
        fields.chain(offer.wanted("ContentVersion", VERSION).map(|field| format!("ContentDocument.LatestPublishedVersion.{field}")));
    let extensions = EXTENSIONS.iter().map(|extension| format!("'{extension}'")).collect::<Vec<_>>().join(",");
    Some(ChildPlan {
        key: LINKS,
        via: Via::SubSelect(LINKS),
        fields: fields.chain(FIXED.iter().map(|field| (*field).to_owned())).collect(),
        filter: Some(format!("ContentDocument.FileExtension IN ({extensions})")),
        order: None,
        cap: Cap::All,
        shape: Shape::Envelope,
        children: Vec::new(),
    })
}

/// What the org can say of files besides what documents show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileFacts {
    /// `ContentVersion.Checksum`.
    pub checksum: bool,
    /// `ContentDocument.SharingPrivacy`.
    pub privacy: bool,
}

impl FileFacts {
    /// Objects whose describes say so.
    pub(crate) const DESCRIBES: [&'static str; 2] = [NEEDED[1], NEEDED[2]];

    /// What the describes offer.
    pub(crate) fn offered(described: &BTreeMap<String, DescribedObject>) -> Self {
        let offers = |object: &str, field: &str| described.get(object).is_some_and(|found| found.offers(field));
        Self { checksum: offers("ContentVersion", "Checksum"), privacy: offers("ContentDocument", "SharingPrivacy") }
    }
}
