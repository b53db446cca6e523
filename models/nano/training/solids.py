"""Where rays meet solids. All rays are flat: origins and directions are [3, N], in the solid's own space.

Directions need not be of unit length, so that distances hold in world space after scaling. Each function returns
(t [N], normal [3, N]); t is FAR where nothing is hit.
"""
from __future__ import annotations

import torch
from torch import Tensor

FAR = 1e9
NEAR = 1e-3
_MARCH_STEPS = 28


def dot(a: Tensor, b: Tensor) -> Tensor:
    """[3, N] and [3, N] to [N]; far faster than a sum over the first axis."""
    return torch.addcmul(torch.addcmul(a[0] * b[0], a[1], b[1]), a[2], b[2])


def unit(v: Tensor) -> Tensor:
    """[3, N], each of length 1."""
    return v * dot(v, v).clamp_min(1e-12).rsqrt()


def taken(v: Tensor, index: Tensor) -> Tensor:
    """Columns of [3, N]."""
    return v.index_select(1, index)


def _far(t: Tensor, hit: Tensor) -> Tensor:
    return torch.where(hit & (t > NEAR), t, torch.full_like(t, FAR))


def _at(o: Tensor, d: Tensor, t: Tensor) -> Tensor:
    return o + t.clamp_max(1e4) * d


def ball(o: Tensor, d: Tensor, radius: float) -> tuple[Tensor, Tensor]:
    a, b, c = dot(d, d), dot(o, d), dot(o, o) - radius * radius
    disc = b * b - a * c
    t = _far((-b - disc.clamp_min(0).sqrt()) / a, disc > 0)
    return t, _at(o, d, t) / radius


def convex(o: Tensor, d: Tensor, planes: list[tuple[tuple[float, float, float], float]]) -> tuple[Tensor, Tensor]:
    """A convex body: all points with normal . p <= offset for each plane."""
    enter = torch.full_like(d[0], -FAR)
    leave = torch.full_like(d[0], FAR)
    normal = torch.zeros_like(d)
    for direction, offset in planes:
        n = torch.tensor(direction)
        n = n / n.norm()
        slope = n @ d
        t = (offset - n @ o) / torch.where(slope.abs() < 1e-9, torch.full_like(slope, 1e-9), slope)
        inward = (slope < 0) & (t > enter)
        enter = torch.where(inward, t, enter)
        normal = torch.where(inward, n[:, None].expand_as(normal), normal)
        leave = torch.where((slope > 0) & (t < leave), t, leave)
    return _far(enter, enter < leave), normal


def box(o: Tensor, d: Tensor, half: tuple[float, float, float]) -> tuple[Tensor, Tensor]:
    e = torch.tensor(half)[:, None]
    inverse = 1 / torch.where(d.abs() < 1e-7, torch.full_like(d, 1e-7), d)
    a, b = (-e - o) * inverse, (e - o) * inverse
    enter, axis = torch.minimum(a, b).max(0)
    leave = torch.maximum(a, b).min(0).values
    normal = torch.zeros_like(d).scatter_(0, axis[None], 1.0) * -torch.sign(d)
    return _far(enter, enter < leave), normal


def cylinder(o: Tensor, d: Tensor, radius: float, half: float) -> tuple[Tensor, Tensor]:
    """Upright, with lids."""
    a = d[0] ** 2 + d[2] ** 2 + 1e-9
    b = o[0] * d[0] + o[2] * d[2]
    disc = b * b - a * (o[0] ** 2 + o[2] ** 2 - radius * radius)
    t = (-b - disc.clamp_min(0).sqrt()) / a
    t = _far(t, (disc > 0) & ((o[1] + t * d[1]).abs() < half))
    p = _at(o, d, t)
    normal = torch.stack([p[0] / radius, torch.zeros_like(t), p[2] / radius])
    dy = torch.where(d[1].abs() < 1e-6, torch.full_like(t, 1e-6), d[1])
    side = -torch.sign(dy)
    lid = (side * half - o[1]) / dy
    p = _at(o, d, lid)
    hit = (lid > NEAR) & (lid < t) & (p[0] ** 2 + p[2] ** 2 < radius * radius)
    lid_normal = torch.stack([torch.zeros_like(t), side, torch.zeros_like(t)])
    return torch.where(hit, lid, t), torch.where(hit, lid_normal, normal)


def cone(o: Tensor, d: Tensor, radius: float, half: float) -> tuple[Tensor, Tensor]:
    """Tip up at +half, of that radius at -half, with a lid below."""
    k = (radius / (2 * half)) ** 2
    y = o[1] - half
    a = d[0] ** 2 + d[2] ** 2 - k * d[1] ** 2
    a = torch.where(a.abs() < 1e-7, torch.full_like(a, 1e-7), a)
    b = o[0] * d[0] + o[2] * d[2] - k * y * d[1]
    disc = b * b - a * (o[0] ** 2 + o[2] ** 2 - k * y * y)
    root = disc.clamp_min(0).sqrt()
    best = torch.full_like(a, FAR)
    for t in ((-b - root) / a, (-b + root) / a):
        inside = (disc > 0) & (t > NEAR) & ((o[1] + t * d[1]).abs() < half) & (t < best)
        best = torch.where(inside, t, best)
    p = _at(o, d, best)
    normal = torch.stack([p[0], -k * (p[1] - half), p[2]])
    normal = unit(normal)
    dy = torch.where(d[1].abs() < 1e-6, torch.full_like(best, 1e-6), d[1])
    lid = (-half - o[1]) / dy
    p = _at(o, d, lid)
    hit = (dy > 0) & (lid > NEAR) & (lid < best) & (p[0] ** 2 + p[2] ** 2 < radius * radius)
    down = torch.tensor([0.0, -1.0, 0.0])[:, None].expand_as(normal)
    return torch.where(hit, lid, best), torch.where(hit, down, normal)


def torus_distance(p: Tensor, ring: float, tube: float) -> Tensor:
    """Standing, its hole along z."""
    return (((p[0] ** 2 + p[1] ** 2).sqrt() - ring) ** 2 + p[2] ** 2).sqrt() - tube


def arch_distance(p: Tensor, width: float, opening: float, depth: float) -> Tensor:
    """A gate of height -1..1: round above `spring`, straight below, with an opening of the same form."""
    spring = 1 - width

    def form(half: float) -> Tensor:
        above = (p[0] ** 2 + (p[1] - spring).clamp_min(0) ** 2).sqrt() - half
        return torch.maximum(above, -1 - p[1])

    hole = (p[0] ** 2 + (p[1] - spring).clamp_min(0) ** 2).sqrt() - opening
    return torch.maximum(torch.maximum(form(width), -hole), p[2].abs() - depth)


def marched(o: Tensor, d: Tensor, distance, bound: float) -> tuple[Tensor, Tensor]:
    """Sphere tracing (Hart 1996) of a signed distance that lies within `bound` of the origin."""
    length = dot(d, d).sqrt()
    ray = d / length
    b = dot(o, ray)
    disc = (b * b - dot(o, o) + bound * bound).clamp_min(0).sqrt()
    t = (-b - disc).clamp_min(NEAR)
    end = -b + disc
    for _ in range(_MARCH_STEPS):
        t = t + distance(o + t * ray)
    p = o + t * ray
    hit = (distance(p).abs() < 0.02) & (t < end + 0.02)
    step = 1e-3
    normal = torch.stack([distance(p + step * e[:, None]) - distance(p - step * e[:, None]) for e in torch.eye(3)])
    normal = unit(normal)
    return _far(t / length, hit), normal
