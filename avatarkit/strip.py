"""The upright strip of a square view in which somebody stands: there alone our networks look."""

from __future__ import annotations

import torch
from torch import Tensor

NARROW = 2
"""How much higher than wide the views are that networks learn from: most people stand."""
STEP = 32
"""Heights and widths must be its multiples."""


def strip_of(likely: Tensor, *, align: int = 2) -> tuple[int, int]:
    """First and last of the columns of (S,S) that may show the person, as wide as networks have learnt from at least:
    what lies beside them costs time and tells nothing. The first is a multiple of `align`."""
    S, margin = likely.shape[1], STEP // 2
    columns = torch.nonzero(likely.amax(dim=0) > 0)[:, 0]
    low, high = (int(columns[0]) - margin, int(columns[-1]) + 1 + margin) if len(columns) else (0, S)
    width = min(S, STEP * -(-max(high - low, S // NARROW) // STEP))
    left = min(max((low + high - width) // 2, 0), S - width) // align * align
    return left, left + width
