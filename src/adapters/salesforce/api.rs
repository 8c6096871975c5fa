//! The REST API with a session: token, slot, retries, and one fresh token when the old one has ended.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use domain::catalog::ContentAt;
use domain::{Fault, SF_CURSOR, SF_SESSION};
use ports::{Token, Tokens};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::config::{Retries, SalesforceConfig};
use super::http::{Answer, Http};
use super::rows::Rows;
use super::target::Targets;
use super::usage::Usage;
use super::wire::{self, Refusal};
use crate::retry::Tries;

/// What all requests of one adapter share.
pub(super) struct Api {
    http: Http,
    tokens: Rc<dyn Tokens>,
    slots: Arc<Semaphore>,
    retries: Retries,
    /// How resources are addressed.
    pub(super) targets: Targets,
    /// The org's daily allowance.
    pub(super) usage: Usage,
}

impl Api {
    pub(super) fn new(config: &SalesforceConfig, tokens: Rc<dyn Tokens>) -> Result<Self, Fault> {
        Ok(Self {
            http: Http::new(config, &config.checked()?)?,
            tokens,
            slots: Arc::new(Semaphore::new(config.concurrency)),
            retries: config.retries,
            targets: Targets::new(&config.api_version),
            usage: Usage::default(),
        })
    }

    /// Asks for JSON. An answer that `parse` cannot read counts as a failed try.
    pub(super) async fn json<T>(&self, path: &str, parse: impl Fn(Bytes) -> Result<T, serde_json::Error>) -> Result<T, Fault> {
        let attempt = async |token: &Token| {
            let (answer, body) = {
                let _slot = self.slot().await;
                self.http.json(token, path).await?
            };
            self.note(&answer);
            if !answer.is_success() {
                return Err(Refusal { status: answer.status, body: &body }.fault());
            }
            parse(body.clone()).map_err(|error| wire::unreadable(&error, &body))
        };
        self.with_session(attempt).await
    }

    /// Asks for the content of a file. The slot is to be kept until the content has come.
    pub(super) async fn file(&self, content: ContentAt) -> Result<(Answer, OwnedSemaphorePermit), Fault> {
        let path = self.targets.file(content);
        let attempt = async |token: &Token| {
            let slot = self.slot().await;
            let mut answer = self.http.bytes(token, &path).await?;
            self.note(&answer);
            if answer.is_success() {
                return Ok((answer, slot));
            }
            let body = answer.refusal().await;
            Err(Refusal { status: answer.status, body: &body }.of_file())
        };
        self.with_session(attempt).await
    }

    /// First page of a query.
    pub(super) async fn query(&self, soql: &str) -> Result<Rows, Fault> {
        self.json(&self.targets.query(soql)?, Rows::parse).await
    }

    /// All that a search finds.
    pub(super) async fn search(&self, sosl: &str) -> Result<Rows, Fault> {
        self.json(&self.targets.search(sosl)?, Rows::parse_found).await
    }

    /// A later page of a query, or of one of its nested lists.
    pub(super) async fn more(&self, next: &str) -> Result<Rows, Fault> {
        self.json(next, Rows::parse).await
    }

    /// All rows of a query. A cursor that expires on the way starts the query anew, once.
    pub(super) async fn all(&self, soql: &str) -> Result<Vec<Bytes>, Fault> {
        self.anew(async || {
            let mut page = self.query(soql).await?;
            let mut rows = std::mem::take(&mut page.rows);
            while let Some(next) = page.next.take() {
                page = self.more(&next).await?;
                rows.append(&mut page.rows);
            }
            Ok(rows)
        })
        .await
    }

    /// Does `work` again, once, when a cursor expired in it.
    pub(super) async fn anew<T>(&self, work: impl AsyncFn() -> Result<T, Fault>) -> Result<T, Fault> {
        match work().await {
            Err(fault) if fault.code == &SF_CURSOR => {
                tracing::info!(reason = fault.message, "query cursor expired and the query is sent again");
                work().await
            }
            outcome => outcome,
        }
    }

    async fn with_session<T>(&self, attempt: impl AsyncFn(&Token) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut token = self.tokens.newer_than(0).await?;
        let mut is_fresh = false;
        let mut tries = Tries::new(self.retries, "salesforce", wire::is_worth_another_try);
        loop {
            match attempt(&token).await {
                Err(fault) if fault.code == &SF_SESSION && !is_fresh => {
                    token = self.tokens.newer_than(token.generation).await?;
                    is_fresh = true;
                }
                Err(fault) if tries.another(&fault).await => {}
                outcome => return outcome,
            }
        }
    }

    /// Waits for a slot; requests wait here and not inside their time limits.
    async fn slot(&self) -> OwnedSemaphorePermit {
        match Arc::clone(&self.slots).acquire_owned().await {
            Ok(slot) => slot,
            // Nobody closes the semaphore: it lives and dies with the adapter, which this call borrows.
            Err(_) => unreachable!("the semaphore of an adapter in use is open"),
        }
    }

    fn note(&self, answer: &Answer) {
        if let Some(header) = &answer.usage {
            self.usage.note(header);
        }
    }
}
