"""Sampling as the Wan 2.2 TI2V pipeline does it: the first latent frame, where given, is clean and at timestep 0."""
from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

import codec as codecs
import tensors
from model import Model, load_folder
from tokenizer import Tokenizer
from unipc import UniPC


@dataclass
class Generator:
    """A model with its tokenizer and codec, ready to draw."""

    model: Model
    tokenizer: Tokenizer
    codec: codecs.Codec
    steps: int = 8
    guidance: float = 2.5
    shift: float = 6.0

    @staticmethod
    def open(folder: Path) -> Generator:
        """An exported model with its own defaults."""
        settings = json.loads((folder / "generation_config.json").read_text())
        scheduler = json.loads((folder / "scheduler/scheduler_config.json").read_text())
        codec = {k: v.float() for k, v in tensors.load(folder / "vae/diffusion_pytorch_model.safetensors").items()}
        return Generator(load_folder(folder).eval(), Tokenizer.load(folder / "tokenizer"), codec,
                         settings["num_inference_steps"], settings["guidance_scale"], scheduler["flow_shift"])

    @torch.no_grad()
    def latents(self, prompts: list[str], noise: Tensor, first: Tensor | None = None, trace: dict | None = None) -> Tensor:
        """From noise [B, C, F, h, w] to clean latents; first: [B, C, h, w].

        trace: takes what the model was given and answered at each step, by the names of the fixtures.
        """
        text = self.model.text_encoder(self.tokenizer.batch(prompts))
        nothing = self.model.text_encoder(self.tokenizer.batch([""])).expand_as(text)
        solver, x = UniPC(self.steps, self.shift), noise
        for i, t in enumerate(solver.timesteps):
            given, times = x.clone(), torch.full((len(x), x.shape[2]), float(t))
            if first is not None:
                given[:, :, 0], times[:, 0] = first, 0
            with_text = self.model.transformer(given, times, text)
            without = self.model.transformer(given, times, nothing)
            x = solver.step(i, without + self.guidance * (with_text - without), x)
            if trace is not None:
                trace |= {f"model_input.{2 * i}": given, f"noise_pred.{2 * i}": with_text,
                          f"noise_pred.{2 * i + 1}": without, f"latents_after_step.{i}": x.clone()}
        if first is not None:
            x = x.clone()
            x[:, :, 0] = first
        return x

    def noise(self, count: int, seed: int, frames: int = 17, size: int = 64) -> Tensor:
        """[count, C, F, h, w]; clip i has the noise of seed + i."""
        side = size // codecs.PATCH
        shape = (self.model.transformer.config.channels, 1 + (frames - 1) // codecs.STRIDE, side, side)
        generators = [torch.Generator().manual_seed(seed + i) for i in range(count)]
        return torch.stack([torch.randn(shape, generator=g) for g in generators])

    @torch.no_grad()
    def clips(self, prompts: list[str], seed: int, images: Tensor | None = None, batch: int = 16) -> Tensor:
        """uint8 [B, T, H, W, 3]; images: the given first frames, uint8 [B, H, W, 3]."""
        noise, drawn = self.noise(len(prompts), seed), []
        for at in range(0, len(prompts), batch):
            to = at + batch
            first = None
            if images is not None:
                first = codecs.encode(self.codec, codecs.pixels(images[at:to, None]))[:, :, 0]
            video = codecs.decode(self.codec, self.latents(prompts[at:to], noise[at:to], first))
            drawn.append(((video + 1) * 127.5).round().to(torch.uint8))
        return torch.cat(drawn)
