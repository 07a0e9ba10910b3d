"""A strip of the photo along both legs, from the chest to the ankles, as a network glances at it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from avatarkit.glance import ASIDE, CHANNELS, LEVELS
from avatarkit.normals.noticing.glimpse import PARTS, SIDE, Glimpse

MARKS = {"shoulder": -1.0, "hip": 0.85, "knee": 2.0, "ankle": 3.0}
"""Joints of a side, and their levels."""
CLOSE = 0.06
"""Metres between both legs in the photo, below which the line between them is taken for level."""


def strip_of(glimpse: Glimpse) -> tuple[Tensor, Tensor]:
    """(CHANNELS,37,45) and how far apart the legs are in each row, metres (37)."""
    metre = glimpse.metre
    sides = [np.stack([glimpse.joint(f"{side}_{name}") for name in MARKS]) for side in ("right", "left")]
    right, left = (
        np.stack([np.interp(LEVELS, list(MARKS.values()), side[:, axis]) for axis in (0, 1)], axis=1) for side in sides
    )
    between = left - right
    length = np.linalg.norm(between, axis=1)
    along = np.where((length > CLOSE * metre)[:, None], between / np.maximum(length, 1e-9)[:, None], [1.0, 0.0])
    along = np.where(along[:, :1] < 0, -along, along)
    places = ((left + right) / 2)[:, None] + along[:, None] * ASIDE[:, None] * metre
    x, y = np.floor(places).astype(int).clip(0, SIDE - 1).transpose(2, 0, 1)
    inside = ((places >= 0) & (places < SIDE)).all(axis=-1)
    mask, arms = glimpse.mask[y, x], (glimpse.part == list(PARTS).index("arm"))[y, x]
    layers = [mask, glimpse.body[y, x], glimpse.skin[y, x], *np.moveaxis(glimpse.colour[y, x] * mask[..., None], -1, 0)]
    strip = np.stack([*layers, arms]).astype(np.float32) * inside
    assert len(strip) == CHANNELS
    apart = length / metre * np.sign(between[:, 0])
    return torch.from_numpy(strip), torch.from_numpy(apart).float()
