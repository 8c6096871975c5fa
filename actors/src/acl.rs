//! Decides who may read each document, and sends files by way of the extractor.
//!
//! `Parcel<JoinedPage>` -> `Lane<SecuredPage>` and `Lane<SecuredFile>`. Keeps nothing. Rules are those of `domain::access`: a document whose
//! readers are not known carries a token that nobody has. Without document level security documents pass as they are.

use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, Context, Handler, ResponseActFuture, WrapFuture as _};
use domain::access::{AllowLists, FileLinks, push_tokens};
use domain::catalog::Blob;
use domain::{BulkOp, bulk};
use ports::SetAside;

use crate::budget::Budget;
use crate::events::{ItemSetAside, RunStats};
use crate::lane::{Lane, Parcel};
use crate::messages::{JoinedPage, LinkedFile, SecuredFile, SecuredPage};
use crate::stage::{Obituary, Slots, serve};

/// What securing needs besides the page.
#[derive(Clone)]
pub(crate) struct Securing {
    pub(crate) to_writer: Lane<SecuredPage>,
    pub(crate) to_extractor: Lane<SecuredFile>,
    /// `None`: everybody may read everything.
    pub(crate) allow: Option<Rc<AllowLists>>,
    /// The object whose records are read, by position in the run; `None` where there may be several.
    pub(crate) objects: Rc<[Option<String>]>,
    pub(crate) budget: Arc<Budget>,
    /// Largest document in bytes; 0 for no limit.
    pub(crate) max_document: usize,
    pub(crate) stats: Arc<RunStats>,
}

pub(crate) struct AclBuilder {
    securing: Securing,
    slots: Slots,
    _obituary: Obituary,
}
impl AclBuilder {
    pub(crate) const NAME: &str = "acl_builder";

    pub(crate) fn new(securing: Securing, slots: Slots, obituary: Obituary) -> Self {
        Self { securing, slots, _obituary: obituary }
    }
}
impl Actor for AclBuilder {
    type Context = Context<Self>;
}
impl Handler<Parcel<JoinedPage>> for AclBuilder {
    type Result = ResponseActFuture<Self, ()>;

    fn handle(&mut self, parcel: Parcel<JoinedPage>, _ctx: &mut Context<Self>) -> Self::Result {
        let securing = self.securing.clone();
        let work = serve(Self::NAME, self.slots.clone(), parcel, async move |page| secure(&securing, page).await);
        Box::pin(work.into_actor(self))
    }
}

/// Passes documents on first, so that a slow download never holds back the records of its page.
async fn secure(securing: &Securing, page: JoinedPage) {
    let Securing { to_writer, to_extractor, allow, .. } = securing;
    let JoinedPage { object, mut ops, files, mut aside, share } = page;
    if let Some(allow) = allow {
        let grown = close_to_others(securing, allow, object, &mut ops, &mut aside);
        share.book(securing.budget.book(grown));
    }
    let files_share = share.fork();
    let places = ops.len().max(1);
    let page = SecuredPage { object, ops, aside, share, booking: None };
    // A closed lane drops shares unsigned; the stage that closed it says why.
    if to_writer.push_weighing(page, places).await.is_err() {
        return;
    }
    for linked in files {
        let LinkedFile { file, shared, is_private, .. } = &linked;
        // An attachment is its record's, whoever put it there, unless the owner keeps it private.
        let owner = file.owner().filter(|_| file.blob() != Blob::Attachment || *is_private);
        let links = FileLinks { owner, linked: shared, private_on_records: *is_private };
        let allow = allow.as_ref().map(|allow| allow.file(&links));
        let file = SecuredFile { linked, allow, share: files_share.fork() };
        if to_extractor.push(file).await.is_err() {
            return;
        }
    }
    files_share.sign();
}

/// Writes into documents who may read them; gives by how many bytes they grew. One that is too large then stays as it is in the index.
fn close_to_others(securing: &Securing, allow: &AllowLists, object: usize, ops: &mut [BulkOp], aside: &mut Vec<SetAside>) -> usize {
    // One list for the whole page, unless its records are of several objects.
    let of_page = securing.objects.get(object).and_then(Option::as_deref).map(|name| allow.record(name));
    let mut grown = 0;
    for op in ops {
        let BulkOp::Put(document) = op else { continue };
        let list = of_page.clone().unwrap_or_else(|| allow.record(allow.object(document.id).unwrap_or_default()));
        let before = document.body.len();
        // A document is one JSON object.
        document.body.pop();
        push_tokens(&mut document.body, &list);
        document.body.push(b'}');
        grown += document.body.len() - before;
        if let Err(fault) = bulk::check_size(document, securing.max_document) {
            let (id, what) = (Some(document.id), securing.stats.name_of(object).to_owned());
            ItemSetAside { what: &what, id, fault: &fault }.emit(&securing.stats);
            aside.push(SetAside { id, what, fault });
            *op = BulkOp::Keep(document.id);
        }
    }
    grown
}

#[cfg(test)]
mod tests {
    use domain::access::Prefixes;
    use domain::catalog::{ContentAt, FileRef};
    use domain::{Document, Verdict};
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
        let securing = securing(to_writer, to_extractor, None, Rc::new([]));
        let addr = start(2, || AclBuilder::new(securing, Slots::new(1), Obituary::new(AclBuilder::NAME, down)));
        let lane = Inlet::new(&addr, 2).lane("test->acl");

        let id = FakeSource::id("Account", 1);
        let file = |_| LinkedFile {
            file: FileRef { id, content: None, size: None, checksum: None, text: bytes::Bytes::new() },
            linked: vec![id],
            shared: vec![id],
            is_private: false,
        };
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

    fn securing(
        to_writer: Lane<SecuredPage>,
        to_extractor: Lane<SecuredFile>,
        allow: Option<Rc<AllowLists>>,
        objects: Rc<[Option<String>]>,
    ) -> Securing {
        let stats = Arc::new(RunStats::new(["Account".to_owned()]));
        Securing { to_writer, to_extractor, allow, objects, budget: Budget::new(1 << 20), max_document: 0, stats }
    }

    /// What becomes of a document with this id that is read as `object`, and of a file of a case and a user.
    async fn secured(object: Option<&str>, id: &str) -> (String, String) {
        let (to_writer, written) = Catch::lane(4);
        let (to_extractor, extracted) = Catch::lane(4);
        let prefixes = Prefixes::new([("500".to_owned(), "Case".to_owned())]);
        let allow = Some(Rc::new(AllowLists::of_tokens(prefixes)));
        let objects = Rc::new([object.map(str::to_owned)]);
        let securing = securing(to_writer, to_extractor, allow, objects);
        let (facts, _) = mpsc::unbounded_channel();
        let share = Share::open(PageId { object: 0, no: 0, last: None }, None, facts);
        let document = Document { id: id.parse().unwrap(), body: br#"{"Name":"x"}"#.to_vec() };
        let (case, user) = ("500000000000001AAA".parse().unwrap(), "005000000000001AAA".parse().unwrap());
        let file = FileRef { id: case, content: None, size: None, checksum: None, text: bytes::Bytes::new() };
        let linked = LinkedFile { file, linked: vec![case], shared: vec![user, case], is_private: false };
        secure(&securing, JoinedPage { object: 0, ops: vec![BulkOp::Put(document)], files: vec![linked], aside: vec![], share }).await;
        settle().await;
        let BulkOp::Put(document) = &written.take()[0].ops[0] else { panic!("a document") };
        let file = extracted.take().remove(0).allow.unwrap();
        (String::from_utf8(document.body.clone()).unwrap(), format!("{file:?}"))
    }

    #[actix_rt::test]
    async fn documents_say_who_may_read_them_and_nobody_where_that_is_not_known() {
        tokio::time::pause();
        let (case, unknown) = ("500000000000001AAA", "a00000000000001AAA");
        for (object, id, token) in
            [(Some("Account"), unknown, "object:Account:read"), (None, case, "object:Case:read"), (None, unknown, "nobody")]
        {
            let (document, file) = secured(object, id).await;
            assert_eq!(document, format!(r#"{{"Name":"x","_allow_access_control":["{token}"]}}"#));
            assert_eq!(file, r#"{"object:Case:read", "user_id:005000000000001AAA"}"#);
        }
    }

    #[actix_rt::test]
    async fn an_attachment_is_for_those_who_read_its_record_and_a_private_one_for_its_owner() {
        tokio::time::pause();
        let id: domain::RecordId = "00P000000000001AAA".parse().unwrap();
        let case = "500000000000001AAA".parse().unwrap();
        for (is_private, tokens) in [(false, r#"{"object:Case:read"}"#), (true, r#"{"user_id:005000000000001AAA"}"#)] {
            let (to_writer, _written) = Catch::lane(4);
            let (to_extractor, extracted) = Catch::lane(4);
            let prefixes = Prefixes::new([("500".to_owned(), "Case".to_owned())]);
            let allow = Some(Rc::new(AllowLists::of_tokens(prefixes)));
            let securing = securing(to_writer, to_extractor, allow, Rc::new([]));
            let (facts, _) = mpsc::unbounded_channel();
            let share = Share::open(PageId { object: 0, no: 0, last: None }, None, facts);
            let text = bytes::Bytes::from_static(br#"{"Owner":{"Id":"005000000000001AAA"}}"#);
            let file = FileRef { id, content: Some(ContentAt { blob: Blob::Attachment, id }), size: None, checksum: None, text };
            let files = vec![LinkedFile { file, linked: vec![case], shared: vec![case], is_private }];
            secure(&securing, JoinedPage { object: 0, ops: Vec::new(), files, aside: Vec::new(), share }).await;
            settle().await;
            assert_eq!(format!("{:?}", extracted.take().remove(0).allow.unwrap()), tokens);
        }
    }
}
