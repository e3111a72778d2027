//! Random numbers that are the same everywhere.

/// The SplitMix64 generator (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators", figure 17):
/// a counter and a mixing function, which is enough for one draw per token and has no bad seeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> SplitMix64 {
        SplitMix64 { state: seed }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = self.state;
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to and without 1, a multiple of 2^-53.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_sequence_of_seed_1234567_comes_out() {
        let mut random = SplitMix64::new(1_234_567);
        let expected = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!(expected.map(|_| random.bits()), expected);
    }

    #[test]
    fn uniform_numbers_fill_the_unit_interval_evenly() {
        let mut random = SplitMix64::new(7);
        let mut bins = [0u32; 10];
        for _ in 0..10_000 {
            bins[(random.uniform() * 10.0) as usize] += 1;
        }
        // Each bin's deviation is 30; five of them.
        assert!(bins.iter().all(|&n| (850..1150).contains(&n)), "{bins:?}");
    }
}
