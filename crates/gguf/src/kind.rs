//! Tensor types: their numbers in the file, and how many bytes hold how many values.

use std::borrow::Cow;
use std::fmt;

/// How a tensor's values are stored.
///
/// The named variants are the types this project computes with ([`Type::SUPPORTED`]); every other type of a file
/// is kept as its number, so that such a file can still be inspected and the error can name the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(non_camel_case_types, reason = "these are the names that users know from file names")]
pub enum Type {
    /// 4-byte IEEE floats.
    F32,
    /// 2-byte IEEE floats.
    F16,
    /// The upper 2 bytes of F32.
    BF16,
    /// 32 values: a scale, 4-bit values around 8.
    Q4_0,
    /// 32 values: a scale, a minimum, 4-bit values.
    Q4_1,
    /// 32 values: a scale, 5-bit values around 16.
    Q5_0,
    /// 32 values: a scale, a minimum, 5-bit values.
    Q5_1,
    /// 32 values: a scale, signed 8-bit values.
    Q8_0,
    /// 256 values in 8 groups with 6-bit scales and minima, 4-bit values.
    Q4_K,
    /// 256 values in 8 groups with 6-bit scales and minima, 5-bit values.
    Q5_K,
    /// 256 values in 16 groups with 8-bit scales, 6-bit values around 32.
    Q6_K,
    /// A type that cannot be computed with, by its number in ggml's `ggml_type`.
    Other(u32),
}

/// One row of [`TABLE`]: number in the file, name, values per block, bytes per block.
type Row = (u32, &'static str, u32, u32);

/// Every type number in use, from `enum ggml_type` in ggml's `ggml.h` and the block structs in `ggml-common.h`.
const TABLE: &[Row] = &[
    (0, "F32", 1, 4),
    (1, "F16", 1, 2),
    (2, "Q4_0", 32, 18),
    (3, "Q4_1", 32, 20),
    (6, "Q5_0", 32, 22),
    (7, "Q5_1", 32, 24),
    (8, "Q8_0", 32, 34),
    (9, "Q8_1", 32, 36),
    (10, "Q2_K", 256, 84),
    (11, "Q3_K", 256, 110),
    (12, "Q4_K", 256, 144),
    (13, "Q5_K", 256, 176),
    (14, "Q6_K", 256, 210),
    (15, "Q8_K", 256, 292),
    (16, "IQ2_XXS", 256, 66),
    (17, "IQ2_XS", 256, 74),
    (18, "IQ3_XXS", 256, 98),
    (19, "IQ1_S", 256, 50),
    (20, "IQ4_NL", 32, 18),
    (21, "IQ3_S", 256, 110),
    (22, "IQ2_S", 256, 82),
    (23, "IQ4_XS", 256, 136),
    (24, "I8", 1, 1),
    (25, "I16", 1, 2),
    (26, "I32", 1, 4),
    (27, "I64", 1, 8),
    (28, "F64", 1, 8),
    (29, "IQ1_M", 256, 56),
    (30, "BF16", 1, 2),
    (34, "TQ1_0", 256, 54),
    (35, "TQ2_0", 256, 66),
    (39, "MXFP4", 32, 17),
];

impl Type {
    /// The types that can be decoded, encoded and computed with.
    pub const SUPPORTED: &'static [Type] = &[
        Type::F32,
        Type::F16,
        Type::BF16,
        Type::Q4_0,
        Type::Q4_1,
        Type::Q5_0,
        Type::Q5_1,
        Type::Q8_0,
        Type::Q4_K,
        Type::Q5_K,
        Type::Q6_K,
    ];

    /// The type with this number in the file.
    pub fn from_id(id: u32) -> Self {
        Self::SUPPORTED.iter().copied().find(|kind| kind.id() == id).unwrap_or(Type::Other(id))
    }

    /// The number that stands for this type in the file.
    pub const fn id(self) -> u32 {
        match self {
            Type::F32 => 0,
            Type::F16 => 1,
            Type::Q4_0 => 2,
            Type::Q4_1 => 3,
            Type::Q5_0 => 6,
            Type::Q5_1 => 7,
            Type::Q8_0 => 8,
            Type::Q4_K => 12,
            Type::Q5_K => 13,
            Type::Q6_K => 14,
            Type::BF16 => 30,
            Type::Other(id) => id,
        }
    }

    /// The name, with the number where the type is not supported: `Q4_K`, `Q3_K (11)`, `unknown type (99)`.
    pub fn name(self) -> Cow<'static, str> {
        match (self, self.row()) {
            (Type::Other(id), Some((_, name, ..))) => Cow::Owned(format!("{name} ({id})")),
            (_, Some((_, name, ..))) => Cow::Borrowed(name),
            (_, None) => Cow::Owned(format!("unknown type ({})", self.id())),
        }
    }

    /// Whether [`decode`](crate::decode) and the kernels know this type.
    pub const fn is_supported(self) -> bool {
        !matches!(self, Type::Other(_))
    }

    /// Values in one block: 1 for plain numbers, 32 or 256 for quantised types, 0 for an unknown type.
    pub fn block_len(self) -> usize {
        self.row().map_or(0, |(_, _, len, _)| len as usize)
    }

    /// Bytes of one block, 0 for an unknown type.
    pub fn block_bytes(self) -> usize {
        self.row().map_or(0, |(_, _, _, bytes)| bytes as usize)
    }

    /// Bytes of a row of `cols` values; `None` if the row is not a whole number of blocks, the type is unknown,
    /// or the size does not fit in 64 bits.
    pub fn row_bytes(self, cols: u64) -> Option<u64> {
        let (_, _, len, bytes) = self.row()?;
        if cols.is_multiple_of(u64::from(len)) {
            (cols / u64::from(len)).checked_mul(u64::from(bytes))
        } else {
            None
        }
    }

    fn row(self) -> Option<Row> {
        let id = self.id();
        TABLE.iter().copied().find(|row| row.0 == id)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_names_go_both_ways() {
        for &kind in Type::SUPPORTED {
            assert_eq!(Type::from_id(kind.id()), kind);
            assert_eq!(kind.name(), format!("{kind:?}"));
            assert!(kind.block_len() > 0 && kind.block_bytes() > 0);
        }
        assert_eq!(Type::from_id(11), Type::Other(11));
        assert_eq!(Type::Other(11).name(), "Q3_K (11)");
        assert_eq!(Type::Other(99).name(), "unknown type (99)");
        assert_eq!(Type::Other(99).row_bytes(256), None);
    }

    #[test]
    fn rows_are_whole_blocks() {
        let check =
            |kind: Type, cols, expected| assert_eq!(kind.row_bytes(cols), expected, "{kind} x {cols}");
        check(Type::F32, 3, Some(12));
        check(Type::BF16, 3, Some(6));
        check(Type::Q4_0, 64, Some(36));
        check(Type::Q4_0, 48, None);
        check(Type::Q8_0, 32, Some(34));
        check(Type::Q4_K, 512, Some(288));
        check(Type::Q6_K, 256, Some(210));
        check(Type::Q6_K, 128, None);
        check(Type::F32, u64::MAX, None);
    }
}
