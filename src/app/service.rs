//! The service: desks for the connectors of the file and of the cluster, and one scheduler that works at them until it is told to stop.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actors::desk::{OwnDesk, Served};
use actors::roster::Roster;
use actors::scheduler::{JobScheduler, Rhythm, Room, Scheduling};
use adapters::elasticsearch::Elastic;
use adapters::protocol::{ApiChoice, Cluster, ProtocolOptions};
use domain::{ABANDONED_AFTER, Fault, FaultClass};
use ports::Desk;
use tokio::sync::watch;
use tokio::time::Instant;

use super::files::FileTools;
use super::workshop::{PlannedWork, SignsIn};
use super::{Index, connect, elastic_config};
use crate::clock::SystemClock;
use crate::plan::{ClusterPlan, IndexPlan, Plan};

/// Longest wait between two tries to reach a cluster at the start.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What a service does, by the names of the reference's actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duties {
    /// Looks after connectors and posts jobs that are due.
    pub schedule: bool,
    /// Runs full and incremental jobs.
    pub content: bool,
    /// Runs access control jobs.
    pub access: bool,
    /// Ends jobs whose worker is gone.
    pub cleanup: bool,
}

impl Duties {
    /// All of them.
    pub const ALL: Self = Self { schedule: true, content: true, access: true, cleanup: true };
}

/// Serves until a stop is asked for and what was in hand then has ended.
///
/// # Errors
/// The index cannot be used, or too many rounds failed.
pub async fn serve(plan: Plan, duties: Duties, roster: Arc<Roster>, stop: watch::Receiver<bool>) -> Result<(), Fault> {
    let plan = Rc::new(plan);
    let index = match &plan.index {
        IndexPlan::Embedded { .. } => Index::open(&plan.index).await?,
        IndexPlan::Cluster(cluster) => match reached(cluster, plan.service.max_wait, &stop).await? {
            Some(elastic) => Index::of_cluster(elastic),
            None => return Ok(()),
        },
    };
    let mut desks: Vec<Rc<dyn Desk>> = Vec::new();
    if !plan.connectors.is_empty() {
        let served = |connector: &crate::plan::ConnectorPlan| Served {
            connector: connector.id.clone(),
            index: connector.index.clone(),
            schedules: connector.schedules.clone(),
        };
        desks.push(Rc::new(OwnDesk::new(Rc::clone(&index.board), plan.connectors.iter().map(served).collect())));
    }
    if let IndexPlan::Cluster(cluster) = &plan.index
        && plan.service.asks_the_cluster()
    {
        desks.push(defined_in_the_cluster(&plan, cluster).await?);
    }
    let service = &plan.service;
    let rhythm = Rhythm {
        schedule: duties.schedule,
        idling: service.idling,
        tidy_every: duties.cleanup.then_some(service.cleanup),
        max_errors: service.max_errors,
        max_errors_span: service.max_errors_span,
    };
    let room = Room {
        content: if duties.content { service.content_syncs } else { 0 },
        access: if duties.access { service.access_syncs } else { 0 },
    };
    let files = FileTools::open(&plan)?;
    let workshop = Rc::new(PlannedWork { plan: Rc::clone(&plan), index, monitor: None, files });
    let scheduling = Scheduling { desks, workshop, clock: Arc::new(SystemClock), roster, room, stop: stop.clone() };
    JobScheduler::start(scheduling).serve(rhythm, stop).await
}

/// The cluster as soon as it answers; nothing if a stop is asked for before.
async fn reached(plan: &ClusterPlan, most: Duration, stop: &watch::Receiver<bool>) -> Result<Option<Rc<Elastic>>, Fault> {
    let (since, mut wait, mut stop) = (Instant::now(), Duration::from_secs(1), stop.clone());
    loop {
        let fault = tokio::select! {
            connected = connect(plan) => match connected {
                Ok(elastic) => return Ok(Some(Rc::new(elastic))),
                Err(fault) => fault,
            },
            _ = stop.wait_for(|stop| *stop) => return Ok(None),
        };
        if fault.class() != FaultClass::Transient || since.elapsed() + wait > most {
            return Err(fault);
        }
        tracing::warn!(%fault, ?wait, "the index server does not answer yet");
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stop.wait_for(|stop| *stop) => return Ok(None),
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// The desk for connectors that are defined in the cluster.
async fn defined_in_the_cluster(plan: &Rc<Plan>, cluster: &ClusterPlan) -> Result<Rc<dyn Desk>, Fault> {
    let service = &plan.service;
    let options = ProtocolOptions {
        connectors: service.managed.iter().map(|managed| managed.id.clone()).collect(),
        service_types: service.service_types.clone(),
        api: if service.connectors_api { ApiChoice::Auto } else { ApiChoice::Indices },
        heartbeat: service.heartbeat,
        silent_after: ABANDONED_AFTER,
        worker: host_name(),
    };
    let inspector = Rc::new(SignsIn::new(Rc::clone(plan)));
    Ok(Rc::new(Cluster::connect(&elastic_config(cluster), options, inspector).await?))
}

/// The name of this machine or pod.
fn host_name() -> String {
    let told = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned());
    told.filter(|name| !name.is_empty()).unwrap_or_else(|| "sluice".to_owned())
}
