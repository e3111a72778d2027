//! Cases of the head norm, rotation and append.

use super::reference::{Rope, forward as expected_heads};
use super::{Buffers, Shape, forward, rope_lines, rope_table, shader};
use crate::case::buffers::{cache, expect, expect_cache, floats, poisoned, step};
use crate::case::random::Random;
use crate::case::{Case, Prepared, Tolerance};
use crate::kv::KvType;
use crate::op::Step;

const TOLERANCE: Tolerance = Tolerance {
    relative: 3e-6,
    reason: "the norm as in rms_norm; cos and sin are joined from two rounded table entries each",
};

/// Heads of a layer and what turns them.
#[derive(Clone, Copy)]
struct Layer {
    heads: u32,
    kv_heads: u32,
    head_dim: u32,
    values: Values,
    kv: KvType,
    theta: f64,
    /// Pairs that rotate; the others have a divisor so large that they stand still.
    turning: u32,
}

/// Where the values of a layer come from.
#[derive(Clone, Copy, PartialEq)]
enum Values {
    /// Their own columns, behind the keys.
    Own,
    /// The raw keys.
    Keys,
}

/// Some tokens of a layer. Rows of qkv are 8 columns longer than their heads, which another reader may own.
fn case(name: &str, layer: Layer, capacity: u32, position: u32, rows: u32) -> Case {
    let Layer { heads, kv_heads, head_dim, values, kv, theta, turning } = layer;
    let v_offset = (heads + if values == Values::Own { kv_heads } else { 0 }) * head_dim;
    let stride = v_offset + kv_heads * head_dim + 8;
    let shape = Shape { heads, kv_heads, head_dim, stride, v_offset, capacity, kv, epsilon: 1e-6 };
    let prepare = move |device: &gpu::Device| {
        let mut random = Random::new(14);
        let qkv = random.floats((rows * stride) as usize, 3.0);
        let norms = random.between(2 * head_dim as usize, 0.5, 1.5);
        let mut factors = vec![1.0; turning as usize];
        factors.resize(head_dim as usize / 2, 1e30);
        let rope = Rope { theta, factors: &factors };
        let expected = expected_heads(&shape, rope, &qkv, &norms, position);
        let cache_of = |appended: &[f32]| {
            let row = (kv_heads * head_dim) as usize;
            // A layer without keys and values of its own still binds something.
            let mut rows = vec![f32::NAN; (capacity as usize * row).max(head_dim as usize)];
            for (p, values) in (position..).zip(appended.chunks_exact(row.max(1))) {
                rows[(p % capacity) as usize * row..][..row].copy_from_slice(values);
            }
            rows
        };
        let (keys, values) = (cache_of(&expected.keys), cache_of(&expected.values));
        let table = rope_table(head_dim, theta, &factors, position + rows);
        assert_eq!(table.len() as u32, rope_lines(position + rows) * head_dim);
        let (qkv, norms) = (floats(device, "qkv", &qkv)?, floats(device, "norms", &norms)?);
        let (rope, q) = (floats(device, "rope", &table)?, poisoned(device, "q", expected.queries.len())?);
        let empty = vec![f32::NAN; keys.len()];
        let (k_cache, v_cache) = (
            cache(device, "k_cache", kv, head_dim, &empty)?,
            cache(device, "v_cache", kv, head_dim, &empty)?,
        );
        let step = step(device, Step { rows, position, ..Step::default() })?;
        let buffers = Buffers {
            qkv: (&qkv).into(),
            norms: (&norms).into(),
            rope: (&rope).into(),
            q: (&q).into(),
            k_cache: (&k_cache).into(),
            v_cache: (&v_cache).into(),
            step: (&step).into(),
        };
        let op = forward(device, &shape, buffers)?;
        let outputs = vec![
            expect(q, expected.queries),
            expect_cache(k_cache, kv, head_dim, keys),
            expect_cache(v_cache, kv, head_dim, values),
        ];
        Ok(Prepared { ops: vec![op], rows, outputs })
    };
    let name = format!("{name}, {heads} + {kv_heads} heads of {head_dim}, {kv:?}, {rows} from {position}");
    let bytes = u64::from(rows)
        * (u64::from(head_dim) * 8 * u64::from(heads + kv_heads)
            + u64::from(kv_heads) * 2 * kv.head_bytes(head_dim));
    Case::new("head_norm_rope", name, vec![shader(&shape)], TOLERANCE, prepare).costing(bytes, 0)
}

/// Small heads, heads of all models, all sources of values, ring wrap-around, positions to the end of the context.
pub fn cases() -> Vec<Case> {
    let small = Layer {
        heads: 3,
        kv_heads: 1,
        head_dim: 8,
        values: Values::Own,
        kv: KvType::F32,
        theta: 1e4,
        turning: 4,
    };
    let local = Layer { heads: 8, kv_heads: 1, head_dim: 256, kv: KvType::F16, turning: 128, ..small };
    let global = Layer { head_dim: 512, theta: 1e6, turning: 64, ..local };
    let mut cases = vec![
        case("smallest head", small, 16, 0, 1),
        case("several rows", Layer { kv_heads: 3, ..small }, 16, 3, 5),
        case("a head of 72", Layer { head_dim: 72, turning: 36, ..small }, 8, 2, 3),
        case("ring wraps within the step", Layer { kv_heads: 2, ..small }, 8, 22, 5),
        case("ring wraps, f16", Layer { kv_heads: 2, kv: KvType::F16, ..small }, 8, 22, 5),
        case("whole ring", small, 6, 4, 6),
        case("shared cache", Layer { kv_heads: 0, ..small }, 16, 7, 3),
        case("shared cache, f16", Layer { kv_heads: 0, ..global }, 16, 7, 2),
        case("keys are values", Layer { heads: 4, kv_heads: 2, values: Values::Keys, ..small }, 16, 9, 3),
        case("31b global", Layer { heads: 32, kv_heads: 4, values: Values::Keys, ..global }, 4, 1000, 1),
        case("31b local", Layer { heads: 32, kv_heads: 16, ..local }, 4, 1030, 1),
    ];
    let blocks = Layer { kv_heads: 2, head_dim: 32, turning: 16, kv: KvType::Q8, ..small };
    cases.push(case("a head of one block", blocks, 8, 22, 5));
    cases.push(case(
        "31b global in 8 bits",
        Layer { heads: 32, kv_heads: 4, values: Values::Keys, kv: KvType::Q8, ..global },
        4,
        7,
        2,
    ));
    for kv in [KvType::F16, KvType::F32, KvType::Q8] {
        for position in [0, 255, 256, 4095] {
            cases.push(case("e2b local", Layer { kv, ..local }, 520, position, 2));
        }
        for position in [0, 511, 131070] {
            cases.push(case("e2b global", Layer { kv, ..global }, 16, position, 2));
        }
    }
    cases.push(case("end of the longest context", Layer { kv: KvType::F32, ..global }, 4, 262143, 1));
    cases
}
