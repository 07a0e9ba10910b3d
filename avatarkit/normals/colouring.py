"""Colours drawn by a diffusion model: parts' own, or a photo's front, become front and back [Get3DHuman, §3.4]."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from avatarkit.errors import BadData
from avatarkit.flats import flat, in_parts
from avatarkit.maps import Maps
from avatarkit.sitter import Sitter

ROOM = "take a smaller --size, or a smaller model"


def coloured(
    sitter: Sitter, maps: Maps, dual: Any, words: str | None = None, *, guidance: float = 1.0, seed: int = 0
) -> Maps:
    """The maps, front and back, with an albedo row that a `dual` pipeline draws.

    It begins with one colour a part, the median of what the maps' albedo has of it, and in front with the sitter's
    photo where there is one. How far colours are trusted stays as it was. BadData for a model of another kind, and for
    maps without albedo and labels.
    """
    from avatarkit import diffusion

    if not isinstance(dual, diffusion.DualAlbedoPipeline):
        raise BadData(f"--colours: a {type(dual).__name__} draws no colours, expected a DualAlbedoPipeline")
    if maps.albedo is None or maps.labels is None or len(maps.views) != 2:
        raise BadData("--colours: the maps have no colours and parts, or other views than front and back")
    normals, albedo = (torch.from_numpy(layer).movedim(-1, 1) for layer in (maps.normals, maps.albedo))
    labels = torch.from_numpy(maps.labels[..., 0]).long()
    sides = in_parts(flat(albedo[:, :3], labels)[0], labels)
    if sitter.photo is not None and sitter.mask is not None:
        shown = ((sitter.mask > 0.9) & (labels[0] > 0))[..., None]
        sides[0] = torch.where(shown, sitter.photo, sides[0].movedim(0, -1)).movedim(-1, 0)
    with diffusion.told_of_memory(ROOM):
        found = diffusion.dual_coloured(
            dual, normals, sides, words, guidance=guidance, generator=torch.Generator().manual_seed(seed)
        )
    row = torch.cat([found, albedo[:, 3:]], dim=1).movedim(1, -1)
    return replace(maps, albedo=row.numpy().astype(np.float32))
