//! The types a KV cache can have.

/// Type of the values in a KV cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KvType {
    /// Half precision, packed in pairs; works on adapters without the f16 feature.
    F16,
    /// Single precision.
    F32,
}

impl KvType {
    /// Bytes of one value.
    pub fn bytes(self) -> u64 {
        match self {
            KvType::F16 => 2,
            KvType::F32 => 4,
        }
    }

    /// The WGSL that loads and stores four values.
    pub(crate) fn file(self) -> &'static str {
        match self {
            KvType::F16 => include_str!("shared/kv_f16.wgsl"),
            KvType::F32 => include_str!("shared/kv_f32.wgsl"),
        }
    }
}
