//! What must hold for any bytes at all: shared by the mutation test and the fuzz target.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use gguf::{Header, decode, parse};

/// How much memory reading may take: so many times the file (a string of one byte costs an allocation and a
/// `String`; Q4_0 decodes to seven times its size) and some room for messages.
const BYTES_PER_FILE_BYTE: usize = 16;
const BYTES_FOR_ANY_FILE: usize = 16 << 10;

thread_local! {
    static IN_USE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, counting what this thread holds.
struct Counting;

// SAFETY: every call goes to the system's allocator unchanged; counting touches only thread-local cells that
// need no allocation and no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.set(IN_USE.get().wrapping_add(layout.size()));
        PEAK.set(PEAK.get().max(IN_USE.get()));
        // SAFETY: the caller keeps the promises that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.set(IN_USE.get().wrapping_sub(layout.size()));
        // SAFETY: the pointer comes from `alloc` above, so from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Reads the file and gives whether it was accepted; panics if that took more memory than it may.
pub(crate) fn read_within_bounds(file: &[u8]) -> bool {
    let before = IN_USE.get();
    PEAK.set(before);
    let accepted = read_all_of(file);
    let peak = PEAK.get() - before;
    let bound = file.len() * BYTES_PER_FILE_BYTE + BYTES_FOR_ANY_FILE;
    assert!(peak <= bound, "{peak} bytes of memory for a file of {} bytes, at most {bound}", file.len());
    accepted
}

/// Reads `file` as far as it goes and uses what was read; panics where the library breaks a promise.
/// Gives whether the file was accepted.
fn read_all_of(file: &[u8]) -> bool {
    let Ok(header) = parse(file) else { return false };
    check_header(&header, file);
    true
}

fn check_header(header: &Header, file: &[u8]) {
    assert_eq!(header.file_size, file.len() as u64);
    for (key, value) in header.metadata.iter() {
        assert_eq!(header.metadata.get(key).map(|found| found.type_name()), Some(value.type_name()));
        let _ = header.metadata.u32_or_array(key);
        let _ = header.metadata.f32(key);
        let _ = value.to_string();
        if let Ok(Some(strings)) = header.metadata.strings(key) {
            let last = strings.len().checked_sub(1);
            assert_eq!(last.and_then(|last| strings.get(last)), strings.iter().last());
        }
    }
    for tensor in &header.tensors {
        assert_eq!(header.tensor(&tensor.name), Some(tensor));
        let end = tensor.offset + tensor.bytes;
        assert!(end <= header.file_size, "{} ends at {end} of {}", tensor.name, header.file_size);
        let data = &file[tensor.offset as usize..end as usize];
        if tensor.kind.is_supported() {
            let mut values = vec![0.0; tensor.elements() as usize];
            decode(tensor.kind, data, &mut values).expect("a supported type");
        }
    }
}
