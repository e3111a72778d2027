//! Digests of a model's blocks: a client whose copy is wrong learns from them which bytes to ask for again.

use std::fs::File;
use std::io::{self, Read};

use hyper::Response;
use hyper::body::{Body, Bytes};
use hyper::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use sha2::{Digest as _, Sha256};

use super::body::{Answer, FilePart};
use super::content::NEVER;

/// Bytes of a block; the last one of a file is shorter. A client needs memory for one.
pub(super) const BLOCK_BYTES: u64 = 16 << 20;
/// Bytes hashed at once.
const PIECE_BYTES: usize = 1 << 18;
/// 64 hexadecimal digits and the end of the line.
pub(super) const LINE_BYTES: u64 = 65;

/// The blocks of a file of `bytes` bytes as text: how many bytes a block has, then the sha256 of each, a line each. The file
/// is read as the client takes the lines.
pub(crate) fn answer(file: File, bytes: u64) -> Response<Answer> {
    let body = Answer::File(FilePart::digests(file, bytes, format!("{BLOCK_BYTES}\n").into()));
    Response::builder()
        .header(CONTENT_TYPE, "text/plain; charset=utf-8")
        .header(CACHE_CONTROL, NEVER)
        .header(CONTENT_LENGTH, body.size_hint().lower())
        .body(body)
        .expect("the headers are ours")
}

/// The line of the file's next `bytes` bytes.
pub(super) fn line(file: &mut File, bytes: usize) -> io::Result<Bytes> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; PIECE_BYTES.min(bytes)];
    let mut left = bytes;
    while left > 0 {
        let piece = &mut buffer[..left.min(PIECE_BYTES)];
        file.read_exact(piece)?;
        hash.update(&*piece);
        left -= piece.len();
    }
    let digits: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{digits}\n").into())
}
