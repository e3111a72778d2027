//! The sha256 of a model's file: read, compared, computed.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::failure::Failure;

/// Bytes read at once while a file is hashed.
const PIECE_BYTES: usize = 1 << 20;

/// A sha256 as 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Digest(String);

impl Digest {
    /// Reads `sha256:HEX`, as manifests write it.
    pub(crate) fn parse(text: &str) -> Option<Digest> {
        Digest::from_hex(text.strip_prefix("sha256:")?)
    }

    /// Reads `sha256-HEX`, the name of a file in the store's `blobs`.
    pub(crate) fn from_blob_name(name: &str) -> Option<Digest> {
        Digest::from_hex(name.strip_prefix("sha256-")?)
    }

    fn from_hex(hex: &str) -> Option<Digest> {
        let valid = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        valid.then(|| Digest(hex.to_lowercase()))
    }

    /// The name of the file that holds these bytes in the store's `blobs`.
    pub(crate) fn blob_name(&self) -> String {
        format!("sha256-{}", self.0)
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}

/// Hashes a file and compares; `observe` is told how many bytes are done.
pub(crate) fn verify(path: &Path, expected: &Digest, observe: &mut dyn FnMut(u64)) -> Result<(), Failure> {
    let failed = |error| Failure::Open { path: path.to_owned(), error };
    let mut file = File::open(path).map_err(failed)?;
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE_BYTES];
    let mut done = 0;
    loop {
        let bytes = file.read(&mut piece).map_err(failed)?;
        if bytes == 0 {
            break;
        }
        hasher.update(&piece[..bytes]);
        done += bytes as u64;
        observe(done);
    }
    let found = Digest(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
    if found != *expected {
        return Err(Failure::WrongDigest { path: path.to_owned(), expected: expected.clone(), found });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn digests_are_read() {
        let check =
            |found: Option<Digest>, valid: bool| assert_eq!(found, valid.then(|| Digest(EMPTY.to_owned())));
        check(Digest::parse(&format!("sha256:{EMPTY}")), true);
        check(Digest::parse(&format!("sha256:{}", EMPTY.to_uppercase())), true);
        check(Digest::from_blob_name(&format!("sha256-{EMPTY}")), true);
        check(Digest::parse(EMPTY), false);
        check(Digest::parse("sha256:../../etc/passwd"), false);
        check(Digest::parse(&format!("sha256:{EMPTY}0")), false);
        check(Digest::from_blob_name("model.gguf"), false);
    }
}
