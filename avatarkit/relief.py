"""A tangent-space normal map: what a finer mesh has that the painted one has not."""

from __future__ import annotations

import torch
from torch import Tensor

from avatarkit.mesh import Mesh, split_at_seams, unit, vertex_normals
from avatarkit.places import Places
from avatarkit.surface import Surface
from avatarkit.tangents import split_at_mirrors, vertex_tangents

REACH = 0.02
"""Metres to the finer surface, beyond which there is no detail of this place."""


def relief(places: Places, fine: Mesh) -> Tensor:
    """(P,3) unit: the normals of the nearest points of the `fine` mesh in the places' tangent frames, x along +u, y
    towards the top of the texture, z along the mesh's own normal (glTF's, green up)."""
    found = Surface(fine.vertices, fine.faces).closest(places.points)
    theirs = Places(fine, found.face, found.barycentric).normals
    return in_frames(places, theirs, known=found.distance < REACH)


def in_frames(places: Places, theirs: Tensor, *, known: Tensor) -> Tensor:
    """(P,3) unit: the normals `theirs` (P,3) in the places' tangent frames; upright where they are not `known` (P) or
    face elsewhere."""
    along, across, normals = frames(places)
    turned = torch.stack([(axis * theirs).sum(dim=1) for axis in (along, across, normals)], dim=1)
    flat = turned.new_tensor([0.0, 0.0, 1.0]).expand_as(turned)
    good = known & (turned[:, 2] > 0.1)
    return torch.where(good[:, None], unit(turned), flat)


def frames(places: Places) -> tuple[Tensor, Tensor, Tensor]:
    """Tangent, bitangent and normal (P,3 each), orthonormal: MikkTSpace's, which viewers have too."""
    mesh = places.mesh
    if mesh.uvs is None:
        raise ValueError("frames: the mesh has no UVs")
    old, corners, uv = split_at_seams(mesh.faces, mesh.uvs)
    rows, corners = split_at_mirrors(corners, uv)
    normals = vertex_normals(mesh.vertices, mesh.faces)
    found = vertex_tangents(mesh.vertices[old][rows], corners, normals[old][rows], uv[rows])[corners[places.face]]
    smooth = unit(places.of(normals))
    u = (found[..., :3] * places.barycentric[..., None]).sum(dim=1)
    tangent = unit(u - (u * smooth).sum(dim=1, keepdim=True) * smooth)
    return tangent, torch.linalg.cross(smooth, tangent) * found[:, :1, 3], smooth
