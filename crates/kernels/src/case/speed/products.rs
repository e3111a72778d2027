//! Products of e2b's layers, with what happens before and after them in the same dispatch.

use crate::case::buffers::step;
use crate::case::{Case, Prepared, UNCHECKED};
use crate::matmul;
use crate::matvec::{self, Input, Order, Store, SumRows};
use crate::op::Step;
use crate::probe::Numbers;
use crate::sums::Sums;
use crate::trial::arbitrary;
use crate::weight::Layout;
use gguf::Type;
use gpu::{Binding, Buffer, Device, Error};

/// Where a product's x comes from.
#[derive(Clone, Copy)]
enum From {
    /// The residual with what is pending, normed.
    Residual,
    /// The same for the last product, which leaves no residual.
    LastResidual,
    /// The same without the norm.
    ResidualPlain,
    /// What the kernel before left in the order in which products read.
    Left,
}

/// What becomes of its rows.
#[derive(Clone, Copy)]
enum To {
    Rows,
    Gated,
    /// Gates of the layer's per-layer embedding.
    Gate,
    Logits,
}

struct Product {
    what: &'static str,
    kind: Type,
    rows: u64,
    columns: u64,
    from: From,
    to: To,
}

const fn product(what: &'static str, kind: Type, rows: u64, columns: u64, from: From, to: To) -> Product {
    Product { what, kind, rows, columns, from, to }
}

/// Of 35 layers 28 attend within a window and 20 are wide. The head is an eighth of its size.
const PRODUCTS: [Product; 10] = [
    product("queries", Type::Q4_K, 2048, 1536, From::Residual, To::Rows),
    product("queries, keys and values, global", Type::Q4_K, 5120, 1536, From::Residual, To::Rows),
    product("output of attention", Type::Q4_K, 1536, 2048, From::Left, To::Rows),
    product("gates and ups, narrow", Type::Q4_K, 12_288, 1536, From::Residual, To::Gated),
    product("gates and ups", Type::Q4_K, 24_576, 1536, From::Residual, To::Gated),
    product("down", Type::Q4_K, 1536, 12_288, From::Left, To::Rows),
    product("down", Type::Q6_K, 1536, 12_288, From::Left, To::Rows),
    product("per-layer gate", Type::Q4_K, 256, 1536, From::ResidualPlain, To::Gate),
    product("per-layer projection", Type::Q4_K, 1536, 256, From::Left, To::Rows),
    product("an eighth of the head", Type::Q6_K, 32_768, 1536, From::LastResidual, To::Logits),
];
/// Tokens of a chunk of a prompt.
const CHUNK: u64 = 512;
const EPSILON: f32 = 1e-6;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for product in &PRODUCTS {
        for products in [matvec::Products::Float, matvec::Products::Half, matvec::Products::Packed] {
            for sums in [Sums::Workgroup, Sums::Subgroup(32)] {
                cases.push(of_token(product, products, sums));
            }
        }
        // Prompts take the head for a single row.
        if !matches!(product.to, To::Logits) {
            for products in [matmul::Products::Float, matmul::Products::Half, matmul::Products::Cooperative] {
                cases.push(of_prompt(product, products));
            }
        }
    }
    cases
}

fn of_token(product: &Product, products: matvec::Products, sums: Sums) -> Case {
    let layout = Layout::new(product.kind, product.rows, product.columns);
    let (rows, columns) = (product.rows as u32, product.columns as u32);
    // Everything here is of whole blocks, as what reads it is.
    let order = Order::read_by(products, columns);
    let (input, inputs) = match (product.from, order) {
        (From::Residual, _) => (Input::Residual { epsilon: EPSILON, rows: SumRows::Interleaved }, 6),
        (From::LastResidual, _) => (Input::LastResidual { epsilon: EPSILON, rows: SumRows::Interleaved }, 5),
        (From::ResidualPlain, _) => {
            (Input::ResidualPlain { epsilon: EPSILON, rows: SumRows::Interleaved }, 5)
        }
        (From::Left, Order::Packed) => (Input::Packed, 1),
        (From::Left, Order::Interleaved) => (Input::Interleaved, 1),
    };
    let (store, outputs) = match product.to {
        To::Rows => (Store::Rows { offset: 0, blocks: 0 }, 1),
        To::Gated => (Store::Gated(order), 1),
        To::Gate => (Store::Gate { order, offset: 0, rows, up_offset: 0 }, 2),
        To::Logits => (Store::Logits { offset: 0, cap: 30.0, candidates: 0 }, 2),
    };
    let cost =
        (layout.bytes() + 4 * (product.rows + inputs * product.columns), 2 * product.rows * product.columns);
    let shape = matvec::Shape { weight: &layout, products, sums, input, store };
    let (shader, name) =
        (matvec::shader(&shape), named(product, &layout, &format!("{products:?}, {sums:?}")));
    let prepare = move |device: &Device| {
        let shape = matvec::Shape { weight: &layout, products, sums, input, store };
        let weight = arbitrary(device, layout.bytes())?;
        let inputs = several(device, inputs, 4 * layout.columns)?;
        let outputs = several(device, outputs, 8 * layout.rows)?;
        let op = matvec::forward(device, &shape, (&weight).into(), &bindings(&outputs), &bindings(&inputs))?;
        Ok(Prepared { ops: vec![op], rows: 1, outputs: Vec::new() })
    };
    let numbers = match products {
        // Half is how x is kept; what is multiplied is f32.
        matvec::Products::Float | matvec::Products::Half => Numbers::Float,
        matvec::Products::Packed => Numbers::Bytes,
    };
    let case = Case::new("matvec", name, vec![shader], UNCHECKED, prepare);
    case.costing(cost.0, cost.1).working_on(Some(numbers))
}

fn of_prompt(product: &Product, products: matmul::Products) -> Case {
    let layout = Layout::new(product.kind, product.rows, product.columns);
    let parts = matmul::parts(&layout);
    let store = match product.to {
        To::Gated => matmul::Store::Gated,
        _ if parts > 1 => matmul::Store::Parts(parts),
        _ => matmul::Store::Rows { stride: layout.rows as u32, offset: 0 },
    };
    let shader = matmul::shader(&matmul::Shape { weight: &layout, products, store });
    let name = named(product, &layout, &format!("{CHUNK} tokens, {products:?}"));
    let cost = (
        layout.bytes() + 4 * CHUNK * (layout.rows + layout.columns),
        2 * CHUNK * layout.rows * layout.columns,
    );
    let prepare = move |device: &Device| {
        let (weight, x) =
            (arbitrary(device, layout.bytes())?, arbitrary(device, 4 * CHUNK * layout.columns)?);
        let (scales, y) =
            (arbitrary(device, 4 * CHUNK)?, arbitrary(device, 4 * CHUNK * layout.rows * u64::from(parts))?);
        let step = step(device, Step { rows: CHUNK as u32, ..Step::default() })?;
        let x: &[Binding<'_>] = match products {
            matmul::Products::Float => &[(&x).into()],
            matmul::Products::Half | matmul::Products::Cooperative => &[(&x).into(), (&scales).into()],
        };
        let shape = matmul::Shape { weight: &layout, products, store };
        let op = matmul::forward(device, &shape, (&weight).into(), x, (&y).into(), (&step).into())?;
        Ok(Prepared { ops: vec![op], rows: CHUNK as u32, outputs: Vec::new() })
    };
    let numbers = match products {
        matmul::Products::Float | matmul::Products::Half => Some(Numbers::Float),
        matmul::Products::Cooperative => None,
    };
    Case::new("matmul", name, vec![shader], UNCHECKED, prepare).costing(cost.0, cost.1).working_on(numbers)
}

fn named(product: &Product, layout: &Layout, how: &str) -> String {
    format!("{}, {:?} {} x {}, {how}", product.what, layout.kind, layout.rows, layout.columns)
}

fn several(device: &Device, count: u64, bytes: u64) -> Result<Vec<Buffer>, Error> {
    (0..count).map(|_| arbitrary(device, bytes)).collect()
}

fn bindings(buffers: &[Buffer]) -> Vec<Binding<'_>> {
    buffers.iter().map(Binding::from).collect()
}
