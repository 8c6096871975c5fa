//! The demo's search page: a small site on loopback, embedded in the program, over an index that is being filled.
//!
//! ```text
//! browser --GET--> web (routes, JSON) --SearchRequest--> SearchIndex (the embedded index, or a fake)
//!                                    ------------------> status (the engine's own words, passed through)
//! ```
//!
//! [`serve`] runs on a thread of its own with its own actix system, so that a busy engine does not slow the page and a slow reader does not
//! slow the engine. The page asks for nothing outside of this server: fonts, script and picture are in the program, and the
//! `Content-Security-Policy` says so to the browser. What a document says reaches the page as text nodes only, never as markup.

mod index;
#[cfg(test)]
mod tests;
mod web;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use actix_web::HttpServer;
use actix_web::dev::ServerHandle;

pub use self::index::{OneIndex, SearchIndex};

/// One person looks at a demo; a second worker lets the status answer while a search is being written out.
const WORKERS: usize = 2;
/// Reads of the index at the same time, per worker; each may hold a connection to the database.
const READS: usize = 4;

/// What the page shows.
#[derive(Clone)]
pub struct Page {
    /// What is searched.
    pub index: Arc<dyn SearchIndex>,
    /// How the sync stands, asked about once a second. An object:
    /// `state` (`syncing`, `completed`, `error`, `suspended`), `elapsed_ms`, `objects` (`name`, `read`, `written`, `total` or null, `done`),
    /// `files` (`found`, `done`), `lanes` (`edge`, `depth`, `capacity`, `waited_ms`), `counts` (`written`, `deleted`, `set_aside`, `cut`),
    /// `error` (null or one line). What is missing is not shown.
    pub status: Arc<dyn Fn() -> serde_json::Value + Send + Sync>,
}

impl fmt::Debug for Page {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Page").finish_non_exhaustive()
    }
}

/// A page that is being served. Dropping it stops the server without waiting for it.
pub struct Running {
    /// Where the page is, for example `http://127.0.0.1:34567/`.
    pub url: String,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Stops at once, open connections included, and waits until the port is free.
    pub async fn stop(mut self) {
        self.handle.stop(false).await;
        if let Some(thread) = self.thread.take() {
            // The thread ends right after the server; a panic of it was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.thread.is_some() {
            // The command is sent when the future is made; waiting for it is what `stop` is for.
            drop(self.handle.stop(false));
        }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Running").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Serves the page on 127.0.0.1 and comes back when it answers. Port 0 takes any that is free.
///
/// # Errors
/// When the port cannot be had, as one line that names it.
pub fn serve(page: Page, port: u16) -> io::Result<Running> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|err| explain(&err, port))?;
    let url = format!("http://{}/", listener.local_addr()?);
    let (handle_tx, handle_rx) = mpsc::channel();
    let thread = std::thread::Builder::new().name("search-page".to_owned()).spawn(move || run(page, listener, &handle_tx))?;
    let handle = handle_rx.recv().map_err(|_| io::Error::other("search page ended before it was up"))??;
    tracing::info!(%url, "search page is up");
    Ok(Running { url, handle, thread: Some(thread) })
}

fn explain(err: &io::Error, port: u16) -> io::Error {
    let text = match err.kind() {
        io::ErrorKind::AddrInUse => format!("port {port} on 127.0.0.1 is in use; choose another one with `--port`, or 0 for any"),
        io::ErrorKind::PermissionDenied => format!("port {port} on 127.0.0.1 needs more rights; choose one above 1023 with `--port`"),
        _ => format!("cannot listen on 127.0.0.1 port {port}: {err}"),
    };
    io::Error::new(err.kind(), text)
}

/// Serves on the current thread until it is stopped.
fn run(page: Page, listener: TcpListener, handle: &mpsc::Sender<io::Result<ServerHandle>>) {
    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(move || web::app(page.clone()))
            .workers(WORKERS)
            .worker_max_blocking_threads(READS)
            // The program decides when to end, not the page.
            .disable_signals()
            .listen(listener);
        match server.map(HttpServer::run) {
            Ok(server) => {
                let _ = handle.send(Ok(server.handle()));
                if let Err(error) = server.await {
                    tracing::error!(%error, "search page failed");
                }
            }
            Err(error) => {
                let _ = handle.send(Err(error));
            }
        }
    });
}
