//! Cases of the expert products.

use super::{Shape, forward, reference, shader};
use crate::case::buffers::{expect, floats, poisoned, words};
use crate::case::random::Random;
use crate::case::weights::{Content, Weights, awkward_columns};
use crate::case::{Case, Prepared, Tolerance};
use crate::weight::Layout;
use gguf::Type;

const TOLERANCE: Tolerance = Tolerance { relative: 5e-6, reason: "as matvec" };

/// A part of the experts, of (rows, columns) each.
#[derive(Clone, Copy)]
struct Experts {
    kind: Type,
    rows: usize,
    columns: usize,
    content: Content,
    /// First expert and number of experts of the part.
    part: (u32, usize),
    top_k: u32,
    slots_per_input: u32,
    /// First column written and width of y.
    out: (usize, usize),
}

impl Experts {
    fn shape<'a>(&self, weight: &'a Layout) -> Shape<'a> {
        Shape {
            weight,
            rows: self.rows as u32,
            first_expert: self.part.0,
            top_k: self.top_k,
            slots_per_input: self.slots_per_input,
            out_stride: self.out.1 as u32,
            out_offset: self.out.0 as u32,
        }
    }
}

fn case(name: &str, experts: Experts, chosen: &'static [u32]) -> Case {
    let Experts { kind, rows, columns, content, part: (first_expert, n), top_k, slots_per_input, out } =
        experts;
    let (first, stride) = out;
    let slots = chosen.len();
    let prepare = move |device: &gpu::Device| {
        let mut random = Random::new(12);
        let w = Weights::new(kind, n * rows, columns, content, &mut random);
        let x = random.floats(slots / slots_per_input as usize * columns, 2.0);
        let of = reference::Shape { rows, columns, slots_per_input: slots_per_input as usize };
        let mut expected = vec![f32::NAN; slots * stride];
        let products = reference::forward(of, &w.values, first_expert, &x, chosen);
        for (line, product) in expected.chunks_exact_mut(stride).zip(products) {
            if let Some(product) = product {
                line[first..first + rows].copy_from_slice(&product);
            }
        }
        let (weight, x) = (w.upload(device)?, floats(device, "x", &x)?);
        let (ids, y) = (words(device, "experts", chosen)?, poisoned(device, "y", expected.len())?);
        let op = forward(
            device,
            &experts.shape(&w.layout),
            (&weight).into(),
            (&x).into(),
            (&ids).into(),
            (&y).into(),
        )?;
        let tokens = slots as u32 / top_k;
        Ok(Prepared { ops: vec![op], rows: tokens, outputs: vec![expect(y, expected)] })
    };
    let layout = Layout::new(kind, (n * rows) as u64, columns as u64);
    let here: Vec<u32> =
        chosen.iter().copied().filter(|e| (first_expert..first_expert + n as u32).contains(e)).collect();
    let distinct = here.iter().enumerate().filter(|(i, e)| !here[..*i].contains(e)).count() as u64;
    let bytes = layout.bytes() / n as u64 * distinct
        + 4 * (slots / slots_per_input as usize * columns + here.len() * rows + slots) as u64;
    let name = format!("{name}, {kind} {n} x {rows} x {columns}");
    Case::new("expert_matvec", name, vec![shader(&experts.shape(&layout))], TOLERANCE, prepare)
        .costing(bytes, 2 * (here.len() * rows * columns) as u64)
}

/// Every type; parts whose experts are only some of the chosen; inputs per token and per slot; real widths.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for &kind in Type::SUPPORTED {
        let columns = awkward_columns(kind, 96);
        let all = Experts {
            kind,
            rows: 6,
            columns,
            content: Content::Encoded,
            part: (0, 5),
            top_k: 2,
            slots_per_input: 2,
            out: (0, 6),
        };
        cases.push(case("input per token", all, &[4, 0, 3, 3, 1, 2]));
        let part = Experts { rows: 3, part: (2, 2), slots_per_input: 1, out: (2, 9), ..all };
        cases.push(case("part, input per slot", part, &[4, 2, 3, 0, 1, 3]));
        let bits = Experts { content: Content::AnyBits, rows: 7, part: (1, 3), out: (0, 7), ..all };
        cases.push(case("any bits", bits, &[1, 3, 0, 2]));
        let small = Experts { content: Content::Subnormal, ..bits };
        cases.push(case("subnormal scales", small, &[1, 3, 0, 2]));
    }
    let gate_up = Experts {
        kind: Type::Q4_K,
        rows: 40,
        columns: 2816,
        content: Content::Encoded,
        part: (126, 2),
        top_k: 8,
        slots_per_input: 8,
        out: (40, 80),
    };
    cases.push(case("26b gate and up", gate_up, &[127, 3, 126, 8, 1, 0, 2, 4]));
    for kind in [Type::Q5_0, Type::Q8_0] {
        let down = Experts { kind, rows: 33, columns: 704, slots_per_input: 1, out: (0, 33), ..gate_up };
        cases.push(case("26b down", down, &[127, 3, 126, 8, 1, 0, 2, 4]));
    }
    let elsewhere = Experts { kind: Type::Q8_0, columns: 32, ..gate_up };
    cases.push(case("no expert of the part", elsewhere, &[0, 1, 2, 3, 4, 5, 6, 125]));
    cases
}
