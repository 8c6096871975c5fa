//! The index that a plan names, opened: where documents go, and where jobs and checkpoints are kept.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use adapters::counting::Counting;
use adapters::elasticsearch::{Documents, Elastic, ElasticAuth, ElasticConfig, Retries, Timeouts};
use adapters::embedded::Embedded;
use domain::{Fault, JobType};
use ports::{Checkpoints, JobBoard, Sink};

use crate::clock::SystemClock;
use crate::plan::{ClusterAuth, ClusterPlan, ConnectorPlan, IndexPlan};

/// The index of a plan, opened for writing.
#[derive(Clone)]
pub struct Index {
    documents: DocumentsIn,
    pub(crate) checkpoints: Rc<dyn Checkpoints>,
    pub(super) board: Rc<dyn JobBoard>,
}

/// Where documents go.
#[derive(Clone)]
enum DocumentsIn {
    /// Those of all connectors the same way.
    One(Rc<dyn Sink>),
    /// Into a cluster, each connector with its own key and pipeline.
    Cluster(Rc<Elastic>),
}

impl Index {
    /// Opens what the plan names.
    ///
    /// # Errors
    /// The data directory cannot be used, or another process uses it. The cluster does not answer, or is none that can be used.
    pub async fn open(plan: &IndexPlan) -> Result<Self, Fault> {
        match plan {
            IndexPlan::Embedded { path } => Ok(Self::new(Rc::new(Embedded::open(path, Arc::new(SystemClock))?))),
            IndexPlan::Cluster(cluster) => Ok(Self::of_cluster(Rc::new(connect(cluster).await?))),
        }
    }

    /// Around one that is open already.
    pub fn new<I: Sink + Checkpoints + JobBoard>(open: Rc<I>) -> Self {
        Self { documents: DocumentsIn::One(open.clone()), checkpoints: open.clone(), board: open }
    }

    /// One that only counts: nothing is written anywhere.
    pub fn counting() -> Self {
        Self::new(Rc::new(Counting::default()))
    }

    pub(crate) fn of_cluster(elastic: Rc<Elastic>) -> Self {
        Self { documents: DocumentsIn::Cluster(elastic.clone()), checkpoints: elastic.clone(), board: elastic }
    }

    /// Where jobs of this kind write what they make for a connector. Access documents need no pipeline.
    pub(crate) fn documents_of(&self, connector: &ConnectorPlan, kind: JobType) -> Result<Rc<dyn Sink>, Fault> {
        match &self.documents {
            DocumentsIn::One(sink) => Ok(Rc::clone(sink)),
            DocumentsIn::Cluster(elastic) => {
                let pipeline = connector.pipeline.clone().filter(|_| kind != JobType::AccessControl);
                Ok(Rc::new(Documents::new(elastic, connector.api_key.clone(), pipeline)?))
            }
        }
    }
}

/// A cluster that answers and can be used.
///
/// # Errors
/// It does not answer, or cannot be used.
pub async fn connect(plan: &ClusterPlan) -> Result<Elastic, Fault> {
    Elastic::connect(elastic_config(plan), Arc::new(SystemClock)).await
}

pub(crate) fn elastic_config(plan: &ClusterPlan) -> ElasticConfig {
    let ClusterPlan { hosts, auth, verify, ca_file, headers, timeout, attempts, first_wait, in_flight, adaptive, compress, .. } =
        plan.clone();
    let auth = match auth {
        ClusterAuth::ApiKey(key) => ElasticAuth::ApiKey(key),
        ClusterAuth::Basic { user, password } => ElasticAuth::Basic { user, password },
    };
    let base = ElasticConfig::new("", auth);
    // The whole of an answer may take a little longer than its beginning.
    let timeouts = Timeouts { head: timeout, total: Some(timeout + Duration::from_secs(60)), ..base.timeouts };
    let retries = Retries { attempts, first_wait, ..base.retries };
    ElasticConfig {
        hosts,
        ca_file,
        verify,
        headers,
        timeouts,
        retries,
        max_in_flight: in_flight,
        adaptive,
        gzip: compress,
        field_budget: plan.field_budget,
        state_index: plan.state_index.clone(),
        ..base
    }
}
