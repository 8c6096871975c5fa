//! How much of the org's daily API allowance is used, as every answer says.

use std::cell::Cell;

/// Shares of the allowance, in percent, that are worth a word when they are passed.
const MARKS: [u64; 2] = [80, 95];

/// The allowance as of the latest answer.
#[derive(Debug, Default)]
pub(super) struct Usage {
    /// Calls used and allowed within 24 hours.
    latest: Cell<Option<(u64, u64)>>,
    /// How many of [`MARKS`] were passed already.
    passed: Cell<usize>,
}

impl Usage {
    /// Takes note of `Sforce-Limit-Info: api-usage=10018/100000`; other parts of it are about single apps.
    pub(super) fn note(&self, header: &str) {
        let Some((used, allowed)) = parse(header) else { return };
        self.latest.set(Some((used, allowed)));
        let passed = MARKS.iter().filter(|mark| used.saturating_mul(100) >= allowed.saturating_mul(**mark)).count();
        // Falls again when the allowance rolls over, so that the next day is told of, too.
        if passed > self.passed.replace(passed) {
            tracing::warn!(used, allowed, percent = MARKS[passed - 1], "daily api allowance of the org is nearly used up");
        }
    }

    /// Calls used and allowed within 24 hours, when an answer said so.
    pub(super) fn latest(&self) -> Option<(u64, u64)> {
        self.latest.get()
    }
}

fn parse(header: &str) -> Option<(u64, u64)> {
    let usage = header.split(';').find_map(|part| part.trim().strip_prefix("api-usage="))?;
    let (used, allowed) = usage.split_once('/')?;
    Some((used.trim().parse().ok()?, allowed.trim().parse().ok().filter(|allowed| *allowed > 0)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usage_of_the_org_is_read_and_that_of_apps_is_not() {
        assert_eq!(parse("api-usage=10018/100000"), Some((10018, 100_000)));
        assert_eq!(parse("per-app-api-usage=17/250(appName=sample-app); api-usage=25/5000"), Some((25, 5000)));
        for header in ["", "api-usage=", "api-usage=1", "api-usage=x/1", "api-usage=1/0", "per-app-api-usage=17/250(appName=a)"] {
            assert_eq!(parse(header), None, "{header}");
        }
    }

    #[test]
    fn each_mark_is_passed_once_a_day() {
        let usage = Usage::default();
        let passed = |used: u64| {
            usage.note(&format!("api-usage={used}/100"));
            usage.passed.get()
        };
        assert_eq!([passed(79), passed(80), passed(94), passed(95), passed(100), passed(3), passed(81)], [0, 1, 1, 2, 2, 0, 1]);
        assert_eq!(usage.latest(), Some((81, 100)));
    }
}
