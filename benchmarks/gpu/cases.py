"""The kernels' cases: ours and what a PyTorch user would run, on the same memory, with the floor of each."""
from dataclasses import dataclass, field
from typing import Callable

import torch
import torch.nn.functional as F

import diorama
from operations import DioramaOperations, TorchOperations


@dataclass
class Case:
    """One comparison. flops and bytes are what cannot be avoided."""

    operation: str
    name: str
    flops: float
    bytes: float
    ours: Callable
    theirs: dict = field(default_factory=dict)
    bound: str = "flops"  # what the share of the floor is of: "flops" or "bytes"
    truth: Callable = None  # in f32 or f64; for the error of a few rows


def _randn(device, dtype, *shape, scale=1.0):
    return (torch.randn(*shape, device=device) * scale).to(dtype)


def _sdpa(backend):
    from torch.nn.attention import SDPBackend, sdpa_kernel

    kind = getattr(SDPBackend, backend)

    def run(q, k, v):
        with sdpa_kernel(kind):
            return F.scaled_dot_product_attention(q, k, v)

    return run


def attention(context, device, small):
    dtype = torch.bfloat16
    shapes = [(1, 16, 8192, 8192, 128), (1, 16, 16384, 16384, 128), (1, 8, 32768, 32768, 128), (1, 12, 32760, 32760, 128),
              (1, 12, 32760, 512, 128), (1, 16, 8192, 8192, 64), (1, 16, 16384, 16384, 64), (4, 16, 1024, 1024, 128)]
    if small:
        shapes = [(1, 2, 96, 80, 64)]
    for b, h, sq, sk, d in shapes:
        q, k, v = (_randn(device, dtype, b, s, h, d) for s in (sq, sk, sk))
        out = torch.empty_like(q)
        views = [t.transpose(1, 2) for t in (q, k, v)]
        peers = {"sdpa": lambda views=views: F.scaled_dot_product_attention(*views)}
        if device == "cuda":
            peers = {"cudnn": lambda views=views, run=_sdpa("CUDNN_ATTENTION"): run(*views),
                     "flash": lambda views=views, run=_sdpa("FLASH_ATTENTION"): run(*views)}

        def truth(rows, q=q, k=k, v=v, d=d):
            scores = torch.einsum("rhd,khd->hrk", q[0, rows].double(), k[0].double()) * d ** -0.5
            return torch.einsum("hrk,khd->rhd", scores.softmax(-1), v[0].double())

        yield Case("attention", f"b{b} h{h} q{sq} k{sk} d{d} bf16", 4.0 * b * h * sq * sk * d,
                   2.0 * b * h * d * (2 * sq + 2 * sk),
                   lambda q=q, k=k, v=v, out=out: (context.call("dio_attention", q, k, v, None, None, 0.0, out), out)[1],
                   peers, truth=lambda rows, truth=truth: truth(rows))


def linear(context, device, small):
    dtype = torch.bfloat16
    shapes = [(8192, 8192, 8192, False), (32760, 1536, 1536, False), (32760, 8960, 1536, True), (32760, 1536, 8960, False),
              (512, 1536, 4096, False), (1, 8960, 1536, False)]
    if small:
        shapes = [(70, 48, 64, True)]
    for m, n, k, gelu in shapes:
        x, w, bias = _randn(device, dtype, m, k), _randn(device, dtype, n, k, scale=k ** -0.5), _randn(device, dtype, n)
        out = torch.empty(m, n, dtype=dtype, device=device)
        kind = diorama.GELU_TANH if gelu else diorama.NONE

        def theirs(x=x, w=w, bias=bias, gelu=gelu):
            y = F.linear(x, w, bias)
            return F.gelu(y, approximate="tanh") if gelu else y

        def truth(rows, x=x, w=w, bias=bias, gelu=gelu):
            y = F.linear(x[rows].double(), w.double(), bias.double())
            return F.gelu(y, approximate="tanh") if gelu else y

        def ours(x=x, w=w, bias=bias, out=out, kind=kind):
            context.call("dio_linear", x, w, bias, kind, None, None, None, out)
            return out

        def own(ours=ours):
            context.call("dio_context_allow_cublas", 0)
            result = ours()
            context.call("dio_context_allow_cublas", 1)
            return result

        name, floor = f"m{m} n{n} k{k}{' gelu' if gelu else ''} bf16", (2.0 * m * n * k, 2.0 * (m * k + n * k + m * n))
        bound = "flops" if m > 64 else "bytes"
        yield Case("linear", name, *floor, ours, {"cublas": theirs}, bound=bound, truth=truth)
        # cuBLASLt is never asked for few rows.
        if m > 64:
            yield Case("linear", f"{name} own", *floor, own, {"cublas": theirs}, bound=bound, truth=truth)


def denoise(context, device, small):
    ops, torch_ops = DioramaOperations(context), TorchOperations()
    dtype = torch.bfloat16
    m, c, heads = (64, 96, 2) if small else (32760, 1536, 12)
    x, residual = _randn(device, dtype, m, c), _randn(device, dtype, m, c)
    gate, scale, shift = (_randn(device, torch.float32, 1, c) for _ in range(3))
    weight = _randn(device, dtype, c)
    cosine, sine = (_randn(device, torch.float32, m, c // heads // 2) for _ in range(2))

    def compiled(function):
        return torch.compile(function, dynamic=False) if device == "cuda" else function

    chains = {
        "layer_norm": (lambda o: o.layer_norm(x, scale=scale, shift=shift), 4.0 * m * c),
        "qk_norm_rope": (lambda o: o.qk_norm_rope(x, heads, weight, cosine, sine), 4.0 * m * c + 4.0 * m * c / heads),
        "gated_residual_norm": (lambda o: o.norm_after(x, residual, gate, scale=scale, shift=shift)[1], 8.0 * m * c),
    }
    for name, (run, size) in chains.items():
        yield Case(name, f"m{m} c{c} bf16", 8.0 * m * c, size, lambda run=run: run(ops),
                   {"eager": lambda run=run: run(torch_ops), "compiled": compiled(lambda run=run: run(torch_ops))}, bound="bytes")
    shape = (1, 16, 3, 8, 8) if small else (1, 16, 21, 60, 104)
    latents = [_randn(device, torch.float32, *shape) for _ in range(4)]
    out = torch.empty(shape, device=device)

    def update(t=latents):
        return t[0] * 0.9 + (t[1] + 5.0 * (t[2] - t[1])) * -0.1 + t[3] * 0.05

    yield Case("step", f"{tuple(shape)} f32", 7.0 * out.numel(), 20.0 * out.numel(),
               lambda: (context.combine(latents, [out], [0.9, 0.4, -0.5, 0.05]), out)[1],
               {"eager": update, "compiled": compiled(update)}, bound="bytes")


def codec(context, device, small):
    ops, torch_ops = DioramaOperations(context), TorchOperations()
    dtype = torch.bfloat16
    shapes = [(96, 4, 480, 832), (192, 4, 240, 416), (384, 2, 120, 208), (384, 1, 60, 104)]
    if small:
        shapes = [(16, 2, 9, 10)]
    for c, t, h, w in shapes:
        x = _randn(device, dtype, 1, t + 2, h, w, c)
        kernel = _randn(device, dtype, c, 3, 3, 3, c, scale=(27 * c) ** -0.5)
        bias = _randn(device, dtype, c)
        yield Case("conv3d", f"c{c} t{t} {h}x{w} k3 bf16", 54.0 * c * c * t * h * w, 2.0 * c * h * w * (2 * t + 2),
                   lambda x=x, kernel=kernel, bias=bias: ops.conv3d(x, kernel, bias, pad=1),
                   {"cudnn": lambda x=x, kernel=kernel, bias=bias: torch_ops.conv3d(x, kernel, bias, pad=1)})
    c, t, h, w = shapes[0]
    x, gamma = _randn(device, dtype, 1, t, h, w, c), _randn(device, dtype, c)
    yield Case("channel_norm", f"c{c} t{t} {h}x{w} silu bf16", 8.0 * x.numel(), 4.0 * x.numel(),
               lambda: ops.norm_silu(x, gamma), {"eager": lambda: torch_ops.norm_silu(x, gamma)}, bound="bytes")


GROUPS = {"attention": attention, "linear": linear, "denoise": denoise, "codec": codec}
