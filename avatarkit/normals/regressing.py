"""Clothes as a network sees them in the photo: front, back, outline and parts at once, each normal with its trust.

sitter ─► Regressor ─► hands, face and feet as the body has them ─► colours of the photo, part by part for the back
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, max_pool2d

from avatarkit import camera as cameras
from avatarkit import render
from avatarkit.errors import UsageError
from avatarkit.maps import PARTS, Maps, View
from avatarkit.normals.covering import joined
from avatarkit.normals.keeping import bodily
from avatarkit.regressor import SIDE, Clothed, Regressor, seen
from avatarkit.sitter import Sitter

NEAR = 41
"""Pixels of SIDE beyond mask and body at which no clothes are believed any more: twice that, less one."""
CALM = 15
"""Pixels of SIDE over which the front's colours are mixed for the back: folds and prints stay in front."""
UNLIKE = ("skin", "eyes", "hair", "beard", "glasses")
"""Parts whose front says little of the back at the same place: there they have their colour on the whole."""
SHARP = 2.0
"""How much steeper an edge is made: within a pixel or two it is covered or not."""
LIT, UNSEEN = 0.5, 0.75
"""The trust of colours that have light and shadow in them, and of those that no photo shows."""


def regressed(sitter: Sitter, network: Regressor, *, front: Tensor | None = None, back: Tensor | None = None) -> Maps:
    """Normals, colours and labels of the clothes that the sitter's photo shows, by a network of ours.

    The network works at SIDE pixels whatever the sitter's. `front` and `back` (4,S,S) made elsewhere stay as they are.
    UsageError without a photo.
    """
    if sitter.photo is None or sitter.mask is None:
        raise UsageError("--source regress needs a photo in body.npz: fit one with fit-smpl, or use --source tailor")
    found, cover = noticed(sitter, network)
    cover = (SHARP * (_at(cover[None], sitter.size)[0] - 0.5) + 0.5).clamp(0, 1)
    normals = _at(found.normals[0], sitter.size)
    normals = normals / normals.norm(dim=1, keepdim=True).clamp(min=1e-6)
    sides, bare = bodily(sitter, torch.cat([normals * (cover > 0), cover.expand(2, -1, -1, -1)], dim=1))
    parts = _at(found.parts[0, :, 1:], sitter.size).argmax(dim=1) + 1
    parts[0] = torch.where((_eyes(sitter) > 0.5) & (parts[0] == PARTS.index("skin")), PARTS.index("eyes"), parts[0])
    trust = _at(found.trust[0][:, None], sitter.size)[:, 0]
    labels = torch.stack([parts.float(), torch.maximum(trust, bare)], dim=-1) * (cover[0] > 0)[None, ..., None]
    maps = Maps(
        (View(sitter.camera), View(sitter.camera, "farthest")),
        sides.movedim(1, -1).numpy().astype(np.float32),
        _coloured(sitter.photo, sitter.mask, parts * (cover[0] > 0.5)).numpy().astype(np.float32),
        labels.numpy().astype(np.float32),
    )
    return joined(maps, front, back)


def noticed(sitter: Sitter, network: Regressor) -> tuple[Clothed, Tensor]:
    """What the network says of a sitter who has a photo, and the coverage (1,SIDE,SIDE) where it is believed."""
    assert sitter.photo is not None and sitter.mask is not None
    shown = torch.cat([sitter.photo.movedim(-1, 0) * sitter.mask, sitter.mask[None]])
    body = replace(sitter, camera=cameras.resized(sitter.camera, (SIDE, SIDE))).maps
    shown = _at(shown[None], SIDE)[0].clamp(0, 1)
    likely = torch.maximum(shown[None, 3:], body[None, :1, 3])
    found = seen(network, shown, body)
    return found, found.cover.sigmoid() * (max_pool2d(likely, NEAR, 1, NEAR // 2)[:, 0] > 0.5)


def _eyes(sitter: Sitter) -> Tensor:
    """(S,S): how much of each pixel shows the body's eyes, which are too small for the network to name."""
    part, names = sitter.model.part, sitter.model.part_names
    if part is None:
        return torch.zeros(sitter.size, sitter.size)
    eyes = torch.isin(part, torch.tensor([k for k, name in enumerate(names) if name.endswith("_eye")]))
    values = eyes[:, None].to(sitter.mesh.vertices)
    image, _ = render.render(sitter.mesh.vertices, sitter.model.faces, [sitter.camera], values, surface="nearest")
    return image[0, ..., 0]


def _coloured(photo: Tensor, mask: Tensor, parts: Tensor) -> Tensor:
    """(2,S,S,4): the photo (S,S,3) itself, and for each part (2,S,S) of the back the colours of that part in front."""
    front = torch.cat([photo, LIT * (mask > 0.5)[..., None]], dim=-1)
    back = torch.zeros_like(front)
    wide = 2 * round(CALM * len(photo) / SIDE / 2) + 1
    for part in parts[1].unique().tolist():
        here, there = parts[1] == part, (parts[0] == part) & (mask > 0.9)
        if part == 0 or not bool(there.any()):
            continue
        pixels = photo[there]
        light = pixels.sum(dim=1)
        colour = pixels[light >= light.median()].median(dim=0).values.expand_as(photo)
        if PARTS[part] not in UNLIKE:
            near = avg_pool2d(
                torch.cat([photo * there[..., None], there[..., None]], dim=-1).movedim(-1, 0), wide, 1, wide // 2
            )
            colour = torch.where((near[3] > 0.1)[..., None], (near[:3] / near[3].clamp(min=0.1)).movedim(0, -1), colour)
        back[here] = torch.cat([colour, torch.full_like(colour[..., :1], UNSEEN)], dim=-1)[here]
    return torch.stack([front, back])


def _at(maps: Tensor, side: int) -> Tensor:
    """(N,C,S,S) in another resolution."""
    return interpolate(maps, (side, side), mode="bilinear", antialias=True) if maps.shape[-1] != side else maps
