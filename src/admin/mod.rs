//! The admin endpoint of the service, on a thread of its own: whether it is alive and ready, its metrics, and what it is doing.
//!
//! | path | says |
//! |---|---|
//! | `/livez` | 200 while the scheduler looks at its desks, 503 when it has not for too long |
//! | `/readyz` | 200 when its last look succeeded and no stop was asked for, otherwise 503 and the reason |
//! | `/metrics` | Prometheus text format |
//! | `/status` | jobs in work and jobs that ended, as JSON |
//!
//! It can only be read, tells no secret, and knows the roster alone: a look at it waits neither for a job nor for the index.

mod metrics;
mod status;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::middleware::DefaultHeaders;
use actix_web::{App, HttpResponse, HttpServer, web};
use actors::roster::{Roster, RosterSnapshot};
use domain::Timestamp;
use ports::Clock;

use crate::serving::{Serving, nothing_here, readable};
use crate::settings::reason;

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
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    serving: Serving,
}

impl Running {
    /// Stops at once, open connections included, and waits until the port is free.
    pub async fn stop(self) {
        self.serving.stop().await;
    }
}

/// Serves until the result is stopped or dropped.
///
/// # Errors
/// The address cannot be listened on; the text says what to do.
pub fn serve(admin: Admin, listen: SocketAddr) -> io::Result<Running> {
    let refused = |error: io::Error| {
        let text = format!("the admin endpoint cannot listen on {listen}: {}; choose another address with `admin.listen`", reason(&error));
        io::Error::new(error.kind(), text)
    };
    let listener = TcpListener::bind(listen).map_err(refused)?;
    let serving = Serving::start("admin", listener, move |listener| {
        let app = move || {
            App::new()
                .app_data(web::Data::new(admin.clone()))
                .wrap(DefaultHeaders::new().add((header::CACHE_CONTROL, "no-store")).add((header::X_CONTENT_TYPE_OPTIONS, "nosniff")))
                .service(readable("/livez", livez))
                .service(readable("/readyz", readyz))
                .service(readable("/metrics", metrics_page))
                .service(readable("/status", status_page))
                .default_service(web::to(nothing_here))
        };
        Ok(HttpServer::new(app).workers(1).disable_signals().listen(listener)?.run())
    })?;
    Ok(Running { address: serving.address, serving })
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

/// `ok`, or the problem in one line.
fn told(problem: Option<String>) -> HttpResponse {
    let (status, text) = problem.map_or((StatusCode::OK, "ok".to_owned()), |problem| (StatusCode::SERVICE_UNAVAILABLE, problem));
    // A fault may quote what a server answered, over several lines.
    let line = text.replace(['\r', '\n'], " ");
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
