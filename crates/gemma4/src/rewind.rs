//! How far back a cache can go.

use crate::plan::CachePlan;

/// Whether a sequence can go on from `len` tokens. A sliding layer keeps the last `capacity` positions that were ever
/// written: rings write position p over p - capacity, also for tokens that were forgotten again, or whose step was
/// cancelled. So what counts is `written`, one past the highest position written since the cache was empty.
///
/// `window` is the number of keys a sliding layer sees, its own included; `context` the capacity of all other caches.
pub(crate) fn can_rewind(
    caches: &[Option<CachePlan>],
    window: u32,
    context: u32,
    written: u32,
    len: u32,
) -> bool {
    let oldest_seen = (len + 1).saturating_sub(window);
    let rings = caches.iter().flatten().filter(|cache| cache.capacity < context);
    len == 0 || rings.map(|ring| written.saturating_sub(ring.capacity)).all(|oldest| oldest <= oldest_seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A full layer of 64 positions and a ring of 8 with a window of 4.
    fn check(written: u32, len: u32, expected: bool) {
        let cache = |capacity| Some(CachePlan { keys: 0, values: 0, capacity, row_bytes: 1 });
        let caches = [cache(64), None, cache(8)];
        assert_eq!(can_rewind(&caches, 4, 64, written, len), expected, "{len} of {written}");
    }

    #[test]
    fn a_ring_goes_back_as_far_as_it_still_holds_the_window() {
        check(8, 1, true); // nothing was overwritten yet
        check(20, 20, true);
        check(20, 15, true); // sees 12..=15, the ring holds 12..20
        check(20, 14, false); // would see 11
        check(20, 0, true);
        check(9, 2, false); // 1 is the oldest kept, and 0 is seen
        check(9, 4, true); // sees 1..=4
    }

    #[test]
    fn without_rings_everything_is_kept() {
        let caches = [Some(CachePlan { keys: 0, values: 0, capacity: 64, row_bytes: 1 })];
        assert!(can_rewind(&caches, 4, 64, 64, 1));
    }
}
