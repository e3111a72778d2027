//! Files in the shape of the published e2b: 35 layers, every fifth and the last of full attention, the last 20 without a
//! cache of their own and with feed-forwards of double width, in Ollama's mix of Q4_K and Q6_K. All weights are zeros.

use gguf::{Array, ReadAt, ReadError, ReadFuture, Type, Value, Writer};

const LAYERS: u32 = 35;
const FIRST_SHARED: u32 = 15;
/// Heads that read; one head of keys and values serves them.
const HEADS: u64 = 8;
/// Width of a layer's share of the per-layer embedding.
const PER_LAYER: u64 = 256;
/// Value projections as Ollama's quantiser counts them: those of vision and audio are among them.
const VALUE_PROJECTIONS: u32 = LAYERS + 16 + 12;

/// What may be smaller than in the published file without another list of dispatches.
pub(crate) struct Widths {
    pub(crate) hidden: u64,
    /// Of a head of sliding attention; one of full attention is twice as wide.
    pub(crate) head: u64,
    pub(crate) feed_forward: u64,
    pub(crate) vocabulary: u64,
}

/// Those of the published file.
pub(crate) const PUBLISHED: Widths =
    Widths { hidden: 1536, head: 256, feed_forward: 6144, vocabulary: 262_144 };

/// A file of zeros behind a header, which takes no memory.
pub(crate) struct Zeros {
    header: Vec<u8>,
    size: u64,
}

impl ReadAt for Zeros {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at<'a>(&'a self, offset: u64, buffer: &'a mut [u8]) -> ReadFuture<'a> {
        let result = match offset.checked_add(buffer.len() as u64) {
            Some(end) if end <= self.size => {
                let header = self.header.get(offset as usize..).unwrap_or_default();
                let copied = header.len().min(buffer.len());
                buffer[..copied].copy_from_slice(&header[..copied]);
                buffer[copied..].fill(0);
                Ok(())
            }
            _ => Err(ReadError::past_end(offset, buffer.len() as u64, self.size)),
        };
        Box::pin(std::future::ready(result))
    }
}

/// The file with these widths.
pub(crate) fn file(widths: &Widths) -> Zeros {
    let mut writer = metadata(widths);
    let mut size = 0;
    for (name, kind, shape) in tensors(widths) {
        let bytes = kind.row_bytes(shape.iter().product()).expect("whole blocks");
        size += bytes + writer.padding(bytes) as u64;
        writer = writer.declare(name, kind, &shape);
    }
    let header = writer.header();
    Zeros { size: header.len() as u64 + size, header }
}

/// Bytes of the weights that a token is multiplied with: all matrices but the per-layer table and the projections to keys and
/// values of layers that have no cache.
pub(crate) fn needed_bytes(widths: &Widths) -> u64 {
    let unused = |name: &str| {
        let shared = |l: u32| ["k", "v"].iter().any(|p| name == format!("blk.{l}.attn_{p}.weight"));
        name == "per_layer_token_embd.weight" || (FIRST_SHARED..LAYERS).any(shared)
    };
    let matrices = tensors(widths).into_iter().filter(|(name, _, shape)| shape.len() == 2 && !unused(name));
    matrices.map(|(_, kind, shape)| kind.row_bytes(shape.iter().product()).expect("whole blocks")).sum()
}

fn is_full(l: u32) -> bool {
    (l + 1).is_multiple_of(5) || l + 1 == LAYERS
}

fn feed_forward(widths: &Widths, l: u32) -> u64 {
    if l < FIRST_SHARED { widths.feed_forward } else { 2 * widths.feed_forward }
}

/// Q6_K for the first and the last eighth and for every third between, else Q4_K.
fn mixed(n: u32, of: u32) -> Type {
    let (first, last) = (of / 8, 7 * of / 8);
    if n < first || n >= last || (n - first) % 3 == 2 { Type::Q6_K } else { Type::Q4_K }
}

fn tensors(widths: &Widths) -> Vec<(String, Type, Vec<u64>)> {
    let &Widths { hidden, vocabulary, .. } = widths;
    let all_layers = u64::from(LAYERS) * PER_LAYER;
    let mut tensors = vec![
        ("token_embd.weight".to_owned(), Type::Q6_K, vec![vocabulary, hidden]),
        ("output_norm.weight".to_owned(), Type::F32, vec![hidden]),
        ("per_layer_token_embd.weight".to_owned(), Type::BF16, vec![vocabulary, all_layers]),
        ("per_layer_model_proj.weight".to_owned(), Type::Q4_K, vec![all_layers, hidden]),
        ("per_layer_proj_norm.weight".to_owned(), Type::F32, vec![PER_LAYER]),
    ];
    for l in 0..LAYERS {
        let head = if is_full(l) { 2 * widths.head } else { widths.head };
        let wide = feed_forward(widths, l);
        let mut add = |name: &str, kind, shape: &[u64]| {
            tensors.push((format!("blk.{l}.{name}.weight"), kind, shape.to_vec()));
        };
        add("attn_q", Type::Q4_K, &[HEADS * head, hidden]);
        add("attn_k", Type::Q4_K, &[head, hidden]);
        add("attn_v", mixed(l, VALUE_PROJECTIONS), &[head, hidden]);
        add("attn_output", Type::Q4_K, &[hidden, HEADS * head]);
        add("ffn_gate", Type::Q4_K, &[wide, hidden]);
        add("ffn_up", Type::Q4_K, &[wide, hidden]);
        add("ffn_down", mixed(l, LAYERS), &[hidden, wide]);
        add("inp_gate", Type::Q4_K, &[PER_LAYER, hidden]);
        add("proj", Type::Q4_K, &[hidden, PER_LAYER]);
        add("layer_output_scale", Type::F32, &[1]);
        for norm in ["attn_q_norm", "attn_k_norm"] {
            add(norm, Type::F32, &[head]);
        }
        for norm in ["attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm", "post_norm"] {
            add(norm, Type::F32, &[hidden]);
        }
    }
    tensors
}

fn metadata(widths: &Widths) -> Writer<'static> {
    let number = |n: u64| Value::U32(n as u32);
    let sliding = (0..LAYERS).map(|l| !is_full(l)).collect();
    let wide = (0..LAYERS).map(|l| feed_forward(widths, l) as u32).collect();
    let entries = [
        ("block_count", Value::U32(LAYERS)),
        ("embedding_length", number(widths.hidden)),
        ("embedding_length_per_layer_input", number(PER_LAYER)),
        ("context_length", Value::U32(131_072)),
        ("feed_forward_length", Value::Array(Array::U32(wide))),
        ("attention.head_count", number(HEADS)),
        ("attention.head_count_kv", Value::U32(1)),
        ("attention.key_length", number(2 * widths.head)),
        ("attention.key_length_swa", number(widths.head)),
        ("attention.sliding_window", Value::U32(512)),
        ("attention.sliding_window_pattern", Value::Array(Array::Bool(sliding))),
        ("attention.shared_kv_layers", Value::U32(LAYERS - FIRST_SHARED)),
        ("final_logit_softcapping", Value::F32(30.0)),
    ];
    let writer = Writer::new().set("general.architecture", Value::String("gemma4".to_owned()));
    entries.into_iter().fold(writer, |writer, (key, value)| writer.set(format!("gemma4.{key}"), value))
}
