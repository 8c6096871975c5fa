//! Jobs in the index of our own: posted, claimed by whoever writes first, remembered.

use std::time::Duration;

use domain::{
    ABANDONED_AFTER, ConnectorId, Counts, ES_UNREADABLE, Ended, Fault, IndexName, Job, JobId, JobStatus, JobType, REMEMBERED, Timestamp,
};
use ports::JobRecord;
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::Elastic;
use super::state::Kept;

/// A connector that was locked for a job so lately is locked even if the job does not yet say that it is in work.
const FRESH: Duration = Duration::from_secs(60);

/// Jobs that a claim looks at: more than one, since others claim too.
const CANDIDATES: usize = 10;

fn id(job: &JobId) -> String {
    format!("job:{job}")
}

fn job_of(kept: &Kept) -> Option<Job> {
    let text = |key: &str| kept.source[key].as_str();
    let kind = JobType::parse(text("job")?)?;
    let (connector, index) = (ConnectorId::new(text("connector")?), IndexName::new(text("index")?));
    Some(Job { id: JobId::new(kept.id.strip_prefix("job:")?), connector, index, kind })
}

fn record_of(kept: &Kept) -> Option<JobRecord> {
    let text = |key: &str| kept.source[key].as_str();
    Some(JobRecord {
        job: job_of(kept)?,
        status: JobStatus::parse(text("status")?)?,
        created: text("created")?.parse().ok()?,
        ended: text("ended").and_then(|ended| ended.parse().ok()),
        error: text("error").map(str::to_owned),
        counts: Counts::deserialize(&kept.source["counts"]).unwrap_or_default(),
    })
}

fn unreadable(kept: &Kept) -> Fault {
    Fault::new(&ES_UNREADABLE, format!("`{}` of the job board cannot be read", kept.id))
}

impl Elastic {
    /// Puts a job on the board; one that is there already stays as it is.
    pub(super) async fn post_job(&self, job: &Job, now: Timestamp) -> Result<(), Fault> {
        let document = json!({
            "what": "job", "connector": job.connector.as_str(), "index": job.index.as_str(), "job": job.kind.as_str(),
            "status": JobStatus::Pending.as_str(), "created": now.to_string(), "order": now.as_microsecond(), "counts": {},
        });
        self.put(&id(&job.id), document, None).await.map(|_| ())
    }

    /// Claims the oldest job that waits or was abandoned.
    pub(super) async fn claim_job(&self, connectors: &[ConnectorId], kinds: &[JobType], now: Timestamp) -> Result<Option<Job>, Fault> {
        let ours: Vec<_> = connectors.iter().map(ConnectorId::as_str).collect();
        let kinds: Vec<_> = kinds.iter().map(|kind| kind.as_str()).collect();
        let silent = now.checked_sub(ABANDONED_AFTER).unwrap_or(now).to_string();
        let abandoned = json!({ "bool": { "filter": [
            { "term": { "status": JobStatus::InProgress.as_str() } }, { "range": { "seen": { "lt": silent } } },
        ] } });
        let waiting = json!({ "terms": { "status": [JobStatus::Pending.as_str(), JobStatus::Suspended.as_str()] } });
        let mut query = json!({
            "size": CANDIDATES, "sort": [{ "order": "asc" }, { "connector": "asc" }],
            "query": { "bool": {
                "filter": [{ "term": { "what": "job" } }, { "terms": { "connector": ours } }, { "terms": { "job": kinds } }],
                "should": [waiting, abandoned], "minimum_should_match": 1,
            } },
        });
        loop {
            let found = self.find(&query).await?;
            for kept in &found {
                let job = job_of(kept).ok_or_else(|| unreadable(kept))?;
                if !self.lock(&job, now).await? {
                    continue;
                }
                let mut document = kept.source.clone();
                document["status"] = json!(JobStatus::InProgress.as_str());
                document["seen"] = json!(now.to_string());
                document["ended"] = Value::Null;
                document["error"] = Value::Null;
                if self.put(&kept.id, document, Some(kept.version)).await?.is_some() {
                    return Ok(Some(job));
                }
            }
            // A full page may hide others behind candidates that went to somebody else or have to wait.
            match found.last() {
                Some(last) if found.len() == CANDIDATES => query["search_after"] = json!([last.source["order"], last.source["connector"]]),
                _ => return Ok(None),
            }
        }
    }

    /// Locks a connector for a job of it; false if another one of the same family is in work.
    ///
    /// The lock names a job, and the job says whether it is in work: nothing has to be unlocked, and nothing stays locked after a crash.
    async fn lock(&self, job: &Job, now: Timestamp) -> Result<bool, Fault> {
        let lock = match job.kind {
            JobType::Full | JobType::Incremental => format!("lock:{}", job.connector),
            JobType::AccessControl => format!("lock:access:{}", job.connector),
        };
        let kept = self.get(&lock).await?;
        if let Some(kept) = &kept
            && let Some(holder) = kept.source["job"].as_str().filter(|holder| *holder != job.id.as_str())
            && let Some(other) = self.get(&id(&JobId::new(holder))).await?
        {
            let status = other.source["status"].as_str().and_then(JobStatus::parse);
            let since = |time: &Value, span: Duration| {
                let time = time.as_str().and_then(|time| time.parse::<Timestamp>().ok());
                time.and_then(|time| time.checked_add(span).ok()).is_some_and(|end| end > now)
            };
            let in_work = status == Some(JobStatus::InProgress) && since(&other.source["seen"], ABANDONED_AFTER);
            let about_to_be = matches!(status, Some(JobStatus::Pending | JobStatus::Suspended)) && since(&kept.source["at"], FRESH);
            if in_work || about_to_be {
                return Ok(false);
            }
        }
        let document = json!({ "what": "lock", "connector": job.connector.as_str(), "job": job.id.as_str(), "at": now.to_string() });
        Ok(self.put(&lock, document, kept.map(|kept| kept.version)).await?.is_some())
    }

    /// Changes a job that this process has claimed.
    pub(super) async fn change_job(&self, job: &JobId, now: Timestamp, change: impl FnOnce(&mut Value)) -> Result<(), Fault> {
        let id = id(job);
        let Some(kept) = self.get(&id).await? else { return Ok(()) };
        let mut document = kept.source;
        change(&mut document);
        document["seen"] = json!(now.to_string());
        self.held.borrow_mut().entry(id.clone()).or_insert(kept.version);
        self.put_held(&id, document).await
    }

    /// Says how far a job is.
    pub(super) async fn note_progress(&self, job: &JobId, done: &Counts, now: Timestamp) -> Result<(), Fault> {
        self.change_job(job, now, |document| document["counts"] = json!(done)).await
    }

    /// Writes how a job ended.
    pub(super) async fn end_job(&self, job: &JobId, ended: &Ended, now: Timestamp) -> Result<(), Fault> {
        let mut connector = Value::Null;
        let change = |document: &mut Value| {
            connector = document["connector"].clone();
            document["status"] = json!(ended.status.as_str());
            document["counts"] = json!(ended.counts);
            document["error"] = json!(ended.fault.as_ref().map(ToString::to_string));
            document["ended"] = json!(now.to_string());
        };
        self.change_job(job, now, change).await?;
        if let Err(fault) = self.forget_jobs(&connector, now).await {
            tracing::warn!(%fault, "old jobs stay on the board until the next one ends");
        }
        Ok(())
    }

    /// Forgets what ended long before `now`, of a connector as a job names it.
    async fn forget_jobs(&self, connector: &Value, now: Timestamp) -> Result<(), Fault> {
        let (true, Ok(before)) = (connector.is_string(), now.checked_sub(REMEMBERED)) else { return Ok(()) };
        let open = [JobStatus::Pending, JobStatus::Suspended, JobStatus::InProgress].map(JobStatus::as_str);
        let filter = json!([
            { "term": { "what": "job" } }, { "term": { "connector": connector } }, { "range": { "seen": { "lt": before.to_string() } } },
        ]);
        self.forget(&json!({ "query": { "bool": { "filter": filter, "must_not": { "terms": { "status": open } } } } })).await
    }

    /// The latest jobs of some kinds of a connector, newest first.
    pub(super) async fn job_history(&self, connector: &ConnectorId, kinds: &[JobType], most: usize) -> Result<Vec<JobRecord>, Fault> {
        let kinds: Vec<_> = kinds.iter().map(|kind| kind.as_str()).collect();
        let query = json!({
            // The server's own limit of a page.
            "size": most.min(10_000), "sort": [{ "order": "desc" }],
            "query": { "bool": { "filter": [{ "term": { "what": "job" } }, { "term": { "connector": connector.as_str() } }, { "terms": { "job": kinds } }] } },
        });
        let found = self.find(&query).await?;
        found.iter().map(|kept| record_of(kept).ok_or_else(|| unreadable(kept))).collect()
    }
}
