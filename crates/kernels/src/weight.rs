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
    let kind = layout.kind;
    packed.planes.resize_with(layout.planes.len(), Vec::new);
    packed.planes.iter_mut().for_each(Vec::clear);
    match kind {
        Type::F32 => {
            pad_rows(file_rows, layout.columns * 4, layout.planes[0].row_bytes, &mut packed.planes[0])
        }
        Type::F16 | Type::BF16 => {
            pad_rows(file_rows, layout.columns * 2, layout.planes[0].row_bytes, &mut packed.planes[0]);
        }
        _ => {
            let block_bytes = kind.block_bytes();
            assert_eq!(
                file_rows.len() % block_bytes,
                0,
                "{kind:?}: {} bytes are not whole blocks",
                file_rows.len()
            );
            for block in file_rows.chunks_exact(block_bytes) {
                pack_block(kind, block, &mut packed.planes);
            }
        }
    }
    // Writes to the GPU are whole words; what is added here lies in the padding or is overwritten by the next rows.
    for plane in &mut packed.planes {
        plane.resize(plane.len().next_multiple_of(4), 0);
    }
}

fn pad_rows(file: &[u8], from: u64, to: u64, out: &mut Vec<u8>) {
    if from == to {
        out.extend_from_slice(file);
        return;
    }
    for row in file.chunks_exact(from as usize) {
        out.extend_from_slice(row);
        out.resize(out.len() + (to - from) as usize, 0);
    }
}

/// One file block (32 or 256 weights) to the ends of the planes.
fn pack_block(kind: Type, block: &[u8], planes: &mut [Vec<u8>]) {
    match kind {
        Type::Q4_0 => {
            nibbles_split(&block[2..18], &mut planes[0]);
            planes[1].extend_from_slice(&block[..2]);
        }
        Type::Q4_1 => {
            nibbles_split(&block[4..20], &mut planes[0]);
            planes[1].extend_from_slice(&block[..4]);
        }
        Type::Q5_0 => {
            nibbles_split(&block[6..22], &mut planes[0]);
            planes[1].extend_from_slice(&block[..2]);
            let bits = block[2..6].iter().map(|&byte| spread8(byte));
            planes[2].extend_from_slice(&fifth_bits(bits).to_le_bytes());
        }
        Type::Q5_1 => {
            nibbles_split(&block[8..24], &mut planes[0]);
            planes[1].extend_from_slice(&block[..4]);
            let bits = block[4..8].iter().map(|&byte| spread8(byte));
            planes[2].extend_from_slice(&fifth_bits(bits).to_le_bytes());
        }
        Type::Q8_0 => {
            for eight in block[2..34].chunks_exact(8) {
                planes[0].extend(eight.iter().step_by(2).chain(eight.iter().skip(1).step_by(2)));
            }
            planes[1].extend_from_slice(&block[..2]);
        }
        Type::Q4_K => {
            k_scales(block, &mut planes[1]);
            for pair in block[16..144].chunks_exact(32) {
                nibbles_pair(pair, &mut planes[0]);
            }
        }
        Type::Q5_K => {
            k_scales(block, &mut planes[1]);
            for pair in block[48..176].chunks_exact(32) {
                nibbles_pair(pair, &mut planes[0]);
            }
            let high = &block[16..48];
            for sub_block in 0..8 {
                let bits = high.chunks_exact(8).map(|eight| eight_bytes(eight) >> sub_block);
                planes[2].extend_from_slice(&fifth_bits(bits).to_le_bytes());
            }
        }
        Type::Q6_K => {
            // Two halves of 128 weights; in each, 64 bytes of low bits hold blocks (0, 2) and (1, 3) as low and high
            // nibbles of 32 bytes each, and 32 bytes hold the two high bits of all four.
            for half in 0..2 {
                let low = &block[half * 64..half * 64 + 64];
                let high = &block[128 + half * 32..160 + half * 32];
                nibbles_low(&low[..32], &mut planes[0]);
                nibbles_low(&low[32..], &mut planes[0]);
                nibbles_high(&low[..32], &mut planes[0]);
                nibbles_high(&low[32..], &mut planes[0]);
                for quarter in 0..4 {
                    for sixteen in high.chunks_exact(16) {
                        let [low, high] = [0, 8].map(|at| eight_bytes(&sixteen[at..]) >> (2 * quarter));
                        let word = join_pairs(low & PAIRS, 6) | join_pairs(high & PAIRS, 6) << 4;
                        planes[1].extend_from_slice(&word.to_le_bytes());
                    }
                }
            }
            planes[2].extend_from_slice(&block[192..208]);
            planes[3].extend_from_slice(&block[208..210]);
        }
        Type::F32 | Type::F16 | Type::BF16 | Type::Other(_) => unreachable!("{kind:?} has no blocks"),
    }
}

/// Eight bytes hold eight 4-bit numbers in their low halves; gathers them into one word, lowest first.
fn gather8(bytes: u64) -> u32 {
    let x = bytes & 0x0f0f_0f0f_0f0f_0f0f;
    let x = (x | (x >> 4)) & 0x00ff_00ff_00ff_00ff;
    let x = (x | (x >> 8)) & 0x0000_ffff_0000_ffff;
    (x | (x >> 16)) as u32
}

fn words(bytes: &[u8], shift: u32, out: &mut Vec<u8>) {
    for eight in bytes.chunks_exact(8) {
        out.extend_from_slice(&gather8(eight_bytes(eight) >> shift).to_le_bytes());
    }
}

/// The low nibbles of 32 bytes are one block.
fn nibbles_low(bytes: &[u8], out: &mut Vec<u8>) {
    words(bytes, 0, out);
}

/// The high nibbles of 32 bytes are one block.
fn nibbles_high(bytes: &[u8], out: &mut Vec<u8>) {
    words(bytes, 4, out);
}

/// K-quants: 32 bytes hold one block in the low nibbles and the next in the high ones.
fn nibbles_pair(bytes: &[u8], out: &mut Vec<u8>) {
    nibbles_low(bytes, out);
    nibbles_high(bytes, out);
}

/// 32-weight types: 16 bytes hold weights 0..16 in the low nibbles and 16..32 in the high ones.
fn nibbles_split(bytes: &[u8], out: &mut Vec<u8>) {
    words(bytes, 0, out);
    words(bytes, 4, out);
}

/// The lowest bit and the two lowest bits of eight bytes.
const BITS: u64 = 0x0101_0101_0101_0101;
const PAIRS: u64 = 0x0303_0303_0303_0303;

fn eight_bytes(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"))
}

/// The eight bits of a byte, lowest first, as the lowest bits of eight bytes.
fn spread8(byte: u8) -> u64 {
    (0..8).fold(0, |bytes, n| bytes | u64::from(byte >> n & 1) << (8 * n))
}

/// Eight bytes with few bits each to four, of which byte j is byte 2 j and, behind it, byte 2 j + 1 moved down by `shift`.
/// One mask then finds what belongs to the numbers at even (or odd) places of a word of nibbles, each in the byte of its
/// nibble.
fn join_pairs(bytes: u64, shift: u32) -> u32 {
    let x = (bytes | bytes >> shift) & 0x000f_000f_000f_000f;
    let x = (x | x >> 8) & 0x0000_ffff_0000_ffff;
    (x | x >> 16) as u32
}

/// The fifth bits of a block: the lowest bit of each of 32 bytes, joined in pairs, those of the first eight numbers lowest.
fn fifth_bits(eights: impl Iterator<Item = u64>) -> u32 {
    eights.enumerate().fold(0, |word, (n, eight)| word | join_pairs(eight & BITS, 7) << (2 * n))
}

/// Q4_K and Q5_K headers (16 bytes) to the arrangement of `block/k_scales.wgsl`, from which any of the eight scales
/// comes out with two shifts.
fn k_scales(block: &[u8], out: &mut Vec<u8>) {
    let packed = &block[4..16];
    let (mut low_s, mut low_m, mut high) = (0u32, 0u32, 0u32);
    for j in 0..8 {
        let (s, m) = if j < 4 {
            (packed[j] & 63, packed[j + 4] & 63)
        } else {
            let both = packed[j + 4];
            ((both & 15) | (packed[j - 4] >> 6 << 4), (both >> 4) | (packed[j] >> 6 << 4))
        };
        low_s |= u32::from(s & 15) << (4 * j);
        low_m |= u32::from(m & 15) << (4 * j);
        high |= (u32::from(s >> 4) | u32::from(m >> 4) << 2) << (4 * j);
    }
    out.extend_from_slice(&block[..4]);
    for word in [low_s, low_m, high] {
        out.extend_from_slice(&word.to_le_bytes());
    }
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
