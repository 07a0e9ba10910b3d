"""One colour a part: what words name, and what a photo tells of what it does not show."""

from __future__ import annotations

import torch
from torch import Tensor

from avatarkit.maps import PARTS

UNLIT = 0.5
"""The share of a part's pixels in a photo, the darkest, that are taken to lie in shadow."""


def flat(colours: Tensor, labels: Tensor, *, share: float = 0.0) -> tuple[Tensor, Tensor]:
    """(PARTS,3): the median colour of each part in pictures (N,3,H,W) whose `labels` (N,H,W) are known, but for the
    darkest `share` of its pixels; and which parts are there (PARTS) bool. Black is the background, and what is not."""
    found, there = colours.new_zeros(len(PARTS), 3), torch.zeros(len(PARTS), dtype=torch.bool)
    pixels = colours.movedim(1, -1)
    for part in labels.unique().tolist():
        if part == 0:
            continue
        own = pixels[labels == part]
        light = own.sum(dim=1)
        found[part] = own[light >= light.quantile(share)].median(dim=0).values
        there[part] = True
    return found, there


def in_parts(colours: Tensor, labels: Tensor) -> Tensor:
    """(…,3,H,W): to each pixel the colour (PARTS,3) of its label (…,H,W)."""
    return colours[labels].movedim(-1, -3)
