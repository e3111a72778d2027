//! Uploading matrices: pieces of the file, repacked, to where the plan puts them.
//!
//! Reading, repacking and writing go on at once. Natively a mapped file's pieces are taken by threads, whose page faults are
//! the reads; in a browser, and from sources that are not mapped, the next piece's read begins before this one is repacked.

use crate::checkpoint::Source;
use crate::error::Error;
use crate::plan::{Part, Plan};
use futures_util::future::join;
use gguf::ReadAt;
use kernels::weight::{Packed, pack};
use std::ops::{ControlFlow, Range};

/// Bytes read and repacked at once: with the number of threads it bounds host memory while a file of many gigabytes loads.
const PIECE_BYTES: u64 = 4 << 20;
/// Most threads that repack. With eight, writing to the GPU binds.
#[cfg(not(target_arch = "wasm32"))]
const THREADS_MAX: usize = 8;
/// Pieces that are repacked and not yet written.
#[cfg(not(target_arch = "wasm32"))]
const WAITING_MAX: usize = 2;

/// Some rows of a tensor.
pub(crate) struct Piece<'a> {
    pub(crate) part: &'a Part,
    pub(crate) source: &'a Source,
    /// First row within the part's buffer.
    pub(crate) row: u64,
    /// Where it begins in the file.
    offset: u64,
    pub(crate) bytes: u64,
}

/// Where repacked pieces go.
pub(crate) trait Target {
    /// Waits until another piece can be written.
    async fn ready(&mut self) -> Result<(), Error>;

    /// Writes a piece, and may stop the load. Those of threads come without a wait.
    fn write(&mut self, piece: &Piece<'_>, packed: &Packed) -> Result<ControlFlow<()>, Error>;
}

impl Piece<'_> {
    /// Bytes when it is repacked.
    pub(crate) fn packed_bytes(&self) -> u64 {
        let rows = self.bytes / self.row_bytes();
        self.part.layout.planes.iter().map(|plane| rows * plane.row_bytes).sum()
    }

    /// Where it is in the file.
    pub(crate) fn range(&self) -> Range<u64> {
        self.offset..self.offset + self.bytes
    }

    fn row_bytes(&self) -> u64 {
        self.source.kind.row_bytes(self.part.layout.columns).expect("whole blocks")
    }
}

/// Every piece of every matrix of the plan: matrix after matrix, or as they come in a file that reads ahead.
pub(crate) fn pieces<'a>(plan: &'a Plan, file: &dyn ReadAt) -> Vec<Piece<'a>> {
    let mut pieces = plan.matrices.iter().flatten().flat_map(pieces_of).collect();
    put_in_order(&mut pieces, file);
    pieces
}

fn put_in_order(pieces: &mut Vec<Piece<'_>>, file: &dyn ReadAt) {
    if file.reads_ahead() {
        pieces.sort_by_key(|piece| piece.offset);
    }
}

fn pieces_of(part: &Part) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut row = 0;
    for source in &part.sources {
        let row_bytes = source.kind.row_bytes(part.layout.columns).expect("whole blocks");
        // Four rows are whole words in every plane.
        let step = (PIECE_BYTES / row_bytes / 4 * 4).max(4);
        let mut first = 0;
        while first < source.rows {
            let rows = step.min(source.rows - first);
            let (offset, bytes) = (source.offset + first * row_bytes, rows * row_bytes);
            pieces.push(Piece { part, source, row: row + first, offset, bytes });
            first += rows;
        }
        row += source.rows;
    }
    pieces
}

/// Reads and repacks the pieces and has each written, on this thread, in any order.
pub(crate) async fn upload(
    file: &dyn ReadAt,
    pieces: &[Piece<'_>],
    target: &mut impl Target,
) -> Result<(), Error> {
    let flow = match file.mapped() {
        Some(bytes) => from_memory(bytes, pieces, target).await?,
        None => from_source(file, pieces, target).await?,
    };
    if flow.is_break() { Err(Error::Cancelled) } else { Ok(()) }
}

/// The pieces of a source that is read piece by piece.
async fn from_source(
    file: &dyn ReadAt,
    pieces: &[Piece<'_>],
    target: &mut impl Target,
) -> Result<ControlFlow<()>, Error> {
    let mut packed = Packed::default();
    let (mut here, mut ahead) = (Vec::new(), Vec::new());
    if let Some(first) = pieces.first() {
        here.resize(first.bytes as usize, 0);
        file.read_at(first.offset, &mut here).await?;
    }
    for (i, piece) in pieces.iter().enumerate() {
        let next = pieces.get(i + 1);
        let reading = async {
            let Some(next) = next else { return Ok(()) };
            ahead.resize(next.bytes as usize, 0);
            file.read_at(next.offset, &mut ahead).await
        };
        let writing = async {
            pack(&piece.part.layout, &here, &mut packed);
            target.ready().await?;
            target.write(piece, &packed)
        };
        // `join` asks its futures in this order, so the read is on its way while this thread repacks.
        let (read, written) = join(reading, writing).await;
        if written?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        read?;
        std::mem::swap(&mut here, &mut ahead);
    }
    Ok(ControlFlow::Continue(()))
}

/// The pieces of bytes that are addressable, on the one thread that a browser's worker has.
#[cfg(target_arch = "wasm32")]
async fn from_memory(
    file: &[u8],
    pieces: &[Piece<'_>],
    target: &mut impl Target,
) -> Result<ControlFlow<()>, Error> {
    let mut packed = Packed::default();
    for piece in pieces {
        pack(&piece.part.layout, bytes_of(piece, file), &mut packed);
        target.ready().await?;
        if target.write(piece, &packed)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// The pieces of bytes that are addressable, repacked by threads and written by this one.
#[cfg(not(target_arch = "wasm32"))]
async fn from_memory(
    file: &[u8],
    pieces: &[Piece<'_>],
    target: &mut impl Target,
) -> Result<ControlFlow<()>, Error> {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::sync_channel;

    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    let taken = AtomicUsize::new(0);
    let spare: Mutex<Vec<Packed>> = Mutex::default();
    let (full, filled) = sync_channel(WAITING_MAX);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(pieces.len()) {
            let full = full.clone();
            let (taken, spare) = (&taken, &spare);
            scope.spawn(move || {
                while let Some(piece) = pieces.get(taken.fetch_add(1, Ordering::Relaxed)) {
                    let mut packed = spare.lock().expect("no holder panics").pop().unwrap_or_default();
                    pack(&piece.part.layout, bytes_of(piece, file), &mut packed);
                    // Nobody receives once the load was stopped.
                    if full.send((piece, packed)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(full);
        for (piece, packed) in filled {
            if target.write(piece, &packed)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            spare.lock().expect("no holder panics").push(packed);
        }
        Ok(ControlFlow::Continue(()))
    })
}

fn bytes_of<'a>(piece: &Piece<'_>, file: &'a [u8]) -> &'a [u8] {
    &file[piece.offset as usize..][..piece.bytes as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use gguf::{Memory, ReadFuture, Type};
    use kernels::weight::Layout;
    use std::cell::RefCell;

    /// A source that is not addressable and whose reads take a moment; it keeps a diary.
    struct Slow<'a> {
        bytes: &'a [u8],
        diary: &'a RefCell<Vec<String>>,
        reads_ahead: bool,
    }

    impl ReadAt for Slow<'_> {
        fn size(&self) -> u64 {
            self.bytes.len() as u64
        }

        fn read_at<'a>(&'a self, offset: u64, buffer: &'a mut [u8]) -> ReadFuture<'a> {
            Box::pin(async move {
                self.diary.borrow_mut().push(format!("read {offset}"));
                let mut polled = false;
                std::future::poll_fn(|context| {
                    if std::mem::replace(&mut polled, true) {
                        return std::task::Poll::Ready(());
                    }
                    context.waker().wake_by_ref();
                    std::task::Poll::Pending
                })
                .await;
                Memory(self.bytes).read_at(offset, buffer).await
            })
        }

        fn reads_ahead(&self) -> bool {
            self.reads_ahead
        }
    }

    const COLUMNS: u64 = 1 << 16;
    const ROWS: u64 = 40;

    /// Two tensors of f32 in one part; a piece holds sixteen rows.
    fn part() -> Part {
        let source = |name: &str, first: u64, rows| Source {
            name: name.into(),
            kind: Type::F32,
            offset: first * COLUMNS * 4,
            rows,
        };
        let sources = vec![source("a", 20, 20), source("b", 0, 20)];
        Part { buffer: 0, layout: Layout::new(Type::F32, ROWS, COLUMNS), first_row: 0, sources }
    }

    fn file() -> Vec<u8> {
        (0..ROWS * COLUMNS).flat_map(|i| (i as f32).to_le_bytes()).collect()
    }

    /// Bytes of the host in the GPU's place; stops after so many pieces.
    struct Host<'a> {
        buffer: Vec<u8>,
        written: usize,
        stop_after: usize,
        diary: &'a RefCell<Vec<String>>,
    }

    impl Target for Host<'_> {
        async fn ready(&mut self) -> Result<(), Error> {
            self.diary.borrow_mut().push("ready".into());
            Ok(())
        }

        fn write(&mut self, piece: &Piece<'_>, packed: &Packed) -> Result<ControlFlow<()>, Error> {
            self.diary.borrow_mut().push(format!("write {}", piece.row));
            let plane = &packed.planes[0];
            assert_eq!(plane.len() as u64, piece.packed_bytes());
            self.buffer[(piece.row * COLUMNS * 4) as usize..][..plane.len()].copy_from_slice(plane);
            self.written += 1;
            let stops = self.written == self.stop_after;
            Ok(if stops { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        }
    }

    /// What is written where by the end, or after so many pieces.
    fn uploaded(file: &dyn ReadAt, stop_after: usize, diary: &RefCell<Vec<String>>) -> (Vec<u8>, bool) {
        let part = part();
        let buffer = vec![0; (ROWS * COLUMNS * 4) as usize];
        let mut pieces = pieces_of(&part);
        put_in_order(&mut pieces, file);
        let mut host = Host { buffer, written: 0, stop_after, diary };
        let result = pollster::block_on(upload(file, &pieces, &mut host));
        assert!(matches!(result, Ok(()) | Err(Error::Cancelled)), "{result:?}");
        (host.buffer, result.is_ok())
    }

    #[test]
    fn addressable_bytes_and_read_ones_end_where_they_belong() {
        let (file, diary) = (file(), RefCell::default());
        let half = file.len() / 2;
        let expected = [&file[half..], &file[..half]].concat();
        assert!(uploaded(&Memory(&file), usize::MAX, &diary) == (expected.clone(), true), "by threads");
        let slow = Slow { bytes: &file, diary: &diary, reads_ahead: false };
        assert!(uploaded(&slow, usize::MAX, &diary) == (expected, true), "read piece by piece");
    }

    #[test]
    fn the_next_read_begins_before_a_piece_is_written() {
        let (file, diary) = (file(), RefCell::default());
        uploaded(&Slow { bytes: &file, diary: &diary, reads_ahead: false }, 2, &diary);
        let row = COLUMNS * 4;
        let (second, third) = (36 * row, 0);
        let expected = [
            format!("read {}", 20 * row),
            format!("read {second}"),
            "ready".into(),
            "write 0".into(),
            format!("read {third}"),
            "ready".into(),
            "write 16".into(),
        ];
        assert_eq!(*diary.borrow(), expected);
    }

    #[test]
    fn a_source_that_reads_ahead_is_read_from_the_front_to_the_back() {
        let (file, diary) = (file(), RefCell::default());
        let source = Slow { bytes: &file, diary: &diary, reads_ahead: true };
        let (written, ended) = uploaded(&source, usize::MAX, &diary);
        assert!(ended && written == uploaded(&Memory(&file), usize::MAX, &RefCell::default()).0);
        let reads: Vec<String> =
            diary.take().into_iter().filter(|entry| entry.starts_with("read ")).collect();
        let row = COLUMNS * 4;
        assert_eq!(reads, [0, 16, 20, 36].map(|first| format!("read {}", first * row)));
    }

    #[test]
    fn a_stopped_load_is_cancelled_and_its_threads_end() {
        let (file, diary) = (file(), RefCell::default());
        assert!(!uploaded(&Memory(&file), 1, &diary).1);
        assert_eq!(diary.borrow().len(), 1, "nothing is written after the stop");
    }
}
