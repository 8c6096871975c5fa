//! The one clock of the program.

use domain::Timestamp;
use ports::Clock;

/// The system's time of day.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
