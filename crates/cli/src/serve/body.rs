//! Bodies of answers: bytes that are there, or what is made of a file as the client takes it.

use std::fs::File;
use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::task::JoinHandle;

use super::blocks;

/// Bytes of a file sent at once.
const PIECE_BYTES: u64 = 1 << 18;

/// What follows the head of an answer.
pub(crate) enum Answer {
    /// All of it; nothing once it was taken.
    Bytes(Bytes),
    /// Read from a file.
    File(FilePart),
}

/// What is left to be read of a file, and what the client gets of it.
pub(crate) struct FilePart {
    /// Sent before anything is read.
    ahead: Bytes,
    bytes: u64,
    sent: Sent,
    next: Next,
}

#[derive(Clone, Copy)]
enum Sent {
    Bytes,
    /// A line for each block.
    Digests,
}

enum Next {
    Read(File),
    Reading(JoinHandle<(File, io::Result<Bytes>)>),
    Nothing,
}

impl FilePart {
    /// The next `bytes` bytes of a file.
    pub(crate) fn new(file: File, bytes: u64) -> FilePart {
        FilePart { ahead: Bytes::new(), bytes, sent: Sent::Bytes, next: Next::Read(file) }
    }

    /// Text, then the digests of the blocks of a file's next `bytes` bytes.
    pub(super) fn digests(file: File, bytes: u64, text: Bytes) -> FilePart {
        FilePart { ahead: text, bytes, sent: Sent::Digests, next: Next::Read(file) }
    }

    /// Bytes that the client still gets.
    fn length(&self) -> u64 {
        let of_file = match self.sent {
            Sent::Bytes => self.bytes,
            Sent::Digests => self.bytes.div_ceil(blocks::BLOCK_BYTES) * blocks::LINE_BYTES,
        };
        self.ahead.len() as u64 + of_file
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if !self.ahead.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.ahead))));
        }
        if self.bytes == 0 {
            return Poll::Ready(None);
        }
        if let Next::Read(_) = self.next {
            let Next::Read(file) = std::mem::replace(&mut self.next, Next::Nothing) else { unreachable!() };
            let (bytes, sent) = (self.at_once(), self.sent);
            self.next = Next::Reading(tokio::task::spawn_blocking(move || read(file, bytes as usize, sent)));
        }
        let Next::Reading(reading) = &mut self.next else {
            return Poll::Ready(None);
        };
        let (file, piece) = match ready!(Pin::new(reading).poll(context)) {
            Ok(read) => read,
            Err(error) => {
                self.next = Next::Nothing;
                return Poll::Ready(Some(Err(io::Error::other(error))));
            }
        };
        if piece.is_ok() {
            self.bytes -= self.at_once();
            self.next = Next::Read(file);
        } else {
            self.next = Next::Nothing;
        }
        Poll::Ready(Some(piece))
    }

    /// Bytes read before something is sent.
    fn at_once(&self) -> u64 {
        self.bytes.min(match self.sent {
            Sent::Bytes => PIECE_BYTES,
            Sent::Digests => blocks::BLOCK_BYTES,
        })
    }
}

/// A file that has become shorter is an error: the client was told how much would come.
fn read(mut file: File, bytes: usize, sent: Sent) -> (File, io::Result<Bytes>) {
    let result = match sent {
        Sent::Bytes => {
            let mut piece = vec![0; bytes];
            file.read_exact(&mut piece).map(|()| piece.into())
        }
        Sent::Digests => blocks::line(&mut file, bytes),
    };
    (file, result)
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match &mut *self {
            Answer::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Answer::Bytes(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Answer::File(part) => part.poll(context).map(|piece| piece.map(|result| result.map(Frame::data))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Answer::Bytes(bytes) => bytes.len() as u64,
            Answer::File(part) => part.length(),
        })
    }
}
