//! Which rule decides about the rows of an object.

use crate::describe::belongs_to;

/// Sees the set-up of permissions.
const VIEW_SETUP: &str = "PermissionsViewSetup";
/// May give permission sets to users.
const ASSIGN_SETS: &str = "PermissionsAssignPermissionSets";

/// What reading the rows of an object takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Read on the object, by `ObjectPermissions`.
    Granted,
    /// Nothing.
    Everyone,
    /// One of these system permissions, which are columns of `PermissionSet`.
    Setup(&'static [&'static str]),
    /// Access to the file.
    File,
    /// What the record in `ParentId` takes; it is of this object.
    Child(&'static str),
    /// What the record in `ParentId` takes, of whatever object.
    Attached,
}

impl Rule {
    /// The rule of an object, by its API name.
    pub(crate) fn of(object: &str) -> Self {
        match object {
            "CaseComment" | "CaseFeed" | "EmailMessage" | "FeedComment" => Self::Child("Case"),
            "Attachment" | "Note" => Self::Attached,
            "ContentDocument" | "ContentVersion" | "ContentDocumentLink" => Self::File,
            // Object reference, "Special Access Rules" of each.
            "PermissionSet" => {
                Self::Setup(&[VIEW_SETUP, ASSIGN_SETS, "PermissionsManageProfilesPermissionsets", "PermissionsManageSessionPermissionSets"])
            }
            "PermissionSetAssignment" => Self::Setup(&[VIEW_SETUP, ASSIGN_SETS, "PermissionsManageUsers"]),
            "ObjectPermissions" | "FieldPermissions" | "PermissionSetGroup" | "PermissionSetGroupComponent" | "MutingPermissionSet" => {
                Self::Setup(&[VIEW_SETUP])
            }
            "User"
            | "UserRole"
            | "Profile"
            | "Group"
            | "GroupMember"
            | "Organization"
            | "CollaborationGroup"
            | "CollaborationGroupMember"
            | "ContentWorkspace"
            | "ContentWorkspaceMember"
            | "StaticResource"
            | "RecordType" => Self::Everyone,
            _ => Self::Granted,
        }
    }

    /// The object on which Read is needed to see an object at all, when that is what it takes. Shares, histories and feeds go with theirs.
    pub(crate) fn governing(object: &str) -> Option<String> {
        match Self::of(object) {
            Self::Granted => Some(belongs_to(object).unwrap_or_else(|| object.to_owned())),
            Self::Child(parent) => Some(parent.to_owned()),
            Self::Everyone | Self::Setup(_) | Self::File | Self::Attached => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_an_object_go_with_it() {
        assert_eq!(Rule::governing("Project__c").as_deref(), Some("Project__c"));
        assert_eq!(Rule::governing("Project__Share").as_deref(), Some("Project__c"));
        assert_eq!(Rule::governing("AccountHistory").as_deref(), Some("Account"));
        assert_eq!(Rule::governing("EmailMessage").as_deref(), Some("Case"));
        assert_eq!(Rule::governing("User"), None);
    }
}
