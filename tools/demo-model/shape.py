"""The shape of the demo model: e2b in small, as Hugging Face's Gemma 4 classes build it."""
from dataclasses import dataclass

from transformers import Gemma4TextConfig
from transformers.models.gemma4.modeling_gemma4 import Gemma4TextModel

import torch
from torch import nn

LOCAL, GLOBAL = "sliding_attention", "full_attention"
NORM_EPSILON, SOFTCAP = 1e-6, 30.0
THETA_LOCAL, THETA_GLOBAL, ROTATED = 1e4, 1e6, 0.25


@dataclass(frozen=True)
class Shape:
    name: str
    vocabulary: int
    hidden: int          # a multiple of 256, as Q4_K and Q6_K need
    pattern: str         # L local, G global; the two layers before the shared tail are L, G
    shared: int          # layers at the end without keys and values of their own; they have the double-wide feed-forward
    heads: int
    head_dim: int
    head_dim_global: int
    feed_forward: int
    per_layer: int       # width of the per-layer embeddings
    window: int = 64     # short enough that ordinary chats exceed it
    context: int = 2048

    @property
    def layers(self):
        return [GLOBAL if c == "G" else LOCAL for c in self.pattern]

    @property
    def first_shared(self):
        return len(self.pattern) - self.shared

    def width(self, layer):
        """Width of a layer's feed-forward."""
        return self.feed_forward * (2 if layer >= self.first_shared else 1)

    def head(self, layer):
        return self.head_dim_global if self.pattern[layer] == "G" else self.head_dim


SHAPES = {shape.name: shape for shape in [
    Shape("wide", 5120, 512, "LLLGLLLG", 4, 4, 64, 128, 512, 32),
    Shape("full", 5120, 256, "LLLGLLLG", 4, 4, 64, 128, 1024, 32),
    Shape("small", 2560, 256, "LGLG", 2, 2, 64, 128, 256, 32),
]}


def build(shape, seed):
    """The model with fresh weights."""
    torch.manual_seed(seed)
    config = Gemma4TextConfig(
        vocab_size=shape.vocabulary, vocab_size_per_layer_input=shape.vocabulary, hidden_size=shape.hidden,
        hidden_size_per_layer_input=shape.per_layer, intermediate_size=shape.feed_forward, use_double_wide_mlp=True,
        num_hidden_layers=len(shape.pattern), layer_types=shape.layers, num_kv_shared_layers=shape.shared,
        num_attention_heads=shape.heads, num_key_value_heads=1, num_global_key_value_heads=None,
        attention_k_eq_v=False,
        head_dim=shape.head_dim, global_head_dim=shape.head_dim_global, sliding_window=shape.window,
        max_position_embeddings=shape.context, final_logit_softcapping=SOFTCAP, rms_norm_eps=NORM_EPSILON,
        tie_word_embeddings=True, enable_moe_block=False, pad_token_id=0, bos_token_id=2, eos_token_id=1,
        rope_parameters={LOCAL: dict(rope_type="default", rope_theta=THETA_LOCAL),
                         GLOBAL: dict(rope_type="proportional", rope_theta=THETA_GLOBAL,
                                      partial_rotary_factor=ROTATED)})
    config._attn_implementation = "sdpa"
    model = Gemma4TextModel(config)
    for layer in model.layers:
        del layer.layer_scalar                      # a constant to Hugging Face; here it is learnt like a norm
        layer.layer_scalar = nn.Parameter(torch.ones(1))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("embed_tokens.weight"):
                weight.normal_(0, shape.hidden ** -0.5)
            elif name.endswith("embed_tokens_per_layer.weight"):
                weight.normal_(0, shape.per_layer ** -0.5)
            elif weight.ndim == 2:
                weight.normal_(0, weight.shape[1] ** -0.5)
            elif "q_norm" in name or "k_norm" in name:
                # The attention scale is 1, so the two norms together start at the usual 1 / sqrt(d).
                weight.fill_(weight.numel() ** -0.25)
            elif "post_" in name:
                weight.fill_(0.5)
    return model


def masks(documents, window):
    """Who sees whom: (B, 1, T, T) for each kind of layer, from the document number of each position (B, T)."""
    t = documents.shape[1]
    at = torch.arange(t, device=documents.device)
    causal = (at[:, None] >= at[None, :]) & (documents[:, :, None] == documents[:, None, :])
    near = at[:, None] - at[None, :] < window
    return {GLOBAL: causal[:, None], LOCAL: (causal & near)[:, None]}


def hidden_states(model, shape, ids, documents, positions):
    return model(input_ids=ids, attention_mask=masks(documents, shape.window), position_ids=positions,
                 use_cache=False).last_hidden_state


def logits(model, hidden):
    raw = nn.functional.linear(hidden, model.embed_tokens.weight).float()
    return SOFTCAP * torch.tanh(raw / SOFTCAP)
