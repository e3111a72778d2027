//! Bodies of answers: bytes that are there, or a part of a file that is read as the client takes it.

use std::fs::File;
use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::task::JoinHandle;

/// Bytes read from a file at once.
const PIECE_BYTES: u64 = 1 << 18;

/// What follows the head of an answer.
pub(crate) enum Answer {
    /// All of it; nothing once it was taken.
    Bytes(Bytes),
    /// Read from a file.
    File(FilePart),
}

/// What is left to be sent of a file.
pub(crate) struct FilePart {
    bytes: u64,
    next: Next,
}

enum Next {
    Read(File),
    Reading(JoinHandle<(File, io::Result<Bytes>)>),
    Nothing,
}

impl FilePart {
    /// The next `bytes` bytes of a file.
    pub(crate) fn new(file: File, bytes: u64) -> FilePart {
        FilePart { bytes, next: Next::Read(file) }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.bytes == 0 {
            return Poll::Ready(None);
        }
        if let Next::Read(_) = self.next {
            let Next::Read(file) = std::mem::replace(&mut self.next, Next::Nothing) else { unreachable!() };
            let bytes = self.bytes.min(PIECE_BYTES) as usize;
            self.next = Next::Reading(tokio::task::spawn_blocking(move || read(file, bytes)));
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
        self.next = if piece.is_ok() { Next::Read(file) } else { Next::Nothing };
        self.bytes -= piece.as_ref().map_or(0, |piece| piece.len() as u64);
        Poll::Ready(Some(piece))
    }
}

/// A file that has become shorter is an error: the client was told how much would come.
fn read(mut file: File, bytes: usize) -> (File, io::Result<Bytes>) {
    let mut piece = vec![0; bytes];
    let result = file.read_exact(&mut piece).map(|()| piece.into());
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
            Answer::File(part) => part.bytes,
        })
    }
}
