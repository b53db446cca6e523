"""The shapes of the world, built from solids in a space where they reach from y = -1 to y = 1."""
from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Callable

import torch
from torch import Tensor

import solids
from solids import dot, unit

BOUND = 1.65  # every shape lies within this distance of its centre
TRUNK = (0.33, 0.21, 0.12)


@dataclass(frozen=True)
class Part:
    """A solid at a place; `color` is its own, or None for that of the object, times `shade`.

    shift: where it slides to while the object collapses, as (x, z).
    """

    hit: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0)
    color: tuple[float, float, float] | None = None
    shade: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)


def _roof(width: float, height: float, depth: float):
    """A gable roof over y = 0."""
    planes = [((height, width, 0.0), width * height / (width**2 + height**2) ** 0.5),
              ((-height, width, 0.0), width * height / (width**2 + height**2) ** 0.5),
              ((0.0, -1.0, 0.0), 0.0), ((0.0, 0.0, 1.0), depth), ((0.0, 0.0, -1.0), depth)]
    return partial(solids.convex, planes=planes)


_torus = partial(solids.marched, distance=partial(solids.torus_distance, ring=0.72, tube=0.28), bound=1.05)
_arch = partial(solids.marched, distance=partial(solids.arch_distance, width=0.85, opening=0.45, depth=0.3), bound=1.4)

PARTS: dict[str, tuple[Part, ...]] = {
    "ball": (Part(partial(solids.ball, radius=1.0)),),
    "cube": (Part(partial(solids.box, half=(1.0, 1.0, 1.0))),),
    "cylinder": (Part(partial(solids.cylinder, radius=0.72, half=1.0)),),
    "cone": (Part(partial(solids.cone, radius=0.95, half=1.0)),),
    "torus": (Part(_torus),),
    "arch": (Part(_arch, shift=(0.2, 0.3)),),
    "tree": (Part(partial(solids.cylinder, radius=0.17, half=0.5), (0.0, -0.5, 0.0), TRUNK, shift=(0.5, 0.2)),
             Part(partial(solids.ball, radius=0.62), (0.0, 0.25, 0.0), shift=(-0.4, 0.2)),
             Part(partial(solids.ball, radius=0.42), (0.0, 0.62, 0.0), shift=(0.6, -0.1))),
    "house": (Part(partial(solids.box, half=(0.78, 0.55, 0.62)), (0.0, -0.45, 0.0), shift=(0.2, 0.1)),
              Part(_roof(1.0, 0.9, 0.75), (0.0, 0.1, 0.0), shade=0.45, shift=(-0.7, 0.3)),
              Part(partial(solids.box, half=(0.16, 0.3, 0.02)), (0.0, -0.7, 0.63), shade=0.25, shift=(0.2, 0.1))),
    "stairs": (Part(partial(solids.box, half=(0.3, 0.33, 0.6)), (-0.6, -0.67, 0.0), shift=(-0.5, 0.2)),
               Part(partial(solids.box, half=(0.3, 0.67, 0.6)), (0.0, -0.33, 0.0), shift=(0.1, 0.3)),
               Part(partial(solids.box, half=(0.3, 1.0, 0.6)), (0.6, 0.0, 0.0), shift=(0.5, -0.2))),
}

HALF = {"cube": 0.86}  # of the size's half height; the others have all of it
EXTENT = {"tree": 1.35, "house": 1.15, "arch": 1.2, "stairs": 1.1}  # taller than the solids


def half_height(shape: str, size: float) -> float:
    """Half of how high a shape of that size stands."""
    return size * HALF.get(shape, EXTENT.get(shape, 1.0))


def per_ray(values: Tensor, frame: Tensor) -> Tensor:
    """Values [T, 3] of each ray's frame: [3, N]."""
    return values.T.contiguous().index_select(1, frame)


@dataclass
class Placed:
    """An object in a scene over time.

    position: [T, 3]. turn: [T, 3, 3], from object to world. squash: [T], factor of its height.
    collapse: [T], 0..1, how far its parts have slid. half: half of its height.
    """

    shape: str
    color: Tensor
    material: str
    half: float
    position: Tensor
    turn: Tensor
    squash: Tensor
    collapse: Tensor

    def to_own(self, frame: Tensor, o: Tensor, d: Tensor) -> tuple[Tensor, Tensor]:
        """World rays [3, N] of frames [N] in the object's space, where its half height is 1."""
        matrix = self.turn / self._scale()[:, None, :]
        columns = [per_ray(matrix[:, :, i], frame) for i in range(3)]
        o = o - per_ray(self.position, frame)
        return torch.stack([dot(c, o) for c in columns]), torch.stack([dot(c, d) for c in columns])

    def to_world(self, frame: Tensor, normal: Tensor) -> Tensor:
        """Normals [3, N] from the object's space to the world's, of unit length."""
        matrix = self.turn / self._scale()[:, None, :]
        return unit(torch.stack([dot(per_ray(matrix[:, i, :], frame), normal) for i in range(3)]))

    def _scale(self) -> Tensor:
        wide = self.squash.clamp_min(0.05).rsqrt()
        return self.half * torch.stack([wide, self.squash, wide], -1)

    def near(self, frame: Tensor, o: Tensor, d: Tensor) -> Tensor:
        """Which of the rays come near: indices [M]."""
        to = per_ray(self.position, frame) - o
        away = to - dot(to, d).clamp_min(0) * d
        bound = BOUND * self.half * (1.6 if self.collapse.any() else 1.0)
        return torch.nonzero(dot(away, away) < bound * bound)[:, 0]

    def hit(self, frame: Tensor, o: Tensor, d: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Nearest hits of world rays: t [N], normal [3, N] in the world, part [N], own point [3, N]."""
        o, d = self.to_own(frame, o, d)
        best = torch.full_like(d[0], solids.FAR)
        normal, part = torch.zeros_like(d), torch.zeros_like(frame)
        for i, p in enumerate(PARTS[self.shape]):
            c = torch.tensor(p.centre)[:, None].expand_as(o)
            if self.collapse.any():
                slid = self.collapse[frame]
                c = c + torch.stack([p.shift[0] * slid, torch.zeros_like(slid), p.shift[1] * slid])
            t, n = p.hit(o - c, d)
            nearer = t < best
            best, normal, part = torch.where(nearer, t, best), torch.where(nearer, n, normal), torch.where(nearer, i, part)
        return best, self.to_world(frame, normal), part, o + best.clamp_max(1e4) * d
