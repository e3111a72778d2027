//! Every limit on a count or length that a file may state, and why it is where it is.
//!
//! A limit keeps a damaged or hostile file from costing more than a real one; each is far above what known models
//! use. Independently of these, a count must fit in the bytes that the file still has before memory is reserved.

/// A named upper bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What is bounded, as error messages say it.
    pub name: &'static str,
    /// The largest value that is accepted.
    pub max: u64,
}

/// Bytes before the tensor data. The 262144 tokens and 514906 merges of Gemma 4 take about 15 MiB; a header
/// of more than 256 MiB would not fit in a browser tab's memory anyway.
pub const HEADER_BYTES: Limit = Limit { name: "header length in bytes", max: 256 << 20 };

/// Metadata entries. Real files have fewer than a hundred.
pub const KEYS: Limit = Limit { name: "number of metadata keys", max: 1 << 16 };

/// Bytes of a key; the format itself sets this limit.
pub const KEY_BYTES: Limit = Limit { name: "key length in bytes", max: (1 << 16) - 1 };

/// Bytes of one string. The longest in real files are chat templates and licences, tens of kilobytes.
pub const STRING_BYTES: Limit = Limit { name: "string length in bytes", max: 16 << 20 };

/// Items of one array. The longest in real files are tokenizer merges, half a million.
pub const ARRAY_ITEMS: Limit = Limit { name: "number of array items", max: 16 << 20 };

/// Arrays within arrays. Known files use one level; the reader recurses once for each.
pub const ARRAY_DEPTH: Limit = Limit { name: "depth of nested arrays", max: 4 };

/// Arrays within others, of all keys together: in memory each takes four times the bytes that an empty one has in the file.
pub const NESTED_ARRAYS: Limit = Limit { name: "number of arrays in arrays", max: 1 << 16 };

/// Tensors of a file. The largest public models split into per-expert tensors stay under 100000.
pub const TENSORS: Limit = Limit { name: "number of tensors", max: 1 << 17 };

/// Bytes of a tensor name. The format says 64; converters of adapters go over it, never over this.
pub const TENSOR_NAME_BYTES: Limit = Limit { name: "tensor name length in bytes", max: 1024 };

/// Dimensions of a tensor, as in ggml.
pub const TENSOR_DIMENSIONS: Limit = Limit { name: "number of dimensions", max: 4 };

/// Alignment of tensor data. The default is 32; a page of the largest usual kind (64 KiB) is the most that makes
/// sense, and more would only add padding.
pub const ALIGNMENT: Limit = Limit { name: "alignment in bytes", max: 1 << 16 };
