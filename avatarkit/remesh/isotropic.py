"""Uniform isotropic remeshing to one edge length [Botsch and Kobbelt 2004]."""

import math
from dataclasses import replace

import torch
from torch import Tensor

from avatarkit.mesh import Mesh, edges, face_crosses, uniform_laplacian, vertex_normals
from avatarkit.remesh.continuous import remeshed
from avatarkit.surface import Surface

LONGEST, SHORTEST = 4 / 3, 4 / 5
KEPT = "frozen while remeshing"  # the attribute that follows the frozen vertices


def isotropic(mesh: Mesh, length: float, *, frozen: Tensor | None = None, rounds: int = 8) -> Mesh:
    """The mesh with edges of `length` metres, more or less (4/5 to 4/3), its vertices on the old surface.

    Each round: split, collapse and flip as `remeshed`, then each vertex to its neighbours' mean within its tangent
    plane and to the closest point of the old surface. Attributes go along as in `remeshed`; `frozen` (V,) bool and
    rims stay. A mesh without faces is handed back.
    """
    if not 0 < length < math.inf or rounds < 1:
        raise ValueError(f"isotropic: length {length}, rounds {rounds}; expected a finite length in metres, above 0")
    if len(mesh.faces) == 0:
        return mesh
    surface = Surface(mesh.vertices, mesh.faces)
    held = torch.zeros(len(mesh.vertices), dtype=torch.bool) if frozen is None else frozen
    found = mesh.having(**{KEPT: held.to(mesh.faces.device)})
    for _ in range(rounds):
        held = found.attributes[KEPT]
        target = torch.full((len(held),), length)
        found = remeshed(found, target, frozen=held, longest=LONGEST, shortest=SHORTEST)
        moved = _relaxed(found.vertices, found.faces, surface)
        found = replace(found, vertices=_upright(found.vertices, moved, found.faces, held=found.attributes[KEPT]))
    return replace(found, attributes={name: found.attributes[name] for name in mesh.attributes})


def _relaxed(vertices: Tensor, faces: Tensor, surface: Surface) -> Tensor:
    """(V,3): each vertex' neighbours' mean, at its own height over the tangent plane, then on the surface."""
    step = uniform_laplacian(faces, len(vertices), dtype=vertices.dtype) @ vertices
    normals = vertex_normals(vertices, faces)
    return surface.closest(vertices + step - (step * normals).sum(dim=1, keepdim=True) * normals).point


def _upright(old: Tensor, new: Tensor, faces: Tensor, *, held: Tensor) -> Tensor:
    """(V,3): the new places, but the old ones for what is held, on a rim, or would turn a face by 60° or flatten it."""
    mesh_edges = edges(faces)
    back = held.clone()
    back[mesh_edges.vertices[(mesh_edges.counts != 1).any(dim=1)]] = True
    before = face_crosses(old, faces)
    while True:
        found = torch.where(back[:, None], old, new)
        after = face_crosses(found, faces)
        sizes = before.norm(dim=1) * after.norm(dim=1)
        bent = ((before * after).sum(dim=1) <= sizes / 2) | (_flatness(found, faces, after) < 0.1)
        again = back.clone()
        again[faces[bent]] = True
        if torch.equal(again, back):
            return found
        back = again


def _flatness(vertices: Tensor, faces: Tensor, crosses: Tensor) -> Tensor:
    """(F,): 1 for equilateral triangles, 0 for those without area."""
    corners = vertices[faces]
    lengths = (corners - corners.roll(1, dims=1)).square().sum(dim=(1, 2))
    return 12**0.5 * crosses.norm(dim=1) / lengths.clamp(min=torch.finfo(lengths.dtype).tiny)
