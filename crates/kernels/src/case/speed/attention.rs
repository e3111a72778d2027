//! Attention of e2b's layers: eight query heads of 256 columns within a window of 512 keys, or of 512 columns over all keys, and one
//! key and value head.

use crate::attention;
use crate::case::buffers::step;
use crate::case::{Case, Prepared, UNCHECKED};
use crate::head_norm_rope::rope_table;
use crate::kv::KvType;
use crate::matvec::Order;
use crate::op::Step;
use crate::probe::Numbers;
use crate::sums::Sums;
use crate::token_attention::{self, Width};
use crate::trial::arbitrary;
use gpu::{Binding, Device};

const HEADS: u32 = 8;
const WINDOW: u32 = 512;
/// Tokens of a chunk of a prompt.
const CHUNK: u32 = 512;
/// Rows of the cache of all keys.
const CONTEXT: u32 = 32_768;

/// A kind of layer.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    head_dim: u32,
    capacity: u32,
    /// 0 for none.
    window: u32,
}

const LOCAL: Kind = Kind { name: "local", head_dim: 256, capacity: WINDOW + CHUNK, window: WINDOW };
const GLOBAL: Kind = Kind { name: "global", head_dim: 512, capacity: CONTEXT, window: 0 };

impl Kind {
    /// Keys that a token at this position sees.
    fn seen(self, position: u32) -> u64 {
        u64::from(if self.window == 0 { position + 1 } else { self.window.min(position + 1) })
    }
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (kind, position) in
        [(LOCAL, 60), (LOCAL, 4000), (GLOBAL, 60), (GLOBAL, 600), (GLOBAL, 4000), (GLOBAL, 32_000)]
    {
        cases.push(of_token(kind, position, true, KvType::F16, Sums::Workgroup));
        for (own, kv) in [(true, KvType::F16), (false, KvType::F16), (true, KvType::Q8)] {
            cases.push(of_token(kind, position, own, kv, Sums::Subgroup(32)));
        }
    }
    for (kind, position) in [(LOCAL, 0), (LOCAL, 3584), (GLOBAL, 0), (GLOBAL, 3584)] {
        for products in [attention::Products::Float, attention::Products::Cooperative] {
            cases.push(of_prompt(kind, position, products));
        }
    }
    cases
}

/// A token, in the tiers of graphics cards.
fn of_token(kind: Kind, position: u32, own: bool, kv: KvType, sums: Sums) -> Case {
    let Kind { head_dim, capacity, window, .. } = kind;
    let shape = token_attention::Shape {
        heads: HEADS,
        kv_heads: 1,
        own,
        head_dim,
        v_offset: (HEADS + 1) * head_dim,
        capacity,
        window,
        kv,
        epsilon: 1e-6,
        order: Order::Packed,
        width: Width::Wide,
        sums,
    };
    let cached = u64::from(capacity) * kv.head_bytes(head_dim);
    let prepare = move |device: &Device| {
        let row = 4 * u64::from(HEADS * head_dim);
        let splits = u64::from(shape.splits().max(1));
        let qkv = arbitrary(device, row + 8 * u64::from(head_dim))?;
        let norms = arbitrary(device, 8 * u64::from(head_dim))?;
        let angles = rope_table(head_dim, 1e6, &[], CONTEXT).len();
        let rope = arbitrary(device, 4 * angles as u64)?;
        let (keys, values) = (arbitrary(device, cached)?, arbitrary(device, cached)?);
        let (partials, sums) =
            (arbitrary(device, splits * row)?, arbitrary(device, splits * 8 * u64::from(HEADS))?);
        let y = arbitrary(device, row)?;
        let step = step(device, Step { rows: 1, position, ..Step::default() })?;
        let buffers = token_attention::Buffers {
            qkv: (&qkv).into(),
            values: (&qkv).into(),
            norms: (&norms).into(),
            rope: (&rope).into(),
            k_cache: (&keys).into(),
            v_cache: (&values).into(),
            step: (&step).into(),
            partials: (shape.splits() > 0).then(|| [(&partials).into(), (&sums).into()]),
            y: (&y).into(),
        };
        let ops = token_attention::forward(device, &shape, buffers)?;
        Ok(Prepared { ops, rows: 1, outputs: Vec::new() })
    };
    let seen = kind.seen(position);
    let own = if own { "own" } else { "shared" };
    let name = format!("{} {head_dim}, {own} {kv:?}, {seen} keys, {sums:?}", kind.name);
    let bytes = 2 * seen * kv.head_bytes(head_dim) + 8 * u64::from(HEADS * head_dim);
    let case = Case::new("token_attention", name, token_attention::shaders(&shape), UNCHECKED, prepare);
    case.costing(bytes, 4 * seen * u64::from(HEADS * head_dim))
}

/// A chunk of a prompt.
fn of_prompt(kind: Kind, position: u32, products: attention::Products) -> Case {
    let Kind { head_dim, capacity, window, .. } = kind;
    let shape =
        attention::Shape { heads: HEADS, kv_heads: 1, head_dim, capacity, window, kv: KvType::F16, products };
    let rows = u64::from(CHUNK) * 4 * u64::from(HEADS * head_dim);
    let cached = u64::from(capacity) * shape.kv.head_bytes(head_dim);
    let prepare = move |device: &Device| {
        let (q, scales, y) =
            (arbitrary(device, rows)?, arbitrary(device, 4 * u64::from(CHUNK))?, arbitrary(device, rows)?);
        let (k_cache, v_cache) = (arbitrary(device, cached)?, arbitrary(device, cached)?);
        let step = step(device, Step { rows: CHUNK, position, ..Step::default() })?;
        let q: &[Binding<'_>] = match products {
            attention::Products::Float => &[(&q).into()],
            attention::Products::Cooperative => &[(&q).into(), (&scales).into()],
        };
        let inputs = attention::Inputs {
            q,
            k_cache: (&k_cache).into(),
            v_cache: (&v_cache).into(),
            step: (&step).into(),
        };
        let op = attention::forward(device, &shape, inputs, (&y).into())?;
        Ok(Prepared { ops: vec![op], rows: CHUNK, outputs: Vec::new() })
    };
    let pairs: u64 = (position..position + CHUNK).map(|at| kind.seen(at)).sum();
    let keys = u64::from(position + CHUNK) - (u64::from(position) + 1 - kind.seen(position));
    let name = format!("prompt of {CHUNK}, {} {head_dim}, at {position}, {products:?}", kind.name);
    let bytes = 2 * keys * shape.kv.head_bytes(head_dim) + 2 * rows;
    let numbers = match products {
        attention::Products::Float => Some(Numbers::Float),
        attention::Products::Cooperative => None,
    };
    let case = Case::new("attention", name, vec![attention::shader(&shape)], UNCHECKED, prepare);
    case.costing(bytes, 4 * pairs * u64::from(HEADS * head_dim)).working_on(numbers)
}
