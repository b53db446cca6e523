"""Sun, sky, haze and ground colours of the times of day and the weathers."""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from spec import Spec

_SUN = {"day": (0.45, 0.80, 0.40), "sunset": (-0.85, 0.32, 0.42), "night": (0.30, 0.85, 0.42), "dawn": (0.85, 0.36, 0.40)}
_SUNLIGHT = {"day": (1.0, 0.98, 0.92), "sunset": (1.0, 0.58, 0.30), "night": (0.22, 0.26, 0.42), "dawn": (0.95, 0.66, 0.72)}
_AMBIENT = {"day": (0.34, 0.38, 0.44), "sunset": (0.30, 0.22, 0.26), "night": (0.07, 0.08, 0.14), "dawn": (0.26, 0.24, 0.36)}
_ZENITH = {"day": (0.25, 0.50, 0.90), "sunset": (0.28, 0.22, 0.45), "night": (0.01, 0.02, 0.07), "dawn": (0.42, 0.46, 0.74)}
_HORIZON = {"day": (0.75, 0.87, 0.97), "sunset": (0.98, 0.55, 0.28), "night": (0.06, 0.07, 0.16), "dawn": (0.98, 0.74, 0.76)}
_FOG = {"day": (0.80, 0.83, 0.86), "sunset": (0.80, 0.58, 0.45), "night": (0.12, 0.13, 0.18), "dawn": (0.76, 0.68, 0.74)}


@dataclass
class Light:
    """Colours [3], the sun's direction [3] and the density of haze per unit of distance."""

    sun: Tensor
    sunlight: Tensor
    ambient: Tensor
    zenith: Tensor
    horizon: Tensor
    haze: Tensor
    density: float


def light_of(spec: Spec) -> Light:
    time, weather = spec.time, spec.weather
    sun = torch.tensor(_SUN[time])
    light = Light(sun / sun.norm(), torch.tensor(_SUNLIGHT[time]), torch.tensor(_AMBIENT[time]),
                  torch.tensor(_ZENITH[time]), torch.tensor(_HORIZON[time]), torch.tensor(_HORIZON[time]), 0.012)
    if weather == "fog":
        light.haze, light.density = torch.tensor(_FOG[time]), 0.22
    if weather in ("rain", "snowfall"):
        light.sunlight = light.sunlight * 0.6
        light.zenith = light.zenith * 0.5 + 0.18 * light.horizon
        light.horizon = light.horizon * 0.75
        light.haze = light.horizon
    return light
