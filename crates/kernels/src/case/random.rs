//! Numbers that look random and are the same everywhere.

/// A xorshift generator (Marsaglia, "Xorshift RNGs", 2003), 64 bits.
pub(crate) struct Random(u64);

impl Random {
    /// A sequence per seed; seeds may be small.
    pub(crate) fn new(seed: u64) -> Random {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        // Seeds with few bits give small numbers at first.
        for _ in 0..8 {
            random.word();
        }
        random
    }

    /// 32 random bits.
    pub(crate) fn word(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u32
    }

    /// An integer below `end`.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        ((u64::from(self.word()) * u64::from(end)) >> 32) as u32
    }

    /// `n` numbers from `-extent` to `extent`.
    pub(crate) fn floats(&mut self, n: usize, extent: f32) -> Vec<f32> {
        (0..n).map(|_| (self.word() as f32 / 2147483648.0 - 1.0) * extent).collect()
    }

    /// `n` numbers from `low` to `high`.
    pub(crate) fn between(&mut self, n: usize, low: f32, high: f32) -> Vec<f32> {
        self.floats(n, (high - low) / 2.0).into_iter().map(|v| v + (high + low) / 2.0).collect()
    }

    /// `n` bytes.
    pub(crate) fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.word() as u8).collect()
    }
}
