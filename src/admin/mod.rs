//! The admin endpoint of the service, on a thread of its own: whether it is alive and ready, its metrics, and what it is doing.
//!
//! | path | says |
//! |---|---|
//! | `/livez` | 200 while the scheduler looks at its desks, 503 when it has not for too long |
//! | `/readyz` | 200 when its last look succeeded and no stop was asked for, otherwise 503 and the reason |
//! | `/metrics` | Prometheus text format |
//! | `/status` | jobs in work and jobs that ended, as JSON |

mod metrics;
mod status;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::{StatusCode, header};
use actix_web::middleware::DefaultHeaders;
use actix_web::{App, HttpResponse, HttpServer, web};
use actors::roster::{Roster, RosterSnapshot};
use domain::Timestamp;
use ports::Clock;

/// What the endpoint tells of.
#[derive(Clone)]
pub struct Admin {
    /// What the service is doing.
    pub roster: Arc<Roster>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// A service that looked at nothing for so long is stuck.
    pub stale_after: Duration,
}

impl fmt::Debug for Admin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Admin").field("stale_after", &self.stale_after).finish_non_exhaustive()
    }
}

/// An endpoint that answers. Dropping it stops the server without waiting for it.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Stops at once and waits until the port is free.
    pub async fn stop(mut self) {
        self.handle.stop(false).await;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The order goes out when it is made; nobody waits for the end.
        drop(self.handle.stop(false));
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Running").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Serves until the result is stopped or dropped.
///
/// # Errors
/// The address cannot be listened on; the text says what to do.
pub fn serve(admin: Admin, listen: SocketAddr) -> io::Result<Running> {
    let refused = |error: io::Error| {
        let next = "choose another address with `admin.listen`";
        io::Error::new(error.kind(), format!("the admin endpoint cannot listen on {listen}: {}; {next}", crate::settings::reason(&error)))
    };
    let listener = TcpListener::bind(listen).map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let (handle_tx, handle) = mpsc::channel();
    let thread = std::thread::Builder::new().name("admin".to_owned()).spawn(move || answer(admin, listener, &handle_tx))?;
    let handle = handle.recv().map_err(|_| io::Error::other("the admin endpoint did not start"))??;
    Ok(Running { address, handle, thread: Some(thread) })
}

/// Answers on the current thread until it is stopped.
fn answer(admin: Admin, listener: TcpListener, handle: &mpsc::Sender<io::Result<ServerHandle>>) {
    actix_web::rt::System::new().block_on(async {
        let app = move || {
            App::new()
                .app_data(web::Data::new(admin.clone()))
                .wrap(DefaultHeaders::new().add((header::CACHE_CONTROL, "no-store")).add((header::X_CONTENT_TYPE_OPTIONS, "nosniff")))
                .route("/livez", web::get().to(livez))
                .route("/readyz", web::get().to(readyz))
                .route("/metrics", web::get().to(metrics_page))
                .route("/status", web::get().to(status_page))
        };
        match HttpServer::new(app).workers(1).disable_signals().listen(listener).map(HttpServer::run) {
            Ok(server) => {
                let _ = handle.send(Ok(server.handle()));
                if let Err(error) = server.await {
                    tracing::error!(%error, "the admin endpoint failed");
                }
            }
            Err(error) => {
                let _ = handle.send(Err(error));
            }
        }
    });
}

async fn livez(admin: web::Data<Admin>) -> HttpResponse {
    told(stuck(&admin.roster.snapshot(), admin.clock.now(), admin.stale_after))
}

async fn readyz(admin: web::Data<Admin>) -> HttpResponse {
    told(unready(&admin.roster.snapshot()))
}

async fn metrics_page(admin: web::Data<Admin>) -> HttpResponse {
    HttpResponse::Ok().content_type(metrics::TYPE).body(metrics::page(&admin.roster.snapshot()))
}

async fn status_page(admin: web::Data<Admin>) -> HttpResponse {
    HttpResponse::Ok().json(status::page(&admin.roster.snapshot(), admin.clock.now()))
}

fn told(problem: Option<String>) -> HttpResponse {
    let (status, line) = problem.map_or((StatusCode::OK, "ok".to_owned()), |problem| (StatusCode::SERVICE_UNAVAILABLE, problem));
    HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(format!("{line}\n"))
}

/// Why the process should be ended from outside, if so.
fn stuck(roster: &RosterSnapshot, now: Timestamp, stale_after: Duration) -> Option<String> {
    // While it stops, it looks no more; the drain limit ends that.
    if roster.stopping {
        return None;
    }
    let silent = now.duration_since(roster.looked.unwrap_or(roster.started)).as_secs();
    let most = i64::try_from(stale_after.as_secs()).unwrap_or(i64::MAX);
    (silent > most).then(|| format!("the scheduler has not looked at its jobs for {silent} s"))
}

/// Why the service cannot do its work now, if so.
fn unready(roster: &RosterSnapshot) -> Option<String> {
    match (roster.stopping, roster.looked, &roster.fault) {
        (true, ..) => Some("a stop was asked for".to_owned()),
        (false, None, _) => Some("the index has not answered yet".to_owned()),
        (false, Some(_), Some(fault)) => Some(fault.clone()),
        (false, Some(_), None) => None,
    }
}
