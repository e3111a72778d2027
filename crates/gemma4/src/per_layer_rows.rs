//! Rows of a per-layer table that stays in the file, on their way to the GPU: as they lie there, since the GPU unpacks them
//! faster than the host does and they are smaller so.

use crate::checkpoint::{Checkpoint, Matrix};
use crate::error::Error;
use futures_util::future::try_join_all;
use gguf::ReadAt;
use gpu::{Buffer, Device};
use kernels::weight::{Layout, Packed, pack};
use std::collections::{HashMap, VecDeque};

/// Rows asked for at once, where a read has to wait for somebody else.
const READS_AT_ONCE: usize = 64;
/// Bytes of rows that are kept for tokens that come again, where a read has to wait.
const KEPT_BYTES_MAX: usize = 8 << 20;

/// What is needed to fetch rows.
pub(crate) struct PerLayerRows {
    layout: Layout,
    offset: u64,
    row_bytes: usize,
    /// The last rows that had to be repacked, as in the file and as on the GPU.
    bytes: Vec<u8>,
    packed: Packed,
    kept: HashMap<u32, Box<[u8]>>,
    /// Ids of the kept rows, oldest first.
    ages: VecDeque<u32>,
}

/// The layout of so many rows of the table; none for a model without one.
pub(crate) fn layout(checkpoint: &Checkpoint, rows: u32) -> Option<Layout> {
    let table = &checkpoint.matrices[checkpoint.per_layer.as_ref()?.table];
    Some(Layout::new(table.sources[0].kind, u64::from(rows), table.columns))
}

impl PerLayerRows {
    /// Rows of the checkpoint's table for chunks of at most so many tokens.
    pub(crate) fn new(checkpoint: &Checkpoint, chunk: u32) -> Option<PerLayerRows> {
        let layout = layout(checkpoint, chunk)?;
        let Matrix { columns, sources, .. } = &checkpoint.matrices[checkpoint.per_layer.as_ref()?.table];
        let row_bytes = sources[0].kind.row_bytes(*columns).expect("whole blocks") as usize;
        Some(PerLayerRows {
            layout,
            offset: sources[0].offset,
            row_bytes,
            bytes: Vec::new(),
            packed: Packed::default(),
            kept: HashMap::new(),
            ages: VecDeque::new(),
        })
    }

    /// Fetches the rows of `ids` and writes them to the beginning of `buffer`, one behind the other.
    pub(crate) async fn write(
        &mut self,
        source: &dyn ReadAt,
        ids: &[u32],
        device: &Device,
        buffer: &Buffer,
    ) -> Result<(), Error> {
        if source.mapped().is_none() {
            self.keep(source, ids).await?;
        }
        let length = ids.len() * self.row_bytes;
        let rows = ids.iter().map(|id| match source.mapped() {
            Some(file) => &file[self.offset as usize + *id as usize * self.row_bytes..][..self.row_bytes],
            None => &*self.kept[id],
        });
        if self.is_verbatim() {
            device.write_pieces(buffer, 0, length as u64, rows);
        } else {
            self.bytes.clear();
            rows.for_each(|row| self.bytes.extend_from_slice(row));
            pack(&self.layout, &self.bytes, &mut self.packed);
            for (plane, bytes) in self.layout.planes.iter().zip(&self.packed.planes) {
                device.write(buffer, plane.offset, bytes);
            }
        }
        self.forget();
        Ok(())
    }

    /// Whether rows lie on the GPU as they do in the file, in whole words.
    fn is_verbatim(&self) -> bool {
        let [plane] = self.layout.planes[..] else { return false };
        plane.row_bytes == self.row_bytes as u64 && self.row_bytes.is_multiple_of(4)
    }

    /// Reads the rows that are not kept, many at once, and keeps them.
    async fn keep(&mut self, source: &dyn ReadAt, ids: &[u32]) -> Result<(), Error> {
        let mut missing: Vec<u32> = ids.iter().copied().filter(|id| !self.kept.contains_key(id)).collect();
        missing.sort_unstable();
        missing.dedup();
        for ids in missing.chunks(READS_AT_ONCE) {
            let mut rows: Vec<Box<[u8]>> = ids.iter().map(|_| vec![0; self.row_bytes].into()).collect();
            let at = |id: u32| self.offset + u64::from(id) * self.row_bytes as u64;
            try_join_all(rows.iter_mut().zip(ids).map(|(row, &id)| source.read_at(at(id), row))).await?;
            self.ages.extend(ids);
            self.kept.extend(ids.iter().copied().zip(rows));
        }
        Ok(())
    }

    /// Drops the oldest rows beyond what is to be kept.
    fn forget(&mut self) {
        while self.kept.len() * self.row_bytes > KEPT_BYTES_MAX {
            let oldest = self.ages.pop_front().expect("every kept row has an age");
            self.kept.remove(&oldest);
        }
    }
}
