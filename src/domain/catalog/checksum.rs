//! What Salesforce says of the bytes of a file, so that they can be checked and known again.

use std::fmt;

/// `ContentVersion.Checksum`: MD5 of the bytes of a version.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Checksum([u8; 16]);

impl Checksum {
    /// Of 16 bytes, as MD5 gives them.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads 32 hexadecimal digits, which is how Salesforce writes it; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes().as_chunks::<2>();
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        if text.len() != 32 {
            return None;
        }
        let mut bytes = [0; 16];
        for (byte, [high, low]) in bytes.iter_mut().zip(digits.0) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(bytes))
    }
}
impl fmt::Display for Checksum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}
impl fmt::Debug for Checksum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_32_hexadecimal_digits() {
        let text = "d41d8cd98f00b204e9800998ecf8427e";
        assert_eq!(Checksum::parse(text).unwrap().to_string(), text);
        assert_eq!(Checksum::parse(&text.to_uppercase()), Checksum::parse(text));
        for text in [
            "",
            "d41d8cd98f00b204e9800998ecf8427",
            "d41d8cd98f00b204e9800998ecf8427e0",
            "g41d8cd98f00b204e9800998ecf8427e",
            &"é".repeat(16),
        ] {
            assert_eq!(Checksum::parse(text), None, "{text}");
        }
    }
}
