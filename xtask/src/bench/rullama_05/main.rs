//! `bench MODEL PROMPT DECODE RUNS` for rullama 0.5.0: one line of JSON for each run, after one that warms up.

use rullama::api::Model;
use rullama::gguf::FileFetcher;
use rullama::sampling::SamplingOptions;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [prompt, decode, runs] = [2, 3, 4].map(|n: usize| arguments[n].parse::<u32>().expect("a number"));
    let file = Arc::new(FileFetcher::open(Path::new(&arguments[1])).expect("the model's file"));
    let load = Model::load_streaming_with_max_context(file, prompt + decode);
    let mut model = pollster::block_on(load).expect("the model loads");
    model.set_sampling_native(SamplingOptions::greedy());
    let ids = arbitrary_ids(prompt, model.vocab_size_native());
    for _ in 0..=runs {
        model.reset_native();
        let mut step = |id| pollster::block_on(model.step_native(id)).expect("a step");
        let start = Instant::now();
        let mut next = 0;
        for &id in &ids {
            next = step(id);
        }
        let prompt_seconds = start.elapsed().as_secs_f64();
        let start = Instant::now();
        for _ in 1..decode {
            next = step(next);
        }
        let decode_seconds = start.elapsed().as_secs_f64();
        let (prompt, decode) = (f64::from(prompt) / prompt_seconds, f64::from(decode - 1) / decode_seconds);
        println!("{{\"prompt\":{prompt},\"decode\":{decode}}}");
    }
}

/// The tokens that `rullama bench` uses.
fn arbitrary_ids(count: u32, vocabulary: u32) -> Vec<u32> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % vocabulary
    };
    (0..count).map(|_| next()).collect()
}
