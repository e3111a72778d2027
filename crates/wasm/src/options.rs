//! Options as JavaScript writes them, each unknown or unfit one refused by name.

use engine::tiers::{Choice, PromptTier, TokenTier};
use engine::{Device, GenerateOptions, KvType, LoadOptions, ParseAnswer, PerLayerTable, Sampling};
use serde::Deserialize;
use wasm_bindgen::JsValue;

use crate::error::Error;
use crate::json;

/// `{contextLength, chunkLength, kv, tokenTier, promptTier, perLayerTable, budget}`, all optional: the names of the npm package.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Load {
    context_length: Option<u32>,
    chunk_length: Option<u32>,
    kv: Kv,
    token_tier: Option<TokenTier>,
    prompt_tier: Option<PromptTier>,
    per_layer_table: Table,
    budget: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kv {
    #[default]
    F16,
    F32,
    Q8,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Table {
    #[default]
    Auto,
    Resident,
    Streamed,
}

/// Options for loading and planning on a device. Tiers that are not named are the simplest.
pub(crate) fn load(value: &JsValue, device: &Device) -> Result<LoadOptions, Error> {
    let options: Load = json::from_js("load options", value)?;
    let simplest = Choice::default();
    let choice = Choice {
        token: options.token_tier.unwrap_or(simplest.token),
        prompt: options.prompt_tier.unwrap_or(simplest.prompt),
    };
    Ok(LoadOptions {
        context: options.context_length,
        chunk: options.chunk_length,
        kv: match options.kv {
            Kv::F16 => KvType::F16,
            Kv::F32 => KvType::F32,
            Kv::Q8 => KvType::Q8,
        },
        tiers: choice.on(device)?,
        per_layer_table: match options.per_layer_table {
            Table::Auto => PerLayerTable::Auto,
            Table::Resident => PerLayerTable::Resident,
            Table::Streamed => PerLayerTable::Streamed,
        },
        budget: options.budget,
    })
}

/// `{max_tokens, temperature, …, stop, stop_tokens, ignore_eos, parse, top_logprobs, draft_max}`, all optional.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Generate {
    max_tokens: Option<u32>,
    temperature: f32,
    top_k: u32,
    top_p: f32,
    min_p: f32,
    repetition_penalty: f32,
    presence_penalty: f32,
    frequency_penalty: f32,
    penalty_window: u32,
    logit_bias: Vec<(u32, f32)>,
    seed: u64,
    stop: Vec<String>,
    stop_tokens: Option<Vec<u32>>,
    ignore_eos: bool,
    parse: Parse,
    top_logprobs: Option<u32>,
    draft_max: u32,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Parse {
    #[default]
    Gemma,
    Raw,
}

impl Default for Generate {
    fn default() -> Generate {
        let sampling = Sampling::default();
        Generate {
            max_tokens: None,
            temperature: sampling.temperature,
            top_k: sampling.top_k,
            top_p: sampling.top_p,
            min_p: sampling.min_p,
            repetition_penalty: sampling.repetition_penalty,
            presence_penalty: sampling.presence_penalty,
            frequency_penalty: sampling.frequency_penalty,
            penalty_window: sampling.penalty_window,
            logit_bias: sampling.logit_bias,
            seed: sampling.seed,
            stop: Vec::new(),
            stop_tokens: None,
            ignore_eos: false,
            parse: Parse::default(),
            top_logprobs: None,
            draft_max: 0,
        }
    }
}

/// Options for an answer.
pub(crate) fn generate(value: &JsValue) -> Result<GenerateOptions, Error> {
    let options: Generate = json::from_js("generate options", value)?;
    Ok(GenerateOptions {
        max_tokens: options.max_tokens,
        sampling: Sampling {
            temperature: options.temperature,
            top_k: options.top_k,
            top_p: options.top_p,
            min_p: options.min_p,
            repetition_penalty: options.repetition_penalty,
            presence_penalty: options.presence_penalty,
            frequency_penalty: options.frequency_penalty,
            penalty_window: options.penalty_window,
            logit_bias: options.logit_bias,
            seed: options.seed,
        },
        stop: options.stop,
        stop_tokens: match options.ignore_eos {
            true => Some(Vec::new()),
            false => options.stop_tokens,
        },
        parse: match options.parse {
            Parse::Gemma => ParseAnswer::Gemma,
            Parse::Raw => ParseAnswer::Raw,
        },
        top_logprobs: options.top_logprobs,
        draft_max: options.draft_max,
    })
}
