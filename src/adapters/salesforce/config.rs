//! How to reach an org: host, sign-in, time limits, retries. Checked once, when an adapter is made.

use std::path::PathBuf;
use std::time::Duration;

use domain::{CF_INVALID, Fault};
use ports::Secret;
use url::{Host, Url};

pub use crate::retry::Retries;

/// Everything that the Salesforce adapter can be told.
#[derive(Clone, Debug)]
pub struct SalesforceConfig {
    /// Host to sign in at, for example `https://acme.my.salesforce.com`. After that, requests go where the sign-in says.
    pub base_url: String,
    /// Version of the REST API, for example `64.0`.
    pub api_version: String,
    /// Rows to ask for per page. Salesforce takes 200 to 2,000 and may send fewer.
    pub page_size: usize,
    /// How to sign in.
    pub auth: Auth,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// How often to try.
    pub retries: Retries,
    /// Requests in flight at most, file downloads included.
    pub concurrency: usize,
    /// PEM file with the roots to trust instead of the public ones.
    pub ca_file: Option<PathBuf>,
}

/// How to sign in (Salesforce help, "OAuth Authorization Flows").
#[derive(Clone, Debug)]
pub enum Auth {
    /// Client credentials: the app acts as its run-as user. Works at a My Domain host only.
    ClientCredentials {
        /// Consumer key of the app.
        client_id: String,
        /// Consumer secret of the app.
        client_secret: Secret,
    },
    /// A signed assertion: the app acts as `username`.
    JwtBearer {
        /// Consumer key of the app.
        client_id: String,
        /// User to act as.
        username: String,
        /// RSA key in PEM, PKCS #8 or PKCS #1, whose certificate the app knows.
        private_key_pem: Secret,
        /// `aud` of the assertion; without one, the host of `base_url`.
        audience: Option<String>,
    },
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection, and again for its TLS handshake.
    pub connect: Duration,
    /// For the head of the answer, connecting included.
    pub head: Duration,
    /// For the next bytes of the answer.
    pub body_idle: Duration,
    /// For a whole answer; files excepted, which may be large. `None`: no limit.
    pub total: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            // A little more than the 120 s after which Salesforce itself gives up on a query.
            head: Duration::from_secs(130),
            body_idle: Duration::from_secs(30),
            // Salesforce ends every call after that time.
            total: Some(Duration::from_secs(600)),
        }
    }
}

impl SalesforceConfig {
    /// An org with defaults for everything else.
    pub fn new(base_url: impl Into<String>, auth: Auth) -> Self {
        Self {
            base_url: base_url.into(),
            api_version: "64.0".to_owned(),
            page_size: 2000,
            auth,
            timeouts: Timeouts::default(),
            retries: Retries::default(),
            // Salesforce limits requests over 20 s to 25 (5 in developer orgs); eight leave room for others.
            concurrency: 8,
            ca_file: None,
        }
    }

    /// The base URL taken apart, once everything is known to be usable.
    pub(super) fn checked(&self) -> Result<Base, Fault> {
        let invalid = |what: String| Fault::new(&CF_INVALID, what);
        let url = Url::parse(&self.base_url).map_err(|error| invalid(format!("`base_url` is no URL: {error}")))?;
        if !matches!(url.scheme(), "https" | "http") || !url.has_host() || !url.username().is_empty() || url.password().is_some() {
            return Err(invalid(
                "`base_url` must be https:// (or http:// for a simulator) and a host, without user and password".to_owned(),
            ));
        }
        let (major, minor) = self.api_version.split_once('.').unwrap_or_default();
        if major.is_empty() || !major.bytes().all(|byte| byte.is_ascii_digit()) || minor != "0" {
            return Err(invalid(format!("`api_version` must be like 64.0 and is `{}`", self.api_version)));
        }
        if self.page_size == 0 || self.concurrency == 0 || self.retries.attempts == 0 {
            return Err(invalid("`page_size`, `concurrency` and `attempts` must be 1 or more".to_owned()));
        }
        Ok(Base {
            origin: url.origin().ascii_serialization(),
            secure: url.scheme() == "https",
            loopback: match url.host() {
                Some(Host::Ipv4(address)) => address.is_loopback(),
                Some(Host::Ipv6(address)) => address.is_loopback(),
                Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
                None => false,
            },
        })
    }
}

/// The host of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Base {
    /// Scheme, host and port, no trailing slash.
    pub(super) origin: String,
    /// Whether it is reached by TLS.
    pub(super) secure: bool,
    /// Whether it is this machine: a simulator.
    pub(super) loopback: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(base_url: &str) -> SalesforceConfig {
        SalesforceConfig::new(base_url, Auth::ClientCredentials { client_id: "id".into(), client_secret: Secret::new("secret") })
    }

    #[test]
    fn a_simulator_on_this_machine_is_told_from_an_org() {
        for base_url in ["http://127.0.0.1:8080", "http://localhost:1/", "http://[::1]:1"] {
            assert!(config(base_url).checked().unwrap().loopback, "{base_url}");
        }
        let base = config("https://acme.my.salesforce.com/").checked().unwrap();
        assert_eq!(base, Base { origin: "https://acme.my.salesforce.com".into(), secure: true, loopback: false });
    }

    #[test]
    fn what_cannot_work_is_refused() {
        for base_url in ["", "acme", "acme.my.salesforce.com", "ftp://acme", "https://me:word@acme"] {
            assert_eq!(config(base_url).checked().unwrap_err().code, &CF_INVALID, "{base_url}");
        }
        for version in ["", "64", "v64.0", "64.1"] {
            let config = SalesforceConfig { api_version: version.into(), ..config("http://localhost") };
            assert_eq!(config.checked().unwrap_err().code, &CF_INVALID, "{version}");
        }
        let config = SalesforceConfig { page_size: 0, ..config("http://localhost") };
        assert_eq!(config.checked().unwrap_err().code, &CF_INVALID);
    }

    #[test]
    fn a_configuration_prints_no_secret() {
        assert!(!format!("{:?}", config("http://localhost")).contains("secret\""));
    }
}
