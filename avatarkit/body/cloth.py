"""Surfaces around the body that are no skin: what garments are cut from, shaped and skinned as the body is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from avatarkit.body.skinning import blended


@dataclass(frozen=True, eq=False)
class ClothSurface:
    """One surface in the T-pose, in the body's axes and metres: MakeHuman's tights, skirt or hair."""

    v_template: Tensor
    """(C, 3)"""
    faces: Tensor
    """(D, 3) int64, outward"""
    shapedirs: Tensor
    """(C, 3, B) for the body's own betas; stored as (B, 3, C)"""
    lbs_weights: Tensor
    """(C, 55); rows sum to one"""
    mirror: Tensor
    """(C) the vertex on the other side, int64"""
    base_vertex: Tensor
    """(C) index into MakeHuman's base mesh, int64"""

    def shaped(self, betas: Tensor) -> Tensor:
        """Vertices (..., C, 3) in the T-pose, of betas (..., ≤ B): they fit `BodyModel.shaped(betas).vertices`."""
        return blended(self.v_template, self.shapedirs, betas)


def cloth_surfaces(known: Mapping[str, np.ndarray]) -> dict[str, ClothSurface] | None:
    """The surfaces by name of a body file's `cloth_*` arrays, float32, on the CPU; None where there are none."""
    if "cloth_names" not in known:
        return None
    owner, faces = known["cloth_surface"], known["cloth_f"].astype(np.int64)
    surfaces = {}
    for number, name in enumerate(known["cloth_names"].tolist()):
        rows = np.flatnonzero(owner == number)
        place = np.full(len(owner), -1)
        place[rows] = np.arange(len(rows))
        dirs = known["cloth_shapedirs"][rows].transpose(2, 1, 0)
        weights = known["cloth_weights"][rows].astype(np.float64).clip(min=0)
        surfaces[name] = ClothSurface(
            v_template=_floats(known["cloth_v_template"][rows]),
            faces=torch.from_numpy(place[faces[owner[faces[:, 0]] == number]]),
            shapedirs=_floats(dirs).permute(2, 1, 0),
            lbs_weights=_floats(weights / weights.sum(axis=1, keepdims=True)),
            mirror=torch.from_numpy(place[known["cloth_mirror"][rows].astype(np.int64)]),
            base_vertex=torch.from_numpy(known["cloth_base_vertex"][rows].astype(np.int64)),
        )
    return surfaces


def _floats(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(array, dtype=np.float32, order="C"))
