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


def mirrored(mesh: Mesh, model: BodyModel, person: Person) -> tuple[Tensor, Tensor] | None:
    """The place (V,3) on the mesh that mirrors each vertex, in the person's pose, and how sure it is (V) 0 … 1.

    Through the nearest point of the posed body, of the same limb where the mesh has `_PART` [ZeroAvatar's symmetry in
    the template's UV space; ours is the vertices' mirror pairs]. None for a body without mirror pairs.
    """
    if model.mirror is None or model.part is None:
        return None
    body, faces = person.mesh(model).vertices, model.faces if model.outer_faces is None else model.outer_faces
    limb_of = torch.zeros(len(model.part_names), dtype=torch.int64)
    for k, names in enumerate(LIMBS):
        limb_of[[i for i, name in enumerate(model.part_names) if name in names]] = k + 1
    of_body = limb_of[model.part[faces[:, 0]]]
    part = mesh.attributes.get("_PART")
    of_mesh = None if part is None else limb_of[part.long().clamp(max=len(limb_of) - 1)]
    home = torch.zeros_like(mesh.vertices)
    for limb in range(len(LIMBS) + 1):
        own = slice(None) if of_mesh is None else (of_mesh == limb).nonzero()[:, 0]
        kept = faces if of_mesh is None else faces[of_body == limb]
        if len(kept) and len(mesh.vertices[own]):
            home[own] = _across(mesh.vertices[own], body, kept, model.mirror)
        if of_mesh is None:
            break
    found = Surface(mesh.vertices, mesh.faces).closest(home)
    sure = 1 - ramp(found.distance, *APART)
    a, b, c = mesh.vertices[mesh.faces].unbind(dim=1)
    ma, mb, mc = found.point[mesh.faces].unbind(dim=1)
    longest = torch.stack([(p - q).norm(dim=1) for p, q in ((a, b), (b, c), (c, a))]).amax(dim=0)
    stretched = torch.stack([(p - q).norm(dim=1) for p, q in ((ma, mb), (mb, mc), (mc, ma))]).amax(dim=0)
    torn = stretched > 3 * longest + 0.01
    sure[mesh.faces[torn].reshape(-1)] = 0  # a triangle whose mirror lies in two places has none
    return found.point, sure


def _across(points: Tensor, body: Tensor, faces: Tensor, mirror: Tensor) -> Tensor:
    """(P,3): points (P,3) near the body, taken over to its other side; as far off it along the normal as they are."""
    near = Surface(body, faces).closest(points)
    corners = faces[near.face]
    here, there = _frames(body[corners]), _frames(body[mirror[corners]])
    off = torch.einsum("pij,pj->pi", here, points - near.point)
    # a mirrored face is turned inside out: its normal points inwards until the sign is changed
    off[:, 2] *= -1
    return (body[mirror[corners]] * near.barycentric[..., None]).sum(dim=1) + torch.einsum("pij,pi->pj", there, off)


def _frames(corners: Tensor) -> Tensor:
    """(P,3,3): rows are along the first edge, across it in the plane, and the normal of triangles (P,3,3)."""
    a, b, c = corners.unbind(dim=1)
    along = unit(b - a)
    normal = unit(torch.linalg.cross(b - a, c - a))
    return torch.stack([along, torch.linalg.cross(normal, along), normal], dim=1)
