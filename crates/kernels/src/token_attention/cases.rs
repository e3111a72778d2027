//! Cases of attention of a single token.

use super::reference::{Attended, forward as expected};
use super::{Buffers, Shape, forward, merge, merge_shader, shader};
use crate::attention::reference::visible;
use crate::case::buffers::{cache, expect, expect_cache, floats, poisoned, step, stored};
use crate::case::random::Random;
use crate::case::{Case, Prepared, Tolerance};
use crate::head_norm_rope::reference::Rope;
use crate::head_norm_rope::rope_table;
use crate::kv::KvType;
use crate::matvec::cases::{read_packed, reader_shader};
use crate::matvec::{Order, interleaved_blocks, reference::interleaved};
use crate::op::Step;
use crate::sums::{SUBGROUPS, Sums};

const F32_TOLERANCE: Tolerance = Tolerance {
    relative: 3e-5,
    reason: "a score of 10 or 20 is an f32 sum of normed and rotated values; exp turns its rounding into as much of the weight",
};
const F16_TOLERANCE: Tolerance = Tolerance {
    relative: 2e-3,
    reason: "as in f32, and the token's own key and value may round to either neighbouring f16",
};

const Q8_TOLERANCE: Tolerance = Tolerance {
    relative: 1e-2,
    reason: "as in f32, and the token's own key and value may round to either neighbouring byte",
};

/// How far apart scores are.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scores {
    /// Within a few units, so that many keys count.
    Usual,
    /// Tens apart, so that few keys count.
    FarApart,
}

/// A token at a position of a layer.
#[derive(Clone, Copy)]
struct Setting {
    shape: Shape,
    position: u32,
    scores: Scores,
    order: Order,
}

fn case(name: &str, setting: Setting) -> Case {
    let Setting { shape, position, scores, order } = setting;
    let Shape { heads, kv_heads, own, head_dim, v_offset, capacity, window, kv, epsilon: _, sums } = shape;
    let (dim, row) = (head_dim as usize, (kv_heads * head_dim) as usize);
    let prepare = move |device: &gpu::Device| {
        let mut random = Random::new(16);
        // Columns behind the values belong to nobody.
        let stride = if own {
            (v_offset + kv_heads * head_dim).max((heads + kv_heads) * head_dim)
        } else {
            heads * head_dim
        };
        let qkv = random.floats(stride as usize + 8, 3.0);
        // Normed heads have a score of sqrt(dim) or so.
        let wanted = if scores == Scores::Usual { 3.0 } else { 40.0 };
        let weight = (wanted / (dim as f32).sqrt()).sqrt();
        let norms = random.between(2 * dim, 0.5 * weight, 1.5 * weight);
        let mut keys = vec![f32::NAN; capacity as usize * row];
        let mut values = keys.clone();
        let seen = visible(position, window);
        assert!(seen.len() <= capacity as usize, "token_attention: {seen:?} in {capacity} rows");
        for p in seen.start..if own { position } else { position + 1 } {
            let at = (p % capacity) as usize * row;
            keys[at..at + row].copy_from_slice(&random.floats(row, weight));
            values[at..at + row].copy_from_slice(&random.floats(row, 1.0));
        }
        let (keys, values) = (stored(kv, keys), stored(kv, values));
        let factors: Vec<f32> = (0..dim / 2).map(|j| if j < dim / 4 { 1.0 } else { 1e30 }).collect();
        let rope = Rope { theta: 1e6, factors: &factors };
        let Attended { y: expected_y, keys: expected_keys, values: expected_values } =
            expected(&shape, rope, &qkv, &norms, (keys.clone(), values.clone()), position);
        let table = rope_table(head_dim, 1e6, &factors, position + 1);

        let (qkv, norms) = (floats(device, "qkv", &qkv)?, floats(device, "norms", &norms)?);
        let (rope, y) = (floats(device, "rope", &table)?, poisoned(device, "y", expected_y.len())?);
        let k_cache = cache(device, "k_cache", kv, head_dim, &keys)?;
        let v_cache = cache(device, "v_cache", kv, head_dim, &values)?;
        let partials = poisoned(device, "partials", (shape.splits() * heads) as usize * dim)?;
        let sums = poisoned(device, "sums", (shape.splits() * heads * 2) as usize)?;
        let step = step(device, Step { rows: 1, position, ..Step::default() })?;
        let buffers = Buffers {
            qkv: (&qkv).into(),
            norms: (&norms).into(),
            rope: (&rope).into(),
            k_cache: (&k_cache).into(),
            v_cache: (&v_cache).into(),
            partials: (&partials).into(),
            sums: (&sums).into(),
            step: (&step).into(),
        };
        let mut ops = vec![
            forward(device, &shape, buffers)?,
            merge(device, &shape, order, (&partials).into(), (&sums).into(), (&y).into())?,
        ];
        let attended = match order {
            Order::Packed => {
                let (op, output) = read_packed(device, &y, &expected_y, &mut random)?;
                ops.push(op);
                output
            }
            Order::Interleaved if interleaved_blocks(expected_y.len() as u32) > 0 => {
                expect(y, interleaved(&expected_y))
            }
            Order::Interleaved => expect(y, expected_y),
        };
        let outputs = vec![
            attended,
            expect_cache(k_cache, kv, head_dim, expected_keys),
            expect_cache(v_cache, kv, head_dim, expected_values),
        ];
        Ok(Prepared { ops, rows: 1, outputs })
    };
    let own_name = if own { "own" } else { "shared" };
    let summed = match sums {
        Sums::Workgroup => String::new(),
        Sums::Subgroup(neighbours) => format!(", by subgroups of {neighbours}"),
    };
    let name = format!(
        "{name}, {heads}/{kv_heads} heads of {head_dim}, {own_name} {kv:?}, window {window} in {capacity}, at {position}{summed}"
    );
    let seen = visible(position, window).len() as u64;
    let bytes =
        2 * seen * u64::from(kv_heads) * kv.head_bytes(head_dim) + 8 * u64::from(heads) * u64::from(head_dim);
    let flops = 4 * seen * u64::from(heads) * u64::from(head_dim);
    let tolerance = match kv {
        KvType::F32 => F32_TOLERANCE,
        KvType::F16 => F16_TOLERANCE,
        KvType::Q8 => Q8_TOLERANCE,
    };
    let mut shaders = vec![shader(&shape), merge_shader(&shape, order)];
    if order == Order::Packed {
        shaders.push(reader_shader((heads * head_dim) as usize));
    }
    Case::new("token_attention", name, shaders, tolerance, prepare).costing(bytes, flops)
}

/// What a way to add up is tried with before it is used.
pub(crate) fn trial(sums: Sums) -> Vec<Case> {
    let of = |head_dim, window| Shape {
        heads: 8,
        kv_heads: 1,
        own: true,
        head_dim,
        v_offset: 9 * head_dim,
        capacity: 600,
        window,
        kv: KvType::F16,
        epsilon: 1e-6,
        sums,
    };
    let order = Order::Interleaved;
    let at = |shape| Setting { shape, position: 590, scores: Scores::Usual, order };
    vec![case("trial", at(of(256, 512))), case("trial", at(of(512, 0)))]
}

/// Key counts around blocks and splits, windows and rings, grouped heads, shared caches, K = V, both cache types, real
/// heads, the end of the context, far scores.
pub fn cases() -> Vec<Case> {
    let of = |heads: u32, kv_heads: u32, head_dim: u32, capacity: u32, window: u32| Shape {
        heads,
        kv_heads,
        own: true,
        head_dim,
        v_offset: (heads + kv_heads) * head_dim,
        capacity,
        window,
        kv: KvType::F32,
        epsilon: 1e-6,
        sums: Sums::Workgroup,
    };
    let order = Order::Interleaved;
    let at = |shape, position| Setting { shape, position, scores: Scores::Usual, order };
    let half = |shape: Shape| Shape { kv: KvType::F16, ..shape };
    let shared = |shape: Shape| Shape { own: false, ..shape };
    let small = of(2, 1, 8, 400, 0);
    let mut cases = Vec::new();
    for position in [0, 1, 6, 7, 62, 63, 64, 65, 255, 383, 399] {
        cases.push(case("keys around the splits", at(small, position)));
        cases.push(case("keys around the splits", at(shared(half(small)), position)));
    }
    for position in [0, 63, 64, 127, 128, 200] {
        cases.push(case("a single split", at(of(2, 1, 8, 64, 64), position)));
    }
    for (heads, kv_heads) in [(4, 4), (6, 3), (8, 2), (7, 1)] {
        cases.push(case("grouped heads", at(of(heads, kv_heads, 8, 100, 0), 90)));
        cases.push(case("grouped heads", at(shared(half(of(heads, kv_heads, 16, 100, 0))), 90)));
        let keys_as_values = Shape { v_offset: heads * 8, ..of(heads, kv_heads, 8, 100, 0) };
        cases.push(case("keys are values", at(keys_as_values, 70)));
    }
    // The ring is as short as it may be: the window.
    for position in [0, 10, 15, 16, 19, 100] {
        cases.push(case("ring", at(of(2, 2, 8, 16, 16), position)));
        cases.push(case("ring", at(half(of(2, 2, 8, 20, 16)), position)));
    }
    cases.push(case("window of one", at(of(2, 1, 8, 4, 1), 9)));
    for head_dim in [8, 72, 504] {
        cases.push(case("odd heads", at(of(3, 1, head_dim, 150, 0), 140)));
        cases.push(case("odd heads", at(half(of(3, 1, head_dim, 150, 0)), 140)));
    }
    let (local, global) = (of(8, 1, 256, 544, 512), of(8, 1, 512, 4096, 0));
    let eighth = |shape: Shape| Shape { kv: KvType::Q8, ..shape };
    for position in [0, 31, 64, 99] {
        cases.push(case("heads of one block", at(eighth(of(4, 2, 32, 100, 0)), position)));
        cases.push(case("ring", at(eighth(of(2, 2, 64, 20, 16)), position)));
    }
    for kv in [KvType::F16, KvType::F32, KvType::Q8] {
        cases.push(case("e2b local", at(Shape { kv, ..local }, 1200)));
        cases.push(case("e2b shared local", at(shared(Shape { kv, ..local }), 300)));
        cases.push(case("e2b global", at(Shape { kv, ..global }, 2500)));
        cases.push(case("e2b shared global", at(shared(Shape { kv, ..global }), 40)));
    }
    cases.push(case("31b local", at(half(of(32, 16, 256, 64, 48)), 90)));
    let keys_as_values = Shape { v_offset: 32 * 512, ..of(32, 4, 512, 64, 0) };
    cases.push(case("31b global", at(half(keys_as_values), 60)));
    cases.push(case("end of the context", at(half(of(2, 1, 16, 131_072, 0)), 131_071)));
    let packed = |setting| Setting { order: Order::Packed, ..setting };
    cases.push(case("left packed", packed(at(half(local), 700))));
    cases.push(case("left packed", packed(at(half(of(6, 2, 16, 64, 0)), 50))));
    cases.push(case("window at the end of the context", at(half(local), 131_071)));
    for neighbours in SUBGROUPS {
        let summed = |shape| Shape { sums: Sums::Subgroup(neighbours), ..shape };
        cases.push(case("summed", at(summed(half(local)), 700)));
        cases.push(case("summed", at(summed(of(3, 1, 72, 150, 0)), 140)));
    }
    let heads_of_64 = of(2, 1, 64, 400, 0);
    let far = |shape| Setting { shape, position: 300, scores: Scores::FarApart, order };
    cases.push(case("scores far apart", far(heads_of_64)));
    cases.push(case("scores far apart", far(shared(half(heads_of_64)))));
    cases
}
