//! Signed assertions for the JWT bearer flow: RS256 over three claims and an end of life.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{CF_INVALID, Fault, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde::Serialize;

/// Seconds that an assertion is good for. Salesforce takes up to three minutes (A.3); the rest is for clocks that disagree.
const LIFE: i64 = 150;

/// What an assertion claims.
#[derive(Serialize)]
pub(super) struct Claims<'a> {
    /// Consumer key of the app.
    pub(super) iss: &'a str,
    /// User to act as.
    pub(super) sub: &'a str,
    /// Who the assertion is for.
    pub(super) aud: &'a str,
    exp: i64,
}

impl<'a> Claims<'a> {
    /// Claims that are good from now on.
    pub(super) fn new(iss: &'a str, sub: &'a str, aud: &'a str, now: Timestamp) -> Self {
        Self { iss, sub, aud, exp: now.as_second() + LIFE }
    }
}

/// Signs assertions.
pub(super) struct Signer(RsaKeyPair);

impl Signer {
    /// Reads an RSA key in PEM: PKCS #8 (`PRIVATE KEY`) or PKCS #1 (`RSA PRIVATE KEY`).
    pub(super) fn from_pem(pem: &str) -> Result<Self, Fault> {
        let invalid = |why: String| Fault::new(&CF_INVALID, format!("`private_key` {why}"));
        if pem.contains("ENCRYPTED") {
            return Err(invalid("is encrypted; give it without a passphrase".to_owned()));
        }
        // Variables of the environment often carry line breaks as `\n`.
        let key = PrivateKeyDer::from_pem_slice(pem.replace("\\n", "\n").as_bytes())
            .map_err(|_| invalid("is no private key in PEM".to_owned()))?;
        let pair = match &key {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(invalid("is no RSA key".to_owned())),
        };
        pair.map(Self).map_err(|rejected| invalid(format!("is no RSA key of 2048 bits or more: {rejected}")))
    }

    /// The signed assertion.
    pub(super) fn sign(&self, claims: &Claims<'_>) -> Result<String, Fault> {
        let failed = |what: &str| Fault::new(&CF_INVALID, format!("`private_key` cannot sign: {what}"));
        let json = serde_json::to_vec(claims).map_err(|_| failed("claims"))?;
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#), URL_SAFE_NO_PAD.encode(json));
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).map_err(|_| failed("signature"))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use serde_json::{Value, json};

    use super::*;

    const PKCS8: &str = include_str!("tests/key-pkcs8.pem");
    const PKCS1: &str = include_str!("tests/key-pkcs1.pem");

    #[test]
    fn an_assertion_is_signed_by_the_key_in_either_form() {
        for pem in [PKCS8, PKCS1, &PKCS8.replace('\n', "\\n")] {
            let signer = Signer::from_pem(pem).unwrap();
            let now = Timestamp::from_second(1_700_000_000).unwrap();
            let jwt = signer.sign(&Claims::new("3MVG9", "me@acme.example", "https://acme.my.salesforce.com", now)).unwrap();
            let (signed, signature) = jwt.rsplit_once('.').unwrap();
            let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, signer.0.public_key());
            key.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
            let part =
                |no: usize| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(signed.split('.').nth(no).unwrap()).unwrap()).unwrap();
            assert_eq!(part(0), json!({"alg": "RS256"}));
            let aud = "https://acme.my.salesforce.com";
            assert_eq!(part(1), json!({"iss": "3MVG9", "sub": "me@acme.example", "aud": aud, "exp": 1_700_000_150}));
        }
    }

    #[test]
    fn what_is_no_rsa_key_is_refused_without_repeating_it() {
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        for pem in ["", "hunter2", encrypted, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            let fault = Signer::from_pem(pem).err().unwrap();
            assert!(fault.code == &CF_INVALID && !fault.message.contains("hunter2") && !fault.message.contains("AAAA"), "{fault}");
        }
    }
}
