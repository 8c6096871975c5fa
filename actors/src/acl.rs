//! Decides who may read each document, and sends files by way of the extractor.
//!
//! `Parcel<JoinedPage>` -> `Lane<SecuredPage>` and `Lane<SecuredFile>`. Keeps nothing.
//! Document level security is off in every run that gets here (a plan that asks for it is refused), so readers are everybody.

use actix::{Actor, Context, Handler, ResponseActFuture, WrapFuture as _};

use crate::lane::{Lane, Parcel};
use crate::messages::{JoinedPage, SecuredFile, SecuredPage};
use crate::stage::{Obituary, Slots, serve};

pub(crate) struct AclBuilder {
    to_writer: Lane<SecuredPage>,
    to_extractor: Lane<SecuredFile>,
    slots: Slots,
    _obituary: Obituary,
}
impl AclBuilder {
    pub(crate) const NAME: &str = "acl_builder";

    pub(crate) fn new(to_writer: Lane<SecuredPage>, to_extractor: Lane<SecuredFile>, slots: Slots, obituary: Obituary) -> Self {
        Self { to_writer, to_extractor, slots, _obituary: obituary }
    }
}
impl Actor for AclBuilder {
    type Context = Context<Self>;
}
impl Handler<Parcel<JoinedPage>> for AclBuilder {
    type Result = ResponseActFuture<Self, ()>;

    fn handle(&mut self, parcel: Parcel<JoinedPage>, _ctx: &mut Context<Self>) -> Self::Result {
        let (to_writer, to_extractor) = (self.to_writer.clone(), self.to_extractor.clone());
        let work = serve(Self::NAME, self.slots.clone(), parcel, async move |page| pass_on(&to_writer, &to_extractor, page).await);
        Box::pin(work.into_actor(self))
    }
}

/// Passes documents on first, so that a slow download never holds back the records of its page.
async fn pass_on(to_writer: &Lane<SecuredPage>, to_extractor: &Lane<SecuredFile>, page: JoinedPage) {
    let JoinedPage { object, ops, files, aside, share } = page;
    let files_share = share.fork();
    let places = ops.len().max(1);
    let page = SecuredPage { object, ops, aside, share, booking: None };
    // A closed lane drops shares unsigned; the stage that closed it says why.
    if to_writer.push_weighing(page, places).await.is_err() {
        return;
    }
    for linked in files {
        let file = SecuredFile { linked, share: files_share.fork() };
        if to_extractor.push(file).await.is_err() {
            return;
        }
    }
    files_share.sign();
}

#[cfg(test)]
mod tests {
    use domain::catalog::FileRef;
    use domain::{BulkOp, Verdict};
    use ports::fakes::FakeSource;
    use tokio::sync::mpsc;

    use super::*;
    use crate::kit::{Catch, settle};
    use crate::lane::Inlet;
    use crate::messages::{Fact, LinkedFile};
    use crate::receipt::{PageId, Share};
    use crate::stage::start;

    #[actix_rt::test]
    async fn documents_go_to_the_writer_and_files_to_the_extractor_under_one_receipt() {
        let (to_writer, written) = Catch::lane(4);
        let (to_extractor, extracted) = Catch::lane(1);
        let (down, _) = mpsc::unbounded_channel();
        let (facts_tx, mut facts) = mpsc::unbounded_channel();
        let addr = start(2, || AclBuilder::new(to_writer, to_extractor, Slots::new(1), Obituary::new(AclBuilder::NAME, down)));
        let lane = Inlet::new(&addr, 2).lane("test->acl");

        let id = FakeSource::id("Account", 1);
        let file = |_| LinkedFile { file: FileRef { id, version: Some(id), size: None, text: bytes::Bytes::new() }, linked: vec![id] };
        let page = PageId { object: 0, no: 0, last: None };
        let share = Share::open(page, None, facts_tx);
        lane.push(JoinedPage { object: 0, ops: vec![BulkOp::Keep(id); 3], files: (0..2).map(file).collect(), aside: vec![], share })
            .await
            .unwrap();
        settle().await;

        let mut pages = written.take();
        let mut files = extracted.take();
        assert_eq!((pages[0].ops.len(), files.len()), (3, 1), "the second file waits for room");
        settle().await;
        files.extend(extracted.take());
        pages.remove(0).share.sign();
        settle().await;
        assert!(facts.try_recv().is_err(), "files are still out");
        files.into_iter().for_each(|file| file.share.sign());
        settle().await;
        assert_eq!(facts.try_recv().unwrap(), Fact::PageDone(page, Verdict::Settled));
    }
}
