"""From a spec to a scene: where objects, camera and light are at each frame."""
from __future__ import annotations

import math
import random
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from objects import Placed, half_height
from spec import COLORS, SIZES, Spec

FOV = 42.0  # degrees
TARGET = 0.75  # height that the camera looks at
ELEVATION = 14.0  # degrees
HIGH = 38.0  # degrees, seen from above


@dataclass(frozen=True)
class CameraPath:
    """Positions [T, 3] and what they look at [T, 3]; y is up, the field of view is FOV in both directions."""

    eye: Tensor
    target: Tensor

    def axes(self) -> tuple[Tensor, Tensor, Tensor]:
        """Right, up and forward, each [T, 3]."""
        forward = F.normalize(self.target - self.eye, dim=-1)
        upwards = torch.tensor([[0.0, 1.0, 0.0]]).expand_as(forward)
        right = F.normalize(torch.cross(forward, upwards, dim=-1), dim=-1)
        return right, torch.cross(right, forward, dim=-1), forward


def camera_path(spec: Spec, frames: int, elevation: float = ELEVATION) -> CameraPath:
    """The exact path of a spec's camera: an orbit of `spec.angle` degrees is centred on the front."""
    azimuth, aim = torch.zeros(frames), torch.zeros(frames)
    distance = torch.full((frames,), 4.4)
    if spec.camera == "orbit":
        azimuth = torch.deg2rad(torch.linspace(-spec.angle / 2, spec.angle / 2, frames))
    elif spec.camera == "zoom in":
        distance = torch.linspace(6.0, 3.0, frames)
    elif spec.camera == "zoom out":
        distance = torch.linspace(3.0, 6.0, frames)
    elif spec.camera == "pan left":
        aim = torch.linspace(0.9, -0.9, frames)
    elif spec.camera == "pan right":
        aim = torch.linspace(-0.9, 0.9, frames)
    elif spec.camera == "from above":
        elevation = HIGH
    rise = math.radians(elevation)
    target = torch.stack([aim, torch.full_like(aim, TARGET), torch.zeros_like(aim)], -1)
    eye = torch.stack([distance * math.cos(rise) * torch.sin(azimuth),
                       TARGET + distance * math.sin(rise),
                       distance * math.cos(rise) * torch.cos(azimuth)], -1)
    return CameraPath(eye, target)


def _turns(yaw: Tensor, roll: Tensor) -> Tensor:
    """[T, 3, 3]: about y by -yaw (as seen from above, clockwise), then about z by roll."""
    c, s, zero, one = torch.cos(yaw), torch.sin(yaw), torch.zeros_like(yaw), torch.ones_like(yaw)
    about_y = torch.stack([c, zero, s, zero, one, zero, -s, zero, c], -1).view(-1, 3, 3)
    c, s = torch.cos(roll), torch.sin(roll)
    about_z = torch.stack([c, -s, zero, s, c, zero, zero, zero, one], -1).view(-1, 3, 3)
    return about_z @ about_y


def _moved(shape: str, motion: str, color: str, material: str, half: float, x: float, z: float, u: Tensor,
           yaw: float) -> Placed:
    """An object whose rest place is (x, z); u runs from 0 to 1."""
    frames = len(u)
    px, py, pz = torch.full((frames,), x), torch.full((frames,), half), torch.full((frames,), z)
    turn_y, roll, squash = torch.full((frames,), yaw), torch.zeros(frames), torch.ones(frames)
    collapse = torch.zeros(frames)
    if motion == "bounces":
        py = py + 1.1 * torch.sin(math.pi * ((1.5 * u + 0.15) % 1)).abs()
    elif motion == "slides left":
        px = torch.linspace(1.1, -1.1, frames) + 0.3 * x
    elif motion == "slides right":
        px = torch.linspace(-1.1, 1.1, frames) + 0.3 * x
    elif motion == "rises":
        py = py + u
    elif motion == "spins":
        turn_y = turn_y + u * math.pi * 1.2
    elif motion in ("rolls left", "rolls right"):
        way = 1.0 if motion == "rolls right" else -1.0
        path = way * torch.linspace(-1.2, 1.2, frames)
        px, roll, turn_y = path + 0.3 * x, -path / half, torch.zeros(frames)
    elif motion == "swings":
        angle = math.radians(38) * torch.cos(2 * math.pi * u)
        px, py, roll = x + 2.0 * torch.sin(angle), half + 0.25 + 2.0 * (1 - torch.cos(angle)), angle
    elif motion == "collapses":
        fall = ((u - 0.15) / 0.6).clamp(0, 1) ** 1.5
        squash = 1 - 0.72 * fall
        py, collapse = half * squash, fall
    turn = _turns(turn_y, roll)
    if shape == "cylinder" and motion.startswith("rolls"):  # lies on its side, its axis along z
        turn = turn @ torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
        py = torch.full((frames,), 0.72 * half)
    return Placed(shape, torch.tensor(COLORS[color]), material, half, torch.stack([px, py, pz], -1), turn,
                  squash, collapse)


def objects_of(spec: Spec, frames: int, rng: random.Random) -> list[Placed]:
    """The spec's objects; `rng` gives the small differences that no caption tells."""
    u = torch.arange(frames) / (frames - 1)
    half = half_height(spec.shape, SIZES[spec.size])
    x, yaw = rng.uniform(-0.03, 0.03), 0.0 if spec.shape in ("torus", "arch") else 0.5
    second = spec.second
    if second and second.relation in ("left", "right"):
        x += 0.55 if second.relation == "left" else -0.55
    placed = [_moved(spec.shape, spec.motion, spec.color, spec.material, half, x, 0.0, u, yaw)]
    if second:
        size = {"circling": 0.3, "on top": 0.38}.get(second.relation, 0.55)
        other = half_height(second.shape, size)
        place = {"left": (-1.15, -0.05), "right": (1.15, -0.05), "behind": (0.75, -1.5)}.get(second.relation, (0, 0))
        b = _moved(second.shape, "still", second.color, "matte", other, *place, u, 0.5)
        if second.relation == "on top":
            b.position = placed[0].position + torch.tensor([0.0, half + other, 0.0])
        elif second.relation == "circling":
            angle = 2 * math.pi * u
            b.position = placed[0].position + torch.stack(
                [1.35 * torch.sin(angle), torch.full_like(u, 0.25), 1.35 * torch.cos(angle)], -1)
        placed.append(b)
    return placed
