//! Cases of the row gather.

use super::{Shape, forward, reference, shader};
use crate::case::buffers::{expect, poisoned, words};
use crate::case::random::Random;
use crate::case::weights::{Content, Weights, awkward_columns};
use crate::case::{Case, Prepared, Tolerance};
use crate::weight::Layout;
use gguf::Type;

const TOLERANCE: Tolerance = Tolerance {
    relative: 1e-6,
    reason: "a scale, a product, a sum and the factor are one rounding each, fused or not",
};

/// A part of a table, with the row at which it begins.
#[derive(Clone, Copy)]
struct Table {
    kind: Type,
    rows: usize,
    columns: usize,
    content: Content,
    first_row: u32,
}

fn case(name: &str, table: Table, scale: f32, ids: &'static [u32]) -> Case {
    let Table { kind, rows, columns, content, first_row } = table;
    let prepare = move |device: &gpu::Device| {
        let w = Weights::new(kind, rows, columns, content, &mut Random::new(13));
        let expected: Vec<f32> = reference::forward(&w.values, columns, first_row, ids, scale)
            .into_iter()
            .flat_map(|y| y.unwrap_or(vec![f32::NAN; columns]))
            .collect();
        let (table, y) = (w.upload(device)?, poisoned(device, "y", expected.len())?);
        let ids_buffer = words(device, "ids", ids)?;
        let shape = Shape { table: &w.layout, first_row, scale };
        let op = forward(device, &shape, (&table).into(), (&ids_buffer).into(), (&y).into())?;
        Ok(Prepared { ops: vec![op], rows: ids.len() as u32, outputs: vec![expect(y, expected)] })
    };
    let layout = Layout::new(kind, rows as u64, columns as u64);
    let shaders = vec![shader(&Shape { table: &layout, first_row, scale })];
    let tokens = ids.len() as u64;
    let bytes = tokens * (layout.bytes() / rows as u64 + 4 * columns as u64 + 4);
    let name = format!("{name}, {kind} {rows} x {columns}");
    Case::new("embed", name, shaders, TOLERANCE, prepare).costing(bytes, 0)
}

/// Every type with every kind of content; parts; real widths.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for &kind in Type::SUPPORTED {
        for content in Content::ALL {
            let table = Table { kind, rows: 9, columns: awkward_columns(kind, 96), content, first_row: 0 };
            cases.push(case(&format!("{content:?}"), table, 1.0, &[0, 8, 3, 3, 7]));
        }
        let e2b = Table { kind, rows: 5, columns: 1536, content: Content::Encoded, first_row: 0 };
        cases.push(case("e2b", e2b, 1536f32.sqrt(), &[4]));
        let part = Table { first_row: 262139, ..e2b };
        cases.push(case("last part", part, 16.0, &[0, 262143, 262138, 262139, 262141]));
        let first = Table { rows: 2, ..e2b };
        cases.push(case("first part", first, 1.0, &[2, 1, 262143, 0]));
    }
    for columns in [4, 12, 516] {
        let narrow = Table { kind: Type::F16, rows: 3, columns, content: Content::Encoded, first_row: 1 };
        cases.push(case("columns within a block", narrow, 0.5, &[3, 1, 0]));
    }
    let wide = Table { kind: Type::Q6_K, rows: 2, columns: 5376, content: Content::Encoded, first_row: 0 };
    cases.push(case("31b", wide, 5376f32.sqrt(), &[1, 0]));
    cases
}
