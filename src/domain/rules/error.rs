//! Why sync rules cannot be used.

/// A mistake in sync rules, as the connector protocol reports them: `{"ids": [..], "messages": [..]}`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RuleError {
    /// Ids of the basic rules that it is about, or [`ADVANCED`].
    pub ids: Vec<String>,
    /// What is wrong and what would be right, for whoever wrote the rules.
    pub message: String,
}

/// The id that mistakes of advanced rules carry: those have no ids of their own.
pub const ADVANCED: &str = "advanced_snippet";

impl RuleError {
    /// A mistake of advanced rules.
    pub fn advanced(message: impl Into<String>) -> Self {
        Self { ids: vec![ADVANCED.to_owned()], message: message.into() }
    }
}
