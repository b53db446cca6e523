"""A linear codec of patches: principal components in, regression over 3x3 neighbours out.

    python codec.py CLIPS CODEC [--from VAE_FOLDER] [--channels 48]

The first frame is cut into blocks of 8x8 pixels, each later group of four frames into blocks of 4x8x8; a matrix makes
a latent of each block. A latent of a clip is [C, 1 + (T - 1) / 4, H / 8, W / 8]. With --from, the channels of an earlier
codec stay as they are and new ones tell what those leave out, so that a model of the earlier latents can grow.
"""
from __future__ import annotations

import argparse
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

import tensors
from clips import load_shards

PATCH, STRIDE = 8, 4
_RIDGE = 1e-5
Codec = dict[str, Tensor]


def pixels(video: Tensor) -> Tensor:
    """uint8 to -1..1."""
    return video.float() / 127.5 - 1


def blocks(video: Tensor, frames: int) -> Tensor:
    """[N, T, H, W, 3] to [N, T / frames, h, w, frames * 8 * 8 * 3], in the order t, y, x, rgb."""
    n, t, h, w, _ = video.shape
    x = video.reshape(n, t // frames, frames, h // PATCH, PATCH, w // PATCH, PATCH, 3)
    return x.permute(0, 1, 3, 5, 2, 4, 6, 7).flatten(4)


def unblocks(x: Tensor, frames: int) -> Tensor:
    n, t, h, w, _ = x.shape
    x = x.reshape(n, t, h, w, frames, PATCH, PATCH, 3).permute(0, 1, 4, 2, 5, 3, 6, 7)
    return x.reshape(n, t * frames, h * PATCH, w * PATCH, 3)


def encode(codec: Codec, video: Tensor) -> Tensor:
    """[N, T, H, W, 3] in -1..1 to [N, C, F, h, w]."""
    parts = [F.linear(blocks(video[:, :1], 1), codec["encoder.first.weight"], codec["encoder.first.bias"])]
    if video.shape[1] > 1:
        parts.append(F.linear(blocks(video[:, 1:], STRIDE), codec["encoder.next.weight"], codec["encoder.next.bias"]))
    return torch.cat(parts, 1).permute(0, 4, 1, 2, 3).contiguous()


def decode(codec: Codec, latents: Tensor) -> Tensor:
    """[N, C, F, h, w] to [N, T, H, W, 3], clamped to -1..1."""
    padded = F.pad(latents, (1, 1, 1, 1, 0, 0), mode="replicate")
    first = F.conv2d(padded[:, :, 0], codec["decoder.first.weight"], codec["decoder.first.bias"])
    parts = [unblocks(first[:, None].permute(0, 1, 3, 4, 2), 1)]
    if latents.shape[2] > 1:
        later = F.conv3d(padded, codec["decoder.next.weight"], codec["decoder.next.bias"])
        parts.append(unblocks(later.permute(0, 2, 3, 4, 1), STRIDE))
    return torch.cat(parts, 1).clamp(-1, 1)


def psnr(a: Tensor, b: Tensor) -> float:
    """In dB, of values in -1..1."""
    return -10 * math.log10(((a - b) ** 2).mean().item() / 4)


def _components(x: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Rows [count, D] and their variances; x [N, D] has mean 0."""
    variance, vectors = torch.linalg.eigh(x.T @ x / len(x))
    return vectors.flip(1)[:, :count].T.contiguous(), variance.flip(0)[:count]


def _encoder(x: Tensor, channels: int, weight: Tensor | None, bias: Tensor | None) -> tuple[Tensor, Tensor]:
    """One scale for all channels: coarse ones stand far above a model's noise, fine ones below it."""
    if weight is None:
        mean = x.mean(0)
        rows, variance = _components(x - mean, channels)
        weight = rows / variance.mean().sqrt()
        return weight, -(weight @ mean)
    mean = x.mean(0)
    latents = (x - mean) @ weight.T
    told = torch.linalg.lstsq(latents, x - mean).solution
    rows, _ = _components(x - mean - latents @ told, channels - len(weight))
    new = rows * weight.norm(dim=1).mean()
    return torch.cat([weight, new]), torch.cat([bias, -(new @ mean)])


def _regress(pairs) -> tuple[Tensor, Tensor]:
    """Ridge regression over (x [N, I], y [N, O]) in pieces: weight [O, I] and bias [O]."""
    xx = xy = sx = sy = n = 0
    for x, y in pairs:
        x, y = x.double(), y.double()
        xx, xy, sx, sy, n = xx + x.T @ x, xy + x.T @ y, sx + x.sum(0), sy + y.sum(0), n + len(x)
    mx, my = sx / n, sy / n
    gram = xx / n - torch.outer(mx, mx) + _RIDGE * torch.eye(len(mx), dtype=torch.float64)
    weight = torch.linalg.solve(gram, xy / n - torch.outer(mx, my)).T
    return weight.float().contiguous(), (my - weight @ mx).float()


def _neighbours(latents: Tensor) -> Tensor:
    """[N, C, F, h, w] to [N, F, h, w, C * 9]."""
    n, c, f, h, w = latents.shape
    padded = F.pad(latents.transpose(1, 2).flatten(0, 1), (1, 1, 1, 1), mode="replicate")
    return F.unfold(padded, 3).view(n, f, c * 9, h, w).permute(0, 1, 3, 4, 2)


def fit(video: Tensor, channels: int, start: Codec | None = None) -> Codec:
    """Fits a codec to clips in -1..1 [N, T, H, W, 3]."""
    start = start or {}
    codec: Codec = {}
    for name, x in (("first", blocks(video[:, :1], 1)), ("next", blocks(video[:, 1:], STRIDE))):
        codec[f"encoder.{name}.weight"], codec[f"encoder.{name}.bias"] = _encoder(
            x.flatten(0, 3), channels, start.get(f"encoder.{name}.weight"), start.get(f"encoder.{name}.bias"))

    def pairs(first: bool):
        for clips in video.split(32):
            near = _neighbours(encode(codec, clips))
            if first:
                yield near[:, :1].flatten(0, 3), blocks(clips[:, :1], 1).flatten(0, 3)
            else:
                yield torch.cat([near[:, :-1], near[:, 1:]], -1).flatten(0, 3), blocks(clips[:, 1:], STRIDE).flatten(0, 3)

    weight, codec["decoder.first.bias"] = _regress(pairs(True))
    codec["decoder.first.weight"] = weight.view(-1, channels, 3, 3)
    weight, codec["decoder.next.bias"] = _regress(pairs(False))
    codec["decoder.next.weight"] = weight.view(-1, 2, channels, 3, 3).transpose(1, 2).contiguous()
    return codec


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("clips", type=Path)
    p.add_argument("codec", type=Path)
    p.add_argument("--from", dest="start", type=Path)
    p.add_argument("--channels", type=int, default=48)
    p.add_argument("--fit", type=int, default=1200, help="how many clips to fit to")
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.set_grad_enabled(False)
    kept, count = [], 0
    for video, _ in load_shards(a.clips):
        kept.append(video)
        count += len(video)
        if count >= a.fit + 192:
            break
    video = pixels(torch.cat(kept))
    start = tensors.load(a.start / "diffusion_pytorch_model.safetensors") if a.start else None
    codec = fit(video[:-192], a.channels, start)
    tensors.save(codec, a.codec)
    held = video[-192:]
    again = decode(codec, encode(codec, held))
    print(f"PSNR {psnr(again, held):.2f} dB, first frames {psnr(again[:, :1], held[:, :1]):.2f} dB, {a.channels} channels")


if __name__ == "__main__":
    main()
