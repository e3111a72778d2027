//! What several tests of this crate need: hand-made bytes, a file with a bit of everything, odd sources.
#![allow(dead_code, reason = "each test file uses its part of this module")]

use std::cell::Cell;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use gguf::{Array, ReadAt, ReadFuture, Strings, Type, Value, Writer};

/// Runs a future that needs nothing but being polled.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
}

/// Bytes of a file, written by hand.
#[derive(Clone, Default)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Bytes {
    /// Magic, version 3 and the two counts.
    pub(crate) fn start(n_tensors: u64, n_entries: u64) -> Self {
        Self(b"GGUF".to_vec()).u32(3).u64(n_tensors).u64(n_entries)
    }

    pub(crate) fn u32(mut self, value: u32) -> Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    pub(crate) fn u64(mut self, value: u64) -> Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    pub(crate) fn str(self, string: &str) -> Self {
        self.u64(string.len() as u64).raw(string.as_bytes())
    }

    /// A row of the tensor table; `dimensions` innermost first, as in the file.
    pub(crate) fn tensor(self, name: &str, dimensions: &[u64], type_id: u32, offset: u64) -> Self {
        let row = self.str(name).u32(dimensions.len() as u32);
        dimensions.iter().fold(row, |row, &n| row.u64(n)).u32(type_id).u64(offset)
    }

    pub(crate) fn zeros(self, count: usize) -> Self {
        self.raw(&vec![0; count])
    }
}

/// One entry of every value type and of every array type.
pub(crate) fn every_value() -> Vec<(String, Value)> {
    let strings: Strings = ["", "a", "▁the", "\u{10ffff}"].into_iter().collect();
    let values: Vec<Value> = vec![
        200u8.into(),
        (-100i8).into(),
        60000u16.into(),
        (-30000i16).into(),
        4_000_000_000u32.into(),
        (-2_000_000_000i32).into(),
        u64::MAX.into(),
        i64::MIN.into(),
        1.5f32.into(),
        (-0.1f64).into(),
        true.into(),
        "gemma ✓".into(),
        Array::U8(vec![0, 255]).into(),
        Array::I8(vec![-128, 127]).into(),
        Array::U16(vec![0, 65535]).into(),
        Array::I16(vec![-32768, 32767]).into(),
        vec![0, u32::MAX].into(),
        vec![i32::MIN, i32::MAX].into(),
        Array::U64(vec![0, u64::MAX]).into(),
        Array::I64(vec![i64::MIN, i64::MAX]).into(),
        vec![f32::MIN, f32::INFINITY, -0.0].into(),
        Array::F64(vec![f64::MAX]).into(),
        vec![true, false, true].into(),
        strings.clone().into(),
        Array::Arrays(vec![Array::U32(vec![1]), Array::Arrays(vec![Array::Strings(strings)])]).into(),
        Array::U32(vec![]).into(),
        "".into(),
    ];
    values.into_iter().enumerate().map(|(i, value)| (format!("key.{i}"), value)).collect()
}

/// A small file with every value type, and one tensor of each supported type.
pub(crate) fn sample_file() -> Vec<u8> {
    let mut writer = Writer::new().alignment(64);
    for (key, value) in every_value() {
        writer = writer.set(key, value);
    }
    for &kind in Type::SUPPORTED {
        // No library function is involved, so the bytes are the same on every machine.
        let values: Vec<f32> = (0..256).map(|i| (i * 37 % 101 - 50) as f32 / 16.0).collect();
        writer = writer.tensor(format!("{kind}.weight"), kind, &[1, 256], gguf::encode(kind, &values));
    }
    writer.file()
}

/// Bytes that are never there at the first poll and cannot be mapped, as over a network.
pub(crate) struct Slow {
    pub(crate) file: Vec<u8>,
    /// Bytes that were read in all.
    pub(crate) bytes_read: Cell<u64>,
    /// The longest single read in bytes.
    pub(crate) longest_read: Cell<usize>,
}

impl Slow {
    pub(crate) fn new(file: Vec<u8>) -> Self {
        Self { file, bytes_read: Cell::new(0), longest_read: Cell::new(0) }
    }
}

impl ReadAt for Slow {
    fn size(&self) -> u64 {
        self.file.len() as u64
    }

    fn read_at<'a>(&'a self, offset: u64, buffer: &'a mut [u8]) -> ReadFuture<'a> {
        self.bytes_read.set(self.bytes_read.get() + buffer.len() as u64);
        self.longest_read.set(self.longest_read.get().max(buffer.len()));
        Box::pin(async move {
            let mut polled = false;
            std::future::poll_fn(|_| {
                if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            let start = usize::try_from(offset).expect("test files are small");
            buffer.copy_from_slice(&self.file[start..start + buffer.len()]);
            Ok(())
        })
    }
}
