//! Which jobs of a connector are due.

use jiff::Timestamp;

use super::configuration::place;
use super::{Connector, is_supported};
use crate::schedule::Schedule;
use crate::{CP_SCHEDULE, Fault, JobType};

/// The fire time for which a job of this kind is to be made: the latest after `since` and not after `now` for which nobody has made one.
///
/// # Errors
/// `CP_SCHEDULE`: the expression cannot be read.
pub fn due(connector: &Connector, kind: JobType, since: Timestamp, now: Timestamp) -> Result<Option<Timestamp>, Fault> {
    let Some(expression) = connector.interval(kind).filter(|_| is_supported(kind) && connector.offers(kind)) else { return Ok(None) };
    let schedule = Schedule::parse(expression).map_err(|mistake| {
        let shown: String = expression.escape_debug().take(100).collect();
        let place = place(connector);
        Fault::new(&CP_SCHEDULE, format!("the schedule of {} jobs of {place} is `{shown}`: {mistake}", kind.as_str()))
    })?;
    // Whoever made the last one, in whichever process, has made those before it too.
    let last = connector.scheduled_at(kind).map_or(since, |last| last.max(since));
    Ok(schedule.due(last, now))
}
