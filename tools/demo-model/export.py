"""The trained model as a GGUF file in Ollama's layout, with the types that Ollama gave its Q4_K_M files."""
import torch

import gguf
from blocks import quantise
from gguf import BOOL, F32, I32, STRING, U32
from shape import NORM_EPSILON, ROTATED, SOFTCAP, THETA_GLOBAL, THETA_LOCAL

LAYER_NAMES = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "post_attention_norm", "pre_feedforward_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "post_feedforward_layernorm": "post_ffw_norm",
    "per_layer_input_gate": "inp_gate", "per_layer_projection": "proj", "post_per_layer_input_norm": "post_norm"}
MODEL_NAMES = {"embed_tokens": "token_embd", "norm": "output_norm", "embed_tokens_per_layer": "per_layer_token_embd",
               "per_layer_model_projection": "per_layer_model_proj",
               "per_layer_projection_norm": "per_layer_proj_norm"}


def file_name(parameter):
    """The file's name of one of Hugging Face's parameters."""
    parts = parameter.split(".")
    if parts[0] != "layers":
        return MODEL_NAMES[parts[0]] + ".weight"
    if parts[2] == "layer_scalar":
        return f"blk.{parts[1]}.layer_output_scale.weight"
    return f"blk.{parts[1]}.{LAYER_NAMES['.'.join(parts[2:-1])]}.weight"


def _more_bits(i, n):
    """Ollama's choice of the layers that get the better type."""
    return i < n // 8 or i >= 7 * n // 8 or (i - n // 8) % 3 == 2


def kind_of(name, shape, layers):
    """The block format of a tensor. Every layer has its `attn_v` and `ffn_down`, so both count by layer."""
    if len(shape) < 2:
        return "F32"
    if name == "per_layer_token_embd.weight":
        return "BF16"
    better = name == "token_embd.weight"
    if name.endswith(("attn_v.weight", "ffn_down.weight")):
        better = _more_bits(int(name.split(".")[1]), layers)
    if shape[-1] % 256 == 0:
        return "Q6_K" if better else "Q4_K"
    if shape[-1] % 32 == 0:
        return "Q8_0" if better else "Q5_0"
    return "F16"


def kinds(model, shape):
    """Block format of each parameter."""
    return {name: kind_of(file_name(name), tuple(weight.shape), len(shape.pattern)) for name,
            weight in model.named_parameters()}


def metadata(shape, vocabulary):
    n = len(shape.pattern)
    keys = [
        ("general.architecture", STRING, "gemma4"), ("general.file_type", U32, 15),
        ("general.quantization_version", U32, 2),
        ("general.name", STRING, "rullama demo"), ("general.license", STRING, "MIT OR Apache-2.0"),
        ("general.description", STRING,
         "A very small Gemma 4 that knows a small world; made by tools/demo-model of rullama"),
        ("gemma4.block_count", U32, n), ("gemma4.context_length", U32, shape.context),
        ("gemma4.embedding_length", U32, shape.hidden),
        ("gemma4.feed_forward_length", [I32], [shape.width(i) for i in range(n)]),
        ("gemma4.attention.head_count", U32, shape.heads), ("gemma4.attention.head_count_kv", U32, 1),
        ("gemma4.attention.key_length", U32, shape.head_dim_global), ("gemma4.attention.value_length", U32,
                                                                      shape.head_dim_global),
        ("gemma4.attention.key_length_swa", U32, shape.head_dim), ("gemma4.attention.value_length_swa", U32,
                                                                   shape.head_dim),
        ("gemma4.attention.layer_norm_rms_epsilon", F32, NORM_EPSILON),
        ("gemma4.attention.sliding_window", U32, shape.window),
        ("gemma4.attention.sliding_window_pattern", [BOOL], [c == "L" for c in shape.pattern]),
        ("gemma4.attention.shared_kv_layers", U32, shape.shared),
        ("gemma4.rope.freq_base", F32, THETA_GLOBAL), ("gemma4.rope.freq_base_swa", F32, THETA_LOCAL),
        ("gemma4.rope.dimension_count", U32, shape.head_dim_global), ("gemma4.rope.dimension_count_swa", U32,
                                                                      shape.head_dim),
        ("gemma4.final_logit_softcapping", F32, SOFTCAP), ("gemma4.embedding_length_per_layer_input", U32,
                                                           shape.per_layer),
        ("tokenizer.ggml.model", STRING, "llama"), ("tokenizer.ggml.pre", STRING, "gemma4"),
        ("tokenizer.ggml.tokens", [STRING], vocabulary.tokens),
        ("tokenizer.ggml.scores", [F32], [float(i) for i in range(len(vocabulary))]),
        ("tokenizer.ggml.token_type", [I32], vocabulary.types()),
        ("tokenizer.ggml.merges", [STRING], [f"{a} {b}" for a, b in vocabulary.merges]),
        ("tokenizer.ggml.bos_token_id", U32, 2), ("tokenizer.ggml.eos_token_id", U32, 1),
        ("tokenizer.ggml.eos_token_ids", [I32], [1, 106, 50]), ("tokenizer.ggml.unknown_token_id", U32, 3),
        ("tokenizer.ggml.padding_token_id", U32, 0), ("tokenizer.ggml.mask_token_id", U32, 4),
        ("tokenizer.ggml.add_bos_token", BOOL, False), ("tokenizer.ggml.add_eos_token", BOOL, False)]
    return sorted(keys, key=lambda entry: entry[0])


def tensors(weights, shape):
    """{file name: tensor} of all that the file holds. Layers that share keys and values still have matrices for them in
    published files, which nothing reads: here they are zeros."""
    out = {file_name(name): weight.detach().float().cpu() for name, weight in weights.items()}
    for i in range(shape.first_shared, len(shape.pattern)):
        for kind in ("attn_k", "attn_v"):
            out[f"blk.{i}.{kind}.weight"] = torch.zeros(shape.head(i), shape.hidden)
        out[f"blk.{i}.attn_k_norm.weight"] = torch.ones(shape.head(i))
    pairs = shape.head_dim_global // 2
    rotated = int(pairs * ROTATED)
    out["rope_freqs.weight"] = torch.tensor([1.0] * rotated + [1e30] * (pairs - rotated))
    return out


def _order(name):
    """By layer and name, the rest at the end, as Ollama writes them."""
    return (int(name.split(".")[1]) if name.startswith("blk.") else 1 << 30, name)


def write(path, weights, shape, vocabulary):
    """Writes the file. `weights`: {Hugging Face's name: the trained f32 weights}."""
    held = tensors(weights, shape)
    rows = []
    for name in sorted(held, key=_order):
        size = tuple(held[name].shape)
        kind = kind_of(name, size, len(shape.pattern))
        rows.append((name, kind, size, quantise(held[name], kind, pack=True).numpy().tobytes()))
    gguf.write(path, metadata(shape, vocabulary), rows)


def load(path, model):
    """Fills the model with the values of a file."""
    _, held = gguf.read(path)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            kind, size, raw = held[file_name(name)]
            weight.copy_(torch.from_numpy(gguf.dequantise(kind, size, raw)))
