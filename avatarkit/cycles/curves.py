"""Curves over time: through the values of a table, and from one value to another. Float64, any shape of times."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def periodic(table: Sequence[float], phase: Tensor) -> Tensor:
    """The table's values, evenly spaced over one period, joined smoothly at any phase (1 is once around).

    Piecewise cubics whose slopes are the harmonic means of their neighbours' [Fritsch and Butland 1984]: nothing
    overshoots, so that what is flat in the table is flat between.
    """
    values = phase.new_tensor(table)
    n = len(values)
    steps = values.roll(-1) - values
    before = steps.roll(1)
    product = (before * steps).clamp(min=0)
    slopes = torch.where(product > 0, 2 * product / (before + steps), 0)
    place = (phase % 1) * n
    i = place.floor().long() % n
    s = place - place.floor()
    a, b, da, db = values[i], values[(i + 1) % n], slopes[i], slopes[(i + 1) % n]
    return a + s * (da + s * (3 * (b - a) - 2 * da - db + s * (2 * (a - b) + da + db)))


def wave_of(phase: Tensor, amplitude: float, peak: float, *, mean: float = 0.0, times: int = 1) -> Tensor:
    """A cosine about `mean` that is highest at the phase `peak`, `times` a period."""
    return mean + amplitude * torch.cos(2 * math.pi * times * (phase - peak))


def eased(value: Tensor, low: float, high: float) -> Tensor:
    """From 0 at `low` to 1 at `high`, as a hand moves: least jerk [Flash and Hogan 1985]."""
    s = ((value - low) / (high - low)).clamp(0, 1)
    return s**3 * (10 - 15 * s + 6 * s * s)


def vectors(x: Tensor | float, y: Tensor | float, z: Tensor | float, like: Tensor) -> Tensor:
    """(T,3) of components that are (T) or the same for all T of `like`."""
    return torch.stack([torch.as_tensor(part, dtype=like.dtype).expand(like.shape) for part in (x, y, z)], dim=-1)
