//! Files wait in one queue; each of a few threads has a child of its own read one after another.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use domain::{Fault, TX_DIED, TX_KILLED, TX_NO_READER, TX_REFUSED, TX_SLOW};
use extract::Text;
use extract::worker::frame::Answer;
use tokio::sync::oneshot;

use super::ReaderConfig;
use super::child::{Lines, Reader, Unanswered};

/// A child that was given nothing for so long ends. What it took for a large file comes back, and the next one is there in milliseconds.
const IDLE: Duration = Duration::from_secs(60);
/// Pauses between attempts to start a child: a system that is short of processes may have one a moment later.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(250)];

/// Children that read files, for all threads of this process.
///
/// A child is started when a file finds none that waits, and kept for later ones. Dropping the pool ends all of them, in the middle of a
/// file too, and comes back when they are gone.
pub struct ReaderPool(Arc<Shared>);

struct Shared {
    config: ReaderConfig,
    lines: Arc<Lines>,
    idle_limit: Duration,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// As long as there are callers that wait: they are whose business it is to be few.
    queue: VecDeque<Order>,
    /// Threads that wait for an order; those that were woken and have not come to it yet are among them.
    idle: usize,
    /// Threads that take orders.
    threads: usize,
    handles: Vec<JoinHandle<()>>,
    is_closed: bool,
}

struct Order {
    extension: String,
    bytes: Vec<u8>,
    reply: oneshot::Sender<Result<Text, Fault>>,
}

impl ReaderPool {
    /// A pool without children yet.
    pub fn new(config: ReaderConfig) -> Self {
        Self::with_idle_limit(config, IDLE)
    }

    pub(super) fn with_idle_limit(mut config: ReaderConfig, idle_limit: Duration) -> Self {
        config.children = config.children.max(1);
        config.files_per_child = config.files_per_child.max(1);
        let (lines, state, changed) = (Arc::new(Lines::new()), Mutex::default(), Condvar::new());
        Self(Arc::new(Shared { config, lines, idle_limit, state, changed }))
    }

    /// What it was made with.
    pub fn config(&self) -> &ReaderConfig {
        &self.0.config
    }

    /// Process ids of the children that there are.
    pub fn children(&self) -> Vec<u32> {
        self.0.lines.pids()
    }

    /// The text of one file, uploaded as `*.{extension}`. A file whose caller stops waiting before its turn is not read.
    ///
    /// # Errors
    /// `TX_REFUSED`, `TX_SLOW`, `TX_DIED`: this file is the reason. `TX_KILLED`: somebody ended two children, as a system does that is short of memory. `TX_NO_READER`: no child could be started, three times in a row.
    pub async fn read(&self, extension: &str, bytes: Vec<u8>) -> Result<Text, Fault> {
        let (reply, answer) = oneshot::channel();
        self.0.take(Order { extension: extension.to_owned(), bytes, reply })?;
        answer.await.unwrap_or_else(|_| Err(Fault::new(&TX_NO_READER, "the thread that speaks to it ended")))
    }
}

impl fmt::Debug for ReaderPool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ReaderPool").field("config", &self.0.config).field("children", &self.children()).finish_non_exhaustive()
    }
}

impl Drop for ReaderPool {
    fn drop(&mut self) {
        let handles = {
            let mut state = self.0.lock();
            state.is_closed = true;
            state.queue.clear();
            std::mem::take(&mut state.handles)
        };
        self.0.lines.close();
        self.0.changed.notify_all();
        for handle in handles {
            // A panic took its order with it, whose caller was told.
            let _ = handle.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an order in the queue, and sees to it that there is a thread for it if there may be one more.
    fn take(self: &Arc<Self>, order: Order) -> Result<(), Fault> {
        let mut state = self.lock();
        state.queue.push_back(order);
        if state.queue.len() > state.idle && state.threads < self.config.children {
            match self.begin_thread() {
                Ok(handle) => {
                    state.threads += 1;
                    state.handles.retain(|handle| !handle.is_finished());
                    state.handles.push(handle);
                }
                Err(error) if state.threads == 0 => {
                    state.queue.pop_back();
                    return Err(Fault::new(&TX_NO_READER, format!("no thread can be started that speaks to it: {error}")));
                }
                // Those that are there come to it.
                Err(error) => tracing::debug!(%error, "no further thread can be started that speaks to a process that reads files"),
            }
        }
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    fn begin_thread(self: &Arc<Self>) -> io::Result<JoinHandle<()>> {
        let shared = Arc::clone(self);
        thread::Builder::new().name("file-reader".to_owned()).spawn(move || {
            let mut kept = None;
            while let Some(order) = shared.next() {
                let outcome = shared.serve(&mut kept, &order);
                // The caller may have given up waiting.
                let _ = order.reply.send(outcome);
            }
        })
    }

    /// The next order that somebody waits for. `None` ends the thread, which is not counted any more then: the pool was dropped, or
    /// there was nothing to do for long.
    fn next(&self) -> Option<Order> {
        let mut state = self.lock();
        state.idle += 1;
        let next = loop {
            if state.is_closed {
                break None;
            }
            match state.queue.pop_front() {
                Some(order) if order.reply.is_closed() => {}
                Some(order) => break Some(order),
                None => {
                    let (again, waited) = self.changed.wait_timeout(state, self.idle_limit).unwrap_or_else(PoisonError::into_inner);
                    state = again;
                    if waited.timed_out() && state.queue.is_empty() {
                        break None;
                    }
                }
            }
        };
        state.idle -= 1;
        if next.is_none() {
            state.threads -= 1;
        }
        next
    }

    /// Has one file read. Who stops a service may stop its children as well, and the service still wants its files: such a file has a
    /// second child.
    fn serve(&self, kept: &mut Option<Reader>, order: &Order) -> Result<Text, Fault> {
        let mut answer = self.ask(kept, order)?;
        if matches!(answer, Err(Unanswered::Stopped(_))) {
            answer = self.ask(kept, order)?;
        }
        match answer {
            Ok(Answer::Text(text)) => Ok(text),
            Ok(Answer::Refused(reason)) => Err(Fault::new(&TX_REFUSED, reason)),
            Err(Unanswered::Unsendable) => Err(Fault::new(&TX_REFUSED, "its extension or its content is too long")),
            Err(Unanswered::Slow) => Err(Fault::new(&TX_SLOW, format!("there was no text within {:?}", self.config.time))),
            Err(Unanswered::Ended(how)) => Err(Fault::new(&TX_DIED, format!("the process that read the file is gone: {how}"))),
            Err(Unanswered::Stopped(how)) => Err(Fault::new(&TX_KILLED, format!("two processes that read a file are gone: {how}"))),
        }
    }

    /// Asks the child that is kept, or a new one, and keeps it if it is of further use.
    fn ask(&self, kept: &mut Option<Reader>, order: &Order) -> Result<Result<Answer, Unanswered>, Fault> {
        // One that ended while it had nothing to read did not end by a file.
        drop(kept.take_if(|reader| !reader.is_alive()));
        let mut reader = kept.take().map_or_else(|| self.start(), Ok)?;
        let answer = reader.ask(&order.extension, &order.bytes, self.config.time);
        if matches!(answer, Ok(_) | Err(Unanswered::Unsendable)) && reader.files() < self.config.files_per_child {
            *kept = Some(reader);
        }
        Ok(answer)
    }

    fn start(&self) -> Result<Reader, Fault> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let reason = match Reader::start(&self.config, &self.lines) {
                Ok(reader) => return Ok(reader),
                Err(reason) => reason,
            };
            match pauses.next() {
                Some(pause) if !self.lines.are_closed() => thread::sleep(pause),
                _ => return Err(Fault::new(&TX_NO_READER, format!("a process that reads files did not start: {reason}"))),
            }
        }
    }
}
