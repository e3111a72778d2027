//! Cases for measuring: what an adapter reaches at most, products and attention of e2b as its layers have them, and of every other
//! kernel its largest case.

mod attention;
mod products;

use super::{Case, all};
use crate::probe;
use crate::probe::Numbers;

/// What the adapter's memory reaches: a copy.
pub fn copy_probe() -> Case {
    probe::cases::copy_speed_case()
}

/// What its arithmetic reaches in registers, by so many workgroups of 256: the best of these.
pub fn multiply_probes(numbers: Numbers, workgroups: u32) -> Vec<Case> {
    probe::cases::multiply_speed_cases(numbers, workgroups)
}

/// What is measured, by kernel.
pub fn speed() -> Vec<Case> {
    let mut cases = products::cases();
    cases.extend(attention::cases());
    let measured: Vec<&str> = cases.iter().map(|case| case.kernel).chain(["probe"]).collect();
    let mut others = all();
    others.retain(|case| !measured.contains(&case.kernel));
    // A stable sort: of equally large cases the first.
    others.sort_by_key(|case| (case.kernel, std::cmp::Reverse(case.bytes + case.flops)));
    others.dedup_by_key(|case| case.kernel);
    cases.extend(others);
    cases.sort_by_key(|case| case.kernel);
    cases
}
