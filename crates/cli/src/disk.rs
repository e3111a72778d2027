//! How fast a file can be read at all: what loading is measured against.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Instant;

use crate::failure::Failure;

/// Large enough that calls cost nothing, and that a disk reads ahead.
const BLOCK_BYTES: usize = 8 << 20;
/// The rate of more bytes is no other.
const BYTES_MAX: u64 = 4 << 30;

/// Bytes read one after the other, and the time that took.
pub(crate) struct SequentialRead {
    bytes: u64,
    seconds: f64,
}

impl SequentialRead {
    pub(crate) fn bytes_per_second(&self) -> f64 {
        self.bytes as f64 / self.seconds
    }
}

/// Reads the beginning of a file in large blocks, in `cold` state from the disk, else from where the system has it.
pub(crate) fn sequential_read(path: &Path, cold: bool) -> Result<SequentialRead, Failure> {
    if cold {
        forget(path)?;
    }
    let failed = |error| Failure::Open { path: path.to_owned(), error };
    let mut file = File::open(path).map_err(failed)?;
    let mut block = vec![0; BLOCK_BYTES];
    let (start, mut bytes) = (Instant::now(), 0);
    while bytes < BYTES_MAX {
        match file.read(&mut block).map_err(failed)? {
            0 => break,
            n => bytes += n as u64,
        }
    }
    Ok(SequentialRead { bytes, seconds: start.elapsed().as_secs_f64().max(f64::MIN_POSITIVE) })
}

/// Takes a file's pages out of the system's cache. Those that a program has mapped and touched stay.
#[cfg(target_os = "linux")]
pub(crate) fn forget(path: &Path) -> Result<(), Failure> {
    use std::os::fd::AsRawFd;
    let failed = |error| Failure::Open { path: path.to_owned(), error };
    let file = File::open(path).map_err(failed)?;
    // Pages that are not written yet would stay.
    file.sync_all().map_err(failed)?;
    // SAFETY: The call takes a descriptor, which is open, and numbers; it touches no memory of this process.
    match unsafe { libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED) } {
        0 => Ok(()),
        code => Err(failed(std::io::Error::from_raw_os_error(code))),
    }
}

/// Other systems offer no such call.
#[cfg(not(target_os = "linux"))]
pub(crate) fn forget(_path: &Path) -> Result<(), Failure> {
    Err(Failure::Usage("--cold: only Linux can take a file out of its cache".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_a_small_file_is_read() {
        let path = std::env::temp_dir().join(format!("rullama-disk-{}", std::process::id()));
        std::fs::write(&path, vec![7; 100_000]).unwrap();
        let read = sequential_read(&path, cfg!(target_os = "linux"));
        std::fs::remove_file(&path).unwrap();
        let read = read.unwrap();
        assert_eq!(read.bytes, 100_000);
        assert!(read.bytes_per_second() > 0.0);
    }

    #[test]
    fn a_file_that_is_not_there_is_an_error() {
        assert!(matches!(sequential_read(Path::new("/nowhere/at-all"), false), Err(Failure::Open { .. })));
    }
}
