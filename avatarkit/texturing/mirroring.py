"""Where the other side of a person is: left and right of the body template, carried to any mesh around it."""

from __future__ import annotations

import torch
from torch import Tensor

from avatarkit.body import BodyModel
from avatarkit.mesh import Mesh, unit
from avatarkit.person import Person
from avatarkit.surface import Surface
from avatarkit.texturing.sights import ramp

APART = (0.015, 0.05)
"""Metres between the mirrored place and the mesh at which the mirror is believed, and no more."""
ARM = ("upper_arm", "lower_arm", "hand", "thumb", "index", "middle", "ring", "pinky")
LEG = ("upper_leg", "lower_leg", "foot")
LIMBS = tuple(tuple(f"{side}_{name}" for name in limb) for limb in (ARM, LEG) for side in ("left", "right"))


def mirrored(
    mesh: Mesh, model: BodyModel, person: Person, labels: Tensor | None = None
) -> tuple[Tensor, Tensor] | None:
    """The place (V,3) on the mesh that mirrors each vertex, in the person's pose, and how sure it is (V) 0 … 1.

    Through the nearest point of the posed body, of the same limb where the mesh has `_PART` [ZeroAvatar's symmetry in
    the template's UV space; ours is the vertices' mirror pairs]. What mirrors a vertex has its label (V), or is not
    sure. None for a body without mirror pairs.
    """
    if model.mirror is None:
        return None
    home = carried(mesh, model, person, person, mirror=True)
    found = Surface(mesh.vertices, mesh.faces).closest(home)
    sure = 1 - ramp(found.distance, *APART)
    if labels is not None:
        corner = mesh.faces[found.face].gather(1, found.barycentric.argmax(dim=1, keepdim=True))[:, 0]
        sure = sure * (labels[corner] == labels)
    lengths, stretched = (_longest(points[mesh.faces]) for points in (mesh.vertices, found.point))
    torn = stretched > 3 * lengths + 0.01
    sure[mesh.faces[torn].reshape(-1)] = 0  # a triangle whose mirror lies in two places has none
    return found.point, sure


def carried(mesh: Mesh, model: BodyModel, person: Person, other: Person, *, mirror: bool = False) -> Tensor:
    """(V,3): where the mesh's vertices, around the body of `person`, lie around that of `other`, or its mirror image.

    Each keeps the nearest point of the body, of the same limb where the mesh has `_PART`, and its place beside it.
    """
    body, target = person.mesh(model).vertices, other.mesh(model).vertices
    faces = model.faces if model.outer_faces is None else model.outer_faces
    to = model.mirror if mirror else None
    if model.part is None or "_PART" not in mesh.attributes:
        return _across(mesh.vertices, body, target, faces, to)
    limb_of = torch.zeros(len(model.part_names), dtype=torch.int64)
    for k, names in enumerate(LIMBS):
        limb_of[[i for i, name in enumerate(model.part_names) if name in names]] = k + 1
    of_body = limb_of[model.part[faces[:, 0]]]
    of_mesh = limb_of[mesh.attributes["_PART"].long().clamp(max=len(limb_of) - 1)]
    found = torch.zeros_like(mesh.vertices)
    for limb in of_mesh.unique():
        own = (of_mesh == limb).nonzero()[:, 0]
        found[own] = _across(mesh.vertices[own], body, target, faces[of_body == limb], to)
    return found


def _longest(corners: Tensor) -> Tensor:
    """(F): the longest side of triangles (F,3,3)."""
    return (corners - corners.roll(1, dims=1)).norm(dim=2).amax(dim=1)


def _across(points: Tensor, body: Tensor, target: Tensor, faces: Tensor, mirror: Tensor | None) -> Tensor:
    """(P,3): points (P,3) near the faces of one body, taken to another's (V,3), or to its other side."""
    near = Surface(body, faces).closest(points)
    corners = faces[near.face]
    there = corners if mirror is None else mirror[corners]
    frames, others = _frames(body[corners]), _frames(target[there])
    off = torch.einsum("pij,pj->pi", frames, points - near.point)
    if mirror is not None:  # a mirrored face is turned inside out: its normal points inwards
        off[:, 2] *= -1
    return (target[there] * near.barycentric[..., None]).sum(dim=1) + torch.einsum("pij,pi->pj", others, off)


def _frames(corners: Tensor) -> Tensor:
    """(P,3,3): rows are along the first edge, across it in the plane, and the normal of triangles (P,3,3)."""
    a, b, c = corners.unbind(dim=1)
    along = unit(b - a)
    normal = unit(torch.linalg.cross(b - a, c - a))
    return torch.stack([along, torch.linalg.cross(normal, along), normal], dim=1)
