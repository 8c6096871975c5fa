//! Faults below HTTP: bodies that stall, connections that break.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;
use socket2::SockRef;

use super::Fault;

/// A second handle on the socket of a connection, with which a fault can break it behind the framework's back.
#[derive(Clone, Debug)]
pub(crate) struct Socket(Arc<std::net::TcpStream>);

impl Socket {
    /// Duplicates the handle of a fresh connection; `None` when the machine has no handle left.
    pub(crate) fn of(stream: &impl std::os::fd::AsFd) -> Option<Self> {
        let handle = stream.as_fd().try_clone_to_owned().ok()?;
        Some(Self(Arc::new(handle.into())))
    }

    /// Makes the coming close an abort (RST instead of FIN).
    fn abort_on_close(&self) {
        // If it fails the client sees a close instead of a reset, which is a fault as well.
        let _ = SockRef::from(&*self.0).set_linger(Some(std::time::Duration::ZERO));
    }

    /// Lets the server believe that the client has gone: it sends what it has buffered, then closes in good order.
    fn hang_up(&self) {
        let _ = self.0.shutdown(std::net::Shutdown::Read);
    }
}

/// Wraps a body so that it breaks as `fault` says. Faults that are not about bodies leave it as it is.
pub(crate) fn spoil(body: BoxBody, fault: &Fault, socket: Option<Socket>) -> BoxBody {
    let (left, end) = match fault {
        Fault::StallBody { after_bytes } => (*after_bytes, End::Stall),
        Fault::Truncate { after_bytes } => (*after_bytes, End::HangUp),
        Fault::Reset { after_bytes: 0 } => (0, End::Abort),
        Fault::Reset { after_bytes } => (*after_bytes, End::FlushThenAbort),
        Fault::Corrupt { byte } => return corrupt(body, *byte),
        _ => return body,
    };
    let size = match body.size() {
        // The framework never asks an empty body for its next part, so an empty one claims a byte it will not send.
        BodySize::None | BodySize::Sized(0) => BodySize::Sized(1),
        size => size,
    };
    BoxBody::new(Spoilt { body, size, left, end, socket })
}

/// Wraps a body so that one bit of it is wrong.
fn corrupt(body: BoxBody, byte: u64) -> BoxBody {
    let left = match body.size() {
        BodySize::Sized(size) => byte.min(size.saturating_sub(1)),
        BodySize::None | BodySize::Stream => byte,
    };
    BoxBody::new(Corrupt { body, left: Some(left) })
}

/// A body in which the byte after `left` more is changed; none once it is.
struct Corrupt {
    body: BoxBody,
    left: Option<u64>,
}

impl MessageBody for Corrupt {
    type Error = Broken;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        let part = match Pin::new(&mut self.body).poll_next(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(Broken))),
            Poll::Ready(Some(Ok(part))) => part,
        };
        let Some(left) = self.left else { return Poll::Ready(Some(Ok(part))) };
        match usize::try_from(left).ok().filter(|at| *at < part.len()) {
            Some(at) => {
                self.left = None;
                let mut changed = part.to_vec();
                changed[at] ^= 1;
                Poll::Ready(Some(Ok(changed.into())))
            }
            None => {
                self.left = Some(left - part.len() as u64);
                Poll::Ready(Some(Ok(part)))
            }
        }
    }
}

/// A body of which only the first `left` bytes are sent.
struct Spoilt {
    body: BoxBody,
    size: BodySize,
    left: u64,
    end: End,
    socket: Option<Socket>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Stall,
    HangUp,
    FlushThenAbort,
    Abort,
}

impl Spoilt {
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        match self.end {
            // Nobody wakes this body again: the connection rests until the client closes it.
            End::Stall => Poll::Pending,
            End::HangUp => {
                if let Some(socket) = &self.socket {
                    socket.hang_up();
                }
                self.end = End::Stall;
                Poll::Pending
            }
            End::FlushThenAbort => {
                // The framework writes to the socket when a body is not ready, and forgets what is unwritten when it fails.
                self.end = End::Abort;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            End::Abort => {
                if let Some(socket) = &self.socket {
                    socket.abort_on_close();
                }
                Poll::Ready(Some(Err(Broken)))
            }
        }
    }
}

impl MessageBody for Spoilt {
    type Error = Broken;

    fn size(&self) -> BodySize {
        self.size
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        if self.left == 0 {
            return self.poll_end(cx);
        }
        match Pin::new(&mut self.body).poll_next(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Err(_))) => Poll::Ready(Some(Err(Broken))),
            Poll::Ready(None) => {
                // Shorter than the fault expects: it strikes at the end of the body.
                self.left = 0;
                self.poll_end(cx)
            }
            Poll::Ready(Some(Ok(mut part))) => {
                part.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
                self.left -= part.len() as u64;
                Poll::Ready(Some(Ok(part)))
            }
        }
    }
}

/// The fault of a connection that is broken on purpose.
#[derive(Debug, thiserror::Error)]
#[error("connection broken on purpose")]
struct Broken;
