//! Headers made by hand: what is accepted, and the message for everything that is not.

mod support;

use gguf::{Error, Memory, ReadAt, ReadError, ReadErrorKind, ReadFuture, Type, parse, read_header};
use support::{Bytes, block_on};

#[track_caller]
fn assert_rejects(bytes: Bytes, message_part: &str) {
    let message = match parse(&bytes.0) {
        Ok(header) => panic!("accepted: {header:?}"),
        Err(error) => error.to_string(),
    };
    assert!(message.contains(message_part), "`{message}` does not contain `{message_part}`");
}

#[test]
fn an_empty_table_is_a_file() {
    let header = parse(&Bytes::start(0, 0).0).unwrap();
    assert_eq!((header.version, header.metadata.len(), header.tensors.len()), (3, 0, 0));
    assert_eq!((header.data_offset, header.file_size), (32, 24));
}

#[test]
fn shapes_are_reversed_and_offsets_absolute() {
    let file = Bytes::start(1, 0).tensor("w", &[64, 3], 2, 32).zeros(300);
    let header = parse(&file.0).unwrap();
    let tensor = header.tensor("w").unwrap();
    assert_eq!((tensor.kind, tensor.shape.as_slice()), (Type::Q4_0, &[3, 64][..]));
    assert_eq!((tensor.bytes, tensor.elements()), (3 * 36, 192));
    assert_eq!(tensor.offset, header.data_offset + 32);
    assert_eq!(header.data_offset, 96);
    assert_eq!(header.tensor("v"), None);
}

#[test]
fn a_type_without_support_can_still_be_inspected() {
    let file =
        Bytes::start(3, 0).tensor("q3", &[256], 11, 0).tensor("new", &[5], 1000, 0).tensor("one", &[], 0, 0);
    let header = parse(&file.zeros(200).0).unwrap();
    let check = |name: &str, kind: &str, bytes| {
        let tensor = header.tensor(name).unwrap();
        assert_eq!((tensor.kind.name().as_ref(), tensor.bytes), (kind, bytes));
    };
    check("q3", "Q3_K (11)", 110);
    check("new", "unknown type (1000)", 0);
    check("one", "F32", 4);
}

#[test]
fn other_files_are_told_apart() {
    assert_rejects(Bytes::default(), "start of the file: needs 4 bytes at 0, the file ends at 0");
    assert_rejects(Bytes(b"GG".to_vec()), "the file ends at 2; the download may be incomplete");
    assert_rejects(Bytes(b"<!doctype html>".to_vec()), "not a GGUF file: it starts with `<!do`");
    assert_rejects(Bytes(b"FUGG\0\0\0\x03".to_vec()), "big-endian");
    assert_rejects(Bytes(b"GGUF\0\0\0\x03".to_vec()), "big-endian");
    assert_rejects(Bytes(b"GGUF".to_vec()).u32(1), "GGUF version 1 is not supported, only 2 and 3 are");
    assert_rejects(Bytes(b"GGUF".to_vec()).u32(4), "GGUF version 4");
    assert_rejects(Bytes(b"GGUF".to_vec()).u32(0), "GGUF version 0");
}

#[test]
fn counts_and_lengths_have_limits() {
    let key = |n| Bytes::start(0, 1).str("k").u32(n);
    assert_rejects(Bytes::start(1 << 20, 0), "number of tensors is 1048576, the limit is 131072");
    assert_rejects(Bytes::start(0, 1 << 20), "number of metadata keys is 1048576, the limit is 65536");
    assert_rejects(Bytes::start(0, 1).u64(65536).zeros(9), "metadata key 0: key length in bytes is 65536");
    assert_rejects(key(8).u64(1 << 25), "key `k`: string length in bytes is 33554432, the limit is 16777216");
    assert_rejects(key(9).u32(0).u64(1 << 60), "key `k`: number of array items is 1152921504606846976");
    assert_rejects(key(9).u32(8).u64(2).u64(0).u64(1 << 40), "key `k` item 1: string length in bytes");
    assert_rejects(Bytes::start(1, 0).u64(2000).zeros(40), "tensor 0: tensor name length in bytes is 2000");
    assert_rejects(
        Bytes::start(1, 0).tensor("t", &[1; 5], 0, 0),
        "tensor `t`: number of dimensions is 5, the limit is 4",
    );
    let deep = (0..4).fold(key(9), |file, _| file.u32(9).u64(1)).u32(0).u64(0);
    assert_rejects(deep, "key `k`: depth of nested arrays is 5, the limit is 4");
    let wide =
        |n: u64| (0..n).fold(Bytes::start(0, 2).str("k").u32(9).u32(9).u64(n), |file, _| file.u32(0).u64(0));
    let twice = wide(40_000).str("l").u32(9).u32(9).u64(40_000);
    assert_rejects(twice, "key `l`: number of arrays in arrays is 80000, the limit is 65536");
    let allowed = (0..3).fold(key(9), |file, _| file.u32(9).u64(1)).u32(0).u64(0);
    assert!(parse(&allowed.0).is_ok());
}

#[test]
fn counts_must_fit_in_the_file() {
    let key = |n| Bytes::start(0, 1).str("k").u32(n);
    let part = "the download may be incomplete";
    assert_rejects(Bytes::start(0, 1000), "start of the file: needs 14000 bytes at 24, the file ends at 24");
    assert_rejects(Bytes::start(1000, 0), "start of the file: needs 25000 bytes at 24, the file ends at 24");
    assert_rejects(key(8).u64(5).raw(b"four"), "key `k`: needs 5 bytes at 45, the file ends at 49");
    assert_rejects(key(9).u32(4).u64(3).zeros(11), "key `k`: needs 12 bytes at 49, the file ends at 60");
    assert_rejects(key(9).u32(8).u64(3).zeros(23), part);
    assert_rejects(key(9).u32(9).u64(3).zeros(35), part);
    assert_rejects(key(9).u32(8).u64(2).u64(12).zeros(8), "key `k` item 0: needs 12 bytes at 57");
}

#[test]
fn values_must_make_sense() {
    let key = |n| Bytes::start(0, 1).str("k").u32(n);
    assert_rejects(key(13).zeros(1), "key `k`: value type 13 is unknown");
    assert_rejects(key(9).u32(77).u64(0), "key `k`: value type 77 is unknown");
    assert_rejects(key(7).raw(&[2]), "key `k`: a bool is 2, neither 0 nor 1");
    assert_rejects(key(9).u32(7).u64(2).raw(&[1, 9]), "key `k`: a bool is 9");
    assert_rejects(key(8).u64(3).raw(b"ab\xff"), "key `k`: the string is not UTF-8 from its byte 2");
    assert_rejects(key(9).u32(8).u64(1).u64(1).raw(b"\x80"), "key `k` item 0: the string is not UTF-8");
    assert_rejects(
        Bytes::start(0, 1).u64(1).raw(b"\xff\0\0\0\0\0"),
        "metadata key 0: the string is not UTF-8",
    );
    assert_rejects(Bytes::start(0, 1).str("").u32(0).zeros(9), "metadata key 0: is empty");
    let twice = Bytes::start(0, 2).str("k").u32(0).raw(&[1]).str("k").u32(0).raw(&[1]);
    assert_rejects(twice, "key `k`: occurs twice");
}

#[test]
fn alignment_is_a_power_of_two() {
    let file = |alignment| Bytes::start(1, 1).str("general.alignment").u32(4).u32(alignment);
    let with_tensor = |alignment, offset| file(alignment).tensor("t", &[1], 0, offset).zeros(4096);
    assert_rejects(with_tensor(0, 0), "key `general.alignment`: 0 is not a power of two");
    assert_rejects(with_tensor(48, 0), "key `general.alignment`: 48 is not a power of two");
    assert_rejects(with_tensor(1 << 20, 0), "alignment in bytes is 1048576, the limit is 65536");
    assert_rejects(with_tensor(64, 32), "tensor `t`: offset 32 is not a multiple of the alignment 64");
    assert_eq!(parse(&with_tensor(1024, 1024).0).unwrap().tensor("t").unwrap().offset, 2048);
    assert_eq!(parse(&with_tensor(1, 3).0).unwrap().tensor("t").unwrap().offset, 24 + 33 + 33 + 3);
    let text = Bytes::start(0, 1).str("general.alignment").u32(8).str("32");
    assert_rejects(text, "key `general.alignment`: is a string, expected an integer");
}

#[test]
fn tensors_lie_within_the_file() {
    let one = |dimensions: &[u64], type_id, offset| {
        Bytes::start(1, 0).tensor("blk.3.attn_q.weight", dimensions, type_id, offset)
    };
    assert_rejects(
        one(&[512, 512], 0, 320).zeros(1000),
        "tensor `blk.3.attn_q.weight`: needs 1048576 bytes at 416, the file ends at 1083; the download may be",
    );
    assert_rejects(one(&[1], 0, u64::MAX - 31), "needs 4 bytes at 18446744073709551615");
    assert_rejects(one(&[1 << 40, 1 << 40], 0, 0), "more elements than 64 bits can count");
    assert_rejects(one(&[1 << 62], 0, 0), "more elements than 64 bits can count");
    assert_rejects(one(&[4, 0], 0, 0), "shape [0, 4] has no elements");
    assert_rejects(one(&[48], 2, 0), "rows of 48 are not whole blocks of 32 (Q4_0)");
    assert_rejects(one(&[], 2, 0), "rows of 1 are not whole blocks of 32 (Q4_0)");
    // The values would fill 2 blocks, but no row fills one.
    assert_rejects(one(&[128, 4], 12, 0), "rows of 128 are not whole blocks of 256 (Q4_K)");
    assert_rejects(Bytes::start(1, 0).tensor("", &[1], 0, 0), "tensor 0: has an empty name");
    let twice = Bytes::start(2, 0).tensor("t", &[1], 0, 0).tensor("t", &[1], 0, 32);
    assert_rejects(twice.zeros(100), "tensor `t`: occurs twice");
}

#[test]
fn a_source_that_fails_keeps_its_kind() {
    struct Broken;
    impl ReadAt for Broken {
        fn size(&self) -> u64 {
            1 << 40
        }

        fn read_at<'a>(&'a self, _: u64, _: &'a mut [u8]) -> ReadFuture<'a> {
            Box::pin(async { Err(ReadError::new(ReadErrorKind::Cancelled, "stopped")) })
        }
    }
    let expected = Error::Read(ReadError::new(ReadErrorKind::Cancelled, "stopped"));
    assert_eq!(block_on(read_header(&Broken)), Err(expected));
}

#[test]
fn memory_knows_its_end() {
    let memory = Memory(vec![1, 2, 3]);
    let mut two = [0; 2];
    assert_eq!(block_on(memory.read_at(1, &mut two)), Ok(()));
    assert_eq!(two, [2, 3]);
    let error = block_on(memory.read_at(2, &mut two)).unwrap_err();
    assert_eq!(error.kind, ReadErrorKind::PastEnd);
    assert_eq!(error.message, "2 bytes were asked for at 2, the source ends at 3");
    assert_eq!(block_on(memory.read_at(u64::MAX, &mut two)).unwrap_err().kind, ReadErrorKind::PastEnd);
    assert_eq!(memory.mapped(), Some(&[1, 2, 3][..]));
}

/// Zeros with some bytes set, to stand for a file that would be too large for a test.
struct Sparse {
    size: u64,
    parts: Vec<(u64, Vec<u8>)>,
}

impl ReadAt for Sparse {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at<'a>(&'a self, offset: u64, buffer: &'a mut [u8]) -> ReadFuture<'a> {
        buffer.fill(0);
        for (start, bytes) in &self.parts {
            for (at, &byte) in (*start..).zip(bytes) {
                let inside = at.checked_sub(offset).and_then(|at| buffer.get_mut(at as usize));
                if let Some(target) = inside {
                    *target = byte;
                }
            }
        }
        Box::pin(std::future::ready(Ok(())))
    }
}

#[test]
fn the_whole_header_has_a_limit() {
    let items = 16 << 20;
    let first = Bytes::start(0, 2).str("k").u32(9).u32(10).u64(items).0;
    let second = Bytes::default().str("l").u32(9).u32(10).u64(items).0;
    let second_at = first.len() as u64 + 8 * items;
    let file = Sparse { size: 1 << 40, parts: vec![(0, first), (second_at, second)] };
    let message = block_on(read_header(&file)).unwrap_err().to_string();
    assert!(message.starts_with("key `l`: header length in bytes is 2684355"), "{message}");
}
