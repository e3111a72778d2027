//! Values of the reference implementation.

use serde_json::Value;

use crate::program::golden;

/// Every committed model: `NAME/STEM`.
pub(crate) const MODELS: [&str; 6] = [
    "tiny-dense-ple/ollama-q4_k_m",
    "tiny-dense-ple/ollama-mix",
    "tiny-kv/ollama-q4_k_m",
    "tiny-kv/llama-q4_0",
    "tiny-moe/ollama-q4_k_m",
    "tiny-moe/ollama-split-q5_k",
];

/// The values that belong to one model.
pub(crate) struct Golden {
    index: Value,
    bytes: Vec<u8>,
}

impl Golden {
    pub(crate) fn of(model: &str) -> Golden {
        let read = |end: &str| std::fs::read(golden(&format!("goldens/{model}.{end}"))).unwrap();
        Golden { index: serde_json::from_slice(&read("json")).unwrap(), bytes: read("bin") }
    }

    pub(crate) fn f32s(&self, name: &str) -> Vec<f32> {
        self.words(name, "f32").map(f32::from_bits).collect()
    }

    pub(crate) fn ids(&self, name: &str) -> Vec<u32> {
        self.words(name, "i32").collect()
    }

    fn words(&self, name: &str, dtype: &str) -> impl Iterator<Item = u32> {
        let arrays = self.index["arrays"].as_array().unwrap();
        let array =
            arrays.iter().find(|array| array["name"] == name).unwrap_or_else(|| panic!("no array {name}"));
        assert_eq!(array["dtype"], dtype, "{name}");
        let values: u64 = array["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).product();
        let offset = array["offset"].as_u64().unwrap() as usize;
        let bytes = &self.bytes[offset..offset + 4 * values as usize];
        bytes.as_chunks().0.iter().map(|&word| u32::from_le_bytes(word))
    }
}

/// The path of a model's file.
pub(crate) fn model_file(model: &str) -> String {
    crate::program::text(&golden(&format!("models/{model}.gguf")))
}
