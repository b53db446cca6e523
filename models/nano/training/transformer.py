"""The transformer of Wan 2.2 TI2V (Wan team 2025), with the weight names of diffusers' WanTransformer3DModel."""
from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from layers import RMSNorm


@dataclass(frozen=True)
class WanConfig:
    channels: int = 48
    heads: int = 4
    head_size: int = 64
    layers: int = 6
    ffn: int = 768
    text: int = 160
    frequencies: int = 256
    patch: int = 2
    eps: float = 1e-6

    @property
    def width(self) -> int:
        return self.heads * self.head_size


def rotary(frames: int, rows: int, columns: int, size: int) -> Tensor:
    """cos and sin [2, frames * rows * columns, size / 2]: a third of the pairs for each axis of space, the rest for time."""
    pairs, space = size // 2, size // 6

    def angle(count: int, n: int) -> Tensor:
        places = torch.arange(count, dtype=torch.float64)
        return torch.outer(places, 10000 ** (-torch.arange(n, dtype=torch.float64) / n))

    grid = (frames, rows, columns)
    parts = [angle(frames, pairs - 2 * space).view(frames, 1, 1, -1), angle(rows, space).view(1, rows, 1, -1),
             angle(columns, space).view(1, 1, columns, -1)]
    angles = torch.cat([p.expand(*grid, -1) for p in parts], -1).reshape(-1, pairs)
    return torch.stack([angles.cos(), angles.sin()]).float()


def rotate(x: Tensor, table: Tensor) -> Tensor:
    """Turns neighbouring pairs of x [B, H, N, D]."""
    a, b = x.unflatten(-1, (-1, 2)).unbind(-1)
    cos, sin = table
    return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)


class Attention(nn.Module):
    def __init__(self, c: WanConfig):
        super().__init__()
        self.heads = c.heads
        self.to_q, self.to_k, self.to_v = (nn.Linear(c.width, c.width) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(c.width, c.width)])
        self.norm_q, self.norm_k = RMSNorm(c.width, c.eps), RMSNorm(c.width, c.eps)

    def forward(self, x: Tensor, context: Tensor, table: Tensor | None) -> Tensor:
        """x [B, N, D] looks at context [B, M, D]."""
        split = lambda t: t.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        q, k, v = split(self.norm_q(self.to_q(x))), split(self.norm_k(self.to_k(context))), split(self.to_v(context))
        if table is not None:
            q, k = rotate(q, table), rotate(k, table)
        y = F.scaled_dot_product_attention(q, k, v)
        return self.to_out[0](y.transpose(1, 2).flatten(2))


class _Projection(nn.Module):
    def __init__(self, i: int, o: int):
        super().__init__()
        self.proj = nn.Linear(i, o)


class FeedForward(nn.Module):
    def __init__(self, c: WanConfig):
        super().__init__()
        self.net = nn.ModuleList([_Projection(c.width, c.ffn), nn.Identity(), nn.Linear(c.ffn, c.width)])

    def forward(self, x: Tensor) -> Tensor:
        return self.net[2](F.gelu(self.net[0].proj(x), approximate="tanh"))


class Block(nn.Module):
    def __init__(self, c: WanConfig):
        super().__init__()
        self.attn1, self.attn2, self.ffn = Attention(c), Attention(c), FeedForward(c)
        self.norm2 = nn.LayerNorm(c.width, c.eps)
        self.scale_shift_table = nn.Parameter(torch.randn(1, 6, c.width) / c.width**0.5)
        self.plain = lambda x: F.layer_norm(x, x.shape[-1:], eps=c.eps)

    def forward(self, x: Tensor, text: Tensor, time: Tensor, table: Tensor) -> Tensor:
        """x [B, F, P, D] (patches by frame), text [B, L, D], time [B, F, 6, D]."""
        shift1, scale1, gate1, shift2, scale2, gate2 = (self.scale_shift_table[:, None] + time)[:, :, :, None].unbind(2)
        y = (self.plain(x) * (1 + scale1) + shift1).flatten(1, 2)
        x = x + self.attn1(y, y, table).view_as(x) * gate1
        x = x + self.attn2(self.norm2(x).flatten(1, 2), text, None).view_as(x)
        return x + self.ffn(self.plain(x) * (1 + scale2) + shift2) * gate2


class _Embedder(nn.Module):
    def __init__(self, i: int, o: int):
        super().__init__()
        self.linear_1, self.linear_2 = nn.Linear(i, o), nn.Linear(o, o)


class _Conditions(nn.Module):
    def __init__(self, c: WanConfig):
        super().__init__()
        self.time_embedder, self.text_embedder = _Embedder(c.frequencies, c.width), _Embedder(c.text, c.width)
        self.time_proj = nn.Linear(c.width, 6 * c.width)


class Transformer(nn.Module):
    """Predicts clean latents from noisy ones."""

    def __init__(self, config: WanConfig):
        super().__init__()
        c = self.config = config
        self.patch_embedding = nn.Conv3d(c.channels, c.width, (1, c.patch, c.patch), (1, c.patch, c.patch))
        self.condition_embedder = _Conditions(c)
        self.blocks = nn.ModuleList(Block(c) for _ in range(c.layers))
        self.scale_shift_table = nn.Parameter(torch.randn(1, 2, c.width) / c.width**0.5)
        self.proj_out = nn.Linear(c.width, c.channels * c.patch**2)

    def forward(self, x: Tensor, timestep: Tensor, text: Tensor) -> Tensor:
        """x [B, C, F, H, W], timestep [B, F] in 0..1000, one for each latent frame, text [B, L, text width]."""
        c, e = self.config, self.condition_embedder
        batch, _, frames, height, width = x.shape
        rows, columns = height // c.patch, width // c.patch
        grid = lambda t: t.view(batch, -1, frames, rows, c.patch, columns, c.patch)
        patches = grid(x).permute(0, 2, 3, 5, 1, 4, 6).flatten(4).flatten(2, 3)  # [B, F, P, C * 4]
        h = F.linear(patches, self.patch_embedding.weight.flatten(1), self.patch_embedding.bias)
        half = c.frequencies // 2
        angles = timestep[..., None] * torch.exp(torch.arange(half) * (-math.log(10000) / half))
        time = e.time_embedder.linear_2(F.silu(e.time_embedder.linear_1(torch.cat([angles.cos(), angles.sin()], -1))))
        modulation = e.time_proj(F.silu(time)).unflatten(-1, (6, -1))
        text = e.text_embedder.linear_2(F.gelu(e.text_embedder.linear_1(text), approximate="tanh"))
        table = rotary(frames, rows, columns, c.head_size)
        for block in self.blocks:
            h = block(h, text, modulation, table)
        shift, scale = (self.scale_shift_table[:, None] + time[:, :, None])[:, :, :, None].unbind(2)
        h = self.proj_out(F.layer_norm(h, h.shape[-1:], eps=c.eps) * (1 + scale) + shift)
        h = h.view(batch, frames, rows, columns, c.patch, c.patch, c.channels)
        return h.permute(0, 6, 1, 2, 4, 3, 5).reshape(x.shape)
