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
use std::sync::Arc;

use actix_web::HttpServer;

pub use self::index::{OneIndex, SearchIndex};
use crate::serving::Serving;

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
#[derive(Debug)]
pub struct Running {
    /// Where the page is, for example `http://127.0.0.1:34567/`.
    pub url: String,
    serving: Serving,
}

impl Running {
    /// Stops at once, open connections included, and waits until the port is free.
    pub async fn stop(self) {
        self.serving.stop().await;
    }
}

/// Serves the page on 127.0.0.1 and comes back when it answers. Port 0 takes any that is free.
///
/// # Errors
/// When the port cannot be had, as one line that names it.
pub fn serve(page: Page, port: u16) -> io::Result<Running> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|err| explain(&err, port))?;
    let serving = Serving::start("search-page", listener, move |listener| {
        let server = HttpServer::new(move || web::app(page.clone()))
            .workers(WORKERS)
            .worker_max_blocking_threads(READS)
            // The program decides when to end, not the page.
            .disable_signals()
            .listen(listener)?;
        Ok(server.run())
    })?;
    let url = format!("http://{}/", serving.address);
    tracing::info!(%url, "search page is up");
    Ok(Running { url, serving })
}

fn explain(err: &io::Error, port: u16) -> io::Error {
    let text = match err.kind() {
        io::ErrorKind::AddrInUse => format!("port {port} on 127.0.0.1 is in use; choose another one with `--port`, or 0 for any"),
        io::ErrorKind::PermissionDenied => format!("port {port} on 127.0.0.1 needs more rights; choose one above 1023 with `--port`"),
        _ => format!("cannot listen on 127.0.0.1 port {port}: {err}"),
    };
    io::Error::new(err.kind(), text)
}
