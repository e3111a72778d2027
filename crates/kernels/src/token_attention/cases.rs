//! Cases of attention of a single token.

use super::reference::{Attended, forward as expected};
use super::{Buffers, Shape, Width, forward, shaders};
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
    /// With the place of the values behind the keys.
    shape: Shape,
    position: u32,
    scores: Scores,
    /// Whether the values have a buffer of their own.
    apart: bool,
}

fn case(name: &str, setting: Setting) -> Case {
    let Setting { shape, position, scores, apart } = setting;
    let Shape { heads, kv_heads, own, head_dim, v_offset, capacity, window, kv, order, .. } = shape;
    let bound = Shape { v_offset: if apart { 0 } else { v_offset }, ..shape };
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

        let values_apart = apart.then(|| floats(device, "values", &qkv[v_offset as usize..])).transpose()?;
        let (qkv, norms) = (floats(device, "qkv", &qkv)?, floats(device, "norms", &norms)?);
        let (rope, y) = (floats(device, "rope", &table)?, poisoned(device, "y", expected_y.len())?);
        let k_cache = cache(device, "k_cache", kv, head_dim, &keys)?;
        let v_cache = cache(device, "v_cache", kv, head_dim, &values)?;
        let splits = shape.splits().max(1);
        let partials = poisoned(device, "partials", (splits * heads) as usize * dim)?;
        let sums = poisoned(device, "sums", (splits * heads * 2) as usize)?;
        let step = step(device, Step { rows: 1, position, ..Step::default() })?;
        let buffers = Buffers {
            qkv: (&qkv).into(),
            values: values_apart.as_ref().unwrap_or(&qkv).into(),
            norms: (&norms).into(),
            rope: (&rope).into(),
            k_cache: (&k_cache).into(),
            v_cache: (&v_cache).into(),
            step: (&step).into(),
            partials: (shape.splits() > 0).then(|| [(&partials).into(), (&sums).into()]),
            y: (&y).into(),
        };
        let mut ops = forward(device, &bound, buffers)?;
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
    let packed = if order == Order::Packed { ", packed" } else { "" };
    let wide = if shape.width == Width::Wide { ", wide" } else { "" };
    let sums = match shape.sums {
        Sums::Workgroup => String::new(),
        Sums::Subgroup(neighbours) => format!(", subgroups of {neighbours}"),
    };
    let name = format!(
        "{name}, {heads}/{kv_heads} heads of {head_dim}, {own_name} {kv:?}, window {window} in {capacity}, at {position}{packed}{wide}{sums}"
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
    let mut shaders = shaders(&bound);
    if order == Order::Packed {
        shaders.push(reader_shader((heads * head_dim) as usize));
    }
    Case::new("token_attention", name, shaders, tolerance, prepare).costing(bytes, flops)
}

/// What a tier is tried with before it is used.
pub(crate) fn trial(order: Order, width: Width, sums: Sums) -> Vec<Case> {
    let of = |head_dim, capacity, window| Shape {
        heads: 8,
        kv_heads: 1,
        own: true,
        head_dim,
        v_offset: 9 * head_dim,
        capacity,
        window,
        kv: KvType::F16,
        epsilon: 1e-6,
        order,
        width,
        sums,
    };
    let at = |shape| Setting { shape, position: 590, scores: Scores::Usual, apart: false };
    vec![case("trial", at(of(256, 600, 512))), case("trial", at(of(512, 2048, 0)))]
}

/// Key counts around blocks, rounds and shares, few keys and many, windows and rings, grouped heads, shared caches, K = V, all
/// cache types, real heads, the end of the context, far scores.
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
        order: Order::Interleaved,
        width: Width::Narrow,
        sums: Sums::Workgroup,
    };
    let at = |shape, position| Setting { shape, position, scores: Scores::Usual, apart: false };
    let apart = |setting| Setting { apart: true, ..setting };
    let half = |shape: Shape| Shape { kv: KvType::F16, ..shape };
    let eighth = |shape: Shape| Shape { kv: KvType::Q8, ..shape };
    let shared = |shape: Shape| Shape { own: false, ..shape };
    let packed = |shape: Shape| Shape { order: Order::Packed, ..shape };
    let wide = |shape: Shape| Shape { width: Width::Wide, ..shape };
    let mut cases = Vec::new();
    // Heads that are no multiple of 32 are many keys always.
    let (many, few) = (of(2, 1, 8, 400, 0), of(2, 1, 32, 600, 0));
    for position in [0, 1, 6, 7, 62, 63, 64, 65, 255, 383, 399] {
        cases.push(case("many keys around the shares", at(many, position)));
        cases.push(case("many keys around the shares", at(shared(half(many)), position)));
    }
    for position in [0, 1, 3, 63, 64, 254, 255, 256, 257, 511, 512, 599] {
        cases.push(case("few keys around the rounds", at(few, position)));
        cases.push(case("few keys around the rounds", at(shared(half(few)), position)));
        cases.push(case("few keys around the rounds", at(wide(half(few)), position)));
    }
    // Shares of one block, of two and of one again.
    for position in [1023, 1024, 16_383, 16_384, 16_500, 19_999] {
        cases.push(case("blocks of a share", at(half(of(2, 1, 72, 20_000, 0)), position)));
    }
    for position in [0, 63, 64, 127, 128, 200] {
        cases.push(case("a single share", at(of(2, 1, 8, 64, 64), position)));
    }
    for (heads, kv_heads) in [(4, 4), (6, 3), (8, 2), (7, 1)] {
        cases.push(case("grouped heads", at(of(heads, kv_heads, 8, 100, 0), 90)));
        cases.push(case("grouped heads", at(of(heads, kv_heads, 32, 100, 0), 90)));
        cases.push(case("grouped heads", at(of(heads, kv_heads, 40, 1100, 0), 1090)));
        cases.push(case("grouped heads", at(shared(half(of(heads, kv_heads, 16, 100, 0))), 90)));
        for head_dim in [8, 32] {
            let keys_as_values =
                Shape { v_offset: heads * head_dim, ..of(heads, kv_heads, head_dim, 100, 0) };
            cases.push(case("keys are values", at(keys_as_values, 70)));
        }
    }
    // The ring is as short as it may be: the window.
    for position in [0, 10, 15, 16, 19, 100] {
        for head_dim in [8, 32] {
            cases.push(case("ring", at(of(2, 2, head_dim, 16, 16), position)));
            cases.push(case("ring", at(half(of(2, 2, head_dim, 20, 16)), position)));
        }
    }
    for position in [100, 1099, 1100, 2500] {
        cases.push(case("a long window", at(half(of(2, 2, 40, 1200, 1100)), position)));
    }
    cases.push(case("window of one", at(of(2, 1, 8, 4, 1), 9)));
    cases.push(case("window of one", at(of(2, 1, 32, 4, 1), 9)));
    for head_dim in [8, 72, 96, 160, 480, 504] {
        cases.push(case("odd heads", at(of(3, 1, head_dim, 150, 0), 140)));
        cases.push(case("odd heads", at(half(of(3, 1, head_dim, 2150, 0)), 2140)));
    }
    let (local, global) = (of(8, 1, 256, 544, 512), of(8, 1, 512, 4096, 0));
    for position in [0, 31, 64, 99] {
        cases.push(case("heads of one block", at(eighth(of(4, 2, 32, 100, 0)), position)));
        cases.push(case("ring", at(eighth(of(2, 2, 64, 20, 16)), position)));
    }
    for kv in [KvType::F16, KvType::F32, KvType::Q8] {
        cases.push(case("e2b local", at(Shape { kv, ..local }, 1200)));
        cases.push(case("e2b local", at(wide(Shape { kv, ..local }), 1200)));
        cases.push(case(
            "e2b global in a short context",
            at(wide(shared(Shape { kv, ..of(8, 1, 512, 500, 0) })), 499),
        ));
        cases.push(case("e2b shared local", at(shared(Shape { kv, ..local }), 300)));
        cases.push(case("e2b global", at(Shape { kv, ..global }, 2500)));
        cases.push(case("e2b shared global", at(shared(Shape { kv, ..global }), 40)));
        cases.push(case("many heads of 96", at(Shape { kv, ..of(4, 2, 96, 3100, 0) }, 3090)));
    }
    cases.push(case("values apart", apart(at(half(local), 700))));
    cases.push(case("values apart", apart(at(eighth(of(2, 1, 512, 1100, 0)), 1090))));
    cases.push(case("31b local", at(half(of(32, 16, 256, 64, 48)), 90)));
    let keys_as_values = Shape { v_offset: 32 * 512, ..of(32, 4, 512, 1100, 0) };
    cases.push(case("31b global", at(half(keys_as_values), 1060)));
    cases.push(case("end of the context", at(half(of(2, 1, 16, 131_072, 0)), 131_071)));
    cases.push(case("left packed", at(packed(half(local)), 700)));
    cases.push(case("left packed", at(wide(packed(half(local))), 700)));
    cases.push(case("odd heads", at(wide(half(of(3, 1, 160, 150, 0))), 140)));
    cases.push(case("left packed", at(packed(half(global)), 700)));
    cases.push(case("left packed", at(packed(half(of(6, 2, 16, 64, 0))), 50)));
    cases.push(case("left packed", at(packed(half(of(3, 1, 96, 64, 0))), 50)));
    cases.push(case("left packed of many shares", at(packed(half(of(2, 1, 80, 6000, 0))), 5900)));
    cases.push(case("window at the end of the context", at(half(local), 131_071)));
    cases.push(case("many keys of few columns", at(half(of(2, 1, 64, 4096, 0)), 4000)));
    for neighbours in SUBGROUPS {
        let exchanging = |shape: Shape| Shape { sums: Sums::Subgroup(neighbours), ..shape };
        for position in [0, 33, 256, 599] {
            cases.push(case("few keys around the rounds", at(exchanging(few), position)));
            cases.push(case("few keys around the rounds", at(exchanging(shared(wide(half(few)))), position)));
        }
        for kv in [KvType::F16, KvType::F32, KvType::Q8] {
            cases.push(case("e2b local", at(exchanging(wide(Shape { kv, ..local })), 1200)));
            cases.push(case("e2b global", at(exchanging(Shape { kv, ..global }), 700)));
        }
        let short = wide(half(of(8, 1, 512, 500, 0)));
        cases.push(case("e2b global in a short context", at(exchanging(short), 499)));
        cases.push(case("odd heads", at(exchanging(half(of(3, 1, 160, 150, 0))), 140)));
        cases.push(case("odd heads", at(exchanging(half(of(3, 1, 72, 150, 0))), 140)));
        cases.push(case("ring", at(exchanging(half(of(2, 2, 32, 20, 16))), 19)));
    }
    let far = |shape| Setting { shape, position: 300, scores: Scores::FarApart, apart: false };
    for capacity in [400, 4500] {
        let heads_of_64 = of(2, 1, 64, capacity, 0);
        cases.push(case("scores far apart", far(heads_of_64)));
        cases.push(case("scores far apart", far(shared(half(heads_of_64)))));
    }
    cases
}
