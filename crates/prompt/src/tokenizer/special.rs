//! Finding special tokens in text: the leftmost, and there the longest, literal match.

use super::pieces::Pieces;
use crate::Error;

/// Most bytes of one special token; Gemma 4's longest has 17. It bounds the work at each byte of the text.
const SPECIAL_BYTES_MAX: usize = 256;

/// Special ids ordered by their text, so that all with a common prefix stand together.
#[derive(Clone, Debug)]
pub(super) struct Specials {
    ids: Vec<u32>,
    starts: [bool; 256], // which first bytes occur
}

impl Specials {
    pub(super) fn collect(ids: impl Iterator<Item = u32>, pieces: &Pieces) -> Result<Specials, Error> {
        let text = |id: u32| pieces.get(id).unwrap_or_default().as_bytes();
        // A special token without text could match nowhere and everywhere.
        let mut ids: Vec<u32> = ids.filter(|&id| !text(id).is_empty()).collect();
        ids.sort_by_key(|&id| (text(id), id));
        ids.dedup_by_key(|&mut id| text(id));
        let mut starts = [false; 256];
        for &id in &ids {
            let bytes = text(id).len();
            if bytes > SPECIAL_BYTES_MAX {
                let what = "bytes in one special token";
                return Err(Error::TooLarge { what, found: bytes, limit: SPECIAL_BYTES_MAX });
            }
            starts[text(id)[0] as usize] = true;
        }
        Ok(Specials { ids, starts })
    }

    /// Where the first special token of `text` starts, and its id.
    pub(super) fn find(&self, text: &str, pieces: &Pieces) -> Option<(usize, u32)> {
        let bytes = text.as_bytes();
        let starts = bytes.iter().enumerate().filter(|(_, byte)| self.starts[**byte as usize]);
        starts.map(|(at, _)| at).find_map(|at| Some((at, self.longest(&bytes[at..], pieces)?)))
    }

    /// The longest special token that `bytes` starts with: the candidates are narrowed byte by byte, and one that
    /// ends at the current depth sorts first among them.
    fn longest(&self, bytes: &[u8], pieces: &Pieces) -> Option<u32> {
        let text = |id: &u32| pieces.get(*id).unwrap_or_default().as_bytes();
        let mut candidates = &self.ids[..];
        let mut longest = None;
        for (depth, &byte) in bytes.iter().enumerate() {
            let low = candidates.partition_point(|id| text(id).get(depth).is_none_or(|&other| other < byte));
            let high =
                candidates.partition_point(|id| text(id).get(depth).is_none_or(|&other| other <= byte));
            candidates = &candidates[low..high];
            match candidates.first() {
                None => break,
                Some(id) if text(id).len() == depth + 1 => longest = Some(*id),
                Some(_) => {}
            }
        }
        longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(usize, u32)>) {
        let pieces = Pieces::collect(["<a", "<a>", "<a>b>", "x", "<b"]).unwrap();
        let specials = Specials::collect([0, 1, 2, 4].into_iter(), &pieces).unwrap();
        assert_eq!(specials.find(text, &pieces), expected, "{text:?}");
    }

    #[test]
    fn leftmost_then_longest() {
        check("x", None);
        check("", None);
        check("<", None);
        check("<a", Some((0, 0)));
        check("x<a>", Some((1, 1)));
        check("<a>b", Some((0, 1)));
        check("<<a>b>", Some((1, 2)));
        check("é<b<a>", Some((2, 4)));
    }
}
