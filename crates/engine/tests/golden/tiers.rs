//! The trial of an adapter's tiers.

use crate::run::{block_on, device};
use engine::gpu;
use engine::tiers::{TierRow, Trial, choose};

const TOKEN: [&str; 6] = ["float", "float-subgroup", "half", "half-subgroup", "packed", "packed-subgroup"];
const PROMPT: [&str; 3] = ["float", "half", "cooperative"];

/// Of the tiers of one kind of work, those that the device has the features for pass, are timed where there is a choice, and one
/// of them is chosen.
fn check(rows: &[&TierRow], names: &[&str], possible: &[&str], choice: &str) {
    assert_eq!(rows.iter().map(|row| row.tier).collect::<Vec<_>>(), names);
    for row in rows {
        match &row.trial {
            Trial::Passed { error, seconds } => {
                assert!(possible.contains(&row.tier) && *error <= 1.0, "{row:?}");
                assert_eq!(seconds.is_some_and(|seconds| seconds > 0.0), possible.len() > 1, "{row:?}");
            }
            Trial::Lacks(_) => assert!(!possible.contains(&row.tier), "{row:?}"),
            Trial::Failed(_) => panic!("{row:?}"),
        }
    }
    let chosen: Vec<_> = rows.iter().filter(|row| row.chosen).map(|row| row.tier).collect();
    assert!(chosen == [choice] && possible.contains(&choice), "{chosen:?} of {possible:?}");
}

fn check_profile(profile: Option<gpu::Profile>, token: &[&str], prompt: &[&str]) {
    let device = device(&gpu::Options { profile, ..gpu::Options::default() });
    let (choice, rows) = block_on(choose(&device)).unwrap();
    choice.on(&device).expect("what is chosen runs here");
    let (of_token, of_prompt): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.work == "token");
    check(&of_token, &TOKEN, token, choice.token.name());
    check(&of_prompt, &PROMPT, prompt, choice.prompt.name());
}

/// The software adapter has all features but matrix hardware.
#[test]
fn every_tier_is_tried_and_one_of_each_kind_is_chosen() {
    check_profile(None, &TOKEN, &PROMPT[..2]);
}

#[test]
fn without_features_the_simplest_tiers_are_chosen() {
    check_profile(Some(gpu::Profile::WebGpuDefaults), &TOKEN[..1], &PROMPT[..1]);
}
