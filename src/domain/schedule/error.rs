//! Why a text is no schedule.

/// The text is not a schedule. One line that names the field, shows the text, and says what is accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Not six or seven fields; a Unix cron expression has five.
    #[error("a schedule has 6 or 7 fields, not {found}: seconds minutes hours day-of-month month day-of-week [year]")]
    Fields {
        /// How many there are; those past the eighth are not counted.
        found: usize,
    },
    /// Days are given twice or not at all.
    #[error("day-of-month `{day_of_month}` and day-of-week `{day_of_week}`: exactly one of the two is `?`")]
    Days {
        /// The fourth field, shortened.
        day_of_month: String,
        /// The sixth field, shortened.
        day_of_week: String,
    },
    /// A field, or one entry of its list, is not in the dialect.
    #[error("{field} `{text}`: {accepted}")]
    Field {
        /// `seconds`, `minutes`, `hours`, `day-of-month`, `month`, `day-of-week` or `year`.
        field: &'static str,
        /// What is wrong, shortened.
        text: String,
        /// What may stand there.
        accepted: String,
    },
}

/// A text as errors show it: on one line and short, whatever was sent.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut shown: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push_str("...");
    }
    shown
}
