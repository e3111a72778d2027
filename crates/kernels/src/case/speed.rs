//! Cases for measuring: what an adapter reaches at most, products in the sizes of e2b, and of every other kernel its largest case.

use super::{Case, Prepared, UNCHECKED, all};
use crate::op::Step;
use crate::probe::Numbers;
use crate::sums::Sums;
use crate::trial::arbitrary;
use crate::weight::Layout;
use crate::{matmul, matvec, probe};
use gguf::Type;
use gpu::{Account, Binding, Buffer, Device, Error, Usage};

/// Products of e2b's layers, of which 28 of 35 attend within a window and 20 are wide: what for, type, rows, columns. The head
/// is an eighth of its size.
const PRODUCTS: [(&str, Type, u64, u64); 10] = [
    ("queries", Type::Q4_K, 2048, 1536),
    ("queries, keys and values, global", Type::Q4_K, 5120, 1536),
    ("output of attention", Type::Q4_K, 1536, 2048),
    ("gates and ups, narrow", Type::Q4_K, 12_288, 1536),
    ("gates and ups", Type::Q4_K, 24_576, 1536),
    ("down", Type::Q4_K, 1536, 12_288),
    ("down", Type::Q6_K, 1536, 12_288),
    ("per-layer gate", Type::Q4_K, 256, 1536),
    ("per-layer projection", Type::Q4_K, 1536, 256),
    ("an eighth of the head", Type::Q6_K, 32_768, 1536),
];
/// Tokens of a chunk of a prompt.
const CHUNK: u64 = 256;

/// What the adapter's memory reaches: a copy.
pub fn copy_probe() -> Case {
    probe::cases::copy_speed_case()
}

/// What its arithmetic reaches in registers, by so many workgroups of 256: the best of these.
pub fn multiply_probes(numbers: Numbers, workgroups: u32) -> Vec<Case> {
    probe::cases::multiply_speed_cases(numbers, workgroups)
}

/// What is measured, by kernel.
pub fn speed() -> Vec<Case> {
    let mut cases = products();
    let mut others = all();
    others.retain(|case| !["matvec", "matmul", "probe"].contains(&case.kernel));
    // A stable sort: of equally large cases the first.
    others.sort_by_key(|case| (case.kernel, std::cmp::Reverse(case.bytes + case.flops)));
    others.dedup_by_key(|case| case.kernel);
    cases.extend(others);
    cases.sort_by_key(|case| case.kernel);
    cases
}

fn products() -> Vec<Case> {
    let mut cases = Vec::new();
    for (what, kind, rows, columns) in PRODUCTS {
        for products in [matvec::Products::Float, matvec::Products::Half, matvec::Products::Packed] {
            for sums in [Sums::Workgroup, Sums::Subgroup(32)] {
                cases.push(token_product(what, Layout::new(kind, rows, columns), products, sums));
            }
        }
        // Prompts take the head for a single row.
        if what != "an eighth of the head" {
            for products in [matmul::Products::Float, matmul::Products::Half, matmul::Products::Cooperative] {
                cases.push(prompt_product(what, Layout::new(kind, rows, columns), products));
            }
        }
    }
    cases
}

fn token_product(what: &str, layout: Layout, products: matvec::Products, sums: Sums) -> Case {
    let staged = matvec::staged_bytes(layout.columns as u32, products) <= 16_384;
    let input = match products {
        _ if staged => matvec::Input::Staged,
        matvec::Products::Float | matvec::Products::Half => matvec::Input::Interleaved,
        matvec::Products::Packed => matvec::Input::Packed,
    };
    let store = matvec::Store::Rows { offset: 0 };
    let shape = matvec::Shape { weight: &layout, products, sums, input, store };
    let (shader, name) = (matvec::shader(&shape), named(what, &layout, &format!("{products:?}, {sums:?}")));
    let cost = (layout.bytes() + 4 * (layout.rows + layout.columns), 2 * layout.rows * layout.columns);
    let prepare = move |device: &Device| {
        let shape = matvec::Shape { weight: &layout, products, sums, input, store };
        let (weight, x) = (arbitrary(device, layout.bytes())?, arbitrary(device, 4 * layout.columns)?);
        let y = zeros(device, 4 * layout.rows)?;
        let op = matvec::forward(device, &shape, (&weight).into(), &[(&y).into()], &[(&x).into()])?;
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

fn prompt_product(what: &str, layout: Layout, products: matmul::Products) -> Case {
    let store = matmul::Store::Rows { stride: layout.rows as u32, offset: 0 };
    let shader = matmul::shader(&matmul::Shape { weight: &layout, products, store });
    let name = named(what, &layout, &format!("{CHUNK} tokens, {products:?}"));
    let cost = (
        layout.bytes() + 4 * CHUNK * (layout.rows + layout.columns),
        2 * CHUNK * layout.rows * layout.columns,
    );
    let prepare = move |device: &Device| {
        let (weight, x) =
            (arbitrary(device, layout.bytes())?, arbitrary(device, 4 * CHUNK * layout.columns)?);
        let (scales, y) = (arbitrary(device, 4 * CHUNK)?, zeros(device, 4 * CHUNK * layout.rows)?);
        let step = super::buffers::step(device, Step { rows: CHUNK as u32, ..Step::default() })?;
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

fn named(what: &str, layout: &Layout, how: &str) -> String {
    format!("{what}, {:?} {} x {}, {how}", layout.kind, layout.rows, layout.columns)
}

fn zeros(device: &Device, bytes: u64) -> Result<Buffer, Error> {
    device.buffer("zeros", Account::Other, bytes, Usage::Storage)
}
