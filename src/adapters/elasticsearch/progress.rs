//! Checkpoints, what was set aside, and deletes that wait, in the index of our own.

use domain::{Checkpoint, ConnectorId, Fault, Hold, JobType};
use ports::{SetAside, Target};
use serde_json::{Value, json};

use super::Elastic;

fn id(connector: &ConnectorId, kind: JobType) -> String {
    format!("checkpoint:{connector}:{}", kind.as_str())
}

fn document(connector: &ConnectorId, kind: JobType, state: Option<&Checkpoint>) -> Value {
    json!({
        "what": "checkpoint", "connector": connector.as_str(), "job": kind.as_str(),
        "run": state.map(|checkpoint| checkpoint.run.as_str()), "state": state.map(Checkpoint::encode),
    })
}

impl Elastic {
    /// Takes the checkpoint over: whoever held it before can write it no more.
    pub(super) async fn take_checkpoint(&self, connector: &ConnectorId, kind: JobType) -> Result<Option<Checkpoint>, Fault> {
        let id = id(connector, kind);
        loop {
            let kept = self.get(&id).await?;
            let version = kept.as_ref().map(|kept| kept.version);
            let source = kept.map_or_else(|| document(connector, kind, None), |kept| kept.source);
            let state = source["state"].as_str().map(str::to_owned);
            if self.put(&id, source, version).await?.is_none() {
                continue; // somebody wrote in between; what they wrote counts
            }
            let Some(state) = state else { return Ok(None) };
            let decoded = Checkpoint::decode(&state);
            if decoded.is_none() {
                tracing::warn!(%connector, kind = kind.as_str(), "a checkpoint is unreadable; the run starts anew");
            }
            return Ok(decoded);
        }
    }

    /// Writes the checkpoint, or that there is none.
    pub(super) async fn keep_checkpoint(&self, connector: &ConnectorId, kind: JobType, state: Option<&Checkpoint>) -> Result<(), Fault> {
        let id = id(connector, kind);
        if !self.held.borrow().contains_key(&id) {
            self.take_checkpoint(connector, kind).await?;
        }
        self.put_held(&id, document(connector, kind, state)).await
    }

    /// Forgets the checkpoint. A full run has met everything again, so what earlier runs had set aside goes with it.
    pub(super) async fn drop_checkpoint(&self, connector: &ConnectorId, kind: JobType) -> Result<(), Fault> {
        let run = self.get(&id(connector, kind)).await?.and_then(|kept| kept.source["run"].as_str().map(str::to_owned));
        self.keep_checkpoint(connector, kind, None).await?;
        let (JobType::Full, Some(run)) = (kind, run) else { return Ok(()) };
        let ours = json!([{ "term": { "what": "aside" } }, { "term": { "connector": connector.as_str() } }]);
        self.forget(&json!({ "query": { "bool": { "filter": ours, "must_not": [{ "term": { "run": run } }] } } })).await
    }

    /// Remembers what was set aside. A page that is read again changes nothing: the same entry has the same id.
    pub(super) async fn keep_aside(&self, target: &Target, entries: &[SetAside]) -> Result<(), Fault> {
        let at = self.clock.now().to_string();
        let document = |SetAside { id, what, fault }: &SetAside| {
            let subject = id.map_or_else(|| fault.message.chars().take(200).collect(), |id| id.to_string());
            let document = json!({
                "what": "aside", "connector": target.connector.as_str(), "index": target.index.as_str(), "run": target.run.as_str(),
                "id": id.map(|id| id.to_string()), "object": what, "code": fault.code.id, "reason": fault.message, "at": at,
            });
            let id = format!("aside:{}:{}:{what}:{subject}", target.connector, target.run);
            // The server takes ids of up to 512 bytes.
            (id.chars().take(128).collect(), document)
        };
        self.overwrite(entries.iter().map(document).collect()).await
    }

    /// Keeps deletes that wait, in place of those before.
    pub(super) async fn keep_held(&self, hold: &Hold) -> Result<(), Fault> {
        self.overwrite(vec![held(&hold.connector, Some(hold))]).await
    }

    /// The connector's deletes that wait.
    pub(super) async fn held(&self, connector: &ConnectorId) -> Result<Option<Hold>, Fault> {
        let (id, _) = held(connector, None);
        let Some(state) = self.get(&id).await?.and_then(|kept| kept.source["state"].as_str().map(str::to_owned)) else { return Ok(None) };
        let hold = Hold::decode(&state);
        if hold.is_none() {
            tracing::warn!(%connector, "deletes that wait cannot be read; the next full run counts them anew");
        }
        Ok(hold)
    }

    /// Forgets them. Most runs have none: then nothing is written.
    pub(super) async fn drop_held(&self, connector: &ConnectorId) -> Result<(), Fault> {
        let none = held(connector, None);
        match self.get(&none.0).await? {
            Some(kept) if !kept.source["state"].is_null() => self.overwrite(vec![none]).await,
            _ => Ok(()),
        }
    }
}

/// Deletes that wait, or that none do, as a document with its id.
fn held(connector: &ConnectorId, hold: Option<&Hold>) -> (String, Value) {
    let document = json!({
        "what": "hold", "connector": connector.as_str(), "run": hold.map(|hold| hold.run.as_str()), "state": hold.map(Hold::encode),
    });
    (format!("hold:{connector}"), document)
}
