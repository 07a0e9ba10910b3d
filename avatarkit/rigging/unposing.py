"""A posed mesh brought back to rest: skinning undone vertex by vertex, and the few faces mended that it tears."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from avatarkit.mesh import Mesh, edges, face_normals, unit
from avatarkit.shapes import sizes
from avatarkit.springs import Springs, balanced

MOST_STRETCH = 4.0
"""How many times longer or shorter an edge may become, beyond what its face's neighbours do."""
LEAST_CLEAR = 0.3
"""The least singular value of a blend of rotations that is undone as it is: below it, twisted joints cancel out."""
RINGS = 0
"""Rings of vertices around torn faces that are mended with them."""


class Unposed(NamedTuple):
    """Vertices at rest (V,3), and (V) bool: those that were mended, and so will not come back to where they were."""

    vertices: Tensor
    mended: Tensor


def unposed(mesh: Mesh, lbs_weights: Tensor, world_from_rest: Tensor) -> Unposed:
    """The mesh's vertices before `world_from_rest` (55,4,4) moved them by their weights (V,55).

    Faces that this turns over or tears get their edges as the joints alone would turn them, in a least-squares sense
    [Sorkine, Alexa: As-Rigid-As-Possible Surface Modeling, SGP 2007, equation 8], between vertices that stay.
    """
    V, _ = sizes("V 3, V J", mesh.vertices, lbs_weights)
    rest, linear, _ = undone(mesh.vertices, lbs_weights, world_from_rest)
    torn = torn_faces(mesh, lbs_weights, world_from_rest)
    mended = torch.zeros(V, dtype=torch.bool)
    mended[mesh.faces[torn]] = True
    for _ in range(RINGS):
        mended[mesh.faces[mended[mesh.faces].any(dim=1)]] = True
    return Unposed(_mended(mesh, rest, linear, mended).to(mesh.vertices), mended)


class Undone(NamedTuple):
    """Vertices (V,3) float64 before skinning, the linear part of it (V,3,3), and (V) whether it can be undone."""

    vertices: Tensor
    linear: Tensor
    clear: Tensor


def undone(vertices: Tensor, lbs_weights: Tensor, world_from_rest: Tensor) -> Undone:
    """Where the vertices (V,3) were before `world_from_rest` (J,4,4) moved them by their weights (V,J)."""
    blend = torch.einsum("vj,jab->vab", lbs_weights.double(), world_from_rest.double()[:, :3])
    linear, shift = blend[..., :3], blend[..., 3]
    rest_from_world, clear = _inverted(linear)
    return Undone((rest_from_world @ (vertices.double() - shift)[..., None])[..., 0], linear, clear)


def _inverted(linear: Tensor) -> tuple[Tensor, Tensor]:
    """The inverses (V,3,3) of blends of rotations, held back where they are nearly singular, and (V) whether they were
    not."""
    u, s, vh = torch.linalg.svd(linear)
    held = vh.transpose(1, 2) @ (u / s.clamp(min=LEAST_CLEAR)[:, None, :]).transpose(1, 2)
    return held, s[:, 2] > LEAST_CLEAR


def torn_faces(mesh: Mesh, lbs_weights: Tensor, world_from_rest: Tensor) -> Tensor:
    """(F) bool: faces that undoing these weights (V,J) turns over or tears."""
    rest, linear, clear = undone(mesh.vertices, lbs_weights, world_from_rest)
    return _torn(mesh, rest, linear) | (~clear)[mesh.faces].any(dim=1)


def _torn(mesh: Mesh, rest: Tensor, linear: Tensor) -> Tensor:
    """(F) bool: faces that lie the wrong way at rest, or with an edge far longer or shorter than in the pose."""
    pairs = mesh.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 3, 2)
    before, after = ((x[pairs[..., 0]] - x[pairs[..., 1]]).norm(dim=2) for x in (mesh.vertices.double(), rest))
    ratio = (after / before.clamp(min=1e-6)).clamp(min=1e-6)
    turned = unit((linear[mesh.faces].mean(dim=1) @ face_normals(rest, mesh.faces)[..., None])[..., 0])
    faced = (turned * face_normals(mesh.vertices, mesh.faces)).sum(dim=1)
    return (ratio > MOST_STRETCH).any(dim=1) | (ratio < 1 / MOST_STRETCH).any(dim=1) | (faced < 0)


def _mended(mesh: Mesh, rest: Tensor, linear: Tensor, mended: Tensor) -> Tensor:
    """`rest` (V,3) with the `mended` (V) so placed that their edges are those of the pose, turned back."""
    if not bool(mended.any()):
        return rest
    pairs = edges(mesh.faces).vertices
    pairs = pairs[mended[pairs].any(dim=1)]
    u, _, vh = torch.linalg.svd(linear)
    back = (u @ vh).transpose(1, 2)
    a, b = pairs.unbind(1)
    along = ((back[a] + back[b]) / 2 @ (mesh.vertices[a] - mesh.vertices[b]).double()[..., None])[..., 0]
    strength = torch.ones(len(pairs), dtype=torch.float64)
    push = torch.zeros_like(rest).index_add(0, a, along).index_add(0, b, -along)
    return balanced(Springs(len(rest), pairs, strength), rest, ~mended, push, rounds=400, exact=1e-5)
