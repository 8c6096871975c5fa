//! The requests that the Connector API has for itself, each with its twin over the indices.

use std::collections::HashSet;

use domain::protocol::{Claim, Connector, JOBS, JobDocument, Object, Report, Verdict, draft, job_request, judged, new_job, written_time};
use domain::{ConnectorId, ES_CONFLICT, ES_REFUSED, Fault, JobId, JobStatus, JobType, Timestamp};
use serde_json::{Value, json};

use super::Cluster;
use super::store::Changed;
use crate::elasticsearch::http::{Call, segment};
use crate::elasticsearch::wire;

/// How the protocol is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By the Connector API, where it has a request.
    Api,
    /// By documents alone.
    Indices,
}

impl Cluster {
    /// Says that a connector is served.
    pub(super) async fn check_in(&self, connector: &Connector, now: Timestamp) -> Result<(), Fault> {
        let id = connector.id.as_str();
        match self.way {
            Way::Api => self.http.ask(Call::put_empty(format!("/_connector/{}/_check_in", segment(id)))).await.map(|_| ()),
            Way::Indices => {
                let seen = Object::from_iter([("last_seen".to_owned(), json!(written_time(now)))]);
                self.write::<Connector>(id, &seen).await
            }
        }
    }

    /// Writes what a look at a draft of sync rules found; a valid one becomes active.
    pub(super) async fn settle_draft(&self, connector: &Connector, verdict: &Verdict) -> Result<(), Fault> {
        let id = connector.id.as_str();
        let seen = draft(connector.field("filtering"));
        if self.way == Way::Api {
            // What somebody has edited since is judged in the next round. Of the moment in between, this API lets nobody take care.
            if self.get::<Connector>(id).await?.is_none_or(|(now, _)| draft(now.field("filtering")) != seen) {
                return Ok(());
            }
            let path = format!("/_connector/{}/_filtering", segment(id));
            self.http.ask(Call::put(format!("{path}/_validation"), &json!({ "validation": verdict.validation() }))).await?;
            if verdict.is_valid() {
                self.http.ask(Call::put_empty(format!("{path}/_activate"))).await?;
            }
            return Ok(());
        }
        let decide = |connector: &Connector| {
            let filtering = connector.field("filtering");
            // What somebody has edited since is judged in the next round.
            let is_same = seen.is_some() && draft(filtering) == seen;
            Ok(is_same.then(|| Object::from_iter([("filtering".to_owned(), judged(filtering, verdict))])))
        };
        self.change(id, decide).await?.uncontested().map(|_| ())
    }

    /// Makes a job. It is asked for once: another try after an answer that was lost would make a second job.
    pub(super) async fn post_job(&self, connector: &Connector, kind: JobType, now: Timestamp) -> Result<(), Fault> {
        let call = match self.way {
            Way::Api => Call::post("/_connector/_sync_job", &job_request(&connector.id, kind)),
            Way::Indices => Call::post(format!("/{JOBS}/_doc"), &new_job(connector, kind, now)),
        };
        self.http.single(&call).await.map(|_| ())
    }

    /// Takes a job that waits, for good: `None` when somebody else has it or it does not wait any more.
    ///
    /// A fault means that it is not known whose it is.
    pub(super) async fn take(&self, id: &JobId, cursor: &Value, now: Timestamp) -> Result<Option<JobDocument>, Fault> {
        // As the document will say it.
        let started = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
        let claim = Claim { worker: self.options.worker.clone(), started: Some(started) };
        let taken = match self.way {
            Way::Api => self.take_by_api(id, cursor).await?,
            Way::Indices => {
                let patch = claim.patch(cursor);
                match self.change(id.as_str(), |job: &JobDocument| Ok(job.waits().then(|| patch.clone()))).await? {
                    Changed::Written(job, _) => Some(job.with(patch)),
                    // A write of ours whose answer was lost.
                    Changed::Unwanted(job) if job.is_in_work() && job.claim() == claim => Some(job),
                    Changed::Unwanted(_) | Changed::Gone | Changed::Contested => None,
                }
            }
        };
        if let Some(job) = &taken {
            self.claims.borrow_mut().insert(job.id.clone(), job.claim());
        }
        Ok(taken)
    }

    /// The API compares nothing, so this is safe only for whoever has marked the connector.
    async fn take_by_api(&self, id: &JobId, cursor: &Value) -> Result<Option<JobDocument>, Fault> {
        if !self.get::<JobDocument>(id.as_str()).await?.is_some_and(|(job, _)| job.waits()) {
            return Ok(None);
        }
        let mut body = json!({ "worker_hostname": self.options.worker });
        if !cursor.is_null() {
            body["sync_cursor"] = cursor.clone();
        }
        let claimed = self.http.ask(Call::put(format!("/_connector/_sync_job/{}/_claim", segment(id.as_str())), &body)).await;
        let job = self.get::<JobDocument>(id.as_str()).await?.map(|(job, _)| job);
        let ours = job.filter(|job| job.status() == Some(JobStatus::InProgress) && job.claim().worker == self.options.worker);
        match claimed {
            Err(fault) if ours.is_none() && ![&ES_REFUSED, &ES_CONFLICT].contains(&fault.code) && !wire::is_missing(&fault) => Err(fault),
            _ => Ok(ours),
        }
    }

    /// Writes how far a job is, if `allowed` does not object to how it stands; gives how it stood.
    pub(super) async fn tell(
        &self,
        id: &JobId,
        report: Report<'_>,
        allowed: impl Fn(&JobDocument) -> Result<(), Fault>,
    ) -> Result<Option<JobDocument>, Fault> {
        if self.way == Way::Api {
            let Some((job, _)) = self.get::<JobDocument>(id.as_str()).await? else { return Ok(None) };
            allowed(&job)?;
            let call = Call::put(format!("/_connector/_sync_job/{}/_stats", segment(id.as_str())), &Value::Object(report.stats()));
            return match self.http.ask(call).await {
                Err(fault) if wire::is_missing(&fault) => Ok(None),
                outcome => outcome.map(|_| Some(job)),
            };
        }
        let patch = report.patch();
        match self.change(id.as_str(), |job| allowed(job).map(|()| Some(patch.clone()))).await?.uncontested()? {
            Changed::Written(job, _) | Changed::Unwanted(job) => Ok(Some(job)),
            Changed::Gone | Changed::Contested => Ok(None),
        }
    }

    /// Connectors that are served, as a search finds them.
    pub(super) async fn served(&self) -> Result<Vec<Connector>, Fault> {
        let alive = |filter: Value| json!({ "bool": { "must_not": [{ "term": { "deleted": true } }], "filter": filter } });
        let ids: Vec<_> = self.options.connectors.iter().map(ConnectorId::as_str).collect();
        let named = (!ids.is_empty()).then(|| alive(json!([{ "terms": { "_id": ids } }])));
        let types = &self.options.service_types;
        let found = (!types.is_empty()).then(|| alive(json!([{ "terms": { "service_type": types } }, { "term": { "is_native": false } }])));
        let query = match (named, found) {
            (Some(named), Some(found)) => json!({ "bool": { "should": [named, found] } }),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => return Ok(Vec::new()),
        };
        let all = self.search_all::<Connector>(&query, &Value::Null).await?;
        // Pages without an order may show a connector twice.
        let mut seen = HashSet::new();
        Ok(all.into_iter().map(|(connector, _)| connector).filter(|connector| seen.insert(connector.id.clone())).collect())
    }
}
