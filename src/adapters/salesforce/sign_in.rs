//! Signing in: client credentials or a signed assertion for an access token.

use std::borrow::Cow;
use std::rc::Rc;

use async_trait::async_trait;
use domain::{Fault, SF_UNREADABLE, Timestamp};
use ports::{Clock, Secret, TokenIssuer};
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::Serializer;

use super::config::{Auth, Base, SalesforceConfig};
use super::http::Http;
use super::jwt::{Claims, Signer};
use super::wire::{self, Refusal};
use crate::retry::Tries;

/// Signs in to an org; an issuer of tokens. Lives on the thread that made it.
pub struct SignIn {
    config: SalesforceConfig,
    base: Base,
    http: Http,
    signer: Option<Signer>,
    clock: Rc<dyn Clock>,
}

/// The successful answer (OAuth 2.0 client credentials and JWT bearer flows, "Token Response").
#[derive(Deserialize)]
struct Granted<'a> {
    #[serde(borrow)]
    access_token: Cow<'a, str>,
    #[serde(borrow, default)]
    instance_url: Option<Cow<'a, str>>,
}

/// The clock of this machine, which assertions are dated by.
struct SystemClock;
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

impl SignIn {
    /// Reads keys and makes a client; sends nothing.
    ///
    /// # Errors
    /// `CF_INVALID`: the configuration cannot work, or the private key or CA file cannot be read.
    pub fn new(config: SalesforceConfig) -> Result<Self, Fault> {
        Self::with_clock(config, Rc::new(SystemClock))
    }

    /// The same with a clock of the caller's. See [`SignIn::new`] for errors.
    pub fn with_clock(config: SalesforceConfig, clock: Rc<dyn Clock>) -> Result<Self, Fault> {
        let base = config.checked()?;
        let signer = match &config.auth {
            Auth::ClientCredentials { .. } => None,
            Auth::JwtBearer { private_key_pem, .. } => Some(Signer::from_pem(private_key_pem.reveal())?),
        };
        Ok(Self { http: Http::new(&config, &base)?, base, signer, clock, config })
    }

    async fn once(&self) -> Result<(Secret, String), Fault> {
        let (answer, body) = self.http.form(&format!("{}/services/oauth2/token", self.base.origin), &self.form()?).await?;
        if !answer.is_success() {
            let mut fault = Refusal { status: answer.status, body: &body }.of_sign_in();
            if let Auth::ClientCredentials { client_secret, .. } = &self.config.auth
                && !client_secret.reveal().is_empty()
            {
                // No answer was seen to repeat the secret; none shall.
                fault.message = fault.message.replace(client_secret.reveal(), "***");
            }
            return Err(fault);
        }
        let granted: Granted<'_> = serde_json::from_slice(&body).map_err(|error| wire::unreadable(&error, &body))?;
        let instance_url = self.instance_url(granted.instance_url.as_deref())?;
        Ok((Secret::new(granted.access_token), instance_url))
    }

    /// What is sent; holds the secret or the assertion. Made anew for every try, as assertions age.
    fn form(&self) -> Result<Secret, Fault> {
        let mut form = Serializer::new(String::new());
        match (&self.config.auth, &self.signer) {
            (Auth::JwtBearer { client_id, username, audience, .. }, Some(signer)) => {
                // The URL of the My Domain is an audience that connected apps and external client apps take, in production and in
                // sandboxes (A.3), so nothing has to be guessed about the kind of the host. A generic host names itself.
                let audience = audience.as_deref().unwrap_or(&self.base.origin);
                let assertion = signer.sign(&Claims::new(client_id, username, audience, self.clock.now()))?;
                form.append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer").append_pair("assertion", &assertion);
            }
            (Auth::ClientCredentials { client_id, client_secret }, _) => {
                form.append_pair("grant_type", "client_credentials");
                form.append_pair("client_id", client_id).append_pair("client_secret", client_secret.reveal());
            }
            // `with_clock` makes a signer for every assertion.
            (Auth::JwtBearer { .. }, None) => {}
        }
        Ok(Secret::new(form.finish()))
    }

    /// Where the org wants its requests. A token never goes over a connection that is less private than the one it came by.
    fn instance_url(&self, told: Option<&str>) -> Result<String, Fault> {
        let Some(told) = told.filter(|told| !told.is_empty()) else {
            if self.base.loopback {
                return Ok(self.base.origin.clone());
            }
            return Err(Fault::new(&SF_UNREADABLE, "the sign-in gave no `instance_url`"));
        };
        let url = Url::parse(told)
            .ok()
            .filter(|url| url.has_host() && (url.scheme() == "https" || (url.scheme() == "http" && !self.base.secure)));
        url.map(|url| url.origin().ascii_serialization())
            .ok_or_else(|| Fault::new(&SF_UNREADABLE, "the sign-in gave an unusable `instance_url`"))
    }

    fn flow(&self) -> &'static str {
        match self.config.auth {
            Auth::ClientCredentials { .. } => "client credentials",
            Auth::JwtBearer { .. } => "jwt bearer",
        }
    }
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SignIn").field("config", &self.config).finish_non_exhaustive()
    }
}

#[async_trait(?Send)]
impl TokenIssuer for SignIn {
    /// Signs in once. Faults of the network and the server are retried, refusals are not: too many of them lock a user out.
    async fn issue(&self) -> Result<(Secret, String), Fault> {
        let mut tries = Tries::new(self.config.retries, "salesforce", wire::is_worth_another_try);
        loop {
            match self.once().await {
                Ok(granted) => {
                    tracing::info!(flow = self.flow(), instance = granted.1, "signed in to salesforce");
                    return Ok(granted);
                }
                Err(fault) if tries.another(&fault).await => {}
                Err(fault) => return Err(fault.context(format_args!("sign in to salesforce at {}", self.base.origin))),
            }
        }
    }
}
