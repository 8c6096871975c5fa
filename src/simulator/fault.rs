//! The errors of the REST API, in Salesforce's shape and with its codes.

/// One refusal as Salesforce words it: HTTP status, `errorCode`, `message` (REST API guide, "Status Codes and Error Responses").
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// `errorCode` of the first (and only) entry of the array.
    pub code: &'static str,
    /// `message` of that entry.
    pub message: String,
}

impl ApiError {
    /// Builds a refusal.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// The body of the response: an array of one `{"message","errorCode"}`.
    pub fn body(&self) -> String {
        serde_json::json!([{ "message": self.message, "errorCode": self.code }]).to_string()
    }
}
