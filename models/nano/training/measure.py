"""Measures models on captions that training never showed, and prints the table of the card.

    python measure.py WORK [MODEL ...] [--classic 192] [--new 96]

WORK keeps the judge: clips to train it with, and its weights; what is missing is made, which takes about half an hour. Each
MODEL is an exported folder. Half of the captions are of colours on shapes, or motions at places, that are held out.
Classic captions are those that the world of the first model has words for; new ones tell of what it never saw.
"""
from __future__ import annotations

import argparse
import random
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

import codec as codecs
from captions import caption, plain_caption
from judge import ATTRIBUTES, Judge, accuracy, judged
from render import render
from sample import Generator
from spec import Spec, sample_spec

HERE = Path(__file__).parent
TRAINING_SHARDS, JUDGE_SHARDS = 270, 80


@dataclass
class Exam:
    """Captions with the clips that they describe."""

    specs: list[Spec] = field(default_factory=list)
    captions: list[str] = field(default_factory=list)
    video: Tensor | None = None

    @staticmethod
    def draw(count: int, classic: bool, seed: int) -> Exam:
        rng, exam, clips = random.Random(f"exam/{seed}/{classic}"), Exam(), []
        while len(exam.specs) < count:
            spec = sample_spec(rng, held_out=len(exam.specs) % 2 == 0, classic=1.0 if classic else 0.0)
            if spec.classic != classic:
                continue
            exam.specs.append(spec)
            exam.captions.append(plain_caption(spec) if classic else caption(spec, rng))
            clips.append(render(spec, rng))
        exam.video = torch.stack(clips)
        return exam


def flicker(video: Tensor) -> float:
    """Mean size of the second difference over time, of values 0..255."""
    v = video.float()
    return (v[:, 2:] - 2 * v[:, 1:-1] + v[:, :-2]).abs().mean().item()


def frechet(a: Tensor, b: Tensor) -> float:
    """The Frechet distance (Heusel et al. 2017) of two sets of features [N, D] taken as Gaussians."""
    a, b = a.double(), b.double()
    ca, cb = torch.cov(a.T), torch.cov(b.T)
    mixed = torch.linalg.eigvals(ca @ cb).real.clamp_min(0).sqrt().sum()
    return ((a.mean(0) - b.mean(0)) ** 2).sum().item() + (ca.trace() + cb.trace() - 2 * mixed).item()


def _report(name: str, judge: Judge, exam: Exam, video: Tensor, classic: bool, real: Tensor) -> dict[str, str]:
    classes, features = judged(judge, video, classic)
    shares = accuracy(classes, exam.specs)
    row = {a: f"{100 * shares[a]:.1f}%" for a in ATTRIBUTES}
    row["mean"] = f"{100 * sum(shares.values()) / len(shares):.1f}%"
    row["flicker"] = f"{flicker(video):.2f}"
    row["feature distance"] = f"{frechet(features, real):.2f}"
    print(f"{name}: {row}", file=sys.stderr, flush=True)
    return row


def column(name: str, generator: Generator | None, judge: Judge, exam: Exam, classic: bool, seed: int) -> dict[str, str]:
    """The figures of a generator, or those of the rendered clips themselves."""
    real = judged(judge, exam.video, classic)[1]
    if generator is None:
        return _report(name, judge, exam, exam.video, classic, real)
    row = _report(name, judge, exam, generator.clips(exam.captions, seed), classic, real)
    video = codecs.pixels(exam.video)
    again = codecs.decode(generator.codec, codecs.encode(generator.codec, video))
    row["codec"] = f"{codecs.psnr(again, video):.1f} dB"
    shown = exam.video[:32, 0]
    moved = generator.clips(exam.captions[:32], seed, shown)
    row["given first frame"] = f"{codecs.psnr(codecs.pixels(moved[:, 0]), codecs.pixels(shown)):.1f} dB"
    row["clip from first frame"] = f"{codecs.psnr(codecs.pixels(moved), video[:32]):.1f} dB"
    return row


def table(columns: dict[str, dict[str, str]]) -> str:
    """In Markdown, a line for each figure."""
    keys = list(dict.fromkeys(key for row in columns.values() for key in row))
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    lines += ["| " + " | ".join([key, *(row.get(key, "") for row in columns.values())]) + " |" for key in keys]
    return "\n".join(lines)


def the_judge(work: Path, codec: Path, threads: int) -> Judge:
    """The judge in WORK, trained first if it is not there."""
    weights = work / "judge.pt"
    if not weights.exists():
        def script(name: str, *options) -> None:
            subprocess.run([sys.executable, HERE / name, *map(str, options)], check=True)

        script("clips.py", work / "clips", "--shards", TRAINING_SHARDS)
        script("clips.py", work / "judge", "--judge", "--seed", 31, "--shards", JUDGE_SHARDS)
        script("judge.py", work / "clips", work / "judge", codec, weights, "--threads", threads)
    judge = Judge()
    judge.load_state_dict(torch.load(weights))
    return judge.eval()


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("work", type=Path)
    p.add_argument("models", type=Path, nargs="*", default=[HERE.parent])
    p.add_argument("--classic", type=int, default=192)
    p.add_argument("--new", type=int, default=96)
    p.add_argument("--seed", type=int, default=1000)
    p.add_argument("--steps", type=int, help="instead of the models' own")
    p.add_argument("--guidance", type=float, help="instead of the models' own")
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.set_grad_enabled(False)
    judge = the_judge(a.work, a.models[0] / "vae/diffusion_pytorch_model.safetensors", a.threads)
    for title, count, classic in (("Classic captions", a.classic, True), ("New captions", a.new, False)):
        if not count:
            continue
        exam = Exam.draw(count, classic, a.seed)
        columns = {"rendered": column("rendered", None, judge, exam, classic, a.seed)}
        for folder in a.models:
            generator = Generator.open(folder)
            generator.steps, generator.guidance = a.steps or generator.steps, a.guidance or generator.guidance
            columns[str(folder)] = column(str(folder), generator, judge, exam, classic, a.seed)
        print(f"\n{title}, {count}\n\n{table(columns)}", flush=True)


if __name__ == "__main__":
    main()
