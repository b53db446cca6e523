"""The encoder of UMT5 (Chung et al. 2023; T5: Raffel et al. 2020), with the weight names of transformers."""
from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from layers import RMSNorm
from tokenizer import PAD


@dataclass(frozen=True)
class TextConfig:
    vocab_size: int
    d_model: int = 160
    d_kv: int = 40
    num_heads: int = 4
    d_ff: int = 320
    num_layers: int = 2
    buckets: int = 32
    max_distance: int = 128
    eps: float = 1e-6


def distance_buckets(length: int, buckets: int, max_distance: int) -> Tensor:
    """[length, length] (query, key): half of the buckets for keys behind, half for keys ahead; near ones exactly."""
    offset = torch.arange(length)[None] - torch.arange(length)[:, None]
    half, exact = buckets // 2, buckets // 4
    away = offset.abs()
    far = exact + (torch.log(away.clamp_min(1) / exact) / math.log(max_distance / exact) * (half - exact)).long()
    return (offset > 0).long() * half + torch.where(away < exact, away, far.clamp_max(half - 1))


class SelfAttention(nn.Module):
    def __init__(self, c: TextConfig):
        super().__init__()
        inner = c.num_heads * c.d_kv
        self.heads = c.num_heads
        self.q, self.k, self.v = (nn.Linear(c.d_model, inner, bias=False) for _ in range(3))
        self.o = nn.Linear(inner, c.d_model, bias=False)
        self.relative_attention_bias = nn.Embedding(c.buckets, c.num_heads)

    def forward(self, x: Tensor, mask: Tensor, buckets: Tensor) -> Tensor:
        """x [B, L, D]; mask [B, 1, 1, L], 0 or -inf; buckets [L, L]."""
        split = lambda t: t.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        bias = self.relative_attention_bias(buckets).permute(2, 0, 1)[None] + mask
        y = F.scaled_dot_product_attention(split(self.q(x)), split(self.k(x)), split(self.v(x)), bias, scale=1.0)
        return self.o(y.transpose(1, 2).flatten(2))


class GatedFeedForward(nn.Module):
    def __init__(self, c: TextConfig):
        super().__init__()
        self.wi_0, self.wi_1 = (nn.Linear(c.d_model, c.d_ff, bias=False) for _ in range(2))
        self.wo = nn.Linear(c.d_ff, c.d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.wo(F.gelu(self.wi_0(x), approximate="tanh") * self.wi_1(x))


class _Attention(nn.Module):
    def __init__(self, c: TextConfig):
        super().__init__()
        self.SelfAttention, self.layer_norm = SelfAttention(c), RMSNorm(c.d_model, c.eps)


class _Feed(nn.Module):
    def __init__(self, c: TextConfig):
        super().__init__()
        self.DenseReluDense, self.layer_norm = GatedFeedForward(c), RMSNorm(c.d_model, c.eps)


class _Block(nn.Module):
    def __init__(self, c: TextConfig):
        super().__init__()
        self.layer = nn.ModuleList([_Attention(c), _Feed(c)])


class _Stack(nn.Module):
    def __init__(self, c: TextConfig):
        super().__init__()
        self.block = nn.ModuleList(_Block(c) for _ in range(c.num_layers))
        self.final_layer_norm = RMSNorm(c.d_model, c.eps)


class TextEncoder(nn.Module):
    """tokens [B, L] to states [B, L, D]; the states of padding are zero."""

    def __init__(self, config: TextConfig):
        super().__init__()
        self.config = config
        self.shared = nn.Embedding(config.vocab_size, config.d_model)
        self.encoder = _Stack(config)
        self._initialise()

    def _initialise(self) -> None:
        """T5's own scales, by the width of what comes in."""
        c = self.config
        for name, p in self.named_parameters():
            if name == "shared.weight":
                nn.init.normal_(p)
            elif "relative" in name:
                nn.init.normal_(p, std=c.d_model**-0.5)
            elif name.endswith(".q.weight"):
                nn.init.normal_(p, std=(c.d_model * c.d_kv) ** -0.5)
            elif p.ndim == 2:
                nn.init.normal_(p, std=p.shape[1] ** -0.5)

    def forward(self, tokens: Tensor) -> Tensor:
        c = self.config
        real = tokens != PAD
        mask = torch.zeros(tokens.shape).masked_fill(~real, -torch.inf)[:, None, None]
        buckets = distance_buckets(tokens.shape[1], c.buckets, c.max_distance)
        x = self.shared(tokens)
        for block in self.encoder.block:
            attention, feed = block.layer
            x = x + attention.SelfAttention(attention.layer_norm(x), mask, buckets)
            x = x + feed.DenseReluDense(feed.layer_norm(x))
        return self.encoder.final_layer_norm(x) * real[..., None]
