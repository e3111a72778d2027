//! What Q4_K and Q5_K share: 8 groups of 32 values, each with a 6-bit scale and a 6-bit minimum that two
//! 2-byte floats multiply; `x = d * scale[group] * q - d_min * minimum[group]`.

use super::scale;

/// Bytes of the packed scales and minima.
pub(super) const PACKED_BYTES: usize = 12;
const _: () = assert!(PACKED_BYTES * 8 == 8 * (6 + 6));

/// One number of 6 bits for each group: scales and minima.
pub(super) struct Packed {
    pub(super) scales: [u8; 8],
    pub(super) minima: [u8; 8],
}

impl Packed {
    /// Groups 0 to 3 take the low 6 bits of bytes 0 to 3 (scale) and 4 to 7 (minimum).
    /// Groups 4 to 7 take their low 4 bits from the halves of bytes 8 to 11 and their upper 2 bits from the
    /// top of those bytes.
    pub(super) fn read(bytes: &[u8]) -> Self {
        assert_eq!(bytes.len(), PACKED_BYTES, "packed scales and minima");
        let scales = std::array::from_fn(|group| match group {
            0..4 => bytes[group] & 63,
            _ => (bytes[group + 4] & 15) | (bytes[group - 4] >> 6) << 4,
        });
        let minima = std::array::from_fn(|group| match group {
            0..4 => bytes[group + 4] & 63,
            _ => (bytes[group + 4] >> 4) | (bytes[group] >> 6) << 4,
        });
        Self { scales, minima }
    }

    /// The reverse of [`Packed::read`].
    pub(super) fn bytes(&self) -> [u8; PACKED_BYTES] {
        let Self { scales, minima } = self;
        std::array::from_fn(|i| match i {
            0..4 => scales[i] | (scales[i + 4] >> 4) << 6,
            4..8 => minima[i - 4] | (minima[i] >> 4) << 6,
            _ => (scales[i - 4] & 15) | (minima[i - 4] & 15) << 4,
        })
    }
}

/// Scale and minimum of every group as they multiply and are subtracted, from the first 16 bytes of a block:
/// 0 `d`, 2 `d_min`, 4 packed scales and minima.
pub(super) fn read(block: &[u8]) -> [(f32, f32); 8] {
    let (d, d_min) = (scale::read(block, 0), scale::read(block, 2));
    let packed = Packed::read(&block[4..16]);
    std::array::from_fn(|group| {
        (d * f32::from(packed.scales[group]), d_min * f32::from(packed.minima[group]))
    })
}

/// Chooses scales and minima, writes them to the first 16 bytes of `block`, and gives every value as an integer
/// from 0 to `levels`.
pub(super) fn quantise(values: &[f32; 256], levels: u8, block: &mut [u8]) -> [[u8; 32]; 8] {
    let (groups, _) = values.as_chunks::<32>();
    // Zero belongs to every group's range: a minimum is only ever subtracted.
    let ranges: [(f32, f32); 8] = std::array::from_fn(|group| {
        let (low, high) = scale::range(&groups[group]);
        (low.min(0.0), high.max(0.0))
    });
    let scales = ranges.map(|(low, high)| (high - low) / f32::from(levels));
    let minima = ranges.map(|(low, _)| -low);
    let d = scale::write(block, 0, scale::range(&scales).1 / 63.0);
    let d_min = scale::write(block, 2, scale::range(&minima).1 / 63.0);
    let six_bits = |x: f32, unit: f32| scale::nearest(x * scale::inverse(unit), 0, 63) as u8;
    let packed =
        Packed { scales: scales.map(|x| six_bits(x, d)), minima: minima.map(|x| six_bits(x, d_min)) };
    block[4..16].copy_from_slice(&packed.bytes());
    let stored = read(block);
    std::array::from_fn(|group| {
        let (step, minimum) = stored[group];
        let inverse = scale::inverse(step);
        groups[group].map(|x| scale::nearest((x + minimum) * inverse, 0, levels.into()) as u8)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_keeps_all_six_bits() {
        let packed =
            Packed { scales: [0, 63, 17, 42, 63, 1, 48, 31], minima: [63, 0, 33, 5, 15, 16, 63, 47] };
        let back = Packed::read(&packed.bytes());
        assert_eq!((back.scales, back.minima), (packed.scales, packed.minima));
    }
}
