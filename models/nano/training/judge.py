"""The judge: a small network that says what a clip shows. It is trained on rendered clips, never on generated ones.

    python judge.py TRAINING_CLIPS JUDGE_CLIPS CODEC JUDGE.pt
"""
from __future__ import annotations

import argparse
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import codec as codecs
import spec as world
import tensors
from clips import load_shards
from spec import Spec

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "color": tuple(world.COLORS), "shape": world.SHAPES, "motion": world.MOTIONS, "camera": world.CAMERAS,
    "time": world.TIMES, "weather": world.WEATHERS, "relation": ("none", *world.RELATIONS), "ground": tuple(world.GROUNDS)}
CLASSIC = {"shape": 4, "motion": 6, "camera": 5, "time": 3, "weather": 4, "relation": 3, "ground": 5}
LOOKED_AT = (0, 4, 8, 12, 16)  # frames
FEATURES = 64
HELD_BACK = 10  # shards of the judge's clips that it is tested on


def answers(spec: Spec) -> list[int]:
    """The right class of each attribute."""
    says = {**spec.to_json(), "relation": spec.second.relation if spec.second else "none"}
    return [classes.index(says[name]) for name, classes in ATTRIBUTES.items()]


class Judge(nn.Module):
    """Clips to scores for each attribute."""

    def __init__(self):
        super().__init__()
        widths = (3 * len(LOOKED_AT), 32, 64, 96, 128)
        layers: list[nn.Module] = []
        for i, (a, b) in enumerate(zip(widths, widths[1:])):
            layers += [nn.Conv2d(a, b, 5 if i == 0 else 3, 2, 2 if i == 0 else 1), nn.GroupNorm(8, b), nn.GELU()]
        self.trunk = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.2), nn.Linear(128 * 16, FEATURES), nn.GELU())
        self.heads = nn.ModuleDict({name: nn.Linear(FEATURES, len(c)) for name, c in ATTRIBUTES.items()})

    def features(self, frames: Tensor) -> Tensor:
        """frames uint8 [B, 5, 64, 64, 3] to [B, FEATURES]."""
        return self.trunk(codecs.pixels(frames).permute(0, 1, 4, 2, 3).flatten(1, 2))

    def forward(self, frames: Tensor) -> dict[str, Tensor]:
        shared = self.features(frames)
        return {name: head(shared) for name, head in self.heads.items()}


def looked_at(video: Tensor) -> Tensor:
    return video[:, list(LOOKED_AT)]


@torch.no_grad()
def judged(judge: Judge, video: Tensor, classic: bool) -> tuple[dict[str, Tensor], Tensor]:
    """Classes [B] of clips uint8 [B, T, H, W, 3], and features [B, FEATURES].

    classic: choose only among what the world of the first model has.
    """
    features = torch.cat([judge.features(looked_at(part)) for part in video.split(64)])
    classes = {}
    for name, head in judge.heads.items():
        scores = head(features)
        classes[name] = (scores[:, :CLASSIC[name]] if classic and name in CLASSIC else scores).argmax(1)
    return classes, features


def accuracy(classes: dict[str, Tensor], specs: list[Spec]) -> dict[str, float]:
    """The share of right answers for each attribute; that of relations only over clips with two objects."""
    right = torch.tensor([answers(s) for s in specs])
    shares = {}
    for i, name in enumerate(ATTRIBUTES):
        hit = (classes[name] == right[:, i]).float()
        if name == "relation":
            hit = hit[[j for j, s in enumerate(specs) if s.second]]
        shares[name] = hit.mean().item()
    return shares


def train(frames: Tensor, right: Tensor, epochs: int, seed: int = 0, batch: int = 64) -> Judge:
    """frames uint8 [N, 5, 64, 64, 3], right [N, attributes]."""
    torch.manual_seed(seed)
    judge = Judge()
    optimizer = torch.optim.AdamW(judge.parameters(), 2e-3, weight_decay=0.02)
    steps = epochs * len(frames) // batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps, pct_start=0.1)
    for step in range(steps):
        rows = torch.randint(len(frames), (batch,))
        scores = judge(frames[rows])
        loss = sum(F.cross_entropy(scores[name], right[rows, i]) for i, name in enumerate(ATTRIBUTES))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            print(f"step {step} of {steps}, loss {loss.item():.3f}", flush=True)
    return judge.eval()


def _collect(shards, codec: codecs.Codec) -> tuple[Tensor, Tensor]:
    """Every second clip goes through the codec, so that the judge knows what it does to clips."""
    frames, right = [], []
    for video, specs in shards:
        again = codecs.decode(codec, codecs.encode(codec, codecs.pixels(video[::2])))
        video[::2] = ((again + 1) * 127.5).round().to(torch.uint8)
        frames.append(looked_at(video).clone())
        right += [answers(s) for s in specs]
    return torch.cat(frames), torch.tensor(right)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("training_clips", type=Path)
    p.add_argument("judge_clips", type=Path)
    p.add_argument("codec", type=Path)
    p.add_argument("judge", type=Path)
    p.add_argument("--epochs", type=int, default=10)
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    codec = tensors.load(a.codec)
    shards = list(load_shards(a.judge_clips))
    with torch.no_grad():
        frames, right = _collect([*shards[HELD_BACK:], *load_shards(a.training_clips)], codec)
    judge = train(frames, right, a.epochs)
    torch.save(judge.state_dict(), a.judge)
    video = torch.cat([v for v, _ in shards[:HELD_BACK]])
    specs = [spec for _, shown in shards[:HELD_BACK] for spec in shown]
    for name, share in accuracy(judged(judge, video, classic=False)[0], specs).items():
        print(f"{name}: {100 * share:.1f}%")


if __name__ == "__main__":
    main()
