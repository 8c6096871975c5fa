//! How to reach a cluster: hosts, sign-in, time limits, retries. Checked once, when an adapter is made.

use std::path::PathBuf;
use std::time::Duration;

use domain::{CF_INVALID, Fault};
use ports::Secret;
use url::Url;

pub use crate::retry::Retries;
pub use crate::salesforce::Timeouts;

/// Everything that the adapter can be told.
#[derive(Clone, Debug)]
pub struct ElasticConfig {
    /// Addresses of nodes, for example `https://es-1:9200`; when one cannot be reached the next one is asked.
    pub hosts: Vec<String>,
    /// How to sign in.
    pub auth: ElasticAuth,
    /// PEM file with the roots to trust instead of the public ones.
    pub ca_file: Option<PathBuf>,
    /// Whether the server must prove who it is.
    pub verify: bool,
    /// Headers to send with every request.
    pub headers: Vec<(String, Secret)>,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// How often to try.
    pub retries: Retries,
    /// Ingest pipeline for documents.
    pub pipeline: Option<String>,
    /// Bulk requests in flight at most.
    pub max_in_flight: usize,
    /// Whether the number in flight follows what the cluster can take; else it stays at its most.
    pub adaptive: bool,
    /// Whether bulk bodies are compressed.
    pub gzip: bool,
    /// Fields that an index gets a mapping for when it is created; the server allows 1,000 unless told otherwise.
    pub field_budget: usize,
    /// Index for checkpoints, jobs and what was set aside.
    pub state_index: String,
}

/// How to sign in.
#[derive(Clone, Debug)]
pub enum ElasticAuth {
    /// Not at all.
    None,
    /// An API key in its encoded form.
    ApiKey(Secret),
    /// User name and password.
    Basic {
        /// User name.
        user: String,
        /// Password.
        password: Secret,
    },
}

impl ElasticConfig {
    /// One node with defaults for everything else.
    pub fn new(host: impl Into<String>, auth: ElasticAuth) -> Self {
        Self {
            hosts: vec![host.into()],
            auth,
            ca_file: None,
            verify: true,
            headers: Vec::new(),
            timeouts: Timeouts {
                connect: Duration::from_secs(10),
                // A bulk request is answered when all of it is done, pipelines and replicas included.
                head: Duration::from_secs(120),
                body_idle: Duration::from_secs(30),
                total: Some(Duration::from_secs(300)),
            },
            retries: Retries::default(),
            pipeline: None,
            max_in_flight: 5,
            adaptive: true,
            gzip: true,
            field_budget: 700,
            state_index: ".sluice-state".to_owned(),
        }
    }

    /// The hosts without a slash at their end, once everything is known to be usable.
    pub(super) fn checked(&self) -> Result<Vec<String>, Fault> {
        let invalid = |what: String| Fault::new(&CF_INVALID, what);
        if self.hosts.is_empty() || self.max_in_flight == 0 || self.retries.attempts == 0 {
            return Err(invalid("at least one host, one request in flight and one attempt are needed".to_owned()));
        }
        let host = |text: &String| {
            let url = Url::parse(text).map_err(|error| invalid(format!("the host `{text}` is no URL: {error}")))?;
            let named = !url.username().is_empty() || url.password().is_some();
            if !matches!(url.scheme(), "https" | "http") || !url.has_host() || named || url.query().is_some() {
                return Err(invalid("a host must be like https://es-1:9200, without user, password and query".to_owned()));
            }
            Ok(url.as_str().trim_end_matches('/').to_owned())
        };
        self.hosts.iter().map(host).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_may_have_a_path_and_no_secrets() {
        let hosts = |text: &str| ElasticConfig::new(text, ElasticAuth::None).checked();
        assert_eq!(hosts("https://proxy/es/").unwrap(), ["https://proxy/es"]);
        for text in ["", "es:9200", "ftp://es", "http://u:p@es", "http://es/?x"] {
            assert_eq!(hosts(text).unwrap_err().code, &CF_INVALID, "{text}");
        }
    }

    #[test]
    fn a_configuration_prints_no_secret() {
        let auth = ElasticAuth::Basic { user: "u".into(), password: Secret::new("hunter2") };
        assert!(!format!("{:?}", ElasticConfig::new("http://es", auth)).contains("hunter2"));
    }
}
