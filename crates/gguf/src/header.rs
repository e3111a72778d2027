//! The header: version, metadata and tensor table.
//!
//! Layout, all little-endian: magic `GGUF`, u32 version, u64 number of tensors, u64 number of metadata entries;
//! the entries, each a key, a u32 value type and the value; the tensor table, each a name, u32 number of dimensions,
//! the dimensions as u64 with the innermost first, u32 type and u64 offset relative to the data; padding to the
//! alignment; the data. A string is a u64 length and its bytes, an array a u32 item type, a u64 count and the items.
//! Versions 2 and 3 have the same layout.

use std::ops::Deref;
use std::task::{Context, Poll, Waker};

use crate::cursor::{Cursor, Place};
use crate::error::Error;
use crate::kind::Type;
use crate::limits;
use crate::metadata::Metadata;
use crate::source::{Memory, ReadAt};
use crate::value::Value;
use crate::value_reader::read_value;

/// Bytes that are read from the source at once: large enough that a header of 15 MiB over HTTP takes few requests,
/// small enough to stay a small part of a browser tab's memory.
const WINDOW_BYTES: usize = 1 << 20;

/// The key that sets the alignment of tensor data, and what holds without it.
pub(crate) const ALIGNMENT_KEY: &str = "general.alignment";
pub(crate) const ALIGNMENT_DEFAULT: u32 = 32;

/// The least bytes of a metadata entry: key length, one byte of key, value type, one byte of value.
const ENTRY_BYTES_MIN: u64 = 8 + 1 + 4 + 1;

/// The least bytes of a row of the tensor table: name length, one byte of name, dimension count, type, offset.
const TENSOR_BYTES_MIN: u64 = 8 + 1 + 4 + 4 + 8;

/// Everything in front of the tensor data, checked: every tensor lies within the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Version of the format, 2 or 3.
    pub version: u32,
    /// The key-value part.
    pub metadata: Metadata,
    /// The tensor table in file order.
    pub tensors: Tensors,
    /// Where tensor data starts in the file, in bytes.
    pub data_offset: u64,
    /// Length of the whole file in bytes.
    pub file_size: u64,
}

/// One tensor of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Name, unique in the file.
    pub name: String,
    /// How the values are stored.
    pub kind: Type,
    /// Dimensions in row-major order, outermost first: (out, in) for a matrix. GGUF stores the reverse.
    pub shape: Vec<u64>,
    /// Where the data starts, in bytes from the start of the file.
    pub offset: u64,
    /// Length of the data in bytes; 0 for a type whose size is not known (`Type::block_bytes` is 0).
    pub bytes: u64,
}

impl Tensor {
    /// Number of values.
    pub fn elements(&self) -> u64 {
        self.shape.iter().product()
    }
}

impl Header {
    /// The tensor of this name.
    pub fn tensor(&self, name: &str) -> Option<&Tensor> {
        self.tensors.named(name)
    }
}

/// Tensors in file order, which are a slice; and by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensors {
    list: Vec<Tensor>,
    by_name: Vec<u32>, // indices of `list`, sorted by name
}

impl Tensors {
    fn new(list: Vec<Tensor>) -> Result<Self, Error> {
        let by_name = sorted_by_name(list.len(), |index| &list[index].name)
            .map_err(|name| Place::Tensor(name).malformed("occurs twice".to_owned()))?;
        Ok(Self { list, by_name })
    }

    /// The tensor of this name.
    pub fn named(&self, name: &str) -> Option<&Tensor> {
        let compare = |&index: &u32| self.list[index as usize].name.as_str().cmp(name);
        let at = self.by_name.binary_search_by(compare).ok()?;
        Some(&self.list[self.by_name[at] as usize])
    }
}

impl Deref for Tensors {
    type Target = [Tensor];

    fn deref(&self) -> &[Tensor] {
        &self.list
    }
}

impl<'a> IntoIterator for &'a Tensors {
    type Item = &'a Tensor;
    type IntoIter = std::slice::Iter<'a, Tensor>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

/// The indices below `len` in the order of their names, or the name that occurs twice.
pub(crate) fn sorted_by_name<'a>(len: usize, name: impl Fn(usize) -> &'a str) -> Result<Vec<u32>, &'a str> {
    let mut order: Vec<u32> = (0..len as u32).collect();
    order.sort_unstable_by_key(|&index| name(index as usize));
    match order.windows(2).find(|pair| name(pair[0] as usize) == name(pair[1] as usize)) {
        Some(pair) => Err(name(pair[0] as usize)),
        None => Ok(order),
    }
}

/// Reads the header of a source, 1 MiB at a time.
///
/// # Errors
/// [`Error::Read`] if the source fails; another [`Error`] that names key or tensor if the file is not as the format
/// wants it, over a limit of [`limits`](crate::limits), or shorter than its tensors need.
pub async fn read_header(source: &dyn ReadAt) -> Result<Header, Error> {
    read_header_in_windows(source, WINDOW_BYTES).await
}

/// [`read_header`] with another window, in bytes; the result does not depend on it.
///
/// # Panics
/// If `window_bytes` is 0.
pub async fn read_header_in_windows(source: &dyn ReadAt, window_bytes: usize) -> Result<Header, Error> {
    let mut cursor = Cursor::new(source, window_bytes);
    let version = read_version(&mut cursor).await?;
    let n_tensors = cursor.u64(Place::Start).await?;
    Place::Start.within(n_tensors, limits::TENSORS)?;
    let n_entries = cursor.count(Place::Start, limits::KEYS, ENTRY_BYTES_MIN).await?;
    // Both tables must fit, or the memory for the second would be reserved on the word of a damaged count.
    cursor.expect(Place::Start, n_tensors, TENSOR_BYTES_MIN)?;

    let mut entries = Vec::with_capacity(n_entries as usize);
    for index in 0..n_entries {
        entries.push(read_entry(&mut cursor, index).await?);
    }
    let metadata = Metadata::new(entries)?;
    let alignment = u64::from(alignment(&metadata)?);

    cursor.expect(Place::Start, n_tensors, TENSOR_BYTES_MIN)?;
    let mut list = Vec::with_capacity(n_tensors as usize);
    for index in 0..n_tensors {
        list.push(read_tensor(&mut cursor, index, alignment).await?);
    }
    let file_size = cursor.file_size();
    let data_offset = cursor.position().next_multiple_of(alignment);
    for tensor in &mut list {
        place_tensor(tensor, data_offset, file_size)?;
    }
    Ok(Header { version, metadata, tensors: Tensors::new(list)?, data_offset, file_size })
}

/// Reads the header of a whole file that is in memory.
///
/// # Errors
/// As [`read_header`].
pub fn parse(file: &[u8]) -> Result<Header, Error> {
    let source = Memory(file);
    let future = std::pin::pin!(read_header(&source));
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => unreachable!("reads from memory are ready at once"),
    }
}

async fn read_version(cursor: &mut Cursor<'_>) -> Result<u32, Error> {
    let magic: [u8; 4] = cursor.bytes(Place::Start).await?;
    match &magic {
        b"GGUF" => {}
        b"FUGG" => return Err(Error::BigEndian),
        _ => return Err(Error::NotGguf { found: magic }),
    }
    match cursor.u32(Place::Start).await? {
        version @ (2 | 3) => Ok(version),
        // A small number whose bytes are the other way round; the magic is the same in such files.
        version if version != 0 && version & 0xffff == 0 => Err(Error::BigEndian),
        found => Err(Error::Version { found }),
    }
}

async fn read_entry(cursor: &mut Cursor<'_>, index: u64) -> Result<(String, Value), Error> {
    let place = Place::KeyAt(index);
    let key = cursor.string(place, limits::KEY_BYTES).await?.to_owned();
    if key.is_empty() {
        return Err(place.malformed("is empty".to_owned()));
    }
    let type_id = cursor.u32(Place::Key(&key)).await?;
    let value = read_value(cursor, Place::Key(&key), type_id).await?;
    Ok((key, value))
}

fn alignment(metadata: &Metadata) -> Result<u32, Error> {
    let alignment = metadata.u32(ALIGNMENT_KEY)?.unwrap_or(ALIGNMENT_DEFAULT);
    let place = Place::Key(ALIGNMENT_KEY);
    place.within(alignment.into(), limits::ALIGNMENT)?;
    if !alignment.is_power_of_two() {
        return Err(place.malformed(format!("{alignment} is not a power of two")));
    }
    Ok(alignment)
}

/// One row of the tensor table; its `offset` is still relative to the data.
async fn read_tensor(cursor: &mut Cursor<'_>, index: u64, alignment: u64) -> Result<Tensor, Error> {
    let name = cursor.string(Place::TensorAt(index), limits::TENSOR_NAME_BYTES).await?.to_owned();
    if name.is_empty() {
        return Err(Place::TensorAt(index).malformed("has an empty name".to_owned()));
    }
    let place = Place::Tensor(&name);
    let n_dimensions = cursor.u32(place).await?;
    place.within(n_dimensions.into(), limits::TENSOR_DIMENSIONS)?;
    let mut shape = Vec::with_capacity(n_dimensions as usize);
    for _ in 0..n_dimensions {
        shape.push(cursor.u64(place).await?);
    }
    shape.reverse();
    let kind = Type::from_id(cursor.u32(place).await?);
    let offset = cursor.u64(place).await?;
    if !offset.is_multiple_of(alignment) {
        return Err(
            place.malformed(format!("offset {offset} is not a multiple of the alignment {alignment}"))
        );
    }
    let bytes = tensor_bytes(place, kind, &shape)?;
    Ok(Tensor { name, kind, shape, offset, bytes })
}

/// The data's length, from a shape that is not empty and made of whole blocks.
fn tensor_bytes(place: Place<'_>, kind: Type, shape: &[u64]) -> Result<u64, Error> {
    if shape.contains(&0) {
        return Err(place.malformed(format!("shape {shape:?} has no elements")));
    }
    let too_large = || place.malformed(format!("shape {shape:?} has more elements than 64 bits can count"));
    let elements = shape.iter().try_fold(1u64, |product, &n| product.checked_mul(n)).ok_or_else(too_large)?;
    // Without dimensions it is one value.
    let columns = shape.last().copied().unwrap_or(1);
    if kind.block_len() == 0 {
        return Ok(0);
    }
    if !columns.is_multiple_of(kind.block_len() as u64) {
        let block = kind.block_len();
        return Err(place.malformed(format!("rows of {columns} are not whole blocks of {block} ({kind})")));
    }
    kind.row_bytes(elements).ok_or_else(too_large)
}

/// Turns the offset into one from the start of the file and checks that the file has the data.
fn place_tensor(tensor: &mut Tensor, data_offset: u64, file_size: u64) -> Result<(), Error> {
    let offset = data_offset.saturating_add(tensor.offset);
    if offset.saturating_add(tensor.bytes) > file_size {
        let what = Place::Tensor(&tensor.name).to_string();
        return Err(Error::Truncated { what, bytes: tensor.bytes, offset, file_size });
    }
    tensor.offset = offset;
    Ok(())
}
