//! The types a KV cache can have.

/// Type of the values in a KV cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KvType {
    /// Half precision, packed in pairs; works on adapters without the f16 feature.
    F16,
    /// Single precision.
    F32,
    /// Signed bytes with an f32 scale for each 32 values; heads must be multiples of 32 wide.
    Q8,
}

impl KvType {
    /// Bytes of one head of one position.
    pub fn head_bytes(self, head_dim: u32) -> u64 {
        let values = u64::from(head_dim);
        match self {
            KvType::F16 => 2 * values,
            KvType::F32 => 4 * values,
            KvType::Q8 => values + values / 8,
        }
    }

    /// What the width of a head must be a multiple of.
    pub fn head_granule(self) -> u32 {
        match self {
            KvType::F16 | KvType::F32 => 4,
            KvType::Q8 => 32,
        }
    }

    /// The WGSL that packs and unpacks units of four values.
    pub(crate) fn file(self) -> &'static str {
        match self {
            KvType::F16 => include_str!("shared/kv_f16.wgsl"),
            KvType::F32 => include_str!("shared/kv_f32.wgsl"),
            KvType::Q8 => include_str!("shared/kv_q8.wgsl"),
        }
    }
}
