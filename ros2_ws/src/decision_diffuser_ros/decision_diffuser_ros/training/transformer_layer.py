"""A pre-norm transformer layer whose normalisations are scaled and shifted by an embedding.

Attention is written out in matrix products, so that its exported graph takes any batch; what lies between two tokens
may be added to their attention (Shaw 2018, relative positions). Scale and shift (Perez 2018, FiLM; Peebles 2023, DiT)
let the layer do one thing at one noise level and another at another.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import gelu


class ModulatedNorm(nn.Module):
    """Layer normalisation with scale and shift from an embedding; plain at the start of a training."""

    def __init__(self, width: int, embedding_dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.modulation = nn.Linear(embedding_dim, 2 * width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, tokens: Tensor, embedding: Tensor) -> Tensor:
        """Tokens `(batch, tokens, width)`, with an embedding `(batch, embedding_dim)`."""
        scale, shift = self.modulation(embedding)[:, None].chunk(2, dim=-1)
        return self.norm(tokens) * (1.0 + scale) + shift


class TransformerLayer(nn.Module):
    """Self-attention and a two-layer MLP, each added to what goes in.

    Args:
        width: numbers in a token.
        heads: of the attention; `width` is a multiple of it.
        embedding_dim: of what scales and shifts.
    """

    def __init__(self, width: int, *, heads: int, embedding_dim: int) -> None:
        super().__init__()
        self.heads = heads
        self.first_norm = ModulatedNorm(width, embedding_dim)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.mixing = nn.Linear(width, width)
        self.second_norm = ModulatedNorm(width, embedding_dim)
        self.expand, self.contract = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, tokens: Tensor, embedding: Tensor, attention_bias: Tensor) -> Tensor:
        """Tokens `(batch, tokens, width)`, with an attention bias `(batch, heads, tokens, tokens)`."""
        tokens = tokens + self._attention(self.first_norm(tokens, embedding), attention_bias)
        return tokens + self.contract(gelu(self.expand(self.second_norm(tokens, embedding))))

    def _attention(self, tokens: Tensor, bias: Tensor) -> Tensor:
        parts = self.queries_keys_values(tokens).unflatten(-1, (3, self.heads, -1))
        queries, keys, values = (part.transpose(1, 2) for part in parts.unbind(2))  # (batch, heads, tokens, size)
        logits = queries @ keys.transpose(-1, -2) / queries.shape[-1] ** 0.5 + bias
        return self.mixing((logits.softmax(dim=-1) @ values).transpose(1, 2).flatten(2))
