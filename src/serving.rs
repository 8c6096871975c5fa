//! What the program's own web servers share: a thread of their own, so that they and the engine do not slow each other, and resources that
//! can be read and nothing else.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;
use std::thread::JoinHandle;

use actix_web::dev::{Server, ServerHandle};
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, guard, web};

/// A server that answers. Dropping it stops the server without waiting for it.
#[derive(Debug)]
pub(crate) struct Serving {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Serving {
    /// Runs the server that `make` makes of the listener on a thread with this name, and comes back when it answers.
    pub(crate) fn start(
        name: &'static str,
        listener: TcpListener,
        make: impl FnOnce(TcpListener) -> io::Result<Server> + Send + 'static,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (handle_tx, handle) = mpsc::channel();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || run(name, || make(listener), &handle_tx))?;
        let handle = handle.recv().map_err(|_| io::Error::other(format!("the server `{name}` ended before it was up")))??;
        Ok(Self { address, handle, thread: Some(thread) })
    }

    /// Stops at once, open connections included, and waits until the port is free.
    pub(crate) async fn stop(mut self) {
        self.handle.stop(false).await;
        if let Some(thread) = self.thread.take() {
            // The thread ends right after the server; a panic of it was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if self.thread.is_some() {
            // The command is sent when the future is made; waiting for it is what `stop` is for.
            drop(self.handle.stop(false));
        }
    }
}

/// Serves on the current thread until it is stopped.
fn run(name: &str, make: impl FnOnce() -> io::Result<Server>, handle: &mpsc::Sender<io::Result<ServerHandle>>) {
    actix_web::rt::System::new().block_on(async {
        match make() {
            Ok(server) => {
                let _ = handle.send(Ok(server.handle()));
                if let Err(error) = server.await {
                    tracing::error!(server = name, %error, "a server of this program failed");
                }
            }
            Err(error) => {
                let _ = handle.send(Err(error));
            }
        }
    });
}

/// A resource that can be read, and only read.
pub(crate) fn readable<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let reading = web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
    let refuse = async || {
        let mut answer = refusal(StatusCode::METHOD_NOT_ALLOWED, "this can only be read");
        answer.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("GET, HEAD"));
        answer
    };
    web::resource(path).route(reading.to(handler)).default_service(web::to(refuse))
}

/// What is answered where nothing is.
pub(crate) async fn nothing_here() -> HttpResponse {
    refusal(StatusCode::NOT_FOUND, "there is nothing at this address")
}

/// Why there is no answer, as `{"error": "..."}`.
pub(crate) fn refusal(status: StatusCode, error: &str) -> HttpResponse {
    HttpResponse::build(status).json(serde_json::json!({ "error": error }))
}
