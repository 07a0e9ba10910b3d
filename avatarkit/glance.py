"""What a tailor sees of legs at a glance: skirt, dress or long coat, and where they end; by a small network of ours.

Rules say where skin begins and colours change; whether cloth between two legs is a skirt, wide trousers or a coat's
tails takes somebody who has seen many. `benchmarks/glance.py` trains it, on the tailor's own people alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from avatarkit.shapes import sizes

LEVELS = np.linspace(-0.6, 3.0, 37)
"""Rows of a strip, from the chest to the ankles, on outfit's scale of hems."""
ASIDE = np.linspace(-0.55, 0.55, 45)
"""Columns: metres from the middle between both legs, along the line from one to the other."""
CHANNELS = 7
"""Of a strip: mask, bare body, likeness to skin, OKLab (3) where the mask is, arms."""
SPREAD = 4.0
"""By which differences of colour are made as large as the other channels."""


class Seen(NamedTuple):
    """Likelihoods 0 … 1 of a skirt (a dress is one too), a coat that hangs below the hips, a dress; and on the scale of
    hems where the skirt or the trousers end, and where the coat does."""

    skirt: float
    coat: float
    dress: float
    hem: float
    coat_hem: float


class Glance(nn.Module):
    """Strips (N,CHANNELS,37,45) and how far apart the legs are in each of their rows (N,37), metres, to (N,5): logits
    of skirt, coat and dress, and the two hems."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        w = width
        self.eye = nn.Sequential(
            _block(CHANNELS + 3, w, 1), _block(w, 2 * w, 2), _block(2 * w, 2 * w, 1), _block(2 * w, 3 * w, 2),
            _block(3 * w, 4 * w, 2),
        )  # fmt: skip
        self.rest = nn.Dropout(0.4)
        self.told = nn.Linear(8 * w, 5)

    def forward(self, strips: Tensor, apart: Tensor) -> Tensor:
        sizes("N C H W, N H", strips, apart)
        mask = strips[:, :1]
        mean = (strips[:, 3:6] * mask).sum((2, 3), keepdim=True) / mask.sum((2, 3), keepdim=True).clamp(min=1)
        colour = (strips[:, 3:6] - mean) * mask * SPREAD
        across, down = (torch.zeros_like(mask) for _ in range(2))
        across[..., 1:] = (
            (colour[..., 1:] - colour[..., :-1]).abs().sum(1, keepdim=True) * mask[..., 1:] * mask[..., :-1]
        )
        down[:, :, 1:] = (
            (colour[:, :, 1:] - colour[:, :, :-1]).abs().sum(1, keepdim=True) * mask[:, :, 1:] * mask[:, :, :-1]
        )
        rows = apart[:, None, :, None].expand_as(mask)
        found = self.eye(torch.cat([strips[:, :3], colour, strips[:, 6:], across, down, rows], dim=1))
        answers: Tensor = self.told(self.rest(torch.cat([found.mean((2, 3)), found.amax((2, 3))], dim=1)))
        return answers


def _block(given: int, made: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(given, made, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(made), nn.ReLU()
    )


@torch.no_grad()
def glanced(network: Glance, strip: Tensor, apart: Tensor) -> Seen:
    """What the network says of one strip (CHANNELS,37,45) and of its mirror image."""
    both = torch.stack([strip, strip.flip(-1)])
    answers = network.eval()(both, apart.expand(2, -1))
    likely = answers[:, :3].sigmoid().mean(0).tolist()
    return Seen(*likely, *answers[:, 3:].mean(0).tolist())
