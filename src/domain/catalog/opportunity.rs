//! Opportunity: fields.

use super::ObjectSpec;

pub(super) static SPEC: ObjectSpec = ObjectSpec {
    name: "Opportunity",
    fixed: &["Id", "CreatedDate", "LastModifiedDate", "Owner.Id", "Owner.Name", "Owner.Email"],
    wanted: &["Name", "Description", "StageName"],
    children: &[],
    lookups: &[],
};
