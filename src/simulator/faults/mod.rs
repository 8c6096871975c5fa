//! Scripted misbehaviour: which requests go wrong, and how.
//!
//! A plan is a list of rules, tried in order; the first whose turn it is decides. Each rule counts the requests it matches, so that a
//! fault can hit the third page and no other. Files are read by [`FaultPlan::load`]; their format is described in `docs/simulator.md`.

mod file;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub use file::FaultFileError;
pub(crate) use wire::{Socket, spoil};

/// An ordered list of fault rules with their counters. Clones share the counters.
#[derive(Clone, Debug, Default)]
pub struct FaultPlan {
    rules: Arc<Vec<Counted>>,
}

#[derive(Debug)]
struct Counted {
    rule: FaultRule,
    seen: AtomicU64,
    fired: AtomicU64,
}

/// One rule: requests that fit `when` get `act`.
#[derive(Clone, Debug)]
pub struct FaultRule {
    /// Which requests.
    pub when: Match,
    /// What happens to them.
    pub act: Fault,
}

/// Conditions of a rule; all of them must hold. The default fits every request.
#[derive(Clone, Debug, Default)]
pub struct Match {
    /// HTTP method, in any case.
    pub method: Option<String>,
    /// Part of the path; with a `*` in it, a pattern for the whole path.
    pub path: Option<String>,
    /// Part of the decoded parameter `q`, in any case.
    pub query: Option<String>,
    /// Which of the matching requests, as a count from 1.
    pub turn: Turn,
    /// How often the rule fires at most.
    pub times: Option<u64>,
}

/// Which of the requests that match a rule it strikes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Turn {
    /// All of them.
    #[default]
    Always,
    /// Only these, counted from 1.
    Nth(Vec<u64>),
    /// All but the first so many.
    After(u64),
    /// Each so-manieth.
    Every(u64),
}

/// What goes wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Another status, with a body of the caller's or in Salesforce's shape.
    Status {
        /// HTTP status.
        status: u16,
        /// Body to send as it is, instead of the array of errors.
        body: Option<String>,
        /// `errorCode`; by default one that goes with the status.
        code: Option<String>,
        /// `message`.
        message: Option<String>,
    },
    /// A page of HTML, as proxies in front of the org send it.
    HtmlError {
        /// HTTP status.
        status: u16,
    },
    /// The right answer, but late.
    SlowHead {
        /// Wait before the first byte.
        wait: Duration,
    },
    /// Headers and the start of the body, then silence until the client leaves.
    StallBody {
        /// Bytes of body that are sent.
        after_bytes: u64,
    },
    /// The connection is aborted (TCP RST); with 0 bytes before the headers.
    Reset {
        /// Bytes of body that are sent.
        after_bytes: u64,
    },
    /// The connection is closed in good order before the body is complete.
    Truncate {
        /// Bytes of body that are sent.
        after_bytes: u64,
    },
    /// The right status, headers and length, but one bit of the body is another one.
    Corrupt {
        /// Which byte of the body is hit, counted from 0; the last one when the body is shorter. An empty body stays as it is.
        byte: u64,
    },
    /// 403 `REQUEST_LIMIT_EXCEEDED`: the daily allowance is used up.
    RequestLimit,
    /// 403 `REQUEST_LIMIT_EXCEEDED`: too many long requests at once.
    ConcurrentLimit,
    /// 400 `INVALID_QUERY_LOCATOR`, and every open cursor is gone.
    ExpiredCursor,
    /// 401 `INVALID_SESSION_ID`, and the token of the request is revoked.
    Unauthorized,
}

impl FaultPlan {
    /// Makes a plan of rules in their order.
    pub fn new(rules: impl IntoIterator<Item = FaultRule>) -> Self {
        let counted = |rule| Counted { rule, seen: AtomicU64::new(0), fired: AtomicU64::new(0) };
        Self { rules: Arc::new(rules.into_iter().map(counted).collect()) }
    }

    /// A plan of one rule.
    pub fn one(when: Match, act: Fault) -> Self {
        Self::new([FaultRule { when, act }])
    }

    /// Number of rules.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether the plan does nothing.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules in order.
    pub fn rules(&self) -> impl Iterator<Item = &FaultRule> {
        self.rules.iter().map(|counted| &counted.rule)
    }

    /// Decides about one request and counts it. `query` is the decoded parameter `q`, empty when there is none.
    pub(crate) fn strike(&self, method: &str, path: &str, query: &str) -> Option<&Fault> {
        let mut struck = None;
        for counted in self.rules.iter() {
            // Every rule sees every request, so that a rule's count does not depend on the rules before it.
            if counted.is_due(method, path, query) && struck.is_none() {
                counted.fired.fetch_add(1, Ordering::Relaxed);
                struck = Some(&counted.rule.act);
            }
        }
        struck
    }
}

impl Counted {
    fn is_due(&self, method: &str, path: &str, query: &str) -> bool {
        if !self.rule.when.fits(method, path, query) {
            return false;
        }
        let seen = self.seen.fetch_add(1, Ordering::Relaxed) + 1;
        let spent = self.rule.when.times.is_some_and(|times| self.fired.load(Ordering::Relaxed) >= times);
        !spent && self.rule.when.turn.is_it(seen)
    }
}

impl Match {
    fn fits(&self, method: &str, path: &str, query: &str) -> bool {
        self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self
                .path
                .as_ref()
                .is_none_or(|wanted| if wanted.contains('*') { glob(wanted, path) } else { path.contains(wanted.as_str()) })
            && self.query.as_ref().is_none_or(|wanted| query.to_lowercase().contains(&wanted.to_lowercase()))
    }
}

impl Turn {
    fn is_it(&self, seen: u64) -> bool {
        match self {
            Self::Always => true,
            Self::Nth(turns) => turns.contains(&seen),
            Self::After(first) => seen > *first,
            Self::Every(step) => seen.is_multiple_of(*step),
        }
    }
}

/// Whether the whole of `text` fits `pattern`, in which `*` stands for anything.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|head| text.strip_prefix(head)) else { return false };
    let mut tail = None;
    for part in parts {
        if let Some(middle) = tail.replace(part) {
            match rest.find(middle) {
                Some(at) => rest = &rest[at + middle.len()..],
                None => return false,
            }
        }
    }
    tail.map_or(rest.is_empty(), |end| rest.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fires(when: Match, requests: usize) -> Vec<usize> {
        let plan = FaultPlan::one(when, Fault::RequestLimit);
        (1..=requests).filter(|_| plan.strike("GET", "/services/data/v64.0/query", "SELECT Id FROM Case").is_some()).collect()
    }

    #[test]
    fn a_rule_counts_only_the_requests_that_it_matches() {
        let plan = FaultPlan::one(Match { path: Some("/query".into()), turn: Turn::Nth(vec![2]), ..Match::default() }, Fault::RequestLimit);
        assert_eq!(plan.strike("GET", "/a/query", ""), None);
        assert_eq!(plan.strike("GET", "/a/limits", ""), None);
        assert_eq!(plan.strike("GET", "/a/query", ""), Some(&Fault::RequestLimit));
        assert_eq!(plan.strike("GET", "/a/query", ""), None);
    }

    #[test]
    fn turns_are_counted_from_one() {
        assert_eq!(fires(Match::default(), 3), [1, 2, 3]);
        assert_eq!(fires(Match { turn: Turn::Nth(vec![1, 3]), ..Match::default() }, 4), [1, 3]);
        assert_eq!(fires(Match { turn: Turn::After(2), ..Match::default() }, 4), [3, 4]);
        assert_eq!(fires(Match { turn: Turn::Every(2), ..Match::default() }, 5), [2, 4]);
        assert_eq!(fires(Match { turn: Turn::After(1), times: Some(2), ..Match::default() }, 5), [2, 3]);
    }

    #[test]
    fn all_conditions_of_a_rule_must_hold() {
        let when = |method: &str, path: &str, query: &str| Match {
            method: Some(method.into()),
            path: Some(path.into()),
            query: Some(query.into()),
            ..Match::default()
        };
        assert_eq!(fires(when("get", "/query", "from case"), 1), [1]);
        assert_eq!(fires(when("POST", "/query", "from case"), 1), [0; 0]);
        assert_eq!(fires(when("GET", "/sobjects", "from case"), 1), [0; 0]);
        assert_eq!(fires(when("GET", "/query", "from lead"), 1), [0; 0]);
    }

    #[test]
    fn the_first_rule_that_is_due_decides_and_the_others_still_count() {
        let rule = |turn, act| FaultRule { when: Match { turn, ..Match::default() }, act };
        let plan = FaultPlan::new([rule(Turn::Nth(vec![1]), Fault::RequestLimit), rule(Turn::Nth(vec![2]), Fault::Unauthorized)]);
        assert_eq!(plan.strike("GET", "/", ""), Some(&Fault::RequestLimit));
        assert_eq!(plan.strike("GET", "/", ""), Some(&Fault::Unauthorized));
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, fits) in [
            ("/a/*/c", "/a/b/c", true),
            ("/a/*/c", "/a/b/d", false),
            ("*/describe", "/x/describe", true),
            ("*/describe", "/x/describe/y", false),
            ("/x*", "/x", true),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("ab*b", "ab", false),
            ("*", "", true),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} on {text}");
        }
    }
}
