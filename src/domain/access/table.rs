//! The tables that say who may read what: their fields, which of them may be missing, and the right it takes to read them.

use super::AccessError;

/// A table of the org that access is computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AccessTable {
    /// Who there is. All of them: an identity counts only when nobody else has it, the inactive included.
    User,
    /// One row per profile, permission set, and aggregate of a group of permission sets.
    PermissionSet,
    /// Which set may read which object. The rows of a muting set say what it takes away.
    ObjectPermissions,
    /// Who has which set. Profiles are assigned by rows of this table too.
    PermissionSetAssignment,
    /// Groups of permission sets.
    PermissionSetGroup,
    /// What is in groups of permission sets: sets, and muting sets.
    PermissionSetGroupComponent,
    /// Sets that take rights away inside a group of permission sets.
    MutingPermissionSet,
    /// Public groups, queues, and the groups that stand for roles, managers and everybody.
    Group,
    /// Explicit members of public groups and queues.
    GroupMember,
    /// The role hierarchy.
    UserRole,
    /// Chatter groups.
    CollaborationGroup,
    /// Members of Chatter groups.
    CollaborationGroupMember,
    /// Members of libraries.
    ContentWorkspaceMember,
    /// The org itself, which files can be shared with.
    Organization,
}

/// What there is to know of a table.
struct Facts {
    object: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
    filter: Option<&'static str>,
    right: &'static str,
    optional_table: bool,
}

const SETUP: &str = "View Setup and Configuration";

impl AccessTable {
    /// All tables; they may be read in any order.
    pub const ALL: [Self; 14] = [
        Self::User,
        Self::PermissionSet,
        Self::ObjectPermissions,
        Self::PermissionSetAssignment,
        Self::PermissionSetGroup,
        Self::PermissionSetGroupComponent,
        Self::MutingPermissionSet,
        Self::Group,
        Self::GroupMember,
        Self::UserRole,
        Self::CollaborationGroup,
        Self::CollaborationGroupMember,
        Self::ContentWorkspaceMember,
        Self::Organization,
    ];

    const fn facts(self) -> Facts {
        let (object, required, optional, filter, right): (_, &[&str], &[&str], _, _) = match self {
            Self::User => (
                "User",
                &["Id", "IsActive", "UserType", "Name", "Email"],
                &["CreatedDate", "LastModifiedDate", "UserRoleId", "ManagerId"],
                None,
                "View All Users",
            ),
            // Types and groups came with later versions of the platform than sets.
            Self::PermissionSet => ("PermissionSet", &["Id"], &["Type", "PermissionSetGroupId", "HasActivationRequired"], None, SETUP),
            Self::ObjectPermissions => {
                ("ObjectPermissions", &["Id", "ParentId", "SobjectType", "PermissionsRead"], &[], Some("PermissionsRead = true"), SETUP)
            }
            // `IsRevoked` is there only where user access policies are on.
            Self::PermissionSetAssignment => (
                "PermissionSetAssignment",
                &["Id", "AssigneeId", "PermissionSetId"],
                &["PermissionSetGroupId", "IsActive", "ExpirationDate", "IsRevoked"],
                Some("Assignee.IsActive = true"),
                SETUP,
            ),
            Self::PermissionSetGroup => ("PermissionSetGroup", &["Id", "Status"], &["HasActivationRequired"], None, SETUP),
            Self::PermissionSetGroupComponent => {
                ("PermissionSetGroupComponent", &["Id", "PermissionSetGroupId", "PermissionSetId"], &[], None, SETUP)
            }
            Self::MutingPermissionSet => ("MutingPermissionSet", &["Id"], &[], None, SETUP),
            Self::Group => ("Group", &["Id", "Type"], &["RelatedId", "DoesIncludeBosses"], None, SETUP),
            Self::GroupMember => ("GroupMember", &["Id", "GroupId", "UserOrGroupId"], &[], None, SETUP),
            Self::UserRole => ("UserRole", &["Id", "ParentRoleId"], &[], None, "View Roles and Role Hierarchy"),
            // `NetworkId` is there only where the org has Experience Cloud sites.
            Self::CollaborationGroup => ("CollaborationGroup", &["Id", "CollaborationType"], &["NetworkId"], None, "View All Data"),
            Self::CollaborationGroupMember => {
                ("CollaborationGroupMember", &["Id", "CollaborationGroupId", "MemberId"], &[], None, "View All Data")
            }
            Self::ContentWorkspaceMember => {
                ("ContentWorkspaceMember", &["Id", "ContentWorkspaceId", "MemberId"], &[], None, "Manage Salesforce CRM Content")
            }
            Self::Organization => ("Organization", &["Id"], &[], None, "API Enabled"),
        };
        let optional_table = !matches!(self, Self::User | Self::PermissionSet | Self::ObjectPermissions | Self::PermissionSetAssignment);
        Facts { object, required, optional, filter, right, optional_table }
    }

    /// The object to query.
    pub const fn object(self) -> &'static str {
        self.facts().object
    }

    /// Fields that every row must show.
    pub const fn required(self) -> &'static [&'static str] {
        self.facts().required
    }

    /// Fields that are asked for where the org has them.
    pub const fn optional(self) -> &'static [&'static str] {
        self.facts().optional
    }

    /// The condition under which rows matter.
    pub const fn filter(self) -> Option<&'static str> {
        self.facts().filter
    }

    /// The right that the run-as user needs, as Salesforce's setup names it.
    pub const fn right(self) -> &'static str {
        self.facts().right
    }

    /// Whether access can be known without it. Without an optional table less is granted, never more.
    pub const fn is_optional(self) -> bool {
        self.facts().optional_table
    }

    /// The error of a table that may not be queried.
    pub const fn closed(self) -> AccessError {
        AccessError::Closed { object: self.object(), right: self.right() }
    }

    /// The fields to ask for, given what the describe of the object offers.
    ///
    /// # Errors
    /// [`AccessError::Hidden`] when a required field is not offered.
    pub fn fields(self, offers: impl Fn(&str) -> bool) -> Result<Vec<&'static str>, AccessError> {
        let hidden = self.required().iter().find(|field| !offers(field));
        if let Some(field) = hidden {
            return Err(AccessError::Hidden { object: self.object(), field, right: self.right() });
        }
        let optional = self.optional().iter().filter(|field| offers(field));
        Ok(self.required().iter().chain(optional).copied().collect())
    }
}
