//! Trying a tier on a device: a few cases that tell whether it computes rightly, and work whose time tells how fast it is.

use crate::case::Case;
use crate::head_norm_rope::rope_lines;
use crate::kv::KvType;
use crate::matmul::{self, Products as PromptProducts};
use crate::matvec::{self, Input, Order, Products as TokenProducts, SumRows};
use crate::op::{Op, Step};
use crate::sums::Sums;
use crate::token_attention::Width;
use crate::weight::Layout;
use crate::{attention, half_rows, token_attention};
use gguf::Type;
use gpu::{Account, Buffer, Device, Error, Usage};

/// Widths of the work, those of a small model's widest layers: on the largest card a product then takes longer than a browser takes to
/// hand it over.
const HIDDEN: u64 = 1536;
const FEED_FORWARD: u64 = 12_288;
const PER_LAYER: u64 = 256;
const HEADS: u32 = 8;
const HEAD_DIM: u32 = 256;
const QUERIES: u64 = (HEADS * HEAD_DIM) as u64;
/// Keys that the token attends to.
const KEYS: u32 = 512;
/// Bytes after which arbitrary ones repeat.
const PIECE_BYTES: u64 = 1 << 20;
/// Tokens of a prompt's work.
const TOKENS: u32 = 256;

/// Cases of a single token's kernels.
pub fn token_cases(products: TokenProducts, sums: Sums, width: Width) -> Vec<Case> {
    let mut cases = matvec::cases::trial(products, sums);
    cases.extend(token_attention::cases::trial(Order::read_by(products, 32), width, sums));
    cases
}

/// Cases of a prompt's products and attention.
pub fn prompt_cases(products: PromptProducts) -> Vec<Case> {
    let mut cases = matmul::cases::trial(products);
    cases.extend(attention::cases::trial(products));
    cases
}

/// A layer of one token, over arbitrary numbers: attention within a window and its products, a feed-forward block, and the small
/// products of the per-layer embedding.
///
/// # Errors
/// Those of [`Device::buffer`] and [`Device::pipeline`].
pub fn token_work(
    device: &Device,
    products: TokenProducts,
    sums: Sums,
    width: Width,
) -> Result<Vec<Op>, Error> {
    let order = Order::read_by(products, FEED_FORWARD as u32);
    let row = |columns: u64| arbitrary(device, 4 * columns);
    let (h, post, next) = (row(HIDDEN)?, row(HIDDEN)?, row(HIDDEN)?);
    let (h_next, h_last, scale) = (row(HIDDEN)?, row(HIDDEN)?, row(4)?);
    let (gated, y, gate) = (row(FEED_FORWARD)?, row(HIDDEN)?, row(PER_LAYER)?);
    // Behind the queries lie the newest key and value.
    let (qkv, attended) = (row(QUERIES + 2 * u64::from(HEAD_DIM))?, row(QUERIES)?);
    let product = |kind, rows, columns, input, store, output: &Buffer, inputs: &[&Buffer]| {
        let layout = Layout::new(kind, rows, columns);
        let weight = arbitrary(device, layout.bytes())?;
        let inputs: Vec<gpu::Binding<'_>> = inputs.iter().copied().map(gpu::Binding::from).collect();
        let shape = matvec::Shape { weight: &layout, products, sums, input, store };
        matvec::forward(device, &shape, (&weight).into(), &[output.into()], &inputs)
    };
    let left = match order {
        Order::Interleaved => Input::Interleaved,
        Order::Packed => Input::Packed,
    };
    let epsilon = 1e-6;
    let residual = Input::Residual { epsilon, rows: SumRows::Interleaved };
    let plain = Input::ResidualPlain { epsilon, rows: SumRows::Interleaved };
    let (gates, rows) = (matvec::Store::Gated(order), matvec::Store::Rows { offset: 0, blocks: 0 });
    let result = matvec::Store::Rows { offset: 0, blocks: matvec::interleaved_blocks(HIDDEN as u32) };
    let both = [&h, &y, &post, &scale, &h_next, &next];
    let mut ops = vec![product(Type::Q4_K, QUERIES, HIDDEN, residual, rows, &qkv, &both)?];
    ops.extend(attention_work(device, order, sums, width, &qkv, &attended)?);
    ops.extend([
        product(Type::Q4_K, HIDDEN, QUERIES, left, result, &y, &[&attended])?,
        product(Type::Q4_K, 2 * FEED_FORWARD, HIDDEN, residual, gates, &gated, &both)?,
        product(Type::Q6_K, HIDDEN, FEED_FORWARD, left, result, &y, &[&gated])?,
        product(Type::Q4_K, PER_LAYER, HIDDEN, plain, rows, &gate, &[&h_next, &y, &post, &scale, &h_last])?,
        product(Type::Q4_K, HIDDEN, PER_LAYER, Input::Staged, result, &y, &[&gate])?,
    ]);
    Ok(ops)
}

fn attention_work(
    device: &Device,
    order: Order,
    sums: Sums,
    width: Width,
    qkv: &Buffer,
    y: &Buffer,
) -> Result<Vec<Op>, Error> {
    let shape = token_attention::Shape {
        heads: HEADS,
        kv_heads: 1,
        own: true,
        head_dim: HEAD_DIM,
        v_offset: (HEADS + 1) * HEAD_DIM,
        capacity: KEYS,
        window: KEYS,
        kv: KvType::F16,
        epsilon: 1e-6,
        order,
        width,
        sums,
    };
    let norms = arbitrary(device, 8 * u64::from(HEAD_DIM))?;
    // A cosine and a sine for each pair of a head.
    let rope = arbitrary(device, 4 * u64::from(rope_lines(KEYS) * HEAD_DIM))?;
    let cached = u64::from(KEYS) * shape.kv.head_bytes(HEAD_DIM);
    let (keys, values) = (arbitrary(device, cached)?, arbitrary(device, cached)?);
    let step = device.buffer("step", Account::Uniforms, 16, Usage::Uniform)?;
    device.write(&step, 0, bytemuck::bytes_of(&Step { rows: 1, position: KEYS - 1, ..Step::default() }));
    let buffers = token_attention::Buffers {
        qkv: qkv.into(),
        values: qkv.into(),
        norms: (&norms).into(),
        rope: (&rope).into(),
        k_cache: (&keys).into(),
        v_cache: (&values).into(),
        step: (&step).into(),
        partials: None,
        y: y.into(),
    };
    token_attention::forward(device, &shape, buffers)
}

/// A projection of a prompt's chunk, over arbitrary numbers, and the tokens it is for.
///
/// # Errors
/// Those of [`Device::buffer`] and [`Device::pipeline`].
pub fn prompt_work(device: &Device, products: PromptProducts) -> Result<(Vec<Op>, u32), Error> {
    let layout = Layout::new(Type::Q4_K, HIDDEN, HIDDEN);
    let weight = arbitrary(device, layout.bytes())?;
    let chunk = u64::from(TOKENS) * HIDDEN;
    let (x, y) = (arbitrary(device, 4 * chunk)?, arbitrary(device, 4 * chunk)?);
    let step = device.buffer("step", Account::Uniforms, 16, Usage::Uniform)?;
    device.write(&step, 0, bytemuck::bytes_of(&Step { rows: TOKENS, ..Step::default() }));
    let store = matmul::Store::Rows { stride: HIDDEN as u32, offset: 0 };
    let shape = matmul::Shape { weight: &layout, products, store };
    let product = |x: &[gpu::Binding<'_>]| {
        matmul::forward(device, &shape, (&weight).into(), x, (&y).into(), (&step).into())
    };
    let ops = match products {
        PromptProducts::Float => vec![product(&[(&x).into()])?],
        PromptProducts::Half | PromptProducts::Cooperative => {
            let (halves, scales) = (arbitrary(device, 2 * chunk)?, arbitrary(device, 4 * u64::from(TOKENS))?);
            let [halves, scales] = [&halves, &scales].map(gpu::Binding::from);
            let rounding = half_rows::Shape { columns: HIDDEN as u32 };
            vec![
                half_rows::forward(device, &rounding, (&x).into(), halves, scales)?,
                product(&[halves, scales])?,
            ]
        }
    };
    Ok((ops, TOKENS))
}

/// A buffer of bytes from 0x20 to 0x3f: f16 and f32 of ordinary size, whatever they are read as. After a MiB they are the same again: a
/// card is to be measured, not how fast the host makes numbers up.
pub(crate) fn arbitrary(device: &Device, bytes: u64) -> Result<Buffer, Error> {
    let buffer = device.buffer("trial", Account::Other, bytes, Usage::Storage)?;
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        0x20 | (state >> 27) as u8
    };
    let piece: Vec<u8> = (0..bytes.min(PIECE_BYTES)).map(|_| next()).collect();
    for at in (0..bytes).step_by(PIECE_BYTES as usize) {
        device.write(&buffer, at, &piece[..(bytes - at).min(PIECE_BYTES) as usize]);
    }
    Ok(buffer)
}
