#!/usr/bin/env python3
"""What a user without a CUDA card could run instead of `diorama render`: Gaussians composited tile by tile with PyTorch.

    python3 torch_splat.py --threads 2

Answers one request a line on standard input, so that the caller can alternate with its own runs:
    {"op": "splat", "case": NAME, "scene": FILE.safetensors, "backward": false, "repeats": 3}
with one line {"op", "case", "median_ms", "min_ms", "max_ms", "intersections", "threads", "torch"}. The file holds means
[N, 3], quats [N, 4], log_scales [N, 3], logit_opacities [N], sh [N, 1, 3], view [4, 4] and camera [fx, fy, cx, cy, width,
height]. Everything that can be done for all Gaussians at once is; a tile's pixels and Gaussians form one matrix. The rules
of compositing are gsplat's, as everywhere in this project. One warm-up, then the repeats.
"""
import argparse
import json
import statistics
import struct
import sys
import time

import numpy as np
import torch

TILE, CHUNK = 16, 256
ALPHA_MIN, ALPHA_MAX, STOP, BLUR = 1 / 255, 0.99, 1e-4, 0.3
SH0 = 0.28209479177387814


def read(path):
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header, data = json.loads(file.read(size)), file.read()
    header.pop("__metadata__", None)
    return {name: torch.from_numpy(np.frombuffer(data[slice(*entry["data_offsets"])], np.float32).reshape(entry["shape"]).copy())
            for name, entry in header.items()}


def rotations(quats):
    w, x, y, z = (quats / quats.norm(dim=1, keepdim=True)).unbind(1)
    rows = [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
            2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
            2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)]
    return torch.stack(rows, 1).view(-1, 3, 3)


def project(scene):
    fx, fy, cx, cy, width, height = scene["camera"].tolist()
    turn, move = scene["view"][:3, :3], scene["view"][:3, 3]
    point = scene["means"] @ turn.T + move
    depth = point[:, 2].clamp_min(1e-6)
    # The Jacobian is taken at most 0.15 pictures beyond the border, as gsplat does.
    x = torch.clamp(point[:, 0] / depth, -(cx + 0.15 * width) / fx, (1.15 * width - cx) / fx)
    y = torch.clamp(point[:, 1] / depth, -(cy + 0.15 * height) / fy, (1.15 * height - cy) / fy)
    none = torch.zeros_like(depth)
    jacobian = torch.stack([fx / depth, none, -fx * x / depth, none, fy / depth, -fy * y / depth], 1).view(-1, 2, 3)
    half = jacobian @ turn @ rotations(scene["quats"]) * scene["log_scales"].exp()[:, None]
    a = half[:, 0].square().sum(1) + BLUR
    b = (half[:, 0] * half[:, 1]).sum(1)
    c = half[:, 1].square().sum(1) + BLUR
    det = a * c - b * b
    centre = torch.stack([fx * point[:, 0] / depth + cx, fy * point[:, 1] / depth + cy], 1)
    opacity = scene["logit_opacities"].sigmoid()
    extent = (2 * (opacity / ALPHA_MIN).clamp_min(1).log()).sqrt()[:, None] * torch.stack([a, c], 1).sqrt()
    corner = torch.tensor([width, height])
    inside = ((centre + extent > 0) & (centre - extent < corner)).all(1)
    kept = torch.nonzero((point[:, 2] > 0.01) & (det > 0) & (opacity >= ALPHA_MIN) & inside)[:, 0]
    conic = torch.stack([c, -b, a], 1)[kept] / det[kept, None]
    colour = (SH0 * scene["sh"][kept, 0] + 0.5).clamp_min(0)
    return centre[kept], conic, depth[kept], opacity[kept], colour, extent[kept]


@torch.no_grad()
def lists(centre, depth, extent, columns, rows):
    """Every tile's Gaussians from front to back: their numbers, and where each tile's begin."""
    limit = torch.tensor([columns, rows])
    first = ((centre - extent) / TILE).floor().long().clamp_min(0)
    size = (torch.minimum(((centre + extent) / TILE).floor().long() + 1, limit) - first).clamp_min(0)
    count = size.prod(1)
    owner = torch.repeat_interleave(torch.arange(len(count)), count)
    place = torch.arange(len(owner)) - torch.repeat_interleave(count.cumsum(0) - count, count)
    tile = (first[owner, 1] + place // size[owner, 0]) * columns + first[owner, 0] + place % size[owner, 0]
    by_depth = torch.argsort(depth[owner], stable=True)
    by_tile = torch.argsort(tile[by_depth], stable=True)
    order = by_depth[by_tile]
    return owner[order], torch.searchsorted(tile[order], torch.arange(columns * rows + 1)).tolist()


def composite(centre, conic, opacity, colour, members, x, y):
    left, picture = torch.ones(len(x)), torch.zeros(len(x), 3)
    open_ = torch.ones(len(x), dtype=torch.bool)
    for part in members.split(CHUNK):
        dx, dy = x[:, None] - centre[part, 0], y[:, None] - centre[part, 1]
        power = 0.5 * (conic[part, 0] * dx * dx + conic[part, 2] * dy * dy) + conic[part, 1] * dx * dy
        alpha = (opacity[part] * torch.exp(-power)).clamp_max(ALPHA_MAX)
        alpha = torch.where(alpha < ALPHA_MIN, 0, alpha)
        after = left[:, None] * torch.cumprod(1 - alpha, 1)
        drawn = open_[:, None] & (after > STOP)
        before = torch.cat([left[:, None], after[:, :-1]], 1)
        picture = picture + (alpha * before * drawn) @ colour[part]
        left = torch.where(drawn, after, left[:, None]).amin(1)
        open_ = open_ & drawn[:, -1]
        if not open_.any():
            break
    return picture


def render(scene):
    width, height = (int(v) for v in scene["camera"][4:].tolist())
    columns, rows = -(-width // TILE), -(-height // TILE)
    centre, conic, depth, opacity, colour, extent = project(scene)
    members, begin = lists(centre.detach(), depth.detach(), extent.detach(), columns, rows)
    y, x = torch.meshgrid(torch.arange(TILE) + 0.5, torch.arange(TILE) + 0.5, indexing="ij")
    strips = []
    for row in range(rows):
        strip = []
        for column in range(columns):
            tile = row * columns + column
            pixels = composite(centre, conic, opacity, colour, members[begin[tile]:begin[tile + 1]],
                               (x + column * TILE).reshape(-1), (y + row * TILE).reshape(-1))
            strip.append(pixels.view(TILE, TILE, 3))
        strips.append(torch.cat(strip, 1))
    return torch.cat(strips)[:height, :width], len(members)


def measure(request):
    scene = read(request["scene"])
    backward = request.get("backward", False)
    learnt = [scene[name].requires_grad_(backward) for name in ("means", "quats", "log_scales", "logit_opacities", "sh")]
    times = []
    for run in range(request["repeats"] + 1):
        for tensor in learnt:
            tensor.grad = None
        start = time.perf_counter()
        with torch.set_grad_enabled(backward):
            picture, intersections = render(scene)
            if backward:
                picture.square().sum().backward()
        if run > 0:
            times.append(1e3 * (time.perf_counter() - start))
    return picture.detach(), {"op": "splat", "case": request["case"], "median_ms": statistics.median(times), "min_ms": min(times),
                              "max_ms": max(times), "intersections": intersections, "threads": torch.get_num_threads(),
                              "torch": torch.__version__}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=0)
    threads = parser.parse_args().threads
    if threads:
        torch.set_num_threads(threads)
    for line in sys.stdin:
        request = json.loads(line)
        if request["op"] != "splat":
            print(json.dumps({"op": request["op"], "absent": f"this peer has no {request['op']}"}), flush=True)
            continue
        picture, answer = measure(request)
        if "picture" in request:
            # For a test that both sides draw the same: f32 [H, W, 3], nothing else.
            picture.contiguous().numpy().tofile(request["picture"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
