"""What a photo's maps can be trusted with: cloth settles between the tailor's guess and the body, skin stays.

Nobody knows the folds of somebody else's clothes: half of them are smoothed away, and the normal is a weighted mean of
the garment's and the body's; how far these two are apart is how little it is to be trusted.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from avatarkit.maps import PARTS, Maps
from avatarkit.mesh import unit
from avatarkit.sitter import Sitter

KNOWN = tuple(float(PARTS.index(name)) for name in ("skin", "eyes"))
FOLDS = 9
"""Pixels of 512 over which folds are smoothed, twice."""
KEPT = 0.5
"""The share of its folds that cloth keeps: none would be nearest to the truth, and look like paint."""
BODILY = 0.25
"""The weight of the body's normal beside the garment's."""
OPEN = 90.0
"""Degrees between garment and body at which a normal is a guess."""
BEYOND = 0.5
"""The trust of cloth that the body is not behind; and of what no photo shows, as a share."""


def settled(sitter: Sitter, maps: Maps) -> Maps:
    """The maps with cloth settled, and the trust of normals (of labels) and colours in their bands, for a sitter with a
    photo."""
    if maps.labels is None or maps.albedo is None:
        raise ValueError("settled: expected maps with albedo and labels")
    normals, labels, albedo = maps.normals.copy(), maps.labels.copy(), maps.albedo.copy()
    for k, view in enumerate(maps.views):
        own = replace(sitter, camera=view.camera).maps[int(view.surface == "farthest")]
        found = torch.from_numpy(maps.normals[k]).movedim(-1, 0)
        skin = torch.isin(torch.from_numpy(maps.labels[k, ..., 0]), torch.tensor(KNOWN))
        seen = view.surface == "nearest" and view.camera is sitter.camera
        side, trust = _settled(found, own, skin)
        normals[k] = side.movedim(0, -1).numpy()
        labels[k, ..., 1] = (labels[k, ..., 1] > 0) * (trust * (1.0 if seen else 0.5 + 0.5 * skin.float())).numpy()
        albedo[k, ..., 3] = albedo[k, ..., 3] * (_agreement(sitter, albedo[k]) if seen else BEYOND)
    return replace(maps, normals=normals, labels=labels, albedo=albedo)


def _settled(found: Tensor, own: Tensor, skin: Tensor) -> tuple[Tensor, Tensor]:
    """A side (4,S,S) and its trust (S,S), from the tailor's side, the body's, and where skin is (S,S) bool."""
    wide = 2 * round(FOLDS * skin.shape[0] / 1024) + 1
    cover = found[3:] * ~skin
    smooth = torch.cat([found[:3] * cover, cover])[None]
    for _ in range(2):
        smooth = avg_pool2d(smooth, wide, 1, wide // 2)
    smooth = _unit(smooth[0, :3])
    behind = (own[3] > 0.5).float()
    cloth = _unit(smooth + BODILY * behind * own[:3] + KEPT * (1 + BODILY) * (found[:3] - smooth))
    apart = torch.rad2deg(torch.arccos((smooth * own[:3]).sum(dim=0).clamp(-1, 1)))
    trust = torch.where(behind > 0, (1 - apart / OPEN).clamp(0, 1), BEYOND * (1 - 0.5 * behind))
    normals = torch.where(skin | (smooth.norm(dim=0) < 0.5), found[:3], cloth)
    return torch.cat([normals * (found[3:] > 0), found[3:]]), torch.where(skin, 1.0, trust)


def _agreement(sitter: Sitter, albedo: np.ndarray) -> np.ndarray:
    """(S,S) 0 … 1: how near a front's colours are to the photo's, light and shadow forgiven."""
    if sitter.photo is None:
        return np.ones(albedo.shape[:2], np.float32)
    photo, own = (x / np.maximum(x.sum(axis=-1, keepdims=True), 0.15) for x in (sitter.photo.numpy(), albedo[..., :3]))
    light = np.abs(sitter.photo.numpy().mean(axis=-1) - albedo[..., :3].mean(axis=-1))
    off = np.abs(photo - own).sum(axis=-1) + 0.5 * light
    agreement: np.ndarray = np.exp(-3 * off).astype(np.float32)
    return agreement


def _unit(vectors: Tensor) -> Tensor:
    """(3,S,S)."""
    return unit(vectors.movedim(0, -1)).movedim(-1, 0)
