"""UniPC (Zhao et al. 2023) of second order, type bh2, on clean predictions and flow levels."""
from __future__ import annotations

import math

import torch
from torch import Tensor

TRAIN_STEPS = 1000


def shifted(sigma: float, shift: float) -> float:
    return shift * sigma / (1 + (shift - 1) * sigma)


class UniPC:
    """timesteps: whole numbers, one a step. sigmas: one more than steps, the last 0."""

    def __init__(self, steps: int, shift: float):
        spread = torch.linspace(1, 1 / TRAIN_STEPS, steps + 1, dtype=torch.float64)[:-1].tolist()
        sigmas = [shifted(s, shift) for s in spread]
        if abs(sigmas[0] - 1) < 1e-6:
            sigmas[0] -= 1e-6  # at 1 the logarithm of alpha would be infinite
        self.timesteps = [int(s * TRAIN_STEPS) for s in sigmas]
        self.sigmas = torch.tensor([*sigmas, 0.0]).tolist()  # as single precision holds them
        self.steps = steps
        self.clean: list[Tensor] = []
        self.start: Tensor | None = None

    def _lambda(self, i: int) -> float:
        sigma = self.sigmas[i]
        return math.log(1 - sigma) - math.log(sigma) if sigma > 0 else math.inf

    def _order(self, i: int) -> int:
        return min(2, i + 1, self.steps - i)

    def _move(self, i: int, sample: Tensor, before: Tensor, slopes: list[Tensor], rhos: list[float]) -> Tensor:
        """From level i to level i + 1: the step of first order, bent by slopes."""
        grow = math.expm1(-(self._lambda(i + 1) - self._lambda(i)))
        alpha = 1 - self.sigmas[i + 1]
        moved = self.sigmas[i + 1] / self.sigmas[i] * sample - alpha * grow * before
        for slope, rho in zip(slopes, rhos):
            moved = moved - alpha * grow * rho * slope
        return moved

    def _ratio(self, i: int) -> float:
        """Where level i - 1 lies on the way from level i to i + 1, which goes from 0 to 1."""
        return (self._lambda(i - 1) - self._lambda(i)) / (self._lambda(i + 1) - self._lambda(i))

    def _corrected(self, i: int, clean: Tensor) -> Tensor:
        before = self.clean[i - 1]
        now = clean - before
        if self._order(i - 1) == 1:
            return self._move(i - 1, self.start, before, [now], [0.5])
        ratio = self._ratio(i - 1)
        hh = self._lambda(i - 1) - self._lambda(i)
        b = math.expm1(hh)
        phi1 = b / hh - 1
        phi2 = phi1 / hh - 0.5
        right = phi1 / b, 2 * phi2 / b
        rho = (right[1] - right[0]) / (ratio - 1)  # solves [[1, 1], [ratio, 1]] rhos = right
        earlier = (self.clean[i - 2] - before) / ratio
        return self._move(i - 1, self.start, before, [earlier, now], [rho, right[0] - rho])

    def step(self, i: int, clean: Tensor, sample: Tensor) -> Tensor:
        """The sample at level i + 1 from the clean prediction at level i."""
        if i > 0:
            sample = self._corrected(i, clean)
        self.clean.append(clean)
        self.start = sample
        if self._order(i) == 1:
            return self._move(i, sample, clean, [], [])
        slope = (self.clean[i - 1] - clean) / self._ratio(i)
        return self._move(i, sample, clean, [slope], [0.5])
