//! Connections: how many there may be, how long a client may keep one waiting, how much it may say.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Sleep, sleep};

use super::site::Site;

/// A request line with headers is far below this; more is refused with 431.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Browsers send some twenty; more are refused with 431.
const HEADERS_MAX: usize = 64;
/// How long to wait after the system had no connection to give, such as when files ran out.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// What clients may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Connections at once; others wait until one ends.
    pub(crate) connections: usize,
    /// How long a client may take for the head of a request, and how long without taking a byte of an answer.
    pub(crate) silence: Duration,
}

/// More than a browser opens, less than the files a process may have open.
pub(crate) const LIMITS: Limits = Limits { connections: 256, silence: Duration::from_secs(30) };

impl Default for Limits {
    fn default() -> Limits {
        LIMITS
    }
}

/// Answers connections for ever.
pub(crate) async fn accept(listener: TcpListener, site: Site, limits: Limits) -> Infallible {
    let site = Arc::new(site);
    let places = Arc::new(Semaphore::new(limits.connections));
    loop {
        let place = places.clone().acquire_owned().await;
        let Ok((stream, _)) = listener.accept().await else {
            sleep(ACCEPT_AGAIN).await;
            continue;
        };
        let site = site.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let site = site.clone();
                async move { Ok::<_, Infallible>(site.answer(&request).await) }
            });
            let io = TokioIo::new(Patient { stream, silence: limits.silence, waiting: None });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(limits.silence)
                .max_buf_size(HEAD_BYTES_MAX)
                .max_headers(HEADERS_MAX)
                .half_close(false)
                .serve_connection(io, service);
            // A connection that breaks concerns only its client, who sees it there.
            let _ = connection.await;
            drop(place);
        });
    }
}

/// A connection that ends when its client takes nothing for too long.
struct Patient {
    stream: TcpStream,
    silence: Duration,
    /// Runs while there is something to write that the client does not take.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    fn write(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let result = write(Pin::new(&mut self.stream), context);
        if result.is_ready() {
            self.waiting = None;
            return result;
        }
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(self.silence)));
        ready!(waiting.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(context, |stream, context| stream.poll_write_vectored(context, parts))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpStream};

    use super::super::{App, Hosts};
    use super::*;

    const SILENCE: Duration = Duration::from_millis(200);

    /// A server with these limits over a folder with a file of 64 MiB, more than the system buffers.
    fn serve(name: &str, connections: usize) -> SocketAddr {
        let folder = std::env::temp_dir().join(format!("rullama-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("index.html"), "<p>").unwrap();
        std::fs::File::create(folder.join("big")).unwrap().set_len(64 << 20).unwrap();
        let (send, receive) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                send.send(listener.local_addr().unwrap()).unwrap();
                let app = App::folder(&folder).unwrap();
                let hosts = Hosts::Loopback { named: "127.0.0.1".to_owned() };
                let site = Site { app: Some(Arc::new(app)), stores: Vec::new(), hosts, origins: Vec::new() };
                accept(listener, site, Limits { connections, silence: SILENCE }).await
            })
        });
        receive.recv().unwrap()
    }

    fn ask(stream: &mut TcpStream, path: &str) {
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    }

    #[test]
    fn who_says_nothing_or_half_a_request_is_left() {
        let address = serve("silent", 8);
        for said in ["", "GET / HTT", "GET / HTTP/1.1\r\nHost: localhost\r\nX: "] {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(said.as_bytes()).unwrap();
            let mut reply = Vec::new();
            // It would wait for ever were the connection kept.
            let _ = stream.read_to_end(&mut reply);
            assert!(!reply.starts_with(b"HTTP/1.1 200"), "{said:?}");
        }
    }

    #[test]
    fn who_takes_nothing_is_left_and_makes_room() {
        let address = serve("slow", 1);
        let mut slow = TcpStream::connect(address).unwrap();
        ask(&mut slow, "/big");
        let mut first = [0; 15];
        slow.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"HTTP/1.1 200 OK");
        // There is room for one, so this answer comes when the other has been left.
        let mut next = TcpStream::connect(address).unwrap();
        ask(&mut next, "/");
        next.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"HTTP/1.1 200 OK");
        let mut rest = Vec::new();
        let _ = slow.read_to_end(&mut rest);
        assert!(rest.len() < 64 << 20, "the answer was cut, but {} bytes came", rest.len());
    }
}
