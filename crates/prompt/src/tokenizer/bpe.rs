//! Merging one run of symbols: lowest rank first, leftmost first, until no neighbours merge.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::NONE;
use super::merges::Merges;

/// Up to this many symbols, looking at every rank again after each merge is quicker than a heap.
const SCANNED_SYMBOLS_MAX: usize = 48;

/// Buffers that one encoding reuses from run to run.
#[derive(Default)]
pub(super) struct Scratch {
    ranks: Vec<u32>, // (symbols), rank of merging symbol i with its right neighbour
    next: Vec<u32>,
    previous: Vec<u32>,
    heap: BinaryHeap<Reverse<u64>>,
}

/// Merges `symbols` in place; what remains is the encoding. O(n log n) for n symbols.
pub(super) fn merge(merges: &Merges, symbols: &mut Vec<u32>, scratch: &mut Scratch) {
    if symbols.len() < 2 {
        return;
    }
    scratch.ranks.clear();
    scratch.ranks.extend(symbols.windows(2).map(|pair| merges.rank(pair[0], pair[1])));
    scratch.ranks.push(NONE);
    if symbols.len() <= SCANNED_SYMBOLS_MAX {
        merge_scanning(merges, symbols, &mut scratch.ranks);
    } else {
        merge_queued(merges, symbols, scratch);
    }
}

fn merge_scanning(merges: &Merges, symbols: &mut Vec<u32>, ranks: &mut Vec<u32>) {
    loop {
        let (at, rank) = lowest(ranks);
        if rank == NONE {
            return;
        }
        symbols[at] = merges.merged(rank);
        symbols.remove(at + 1);
        ranks.remove(at + 1);
        ranks[at] = symbols.get(at + 1).map_or(NONE, |&right| merges.rank(symbols[at], right));
        if at > 0 {
            ranks[at - 1] = merges.rank(symbols[at - 1], symbols[at]);
        }
    }
}

/// The first of the lowest ranks.
fn lowest(ranks: &[u32]) -> (usize, u32) {
    let mut found = (0, NONE);
    for (at, &rank) in ranks.iter().enumerate() {
        if rank < found.1 {
            found = (at, rank);
        }
    }
    found
}

/// Symbols stay where they are, linked past those that were merged away. The heap may hold outdated entries; one is
/// valid exactly if its rank is still the rank stored for its position.
fn merge_queued(merges: &Merges, symbols: &mut Vec<u32>, scratch: &mut Scratch) {
    let Scratch { ranks, next, previous, heap } = scratch;
    let count = symbols.len() as u32;
    next.clear();
    next.extend((1..count).chain([NONE]));
    previous.clear();
    previous.extend([NONE].into_iter().chain(0..count - 1));
    let mut entries = std::mem::take(heap).into_vec();
    entries.clear();
    entries
        .extend((0..count).filter(|&at| ranks[at as usize] != NONE).map(|at| entry(ranks[at as usize], at)));
    *heap = BinaryHeap::from(entries);

    while let Some(Reverse(packed)) = heap.pop() {
        let (rank, at) = ((packed >> 32) as u32, packed as u32 as usize);
        if ranks[at] != rank {
            continue;
        }
        let gone = next[at] as usize;
        symbols[at] = merges.merged(rank);
        symbols[gone] = NONE;
        ranks[gone] = NONE;
        let after = next[gone];
        next[at] = after;
        ranks[at] = NONE;
        if after != NONE {
            previous[after as usize] = at as u32;
            ranks[at] = merges.rank(symbols[at], symbols[after as usize]);
            if ranks[at] != NONE {
                heap.push(entry(ranks[at], at as u32));
            }
        }
        let before = previous[at];
        if before != NONE {
            let rank = merges.rank(symbols[before as usize], symbols[at]);
            ranks[before as usize] = rank;
            if rank != NONE {
                heap.push(entry(rank, before));
            }
        }
    }
    symbols.retain(|&symbol| symbol != NONE);
}

/// Rank above position, so that the smallest entry is the leftmost of the lowest rank.
fn entry(rank: u32, at: u32) -> Reverse<u64> {
    Reverse(u64::from(rank) << 32 | u64::from(at))
}
