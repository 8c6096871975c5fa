//! Names and identities: newtypes that can only hold what they claim to.

use std::fmt;
use std::str::FromStr;

/// A Salesforce record id in its 18-character form.
///
/// 15 characters of case-sensitive base 62 and three of checksum (SOAP API guide, "ID Field Type"). Ordered by bytes, which is the
/// order of `ORDER BY Id`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId([u8; 18]);

/// The text is not a record id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a record id of 15 or 18 letters and digits")]
pub struct NotAnId(pub String);

const CHECKSUM: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

impl RecordId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        // The constructor admits ASCII only.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The first three characters, which name the object type.
    pub fn key_prefix(&self) -> &str {
        &self.as_str()[..3]
    }

    /// Parses bytes; see [`FromStr`].
    pub fn parse(text: &[u8]) -> Option<Self> {
        if !matches!(text.len(), 15 | 18) || !text.iter().all(u8::is_ascii_alphanumeric) {
            return None;
        }
        let mut id = [0; 18];
        id[..text.len()].copy_from_slice(text);
        if text.len() == 15 {
            for block in 0..3 {
                let bits = (0..5).filter(|bit| text[block * 5 + bit].is_ascii_uppercase()).fold(0, |bits, bit| bits | 1 << bit);
                id[15 + block] = CHECKSUM[bits];
            }
        }
        Some(Self(id))
    }
}

impl FromStr for RecordId {
    type Err = NotAnId;

    /// Takes 15 characters (the checksum is added) or 18 (taken as they are: Salesforce is the authority on its own checksums).
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        Self::parse(text.as_bytes()).ok_or_else(|| NotAnId(text.chars().take(64).collect()))
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
impl fmt::Debug for RecordId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);
        impl $name {
            /// Wraps a name.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}
text_id!(
    /// Identity of a connector, as in the configuration file and in the connector protocol.
    ConnectorId
);
text_id!(
    /// Name of an index that holds documents.
    IndexName
);
text_id!(
    /// Identity of one job on the job board.
    JobId
);
text_id!(
    /// Identity of a run. A run that is resumed keeps it, so documents met before and after an interruption carry the same stamp.
    RunId
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn recorded_ids_get_the_checksum_that_salesforce_gave_them() {
        for id in ["001D000000IRFmaIAH", "005R0000000UyrWIAS", "012000000000000AAA", "a00D0000008pQRAIA2"] {
            assert_eq!(id[..15].parse::<RecordId>().unwrap().as_str(), id);
        }
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in ["", "001", "001D000000IRFm", "001D000000IRFmaI", "001D000000IRFm-IAH", "001D000000IRFmäI"] {
            assert!(text.parse::<RecordId>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn fifteen_characters_survive_the_way_to_eighteen_and_back(text in "[0-9A-Za-z]{15}") {
            let long: RecordId = text.parse().unwrap();
            prop_assert_eq!(&long.as_str()[..15], &text);
            prop_assert_eq!(long.as_str().parse::<RecordId>().unwrap(), long);
        }

        #[test]
        fn the_checksum_tells_ids_apart_that_differ_in_case_only(text in "[0-9A-Za-z]{15}") {
            let other: String = text.chars().map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }).collect();
            let (a, b): (RecordId, RecordId) = (text.parse().unwrap(), other.parse().unwrap());
            prop_assert_eq!(a.as_str().eq_ignore_ascii_case(b.as_str()), text == other);
        }
    }
}
