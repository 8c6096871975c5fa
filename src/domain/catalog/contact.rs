//! Contact: fields; its account and owner are looked up.

use super::{LookupSpec, LookupTarget, ObjectSpec};

pub(super) static SPEC: ObjectSpec = ObjectSpec {
    name: "Contact",
    fixed: &["Id", "CreatedDate", "LastModifiedDate"],
    wanted: &["Name", "Description", "Email", "Phone", "Title", "PhotoUrl", "LeadSource", "AccountId", "OwnerId"],
    children: &[],
    lookups: &[
        LookupSpec { key: "Account", field: "AccountId", target: LookupTarget::Account },
        LookupSpec { key: "Owner", field: "OwnerId", target: LookupTarget::User },
    ],
};
