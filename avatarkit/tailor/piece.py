"""What the tailor makes: pieces (skin, garments, hair …), each a mesh that knows its place on the resting body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from avatarkit.mesh import Mesh
from avatarkit.outfit import Garment, Hair, Item, Outfit
from avatarkit.shapes import sizes

PANELS = ("skin", "eye", "mouth", "body", "left sleeve", "right sleeve", "left leg", "right leg", "skirt", "collar",
          "hood", "cuff", "hem", "waistband", "placket", "pocket", "button", "belt", "strap", "lining", "upper", "sole",
          "lace", "strand", "band", "brim", "lens", "frame", "zip")  # fmt: skip
"""What a face of a piece belongs to: patterns run along sleeves and legs, soles have the accent's colour."""
PANEL = {name: index for index, name in enumerate(PANELS)}


@dataclass(frozen=True, eq=False)
class Piece:
    """One thing that is worn, or the person's skin.

    `mesh`: on the posed body, world metres; where texture coordinates are known, `uvs`.
    """

    slot: str
    """`skin`, or a field of Outfit"""
    made_of: Garment | Hair | Item | None
    mesh: Mesh
    rest: Tensor
    """(V,3) where each vertex lies on the T-posed body, metres, before draping: where patterns and fabric live"""
    lbs_weights: Tensor
    """(V,55) rows sum to one"""
    panel: Tensor
    """(F) uint8 index into PANELS"""

    def __post_init__(self) -> None:
        sizes("V 3, V 3, V J, F 3, F", self.mesh.vertices, self.rest, self.lbs_weights, self.mesh.faces, self.panel)


@dataclass(frozen=True, eq=False)
class Dressed:
    """A dressed person: pieces from the skin outwards. What clothes cover of the skin is left out of its faces."""

    outfit: Outfit
    pieces: tuple[Piece, ...]
    lift: float = 0.0
    """metres that the person was raised, so that the ground is where it was, now below their soles"""

    def __getitem__(self, slot: str) -> Piece:
        return next(piece for piece in self.pieces if piece.slot == slot)

    def combined(self) -> tuple[Mesh, Mapping[str, Tensor]]:
        """One mesh with the attributes `rest` (V,3) and `lbs_weights` (V,55); and, per face, `piece` (F) int64, an
        index into `pieces`, and `panel` (F) uint8."""
        counts = [len(piece.mesh.vertices) for piece in self.pieces]
        starts = [sum(counts[:k]) for k in range(len(counts))]
        mesh = Mesh(
            torch.cat([piece.mesh.vertices for piece in self.pieces]),
            torch.cat([piece.mesh.faces + start for piece, start in zip(self.pieces, starts, strict=True)]),
        ).having(
            rest=torch.cat([piece.rest for piece in self.pieces]),
            lbs_weights=torch.cat([piece.lbs_weights for piece in self.pieces]),
        )
        owners = torch.arange(len(self.pieces)).repeat_interleave(
            torch.tensor([len(piece.mesh.faces) for piece in self.pieces])
        )
        return mesh, {"piece": owners, "panel": torch.cat([piece.panel for piece in self.pieces])}
