//! Account: fields, its latest opportunity.

use super::{Cap, ChildSpec, ObjectSpec, Shape, Via};

pub(super) static SPEC: ObjectSpec = ObjectSpec {
    name: "Account",
    fixed: &["Id", "CreatedDate", "LastModifiedDate", "Owner.Id", "Owner.Name", "Owner.Email", "Parent.Id", "Parent.Name"],
    wanted: &["Name", "Description", "BillingAddress", "Type", "Website", "Rating", "Department"],
    children: &[ChildSpec {
        key: "Opportunities",
        via: Via::SubSelect("Opportunities"),
        object: "Opportunity",
        fixed: &["Id"],
        wanted: &["Name", "StageName"],
        order: Some("CreatedDate DESC"),
        cap: Cap::One,
        shape: Shape::Envelope,
        children: &[],
    }],
    lookups: &[],
};
