"""Dual pipelines asked of square views in any resolution: in the model's own, of the strip in which somebody stands,
and upon what is known as sharp as it is."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate, max_pool2d, pad

from avatarkit.diffusion.dual import DualNormalPipeline, DualPipeline
from avatarkit.mesh import unit
from avatarkit.shapes import sizes
from avatarkit.strip import strip_of

EDGE, FULL = 3, 0.99
"""Pixels from the outline of known normals to where they are believed, and the coverage that lies inside."""


def asked(
    dual: DualPipeline,
    given: Tensor,
    words: list[str] | Tensor | None = None,
    known: Tensor | None = None,
    *,
    front: Tensor | None = None,
    start: Tensor | None = None,
    noise: Tensor | None = None,
    **options: Any,
) -> Tensor:
    """(B,2,4,S,S): what a dual pipeline says of normals that are `given` (B,2,4,S,S), whatever S; nobody is beside the
    strip. All else is as the pipeline takes it, `front` (B,4,S,S), `noise` in the grid of the model's resolution."""
    B, S = sizes("B 2 4 S S", given)
    side, patch = dual.side or S, int(dual.codec.config.patch)
    is_normals = isinstance(dual, DualNormalPipeline)
    own = _at(given, side)
    small = {
        "known": None if known is None else _at(known, side, is_normals),
        "start": None if start is None else _at(start, side, is_normals),
        "front": None if front is None else _at(front[:, None], side, is_normals)[:, 0],
    }
    likely = [own[:, :, 3]] + [
        maps.reshape(B, -1, 4, side, side)[:, :, 3] for maps in small.values() if maps is not None
    ]
    left, right = strip_of(torch.cat(likely, dim=1).amax(dim=(0, 1)), align=patch)
    cut = {name: None if maps is None else maps[..., left:right] for name, maps in small.items()}
    some = None if noise is None else noise[..., left // patch : right // patch]
    narrow = own[..., left:right]
    found = dual(narrow, words, cut["known"], front=cut["front"], start=cut["start"], noise=some, **options).maps
    found = pad(found, (left, side - right))
    if side == S:
        return found
    whole = dual.begins_with(given, known)
    finer = whole - _at(dual.begins_with(own, small["known"]), S, False)
    if is_normals:  # at an outline that moves, what is known tells nothing
        within = -max_pool2d(-whole[:, :, 3].gt(FULL).float(), 2 * EDGE + 1, 1, EDGE)
        finer = finer * within[:, :, None]
    return dual.finished(_at(found, S, False) + finer, whole, front)


def _at(maps: Tensor, side: int, of_normals: bool = True) -> Tensor:
    """Pairs (B,N,4,S,S) in another resolution, normals unit again."""
    if maps.shape[-1] == side:
        return maps
    found = interpolate(maps.flatten(0, 1), (side, side), mode="bilinear", antialias=True).unflatten(0, maps.shape[:2])
    if not of_normals:
        return found
    normals = unit(found[:, :, :3].movedim(2, -1)).movedim(-1, 2)
    return torch.cat([normals * (found[:, :, 3:] > 0), found[:, :, 3:]], dim=2)
