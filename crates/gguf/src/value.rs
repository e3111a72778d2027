//! Metadata values as the file states them.

use std::borrow::Cow;
use std::fmt;

use crate::strings::Strings;

/// One metadata value. The variants are the value types of the format.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each variant is its own name")]
pub enum Value {
    U8(u8),
    I8(i8),
    U16(u16),
    I16(i16),
    U32(u32),
    I32(i32),
    U64(u64),
    I64(i64),
    F32(f32),
    F64(f64),
    Bool(bool),
    String(String),
    Array(Array),
}

/// A metadata array, compact: one allocation for numbers, two for strings.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each variant is its own name")]
pub enum Array {
    U8(Vec<u8>),
    I8(Vec<i8>),
    U16(Vec<u16>),
    I16(Vec<i16>),
    U32(Vec<u32>),
    I32(Vec<i32>),
    U64(Vec<u64>),
    I64(Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Bool(Vec<bool>),
    Strings(Strings),
    Arrays(Vec<Array>),
}

/// The numbers that stand for value types in the file, in the order of `enum gguf_metadata_value_type`.
pub(crate) mod id {
    pub(crate) const U8: u32 = 0;
    pub(crate) const I8: u32 = 1;
    pub(crate) const U16: u32 = 2;
    pub(crate) const I16: u32 = 3;
    pub(crate) const U32: u32 = 4;
    pub(crate) const I32: u32 = 5;
    pub(crate) const F32: u32 = 6;
    pub(crate) const BOOL: u32 = 7;
    pub(crate) const STRING: u32 = 8;
    pub(crate) const ARRAY: u32 = 9;
    pub(crate) const U64: u32 = 10;
    pub(crate) const I64: u32 = 11;
    pub(crate) const F64: u32 = 12;
}

impl Value {
    /// The type as messages and `inspect` say it: `u32`, `string`, `array of 3 f32`.
    pub fn type_name(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Value::U8(_) => "u8",
            Value::I8(_) => "i8",
            Value::U16(_) => "u16",
            Value::I16(_) => "i16",
            Value::U32(_) => "u32",
            Value::I32(_) => "i32",
            Value::U64(_) => "u64",
            Value::I64(_) => "i64",
            Value::F32(_) => "f32",
            Value::F64(_) => "f64",
            Value::Bool(_) => "bool",
            Value::String(_) => "string",
            Value::Array(array) => {
                return Cow::Owned(format!("array of {} {}", array.len(), array.item_type_name()));
            }
        })
    }

    /// The value of any integer type.
    pub fn as_integer(&self) -> Option<i128> {
        Some(match *self {
            Value::U8(v) => v.into(),
            Value::I8(v) => v.into(),
            Value::U16(v) => v.into(),
            Value::I16(v) => v.into(),
            Value::U32(v) => v.into(),
            Value::I32(v) => v.into(),
            Value::U64(v) => v.into(),
            Value::I64(v) => v.into(),
            _ => return None,
        })
    }

    /// The number that stands for this type in the file.
    pub(crate) fn type_id(&self) -> u32 {
        match self {
            Value::U8(_) => id::U8,
            Value::I8(_) => id::I8,
            Value::U16(_) => id::U16,
            Value::I16(_) => id::I16,
            Value::U32(_) => id::U32,
            Value::I32(_) => id::I32,
            Value::U64(_) => id::U64,
            Value::I64(_) => id::I64,
            Value::F32(_) => id::F32,
            Value::F64(_) => id::F64,
            Value::Bool(_) => id::BOOL,
            Value::String(_) => id::STRING,
            Value::Array(_) => id::ARRAY,
        }
    }
}

/// Runs `$body` with `$items` bound to the vector of whichever variant `$array` is; strings and nested arrays too.
macro_rules! for_items {
    ($array:expr, $items:ident => $body:expr) => {
        match $array {
            $crate::Array::U8($items) => $body,
            $crate::Array::I8($items) => $body,
            $crate::Array::U16($items) => $body,
            $crate::Array::I16($items) => $body,
            $crate::Array::U32($items) => $body,
            $crate::Array::I32($items) => $body,
            $crate::Array::U64($items) => $body,
            $crate::Array::I64($items) => $body,
            $crate::Array::F32($items) => $body,
            $crate::Array::F64($items) => $body,
            $crate::Array::Bool($items) => $body,
            $crate::Array::Strings($items) => $body,
            $crate::Array::Arrays($items) => $body,
        }
    };
}

pub(crate) use for_items;

impl Array {
    /// How many items there are.
    pub fn len(&self) -> usize {
        for_items!(self, items => items.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type of the items: `u32`, `string`, `array`.
    pub fn item_type_name(&self) -> &'static str {
        match self {
            Array::U8(_) => "u8",
            Array::I8(_) => "i8",
            Array::U16(_) => "u16",
            Array::I16(_) => "i16",
            Array::U32(_) => "u32",
            Array::I32(_) => "i32",
            Array::U64(_) => "u64",
            Array::I64(_) => "i64",
            Array::F32(_) => "f32",
            Array::F64(_) => "f64",
            Array::Bool(_) => "bool",
            Array::Strings(_) => "string",
            Array::Arrays(_) => "array",
        }
    }

    /// The item at `index` as a value of its own; nested arrays are copied.
    pub fn get(&self, index: usize) -> Option<Value> {
        Some(match self {
            Array::U8(items) => Value::U8(*items.get(index)?),
            Array::I8(items) => Value::I8(*items.get(index)?),
            Array::U16(items) => Value::U16(*items.get(index)?),
            Array::I16(items) => Value::I16(*items.get(index)?),
            Array::U32(items) => Value::U32(*items.get(index)?),
            Array::I32(items) => Value::I32(*items.get(index)?),
            Array::U64(items) => Value::U64(*items.get(index)?),
            Array::I64(items) => Value::I64(*items.get(index)?),
            Array::F32(items) => Value::F32(*items.get(index)?),
            Array::F64(items) => Value::F64(*items.get(index)?),
            Array::Bool(items) => Value::Bool(*items.get(index)?),
            Array::Strings(items) => Value::String(items.get(index)?.to_owned()),
            Array::Arrays(items) => Value::Array(items.get(index)?.clone()),
        })
    }

    /// The number that stands for the items' type in the file.
    pub(crate) fn item_type_id(&self) -> u32 {
        match self {
            Array::U8(_) => id::U8,
            Array::I8(_) => id::I8,
            Array::U16(_) => id::U16,
            Array::I16(_) => id::I16,
            Array::U32(_) => id::U32,
            Array::I32(_) => id::I32,
            Array::U64(_) => id::U64,
            Array::I64(_) => id::I64,
            Array::F32(_) => id::F32,
            Array::F64(_) => id::F64,
            Array::Bool(_) => id::BOOL,
            Array::Strings(_) => id::STRING,
            Array::Arrays(_) => id::ARRAY,
        }
    }
}

/// Characters of a string that `Display` shows before it says how long the string is.
const CHARACTERS_SHOWN: usize = 80;

/// The value as people read it, on one line: long strings and arrays show their start and their length.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::F32(v) => write!(f, "{v}"),
            Value::F64(v) => write!(f, "{v}"),
            Value::Bool(v) => write!(f, "{v}"),
            Value::String(v) => match v.char_indices().nth(CHARACTERS_SHOWN) {
                Some((end, _)) => write!(f, "{:?}… {} bytes in all", &v[..end], v.len()),
                None => write!(f, "{v:?}"),
            },
            Value::Array(array) => array.fmt(f),
            integer => write!(f, "{}", integer.as_integer().expect("every other variant is an integer")),
        }
    }
}

/// Items of an array that `Display` shows before it says how many there are.
const ITEMS_SHOWN: usize = 8;

impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for index in 0..self.len().min(ITEMS_SHOWN) {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{}", self.get(index).expect("below the length"))?;
        }
        if self.len() > ITEMS_SHOWN {
            write!(f, ", … {} in all", self.len())?;
        }
        f.write_str("]")
    }
}

macro_rules! value_from {
    ($($from:ty => $make:expr),* $(,)?) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                #[allow(clippy::redundant_closure_call, reason = "the closure is the macro's argument")]
                ($make)(value)
            }
        }
    )*};
}

value_from! {
    u8 => Value::U8,
    i8 => Value::I8,
    u16 => Value::U16,
    i16 => Value::I16,
    u32 => Value::U32,
    i32 => Value::I32,
    u64 => Value::U64,
    i64 => Value::I64,
    f32 => Value::F32,
    f64 => Value::F64,
    bool => Value::Bool,
    String => Value::String,
    &str => |v: &str| Value::String(v.to_owned()),
    Array => Value::Array,
    Vec<u32> => |v| Value::Array(Array::U32(v)),
    Vec<i32> => |v| Value::Array(Array::I32(v)),
    Vec<f32> => |v| Value::Array(Array::F32(v)),
    Vec<bool> => |v| Value::Array(Array::Bool(v)),
    Strings => |v| Value::Array(Array::Strings(v)),
}
