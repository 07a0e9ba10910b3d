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
PHOTO, MIRROR, ALBEDO, CONTINUED, BUILT_IN = 1, 2, 3, 4, 5
"""Where a texel's colour is from; 0 is no surface."""
SOURCES = ("nothing", "photo", "mirror", "albedo row", "continued", "built in")
SOURCE_COLOURS = ((0, 0, 0), (60, 160, 60), (60, 60, 220), (220, 180, 40), (220, 60, 60), (200, 60, 200))
FRINGE = 0.0035
"""How far the background bleeds into a person's outline in a photo, as a share of the person's height in it."""
SOFT = 3.0
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
    edge: float = 2.0
    """pixels by which the person's contours in the picture may lie beside those of the mesh"""

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
    return Sight(PHOTO, camera, picture[:3], inner(picture[3], edge), edge=edge)


def of_maps(maps: Maps) -> list[Sight]:
    """The views of the albedo row, or none where the maps have no colours."""
    if maps.albedo is None:
        return []
    found = []
    for k, view in enumerate(maps.views):
        albedo = torch.from_numpy(maps.albedo[k]).movedim(-1, 0)
        labels = None if maps.labels is None else torch.from_numpy(maps.labels[k, ..., 0]).long()
        trust = inner(torch.from_numpy(maps.normals[k, ..., 3]), 1.0) * albedo[3]
        surface: Surface = "farthest" if view.surface == "farthest" else "nearest"
        found.append(Sight(ALBEDO, view.camera, albedo[:3], trust, surface, labels))
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
    near, steps = spots[None, None].float(), int(np.ceil(reach))
    found = torch.full_like(near, reach)
    for step in range(steps, 0, -1):
        found = torch.where(max_pool2d(near, 2 * step - 1, stride=1, padding=step - 1) > 0, float(step - 1), found)
    return found[0, 0].clamp(max=reach)
