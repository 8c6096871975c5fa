//! The org's HTTP server: starts on threads of its own, so it serves any caller, actor system or not.

mod call;
mod composite;
mod gate;
mod identity;
mod jwt;
mod oauth;
mod objects;
mod page;
mod pretty;
mod query;
mod reply;
mod rest;
mod route;
mod runner;
mod search;
mod stats;
#[cfg(test)]
mod tests;
mod tokens;

use std::any::Any;
use std::io;
use std::net::{TcpListener, ToSocketAddrs};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::{Extensions, ServerHandle};
use actix_web::rt::net::TcpStream;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, middleware, web};
use jiff::Timestamp;

use self::call::Call;
use self::identity::Identity;
use self::jwt::PublicKey;
pub use self::route::Endpoint;
use self::runner::Runner;
use self::stats::Ledger;
pub use self::stats::{Request, Stats};
use self::tokens::Tokens;
use crate::clock::Clock;
use crate::faults::{FaultPlan, Socket};
use crate::options::{Credentials, Options};
use crate::org::{Org, text_of};
use crate::query::Cursors;

/// Calls a day, as `Sforce-Limit-Info` and `limits` show them. Nothing is refused beyond it; the fault `request_limit` does that.
const DAILY_CALLS: u64 = 100_000;

/// Longest request body, as of `/composite`.
const BODY_LIMIT: usize = 50 * 1024 * 1024;

/// Longer than the pools of clients keep connections, so that they do not meet one that is just being closed.
const KEEP_ALIVE: Duration = Duration::from_secs(120);

/// What all workers share.
pub(crate) struct State {
    org: Arc<Org>,
    runner: Option<Runner>,
    cursors: Cursors,
    tokens: Tokens,
    credentials: Credentials,
    jwt_key: Option<PublicKey>,
    identity: Identity,
    clock: Clock,
    faults: FaultPlan,
    ledger: Ledger,
    page_size: Option<usize>,
    base_url: String,
    /// Start of the server, in whole seconds; the org's schema counts as of this age.
    started: Timestamp,
}

impl State {
    /// The org as the running user sees it at this moment.
    fn org(&self) -> Arc<Org> {
        self.runner.as_ref().map_or_else(|| Arc::clone(&self.org), |runner| runner.view(&self.org, self.clock.now()))
    }

    /// Whether someone of this name may sign in.
    fn is_user(&self, username: &str) -> bool {
        let is_named = |json: &[u8]| text_of(json).eq_ignore_ascii_case(username);
        username == self.credentials.username
            || self.org.rows("User").any(|row| identity::is_active(&row) && row.json("Username").is_some_and(is_named))
    }
}

/// A simulated org that serves. Dropping it stops the server without waiting for it.
pub struct Running {
    /// Address of the org, for example `http://127.0.0.1:34567`, without a trailing slash.
    pub base_url: String,
    /// The server underneath.
    pub handle: ServerHandle,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Stops at once, open connections included.
    pub async fn stop(mut self) {
        self.handle.stop(false).await;
        if let Some(thread) = self.thread.take() {
            // The thread ends right after the server; a panic of it was reported when it happened.
            let _ = thread.join();
        }
    }

    /// What was asked so far.
    pub fn stats(&self) -> Stats {
        self.state.ledger.snapshot()
    }

    /// Ends all tokens: the next request of every client gets 401.
    pub fn expire_tokens(&self) {
        self.state.tokens.revoke_all();
    }

    /// Closes all query cursors: the next page that anyone asks for is refused.
    pub fn expire_cursors(&self) {
        self.state.cursors.expire_all();
    }

    /// Moves the org's clock forward: tokens age, `TODAY` moves, the `Date` header follows.
    pub fn advance_clock(&self, by: Duration) {
        self.state.clock.advance(by);
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

impl std::fmt::Debug for Running {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Running").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

/// Starts a simulated org and comes back when it answers. For callers in an async context; the same as [`spawn`].
///
/// # Errors
/// When the address cannot be used, the JWT key is none, or the running user is no active user of the org.
pub async fn start(options: Options) -> io::Result<Running> {
    spawn(options)
}

/// Starts a simulated org on threads of its own and comes back when it answers.
///
/// # Errors
/// When the address cannot be used, the JWT key is none, or the running user is no active user of the org.
pub fn spawn(options: Options) -> io::Result<Running> {
    let listener = listen(&options.bind, options.port)?;
    let base_url = format!("http://{}", listener.local_addr()?);
    let workers = options.workers.max(1);
    let state = Arc::new(new_state(options, base_url.clone())?);
    let (handle_tx, handle_rx) = mpsc::channel();
    let data = web::Data::from(Arc::clone(&state));
    let thread = std::thread::Builder::new().name("simulated-org".to_owned()).spawn(move || serve(listener, data, workers, &handle_tx))?;
    let handle = handle_rx.recv().map_err(|_| io::Error::other("simulated org ended before it was up"))??;
    tracing::info!(%base_url, "simulated org is up");
    Ok(Running { base_url, handle, state, thread: Some(thread) })
}

fn new_state(options: Options, base_url: String) -> io::Result<State> {
    let Options { org, page_size, credentials, running_user, token_ttl, faults, port: _, bind: _, workers: _ } = options;
    let jwt_key = match &credentials.jwt_public_key {
        None => None,
        Some(pem) => Some(PublicKey::from_pem(pem).ok_or_else(|| io::Error::other("jwt public key is no RSA key or certificate in PEM"))?),
    };
    let runner = match running_user {
        None => None,
        Some(name) => {
            let unknown = || io::Error::other(format!("running user {name} is no active user of the org"));
            Some(Runner::of(&org, &name).ok_or_else(unknown)?)
        }
    };
    let clock = Clock::default();
    let started = Timestamp::from_second(clock.now().as_second()).unwrap_or_default();
    Ok(State {
        cursors: Cursors::new(),
        tokens: Tokens::new(&credentials.client_secret, token_ttl),
        identity: Identity::of(&org, &credentials.username, runner.as_ref().map(Runner::user)),
        ledger: Ledger::default(),
        org,
        runner,
        credentials,
        jwt_key,
        clock,
        faults,
        page_size,
        base_url,
        started,
    })
}

fn listen(bind: &str, port: u16) -> io::Result<TcpListener> {
    let explain = |err: io::Error| match err.kind() {
        io::ErrorKind::AddrInUse => {
            io::Error::new(err.kind(), format!("port {port} on {bind} is in use; choose another one with `--port`, or 0 for any"))
        }
        kind => io::Error::new(kind, format!("cannot listen on {bind} port {port}: {err}")),
    };
    let addresses: Vec<_> = (bind, port).to_socket_addrs().map_err(explain)?.collect();
    TcpListener::bind(addresses.as_slice()).map_err(explain)
}

/// Runs the server on the current thread until it is stopped.
fn serve(listener: TcpListener, state: web::Data<State>, workers: usize, handle: &mpsc::Sender<io::Result<ServerHandle>>) {
    let has_faults = !state.faults.is_empty();
    let app = move || {
        App::new()
            .app_data(state.clone())
            .app_data(web::PayloadConfig::new(BODY_LIMIT))
            .wrap(middleware::Compress::default())
            .wrap(middleware::from_fn(gate::gate))
            .default_service(web::to(endpoint))
    };
    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(app)
            .workers(workers)
            .keep_alive(KEEP_ALIVE)
            // A busy machine may take its time; the default of 5 s makes slow tests fail.
            .client_request_timeout(Duration::from_secs(60))
            // A client that has left ends the work for it, which is how stalled bodies end.
            .h1_allow_half_closed(false)
            .disable_signals()
            .on_connect(move |stream, data| remember_socket(stream, data, has_faults))
            .listen(listener);
        match server.map(HttpServer::run) {
            Ok(server) => {
                let _ = handle.send(Ok(server.handle()));
                if let Err(error) = server.await {
                    tracing::error!(%error, "simulated org failed");
                }
            }
            Err(error) => {
                let _ = handle.send(Err(error));
            }
        }
    });
}

/// Keeps a second handle on the connection for faults that break it; without faults it would only cost a file descriptor.
fn remember_socket(stream: &dyn Any, data: &mut Extensions, wanted: bool) {
    if let Some(socket) = stream.downcast_ref::<TcpStream>().filter(|_| wanted).and_then(Socket::of) {
        data.insert(socket);
    }
}

/// The one handler: every path comes here.
async fn endpoint(state: web::Data<State>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let pretty = request.headers().get("X-PrettyPrint").is_some_and(|value| matches!(value.as_bytes(), b"1" | b"true"));
    rest::answer(&state, &Call::of(&request, body)).into_http(pretty)
}
