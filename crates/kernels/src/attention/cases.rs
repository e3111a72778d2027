//! Cases of attention for prompts.

use super::reference::{forward as expected_y, visible};
use super::{Inputs, Products, Shape, forward, shader};
use crate::case::buffers::{cache, expect, floats, poisoned, step, stored};
use crate::case::random::Random;
use crate::case::{Case, Prepared, Tolerance};
use crate::half_rows;
use crate::kv::KvType;
use crate::matmul;
use crate::op::Step;
use gpu::Shader;

const TOLERANCE: Tolerance = Tolerance {
    relative: 1e-5,
    reason: "a score of 10 is an f32 sum that rounds by some 1e-6, which exp turns into as much of the weight",
};

const HALVES: Tolerance = Tolerance {
    relative: 3e-3,
    reason: "queries and weights are rounded to f16, 2^-11 each: a score of 10 is off by some 1e-3, and so is its weight",
};

/// What queries and keys are like.
#[derive(Clone, Copy, Debug)]
enum Scores {
    /// Around zero, so that many keys count.
    Usual,
    /// All near 10000. Integers here and below: the scores are exact in f32, what is left is the softmax.
    High,
    /// All near -10000.
    Low,
    /// Thousands apart, so that a single key counts.
    FarApart,
    /// Half of the heads' rise by a half from key to key, the others are around zero.
    Climbing,
}

/// `n` heads of `dim` queries, and as a function of the same generator of keys.
fn heads(scores: Scores, n: usize, dim: usize, lead: f32, random: &mut Random) -> Vec<f32> {
    let mut values = random.floats(n * dim, 1.0);
    match scores {
        // Scores have a standard deviation of three.
        Scores::Usual => values.iter_mut().for_each(|v| *v *= 3.0 / (dim as f32).sqrt().sqrt()),
        Scores::High | Scores::Low => {
            values.iter_mut().for_each(|v| *v = (*v * 0.6).round());
            values.chunks_exact_mut(dim).for_each(|head| head[0] = lead);
        }
        Scores::FarApart => values.iter_mut().for_each(|v| *v = (*v * 4.0).round() * 8.0),
        Scores::Climbing => {
            values.iter_mut().for_each(|v| *v *= 0.1);
            values.chunks_exact_mut(dim).step_by(2).for_each(|head| head[0] = lead);
        }
    }
    values
}

/// Tokens from `position` on, over a cache that holds what they see and nothing else.
struct Setting {
    shape: Shape,
    position: u32,
    scores: Scores,
    /// Largest value.
    extent: f32,
}

struct Data {
    q: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
}

fn data(setting: &Setting, rows: u32) -> Data {
    let Setting { shape, position, scores, extent } = *setting;
    let mut random = Random::new(15);
    let (dim, row) = (shape.head_dim as usize, (shape.kv_heads * shape.head_dim) as usize);
    let q = heads(scores, (rows * shape.heads) as usize, dim, 100.0, &mut random);
    let mut keys = vec![f32::NAN; shape.capacity as usize * row];
    let mut values = keys.clone();
    let seen = visible(position, shape.window).start..position + rows;
    assert!(seen.len() <= shape.capacity as usize, "attention: {seen:?} in {} rows", shape.capacity);
    for p in seen {
        let at = (p % shape.capacity) as usize * row;
        let lead = match scores {
            Scores::Low => -100.0,
            Scores::Climbing => p as f32 / 200.0,
            Scores::Usual | Scores::High | Scores::FarApart => 100.0,
        };
        keys[at..at + row].copy_from_slice(&heads(scores, shape.kv_heads as usize, dim, lead, &mut random));
        values[at..at + row].copy_from_slice(&random.floats(row, extent));
    }
    Data { q, keys: stored(shape.kv, keys), values: stored(shape.kv, values) }
}

fn costing(case: Case, setting: &Setting, rows: u32) -> Case {
    let shape = setting.shape;
    let row = u64::from(shape.head_dim);
    let seen = |p| u64::from(visible(p, shape.window).end - visible(p, shape.window).start);
    let pairs: u64 = (setting.position..setting.position + rows).map(seen).sum();
    let first = visible(setting.position, shape.window).start;
    let cached = u64::from(setting.position + rows - first) * u64::from(shape.kv_heads);
    let queries = u64::from(rows) * u64::from(shape.heads) * row;
    case.costing(
        2 * cached * shape.kv.head_bytes(shape.head_dim) + 8 * queries,
        4 * pairs * u64::from(shape.heads) * row,
    )
}

fn named(name: &str, setting: &Setting) -> String {
    let Shape { heads, kv_heads, head_dim, capacity, window, kv, products } = setting.shape;
    let position = setting.position;
    let how = match products {
        Products::Float => String::new(),
        Products::Cooperative => format!(", {products:?}"),
    };
    format!(
        "{name}, {heads}/{kv_heads} heads of {head_dim}, {kv:?}, window {window} in {capacity}, from {position}{how}"
    )
}

fn rounding(shape: &Shape) -> half_rows::Shape {
    half_rows::Shape { columns: shape.heads * shape.head_dim }
}

fn shaders(shape: &Shape) -> Vec<Shader> {
    match shape.products {
        Products::Float => vec![shader(shape)],
        Products::Cooperative => vec![half_rows::shader(&rounding(shape)), shader(shape)],
    }
}

fn prompt(name: &str, setting: Setting, rows: u32) -> Case {
    let shape = setting.shape;
    let name = named(&format!("prompt of {rows}, {name}"), &setting);
    let costed = Setting { ..setting };
    let prepare = move |device: &gpu::Device| {
        let Data { q, keys, values } = data(&setting, rows);
        let expected = expected_y(&shape, &q, &keys, &values, setting.position);
        let (q, y) = (floats(device, "q", &q)?, poisoned(device, "y", expected.len())?);
        let keys = cache(device, "k_cache", shape.kv, shape.head_dim, &keys)?;
        let values = cache(device, "v_cache", shape.kv, shape.head_dim, &values)?;
        let step = step(device, Step { rows, position: setting.position, ..Step::default() })?;
        let attention = |q: &[gpu::Binding<'_>]| {
            let (k_cache, v_cache, step) = ((&keys).into(), (&values).into(), (&step).into());
            forward(device, &shape, Inputs { q, k_cache, v_cache, step }, (&y).into())
        };
        let ops = match shape.products {
            Products::Float => vec![attention(&[(&q).into()])?],
            Products::Cooperative => {
                let halves = poisoned(device, "halves", (rows * rounding(&shape).padded()) as usize / 2)?;
                let scales = poisoned(device, "scales", rows as usize)?;
                let [halves, scales] = [&halves, &scales].map(gpu::Binding::from);
                vec![
                    half_rows::forward(device, &rounding(&shape), (&q).into(), halves, scales)?,
                    attention(&[halves, scales])?,
                ]
            }
        };
        Ok(Prepared { ops, rows, outputs: vec![expect(y, expected)] })
    };
    let tolerance = match shape.products {
        Products::Float => TOLERANCE,
        Products::Cooperative => HALVES,
    };
    costing(Case::new("attention", name, shaders(&shape), tolerance, prepare), &costed, rows)
}

/// Keys around the block, tokens around the tile, windows and rings, grouped heads, both cache types, real heads, the
/// end of the context, extreme scores and values.
pub fn cases() -> Vec<Case> {
    let small = Shape {
        heads: 2,
        kv_heads: 1,
        head_dim: 8,
        capacity: 400,
        window: 0,
        kv: KvType::F32,
        products: Products::Float,
    };
    let at = |shape, position| Setting { shape, position, scores: Scores::Usual, extent: 1.0 };
    let half = |shape: Shape| Shape { kv: KvType::F16, ..shape };
    let mut cases =
        vec![prompt("from the beginning", at(small, 0), 7), prompt("one key", at(half(small), 0), 1)];
    for position in [62, 63, 127, 128, 255] {
        cases.push(prompt("keys around the block", at(half(small), position), 2));
    }
    for rows in [15, 16, 17, 33] {
        cases.push(prompt("tokens around the tile", at(half(small), 50), rows));
    }
    for (heads, kv_heads) in [(4, 4), (6, 3), (8, 2), (7, 1), (40, 1)] {
        let grouped = Shape { heads, kv_heads, capacity: 32, ..small };
        cases.push(prompt("grouped heads", at(grouped, 20), 3));
    }
    // The ring is as short as it may be: the window and the step's other rows.
    let ring = Shape { capacity: 20, window: 16, kv_heads: 2, ..small };
    for position in [0, 10, 15, 16, 19, 20, 100] {
        cases.push(prompt("ring", at(ring, position), 5));
    }
    let long_ring = Shape { capacity: 140, window: 100, kv_heads: 1, ..small };
    for position in [0, 90, 150] {
        cases.push(prompt("ring of several blocks", at(long_ring, position), 40));
    }
    let narrow = Shape { window: 1, capacity: 4, ..small };
    cases.push(prompt("window of one", at(narrow, 9), 3));
    cases.push(prompt("window larger than the keys", at(Shape { window: 300, ..small }, 40), 3));
    for head_dim in [4, 72, 508] {
        let odd = Shape { head_dim, capacity: 150, ..small };
        cases.push(prompt("odd heads", at(odd, 140), 2));
    }
    let local = Shape { heads: 8, head_dim: 256, capacity: 544, window: 512, kv: KvType::F16, ..small };
    let global = Shape { head_dim: 512, capacity: 1024, window: 0, ..local };
    for kv in [KvType::F16, KvType::F32, KvType::Q8] {
        cases.push(prompt("e2b local", at(Shape { kv, ..local }, 700), 3));
        cases.push(prompt("e2b global", at(Shape { kv, ..global }, 300), 2));
    }
    cases.push(prompt("e2b local", at(Shape { capacity: 600, ..local }, 60), 37));
    cases.push(prompt("e2b global", at(global, 60), 19));
    let large = Shape { heads: 32, kv_heads: 16, capacity: 64, window: 48, ..local };
    cases.push(prompt("31b local", at(large, 90), 2));
    let long = Shape { head_dim: 16, capacity: 40_960, kv: KvType::F16, ..small };
    // Mesa's software driver ends any shader after 65535 rounds of its loops, inner ones counted.
    cases.push(prompt("many keys", at(long, 40_000), 1));
    cases.push(prompt("window at the end of the context", at(local, 131071), 1));
    let heads_of_64 = Shape { head_dim: 64, ..small };
    for scores in [Scores::High, Scores::Low, Scores::FarApart] {
        let setting = |shape| Setting { shape, position: 300, scores, extent: 1.0 };
        cases.push(prompt(&format!("scores {scores:?}"), setting(heads_of_64), 2));
    }
    cases.push(prompt("large values", Setting { extent: 1e4, ..at(small, 50) }, 2));
    cases.extend(on_matrix_hardware());
    cases
}

/// What a kind of products is tried with before it is used, where attention depends on it: windows and all keys, more than a tile and
/// a block each way.
pub(crate) fn trial(products: matmul::Products) -> Vec<Case> {
    let setting = |(head_dim, capacity, window)| {
        let products = Products::of(products, KvType::F16, head_dim);
        let shape = Shape { heads: 8, kv_heads: 1, head_dim, capacity, window, kv: KvType::F16, products };
        Setting { shape, position: 590, scores: Scores::Usual, extent: 1.0 }
    };
    [(256, 620, 512), (512, 700, 0)]
        .map(setting)
        .into_iter()
        .filter(|setting| setting.shape.products != Products::Float)
        .map(|setting| prompt("trial", setting, 19))
        .collect()
}

/// The same for matrix hardware: tiles of sixteen keys and rows, wide heads.
fn on_matrix_hardware() -> Vec<Case> {
    let small = Shape {
        heads: 2,
        kv_heads: 1,
        head_dim: 128,
        capacity: 400,
        window: 0,
        kv: KvType::F16,
        products: Products::Cooperative,
    };
    let at = |shape, position| Setting { shape, position, scores: Scores::Usual, extent: 1.0 };
    let mut cases = vec![prompt("from the beginning", at(small, 0), 7), prompt("one key", at(small, 0), 1)];
    for position in [14, 15, 16, 62, 63, 127, 128, 255] {
        cases.push(prompt("keys around the tile", at(small, position), 2));
    }
    let alone = Shape { heads: 1, ..small };
    for rows in [15, 16, 17, 31, 32, 33] {
        cases.push(prompt("tokens around the tile", at(small, 50), rows));
        cases.push(prompt("tokens around the tile", at(alone, 50), rows));
    }
    for (heads, kv_heads) in [(4, 4), (6, 3), (8, 2), (7, 1)] {
        cases.push(prompt("grouped heads", at(Shape { heads, kv_heads, capacity: 32, ..small }, 20), 3));
    }
    let ring = Shape { capacity: 20, window: 16, kv_heads: 2, ..small };
    for position in [0, 10, 15, 16, 19, 20, 100] {
        cases.push(prompt("ring", at(ring, position), 5));
    }
    let long_ring = Shape { capacity: 140, window: 100, ..small };
    for position in [0, 90, 150] {
        cases.push(prompt("ring of several blocks", at(long_ring, position), 40));
    }
    let narrow = Shape { window: 1, capacity: 4, ..small };
    cases.push(prompt("window of one", at(narrow, 9), 3));
    cases.push(prompt("window larger than the keys", at(Shape { window: 300, ..small }, 40), 3));
    let local = Shape { heads: 8, head_dim: 256, capacity: 613, window: 512, ..small };
    let global = Shape { heads: 8, head_dim: 512, capacity: 1024, ..small };
    cases.push(prompt("e2b local", at(local, 700), 100));
    cases.push(prompt("e2b local", at(local, 60), 37));
    cases.push(prompt("e2b global", at(global, 300), 40));
    cases.push(prompt("e2b global", at(global, 60), 19));
    let large = Shape { heads: 32, kv_heads: 16, capacity: 64, window: 48, ..local };
    cases.push(prompt("31b local", at(large, 90), 2));
    cases.push(prompt("many keys", at(Shape { capacity: 40_960, ..small }, 40_000), 1));
    cases.push(prompt("window at the end of the context", at(local, 131_071), 1));
    for scores in [Scores::High, Scores::Low, Scores::FarApart, Scores::Climbing] {
        let setting = Setting { shape: small, position: 300, scores, extent: 1.0 };
        cases.push(prompt(&format!("scores {scores:?}"), setting, 20));
    }
    cases.push(prompt("large values", Setting { extent: 1e4, ..at(small, 50) }, 2));
    cases
}
