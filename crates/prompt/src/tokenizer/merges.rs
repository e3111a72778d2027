//! Which two ids merge, at which rank, into which third; and which characters any merge can bring together.

use super::NONE;
use super::pieces::Pieces;
use crate::Error;

/// Most merges a vocabulary may have; Gemma 4 has 514906.
const MERGES_MAX: usize = 1 << 23;
/// Bytes of a faulty merge that its error message shows.
const SHOWN_BYTES_MAX: usize = 64;

#[derive(Clone, Copy, Debug)]
struct Entry {
    left: u32,
    right: u32,
    rank: u32,
}

const FREE: Entry = Entry { left: NONE, right: NONE, rank: NONE };
const _: () = assert!(size_of::<Entry>() == 12);

/// (left id, right id) → rank, open addressed with at most 5 of 8 entries used, and rank → merged id.
#[derive(Clone, Debug)]
pub(super) struct Merges {
    entries: Vec<Entry>,
    merged: Vec<u32>,
    joints: Joints,
}

impl Merges {
    /// Reads `LEFT RIGHT` lines in rank order. A left part may itself start with a space, so the separator is the
    /// first space after the first byte. Merges into a token that `barred` names are left out, so that no ordinary
    /// text can ever become a special token.
    pub(super) fn collect<M>(
        merges: M,
        pieces: &Pieces,
        barred: impl Fn(u32) -> bool,
    ) -> Result<Merges, Error>
    where
        M: IntoIterator,
        M::Item: AsRef<str>,
    {
        let merges = merges.into_iter();
        let mut found: Vec<(u32, u32, u32)> = Vec::with_capacity(merges.size_hint().0.min(MERGES_MAX));
        let mut joints = Joints::none();
        let mut joined = String::new();
        for (rank, merge) in merges.enumerate() {
            let merge = merge.as_ref();
            if rank == MERGES_MAX {
                return Err(Error::TooLarge { what: "merges", found: rank + 1, limit: MERGES_MAX });
            }
            let parsed = (|| {
                let (left, right) = split_merge(merge)?;
                joined.clear();
                joined.push_str(left);
                joined.push_str(right);
                let ids = (pieces.id(left)?, pieces.id(right)?, pieces.id(&joined)?);
                Some((ids, left.chars().next_back()?, right.chars().next()?))
            })();
            let Some((ids, last, first)) = parsed else {
                let merge = shortened(merge);
                return Err(Error::Merge { rank, merge, tokens: pieces.len() });
            };
            if barred(ids.0) || barred(ids.1) || barred(ids.2) {
                found.push((NONE, NONE, NONE));
            } else {
                joints.add(last, first);
                found.push(ids);
            }
        }
        let capacity = (found.len() * 8 / 5).max(8);
        let mut table = Merges { entries: vec![FREE; capacity], merged: Vec::new(), joints };
        for (rank, &(left, right, _)) in found.iter().enumerate().filter(|(_, ids)| ids.2 != NONE) {
            let slot = table.slot(left, right);
            // A pair that is listed twice keeps its lower rank.
            if table.entries[slot].rank == NONE {
                table.entries[slot] = Entry { left, right, rank: rank as u32 };
            }
        }
        // Not `into_iter().collect()`: that would keep the larger allocation.
        table.merged.reserve_exact(found.len());
        table.merged.extend(found.iter().map(|&(.., merged)| merged));
        Ok(table)
    }

    /// The rank of merging `left` with `right`, or [`NONE`].
    pub(super) fn rank(&self, left: u32, right: u32) -> u32 {
        self.entries[self.slot(left, right)].rank
    }

    /// The id that the merge of this rank makes.
    pub(super) fn merged(&self, rank: u32) -> u32 {
        self.merged[rank as usize]
    }

    /// False only where no merge can ever bring the two characters into one token.
    pub(super) fn may_join(&self, left: char, right: char) -> bool {
        self.joints.has(left, right)
    }

    pub(super) fn bytes(&self) -> usize {
        12 * self.entries.capacity() + 4 * self.merged.capacity() + 8 * self.joints.bits.capacity()
    }

    fn slot(&self, left: u32, right: u32) -> usize {
        let hash = fold((u64::from(left) << 32 | u64::from(right)) ^ 0x2545_f491_4f6c_dd1d);
        // The high half of hash × length is an even spread over any length, not only powers of two.
        let mut slot = ((u128::from(hash) * self.entries.len() as u128) >> 64) as usize;
        loop {
            let entry = &self.entries[slot];
            if entry.rank == NONE || (entry.left == left && entry.right == right) {
                return slot;
            }
            slot = if slot + 1 == self.entries.len() { 0 } else { slot + 1 };
        }
    }
}

fn split_merge(merge: &str) -> Option<(&str, &str)> {
    let space = 1 + merge.as_bytes().get(1..)?.iter().position(|&byte| byte == b' ')?;
    Some((&merge[..space], &merge[space + 1..]))
}

fn shortened(merge: &str) -> String {
    let end = (0..=merge.len().min(SHOWN_BYTES_MAX)).rfind(|&end| merge.is_char_boundary(end));
    merge[..end.unwrap_or(0)].to_string()
}

/// Mixes all bits of a word into all others.
pub(super) fn fold(word: u64) -> u64 {
    let product = u128::from(word) * 0x9fb2_1c65_1e98_df25_u128;
    let mixed = (product >> 64) as u64 ^ product as u64;
    (mixed ^ mixed >> 29).wrapping_mul(0xff51_afd7_ed55_8ccd)
}

/// One bit for each pair of character classes: can a merge have the first at the end of its left part and the second
/// at the start of its right part? Where the bit is clear, text can be cut without changing a single id. Characters
/// above 511 share classes, which can only set more bits, never clear one.
#[derive(Clone, Debug)]
struct Joints {
    bits: Vec<u64>, // (CLASSES, CLASSES / 64)
}

const CLASSES: usize = 1024;

impl Joints {
    fn none() -> Joints {
        Joints { bits: vec![0; CLASSES * CLASSES / 64] }
    }

    fn add(&mut self, left: char, right: char) {
        let bit = class(left) * CLASSES + class(right);
        self.bits[bit / 64] |= 1 << (bit % 64);
    }

    fn has(&self, left: char, right: char) -> bool {
        let bit = class(left) * CLASSES + class(right);
        self.bits[bit / 64] >> (bit % 64) & 1 == 1
    }
}

fn class(character: char) -> usize {
    let code = character as usize;
    if code < 512 { code } else { 512 + (code ^ code >> 9) % 512 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_and_results() {
        let pieces = Pieces::collect(["a", "b", " ", "ab", " a", "aba"]).unwrap();
        let merges = Merges::collect(["a b", "  a", "ab a"], &pieces, |_| false).unwrap();
        assert_eq!([merges.rank(0, 1), merges.rank(2, 0), merges.rank(3, 0)], [0, 1, 2]);
        assert_eq!([merges.merged(0), merges.merged(1), merges.merged(2)], [3, 4, 5]);
        assert_eq!(merges.rank(1, 0), NONE);
        assert!(merges.may_join('a', 'b') && merges.may_join('b', 'a') && !merges.may_join('b', 'b'));
    }

    #[test]
    fn faulty_merges_are_named() {
        let pieces = Pieces::collect(["a", "b"]).unwrap();
        for merge in ["a b", "ab", "", "a", "x y", "é"] {
            let error = Merges::collect([merge], &pieces, |_| false).unwrap_err();
            assert_eq!(error, Error::Merge { rank: 0, merge: merge.into(), tokens: 2 });
        }
    }

    #[test]
    fn a_merge_into_a_barred_token_does_not_exist() {
        let pieces = Pieces::collect(["a", "b", "ab"]).unwrap();
        let merges = Merges::collect(["a b"], &pieces, |id| id == 2).unwrap();
        assert_eq!(merges.rank(0, 1), NONE);
    }
}
