//! How a weight matrix lies in GPU memory: every GGUF type is repacked once, while it is uploaded, into planes that
//! shaders read in 16-byte loads (`block/*.wgsl` is the reading side). No type grows by it, apart from padding planes
//! to 16 bytes and float rows to 32 columns.

use gguf::Type;
use gpu::Shader;

/// Weights per block: the granularity at which kernels read a row.
pub const BLOCK: u64 = 32;

/// The planes of a (rows, columns) matrix of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The type in the file.
    pub kind: Type,
    /// Rows (outputs).
    pub rows: u64,
    /// Columns (inputs).
    pub columns: u64,
    /// The planes in the order of their offsets.
    pub planes: Vec<Plane>,
}

/// One plane: `row_bytes` for every row, rows packed without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plane {
    /// First byte, a multiple of 16.
    pub offset: u64,
    /// Bytes of one row.
    pub row_bytes: u64,
}

/// Bytes of each plane for one row of `columns` weights.
fn row_bytes(kind: Type, columns: u64) -> Vec<u64> {
    let blocks = columns.div_ceil(BLOCK);
    match kind {
        Type::F32 => vec![blocks * 128],
        Type::F16 | Type::BF16 => vec![blocks * 64],
        Type::Q4_0 => vec![blocks * 16, blocks * 2],
        Type::Q4_1 => vec![blocks * 16, blocks * 4],
        Type::Q5_0 => vec![blocks * 16, blocks * 2, blocks * 4],
        Type::Q5_1 => vec![blocks * 16, blocks * 4, blocks * 4],
        Type::Q8_0 => vec![blocks * 32, blocks * 2],
        Type::Q4_K => vec![blocks * 16, blocks * 2],
        Type::Q5_K => vec![blocks * 16, blocks * 2, blocks * 4],
        Type::Q6_K => vec![blocks * 16, blocks * 8, blocks * 2, blocks / 4],
        Type::Other(id) => panic!("no layout for GGML type {id}: the configuration check must refuse it"),
    }
}

impl Layout {
    /// The layout of a matrix. Quantised types need `columns` to be a multiple of their block length (checked when
    /// the file is validated; a violation here is a bug).
    pub fn new(kind: Type, rows: u64, columns: u64) -> Layout {
        assert_eq!(columns % kind.block_len() as u64, 0, "{kind:?} rows of {columns} columns");
        let mut offset = 0;
        let planes = row_bytes(kind, columns)
            .into_iter()
            .map(|row_bytes| {
                let plane = Plane { offset, row_bytes };
                offset += (row_bytes * rows).next_multiple_of(16);
                plane
            })
            .collect();
        Layout { kind, rows, columns, planes }
    }

    /// Bytes of the whole matrix on the GPU.
    pub fn bytes(&self) -> u64 {
        let last = self.planes[self.planes.len() - 1];
        (last.offset + last.row_bytes * self.rows).next_multiple_of(16)
    }

    /// Blocks of 32 weights in a row.
    pub fn blocks(&self) -> u32 {
        self.columns.div_ceil(BLOCK) as u32
    }

    /// Adds to a shader the constants and files that read this layout through binding 0, on floats.
    pub fn declare(&self, shader: Shader) -> Shader {
        let files: &[&'static str] = match self.kind {
            Type::F32 => &[include_str!("block/f32.wgsl")],
            Type::F16 => &[include_str!("block/f16.wgsl")],
            Type::BF16 => &[include_str!("block/bf16.wgsl")],
            Type::Q4_0 | Type::Q4_1 | Type::Q4_K => &[include_str!("block/four_bits_float.wgsl")],
            Type::Q5_0 | Type::Q5_1 | Type::Q5_K => &[include_str!("block/five_bits_float.wgsl")],
            Type::Q6_K => &[include_str!("block/six_bits_float.wgsl")],
            Type::Q8_0 => &[include_str!("block/eight_bits_float.wgsl")],
            Type::Other(id) => panic!("no shader for GGML type {id}"),
        };
        let shader = self.declare_planes(shader).file(include_str!("block/octet.wgsl"));
        files.iter().fold(shader, |shader, &file| shader.file(file))
    }

    /// The same on packed integers, for the types that [`Layout::is_packable`] names.
    pub fn declare_packed(&self, shader: Shader) -> Shader {
        let product = match self.kind {
            Type::Q4_0 | Type::Q4_1 | Type::Q4_K => include_str!("block/four_bits_packed.wgsl"),
            Type::Q5_0 | Type::Q5_1 | Type::Q5_K => include_str!("block/five_bits_packed.wgsl"),
            Type::Q6_K => include_str!("block/six_bits_packed.wgsl"),
            Type::Q8_0 => include_str!("block/eight_bits_packed.wgsl"),
            kind => panic!("{kind:?} has no packed products"),
        };
        self.declare_planes(shader).dot4().file(include_str!("block/packed.wgsl")).file(product)
    }

    /// Whether the type's numbers are small integers.
    pub fn is_packable(&self) -> bool {
        !matches!(self.kind, Type::F32 | Type::F16 | Type::BF16)
    }

    fn declare_planes(&self, shader: Shader) -> Shader {
        // A stated length lets a browser's compiler see that an index is within it; some limit types to a gigabyte.
        let length = if self.bytes() < 1 << 30 { format!(", {}", self.bytes() / 16) } else { String::new() };
        let mut shader =
            shader.alias("Weights", &format!("array<vec4<u32>{length}>")).constant("BLOCKS", self.blocks());
        for (n, plane) in self.planes.iter().enumerate().skip(1) {
            shader = shader.constant(["", "PLANE1", "PLANE2", "PLANE3"][n], (plane.offset / 16) as u32);
        }
        let (four, five) = (include_str!("block/four_bits.wgsl"), include_str!("block/five_bits.wgsl"));
        let k_scales = include_str!("block/k_scales.wgsl");
        let files: &[&'static str] = match self.kind {
            Type::Q4_0 => &[include_str!("block/q4_0.wgsl"), four],
            Type::Q4_1 => &[include_str!("block/q4_1.wgsl"), four],
            Type::Q4_K => &[include_str!("block/q4_k.wgsl"), k_scales, four],
            Type::Q5_0 => &[include_str!("block/q5_0.wgsl"), five],
            Type::Q5_1 => &[include_str!("block/q5_1.wgsl"), five],
            Type::Q5_K => &[include_str!("block/q5_k.wgsl"), k_scales, five],
            Type::Q6_K => &[include_str!("block/q6_k.wgsl")],
            Type::Q8_0 => &[include_str!("block/q8_0.wgsl")],
            _ => &[],
        };
        files.iter().fold(shader.file(include_str!("block/planes.wgsl")), |shader, &file| shader.file(file))
    }

    /// Most rows of such a matrix that fit in `bytes_max`, in multiples of `granule` rows; `None` if not even one
    /// granule fits.
    pub fn rows_within(kind: Type, columns: u64, granule: u64, bytes_max: u64) -> Option<u64> {
        // Every plane may need up to 15 bytes of padding.
        let per_row: u64 = row_bytes(kind, columns).iter().sum();
        let rows = bytes_max.saturating_sub(64) / per_row / granule * granule;
        (rows > 0).then_some(rows)
    }
}

/// Bytes of `rows` rows, repacked: one buffer per plane, reused from call to call.
#[derive(Default)]
pub struct Packed {
    /// `planes[i]` belongs at `layout.planes[i].offset + first_row * row_bytes`.
    pub planes: Vec<Vec<u8>>,
}

/// Repacks whole rows of file bytes into planes.
pub fn pack(layout: &Layout, file_rows: &[u8], packed: &mut Packed) {
    packed.planes.resize_with(layout.planes.len(), Vec::new);
    let planes = &mut packed.planes[..];
    let row_bytes = layout.planes[0].row_bytes;
    match layout.kind {
        Type::F32 => pad_rows(file_rows, layout.columns * 4, row_bytes, &mut planes[0]),
        Type::F16 | Type::BF16 => pad_rows(file_rows, layout.columns * 2, row_bytes, &mut planes[0]),
        Type::Q4_0 => blocks(file_rows, planes, [16, 2], |block: &[u8; 18], [numbers, scale]| {
            nibbles_split(&block[2..], numbers);
            scale.copy_from_slice(&block[..2]);
        }),
        Type::Q4_1 => blocks(file_rows, planes, [16, 4], |block: &[u8; 20], [numbers, scale]| {
            nibbles_split(&block[4..], numbers);
            scale.copy_from_slice(&block[..4]);
        }),
        Type::Q5_0 => blocks(file_rows, planes, [16, 2, 4], |block: &[u8; 22], [numbers, scale, fifth]| {
            nibbles_split(&block[6..], numbers);
            scale.copy_from_slice(&block[..2]);
            fifth.copy_from_slice(&fifth_bits(block[2..6].iter().map(|&byte| spread8(byte))));
        }),
        Type::Q5_1 => blocks(file_rows, planes, [16, 4, 4], |block: &[u8; 24], [numbers, scale, fifth]| {
            nibbles_split(&block[8..], numbers);
            scale.copy_from_slice(&block[..4]);
            fifth.copy_from_slice(&fifth_bits(block[4..8].iter().map(|&byte| spread8(byte))));
        }),
        Type::Q8_0 => blocks(file_rows, planes, [32, 2], |block: &[u8; 34], [numbers, scale]| {
            for (eight, out) in block[2..].chunks_exact(8).zip(numbers.chunks_exact_mut(8)) {
                let bytes = eight_bytes(eight);
                out[..4].copy_from_slice(&even_bytes(bytes).to_le_bytes());
                out[4..].copy_from_slice(&even_bytes(bytes >> 8).to_le_bytes());
            }
            scale.copy_from_slice(&block[..2]);
        }),
        Type::Q4_K => blocks(file_rows, planes, [128, 16], |block: &[u8; 144], [numbers, scales]| {
            scales.copy_from_slice(&k_scales(&block[..16]));
            nibbles_pairs(&block[16..], numbers);
        }),
        Type::Q5_K => {
            blocks(file_rows, planes, [128, 16, 32], |block: &[u8; 176], [numbers, scales, fifth]| {
                scales.copy_from_slice(&k_scales(&block[..16]));
                nibbles_pairs(&block[48..], numbers);
                for (sub_block, out) in fifth.chunks_exact_mut(4).enumerate() {
                    let bits = block[16..48].chunks_exact(8).map(|eight| eight_bytes(eight) >> sub_block);
                    out.copy_from_slice(&fifth_bits(bits));
                }
            })
        }
        Type::Q6_K => blocks(
            file_rows,
            planes,
            [128, 64, 16, 2],
            |block: &[u8; 210], [numbers, high, scales, scale]| {
                six_bits(&block[..192], numbers, high);
                scales.copy_from_slice(&block[192..208]);
                scale.copy_from_slice(&block[208..]);
            },
        ),
        Type::Other(id) => panic!("no layout for GGML type {id}"),
    }
    // Writes to the GPU are whole words; what is added here lies in the padding or is overwritten by the next rows.
    for plane in planes {
        plane.resize(plane.len().next_multiple_of(4), 0);
    }
}

fn pad_rows(file: &[u8], from: u64, to: u64, out: &mut Vec<u8>) {
    out.clear();
    if from == to {
        out.extend_from_slice(file);
        return;
    }
    for row in file.chunks_exact(from as usize) {
        out.extend_from_slice(row);
        out.resize(out.len() + (to - from) as usize, 0);
    }
}

/// Has every block of a file (32 or 256 weights) written to its places in the planes, so many bytes of each. Planes get their
/// length once, since growing them for each word took most of the time.
fn blocks<const BYTES: usize, const PLANES: usize>(
    file: &[u8],
    planes: &mut [Vec<u8>],
    plane_bytes: [usize; PLANES],
    each: impl Fn(&[u8; BYTES], [&mut [u8]; PLANES]),
) {
    let (blocks, rest) = file.as_chunks();
    assert!(rest.is_empty(), "{} bytes are not whole blocks of {BYTES}", file.len());
    let mut planes = planes.iter_mut();
    let mut places = plane_bytes.map(|bytes| {
        let plane = planes.next().expect("a plane for each");
        plane.resize(blocks.len() * bytes, 0);
        plane.chunks_exact_mut(bytes)
    });
    for block in blocks {
        each(block, places.each_mut().map(|places| places.next().expect("as many places as blocks")));
    }
}

/// Bytes 0, 2, 4 and 6 of eight.
fn even_bytes(bytes: u64) -> u32 {
    let x = bytes & 0x00ff_00ff_00ff_00ff;
    let x = (x | x >> 8) & 0x0000_ffff_0000_ffff;
    (x | x >> 16) as u32
}

/// Eight bytes hold eight 4-bit numbers in their low halves; gathers them into one word, lowest first.
fn gather8(bytes: u64) -> u32 {
    let x = bytes & 0x0f0f_0f0f_0f0f_0f0f;
    even_bytes(x | x >> 4)
}

/// The low nibbles (`shift` 0) or the high ones (4) of bytes, half as many.
fn nibbles(bytes: &[u8], shift: u32, out: &mut [u8]) {
    for (pair, out) in bytes.as_chunks().0.iter().zip(out) {
        let pair = u16::from_le_bytes(*pair) >> shift;
        *out = (pair & 0x0f | pair >> 4 & 0xf0) as u8;
    }
}

/// 32-weight types: 16 bytes hold weights 0..16 in the low nibbles and 16..32 in the high ones.
fn nibbles_split(bytes: &[u8], out: &mut [u8]) {
    let (low, high) = out.split_at_mut(bytes.len() / 2);
    nibbles(bytes, 0, low);
    nibbles(bytes, 4, high);
}

/// K-quants: 32 bytes hold one block in the low nibbles and the next in the high ones.
fn nibbles_pairs(bytes: &[u8], out: &mut [u8]) {
    for (pair, out) in bytes.chunks_exact(32).zip(out.chunks_exact_mut(32)) {
        nibbles_split(pair, out);
    }
}

/// Q6_K: two halves of 128 weights. In each, 64 bytes of low bits hold blocks (0, 2) and (1, 3) as low and high nibbles of 32 bytes
/// each, and 32 bytes hold the two high bits of all four.
fn six_bits(block: &[u8], numbers: &mut [u8], high: &mut [u8]) {
    let (low, top) = block.split_at(128);
    for (low, out) in low.chunks_exact(64).zip(numbers.chunks_exact_mut(64)) {
        nibbles_split(low, out);
    }
    for (top, out) in top.chunks_exact(32).zip(high.chunks_exact_mut(32)) {
        for (quarter, out) in out.chunks_exact_mut(8).enumerate() {
            let mut pairs = [0; 16];
            for (pair, out) in top.as_chunks().0.iter().zip(&mut pairs) {
                let pair = u16::from_le_bytes(*pair) >> (2 * quarter) & 0x0303;
                *out = (pair | pair >> 6) as u8;
            }
            for n in 0..4 {
                out[n] = pairs[n] & 0x0f | pairs[4 + n] << 4;
                out[4 + n] = pairs[8 + n] & 0x0f | pairs[12 + n] << 4;
            }
        }
    }
}

/// The lowest bit of eight bytes.
const BITS: u64 = 0x0101_0101_0101_0101;

fn eight_bytes(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"))
}

/// The eight bits of a byte, lowest first, as the lowest bits of eight bytes.
fn spread8(byte: u8) -> u64 {
    // Eight copies, each with another bit left; what is added carries it to the top of its byte.
    let bits = (u64::from(byte) * BITS) & 0x8040_2010_0804_0201;
    (bits + 0x7f7f_7f7f_7f7f_7f7f) >> 7 & BITS
}

/// The fifth bits of a block: the lowest bit of each of 32 bytes. Of eight numbers, byte j of the word has those of 2 j and
/// 2 j + 1 at its bits 0 and 1: one mask then finds what belongs to the numbers at even (or odd) places of a word of nibbles,
/// each in the byte of its nibble. The next eight have the next two bits.
fn fifth_bits(eights: impl Iterator<Item = u64>) -> [u8; 4] {
    let joined = |bits: u64| even_bytes(bits | bits >> 7);
    eights
        .enumerate()
        .fold(0, |word, (n, eight)| word | (joined(eight & BITS) & 0x0303_0303) << (2 * n))
        .to_le_bytes()
}

/// Q4_K and Q5_K headers (16 bytes) to the arrangement of `block/k_scales.wgsl`, from which any of the eight scales
/// comes out with two shifts.
fn k_scales(header: &[u8]) -> [u8; 16] {
    let word = |n: usize| u64::from(u32::from_le_bytes(header[4 * n..][..4].try_into().expect("four bytes")));
    // Of the first four sub-blocks, s and m are six bits of each byte; the last four have their low bits in the third word
    // and the high ones on top of the first.
    let (s, m, both) = (word(1), word(2), word(3));
    let low_s = gather8(s | both << 32);
    let low_m = gather8(m | both >> 4 << 32);
    let pairs = |shift: u32| s >> shift & 0x0303_0303 | (m >> shift & 0x0303_0303) << 2;
    let high = gather8(pairs(4) | pairs(6) << 32);
    let mut out = [0; 16];
    out[..4].copy_from_slice(&header[..4]);
    for (word, out) in [low_s, low_m, high].into_iter().zip(out[4..].chunks_exact_mut(4)) {
        out.copy_from_slice(&word.to_le_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gathers_low_nibbles() {
        assert_eq!(gather8(u64::from_le_bytes([0xf1, 2, 3, 4, 5, 6, 7, 0xe8])), 0x8765_4321);
    }

    #[test]
    fn no_type_grows() {
        for &kind in Type::SUPPORTED {
            let layout = Layout::new(kind, 64, 1536);
            let file = kind.row_bytes(1536).expect("whole blocks") * 64;
            assert_eq!(layout.bytes(), file.next_multiple_of(16), "{kind:?}");
        }
    }

    #[test]
    fn odd_rows_stay_within_the_layout() {
        for &kind in Type::SUPPORTED {
            let columns = 256;
            let layout = Layout::new(kind, 3, columns);
            let file = vec![0x5a; kind.row_bytes(columns).expect("whole blocks") as usize * 3];
            let mut packed = Packed::default();
            pack(&layout, &file, &mut packed);
            for (plane, bytes) in layout.planes.iter().zip(&packed.planes) {
                assert_eq!((plane.row_bytes * 3).next_multiple_of(4), bytes.len() as u64, "{kind:?}");
                assert!(plane.offset + bytes.len() as u64 <= layout.bytes(), "{kind:?}");
            }
        }
    }
}
