//! The model's configuration: metadata checked and turned into what the forward pass needs.
//!
//! Keys of the `gemma4` architecture in Ollama's and llama.cpp's dialects are the same; a few older names are accepted
//! beside the current ones.

use crate::error::Error;
use gguf::{Header, Metadata, OneOrMany, Tensor};
use serde::Serialize;

/// Most layers a file may declare; the largest published model has 60.
const LAYERS_MAX: u32 = 512;
/// Most tokens of a vocabulary: sixteen times Gemma's.
const VOCABULARY_MAX: u32 = 1 << 22;
/// Widest layer a file may declare, inside or out; the widest published one is 21504.
const WIDTH_MAX: u32 = 1 << 18;
/// Widest expert: products of experts are not divided among tiles, so a workgroup for every eight rows has to fit a grid.
const EXPERT_WIDTH_MAX: u32 = 1 << 16;
/// Most values of all layers' per-layer inputs; the most of a published model are 10752.
const PER_LAYER_MAX: u64 = 1 << 20;
const PER_LAYER_KEY: &str = "gemma4.embedding_length_per_layer_input";
/// Widest head the kernels serve.
const HEAD_DIM_MAX: u32 = 512;

/// A Gemma 4 text model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Config {
    /// Width of the residual stream.
    pub hidden: u32,
    /// Rows of the embedding table.
    pub vocabulary: u32,
    /// Query heads of every layer.
    pub heads: u32,
    /// Added to mean squares in every norm.
    pub epsilon: f32,
    /// Tokens the model was made for.
    pub context: u32,
    /// Keys a sliding layer sees, the query's own included.
    pub window: u32,
    /// Cap of the final logits; none in files without the key.
    pub softcap: Option<f32>,
    /// Base of the rotary frequencies on full-attention layers.
    pub rope_theta: f64,
    /// The same on sliding layers.
    pub rope_theta_sliding: f64,
    /// Share of a full-attention head that rotates, used where the file has no `rope_freqs`.
    pub rope_partial: f32,
    /// Width of the per-layer inputs; none in models without a per-layer table.
    pub per_layer: Option<u32>,
    /// Mixture of experts beside the dense feed-forward.
    pub experts: Option<Experts>,
    /// Token ids that stand for soft tokens of an image, a sound or a video. Where no soft token is put in their place
    /// they are embedded as `padding`, as Hugging Face `Gemma4Model.forward` does.
    pub placeholders: Vec<u32>,
    /// Id of the padding token.
    pub padding: u32,
    /// One entry per layer.
    pub layers: Vec<Layer>,
}

/// The tokens that stand for soft tokens.
const PLACEHOLDERS: [&str; 3] = ["<|image|>", "<|audio|>", "<|video|>"];

/// The mixture of experts, the same in every layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Experts {
    /// Experts per layer.
    pub count: u32,
    /// Experts chosen per token.
    pub top_k: u32,
    /// Feed-forward width of one expert.
    pub width: u32,
}

/// Which keys a layer sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Attention {
    /// The last `window` keys.
    Sliding,
    /// All keys.
    Full,
}

/// Where a layer's values come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kv {
    /// Its own key and value projections.
    Own,
    /// Its own key projection for both (K = V).
    KeysAsValues,
    /// The cache of an earlier layer.
    SharedWith(u32),
}

/// One layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Layer {
    /// Sliding or full.
    pub attention: Attention,
    /// Keys and values.
    pub kv: Kv,
    /// Key and value heads.
    pub kv_heads: u32,
    /// Width of a head.
    pub head_dim: u32,
    /// Width of the feed-forward.
    pub feed_forward: u32,
}

/// Getters that know a file without the key from one with a wrong value.
struct Keys<'a>(&'a Metadata);

impl Keys<'_> {
    fn u32(&self, key: &str) -> Result<u32, Error> {
        self.0.u32(key)?.ok_or_else(|| Error::MissingKey { key: key.to_owned() })
    }

    /// A number from 1 to `max`.
    fn count(&self, key: &str, max: u32) -> Result<u32, Error> {
        let value = self.u32(key)?;
        if value == 0 || value > max {
            return Err(bad(key, format!("{value} is not between 1 and {max}")));
        }
        Ok(value)
    }

    /// A number that a file with the tensor must have and others have not, or as 0.
    fn of_tensor(&self, header: &Header, key: &str, tensor: &str) -> Result<Option<u32>, Error> {
        match (self.0.u32(key)?, header.tensor(tensor)) {
            (None, Some(_)) => Err(Error::MissingKey { key: key.to_owned() }),
            (Some(0), Some(_)) => Err(bad(key, format!("0, but the file has `{tensor}`"))),
            (value, _) => Ok(value.filter(|&value| value > 0)),
        }
    }

    /// A value for each layer: one number for all, or an array of `layers` numbers.
    fn per_layer(&self, key: &str, layers: u32) -> Result<Vec<u32>, Error> {
        match self.0.u32_or_array(key)?.ok_or_else(|| Error::MissingKey { key: key.to_owned() })? {
            OneOrMany::One(value) => Ok(vec![value; layers as usize]),
            OneOrMany::Many(values) if values.len() == layers as usize => Ok(values),
            OneOrMany::Many(values) => Err(bad(key, format!("{} values for {layers} layers", values.len()))),
        }
    }

    /// A finite number above zero.
    fn positive(&self, key: &str) -> Result<Option<f32>, Error> {
        match self.f32(key)? {
            Some(value) if value <= 0.0 => Err(bad(key, format!("{value} is not above 0"))),
            other => Ok(other),
        }
    }

    fn f32(&self, key: &str) -> Result<Option<f32>, Error> {
        match self.0.f32(key)? {
            Some(value) if !value.is_finite() => Err(bad(key, format!("{value} is not finite"))),
            other => Ok(other),
        }
    }
}

fn bad(key: &str, problem: String) -> Error {
    Error::BadKey { key: key.to_owned(), problem }
}

/// Whether the file says that it holds a model of this kind, and not another one, or what goes beside one.
///
/// # Errors
/// [`Error::Architecture`], [`Error::Kind`].
pub fn check_kind(metadata: &Metadata) -> Result<(), Error> {
    // What else stands there, whatever its type, is nobody's concern.
    if let Ok(Some(kind @ ("adapter" | "mmproj" | "imatrix"))) = metadata.str("general.type") {
        return Err(Error::Kind { found: kind.to_owned() });
    }
    match metadata.str("general.architecture")? {
        Some("gemma4") => Ok(()),
        Some(other) => Err(Error::Architecture { found: other.to_owned() }),
        None => Err(Error::Architecture { found: "not stated".to_owned() }),
    }
}

/// llama.cpp splits files; each says which part it is, from 0.
fn check_whole(metadata: &Metadata) -> Result<(), Error> {
    match metadata.u32("split.count")? {
        Some(parts) if parts > 1 => {
            let part = metadata.u32("split.no")?.map_or(0, |part| part.saturating_add(1));
            Err(Error::Split { part, parts })
        }
        _ => Ok(()),
    }
}

impl Config {
    /// Reads and checks the configuration. Whether values come from keys (K = V) is told by the tensor table, which
    /// ids are placeholders by the vocabulary.
    pub fn from_header(header: &Header) -> Result<Config, Error> {
        let metadata = &header.metadata;
        check_kind(metadata)?;
        check_whole(metadata)?;
        let keys = Keys(metadata);
        let n_layers = keys.count("gemma4.block_count", LAYERS_MAX)?;
        let hidden = keys.count("gemma4.embedding_length", WIDTH_MAX)?;
        let heads = keys.count("gemma4.attention.head_count", 1024)?;
        let embeddings = header.tensor("token_embd.weight").ok_or(Error::NoWeights)?;
        let config = Config {
            hidden,
            vocabulary: rows_of(embeddings, hidden)?,
            heads,
            epsilon: keys.positive("gemma4.attention.layer_norm_rms_epsilon")?.unwrap_or(1e-6),
            context: keys.count("gemma4.context_length", 1 << 24)?,
            window: keys.count("gemma4.attention.sliding_window", 1 << 24)?,
            softcap: keys.f32("gemma4.final_logit_softcapping")?.filter(|&cap| cap > 0.0),
            rope_theta: f64::from(keys.positive("gemma4.rope.freq_base")?.unwrap_or(1e6)),
            rope_theta_sliding: f64::from(match keys.positive("gemma4.rope.freq_base_swa")? {
                Some(theta) => theta,
                None => keys.positive("gemma4.rope.local.freq_base")?.unwrap_or(1e4),
            }),
            rope_partial: keys.f32("gemma4.rope.partial_rotary_factor")?.unwrap_or(0.25),
            per_layer: keys.of_tensor(header, PER_LAYER_KEY, "per_layer_token_embd.weight")?,
            experts: experts(header, &keys)?,
            placeholders: placeholders(metadata)?,
            padding: metadata.u32("tokenizer.ggml.padding_token_id")?.unwrap_or(0),
            layers: layers(header, &keys, n_layers)?,
        };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), Error> {
        if self.padding >= self.vocabulary {
            let problem = format!("{} is outside the vocabulary of {}", self.padding, self.vocabulary);
            return Err(bad("tokenizer.ggml.padding_token_id", problem));
        }
        // Kernels read rows in groups of four values.
        let widths = [
            ("gemma4.embedding_length", self.hidden),
            (PER_LAYER_KEY, self.per_layer.unwrap_or(4)),
            ("gemma4.expert_feed_forward_length", self.experts.map_or(4, |experts| experts.width)),
        ];
        for (key, width) in widths {
            check_width(key, width)?;
        }
        if let Some(width) = self.per_layer
            && u64::from(width) * self.layers.len() as u64 > PER_LAYER_MAX
        {
            let problem = format!(
                "{width} values for each of {} layers, the limit is {PER_LAYER_MAX} for all",
                self.layers.len()
            );
            return Err(bad(PER_LAYER_KEY, problem));
        }
        for layer in &self.layers {
            check_width("gemma4.feed_forward_length", layer.feed_forward)?;
            if layer.head_dim % 8 != 0 || layer.head_dim == 0 || layer.head_dim > HEAD_DIM_MAX {
                let problem =
                    format!("heads of {} are not a multiple of 8 up to {HEAD_DIM_MAX}", layer.head_dim);
                return Err(bad("gemma4.attention.key_length", problem));
            }
            if layer.kv_heads == 0 || !self.heads.is_multiple_of(layer.kv_heads) {
                let problem =
                    format!("{} key heads do not divide {} query heads", layer.kv_heads, self.heads);
                return Err(bad("gemma4.attention.head_count_kv", problem));
            }
            if let Kv::SharedWith(donor) = layer.kv
                && self.layers[donor as usize].kv_heads != layer.kv_heads
            {
                let theirs = self.layers[donor as usize].kv_heads;
                let problem =
                    format!("{} key heads share a cache of {theirs} (layer {donor})", layer.kv_heads);
                return Err(bad("gemma4.attention.head_count_kv", problem));
            }
        }
        Ok(())
    }
}

/// Rows of the embedding table, which are the vocabulary.
fn rows_of(embeddings: &Tensor, hidden: u32) -> Result<u32, Error> {
    let rows = match embeddings.shape[..] {
        [rows, _] => u32::try_from(rows).ok().filter(|rows| (1..=VOCABULARY_MAX).contains(rows)),
        _ => None,
    };
    rows.ok_or_else(|| Error::Embeddings {
        found: embeddings.shape.clone(),
        needed: format!("a row of {hidden} values for each of 1 to {VOCABULARY_MAX} tokens"),
    })
}

fn check_width(key: &str, width: u32) -> Result<(), Error> {
    if width == 0 || width > WIDTH_MAX || !width.is_multiple_of(4) {
        return Err(bad(key, format!("{width} is not a multiple of 4 from 4 to {WIDTH_MAX}")));
    }
    Ok(())
}

/// Ids of the tokens that stand for soft tokens; none in metadata without a vocabulary.
pub fn placeholders(metadata: &Metadata) -> Result<Vec<u32>, Error> {
    let Some(tokens) = metadata.strings("tokenizer.ggml.tokens")? else { return Ok(Vec::new()) };
    let ids = (0..).zip(tokens.iter()).filter(|(_, token)| PLACEHOLDERS.contains(token));
    Ok(ids.map(|(id, _)| id).collect())
}

fn experts(header: &Header, keys: &Keys<'_>) -> Result<Option<Experts>, Error> {
    let Some(count) = keys.of_tensor(header, "gemma4.expert_count", "blk.0.ffn_gate_inp.weight")? else {
        return Ok(None);
    };
    Ok(Some(Experts {
        count: keys.count("gemma4.expert_count", 4096)?,
        top_k: keys.count("gemma4.expert_used_count", count)?,
        width: keys.count("gemma4.expert_feed_forward_length", EXPERT_WIDTH_MAX)?,
    }))
}

fn layers(header: &Header, keys: &Keys<'_>, n_layers: u32) -> Result<Vec<Layer>, Error> {
    let pattern_key = "gemma4.attention.sliding_window_pattern";
    let pattern =
        keys.0.bools(pattern_key)?.ok_or_else(|| Error::MissingKey { key: pattern_key.to_owned() })?;
    if pattern.len() != n_layers as usize {
        return Err(bad(pattern_key, format!("{} values for {n_layers} layers", pattern.len())));
    }
    let mut kv_heads = keys.per_layer("gemma4.attention.head_count_kv", n_layers)?;
    if let Some(global) = keys.0.u32("gemma4.attention.global_head_count_kv")?.filter(|&n| n > 0) {
        for (heads, sliding) in kv_heads.iter_mut().zip(pattern) {
            if !sliding {
                *heads = global;
            }
        }
    }
    let feed_forward = keys.per_layer("gemma4.feed_forward_length", n_layers)?;
    let full_dim = keys.u32("gemma4.attention.key_length")?;
    let sliding_dim = keys.u32("gemma4.attention.key_length_swa")?;
    for (key, expected) in
        [("gemma4.attention.value_length", full_dim), ("gemma4.attention.value_length_swa", sliding_dim)]
    {
        match keys.0.u32(key)? {
            Some(found) if found != expected => {
                return Err(bad(
                    key,
                    format!("values of {found} beside keys of {expected} are not supported"),
                ));
            }
            _ => {}
        }
    }
    let shared = keys.0.u32("gemma4.attention.shared_kv_layers")?.unwrap_or(0);
    if shared >= n_layers {
        let problem = format!("{shared} of {n_layers} layers share keys; at least one must have its own");
        return Err(bad("gemma4.attention.shared_kv_layers", problem));
    }
    let first_shared = n_layers - shared;
    (0..n_layers)
        .map(|l| {
            let sliding = pattern[l as usize];
            let kv = if l >= first_shared {
                let donor =
                    (0..first_shared).rev().find(|&d| pattern[d as usize] == sliding).ok_or_else(|| {
                        let problem = format!(
                            "layer {l} shares keys, but no layer before {first_shared} is of its type"
                        );
                        bad("gemma4.attention.shared_kv_layers", problem)
                    })?;
                Kv::SharedWith(donor)
            } else if sliding || has_values(header, l) {
                Kv::Own
            } else {
                Kv::KeysAsValues
            };
            Ok(Layer {
                attention: if sliding { Attention::Sliding } else { Attention::Full },
                kv,
                kv_heads: kv_heads[l as usize],
                head_dim: if sliding { sliding_dim } else { full_dim },
                feed_forward: feed_forward[l as usize],
            })
        })
        .collect()
}

/// Whether a layer has value projections: a tensor of its own, or a fused one (then without telling K = V apart, which
/// no published file combines).
fn has_values(header: &Header, layer: u32) -> bool {
    ["attn_v", "attn_qkv"].iter().any(|name| header.tensor(&format!("blk.{layer}.{name}.weight")).is_some())
}
