//! Salesforce ids: 15 case-sensitive characters, or 18 with a checksum that makes them safe without case.

/// The 15 significant bytes of an id, ordered and compared as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdKey([u8; 15]);

impl IdKey {
    /// Reads an id of 15 or 18 letters and digits; anything else is none.
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_bytes(text.as_bytes())
    }

    /// Like [`IdKey::parse`], from bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if !matches!(bytes.len(), 15 | 18) || !bytes.iter().all(u8::is_ascii_alphanumeric) {
            return None;
        }
        bytes[..15].try_into().ok().map(Self)
    }

    /// The form of 18 characters.
    pub fn to_18(self) -> String {
        const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
        let mut text: String = self.0.iter().map(|byte| char::from(*byte)).collect();
        for block in self.0.chunks(5) {
            let bits = block.iter().enumerate().fold(0, |bits, (at, byte)| bits | (usize::from(byte.is_ascii_uppercase()) << at));
            text.push(char::from(DIGITS[bits]));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_salesforce_appends() {
        let key = IdKey::parse("001D000000IRFma").unwrap();
        assert_eq!(key.to_18(), "001D000000IRFmaIAH");
        assert_eq!(IdKey::parse("001D000000IRFmaIAH"), Some(key));
    }

    #[test]
    fn only_15_or_18_letters_and_digits_are_an_id() {
        assert_eq!(IdKey::parse("001D000000IRFm"), None);
        assert_eq!(IdKey::parse("001D000000IRF-a"), None);
        assert_eq!(IdKey::parse(""), None);
    }
}
