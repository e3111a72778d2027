//! `rullama inspect`: what is in a model's file.

use std::collections::BTreeMap;

use clap::Args;
use engine::ModelFile;
use engine::gguf::{Array, Tensor, Value as Entry};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::byte_size::show;
use crate::failure::Failure;
use crate::opening::{Opened, open_file};
use crate::options::ModelArgument;
use crate::terminal::{Chatter, print_json, print_line, shown, visible};

/// Longest text that is shown of a metadata value; chat templates and licences have tens of kilobytes.
const TEXT_CHARS_MAX: usize = 100;
/// Most items of an array that are shown; arrays with an item for each layer are shorter.
const ITEMS_MAX: usize = 1024;

/// Show configuration, metadata and tensors of a model; no GPU is needed
#[derive(Args, Debug)]
pub(crate) struct Inspect {
    #[command(flatten)]
    model: ModelArgument,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

impl Inspect {
    pub(super) async fn run(&self, chatter: Chatter) -> Result<(), Failure> {
        let opened = open_file(&self.model, chatter).await?;
        if self.json { print_json(&document(&opened)) } else { print_tables(&opened) }
    }
}

/// Tensors and bytes of each type.
fn types(tensors: &[Tensor]) -> BTreeMap<String, (u64, u64)> {
    let mut types = BTreeMap::new();
    for tensor in tensors {
        let (count, bytes) = types.entry(tensor.kind.to_string()).or_insert((0, 0));
        *count += 1;
        *bytes += tensor.bytes;
    }
    types
}

fn parameters(file: &ModelFile) -> u64 {
    file.header().tensors.iter().map(Tensor::elements).sum()
}

fn document(opened: &Opened) -> Value {
    let file = &opened.file;
    let header = file.header();
    // A vocabulary alone is worth inspecting too, so a missing configuration is a finding and not a failure.
    let (configuration, problem) = match file.config() {
        Ok(config) => (exact(&config), Value::Null),
        Err(error) => (Value::Null, json!(error.to_string())),
    };
    let metadata: Map<String, Value> =
        header.metadata.iter().map(|(key, value)| (key.to_owned(), short_json(value))).collect();
    let vocabulary: Map<String, Value> =
        file.vocabulary_arrays().iter().map(|array| (array.key.to_owned(), json!(array.kind))).collect();
    let tensors: Vec<Value> = header
        .tensors
        .iter()
        .map(|tensor| {
            json!({
                "name": tensor.name,
                "type": tensor.kind.to_string(),
                "shape": tensor.shape,
                "offset": tensor.offset,
                "bytes": tensor.bytes,
            })
        })
        .collect();
    let types: Map<String, Value> = types(&header.tensors)
        .into_iter()
        .map(|(kind, (tensors, bytes))| (kind, json!({ "tensors": tensors, "bytes": bytes })))
        .collect();
    json!({
        "path": opened.path.to_string_lossy(),
        "bytes": header.file_size,
        "version": header.version,
        "parameters": parameters(file),
        "configuration": configuration,
        "configuration_problem": problem,
        "types": types,
        "vocabulary": file.tokenizer().len(),
        "stop_tokens": file.tokenizer().stops(),
        "metadata": metadata,
        "vocabulary_arrays": vocabulary,
        "tensors": tensors,
    })
}

fn print_tables(opened: &Opened) -> Result<(), Failure> {
    let file = &opened.file;
    let header = file.header();
    print_line(&format!(
        "{}\nGGUF version {}, {} bytes ({}), {} tensors, {} parameters, {} tokens\n",
        shown(&opened.path),
        header.version,
        header.file_size,
        show(header.file_size),
        header.tensors.len(),
        parameters(file),
        file.tokenizer().len(),
    ))?;
    match file.config() {
        Ok(config) => {
            let fields = exact(&config);
            for (name, value) in fields.as_object().expect("a configuration has fields") {
                match value {
                    Value::Array(layers) => print_line(&format!("{name:20} {}", layers.len()))?,
                    value => print_line(&format!("{name:20} {value}"))?,
                }
            }
        }
        Err(error) => print_line(&visible(&format!("no configuration: {error}")))?,
    }
    print_line("")?;
    for (kind, (tensors, bytes)) in types(&header.tensors) {
        print_line(&format!("{kind:12} {tensors:>6} tensors {bytes:>14} bytes  {}", show(bytes)))?;
    }
    print_line("")?;
    for (key, value) in header.metadata.iter() {
        print_line(&visible(&format!("{key} = {}", short_json(value))))?;
    }
    for array in file.vocabulary_arrays() {
        print_line(&visible(&format!("{} = {}", array.key, array.kind)))?;
    }
    print_line("")?;
    let names: Vec<String> = header.tensors.iter().map(|tensor| visible(&tensor.name)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    for (name, tensor) in names.iter().zip(&header.tensors) {
        let shape: Vec<String> = tensor.shape.iter().map(u64::to_string).collect();
        let kind = tensor.kind.to_string();
        print_line(&format!("{name:width$}  {kind:6} {:>14}  {}", tensor.bytes, shape.join(" x ")))?;
    }
    Ok(())
}

/// A value as JSON: numbers and short texts as they are, of the rest what it is.
fn short_json(value: &Entry) -> Value {
    match value {
        Entry::Bool(value) => json!(value),
        Entry::F32(value) => exact(value),
        Entry::F64(value) => json!(value),
        Entry::String(text) if text.chars().count() > TEXT_CHARS_MAX => {
            let start: String = text.chars().take(TEXT_CHARS_MAX).collect();
            json!(format!("{start}… ({} bytes)", text.len()))
        }
        Entry::String(text) => json!(text),
        Entry::Array(array) if array.len() > ITEMS_MAX => json!(value.type_name()),
        Entry::Array(array) => array_json(array),
        integer => match integer.as_integer() {
            Some(number) => {
                i64::try_from(number).map_or_else(|_| json!(number as u64), |number| json!(number))
            }
            None => json!(integer.type_name()),
        },
    }
}

fn array_json(array: &Array) -> Value {
    match array {
        Array::U8(items) => json!(items),
        Array::I8(items) => json!(items),
        Array::U16(items) => json!(items),
        Array::I16(items) => json!(items),
        Array::U32(items) => json!(items),
        Array::I32(items) => json!(items),
        Array::U64(items) => json!(items),
        Array::I64(items) => json!(items),
        Array::F32(items) => exact(items),
        Array::F64(items) => json!(items),
        Array::Bool(items) => json!(items),
        Array::Strings(items) => items.iter().map(|text| short_json(&text.into())).collect(),
        Array::Arrays(items) => items.iter().map(array_json).collect(),
    }
}

/// As JSON through its text: the shortest text of an f32 such as 1e-6 is kept, where widening it would not.
fn exact(value: &impl Serialize) -> Value {
    let text = serde_json::to_string(value).expect("values have text keys");
    serde_json::from_str(&text).expect("what was written can be read")
}
