//! What the service runs on: how often it looks, how much it does at a time, which connectors of the cluster it serves.

use std::time::Duration;

use domain::ConnectorId;
use ports::Secret;

use crate::settings::{self, Taker};

/// The service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePlan {
    /// Connectors of the configuration file that are defined in the cluster.
    pub managed: Vec<ManagedPlan>,
    /// Kinds of connectors that are served wherever the cluster has them.
    pub service_types: Vec<String>,
    /// Between two looks at schedules and waiting jobs.
    pub idling: Duration,
    /// Between two signs of life.
    pub heartbeat: Duration,
    /// Between two looks for jobs whose worker is gone.
    pub cleanup: Duration,
    /// Looks that may fail within the span.
    pub max_errors: usize,
    /// For how long a failed look counts.
    pub max_errors_span: Duration,
    /// Full and incremental jobs at a time.
    pub content_syncs: usize,
    /// Access control jobs at a time.
    pub access_syncs: usize,
    /// Wait for the cluster at the start.
    pub max_wait: Duration,
    /// Whether the Connector API may be used.
    pub connectors_api: bool,
}

/// A connector that is defined in the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedPlan {
    /// Its identity.
    pub id: ConnectorId,
    /// API key for its documents.
    pub api_key: Option<Secret>,
}

/// The plan of the service without its connectors, or nothing if something is wrong, which is then noted.
pub(super) fn plan(root: &mut Taker<'_>) -> Option<ServicePlan> {
    let service_types = root.get(&settings::SERVICE_TYPES)?;
    for other in service_types.iter().filter(|kind| *kind != "salesforce") {
        root.refuse(&settings::SERVICE_TYPES, format!("names `{}`; only `salesforce` is served", other.escape_debug()));
    }
    Some(ServicePlan {
        managed: Vec::new(),
        service_types,
        idling: root.get(&settings::IDLING)?,
        heartbeat: root.get(&settings::HEARTBEAT)?,
        cleanup: root.get(&settings::CLEANUP)?,
        max_errors: root.count(&settings::MAX_ERRORS)?,
        max_errors_span: root.get(&settings::MAX_ERRORS_SPAN)?,
        content_syncs: root.count(&settings::CONTENT_SYNCS)?,
        access_syncs: root.count(&settings::ACCESS_SYNCS)?,
        max_wait: root.get(&settings::MAX_WAIT)?,
        connectors_api: root.get(&settings::CONNECTORS_API)?,
    })
}

impl ServicePlan {
    /// Whether connectors are defined in the cluster.
    pub fn asks_the_cluster(&self) -> bool {
        !self.managed.is_empty() || !self.service_types.is_empty()
    }
}
