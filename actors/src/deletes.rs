//! Deletes that a run held back and that somebody gave leave for.

use domain::{ConnectorId, Fault, Hold};
use ports::{Checkpoints, Sink};

/// Deletes what the last full run of a connector held back, except what was touched since; gives what was held and how many documents are
/// gone. `None`: nothing waits.
///
/// If it breaks off it can be called again. It does no harm beside a job of the connector: what the job has met is not deleted.
///
/// # Errors
/// Whatever keeps the index from deleting; the deletes then go on waiting. `ES_INDEX_GONE`: the index was made anew since, so that nothing of
/// what was held is in it.
pub async fn confirm(sink: &dyn Sink, checkpoints: &dyn Checkpoints, connector: &ConnectorId) -> Result<Option<(Hold, u64)>, Fault> {
    let Some(hold) = checkpoints.hold(connector).await? else { return Ok(None) };
    let deleted = sink.confirm(&hold).await?;
    // A run may have held back others meanwhile.
    if checkpoints.hold(connector).await?.as_ref() == Some(&hold) {
        checkpoints.drop_hold(connector).await?;
    }
    Ok(Some((hold, deleted)))
}

#[cfg(test)]
mod tests {
    use domain::{Brake, ES_SILENT, IndexName, RunId, Swept};
    use ports::Target;
    use ports::fakes::{FakeCheckpoints, FakeSink, FakeSource, Script};

    use super::*;

    async fn held(sink: &FakeSink, checkpoints: &FakeCheckpoints, connector: &ConnectorId) -> Hold {
        sink.docs.borrow_mut().extend((0..20).map(|no| (FakeSource::id("Account", no), (vec![], RunId::new("old")))));
        let target = Target { connector: connector.clone(), index: IndexName::new("i"), run: RunId::new("new"), mark: None };
        let Swept::Held(hold) = sink.sweep(&target, &[], Brake::default()).await.unwrap() else { panic!("it is not held") };
        checkpoints.keep_hold(&hold).await.unwrap();
        hold
    }

    #[actix_rt::test]
    async fn deletes_that_got_leave_are_carried_out_once() {
        let (sink, checkpoints, connector) = (FakeSink::default(), FakeCheckpoints::default(), ConnectorId::new("c"));
        assert_eq!(confirm(&sink, &checkpoints, &connector).await.unwrap(), None);
        let hold = held(&sink, &checkpoints, &connector).await;
        // Met again in between.
        sink.docs.borrow_mut().insert(FakeSource::id("Account", 3), (vec![], RunId::new("newer")));
        assert_eq!(confirm(&sink, &checkpoints, &connector).await.unwrap(), Some((hold, 19)));
        assert_eq!(sink.docs.borrow().keys().copied().collect::<Vec<_>>(), [FakeSource::id("Account", 3)]);
        assert_eq!(confirm(&sink, &checkpoints, &connector).await.unwrap(), None);
    }

    #[actix_rt::test]
    async fn deletes_that_failed_go_on_waiting() {
        let (sink, checkpoints, connector) = (FakeSink::default(), FakeCheckpoints::default(), ConnectorId::new("c"));
        let hold = held(&sink, &checkpoints, &connector).await;
        sink.on_confirm.on(1, Script::Fail(&ES_SILENT));
        assert_eq!(confirm(&sink, &checkpoints, &connector).await.unwrap_err().code, &ES_SILENT);
        assert_eq!(confirm(&sink, &checkpoints, &connector).await.unwrap(), Some((hold, 20)));
    }
}
