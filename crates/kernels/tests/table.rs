//! The table of `docs/kernels.md` against the cases, so that it stays true.

use kernels::case::{Case, all, compositions, copy_probe, multiply_probes, speed};
use kernels::probe::Numbers;
use std::collections::{BTreeMap, BTreeSet, HashSet};

#[test]
fn the_table_lists_every_kernel_with_its_cases() {
    let text = include_str!("../../../docs/kernels.md");
    let listed: BTreeMap<&str, usize> = text
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix("| `")?.split('|').map(str::trim).collect();
            let kernel = cells[0].trim_end_matches('`');
            let count = cells.iter().rev().find(|cell| !cell.is_empty())?;
            Some((
                kernel,
                count.parse().unwrap_or_else(|_| panic!("`{kernel}`: `{count}` is no number of cases")),
            ))
        })
        .collect();
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for case in all() {
        *counted.entry(case.kernel).or_default() += 1;
    }
    assert_eq!(listed, counted, "left: docs/kernels.md, right: case::all()");
}

#[test]
fn every_kernel_is_measured() {
    let kernels = |cases: Vec<Case>| cases.iter().map(|case| case.kernel).collect::<BTreeSet<_>>();
    let mut expected = kernels(all());
    expected.remove("probe");
    assert_eq!(kernels(speed()), expected);
    assert!(copy_probe().bytes > 0, "the copy has a rate");
    for numbers in Numbers::ALL {
        assert!(multiply_probes(numbers, 64).iter().all(|case| case.flops > 0), "{numbers:?} has a rate");
    }
}

#[test]
fn a_brief_check_has_every_composition_once() {
    let shaders = |cases: &[Case]| cases.iter().flat_map(|case| case.shaders.clone()).collect::<Vec<_>>();
    let (every, brief) = (all(), compositions());
    let of = |cases| shaders(cases).iter().map(|shader| shader.composition()).collect::<HashSet<_>>();
    assert!(of(&every) == of(&brief), "all compositions are there");
    println!("{} cases, {} of them for {} compositions", every.len(), brief.len(), of(&brief).len());
    assert!(brief.len() <= of(&brief).len() && 2 * brief.len() < every.len());
}
