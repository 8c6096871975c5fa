//! Deletes that are held back, on real servers: counted as they are deleted, and kept until somebody gives leave.

use actors::deletes::confirm;
use domain::{Brake, BulkOp, ConnectorId, Document, ES_INDEX_GONE, Hold, Swept};
use ports::{Checkpoints, Sink, Target};

use crate::adapter::{account, submit};
use crate::server::await_on_each;

async fn held(sink: &dyn Sink, target: &Target, spare: &[String]) -> Hold {
    match sink.sweep(target, spare, Brake::default()).await.unwrap() {
        Swept::Held(hold) => hold,
        Swept::Deleted(deleted) => panic!("{deleted} were deleted"),
    }
}

fn lead(no: usize) -> BulkOp {
    let BulkOp::Put(Document { id, .. }) = account(no) else { unreachable!() };
    BulkOp::Put(Document { id, body: br#"{"attributes":{"type":"Lead"}}"#.to_vec() })
}

#[test]
fn what_is_held_is_counted_exactly_and_deleted_exactly_however_many_shards_there_are() {
    await_on_each("brake", async |live| {
        live.raw("PUT", &format!("/{}", live.index), r#"{"settings":{"number_of_shards":3,"number_of_replicas":0}}"#);
        let (elastic, connector) = (live.connect().await, ConnectorId::new("c"));
        let first = live.begin(&elastic, "r1").await;
        submit(&elastic, &first, (0..2600).map(account).chain((2600..3600).map(lead)).collect()).await;
        let second = live.begin(&elastic, "r2").await;
        submit(&elastic, &second, (0..500).map(account).collect()).await;

        let spare = ["Lead".to_owned()];
        let hold = held(&elastic, &second, &spare).await;
        assert_eq!((hold.doomed, hold.total), (2100, 3600));
        assert_eq!(held(&elastic, &second, &[]).await.doomed, 3100);
        assert_eq!(live.all().len(), 3600, "nothing is deleted");
        elastic.keep_hold(&hold).await.unwrap();

        // A later run is under way, in another process, and has met ten of them.
        let other = live.connect().await;
        let third = live.begin(&other, "r3").await;
        submit(&other, &third, (500..510).map(account).collect()).await;
        assert_eq!(confirm(&other, &other, &connector).await.unwrap(), Some((hold, 2090)));
        assert_eq!(live.all().len(), 1510);
        assert_eq!(confirm(&elastic, &elastic, &connector).await.unwrap(), None);

        // An index that is made anew has nothing of what was held.
        let hold = held(&elastic, &third, &[]).await;
        live.raw("DELETE", &format!("/{}", live.index), "");
        let fourth = live.begin(&elastic, "r4").await;
        submit(&elastic, &fourth, (0..20).map(account).collect()).await;
        assert_eq!(elastic.confirm(&hold).await.unwrap_err().code, &ES_INDEX_GONE);
        assert_eq!(live.all().len(), 20);
    });
}
