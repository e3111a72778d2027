//! Rows of a per-layer table that stays in the file, on their way to the GPU: as they lie there, since the GPU unpacks them
//! faster than the host does and they are smaller so.

use crate::checkpoint::{Checkpoint, Matrix};
use crate::error::Error;
use futures_util::future::try_join_all;
use gguf::ReadAt;
use gpu::{Buffer, Device};
use kernels::weight::{Layout, Packed, pack};
use std::collections::{HashMap, VecDeque};
#[cfg(not(target_arch = "wasm32"))]
use std::time::Duration;

/// Rows asked for at once, where a read has to wait for somebody else.
const READS_AT_ONCE: usize = 64;
/// Bytes of rows that are kept for tokens that come again, where a read has to wait.
const KEPT_BYTES_MAX: usize = 8 << 20;

/// Rows of a mapped file that are tried, to see whether they are in memory.
#[cfg(not(target_arch = "wasm32"))]
const ROWS_TRIED: usize = 4;
/// What is in memory is there sooner; the fastest disks take twice as long.
#[cfg(not(target_arch = "wasm32"))]
const IN_MEMORY_MAX: Duration = Duration::from_micros(30);

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
        match source.mapped() {
            Some(file) => self.announce(source, file, ids),
            None => self.keep(source, ids).await?,
        }
        let (offset, row_bytes) = (self.offset, self.row_bytes);
        let length = ids.len() * row_bytes;
        let rows = ids.iter().map(|id| match source.mapped() {
            Some(file) => &file[offset as usize + *id as usize * row_bytes..][..row_bytes],
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

    /// Where a row begins in the file.
    fn at(&self, id: u32) -> u64 {
        self.offset + u64::from(id) * self.row_bytes as u64
    }

    /// Has rows that are still on a disk come side by side. Saying so costs more than reading a row that is in memory, so a few of
    /// them are tried first.
    #[cfg(not(target_arch = "wasm32"))]
    fn announce(&self, source: &dyn ReadAt, file: &[u8], ids: &[u32]) {
        use std::hint::black_box;
        use std::time::Instant;

        let from_disk = |id: &u32| {
            let start = Instant::now();
            black_box(file[self.at(*id) as usize]);
            start.elapsed() > IN_MEMORY_MAX
        };
        if ids.len() > ROWS_TRIED && ids.iter().step_by(ids.len() / ROWS_TRIED).any(from_disk) {
            let row = |id: &u32| self.at(*id)..self.at(*id) + self.row_bytes as u64;
            source.will_read(&ids.iter().map(row).collect::<Vec<_>>());
        }
    }

    /// What a browser has mapped is in memory.
    #[cfg(target_arch = "wasm32")]
    fn announce(&self, _source: &dyn ReadAt, _file: &[u8], _ids: &[u32]) {}

    /// Reads the rows that are not kept, many at once, and keeps them.
    async fn keep(&mut self, source: &dyn ReadAt, ids: &[u32]) -> Result<(), Error> {
        let mut missing: Vec<u32> = ids.iter().copied().filter(|id| !self.kept.contains_key(id)).collect();
        missing.sort_unstable();
        missing.dedup();
        for ids in missing.chunks(READS_AT_ONCE) {
            let mut rows: Vec<Box<[u8]>> = ids.iter().map(|_| vec![0; self.row_bytes].into()).collect();
            try_join_all(rows.iter_mut().zip(ids).map(|(row, &id)| source.read_at(self.at(id), row))).await?;
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
