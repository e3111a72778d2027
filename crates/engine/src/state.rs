//! Saving a session and restoring it, perhaps in another process.
//!
//! Layout, little-endian: magic `RLSS`, u32 version, 32 bytes of model digest, u32 number of tokens, the tokens as u32,
//! then the cache as [`gemma4::Context::save`] writes it.

use crate::{Error, Session};

const MAGIC: &[u8; 4] = b"RLSS";
const VERSION: u32 = 1;
/// Magic, version, digest, count.
const HEAD_BYTES: usize = 4 + 4 + 32 + 4;
/// Bytes of a digest that a message shows.
const SHOWN_BYTES: usize = 6;

impl Session {
    /// The session as bytes: tokens and cache, with the digest of the model they belong to.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the cache cannot be read back; [`Error::Read`] if the model's source fails, which is read for
    /// the digest the first time.
    pub async fn save(&self) -> Result<Vec<u8>, Error> {
        let tokens = self.tokens();
        let mut head = Vec::with_capacity(HEAD_BYTES + 4 * tokens.len());
        head.extend(MAGIC);
        head.extend(VERSION.to_le_bytes());
        head.extend(self.model().digest().await?);
        head.extend((tokens.len() as u32).to_le_bytes());
        head.extend(tokens.iter().flat_map(|id| id.to_le_bytes()));
        Ok(self.context().save_behind(&head).await?)
    }

    /// Replaces the session by a saved one.
    ///
    /// # Errors
    /// [`Error::OtherModel`], and [`Error::State`] if the bytes are damaged or were saved with another context length,
    /// chunk length or KV type. The session is as it was then, or, where tokens and cache contradict each other, empty, as it is
    /// after [`Error::Gpu`].
    pub async fn restore(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let damaged = |problem: String| Error::State { problem };
        let Some((head, rest)) = bytes.split_at_checked(HEAD_BYTES) else {
            return Err(damaged(format!("it has {} bytes, at least {HEAD_BYTES} are needed", bytes.len())));
        };
        let word = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().expect("four bytes"));
        if &head[..4] != MAGIC {
            return Err(damaged("it does not begin with the mark of a saved session".to_owned()));
        }
        if word(4) != VERSION {
            return Err(damaged(format!("its version is {}, this program reads {VERSION}", word(4))));
        }
        let expected = self.model().digest().await?;
        if head[8..40] != expected {
            return Err(Error::OtherModel { found: shown(&head[8..40]), expected: shown(&expected) });
        }
        let count = word(40);
        if count > self.capacity() {
            return Err(damaged(format!("{count} tokens in a context of {}", self.capacity())));
        }
        let Some((ids, cache)) = rest.split_at_checked(4 * count as usize) else {
            return Err(damaged(format!("{count} tokens in {} bytes", rest.len())));
        };
        let tokens: Vec<u32> =
            ids.chunks_exact(4).map(|id| u32::from_le_bytes(id.try_into().expect("four bytes"))).collect();
        let vocabulary = self.model().config().vocabulary;
        if let Some(id) = tokens.iter().find(|&&id| id >= vocabulary) {
            return Err(damaged(format!("token {id} in a vocabulary of {vocabulary}")));
        }
        self.replace(tokens, cache).await
    }
}

fn shown(digest: &[u8]) -> String {
    digest[..SHOWN_BYTES].iter().map(|byte| format!("{byte:02x}")).collect()
}
