//! What the tests of this crate share: the committed goldens, a device, a loaded model.
#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod e2b;

use gemma4::{Config, Context, KvType, Model, Options, PromptProducts, Sums, Tiers, TokenProducts, Width};
use gguf::{Header, Memory};
use gpu::Device;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The tiers that cards have by the automatic choice, as far as this one can, with the cache they have.
pub(crate) fn as_chosen(device: &Device) -> Tiers {
    let features = device.features();
    Tiers {
        token_products: TokenProducts::Packed,
        token_sums: features.subgroups.map_or(Sums::Workgroup, |(least, _)| Sums::Subgroup(least)),
        token_attention: Width::within(device.limits().invocations_max),
        prompt_products: match (features.cooperative_matrix, features.f16) {
            (true, _) => PromptProducts::Cooperative,
            (false, true) => PromptProducts::Half,
            (false, false) => PromptProducts::Float,
        },
    }
}

/// Reference values beside a model file.
pub(crate) struct Golden {
    meta: serde_json::Value,
    arrays: Vec<serde_json::Value>,
    bytes: Vec<u8>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden")
}

/// Folders with `models/` and `goldens/`: the committed one, and the whole oracle where it is present.
fn folders() -> Vec<PathBuf> {
    let oracle = std::env::var_os("RULLAMA_ORACLE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/oracle"), PathBuf::from);
    [root(), oracle].into_iter().filter(|folder| folder.join("models").is_dir()).collect()
}

/// Every golden by name, `tiny-kv/llama-q4_0`, the committed file before the oracle's.
pub(crate) fn names() -> Vec<String> {
    let mut names = Vec::new();
    for folder in folders() {
        for model in std::fs::read_dir(folder.join("goldens")).expect("goldens folder") {
            let model = model.expect("entry").path();
            for file in std::fs::read_dir(&model).expect("model folder") {
                let file = file.expect("entry").path();
                if file.extension().is_some_and(|extension| extension == "bin") {
                    let stem = file.file_stem().expect("stem").to_string_lossy();
                    names.push(format!("{}/{stem}", model.file_name().expect("name").to_string_lossy()));
                }
            }
        }
    }
    names.sort();
    names.dedup();
    names
}

fn find(relative: &str) -> Vec<u8> {
    let path = folders()
        .into_iter()
        .map(|folder| folder.join(relative))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("no {relative} beside the goldens"));
    std::fs::read(path).expect("readable golden")
}

impl Golden {
    pub(crate) fn open(name: &str) -> Golden {
        let json = find(&format!("goldens/{name}.json"));
        let json: serde_json::Value = serde_json::from_slice(&json).expect("golden JSON");
        Golden {
            meta: json["meta"].clone(),
            arrays: json["arrays"].as_array().expect("arrays").clone(),
            bytes: find(&format!("goldens/{name}.bin")),
        }
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.arrays.iter().filter_map(|array| array["name"].as_str())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.names().any(|other| other == name)
    }

    fn words(&self, name: &str, dtype: &str) -> (Vec<[u8; 4]>, Vec<usize>) {
        let array = self
            .arrays
            .iter()
            .find(|array| array["name"] == name)
            .unwrap_or_else(|| panic!("no golden `{name}`"));
        assert_eq!(array["dtype"], dtype, "{name}");
        let shape: Vec<usize> = array["shape"]
            .as_array()
            .expect("shape")
            .iter()
            .map(|n| n.as_u64().expect("dimension") as usize)
            .collect();
        let offset = array["offset"].as_u64().expect("offset") as usize;
        let bytes = &self.bytes[offset..][..4 * shape.iter().product::<usize>()];
        (bytes.chunks_exact(4).map(|word| word.try_into().expect("four bytes")).collect(), shape)
    }

    pub(crate) fn f32(&self, name: &str) -> Vec<f32> {
        self.words(name, "f32").0.into_iter().map(f32::from_le_bytes).collect()
    }

    pub(crate) fn shape(&self, name: &str) -> Vec<usize> {
        self.words(name, "f32").1
    }

    pub(crate) fn ids(&self, name: &str) -> Vec<u32> {
        self.words(name, "i32").0.into_iter().map(|word| i32::from_le_bytes(word) as u32).collect()
    }

    pub(crate) fn meta(&self, key: &str) -> &serde_json::Value {
        &self.meta[key]
    }
}

/// The adapter under test, or one with a profile's limits.
pub(crate) fn device() -> Device {
    device_with(gpu::Options::default())
}

pub(crate) fn device_with(options: gpu::Options) -> Device {
    pollster::block_on(Device::request(&options)).expect("a Vulkan adapter (Debian: mesa-vulkan-drivers)")
}

pub(crate) fn options(kv: KvType, chunk: u32) -> Options {
    Options { context: 512, chunk, kv, ..Options::default() }
}

pub(crate) fn file(name: &str) -> Vec<u8> {
    find(&format!("models/{name}.gguf"))
}

pub(crate) async fn load(
    device: &Device,
    file: Vec<u8>,
    options: &Options,
) -> Result<Rc<Model>, gemma4::Error> {
    let source = Rc::new(Memory(file));
    let header: Header = gguf::read_header(&*source).await?;
    let config = Config::from_header(&header)?;
    let model =
        Model::load(device, source, &header, config, options, &mut |_| ControlFlow::Continue(())).await?;
    Ok(Rc::new(model))
}

pub(crate) async fn context(device: &Device, name: &str, options: &Options) -> Context {
    let model = load(device, file(name), options).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    Context::new(model).await.unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Largest absolute difference; NaN counts as infinite.
pub(crate) fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let worse = |worst: f32, d: f32| if d.is_nan() { f32::INFINITY } else { worst.max(d) };
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, worse)
}

pub(crate) fn scale(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |most, value| most.max(value.abs()))
}
