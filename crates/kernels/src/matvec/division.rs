//! How the rows of a matrix are divided among invocations.

use super::{Products, Store, WORKGROUP};
use crate::weight::Layout;

/// Workgroups below which rows get more lanes: what keeps a large GPU busy.
const GROUPS_WANTED: u32 = 512;
/// Workgroups above which each computes several tiles of rows, so that x is prepared less often.
const GROUPS_MAX: u32 = 1024;

/// A division of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Division {
    /// Invocations that share a unit of rows.
    pub(super) lanes: u32,
    /// Tiles of rows that a workgroup computes one after the other.
    pub(super) tiles: u32,
    /// Workgroups.
    pub(super) groups: u32,
}

impl Division {
    /// The division of a matrix, or of a part of one, for a store. It depends on the shape alone, so that results do not
    /// depend on the adapter.
    pub(super) fn of(weight: &Layout, store: Store) -> Division {
        let units = (weight.rows as u32).div_ceil(store.unit_rows());
        let lanes_max = store.lanes_max();
        let blocks = weight.blocks();
        let groups = |lanes: u32| units.div_ceil(WORKGROUP / lanes);
        let mut lanes = blocks.next_power_of_two().clamp(4, 16);
        while groups(lanes) < GROUPS_WANTED && 2 * lanes <= blocks.min(lanes_max) {
            lanes *= 2;
        }
        let tiles = groups(lanes).div_ceil(GROUPS_MAX);
        Division { lanes, tiles, groups: groups(lanes).div_ceil(tiles) }
    }
}

/// Bytes of workgroup memory that a product takes whose x of so many columns goes through it.
pub fn staged_bytes(columns: u32, products: Products) -> u64 {
    let blocks = u64::from(columns).div_ceil(32);
    let staged = match products {
        Products::Float => 8 * (blocks | 1) * 16,
        Products::Half => 2 * (blocks | 1) * (4 * 8 + 4),
        Products::Packed => 2 * blocks * (16 + 16 + 8),
    };
    let sums = u64::from(WORKGROUP) * (16 + 4) + 16 * 4;
    let candidates = u64::from(WORKGROUP) / 4 * 8;
    staged + sums + candidates
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matvec::Order;
    use gguf::Type;

    fn check(store: Store, rows: u64, columns: u64, lanes: u32, tiles: u32, groups: u32) {
        let division = Division::of(&Layout::new(Type::F32, rows, columns), store);
        assert_eq!(division, Division { lanes, tiles, groups }, "{rows} x {columns}, {store:?}");
    }

    #[test]
    fn every_row_has_a_unit() {
        let rows = Store::Rows { offset: 0, blocks: 0 };
        check(rows, 1, 4, 4, 1, 1);
        check(rows, 1536, 256, 8, 1, 48);
        check(rows, 2560, 1536, 32, 1, 320);
        check(rows, 1536, 12288, 128, 1, 768);
        let gate = Store::Gate { order: Order::Packed, offset: 0, rows: 256, up_offset: 0 };
        check(gate, 256, 1536, 32, 1, 16);
        check(Store::Gated(Order::Packed), 24576, 1536, 16, 1, 768);
        check(Store::Gated(Order::Packed), 135_168, 32, 4, 2, 528);
        let logits = Store::Logits { offset: 0, cap: 0.0, candidates: 0 };
        check(logits, 262_144, 1536, 16, 8, 1024);
    }

    #[test]
    fn what_is_staged_fits_every_device_up_to_e4b_and_halves_or_packed_up_to_31b() {
        assert!(staged_bytes(2560, Products::Float) <= 16384);
        assert!(staged_bytes(5376, Products::Half) <= 16384);
        assert!(staged_bytes(5376, Products::Packed) <= 16384);
    }
}
