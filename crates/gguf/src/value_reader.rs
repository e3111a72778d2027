//! Reads one metadata value of any type.

use std::pin::Pin;

use crate::cursor::{Cursor, Place};
use crate::error::Error;
use crate::limits::{ARRAY_DEPTH, ARRAY_ITEMS, STRING_BYTES};
use crate::strings::Strings;
use crate::value::{Array, Value, id};

/// Least bytes of a string and of an array within an array: a length; an item type and a count.
const STRING_BYTES_MIN: u64 = 8;
const ARRAY_BYTES_MIN: u64 = 4 + 8;

pub(crate) async fn read_value(
    cursor: &mut Cursor<'_>,
    place: Place<'_>,
    type_id: u32,
) -> Result<Value, Error> {
    Ok(match type_id {
        id::U8 => Value::U8(u8::from_le_bytes(cursor.bytes(place).await?)),
        id::I8 => Value::I8(i8::from_le_bytes(cursor.bytes(place).await?)),
        id::U16 => Value::U16(u16::from_le_bytes(cursor.bytes(place).await?)),
        id::I16 => Value::I16(i16::from_le_bytes(cursor.bytes(place).await?)),
        id::U32 => Value::U32(u32::from_le_bytes(cursor.bytes(place).await?)),
        id::I32 => Value::I32(i32::from_le_bytes(cursor.bytes(place).await?)),
        id::U64 => Value::U64(u64::from_le_bytes(cursor.bytes(place).await?)),
        id::I64 => Value::I64(i64::from_le_bytes(cursor.bytes(place).await?)),
        id::F32 => Value::F32(f32::from_le_bytes(cursor.bytes(place).await?)),
        id::F64 => Value::F64(f64::from_le_bytes(cursor.bytes(place).await?)),
        id::BOOL => Value::Bool(truth(place, cursor.bytes::<1>(place).await?)?),
        id::STRING => Value::String(cursor.string(place, STRING_BYTES).await?.to_owned()),
        id::ARRAY => Value::Array(read_array(cursor, place, 1).await?),
        unknown => return Err(unknown_type(place, unknown)),
    })
}

type ArrayFuture<'f> = Pin<Box<dyn Future<Output = Result<Array, Error>> + 'f>>;

/// An array that is the `depth`-th around the current position. Boxed, since arrays can hold arrays.
fn read_array<'f>(cursor: &'f mut Cursor<'_>, place: Place<'f>, depth: u64) -> ArrayFuture<'f> {
    Box::pin(async move {
        place.within(depth, ARRAY_DEPTH)?;
        let type_id = cursor.u32(place).await?;
        Ok(match type_id {
            id::U8 => Array::U8(numbers(cursor, place, u8::from_le_bytes).await?),
            id::I8 => Array::I8(numbers(cursor, place, i8::from_le_bytes).await?),
            id::U16 => Array::U16(numbers(cursor, place, u16::from_le_bytes).await?),
            id::I16 => Array::I16(numbers(cursor, place, i16::from_le_bytes).await?),
            id::U32 => Array::U32(numbers(cursor, place, u32::from_le_bytes).await?),
            id::I32 => Array::I32(numbers(cursor, place, i32::from_le_bytes).await?),
            id::U64 => Array::U64(numbers(cursor, place, u64::from_le_bytes).await?),
            id::I64 => Array::I64(numbers(cursor, place, i64::from_le_bytes).await?),
            id::F32 => Array::F32(numbers(cursor, place, f32::from_le_bytes).await?),
            id::F64 => Array::F64(numbers(cursor, place, f64::from_le_bytes).await?),
            id::BOOL => {
                let bytes = numbers(cursor, place, |byte: [u8; 1]| byte).await?;
                Array::Bool(bytes.into_iter().map(|byte| truth(place, byte)).collect::<Result<_, _>>()?)
            }
            id::STRING => Array::Strings(strings(cursor, place).await?),
            id::ARRAY => {
                let count = cursor.arrays(place, ARRAY_BYTES_MIN).await?;
                let mut arrays = Vec::with_capacity(count as usize);
                for _ in 0..count {
                    arrays.push(read_array(cursor, place, depth + 1).await?);
                }
                Array::Arrays(arrays)
            }
            unknown => return Err(unknown_type(place, unknown)),
        })
    })
}

/// A count and that many numbers of `N` bytes, a window at a time.
async fn numbers<T, const N: usize>(
    cursor: &mut Cursor<'_>,
    place: Place<'_>,
    from_bytes: fn([u8; N]) -> T,
) -> Result<Vec<T>, Error> {
    let count = cursor.count(place, ARRAY_ITEMS, N as u64).await? as usize;
    let per_window = (cursor.window_bytes() / N).max(1);
    let mut items = Vec::with_capacity(count);
    while items.len() < count {
        let now = per_window.min(count - items.len());
        let (chunks, _) = cursor.take(place, now * N).await?.as_chunks::<N>();
        items.extend(chunks.iter().copied().map(from_bytes));
    }
    Ok(items)
}

async fn strings(cursor: &mut Cursor<'_>, place: Place<'_>) -> Result<Strings, Error> {
    let count = cursor.count(place, ARRAY_ITEMS, STRING_BYTES_MIN).await?;
    let mut strings = Strings::with_capacity(count as usize);
    for index in 0..count {
        let string = cursor.string(place, STRING_BYTES).await.map_err(|error| at_item(error, index))?;
        strings.push(string);
    }
    strings.shrink();
    Ok(strings)
}

/// Names the item of the array in an error about one of its strings.
fn at_item(mut error: Error, index: u64) -> Error {
    if let Error::Truncated { what, .. } | Error::OverLimit { what, .. } | Error::Malformed { what, .. } =
        &mut error
    {
        what.push_str(&format!(" item {index}"));
    }
    error
}

fn truth(place: Place<'_>, [byte]: [u8; 1]) -> Result<bool, Error> {
    match byte {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(place.malformed(format!("a bool is {other}, neither 0 nor 1"))),
    }
}

fn unknown_type(place: Place<'_>, found: u32) -> Error {
    place.malformed(format!("value type {found} is unknown"))
}
