//! The thread that alone writes: orders through a bounded queue, answers through a channel of each caller.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use domain::{DB_WRITE, Fault};

use super::store::Store;

/// Orders that wait. Each may hold a batch of some MiB, and one worker can use only one at a time anyway.
const QUEUE: usize = 8;

type Order = Box<dyn FnOnce(&mut Store) + Send>;

/// A handle to the thread. Dropping the last one waits until everything is written and the file is closed.
#[derive(Clone)]
pub(super) struct Writer(Arc<Thread>);

struct Thread {
    orders: Option<mpsc::Sender<Order>>,
    handle: Option<JoinHandle<()>>,
}

impl Writer {
    /// Gives `store` to a thread of its own.
    pub(super) fn start(store: Store) -> io::Result<Self> {
        let (orders, queue) = mpsc::channel(QUEUE);
        let handle = std::thread::Builder::new().name("embedded-index".to_owned()).spawn(move || serve(store, queue))?;
        Ok(Self(Arc::new(Thread { orders: Some(orders), handle: Some(handle) })))
    }

    /// Has `order` done after all orders before it. Once it is in the queue it is done, even if the caller stops waiting.
    pub(super) async fn call<T, F>(&self, order: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&mut Store) -> Result<T, Fault> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let order: Order = Box::new(move |store| {
            let done = order(store);
            // The caller may have given up waiting; the work is done all the same.
            let _ = reply.send(done);
        });
        let gone = || Fault::new(&DB_WRITE, "the writer of the embedded index ended before its time");
        let orders = self.0.orders.as_ref().ok_or_else(gone)?;
        orders.send(order).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(handle) = self.handle.take() {
            // A panic has been told to the caller whose order it was.
            let _ = handle.join();
        }
    }
}

fn serve(mut store: Store, mut queue: mpsc::Receiver<Order>) {
    while let Some(order) = queue.blocking_recv() {
        order(&mut store);
    }
    store.close();
}
