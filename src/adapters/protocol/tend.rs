//! Connectors are looked after: prepared to be configured, shown to be served, inspected, their drafts judged.

use domain::protocol::{Connector, ConnectorStatus, JobDocument, SERVICE_TYPE, drafted_queries, due, judge, mistakes, new_job, prepared};
use domain::{CP_CONNECTOR, ConnectorId, Fault, IndexName, JobId, JobType, Timestamp};
use futures::StreamExt as _;
use ports::Definition;
use serde_json::Value;

use super::store::{self, Changed};
use super::{Cluster, Looked};

/// Connectors that are looked after at a time; the reference's number.
const AT_A_TIME: usize = 4;

/// In the order of the reference.
pub(super) const KINDS: [JobType; 3] = [JobType::AccessControl, JobType::Incremental, JobType::Full];

/// How a look at a connector went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// To its end, its schedules included.
    Done,
    /// What keeps it from being synced was written to it. What is due meanwhile is due when that is mended.
    Failed,
}

impl Cluster {
    /// Looks after every connector that is served.
    pub(super) async fn look_after_all(&self, since: Timestamp, now: Timestamp) -> Result<(), Fault> {
        let served: Vec<_> = self.served().await?.into_iter().map(|connector| connector.id).collect();
        self.looked.borrow_mut().retain(|id, _| served.contains(id));
        let looks = served.into_iter().map(|id| async move {
            // Since when counts for each of them: a connector that cannot be looked at loses no fire time to those that can.
            let looked = *self.looked.borrow_mut().entry(id.clone()).or_insert(Looked { until: since, greeted: false });
            let outcome = self.look_after(&id, looked, now).await;
            (id, outcome)
        });
        let outcomes: Vec<_> = futures::stream::iter(looks).buffer_unordered(AT_A_TIME).collect().await;
        let mut first = Ok(());
        for (id, outcome) in outcomes {
            match outcome {
                Ok(Look::Done) => self.noted(&id, |looked| looked.until = now),
                Ok(Look::Failed) => {}
                Err(fault) if store::is_about_one(&fault) => tracing::warn!(connector = %id, %fault, "a connector cannot be looked after"),
                Err(fault) if first.is_ok() => first = Err(fault.context(format_args!("connector `{id}`"))),
                Err(_) => {}
            }
        }
        first
    }

    fn noted(&self, id: &ConnectorId, change: impl FnOnce(&mut Looked)) {
        if let Some(looked) = self.looked.borrow_mut().get_mut(id) {
            change(looked);
        }
    }

    async fn look_after(&self, id: &ConnectorId, looked: Looked, now: Timestamp) -> Result<Look, Fault> {
        let Some(connector) = self.prepare(id).await? else { return Ok(Look::Done) };
        if let Some(other) = connector.service_type().filter(|other| *other != SERVICE_TYPE) {
            // Named in the configuration file, and the document of another kind.
            let other = other.escape_debug();
            let problem = format!("the connector is of the type `{other}`, and the service that names it syncs `{SERVICE_TYPE}` only");
            return self.refuse(&connector, &Fault::new(&CP_CONNECTOR, problem)).await;
        }
        let stale = |seen: Timestamp| seen.checked_add(self.options.heartbeat).is_ok_and(|next| next <= now);
        if !looked.greeted || connector.last_seen().is_none_or(stale) {
            self.check_in(&connector, now).await?;
            self.noted(id, |looked| looked.greeted = true);
        }
        if connector.status() == ConnectorStatus::Waiting {
            return Ok(Look::Done);
        }
        if let Err(fault) = self.inspect(&connector).await {
            return self.refuse(&connector, &fault).await;
        }
        self.judge_draft(&connector).await?;
        let fires = KINDS.map(|kind| (kind, due(&connector, kind, looked.until, now)));
        match fires.iter().find_map(|(_, due)| due.as_ref().err()) {
            Some(fault) => self.refuse(&connector, fault).await.map(|_| ())?,
            None if connector.status() == ConnectorStatus::Connected && connector.error().is_none() => {}
            None => self.write::<Connector>(id.as_str(), &Connector::reachable()).await?,
        }
        for kind in fires.into_iter().filter_map(|(kind, due)| due.ok().flatten().map(|_| kind)) {
            self.post_due(&connector, kind, looked.until, now).await?;
        }
        Ok(Look::Done)
    }

    /// Gives a connector what it lacks to be configured; `None` if there is no such connector.
    async fn prepare(&self, id: &ConnectorId) -> Result<Option<Connector>, Fault> {
        let decide = |connector: &Connector| {
            let foreign = connector.service_type().is_some_and(|other| other != SERVICE_TYPE);
            Ok(if foreign { None } else { Some(prepared(connector)) })
        };
        match self.change(id.as_str(), decide).await?.uncontested()? {
            Changed::Unwanted(connector) => Ok(Some(connector)),
            Changed::Written(..) => {
                tracing::info!(connector = %id, "a connector was prepared");
                Ok(self.get(id.as_str()).await?.map(|(connector, _)| connector))
            }
            Changed::Gone | Changed::Contested => Ok(None),
        }
    }

    /// Whether a connector could be synced as it is.
    async fn inspect(&self, connector: &Connector) -> Result<(), Fault> {
        self.inspector.inspect(&told(connector)?).await
    }

    /// Judges a draft of sync rules that somebody has edited, by the rules themselves and then by what the org says of the queries. When it
    /// cannot be asked, the draft waits for the next round; what is active goes on meanwhile.
    async fn judge_draft(&self, connector: &Connector) -> Result<(), Fault> {
        let filtering = connector.field("filtering");
        let Some(mut verdict) = judge(filtering) else { return Ok(()) };
        let queries = drafted_queries(filtering);
        if verdict.is_valid() && !queries.is_empty() {
            let drafted = told(connector).map(|told| Definition { basic_rules: Vec::new(), advanced_rules: queries, ..told });
            let tried = match drafted {
                Ok(drafted) => self.inspector.try_rules(&drafted).await,
                Err(fault) => Err(fault),
            };
            match tried {
                Ok(errors) => verdict.errors = errors,
                Err(fault) => {
                    tracing::warn!(connector = %connector.id, %fault, "a draft of sync rules cannot be tried now");
                    return Ok(());
                }
            }
        }
        self.settle_draft(connector, &verdict).await
    }

    /// Writes what is wrong with a connector to it.
    async fn refuse(&self, connector: &Connector, fault: &Fault) -> Result<Look, Fault> {
        let text = fault.to_string();
        if connector.status() != ConnectorStatus::Error || connector.error() != Some(&text) {
            tracing::warn!(connector = %connector.id, %fault, "a connector cannot be synced");
            self.write::<Connector>(connector.id.as_str(), &Connector::failed(&text)).await?;
        }
        Ok(Look::Failed)
    }
}

/// What a job that is made of a connector now would be told.
///
/// # Errors
/// `CP_CONNECTOR`, `CP_JOB`: it cannot be synced as it is.
pub fn told(connector: &Connector) -> Result<Definition, Fault> {
    let no_index = || Fault::new(&CP_CONNECTOR, "no index is attached to the connector");
    if connector.index().is_none() {
        return Err(no_index());
    }
    let mistakes = connector.object("configuration").map(mistakes).unwrap_or_default();
    if !mistakes.is_empty() {
        return Err(Fault::new(&CP_CONNECTOR, format!("configuration: {}", mistakes.join("; "))));
    }
    let Value::Object(snapshot) = new_job(connector, JobType::Full, Timestamp::UNIX_EPOCH) else { return Err(no_index()) };
    let snapshot = JobDocument::new(JobId::new(""), snapshot);
    snapshot.check()?;
    definition(&snapshot).ok_or_else(no_index)
}

/// What a job says of its connector; nothing if it does not say whose it is or where its documents go.
pub(super) fn definition(job: &JobDocument) -> Option<Definition> {
    Some(Definition {
        connector: job.connector()?,
        index: IndexName::new(job.index()?),
        configuration: job.configuration(),
        pipeline: job.pipeline(),
        basic_rules: job.basic_rules(),
        advanced_rules: job.advanced_rules(),
    })
}
