"""Which way a normal map's red points: a tangent at each vertex, as MikkTSpace has it and glTF wants it.

Viewers and bakers must agree on this frame, or relief is lit from a wrong side [Mikkelsen, "Simulation of Wrinkled
Surfaces Revisited", 2008]: a face's tangent is projected into each corner's plane and weighted by the corner's angle.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from avatarkit.gltf import Primitive
from avatarkit.mesh import unit
from avatarkit.shapes import sizes


def vertex_tangents(vertices: Tensor, faces: Tensor, normals: Tensor, uv: Tensor) -> Tensor:
    """(V, 4): unit along +u, at right angles to the unit normals; and 1, or -1 where the texture is mirrored.

    uv (V, 2) is glTF's, v down; the bitangent w · normal × tangent points to the texture's top, as green does. A vertex
    whose faces have no area in the texture gets any tangent. Vertices are split where the texture has seams.
    """
    V, _ = sizes("V 3, F 3, V 3, V 2", vertices, faces, normals, uv)
    a, b, c = vertices[faces].unbind(1)
    (u1, v1), (u2, v2) = ((uv[faces[:, k]] - uv[faces[:, 0]]).unbind(1) for k in (1, 2))
    hand = torch.sign(u2 * v1 - u1 * v2)  # of the area, v up
    along = unit((c - a) * v1[:, None] - (b - a) * v2[:, None]) * hand[:, None]
    sums, hands = vertices.new_zeros(V, 3), vertices.new_zeros(V)
    for corner in range(3):
        at = faces[:, corner]
        here, normal = vertices[at], normals[at]
        sides = [_in_plane(vertices[faces[:, (corner + k) % 3]] - here, normal) for k in (1, 2)]
        angle = torch.arccos((sides[0] * sides[1]).sum(1).clamp(-1, 1)) * (hand != 0)
        sums.index_add_(0, at, angle[:, None] * _in_plane(along, normal))
        hands.index_add_(0, at, angle * hand)
    axis = torch.eye(3, dtype=normals.dtype, device=normals.device)[normals.abs().argmin(1)]
    found = torch.where(sums.norm(dim=1, keepdim=True) > 1e-6, sums, _in_plane(axis, normals))
    return torch.cat([_in_plane(found, normals), torch.where(hands < 0, -1.0, 1.0).to(found)[:, None]], 1)


def _in_plane(vectors: Tensor, normals: Tensor) -> Tensor:
    """The vectors without what they have along the unit normals, of length 1."""
    return unit(vectors - (vectors * normals).sum(1, keepdim=True) * normals)


def split_at_mirrors(faces: Tensor, uv: Tensor) -> tuple[Tensor, Tensor]:
    """The old vertex of each new one (V'), and the faces (F,3) in the new ones: a vertex that mirrored faces share with
    others becomes two, the mirrored one at the end of the list, as it has two tangents."""
    sizes("F 3, V 2", faces, uv)
    (u1, v1), (u2, v2) = ((uv[faces[:, k]] - uv[faces[:, 0]]).unbind(1) for k in (1, 2))
    hand = u2 * v1 - u1 * v2
    of_mirrored, of_others = (torch.zeros(len(uv), dtype=torch.bool, device=uv.device) for _ in range(2))
    of_mirrored[faces[hand < 0]], of_others[faces[hand > 0]] = True, True
    both = torch.nonzero(of_mirrored & of_others)[:, 0]
    moved = torch.arange(len(uv), device=uv.device)
    kept = torch.cat([moved, both])
    moved[both] = len(uv) + torch.arange(len(both), device=uv.device)
    return kept, torch.where((hand < 0)[:, None], moved[faces], faces)


def with_tangents(primitive: Primitive) -> Primitive:
    """The primitive with tangents, its vertices split where mirrored faces meet others.

    ValueError where it has no normals or no UV.
    """
    if primitive.normals is None or primitive.uv is None:
        raise ValueError("tangents: the primitive has no normals or no UV")
    places, normals, uv = (
        torch.from_numpy(np.asarray(values, np.float64))
        for values in (primitive.vertices, primitive.normals, primitive.uv)
    )
    rows, faces = split_at_mirrors(torch.from_numpy(primitive.faces), uv)
    found = vertex_tangents(places[rows], faces, unit(normals)[rows], uv[rows])
    kept = rows.numpy()
    arrays = {
        name: values[kept]
        for name in ("vertices", "normals", "uv", "colors", "joints", "weights")
        if (values := getattr(primitive, name)) is not None
    }
    return replace(
        primitive,
        faces=faces.numpy(),
        morphs=None if primitive.morphs is None else primitive.morphs[:, kept],
        custom={name: values[kept] for name, values in primitive.custom.items()},
        tangents=found.numpy().astype(np.float32),
        **arrays,
    )
