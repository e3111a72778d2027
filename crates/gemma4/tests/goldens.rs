//! Logits and greedy continuations of every golden file, on both paths, with every cache type and
//! kind of products.

mod support;

use gemma4::{Context, KvType, Options, Path, PromptProducts, Sums, Tiers, TokenProducts, Want, Width};
use support::{Golden, as_chosen, context, device, difference, names, options};

/// Tolerances of the goldens on logits of scale 15: two independent f32 codes differ by 2e-4 at most; f16 and 16-bit integers
/// round more.
fn tolerance(options: &Options) -> f32 {
    match options.kv {
        KvType::F32 if options.tiers == Tiers::default() => 2e-3,
        KvType::F32 | KvType::F16 => 1e-1,
        KvType::Q8 => unreachable!("8 bits are judged by their share of the logits"),
    }
}

async fn logits(context: &mut Context, ids: &[u32], path: Path) -> Vec<f32> {
    assert!(context.truncate(0));
    match path {
        Path::Prompt => context.prompt(ids, Want::AllLogits, &|| false).await.expect("prompt").logits,
        Path::Decode => {
            let mut all = Vec::new();
            for &id in ids {
                all.extend(context.decode(id, Want::Logits).await.expect("decode").logits);
            }
            all
        }
    }
}

/// Greedy tokens, one at a time, from after a prompt.
async fn greedy(context: &mut Context, ids: &[u32], count: usize) -> Vec<u32> {
    assert!(context.truncate(0));
    let mut token = context.prompt(ids, Want::Token, &|| false).await.expect("prompt").token;
    let mut tokens = Vec::new();
    while let Some(id) = token {
        tokens.push(id);
        if tokens.len() == count {
            break;
        }
        token = context.decode(id, Want::Token).await.expect("decode").token;
    }
    tokens
}

/// Whether more is rounded than f32 does. That can swap two experts whose router logits nearly tie, which changes that position's
/// logits by whole units and is no error.
fn rounds(options: &Options) -> bool {
    options.kv == KvType::F16 || options.tiers != Tiers::default()
}

/// Share of positions that may be beyond the tolerance.
fn tolerated_swaps(options: &Options, experts: bool) -> f32 {
    if experts && rounds(options) { 0.1 } else { 0.0 }
}

/// Largest difference after leaving out the worst `share` of positions.
fn worst_difference(got: &[f32], expected: &[f32], vocabulary: usize, share: f32) -> f32 {
    let positions = got.chunks_exact(vocabulary).zip(expected.chunks_exact(vocabulary));
    let mut worst: Vec<f32> = positions.map(|(got, expected)| difference(got, expected)).collect();
    worst.sort_by(f32::total_cmp);
    worst[worst.len() - 1 - (share * worst.len() as f32) as usize]
}

/// Which prompts of a golden file are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prompts {
    /// All, but for experts and more rounding than f32's: one of the short prompts of tiny-moe has a near-tie in its first tokens,
    /// which all that follow see. The long one was searched for margins.
    All,
    Long,
}

fn check(options: Options, path: Path, which: Prompts) {
    let Options { kv, chunk, tiers, .. } = options;
    let device = device();
    let mut compared = 0;
    for name in names() {
        let golden = Golden::open(&name);
        let mut context = pollster::block_on(context(&device, &name, &options));
        let experts = context.model().config().experts.is_some();
        let all = which == Prompts::All && !(experts && rounds(&options));
        let prompts: Vec<String> = golden
            .names()
            .filter_map(|n| n.strip_suffix(".greedy"))
            .filter(|n| *n == "prompt.long" || (all && n.starts_with("prompt")))
            .map(String::from)
            .collect();
        for prompt in prompts {
            let ids = golden.ids(&format!("{prompt}.ids"));
            let expected = golden.f32(&format!("{prompt}.logits"));
            let got = pollster::block_on(logits(&mut context, &ids, path));
            let vocabulary = context.model().config().vocabulary as usize;
            let worst = worst_difference(&got, &expected, vocabulary, tolerated_swaps(&options, experts));
            assert!(worst <= tolerance(&options), "{name} {prompt}: logits differ by {worst}");
            let expected = golden.ids(&format!("{prompt}.greedy"));
            let margins = golden.f32(&format!("{prompt}.greedy_margin"));
            let sure = margins.iter().position(|&m| m < 4.0 * tolerance(&options)).unwrap_or(margins.len());
            let got = pollster::block_on(greedy(&mut context, &ids, expected.len()));
            assert_eq!(got[..sure], expected[..sure], "{name} {prompt}: greedy");
            println!(
                "{name} {prompt} {kv:?} {tiers:?} chunk {chunk} {path:?}: {worst:.2e}, {sure} greedy tokens"
            );
            compared += 1;
        }
    }
    assert!(compared >= 6, "only {compared} prompts were found");
}

#[test]
fn prompt_path_f32() {
    check(options(KvType::F32, 256), Path::Prompt, Prompts::All);
}

#[test]
fn prompt_path_f32_in_odd_chunks() {
    check(options(KvType::F32, 7), Path::Prompt, Prompts::Long);
}

#[test]
fn prompt_path_f16() {
    check(options(KvType::F16, 32), Path::Prompt, Prompts::Long);
}

#[test]
fn decode_path_f32() {
    check(options(KvType::F32, 64), Path::Decode, Prompts::Long);
}

#[test]
fn decode_path_f16() {
    check(options(KvType::F16, 64), Path::Decode, Prompts::Long);
}

/// Sixteen bits for each activation: within the tolerance of f16, by far.
#[test]
fn decode_path_with_packed_products() {
    let tiers = Tiers { token_products: TokenProducts::Packed, ..Tiers::default() };
    let packed = Options { tiers, ..options(KvType::F32, 64) };
    check(packed, Path::Decode, Prompts::All);
}

/// x as f16 in workgroup memory, with either kind of sums.
#[test]
fn decode_path_with_halves() {
    let device = device();
    let features = device.features();
    if !features.f16 {
        println!("not run: {} has no half precision", device.adapter());
        return;
    }
    let half = |token_sums, which| {
        let tiers = Tiers { token_products: TokenProducts::Half, token_sums, ..Tiers::default() };
        check(Options { tiers, ..options(KvType::F32, 64) }, Path::Decode, which);
    };
    half(Sums::Workgroup, Prompts::All);
    if let Some((least, _)) = features.subgroups {
        half(Sums::Subgroup(least), Prompts::Long);
    }
}

/// With attention in workgroups as wide as the device has them, as the automatic choice has it.
#[test]
fn decode_path_with_sums_by_subgroups() {
    let device = device();
    let Some((least, _)) = device.features().subgroups else {
        println!("not run: {} has no subgroups", device.adapter());
        return;
    };
    let token_attention = Width::within(device.limits().invocations_max);
    for token_products in [TokenProducts::Float, TokenProducts::Packed] {
        let (token_sums, prompt_products) = (Sums::Subgroup(least), PromptProducts::default());
        let tiers = Tiers { token_products, token_sums, token_attention, prompt_products };
        check(Options { tiers, ..options(KvType::F32, 64) }, Path::Decode, Prompts::Long);
    }
}

/// Tiles of f16; chunks that fill no tile, and a single one.
#[test]
fn prompt_path_with_tiles_of_halves() {
    if !device().features().f16 {
        println!("not run: {} has no half precision", device().adapter());
        return;
    }
    let tiers = Tiers { prompt_products: PromptProducts::Half, ..Tiers::default() };
    for (chunk, which) in [(7, Prompts::Long), (256, Prompts::All)] {
        check(Options { tiers, ..options(KvType::F32, chunk) }, Path::Prompt, which);
    }
}

#[test]
fn both_paths_as_cards_have_them() {
    let options = Options { tiers: as_chosen(&device()), ..options(KvType::F16, 32) };
    check(options.clone(), Path::Prompt, Prompts::All);
    check(options, Path::Decode, Prompts::All);
}

/// f16 products; chunks that fill no tile, and a single one.
#[test]
fn prompt_path_on_matrix_hardware() {
    if !device().features().cooperative_matrix {
        println!("not run: {} has no cooperative matrices", device().adapter());
        return;
    }
    let tiers = Tiers { prompt_products: PromptProducts::Cooperative, ..Tiers::default() };
    for (chunk, which) in [(7, Prompts::Long), (256, Prompts::All)] {
        check(Options { tiers, ..options(KvType::F32, chunk) }, Path::Prompt, which);
    }
}

/// Root mean square of the difference, as a part of that of what is expected.
fn relative_error(got: &[f32], expected: &[f32]) -> f64 {
    let square = |v: f32| f64::from(v).powi(2);
    let error: f64 = got.iter().zip(expected).map(|(g, e)| square(g - e)).sum();
    (error / expected.iter().map(|&e| square(e)).sum::<f64>()).sqrt()
}

/// An 8-bit cache rounds keys and values to one part in 254 of their block's largest, half a per cent of a usual value, which
/// random weights enlarge on the way to the logits. A scale or a place gone wrong makes them another model's.
#[test]
fn an_8_bit_cache_is_a_small_part_off() {
    let device = device();
    let simplest = options(KvType::Q8, 32);
    let chosen = Options { tiers: as_chosen(&device), ..simplest.clone() };
    for (name, options) in names().iter().flat_map(|name| [(name, &simplest), (name, &chosen)]) {
        let tiers = options.tiers;
        let golden = Golden::open(name);
        let mut context = pollster::block_on(context(&device, name, options));
        let ids = golden.ids("prompt.long.ids");
        let expected = golden.f32("prompt.long.logits");
        let [prompt, decode] =
            [Path::Prompt, Path::Decode].map(|path| pollster::block_on(logits(&mut context, &ids, path)));
        let errors = [relative_error(&prompt, &expected), relative_error(&decode, &expected)];
        println!("{name} Q8 {tiers:?}: {:.2} % and {:.2} % off", 100.0 * errors[0], 100.0 * errors[1]);
        // In a mixture a near-tie of the router may choose another expert, which changes a position by whole units.
        let allowed = if context.model().config().experts.is_some() { 0.15 } else { 0.06 };
        assert!(errors.iter().all(|&error| error < allowed), "{name} {tiers:?}: {errors:?}");
    }
}
