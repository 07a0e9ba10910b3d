"""A dressed person made ready to be looked at: where each vertex lies on the body, and what each face is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from avatarkit.appearance import fabrics
from avatarkit.appearance.borders import rim_distances, seam_distances
from avatarkit.appearance.cloth import Rows
from avatarkit.appearance.complexion import Skin, skin_of
from avatarkit.appearance.materials import CLOTH, STRANDS, Swatch, swatch_rows, swatches_of
from avatarkit.appearance.regions import regions
from avatarkit.body import BodyModel
from avatarkit.mesh import Mesh
from avatarkit.shapes import sizes
from avatarkit.tailor.piece import Dressed, Piece

__all__ = ["CLOTH", "STRANDS", "Looks", "fabrics", "points_of", "prepared"]


@dataclass(frozen=True, eq=False)
class Looks:
    """What `albedo`, `relief`, `photograph` and `baked` read."""

    mesh: Mesh
    """all pieces, as `Dressed.combined` orders them"""
    corners: NDArray[np.int64]
    """(F,3) the mesh's faces"""
    rest: NDArray[np.float64]
    """(V,3) on the T-posed body, metres"""
    places: NDArray[np.float64]
    """(V,8) place (3) where patterns and features live; of skin, the five fields of `regions`; of cloth, metres to a
    rim, and signed to the seam of sleeve or leg; of hair, along and across its strand and whether these are known"""
    row: NDArray[np.int64]
    """(F) into `rows`"""
    rows: Rows
    skin: Skin


def prepared(dressed: Dressed, model: BodyModel, *, seed: int = 0, age: float = 35.0, sex: float = 0.5) -> Looks:
    """The looks of a person of `age` years and `sex` 0 male … 1 female; `seed` draws what chance decides.

    The piece `skin` has the model's vertices, in its order; ValueError otherwise.
    """
    mesh, _ = dressed.combined()
    fields, kinds = regions(model)
    places = np.zeros((len(mesh.vertices), 8))
    row = np.zeros(len(mesh.faces), np.int64)
    swatches: list[Swatch] = []
    vertex, face = 0, 0
    for index, piece in enumerate(dressed.pieces):
        V, F = sizes("V 3, F", piece.mesh.vertices, piece.panel)
        here = places[vertex : vertex + V]
        here[:, :3] = piece.rest.detach().cpu().numpy()
        corners = piece.mesh.faces.cpu().numpy()
        if piece.slot == "skin":
            if V != len(model.v_template):
                raise ValueError(f"looks: the skin has {V} vertices, the body model {len(model.v_template)}")
            here[:, :3], here[:, 3:] = model.v_template.cpu().numpy(), fields
            found = swatches_of(piece, dressed.outfit, here[:, :3], seed)
            panel = kinds[corners[:, 0]]
        else:
            found = swatches_of(piece, dressed.outfit, here[:, :3], seed + 101 * index)
            panel = _garment_places(piece, here, corners)
        names = sorted(found)
        lookup = np.zeros(max(names) + 1, np.int64)
        lookup[names] = len(swatches) + np.arange(len(names))
        row[face : face + F] = lookup[panel]
        swatches += [found[name] for name in names]
        vertex, face = vertex + V, face + F
    skin = skin_of(dressed.outfit.complexion, dressed.outfit.hair, age=age, sex=sex, seed=seed)
    rest = mesh.attributes["rest"].detach().cpu().numpy().astype(np.float64)
    return Looks(mesh, mesh.faces.cpu().numpy(), rest, places, row, swatch_rows(swatches), skin)


def _garment_places(piece: Piece, here: NDArray[np.float64], corners: NDArray[np.int64]) -> NDArray[np.int64]:
    """Fill in borders or strands; the panel (F) of each face."""
    panel: NDArray[np.int64] = piece.panel.cpu().numpy().astype(np.int64)
    strand = piece.mesh.attributes.get("strand")
    if strand is not None:
        here[:, 3:5], here[:, 5] = strand.detach().cpu().numpy(), 1
    elif piece.slot != "hair":
        here[:, 3] = rim_distances(here[:, :3], corners, panel)
        here[:, 4] = seam_distances(here[:, :3], corners, panel)
    return panel


def points_of(face: Any, barycentric: Any) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Faces (P) int64 and weights (P,3) float64 as kernels read them, of arrays or tensors."""
    if isinstance(face, torch.Tensor):
        face = face.detach().cpu().numpy()
    if isinstance(barycentric, torch.Tensor):
        barycentric = barycentric.detach().cpu().numpy()
    face, barycentric = np.ascontiguousarray(face, np.int64), np.ascontiguousarray(barycentric, np.float64)
    sizes("P, P 3", face, barycentric)
    return face, barycentric
