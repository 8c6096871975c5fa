//! The documents of one connector: written with its own key and through its own pipeline, while what has to be remembered is written with
//! the key of the service.

use std::rc::Rc;
use std::sync::Arc;

use async_trait::async_trait;
use domain::catalog::Layout;
use domain::{Brake, BulkOp, Fault, Hold, ItemOutcome, Swept};
use ports::{Secret, SetAside, Sink, Target};

use super::{Elastic, ElasticAuth, ElasticConfig};

/// A sink for the documents of one connector.
#[derive(Debug)]
pub struct Documents {
    own: Elastic,
    kept: Rc<Elastic>,
}

impl Documents {
    /// The same cluster as `kept`, by another key if one is given.
    ///
    /// # Errors
    /// `CF_INVALID`: the key cannot be sent.
    pub fn new(kept: &Rc<Elastic>, api_key: Option<Secret>, pipeline: Option<String>) -> Result<Self, Fault> {
        let auth = api_key.map_or_else(|| kept.config.auth.clone(), ElasticAuth::ApiKey);
        let config = ElasticConfig { auth, pipeline, ..kept.config.clone() };
        let own = Elastic::beside(config, kept.server.clone(), Arc::clone(&kept.clock))?;
        Ok(Self { own, kept: Rc::clone(kept) })
    }
}

#[async_trait(?Send)]
impl Sink for Documents {
    async fn prepare(&self, target: &Target, layout: &Layout) -> Result<Option<String>, Fault> {
        self.own.prepare(target, layout).await
    }

    async fn submit(&self, target: &Target, ops: Arc<Vec<BulkOp>>) -> Result<Vec<ItemOutcome>, Fault> {
        self.own.submit(target, ops).await
    }

    async fn sweep(&self, target: &Target, spare: &[String], brake: Brake) -> Result<Swept, Fault> {
        self.own.sweep(target, spare, brake).await
    }

    async fn confirm(&self, hold: &Hold) -> Result<u64, Fault> {
        self.own.confirm(hold).await
    }

    async fn set_aside(&self, target: &Target, entries: Vec<SetAside>) -> Result<(), Fault> {
        self.kept.set_aside(target, entries).await
    }
}
