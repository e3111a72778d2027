//! A file in the page's private file system (OPFS), opened for synchronous access as workers can.

use std::cell::Cell;
use std::time::Duration;

use engine::{ReadAt, ReadError, ReadErrorKind, ReadFuture};
use web_sys::{FileSystemReadWriteOptions, FileSystemSyncAccessHandle};

use super::{PIECE_BYTES_MAX, check_range, failed};
use crate::timer;

const NAME: &str = "the stored file";

/// Reads are synchronous here, so the worker would hear no message during a load; it listens after this many bytes.
const BYTES_BETWEEN_PAUSES: u64 = 32 << 20;

/// Reads by position; closes the handle at the end, since it locks the file.
pub(super) struct Handle {
    handle: FileSystemSyncAccessHandle,
    size: u64,
    since_pause: Cell<u64>,
}

impl Handle {
    pub(super) fn new(handle: FileSystemSyncAccessHandle) -> Result<Handle, ReadError> {
        let size = handle.get_size().map_err(|thrown| failed(ReadErrorKind::Io, NAME, &thrown))?;
        Ok(Handle { handle, size: size as u64, since_pause: Cell::new(0) })
    }

    fn read_piece(&self, offset: u64, piece: &mut [u8]) -> Result<(), ReadError> {
        let options = FileSystemReadWriteOptions::new();
        options.set_at(offset as f64);
        let read = self.handle.read_with_u8_array_and_options(piece, &options);
        let read = read.map_err(|thrown| failed(ReadErrorKind::Io, NAME, &thrown))?;
        if read as usize != piece.len() {
            let asked = piece.len();
            let message = format!("{NAME}: {asked} bytes were asked for at {offset}, {read} came");
            return Err(ReadError::new(ReadErrorKind::Io, message));
        }
        Ok(())
    }
}

impl ReadAt for Handle {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at<'a>(&'a self, offset: u64, buffer: &'a mut [u8]) -> ReadFuture<'a> {
        Box::pin(async move {
            check_range(offset, buffer.len(), self.size)?;
            let mut at = offset;
            for piece in buffer.chunks_mut(PIECE_BYTES_MAX) {
                self.read_piece(at, piece)?;
                at += piece.len() as u64;
            }
            let unheard = self.since_pause.get() + buffer.len() as u64;
            self.since_pause.set(unheard % BYTES_BETWEEN_PAUSES);
            if unheard >= BYTES_BETWEEN_PAUSES {
                timer::sleep(Duration::ZERO).await;
            }
            Ok(())
        })
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.handle.close();
    }
}
