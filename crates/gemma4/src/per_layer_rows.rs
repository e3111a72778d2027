//! Rows of a per-layer table that stays in the file, on their way to the GPU: as they lie there, since the GPU unpacks them
//! faster than the host does and they are smaller so.

use crate::checkpoint::{Checkpoint, Matrix};
use crate::error::Error;
use futures_util::future::try_join_all;
use gguf::ReadAt;
use gpu::{Buffer, Device};
use kernels::weight::{Layout, Packed, pack};
use std::collections::HashMap;
#[cfg(not(target_arch = "wasm32"))]
use std::time::Duration;

/// Rows asked for at once, where a read has to wait for somebody else.
const READS_AT_ONCE: usize = 64;
/// Bytes of rows that are kept for tokens that come again, where a read has to wait: 468 rows of e2b.
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
    kept: HashMap<u32, Kept>,
    /// How often rows were asked for.
    asked: u64,
}

/// A row of the file.
struct Kept {
    row: Box<[u8]>,
    /// When it was last asked for.
    asked: u64,
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
            asked: 0,
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
            None => &*self.kept[id].row,
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
        self.asked += 1;
        let asked = self.asked;
        let mut missing = Vec::new();
        for &id in ids {
            match self.kept.get_mut(&id) {
                Some(kept) => kept.asked = asked,
                None => missing.push(id),
            }
        }
        missing.sort_unstable();
        missing.dedup();
        for ids in missing.chunks(READS_AT_ONCE) {
            let mut rows: Vec<Box<[u8]>> = ids.iter().map(|_| vec![0; self.row_bytes].into()).collect();
            try_join_all(rows.iter_mut().zip(ids).map(|(row, &id)| source.read_at(self.at(id), row))).await?;
            self.kept.extend(ids.iter().copied().zip(rows.into_iter().map(|row| Kept { row, asked })));
        }
        Ok(())
    }

    /// Drops the rows beyond what is to be kept, those first that were not asked for longest.
    fn forget(&mut self) {
        let too_many = self.kept.len().saturating_sub(KEPT_BYTES_MAX / self.row_bytes);
        if too_many > 0 {
            let mut ages: Vec<(u64, u32)> = self.kept.iter().map(|(&id, kept)| (kept.asked, id)).collect();
            ages.sort_unstable();
            ages[..too_many].iter().for_each(|(_, id)| drop(self.kept.remove(id)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gguf::{ReadFuture, Type};
    use std::cell::{Cell, RefCell};
    use std::future::poll_fn;
    use std::task::Poll;

    /// A source that is not mapped: every row is its number, and reads are noted.
    struct Numbered<'a>(&'a RefCell<Vec<u64>>);

    impl ReadAt for Numbered<'_> {
        fn size(&self) -> u64 {
            u64::MAX
        }

        fn read_at<'a>(&'a self, offset: u64, buffer: &'a mut [u8]) -> ReadFuture<'a> {
            let row = offset / buffer.len() as u64;
            self.0.borrow_mut().push(row);
            buffer.fill(row as u8);
            Box::pin(std::future::ready(Ok(())))
        }
    }

    fn rows_of(row_bytes: usize) -> PerLayerRows {
        PerLayerRows {
            layout: Layout::new(Type::F32, 1, row_bytes as u64 / 4),
            offset: 0,
            row_bytes,
            bytes: Vec::new(),
            packed: Packed::default(),
            kept: HashMap::new(),
            asked: 0,
        }
    }

    #[test]
    fn rows_that_come_again_are_kept_longest() {
        // Four rows are kept.
        let mut rows = rows_of(KEPT_BYTES_MAX / 4);
        let reads = RefCell::default();
        let mut check = |ids: &[u32], expected: &[u64]| {
            pollster::block_on(rows.keep(&Numbered(&reads), ids)).expect("a read");
            assert!(ids.iter().all(|id| rows.kept[id].row[0] == *id as u8), "{ids:?}");
            rows.forget();
            assert_eq!(reads.take(), expected, "{ids:?}");
        };
        check(&[1, 2, 1], &[1, 2]);
        check(&[3], &[3]);
        check(&[1], &[]);
        check(&[4], &[4]);
        check(&[5], &[5]);
        check(&[1, 3, 4, 5], &[]);
        check(&[2], &[2]);
        check(&[1], &[1]);
        check(&[10, 11, 12, 13, 14], &[10, 11, 12, 13, 14]);
        check(&[11, 12, 13, 14], &[]);
    }

    /// A source that answers no read before all of a group are asked for.
    #[derive(Default)]
    struct Together {
        asked: Cell<usize>,
    }

    impl ReadAt for Together {
        fn size(&self) -> u64 {
            u64::MAX
        }

        fn read_at<'a>(&'a self, _offset: u64, _buffer: &'a mut [u8]) -> ReadFuture<'a> {
            self.asked.update(|asked| asked + 1);
            Box::pin(poll_fn(|context| {
                if self.asked.get() == READS_AT_ONCE {
                    return Poll::Ready(Ok(()));
                }
                context.waker().wake_by_ref();
                Poll::Pending
            }))
        }
    }

    #[test]
    fn reads_are_side_by_side() {
        let ids: Vec<u32> = (0..READS_AT_ONCE as u32).collect();
        let source = Together::default();
        let mut rows = rows_of(256);
        let mut read = Box::pin(rows.keep(&source, &ids));
        // Reads that wait for each other are never done.
        let mut looks = 0;
        let outcome = pollster::block_on(poll_fn(|context| {
            looks += 1;
            assert!(
                looks < 4,
                "{} of {READS_AT_ONCE} reads are asked for, and none is answered",
                source.asked.get()
            );
            read.as_mut().poll(context)
        }));
        outcome.expect("a read");
        drop(read);
        assert_eq!(rows.kept.len(), READS_AT_ONCE);
    }
}
