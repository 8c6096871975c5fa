//! The running user: whom the app acts as, and what of the org that user sees.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::identity::is_active;
use crate::org::{Org, text_of};
use crate::permissions::Sight;

/// A user whose rights bound what calls see.
#[derive(Debug)]
pub(crate) struct Runner {
    user: String,
    last: Mutex<Option<Seen>>,
}

/// What the user saw last.
#[derive(Debug)]
struct Seen {
    /// Second of the org's clock.
    second: i64,
    sight: Sight,
    view: Arc<Org>,
}

impl Runner {
    /// The active user with this id or `Username`.
    pub(crate) fn of(org: &Org, name: &str) -> Option<Self> {
        let by_id = org.row(name).filter(|row| row.schema().name == "User");
        let is_named = |json: &[u8]| text_of(json).eq_ignore_ascii_case(name);
        let by_name = || org.rows("User").find(|row| row.json("Username").is_some_and(is_named));
        let row = by_id.or_else(by_name).filter(|row| is_active(row) && !row.is_deleted())?;
        Some(Self { user: row.id(), last: Mutex::default() })
    }

    /// Id of the user.
    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// The org as the user sees it now. What the user may do is looked up every second: assignments end as the clock goes on.
    pub(crate) fn view(&self, org: &Arc<Org>, now: Timestamp) -> Arc<Org> {
        let second = now.as_second();
        // A panic elsewhere leaves a complete value behind, or none.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = last.as_ref().filter(|seen| seen.second == second) {
            return Arc::clone(&seen.view);
        }
        let sight = Sight::of(org, &self.user, now);
        let view = match last.take() {
            Some(seen) if seen.sight == sight => seen.view,
            _ => Arc::new(org.seen_by(&self.user, &sight)),
        };
        *last = Some(Seen { second, sight, view: Arc::clone(&view) });
        view
    }
}
