"""The clips as latents in memory, and the random batches that training draws from them."""
from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

import codec as codecs
from captions import caption
from clips import load_shards
from spec import Spec
from tokenizer import Tokenizer

NO_TEXT = 0.1  # share of captions left out, for guidance
FIRST_FRAME = 0.25  # share of clips whose first latent frame is given
SHIFT = 6.0
EVEN = 0.25  # share of noise levels drawn evenly


@dataclass
class Dataset:
    """latents [N, C, F, h, w] in half precision, and what each shows."""

    latents: Tensor
    specs: list[Spec]

    @staticmethod
    def of(folder: Path, codec: codecs.Codec) -> Dataset:
        latents, specs = [], []
        for video, shown in load_shards(folder):
            latents.append(codecs.encode(codec, codecs.pixels(video)).half())
            specs += shown
        return Dataset(torch.cat(latents), specs)


@dataclass
class Batch:
    """clean, noisy [B, C, F, h, w]; sigma [B]; timestep and weight [B, F]; tokens [B, L]."""

    clean: Tensor
    noisy: Tensor
    sigma: Tensor
    timestep: Tensor
    weight: Tensor
    tokens: Tensor


def _caption(spec: Spec, tokenizer: Tokenizer, rng: random.Random) -> str:
    """A caption that the tokenizer can hold whole."""
    while not tokenizer.fits(text := caption(spec, rng)):
        pass
    return text


def draw_batch(data: Dataset, tokenizer: Tokenizer, size: int, seed: int, step: int) -> Batch:
    """The batch of a step: the same whenever it is asked for."""
    rng = random.Random(f"{seed}/{step}")
    g = torch.Generator().manual_seed(rng.getrandbits(48))
    rows = torch.randint(len(data.specs), (size,), generator=g)
    clean = data.latents[rows].float()
    texts = ["" if rng.random() < NO_TEXT else _caption(data.specs[i], tokenizer, rng) for i in rows.tolist()]
    normal = torch.sigmoid(torch.randn(size, generator=g))
    sigma = SHIFT * normal / (1 + (SHIFT - 1) * normal)
    sigma = torch.where(torch.rand(size, generator=g) < EVEN, torch.rand(size, generator=g), sigma)
    s = sigma.view(-1, 1, 1, 1, 1)
    noisy = (1 - s) * clean + s * torch.randn(clean.shape, generator=g)
    frames = clean.shape[2]
    timestep, weight = (1000 * sigma)[:, None].repeat(1, frames), torch.ones(size, frames)
    given = torch.rand(size, generator=g) < FIRST_FRAME
    noisy[given, :, 0] = clean[given, :, 0]
    timestep[given, 0] = 0
    weight[given, 0] = 0
    return Batch(clean, noisy, sigma, timestep, weight, tokenizer.batch(texts))
