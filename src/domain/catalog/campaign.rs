//! Campaign: fields.

use super::ObjectSpec;

pub(super) static SPEC: ObjectSpec = ObjectSpec {
    name: "Campaign",
    fixed: &["Id", "CreatedDate", "LastModifiedDate", "Owner.Id", "Owner.Name", "Owner.Email", "Parent.Id", "Parent.Name"],
    wanted: &["Name", "IsActive", "Type", "Description", "Status", "StartDate", "EndDate"],
    children: &[],
    lookups: &[],
};
