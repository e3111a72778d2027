//! Blocks against the oracle's own decoder (`golden/make_blocks.py` says how the file was made), and encoding
//! against both the oracle's encoder and a bound that follows from each layout.

use gguf::{Error, Header, Type, decode, encode, parse};

const FILE: &[u8] = include_bytes!("golden/blocks.gguf");

fn bytes<'f>(header: &Header, name: &str) -> &'f [u8] {
    let tensor = header.tensor(name).unwrap_or_else(|| panic!("no tensor {name}"));
    &FILE[tensor.offset as usize..(tensor.offset + tensor.bytes) as usize]
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

fn decoded(kind: Type, bytes: &[u8]) -> Vec<f32> {
    let mut out = vec![f32::NAN; bytes.len() / kind.block_bytes() * kind.block_len()];
    decode(kind, bytes, &mut out).unwrap();
    out
}

#[test]
fn every_type_decodes_to_the_oracles_bits() {
    let header = parse(FILE).unwrap();
    for &kind in Type::SUPPORTED {
        for part in ["random", "normal"] {
            let name = format!("{kind}.{part}");
            assert_eq!(header.tensor(&name).unwrap().kind, kind);
            let values = decoded(kind, bytes(&header, &name));
            let expected = floats(bytes(&header, &format!("{name}.values")));
            assert_eq!(values.len(), expected.len());
            for (i, (value, expected)) in values.iter().zip(&expected).enumerate() {
                // Equal as numbers, so that 0 and -0 may differ; the oracle multiplies in the same order.
                assert!(value == expected, "{name}[{i}]: {value}, the oracle has {expected}");
            }
        }
    }
}

fn root_mean_square_error(a: &[f32], b: &[f32]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
    (squares.sum::<f64>() / a.len() as f64).sqrt()
}

#[test]
fn encoding_loses_no_more_than_the_oracles_encoder() {
    let header = parse(FILE).unwrap();
    let source = floats(bytes(&header, "source"));
    for &kind in Type::SUPPORTED {
        let ours = root_mean_square_error(&decoded(kind, &encode(kind, &source)), &source);
        let expected = floats(bytes(&header, &format!("{kind}.normal.values")));
        let oracles = root_mean_square_error(&expected, &source);
        // Both use the extremes of a block as they are; 2 % leaves room for ties that round differently.
        assert!(ours <= oracles * 1.02, "{kind}: error {ours}, the oracle's encoder has {oracles}");
    }
}

#[test]
fn encoding_is_within_a_step_of_the_value() {
    // The largest error as a part of the block's largest absolute value: half a step of the widest possible
    // range, a full step where the range is lopsided and its far end is clamped, and the rounding of 6-bit scales.
    let check = |kind: Type, bound: f32| {
        for seed in 1..50u32 {
            let shift = [0.0, 1.0, -2.0][seed as usize % 3];
            let wave = |i: usize| ((i as f32 + 1.3) * 0.37 * seed as f32).sin() * 3.0 + shift;
            let values: Vec<f32> = (0..256).map(wave).collect();
            let back = decoded(kind, &encode(kind, &values));
            let largest = values.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
            for (x, y) in values.iter().zip(&back) {
                let error = (x - y).abs() / largest;
                assert!(error <= bound, "{kind}: {x} became {y}, {error} of the largest value, over {bound}");
            }
        }
    };
    check(Type::F32, 0.0);
    check(Type::F16, 1.0 / 2048.0);
    check(Type::BF16, 1.0 / 256.0);
    check(Type::Q4_0, 1.0 / 8.0 + 0.001);
    check(Type::Q4_1, 1.0 / 15.0 + 0.001);
    check(Type::Q5_0, 1.0 / 16.0 + 0.001);
    check(Type::Q5_1, 1.0 / 31.0 + 0.001);
    check(Type::Q8_0, 0.5 / 127.0 + 0.001);
    check(Type::Q4_K, 1.0 / 15.0 + 2.0 / 63.0);
    check(Type::Q5_K, 1.0 / 31.0 + 2.0 / 63.0);
    check(Type::Q6_K, 1.0 / 32.0 + 1.0 / 128.0);
}

#[test]
fn zeros_stay_zeros() {
    for &kind in Type::SUPPORTED {
        let back = decoded(kind, &encode(kind, &[0.0; 512]));
        assert!(back.iter().all(|&x| x == 0.0), "{kind}: {back:?}");
    }
}

#[test]
fn encoded_blocks_encode_to_themselves() {
    // Formats without a minimum reach their scale exactly again, so adapters can be saved and loaded unchanged.
    for kind in [Type::F32, Type::F16, Type::BF16, Type::Q4_0, Type::Q5_0, Type::Q8_0] {
        let values: Vec<f32> = (0..256).map(|i| (i as f32 * 0.37).sin()).collect();
        let once = encode(kind, &values);
        assert_eq!(encode(kind, &decoded(kind, &once)), once, "{kind}");
    }
}

#[test]
fn numbers_that_are_not_finite_do_not_panic() {
    let specials = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN_POSITIVE, -0.0, 1e-45];
    for &kind in Type::SUPPORTED {
        let values: Vec<f32> = specials.iter().copied().cycle().take(256).collect();
        assert_eq!(decoded(kind, &encode(kind, &values)).len(), 256);
    }
}

#[test]
fn an_unsupported_type_is_named() {
    let error = decode(Type::Other(11), &[], &mut []).unwrap_err();
    assert!(matches!(&error, Error::UnsupportedType { found } if found == "Q3_K (11)"), "{error}");
}

#[test]
#[should_panic(
    expected = "Q4_0: 19 bytes and 32 values are not the same number of blocks (18 bytes, 32 values)"
)]
fn lengths_must_agree() {
    let _ = decode(Type::Q4_0, &[0; 19], &mut [0.0; 32]);
}
