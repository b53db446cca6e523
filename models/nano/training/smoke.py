"""A smoke run: a small world, 50 steps of a small model, a restart in the middle, an export with golden answers.

    python smoke.py FOLDER      # leaves FOLDER/model and FOLDER/golden; fails with a sentence where something is wrong
"""
from __future__ import annotations

import argparse
import random
from pathlib import Path

import torch

import codec as codecs
from data import Dataset
from export import write_golden, write_model
from model import Model
from render import render
from spec import Spec, sample_spec
from text_encoder import TextConfig
from tokenizer import Tokenizer, train as train_tokenizer
from train import Plan, Trainer, run
from transformer import WanConfig

SIZE, FRAMES, CLIPS, CHANNELS = 32, 9, 16, 16
STEPS, HALF_WAY = 50, 25
LARGEST_SHARE = 0.8  # of the loss over the first ten steps that may be left over the last ten


def _world() -> tuple[torch.Tensor, list[Spec]]:
    rng = random.Random(3)
    specs = [sample_spec(rng) for _ in range(CLIPS)]
    return torch.stack([render(s, rng, SIZE, FRAMES) for s in specs]), specs


def _trainer(tokenizer: Tokenizer) -> Trainer:
    torch.manual_seed(1)
    wan = WanConfig(channels=CHANNELS, heads=1, layers=2, ffn=128, text=32, frequencies=64)
    return Trainer(Model(wan, TextConfig(len(tokenizer), 32, 16, 2, 64, 1)), 2e-3)


def _losses(folder: Path) -> list[str]:
    return [line.split(",")[1] for line in (folder / "curve.csv").read_text().splitlines()]


def _expect(holds: bool, sentence: str) -> None:
    if not holds:
        raise SystemExit(sentence)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder", type=Path)
    a = p.parse_args()
    torch.set_num_threads(1)
    video, specs = _world()
    with torch.no_grad():
        codec = codecs.fit(codecs.pixels(video), CHANNELS)
        data = Dataset(codecs.encode(codec, codecs.pixels(video)).half(), specs)
    tokenizer = train_tokenizer(captions=2000)
    plan = Plan(STEPS, decay=20, batch=8)

    whole = _trainer(tokenizer)
    run(whole, data, tokenizer, plan, a.folder / "whole")
    losses = [float(x) for x in _losses(a.folder / "whole")]
    first, last = sum(losses[:10]) / 10, sum(losses[-10:]) / 10
    print(f"loss {first:.3f} over the first ten steps, {last:.3f} over the last")
    _expect(last < LARGEST_SHARE * first, f"the loss fell from {first:.3f} to {last:.3f} only.")

    begun = _trainer(tokenizer)
    run(begun, data, tokenizer, plan, a.folder / "begun", until=HALF_WAY)
    restarted = _trainer(tokenizer)
    restarted.load(a.folder / "begun/last.pt")
    run(restarted, data, tokenizer, plan, a.folder / "begun")
    _expect(_losses(a.folder / "begun") == _losses(a.folder / "whole"), "a restarted run went along another curve.")

    write_model(whole.model.eval(), codec, tokenizer, a.folder / "model", 4, 2.0, 6.0, SIZE, FRAMES)
    write_golden(a.folder / "model", a.folder / "golden", str((a.folder / "model").resolve()), SIZE, FRAMES)


if __name__ == "__main__":
    main()
