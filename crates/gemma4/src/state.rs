//! Saving and restoring a context's KV cache.
//!
//! Layout, little-endian: magic `RLKV`, u32 version, u32 position, u32 reach (see `Context::truncate`), u32 KV type (0 f16, 1 f32, 2 q8), u32 number of caches;
//! then per cache u32 layer, u32 capacity, u32 bytes of a position, keys, values (`min(reach, capacity)` rows each).

use crate::context::Context;
use crate::error::Error;
use crate::plan::CachePlan;
use crate::room::room;
use kernels::kv::KvType;

const MAGIC: &[u8; 4] = b"RLKV";
const VERSION: u32 = 1;
/// Words before the caches, the mark included, and before each cache.
const HEADER_WORDS: u64 = 6;
const CACHE_WORDS: u64 = 3;
/// Bytes that are on their way to the GPU at once: the queue's own copy of them is in no ledger.
const PIECE_BYTES: usize = 16 << 20;

impl Context {
    /// The cache as bytes; the model's identity is the caller's to add. Read by the context's own readback, it takes no GPU memory.
    ///
    /// # Errors
    /// [`Error::HostMemory`] where this process has no room for it, and those of the device.
    pub async fn save(&self) -> Result<Vec<u8>, Error> {
        self.save_behind(&[]).await
    }

    /// As [`Context::save`], behind these bytes: a second copy of a long conversation may be more than a process holds.
    ///
    /// # Errors
    /// As [`Context::save`].
    pub async fn save_behind(&self, head: &[u8]) -> Result<Vec<u8>, Error> {
        let model = self.model().clone();
        let plan = model.plan();
        let positions = |cache: &CachePlan| u64::from(cache.capacity.min(self.reach()));
        let cached = |cache: &CachePlan| 4 * CACHE_WORDS + 2 * positions(cache) * cache.row_bytes;
        let len =
            head.len() as u64 + 4 * HEADER_WORDS + plan.caches.iter().flatten().map(cached).sum::<u64>();
        let what = || format!("the keys and values of {} tokens", self.position());
        let mut bytes = room(len, what, "save a shorter conversation, or use a cache of 8 bits")?;
        bytes.extend_from_slice(head);
        bytes.extend_from_slice(MAGIC);
        let kv = kv_code(plan.options.kv);
        let count = plan.caches.iter().flatten().count() as u32;
        for word in [VERSION, self.position(), self.reach(), kv, count] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        for (layer, cache) in plan.caches.iter().enumerate() {
            let Some(cache) = cache else { continue };
            for word in [layer as u32, cache.capacity, cache.row_bytes as u32] {
                bytes.extend_from_slice(&word.to_le_bytes());
            }
            for buffer in [cache.keys, cache.values] {
                let written = 0..positions(cache) * cache.row_bytes;
                self.readback.append(self.buffer(buffer), written, &mut bytes).await?;
            }
        }
        debug_assert_eq!(bytes.len() as u64, len);
        Ok(bytes)
    }

    /// Replaces the cache by a saved one. The whole layout is checked first.
    ///
    /// # Errors
    /// [`Error::State`], and nothing has changed then; [`Error::Gpu`] if the device does not take it, and the cache is empty then.
    pub async fn restore(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let model = self.model().clone();
        let plan = model.plan();
        let mut reader = Reader { bytes };
        if reader.take(4)? != MAGIC {
            return Err(state("it does not begin with the mark of a saved state".to_owned()));
        }
        reader.expect("version", VERSION)?;
        let position = reader.word()?;
        if position > self.capacity() {
            return Err(state(format!("it holds {position} tokens, the context {}", self.capacity())));
        }
        let reach = reader.word()?;
        if reach < position || reach > self.capacity() {
            return Err(state(format!("it was written to {reach}, beside {position} tokens")));
        }
        reader.expect("KV type", kv_code(plan.options.kv))?;
        reader.expect("number of caches", plan.caches.iter().flatten().count() as u32)?;
        let mut parts = Vec::new();
        for (layer, cache) in plan.caches.iter().enumerate() {
            let Some(cache) = cache else { continue };
            reader.expect("layer", layer as u32)?;
            let kept = reader.word()?;
            if kept != cache.capacity {
                return Err(state(format!(
                    "layer {layer} kept up to {kept} positions, here it keeps {}; load the model with the context and the chunk with which it was saved",
                    cache.capacity
                )));
            }
            reader.expect("bytes of a position", cache.row_bytes as u32)?;
            let len = cache.row_bytes as usize * cache.capacity.min(reach) as usize;
            parts.push((layer, reader.take(len)?, reader.take(len)?));
        }
        if !reader.bytes.is_empty() {
            return Err(state(format!("{} bytes follow its end", reader.bytes.len())));
        }
        // Neither the old state nor the new one until all of it is there.
        self.set_position(0, 0);
        for (layer, keys, values) in parts {
            let cache = plan.caches[layer].expect("the layout was checked");
            self.write_cache(cache.keys, keys).await?;
            self.write_cache(cache.values, values).await?;
        }
        self.set_position(position, reach);
        Ok(())
    }
}

impl Context {
    async fn write_cache(&self, buffer: usize, bytes: &[u8]) -> Result<(), Error> {
        let device = self.model().device();
        for (n, piece) in bytes.chunks(PIECE_BYTES).enumerate() {
            device.write(self.buffer(buffer), (n * PIECE_BYTES) as u64, piece);
            device.wait().await?;
        }
        Ok(())
    }
}

fn kv_code(kv: KvType) -> u32 {
    match kv {
        KvType::F16 => 0,
        KvType::F32 => 1,
        KvType::Q8 => 2,
    }
}

fn state(problem: String) -> Error {
    Error::State { problem }
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(len)
            .ok_or_else(|| state(format!("{len} bytes are needed where {} are left", self.bytes.len())))?;
        self.bytes = rest;
        Ok(taken)
    }

    fn word(&mut self) -> Result<u32, Error> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes(bytes.try_into().expect("four bytes")))
    }

    fn expect(&mut self, what: &str, expected: u32) -> Result<(), Error> {
        let found = self.word()?;
        if found != expected {
            return Err(state(format!("{what} is {found}, this context has {expected}")));
        }
        Ok(())
    }
}
