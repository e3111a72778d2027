//! Which options make a model fit a budget that it does not fit: tried out on the plan, so that no advice is in vain.

use engine::gemma4::Error as ModelError;
use engine::gpu::Limits;
use engine::{Error, KvType, LoadOptions, ModelFile, PerLayerTable};

/// Tokens of a chunk that is as short as is worth while: what a prompt needs besides shrinks with it, and so does its speed.
const CHUNK_SHORT: u32 = 16;
/// A shorter context holds no question with its answer.
const CONTEXT_SHORT: u32 = 128;

/// An option with its value, and what it changes.
type Change = (String, fn(&mut LoadOptions));

/// What to do about a plan with these options that needs more than their budget, with a context and a chunk of so many tokens.
pub(crate) fn remedy(
    file: &ModelFile,
    options: &LoadOptions,
    limits: &Limits,
    context: u32,
    chunk: u32,
) -> String {
    let bytes = |options: &LoadOptions| match file.plan(options, limits) {
        Ok(plan) => Ok(plan.bytes()),
        Err(Error::Model(ModelError::OverBudget { needed, .. })) => Err(needed),
        Err(_) => Err(u64::MAX),
    };
    let with_context =
        |options: &LoadOptions, context| LoadOptions { context: Some(context), ..options.clone() };
    let longest = |options: &LoadOptions| {
        let fits = |context| bytes(&with_context(options, context)).is_ok();
        longest(context, fits).map(|context| (format!("--context {context}"), context))
    };
    let (mut named, small) = smaller(options, &bytes);
    let mut ways = Vec::new();
    if bytes(&small).is_ok() {
        ways.push(written(&named));
    }
    ways.extend(longest(options).map(|(option, _)| written(&[option])));
    if ways.is_empty() {
        let shortest = longest(&small);
        let context = shortest.as_ref().map_or(CONTEXT_SHORT.min(context), |&(_, context)| context);
        named.push(format!("--context {context}"));
        if shortest.is_none() {
            let needed = bytes(&with_context(&small, context)).unwrap_or_else(|needed| needed);
            return format!(
                "no options make it fit, with {} it needs {needed} bytes: give a larger --budget, or choose a smaller model",
                written(&named)
            );
        }
        ways.push(written(&named));
    }
    format!(
        "it fits with {}; or give a larger --budget. `rullama plan --context {context} --chunk {chunk}` without --budget lists \
         every buffer",
        ways.join(", or with ")
    )
}

/// Options as they are put into a command line.
fn written(options: &[String]) -> String {
    format!("`{}`", options.join(" "))
}

/// The options with those changes that make the plan smaller, up to where it fits; the names of these changes come first.
fn smaller(
    options: &LoadOptions,
    bytes: &dyn Fn(&LoadOptions) -> Result<u64, u64>,
) -> (Vec<String>, LoadOptions) {
    let changes: [Change; 3] = [
        ("--per-layer-table streamed".to_owned(), |options| {
            options.per_layer_table = PerLayerTable::Streamed
        }),
        ("--kv q8".to_owned(), |options| options.kv = KvType::Q8),
        (format!("--chunk {CHUNK_SHORT}"), |options| options.chunk = Some(CHUNK_SHORT)),
    ];
    let (mut names, mut small) = (Vec::new(), options.clone());
    for (name, change) in changes {
        let Err(needed) = bytes(&small) else { break };
        let mut changed = small.clone();
        change(&mut changed);
        if bytes(&changed).map_or_else(|less| less < needed, |_| true) {
            names.push(name);
            small = changed;
        }
    }
    (names, small)
}

/// The longest context below `too_long` that fits, unless that is hardly one.
fn longest(mut too_long: u32, fits: impl Fn(u32) -> bool) -> Option<u32> {
    let mut fitting = 0;
    while too_long - fitting > 1 {
        let middle = fitting + (too_long - fitting) / 2;
        if fits(middle) { fitting = middle } else { too_long = middle }
    }
    (fitting >= CONTEXT_SHORT).then_some(fitting)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_context_is_found_to_the_token() {
        let check = |too_long, most, expected| assert_eq!(longest(too_long, |n| n <= most), expected);
        check(4096, 1000, Some(1000));
        check(4096, 4095, Some(4095));
        check(4096, CONTEXT_SHORT, Some(CONTEXT_SHORT));
        check(4096, CONTEXT_SHORT - 1, None);
        check(4096, 0, None);
        check(1, 0, None);
    }
}
