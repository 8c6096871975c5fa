//! Sync rules: which records become documents, as an owner of an index says it.

mod advanced;
mod basic;
mod error;
mod plan;
mod validate;

pub use advanced::{AdvancedRule, Language, MAX_QUERY, Offers, Paging, ParsedRule, SoqlRule, SoslRule, read_advanced};
pub use basic::{BasicRule, BasicRules, DEFAULT_RULE, Decision, Kind, Operator, Policy, Reason, read_basic};
pub use error::{ADVANCED, RuleError};
pub use plan::{MetRules, RulePlan, RuleQuery};
pub use validate::{SyncRules, validate};
