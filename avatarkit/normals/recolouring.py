"""Each thing worn in the colour that the photo has where it is seen."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from avatarkit import camera as cameras
from avatarkit import render
from avatarkit.outfit import Colour, Garment, Hair, Item, Pattern
from avatarkit.sitter import Sitter
from avatarkit.tailor.piece import Dressed, Piece

SIDE = 192
ENOUGH = 30
"""Pixels of which a colour is told."""


def recoloured(sitter: Sitter, clothes: Dressed, vertices: Tensor, kept: Collection[str]) -> Dressed:
    """The clothes, their vertices at `vertices` (V,3), plain and in the photo's colours, but for the slots `kept`."""
    if sitter.photo is None or sitter.mask is None:
        return clothes
    camera = cameras.resized(sitter.camera, (SIDE, SIDE))
    mesh, labels = clothes.combined()
    owners = torch.zeros(len(vertices), dtype=torch.int64)
    owners[mesh.faces.reshape(-1)] = labels["piece"].repeat_interleave(3)
    one_hot = torch.nn.functional.one_hot(owners, len(clothes.pieces)).to(vertices)
    image, _ = render.render(vertices, mesh.faces, [camera], one_hot)
    picture = torch.cat([sitter.photo.movedim(-1, 0), sitter.mask[None]])[None]
    small = interpolate(picture, (SIDE, SIDE), mode="area")[0].movedim(0, -1).numpy()
    pieces = []
    for k, piece in enumerate(clothes.pieces):
        pixels = small[(image[0, ..., k].numpy() > 0.95) & (small[..., 3] > 0.95)][:, :3]
        known = piece.slot in kept or len(pixels) < ENOUGH
        pieces.append(piece if known else _in(piece, _colour(pixels)))
    return replace(clothes, pieces=tuple(pieces))


def _colour(pixels: np.ndarray) -> Colour:
    """The median of the better lit half of pixels (N,3)."""
    light = pixels.sum(axis=1)
    red, green, blue = (round(float(c), 4) for c in np.median(pixels[light >= np.median(light)], axis=0))
    return red, green, blue


def _in(piece: Piece, colour: Colour) -> Piece:
    made_of: Any = piece.made_of
    if isinstance(made_of, Garment):
        made_of = replace(made_of, pattern=Pattern(colours=(colour,)))
    elif isinstance(made_of, Item | Hair):
        made_of = replace(made_of, colour=colour)
    return replace(piece, made_of=made_of)
