#!/usr/bin/env python3
"""What a user would run instead, on the same cores: PyTorch's CPU kernels on the cases of `diorama bench`.

    python3 torch_cpu.py --threads 2 [--repeats 7] [--list]

Answers one request a line on standard input, so that the caller can alternate with its own runs:
    {"op": "attention", "case": "b1 s1024 h12 d64 f32", "repeats": 7}
with one line {"op", "case", "median_ms", "min_ms", "max_ms", "times_ms", "threads", "torch"}, or {"op", "case", "absent": reason}.
With --list it times every case it knows and stops. Inputs are random, never zeros, and stay while a case is asked for again;
two warm-ups, then the repeats.
"""
import argparse
import json
import re
import statistics
import sys
import time

import torch
import torch.nn.functional as F


def attention(case):
    b, s, h, d = (int(re.search(rf"\b{key}(\d+)", case)[1]) for key in "bshd")
    keys = re.search(r"\bk(\d+)", case)
    k = int(keys[1]) if keys else s
    q, key, value = torch.randn(b, h, s, d), torch.randn(b, h, k, d), torch.randn(b, h, k, d)
    return lambda: F.scaled_dot_product_attention(q, key, value)


def linear(case):
    m, n, k = (int(re.search(rf"\b{key}(\d+)", case)[1]) for key in "mnk")
    dtype = torch.bfloat16 if "bf16" in case else torch.float32
    x, w, bias = torch.randn(m, k, dtype=dtype), torch.randn(n, k, dtype=dtype), torch.randn(n, dtype=dtype)
    return lambda: F.gelu(F.linear(x, w, bias), approximate="tanh")


def conv3d(case):
    c, t, size = (int(x) for x in re.match(r"c(\d+) t(\d+) (\d+)x", case).groups())
    x, w, bias = torch.randn(1, c, t + 2, size, size), torch.randn(c, c, 3, 3, 3), torch.randn(c)
    return lambda: F.conv3d(x, w, bias, padding=(0, 1, 1))


def norm(case):
    s, c = (int(re.search(rf"\b{key}(\d+)", case)[1]) for key in "sc")
    x, scale, shift = torch.randn(1, s, c), torch.randn(c), torch.randn(c)
    return lambda: F.layer_norm(x, (c,), eps=1e-6) * (1 + scale) + shift


def rope(case):
    s, h, d = (int(re.search(rf"\b{key}(\d+)", case)[1]) for key in "shd")
    x, weight = torch.randn(1, s, h, d), torch.randn(h * d)
    cos, sin = torch.randn(1, s, 1, d // 2), torch.randn(1, s, 1, d // 2)

    def run():
        y = F.rms_norm(x.flatten(2), (h * d,), weight, 1e-6).unflatten(2, (h, d))
        a, b = y.unflatten(-1, (-1, 2)).unbind(-1)
        return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)

    return run


def step(case):
    shape = [int(x) for x in re.search(r"(\d+x\d+x\d+x\d+)", case)[1].split("x")]
    x, uncond, cond, previous = (torch.randn(1, *shape) for _ in range(4))
    return lambda: x * 0.9 + (uncond + 5.0 * (cond - uncond)) * -0.1 + previous * 0.05


def channel_norm(case):
    t, size, c = (int(x) for x in re.match(r"t(\d+) (\d+)x\d+ c(\d+)", case).groups())
    x, gamma = torch.randn(1, c, t, size, size), torch.randn(c, 1, 1, 1)
    return lambda: F.silu(F.normalize(x, dim=1) * c**0.5 * gamma)


class Block(torch.nn.Module):
    """A Wan transformer block, so that a whole call can be set beside ours."""

    def __init__(self, dim, heads, ffn):
        super().__init__()
        self.heads = heads
        self.self_q, self.self_k, self.self_v, self.self_o = (torch.nn.Linear(dim, dim) for _ in range(4))
        self.cross_q, self.cross_k, self.cross_v, self.cross_o = (torch.nn.Linear(dim, dim) for _ in range(4))
        self.norms = torch.nn.ModuleList(torch.nn.RMSNorm(dim, eps=1e-6) for _ in range(4))
        self.norm2 = torch.nn.LayerNorm(dim, eps=1e-6)
        self.up, self.down = torch.nn.Linear(dim, ffn), torch.nn.Linear(ffn, dim)
        self.table = torch.nn.Parameter(torch.randn(6, dim) / dim**0.5)

    def split(self, x):
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def rotate(self, x, cos, sin):
        a, b = x.unflatten(-1, (-1, 2)).unbind(-1)
        return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)

    def forward(self, x, text, modulation, cos, sin):
        dim = x.shape[-1]
        shift, scale, gate, shift2, scale2, gate2 = (self.table + modulation).unbind(-2)
        y = F.layer_norm(x, (dim,), eps=1e-6) * (1 + scale) + shift
        q = self.rotate(self.split(self.norms[0](self.self_q(y))), cos, sin)
        k = self.rotate(self.split(self.norms[1](self.self_k(y))), cos, sin)
        y = F.scaled_dot_product_attention(q, k, self.split(self.self_v(y))).transpose(1, 2).flatten(2)
        x = x + self.self_o(y) * gate
        y = self.norm2(x)
        q, k = self.split(self.norms[2](self.cross_q(y))), self.split(self.norms[3](self.cross_k(text)))
        y = F.scaled_dot_product_attention(q, k, self.split(self.cross_v(text))).transpose(1, 2).flatten(2)
        x = x + self.cross_o(y)
        y = F.layer_norm(x, (dim,), eps=1e-6) * (1 + scale2) + shift2
        return x + self.down(F.gelu(self.up(y), approximate="tanh")) * gate2


def transformer(case):
    layers, heads, d, ffn, s, text = (int(re.search(rf"\b{key}(\d+)", case)[1]) for key in ("l", "h", "d", "f", "s", "k"))
    dim = heads * d
    blocks = [Block(dim, heads, ffn) for _ in range(layers)]
    x, states, modulation = torch.randn(1, s, dim), torch.randn(1, text, dim), torch.randn(1, s, 6, dim)
    cos, sin = torch.randn(s, d // 2), torch.randn(s, d // 2)

    def run():
        y = x
        for block in blocks:
            y = block(y, states, modulation, cos, sin)
        return y

    return run


OPERATIONS = {f.__name__: f for f in (attention, linear, conv3d, norm, rope, step, channel_norm, transformer)}

KNOWN = [
    ("attention", "b1 s1024 h12 d64 f32"),
    ("attention", "b1 s1024 h12 d128 f32"),
    ("attention", "b1 s4096 h12 d128 f32"),
    ("attention", "b1 s8192 h4 d128 f32"),
    ("attention", "b2 s2048 h8 d64 f32"),
    ("attention", "cross b1 s4096 k512 h12 d128 f32"),
    ("linear", "m4096 n1536 k1536 gelu f32"),
    ("linear", "m4096 n8960 k1536 gelu f32"),
    ("linear", "m512 n4096 k4096 gelu f32"),
    ("conv3d", "c96 t4 128x128 k3 f32"),
    ("conv3d", "c192 t4 64x64 k3 f32"),
    ("conv3d", "c384 t2 32x32 k3 f32"),
    ("norm", "layer norm + modulate s8192 c1536 f32"),
    ("rope", "rms norm across heads + rotary s8192 h12 d128 f32"),
    ("step", "guidance + 2-term update 16x21x60x104 f32"),
    ("channel_norm", "t4 128x128 c96 silu f32"),
]


LAST = {}  # the last case, with its inputs


def answer(request, default_repeats):
    op, case = request["op"], request["case"]
    reply = {"op": op, "case": case}
    if op not in OPERATIONS:
        return {**reply, "absent": f"this peer has no {op}"}
    try:
        if (op, case) not in LAST:
            LAST.clear()
            LAST[op, case] = OPERATIONS[op](case)
        run = LAST[op, case]
    except (TypeError, AttributeError):
        return {**reply, "absent": f"this peer has no such case of {op}"}
    for _ in range(2):
        run()
    times = []
    for _ in range(request.get("repeats", default_repeats)):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    return {**reply, "median_ms": round(statistics.median(times), 4), "min_ms": round(min(times), 4),
            "max_ms": round(max(times), 4), "times_ms": [round(t, 4) for t in times], "threads": torch.get_num_threads(), "torch": torch.__version__}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    requests = ({"op": op, "case": case} for op, case in KNOWN) if args.list else (json.loads(line) for line in sys.stdin)
    with torch.no_grad():
        for request in requests:
            print(json.dumps(answer(request, args.repeats)), flush=True)


if __name__ == "__main__":
    main()
