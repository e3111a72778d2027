//! Damaged files: no panic, no hang, and never more memory than the file's own size justifies.
//!
//! The mutations are the same in every run. `RULLAMA_FUZZ_SECONDS=60` goes on with others for that long.

mod support {
    pub(crate) mod any_file;
    #[path = "mod.rs"]
    mod files;
    pub(crate) use files::sample_file;
}

use std::time::{Duration, Instant};

use support::any_file::read_within_bounds;

/// Xorshift64 (Marsaglia 2003): the same numbers everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

/// Counts and lengths at which mistakes happen.
const EDGES: [u64; 14] = [
    0,
    1,
    2,
    9,
    31,
    255,
    65536,
    1 << 24,
    (1 << 24) + 1,
    u32::MAX as u64,
    1 << 40,
    i64::MAX as u64,
    u64::MAX - 31,
    u64::MAX,
];

/// Changes a few places of the file: bits, bytes, numbers of 4 and 8 bytes, pieces moved, cut or repeated.
fn damage(file: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(4) {
        if file.is_empty() {
            return;
        }
        let at = random.below(file.len());
        let length = random.below(64).min(file.len() - at);
        let edge = EDGES[random.below(EDGES.len())].to_le_bytes();
        match random.below(8) {
            0 => file[at] ^= 1 << random.below(8),
            1 => file[at] = random.next() as u8,
            2 => file.iter_mut().skip(at).zip(&edge[..4]).for_each(|(byte, edge)| *byte = *edge),
            3 => file.iter_mut().skip(at).zip(&edge).for_each(|(byte, edge)| *byte = *edge),
            4 => file.truncate(at),
            5 => drop(file.drain(at..at + length)),
            6 => {
                let piece = file[at..at + length].to_vec();
                let to = random.below(file.len());
                file.splice(to..to, piece);
            }
            _ => {
                let to = random.below(file.len() - length + 1);
                file.copy_within(at..at + length, to);
            }
        }
    }
}

#[test]
fn damaged_files_are_errors_or_files() {
    let seconds = std::env::var("RULLAMA_FUZZ_SECONDS").ok().map(|text| {
        text.parse().unwrap_or_else(|_| panic!("RULLAMA_FUZZ_SECONDS is `{text}`, not a number of seconds"))
    });
    let sample = support::sample_file();
    // All damage goes to the header: tensor data can hold anything.
    let header_bytes = gguf::parse(&sample).unwrap().data_offset as usize;
    assert!(read_within_bounds(&sample), "the sample itself is in order");
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut accepted, mut inputs) = (0u64, 0u64);
    let until = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let goes_on = |inputs: u64| inputs < 100_000 || until.is_some_and(|until| Instant::now() < until);
    while goes_on(inputs) {
        let mut file = sample.clone();
        let tail = file.split_off(header_bytes);
        damage(&mut file, &mut random);
        if random.below(2) == 0 {
            file.extend(&tail);
        }
        accepted += u64::from(read_within_bounds(&file));
        inputs += 1;
    }
    println!("{inputs} damaged files, {accepted} of them still in order");
    // If nothing or everything were accepted, the mutations would test nothing.
    assert!(accepted > inputs / 1000 && accepted < inputs / 2, "{accepted} of {inputs} accepted");
}
