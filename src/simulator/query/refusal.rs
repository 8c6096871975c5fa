//! The refusals of the query resource, in Salesforce's words.

use domain::soql::{Span, point_at};

use crate::fault::ApiError;
use crate::org::FieldKind;

const HINT_FIELD: &str = "If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. \
                          Please reference your WSDL or the describe call for the appropriate names.";
const HINT_OBJECT: &str = "If you are attempting to use a custom object, be sure to append the '__c' after the entity name. \
                           Please reference your WSDL or the describe call for the appropriate names.";
const HINT_RELATIONSHIP: &str = "If you are attempting to use a custom relationship, be sure to append the '__r' after the custom \
                                 relationship name. Please reference your WSDL or the describe call for the appropriate names.";

/// A refusal without a place.
pub(super) fn plain(code: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::new(400, code, message)
}

/// `MALFORMED_QUERY` without a place.
pub(super) fn malformed(message: impl Into<String>) -> ApiError {
    plain("MALFORMED_QUERY", message)
}

/// Words refusals that point to a place in one query.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refuse<'a> {
    pub(super) text: &'a str,
}

impl Refuse<'_> {
    /// A refusal with the line and a caret.
    pub(super) fn at(self, span: Span, code: &'static str, message: impl AsRef<str>) -> ApiError {
        ApiError::new(400, code, point_at(self.text, span, message.as_ref()))
    }

    pub(super) fn unknown_object(self, span: Span, name: &str) -> ApiError {
        self.at(span, "INVALID_TYPE", format!("sObject type '{name}' is not supported. {HINT_OBJECT}"))
    }

    pub(super) fn unknown_field(self, span: Span, field: &str, entity: &str) -> ApiError {
        self.at(span, "INVALID_FIELD", format!("No such column '{field}' on entity '{entity}'. {HINT_FIELD}"))
    }

    pub(super) fn unknown_parent(self, span: Span, relationship: &str) -> ApiError {
        self.at(span, "INVALID_FIELD", format!("Didn't understand relationship '{relationship}' in field path. {HINT_RELATIONSHIP}"))
    }

    pub(super) fn unknown_child(self, span: Span, relationship: &str) -> ApiError {
        let message = format!("Didn't understand relationship '{relationship}' in FROM part of query call. {HINT_RELATIONSHIP}");
        self.at(span, "INVALID_TYPE", message)
    }

    pub(super) fn not_filterable(self, span: Span, field: &str) -> ApiError {
        self.at(span, "INVALID_FIELD", format!("field '{field}' can not be filtered in a query call"))
    }

    pub(super) fn not_sortable(self, span: Span, field: &str) -> ApiError {
        self.at(span, "INVALID_FIELD", format!("field '{field}' can not be sorted in a query call"))
    }

    pub(super) fn wrong_value(self, span: Span, field: &str, kind: FieldKind) -> ApiError {
        let (word, quotes) = match kind {
            FieldKind::Date => ("date", "should not"),
            FieldKind::DateTime => ("dateTime", "should not"),
            FieldKind::Time => ("time", "should not"),
            FieldKind::Boolean => ("boolean", "should not"),
            FieldKind::Int => ("int", "should not"),
            FieldKind::Long => ("long", "should not"),
            FieldKind::Double | FieldKind::Percent | FieldKind::Currency => ("double", "should not"),
            _ => ("string", "should"),
        };
        let message = format!("value of filter criterion for field '{field}' must be of type {word} and {quotes} be enclosed in quotes");
        self.at(span, "INVALID_FIELD", message)
    }

    pub(super) fn wrong_operator(self, span: Span, what: &str) -> ApiError {
        self.at(span, "INVALID_QUERY_FILTER_OPERATOR", what)
    }
}
