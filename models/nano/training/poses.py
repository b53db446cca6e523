"""The exact cameras of an orbit, to fit a clip to splats with: python poses.py FOLDER [--angle 360] [--clip]

Writes FOLDER/transforms.json (nerfstudio's, camera to world, y up) for the frames of a clip whose caption says
"camera orbits N degrees". With --clip it also renders such a clip of the world, as pictures, for `diorama fit FOLDER`.
"""
from __future__ import annotations

import argparse
import json
import math
import random
from pathlib import Path

import torch

from export import write_png
from render import FRAMES, SIZE, render
from scene import FOV, CameraPath, camera_path
from spec import ANGLES, Spec


def transforms(path: CameraPath, size: int) -> dict:
    """nerfstudio's transforms.json of a camera path; pictures are square, `size` pixels wide."""
    right, up, forward = path.axes()
    turn = torch.stack([right, up, -forward, path.eye], -1)  # [T, 3, 4]
    last = torch.tensor([[0.0, 0.0, 0.0, 1.0]]).expand(len(turn), 1, 4)
    frames = [{"file_path": f"{i:04d}.png", "transform_matrix": matrix.tolist()}
              for i, matrix in enumerate(torch.cat([turn, last], 1))]
    focal = size / 2 / math.tan(math.radians(FOV / 2))
    return {"camera_model": "OPENCV", "w": size, "h": size, "fl_x": focal, "fl_y": focal, "cx": size / 2, "cy": size / 2,
            "frames": frames}


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder", type=Path)
    p.add_argument("--angle", type=int, default=360, choices=sorted(ANGLES))
    p.add_argument("--size", type=int, default=SIZE)
    p.add_argument("--frames", type=int, default=FRAMES)
    p.add_argument("--clip", action="store_true", help="render a clip as well: a striped red house on grass")
    a = p.parse_args()
    spec = Spec("red", "house", "medium", "striped", "grass", "day", "clear", "still", "orbit", a.angle)
    a.folder.mkdir(parents=True, exist_ok=True)
    cameras = transforms(camera_path(spec, a.frames), a.size)
    (a.folder / "transforms.json").write_text(json.dumps(cameras, indent=1) + "\n")
    if a.clip:
        for i, frame in enumerate(render(spec, random.Random(0), a.size, a.frames)):
            write_png(frame, a.folder / f"{i:04d}.png")


if __name__ == "__main__":
    main()
