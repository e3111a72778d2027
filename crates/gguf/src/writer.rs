//! Makes GGUF files.

use std::borrow::Cow;

use crate::header::{ALIGNMENT_DEFAULT, ALIGNMENT_KEY};
use crate::kind::Type;
use crate::value::{Array, Value, for_items};

/// Collects metadata and tensors and lays them out as a file.
///
/// With the data in memory, [`file`](Self::file) gives everything. A file that is larger than memory is streamed:
/// declare the tensors, write [`header`](Self::header), then for each tensor in order its data and
/// [`padding`](Self::padding) zeros.
#[derive(Clone, Debug)]
pub struct Writer<'d> {
    version: u32,
    alignment: u32,
    metadata: Vec<(String, Value)>,
    tensors: Vec<Declared<'d>>,
}

#[derive(Clone, Debug)]
struct Declared<'d> {
    name: String,
    kind: Type,
    shape: Vec<u64>,
    data: Option<Cow<'d, [u8]>>,
}

impl Declared<'_> {
    fn bytes(&self) -> u64 {
        let elements: u64 = self.shape.iter().product();
        let columns = self.shape.last().copied().unwrap_or(1);
        let whole = self.kind.row_bytes(columns).and_then(|_| self.kind.row_bytes(elements));
        whole.unwrap_or_else(|| {
            panic!("tensor `{}`: rows of {columns} are not {} blocks", self.name, self.kind)
        })
    }
}

impl Default for Writer<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'d> Writer<'d> {
    /// An empty file of version 3 with the default alignment of 32 bytes.
    pub fn new() -> Self {
        Self { version: 3, alignment: ALIGNMENT_DEFAULT, metadata: Vec::new(), tensors: Vec::new() }
    }

    /// Sets the version that the file states: 2 or 3.
    pub fn version(mut self, version: u32) -> Self {
        assert!(matches!(version, 2 | 3), "version {version}, only 2 and 3 are written");
        self.version = version;
        self
    }

    /// Sets the alignment of tensor data and says so in the metadata.
    pub fn alignment(mut self, alignment: u32) -> Self {
        assert!(alignment.is_power_of_two(), "alignment {alignment} is not a power of two");
        self.alignment = alignment;
        self.set(ALIGNMENT_KEY, alignment)
    }

    /// Appends a metadata entry.
    pub fn set(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.push((key.into(), value.into()));
        self
    }

    /// Appends a tensor with its data. The shape is row-major, outermost first: (out, in).
    ///
    /// # Panics
    /// If the data is not as long as type and shape say.
    pub fn tensor(
        mut self,
        name: impl Into<String>,
        kind: Type,
        shape: &[u64],
        data: impl Into<Cow<'d, [u8]>>,
    ) -> Self {
        let data = data.into();
        let tensor = Declared { name: name.into(), kind, shape: shape.to_vec(), data: None };
        assert_eq!(
            data.len() as u64,
            tensor.bytes(),
            "tensor `{}`: data of {kind} {shape:?} is of another length",
            tensor.name
        );
        self.tensors.push(Declared { data: Some(data), ..tensor });
        self
    }

    /// Appends a tensor whose data the caller streams.
    ///
    /// # Panics
    /// If the rows are not whole blocks of the type.
    pub fn declare(mut self, name: impl Into<String>, kind: Type, shape: &[u64]) -> Self {
        let tensor = Declared { name: name.into(), kind, shape: shape.to_vec(), data: None };
        tensor.bytes();
        self.tensors.push(tensor);
        self
    }

    /// The file up to where the data of the first tensor starts, which includes the padding there.
    pub fn header(&self) -> Vec<u8> {
        let mut out = b"GGUF".to_vec();
        out.extend(self.version.to_le_bytes());
        out.extend((self.tensors.len() as u64).to_le_bytes());
        out.extend((self.metadata.len() as u64).to_le_bytes());
        for (key, value) in &self.metadata {
            put_string(&mut out, key);
            out.extend(value.type_id().to_le_bytes());
            put_value(&mut out, value);
        }
        let mut offset = 0u64;
        for tensor in &self.tensors {
            put_string(&mut out, &tensor.name);
            out.extend((tensor.shape.len() as u32).to_le_bytes());
            for dimension in tensor.shape.iter().rev() {
                out.extend(dimension.to_le_bytes());
            }
            out.extend(tensor.kind.id().to_le_bytes());
            out.extend(offset.to_le_bytes());
            offset += tensor.bytes() + self.padding(tensor.bytes()) as u64;
        }
        let padding = self.padding(out.len() as u64);
        out.resize(out.len() + padding, 0);
        out
    }

    /// How many zeros follow `bytes` bytes of data, so that the next tensor is aligned.
    pub fn padding(&self, bytes: u64) -> usize {
        (bytes.next_multiple_of(self.alignment.into()) - bytes) as usize
    }

    /// The whole file.
    ///
    /// # Panics
    /// If a tensor was declared without data.
    pub fn file(&self) -> Vec<u8> {
        let mut out = self.header();
        for tensor in &self.tensors {
            let data = tensor.data.as_ref();
            out.extend_from_slice(data.unwrap_or_else(|| panic!("tensor `{}` has no data", tensor.name)));
            let padding = self.padding(tensor.bytes());
            out.resize(out.len() + padding, 0);
        }
        out
    }
}

fn put_string(out: &mut Vec<u8>, string: &str) {
    out.extend((string.len() as u64).to_le_bytes());
    out.extend(string.as_bytes());
}

fn put_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::U8(v) => v.put(out),
        Value::I8(v) => v.put(out),
        Value::U16(v) => v.put(out),
        Value::I16(v) => v.put(out),
        Value::U32(v) => v.put(out),
        Value::I32(v) => v.put(out),
        Value::U64(v) => v.put(out),
        Value::I64(v) => v.put(out),
        Value::F32(v) => v.put(out),
        Value::F64(v) => v.put(out),
        Value::Bool(v) => v.put(out),
        Value::String(v) => put_string(out, v),
        Value::Array(v) => v.put(out),
    }
}

/// One item of an array, as it lies in the file.
trait Put {
    fn put(&self, out: &mut Vec<u8>);
}

macro_rules! put_number {
    ($($number:ty),*) => {$(
        impl Put for $number {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend(self.to_le_bytes());
            }
        }
    )*};
}

put_number!(u8, i8, u16, i16, u32, i32, u64, i64, f32, f64);

impl Put for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
}

impl Put for &str {
    fn put(&self, out: &mut Vec<u8>) {
        put_string(out, self);
    }
}

impl Put for Array {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend(self.item_type_id().to_le_bytes());
        out.extend((self.len() as u64).to_le_bytes());
        for_items!(self, items => items.iter().for_each(|item| item.put(out)));
    }
}
