//! A native file as the bytes of a model: mapped, so that only what is read comes into memory.

use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Weak};

use engine::{ReadAt, ReadError, ReadFuture};
use memmap2::Mmap;

use crate::failure::Failure;

/// What is more than a disk is asked for at once makes the caller wait for some of it.
const ASKED_AT_ONCE_BYTES: usize = 16 << 20;

/// Linux fetches no more at a call than it would read ahead, which is so much unless someone has set it.
#[cfg(unix)]
const FETCHED_BYTES: usize = 128 << 10;

/// A file mapped into memory, read-only.
pub(crate) struct MappedFile(Arc<Mmap>);

impl MappedFile {
    /// Maps a file.
    pub(crate) fn open(path: &Path) -> Result<MappedFile, Failure> {
        let failed = |error| Failure::Open { path: path.to_owned(), error };
        // Asked before it is opened: to open a pipe is to wait for whoever writes into it.
        if !std::fs::metadata(path).map_err(failed)?.is_file() {
            return Err(Failure::NotAFile { path: path.to_owned() });
        }
        let file = File::open(path).map_err(failed)?;
        // SAFETY: The mapping is read-only and never handed out as anything but bytes. Another program that changes
        // the file while it is mapped can change what is read, which the readers check as they check any file, or
        // shorten it, which ends this process with a bus error as it would end any program that maps files.
        let map = unsafe { Mmap::map(&file) }.map_err(failed)?;
        Ok(MappedFile(Arc::new(map)))
    }
}

impl ReadAt for MappedFile {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at<'a>(&'a self, offset: u64, buffer: &'a mut [u8]) -> ReadFuture<'a> {
        let bytes = buffer.len() as u64;
        let range =
            usize::try_from(offset).ok().and_then(|start| Some(start..start.checked_add(buffer.len())?));
        let result = match range.and_then(|range| self.0.get(range)) {
            Some(content) => {
                buffer.copy_from_slice(content);
                Ok(())
            }
            None => Err(ReadError::past_end(offset, bytes, self.size())),
        };
        Box::pin(std::future::ready(result))
    }

    fn mapped(&self) -> Option<&[u8]> {
        Some(&self.0)
    }

    fn will_read(&self, ranges: &[Range<u64>]) {
        let inside = ranges.iter().filter(|range| range.start < range.end && range.end <= self.size());
        let inside: Vec<_> = inside.map(|range| range.start as usize..range.end as usize).collect();
        if inside.iter().map(Range::len).sum::<usize>() <= ASKED_AT_ONCE_BYTES {
            return inside.into_iter().for_each(|range| fetch(&self.0, range));
        }
        let map = Arc::downgrade(&self.0);
        // Without a thread they are fetched when they are read.
        let _ =
            std::thread::Builder::new().name("read ahead".to_owned()).spawn(move || fetch_all(&map, inside));
    }
}

/// Ends early when nobody has the file any more.
fn fetch_all(map: &Weak<Mmap>, ranges: Vec<Range<usize>>) {
    for range in ranges {
        let Some(map) = map.upgrade() else { return };
        fetch(&map, range);
    }
}

/// Has the system fetch a part of the mapping, and does not wait for it.
#[cfg(unix)]
fn fetch(map: &Mmap, range: Range<usize>) {
    for start in range.clone().step_by(FETCHED_BYTES) {
        let bytes = FETCHED_BYTES.min(range.end - start);
        // A system that refuses fetches it when it is read.
        let _ = map.advise_range(memmap2::Advice::WillNeed, start, bytes);
    }
}

/// Other systems fetch a part when it is read.
#[cfg(not(unix))]
fn fetch(_map: &Mmap, _range: Range<usize>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_lies_in_the_file_and_nothing_past_it() {
        let path = std::env::temp_dir().join(format!("rullama-source-{}", std::process::id()));
        std::fs::write(&path, b"0123456789").unwrap();
        let file = MappedFile::open(&path).unwrap();
        let read = |offset, len| {
            let mut buffer = vec![0; len];
            pollster::block_on(file.read_at(offset, &mut buffer)).map(|()| buffer)
        };
        assert_eq!(file.size(), 10);
        assert_eq!(read(3, 4).unwrap(), b"3456");
        assert_eq!(read(10, 0).unwrap(), b"");
        assert_eq!(read(7, 4).unwrap_err(), ReadError::past_end(7, 4, 10));
        assert_eq!(read(u64::MAX, 1).unwrap_err(), ReadError::past_end(u64::MAX, 1, 10));
        let nowhere = Range { start: 7, end: 3 };
        file.will_read(&[0..10, 3..7, 9..11, nowhere, u64::MAX - 1..u64::MAX]);
        assert_eq!(read(0, 10).unwrap(), b"0123456789", "what is announced changes nothing");
        std::fs::remove_file(&path).unwrap();
    }

    /// More than is asked for at once.
    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_announced_comes_from_the_disk_without_being_read() {
        let path = std::env::temp_dir().join(format!("rullama-ahead-{}", std::process::id()));
        std::fs::write(&path, vec![7; 2 * ASKED_AT_ONCE_BYTES]).unwrap();
        crate::disk::forget(&path).unwrap();
        let file = MappedFile::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let parts = [0..file.size() / 3, file.size() / 3..file.size()];
        file.will_read(&parts);
        // Where pages are larger there are fewer of them, and nothing is said of the bytes behind theirs.
        let mut resident = vec![1u8; file.0.len().div_ceil(4096)];
        for _ in 0..1000 {
            // SAFETY: The range is the mapping, and there is a byte for each of its pages, which are 4096 bytes or larger.
            let code =
                unsafe { libc::mincore(file.0.as_ptr() as *mut _, file.0.len(), resident.as_mut_ptr()) };
            assert_eq!(code, 0, "{}", std::io::Error::last_os_error());
            if resident.iter().all(|page| page & 1 == 1) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let missing = resident.iter().filter(|page| *page & 1 == 0).count();
        panic!("{missing} of {} pages did not come", resident.len());
    }
}
