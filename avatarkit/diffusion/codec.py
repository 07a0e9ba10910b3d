"""Clothed pairs as a few numbers a cell, by a network that has learnt what clothes look like on a body that is known.

encode   a side and what is known of it ─► (L,H/32,W/32), each cell's numbers of mean square 1
decode   both sides' numbers, and what is known in full resolution ─► normals, outline, parts: a U-Net whose inmost
         layer is told the numbers [latent diffusion; Preechakul et al., Diffusion Autoencoders, CVPR 2022]
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn
from torch.nn.functional import pixel_unshuffle

from avatarkit.regressor import Clothed, Regressor, block
from avatarkit.shapes import sizes

CELL = 32
"""Pixels along a side of what the numbers of a cell stand for."""


class DualCodec(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """`latents` a side and cell; `widths`: of the encoder at 1/4, 1/8 … of the pixels."""

    config: Any

    @register_to_config
    def __init__(self, latents: int = 16, widths: Sequence[int] = (48, 96, 160, 256), patch: int = CELL) -> None:
        super().__init__()
        self.eye = Regressor(given=16)
        inmost = int(self.eye.config["widths"][-1])
        entries = [(16 * 8, widths[0]), *pairwise(widths)]
        self.worn = nn.Sequential(
            *(
                nn.Sequential(block(a, b, stride=1 if k == 0 else 2), block(b, b))
                for k, (a, b) in enumerate(entries)
            ),
            nn.Conv2d(widths[-1], latents, 3, padding=1),
        )  # fmt: skip
        self.enter = nn.Sequential(
            nn.Conv2d(2 * latents, inmost, 3, padding=1), nn.SiLU(), nn.Conv2d(inmost, inmost, 1)
        )
        self.told = inmost

    def encode(self, side: Tensor, known: Tensor) -> Tensor:
        """(B,L,h,w) of a side (B,4,H,W), beside what is known of it."""
        sizes("B 4 H W, B 4 H W", side, known)
        given = torch.cat([side, known], dim=1).contiguous(memory_format=torch.channels_last)
        return evened(self.worn(pixel_unshuffle(given, 4)).float())

    def features(self, given: Tensor, known: Tensor) -> list[Tensor]:
        """Of the pairs (B,2,4,H,W) that are given and known, fine to coarse; the last, (B,told,h,w), is what the
        denoiser sees."""
        return self.eye.looked(torch.cat([given, known], dim=2).flatten(1, 2))

    def decode(self, latents: Tensor, features: Sequence[Tensor], known: Tensor) -> Clothed:
        """What numbers (B,2L,h,w) of both sides stand for."""
        front, back = latents.chunk(2, dim=1)
        *passed, inmost = features
        inmost = inmost + self.enter(torch.cat([evened(front), evened(back)], dim=1).to(inmost))
        return self.eye.drawn([*passed, inmost], known)


def evened(latents: Tensor) -> Tensor:
    """Latents (B,L,h,w) whose mean square is 1 in each cell."""
    return latents * latents.square().mean(dim=1, keepdim=True).add(1e-6).rsqrt()
