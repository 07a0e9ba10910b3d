"""A tangent-space normal map: what a finer mesh has that the painted one has not."""

from __future__ import annotations

import torch
from torch import Tensor

from avatarkit.mesh import Mesh, split_at_seams, unit, vertex_normals
from avatarkit.surface import Surface
from avatarkit.texturing.places import Places

REACH = 0.02
"""Metres to the finer surface, beyond which there is no detail of this place."""


def relief(places: Places, fine: Mesh) -> Tensor:
    """(P,3) unit: the normals of the nearest points of the `fine` mesh in the places' tangent frames, x along +u, y
    towards the top of the texture, z along the mesh's own normal (glTF's, green up)."""
    found = Surface(fine.vertices, fine.faces).closest(places.points)
    theirs = Places(fine, found.face, found.barycentric).normals
    along, across, normals = frames(places)
    turned = torch.stack([(axis * theirs).sum(dim=1) for axis in (along, across, normals)], dim=1)
    flat = turned.new_tensor([0.0, 0.0, 1.0]).expand_as(turned)
    good = (found.distance < REACH) & (turned[:, 2] > 0.1)
    return torch.where(good[:, None], unit(turned), flat)


def frames(places: Places) -> tuple[Tensor, Tensor, Tensor]:
    """Tangent, bitangent and normal (P,3 each), orthonormal, as viewers make them of the mesh's normals and UVs."""
    mesh = places.mesh
    if mesh.uvs is None:
        raise ValueError("frames: the mesh has no UVs")
    old, corners, _ = split_at_seams(mesh.faces, mesh.uvs)
    a, b, c = mesh.vertices[mesh.faces].unbind(dim=1)
    (u1, v1), (u2, v2) = ((mesh.uvs[:, k] - mesh.uvs[:, 0]).unbind(dim=1) for k in (1, 2))
    area = u1 * v2 - u2 * v1
    sign = torch.where(area < 0, -1.0, 1.0)
    along_u = unit(((b - a) * v2[:, None] - (c - a) * v1[:, None]) * sign[:, None])
    along_v = unit(((c - a) * u1[:, None] - (b - a) * u2[:, None]) * sign[:, None])
    sums = torch.zeros(2, len(old), 3)
    for k in range(3):
        sums[0].index_add_(0, corners[:, k], along_u)
        sums[1].index_add_(0, corners[:, k], along_v)
    at = corners[places.face]
    smooth = unit(places.of(vertex_normals(mesh.vertices, mesh.faces)))
    u, v = ((sums[i][at] * places.barycentric[..., None]).sum(dim=1) for i in (0, 1))
    tangent = unit(u - (u * smooth).sum(dim=1, keepdim=True) * smooth)
    bitangent = torch.linalg.cross(smooth, tangent)
    # v points down in the texture, and green up
    upwards = torch.where((bitangent * v).sum(dim=1, keepdim=True) > 0, -bitangent, bitangent)
    return tangent, upwards, smooth
