//! Which of the kernels' tiers a device uses: those whose features it has, that pass a trial, and of them the fastest.

use crate::Error;
use gpu::Device;
use kernels::case::{Case, check, compile_ahead};
use kernels::matmul::Products as PromptProducts;
use kernels::matvec::Products as TokenProducts;
use kernels::op::Op;
use kernels::sums::Sums;
use kernels::tiers::Tiers;
use kernels::token_attention::Width;
use kernels::trial;
use serde::{Deserialize, Serialize};

/// Seconds that a measurement takes at least: many times what a browser needs to say that work is done.
const MEASURE_SECONDS: f64 = 0.02;
/// Rounds of a submission where they are short: a browser takes longer to hand over one than a large card to do it.
const ROUNDS_SUBMITTED: u32 = 8;
/// Most submissions of a measurement.
const SUBMISSIONS_MAX: u32 = 512;
/// Measurements in a row of which the shortest counts: what comes between only ever adds.
const REPEATS: u32 = 3;
/// Times that all tiers are measured, one after the other, so that a card that raises its clocks meanwhile favours none.
const TURNS: u32 = 2;
/// What a tier must take of the time of a simpler one to be preferred.
const WORTHWHILE: f64 = 0.97;

/// How a single token is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenTier {
    /// f32 products, sums through workgroup memory: runs everywhere.
    Float,
    /// f32 products, sums by subgroups.
    FloatSubgroup,
    /// As `Float`, x rounded to f16 in workgroup memory.
    Half,
    /// The same, sums by subgroups.
    HalfSubgroup,
    /// Products of packed 8-bit integers, sums through workgroup memory.
    Packed,
    /// Products of packed 8-bit integers, sums by subgroups.
    PackedSubgroup,
}

/// How the tokens of a prompt are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PromptTier {
    /// f32 products: runs everywhere.
    Float,
    /// x and weights rounded to f16, f32 products.
    Half,
    /// f16 products on matrix hardware, added as f32.
    Cooperative,
}

impl TokenTier {
    /// Every tier, the simplest first.
    pub const ALL: [TokenTier; 6] = [
        TokenTier::Float,
        TokenTier::FloatSubgroup,
        TokenTier::Half,
        TokenTier::HalfSubgroup,
        TokenTier::Packed,
        TokenTier::PackedSubgroup,
    ];

    /// The tier's name.
    pub fn name(self) -> &'static str {
        match self {
            TokenTier::Float => "float",
            TokenTier::FloatSubgroup => "float-subgroup",
            TokenTier::Half => "half",
            TokenTier::HalfSubgroup => "half-subgroup",
            TokenTier::Packed => "packed",
            TokenTier::PackedSubgroup => "packed-subgroup",
        }
    }

    fn products(self) -> TokenProducts {
        match self {
            TokenTier::Float | TokenTier::FloatSubgroup => TokenProducts::Float,
            TokenTier::Half | TokenTier::HalfSubgroup => TokenProducts::Half,
            TokenTier::Packed | TokenTier::PackedSubgroup => TokenProducts::Packed,
        }
    }

    /// Sums as this device can do them: its smallest subgroup is what is sure to be together.
    fn sums(self, device: &Device) -> Sums {
        match self {
            TokenTier::Float | TokenTier::Half | TokenTier::Packed => Sums::Workgroup,
            TokenTier::FloatSubgroup | TokenTier::HalfSubgroup | TokenTier::PackedSubgroup => {
                Sums::Subgroup(device.features().subgroups.map_or(4, |(least, _)| least.clamp(4, 128)))
            }
        }
    }

    /// Workgroups of attention. The tier that runs everywhere takes no more invocations than every device has: drivers were seen
    /// that run fewer than a wide workgroup has.
    fn width(self, device: &Device) -> Width {
        match self {
            TokenTier::Float => Width::Narrow,
            _ => Width::within(device.limits().invocations_max),
        }
    }
}

impl PromptTier {
    /// Every tier, the simplest first.
    pub const ALL: [PromptTier; 3] = [PromptTier::Float, PromptTier::Half, PromptTier::Cooperative];

    /// The tier's name.
    pub fn name(self) -> &'static str {
        match self {
            PromptTier::Float => "float",
            PromptTier::Half => "half",
            PromptTier::Cooperative => "cooperative",
        }
    }

    fn products(self) -> PromptProducts {
        match self {
            PromptTier::Float => PromptProducts::Float,
            PromptTier::Half => PromptProducts::Half,
            PromptTier::Cooperative => PromptProducts::Cooperative,
        }
    }
}

/// A tier for each kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Choice {
    /// For a single token.
    pub token: TokenTier,
    /// For the tokens of a prompt.
    pub prompt: PromptTier,
}

impl Default for Choice {
    fn default() -> Choice {
        Choice { token: TokenTier::Float, prompt: PromptTier::Float }
    }
}

impl Choice {
    /// The kernels' tiers for a plan, which needs no device: buffers do not depend on the size of subgroups.
    pub fn planned(self) -> Tiers {
        Tiers {
            token_products: self.token.products(),
            token_sums: Sums::Workgroup,
            token_attention: Width::Narrow,
            prompt_products: self.prompt.products(),
        }
    }

    /// The kernels' tiers on this device.
    ///
    /// # Errors
    /// [`Error::Tier`] for a tier whose features the device does not have.
    pub fn on(self, device: &Device) -> Result<Tiers, Error> {
        let (sums, token, prompt) = (self.token.sums(device), self.token.products(), self.prompt.products());
        let lacking = |tier, cases: Vec<Case>| match cases.iter().find_map(|case| case.lacks(device)) {
            Some(feature) => Err(Error::Tier { tier, feature, adapter: device.adapter().to_string() }),
            None => Ok(()),
        };
        let width = self.token.width(device);
        lacking(self.token.name(), trial::token_cases(token, sums, width))?;
        lacking(self.prompt.name(), trial::prompt_cases(prompt))?;
        Ok(Tiers { token_sums: sums, token_attention: width, ..self.planned() })
    }
}

/// What came of trying a tier.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trial {
    /// A feature that the device does not have, in words.
    Lacks(&'static str),
    /// What was wrong.
    Failed(String),
    /// It computes rightly.
    Passed {
        /// The largest error as a part of what is allowed.
        error: f32,
        /// Seconds of a round of its work; none if there was nothing to choose.
        seconds: Option<f64>,
    },
}

/// One line of the table of tiers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TierRow {
    /// `token` or `prompt`.
    pub work: &'static str,
    /// The tier's name.
    pub tier: &'static str,
    /// What came of it.
    pub trial: Trial,
    /// Whether it is the one that is used.
    pub chosen: bool,
}

/// Tries every tier on a device; gives the best of each kind of work and what came of each. The simplest tiers are used where
/// nothing better passes, whatever came of them.
///
/// # Errors
/// [`Error::Gpu`] if the device is lost.
pub async fn choose(device: &Device) -> Result<(Choice, Vec<TierRow>), Error> {
    let token_cases =
        TokenTier::ALL.map(|tier| trial::token_cases(tier.products(), tier.sums(device), tier.width(device)));
    choose_by(device, &token_cases, &PromptTier::ALL.map(|tier| trial::prompt_cases(tier.products()))).await
}

/// [`choose`], with the cases that each tier has to pass.
async fn choose_by(
    device: &Device,
    token_cases: &[Vec<Case>; TokenTier::ALL.len()],
    prompt_cases: &[Vec<Case>; PromptTier::ALL.len()],
) -> Result<(Choice, Vec<TierRow>), Error> {
    compile_ahead(device, token_cases.iter().chain(prompt_cases).flatten()).await;
    let mut token = Vec::new();
    for cases in token_cases {
        token.push(attempt(device, cases).await?);
    }
    for _ in 0..turns(&token) {
        for (tier, trial) in TokenTier::ALL.into_iter().zip(&mut token) {
            let (products, sums, width) = (tier.products(), tier.sums(device), tier.width(device));
            let work = || Ok((trial::token_work(device, products, sums, width)?, 1));
            time(device, trial, &work).await?;
        }
    }
    let mut prompt = Vec::new();
    for cases in prompt_cases {
        prompt.push(attempt(device, cases).await?);
    }
    for _ in 0..turns(&prompt) {
        for (tier, trial) in PromptTier::ALL.into_iter().zip(&mut prompt) {
            time(device, trial, &|| trial::prompt_work(device, tier.products())).await?;
        }
    }
    let (best_token, best_prompt) = (best(&token), best(&prompt));
    let rows = |work, names: Vec<&'static str>, trials: Vec<Trial>, best: usize| {
        let row = move |(n, (tier, trial))| TierRow { work, tier, trial, chosen: n == best };
        names.into_iter().zip(trials).enumerate().map(row)
    };
    let token_rows = rows("token", TokenTier::ALL.map(TokenTier::name).to_vec(), token, best_token);
    let prompt_rows = rows("prompt", PromptTier::ALL.map(PromptTier::name).to_vec(), prompt, best_prompt);
    let choice = Choice { token: TokenTier::ALL[best_token], prompt: PromptTier::ALL[best_prompt] };
    Ok((choice, token_rows.chain(prompt_rows).collect()))
}

/// How often tiers are measured: not at all where there is nothing to choose.
fn turns(trials: &[Trial]) -> u32 {
    let passed = trials.iter().filter(|trial| matches!(trial, Trial::Passed { .. })).count();
    if passed > 1 { TURNS } else { 0 }
}

/// Measures a tier's work, if the tier passed; the least that was measured of it counts.
async fn time(device: &Device, trial: &mut Trial, work: &Work<'_>) -> Result<(), Error> {
    let Trial::Passed { seconds, .. } = trial else { return Ok(()) };
    // What is as slow as that woke the card the first time.
    if seconds.is_none_or(|before| before < MEASURE_SECONDS) {
        let measured = measure(device, work).await?;
        *seconds = Some(seconds.map_or(measured, |before| before.min(measured)));
    }
    Ok(())
}

/// Runs a tier's cases.
async fn attempt(device: &Device, cases: &[Case]) -> Result<Trial, Error> {
    if let Some(feature) = cases.iter().find_map(|case| case.lacks(device)) {
        return Ok(Trial::Lacks(feature));
    }
    let mut worst = 0.0f32;
    for case in cases {
        match check(device, case).await {
            Ok(outcome) if outcome.passed() => worst = worst.max(outcome.error / outcome.tolerance),
            Ok(outcome) => {
                let what =
                    format!("{}: error {:e}, allowed {:e}", case.name, outcome.error, outcome.tolerance);
                return Ok(Trial::Failed(what));
            }
            Err(error @ gpu::Error::DeviceLost { .. }) => return Err(error.into()),
            Err(error) => return Ok(Trial::Failed(format!("{}: {error}", case.name))),
        }
    }
    Ok(Trial::Passed { error: worst, seconds: None })
}

/// What a tier is measured by: dispatches, and the rows that they are for.
type Work<'a> = dyn Fn() -> Result<(Vec<Op>, u32), gpu::Error> + 'a;

/// Seconds of one round of work, from many in a row so that handing them over does not count.
async fn measure(device: &Device, work: &Work<'_>) -> Result<f64, Error> {
    let (ops, rows) = device.guarded(work).await?;
    let submissions = |n: u32, rounds: u32| {
        let ops = &ops;
        async move {
            let record = || {
                let mut recorder = device.recorder();
                recorder.pass("trial", |pass| {
                    for _ in 0..rounds {
                        ops.iter().for_each(|op| op.record(pass, rows));
                    }
                });
                recorder.finish();
                recorder
            };
            // A host that is busy with something else takes longer to record a round than a large card takes to do it.
            let recorded: Vec<gpu::Recorder> = (0..n).map(|_| record()).collect();
            device.wait().await?;
            let start = web_time::Instant::now();
            // What a submission costs the host goes on while the GPU works on the one before.
            for recorder in recorded {
                device.submit(recorder);
            }
            device.wait().await?;
            Ok::<f64, gpu::Error>(start.elapsed().as_secs_f64())
        }
    };
    // The first pays for what is set up once, and the growing numbers wake a card that was resting.
    submissions(1, 1).await?;
    let mut least = submissions(1, 1).await?;
    let (mut n, mut rounds) = (1, 1);
    while least < MEASURE_SECONDS && n < SUBMISSIONS_MAX {
        (n, rounds) = if rounds == 1 { (n, ROUNDS_SUBMITTED) } else { (4 * n, rounds) };
        least = submissions(n, rounds).await?;
    }
    for _ in 1..REPEATS {
        least = least.min(submissions(n, rounds).await?);
    }
    Ok(least / f64::from(n * rounds))
}

/// The fastest that passed; a simpler tier if the gain is not worth while.
fn best(trials: &[Trial]) -> usize {
    let mut best: Option<(usize, f64)> = None;
    for (n, trial) in trials.iter().enumerate() {
        let &Trial::Passed { seconds, .. } = trial else { continue };
        let seconds = seconds.unwrap_or(f64::INFINITY);
        if best.is_none_or(|(_, least)| seconds < WORTHWHILE * least) {
            best = Some((n, seconds));
        }
    }
    best.map_or(0, |(n, _)| n)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(trials: &[Option<f64>], expected: usize) {
        let trial = |seconds: &Option<f64>| match *seconds {
            Some(seconds) => Trial::Passed { error: 0.0, seconds: Some(seconds) },
            None => Trial::Lacks("something"),
        };
        assert_eq!(best(&trials.iter().map(trial).collect::<Vec<_>>()), expected, "{trials:?}");
    }

    #[test]
    fn the_fastest_that_passed_and_is_worth_while_is_chosen() {
        check(&[Some(1.0), Some(2.0), None, Some(3.0)], 0);
        check(&[Some(1.0), Some(0.5), Some(0.4), None], 2);
        check(&[Some(1.0), Some(0.98)], 0);
        check(&[None, None, Some(1.0)], 2);
        check(&[None, None], 0);
    }

    #[test]
    fn where_nothing_was_measured_the_first_that_passed_is_chosen() {
        let passed = || Trial::Passed { error: 0.0, seconds: None };
        assert_eq!(best(&[passed(), Trial::Lacks("something")]), 0);
        assert_eq!(best(&[Trial::Failed("wrong".into()), passed()]), 1);
    }

    /// A tier whose results are wrong, by a tolerance that nothing keeps to.
    fn wrong(mut cases: Vec<Case>) -> Vec<Case> {
        for case in &mut cases {
            case.tolerance.relative = 0.0;
        }
        cases
    }

    #[test]
    fn a_tier_whose_results_are_wrong_is_not_chosen() {
        let device = pollster::block_on(Device::request(&gpu::Options::default())).expect("an adapter");
        let token = TokenTier::ALL.map(|tier| {
            let cases = trial::token_cases(tier.products(), tier.sums(&device), tier.width(&device));
            if tier == TokenTier::Half { cases } else { wrong(cases) }
        });
        let prompt = PromptTier::ALL.map(|tier| wrong(trial::prompt_cases(tier.products())));
        let (choice, rows) = pollster::block_on(choose_by(&device, &token, &prompt)).expect("choose");
        // Half precision is the only one of its kind; where all of a kind are wrong, the simplest runs nevertheless.
        assert_eq!(choice, Choice { token: TokenTier::Half, prompt: PromptTier::Float });
        assert_eq!(rows.len(), TokenTier::ALL.len() + PromptTier::ALL.len());
        for row in rows {
            match row.trial {
                Trial::Failed(why) => {
                    assert!(why.contains("error") && why.ends_with("allowed 0e0"), "{}: {why}", row.tier);
                    assert_eq!(row.chosen, (row.work, row.tier) == ("prompt", "float"), "{}", row.tier);
                }
                Trial::Passed { error, seconds } => {
                    assert!(row.chosen && (row.work, row.tier) == ("token", "half"), "{}", row.tier);
                    // Nothing is measured where there is nothing to choose.
                    assert!(error > 0.0 && error <= 1.0 && seconds.is_none());
                }
                Trial::Lacks(_) => {
                    assert!(row.tier == "cooperative" || row.tier.ends_with("-subgroup"), "{}", row.tier)
                }
            }
        }
    }
}
