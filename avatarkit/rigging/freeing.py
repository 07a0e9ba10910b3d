"""What carving has grown together taken apart: a hand that lies on the hip must come off it when the arm is lifted."""

from __future__ import annotations

import logging
from dataclasses import replace

import torch
from torch import Tensor

from avatarkit.body import BodyModel
from avatarkit.mesh import Mesh, boundary_loops
from avatarkit.rigging.binding import GROUPS, INNER

log = logging.getLogger("avatarkit")

FAMILIES = (
    (*GROUPS["head"], *INNER),
    *(tuple(f"{side}_{part}" for part in ("hand", "thumb", "index", "middle", "ring", "pinky"))
      for side in ("left", "right")),
)  # fmt: skip
"""Parts that may touch each other anywhere, being small and close."""


def freed(mesh: Mesh, model: BodyModel, place: Tensor) -> Mesh:
    """The mesh without faces between parts that are no neighbours on the body, and its holes there closed.

    `place` (V) says which vertices are one, cut apart by their UVs alone. A mesh without `_PART` is left as it is.
    """
    if model.part is None or "_PART" not in mesh.attributes or "_TEMPLATE" not in mesh.attributes:
        return mesh
    part = mesh.attributes["_PART"].long().clamp(max=len(model.part_names) - 1)[mesh.faces]
    near = neighbours(model)
    grown = ~(near[part[:, 0], part[:, 1]] & near[part[:, 1], part[:, 2]] & near[part[:, 2], part[:, 0]])
    if not bool(grown.any()):
        return mesh
    log.info("%d faces between parts that only touch are taken out", int(grown.sum()))
    return _closed(mesh, grown, place)


def neighbours(model: BodyModel) -> Tensor:
    """(P,P) bool: which of the model's parts may share a face."""
    assert model.part is not None
    found = torch.eye(len(model.part_names), dtype=torch.bool)
    faces = model.faces if model.outer_faces is None else torch.cat([model.faces, model.outer_faces])
    for a, b in ((0, 1), (1, 2), (2, 0)):
        found[model.part[faces[:, a]], model.part[faces[:, b]]] = True
    for family in FAMILIES:
        own = torch.tensor([model.part_names.index(name) for name in family if name in model.part_names])
        found[own[:, None], own[None, :]] = True
    return found | found.T


def _closed(mesh: Mesh, out: Tensor, place: Tensor) -> Mesh:
    """The mesh without the faces `out` (F); each rim that this leaves is closed by a fan, all of one colour."""
    faces = mesh.faces[~out]
    touched = torch.zeros(int(place.max()) + 1, dtype=torch.bool)
    touched[place[mesh.faces[out]]] = True
    own = torch.full((len(touched),), -1)
    own[place[faces].reshape(-1).flip(0)] = faces.reshape(-1).flip(0)
    uvs = None if mesh.uvs is None else mesh.uvs[~out]
    fans, colours = [], []
    for loop in boundary_loops(place[faces]):
        if len(loop) < 3 or not bool(touched[loop].all()):
            continue
        rim = own[loop]
        fans.append(torch.stack([rim[0].expand(len(rim) - 2), rim[2:], rim[1:-1]], dim=1))
        if uvs is not None:
            at = (faces == rim[0]).nonzero()[0]
            colours.append(uvs[at[0], at[1]].expand(len(rim) - 2, 3, 2))
    faces = torch.cat([faces, *fans])
    return replace(mesh, faces=faces, uvs=None if uvs is None else torch.cat([uvs, *colours]))
