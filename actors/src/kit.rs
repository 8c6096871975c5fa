//! Test kit: a trap that collects what an actor sends, a way to let everything ready run, and panics on demand.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor, ActorContext as _, Addr, Context, Handler, Message};
use domain::bulk::BatchLimits;
use domain::catalog::{DocumentShape, PipelineFlags};
use domain::monitor::ErrorLimits;
use domain::restart::RestartBudget;
use domain::{Brake, NestedLimit, Selection};
use tokio::sync::watch;

use crate::content::FileText;
use crate::lane::{Inlet, Lane, Parcel};
use crate::pipeline::{Ports, RunLimits, Tuning, WriterKnobs};
use crate::stage::Knobs;
use crate::supervisor::ConnectorWork;

/// Two of everything, and batches of a few documents.
pub fn small_tuning(batch: usize) -> Tuning {
    let knobs = Knobs { mailbox: 2, concurrency: 2 };
    Tuning {
        object_fetcher: knobs,
        entity_joiner: knobs,
        acl_builder: knobs,
        content_extractor: knobs,
        bulk_writer: WriterKnobs { knobs, limits: BatchLimits { ops: batch, bytes: 1 << 20 }, linger: Duration::from_secs(1) },
    }
}

/// A connector with the smallest of everything, no limits, and nothing that holds deletes back.
pub fn small_work(ports: Ports, stop: watch::Receiver<bool>) -> ConnectorWork {
    let flags = PipelineFlags { extract_binary_content: true, reduce_whitespace: true, run_ml_inference: false };
    ConnectorWork {
        ports,
        selection: Selection::default(),
        rules: Rc::default(),
        shape: Rc::new(DocumentShape { base_url: "https://x".into(), flags, limit: NestedLimit::At(5), as_reference: false }),
        text: FileText::default(),
        access: None,
        fingerprint: String::new(),
        tuning: small_tuning(2),
        limits: RunLimits {
            budget: 1 << 20,
            file_budget: 1 << 20,
            max_document: 0,
            max_file: 1,
            lookup_cache: 9,
            stall_after: Duration::MAX / 4,
            brake: Brake::OFF,
            error_monitor: ErrorLimits::default(),
        },
        restarts: RestartBudget::default(),
        monitor: Arc::default(),
        stop,
    }
}

/// Stands in for the next actor and keeps every parcel.
#[derive(Debug)]
pub struct Trap<T>(Arc<Mutex<Vec<Parcel<T>>>>);
impl<T: Send + 'static> Actor for Trap<T> {
    type Context = Context<Self>;
}
impl<T: Send + 'static> Handler<Parcel<T>> for Trap<T> {
    type Result = ();
    fn handle(&mut self, parcel: Parcel<T>, _ctx: &mut Context<Self>) {
        #[expect(clippy::expect_used, reason = "one thread")]
        self.0.lock().expect("trap").push(parcel);
    }
}
#[derive(Message)]
#[rtype(result = "()")]
struct Die;
impl<T: Send + 'static> Handler<Die> for Trap<T> {
    type Result = ();
    fn handle(&mut self, _: Die, ctx: &mut Context<Self>) {
        ctx.terminate();
    }
}

/// What fell into a trap. Parcels keep their tickets, so a full trap is a stalled receiver.
#[derive(Debug)]
pub struct Catch<T: Send + 'static>(Arc<Mutex<Vec<Parcel<T>>>>, Addr<Trap<T>>);
impl<T: Send + 'static> Catch<T> {
    /// Opens a lane of `capacity` into a fresh trap.
    pub fn lane(capacity: usize) -> (Lane<T>, Self) {
        let caught = Arc::new(Mutex::new(Vec::new()));
        let addr: Addr<Trap<T>> = crate::stage::start(capacity, || Trap(Arc::clone(&caught)));
        (Inlet::new(&addr, capacity).lane("test->trap"), Self(caught, addr))
    }
    /// Takes the items and frees their tickets.
    pub fn take(&self) -> Vec<T> {
        #[expect(clippy::expect_used, reason = "one thread")]
        self.0.lock().expect("trap").drain(..).map(|parcel| parcel.item).collect()
    }
    /// Items in the trap.
    pub fn waiting(&self) -> usize {
        #[expect(clippy::expect_used, reason = "one thread")]
        self.0.lock().expect("trap").len()
    }
    /// Ends the trap's actor.
    pub fn kill(&self) {
        #[expect(clippy::disallowed_methods, reason = "a test kit's own message")]
        self.1.do_send(Die);
    }
}

/// Lets every ready task run, without moving the clock.
pub async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

thread_local! {
    static PANICS: RefCell<BTreeMap<&'static str, usize>> = const { RefCell::new(BTreeMap::new()) };
}

/// Makes `stage` panic when it starts its `turn`-th piece of work from now, counted from 1; once, on this thread.
pub fn panic_in(stage: &'static str, turn: usize) {
    PANICS.with_borrow_mut(|panics| panics.insert(stage, turn));
}

/// A stage starts a piece of work.
pub(crate) fn reach(stage: &'static str) {
    let due = PANICS.with_borrow_mut(|panics| {
        let left = panics.get_mut(stage)?;
        *left -= 1;
        (*left == 0).then(|| panics.remove(stage))
    });
    assert!(due.is_none(), "panic on demand in {stage}");
}
