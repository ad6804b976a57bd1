"""A transformer layer: its attention against torch's, and what an embedding may change."""

from __future__ import annotations

import torch
from torch.nn.functional import scaled_dot_product_attention

from decision_diffuser_ros.training.transformer_layer import ModulatedNorm, TransformerLayer

BATCH, TOKENS, WIDTH, HEADS, EMBEDDING = 3, 5, 16, 4, 6


def test_attention_is_that_of_torch():
    layer = TransformerLayer(WIDTH, heads=HEADS, embedding_dim=EMBEDDING)
    tokens, bias = torch.randn(BATCH, TOKENS, WIDTH), torch.randn(BATCH, HEADS, TOKENS, TOKENS)
    parts = layer.queries_keys_values(tokens).chunk(3, dim=-1)
    queries, keys, values = (part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in parts)
    expected = layer.mixing(scaled_dot_product_attention(queries, keys, values, bias).transpose(1, 2).flatten(2))
    torch.testing.assert_close(layer._attention(tokens, bias), expected)


def test_an_embedding_scales_and_shifts_once_it_has_learnt_to():
    norm = ModulatedNorm(WIDTH, EMBEDDING)
    tokens, embedding = torch.randn(BATCH, TOKENS, WIDTH), torch.ones(BATCH, EMBEDDING)
    plain = norm.norm(tokens)
    torch.testing.assert_close(norm(tokens, embedding), plain)
    with torch.no_grad():
        norm.modulation.bias[:WIDTH], norm.modulation.bias[WIDTH:] = 1.0, 0.5
    torch.testing.assert_close(norm(tokens, embedding), 2.0 * plain + 0.5)
