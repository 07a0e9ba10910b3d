"""Normals of a clothed person from a photo and the body's own normals: one U-Net, front and back at once [ECON's and
ICON's normal networks in one], and how far each normal is to be trusted [Bae, Budvytis, Cipolla: Estimating and
Exploiting the Aleatoric Uncertainty in Surface Normal Estimation, ICCV 2021].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import elu, interpolate, pad, pixel_shuffle, pixel_unshuffle, softplus

from avatarkit.maps import PARTS
from avatarkit.shapes import sizes
from avatarkit.strip import STEP, strip_of

SIDE = 512
"""Height in pixels of the views that it learns from."""
SHOWN, BODY = 4, 8
"""Channels in: the photo and its mask; normals and coverage of the body, front and back."""
HALVED = 20.0
"""Degrees of expected error at which a normal is half trusted."""


@dataclass(frozen=True, eq=False)
class Clothed:
    """Of B people: `normals` (B,2,3,H,W) unit, view axes, front and back (DESIGN §2); `cover` (B,H,W) as logits, and
    `parts` (B,2,PARTS,H/2,W/2); `sureness` (B,2,H,W), the concentration κ of an angular von Mises-Fisher distribution.
    """

    normals: Tensor
    cover: Tensor
    parts: Tensor
    sureness: Tensor

    def cpu(self) -> Clothed:
        return Clothed(self.normals.cpu(), self.cover.cpu(), self.parts.cpu(), self.sureness.cpu())

    @property
    def degrees(self) -> Tensor:
        """(B,2,H,W): the error to be expected of each normal, of that distribution's mean angle."""
        k = self.sureness
        tail = torch.exp(-k * torch.pi)
        return torch.rad2deg(2 * k / (k.square() + 1) + torch.pi * tail / (1 + tail))

    @property
    def trust(self) -> Tensor:
        """(B,2,H,W) 0 … 1: how far each normal is to be trusted."""
        return 1 / (1 + (self.degrees / HALVED) ** 2)


class Regressor(nn.Module):
    """`widths`: channels at 1/4, 1/8 … of the pixels; `depths`: convolutions there; `fine`: channels at 1/2; `given`:
    channels in.

    Most of its work is done at 1/8 and 1/16 of the pixels, where it costs little, and every pixel enters it at 1/4
    unabridged; at 1/2 a thin branch goes past it to the last layer, so that folds stay sharp.
    """

    def __init__(
        self, widths: Sequence[int] = (64, 128, 256, 320), depths: Sequence[int] = (1, 2, 3, 3), fine: int = 24,
        given: int = SHOWN + BODY,
    ) -> None:  # fmt: skip
        super().__init__()
        self.config: dict[str, Any] = {"widths": list(widths), "depths": list(depths), "fine": fine}
        inner = widths[0]
        self.fine = block(4 * given, fine, normed=False)
        entries = [(16 * given, inner), *pairwise(widths)]
        self.down = nn.ModuleList(
            nn.Sequential(block(a, b, stride=1 if k == 0 else 2), *(block(b, b) for _ in range(depth - 1)))
            for k, ((a, b), depth) in enumerate(zip(entries, depths, strict=True))
        )
        self.up = nn.ModuleList(nn.Sequential(block(a + b, b), block(b, b)) for a, b in pairwise(widths[::-1]))
        self.last = block(inner + fine, 2 * fine, normed=False)
        self.parts = nn.Conv2d(inner, 4 * 2 * (len(PARTS) + 1), 1)
        self.surface = nn.Conv2d(2 * fine, 4 * 7, 3, padding=1)
        nn.init.zeros_(self.surface.weight)  # begins with the body itself

    def forward(self, shown: Tensor, body: Tensor) -> Clothed:
        """Of `shown` (B,4,H,W), sRGB 0 … 1 and mask, black outside, and `body` (B,2,4,H,W), normals and coverage."""
        _, H, W = sizes("B 4 H W, B 2 4 H W", shown, body)
        if H % STEP or W % STEP:
            raise ValueError(f"regressor: {W} by {H} pixels, expected multiples of {STEP}")
        return self.drawn(self.looked(torch.cat([2 * shown - shown[:, 3:], body.flatten(1, 2)], dim=1)), body)

    def looked(self, given: Tensor) -> list[Tensor]:
        """Features of `given` (B,C,H,W) at 1/2, 1/4 … of the pixels."""
        given = given.contiguous(memory_format=torch.channels_last)
        features, found = [self.fine(pixel_unshuffle(given, 2))], pixel_unshuffle(given, 4)
        for down in self.down:
            found = down(found)
            features.append(found)
        return features

    def drawn(self, features: Sequence[Tensor], body: Tensor) -> Clothed:
        """What features say of who has this `body` (B,2,4,H,W)."""
        fine, *passed, found = features
        H, W = body.shape[-2:]
        for up in self.up:
            found = up(torch.cat([doubled(found), passed.pop()], dim=1))
        told = pixel_shuffle(self.parts(found), 2)
        surface = self.surface(self.last(torch.cat([doubled(found), fine], dim=1)))
        surface = pixel_shuffle(surface, 2).float()
        parts, sureness = told.float().split([2 * len(PARTS), 2], dim=1)
        sureness = 1.01 + elu(interpolate(sureness, (H, W), mode="bilinear"))
        normals = surface[:, :6].unflatten(1, (2, 3)) + body[:, :, :3]
        normals = normals / normals.square().sum(dim=2, keepdim=True).add(1e-6).sqrt()
        return Clothed(normals, surface[:, 6], parts.unflatten(1, (2, len(PARTS))), sureness)


def seen(network: Regressor, shown: Tensor, body: Tensor) -> Clothed:
    """What the network says of one picture (4,S,S), sRGB and mask, of who has this `body` (2,4,S,S). It is asked of the
    strip alone in which somebody stands; nobody is beside it."""
    S = shown.shape[-1]
    left, right = strip_of(torch.maximum(shown[3], body[0, 3]))
    with torch.inference_mode():
        found: Clothed = network(shown[None, ..., left:right], body[None, ..., left:right])
    beside = left, S - right
    normals, sureness = pad(found.normals, beside), pad(found.sureness, beside)
    parts = pad(found.parts, (left // 2, beside[1] // 2))
    return Clothed(normals, pad(found.cover, beside, value=-20), parts, sureness)


def block(a: int, b: int, *, stride: int = 1, normed: bool = True) -> nn.Sequential:
    norm = [nn.GroupNorm(8, b)] if normed else []
    return nn.Sequential(nn.Conv2d(a, b, 3, stride, 1, bias=not normed), *norm, nn.SiLU(inplace=True))


def doubled(image: Tensor) -> Tensor:
    return interpolate(image, scale_factor=2.0, mode="nearest")


def angles(found: Clothed, normals: Tensor) -> Tensor:
    """(B,2,H,W): radians between what was found and the true `normals` (B,2,3,H,W)."""
    chord = (found.normals - normals).square().sum(dim=2).clamp(max=3.999)
    return 2 * torch.asin((chord + 1e-6).sqrt() / 2)


def surprise(angle: Tensor, sureness: Tensor) -> Tensor:
    """The negative logarithm of the angular von Mises-Fisher density of an error of `angle`, but for a constant:
    κ θ - log(κ² + 1) + log(1 + exp(-κ π)) [Bae et al. 2021, equation 7]."""
    return sureness * angle - torch.log(sureness.square() + 1) + softplus(-sureness * torch.pi)
