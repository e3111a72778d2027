//! Cases of the matrix product.

use super::{Products, Shape, Store, forward, parts, reference, shader};
use crate::case::buffers::{expect, floats, poisoned, step};
use crate::case::random::Random;
use crate::case::weights::{Content, Weights, awkward_columns};
use crate::case::{Case, Prepared, Tolerance};
use crate::half_rows;
use crate::op::Step;
use crate::weight::Layout;
use gguf::Type;
use gpu::Shader;

const TOLERANCE: Tolerance = Tolerance {
    relative: 5e-6,
    reason: "thousands of products in f32, added one after the other; rounding grows with their root",
};
const GATED: Tolerance =
    Tolerance { relative: 2e-5, reason: "WGSL promises tanh to 1e-5 and no better, on top of the product" };
const HALVES: Tolerance = Tolerance {
    relative: 2e-3,
    reason: "x and the weights are rounded to f16, 2^-11 each, and a row's terms may cancel",
};

/// A matrix, what is done with it, and for how many tokens.
#[derive(Clone, Copy)]
struct Product {
    kind: Type,
    rows: usize,
    columns: usize,
    content: Content,
    products: Products,
    store: Store,
    tokens: usize,
}

impl Product {
    fn shape<'a>(&self, weight: &'a Layout) -> Shape<'a> {
        Shape { weight, products: self.products, store: self.store }
    }

    fn half_rows(&self) -> half_rows::Shape {
        half_rows::Shape { columns: self.columns as u32 }
    }

    fn shaders(&self, layout: &Layout) -> Vec<Shader> {
        let product = shader(&self.shape(layout));
        match self.products {
            Products::Float => vec![product],
            Products::Half | Products::Cooperative => {
                vec![half_rows::shader(&self.half_rows()), product]
            }
        }
    }

    fn tolerance(&self) -> Tolerance {
        match (self.products, self.store) {
            (Products::Half | Products::Cooperative, _) => HALVES,
            (Products::Float, Store::Gated) => GATED,
            (Products::Float, _) => TOLERANCE,
        }
    }

    /// What must be in y; NaN where it must stay as it was.
    fn expected(&self, w: &[f32], x: &[f32]) -> Vec<f32> {
        let &Product { rows, columns, tokens, .. } = self;
        match self.store {
            Store::Rows { stride, offset } => {
                let (stride, offset) = (stride as usize, offset as usize);
                let mut y = vec![f32::NAN; tokens * stride];
                let products = reference::forward(w, x, columns);
                for (line, product) in y.chunks_exact_mut(stride).zip(products.chunks_exact(rows)) {
                    line[offset..offset + rows].copy_from_slice(product);
                }
                y
            }
            Store::Parts(parts) => reference::parts(w, x, columns, parts as usize),
            Store::Gated => reference::gated(w, x, columns),
        }
    }

    fn prepare(&self, device: &gpu::Device) -> Result<Prepared, gpu::Error> {
        let &Product { kind, rows, columns, content, tokens, .. } = self;
        let mut random = Random::new(11);
        let w = Weights::new(kind, rows, columns, content, &mut random);
        let x = random.floats(tokens * columns, 2.0);
        let expected = self.expected(&w.values, &x);
        let (weight, x) = (w.upload(device)?, floats(device, "x", &x)?);
        let y = poisoned(device, "y", expected.len())?;
        let step = step(device, Step { rows: tokens as u32, ..Step::default() })?;
        let shape = self.shape(&w.layout);
        let product = |x: &[gpu::Binding<'_>]| {
            forward(device, &shape, (&weight).into(), x, (&y).into(), (&step).into())
        };
        let ops = match self.products {
            Products::Float => vec![product(&[(&x).into()])?],
            Products::Half | Products::Cooperative => {
                let rounding = self.half_rows();
                let halves = poisoned(device, "halves", tokens * rounding.padded() as usize / 2)?;
                let scales = poisoned(device, "scales", tokens)?;
                let [halves, scales] = [&halves, &scales].map(gpu::Binding::from);
                vec![
                    half_rows::forward(device, &rounding, (&x).into(), halves, scales)?,
                    product(&[halves, scales])?,
                ]
            }
        };
        Ok(Prepared { ops, rows: tokens as u32, outputs: vec![expect(y, expected)] })
    }
}

fn case(name: &str, product: Product) -> Case {
    let Product { kind, rows, columns, tokens, products, store, .. } = product;
    let layout = Layout::new(kind, rows as u64, columns as u64);
    let how = match (products, store) {
        (Products::Float, Store::Rows { .. }) => String::new(),
        (Products::Float, store) => format!(", {store:?}"),
        (products, Store::Rows { .. }) => format!(", {products:?}"),
        (products, store) => format!(", {products:?}, {store:?}"),
    };
    let name = format!("{name}, {tokens} tokens, {kind} {rows} x {columns}{how}");
    Case::new("matmul", name, product.shaders(&layout), product.tolerance(), move |device| {
        product.prepare(device)
    })
    .costing(layout.bytes() + 4 * (tokens * (rows + columns)) as u64, 2 * (tokens * rows * columns) as u64)
}

fn whole(kind: Type, rows: usize, columns: usize, tokens: usize) -> Product {
    let store = Store::Rows { stride: rows as u32, offset: 0 };
    Product { kind, rows, columns, content: Content::Encoded, products: Products::Float, store, tokens }
}

/// The product left in as many parts as its shape asks for.
fn in_parts(kind: Type, rows: usize, columns: usize, tokens: usize) -> Product {
    let parts = parts(&Layout::new(kind, rows as u64, columns as u64));
    Product { store: Store::Parts(parts), ..whole(kind, rows, columns, tokens) }
}

/// What a kind of products is tried with before it is used: more than a tile each way, from either end of a model.
pub(crate) fn trial(products: Products) -> Vec<Case> {
    let case = |product| case("trial", Product { products, ..product });
    vec![
        case(whole(Type::Q4_K, 200, 1536, 130)),
        case(in_parts(Type::Q6_K, 136, 2048, 37)),
        case(Product { store: Store::Gated, ..whole(Type::Q4_K, 320, 256, 70) }),
    ]
}

/// Every type with tiles that are not full, a part beside others and any bits; token counts and rows around the tile; every
/// store; each of these with each kind of products.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for products in [Products::Float, Products::Half, Products::Cooperative] {
        let mut case = |name: &str, product: Product| cases.push(case(name, Product { products, ..product }));
        for &kind in Type::SUPPORTED {
            let columns = awkward_columns(kind, 96);
            let beside = Store::Rows { stride: 150, offset: 3 };
            case("part", Product { store: beside, ..whole(kind, 140, columns, 67) });
            case("e2b", whole(kind, 16, 1536, 5));
            let bits = |content| Product { content, ..whole(kind, 21, awkward_columns(kind, 256), 3) };
            case("any bits", bits(Content::AnyBits));
            case("subnormal scales", bits(Content::Subnormal));
            case(
                "gates and ups",
                Product { store: Store::Gated, ..whole(kind, 134, awkward_columns(kind, 96), 5) },
            );
        }
        for tokens in [1, 7, 8, 31, 32, 33, 63, 64, 65, 129] {
            case("around the tile", whole(Type::Q4_0, 65, 64, tokens));
        }
        for rows in [1, 3, 4, 63, 64, 65, 127, 128, 129, 257] {
            case("around the tile", whole(Type::Q8_0, rows, 32, 2));
        }
        for columns in [4, 36, 100] {
            case("columns within a block", whole(Type::F32, 5, columns, 3));
            case("columns within a block", whole(Type::F16, 5, columns, 3));
        }
        for rows in [2, 126, 128, 130, 258] {
            case("around the tile", Product { store: Store::Gated, ..whole(Type::Q4_K, rows, 256, 66) });
        }
        case("query heads", whole(Type::Q4_K, 64, 2048, 64));
        case("31b", whole(Type::Q6_K, 20, 5376, 33));
        case("per-layer gate", in_parts(Type::Q4_K, 256, 1536, 9));
        case("output", in_parts(Type::Q4_K, 200, 2048, 65));
        case("shares that are not equal", Product { store: Store::Parts(4), ..whole(Type::Q8_0, 6, 288, 3) });
    }
    cases
}
