//! Cases of matrix times vector, with every input and store.

use super::made::{EPSILON, bindings, make};
use super::{
    Input, Order, Products, Shape, Store, SumRows, forward, interleaved_blocks, reference, shader,
    staged_bytes,
};
use crate::argmax;
use crate::case::buffers::{POISON, expect, expect_words, floats, poisoned, words};
use crate::case::random::Random;
use crate::case::weights::{Content, Weights, awkward_columns};
use crate::case::{Case, Output, Prepared, Tolerance};
use crate::op::Op;
use crate::sums::{SUBGROUPS, Sums};
use crate::weight::Layout;
use gguf::Type;
use gpu::{Binding, Buffer, Device, Error};

const TOLERANCE: Tolerance = Tolerance {
    relative: 5e-6,
    reason: "thousands of products in f32, added in several partial sums; rounding grows with their root",
};
const TANH_TOLERANCE: Tolerance = Tolerance {
    relative: 2e-5,
    reason: "WGSL promises tanh to an absolute error of 1e-5 and no better, which comes on top of the sum's",
};
const PACKED_TOLERANCE: Tolerance = Tolerance {
    relative: 2e-4,
    reason: "each x is rounded to 1/65278 of the largest of its sixteen, and a row's terms may cancel",
};
const HALF_TOLERANCE: Tolerance = Tolerance {
    relative: 2e-3,
    reason: "each x is rounded to f16, 2^-11 of itself, and a row's terms may cancel",
};
const ROWS: Store = Store::Rows { offset: 0, blocks: 0 };
const RESIDUAL: Input = Input::Residual { epsilon: EPSILON, rows: SumRows::Interleaved };
const LAST_RESIDUAL: Input = Input::LastResidual { epsilon: EPSILON, rows: SumRows::Interleaved };
const RESIDUAL_PLAIN: Input = Input::ResidualPlain { epsilon: EPSILON, rows: SumRows::Interleaved };
/// What every device has.
const WORKGROUP_BYTES: u64 = 16384;

/// x as it is, through workgroup memory where it fits.
fn plain(columns: usize) -> Input {
    let fits = staged_bytes(columns as u32, Products::Float) <= WORKGROUP_BYTES;
    if fits && columns.is_multiple_of(32) { Input::Staged } else { Input::Rows }
}

/// What is multiplied and how it is added.
#[derive(Clone, Copy, Default)]
struct How {
    products: Products,
    sums: Sums,
}

/// A matrix.
type Matrix = (Type, usize, usize);

fn case_of(name: &str, matrix: Matrix, content: Content, input: Input, store: Store) -> Case {
    product_case(name, matrix, content, How::default(), input, store)
}

fn packed_case(name: &str, matrix: Matrix, content: Content, input: Input, store: Store) -> Case {
    let how = How { products: Products::Packed, ..How::default() };
    product_case(&format!("packed, {name}"), matrix, content, how, input, store)
}

fn product_case(
    name: &str,
    (kind, rows, columns): Matrix,
    content: Content,
    how: How,
    input: Input,
    store: Store,
) -> Case {
    let How { products, sums } = how;
    let prepare = move |device: &Device| {
        let mut random = Random::new(10);
        let w = Weights::new(kind, rows, columns, content, &mut random);
        let mut made = make(device, input, columns, &mut random)?;
        let product = reference::forward(&w.values, &made.x);
        let Results { y, expected, extra, mut then } =
            results(device, store, &w.layout, product, &mut random)?;
        let weight = w.upload(device)?;
        let shape = Shape { weight: &w.layout, products, sums, input, store };
        let targets: Vec<Binding<'_>> = [&y].into_iter().chain(&extra).map(Binding::from).collect();
        let op = forward(device, &shape, (&weight).into(), &targets, &bindings(&made))?;
        made.outputs.extend(expected.map(|expected| expect(y, expected)));
        let mut ops = vec![op];
        if let Some((op, output)) = then.take() {
            ops.push(op);
            made.outputs.push(output);
        }
        Ok(Prepared { ops, rows: 1, outputs: made.outputs })
    };
    let layout = Layout::new(kind, rows as u64, columns as u64);
    let mut shaders = vec![shader(&Shape { weight: &layout, products, sums, input, store })];
    if let Store::Logits { candidates, .. } = store {
        shaders.push(argmax::shader(candidates + super::candidates(&layout)));
    }
    if let Some(columns) = leaves_packed(store, rows) {
        shaders.push(reader_shader(columns));
    }
    let tolerance = match (products, store) {
        (Products::Half, _) => HALF_TOLERANCE,
        _ if products == Products::Packed || leaves_packed(store, rows).is_some() => PACKED_TOLERANCE,
        (_, Store::Rows { .. }) => TOLERANCE,
        _ => TANH_TOLERANCE,
    };
    let name = format!("{name}, {kind} {rows} x {columns}");
    Case::new("matvec", name, shaders, tolerance, prepare)
        .costing(layout.bytes() + 4 * (rows + columns) as u64, 2 * (rows * columns) as u64)
}

/// Rows of the matrix that reads what a store left packed.
const READER_ROWS: u64 = 9;

/// Columns of what a store leaves packed, of a matrix of so many rows.
fn leaves_packed(store: Store, rows: usize) -> Option<usize> {
    match store {
        Store::Gated(Order::Packed) => Some(rows / 2),
        Store::Gate { order: Order::Packed, .. } => Some(rows),
        _ => None,
    }
}

fn reader(columns: usize) -> Layout {
    Layout::new(Type::Q8_0, READER_ROWS, columns as u64)
}

fn reader_shape(weight: &Layout) -> Shape<'_> {
    let (input, store) = (Input::Packed, ROWS);
    Shape { weight, products: Products::Packed, sums: Sums::Workgroup, input, store }
}

/// The shader of [`read_packed`] for rows of so many columns.
pub(crate) fn reader_shader(columns: usize) -> gpu::Shader {
    shader(&reader_shape(&reader(columns)))
}

/// Looks at what a kernel left packed in `y` through a product of it.
pub(crate) fn read_packed(
    device: &Device,
    y: &Buffer,
    expected: &[f32],
    random: &mut Random,
) -> Result<(Op, Output), Error> {
    let w = Weights::new(Type::Q8_0, READER_ROWS as usize, expected.len(), Content::Encoded, random);
    let read = poisoned(device, "read", READER_ROWS as usize)?;
    let shape = reader_shape(&w.layout);
    let op = forward(device, &shape, (&w.upload(device)?).into(), &[(&read).into()], &[y.into()])?;
    Ok((op, expect(read, reference::forward(&w.values, expected))))
}

/// A store's buffer with what must be in it (packed values are looked at through a product of theirs), what it reads or
/// writes besides, and a kernel that goes on from there with its own output.
struct Results {
    y: Buffer,
    expected: Option<Vec<f32>>,
    extra: Option<Buffer>,
    then: Option<(Op, Output)>,
}

fn results(
    device: &Device,
    store: Store,
    weight: &Layout,
    product: Vec<f32>,
    random: &mut Random,
) -> Result<Results, Error> {
    let usual = |values: Vec<f32>| match interleaved_blocks(values.len() as u32) {
        0 => values,
        _ => reference::interleaved(&values),
    };
    let (mut expected, mut extra, mut then) = (Vec::new(), None, None);
    match store {
        Store::Rows { offset, blocks: 0 } => {
            expected.resize(offset as usize, f32::NAN);
            expected.extend(product);
            // A further part of the matrix would write here.
            expected.extend([f32::NAN; 3]);
        }
        Store::Rows { offset, blocks } => {
            expected.resize(32 * blocks as usize, f32::NAN);
            expected[offset as usize..][..product.len()].copy_from_slice(&product);
            expected = reference::interleaved(&expected);
        }
        Store::Gated(order) => {
            let (gates, ups) = product.split_at(product.len() / 2);
            expected = reference::gated(gates, ups);
            if order == Order::Interleaved {
                expected = usual(expected);
            }
        }
        Store::Gate { order, offset, rows, up_offset } => {
            let up = random.floats(up_offset as usize + product.len(), 1.0);
            expected.resize(rows as usize, f32::NAN);
            let gated = reference::gated(&product, &up[up_offset as usize..]);
            expected[offset as usize..][..gated.len()].copy_from_slice(&gated);
            if order == Order::Interleaved {
                expected = usual(expected);
            }
            extra = Some(floats(device, "up", &up)?);
        }
        Store::Logits { offset, cap, candidates } => {
            let logits = if cap == 0.0 { product } else { reference::capped(&product, cap) };
            let token = argmax::reference::forward(&logits) + offset;
            expected.resize(offset as usize, f32::NAN);
            expected.extend(logits);
            // The candidates of a part before this one, none of which is any good.
            let mut pairs = [(-2e38f32).to_bits(), 0].repeat(candidates as usize);
            let n = candidates + super::candidates(weight);
            pairs.resize(2 * n as usize, POISON);
            let pairs = words(device, "candidates", &pairs)?;
            let y = poisoned(device, "token", 1)?;
            let op = argmax::forward(device, n, (&pairs).into(), (&y).into())?;
            (extra, then) = (Some(pairs), Some((op, expect_words(y, vec![token]))));
        }
    }
    let y = poisoned(device, "y", expected.len())?;
    if leaves_packed(store, weight.rows as usize).is_none() {
        return Ok(Results { y, expected: Some(expected), extra, then });
    }
    then = Some(read_packed(device, &y, &expected, random)?);
    Ok(Results { y, expected: None, extra, then })
}

fn case(name: &str, kind: Type, rows: usize, columns: usize, content: Content, offset: u32) -> Case {
    case_of(name, (kind, rows, columns), content, plain(columns), Store::Rows { offset, blocks: 0 })
}

fn inputs_and_stores() -> Vec<Case> {
    let inputs = [
        Input::Rows,
        Input::Interleaved,
        Input::Norm { epsilon: EPSILON },
        RESIDUAL,
        LAST_RESIDUAL,
        RESIDUAL_PLAIN,
    ];
    let mut cases = Vec::new();
    for input in inputs {
        let mut add = |name: &str, shape, content| {
            cases.push(case_of(&format!("{input:?}, {name}"), shape, content, input, ROWS));
        };
        add("one row", (Type::F32, 1, 32), Content::Encoded);
        add("odd rows", (Type::Q8_0, 37, 96), Content::Encoded);
        add("e2b", (Type::Q4_K, 33, 1536), Content::Encoded);
        add("any bits", (Type::Q6_K, 19, 512), Content::AnyBits);
        if input == Input::Rows {
            add("columns within a block", (Type::F32, 6, 100), Content::Encoded);
        }
    }
    // The other ways in which residual sums lie; results that lie as most sums read them, in two parts of a matrix as well.
    for rows in [SumRows::Usual, SumRows::FromEmbedding] {
        let epsilon = EPSILON;
        let sums = [
            Input::Residual { epsilon, rows },
            Input::LastResidual { epsilon, rows },
            Input::ResidualPlain { epsilon, rows },
        ];
        for input in sums {
            let name = format!("{input:?}");
            cases.push(case_of(&name, (Type::Q5_0, 37, 96), Content::Encoded, input, ROWS));
        }
    }
    for (offset, rows) in [(0, 96), (0, 37), (37, 59)] {
        let store = Store::Rows { offset, blocks: 3 };
        cases.push(case_of(
            &format!("{store:?}"),
            (Type::Q8_0, rows, 64),
            Content::Encoded,
            plain(64),
            store,
        ));
    }
    let from_norm = Input::Norm { epsilon: EPSILON };
    let (gated, order) = (Store::Gated(Order::Interleaved), Order::Interleaved);
    for (rows, columns) in [(2, 32), (34, 96), (62, 256), (192, 1536), (640, 1536)] {
        let shape = (Type::Q8_0, rows, columns);
        cases.push(case_of("gated", shape, Content::Encoded, plain(columns), gated));
        cases.push(case_of("gated from a norm", shape, Content::Encoded, from_norm, gated));
        let whole = Store::Gate { order, offset: 0, rows: rows as u32, up_offset: 0 };
        cases.push(case_of("gate", shape, Content::Encoded, plain(columns), whole));
        let part = Store::Gate { order, offset: 5, rows: rows as u32 + 27, up_offset: 64 };
        cases.push(case_of("part of a gate", shape, Content::Encoded, plain(columns), part));
        // Logits here lie around one: a cap of 1 bends them, Gemma's hardly does.
        for cap in [0.0, 1.0, 30.0] {
            let all = Store::Logits { offset: 0, cap, candidates: 0 };
            cases.push(case_of(&format!("logits, cap {cap}"), shape, Content::Encoded, plain(columns), all));
        }
        let part = Store::Logits { offset: 7, cap: 30.0, candidates: 3 };
        cases.push(case_of("part of the logits", shape, Content::Encoded, from_norm, part));
    }
    // As a model puts them together.
    cases.push(case_of("e2b gate and up", (Type::Q4_K, 128, 1536), Content::Encoded, RESIDUAL, gated));
    let gate = Store::Gate { order, offset: 0, rows: 256, up_offset: 512 };
    cases.push(case_of(
        "e2b per-layer gate",
        (Type::Q4_K, 256, 1536),
        Content::Encoded,
        RESIDUAL_PLAIN,
        gate,
    ));
    let logits = Store::Logits { offset: 0, cap: 30.0, candidates: 0 };
    cases.push(case_of("e2b head", (Type::Q6_K, 300, 1536), Content::Encoded, LAST_RESIDUAL, logits));
    // Tiles: more rows than the workgroups take at once.
    let many = Store::Logits { offset: 0, cap: 30.0, candidates: 0 };
    cases.push(case_of("vocabulary", (Type::Q4_0, 262_144, 32), Content::Encoded, plain(32), many));
    cases.push(case_of("logits of e2b", (Type::Q6_K, 4099, 1536), Content::Encoded, from_norm, many));
    cases
}

/// Packed products of every type that has them, from every input, to every store; and what is left packed by float ones.
fn packed() -> Vec<Case> {
    let mut cases = Vec::new();
    for &kind in Type::SUPPORTED.iter().filter(|&&kind| Layout::new(kind, 1, 256).is_packable()) {
        for (name, content) in [
            ("odd rows", Content::Encoded),
            ("any bits", Content::AnyBits),
            ("subnormal", Content::Subnormal),
        ] {
            cases.push(packed_case(name, (kind, 37, 512), content, Input::Packed, ROWS));
        }
    }
    let (epsilon, order) = (EPSILON, Order::Packed);
    for input in
        [Input::Staged, Input::Packed, Input::Norm { epsilon }, RESIDUAL, LAST_RESIDUAL, RESIDUAL_PLAIN]
    {
        let mut add = |name: &str, matrix| {
            cases.push(packed_case(&format!("{input:?}, {name}"), matrix, Content::Encoded, input, ROWS));
        };
        add("one row", (Type::Q8_0, 1, 32));
        add("odd rows", (Type::Q5_0, 37, 96));
        add("e2b", (Type::Q4_K, 33, 1536));
    }
    let norm = Input::Norm { epsilon };
    cases.push(packed_case("31b", (Type::Q6_K, 9, 5376), Content::Encoded, norm, ROWS));
    for (kind, rows, columns) in [(Type::Q8_0, 64, 32), (Type::Q4_K, 192, 1536), (Type::Q6_K, 576, 256)] {
        let matrix = (kind, rows, columns);
        let gate = Store::Gate { order, offset: 0, rows: rows as u32, up_offset: 64 };
        for store in [Store::Gated(order), gate] {
            cases.push(packed_case(&format!("{store:?}"), matrix, Content::Encoded, norm, store));
        }
        cases.push(case_of("left packed", matrix, Content::Encoded, norm, Store::Gated(order)));
    }
    let logits = Store::Logits { offset: 0, cap: 30.0, candidates: 0 };
    cases.push(packed_case("e2b head", (Type::Q6_K, 300, 1536), Content::Encoded, LAST_RESIDUAL, logits));
    cases.push(packed_case("tiles", (Type::Q4_0, 140_000, 32), Content::Encoded, Input::Staged, logits));
    cases
}

/// x of every type's products as f16 in workgroup memory, from every input that goes through it, to every store.
fn halved() -> Vec<Case> {
    let how = How { products: Products::Half, ..How::default() };
    let epsilon = EPSILON;
    let mut cases = Vec::new();
    let mut add = |name: &str, matrix, content, input, store| {
        cases.push(product_case(&format!("halves, {name}, {input:?}"), matrix, content, how, input, store));
    };
    for &kind in Type::SUPPORTED {
        add("odd rows", (kind, 37, 512), Content::Encoded, Input::Staged, ROWS);
        add("any bits", (kind, 19, 256), Content::AnyBits, Input::Staged, ROWS);
        add("subnormal scales", (kind, 19, 256), Content::Subnormal, Input::Staged, ROWS);
    }
    let norm = Input::Norm { epsilon };
    for input in [Input::Staged, norm, RESIDUAL, LAST_RESIDUAL, RESIDUAL_PLAIN] {
        add("one row", (Type::Q8_0, 1, 32), Content::Encoded, input, ROWS);
        add("three blocks", (Type::Q5_0, 37, 96), Content::Encoded, input, ROWS);
        add("e2b", (Type::Q4_K, 33, 1536), Content::Encoded, input, ROWS);
    }
    add("31b", (Type::Q6_K, 9, 5376), Content::Encoded, norm, ROWS);
    let order = Order::Interleaved;
    let gate = Store::Gate { order, offset: 0, rows: 192, up_offset: 64 };
    add("gates and ups", (Type::Q4_K, 192, 1536), Content::Encoded, norm, Store::Gated(order));
    add("gate", (Type::Q4_K, 192, 1536), Content::Encoded, norm, gate);
    let logits = Store::Logits { offset: 0, cap: 30.0, candidates: 0 };
    add("head", (Type::Q6_K, 300, 1536), Content::Encoded, LAST_RESIDUAL, logits);
    cases
}

/// Sums by subgroups of every size, over fewer lanes than one has, as many and more; from inputs that add up, too.
fn summed() -> Vec<Case> {
    let gated = Store::Gated(Order::Packed);
    let logits = Store::Logits { offset: 0, cap: 30.0, candidates: 0 };
    let mut cases = Vec::new();
    for neighbours in SUBGROUPS {
        for products in [Products::Float, Products::Half, Products::Packed] {
            let how = How { products, sums: Sums::Subgroup(neighbours) };
            let mut add = |matrix, input, store| {
                let name = format!("{products:?} by subgroups of {neighbours}, {input:?}, {store:?}");
                cases.push(product_case(&name, matrix, Content::Encoded, how, input, store));
            };
            add((Type::Q8_0, 9, 32), Input::Staged, ROWS);
            add((Type::Q4_K, 33, 1536), RESIDUAL, ROWS);
            add((Type::Q6_K, 6, 2560), Input::Staged, ROWS);
            add((Type::Q4_K, 64, 256), RESIDUAL_PLAIN, ROWS);
            add((Type::Q4_K, 192, 1536), RESIDUAL, gated);
            add((Type::Q6_K, 300, 1536), LAST_RESIDUAL, logits);
        }
    }
    // Several tiles of results that meet in workgroup memory, and no barrier in the sums between them.
    let how = How { products: Products::Packed, sums: Sums::Subgroup(8) };
    let matrix = (Type::Q4_0, 135_168, 32);
    cases.push(product_case("tiles of gates", matrix, Content::Encoded, how, Input::Staged, gated));
    cases
}

/// What a tier is tried with before it is used: real shapes, from and to what a model puts together.
pub(crate) fn trial(products: Products, sums: Sums) -> Vec<Case> {
    let how = How { products, sums };
    let case = |matrix, input, store| {
        let name = format!("trial of {products:?} and {sums:?}, {input:?}, {store:?}");
        product_case(&name, matrix, Content::Encoded, how, input, store)
    };
    let gated = Store::Gated(Order::read_by(products, 96));
    let logits = Store::Logits { offset: 0, cap: 30.0, candidates: 0 };
    vec![
        case((Type::Q4_K, 192, 1536), RESIDUAL, gated),
        case((Type::Q6_K, 128, 2048), Input::Staged, ROWS),
        case((Type::Q4_K, 256, 1536), RESIDUAL_PLAIN, ROWS),
        case((Type::Q6_K, 300, 1536), LAST_RESIDUAL, logits),
    ]
}

/// Every type in awkward and real shapes, with encoded and with any bits; parts; row lengths of all models; every input
/// and store.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for &kind in Type::SUPPORTED {
        let one_block = awkward_columns(kind, 32);
        cases.push(case("one row", kind, 1, one_block, Content::Encoded, 0));
        cases.push(case("odd rows", kind, 37, awkward_columns(kind, 96), Content::Encoded, 0));
        cases.push(case("part", kind, 6, awkward_columns(kind, 512), Content::Encoded, 5));
        cases.push(case("e2b", kind, 33, 1536, Content::Encoded, 0));
        cases.push(case("any bits", kind, 19, awkward_columns(kind, 256), Content::AnyBits, 0));
        cases.push(case("subnormal scales", kind, 19, awkward_columns(kind, 256), Content::Subnormal, 0));
    }
    for kind in [Type::F16, Type::Q4_K, Type::Q6_K] {
        cases.push(case("query heads", kind, 64, 2048, Content::Encoded, 0));
        cases.push(case("31b", kind, 9, 5376, Content::Encoded, 0));
        cases.push(case("down projection", kind, 8, 12288, Content::Encoded, 0));
    }
    for columns in [4, 36, 100, 2052] {
        cases.push(case("columns within a block", Type::F32, 5, columns, Content::Encoded, 0));
        cases.push(case("columns within a block", Type::BF16, 5, columns, Content::Encoded, 0));
    }
    // More workgroups than one row of compute units, and an e2b projection in its real size.
    cases.push(case("real size", Type::Q4_K, 2048, 1536, Content::Encoded, 0));
    cases.push(case("real size", Type::Q6_K, 256, 1536, Content::Encoded, 0));
    cases.extend(inputs_and_stores());
    cases.extend(halved());
    cases.extend(packed());
    cases.extend(summed());
    cases
}
