//! Who may read a file: it has no permissions of its own, what it is linked to decides.

use super::rows::{find, id_of, is, pointing, reference};
use super::{Asker, Right, Rule, groups};
use crate::org::{IdKey, RowRef};

impl Asker<'_> {
    /// Whether the user has a right on a file, named by its document, a version or a link.
    pub(super) fn may_with_file(&self, row: &RowRef<'_>, right: Right) -> bool {
        let document = if row.schema().name == "ContentDocument" { id_of(row) } else { reference(row, "ContentDocumentId") };
        let Some(document) = document.and_then(|id| find(self.org, "ContentDocument", id)) else { return false };
        let owns = reference(&document, "OwnerId") == Some(self.user);
        match right {
            Right::Read => owns || self.opens_all_files() || self.has_link_to(&document),
            Right::Edit | Right::Delete | Right::All => owns,
        }
    }

    /// View All Data alone does not open the files of others.
    pub(crate) fn opens_all_files(&self) -> bool {
        self.has_any(&["PermissionsViewAllData"]) && self.has_any(&["PermissionsQueryAllFiles"])
    }

    fn has_link_to(&self, document: &RowRef<'_>) -> bool {
        let Some(id) = id_of(document) else { return false };
        let private = is(document, "SharingPrivacy", "P");
        pointing(self.org, "ContentDocumentLink", "ContentDocumentId", id).any(|link| self.follows(&link, private))
    }

    /// Whether one link opens the file. A private file stays closed to those who read the records it is on.
    fn follows(&self, link: &RowRef<'_>, private: bool) -> bool {
        let Some(target) = self.parent(link, "LinkedEntityId") else { return false };
        let Some(id) = id_of(&target) else { return false };
        match target.schema().name.as_str() {
            "User" => id == self.user,
            "Group" => groups::is_in(self.org, self.user, id),
            "Organization" => self.internal,
            "CollaborationGroup" => self.is_in_chatter_group(&target, id),
            "ContentWorkspace" => self.is_in_library(id),
            object => {
                // Others have to be let in by the link as well.
                let visible = self.internal || is(link, "Visibility", "AllUsers");
                let is_record = matches!(Rule::of(object), Rule::Granted | Rule::Child(_));
                !private && visible && is_record && self.may(target, Right::Read)
            }
        }
    }

    /// A public group is open to everybody in the company.
    fn is_in_chatter_group(&self, group: &RowRef<'_>, id: IdKey) -> bool {
        let open = self.internal && is(group, "CollaborationType", "Public");
        open || pointing(self.org, "CollaborationGroupMember", "CollaborationGroupId", id)
            .any(|row| reference(&row, "MemberId") == Some(self.user))
    }

    fn is_in_library(&self, library: IdKey) -> bool {
        pointing(self.org, "ContentWorkspaceMember", "ContentWorkspaceId", library)
            .filter_map(|row| reference(&row, "MemberId"))
            .any(|member| member == self.user || groups::is_in(self.org, self.user, member))
    }
}
