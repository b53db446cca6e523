"""A contact sheet: 24 captions, chosen before any of them was drawn, four frames of each.

    python sheet.py MODEL_FOLDER SHEET.png      # or .jpg, where Pillow is installed

Captions run down the columns in the order of CAPTIONS; the seed of a clip is 100 plus its place.
"""
from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor

from export import write_png
from sample import Generator

CAPTIONS = (
    "a large red ball bounces on grass",
    "a small blue cube slides to the left on sand at sunset",
    "a shiny green cone on dark water, camera orbits",
    "a glowing yellow cylinder on snow at night",
    "a purple cone rises on stone in thick fog",
    "an orange cylinder spins on grass, in the rain",
    "a cyan cube rests on a tiled floor at dawn",
    "a pink ball rolls to the right on grass",
    "a white cube on stone with a red ball on the left",
    "a blue ball on sand with a yellow cone on the right, camera zooms in",
    "a red house on grass, camera orbits",
    "a green tree on snow, falling snow",
    "a purple arch on sand at sunset",
    "a yellow torus spins on tiles",
    "a white staircase on dark water at dawn",
    "a striped orange ball swings on grass",
    "a checkered blue cube on stone, seen from above",
    "a large cyan house collapses on sand",
    "what does a red cone look like at night, in the rain?",
    "green ball, dark water, sunset, bouncing",
    "show me a big yellow cube on snow, camera pans left",
    "can you show me a pink cylinder sliding to the right on stone?",
    "a white ball on grass with a blue ball circling it",
    "a yellow ball on top of a red cube on sand, at night",
)
SEED = 100
_FRAMES = (0, 5, 10, 16)
_ROWS = 8


def contact_sheet(generator: Generator) -> Tensor:
    """uint8 [H, W, 3]."""
    video = generator.clips(list(CAPTIONS), SEED)[:, list(_FRAMES)]
    strips = torch.cat(video.unbind(1), dim=2)  # [24, 64, 256, 3]
    strips = torch.nn.functional.pad(strips, (0, 0, 4, 4, 2, 2), value=255)
    return torch.cat([torch.cat(column.unbind(0)) for column in strips.split(_ROWS)], dim=1)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model", type=Path)
    p.add_argument("sheet", type=Path)
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    sheet = contact_sheet(Generator.open(a.model))
    if a.sheet.suffix == ".png":
        write_png(sheet, a.sheet)
    else:
        from PIL import Image

        Image.fromarray(sheet.numpy()).save(a.sheet, quality=88)


if __name__ == "__main__":
    main()
