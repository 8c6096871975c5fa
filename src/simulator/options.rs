//! What a simulated org can be told when it starts.

use std::sync::Arc;
use std::time::Duration;

use crate::faults::FaultPlan;
use crate::org::Org;

/// Everything [`start`](crate::start) needs. `Options::new(org)` gives the defaults; change the fields you care about.
#[derive(Clone)]
pub struct Options {
    /// The org to serve.
    pub org: Arc<Org>,
    /// Port to listen on; 0 takes any free one.
    pub port: u16,
    /// Address to listen on.
    pub bind: String,
    /// Most rows on one page, below the `batchSize` that a client asks for (200 to 2000). `None` leaves the client's choice alone.
    pub page_size: Option<usize>,
    /// Who may sign in.
    pub credentials: Credentials,
    /// The user as whom the app runs, by id or `Username`: calls see only what this user may see. `None` sees everything.
    pub running_user: Option<String>,
    /// How long a token is good for, counted from its issue. Salesforce counts from the last use; a fixed end makes refreshes predictable.
    pub token_ttl: Duration,
    /// Scripted misbehaviour.
    pub faults: FaultPlan,
    /// Worker threads, at least 1.
    pub workers: usize,
}

impl Options {
    /// Defaults: any port on loopback, the demo credentials, two-hour tokens, no faults, one worker.
    pub fn new(org: Arc<Org>) -> Self {
        Self {
            org,
            port: 0,
            bind: "127.0.0.1".to_owned(),
            page_size: None,
            credentials: Credentials::default(),
            running_user: None,
            token_ttl: Duration::from_secs(2 * 60 * 60),
            faults: FaultPlan::default(),
            workers: 1,
        }
    }
}

/// The one connected app of the org, and the one user who may sign in by password.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Consumer key.
    pub client_id: String,
    /// Consumer secret.
    pub client_secret: String,
    /// RSA public key or certificate in PEM, against which JWT bearer assertions are verified. `None` refuses that flow.
    pub jwt_public_key: Option<String>,
    /// Name for the password grant and for `sub` of an assertion; the names of the org's active users work for `sub` too.
    pub username: String,
    /// Password, with the security token appended as clients send it.
    pub password: String,
    /// Consumer keys that are always refused, each with the error it gets.
    pub refusals: Vec<Refusal>,
}

impl Default for Credentials {
    fn default() -> Self {
        Self {
            client_id: "sluice-demo".to_owned(),
            client_secret: "sluice-demo-secret".to_owned(),
            jwt_public_key: None,
            username: "demo@sluice.example".to_owned(),
            password: "sluice-demo-password".to_owned(),
            refusals: Vec::new(),
        }
    }
}

/// A consumer key that is always refused, for tests of a client's error handling.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The consumer key.
    pub client_id: String,
    /// `error` of the body, for example `invalid_grant`.
    pub error: String,
    /// `error_description` of the body, for example `no client credentials user enabled`.
    pub description: String,
}
