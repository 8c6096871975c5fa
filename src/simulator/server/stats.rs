//! What was asked of the org: counters and the latest requests, for tests and for curious people.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::route::Endpoint;

/// Requests that are remembered; older ones are forgotten.
const REMEMBERED: usize = 10_000;

/// A snapshot of what was asked of the org so far.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Requests by kind, refused ones included. Parts of a composite request count under their own kind too.
    pub requests: BTreeMap<Endpoint, u64>,
    /// Tokens given out.
    pub tokens_issued: u64,
    /// Calls counted against the daily allowance.
    pub api_calls: u64,
    /// Requests that a fault rule struck.
    pub faults: u64,
    /// The latest requests in the order of their arrival.
    pub log: Vec<Request>,
}

impl Stats {
    /// Requests of one kind.
    pub fn count(&self, endpoint: Endpoint) -> u64 {
        self.requests.get(&endpoint).copied().unwrap_or(0)
    }
}

/// One request of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Number of the request, from 1.
    pub number: u64,
    /// HTTP method.
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// The decoded parameter `q`, or the raw query string when there is none.
    pub query: String,
    /// Kind of resource.
    pub endpoint: Endpoint,
    /// Status of the response; `None` until it is known.
    pub status: Option<u16>,
    /// Whether a fault rule struck.
    pub fault: bool,
}

/// Collects [`Stats`] from all workers.
#[derive(Default)]
pub(crate) struct Ledger {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    requests: BTreeMap<Endpoint, u64>,
    tokens_issued: u64,
    api_calls: u64,
    faults: u64,
    arrived: u64,
    log: VecDeque<Request>,
}

impl Ledger {
    /// Enters a request that has just arrived; gives its number. `request.number` is ignored.
    pub(crate) fn arrive(&self, request: Request) -> u64 {
        let mut inner = self.lock();
        inner.arrived += 1;
        *inner.requests.entry(request.endpoint).or_default() += 1;
        inner.faults += u64::from(request.fault);
        if inner.log.len() == REMEMBERED {
            inner.log.pop_front();
        }
        let number = inner.arrived;
        inner.log.push_back(Request { number, ..request });
        number
    }

    /// Notes the status of a request.
    pub(crate) fn answer(&self, number: u64, status: u16) {
        let mut inner = self.lock();
        // The log holds consecutive numbers, the last of which is `arrived`.
        let age = inner.arrived.saturating_sub(number);
        let at = usize::try_from(age).ok().and_then(|age| inner.log.len().checked_sub(age + 1));
        if let Some(request) = at.and_then(|at| inner.log.get_mut(at)) {
            request.status = Some(status);
        }
    }

    /// Counts a part of a composite request.
    pub(crate) fn count_part(&self, endpoint: Endpoint) {
        *self.lock().requests.entry(endpoint).or_default() += 1;
    }

    /// Counts a token.
    pub(crate) fn count_token(&self) -> u64 {
        let mut inner = self.lock();
        inner.tokens_issued += 1;
        inner.tokens_issued
    }

    /// Counts a call against the daily allowance; gives the calls so far.
    pub(crate) fn count_call(&self) -> u64 {
        let mut inner = self.lock();
        inner.api_calls += 1;
        inner.api_calls
    }

    /// Calls counted so far.
    pub(crate) fn api_calls(&self) -> u64 {
        self.lock().api_calls
    }

    /// Everything so far.
    pub(crate) fn snapshot(&self) -> Stats {
        let inner = self.lock();
        Stats {
            requests: inner.requests.clone(),
            tokens_issued: inner.tokens_issued,
            api_calls: inner.api_calls,
            faults: inner.faults,
            log: inner.log.iter().cloned().collect(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Counters stay usable when a worker panicked while it held the lock.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str) -> Request {
        let (method, path, query) = ("GET".to_owned(), path.to_owned(), String::new());
        Request { number: 0, method, path, query, endpoint: Endpoint::Unknown, status: None, fault: false }
    }

    #[test]
    fn the_log_keeps_the_latest_requests_and_their_answers() {
        let ledger = Ledger::default();
        let first = ledger.arrive(request("/first"));
        for at in 1..REMEMBERED {
            ledger.arrive(request(&format!("/{at}")));
        }
        ledger.answer(first, 200);
        assert_eq!(ledger.snapshot().log[0].status, Some(200));
        let last = ledger.arrive(request("/last"));
        ledger.answer(last, 503);
        ledger.answer(first, 500);
        let stats = ledger.snapshot();
        assert_eq!((stats.log.len(), stats.count(Endpoint::Unknown)), (REMEMBERED, REMEMBERED as u64 + 1));
        assert_eq!((stats.log[0].path.as_str(), stats.log[0].status), ("/1", None));
        assert_eq!(stats.log.last().map(|request| (request.path.as_str(), request.status)), Some(("/last", Some(503))));
    }
}
