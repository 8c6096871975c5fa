//! Open query cursors: locators that a client follows page by page.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::ResultSet;
use crate::fault::ApiError;

/// Cursors that stay open at most; the oldest is closed for the next one. Enough for every page of a busy test, and an
/// org of a million rows costs four megabytes per cursor at worst.
const CAPACITY: usize = 10_000;

/// The cursors of one org, shared by all requests.
#[derive(Debug)]
pub struct Cursors {
    open: Mutex<Open>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Open {
    results: HashMap<String, ResultSet>,
    oldest_first: VecDeque<String>,
    opened: u64,
}

impl Default for Cursors {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl Cursors {
    /// No cursors, room for 10,000.
    pub fn new() -> Self {
        Self::default()
    }

    /// No cursors, room for `capacity` (at least one).
    pub fn with_capacity(capacity: usize) -> Self {
        Self { open: Mutex::default(), capacity: capacity.max(1) }
    }

    /// Opens a cursor on a result and gives its locator: `0r8` and 15 letters and digits.
    pub fn open(&self, result: ResultSet) -> String {
        let mut open = self.lock();
        open.opened += 1;
        let locator = locator(open.opened);
        if open.oldest_first.len() >= self.capacity
            && let Some(oldest) = open.oldest_first.pop_front()
        {
            open.results.remove(&oldest);
        }
        open.results.insert(locator.clone(), result);
        open.oldest_first.push_back(locator.clone());
        locator
    }

    /// Finds what the last segment of a `nextRecordsUrl` (`<locator>-<offset>`) stands for: the result and the first row of the page.
    ///
    /// # Errors
    /// `INVALID_QUERY_LOCATOR` when the locator is malformed, unknown or expired, or the offset is past the end.
    pub fn resolve(&self, segment: &str) -> Result<(ResultSet, usize), ApiError> {
        let invalid = || ApiError::new(400, "INVALID_QUERY_LOCATOR", "invalid query locator");
        let (locator, offset) = segment.split_once('-').ok_or_else(invalid)?;
        let offset: usize = offset.parse().map_err(|_| invalid())?;
        let result = self.lock().results.get(locator).cloned().ok_or_else(invalid)?;
        if offset > result.total() { Err(invalid()) } else { Ok((result, offset)) }
    }

    /// Closes every cursor, as if two days had passed.
    pub fn expire_all(&self) {
        let mut open = self.lock();
        open.results.clear();
        open.oldest_first.clear();
    }

    /// Number of open cursors.
    pub fn len(&self) -> usize {
        self.lock().results.len()
    }

    /// Whether no cursor is open.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // A panic elsewhere leaves the maps usable: every change of theirs is complete or absent.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The locator of the `number`th cursor. Numbers never repeat, so an expired locator never comes back to life.
fn locator(mut number: u64) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut digits = [b'0'; 15];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[usize::try_from(number % 62).unwrap_or(0)];
        number /= 62;
    }
    digits.iter().fold(String::from("0r8"), |mut text, digit| {
        text.push(char::from(*digit));
        text
    })
}
