"""Wan 2.1's transformer (1.3B) and VAE decoder with random weights, over the operations of operations.py.

What is measured is their arithmetic at full size, not pictures: weights are random, of sizes that keep activations
near one. Shapes: Wan team, "Wan: Open and Advanced Large-Scale Video Generative Models", arXiv 2503.20314, and the
model's published config.json.
"""
from dataclasses import dataclass

import torch

import diorama


@dataclass(frozen=True)
class TransformerSize:
    layers: int = 30
    heads: int = 12
    head_size: int = 128
    feed_forward: int = 8960
    text: int = 512
    tokens: int = 21 * 30 * 52  # 832x480, 81 frames

    @property
    def channels(self):
        return self.heads * self.head_size

    def flops(self):
        """Of one call: products and attention."""
        c, s, t = self.channels, self.tokens, self.text
        products = 2 * s * c * (4 * c + 2 * c + 2 * self.feed_forward) + 2 * t * c * 2 * c
        return self.layers * (products + 4 * s * s * c + 4 * s * t * c)


def normal(shape, dtype, device, scale=1.0, mean=0.0):
    return (torch.randn(shape, device=device) * scale + mean).to(dtype)


class Transformer:
    """The blocks: self-attention with q/k norm and rotation, cross-attention, feed forward; six modulations."""

    def __init__(self, size, dtype, device):
        self.size = size
        c, f = size.channels, size.feed_forward

        def matrix(rows, columns):
            return normal((rows, columns), dtype, device, columns ** -0.5)

        def vector(n, mean=0.0):
            return normal((n,), dtype, device, 0.02, mean)

        self.blocks = [{
            "modulation": [normal((1, c), torch.float32, device, 0.1) for _ in range(6)],
            **{f"{part}_{name}": matrix(c, c) for part in ("self", "cross") for name in "qkvo"},
            **{f"{part}_{name}_bias": vector(c) for part in ("self", "cross") for name in "qkvo"},
            **{f"{part}_norm_{name}": vector(c, 1.0) for part in ("self", "cross") for name in "qk"},
            "norm": vector(c, 1.0), "norm_bias": vector(c),
            "up": matrix(f, c), "up_bias": vector(f), "down": matrix(c, f), "down_bias": vector(c),
        } for _ in range(size.layers)]
        self.x = normal((size.tokens, c), dtype, device)
        self.context = normal((size.text, c), dtype, device)
        angles = torch.rand(size.tokens, size.head_size // 2, device=device) * 6.28
        self.cosine, self.sine = angles.cos(), angles.sin()

    def __call__(self, ops):
        heads, channels = self.size.heads, self.size.channels
        x = self.x
        y = None
        for index, w in enumerate(self.blocks):
            shift, scale, gate, shift_ff, scale_ff, gate_ff = w["modulation"]
            if y is None:
                y = ops.layer_norm(x, scale=scale, shift=shift)
            q = ops.qk_norm_rope(ops.linear(y, w["self_q"], w["self_q_bias"]), heads, w["self_norm_q"], self.cosine, self.sine)
            k = ops.qk_norm_rope(ops.linear(y, w["self_k"], w["self_k_bias"]), heads, w["self_norm_k"], self.cosine, self.sine)
            v = ops.linear(y, w["self_v"], w["self_v_bias"]).view(q.shape)
            a = ops.linear(ops.attention(q, k, v).view(-1, channels), w["self_o"], w["self_o_bias"])
            x, y = ops.norm_after(a, x, gate, weight=w["norm"], bias=w["norm_bias"])

            q = ops.qk_norm_rope(ops.linear(y, w["cross_q"], w["cross_q_bias"]), heads, w["cross_norm_q"], None, None)
            k = ops.qk_norm_rope(ops.linear(self.context, w["cross_k"], w["cross_k_bias"]), heads, w["cross_norm_k"], None, None)
            v = ops.linear(self.context, w["cross_v"], w["cross_v_bias"]).view(k.shape)
            a = ops.linear(ops.attention(q, k, v).view(-1, channels), w["cross_o"], w["cross_o_bias"])
            x, y = ops.norm_after(a, x, None, scale=scale_ff, shift=shift_ff)

            h = ops.linear(y, w["up"], w["up_bias"], activation=diorama.GELU_TANH)
            a = ops.linear(h, w["down"], w["down_bias"])
            if index + 1 < self.size.layers:
                following = self.blocks[index + 1]["modulation"]
                x, y = ops.norm_after(a, x, gate_ff, scale=following[1], shift=following[0])
            else:
                x = ops.gated_residual(a, x, gate_ff)
        return x


class Decoder:
    """Wan 2.1's VAE decoder: one latent frame at a time, frames before it carried by every convolution in time."""

    def __init__(self, dtype, device, base=96, latent=16, height=60, width=104):
        self.dtype, self.device = dtype, device
        self.latent_shape = (1, 1, height, width, latent)
        self.flops = 0
        self._convs, self._carries = {}, {}
        self.stages = [(4 * base, 4 * base, "time"), (2 * base, 4 * base, "time"), (2 * base, 2 * base, "space"),
                       (base, base, None)]
        self.top = 4 * base

    def _conv(self, name, cin, cout, kernel):
        if name not in self._convs:
            kt, kh, kw = kernel
            fan = cin * kt * kh * kw
            self._convs[name] = (normal((cout, kt, kh, kw, cin), self.dtype, self.device, fan ** -0.5),
                                 normal((cout,), self.dtype, self.device, 0.02))
        return self._convs[name]

    def _causal(self, ops, name, x, cout, kernel=(3, 3, 3), residual=None):
        w, bias = self._conv(name, x.shape[-1], cout, kernel)
        before = kernel[0] - 1
        carry = None
        if before:
            key = (ops.name, name)
            if key not in self._carries:
                self._carries[key] = torch.zeros(1, before, *x.shape[2:], dtype=self.dtype, device=self.device)
            carry = self._carries[key]
        y = ops.conv3d(x, w, bias, carry=carry, before=before, pad=kernel[1] // 2, residual=residual)
        self.flops += 2 * y.numel() * w.numel() // w.shape[0]
        return y

    def _gamma(self, channels):
        return torch.ones(channels, dtype=self.dtype, device=self.device)

    def _residual(self, ops, name, x, cout):
        short = x if x.shape[-1] == cout else self._causal(ops, name + ".short", x, cout, (1, 1, 1))
        y = self._causal(ops, name + ".1", ops.norm_silu(x, self._gamma(x.shape[-1])), cout)
        return self._causal(ops, name + ".2", ops.norm_silu(y, self._gamma(cout)), cout, residual=short)

    def _attention(self, ops, x):
        c = x.shape[-1]
        y = ops.channel_norm(x, self._gamma(c))
        q, k, v = (self._causal(ops, f"attention.{n}", y, c, (1, 1, 1)).view(x.shape[1], -1, 1, c) for n in "qkv")
        a = ops.attention(q, k, v).view(x.shape)
        return self._causal(ops, "attention.out", a, c, (1, 1, 1), residual=x)

    def _upsample(self, ops, name, x, mode, first):
        c = x.shape[-1]
        if mode == "time" and not first:
            doubled = self._causal(ops, name + ".time", x, 2 * c, (3, 1, 1))
            frames = doubled.unflatten(-1, (2, c)).permute(0, 1, 4, 2, 3, 5)
            x = ops.contiguous(frames).flatten(1, 2)
        w, bias = self._conv(name + ".space", c, c // 2, (1, 3, 3))
        y = ops.conv3d(x, w, bias, pad=1, upsample=2)
        self.flops += 2 * y.numel() * w.numel() // w.shape[0]
        return y

    def frame(self, ops, latent, first):
        x = self._causal(ops, "in", latent, self.top)
        x = self._residual(ops, "mid.1", x, self.top)
        x = self._attention(ops, x)
        x = self._residual(ops, "mid.2", x, self.top)
        for index, (_, cout, mode) in enumerate(self.stages):
            for block in range(3):
                x = self._residual(ops, f"up.{index}.{block}", x, cout)
            if mode:
                x = self._upsample(ops, f"up.{index}", x, mode, first)
        return self._causal(ops, "out", ops.norm_silu(x, self._gamma(x.shape[-1])), 3)

    def __call__(self, ops, latents):
        """latents [T, 1, 1, h, w, C] -> a list of frames [1, 1 or 4, 8h, 8w, 3]."""
        self._carries = {key: carry.zero_() for key, carry in self._carries.items()}
        self.flops = 0
        return [self.frame(ops, latent, index == 0) for index, latent in enumerate(latents)]
