"""Trains the model: flow matching that predicts the clean clip.

    python train.py CLIPS CODEC TOKENIZER RUN --steps 6000 --decay 2000 [--grow MODEL_FOLDER]

x_t = (1 - sigma) x_0 + sigma noise; the model gives x_0, the loss is that of the velocity, error / max(sigma, 0.2).
The rate rises, stays, and falls to nothing over the last `--decay` steps: a run can be made longer from any
checkpoint before that fall. RUN/last.pt is written every few minutes; the same command goes on from there, along the
same curve (RUN/curve.csv) on the same number of threads.
"""
from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

import tensors
from data import Batch, Dataset, draw_batch
from model import Model, grow
from muon import Muon
from text_encoder import TextConfig
from tokenizer import Tokenizer
from transformer import WanConfig

EMA = 0.995
WARM_UP = 100
WORDS = 10.0  # the rate of the word vectors, whose numbers are near 1, as a multiple of the others
SIGMA_FLOOR = 0.2


def loss_of(prediction: Tensor, batch: Batch) -> Tensor:
    """The mean squared error of the velocity over the frames that were not given."""
    error = (prediction - batch.clean) / batch.sigma.clamp_min(SIGMA_FLOOR).view(-1, 1, 1, 1, 1)
    by_frame = (error**2).mean((1, 3, 4))
    return ((by_frame * batch.weight).sum(1) / batch.weight.sum(1)).mean()


def rate(step: int, steps: int, decay: int, peak: float) -> float:
    return peak * min(1.0, (step + 1) / WARM_UP, (steps - step) / max(decay, 1))


class Trainer:
    """The model, its average and its optimizers: Muon for the matrices of the blocks, AdamW for the rest."""

    def __init__(self, model: Model, peak: float):
        self.model, self.peak, self.step = model, peak, 0
        self.parameters = list(model.parameters())
        self.average = [p.detach().clone() for p in self.parameters]
        matrices = [p for n, p in model.transformer.named_parameters() if p.ndim == 2 and n.startswith("blocks.")]
        chosen = {id(p) for p in matrices}
        self.muon = Muon(matrices)
        words = model.text_encoder.shared.weight
        rest = [p for p in self.parameters if id(p) not in chosen and p is not words]
        self.adam = torch.optim.AdamW([{"params": rest, "share": 1.0}, {"params": [words], "share": WORDS}], peak,
                                      betas=(0.9, 0.95), weight_decay=0.01)

    def update(self, batch: Batch, lr: float) -> float:
        """One step; returns its loss."""
        loss = loss_of(self.model(batch.noisy, batch.timestep, batch.tokens), batch)
        for p in self.parameters:
            p.grad = None
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        for group in self.adam.param_groups:
            group["lr"] = lr * group["share"]
        self.adam.step()
        self.muon.step(lr)
        self.step += 1
        keep = min(EMA, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(self.average, self.parameters, 1 - keep)
        return loss.item()

    def save(self, path: Path) -> None:
        part = path.with_suffix(".part")
        torch.save({"model": self.model.state_dict(), "average": self.average, "muon": self.muon.state_dict(),
                    "adam": self.adam.state_dict(), "step": self.step}, part)
        os.replace(part, path)

    def load(self, path: Path) -> None:
        state = torch.load(path)
        self.model.load_state_dict(state["model"])
        for mine, kept in zip(self.average, state["average"], strict=True):
            mine.copy_(kept)
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])
        self.step = state["step"]


def build(codec: dict[str, Tensor], tokenizer: Tokenizer, seed: int, old: Path | None) -> Model:
    torch.manual_seed(seed)
    model = Model(WanConfig(channels=len(codec["encoder.first.weight"])), TextConfig(len(tokenizer)))
    if old:
        grow(model, old, tokenizer)
    return model


@dataclass(frozen=True)
class Plan:
    """How long to train, on how much at once, and where from the rate falls."""

    steps: int
    decay: int
    batch: int = 32
    seed: int = 1


def run(trainer: Trainer, data: Dataset, tokenizer: Tokenizer, plan: Plan, folder: Path, save_minutes: float = 4,
        keep_every: int = 1000, until: int | None = None) -> None:
    """Trains to the plan's end, or only until a step of it, with its curve and its checkpoints in a folder."""
    end = min(plan.steps, until or plan.steps)
    folder.mkdir(parents=True, exist_ok=True)
    saved = began = time.monotonic()
    with open(folder / "curve.csv", "a", buffering=1) as curve:
        while trainer.step < end:
            batch = draw_batch(data, tokenizer, plan.batch, plan.seed, trainer.step)
            lr = rate(trainer.step, plan.steps, plan.decay, trainer.peak)
            loss = trainer.update(batch, lr)
            curve.write(f"{trainer.step},{loss:.9g},{lr:.3g},{time.monotonic() - began:.1f}\n")
            if trainer.step % keep_every == 0:
                trainer.save(folder / f"step{trainer.step:06d}.pt")
            if time.monotonic() - saved > 60 * save_minutes or trainer.step == end:
                trainer.save(folder / "last.pt")
                saved = time.monotonic()


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("clips", type=Path)
    p.add_argument("codec", type=Path)
    p.add_argument("tokenizer", type=Path)
    p.add_argument("run", type=Path)
    p.add_argument("--steps", type=int, default=6000)
    p.add_argument("--decay", type=int, default=2000)
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--lr", type=float, default=8e-4)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--grow", type=Path, help="an exported model to start from")
    p.add_argument("--save-minutes", type=float, default=4)
    p.add_argument("--keep-every", type=int, default=1000, help="steps between checkpoints that stay")
    return p.parse_args()


def main() -> None:
    a = arguments()
    torch.set_num_threads(a.threads)
    codec, tokenizer = tensors.load(a.codec), Tokenizer.load(a.tokenizer)
    with torch.no_grad():
        data = Dataset.of(a.clips, codec)
    trainer = Trainer(build(codec, tokenizer, a.seed, a.grow), a.lr)
    last = a.run / "last.pt"
    if last.exists():
        trainer.load(last)
    print(f"{len(data.specs)} clips, {sum(p.numel() for p in trainer.parameters) / 1e6:.2f} million weights, "
          f"from step {trainer.step}", flush=True)
    run(trainer, data, tokenizer, Plan(a.steps, a.decay, a.batch, a.seed), a.run, a.save_minutes, a.keep_every)


if __name__ == "__main__":
    main()
