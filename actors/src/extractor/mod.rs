//! Makes each file a document: downloads its content and attaches it, or says why not.
//!
//! `Parcel<SecuredFile>` -> `Lane<SecuredPage>`. Keeps nothing; content in flight is bounded by slots and by a byte budget of its own.
//! A file whose content is not to be had is indexed by its metadata. While the source is out of order that would overwrite content
//! that is already indexed, so a transient fault ends the generation instead, and only a file that does so again and again goes without.

use std::rc::Rc;
use std::sync::Arc;

use actix::fut::ActorFutureExt as _;
use actix::{Actor, ActorContext as _, Context, Handler, ResponseActFuture, WrapFuture as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::access::{AllowList, push_tokens};
use domain::catalog::{DocumentShape, FileRef};
use domain::rules::SyncRules;
use domain::{BulkOp, Document, Fault, FaultClass, RecordId, SF_NO_ID, bulk, json};
use ports::{Clock, ContentCache, SetAside, Source};

use crate::budget::Budget;
use crate::content::{self, Content, FileText};
use crate::events::{FILES, FileWithoutContent, ItemSetAside, RunStats};
use crate::joiner::Strikes;
use crate::lane::{Lane, Parcel};
use crate::messages::{LinkedFile, SecuredFile, SecuredPage};
use crate::stage::{Obituary, Slots, serve};

/// What extraction needs besides the file.
#[derive(Clone)]
pub(crate) struct Extracting {
    pub(crate) source: Rc<dyn Source>,
    pub(crate) out: Lane<SecuredPage>,
    pub(crate) shape: Rc<DocumentShape>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Bytes of file content in flight. Not the run's budget: pages hold that one while they wait for their files.
    pub(crate) budget: Arc<Budget>,
    /// How content gets into documents.
    pub(crate) text: FileText,
    /// Where content is kept.
    pub(crate) cache: Option<Rc<dyn ContentCache>>,
    /// Largest file whose content is attached, in bytes.
    pub(crate) max_file: u64,
    /// Largest document with text in bytes; 0 for no limit.
    pub(crate) max_document: usize,
    /// Which documents are indexed.
    pub(crate) rules: Rc<SyncRules>,
    pub(crate) strikes: Rc<Strikes>,
    pub(crate) stats: Arc<RunStats>,
}

pub(crate) struct ContentExtractor {
    extracting: Extracting,
    slots: Slots,
    obituary: Obituary,
}
impl ContentExtractor {
    pub(crate) const NAME: &str = "content_extractor";

    pub(crate) fn new(extracting: Extracting, slots: Slots, obituary: Obituary) -> Self {
        Self { extracting, slots, obituary }
    }
}
impl Actor for ContentExtractor {
    type Context = Context<Self>;
}
impl Handler<Parcel<SecuredFile>> for ContentExtractor {
    type Result = ResponseActFuture<Self, ()>;

    fn handle(&mut self, parcel: Parcel<SecuredFile>, _ctx: &mut Context<Self>) -> Self::Result {
        let extracting = self.extracting.clone();
        let work = serve(Self::NAME, self.slots.clone(), parcel, async move |file| extract(&extracting, file).await);
        Box::pin(work.into_actor(self).map(|extracted, actor, ctx| {
            if let Err(fault) = extracted {
                actor.obituary.failed(fault);
                ctx.stop();
            }
        }))
    }
}

/// Makes the document of one file and pushes it on.
async fn extract(extracting: &Extracting, secured: SecuredFile) -> Result<(), Fault> {
    let SecuredFile { linked: LinkedFile { file, linked, .. }, allow, share } = secured;
    let made_of = Made { file: &file, linked: &linked, allow: allow.as_ref() };
    if !extracting.rules.basic.is_empty() {
        // Rules look at what a file is, not at what is in it; what they leave out is not downloaded.
        let without_content = document(extracting, made_of, None);
        if without_content.is_ok_and(|document| !extracting.rules.basic.decide(&document.body).included) {
            extracting.stats.file_excluded();
            let _ = extracting.out.push(SecuredPage { object: FILES, ops: Vec::new(), aside: Vec::new(), share, booking: None }).await;
            return Ok(());
        }
    }
    let Extracting { text, max_file, .. } = extracting;
    let content = match (file.eligible(text.largest(*max_file)), file.content) {
        (Ok(()), Some(at)) => content::get(extracting, &file, at).await,
        (Ok(()), None) => Ok(None),
        (Err(reason), _) => {
            FileWithoutContent { file: file.id, reason: &reason.to_string() }.emit();
            Ok(None)
        }
    };
    let mut aside = Vec::new();
    let content = match content {
        Ok(content) => content,
        Err(fault) if fault.class() != FaultClass::Item && (fault.class() == FaultClass::Run || !extracting.strikes.out(file.id)) => {
            return Err(fault.context(format_args!("download file {}", file.id)));
        }
        Err(fault) => {
            ItemSetAside { what: "file", id: Some(file.id), fault: &fault }.emit(&extracting.stats);
            aside.push(SetAside { id: Some(file.id), what: "file".into(), fault });
            None
        }
    };
    let mut made = document(extracting, made_of, content.as_ref());
    if let (Err(fault), true) = (&made, content.is_some()) {
        // Text beyond the limit of documents: what is known of the file is indexed all the same.
        ItemSetAside { what: "file", id: Some(file.id), fault }.emit(&extracting.stats);
        aside.push(SetAside { id: Some(file.id), what: "file".into(), fault: fault.clone() });
        made = document(extracting, made_of, None);
    } else if content.is_some() {
        extracting.stats.file_has_content();
    }
    let mut booking = content.map(|(Content::Bytes(_, booking) | Content::Text(_, booking))| booking);
    if let (Some(booking), Ok(document)) = (&mut booking, &made) {
        booking.resize(document.body.len());
    }
    let op = made.map_or_else(
        |fault| {
            ItemSetAside { what: "file", id: Some(file.id), fault: &fault }.emit(&extracting.stats);
            aside.push(SetAside { id: Some(file.id), what: "file".into(), fault });
            BulkOp::Keep(file.id)
        },
        BulkOp::Put,
    );
    // A closed lane drops the share unsigned; the stage that closed it says why.
    let _ = extracting.out.push(SecuredPage { object: FILES, ops: vec![op], aside, share, booking }).await;
    Ok(())
}

/// What the document of a file is made of besides its content.
#[derive(Clone, Copy)]
struct Made<'a> {
    file: &'a FileRef,
    linked: &'a [RecordId],
    allow: Option<&'a AllowList>,
}

fn document(extracting: &Extracting, Made { file, linked, allow }: Made<'_>, content: Option<&Content>) -> Result<Document, Fault> {
    let head = extracting.shape.file_head(file, linked, extracting.clock.now());
    let mut body = head.map_err(|error| Fault::new(&SF_NO_ID, format!("file {} has unreadable metadata: {error}", file.id)))?;
    match content {
        Some(Content::Bytes(content, _)) => {
            json::push_key(&mut body, "_attachment");
            body.push(b'"');
            let start = body.len();
            let length = base64::encoded_len(content.len(), true).unwrap_or_default();
            body.resize(start + length, 0);
            // The buffer has exactly the encoded length.
            let written = STANDARD.encode_slice(content, &mut body[start..]).unwrap_or_default();
            body.truncate(start + written);
            body.push(b'"');
        }
        Some(Content::Text(text, _)) => {
            json::push_key(&mut body, "body");
            json::push_string(&mut body, text);
        }
        None => {}
    }
    if let Some(allow) = allow {
        push_tokens(&mut body, allow);
    }
    extracting.shape.close(&mut body, file.id);
    let document = Document { id: file.id, body };
    // The limit is for text; base64 has the one of the file.
    if matches!(content, Some(Content::Text(..))) {
        bulk::check_size(&document, extracting.max_document)?;
    }
    Ok(document)
}

#[cfg(test)]
mod tests;
