"""Draws clips: analytic ray casting with hard shadows, 2x2 rays a pixel."""
from __future__ import annotations

import math
import random

import torch
from torch import Tensor

from light import Light, light_of
from objects import PARTS, Placed, per_ray
from scene import ELEVATION, FOV, camera_path, objects_of
from solids import FAR, dot, taken, unit
from spec import GROUNDS, Spec

SIZE, FRAMES = 64, 17
_OVERSAMPLING = 2
_HORIZON_DISTANCE = 60.0


def _column(color) -> Tensor:
    return torch.as_tensor(color)[:, None]


def _ground(spec: Spec, p: Tensor, t: Tensor, seconds: Tensor) -> Tensor:
    """The ground's colour [3, N] at points [3, N] at distances [N]."""
    x, z = p[0], p[2]
    fade = torch.exp(-0.08 * t)
    if spec.ground == "tiles":
        odd = (torch.floor(x * 1.1) + torch.floor(z * 1.1)) % 2
        return _column(GROUNDS["tiles"]) * (0.72 + 0.56 * odd * fade + 0.28 * (1 - fade))
    pattern = torch.sin(x * 2.3) * torch.sin(z * 2.3 + 0.7) * 0.06
    if spec.ground == "dark water":
        pattern = 0.35 * torch.sin(x * 1.7 + 2.2 * z + 2.5 * seconds) * torch.sin(3.1 * z - 0.6 * x + 1.5 * seconds)
    elif spec.ground == "stone":
        pattern = pattern + 0.10 * torch.sin(x * 5.1 + torch.sin(z * 3)) * torch.sin(z * 4.3)
    elif spec.ground == "grass":
        pattern = pattern + 0.10 * torch.sin(x * 7.7) * torch.sin(z * 6.1 + x)
    elif spec.ground == "sand":
        pattern = pattern + 0.06 * torch.sin(z * 7 + torch.sin(x * 1.5))
    return _column(GROUNDS[spec.ground]) * (1 + pattern * fade)


def _surface(placed: Placed, part: Tensor, own: Tensor) -> Tensor:
    """An object's colour [3, N] at its own points [3, N]."""
    colors = torch.stack([torch.tensor(p.color) if p.color else placed.color * p.shade for p in PARTS[placed.shape]])
    color = colors.T.contiguous().index_select(1, part)
    angle = torch.atan2(own[2], own[0])
    if placed.material == "striped":
        return color * (0.35 + 0.65 * torch.sigmoid(14 * torch.sin(own[1] * 7.0)))
    if placed.material == "checkered":
        cells = torch.sin(angle * 3) * torch.sin(own[1] * 4.5)
        return color * (0.35 + 0.65 * torch.sigmoid(18 * cells))
    # A darker meridian makes turning visible.
    return color * (0.62 + 0.38 * torch.sigmoid((torch.cos(angle) + 0.55) * 10))


def _shadow(objects: list[Placed], frame: Tensor, p: Tensor, sun: Tensor) -> Tensor:
    """1 where the sun is seen from points [3, N], else 0."""
    lit = torch.ones_like(p[0])
    d = sun[:, None].expand_as(p)
    for placed in objects:
        near = placed.near(frame, p, d)
        t = placed.hit(frame[near], taken(p, near), taken(d, near))[0]
        lit[near] = torch.where(t < 1e3, torch.zeros_like(t), lit[near])
    return lit


def _cloud(x: Tensor, z: Tensor, seconds: Tensor) -> Tensor:
    """Cover 0..1 at a place of the sky or of its shadow on the ground."""
    wave = torch.sin(0.9 * x + 1.4 * seconds + torch.sin(0.7 * z)) + torch.sin(1.3 * z + 0.5 * x + 0.9 * seconds)
    return torch.sigmoid(3 * wave)


def _sky(spec: Spec, light: Light, d: Tensor, seconds: Tensor) -> Tensor:
    height = (d[1].clamp(0, 1) * 1.9).clamp(0, 1)
    sky = _column(light.horizon) + _column(light.zenith - light.horizon) * height
    if spec.weather == "clouds":
        up = d[1].clamp_min(0.03)
        cover = 0.75 * _cloud(0.25 * d[0] / up, 0.25 * d[2] / up, seconds)
        sky = sky + cover * (_column(0.35 * light.ambient + 0.6 * light.sunlight + 0.08) - sky)
    if spec.weather == "fog":
        sky = 0.15 * sky + 0.85 * _column(light.haze)
    return sky


def _falling(image: Tensor, weather: str, rng: random.Random) -> None:
    """Rain or snow over frames [T, H, W, 3], in place."""
    frames, size = image.shape[:2]
    rain = weather == "rain"
    speed_y, length = (7.5, 4) if rain else (2.2, 2)
    for _ in range(42):
        x0, y0, speed = rng.random() * size, rng.random() * size, rng.uniform(0.8, 1.2)
        for t in range(frames):
            y = int((y0 + t * speed_y * speed) % size)
            x = int((x0 + (0 if rain else 1.5 * math.sin(0.4 * t + y0))) % size)
            if rain:
                drop = image[t, y:y + length, x]
                drop.mul_(0.6).add_(torch.tensor([0.288, 0.312, 0.352]))
            else:
                image[t, y:y + length, x:x + length].mul_(0.25).add_(0.75)


def render(spec: Spec, rng: random.Random, size: int = SIZE, frames: int = FRAMES,
           elevation: float = ELEVATION) -> Tensor:
    """Draws a clip: uint8 [frames, size, size, 3]."""
    light = light_of(spec)
    objects = objects_of(spec, frames, rng)
    path = camera_path(spec, frames, elevation)
    right, up, forward = path.axes()
    rays = size * _OVERSAMPLING
    grid = ((torch.arange(rays) + 0.5) / rays * 2 - 1) * math.tan(math.radians(FOV / 2))
    d = (forward[:, :, None, None] + right[:, :, None, None] * grid - up[:, :, None, None] * grid[:, None])
    d = unit(d.transpose(0, 1).reshape(3, -1))
    frame = torch.arange(frames).repeat_interleave(rays * rays)
    o = path.eye.T[:, :, None].expand(3, frames, rays * rays).reshape(3, -1)
    seconds = frame * 0.125
    color = torch.empty_like(d)

    down = torch.nonzero(d[1] < -1e-4)[:, 0]
    best = torch.full_like(d[0], FAR)
    best[down] = -o[1, down] / d[1, down]
    normal = torch.tensor([0.0, 1.0, 0.0])[:, None].expand_as(d).clone()
    albedo, emission, gloss = torch.zeros_like(d), torch.zeros_like(d), torch.zeros_like(best)
    flat = best < _HORIZON_DISTANCE
    at = torch.nonzero(flat)[:, 0]
    albedo[:, at] = _ground(spec, taken(o, at) + best[at] * taken(d, at), best[at], seconds[at])
    if spec.ground == "dark water":
        gloss[at] = 0.25
    for placed in objects:
        near = placed.near(frame, o, d)
        t, n, part, own = placed.hit(frame[near], taken(o, near), taken(d, near))
        seen = t < best[near]
        at = near[seen]
        best[at], normal[:, at] = t[seen], n[:, seen]
        albedo[:, at] = _surface(placed, part[seen], own[:, seen])
        gloss[at] = 0.8 if placed.material == "shiny" else 0.0
        emission[:, at] = _column(placed.color * 0.85) if placed.material == "glowing" else 0.0

    hit = torch.nonzero(best < _HORIZON_DISTANCE)[:, 0]
    miss = torch.nonzero(best >= _HORIZON_DISTANCE)[:, 0]
    color[:, miss] = _sky(spec, light, taken(d, miss), seconds[miss])
    t, dh, n, base = best[hit], taken(d, hit), taken(normal, hit), taken(albedo, hit)
    p = taken(o, hit) + t * dh
    lit = _shadow(objects, frame[hit], p + 0.02 * n, light.sun)
    if spec.weather == "clouds":
        lit = lit * (1 - 0.6 * _cloud(1.1 * p[0], 1.1 * p[2], seconds[hit]))
    sun = _column(light.sun)
    facing = dot(n, sun.expand_as(n)).clamp_min(0) * lit
    shade = base * (_column(light.ambient) + _column(light.sunlight) * facing) + taken(emission, hit)
    half = unit(sun - dh)
    shade = shade + _column(light.sunlight) * (dot(n, half).clamp_min(0) ** 40 * gloss[hit] * lit)
    for placed in objects:  # glow spills on what is near
        if placed.material == "glowing":
            away = p - per_ray(placed.position, frame[hit])
            away = dot(away, away)
            shade = shade + base * _column(placed.color) * (0.55 * placed.half / (away + 0.3) * (n[1] * 0.5 + 0.5))
    veil = 1 - torch.exp(-light.density * t)
    color[:, hit] = shade + veil * (_column(light.haze) - shade)
    fine = color.clamp_(0, 1).view(3, frames, rays, rays)
    image = sum(fine[:, :, y::_OVERSAMPLING, x::_OVERSAMPLING] for y in range(_OVERSAMPLING) for x in range(_OVERSAMPLING))
    image = (image / _OVERSAMPLING**2).permute(1, 2, 3, 0).contiguous()
    if spec.weather in ("rain", "snowfall"):
        _falling(image, spec.weather, rng)
    return (image.clamp(0, 1) ** (1 / 1.15) * 255).to(torch.uint8)
