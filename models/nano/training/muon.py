"""Muon (Jordan et al. 2024): momentum, then the nearest orthogonal matrix; steps as large as AdamW's (Liu et al. 2025).

The matrix is found by the polynomials of Polar Express (Amsel et al. 2025), of which four are enough here.
"""
from __future__ import annotations

import torch
from torch import Tensor


_POLYNOMIALS = ((8.28721201814563, -23.595886519098837, 17.300387312530933),
                (4.107059111542203, -2.9478499167379106, 0.5448431082926601),
                (3.9486908534822946, -2.908902115962949, 0.5518191394370137),
                (3.3184196573706015, -2.488488024314874, 0.51004894012372))


def orthogonal(g: Tensor) -> Tensor:
    """[..., m, n] with all singular values brought near 1."""
    tall = g.shape[-2] > g.shape[-1]
    x = g.mT if tall else g
    x = x / (1.01 * x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for a, b, c in _POLYNOMIALS:
        s = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(s, s, s, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


class Muon:
    """For matrices only. Those of one shape are treated together."""

    def __init__(self, parameters: list[Tensor], decay: float = 0.01, momentum: float = 0.95):
        by_shape: dict[tuple, list[Tensor]] = {}
        for p in parameters:
            by_shape.setdefault(tuple(p.shape), []).append(p)
        self.groups = list(by_shape.values())
        self.averages = [torch.zeros(len(ps), *ps[0].shape) for ps in self.groups]
        self.decay, self.momentum = decay, momentum

    @torch.no_grad()
    def step(self, lr: float) -> None:
        for parameters, average in zip(self.groups, self.averages):
            gradient = torch.stack([p.grad for p in parameters])
            average.lerp_(gradient, 1 - self.momentum)
            update = orthogonal(gradient.lerp(average, self.momentum)) * (0.2 * max(gradient.shape[1:]) ** 0.5)
            for p, u in zip(parameters, update):
                p.mul_(1 - lr * self.decay).add_(u, alpha=-lr)

    def state_dict(self) -> dict:
        return {"averages": self.averages}

    def load_state_dict(self, state: dict) -> None:
        for mine, kept in zip(self.averages, state["averages"], strict=True):
            mine.copy_(kept)
