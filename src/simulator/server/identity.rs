//! Whom tokens speak for: the org and its Run As user.

use crate::org::{Org, RowRef, text_of};

/// Ids for orgs that lack the records.
const ORG_ID: &str = "00DHs000000SimuMAI";
const USER_ID: &str = "005Hs00000SimUsIAI";

/// The org's id, and its running user or else the first active one.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) org_id: String,
    pub(crate) user_id: String,
    pub(crate) username: String,
    pub(crate) name: String,
    pub(crate) email: String,
}

impl Identity {
    /// Looks both up in the org; what is missing gets a plausible value.
    pub(crate) fn of(org: &Org, username: &str, runner: Option<&str>) -> Self {
        let first = || org.rows("User").find(|row| is_active(row) && !row.is_deleted());
        let user = runner.map_or_else(first, |runner| org.row(runner));
        let text = |field: &str, default: &str| {
            user.and_then(|row| row.json(field)).map_or_else(|| default.to_owned(), |json| text_of(json).into_owned())
        };
        Self {
            org_id: org.rows("Organization").next().map_or_else(|| ORG_ID.to_owned(), |row| row.id()),
            user_id: user.map_or_else(|| USER_ID.to_owned(), |row| row.id()),
            username: text("Username", username),
            name: text("Name", "Integration User"),
            email: text("Email", username),
        }
    }

    /// The identity URL.
    pub(crate) fn url(&self, origin: &str) -> String {
        format!("{origin}/id/{}/{}", self.org_id, self.user_id)
    }
}

/// Users are active unless the org says otherwise.
pub(crate) fn is_active(user: &RowRef<'_>) -> bool {
    user.json("IsActive") != Some(b"false")
}
