//! Lead: fields; its owner and what it was converted into are looked up.

use super::{LookupSpec, LookupTarget, ObjectSpec};

pub(super) static SPEC: ObjectSpec = ObjectSpec {
    name: "Lead",
    fixed: &["Id", "CreatedDate", "LastModifiedDate"],
    wanted: &[
        "Company",
        "ConvertedAccountId",
        "ConvertedContactId",
        "ConvertedDate",
        "ConvertedOpportunityId",
        "Description",
        "Email",
        "LeadSource",
        "Name",
        "OwnerId",
        "Phone",
        "PhotoUrl",
        "Rating",
        "Status",
        "Title",
    ],
    children: &[],
    lookups: &[
        LookupSpec { key: "Owner", field: "OwnerId", target: LookupTarget::User },
        LookupSpec { key: "ConvertedAccount", field: "ConvertedAccountId", target: LookupTarget::Account },
        LookupSpec { key: "ConvertedContact", field: "ConvertedContactId", target: LookupTarget::Contact },
        LookupSpec { key: "ConvertedOpportunity", field: "ConvertedOpportunityId", target: LookupTarget::Opportunity },
    ],
};
