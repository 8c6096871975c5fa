//! Access tokens that the org has given out.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ring::hmac;

/// Tokens by text, each with the moment it ends.
pub(crate) struct Tokens {
    live: Mutex<HashMap<String, Timestamp>>,
    key: hmac::Key,
    ttl: Duration,
}

impl Tokens {
    /// No tokens yet; `secret` is what token texts are derived from.
    pub(crate) fn new(secret: &str, ttl: Duration) -> Self {
        Self { live: Mutex::default(), key: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), ttl }
    }

    /// Gives out token `number` of an org: its 15-character id, `!`, and something opaque.
    pub(crate) fn issue(&self, org_id: &str, number: u64, now: Timestamp) -> String {
        let opaque = self.sign(&format!("token {number} at {now}"));
        let token = format!("{}!AQ0AQ{}", org_id.get(..15).unwrap_or(org_id), URL_SAFE_NO_PAD.encode(opaque));
        let ttl = SignedDuration::try_from(self.ttl).unwrap_or(SignedDuration::MAX);
        let mut live = self.lock();
        live.retain(|_, end| *end > now);
        live.insert(token.clone(), now.checked_add(ttl).unwrap_or(Timestamp::MAX));
        token
    }

    /// Whether a token is good.
    pub(crate) fn is_live(&self, token: &str, now: Timestamp) -> bool {
        self.lock().get(token).is_some_and(|end| *end > now)
    }

    /// Ends a token; false when there was none.
    pub(crate) fn revoke(&self, token: &str) -> bool {
        self.lock().remove(token).is_some()
    }

    /// Ends all tokens.
    pub(crate) fn revoke_all(&self) {
        self.lock().clear();
    }

    /// HMAC-SHA256 with the consumer secret, as the token endpoint signs its replies.
    pub(crate) fn sign(&self, text: &str) -> impl AsRef<[u8]> + use<> {
        hmac::sign(&self.key, text.as_bytes())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Timestamp>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_end_on_time() {
        let tokens = Tokens::new("secret", Duration::from_secs(60));
        let at = |second: i64| Timestamp::from_second(1_700_000_000 + second).unwrap();
        let (first, second) = (tokens.issue("00D000000000001EAA", 1, at(0)), tokens.issue("00D000000000001EAA", 2, at(30)));
        assert!(first.starts_with("00D000000000001!AQ0AQ"));
        assert_ne!(first, second);
        assert!(tokens.is_live(&first, at(59)) && !tokens.is_live(&first, at(60)));
        assert!(tokens.is_live(&second, at(60)));
        assert!(tokens.revoke(&second) && !tokens.revoke(&second));
        assert!(!tokens.is_live(&second, at(60)));
    }
}
