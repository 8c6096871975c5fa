//! Why it cannot be said who may read what.

/// A reason to end the job and to leave access documents as they were. The text names the right that the run-as user lacks, where one is lacking.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// A table that access cannot be known without may not be queried.
    #[error("`{object}` cannot be read; give the run-as user `{right}`")]
    Closed {
        /// The table.
        object: &'static str,
        /// The missing right.
        right: &'static str,
    },
    /// A field that access cannot be known without is not shown.
    #[error("`{object}.{field}` cannot be read; give the run-as user `{right}`")]
    Hidden {
        /// The table.
        object: &'static str,
        /// The field.
        field: &'static str,
        /// The missing right.
        right: &'static str,
    },
    /// A table that has rows in every org shows none, which is how Salesforce answers whoever lacks the right.
    #[error("`{object}` shows no rows; give the run-as user `{right}`")]
    Empty {
        /// The table.
        object: &'static str,
        /// The missing right.
        right: &'static str,
    },
    /// A row is not what its table promises.
    #[error("a row of `{object}` has no usable `{field}`")]
    Value {
        /// The table.
        object: &'static str,
        /// The field.
        field: &'static str,
    },
    /// A row is no JSON object.
    #[error("a row of `{object}` is no record")]
    Row {
        /// The table.
        object: &'static str,
    },
}
