"""Draws clips of the world and keeps them: python clips.py FOLDER --seed 11 --shards 80

A shard is a file of 32 clips: `video` uint8 [32, 17, 64, 64, 3] and `specs`, what they show. A shard depends on
nothing but the seed and its number, so that several processes can draw at once and a stopped one goes on.
"""
from __future__ import annotations

import argparse
import os
import random
from pathlib import Path

import torch

from render import render
from scene import ELEVATION
from spec import Spec, sample_spec

CLIPS = 32
FIRST_ELEVATION = 20.0  # degrees, as the world of the first model was seen


def draw_shard(seed: int, number: int) -> dict:
    """32 clips that training may show; seed and number tell all."""
    rng = random.Random(f"{seed}/{number}")
    specs = [sample_spec(rng) for _ in range(CLIPS)]
    return {"video": torch.stack([render(s, rng) for s in specs]), "specs": [s.to_json() for s in specs]}


def draw_judge_shard(seed: int, number: int) -> dict:
    """32 clips to train a judge with: mostly classic, half of them of what training never shows, some seen from higher."""
    rng = random.Random(f"judge/{seed}/{number}")
    specs = [sample_spec(rng, held_out=rng.random() < 0.5, classic=0.85) for _ in range(CLIPS)]
    video = [render(s, rng, elevation=rng.choice((ELEVATION, FIRST_ELEVATION))) for s in specs]
    return {"video": torch.stack(video), "specs": [s.to_json() for s in specs]}


def load_shards(folder: str | Path):
    """Yields (video uint8 [32, T, H, W, 3], specs) of each shard, in the order of their names."""
    files = sorted(Path(folder).glob("*.pt"))
    if not files:
        raise SystemExit(f"{folder} has no shards (*.pt); draw some with clips.py.")
    for file in files:
        shard = torch.load(file)
        yield shard["video"], [Spec.from_json(s) for s in shard["specs"]]


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder", type=Path)
    p.add_argument("--seed", type=int, default=11)
    p.add_argument("--shards", type=int, default=80)
    p.add_argument("--judge", action="store_true", help="clips for the judge instead")
    a = p.parse_args()
    draw = draw_judge_shard if a.judge else draw_shard
    torch.set_num_threads(1)
    a.folder.mkdir(parents=True, exist_ok=True)
    for number in range(a.shards):
        path = a.folder / f"{a.seed:03d}_{number:04d}.pt"
        if path.exists():
            continue
        part = path.with_suffix(".part")
        torch.save(draw(a.seed, number), part)
        os.replace(part, path)


if __name__ == "__main__":
    main()
