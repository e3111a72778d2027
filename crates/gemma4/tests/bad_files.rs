//! Files that are not what they say: each is refused by name before anything is allocated.

mod support;

use gemma4::{Error, KvType};
use gguf::{Type, Value, Writer};
use support::{device, file, load, options};

const NAME: &str = "tiny-kv/ollama-q4_k_m";

/// The file with some entries and tensors changed or left out.
fn rewritten(
    change_key: impl Fn(&str, &Value) -> Option<Value>,
    change_tensor: impl Fn(&str, Type, &[u64]) -> Option<(Type, Vec<u64>)>,
) -> Vec<u8> {
    rewritten_of(NAME, change_key, change_tensor)
}

fn rewritten_of(
    name: &str,
    change_key: impl Fn(&str, &Value) -> Option<Value>,
    change_tensor: impl Fn(&str, Type, &[u64]) -> Option<(Type, Vec<u64>)>,
) -> Vec<u8> {
    writer_of(name, change_key, change_tensor).file()
}

fn writer_of(
    name: &str,
    change_key: impl Fn(&str, &Value) -> Option<Value>,
    change_tensor: impl Fn(&str, Type, &[u64]) -> Option<(Type, Vec<u64>)>,
) -> Writer<'static> {
    let bytes = file(name);
    let header = gguf::parse(&bytes).expect("header");
    let mut writer = Writer::new();
    for (key, value) in header.metadata.iter() {
        if let Some(value) = change_key(key, value) {
            writer = writer.set(key, value);
        }
    }
    for tensor in &header.tensors {
        if let Some((kind, shape)) = change_tensor(&tensor.name, tensor.kind, &tensor.shape) {
            let elements: u64 = shape.iter().product();
            let len = kind.row_bytes(elements).expect("whole blocks") as usize;
            let mut data = bytes[tensor.offset as usize..][..tensor.bytes as usize].to_vec();
            data.resize(len, 0);
            writer = writer.tensor(&tensor.name, kind, &shape, data);
        }
    }
    writer
}

fn same_key(_: &str, value: &Value) -> Option<Value> {
    Some(value.clone())
}

fn same_tensor(_: &str, kind: Type, shape: &[u64]) -> Option<(Type, Vec<u64>)> {
    Some((kind, shape.to_vec()))
}

fn refusal(bytes: Vec<u8>) -> Error {
    let device = device();
    let Err(error) = pollster::block_on(load(&device, bytes, &options(KvType::F16, 16))) else {
        panic!("it loaded")
    };
    assert_eq!(device.counters().buffers_created, 0, "refused before anything was allocated");
    error
}

#[test]
fn the_unchanged_file_loads() {
    pollster::block_on(load(&device(), rewritten(same_key, same_tensor), &options(KvType::F16, 16)))
        .expect("load");
}

#[test]
fn a_missing_tensor_is_named() {
    let bytes = rewritten(same_key, |name, kind, shape| {
        (name != "blk.3.ffn_down.weight").then(|| (kind, shape.to_vec()))
    });
    match refusal(bytes) {
        Error::MissingTensor { name, expected } => {
            assert_eq!((name.as_str(), expected), ("blk.3.ffn_down.weight", vec![256, 256]))
        }
        other => panic!("{other}"),
    }
}

/// Only layers without a window may take their keys for values.
#[test]
fn values_that_a_layer_with_a_window_lacks_are_named() {
    let bytes = rewritten(same_key, |name, kind, shape| {
        (name != "blk.0.attn_v.weight").then(|| (kind, shape.to_vec()))
    });
    match refusal(bytes) {
        Error::MissingTensor { name, .. } => assert_eq!(name, "blk.0.attn_v.weight"),
        other => panic!("{other}"),
    }
}

/// A model whose file has the tensors would answer wrongly without them.
#[test]
fn parts_that_the_metadata_keeps_silent_about_are_named() {
    for (name, key) in [
        ("tiny-dense-ple/ollama-q4_k_m", "gemma4.embedding_length_per_layer_input"),
        ("tiny-moe/ollama-q4_k_m", "gemma4.expert_count"),
    ] {
        match refusal(rewritten_of(name, |named, value| (named != key).then(|| value.clone()), same_tensor)) {
            Error::MissingKey { key: named } => assert_eq!(named, key),
            other => panic!("{other}"),
        }
        let zero =
            |named: &str, value: &Value| Some(if named == key { Value::from(0u32) } else { value.clone() });
        match refusal(rewritten_of(name, zero, same_tensor)) {
            Error::BadKey { key: named, problem } => {
                assert_eq!(named, key);
                assert!(problem.starts_with("0, but the file has `"), "{problem}");
            }
            other => panic!("{other}"),
        }
    }
}

/// No grid of workgroups could compute it.
#[test]
fn an_expert_that_is_too_wide_is_named() {
    let wide = |key: &str, value: &Value| {
        let width = "gemma4.expert_feed_forward_length";
        Some(if key == width { Value::from(65_540u32) } else { value.clone() })
    };
    match refusal(rewritten_of("tiny-moe/ollama-q4_k_m", wide, same_tensor)) {
        Error::BadKey { problem, .. } => assert_eq!(problem, "65540 is not between 1 and 65536"),
        other => panic!("{other}"),
    }
}

/// No grid of workgroups could compute them.
#[test]
fn more_per_layer_inputs_than_a_step_can_take_are_named() {
    let many = |key: &str, value: &Value| {
        Some(match key {
            "gemma4.block_count" => Value::from(20u32),
            "gemma4.attention.sliding_window_pattern" => Value::from(vec![true; 20]),
            "gemma4.feed_forward_length" => Value::from(256u32),
            "gemma4.attention.shared_kv_layers" => Value::from(0u32),
            "gemma4.embedding_length_per_layer_input" => Value::from(65_536u32),
            _ => value.clone(),
        })
    };
    match refusal(rewritten_of("tiny-dense-ple/ollama-q4_k_m", many, same_tensor)) {
        Error::BadKey { problem, .. } => {
            assert_eq!(problem, "65536 values for each of 20 layers, the limit is 1048576 for all");
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_tensor_of_another_shape_is_named() {
    let bytes = rewritten(same_key, |name, kind, shape| {
        Some((kind, if name == "output_norm.weight" { vec![128] } else { shape.to_vec() }))
    });
    match refusal(bytes) {
        Error::Shape { name, expected, found } => {
            assert_eq!((name.as_str(), expected, found), ("output_norm.weight", vec![256], vec![128]));
        }
        other => panic!("{other}"),
    }
}

#[test]
fn an_embedding_table_without_rows_is_named() {
    let flat = |name: &str, kind, shape: &[u64]| {
        Some((kind, if name == "token_embd.weight" { vec![256] } else { shape.to_vec() }))
    };
    match refusal(rewritten(same_key, flat)) {
        Error::Embeddings { found, needed } => {
            assert_eq!(found, [256]);
            assert!(needed.contains("a row of 256 values"), "{needed}");
        }
        other => panic!("{other}"),
    }
}

#[test]
fn numbers_that_must_be_above_zero_are_named() {
    for key in
        ["gemma4.rope.freq_base", "gemma4.rope.freq_base_swa", "gemma4.attention.layer_norm_rms_epsilon"]
    {
        for wrong in [0.0f32, -1.0] {
            let change = |name: &str, value: &Value| {
                Some(if name == key { Value::from(wrong) } else { value.clone() })
            };
            match refusal(rewritten(change, same_tensor)) {
                Error::BadKey { key: named, problem } => {
                    assert_eq!((named.as_str(), problem), (key, format!("{wrong} is not above 0")));
                }
                other => panic!("{other}"),
            }
        }
    }
}

#[test]
fn factors_that_no_angle_can_be_divided_by_are_named() {
    for wrong in [0.0f32, -2.0, f32::NAN] {
        let mut bytes = file(NAME);
        let header = gguf::parse(&bytes).expect("header");
        let factors = header.tensor("rope_freqs.weight").expect("the model has them");
        assert_eq!(factors.kind, Type::F32);
        let third = factors.offset as usize + 2 * 4;
        bytes[third..third + 4].copy_from_slice(&wrong.to_le_bytes());
        match refusal(bytes) {
            Error::RopeFactor { index, value } => assert_eq!((index, value.to_bits()), (2, wrong.to_bits())),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn an_unsupported_type_is_named_with_what_is_supported() {
    // Type 11 is Q3_K.
    let bytes = rewritten(same_key, |name, kind, shape| {
        Some((if name == "blk.0.ffn_up.weight" { Type::from_id(11) } else { kind }, shape.to_vec()))
    });
    let error = refusal(bytes);
    assert!(matches!(error, Error::UnsupportedType { .. }), "{error}");
    let message = error.to_string();
    assert!(
        message.contains("blk.0.ffn_up.weight") && message.contains("Q3_K") && message.contains("Q4_K"),
        "{message}"
    );
}

#[test]
fn another_architecture_is_named() {
    let bytes = rewritten(
        |key, value| Some(if key == "general.architecture" { Value::from("llama") } else { value.clone() }),
        same_tensor,
    );
    match refusal(bytes) {
        Error::Architecture { found } => assert_eq!(found, "llama"),
        other => panic!("{other}"),
    }
}

/// A file with these entries more, or in the place of its own.
fn beside(entries: &[(&str, Value)]) -> Vec<u8> {
    let own =
        |key: &str, value: &Value| entries.iter().all(|(other, _)| *other != key).then(|| value.clone());
    let writer = writer_of(NAME, own, same_tensor);
    entries.iter().fold(writer, |writer, (key, value)| writer.set(*key, value.clone())).file()
}

#[test]
fn what_goes_beside_a_model_and_a_part_of_one_are_named() {
    let error = refusal(beside(&[("general.type", Value::String("adapter".to_owned()))]));
    assert_eq!(error.code(), "UNSUPPORTED_MODEL");
    assert!(error.to_string().contains("of type `adapter`"), "{error}");
    let error = refusal(beside(&[("split.no", Value::U16(0)), ("split.count", Value::U16(2))]));
    assert_eq!(error.code(), "UNSUPPORTED_MODEL");
    assert!(error.to_string().contains("part 1 of 2"), "{error}");
    let whole =
        beside(&[("split.count", Value::U16(1)), ("general.type", Value::String("model".to_owned()))]);
    pollster::block_on(load(&device(), whole, &options(KvType::F16, 16))).expect("load");
}

#[test]
fn keys_that_are_missing_or_impossible_are_named() {
    let without = |missing: &'static str| {
        rewritten(move |key, value| (key != missing).then(|| value.clone()), same_tensor)
    };
    let with = |changed: &'static str, number: u32| {
        rewritten(
            move |key, value| Some(if key == changed { Value::from(number) } else { value.clone() }),
            same_tensor,
        )
    };
    for key in ["gemma4.block_count", "gemma4.attention.sliding_window_pattern", "gemma4.feed_forward_length"]
    {
        match refusal(without(key)) {
            Error::MissingKey { key: named } => assert_eq!(named, key),
            other => panic!("{key}: {other}"),
        }
    }
    for (key, number) in [
        ("gemma4.block_count", 0),
        ("gemma4.block_count", 5),
        ("gemma4.attention.key_length", 12),
        ("gemma4.attention.head_count", 3),
        ("gemma4.attention.shared_kv_layers", 6),
        ("gemma4.embedding_length", 254),
        ("gemma4.embedding_length", u32::MAX),
    ] {
        let error = refusal(with(key, number));
        assert!(matches!(error, Error::BadKey { .. }), "{key} = {number}: {error}");
    }
}
