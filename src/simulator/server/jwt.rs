//! JWT bearer assertions: RS256 signatures and the claims that Salesforce checks (help, "OAuth 2.0 JWT Bearer Flow").

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::Value;

/// Longest life of an assertion in seconds, with half a minute for clocks that disagree.
const LONGEST_LIFE: i64 = 5 * 60 + 30;

/// `AlgorithmIdentifier` of RSA keys in DER. The key itself follows it, in bare public keys as in certificates (RFC 5280, 4.1).
const RSA_ENCRYPTION: &[u8] = &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// What an assertion claims.
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    /// Consumer key.
    pub(crate) iss: String,
    /// Username.
    pub(crate) sub: String,
    /// Login host.
    pub(crate) aud: String,
    /// End of life in Unix seconds; some clients send it as text.
    exp: Value,
}

impl Claims {
    /// Whether `now` lies before the end of life, and that not too far in the future.
    pub(crate) fn is_current(&self, now: Timestamp) -> bool {
        let exp = self.exp.as_f64().or_else(|| self.exp.as_str()?.parse().ok());
        exp.is_some_and(|exp| {
            // Seconds fit; anything else saturates and is refused.
            let left = (exp as i64).saturating_sub(now.as_second());
            left > 0 && left <= LONGEST_LIFE
        })
    }
}

/// Splits an assertion into the text that is signed, its signature and its claims. `None` when it is no RS256 JWT.
pub(crate) struct Assertion<'a> {
    signed: &'a str,
    signature: Vec<u8>,
    pub(crate) claims: Claims,
}

impl<'a> Assertion<'a> {
    pub(crate) fn parse(jwt: &'a str) -> Option<Self> {
        let (signed, signature) = jwt.rsplit_once('.')?;
        let (head, claims) = signed.split_once('.')?;
        let head: Value = serde_json::from_slice(&decode(head)?).ok()?;
        if head.get("alg")?.as_str()? != "RS256" {
            return None;
        }
        Some(Self { signed, signature: decode(signature)?, claims: serde_json::from_slice(&decode(claims)?).ok()? })
    }

    /// Whether the owner of `key` made it.
    pub(crate) fn is_signed_by(&self, key: &PublicKey) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key.0).verify(self.signed.as_bytes(), &self.signature).is_ok()
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}

/// An RSA public key as ring wants it: the DER of PKCS #1.
#[derive(Debug)]
pub(crate) struct PublicKey(Vec<u8>);

impl PublicKey {
    /// Reads PEM: a public key (SPKI or PKCS #1) or a certificate.
    pub(crate) fn from_pem(pem: &str) -> Option<Self> {
        let (_, rest) = pem.split_once("-----BEGIN ")?;
        let (label, rest) = rest.split_once("-----")?;
        let (body, _) = rest.split_once("-----END ")?;
        let der = STANDARD.decode(body.split_ascii_whitespace().collect::<String>()).ok()?;
        if label == "RSA PUBLIC KEY" {
            return Some(Self(der));
        }
        let at = der.windows(RSA_ENCRYPTION.len()).position(|window| window == RSA_ENCRYPTION)?;
        bit_string(&der[at + RSA_ENCRYPTION.len()..]).map(|key| Self(key.to_vec()))
    }
}

/// The content of the DER bit string that `der` begins with.
fn bit_string(der: &[u8]) -> Option<&[u8]> {
    let (&[0x03, length], rest) = der.split_first_chunk::<2>()? else { return None };
    let (length, rest) = match length {
        ..=0x7f => (usize::from(length), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => (usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])), rest.get(2..)?),
        _ => return None,
    };
    // The first byte counts unused bits, of which a key has none.
    rest.get(1..length)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_end_of_life_may_be_a_number_or_text() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let current = |exp: Value| Claims { iss: String::new(), sub: String::new(), aud: String::new(), exp }.is_current(now);
        assert!(current(json!(1_700_000_180)));
        assert!(current(json!("1700000180")));
        assert!(current(json!(1_700_000_180.5)));
        assert!(!current(json!(1_700_000_000)));
        assert!(!current(json!(1_700_003_600)));
        assert!(!current(json!("soon")));
        assert!(!current(Value::Null));
    }

    #[test]
    fn other_algorithms_are_no_assertions() {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = part(json!({"iss": "a", "sub": "b", "aud": "c", "exp": 1}));
        assert!(Assertion::parse(&format!("{}.{claims}.AAAA", part(json!({"alg": "RS256"})))).is_some());
        assert!(Assertion::parse(&format!("{}.{claims}.AAAA", part(json!({"alg": "none"})))).is_none());
        assert!(Assertion::parse("no jwt").is_none());
    }

    #[test]
    fn text_that_is_no_key_is_refused() {
        assert!(PublicKey::from_pem("").is_none());
        assert!(PublicKey::from_pem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n").is_none());
    }
}
