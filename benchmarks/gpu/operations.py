"""What the networks of networks.py are made of, twice: by Diorama's kernels and by PyTorch as it comes.

Activations are channels last: tokens [M, C], videos [B, T, H, W, C]. PyTorch's convolutions see the same memory as
[B, C, T, H, W] in its channels_last_3d format, which is what cuDNN likes best.
"""
import torch
import torch.nn.functional as F

import diorama


class DioramaOperations:
    """Diorama's kernels on tensors that PyTorch allocated."""

    name = "diorama"

    def __init__(self, context):
        self.context = context

    def layer_norm(self, x, weight=None, bias=None, scale=None, shift=None, eps=1e-6):
        out = torch.empty_like(x)
        self.context.call("dio_layer_norm", x, weight, bias, scale, shift, None, eps, out)
        return out

    def norm_after(self, x, residual, gate, weight=None, bias=None, scale=None, shift=None, eps=1e-6):
        """residual + gate * x, and its layer norm."""
        kept, out = torch.empty_like(residual), torch.empty_like(residual)
        self.context.call("dio_gated_residual_norm", x, residual, gate, weight, bias, scale, shift, None, eps, kept, out)
        return kept, out

    def gated_residual(self, x, residual, gate):
        out = torch.empty_like(residual)
        self.context.call("dio_gated_residual", x, residual, gate, None, out)
        return out

    def linear(self, x, w, bias=None, activation=diorama.NONE, residual=None):
        out = torch.empty(x.shape[0], w.shape[0], dtype=x.dtype, device=x.device)
        self.context.call("dio_linear", x, w, bias, activation, None, None, residual, out)
        return out

    def qk_norm_rope(self, x, heads, weight, cosine, sine, eps=1e-6):
        """x [S, H * D] -> [1, S, H, D]."""
        split = x.view(1, x.shape[0], heads, -1)
        out = torch.empty_like(split)
        self.context.call("dio_qk_norm_rope", split, weight, eps, cosine, sine, out)
        return out

    def attention(self, q, k, v):
        """[B, S, H, D] each."""
        out = torch.empty_like(q)
        self.context.call("dio_attention", q, k, v, None, None, 0.0, out)
        return out

    def conv3d(self, x, w, bias, carry=None, before=0, pad=0, residual=None, upsample=1):
        """w [Cout, kt, kh, kw, Cin]; carry [B, P, H, W, C] holds frames before x and is moved on."""
        frames = before + x.shape[1] - w.shape[1] + 1
        height = x.shape[2] * upsample + 2 * pad - w.shape[2] + 1
        width = x.shape[3] * upsample + 2 * pad - w.shape[3] + 1
        out = torch.empty(x.shape[0], frames, height, width, w.shape[0], dtype=x.dtype, device=x.device)
        params = diorama.Conv3d(1, 1, 1, before, pad, pad, pad, pad, 0, upsample)
        self.context.call("dio_conv3d", x, carry, w, bias, residual, params, out)
        if carry is not None:
            self.context.call("dio_carry_update", x, carry)
        return out

    def norm_silu(self, x, gamma):
        out = torch.empty_like(x)
        self.context.call("dio_channel_norm", x, gamma, None, diorama.SILU, out)
        return out

    def channel_norm(self, x, gamma):
        out = torch.empty_like(x)
        self.context.call("dio_channel_norm", x, gamma, None, diorama.NONE, out)
        return out

    def contiguous(self, view):
        out = torch.empty(view.shape, dtype=view.dtype, device=view.device)
        self.context.call("dio_copy", view, out)
        return out


class TorchOperations:
    """PyTorch in eager mode, in the dtypes diffusers computes in (norms in f32)."""

    name = "pytorch"

    def layer_norm(self, x, weight=None, bias=None, scale=None, shift=None, eps=1e-6):
        wide = [None if t is None else t.float() for t in (weight, bias)]
        y = F.layer_norm(x.float(), x.shape[-1:], *wide, eps)
        if scale is not None:
            y = y * (1 + scale) + shift
        return y.to(x.dtype)

    def norm_after(self, x, residual, gate, weight=None, bias=None, scale=None, shift=None, eps=1e-6):
        kept = self.gated_residual(x, residual, gate) if gate is not None else residual + x
        return kept, self.layer_norm(kept, weight, bias, scale, shift, eps)

    def gated_residual(self, x, residual, gate):
        return (residual.float() + x * gate).to(x.dtype)

    def linear(self, x, w, bias=None, activation=diorama.NONE, residual=None):
        y = F.linear(x, w, bias)
        if activation == diorama.GELU_TANH:
            y = F.gelu(y, approximate="tanh")
        return y if residual is None else residual + y

    def qk_norm_rope(self, x, heads, weight, cosine, sine, eps=1e-6):
        y = F.rms_norm(x.float(), x.shape[-1:], weight.float(), eps).to(x.dtype).view(1, x.shape[0], heads, -1)
        if cosine is None:
            return y
        a, b = y.unflatten(-1, (-1, 2)).unbind(-1)
        cos, sin = cosine[None, :, None], sine[None, :, None]
        return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2).to(x.dtype)

    def attention(self, q, k, v):
        views = (t.transpose(1, 2) for t in (q, k, v))
        return F.scaled_dot_product_attention(*views).transpose(1, 2).contiguous()

    def conv3d(self, x, w, bias, carry=None, before=0, pad=0, residual=None, upsample=1):
        video = x.permute(0, 4, 1, 2, 3)
        if upsample > 1:
            frames = video.transpose(1, 2).flatten(0, 1)
            frames = F.interpolate(frames, scale_factor=float(upsample), mode="nearest-exact")
            video = frames.unflatten(0, (x.shape[0], -1)).transpose(1, 2)
        if carry is not None:
            video = torch.cat([carry.permute(0, 4, 1, 2, 3), video], 2)
            carry.copy_(video[:, :, -carry.shape[1]:].permute(0, 2, 3, 4, 1).clone())
        elif before:
            video = F.pad(video, (0, 0, 0, 0, before, 0))
        y = F.conv3d(video, w.permute(0, 4, 1, 2, 3), bias, padding=(0, pad, pad)).permute(0, 2, 3, 4, 1)
        return y if residual is None else y + residual

    def norm_silu(self, x, gamma):
        return F.silu(self.channel_norm(x, gamma))

    def channel_norm(self, x, gamma):
        return F.normalize(x, dim=-1) * x.shape[-1] ** 0.5 * gamma

    def contiguous(self, view):
        return view.contiguous()
