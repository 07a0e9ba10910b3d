"""What shows a person's colours: the photo, the albedo row of `normals.png`; each a camera, a picture, its trust."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from avatarkit import camera as cameras
from avatarkit.camera import Camera
from avatarkit.maps import Maps
from avatarkit.person import Person
from avatarkit.shapes import sizes

Surface = Literal["nearest", "farthest"]
LABELS, PHOTO, MIRROR, ALBEDO, CONTINUED, BUILT_IN, GENERATED, REFINED = range(8)
"""Where a texel's colour is from; of LABELS none is, and 0 in a source map is no surface."""
SOURCES = ("nothing", "photo", "mirror", "albedo row", "continued", "built in", "generated", "refined")
SOURCE_COLOURS = ((0, 0, 0), (60, 160, 60), (60, 60, 220), (220, 180, 40), (220, 60, 60), (200, 60, 200),
                  (60, 200, 200), (240, 240, 240))  # fmt: skip
FRINGE = 0.002
"""How far the background bleeds into a person's outline in a photo, as a share of the person's height in it."""
SOFT = 2.5
"""How many times as far from the outline a picture is fully trusted."""


@dataclass(frozen=True, eq=False)
class Sight:
    """A camera's picture: `colours` (3,H,W) sRGB 0 … 1, `trust` (H,W) 0 … 1, `labels` (H,W) of maps.PARTS or None."""

    source: int
    camera: Camera
    colours: Tensor
    trust: Tensor
    surface: Surface = "nearest"
    labels: Tensor | None = None
    mask: Tensor | None = None
    """(H,W) 0 … 1: where the person is in the picture; default where it is trusted"""
    vertices: Tensor | None = None
    """(V,3): where the mesh's vertices are in this picture, when the person moved"""

    def __post_init__(self) -> None:
        H, W = sizes("3 H W, H W", self.colours, self.trust)
        if self.camera.size != (W, H):
            raise ValueError(f"sight: the camera sees {self.camera.size}, the picture is {(W, H)}")


def of_photo(person: Person) -> Sight | None:
    """The person's photo without the fringe of its outline; None for one from words."""
    if person.crop is None:
        return None
    H, W = sizes("H W 4", person.crop)
    camera = cameras.cropped(person.camera, (*person.crop_offset, W, H))
    picture = torch.from_numpy(person.crop).float().movedim(-1, 0) / 255
    rows = np.flatnonzero((person.crop[..., 3] > 127).any(axis=1))
    height = float(np.ptp(rows)) if len(rows) else float(H)
    edge = max(FRINGE * height, 1.0)
    return Sight(PHOTO, camera, picture[:3], inner(picture[3], edge), mask=picture[3])


def of_maps(maps: Maps) -> list[Sight]:
    """The views of the albedo row, where there is one, and those that show labels alone, where there are labels."""
    found = []
    for k, view in enumerate(maps.views):
        surface: Surface = "farthest" if view.surface == "farthest" else "nearest"
        mask = torch.from_numpy(maps.normals[k, ..., 3])
        cover = inner(mask, 1.0)
        if maps.albedo is not None:
            albedo = torch.from_numpy(maps.albedo[k]).movedim(-1, 0)
            found.append(Sight(ALBEDO, view.camera, albedo[:3], cover * albedo[3], surface, mask=mask))
        if maps.labels is not None:
            part, trust = torch.from_numpy(maps.labels[k]).unbind(dim=-1)
            nothing = torch.zeros(3, *part.shape)
            found.append(Sight(LABELS, view.camera, nothing, cover * trust, surface, part.long(), mask))
    return found


def inner(mask: Tensor, edge: float) -> Tensor:
    """(H,W): 0 outside of a mask (H,W) and within `edge` pixels of its outline, 1 from SOFT times that far on."""
    return ramp(distance(mask < 0.9, SOFT * edge), edge, SOFT * edge)


def ramp(values: Tensor, low: float, high: float) -> Tensor:
    """0 below `low`, 1 above `high`, smooth between."""
    share = ((values - low) / (high - low)).clamp(0, 1)
    return share * share * (3 - 2 * share)


def distance(spots: Tensor, reach: float) -> Tensor:
    """(H,W): how far each pixel is from the nearest of `spots` (H,W) bool, pixels, up to `reach`; Chebyshev's."""
    near, found = spots[None, None].float(), torch.full((1, 1, *spots.shape), float(reach))
    for step in range(int(np.ceil(reach))):
        found = torch.where((near > 0) & (found > step), float(step), found)
        near = max_pool2d(near, 3, stride=1, padding=1)
    return found[0, 0]
