"""Pictures of people as 24 numbers each, by a small network of ours: what sets of people are compared in.

It learnt to name what the tailor's people wear, to tell how sharp a picture is, and to draw it again very small; the
24 numbers are all that it may remember of a picture. `benchmarks/encoder.py` trains it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, pad

from avatarkit.mesh import unit
from avatarkit.shapes import sizes

SIDE, FEATURES = 128, 24
DRAWN, BANDS = 12, 4
"""Pixels of the picture's side that it draws again; bands of rows whose sharpness it tells."""
WORN = {"upper": 9, "lower": 5, "hem": 3, "sleeve": 3, "hair": 5, "shoes": 6}
"""What it names, and how many kinds there are of each."""
KINDS = ("normals", "shaded", "textured")
LIGHT, AMBIENT = (-0.35, 0.5, 0.8), 0.25
"""Where the light of shaded pictures comes from (x right, y up, z to the viewer), and what reaches the dark side."""


class Said(NamedTuple):
    """Of N pictures: `worn` by name (N,kinds) logits; `sharp` (N,BANDS); `drawn` (N,3,DRAWN,DRAWN) 0 … 1."""

    worn: Mapping[str, Tensor]
    sharp: Tensor
    drawn: Tensor


class Encoder(nn.Module):
    """A picture (N,3,SIDE,SIDE) of 0 … 1, black where nobody is, to features (N,24) of mean 0 and variance 1 over the
    pictures that it learnt from."""

    def __init__(self) -> None:
        super().__init__()
        widths = (32, 64, 112, 160)
        self.stem = nn.Sequential(nn.Conv2d(5, 24, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(24), nn.ReLU())
        self.eye = nn.Sequential(*(_block(a, b) for a, b in zip((24, *widths), widths, strict=False)))
        self.seen = nn.Linear(widths[-1] * (16 + 1), FEATURES)
        self.even = nn.BatchNorm1d(FEATURES, affine=False)
        self.named = nn.ModuleDict({name: nn.Linear(FEATURES, kinds) for name, kinds in WORN.items()})
        self.sharp = nn.Linear(FEATURES, BANDS)
        self.drawn = nn.Linear(FEATURES, 3 * DRAWN * DRAWN)

    def forward(self, pictures: Tensor) -> Tensor:
        N, S = sizes("N 3 S S", pictures)
        at = torch.linspace(-1, 1, S, device=pictures.device, dtype=pictures.dtype)
        places = torch.stack(torch.meshgrid(at, at, indexing="ij")).expand(N, 2, S, S)
        found = self.eye(self.stem(torch.cat([2 * pictures - 1, places], dim=1)))
        parts = adaptive_avg_pool2d(found, 4).flatten(1)
        features: Tensor = self.even(self.seen(torch.cat([parts, found.amax(dim=(2, 3))], dim=1)))
        return features

    def said(self, features: Tensor) -> Said:
        """What training asks for."""
        drawn = self.drawn(features).unflatten(1, (3, DRAWN, DRAWN))
        return Said({name: layer(features) for name, layer in self.named.items()}, self.sharp(features), drawn)


def _block(given: int, made: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(given, given, 3, stride=2, padding=1, groups=given, bias=False),
        nn.Conv2d(given, made, 1, bias=False), nn.BatchNorm2d(made), nn.ReLU(),
        nn.Conv2d(made, made, 3, padding=1, groups=made, bias=False), nn.Conv2d(made, made, 1, bias=False),
        nn.BatchNorm2d(made), nn.ReLU(),
    )  # fmt: skip


def pictured(normals: Tensor, cover: Tensor, albedo: Tensor | None = None) -> dict[str, Tensor]:
    """The KINDS of pictures (N,3,H,W) 0 … 1 of people whose `normals` (N,3,H,W) unit, view axes, `cover` (N,1,H,W) and
    perhaps `albedo` (N,3,H,W) sRGB are known: normals as (n + 1) / 2, grey under one light, and coloured under it."""
    sizes("N 3 H W, N 1 H W", normals, cover)
    light = unit(normals.new_tensor(LIGHT))
    lit = AMBIENT + (1 - AMBIENT) * (normals * light[:, None, None]).sum(dim=1, keepdim=True).clamp(0, 1)
    found = {"normals": (0.5 + 0.5 * normals) * cover, "shaded": (lit * cover).expand_as(normals)}
    return found if albedo is None else found | {"textured": albedo * lit * cover}


def sharpness(pictures: Tensor) -> Tensor:
    """(N,BANDS): the logarithm of how much neighbouring pixels differ, from the top of the picture to its foot."""
    fine = (pictures - avg_pool2d(pad(pictures, (1,) * 4, mode="replicate"), 3, stride=1)).abs().mean(dim=1)
    return (adaptive_avg_pool2d(fine[:, None], (BANDS, 1))[:, 0, :, 0] + 1e-4).log()
